"""Losses of one row, on TensorFlow. Twin: `reference/losses.py`.

Each takes targets and outputs as columns, `[..., K, B]`, and the Tuning, and returns `[..., B]`.
A loss with a link takes the outputs before it (`network.LOSSES`).
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
    """The mean over outputs of `d**2 / 2` where `d = |outputs - y|` is no more than delta, and of
    `delta * (d - delta / 2)` elsewhere. Source: Huber (1964); as in Keras's `huber`.
    """
    off = tf.abs(outputs - y)
    inner = tf.minimum(off, 1.0 if is_absent(tuning.delta) else cast_and_expand(tuning.delta, off))
    return tf.reduce_mean(inner * (off - inner / 2), axis=-2)


def poisson(y: Array, z: Array, tuning: Any) -> Any:
    """The mean over outputs of `exp(z) - y * z`: minus the log-likelihood of counts y, but for
    `log(y!)`. Source: McCullagh and Nelder, Generalized Linear Models, chapter 6; as in Keras's
    `poisson` of exp(z). Above 64 exp is its tangent there.
    """
    return tf.reduce_mean(exponential(z) - y * z, axis=-2)


def pinball(y: Array, outputs: Array, tuning: Any) -> Any:
    """The mean over quantiles q of `q * d` where `d = y - output` is positive, `(q - 1) * d`
    elsewhere. Source: Koenker and Bassett, "Regression quantiles" (1978).

    Predictions are the outputs in ascending order, so that quantiles never cross; that makes none
    of them worse (Chernozhukov, Fernández-Val and Galichon, 2010).
    """
    q = tf.cast(tuning.quantiles, outputs.dtype)[..., None]
    off = y - outputs
    return tf.reduce_mean(tf.maximum(q * off, (q - 1) * off), axis=-2)


def softmax_cross_entropy(y: Array, logits: Array, tuning: Any) -> Any:
    """`log(sum(exp(z))) - sum(y * z)` over classes: minus the log-likelihood of y, of the sum 1.

    Source: Bishop, Pattern Recognition and Machine Learning, equation 4.108.
    """
    y = _smoothed(y, tuning.label_smoothing, y.shape[-2])
    shifted = logits - tf.stop_gradient(tf.reduce_max(logits, axis=-2, keepdims=True))
    total = tf.reduce_sum(tf.exp(shifted), axis=-2)
    return tf.math.log(total) - tf.reduce_sum(y * shifted, axis=-2)


def sigmoid_cross_entropy(y: Array, z: Array, tuning: Any) -> Any:
    """The mean over labels of `log(1 + exp(z)) - y * z`: minus the log-likelihood of y, 0 or 1.

    With label weights, `w_1 * y * log(1 + exp(-z)) + w_0 * (1 - y) * log(1 + exp(z))`. Source:
    Bishop, equation 4.90; the mean as in Keras's `binary_crossentropy`.
    """
    y = _smoothed(y, tuning.label_smoothing, 2)
    ones, both = y, 1.0
    if not is_absent(tuning.label_weights):
        weights = tf.cast(tuning.label_weights, z.dtype)
        ones = weights[..., 1, None] * y
        both = ones + weights[..., 0, None] * (1 - y)
    return tf.reduce_mean(both * tf.nn.softplus(z) - ones * z, axis=-2)


def _smoothed(y: Array, smoothing: Array, classes: int) -> Any:
    """Targets drawn toward an even distribution over so many classes."""
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
    """Targets as columns `[..., K, B]` for features of this rank: labels become one-hot columns."""
    if len(y.shape) == rank:
        return tf.linalg.matrix_transpose(y)
    if net.has_class_labels:
        return tf.cast(y[..., None, :] == tf.range(net.sizes[-1])[:, None], dtype)
    return y[..., None, :]


@signatures.implements(public.one_hot)
def one_hot(labels: Array, classes: int) -> tf.Tensor:
    classes = checks.integer("classes", classes, least=1)
    return tf.gather(tf.eye(classes), checks.labels("labels", labels, classes))
