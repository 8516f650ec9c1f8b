"""Dropout by counter-based random bits, on TensorFlow. Twin: `reference/dropout.py`.

Word `b * units + u` of (seed, l, step) decides whether unit u of row b in layer l is dropped; the
features are layer 0. So padding a batch changes nothing, and both engines drop the same units.
"""

from typing import Any

import tensorflow as tf

from fnet.core import philox
from fnet.core.aliases import Array
from fnet.core.params import is_absent
from fnet.engine import rng
from fnet.engine.workers import PartOfStep


def dropout_mask(rate: Array, seed: Any, place: tuple[Any, Any], shape: Any, dtype: Any) -> Any:
    """The factor of each unit of a batch: 0 if dropped, otherwise `1 / (1 - rate)`.

    Args:
        rate: The dropout rate, with any member axes.
        seed: The seed, with any member axes; absent is 0.
        place: `(layer, step)`, integers; the step may be a `PartOfStep`.
        shape: `(batch, units)`.
        dtype: The dtype of the units.

    Returns:
        Factors `[*M, batch, units]`, with the member axes of rate and seed.

    References:
        Srivastava et al. (2014), in the inverted form, which needs no scaling in prediction.
    """
    (layer, step), (batch, units) = place, shape
    rate = tf.cast(rate, tf.float64)[..., None, None]
    seed = tf.constant(0, tf.uint32) if is_absent(seed) else seed

    def drawn(seed: Any) -> Any:
        if not isinstance(step, PartOfStep):
            words = rng.words(seed, philox.DROPOUT, batch * units, layer, step)
            return tf.reshape(words, [batch, units])
        words = rng.words(seed, philox.DROPOUT, step.rows * units, layer, step.step)
        return tf.reshape(words, [step.rows, units])[step.start :][:batch]

    if seed.shape.rank:
        words = tf.map_fn(drawn, tf.reshape(seed, [-1]), fn_output_signature=tf.uint32)
        words = tf.reshape(words, tf.concat([seed.shape, [batch, units]], 0))
    else:
        words = drawn(seed)
    fraction = tf.cast(tf.bitwise.right_shift(words, 8), tf.float32) * 2.0**-24
    kept = fraction < tf.cast(1 - rate, tf.float32)
    return tf.where(kept, tf.cast(1 / (1 - rate), dtype), tf.constant(0, dtype))
