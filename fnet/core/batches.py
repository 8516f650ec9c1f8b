"""Which rows form which batch: plans, made on the host.

A `Plan` is a small description. Its rows are computed for a few epochs at a time. The shuffle of an
epoch depends on (seed, epoch) alone: each row gets a random word, and the rows are sorted by their
words as signed integers. A plan of a stream shuffles shards, and rows within windows.

Shapes: N rows, B rows in a batch, S steps in an epoch, E epochs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import checks, philox, stream_order
from fnet.core.aliases import ArrayLike
from fnet.core.checks.scalars import MAX_SEED
from fnet.core.errors import InvalidArgument, attribute_error

SHUFFLE_CHUNK_ROWS = 1 << 16
"""Rows that are shuffled at once, few enough to stay in the processor's cache."""

WINDOW_ROWS = 1 << 16
"""The number of consecutive rows of a stream that are shuffled among each other, by default."""


class Batch(NamedTuple):
    """The rows of one step, ready for an engine.

    Attributes:
        x: Features, `[B, D]` or `[*M, B, D]`.
        y: Labels or targets, with the leading axes of x.
        weights: Normalized weights of the rows, `[*M, B]`: with the sum 1, or all 0.
        total: The sum of the weights before they were normalized, `[]` or `[*M]`.
    """

    x: Any
    y: Any
    weights: Any
    total: Any


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Which rows form which batch. See `kfold_plan`, `minibatch_plan`, `full_batch_plan`, ...

    The first `full` batches of an epoch have `width` rows, the others `short`.

    Attributes:
        rows: The number N of rows.
        epochs: The number E of epochs.
        steps: The number S of batches in an epoch.
        width: The number B of rows in the largest batch.
        full: How many batches of an epoch have `width` rows.
        short: The number of rows in each other batch.
        seed: The seed of the shuffles; None leaves the rows in order.
        weights: One number for each row, `[N]`, or with the member axes `[*M, N]`, so that each
            member has row weights of its own; None for equal weights.
        shards: The number of rows of each shard of a stream; None for rows without shards.
        window: The number of rows in a window of a stream, a multiple of `width`; None likewise.
    """

    rows: int
    epochs: int
    steps: int
    width: int
    full: int
    short: int
    seed: int | None = None
    weights: npt.NDArray[Any] | None = None
    shards: tuple[int, ...] | None = None
    window: int | None = None

    def __repr__(self) -> str:
        """The numbers of the plan, without the weights of rows."""
        parts = [f"{name}={getattr(self, name)}" for name in ("rows", "epochs", "steps", "width")]
        parts.append(f"seed={self.seed}")
        if self.shards is not None:
            parts.append(f"shards={len(self.shards)}, window={self.window}")
        if self.weights is not None:
            parts.append(f"weights=<{self.weights.dtype} {list(self.weights.shape)}>")
        return f"Plan({', '.join(parts)})"

    def batches(
        self, start: int, stop: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.floating[Any]]]:
        """The rows of the batches and their weights, in some epochs.

        Args:
            start: The first epoch, counted from 0.
            stop: The epoch after the last one.

        Returns:
            `(rows, weights)`, `[stop - start, S, B]` and `[stop - start, S, *M, B]`. `rows` are
            int32 and `weights` float32, or of the dtype of the plan's weights. A weight is 1 or the
            row's weight. Short batches are padded with one of their own rows, at weight 0.

        Example:
            >>> import fnet
            >>> rows, weights = fnet.minibatch_plan(3, 2, epochs=1, seed=None).batches(0, 1)
            >>> rows.tolist(), weights.tolist()
            ([[[0, 1], [2, 2]]], [[[1.0, 1.0], [1.0, 0.0]]])
        """
        size = np.where(np.arange(self.steps) < self.full, self.width, self.short)[:, None]
        slot = np.arange(self.width)
        real = slot < size
        place = (np.cumsum(size) - size[:, 0])[:, None] + np.where(real, slot, 0)
        order = self._order(np.arange(start, stop))
        if self.steps * self.width == self.rows:
            rows = order.reshape(len(order), self.steps, self.width)
        else:
            rows = order[:, place]
        if self.weights is None:
            return rows, np.broadcast_to(real.astype(np.float32), rows.shape)
        weights = np.where(real, self.weights[..., rows], 0)
        return rows, np.moveaxis(weights, (-3, -2), (0, 1))

    def _order(self, epochs: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        """The order of the rows in each of these epochs: `[E, N]`."""
        rows = np.arange(self.rows, dtype=np.int32)
        if self.seed is None:
            return np.broadcast_to(rows, (len(epochs), self.rows))
        order = np.empty((len(epochs), self.rows), np.int32)
        if self.shards is not None:
            for i, epoch in enumerate(epochs.tolist()):
                order[i] = stream_order.rows(self.seed, self.shards, self.window, epoch)
            return order
        count = max(1, SHUFFLE_CHUNK_ROWS // self.rows)
        for first in range(0, len(epochs), count):
            chunk = epochs[first : first + count]
            words = philox.words(self.seed, philox.SHUFFLE, self.rows, epoch=chunk)
            keys = words.astype(np.int64) << 32 | rows  # equal words keep the order of their rows
            keys.sort(axis=-1)
            order[first : first + count] = keys & 0x7FFFFFFF
        return order


Plan.__getattr__ = attribute_error("a Plan", {"piece": "batches"})  # type: ignore[attr-defined]


class _Cut(NamedTuple):
    """How an epoch is cut into batches."""

    steps: int
    width: int
    full: int
    short: int


def _plan(n_rows: int, epochs: int, seed: int | None, weights: Any, cut: _Cut) -> Plan:
    """The Plan of these batches; epochs, seed and weights are checked."""
    if seed is not None:
        seed = checks.integer("seed", seed, most=MAX_SEED)
    if weights is not None:
        weights = checks.array("weights", weights)
        weights = checks.row_weights(weights, (n_rows,), weights.shape[:-1])
        weights = np.array(weights, weights.dtype if weights.dtype.kind == "f" else np.float32)
        checks.some_weight("weights", weights)
    epochs = checks.integer("epochs", epochs)
    return Plan(n_rows, epochs, *cut, seed, weights)


def kfold_plan(
    n: int, batch_size: int, epochs: int, seed: int | None, weights: ArrayLike | None = None
) -> Plan:
    """The mini-batches of the lecture notes: shuffle, then the folds of `KFold(n // batch_size)`.

    Batches are cut as scikit-learn's KFold cuts folds: the first `n % folds` batches have one row
    more than the others. So a batch holds `batch_size` rows or slightly more. Where
    `n // batch_size` is 1, all rows are one batch.

    Args:
        n: The number of rows, at least 1.
        batch_size: The number of rows in a batch, from 1 to n.
        epochs: The number of epochs, at least 0.
        seed: The seed of the shuffle, an integer from 0 to below 2**32. None leaves the rows in
            order.
        weights: A number of at least 0 for each row, `[n]`, or with the member axes `[*M, n]`;
            None for equal weights.

    Returns:
        The `Plan`.

    Raises:
        InvalidArgument: A number is outside its range, or weights are negative, not finite or all
            0 (those of one member too).

    Example:
        >>> import fnet
        >>> fnet.kfold_plan(1437, batch_size=64, epochs=500, seed=0)
        Plan(rows=1437, epochs=500, steps=22, width=66, seed=0)

    References:
        `sklearn.model_selection.KFold`.
    """
    n_rows = checks.integer("n", n, least=1)
    folds = n_rows // checks.integer("batch_size", batch_size, least=1, most=n_rows)
    short, full = divmod(n_rows, folds)
    width = short + 1 if full else short
    return _plan(n_rows, epochs, seed, weights, _Cut(folds, width, full, short))


def minibatch_plan(
    n: int,
    batch_size: int,
    epochs: int,
    seed: int | None,
    weights: ArrayLike | None = None,
    drop_remainder: bool = False,
) -> Plan:
    """Mini-batches of exactly `batch_size` rows after a shuffle, and a last one of the remainder.

    These are the batches of Keras and of scikit-learn's MLP; with the same seed they are those of
    `pipeline`.

    Args:
        n: The number of rows, at least 1.
        batch_size: The number of rows in a batch, from 1 to n.
        epochs: The number of epochs, at least 0.
        seed: The seed of the shuffle, an integer from 0 to below 2**32. None leaves the rows in
            order.
        weights: A number of at least 0 for each row, `[n]`, or with the member axes `[*M, n]`;
            None for equal weights.
        drop_remainder: Whether a last batch with fewer rows is left out.

    Returns:
        The `Plan`.

    Raises:
        InvalidArgument: A number is outside its range, or weights are negative, not finite or all
            0 (those of one member too).

    Example:
        >>> import fnet
        >>> fnet.minibatch_plan(100, batch_size=32, epochs=5, seed=0).steps
        4
    """
    n_rows = checks.integer("n", n, least=1)
    width = checks.integer("batch_size", batch_size, least=1, most=n_rows)
    full, short = divmod(n_rows, width)
    dropped = checks.boolean("drop_remainder", drop_remainder)
    steps = full + (short > 0 and not dropped)
    return _plan(n_rows, epochs, seed, weights, _Cut(steps, width, full, short))


def full_batch_plan(n: int, epochs: int, weights: ArrayLike | None = None) -> Plan:
    """All rows in one batch, in order.

    Args:
        n: The number of rows, at least 1.
        epochs: The number of epochs, at least 0.
        weights: A number of at least 0 for each row, `[n]`, or with the member axes `[*M, n]`;
            None for equal weights.

    Returns:
        The `Plan`.

    Raises:
        InvalidArgument: A number is outside its range, or weights are negative, not finite or all
            0 (those of one member too).

    Example:
        >>> import fnet
        >>> fnet.full_batch_plan(150, epochs=200)
        Plan(rows=150, epochs=200, steps=1, width=150, seed=None)
    """
    n_rows = checks.integer("n", n, least=1)
    return _plan(n_rows, epochs, None, weights, _Cut(steps=1, width=n_rows, full=1, short=0))


def stream_plan(
    rows_per_shard: Sequence[int],
    batch_size: int,
    epochs: int,
    seed: int | None,
    window: int = WINDOW_ROWS,
) -> Plan:
    """The mini-batches of a table in shards, which are read one after another.

    In each epoch the shards are put in an order of their own, and their rows, one shard after
    another, are cut into windows. The rows of each window are shuffled, and each `batch_size` of
    them are a batch; the last one has the remainder. So a reader needs a window of rows in memory,
    and batch b of window w of an epoch is found without reading what comes before.

    The order of the shards depends on (seed, epoch) alone, and that of the rows of a window on
    (seed, epoch, w): each shard and each row gets a random word, and they are sorted by their words
    as signed integers. With the same seed the batches are those of `table_dataset`.

    Args:
        rows_per_shard: The number of rows of each shard, at least 1.
        batch_size: The number of rows in a batch, from 1 to the number of all rows.
        epochs: The number of epochs, at least 0.
        seed: The seed of the shuffles, an integer from 0 to below 2**32. None leaves shards and
            rows in order.
        window: The number of rows of a window, at least 1. It is rounded up to a multiple of
            `batch_size`. With as many rows as there are, all are shuffled among each other.

    Returns:
        The `Plan`; row r of shard s counts as r plus the rows of the shards before s.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.stream_plan([5, 3], batch_size=2, epochs=1, seed=None).batches(0, 1)[0].tolist()
        [[[0, 1], [2, 3], [4, 5], [6, 7]]]
    """
    counts = checks.array("rows_per_shard", rows_per_shard)
    if counts.ndim != 1 or not counts.size or counts.dtype.kind not in "iu" or counts.min() < 1:
        raise InvalidArgument(
            "rows_per_shard must be integers of at least 1, one for each shard; got "
            f"{rows_per_shard!r:.60}"
        )
    shards = tuple(counts.tolist())
    n_rows = sum(shards)
    width = checks.integer("batch_size", batch_size, least=1, most=n_rows)
    size = -(-checks.integer("window", window, least=1) // width) * width
    full, short = divmod(n_rows, width)
    plan = _plan(n_rows, epochs, seed, None, _Cut(full + (short > 0), width, full, short))
    return replace(plan, shards=shards, window=size)
