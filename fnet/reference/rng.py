"""Counter-based random numbers in NumPy: the bits of `philox.py`. Twin of `rng.py`."""

from typing import Any

import numpy as np

from fnet.core.aliases import Array


def uniforms(words: Array) -> Any:
    """Numbers in (0, 1), float64, one for each word: the middle of its 2**-32 of the interval."""
    return (words + 0.5) / 2**32


def normals(words: Array) -> Any:
    """Standard normal numbers, float64, two for each two words, by Box and Muller's method."""
    u, v = uniforms(words).reshape(-1, 2).T
    radius, angle = np.sqrt(-2 * np.log(u)), 2 * np.pi * v
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1).ravel()
