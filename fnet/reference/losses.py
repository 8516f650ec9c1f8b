"""Losses of a row in NumPy, each with its derivative. Twin of `engine/losses.py`.

The formulas of the engine are repeated on purpose: a test oracle must not import what it checks.

Each takes targets and outputs `[..., B, K]` and the Tuning. It returns its value l, `[..., B]`, and
the derivative of l with respect to the outputs, `[..., B, K]`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core import checks, signatures
from fnet.core.aliases import Array
from fnet.core.network import Network
from fnet.core.signatures import functions as public
from fnet.reference import activations


def squared_error(y: Array, a: Array, tuning: Any) -> Any:
    """`l = mean((a - y)**2)` and `dl/da = 2 * (a - y) / K`."""
    d = a - y
    return np.mean(d * d, axis=-1), 2 / a.shape[-1] * d


def absolute_error(y: Array, a: Array, tuning: Any) -> Any:
    """`l = mean(|a - y|)` and `dl/da = sign(a - y) / K`."""
    d = a - y
    return np.mean(activations.absolute(d), axis=-1), np.sign(d) / a.shape[-1]


def huber(y: Array, a: Array, tuning: Any) -> Any:
    """The mean of `d**2 / 2` if `|d| <= delta`, otherwise `delta * (|d| - delta / 2)`, d = a - y.

    `dl/da = clip(d, -delta, delta) / K`.
    """
    d = a - y
    delta = _cast_and_expand(1.0 if tuning.delta is None else tuning.delta, a)
    size = activations.absolute(d)
    quadratic = d * d / 2
    linear = delta * (size - delta / 2)
    dl = np.where(size <= delta, d, delta * np.sign(d))
    return np.mean(np.where(size <= delta, quadratic, linear), axis=-1), dl / a.shape[-1]


def poisson(y: Array, z: Array, tuning: Any) -> Any:
    """`l = mean(exp(z) - y * z)` and `dl/dz = (exp(z) - y) / K`; exp is linear above 64."""
    dl = np.exp(np.minimum(z, activations.LINEAR_ABOVE)) - y
    return np.mean(activations.exponential(z) - y * z, axis=-1), dl / z.shape[-1]


def pinball(y: Array, a: Array, tuning: Any) -> Any:
    """The mean over quantiles q of `q * d` if d >= 0, otherwise `(q - 1) * d`, for d = y - a.

    `dl/da = -q / K` if d >= 0, otherwise `(1 - q) / K`.
    """
    q = np.asarray(tuning.quantiles, a.dtype)[..., None, :]
    d = y - a
    dl = np.where(d >= 0, -q, 1 - q)
    return np.mean(-dl * d, axis=-1), dl / a.shape[-1]


def softmax_cross_entropy(y: Array, z: Array, tuning: Any) -> Any:
    """`l = log(sum(exp(z))) - sum(y * z)` and `dl/dz = softmax(z) - y`, for y with the sum 1."""
    y = _smooth(y, tuning.label_smoothing, y.shape[-1])
    shifted = z - z.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=-1, keepdims=True)
    return np.log(total[..., 0]) - np.vecdot(y, shifted), e / total - y


def sigmoid_cross_entropy(y: Array, z: Array, tuning: Any) -> Any:
    """`l = -mean(w[1] * y * log(p) + w[0] * (1 - y) * log(1 - p))` for `p = sigmoid(z)`.

    `dl/dz = (w[0] * (1 - y) * p - w[1] * y * (1 - p)) / K`. Weights are 1 unless given.
    """
    y = _smooth(y, tuning.label_smoothing, 2)
    ones, zeros = y, 1 - y
    if tuning.label_weights is not None:
        weights = np.asarray(tuning.label_weights, z.dtype)[..., None, :, :]
        ones, zeros = weights[..., 1] * ones, weights[..., 0] * zeros
    value = ones * activations.softplus(-z) + zeros * activations.softplus(z)
    dl = zeros * activations.sigmoid(z) - ones * activations.sigmoid(-z)
    return np.mean(value, axis=-1), dl / z.shape[-1]


def _cast_and_expand(number: Array, a: Array) -> Any:
    """A number `[*M]` in the dtype of outputs, with axes of size 1 appended to broadcast."""
    number = np.asarray(number, a.dtype)
    return number.reshape(number.shape + (1, 1)) if number.ndim else number


def _smooth(y: Array, smoothing: Array, classes: int) -> Any:
    """Targets after label smoothing over this number of classes."""
    if smoothing is None:
        return y
    smoothing = _cast_and_expand(smoothing, y)
    return (1 - smoothing) * y + smoothing / classes


LOSSES: dict[str, Callable[..., Any]] = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "poisson": poisson,
    "pinball": pinball,
    "softmax_cross_entropy": softmax_cross_entropy,
    "sigmoid_cross_entropy": sigmoid_cross_entropy,
}


def as_rows(net: Network, y: Array, rank: int, dtype: Any) -> Any:
    """Targets in rows `[..., B, K]`, labels as one-hot; `rank` is the number of x's axes."""
    if y.ndim == rank:
        return y
    return np.eye(net.sizes[-1], dtype=dtype)[y] if net.has_class_labels else y[..., None]


@signatures.implements(public.one_hot)
def one_hot(labels: Array, classes: int) -> npt.NDArray[np.float32]:
    classes = checks.integer("classes", classes, least=1)
    rows: npt.NDArray[np.float32] = np.eye(classes, dtype=np.float32)
    encoded: npt.NDArray[np.float32] = rows[checks.labels("labels", labels, classes)]
    return encoded
