"""Initializers of params, on TensorFlow. Twin: `reference/initializers.py`.

A scheme takes the random words of one layer, its inputs D and its outputs H, and returns `(w, b)`,
`[D * H]` and `[H]`, float64. The number of words is that of weights and biases, rounded up to an
even number. Biases are 0 except in `normal` and `ones`.
"""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array
from fnet.core.params import PeriodicEmbedding
from fnet.engine import rng


def _fan_in(inputs: int, outputs: int) -> float:
    return inputs


def _fan_avg(inputs: int, outputs: int) -> float:
    return (inputs + outputs) / 2


def _uniform(scale: float, fan: Callable[[int, int], float]) -> Any:
    """The scheme of weights uniform in ±sqrt(3 * scale / fan), with the variance `scale / fan`."""

    def scheme(words: Array, inputs: int, outputs: int) -> Any:
        limit = math.sqrt(3 * scale / fan(inputs, outputs))
        drawn = rng.uniforms(words[: inputs * outputs])
        return limit * (2 * drawn - 1), tf.zeros(outputs, tf.float64)

    return scheme


def _normal(scale: float, fan: Callable[[int, int], float]) -> Any:
    """The scheme of normal weights with the variance `scale / fan`, not truncated."""

    def scheme(words: Array, inputs: int, outputs: int) -> Any:
        drawn = rng.normals(words)[: inputs * outputs]
        return math.sqrt(scale / fan(inputs, outputs)) * drawn, tf.zeros(outputs, tf.float64)

    return scheme


def orthogonal(words: Array, inputs: int, outputs: int) -> Any:
    """Orthonormal columns, or rows where D < H, uniformly distributed over all such matrices.

    The Q of the QR decomposition of a standard normal matrix, `[D, H]`, or of its transpose where
    D < H. Signs make the diagonal of R positive, since only then is Q unique. Sources: Saxe et al.,
    "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks" (2014);
    Mezzadri, "How to generate random matrices from the classical compact groups" (2007).
    """
    tall = max(inputs, outputs), min(inputs, outputs)
    q, r = tf.linalg.qr(tf.reshape(rng.normals(words)[: inputs * outputs], tall))
    q = tf.where(tf.linalg.diag_part(r) < 0, -q, q)
    w = q if inputs >= outputs else tf.transpose(q)
    return tf.reshape(w, [-1]), tf.zeros(outputs, tf.float64)


def normal(words: Array, inputs: int, outputs: int) -> Any:
    """Standard normal weights and biases, as in the lecture notes."""
    drawn = rng.normals(words)
    return drawn[: inputs * outputs], drawn[inputs * outputs :][:outputs]


def ones(words: Array, inputs: int, outputs: int) -> Any:
    """Weights and biases of 1, as in the lecture notes' first network."""
    return tf.ones(inputs * outputs, tf.float64), tf.ones(outputs, tf.float64)


def zeros(words: Array, inputs: int, outputs: int) -> Any:
    """Weights and biases of 0. In the last layer they make the first outputs 0."""
    return tf.zeros(inputs * outputs, tf.float64), tf.zeros(outputs, tf.float64)


SCHEMES: dict[str, Callable[..., Any]] = {
    "glorot_uniform": _uniform(1, _fan_avg),
    "glorot_normal": _normal(1, _fan_avg),
    "he_uniform": _uniform(2, _fan_in),
    "he_normal": _normal(2, _fan_in),
    "lecun_uniform": _uniform(1, _fan_in),
    "lecun_normal": _normal(1, _fan_in),
    "orthogonal": orthogonal,
    "normal": normal,
    "ones": ones,
    "zeros": zeros,
}
"""Sources: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
networks" (2010), equations 12 and 16; He et al., "Delving deep into rectifiers" (2015), equation
10; LeCun et al., "Efficient BackProp" (1998), section 4.6."""


FREQUENCY_SCALE = 0.1
"""The standard deviation of the frequencies at the start."""


def periodic_words(features: int, each: int, numbers: int) -> int:
    """The number of random words of a PeriodicEmbedding of sizes (F, H, Q)."""
    count = features * each
    return count + count % 2 + count * (1 + numbers)


def periodic(words: Array, features: int, each: int, numbers: int) -> Any:
    """Frequencies normal, phases uniform in ±pi, weights uniform in ±1 / sqrt(H)."""
    count = features * each
    frequencies = FREQUENCY_SCALE * rng.normals(words[: count + count % 2])[:count]
    drawn = 2 * rng.uniforms(words[-count * (1 + numbers) :]) - 1
    shape = [features, each]
    return (
        tf.reshape(frequencies, shape),
        math.pi * tf.reshape(drawn[:count], shape),
        tf.reshape(drawn[count:], [*shape, numbers]) / math.sqrt(each),
    )


STARTS: dict[type, Any] = {PeriodicEmbedding: (periodic_words, periodic)}
"""By kind of entry before the dense layers: the number of random words, and the fields drawn."""
