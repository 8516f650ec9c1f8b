"""Counter-based random numbers, on TensorFlow: the bits of `philox.py`. Twin: `reference/rng.py`.

The words come from TensorFlow's own Philox4x32-10, given the same key and counter.
"""

import math
from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array


def words(seed: Any, purpose: int, count: int, epoch: Array = 0, step: Array = 0) -> Any:
    """`count` random words, uint32: those of `philox.words` for a scalar `seed`."""
    epoch, step = (tf.cast(v, tf.uint64) & 0xFFFFFFFF for v in (epoch, step))
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[count],
        key=tf.reshape(tf.cast(seed, tf.uint64) | tf.constant(purpose << 32, tf.uint64), [1]),
        counter=tf.stack([tf.constant(0, tf.uint64), tf.bitwise.left_shift(epoch, 32) | step]),
        alg=1,  # Philox
        dtype=tf.uint32,
    )


def uniforms(words: Array) -> Any:
    """Uniform numbers in (0, 1), float64: each word is the midpoint of an interval of 2**-32."""
    return (tf.cast(words, tf.float64) + 0.5) * 2.0**-32


def normals(words: Array) -> Any:
    """Standard normal numbers, float64, two from each pair of words along the last axis.

    Source: Box and Muller, "A note on the generation of random normal deviates" (1958).
    """
    pairs = tf.reshape(uniforms(words), [-1, 2])
    radius, angle = tf.sqrt(-2.0 * tf.math.log(pairs[:, 0])), 2.0 * math.pi * pairs[:, 1]
    both = tf.stack([radius * tf.cos(angle), radius * tf.sin(angle)], axis=-1)
    return tf.reshape(both, tf.shape(words))
