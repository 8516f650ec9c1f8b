"""Schemes to draw first params from, in NumPy. Twin of `starts.py`.

A scheme takes one layer's random words, its inputs D and outputs H: `(w, b)`, flat, float64.
"""

import numpy as np

from fnet.reference import draws


def glorot_uniform(words, inputs, outputs):
    """Uniform in ±sqrt(6 / (D + H)), biases 0."""
    limit = np.sqrt(6 / (inputs + outputs))
    return limit * (2 * draws.uniforms(words[: inputs * outputs]) - 1), np.zeros(outputs)


def he_normal(words, inputs, outputs):
    """Normal of variance 2 / D, not truncated, biases 0."""
    return np.sqrt(2 / inputs) * draws.normals(words)[: inputs * outputs], np.zeros(outputs)


def normal(words, inputs, outputs):
    """Standard normal, weights and biases."""
    w, b, _ = np.split(draws.normals(words), [inputs * outputs, (inputs + 1) * outputs])
    return w, b


def ones(words, inputs, outputs):
    """All ones, weights and biases."""
    return np.ones(inputs * outputs), np.ones(outputs)


SCHEMES = {
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "normal": normal,
    "ones": ones,
}
