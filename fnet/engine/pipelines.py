"""Batches from `tf.data`: a pipeline that draws those of a plan, and training from a dataset."""

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core import checks, class_weights, philox
from fnet.core.aliases import Array, ArrayLike, Params
from fnet.core.batch_source import MAX_PLAN_ENTRIES, Source
from fnet.core.batches import minibatch_plan
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.run_state import TrainOptions
from fnet.engine import rng
from fnet.engine.tensors import pad_to

PREFETCH_BATCHES = 4
"""How many batches a pipeline makes ahead of their use. (With AUTOTUNE it takes half a second to
stop, in which Ctrl-C would go unanswered.)"""

MAX_FETCHED_BATCHES = 128
"""The most batches that are fetched from a pipeline at a time."""


def pipeline(
    x: ArrayLike,
    y: ArrayLike,
    batch_size: int,
    epochs: int = 1,
    seed: int | None = 0,
    weights: ArrayLike | None = None,
    drop_remainder: bool = False,
) -> Any:
    """A `tf.data.Dataset` of the batches of `minibatch_plan(N, batch_size, epochs, seed)`.

    Every epoch is shuffled by (seed, epoch): in another order each epoch, in the same order when
    the dataset is iterated again. Batches are made ahead of their use. The dataset's attribute
    `epochs` tells `train` where epochs end; a dataset that was mapped further has lost it, and
    `train` then takes its own argument `epochs`.

    Args:
        x: Rows `[N, D]`.
        y: Their labels or targets, N of them.
        batch_size: Rows in a batch, from 1 to N.
        epochs: How many epochs, at least 0.
        seed: Of the shuffle, an integer from 0 below 2**32; None leaves the rows in order.
        weights: A number of at least 0 for each row, `[N]`; None for equal ones.
        drop_remainder: Whether a short last batch is left out.

    Returns:
        A `tf.data.Dataset` of batches `(x, y)`, or `(x, y, weights)` where weights are given.

    Raises:
        InvalidArgument: A number is out of range, or x and y are not finite numbers of one length.

    Example:
        >>> import fnet
        >>> batches = fnet.pipeline([[0.0], [1.0], [2.0]], [0, 1, 0], batch_size=2)
        >>> [len(x) for x, y in batches]
        [2, 1]
    """
    rows_x, rows_y = checks.features("x", x, None), checks.finite("y", checks.array("y", y))
    checks.same_length(rows_x, rows_y)
    plan = minibatch_plan(len(rows_x), batch_size, epochs, seed, weights, drop_remainder)
    columns = tuple(tf.constant(c) for c in (rows_x, rows_y, plan.weights) if c is not None)
    rows = tf.range(plan.rows, dtype=tf.int64)

    def order(epoch: Array) -> Any:
        if plan.seed is None:
            return rows
        words = rng.words(plan.seed, philox.SHUFFLE, plan.rows, epoch=epoch)
        return tf.sort(tf.bitwise.left_shift(tf.cast(words, tf.int64), 32) | rows) & 0x7FFFFFFF

    def one_epoch(epoch: Array) -> Any:
        shuffled = order(epoch)
        first_rows = tf.data.Dataset.range(0, plan.steps * plan.width, plan.width)
        return first_rows.map(lambda start: shuffled[start : start + plan.width])

    batches = (
        tf.data.Dataset.range(plan.epochs)
        .flat_map(one_epoch)
        .map(lambda row_numbers: tuple(tf.gather(column, row_numbers) for column in columns))
        .apply(tf.data.experimental.assert_cardinality(plan.epochs * plan.steps))
        .prefetch(PREFETCH_BATCHES)
    )
    batches.epochs = plan.epochs
    return batches


def source(net: Network, params: Params, options: TrainOptions) -> Source:
    """The Source of the `tf.data.Dataset` among the options; its values are checked as they come.

    Batches are `(x, y)` or `(x, y, weights)`. All are filled up to the width of the first with rows
    of weight 0, so none may be larger, and fetched in groups of one size.
    """
    data, class_weight = options.data, options.class_weight
    batches = _length(data)
    epochs, steps = _epochs_and_steps(options, batches, getattr(data, "epochs", None))
    if epochs * steps > batches:
        data = data.repeat()
    batches = epochs * steps
    width = max((len(x) for x, *_ in data.take(1)), default=1)
    if not width:
        raise InvalidArgument("data must hold batches of at least one row; its first has none")
    numbers = None if class_weight is None else class_weights.resolve(net, class_weight)
    group = max(1, min(MAX_FETCHED_BATCHES, batches, MAX_PLAN_ENTRIES // (width * net.sizes[0])))

    def fill(x: Array, y: Array, weights: Array = None) -> Any:
        weights = tf.ones(tf.shape(x)[:1], tf.float64) if weights is None else weights
        counts = tf.stack([tf.shape(column)[0] for column in (x, y, weights)])
        # A short batch is filled up with its first row.
        real = tf.range(width) < tf.reduce_min(counts)
        rows = tf.where(real, tf.range(width), 0)
        x, y, weights = (tf.gather(column, rows) for column in (x, y, weights))
        return counts, x, y, tf.where(real, weights, 0)

    def checked(at: Array, counts: Array, x: Array, y: Array, weights: Array) -> Any:
        """A group of batches from the one at `at` on, as arrays for all of their rows."""
        for i, (rows, *others) in enumerate(counts):
            if rows > width or others != [rows, rows]:
                raise InvalidArgument(
                    f"batch {at + i} of data must hold as many rows of y as of x, and no more than "
                    f"the first batch, {width}; got {rows} of x and {others[0]} of y"
                )
        columns = [c.reshape(-1, *c.shape[2:]) for c in (x, y, weights)]
        try:
            return checks.batch(net, params, *columns)[1:]
        except InvalidArgument:
            for i, (_, *columns) in enumerate(zip(counts, x, y, weights, strict=True)):
                try:
                    checks.batch(net, params, *columns)
                except InvalidArgument as error:
                    raise InvalidArgument(f"batch {at + i} of data: {error}") from None
            raise

    # What TensorFlow tunes by itself takes up to a second to stop; Ctrl-C would go unanswered.
    untuned = tf.data.Options()
    untuned.autotune.enabled = False

    def parts(done: Array) -> Any:
        before, looks = None, steps > 1  # the first batch of the epoch before; whether to compare
        groups = (
            data.skip(done)
            .take(batches - done)
            .map(fill)
            .batch(group)
            .prefetch(1)
            .with_options(untuned)
        )
        for columns in groups:
            counts, *columns = (column.numpy() for column in columns)
            x, y, weights = checked(done, counts.tolist(), *columns)
            if numbers is not None and numbers.ndim == 1:
                weights = weights * class_weights.row_factors(net, y, numbers).astype(weights.dtype)
            for step in range(-done % steps, len(counts) if looks else 0, steps):
                first = x[step * width : (step + 1) * width]
                if looks and before is not None and np.array_equal(first, before):
                    _warn_of_one_order()
                    looks = False
                before = first
            done += len(counts)
            rows = np.arange(len(x), dtype=np.int32).reshape(-1, width)
            tensors = tuple(pad_to(c, group * width) for c in (x, y))
            yield tensors, rows, weights.reshape(-1, width)

    return Source(parts, epochs, steps, width, None, numbers)


def _epochs_and_steps(options: TrainOptions, batches: int, marked: int | None) -> tuple[int, int]:
    """How many epochs to train, and how many batches each has.

    `batches` is how many a pass holds, and `marked` the epochs of an unchanged pipeline in it.
    """
    epochs, steps = options.epochs, options.steps_per_epoch
    if epochs is not None:
        epochs = checks.integer("epochs", epochs)
    if steps is not None:
        steps = checks.integer("steps_per_epoch", steps, least=1)
        if epochs is None and batches % steps:
            raise InvalidArgument(
                f"data holds {batches} batches, which is no whole number of epochs of "
                f"steps_per_epoch={steps}; give epochs too"
            )
        return (batches // steps if epochs is None else epochs), steps
    if marked is not None:
        if epochs not in (None, marked):
            raise InvalidArgument(
                f"data is a pipeline of {marked} epochs, and epochs={epochs} was asked for; make "
                f"the pipeline with epochs={epochs}"
            )
        return marked, max(1, batches // max(1, marked))
    if not batches:
        raise InvalidArgument(
            f"data holds no batch, so there is nothing to train on; epochs={epochs} was asked for"
        )
    return (1 if epochs is None else epochs), batches


def _warn_of_one_order() -> None:
    warnings.warn(
        "data repeats one order of rows in every epoch; shuffle it with data.shuffle(..., "
        "reshuffle_each_iteration=True) before .batch, or use fnet.pipeline",
        stacklevel=2,
    )


def _length(data: Any) -> Any:
    """How many batches a dataset holds, which it must know."""
    if not isinstance(data, tf.data.Dataset):
        raise InvalidArgument(f"data must be a tf.data.Dataset, as pipeline makes it; got {data!r}")
    spec = data.element_spec
    parts = spec if isinstance(spec, tuple) else ()
    ranks = [part.shape.rank if isinstance(part, tf.TensorSpec) else 0 for part in parts]
    if len(ranks) not in (2, 3) or ranks[0] != 2 or 0 in ranks:
        raise InvalidArgument(
            "data must hold batches (x, y) or (x, y, weights), x of shape [B, D]; got elements of "
            f"{spec}"
        )
    length = int(data.cardinality())
    if length < 0:
        raise InvalidArgument(
            "data must know how many batches it holds: end it with .take(batches), or "
            ".apply(tf.data.experimental.assert_cardinality(batches))"
        )
    return length
