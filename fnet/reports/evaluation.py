"""What a model is worth on rows whose truth is known. The figures are scikit-learn's."""

from typing import Any, NamedTuple

import numpy as np
from sklearn import metrics

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.files.model import Model


class OfClass(NamedTuple):
    """How well the rows of one class are told; NaN where there is nothing to divide by."""

    precision: float  # of the rows said to be of it, the share that are: NaN where there are none
    recall: float  # of its own rows, the share said to be: NaN where there are none
    f1: float  # the harmonic mean of both: NaN where it neither occurs nor is said
    rows: int  # its own


class Evaluation(NamedTuple):
    """Figures on N rows, and what they were worked from."""

    kind: str  # "classes" or "numbers"
    rows: int
    figures: dict  # name -> float, the main one first; NaN where it is not defined for these rows
    table: tuple  # an OfClass for each class; () for numbers
    x: Any  # [N, D]
    truth: Any  # [N]: places in classes, or numbers
    predicted: Any  # [N], likewise
    probabilities: Any = None  # [N, K]; None for numbers
    classes: Any = None  # [K]; None for numbers


def evaluate(model, x, truth):
    """The Evaluation of what `load` gave on rows x `[N, D]` with their truth `[N]`.

    Arguments:
      x: an array, or a table with the columns in `model.features`.
      truth: of a model of classes the class of each row as `predict` gives it, a number or a
        name, and for a model without names of classes 0 to K - 1; of others numbers.

    The first figures are accuracy and R². Beside them stands what a model is worth that says the
    same of all rows: the class that is the most frequent in `truth`, or its median.

    Raises InvalidArgument for models of several targets, of members or of quantiles, and for a
    truth that is not finite or holds a class that the model does not know. Rows in the messages
    on the truth are counted from 1.
    """
    if not isinstance(model, Model):
        raise InvalidArgument(f"model must be what load gave; got {model!r:.200}")
    measure = _classes if _of_classes(model) else _numbers
    rows, came = np.shape(x)[:1], np.shape(truth)
    if len(came) != 1 or came != rows:
        raise InvalidArgument(
            f"truth must be one value a row, {list(rows)} for this x; got shape {list(came)}"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # huge numbers have infinite squares
        return measure(model, x, np.asarray(truth))


def _of_classes(model):
    """Whether the model tells classes; if not it says a number. Others are refused."""
    net = model.net
    members, outputs = model.params[0].w.shape[:-2], net.sizes[-1]
    if members:
        came, hint = f"members {list(members)}", "Save the params of one member"
    elif net.targets == "quantiles":
        came, hint = f"{net.loss} loss", "Use fnet.metrics.mean_pinball_loss on what it predicts"
    elif outputs > 1 and net.targets == "multilabel":
        came, hint = f"{outputs} labels", "Use fnet.metrics on what it predicts"
    elif outputs > 1 and not net.has_class_labels:
        came, hint = f"{outputs} outputs", "Use fnet.metrics on what it predicts"
    else:
        return net.targets in ("multiclass", "multilabel")
    raise InvalidArgument(
        f"evaluate takes models of one target: of classes, or of one number a row; got a model "
        f"of {came}. {hint}"
    )


def _classes(model, x, truth):
    count = max(model.net.sizes[-1], 1 if model.net.has_class_labels else 2)
    classes = np.arange(count) if model.classes is None else model.classes
    truth = _places(classes, truth)
    said = _finite(model.predict_proba(x))
    predicted = said.argmax(axis=1)
    counts = np.bincount(truth, minlength=count)
    there = np.flatnonzero(counts)
    each = metrics.precision_recall_fscore_support(
        truth, predicted, labels=range(count), zero_division=np.nan
    )
    figures = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "accuracy of always saying the most frequent class": counts.max() / len(truth),
        "balanced accuracy": metrics.recall_score(truth, predicted, labels=there, average="macro"),
        "log loss": metrics.log_loss(truth, said, labels=range(count)) if count > 1 else np.nan,
    }
    if count == 2:
        both = len(there) == 2
        figures["ROC AUC"] = metrics.roc_auc_score(truth, said[:, 1]) if both else np.nan
    table = tuple(OfClass(*map(float, row), int(n)) for *row, n in zip(*each, strict=True))
    return Evaluation(
        *("classes", len(truth), _floats(figures), table),
        *(np.asarray(x), truth, predicted, said, classes),
    )


def _numbers(model, x, truth):
    truth = checks.array("truth", truth).astype(np.float64)
    if not (good := np.isfinite(truth)).all():
        row = int(np.argmin(good))
        raise InvalidArgument(
            f"truth must be finite; got {truth[row]} first in row {row + 1}. Leave such rows out"
        )
    predicted = _finite(model.predict(x)).reshape(-1).astype(np.float64)
    middle = np.full_like(truth, np.median(truth))
    figures = {
        "R²": metrics.r2_score(truth, predicted) if len(truth) > 1 else np.nan,
        "mean absolute error": metrics.mean_absolute_error(truth, predicted),
        "mean absolute error of always saying the median": metrics.mean_absolute_error(
            truth, middle
        ),
        "root mean squared error": metrics.root_mean_squared_error(truth, predicted),
    }
    return Evaluation("numbers", len(truth), _floats(figures), (), np.asarray(x), truth, predicted)


def _places(classes, truth):
    """The place of each row's class in `classes`; numbers are equal by value, 1.0 and 1."""
    places = {name: place for place, name in enumerate(classes.tolist())}
    values = truth.tolist()
    found = np.array([places.get(value, -1) for value in values])
    if (found < 0).any():
        row = int(np.argmin(found))
        raise InvalidArgument(
            f"truth must be classes that the model knows, {list(places)!r:.200}; got "
            f"{values[row]!r} first in row {row + 1}. Leave such rows out, or train with them"
        )
    return found


def _finite(predictions):
    return checks.finite("what the model predicts", predictions, ". Is x on the scale it knows?")


def _floats(figures):
    return {name: float(value) for name, value in figures.items()}
