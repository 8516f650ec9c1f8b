"""Measures of predictions, on TensorFlow. Twin: `reference/metrics.py`.

Names, meanings and conventions are scikit-learn's. Each function takes what was said of rows,
`[..., B, K]`, the truth, and weights, which are one number a row, `[B]` or `[..., B]`, or None for
equal ones. Any axes may lead, and the result has them: `[...]`, float64. The truth may do without
them: then it is that of all members alike. For classes it is integer labels `[..., B]` or one-hot
rows `[..., B, K]`, of which the largest entry counts; for numbers y is `[..., B, K]`, or `[..., B]`
for a single output.

All raise InvalidArgument for shapes that do not fit each other, for what is not finite, and for
weights that are negative or all 0.

Each has a body of which `program.py` makes use too. As inside a network (`functions.py`) a row is a
column there: predictions and targets are `[..., K, B]`, labels and weights are `[..., B]`.
"""

import numpy as np
import tensorflow as tf

from fnet.core import checks
from fnet.engine import tensors


@tensors.no_autograph
def accuracy(logits, labels, weights=None):
    """The share of rows whose largest entry is the label's: `[...]`, from 0 to 1.

    Of equal entries the first counts.
    """
    return _accuracy(*_ranked(logits, labels, weights))


@tensors.no_autograph
def balanced_accuracy(logits, labels, weights=None):
    """The mean over classes of their recall: the share of the class's rows that `accuracy` counts.

    Classes without a row of weight are left out. Source: Brodersen et al., "The balanced accuracy
    and its posterior distribution" (2010).
    """
    return _balanced_accuracy(*_ranked(logits, labels, weights))


@tensors.no_autograph
def top_k_accuracy(logits, labels, k=2, weights=None):
    """The share of rows whose label is among the k largest entries, k from 1 to K.

    Of equal entries the last counts first, as in scikit-learn's `top_k_accuracy_score`.
    """
    logits, labels, weights = _ranked(logits, labels, weights)
    return _top_k_accuracy(logits, labels, weights, checks.integer("k", k, 1, logits.shape[-2]))


@tensors.no_autograph
def log_loss(probabilities, labels, weights=None):
    """The mean of `-sum(y * log(p))` over rows: of one-hot rows y, `-log(p)` of the label.

    Probabilities are what `predict` returns under softmax_cross_entropy: rows of the sum 1. As in
    scikit-learn they are clipped to [eps, 1 - eps], with the eps of their dtype. Labels may be rows
    of probabilities.
    """
    probabilities, labels, rows, weights = checks.probabilities(probabilities, labels, weights)
    p, weights = _columns(probabilities), _weights(weights, probabilities)
    y = _columns(labels, np.float64) if rows else _one_hot(tensors.tensor(labels, np.int64), p)
    return _log_loss(p, y, weights)


@tensors.no_autograph
def subset_accuracy(logits, labels, weights=None):
    """The share of rows of which all labels are right: 1 where the logit is above 0, and 0 else.

    Labels are rows of 0 and 1, `[..., B, K]`, or `[B, K]` for all members alike. scikit-learn's
    `accuracy_score` of such rows.
    """
    logits, labels, weights = checks.indicators(logits, labels, weights)
    return _subset_accuracy(_columns(logits), _columns(labels), _weights(weights, logits))


@tensors.no_autograph
def mean_squared_error(predictions, y, weights=None):
    """The mean of `(a - y)**2` over rows and outputs."""
    return _mean_squared_error(*_estimated(predictions, y, weights))


@tensors.no_autograph
def mean_absolute_error(predictions, y, weights=None):
    """The mean of `|a - y|` over rows and outputs."""
    return _mean_absolute_error(*_estimated(predictions, y, weights))


@tensors.no_autograph
def r2(predictions, y, weights=None):
    """`1 - sum(w * (a - y)**2) / sum(w * (y - mean(y))**2)`, averaged over outputs: 1 at the most.

    For targets that are constant it is 1 where the prediction is perfect, and 0 where it is not;
    NaN for fewer than two rows of weight. Source: scikit-learn's `r2_score`.
    """
    return _r2(*_estimated(predictions, y, weights))


@tensors.no_autograph
def mean_pinball_loss(predictions, y, quantiles, weights=None):
    """The mean of `max(q * (y - a), (q - 1) * (y - a))` over rows and quantiles q.

    Predictions are `[..., B, Q]`, a column for each of the quantiles, which are `[Q]` or `[..., Q]`
    and between 0 and 1; y is `[..., B]` or `[..., B, 1]`. Source: Koenker and Bassett, "Regression
    quantiles" (1978).
    """
    predictions, y, weights = checks.regression_pairs(predictions, y, weights, outputs=1)
    quantiles = tensors.tensor(checks.quantiles(quantiles, predictions), np.float64)
    columns = _columns(predictions), _columns(y, np.float64), _weights(weights, predictions)
    return _mean_pinball_loss(*columns, quantiles)


# The bodies: what each measures, in columns.


def _accuracy(logits, labels, weights):
    return _mean(tf.argmax(logits, -2) == labels, weights)


def _balanced_accuracy(logits, labels, weights):
    of_class = weights[..., None, :] * _one_hot(labels, logits)
    hits = tf.cast(tf.argmax(logits, -2) == labels, tf.float64)
    support = tf.reduce_sum(of_class, -1)
    recalls = tf.math.divide_no_nan(tf.reduce_sum(of_class * hits[..., None, :], -1), support)
    return tf.reduce_sum(recalls, -1) / tf.reduce_sum(tf.cast(support > 0, tf.float64), -1)


def _top_k_accuracy(logits, labels, weights, k=2):
    classes, labels = _classes(logits), labels[..., None, :]
    own = tf.where(classes == labels, logits, tf.zeros_like(logits))
    own = tf.reduce_sum(own, -2, keepdims=True)
    before = (logits > own) | ((logits == own) & (classes > labels))
    return _mean(tf.reduce_sum(tf.cast(before, tf.int32), -2) < k, weights)


def _log_loss(probabilities, y, weights):
    eps = float(np.finfo(probabilities.dtype.as_numpy_dtype).eps)
    p = tf.clip_by_value(tf.cast(probabilities, tf.float64), eps, 1 - eps)
    return _mean(-tf.reduce_sum(tf.cast(y, tf.float64) * tf.math.log(p), -2), weights)


def _subset_accuracy(logits, labels, weights):
    right = (logits > 0) == (tf.cast(labels, tf.float64) > 0.5)
    return _mean(tf.reduce_all(right, -2), weights)


def _mean_squared_error(predictions, y, weights):
    return _mean(tf.reduce_mean(_off(predictions, y) ** 2, -2), weights)


def _mean_absolute_error(predictions, y, weights):
    return _mean(tf.reduce_mean(tf.abs(_off(predictions, y)), -2), weights)


def _r2(predictions, y, weights):
    y, each = tf.cast(y, tf.float64), weights[..., None, :]
    left = tf.reduce_sum(each * _off(predictions, y) ** 2, -1)
    # Taken from the least target, what is constant has a mean and a spread without rounding.
    none, nan = (tf.constant(v, tf.float64) for v in (np.inf, np.nan))
    least = tf.reduce_min(tf.where(each > 0, y, none), -1, keepdims=True)
    y = tf.where(each > 0, y - least, tf.zeros_like(y))
    spread = tf.reduce_sum(each * (y - _mean(y, each)[..., None]) ** 2, -1)
    perfect = tf.cast(left == 0, tf.float64)
    scores = tf.where(spread == 0, perfect, 1 - tf.math.divide_no_nan(left, spread))
    rows = tf.reduce_sum(tf.cast(weights > 0, tf.int32), -1)
    return tf.where(rows < 2, nan, tf.reduce_mean(scores, -1))


def _mean_pinball_loss(predictions, y, weights, quantiles):
    off, q = -_off(predictions, y), quantiles[..., None]
    return _mean(tf.reduce_mean(tf.maximum(q * off, (q - 1) * off), -2), weights)


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
    values = tf.cast(values, tf.float64)
    return tf.reduce_sum(weights * values, -1) / tf.reduce_sum(weights, -1)


def _off(predictions, y):
    return tf.cast(predictions, tf.float64) - tf.cast(y, tf.float64)


def _classes(logits):
    """The class of each row of logits `[..., K, B]`: `[K, 1]`."""
    return tf.range(tf.shape(logits, tf.int64)[-2])[:, None]


def _one_hot(labels, logits):
    return tf.cast(labels[..., None, :] == _classes(logits), tf.float64)


# The arguments of the public functions, checked, in columns.


def _columns(rows, dtype=None):
    return tf.linalg.matrix_transpose(tensors.tensor(rows, dtype))


def _weights(weights, rows):
    if weights is None:
        return tf.ones(tf.shape(rows)[-2:-1], tf.float64)
    return tensors.tensor(weights, np.float64)


def _ranked(logits, labels, weights):
    logits, labels, rows, weights = checks.scores(logits, labels, weights)
    if rows:
        labels = tf.argmax(tensors.tensor(labels, np.float64), -1)
    else:
        labels = tensors.tensor(labels, np.int64)
    return _columns(logits), labels, _weights(weights, logits)


def _estimated(predictions, y, weights):
    predictions, y, weights = checks.regression_pairs(predictions, y, weights)
    return _columns(predictions), _columns(y, np.float64), _weights(weights, predictions)
