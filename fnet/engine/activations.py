"""Activations and links, on TensorFlow. Twin: `reference/activations.py`.

Each takes and returns columns, `[..., K, B]`: softmax and sort work along axis -2.
"""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fnet.core import checks, signatures
from fnet.core.aliases import Array
from fnet.core.signatures import functions as public

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
"""Constants of selu, with which activations keep the mean 0 and the variance 1."""

LINEAR_ABOVE = 64.0
"""The exponential link continues linearly above this, so that it stays finite (exp(64) is 6e27)."""


def leaky_relu(z: Array) -> Any:
    """z where positive, 0.2 z elsewhere, as in Keras. Source: Maas et al. (2013).

    TensorFlow's own rounds the slope to float32.
    """
    return tf.where(z > 0, z, 0.2 * z)


def elu(z: Array) -> Any:
    """z where positive, `exp(z) - 1` elsewhere. Source: Clevert et al. (2016).

    TensorFlow's own loses digits near 0.
    """
    return tf.where(z > 0, z, tf.math.expm1(tf.minimum(z, 0)))


def selu(z: Array) -> Any:
    """`SCALE * z` where z is positive, `SCALE * ALPHA * (exp(z) - 1)` elsewhere.

    Source: Klambauer et al., "Self-normalizing neural networks" (2017).
    """
    return SCALE * tf.where(z > 0, z, ALPHA * tf.math.expm1(tf.minimum(z, 0)))


def gelu(z: Array) -> Any:
    """z times the standard normal CDF at z. Source: Hendrycks and Gimpel (2016).

    Exact, not the approximation by tanh; erfc stays precise for large negative z.
    """
    return z * (0.5 * tf.math.erfc(-z / math.sqrt(2)))


def silu(z: Array) -> Any:
    """z times its sigmoid. Source: Elfwing, Uchibe and Doya (2017)."""
    return z * tf.sigmoid(z)


def mish(z: Array) -> Any:
    """z times the tanh of its softplus. Source: Misra (2019)."""
    return z * tf.tanh(tf.nn.softplus(z))


def exponential(z: Array) -> Any:
    """`exp(z)`, continued by its tangent above LINEAR_ABOVE, so that it is finite for any z."""
    return tf.exp(tf.minimum(z, LINEAR_ABOVE)) * (1 + tf.nn.relu(z - LINEAR_ABOVE))


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "identity": tf.identity,
    "relu": tf.nn.relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "silu": silu,
    "mish": mish,
    "softplus": tf.nn.softplus,
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
}

OUTPUTS: dict[str, Callable[..., Any]] = {
    **ACTIVATIONS,
    "softmax": lambda z: tf.nn.softmax(z, axis=-2),
    "exp": exponential,
    "sort": lambda z: tf.sort(z, axis=-2),
}
"""The functions that may follow the last layer: an activation, or the link of a loss."""


@signatures.implements(public.softmax)
def softmax(logits: Array) -> tf.Tensor:
    return tf.nn.softmax(checks.logits(logits))
