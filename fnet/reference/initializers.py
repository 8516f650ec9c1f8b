"""Initializers of params, in NumPy. Twin of `engine/initializers.py`.

A scheme takes the random words of one layer, its inputs D and its outputs H, and returns `(w, b)`,
`[D * H]` and `[H]`, float64.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnet.core.aliases import Array
from fnet.core.params import PeriodicEmbedding
from fnet.reference import rng


def _fan_in(inputs: int, outputs: int) -> float:
    return inputs


def _fan_avg(inputs: int, outputs: int) -> float:
    return (inputs + outputs) / 2


def _uniform(scale: float, fan: Callable[[int, int], float]) -> Any:
    """The scheme of weights uniform in ±sqrt(3 * scale / fan), with the variance `scale / fan`."""

    def scheme(words: Array, inputs: int, outputs: int) -> Any:
        limit = np.sqrt(3 * scale / fan(inputs, outputs))
        return limit * (2 * rng.uniforms(words[: inputs * outputs]) - 1), np.zeros(outputs)

    return scheme


def _normal(scale: float, fan: Callable[[int, int], float]) -> Any:
    """The scheme of normal weights with the variance `scale / fan`, not truncated."""

    def scheme(words: Array, inputs: int, outputs: int) -> Any:
        drawn = rng.normals(words)[: inputs * outputs]
        return np.sqrt(scale / fan(inputs, outputs)) * drawn, np.zeros(outputs)

    return scheme


def orthogonal(words: Array, inputs: int, outputs: int) -> Any:
    """Orthonormal columns, or rows where D < H: the Q of a normal matrix or of its transpose."""
    tall = max(inputs, outputs), min(inputs, outputs)
    q, r = np.linalg.qr(rng.normals(words)[: inputs * outputs].reshape(tall))
    q = q * np.where(np.diag(r) < 0, -1, 1)  # R gets a positive diagonal, so that Q is unique
    return (q if inputs >= outputs else q.T).ravel(), np.zeros(outputs)


def normal(words: Array, inputs: int, outputs: int) -> Any:
    """Standard normal weights and biases."""
    w, b, _ = np.split(rng.normals(words), [inputs * outputs, (inputs + 1) * outputs])
    return w, b


def ones(words: Array, inputs: int, outputs: int) -> Any:
    """Weights and biases of 1."""
    return np.ones(inputs * outputs), np.ones(outputs)


def zeros(words: Array, inputs: int, outputs: int) -> Any:
    """Weights and biases of 0."""
    return np.zeros(inputs * outputs), np.zeros(outputs)


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
    return (
        frequencies.reshape(features, each),
        np.pi * drawn[:count].reshape(features, each),
        drawn[count:].reshape(features, each, numbers) / np.sqrt(each),
    )


STARTS: dict[type, Any] = {PeriodicEmbedding: (periodic_words, periodic)}
"""By kind of entry before the dense layers: the number of random words, and the fields drawn."""
