"""Which rows form which batch: plans, drawn on the host.

A `Plan` is a small description; the rows themselves are worked out for a few epochs at a time.
The shuffle of an epoch depends on (seed, epoch) alone: every row gets a random word, and sorting
by the words, read as signed numbers, is the shuffle.

Shapes: N rows, B rows in a batch, S steps in an epoch, E epochs.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks, philox
from fnet.core.errors import InvalidArgument

CACHED = 1 << 16
"""How many rows are shuffled in one go, so that what is worked on stays in the cache."""


class Batch(NamedTuple):
    """The rows of one step, ready for an engine."""

    x: Any  # [B, D] or [*M, B, D]
    y: Any  # labels or targets, with the leading axes of x
    weights: Any  # normalized: [*M, B], with the sum 1, or all 0
    total: Any  # the sum of the weights before that: [] or [*M]


@dataclass(frozen=True, eq=False)
class Plan:
    """Which of `rows` rows form which batch, for `epochs` epochs of `steps` batches.

    The first `full` batches of an epoch have `width` rows, the others `short`. `seed` shuffles the
    rows anew in each epoch; None leaves them in order. `weights` is one number a row, or None.
    """

    rows: int
    epochs: int
    steps: int
    width: int
    full: int
    short: int
    seed: int | None = None
    weights: Any = None

    def batches(self, start, stop):
        """`(rows, weights)` for the epochs from `start` up to `stop`.

        `rows` is int32 and `weights` float32 (or of the dtype of the plan's weights), both
        `[stop - start, steps, width]`: a weight is 1 or the row's weight, and 0 where a short
        batch is padded, which it is with a row of its own.
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
        return rows, np.where(real, self.weights[rows], 0)

    def _order(self, epochs):
        """The rows in the order in which each of these epochs takes them: `[E, N]`, int32."""
        rows = np.arange(self.rows, dtype=np.int32)
        if self.seed is None:
            return np.broadcast_to(rows, (len(epochs), self.rows))
        order = np.empty((len(epochs), self.rows), np.int32)
        some = max(1, CACHED // self.rows)
        for at in range(0, len(epochs), some):
            part = epochs[at : at + some]
            words = philox.words(self.seed, philox.SHUFFLE, self.rows, epoch=part)
            keys = words.astype(np.int64) << 32 | rows  # a tie goes to the lower row
            keys.sort(axis=-1)
            order[at : at + some] = keys & 0x7FFFFFFF
        return order


def _plan(n, epochs, seed, weights, steps, width, full, short):
    if seed is not None:
        seed = int(checks.integer("seed", seed, most=2**32 - 1))
    if weights is not None:
        weights = checks.row_weights(weights, (n,))
        weights = np.array(weights, weights.dtype if weights.dtype.kind == "f" else np.float32)
        if not weights.any():
            raise InvalidArgument("weights must not all be 0: there would be nothing to learn from")
    epochs = checks.integer("epochs", epochs)
    return Plan(n, epochs, steps, width, full, short, seed, weights)


def kfold_plan(n, batch_size, epochs, seed, weights=None):
    """The lecture notes' mini-batches: shuffle, then the folds of `KFold(n // batch_size)`.

    The first `n % folds` batches have one row more than the others, as scikit-learn's KFold cuts
    them, so batches hold `batch_size` rows or somewhat more; where `n // batch_size` is 1 all
    rows are one batch. `weights` is one number a row, `[n]`.

    Raises InvalidArgument unless 1 <= batch_size <= n, epochs >= 0 and 0 <= seed < 2**32.

    >>> plan = kfold_plan(1437, batch_size=64, epochs=500, seed=0)
    >>> plan.steps, plan.width
    (22, 66)
    """
    n = checks.integer("n", n, least=1)
    folds = n // checks.integer("batch_size", batch_size, least=1, most=n)
    short, full = divmod(n, folds)
    width = short + 1 if full else short
    return _plan(n, epochs, seed, weights, folds, width, full, short)


def minibatch_plan(n, batch_size, epochs, seed, weights=None, drop_remainder=False):
    """Shuffle, then batches of exactly `batch_size` rows, and a last one of what remains.

    The batches of Keras and of scikit-learn's MLP, and with the same seed those of `pipeline`.
    `seed=None` leaves the rows in order; `drop_remainder` leaves a short last batch out.
    Raises as `kfold_plan` does.
    """
    n = checks.integer("n", n, least=1)
    width = checks.integer("batch_size", batch_size, least=1, most=n)
    full, short = divmod(n, width)
    dropped = checks.boolean("drop_remainder", drop_remainder)
    steps = full + (short > 0 and not dropped)
    return _plan(n, epochs, seed, weights, steps, width, full, short)


def full_batch_plan(n, epochs, weights=None):
    """Every row in one batch, in order. Raises InvalidArgument unless n >= 1 and epochs >= 0."""
    n = checks.integer("n", n, least=1)
    return _plan(n, epochs, None, weights, steps=1, width=n, full=1, short=0)
