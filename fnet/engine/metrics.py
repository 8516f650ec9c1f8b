"""Metrics of predictions, on TensorFlow. Twin: `reference/metrics.py`.

Signatures and docstrings are in `core/signatures/metrics.py`.

Each public function checks its arguments and calls a private one, which `compiled_loop.py` calls
too. The private ones take columns, as in `functions.py`: predictions and targets `[..., K, B]`,
labels and weights `[..., B]`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core import checks, signatures
from fnet.core.signatures import metrics as public
from fnet.engine import tensors

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "mean_absolute_error",
    "mean_pinball_loss",
    "mean_squared_error",
    "r2",
    "subset_accuracy",
    "top_k_accuracy",
]


@signatures.implements(public.accuracy)
@tensors.no_autograph
def accuracy(logits: Any, labels: Any, weights: Any = None) -> tf.Tensor:
    return _accuracy(*_check_classes(logits, labels, weights))


@signatures.implements(public.balanced_accuracy)
@tensors.no_autograph
def balanced_accuracy(logits: Any, labels: Any, weights: Any = None) -> tf.Tensor:
    return _balanced_accuracy(*_check_classes(logits, labels, weights))


@signatures.implements(public.top_k_accuracy)
@tensors.no_autograph
def top_k_accuracy(logits: Any, labels: Any, k: int = 2, weights: Any = None) -> tf.Tensor:
    logits, labels, weights = _check_classes(logits, labels, weights)
    return _top_k_accuracy(logits, labels, weights, checks.integer("k", k, 1, logits.shape[-2]))


@signatures.implements(public.log_loss)
@tensors.no_autograph
def log_loss(probabilities: Any, labels: Any, weights: Any = None) -> tf.Tensor:
    probabilities, labels, rows, weights = checks.probabilities(probabilities, labels, weights)
    p, weights = _columns(probabilities), _weights(weights, probabilities)
    y = _columns(labels, np.float64) if rows else _one_hot(tensors.tensor(labels, np.int64), p)
    return _log_loss(p, y, weights)


@signatures.implements(public.subset_accuracy)
@tensors.no_autograph
def subset_accuracy(logits: Any, labels: Any, weights: Any = None) -> tf.Tensor:
    logits, labels, weights = checks.indicators(logits, labels, weights)
    return _subset_accuracy(_columns(logits), _columns(labels), _weights(weights, logits))


@signatures.implements(public.mean_squared_error)
@tensors.no_autograph
def mean_squared_error(predictions: Any, y: Any, weights: Any = None) -> tf.Tensor:
    return _mean_squared_error(*_check_regression(predictions, y, weights))


@signatures.implements(public.mean_absolute_error)
@tensors.no_autograph
def mean_absolute_error(predictions: Any, y: Any, weights: Any = None) -> tf.Tensor:
    return _mean_absolute_error(*_check_regression(predictions, y, weights))


@signatures.implements(public.r2)
@tensors.no_autograph
def r2(predictions: Any, y: Any, weights: Any = None) -> tf.Tensor:
    return _r2(*_check_regression(predictions, y, weights))


@signatures.implements(public.mean_pinball_loss)
@tensors.no_autograph
def mean_pinball_loss(predictions: Any, y: Any, quantiles: Any, weights: Any = None) -> tf.Tensor:
    predictions, y, weights = checks.regression_pairs(predictions, y, weights, outputs=1)
    quantiles = tensors.tensor(checks.quantiles(quantiles, predictions), np.float64)
    columns = _columns(predictions), _columns(y, np.float64), _weights(weights, predictions)
    return _mean_pinball_loss(*columns, quantiles)


# The formulas, on columns.


def _accuracy(logits: Any, labels: Any, weights: Any) -> Any:
    return _mean(tf.argmax(logits, -2) == labels, weights)


def _balanced_accuracy(logits: Any, labels: Any, weights: Any) -> Any:
    by_class = weights[..., None, :] * _one_hot(labels, logits)
    hits = tf.cast(tf.argmax(logits, -2) == labels, tf.float64)
    support = tf.reduce_sum(by_class, -1)
    recalls = tf.math.divide_no_nan(tf.reduce_sum(by_class * hits[..., None, :], -1), support)
    return tf.reduce_sum(recalls, -1) / tf.reduce_sum(tf.cast(support > 0, tf.float64), -1)


def _top_k_accuracy(logits: Any, labels: Any, weights: Any, k: int = 2) -> Any:
    classes, labels = _classes(logits), labels[..., None, :]
    own = tf.where(classes == labels, logits, tf.zeros_like(logits))
    own = tf.reduce_sum(own, -2, keepdims=True)
    ahead = (logits > own) | ((logits == own) & (classes > labels))
    return _mean(tf.reduce_sum(tf.cast(ahead, tf.int32), -2) < k, weights)


def _log_loss(probabilities: Any, y: Any, weights: Any) -> Any:
    eps = float(np.finfo(probabilities.dtype.as_numpy_dtype).eps)
    p = tf.clip_by_value(tf.cast(probabilities, tf.float64), eps, 1 - eps)
    return _mean(-tf.reduce_sum(tf.cast(y, tf.float64) * tf.math.log(p), -2), weights)


def _subset_accuracy(logits: Any, labels: Any, weights: Any) -> Any:
    right = (logits > 0) == (tf.cast(labels, tf.float64) > 0.5)
    return _mean(tf.reduce_all(right, -2), weights)


def _mean_squared_error(predictions: Any, y: Any, weights: Any) -> Any:
    return _mean(tf.reduce_mean(_errors(predictions, y) ** 2, -2), weights)


def _mean_absolute_error(predictions: Any, y: Any, weights: Any) -> Any:
    return _mean(tf.reduce_mean(tf.abs(_errors(predictions, y)), -2), weights)


def _r2(predictions: Any, y: Any, weights: Any) -> Any:
    y, w = tf.cast(y, tf.float64), weights[..., None, :]
    residual = tf.reduce_sum(w * _errors(predictions, y) ** 2, -1)
    # Subtracting the smallest target first makes the variance of a constant exactly 0.
    infinity, nan = (tf.constant(v, tf.float64) for v in (np.inf, np.nan))
    smallest = tf.reduce_min(tf.where(w > 0, y, infinity), -1, keepdims=True)
    y = tf.where(w > 0, y - smallest, tf.zeros_like(y))
    total = tf.reduce_sum(w * (y - _mean(y, w)[..., None]) ** 2, -1)
    perfect = tf.cast(residual == 0, tf.float64)
    scores = tf.where(total == 0, perfect, 1 - tf.math.divide_no_nan(residual, total))
    rows = tf.reduce_sum(tf.cast(weights > 0, tf.int32), -1)
    return tf.where(rows < 2, nan, tf.reduce_mean(scores, -1))


def _mean_pinball_loss(predictions: Any, y: Any, weights: Any, quantiles: Any) -> Any:
    errors, q = -_errors(predictions, y), quantiles[..., None]
    return _mean(tf.reduce_mean(tf.maximum(q * errors, (q - 1) * errors), -2), weights)


REGRESSION = {
    "mean_squared_error": _mean_squared_error,
    "mean_absolute_error": _mean_absolute_error,
    "r2": _r2,
}

METRICS: dict[str, dict[str, Callable[..., Any]]] = {
    "multiclass": {
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "top_k_accuracy": _top_k_accuracy,
        "log_loss": _log_loss,
    },
    "multilabel": {"accuracy": _subset_accuracy},
    "real": REGRESSION,
    "counts": REGRESSION,
    "quantiles": {"mean_pinball_loss": _mean_pinball_loss},
}
"""The metrics that `train` measures, by kind of targets (`Loss` of `core/network.py`)."""


def _mean(values: Any, weights: Any) -> Any:
    """The weighted mean of values `[..., B]` over rows."""
    values = tf.cast(values, tf.float64)
    return tf.reduce_sum(weights * values, -1) / tf.reduce_sum(weights, -1)


def _errors(predictions: Any, y: Any) -> Any:
    return tf.cast(predictions, tf.float64) - tf.cast(y, tf.float64)


def _classes(logits: Any) -> Any:
    """The index of each class of logits `[..., K, B]`: `[K, 1]`."""
    return tf.range(tf.shape(logits, tf.int64)[-2])[:, None]


def _one_hot(labels: Any, logits: Any) -> Any:
    return tf.cast(labels[..., None, :] == _classes(logits), tf.float64)


# Arguments of the public functions, checked and turned into columns.


def _columns(rows: Any, dtype: Any = None) -> Any:
    return tf.linalg.matrix_transpose(tensors.tensor(rows, dtype))


def _weights(weights: Any, rows: Any) -> Any:
    if weights is None:
        return tf.ones(tf.shape(rows)[-2:-1], tf.float64)
    return tensors.tensor(weights, np.float64)


def _check_classes(logits: Any, labels: Any, weights: Any) -> tuple[Any, ...]:
    logits, labels, rows, weights = checks.scores(logits, labels, weights)
    if rows:
        labels = tf.argmax(tensors.tensor(labels, np.float64), -1)
    else:
        labels = tensors.tensor(labels, np.int64)
    return _columns(logits), labels, _weights(weights, logits)


def _check_regression(predictions: Any, y: Any, weights: Any) -> tuple[Any, ...]:
    predictions, y, weights = checks.regression_pairs(predictions, y, weights)
    return _columns(predictions), _columns(y, np.float64), _weights(weights, predictions)
