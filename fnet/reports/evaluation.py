"""Evaluate a model on labelled data. The metrics are scikit-learn's."""

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from fnet.core import checks, conformal, containers
from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.files.model import Model

LABELS = {
    "accuracy": "accuracy",
    "baseline_accuracy": "baseline accuracy",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log loss",
    "roc_auc": "ROC AUC",
    "r2": "R²",
    "mean_absolute_error": "mean absolute error",
    "baseline_mean_absolute_error": "baseline mean absolute error",
    "root_mean_squared_error": "root mean squared error",
    "interval_coverage": "coverage of 90% intervals",
}
"""Every metric of an Evaluation, and how it is written for readers."""

COVERAGE = 0.9
"""The coverage of prediction intervals in an Evaluation."""

MAX_INTERVALS = 10_000
"""The most rows of which `evaluate` predicts intervals, which take longer than predictions."""


class ClassScores(NamedTuple):
    """Precision, recall and F1 of one class.

    Attributes:
        precision: The fraction of the rows predicted to be of the class that are; NaN where none
            was predicted.
        recall: The fraction of the rows of the class that were predicted to be; NaN where it has
            none.
        f1: The harmonic mean of both; NaN where the class neither occurs nor was predicted.
        rows: The number of rows of the class.
    """

    precision: float
    recall: float
    f1: float
    rows: int


class Evaluation(NamedTuple):
    """The metrics of a model on N rows, and the predictions behind them.

    Attributes:
        kind: "classification" or "regression".
        rows: N.
        metrics: The value of each metric by name, the main one first; NaN where it is not defined
            for these rows.
        by_class: The ClassScores of each class; () for regression.
        x: The rows, `[N, D]`.
        y_true: `[N]`: indices into `classes`, or numbers.
        y_pred: `[N]`, as `y_true`.
        y_prob: Probabilities `[N, K]`; None for regression.
        classes: The classes `[K]`; None for regression.
        intervals: Prediction intervals of COVERAGE, `[N, 2]`, of an ensemble of numbers; or None.
            `evaluate` leaves them out for more than MAX_INTERVALS rows.
        is_out_of_fold: Whether each row is predicted by networks that have not seen it.
    """

    kind: Literal["classification", "regression"]
    rows: int
    metrics: dict[str, float]
    by_class: tuple[ClassScores, ...]
    x: npt.NDArray[Any]
    y_true: npt.NDArray[Any]
    y_pred: npt.NDArray[Any]
    y_prob: npt.NDArray[Any] | None = None
    classes: npt.NDArray[Any] | None = None
    intervals: npt.NDArray[np.float64] | None = None
    is_out_of_fold: bool = False


def evaluate(
    model: Model, x: ArrayLike, y: ArrayLike, predictions: ArrayLike | None = None
) -> Evaluation:
    """Evaluate a model on labelled data.

    Classification has accuracy first, regression R². With them comes the baseline: the metric
    of a constant prediction, which is the most frequent class of y, or the median of y.

    Args:
        model: What `fnet.load` returned, with one target.
        x: Rows `[N, D]`, or a table with the columns in `model.features`.
        y: The true values `[N]`. For a classifier the class of each row, a number or a string as
            `predict` returns it; 0 to K - 1 for a model without names of classes. For a regressor
            finite numbers.
        predictions: The out-of-fold predictions of these rows, where the model was trained on them:
            probabilities `[N, K]` or numbers `[N]`. None to predict them.

    Returns:
        The Evaluation.

    Raises:
        InvalidArgument: The model has several targets, members or quantiles; or y is not finite, or
            holds a class that the model does not know. Messages about y count rows from 1.

    Example:
        >>> import fnet
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> fnet.save("line.fnet", (net, (fnet.Layer([[1.0]], [0.0]),)))
        >>> evaluate(fnet.load("line.fnet"), [[1], [2], [8]], [1, 2, 8]).metrics["r2"]
        1.0
    """
    if not isinstance(model, Model):
        raise InvalidArgument(f"model must be what fnet.load returned; got {model!r:.200}")
    classifies, is_out_of_fold = is_classifier(model), predictions is not None
    x, y = model._check_rows(x), containers.to_labels("y", y)
    rows, shape = x.shape[:1], y.shape
    if len(shape) != 1 or shape != rows:
        raise InvalidArgument(
            f"y must be one value per row, {list(rows)} for this x; got shape {list(shape)}"
        )
    alone = model._of_features()
    with np.errstate(over="ignore", invalid="ignore"):  # huge numbers have infinite squares
        if classifies:
            given = alone.predict_proba(x) if predictions is None else np.asarray(predictions)
            found = _classification(model, x, y, given)
        else:
            given = alone.predict(x) if predictions is None else np.asarray(predictions)
            found = _regression(x, y, given, _intervals(alone, x, given, is_out_of_fold))
    return found._replace(is_out_of_fold=is_out_of_fold)


def _intervals(
    model: Model, x: npt.NDArray[Any], predictions: npt.NDArray[Any], is_out_of_fold: bool
) -> npt.NDArray[np.float64] | None:
    """Intervals of COVERAGE, where the model has them. Those of held-out rows are all as wide."""
    kept = None if model.ensemble is None else model.ensemble.conformity
    if kept is None or 1 - 1 / (kept.rows + 1) < COVERAGE:
        return None
    if not is_out_of_fold:
        return model.predict_interval(x, COVERAGE) if len(x) <= MAX_INTERVALS else None
    around_0 = np.zeros((len(kept.scores), 1, 1))
    ends: npt.NDArray[np.float64] = conformal.interval(around_0, around_0, kept, COVERAGE)[0]
    return predictions[:, None] + ends


def is_classifier(model: Model) -> bool:
    """Whether the model is a classifier, or else a regressor; others are refused."""
    net = model.net
    members, outputs = checks.members_of(model.params), net.sizes[-1]
    if members and model.ensemble is None:
        came, hint = f"members {list(members)}", "Save the params of one member"
    elif net.targets == "quantiles":
        came = f"{net.loss} loss"
        hint = "Use fnet.metrics.mean_pinball_loss on its predictions"
    elif outputs > 1 and net.targets == "multilabel":
        came, hint = f"{outputs} labels", "Use fnet.metrics on its predictions"
    elif outputs > 1 and not net.has_class_labels:
        came, hint = f"{outputs} outputs", "Use fnet.metrics on its predictions"
    else:
        return net.targets in ("multiclass", "multilabel")
    raise InvalidArgument(
        "evaluate needs a model of one target: a classifier, or a regressor with one output; got "
        f"a model of {came}. {hint}"
    )


def _classification(
    model: Model, x: Any, y: npt.NDArray[Any], probabilities: npt.NDArray[Any]
) -> Evaluation:
    """The Evaluation of a classifier, given the probabilities."""
    count = max(model.net.sizes[-1], 1 if model.net.has_class_labels else 2)
    classes = np.arange(count) if model.classes is None else np.asarray(model.classes)
    count = len(classes)
    y_true = _class_indices(classes, y)
    y_prob = _finite(probabilities)
    y_pred = y_prob.argmax(axis=1)
    counts = np.bincount(y_true, minlength=count)
    occurring = np.flatnonzero(counts)
    scores = metrics.precision_recall_fscore_support(
        y_true, y_pred, labels=range(count), zero_division=np.nan
    )
    found = {
        "accuracy": metrics.accuracy_score(y_true, y_pred),
        "baseline_accuracy": counts.max() / len(y_true),
        "balanced_accuracy": metrics.recall_score(
            y_true, y_pred, labels=occurring, average="macro"
        ),
        "log_loss": metrics.log_loss(y_true, y_prob, labels=range(count)) if count > 1 else np.nan,
    }
    if count == 2:
        both = len(occurring) == 2
        found["roc_auc"] = metrics.roc_auc_score(y_true, y_prob[:, 1]) if both else np.nan
    return Evaluation(
        kind="classification",
        rows=len(y_true),
        metrics=_floats(found),
        by_class=tuple(
            ClassScores(float(precision), float(recall), float(f1), int(rows))
            for precision, recall, f1, rows in zip(*scores, strict=True)
        ),
        x=x,
        y_true=y_true,
        y_pred=y_pred,
        y_prob=y_prob,
        classes=classes,
    )


def _regression(
    x: Any,
    y: npt.NDArray[Any],
    predictions: npt.NDArray[Any],
    intervals: npt.NDArray[np.float64] | None,
) -> Evaluation:
    """The Evaluation of a regressor, given the predictions."""
    y_true = np.asarray(checks.array("y", y), np.float64)
    if not (good := np.isfinite(y_true)).all():
        row = int(np.argmin(good))
        raise InvalidArgument(
            f"y must be finite; got {y_true[row]}, first in row {row + 1}. Leave such rows out"
        )
    y_pred = _finite(predictions).reshape(-1).astype(np.float64)
    median = np.full_like(y_true, np.median(y_true))
    found = {
        "r2": metrics.r2_score(y_true, y_pred) if len(y_true) > 1 else np.nan,
        "mean_absolute_error": metrics.mean_absolute_error(y_true, y_pred),
        "baseline_mean_absolute_error": metrics.mean_absolute_error(y_true, median),
        "root_mean_squared_error": metrics.root_mean_squared_error(y_true, y_pred),
    }
    if intervals is not None:
        inside = (intervals[:, 0] <= y_true) & (y_true <= intervals[:, 1])
        found["interval_coverage"] = inside.mean()
    return Evaluation(
        kind="regression",
        rows=len(y_true),
        metrics=_floats(found),
        by_class=(),
        x=x,
        y_true=y_true,
        y_pred=y_pred,
        intervals=intervals,
    )


def _class_indices(classes: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[np.int_]:
    """The index of each row's class in `classes`; numbers are equal by value, as 1.0 and 1."""
    known = {name: index for index, name in enumerate(classes.tolist())}
    values = y.tolist()
    found = np.array([known.get(value, -1) for value in values])
    if (found < 0).any():
        row = int(np.argmin(found))
        raise InvalidArgument(
            f"y must hold only classes that the model knows, {list(known)!r:.200}; got "
            f"{values[row]!r}, first in row {row + 1}. Leave such rows out, or train with them"
        )
    return found


def _finite(predictions: Any) -> npt.NDArray[Any]:
    """Predictions, refused where they are not finite."""
    advice = ". Scale x as in training"
    return np.asarray(checks.finite("the predictions of the model", predictions, advice))


def _floats(values: dict[str, Any]) -> dict[str, float]:
    """The values as Python's floats."""
    return {name: float(value) for name, value in values.items()}
