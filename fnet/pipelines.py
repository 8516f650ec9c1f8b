"""Training from a `tf.data` pipeline: its batches, as the pieces that a compiled run takes."""

import numpy as np
import tensorflow as tf

from fnet import checks
from fnet.driving import ENTRIES, Source
from fnet.errors import InvalidArgument
from fnet.tensors import padded

GROUP = 128
"""The most batches that are fetched from a pipeline at a time."""


def source(net, params, data, epochs=None):
    """The Source of a `tf.data.Dataset` of `epochs` epochs; its values are checked as they come.

    Batches are `(x, y)` or `(x, y, weights)`. All are filled up to the width of the first with rows
    of weight 0, so none may be larger, and fetched in groups of one size.
    """
    batches = _length(data)
    epochs = checks.whole("epochs", getattr(data, "epochs", 1) if epochs is None else epochs)
    steps, rest = divmod(batches, epochs) if epochs else (1, batches)
    if rest or not steps:
        raise InvalidArgument(
            f"data must hold the same number of batches for each of {epochs} epochs, but holds "
            f"{batches} in all. Say how many epochs they make up: train(..., epochs=...)"
        )
    width = max((len(batch[0]) for batch in data.take(1)), default=1)
    group = max(1, min(GROUP, batches, ENTRIES // (width * net.sizes[0])))

    def fill(x, y, weights=None):
        count = tf.shape(x)[0]
        slots = tf.range(width)
        weights = tf.ones([count], tf.float64) if weights is None else weights
        rows = tf.where(slots < count, slots, 0)  # a short batch is filled up with its first row
        weights = tf.where(slots < count, tf.gather(weights, rows), 0)
        return count, tf.gather(x, rows), tf.gather(y, rows), weights

    def parts(done):
        for counts, *columns in data.skip(done).map(fill).batch(group).prefetch(1):
            most = int(tf.reduce_max(counts))
            if most > width:
                raise InvalidArgument(
                    f"no batch of data may be larger than the first, which has {width} rows; "
                    f"got one of {most}"
                )
            x, y, weights = (c.numpy().reshape(-1, *c.shape[2:]) for c in columns)
            _, x, y, weights = checks.batch(net, params, x, y, weights)
            rows = np.arange(len(x), dtype=np.int32).reshape(-1, width)
            held = tuple(padded(c, group * width) for c in (x, y))
            yield held, rows, weights.reshape(-1, width)

    return Source(parts, epochs, steps, width, None)


def _length(data):
    """How many batches a dataset holds, which it must know."""
    if not isinstance(data, tf.data.Dataset):
        raise InvalidArgument(f"data must be a tf.data.Dataset, as pipeline makes it; got {data!r}")
    length = int(data.cardinality())
    if length < 0:
        raise InvalidArgument(
            "data must know how many batches it holds: end it with .take(batches), or "
            ".apply(tf.data.experimental.assert_cardinality(batches))"
        )
    return length
