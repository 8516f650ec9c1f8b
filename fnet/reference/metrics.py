"""Metrics of predictions, in NumPy. Twin of `engine/metrics.py`.

Signatures and docstrings are in `core/signatures/metrics.py`. The formulas of the engine are
repeated on purpose: a test oracle must not import what it checks.

Each public function checks its arguments and calls a private one, which `training.py` calls too.
The private ones take labels `[..., B]` or rows `[..., B, K]`, and weights `[..., B]`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core import checks, signatures
from fnet.core.signatures import metrics as public

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
def accuracy(logits: Any, labels: Any, weights: Any = None) -> npt.NDArray[Any]:
    return _accuracy(*_check_classes(logits, labels, weights))


@signatures.implements(public.balanced_accuracy)
def balanced_accuracy(logits: Any, labels: Any, weights: Any = None) -> npt.NDArray[Any]:
    return _balanced_accuracy(*_check_classes(logits, labels, weights))


@signatures.implements(public.top_k_accuracy)
def top_k_accuracy(logits: Any, labels: Any, k: int = 2, weights: Any = None) -> npt.NDArray[Any]:
    logits, labels, weights = _check_classes(logits, labels, weights)
    return _top_k_accuracy(logits, labels, weights, checks.integer("k", k, 1, logits.shape[-1]))


@signatures.implements(public.log_loss)
def log_loss(probabilities: Any, labels: Any, weights: Any = None) -> npt.NDArray[Any]:
    p, labels, rows, weights = checks.probabilities(probabilities, labels, weights)
    return _log_loss(p, labels if rows else np.eye(p.shape[-1])[labels], _weights(weights, p))


@signatures.implements(public.subset_accuracy)
def subset_accuracy(logits: Any, labels: Any, weights: Any = None) -> npt.NDArray[Any]:
    logits, labels, weights = checks.indicators(logits, labels, weights)
    return _subset_accuracy(logits, labels, _weights(weights, logits))


@signatures.implements(public.mean_squared_error)
def mean_squared_error(predictions: Any, y: Any, weights: Any = None) -> npt.NDArray[Any]:
    return _mean_squared_error(*_check_regression(predictions, y, weights))


@signatures.implements(public.mean_absolute_error)
def mean_absolute_error(predictions: Any, y: Any, weights: Any = None) -> npt.NDArray[Any]:
    return _mean_absolute_error(*_check_regression(predictions, y, weights))


@signatures.implements(public.r2)
def r2(predictions: Any, y: Any, weights: Any = None) -> npt.NDArray[Any]:
    return _r2(*_check_regression(predictions, y, weights))


@signatures.implements(public.mean_pinball_loss)
def mean_pinball_loss(
    predictions: Any, y: Any, quantiles: Any, weights: Any = None
) -> npt.NDArray[Any]:
    predictions, y, weights = checks.regression_pairs(predictions, y, weights, outputs=1)
    quantiles = checks.quantiles(quantiles, predictions)
    return _mean_pinball_loss(predictions, y, _weights(weights, predictions), quantiles)


# The formulas.


def _accuracy(logits: Any, labels: Any, weights: Any) -> npt.NDArray[Any]:
    return _mean(logits.argmax(axis=-1) == labels, weights)


def _balanced_accuracy(logits: Any, labels: Any, weights: Any) -> npt.NDArray[Any]:
    by_class = weights[..., None] * np.eye(logits.shape[-1])[labels]  # [..., B, K]
    hits = logits.argmax(axis=-1) == labels
    support = by_class.sum(axis=-2)
    recalls = np.sum(by_class * hits[..., None], axis=-2) / np.where(support == 0, 1, support)
    mean: npt.NDArray[Any] = np.sum(recalls, axis=-1) / np.sum(support > 0, axis=-1)
    return mean


def _top_k_accuracy(logits: Any, labels: Any, weights: Any, k: int = 2) -> npt.NDArray[Any]:
    labels = np.broadcast_to(labels, logits.shape[:-1])[..., None]
    own = np.take_along_axis(logits, labels, axis=-1)
    after = np.arange(logits.shape[-1]) > labels
    ahead = (logits > own) | ((logits == own) & after)
    return _mean(ahead.sum(axis=-1) < k, weights)


def _log_loss(probabilities: Any, y: Any, weights: Any) -> npt.NDArray[Any]:
    eps = np.finfo(probabilities.dtype).eps
    p = np.clip(probabilities, eps, 1 - eps).astype(np.float64)
    return _mean(-np.sum(y * np.log(p), axis=-1), weights)


def _subset_accuracy(logits: Any, labels: Any, weights: Any) -> npt.NDArray[Any]:
    return _mean(np.all((logits > 0) == (labels > 0.5), axis=-1), weights)


def _mean_squared_error(predictions: Any, y: Any, weights: Any) -> npt.NDArray[Any]:
    return _mean(np.mean(_errors(predictions, y) ** 2, axis=-1), weights)


def _mean_absolute_error(predictions: Any, y: Any, weights: Any) -> npt.NDArray[Any]:
    return _mean(np.mean(np.abs(_errors(predictions, y)), axis=-1), weights)


def _r2(predictions: Any, y: Any, weights: Any) -> npt.NDArray[Any]:
    y, w = y.astype(np.float64), weights[..., None]
    residual = np.sum(w * _errors(predictions, y) ** 2, axis=-2)
    # Subtracting the smallest target first makes the variance of a constant exactly 0.
    smallest = np.min(np.where(w > 0, y, np.inf), axis=-2, keepdims=True)
    y = np.where(w > 0, y - smallest, 0)
    mean = np.sum(w * y, axis=-2, keepdims=True) / np.sum(w, axis=-2, keepdims=True)
    total = np.sum(w * (y - mean) ** 2, axis=-2)
    scores = np.where(total == 0, residual == 0, 1 - residual / np.where(total == 0, 1, total))
    r2: npt.NDArray[Any] = np.where(np.sum(weights > 0, axis=-1) < 2, np.nan, scores.mean(axis=-1))
    return r2[()]


def _mean_pinball_loss(predictions: Any, y: Any, weights: Any, quantiles: Any) -> npt.NDArray[Any]:
    errors, q = -_errors(predictions, y), quantiles[..., None, :]
    return _mean(np.mean(np.maximum(q * errors, (q - 1) * errors), axis=-1), weights)


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


def _mean(values: Any, weights: Any) -> npt.NDArray[Any]:
    """The weighted mean of values `[..., B]` over rows."""
    mean: npt.NDArray[Any] = np.sum(weights * values, axis=-1) / np.sum(weights, axis=-1)
    return mean


def _errors(predictions: Any, y: Any) -> Any:
    return predictions.astype(np.float64) - y


# Arguments of the public functions, checked.


def _weights(weights: Any, rows: Any) -> Any:
    return np.ones(rows.shape[-2]) if weights is None else weights.astype(np.float64)


def _check_classes(logits: Any, labels: Any, weights: Any) -> tuple[Any, ...]:
    logits, labels, rows, weights = checks.scores(logits, labels, weights)
    return logits, labels.argmax(axis=-1) if rows else labels, _weights(weights, logits)


def _check_regression(predictions: Any, y: Any, weights: Any) -> tuple[Any, ...]:
    predictions, y, weights = checks.regression_pairs(predictions, y, weights)
    return predictions, y, _weights(weights, predictions)
