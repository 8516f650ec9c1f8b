"""Losses of one row in NumPy, each with its gradient. Twin of `losses.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
Each takes targets and outputs `[..., B, K]` and the Tuning, and returns its value l, `[..., B]`,
and the slope of l with respect to the outputs, `[..., B, K]`.
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
    off = a - y
    return np.mean(off * off, axis=-1), 2 / a.shape[-1] * off


def absolute_error(y: Array, a: Array, tuning: Any) -> Any:
    """`l = mean(|a - y|)` and `dl/da = sign(a - y) / K`."""
    off = a - y
    return np.mean(activations.size(off), axis=-1), np.sign(off) / a.shape[-1]


def huber(y: Array, a: Array, tuning: Any) -> Any:
    """Of `d = a - y`: `d**2 / 2` as far as delta, then straight on; `dl/da` is d, clipped, by K."""
    off = a - y
    delta = _numbers(1.0 if tuning.delta is None else tuning.delta, a)
    size = activations.size(off)
    near = off * off / 2
    far = delta * (size - delta / 2)
    slope = np.where(size <= delta, off, delta * np.sign(off))
    return np.mean(np.where(size <= delta, near, far), axis=-1), slope / a.shape[-1]


def poisson(y: Array, z: Array, tuning: Any) -> Any:
    """`l = mean(exp(z) - y * z)` and `dl/dz = (exp(z) - y) / K`, exp straight on from 64."""
    slope = np.exp(np.minimum(z, activations.LINEAR_ABOVE)) - y
    return np.mean(activations.exponential(z) - y * z, axis=-1), slope / z.shape[-1]


def pinball(y: Array, a: Array, tuning: Any) -> Any:
    """Of `d = y - a`: `q * d` from 0 up, `(q - 1) * d` below, their mean over quantiles q."""
    q = np.asarray(tuning.quantiles, a.dtype)[..., None, :]
    off = y - a
    slope = np.where(off >= 0, -q, 1 - q)
    return np.mean(-slope * off, axis=-1), slope / a.shape[-1]


def softmax_cross_entropy(y: Array, z: Array, tuning: Any) -> Any:
    """`l = log(sum(exp(z))) - sum(y * z)` and `dl/dz = softmax(z) - y`, for y of the sum 1."""
    y = _smoothed(y, tuning.label_smoothing, y.shape[-1])
    shifted = z - z.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=-1, keepdims=True)
    return np.log(total[..., 0]) - np.vecdot(y, shifted), e / total - y


def sigmoid_cross_entropy(y: Array, z: Array, tuning: Any) -> Any:
    """`l = -mean(w[1] * y * log(p) + w[0] * (1 - y) * log(1 - p))` for `p = sigmoid(z)`.

    `dl/dz = (w[0] * (1 - y) * p - w[1] * y * (1 - p)) / K`. Weights are 1 unless given.
    """
    y = _smoothed(y, tuning.label_smoothing, 2)
    ones, zeros = y, 1 - y
    if tuning.label_weights is not None:
        weights = np.asarray(tuning.label_weights, z.dtype)[..., None, :, :]
        ones, zeros = weights[..., 1] * ones, weights[..., 0] * zeros
    value = ones * activations.softplus(-z) + zeros * activations.softplus(z)
    slope = zeros * activations.sigmoid(z) - ones * activations.sigmoid(-z)
    return np.mean(value, axis=-1), slope / z.shape[-1]


def _numbers(number: Array, a: Array) -> Any:
    """A number in the dtype of outputs, with axes appended on the right to go with theirs."""
    number = np.asarray(number, a.dtype)
    return number.reshape(number.shape + (1, 1)) if number.ndim else number


def _smoothed(y: Array, smoothing: Array, classes: int) -> Any:
    """Targets drawn toward an even distribution over so many classes."""
    if smoothing is None:
        return y
    smoothing = _numbers(smoothing, y)
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
    """Targets as rows `[..., B, K]` for features of this rank: labels become one-hot rows."""
    if y.ndim == rank:
        return y
    return np.eye(net.sizes[-1], dtype=dtype)[y] if net.has_class_labels else y[..., None]


@signatures.implements(public.one_hot)
def one_hot(labels: Array, classes: int) -> npt.NDArray[np.float32]:
    classes = checks.integer("classes", classes, least=1)
    rows: npt.NDArray[np.float32] = np.eye(classes, dtype=np.float32)
    found: npt.NDArray[np.float32] = rows[checks.labels("labels", labels, classes)]
    return found
