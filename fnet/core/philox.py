"""Counter-based random bits: Philox4x32-10, in NumPy.

Each word is a pure function of (seed, purpose, epoch, step, element), so any of them can be drawn
alone, in any order, by any engine. Source: Salmon, Moraes, Dror and Shaw, "Parallel random
numbers: as easy as 1, 2, 3" (SC 2011), and their library Random123.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

INIT, SHUFFLE, DROPOUT, MEMBERS, EMBEDDING = 1, 2, 3, 4, 5
SHARDS, WINDOWS, SAMPLE, FOLDS = 6, 7, 8, 9
"""Purposes: numbers drawn for one are independent of those drawn for another, at any seed."""

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox4x32(counter: tuple[Any, ...], key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Four random words: ten rounds on a counter of four 32-bit words and a key of two.

    Words are arrays of uint64 below 2**32 that broadcast together.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return c0, c1, c2, c3


def words(
    seed: Any, purpose: int, count: int, epoch: Any = 0, step: Any = 0
) -> npt.NDArray[np.uint32]:
    """`count` random words for each (seed, epoch, step): uint32 `[..., count]`.

    `seed`, `epoch` and `step` are integers below 2**32, or arrays of them that broadcast together
    to the leading axes. The key is (seed, purpose). The counter, low word first, is
    (element // 4, 0, step, epoch).
    """
    seed, epoch, step = (np.asarray(v, np.uint64)[..., None] for v in (seed, epoch, step))
    blocks = np.arange(-(-count // 4), dtype=np.uint64)
    counter = (blocks, np.uint64(0), step, epoch)
    drawn = philox4x32(counter, (seed, np.uint64(purpose)))
    found = np.empty((*np.broadcast_shapes(*(word.shape for word in drawn)), 4), np.uint32)
    for i, word in enumerate(drawn):
        found[..., i] = word
    return found.reshape(*found.shape[:-2], 4 * len(blocks))[..., :count]


def words_at(seed: int, purpose: int, elements: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """The random words of some elements, of epoch 0 and step 0: uint32, in the shape of `elements`.

    Elements are integers below 2**64. The counter, low word first, is the low and the high half of
    element // 4, then 0 and 0; so the first elements have the words of `words`.
    """
    places = np.asarray(elements, np.uint64)
    blocks, lanes = places >> np.uint64(2), places & np.uint64(3)
    counter = (blocks & _LOW, blocks >> _HALF, np.uint64(0), np.uint64(0))
    drawn = philox4x32(counter, (np.uint64(seed), np.uint64(purpose)))
    return np.choose(lanes.astype(np.intp), drawn).astype(np.uint32)
