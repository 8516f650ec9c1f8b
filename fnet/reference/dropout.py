"""Dropout by counter-based random bits, in NumPy. Twin of `engine/dropout.py`.

The formulas of the engine are repeated on purpose: a test oracle must not import what it checks.
"""

from typing import Any

import numpy as np

from fnet.core import philox
from fnet.core.aliases import Array


def dropout_mask(rate: Array, seed: Any, place: tuple[Any, Any], shape: Any, dtype: Any) -> Any:
    """The factor of each unit of a batch: 0 if dropped, otherwise `1 / (1 - rate)`."""
    (layer, step), (batch, units) = place, shape
    seed = 0 if seed is None else seed
    words = philox.words(seed, philox.DROPOUT, batch * units, epoch=layer, step=step & 0xFFFFFFFF)
    fraction = (words >> 8).astype(np.float32) * np.float32(2**-24)
    rate = np.asarray(rate)[..., None, None]
    kept = fraction.reshape(*np.shape(seed), batch, units) < (1 - rate).astype(np.float32)
    return np.where(kept, 1 / (1 - rate), 0).astype(dtype)
