"""Signatures of the metrics. Names, meanings and conventions are scikit-learn's.

Shapes: B rows, K classes or outputs, and leading axes `...`, which the result has. True values may
lack the leading axes: then all members share them. Weights are one number for each row.
"""

from __future__ import annotations

from fnet.core.aliases import Array, ArrayLike


def accuracy(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Array:
    """The fraction of rows whose largest logit is that of the true class.

    If several logits are the largest, the first of them counts.

    Args:
        logits: Logits or probabilities, `[..., B, K]`.
        labels: Integer labels `[..., B]`, or rows `[..., B, K]` whose largest entry is the class;
            or either without the leading axes.
        weights: A number of at least 0 for each row, `[B]` or `[..., B]`; None for equal weights.

    Returns:
        The accuracy from 0 to 1, float64 `[...]`.

    Raises:
        InvalidArgument: Shapes do not fit each other, a value is not finite, a label is out of
            range, or weights are negative or all 0.

    Example:
        >>> import fnet
        >>> float(fnet.reference.accuracy([[2.0, 1.0], [0.0, 3.0]], [0, 0]))
        0.5

    References:
        `sklearn.metrics.accuracy_score`.
    """


def balanced_accuracy(
    logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None
) -> Array:
    """The mean over classes of their recall: the accuracy among the rows of a class.

    Classes without a row of positive weight are left out.

    Args:
        logits: Logits or probabilities, `[..., B, K]`.
        labels: Integer labels `[..., B]`, or rows `[..., B, K]` whose largest entry is the class;
            or either without the leading axes.
        weights: A number of at least 0 for each row, `[B]` or `[..., B]`; None for equal weights.

    Returns:
        The balanced accuracy from 0 to 1, float64 `[...]`.

    Raises:
        InvalidArgument: Shapes do not fit each other, a value is not finite, a label is out of
            range, or weights are negative or all 0.

    Example:
        >>> import fnet
        >>> logits = [[2.0, 1.0], [2.0, 1.0], [2.0, 1.0]]
        >>> float(fnet.reference.metrics.balanced_accuracy(logits, [0, 0, 1]))
        0.5

    References:
        Brodersen et al., "The balanced accuracy and its posterior distribution" (2010);
        `sklearn.metrics.balanced_accuracy_score`.
    """


def top_k_accuracy(
    logits: ArrayLike, labels: ArrayLike, k: int = 2, weights: ArrayLike | None = None
) -> Array:
    """The share of rows whose true class is among the k largest logits.

    Of equal logits the last counts as the largest, as in scikit-learn.

    Args:
        logits: Logits or probabilities, `[..., B, K]`.
        labels: Integer labels `[..., B]`, or rows `[..., B, K]` whose largest entry is the class;
            or either without the leading axes.
        k: How many of the largest logits count, from 1 to K.
        weights: A number of at least 0 for each row, `[B]` or `[..., B]`; None for equal weights.

    Returns:
        The accuracy from 0 to 1, float64 `[...]`.

    Raises:
        InvalidArgument: Shapes do not fit each other, a value is not finite, a label or k is out
            of range, or weights are negative or all 0.

    Example:
        >>> import fnet
        >>> logits = [[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]]
        >>> float(fnet.reference.metrics.top_k_accuracy(logits, [1, 2], k=2))
        0.5

    References:
        `sklearn.metrics.top_k_accuracy_score`.
    """


def log_loss(
    probabilities: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None
) -> Array:
    """The mean over rows of `-sum(y * log(p))`, which is `-log(p)` of the true class.

    As in scikit-learn, p is clipped to `[eps, 1 - eps]`, with the eps of its dtype.

    Args:
        probabilities: Rows with the sum 1, `[..., B, K]`, as `predict` returns them under
            softmax_cross_entropy.
        labels: Integer labels `[..., B]`, or one-hot rows or probabilities `[..., B, K]`; or
            either without the leading axes.
        weights: A number of at least 0 for each row, `[B]` or `[..., B]`; None for equal weights.

    Returns:
        The loss, at least 0, float64 `[...]`.

    Raises:
        InvalidArgument: Shapes do not fit each other, rows are no probabilities, a label is out of
            range, or weights are negative or all 0.

    Example:
        >>> import fnet
        >>> float(fnet.reference.metrics.log_loss([[0.5, 0.5]], [1]).round(6))
        0.693147

    References:
        `sklearn.metrics.log_loss`.
    """


def subset_accuracy(
    logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None
) -> Array:
    """The fraction of rows with all labels correct. A label is predicted if its logit is > 0.

    Args:
        logits: Logits, `[..., B, K]`.
        labels: Rows of 0 and 1, `[..., B, K]`, or `[B, K]`, which all members share.
        weights: A number of at least 0 for each row, `[B]` or `[..., B]`; None for equal weights.

    Returns:
        The accuracy from 0 to 1, float64 `[...]`.

    Raises:
        InvalidArgument: Shapes do not fit each other, a logit is not finite, a label is not 0 or
            1, or weights are negative or all 0.

    Example:
        >>> import fnet
        >>> logits = [[2.0, -1.0], [2.0, -1.0]]
        >>> float(fnet.reference.metrics.subset_accuracy(logits, [[1, 0], [1, 1]]))
        0.5

    References:
        `sklearn.metrics.accuracy_score`, for several labels.
    """


def mean_squared_error(
    predictions: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None
) -> Array:
    """The mean over rows and outputs of `(a - y)**2`, for predictions a.

    Args:
        predictions: Predictions, `[..., B, K]`.
        y: Targets `[..., B, K]` or `[B, K]`; for a single output `[..., B]` or `[B]` too.
        weights: A number of at least 0 for each row, `[B]` or `[..., B]`; None for equal weights.

    Returns:
        The error, at least 0, float64 `[...]`.

    Raises:
        InvalidArgument: Shapes do not fit each other, a value is not finite, or weights are
            negative or all 0.

    Example:
        >>> import fnet
        >>> float(fnet.reference.metrics.mean_squared_error([[1.0], [2.0]], [1.0, 4.0]))
        2.0

    References:
        `sklearn.metrics.mean_squared_error`.
    """


def mean_absolute_error(
    predictions: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None
) -> Array:
    """The mean over rows and outputs of `|a - y|`, for predictions a.

    Args:
        predictions: Predictions, `[..., B, K]`.
        y: Targets `[..., B, K]` or `[B, K]`; for a single output `[..., B]` or `[B]` too.
        weights: A number of at least 0 for each row, `[B]` or `[..., B]`; None for equal weights.

    Returns:
        The error, at least 0, float64 `[...]`.

    Raises:
        InvalidArgument: Shapes do not fit each other, a value is not finite, or weights are
            negative or all 0.

    Example:
        >>> import fnet
        >>> float(fnet.reference.metrics.mean_absolute_error([[1.0], [2.0]], [1.0, 4.0]))
        1.0

    References:
        `sklearn.metrics.mean_absolute_error`.
    """


def r2(predictions: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> Array:
    """The coefficient of determination, averaged over outputs.

    `1 - sum(w * (a - y)**2) / sum(w * (y - mean(y))**2)` for predictions a. Where a target is
    constant it is 1 for perfect predictions and 0 for others.

    Args:
        predictions: Predictions, `[..., B, K]`.
        y: Targets `[..., B, K]` or `[B, K]`; for a single output `[..., B]` or `[B]` too.
        weights: A number w of at least 0 for each row, `[B]` or `[..., B]`; None for equal
            weights.

    Returns:
        The coefficient, at most 1, float64 `[...]`; NaN for fewer than two rows of positive
        weight.

    Raises:
        InvalidArgument: Shapes do not fit each other, a value is not finite, or weights are
            negative or all 0.

    Example:
        >>> import fnet
        >>> float(fnet.reference.metrics.r2([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0]))
        0.5

    References:
        `sklearn.metrics.r2_score`.
    """


def mean_pinball_loss(
    predictions: ArrayLike,
    y: ArrayLike,
    quantiles: ArrayLike,
    weights: ArrayLike | None = None,
) -> Array:
    """The mean over rows and quantiles q of `max(q * (y - a), (q - 1) * (y - a))`.

    Args:
        predictions: A prediction a of each quantile, `[..., B, Q]`.
        y: Targets `[..., B, 1]`, `[..., B]`, `[B, 1]` or `[B]`.
        quantiles: One for each column of predictions, `[Q]` or `[..., Q]`, each above 0 and below
            1.
        weights: A number of at least 0 for each row, `[B]` or `[..., B]`; None for equal weights.

    Returns:
        The loss, at least 0, float64 `[...]`.

    Raises:
        InvalidArgument: Shapes do not fit each other, a value is not finite, a quantile is out of
            range, or weights are negative or all 0.

    Example:
        >>> import fnet
        >>> float(fnet.reference.metrics.mean_pinball_loss([[1.0]], [3.0], [0.75]))
        1.5

    References:
        Koenker and Bassett, "Regression quantiles" (1978); `sklearn.metrics.mean_pinball_loss`.
    """
