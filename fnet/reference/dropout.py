"""Dropout by counter-based bits, in NumPy. Twin of `dropout.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
"""

from typing import Any

import numpy as np

from fnet.core import philox
from fnet.core.aliases import Array


def dropout_mask(rate: Array, seed: Any, place: tuple[Any, Any], shape: Any, dtype: Any) -> Any:
    """What the units of a batch are multiplied by: `1 / (1 - rate)`, or 0 where dropped."""
    (layer, step), (batch, units) = place, shape
    seed = 0 if seed is None else seed
    words = philox.words(seed, philox.DROPOUT, batch * units, epoch=layer, step=step & 0xFFFFFFFF)
    fraction = (words >> 8).astype(np.float32) * np.float32(2**-24)
    rate = np.asarray(rate)[..., None, None]
    kept = fraction.reshape(*np.shape(seed), batch, units) < (1 - rate).astype(np.float32)
    return np.where(kept, 1 / (1 - rate), 0).astype(dtype)
