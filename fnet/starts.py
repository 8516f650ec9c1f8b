"""Schemes to draw first params from, on TensorFlow. Twin: `reference/starts.py`.

A scheme takes the random words of one layer (as many as it has weights and biases, rounded up to
an even number), its inputs D and outputs H, and returns `(w, b)`: `[D * H]` and `[H]`, float64.
"""

import math

import tensorflow as tf

from fnet import draws


def glorot_uniform(words, inputs, outputs):
    """Uniform in ±sqrt(6 / (D + H)), biases 0. Source: Glorot and Bengio (2010), equation 16."""
    limit = math.sqrt(6 / (inputs + outputs))
    drawn = draws.uniforms(words[: inputs * outputs])
    return limit * (2 * drawn - 1), tf.zeros(outputs, tf.float64)


def he_normal(words, inputs, outputs):
    """Normal of variance 2 / D, not truncated, biases 0. Source: He et al. (2015), equation 10."""
    drawn = draws.normals(words)[: inputs * outputs]
    return math.sqrt(2 / inputs) * drawn, tf.zeros(outputs, tf.float64)


def normal(words, inputs, outputs):
    """Standard normal, weights and biases: the lecture notes' start."""
    drawn = draws.normals(words)
    return drawn[: inputs * outputs], drawn[inputs * outputs :][:outputs]


def ones(words, inputs, outputs):
    """All ones, weights and biases: the lecture notes' first network."""
    return tf.ones(inputs * outputs, tf.float64), tf.ones(outputs, tf.float64)


SCHEMES = {
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "normal": normal,
    "ones": ones,
}
