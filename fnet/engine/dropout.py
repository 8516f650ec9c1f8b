"""Dropout by counter-based bits, on TensorFlow. Twin: `reference/dropout.py`.

Unit u of row b in layer l (the features are layer 0) is dropped in a step by word number
`b * units + u` of (seed, l, step): whatever the batch is filled up to, and on either engine.
"""

from typing import Any

import tensorflow as tf

from fnet.core import philox
from fnet.core.aliases import Array
from fnet.core.params import is_absent
from fnet.engine import rng


def dropout_mask(rate: Array, seed: Any, place: tuple[Any, Any], shape: Any, dtype: Any) -> Any:
    """What the units of a batch are multiplied by: `1 / (1 - rate)`, or 0 where dropped.

    `[*M, batch, units]` with the axes of rate and seed, for `place = (layer, step)`, integers, and
    `shape = (batch, units)`. Source:
    Srivastava et al. (2014), in the inverted form that leaves evaluation as it is.
    """
    (layer, step), (batch, units) = place, shape
    rate = tf.cast(rate, tf.float64)[..., None, None]
    seed = tf.constant(0, tf.uint32) if is_absent(seed) else seed

    def drawn(seed: Any) -> Any:
        words = rng.words(seed, philox.DROPOUT, batch * units, layer, step)
        return tf.reshape(words, [batch, units])

    if seed.shape.rank:
        words = tf.map_fn(drawn, tf.reshape(seed, [-1]), fn_output_signature=tf.uint32)
        words = tf.reshape(words, tf.concat([seed.shape, [batch, units]], 0))
    else:
        words = drawn(seed)
    fraction = tf.cast(tf.bitwise.right_shift(words, 8), tf.float32) * 2.0**-24
    kept = fraction < tf.cast(1 - rate, tf.float32)
    return tf.where(kept, tf.cast(1 / (1 - rate), dtype), tf.constant(0, dtype))
