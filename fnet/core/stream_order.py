"""The order of the rows of a stream, found for any part of it: of shards, windows and folds.

Each shard of an epoch, and each row of a window, gets a random word. They are sorted by their words
as signed integers; equal words keep the order.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core import checks, philox
from fnet.core.aliases import ArrayLike
from fnet.core.checks.scalars import MAX_SEED
from fnet.core.errors import InvalidArgument

MAX_FOLDS = 1 << 31
"""The most folds."""


def shards(seed: int | None, count: int, epoch: int) -> npt.NDArray[np.int64]:
    """The order of `count` shards in an epoch: their numbers, `[count]`."""
    return _order(seed, philox.SHARDS, count, epoch)


def window(seed: int | None, count: int, epoch: int, number: int) -> npt.NDArray[np.int64]:
    """The order of the `count` rows of a window, which count from 0 in it, `[count]`.

    Args:
        seed: The seed of the plan; None leaves them in order.
        count: The number of rows.
        epoch: The epoch, counted from 0.
        number: The number of the window in its epoch, counted from 0.

    Returns:
        The numbers of the rows.
    """
    return _order(seed, philox.WINDOWS, count, epoch, number)


def _order(
    seed: int | None, purpose: int, count: int, epoch: int, step: int = 0
) -> npt.NDArray[np.int64]:
    if seed is None:
        return np.arange(count)
    words = philox.words(seed, purpose, count, epoch=epoch, step=step)
    return np.argsort(words.view(np.int32), kind="stable")


def rows(
    seed: int | None, rows_per_shard: tuple[int, ...], size: int | None, epoch: int
) -> npt.NDArray[np.int64]:
    """The order of all rows in an epoch, `[N]`, cut into windows of `size` rows."""
    size = size or 1
    offsets = np.cumsum([0, *rows_per_shard])
    order = shards(seed, len(rows_per_shard), epoch)
    found = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in order])
    for number, first in enumerate(range(0, len(found), size)):
        part = found[first : first + size]
        found[first : first + size] = part[window(seed, len(part), epoch, number)]
    return found


def fold_of_rows(seed: int, rows: ArrayLike, folds: int) -> npt.NDArray[np.int64]:
    """The fold that each row of a stream belongs to, without knowing how many rows there are.

    It depends on (seed, number of the row) alone, so that it can be found for any part of a stream.
    Folds have the same number of rows on average: the fold is `word * folds // 2**32` of a random
    word below 2**32.

    Args:
        seed: An integer from 0 to below 2**32.
        rows: The numbers of rows, integers of at least 0, `[N]`.
        folds: The number of folds, at least 1.

    Returns:
        Integers from 0 to `folds - 1`, `[N]`.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> from fnet.core.stream_order import fold_of_rows
        >>> fold_of_rows(0, [0, 1, 2, 1_000_000_000_000], folds=8).tolist()
        [1, 4, 1, 5]
    """
    seed = checks.integer("seed", seed, most=MAX_SEED)
    folds = checks.integer("folds", folds, least=1, most=MAX_FOLDS)
    numbers: npt.NDArray[Any] = checks.array("rows", rows)
    if numbers.dtype.kind not in "iu" or (numbers.size and numbers.min() < 0):
        raise InvalidArgument(f"rows must be integers of at least 0; got {rows!r:.60}")
    words = philox.words_at(seed, philox.FOLDS, numbers).astype(np.uint64)
    return (words * np.uint64(folds) >> np.uint64(32)).astype(np.int64)
