"""Losses of a row, on TensorFlow. Twin: `reference/losses.py`.

Each takes targets and outputs in columns, `[..., K, B]`, and the Tuning, and returns `[..., B]`.
A loss with a link takes the outputs before the link (`LOSSES` of `core/network.py`).
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fnet.core import checks, signatures
from fnet.core.aliases import Array
from fnet.core.network import Network
from fnet.core.params import is_absent
from fnet.core.signatures import functions as public
from fnet.engine.activations import exponential
from fnet.engine.tensors import cast_and_expand


def squared_error(y: Array, outputs: Array, tuning: Any) -> Any:
    """The mean over outputs of `(outputs - y)**2`, as in Keras's `mean_squared_error`."""
    return tf.reduce_mean(tf.math.squared_difference(outputs, y), axis=-2)


def absolute_error(y: Array, outputs: Array, tuning: Any) -> Any:
    """The mean over outputs of `|outputs - y|`, as in Keras's `mean_absolute_error`."""
    return tf.reduce_mean(tf.abs(outputs - y), axis=-2)


def huber(y: Array, outputs: Array, tuning: Any) -> Any:
    """The mean over outputs of `d**2 / 2` if `d <= delta`, otherwise `delta * (d - delta / 2)`.

    d is `|outputs - y|`. Source: Huber (1964); as in Keras's `huber`.
    """
    d = tf.abs(outputs - y)
    inner = tf.minimum(d, 1.0 if is_absent(tuning.delta) else cast_and_expand(tuning.delta, d))
    return tf.reduce_mean(inner * (d - inner / 2), axis=-2)


def poisson(y: Array, z: Array, tuning: Any) -> Any:
    """The mean over outputs of `exp(z) - y * z`.

    The negative log-likelihood of counts y, without its constant `log(y!)`. Above 64, the tangent
    replaces exp. Source: McCullagh and Nelder, Generalized Linear Models, chapter 6; as in Keras's
    `poisson` of exp(z).
    """
    return tf.reduce_mean(exponential(z) - y * z, axis=-2)


def pinball(y: Array, outputs: Array, tuning: Any) -> Any:
    """The mean over quantiles q of `q * d` if d > 0, otherwise `(q - 1) * d`; `d = y - outputs`.

    Predictions are the sorted outputs, so that quantiles never cross; sorting does not increase
    their error (Chernozhukov, Fernández-Val and Galichon, 2010). Source: Koenker and Bassett,
    "Regression quantiles" (1978).
    """
    q = tf.cast(tuning.quantiles, outputs.dtype)[..., None]
    d = y - outputs
    return tf.reduce_mean(tf.maximum(q * d, (q - 1) * d), axis=-2)


def softmax_cross_entropy(y: Array, logits: Array, tuning: Any) -> Any:
    """`log(sum(exp(z))) - sum(y * z)` over classes, for y with the sum 1.

    The negative log-likelihood. Source: Bishop, Pattern Recognition and Machine Learning, equation
    4.108.
    """
    y = _smooth(y, tuning.label_smoothing, y.shape[-2])
    shifted = logits - tf.stop_gradient(tf.reduce_max(logits, axis=-2, keepdims=True))
    total = tf.reduce_sum(tf.exp(shifted), axis=-2)
    return tf.math.log(total) - tf.reduce_sum(y * shifted, axis=-2)


def sigmoid_cross_entropy(y: Array, z: Array, tuning: Any) -> Any:
    """The mean over labels of `log(1 + exp(z)) - y * z`, the negative log-likelihood.

    With label weights, `w_1 * y * log(1 + exp(-z)) + w_0 * (1 - y) * log(1 + exp(z))`. Source:
    Bishop, equation 4.90; the mean as in Keras's `binary_crossentropy`.
    """
    y = _smooth(y, tuning.label_smoothing, 2)
    ones, total = y, 1.0
    if not is_absent(tuning.label_weights):
        weights = tf.cast(tuning.label_weights, z.dtype)
        ones = weights[..., 1, None] * y
        total = ones + weights[..., 0, None] * (1 - y)
    return tf.reduce_mean(total * tf.nn.softplus(z) - ones * z, axis=-2)


def _smooth(y: Array, smoothing: Array, classes: int) -> Any:
    """Targets after label smoothing over this number of classes."""
    if is_absent(smoothing):
        return y
    smoothing = tf.cast(smoothing, y.dtype)[..., None, None]
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


def as_columns(net: Network, y: Array, rank: int, dtype: Any) -> Any:
    """Targets in columns `[..., K, B]`, labels as one-hot; `rank` is the number of x's axes."""
    if len(y.shape) == rank:
        return tf.linalg.matrix_transpose(y)
    if net.has_class_labels:
        return tf.cast(y[..., None, :] == tf.range(net.sizes[-1])[:, None], dtype)
    return y[..., None, :]


@signatures.implements(public.one_hot)
def one_hot(labels: Array, classes: int) -> tf.Tensor:
    classes = checks.integer("classes", classes, least=1)
    return tf.gather(tf.eye(classes), checks.labels("labels", labels, classes))
