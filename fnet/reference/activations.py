"""Activations and links in NumPy, each with its derivative. Twin of `engine/activations.py`.

The formulas of the engine are repeated on purpose: a test oracle must not import what it checks.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import checks, signatures
from fnet.core.aliases import Array
from fnet.core.signatures import functions as public

LEAK = 0.2
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
LINEAR_ABOVE = 64.0


class Activation(NamedTuple):
    """An activation and its chain rule.

    `value(z)` is the activation a. `back(g, z, a)` is dJ/dz, where g is dJ/da.
    """

    value: Any
    back: Any


def absolute(z: Array) -> Any:
    """|z|, in a form that complex-step differentiation can use."""
    return np.where(z >= 0, z, -z)


def sigmoid(z: Array) -> Any:
    """`1 / (1 + exp(-z))`, computed from exp(-|z|), which cannot overflow."""
    e = np.exp(-absolute(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softplus(z: Array) -> Any:
    """`log(1 + exp(z))`, computed from exp(-|z|)."""
    return np.maximum(z, 0) + np.log1p(np.exp(-absolute(z)))


def erfc(z: Array) -> Any:
    """The complementary error function of each entry."""
    return np.vectorize(math.erfc, otypes=[np.float64])(z).astype(z.dtype)


def normal_cdf(z: Array) -> Any:
    """The CDF of the standard normal distribution."""
    return 0.5 * erfc(-z / math.sqrt(2))


def normal_pdf(z: Array) -> Any:
    """The density of the standard normal distribution, the derivative of `normal_cdf`."""
    return np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def relu_back(g: Array, z: Array, a: Array) -> Any:
    """The derivative is 1 above 0, and 0 elsewhere."""
    return g * (z > 0)


def leaky_relu_back(g: Array, z: Array, a: Array) -> Any:
    """The derivative is 1 above 0, and LEAK elsewhere."""
    return np.where(z > 0, g, LEAK * g)


def elu(z: Array) -> Any:
    """z above 0, `exp(z) - 1` elsewhere."""
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def elu_back(g: Array, z: Array, a: Array) -> Any:
    """The derivative is 1 above 0, and `exp(z)` elsewhere."""
    return np.where(z > 0, g, g * (a + 1))  # exp(z) = a + 1


def selu(z: Array) -> Any:
    """SCALE times z above 0, times `ALPHA * (exp(z) - 1)` elsewhere."""
    return SCALE * np.where(z > 0, z, ALPHA * np.expm1(np.minimum(z, 0)))


def selu_back(g: Array, z: Array, a: Array) -> Any:
    """The derivative is SCALE above 0, and `SCALE * ALPHA * exp(z)` elsewhere."""
    return np.where(z > 0, SCALE * g, g * (a + SCALE * ALPHA))


def gelu_back(g: Array, z: Array, a: Array) -> Any:
    """By the product rule on `z * normal_cdf(z)`."""
    return g * (normal_cdf(z) + z * normal_pdf(z))


def silu_back(g: Array, z: Array, a: Array) -> Any:
    """By the product rule on `z * sigmoid(z)`."""
    s = sigmoid(z)
    return g * (s + a * (1 - s))


def mish_back(g: Array, z: Array, a: Array) -> Any:
    """By the product rule on `z * tanh(softplus(z))`."""
    t = np.tanh(softplus(z))
    return g * (t + z * (1 - t * t) * sigmoid(z))


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda z: z, lambda g, z, a: g),
    "relu": Activation(lambda z: np.maximum(z, 0), relu_back),
    "leaky_relu": Activation(lambda z: np.where(z > 0, z, LEAK * z), leaky_relu_back),
    "elu": Activation(elu, elu_back),
    "selu": Activation(selu, selu_back),
    "gelu": Activation(lambda z: z * normal_cdf(z), gelu_back),
    "silu": Activation(lambda z: z * sigmoid(z), silu_back),
    "mish": Activation(lambda z: z * np.tanh(softplus(z)), mish_back),
    "softplus": Activation(softplus, lambda g, z, a: g * sigmoid(z)),
    "sigmoid": Activation(sigmoid, lambda g, z, a: g * (a * (1 - a))),
    "tanh": Activation(np.tanh, lambda g, z, a: g * (1 - a * a)),
}


@signatures.implements(public.softmax)
def softmax(logits: Array) -> npt.NDArray[Any]:
    probabilities: npt.NDArray[Any] = softmax_rows(checks.logits(logits))
    return probabilities


def softmax_rows(z: Array) -> Any:
    """`softmax` of checked logits."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_back(g: Array, z: Array, a: Array) -> Any:
    """`da[j]/dz[i] = a[j] * ((i == j) - a[i])`, summed over j."""
    return a * (g - np.sum(g * a, axis=-1, keepdims=True))


def exponential(z: Array) -> Any:
    """`exp(z)`, continued by its tangent above LINEAR_ABOVE."""
    return np.exp(np.minimum(z, LINEAR_ABOVE)) * (1 + np.maximum(z - LINEAR_ABOVE, 0))


def ascending(z: Array) -> Any:
    """Each row in ascending order."""
    return np.sort(z, axis=-1)


OUTPUTS: dict[str, Activation] = {
    **ACTIVATIONS,
    "softmax": Activation(softmax_rows, softmax_back),
    "exp": Activation(exponential, None),  # only a link: the loss has the derivative
    "sort": Activation(ascending, None),
}
"""The functions that may follow the last layer: an activation, or the link of a loss."""
