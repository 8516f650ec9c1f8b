"""The text of the page: the metrics, the model, and how it was trained."""

import inspect
import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np

import fnet
from fnet.core import checks
from fnet.core.ensemble import Ensemble
from fnet.core.params import leaves
from fnet.core.printable import printable
from fnet.core.scaling import Scaling
from fnet.encoding import records
from fnet.encoding.describe import values_of
from fnet.encoding.step_functions import width_of
from fnet.files.model import Model
from fnet.plots.inputs import dense_layers
from fnet.reports import formatting
from fnet.reports.evaluation import LABELS, Evaluation
from fnet.reports.importance import Importance

MAX_NAMES = 24
"""The most names of classes or features that are listed."""

MEANINGS = {
    "accuracy": "fraction of the rows whose class is predicted correctly",
    "baseline_accuracy": "accuracy of always predicting the most frequent class: a useful model "
    "beats it",
    "balanced_accuracy": "mean of the recall over classes",
    "log_loss": "mean of −log(probability of the true class): 0 is perfect, log K is a uniform "
    "guess among K classes",
    "roc_auc": "probability that a random row of the second class is ranked above a random row of "
    "the first: 0.5 is chance",
    "r2": "fraction of the variance that is explained: 1 is perfect, 0 is predicting the mean",
    "mean_absolute_error": "mean of |predicted − actual|, in the unit of the target",
    "baseline_mean_absolute_error": "mean absolute error of always predicting the median: a useful "
    "model beats it",
    "root_mean_squared_error": "square root of the mean of (predicted − actual)²: large errors "
    "count more",
    "interval_coverage": "fraction of the rows inside their prediction interval: 0.9 is right",
}
"""What each metric means."""

UNDEFINED = {
    "log_loss": "not defined: the model has one class only",
    "roc_auc": "not defined: it needs rows of both classes",
    "r2": "not defined: it needs at least two rows",
}
"""Why a metric may be undefined."""

ROUNDED = {"rows", "validation_rows", "epochs", "scores"}
"""The facts about a training that are rounded; all others are exact."""

Pairs: TypeAlias = list[tuple[str, str | list[tuple[str, str]]]]
"""Terms with values; a value is a string, or a list of names with strings."""


class Metric(NamedTuple):
    """A metric as the page writes it."""

    label: str
    value: str
    meaning: str  # or why it is not defined


class LayerRow(NamedTuple):
    """A dense layer as the page writes it."""

    inputs: int
    outputs: int
    activation: str
    parameters: int


class ColumnRow(NamedTuple):
    """A column of the training table as the page writes it."""

    name: str
    kind: str
    gaps: str
    values: str
    reason: str
    inputs: int


class Worth(NamedTuple):
    """The importance of a column as the page writes it."""

    name: str
    drop: str
    deviation: str


def metrics(evaluation: Evaluation) -> list[Metric]:
    """The metrics of an Evaluation, in order."""
    return [
        Metric(
            formatting.sentence(LABELS[name]),
            formatting.number(value),
            UNDEFINED[name] if np.isnan(value) else MEANINGS[name],
        )
        for name, value in evaluation.metrics.items()
    ]


def summary(evaluation: Evaluation) -> str:
    """The result and the baseline, in two sentences."""
    if evaluation.kind == "classification":
        correct = int(np.sum(evaluation.y_true == evaluation.y_pred))
        frequent = int(np.bincount(evaluation.y_true).max())
        return (
            f"{correct:,} of {evaluation.rows:,} rows are predicted correctly. "
            f"Always predicting the most frequent class gets {frequent:,} correct."
        )
    error, baseline = (
        formatting.number(evaluation.metrics[f"{prefix}mean_absolute_error"])
        for prefix in ("", "baseline_")
    )
    return (
        f"The mean absolute error is {error}. Always predicting the median has an error of "
        f"{baseline}."
    )


def layers(model: Model) -> list[LayerRow]:
    """The dense layers of a model; of an ensemble, those of one network."""
    net = model.net
    last = net.output if net.link == "identity" else net.link
    networks = math.prod(checks.members_of(model.params))
    sizes = [
        sum(array.size for array in leaves((layer,))) // networks
        for layer in dense_layers(model.params)
    ]
    return [
        LayerRow(inputs, outputs, activation, size)
        for (inputs, outputs), activation, size in zip(
            net.layers, (*net.hidden, last), sizes, strict=True
        )
    ]


def columns(encoding: records.Encoding) -> tuple[list[ColumnRow], list[ColumnRow]]:
    """The columns of the training table: those that the model uses, and those left out."""
    rows: tuple[list[ColumnRow], list[ColumnRow]] = [], []
    for column in encoding.columns:
        found = column.statistics
        share = f" ({found.gaps / found.rows:.1%})" if found.gaps else ""
        row = ColumnRow(
            name=column.name,
            kind=column.kind,
            gaps=f"{found.gaps:,}{share}",
            values=values_of(column),
            reason=printable("; ".join(filter(None, [column.reason, column.remark]))),
            inputs=width_of(column.steps),
        )
        rows[not column.steps].append(row)
    return rows


def worth(importance: Importance | str) -> list[Worth]:
    """The importance of each column, the most important first."""
    if isinstance(importance, str):
        return []
    order = np.argsort(-importance.means, kind="stable").tolist()
    drops, deviations = importance.means.tolist(), importance.deviations.tolist()
    return [
        Worth(
            formatting.clean(importance.names[i]),
            formatting.number(drops[i]),
            formatting.number(deviations[i]),
        )
        for i in order
    ]


def measured(importance: Importance | str, evaluation: Evaluation) -> str:
    """How the importance was measured, or why it was not, in a sentence."""
    if isinstance(importance, str):
        return f"Not measured. {importance}"
    rows = f"{importance.rows:,} rows"
    if importance.rows < evaluation.rows:
        rows = f"a random sample of {rows}"
    return (
        f"Drop in {LABELS[importance.score]} when the cells of a column are permuted among {rows}: "
        f"mean and standard deviation of {importance.repeats} repeats"
    )


def description(model: Model, encoding: records.Encoding | None) -> Pairs:
    """What the model is, by term; its features may be what an encoding makes of a table."""
    count = sum(array.size for array in leaves(model.params))
    networks = math.prod(checks.members_of(model.params))
    found = {
        "Networks": f"{networks:,}, whose mean predicts" if networks > 1 else None,
        "Parameters": f"{count:,} in {checks.params_dtype(model.params)}",
        "Loss": model.net.loss.replace("_", " "),
        "Classes": _listed(model.classes),
        "Features": _features(model, encoding),
        "Scaling": _scaling(model.scaling),
    }
    return [(term, value) for term, value in found.items() if value is not None]


def _features(model: Model, encoding: records.Encoding | None) -> str:
    """What the network takes."""
    inputs = model.net.sizes[0]
    if encoding is None:
        return _listed(model.features) or f"{inputs:,} without names"
    count = len(records.used(encoding))
    return f"{inputs:,} from {count:,} column{'s' * (count > 1)}: {_listed(model.features)}"


def _scaling(scaling: Scaling | None) -> str:
    """What the network standardizes beside the encoding."""
    parts = []
    if scaling is not None and (np.any(scaling.x_mean) or np.any(scaling.x_scale != 1)):
        parts.append("features are")
    if scaling is not None and scaling.y_mean is not None:
        parts.append("so is the target" if parts else "the target is")
    how = " standardized to mean 0 and standard deviation 1 over the training rows"
    return ", and ".join([parts[0] + how, *parts[1:]]) if parts else "none"


def training(content: Any) -> Pairs:
    """How the model in a Content (see `files.schema`) was trained, by term."""
    trained = content.trained if isinstance(content.trained, dict) else {"notes": content.trained}
    trained = {"version of fnet" if k == "fnet" else k: v for k, v in trained.items()}
    known = _of_run(content.run) | _of_estimator(content.estimator) | trained
    known |= _of_ensemble(content.ensemble)
    shown = {formatting.label(k): _value(k, v) for k, v in known.items() if k != "command"}
    return [(term, value) for term, value in shown.items() if value]


def _of_run(run: Any) -> dict[str, Any]:
    """Facts about a Run."""
    if run is None:
        return {}
    ended = np.unique(run.history["ended"])
    return {"optimizer": run.optimizer, "epochs": len(run.history["loss"]), "ended": ended}


def _of_ensemble(ensemble: Ensemble | None) -> dict[str, Any]:
    """What an ensemble is expected to score on new rows."""
    if ensemble is None or ensemble.cv_score is None or ensemble.cv_scores is None:
        return {}
    score = LABELS.get(ensemble.score, ensemble.score.replace("_", " "))
    error = formatting.number(ensemble.cv_score_std_error or math.nan)
    return {
        "expected_on_new_rows": {
            score: f"{formatting.number(ensemble.cv_score)} ± {error}",
            "of each fold": ", ".join(map(formatting.number, ensemble.cv_scores.tolist())),
            "baseline": formatting.number(ensemble.baseline_score or math.nan),
        }
    }


def _of_estimator(estimator: Any) -> dict[str, Any]:
    """Facts about an estimator: its arguments are those that differ from the defaults."""
    if estimator is None:
        return {}
    defaults = inspect.signature(getattr(fnet, estimator.name)).parameters
    changed = {
        name: value
        for name, value in estimator.arguments.items()
        if name not in defaults
        or formatting.exact(value) != formatting.exact(defaults[name].default)
    }
    return {
        "estimator": estimator.name,
        "engine": estimator.fitted.get("engine_"),
        "epochs": estimator.fitted.get("n_iter_"),
        "arguments": changed,
    }


def _value(key: Any, value: Any) -> Any:
    """A fact as a string or, of a dict, a list of names with strings; None of None."""
    if value is None:
        return None
    write = _rounded if key in ROUNDED else formatting.exact
    if isinstance(value, dict):
        return [(formatting.exact(name), write(each)) for name, each in value.items()]
    return write(value)


def _rounded(value: Any) -> str:
    """A number with few digits; other values in full."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return formatting.number(value) if isinstance(value, (int, float)) else formatting.exact(value)


def _listed(names: Any) -> str | None:
    """Names on one line; None of None."""
    if names is None:
        return None
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return ", ".join(map(formatting.short, names[:MAX_NAMES])) + more
