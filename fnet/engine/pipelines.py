"""`tf.data`: a pipeline that yields the batches of a plan, and training from a dataset."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core import checks, class_weights, philox, stream_source
from fnet.core.aliases import Array, ArrayLike, Params
from fnet.core.batch_source import MAX_PLAN_ENTRIES, Source
from fnet.core.batches import Plan, minibatch_plan
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.run_state import TrainOptions
from fnet.engine import rng
from fnet.engine.tensors import no_autograph, pad_to

PREFETCH_BATCHES = 4
"""The number of batches that a pipeline prefetches. (AUTOTUNE takes half a second to stop, which
would delay Ctrl-C.)"""

MAX_FETCHED_BATCHES = 128
"""The most batches that are fetched from a dataset at a time."""


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

    The shuffle of an epoch depends on (seed, epoch): each epoch has another order, and iterating
    the dataset again gives the same batches. Batches are prefetched. `train` reads the number of
    epochs from the dataset's attribute `epochs`. Transformations such as `map` drop the attribute;
    pass `train(..., steps_per_epoch=...)` then.

    Args:
        x: Rows `[N, D]`.
        y: Labels or targets of the rows, `[N]` or `[N, K]`.
        batch_size: The number of rows in a batch, from 1 to N.
        epochs: The number of epochs, at least 0.
        seed: The seed of the shuffle, an integer from 0 to below 2**32. None leaves the rows in
            order.
        weights: A number of at least 0 for each row, `[N]`; None for equal weights.
        drop_remainder: Whether a last batch with fewer rows is left out.

    Returns:
        A `tf.data.Dataset` of batches `(x, y)`, or `(x, y, weights)` where weights are given.

    Raises:
        InvalidArgument: A number is outside its range, or x and y are not finite or differ in
            length.

    Example:
        >>> import fnet
        >>> batches = fnet.pipeline([[0.0], [1.0], [2.0]], [0, 1, 0], batch_size=2)
        >>> [len(x) for x, y in batches]
        [2, 1]
    """
    rows_x, rows_y = checks.features("x", x, None), checks.finite("y", checks.array("y", y))
    checks.same_length(rows_x, rows_y)
    if weights is not None:
        weights = checks.row_weights(weights, (len(rows_x),))
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
        return first_rows.map(no_autograph(lambda start: shuffled[start : start + plan.width]))

    def batch(row_numbers: Array) -> Any:
        return tuple(tf.gather(column, row_numbers) for column in columns)

    batches = (
        tf.data.Dataset.range(plan.epochs)
        .flat_map(no_autograph(one_epoch))
        .map(no_autograph(batch))
        .apply(tf.data.experimental.assert_cardinality(plan.epochs * plan.steps))
        .prefetch(PREFETCH_BATCHES)
    )
    batches.epochs = plan.epochs
    return batches


def source(net: Network, params: Params, options: TrainOptions) -> Source:
    """The Source of the `tf.data.Dataset` in the options, which checks values when it fetches them.

    Batches are `(x, y)` or `(x, y, weights)`. Each is padded with rows of weight 0 to the size of
    the first, so none may be larger. They are fetched in groups of one size.
    """
    data, class_weight = options.data, options.class_weight
    if (stream := getattr(data, "stream", None)) is not None:
        _refuse_other_epochs(options, stream.plan)
        return stream_source.stream_source(net, params, stream, class_weight, pad_to)
    batches = _length(data)
    epochs, steps = _epochs_and_steps(options, batches, getattr(data, "epochs", None))
    if epochs * steps > batches:
        data = data.repeat()
    batches = epochs * steps
    width = max((len(x) for x, *_ in data.take(1)), default=1)
    if not width:
        raise InvalidArgument("data must hold batches of at least one row; its first has none")
    per_class = None if class_weight is None else class_weights.resolve(net, class_weight)
    group = max(1, min(MAX_FETCHED_BATCHES, batches, MAX_PLAN_ENTRIES // (width * net.sizes[0])))

    def fill(x: Array, y: Array, weights: Array = None) -> Any:
        weights = tf.ones(tf.shape(x)[:1], tf.float64) if weights is None else weights
        counts = tf.stack([tf.shape(column)[0] for column in (x, y, weights)])
        # A short batch is padded with copies of its first row.
        real = tf.range(width) < tf.reduce_min(counts)
        rows = tf.where(real, tf.range(width), 0)
        x, y, weights = (tf.gather(column, rows) for column in (x, y, weights))
        return counts, x, y, tf.where(real, weights, 0)

    def check_group(first: int, counts: list[Any], x: Array, y: Array, weights: Array) -> Any:
        """x, y and weights of all rows of a group, whose first batch has the number `first`."""
        for i, (rows, *others) in enumerate(counts):
            if rows > width or others != [rows, rows]:
                raise InvalidArgument(
                    f"batch {first + i} of data must hold as many rows of y as of x, and no more "
                    f"than the first batch, {width}; got {rows} of x and {others[0]} of y"
                )
        flat = [array.reshape(-1, *array.shape[2:]) for array in (x, y, weights)]
        try:
            return checks.batch(net, params, *flat)[1:]
        except InvalidArgument:
            for i, batch in enumerate(zip(x, y, weights, strict=True)):
                try:
                    checks.batch(net, params, *batch)
                except InvalidArgument as error:
                    raise InvalidArgument(f"batch {first + i} of data: {error}") from None
            raise

    # With autotuning a dataset takes up to a second to stop, which would delay Ctrl-C.
    untuned = tf.data.Options()
    untuned.autotune.enabled = False

    def batches_from(step: int) -> Iterator[Any]:
        previous_first: Any = None  # the first batch of the previous epoch
        compare = steps > 1
        groups = (
            data.skip(step)
            .take(batches - step)
            .map(no_autograph(fill))
            .batch(group)
            .prefetch(1)
            .with_options(untuned)
        )
        for arrays in groups:
            counts, *arrays = (array.numpy() for array in arrays)
            x, y, weights = check_group(step, counts.tolist(), *arrays)
            if per_class is not None and per_class.ndim == 1:
                factors_of_rows = class_weights.row_factors(net, y, per_class)
                weights = weights * factors_of_rows.astype(weights.dtype)
            for start in range(-step % steps, len(counts) if compare else 0, steps):
                first = x[start * width : (start + 1) * width]
                if compare and previous_first is not None and np.array_equal(first, previous_first):
                    _warn_not_shuffled()
                    compare = False
                previous_first = first
            step += len(counts)
            rows = np.arange(len(x), dtype=np.int32).reshape(-1, width)
            tensors = tuple(pad_to(array, group * width) for array in (x, y))
            yield tensors, rows, weights.reshape(-1, width)

    return Source(batches_from, epochs, steps, width, None, per_class)


def _refuse_other_epochs(options: TrainOptions, plan: Plan) -> None:
    """Refuse epochs and steps that are not those of the plan of a stream."""
    for name, own in (("epochs", plan.epochs), ("steps_per_epoch", plan.steps)):
        if (given := getattr(options, name)) not in (None, own):
            raise InvalidArgument(
                f"data is a stream of {plan.epochs} epochs of {plan.steps} batches; got "
                f"{name}={given!r}. Leave it out, or make the dataset with other epochs"
            )


def _epochs_and_steps(
    options: TrainOptions, batches: int, pipeline_epochs: int | None
) -> tuple[int, int]:
    """The number of epochs to train, and the number of batches per epoch.

    `batches` is the number of batches in a pass, and `pipeline_epochs` the number of epochs in an
    unchanged pipeline.
    """
    epochs, steps = options.epochs, options.steps_per_epoch
    if epochs is not None:
        epochs = checks.integer("epochs", epochs)
    if steps is not None:
        steps = checks.integer("steps_per_epoch", steps, least=1)
        if epochs is None and batches % steps:
            raise InvalidArgument(
                f"data has {batches} batches, which is not a multiple of "
                f"steps_per_epoch={steps}; give epochs too"
            )
        return (batches // steps if epochs is None else epochs), steps
    if pipeline_epochs is not None:
        if epochs not in (None, pipeline_epochs):
            raise InvalidArgument(
                f"data is a pipeline of {pipeline_epochs} epochs; got epochs={epochs}. Make the "
                f"pipeline with epochs={epochs}"
            )
        return pipeline_epochs, max(1, batches // max(1, pipeline_epochs))
    if not batches:
        raise InvalidArgument(
            f"data must hold at least one batch; it holds none, and epochs={epochs}"
        )
    return (1 if epochs is None else epochs), batches


def _warn_not_shuffled() -> None:
    warnings.warn(
        "data has the same order of rows in every epoch; shuffle it with data.shuffle(..., "
        "reshuffle_each_iteration=True) before .batch, or use fnet.pipeline",
        stacklevel=2,
    )


def _length(data: Any) -> int:
    """The number of batches in a dataset; refused if the dataset does not know it."""
    if not isinstance(data, tf.data.Dataset):
        raise InvalidArgument(
            f"data must be a tf.data.Dataset, as pipeline returns it; got {data!r}"
        )
    spec = data.element_spec
    specs = spec if isinstance(spec, tuple) else ()
    ranks = [each.shape.rank if isinstance(each, tf.TensorSpec) else 0 for each in specs]
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
