"""Counter-based random numbers in NumPy: the bits of `philox.py`. Twin of `engine/rng.py`."""

from typing import Any

import numpy as np

from fnet.core.aliases import Array


def uniforms(words: Array) -> Any:
    """Uniform numbers in (0, 1), float64: each word is the midpoint of an interval of 2**-32."""
    return (words + 0.5) / 2**32


def normals(words: Array) -> Any:
    """Standard normal numbers, float64, two from each pair of words, by Box and Muller's method."""
    u, v = uniforms(words).reshape(-1, 2).T
    radius, angle = np.sqrt(-2 * np.log(u)), 2 * np.pi * v
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1).ravel()
