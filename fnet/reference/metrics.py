"""Measures of predictions, in NumPy. Twin of `metrics.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
Each function takes what was said of rows, `[..., B, K]`, the truth, and weights, one number a row;
its body, which `training.py` uses too, takes labels `[..., B]` or rows `[..., B, K]`.
"""

import numpy as np

from fnet.core import checks


def accuracy(logits, labels, weights=None):
    """The share of rows whose largest entry is the label's: `[...]`, from 0 to 1."""
    return _accuracy(*_ranked(logits, labels, weights))


def balanced_accuracy(logits, labels, weights=None):
    """The mean over classes that have weight of their recall."""
    return _balanced_accuracy(*_ranked(logits, labels, weights))


def top_k_accuracy(logits, labels, k=2, weights=None):
    """The share of rows whose label is among the k largest entries; of equal ones the last wins."""
    logits, labels, weights = _ranked(logits, labels, weights)
    return _top_k_accuracy(logits, labels, weights, checks.integer("k", k, 1, logits.shape[-1]))


def log_loss(probabilities, labels, weights=None):
    """The mean of `-sum(y * log(p))` over rows, with p clipped to [eps, 1 - eps]."""
    p, labels, rows, weights = checks.probabilities(probabilities, labels, weights)
    return _log_loss(p, labels if rows else np.eye(p.shape[-1])[labels], _weights(weights, p))


def subset_accuracy(logits, labels, weights=None):
    """The share of rows of which all labels are right: 1 where the logit is above 0, and 0 else."""
    logits, labels, weights = checks.indicators(logits, labels, weights)
    return _subset_accuracy(logits, labels, _weights(weights, logits))


def mean_squared_error(predictions, y, weights=None):
    """The mean of `(a - y)**2` over rows and outputs."""
    return _mean_squared_error(*_estimated(predictions, y, weights))


def mean_absolute_error(predictions, y, weights=None):
    """The mean of `|a - y|` over rows and outputs."""
    return _mean_absolute_error(*_estimated(predictions, y, weights))


def r2(predictions, y, weights=None):
    """`1 - sum(w * (a - y)**2) / sum(w * (y - mean(y))**2)`, averaged over outputs."""
    return _r2(*_estimated(predictions, y, weights))


def mean_pinball_loss(predictions, y, quantiles, weights=None):
    """The mean of `max(q * (y - a), (q - 1) * (y - a))` over rows and quantiles q."""
    predictions, y, weights = checks.regression_pairs(predictions, y, weights, outputs=1)
    quantiles = checks.quantiles(quantiles, predictions)
    return _mean_pinball_loss(predictions, y, _weights(weights, predictions), quantiles)


# The bodies: what each measures.


def _accuracy(logits, labels, weights):
    return _mean(logits.argmax(axis=-1) == labels, weights)


def _balanced_accuracy(logits, labels, weights):
    of_class = weights[..., None] * np.eye(logits.shape[-1])[labels]  # [..., B, K]
    hits = logits.argmax(axis=-1) == labels
    support = of_class.sum(axis=-2)
    recalls = np.sum(of_class * hits[..., None], axis=-2) / np.where(support == 0, 1, support)
    return np.sum(recalls, axis=-1) / np.sum(support > 0, axis=-1)


def _top_k_accuracy(logits, labels, weights, k=2):
    labels = np.broadcast_to(labels, logits.shape[:-1])[..., None]
    own = np.take_along_axis(logits, labels, axis=-1)
    later = np.arange(logits.shape[-1]) > labels
    before = (logits > own) | ((logits == own) & later)
    return _mean(before.sum(axis=-1) < k, weights)


def _log_loss(probabilities, y, weights):
    eps = np.finfo(probabilities.dtype).eps
    p = np.clip(probabilities, eps, 1 - eps).astype(np.float64)
    return _mean(-np.sum(y * np.log(p), axis=-1), weights)


def _subset_accuracy(logits, labels, weights):
    return _mean(np.all((logits > 0) == (labels > 0.5), axis=-1), weights)


def _mean_squared_error(predictions, y, weights):
    return _mean(np.mean(_off(predictions, y) ** 2, axis=-1), weights)


def _mean_absolute_error(predictions, y, weights):
    return _mean(np.mean(np.abs(_off(predictions, y)), axis=-1), weights)


def _r2(predictions, y, weights):
    y, each = y.astype(np.float64), weights[..., None]
    left = np.sum(each * _off(predictions, y) ** 2, axis=-2)
    # Taken from the least target, what is constant has a mean and a spread without rounding.
    least = np.min(np.where(each > 0, y, np.inf), axis=-2, keepdims=True)
    y = np.where(each > 0, y - least, 0)
    mean = np.sum(each * y, axis=-2, keepdims=True) / np.sum(each, axis=-2, keepdims=True)
    spread = np.sum(each * (y - mean) ** 2, axis=-2)
    scores = np.where(spread == 0, left == 0, 1 - left / np.where(spread == 0, 1, spread))
    return np.where(np.sum(weights > 0, axis=-1) < 2, np.nan, scores.mean(axis=-1))[()]


def _mean_pinball_loss(predictions, y, weights, quantiles):
    off, q = -_off(predictions, y), quantiles[..., None, :]
    return _mean(np.mean(np.maximum(q * off, (q - 1) * off), axis=-1), weights)


NUMBERS = {
    "mean_squared_error": _mean_squared_error,
    "mean_absolute_error": _mean_absolute_error,
    "r2": _r2,
}

METRICS = {
    "multiclass": {
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "top_k_accuracy": _top_k_accuracy,
        "log_loss": _log_loss,
    },
    "multilabel": {"accuracy": _subset_accuracy},
    "real": NUMBERS,
    "counts": NUMBERS,
    "quantiles": {"mean_pinball_loss": _mean_pinball_loss},
}
"""The bodies of the metrics that `train` measures, by the kind of targets (`network.Loss`)."""


def _mean(values, weights):
    """The mean of values `[..., B]` by weight."""
    return np.sum(weights * values, axis=-1) / np.sum(weights, axis=-1)


def _off(predictions, y):
    return predictions.astype(np.float64) - y


# The arguments of the public functions, checked.


def _weights(weights, rows):
    return np.ones(rows.shape[-2]) if weights is None else weights.astype(np.float64)


def _ranked(logits, labels, weights):
    logits, labels, rows, weights = checks.scores(logits, labels, weights)
    return logits, labels.argmax(axis=-1) if rows else labels, _weights(weights, logits)


def _estimated(predictions, y, weights):
    predictions, y, weights = checks.regression_pairs(predictions, y, weights)
    return predictions, y, _weights(weights, predictions)
