"""Embeddings of features before the dense layers, on TensorFlow. Twin: `reference/embeddings.py`.

As everywhere inside, a row of data is a column, and the axes of params are in the reverse order
(`layout.py`).
"""

import math
from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array
from fnet.core.network import Network

TERMS = {tf.float32: 6, tf.float64: 11}
"""Terms of the series of sine that reach the rounding of each dtype, for angles up to pi / 2."""


def periodic(net: Network, entry: Any, x: Array) -> Any:
    """Features `[*M, D, B]` and their periodic functions: `[*M, D + Q * F, B]`.

    The formula is that of `core.params.PeriodicEmbedding`.
    """
    assert net.embedding is not None
    members = entry.b.shape[:-2].as_list()
    chosen = tf.gather(x, list(net.embedding.features), axis=-2)  # [*M, F, B]
    turns = entry.frequencies[..., None] * chosen[..., None, :, :]
    waves = cosine(turns + entry.phases[..., None] / (2 * math.pi))  # [*M, H, F, B]
    found = tf.einsum("...qhf,...hfb->...qfb", entry.w, waves) + entry.b[..., None]
    count = len(net.embedding.features) * net.embedding.outputs
    shape = tf.unstack(tf.shape(x)[-2:])
    flat = tf.reshape(found, [*members, count, shape[-1]])
    return tf.concat([tf.broadcast_to(x, [*members, *shape]), flat], axis=-2)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def cosine(turns: Array) -> Any:
    """`cos(2 pi t)` by the series of sine, which a processor works on for many numbers at once.

    XLA calls a function of the C library for each cosine, which takes seven times as long.
    """
    nearest = turns - tf.round(turns)  # in [-1/2, 1/2]

    def back(g: Array) -> Any:
        folded = tf.sign(nearest) / 2 - nearest  # sin(pi - a) = sin(a)
        return -2 * math.pi * g * _sine(tf.where(tf.abs(nearest) > 0.25, folded, nearest))

    return _sine(0.25 - tf.abs(nearest)), back


def _sine(turns: Array) -> Any:
    """`sin(2 pi t)` for t in [-1/4, 1/4], by its Taylor series in Horner's form."""
    square, value = turns * turns, tf.zeros_like(turns)
    for k in reversed(range(TERMS[turns.dtype])):
        degree = 2 * k + 1
        value = value * square + (-1) ** k * (2 * math.pi) ** degree / math.factorial(degree)
    return value * turns
