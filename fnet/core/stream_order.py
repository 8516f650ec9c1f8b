"""The order of the rows of a stream, found for any part of it: of shards, windows and folds.

Each shard of an epoch, and each row of a window, gets a random word. They are sorted by their words
as signed integers; equal words keep the order.
"""

from typing import Any, NamedTuple

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
    found = before_shuffle(seed, rows_per_shard, epoch, 0, sum(rows_per_shard))
    for number, first in enumerate(range(0, len(found), size)):
        part = found[first : first + size]
        found[first : first + size] = part[window(seed, len(part), epoch, number)]
    return found


def before_shuffle(
    seed: int | None, rows_per_shard: tuple[int, ...], epoch: int, first: int, count: int
) -> npt.NDArray[np.int64]:
    """The numbers of rows of an epoch, in the order of its shards, before windows are shuffled.

    Args:
        seed: The seed of the plan; None leaves the shards in order.
        rows_per_shard: The number of rows of each shard.
        epoch: The epoch, counted from 0.
        first: The first place in the epoch.
        count: The number of places.

    Returns:
        The number of the row at each place, `[count]`.
    """
    order = shards(seed, len(rows_per_shard), epoch)
    sizes = np.array(rows_per_shard)
    ends = np.cumsum(sizes[order])
    offsets = (np.cumsum(sizes) - sizes)[order] - (ends - sizes[order])
    places = np.arange(first, first + count)
    rows: npt.NDArray[np.int64] = places + offsets[np.searchsorted(ends, places, side="right")]
    return rows


class Folds(NamedTuple):
    """The folds of a stream, each of which is held out by one member.

    Attributes:
        seeds: The seed of each draw of folds.
        folds: K, the number of folds of each draw.
    """

    seeds: tuple[int, ...]
    folds: int

    @property
    def members(self) -> int:
        """M, the number of members: one for each fold of each draw."""
        return len(self.seeds) * self.folds

    def held_out(self, rows: ArrayLike) -> npt.NDArray[np.bool_]:
        """Which of the rows with these numbers each member holds out, `[M, n]`."""
        drawn = np.stack([fold_of_rows(seed, rows, self.folds) for seed in self.seeds])
        held_out: npt.NDArray[np.bool_] = drawn[:, None] == np.arange(self.folds)[:, None]
        return held_out.reshape(self.members, -1)


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
