"""Schemes to draw first params from, in NumPy. Twin of `starts.py`.

A scheme takes one layer's random words, its inputs D and outputs H: `(w, b)`, flat, float64.
"""

import numpy as np

from fnet.reference import rng


def _inputs(inputs, outputs):
    return inputs


def _both(inputs, outputs):
    return (inputs + outputs) / 2


def _uniform(scale, fan):
    """The scheme of weights of the variance `scale / fan`, uniform in ±sqrt(3 * scale / fan)."""

    def scheme(words, inputs, outputs):
        limit = np.sqrt(3 * scale / fan(inputs, outputs))
        return limit * (2 * rng.uniforms(words[: inputs * outputs]) - 1), np.zeros(outputs)

    return scheme


def _normal(scale, fan):
    """The scheme of normal weights of the variance `scale / fan`, not truncated."""

    def scheme(words, inputs, outputs):
        drawn = rng.normals(words)[: inputs * outputs]
        return np.sqrt(scale / fan(inputs, outputs)) * drawn, np.zeros(outputs)

    return scheme


def orthogonal(words, inputs, outputs):
    """Orthonormal columns, or rows where D < H: the Q of a normal matrix or of its transpose."""
    tall = max(inputs, outputs), min(inputs, outputs)
    q, r = np.linalg.qr(rng.normals(words)[: inputs * outputs].reshape(tall))
    q = q * np.where(np.diag(r) < 0, -1, 1)  # as if R had a positive diagonal: then Q is unique
    return (q if inputs >= outputs else q.T).ravel(), np.zeros(outputs)


def normal(words, inputs, outputs):
    """Standard normal, weights and biases."""
    w, b, _ = np.split(rng.normals(words), [inputs * outputs, (inputs + 1) * outputs])
    return w, b


def ones(words, inputs, outputs):
    """All ones, weights and biases."""
    return np.ones(inputs * outputs), np.ones(outputs)


def zeros(words, inputs, outputs):
    """All zeros."""
    return np.zeros(inputs * outputs), np.zeros(outputs)


SCHEMES = {
    "glorot_uniform": _uniform(1, _both),
    "glorot_normal": _normal(1, _both),
    "he_uniform": _uniform(2, _inputs),
    "he_normal": _normal(2, _inputs),
    "lecun_uniform": _uniform(1, _inputs),
    "lecun_normal": _normal(1, _inputs),
    "orthogonal": orthogonal,
    "normal": normal,
    "ones": ones,
    "zeros": zeros,
}
