"""Penalties on weights and bounds on gradients, on TensorFlow. Twin: `reference/penalties.py`.

Layers and slopes are structures like params, with any member axes M; n is the Tuning, and `total`
the weight of the batch. A penalty is on weights alone, and 0 in a batch without weight.
"""

import tensorflow as tf

from fnet.engine.tensors import absent, beside


def cost(n, layers, total, value):
    """The loss `[*M]` with `l1 * sum(|w|) / total + l2 * sum(w**2) / (2 * total)` added.

    Source: scikit-learn's MLP, whose `alpha` is `l2`.
    """
    if not absent(n.l1):
        sizes = sum(tf.reduce_sum(tf.abs(w), [-2, -1]) for w, _ in layers)
        value += _part(n.l1, total, value) * sizes
    if not absent(n.l2):
        squares = sum(tf.reduce_sum(w * w, [-2, -1]) for w, _ in layers)
        value += 0.5 * _part(n.l2, total, value) * squares
    return value


def slopes(n, layers, total, slopes):
    """The slopes of the loss with those of the penalties added."""
    for number, slope in ((n.l1, tf.sign), (n.l2, tf.identity)):
        if not absent(number):
            slopes = tuple(
                s._replace(w=s.w + beside(_part(number, total, w), w) * slope(w))
                for s, (w, _) in zip(slopes, layers, strict=True)
            )
    return slopes


def _part(number, total, like):
    return tf.math.divide_no_nan(tf.cast(number, like.dtype), tf.cast(total, like.dtype))


def clipped(n, slopes):
    """The slopes, each number clipped by value, then all of a member together by their norm."""
    if not absent(n.clipvalue):
        slopes = tf.nest.map_structure(
            lambda s: tf.clip_by_value(s, -beside(n.clipvalue, s), beside(n.clipvalue, s)), slopes
        )
    if not absent(n.global_clipnorm):
        members = slopes[0].w.shape.rank - 2
        squares = (
            tf.reduce_sum(tf.square(tf.cast(s, tf.float64)), list(range(members, s.shape.rank)))
            for s in tf.nest.flatten(slopes)
        )
        scale = n.global_clipnorm / tf.maximum(tf.sqrt(sum(squares)), n.global_clipnorm)
        slopes = tf.nest.map_structure(lambda s: beside(scale, s) * s, slopes)
    return slopes
