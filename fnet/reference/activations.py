"""Activations and links in NumPy, each beside its derivative. Twin of `activations.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
"""

from typing import NamedTuple

import numpy as np

from fnet import checks


class Activation(NamedTuple):
    """A function of z, and its derivative written with z and the function's own value a."""

    value: object
    slope: object


def sigmoid(z):
    """`1 / (1 + exp(-z))`, by way of exp(-|z|), which cannot overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


ACTIVATIONS = {
    "identity": Activation(lambda z: z, lambda z, a: np.ones_like(z)),
    "relu": Activation(lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(z.dtype)),
    "sigmoid": Activation(sigmoid, lambda z, a: a * (1 - a)),
    "tanh": Activation(np.tanh, lambda z, a: 1 - a * a),
}


def softmax(logits):
    """Probabilities `exp(z) / sum(exp(z))` along the last axis of logits `[..., K]`."""
    z = checks.logits(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


OUTPUTS = {**{name: pair.value for name, pair in ACTIVATIONS.items()}, "softmax": softmax}
"""What may stand after the last layer: an activation, or the link of a loss."""
