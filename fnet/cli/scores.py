"""The scores of held-out rows in `fnet cv` and `fnet search`."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

METRICS = {
    "classifier": ("accuracy", "balanced_accuracy", "log_loss"),
    "regressor": ("r2", "mean_absolute_error", "root_mean_squared_error"),
}
"""The metrics of each task, the first one the default."""

WORDS = "; or ".join(", ".join(names) for names in METRICS.values())
"""The metrics in a help."""

SIGNS = dict.fromkeys(("log_loss", "mean_absolute_error", "root_mean_squared_error"), -1)
"""The metrics of which lower is better."""


def task_of(y: npt.NDArray[Any]) -> str:
    """The task of a target."""
    return "regressor" if y.dtype.kind == "f" else "classifier"


def score(
    metric: str, y: npt.NDArray[Any], outputs: "Outputs", weights: npt.NDArray[Any] | None = None
) -> float:
    """A score of predictions; NaN where it has no value.

    Args:
        metric: Its name.
        y: The target `[V]`.
        outputs: The predictions.
        weights: The weights of the rows `[V]`, or None.

    Returns:
        The score.
    """
    from sklearn import metrics

    if metric == "log_loss":
        return _log_loss(y, outputs, weights)
    if metric == "r2" and len(y) < 2:
        return float("nan")
    names = {"accuracy": "accuracy", "balanced_accuracy": "balanced_accuracy", "r2": "r2"}
    function = getattr(metrics, f"{names[metric]}_score" if metric in names else metric)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
        return float(function(y, outputs.predicted, sample_weight=weights))


class Outputs(NamedTuple):
    """Predictions of V rows.

    Attributes:
        predicted: Classes or numbers `[V]`.
        probabilities: Those of the classes `[V, K]`, or None.
        classes: The classes `[K]`, or None.
    """

    predicted: npt.NDArray[Any]
    probabilities: npt.NDArray[Any] | None = None
    classes: npt.NDArray[Any] | None = None


def outputs_of(estimator: Any, X: Any) -> Outputs:
    """The predictions of a fitted estimator."""
    if not hasattr(estimator, "predict_proba"):
        return Outputs(estimator.predict(X))
    probabilities = estimator.predict_proba(X)
    classes = np.asarray(estimator.classes_)
    return Outputs(classes[probabilities.argmax(axis=1)], probabilities, classes)


def _log_loss(
    y: npt.NDArray[Any], outputs: Outputs, weights: npt.NDArray[Any] | None = None
) -> float:
    """The mean of -log of the probability of the true class; NaN if training lacked a class."""
    assert outputs.classes is not None
    assert outputs.probabilities is not None
    known = np.isin(y, outputs.classes)
    if not known.all():
        return float("nan")
    of_class = outputs.probabilities[np.arange(len(y)), np.searchsorted(outputs.classes, y)]
    least = np.finfo(of_class.dtype).eps
    return float(np.average(-np.log(np.maximum(of_class, least)), weights=weights))
