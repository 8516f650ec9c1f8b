"""Embeddings of features before the dense layers, on TensorFlow. Twin: `reference/embeddings.py`.

As everywhere inside, a row of data is a column, and the axes of params are in the reverse order
(`layout.py`).
"""

import math
from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array, Params
from fnet.core.network import Network
from fnet.core.params import CodeEmbedding, PeriodicEmbedding

TERMS = {tf.float32: 6, tf.float64: 11}
"""Terms of the series of sine that reach the rounding of each dtype, for angles up to pi / 2."""


def embedded(net: Network, entries: Params, x: Array) -> Any:
    """The input of the first dense layer: features that are numbers, then what entries add.

    x is `[*M, D, B]`, and may lack the member axes.
    """
    added = [EMBEDDINGS[type(entry)](net, entry, x) for entry in entries]
    members = added[0].shape[:-2].as_list()
    numbers = x if net.codes is None else tf.gather(x, list(net.numbers), axis=-2)
    shape = tf.unstack(tf.shape(numbers)[-2:])
    return tf.concat([tf.broadcast_to(numbers, [*members, *shape]), *added], axis=-2)


def periodic(net: Network, entry: Any, x: Array) -> Any:
    """Periodic functions of features: `[*M, Q * F, B]`.

    The formula is that of `core.params.PeriodicEmbedding`.
    """
    assert net.embedding is not None
    chosen = tf.gather(x, list(net.embedding.features), axis=-2)  # [*M, F, B]
    turns = entry.frequencies[..., None] * chosen[..., None, :, :]
    waves = cosine(turns + entry.phases[..., None] / (2 * math.pi))  # [*M, H, F, B]
    return _merged(tf.einsum("...qhf,...hfb->...qfb", entry.w, waves) + entry.b[..., None])


def of_codes(net: Network, entry: Any, x: Array) -> Any:
    """The numbers of the levels of features: `[*M, Q * F, B]`."""
    assert net.codes is not None
    offsets = [sum(net.codes.levels[:f]) for f in range(len(net.codes.levels))]
    codes = tf.cast(tf.gather(x, list(net.codes.features), axis=-2), tf.int32)
    places = codes + tf.constant(offsets)[:, None]  # [*M, F, B]
    return _merged(tf.gather(entry.w, places, axis=-1, batch_dims=places.shape.rank - 2))


def _merged(found: Array) -> Any:
    """`[*M, Q, F, B]` as `[*M, Q * F, B]`."""
    *members, q, f, _ = found.shape.as_list()
    return tf.reshape(found, [*members, q * f, tf.shape(found)[-1]])


EMBEDDINGS: dict[type, Any] = {PeriodicEmbedding: periodic, CodeEmbedding: of_codes}
"""What each kind of entry before the dense layers adds to the input of the first one:
`added(net, entry, x)`, from columns `[*M, D, B]` to columns."""


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
