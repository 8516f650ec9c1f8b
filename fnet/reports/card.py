"""What people should know of a model before they use it: its card, as sections and as Markdown.

After Mitchell et al., "Model cards for model reporting" (2019). All of it comes from the model
file, and needs NumPy alone.
"""

import math
import re
from typing import Any, TypeAlias

import numpy as np

from fnet import __version__
from fnet.core import checks, conformal
from fnet.core.conformal import ConformityScores
from fnet.core.ensemble import Ensemble
from fnet.core.printable import printable
from fnet.encoding.describe import values_of
from fnet.encoding.records import Encoding, used
from fnet.files.model import Model

Sections: TypeAlias = list[tuple[str, list[str]]]
"""Terms, each with sentences."""

COVERAGE = 0.9
"""The coverage of which a card gives the width of intervals, or less where rows are few."""

FEW_ROWS = 1000
"""With fewer training rows a card says that they are few."""

MAX_NAME = 80
"""The most letters of a name; a longer one is shortened."""

MAX_NAMES = 12
"""The most names that are listed."""

BASELINES = {
    "accuracy": "always predicting the most frequent class",
    "r2": "always predicting the mean",
    "mean_pinball_loss": "always predicting the quantiles of the training rows",
}
"""What the baseline of a score is."""

SCORES = {"r2": "R²", "mean_pinball_loss": "mean pinball loss (smaller is better)"}
"""The names of scores as people read them, where they are others."""


def sections(model: Model) -> Sections:
    """What is known of a model: what it predicts, from what, how well, and what it cannot do.

    Args:
        model: What `fnet.load` returned.

    Returns:
        Pairs of a term and its sentences.

    Example:
        >>> import fnet
        >>> from fnet.reports import card
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> fnet.save("line.fnet", (net, (fnet.Layer([[1.0]], [0.0]),)))
        >>> card.sections(fnet.load("line.fnet"))[0]
        ('Predicts', ['1 number, by 1 network 1-1'])
    """
    trained = model.trained if isinstance(model.trained, dict) else {}
    found = {
        "Predicts": [_predicts(model, trained)],
        "Data": _data(model, trained),
        "Score": _score(model.ensemble, trained),
        "Calibration": _calibration(model),
        "Intervals": _intervals(model),
        "Limits": _limits(model, trained),
        "Made by": [f"fnet {_name(trained.get('fnet', __version__))}"],
    }
    return [(term, sentences) for term, sentences in found.items() if sentences]


def markdown(model: Model, name: str) -> str:
    """The card of a model in Markdown.

    Args:
        model: What `fnet.load` returned.
        name: Its name, for the headline.

    Returns:
        The text, with names escaped: none becomes markup.

    Example:
        >>> import fnet
        >>> from fnet.reports import card
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> fnet.save("line.fnet", (net, (fnet.Layer([[1.0]], [0.0]),)))
        >>> card.markdown(fnet.load("line.fnet"), "a line").splitlines()[0]
        '# a line'
    """
    lines = [f"# {_escaped(name)}", ""]
    for term, sentences in sections(model):
        lines += [f"## {term}", "", *(f"- {_escaped(sentence)}" for sentence in sentences), ""]
        if term == "Data" and model.encoding is not None:
            lines += [*_columns(model.encoding), ""]
    return "\n".join(lines)


def _columns(encoding: Encoding) -> list[str]:
    """The columns that a model uses, as a table."""
    lines = ["| column | kind | values in training | gaps |", "|---|---|---|---|"]
    for column in used(encoding):
        cells = (_name(column.name), column.kind, values_of(column), f"{column.statistics.gaps:,}")
        lines.append(f"| {' | '.join(map(_escaped, cells))} |")
    return lines


def _escaped(text: str) -> str:
    """Text on one line without meaning in Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#&~!$])", r"\\\1", printable(text))


def _name(value: Any) -> str:
    text = str(value)
    return text if len(text) <= MAX_NAME else f"{text[: MAX_NAME - 3]}..."


def _listed(names: Any) -> str:
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return ", ".join(map(_name, names[:MAX_NAMES])) + more


def _number(value: float) -> str:
    return f"{value:.4g}"


def _is_number(value: Any) -> bool:
    """Whether a value of a record, which may be anything, is a number."""
    return isinstance(value, (int, float)) and math.isfinite(value)


def _number_or_0(value: Any) -> float:
    return value if _is_number(value) else 0


def _count(count: float, noun: str) -> str:
    return f"{count:,.0f} {noun}{'' if count == 1 else 's'}"


def _predicts(model: Model, trained: dict[str, Any]) -> str:
    net, networks = model.net, math.prod(checks.members_of(model.params))
    width = net.sizes[-1]
    what = {"counts": "count", "quantiles": "quantile"}.get(net.targets, "number")
    found = _count(width, what)
    if net.targets in ("multiclass", "multilabel"):
        names = model.classes
        found = "classes" if names is None else f"one of {len(names)} classes: {_listed(names)}"
        if net.targets == "multilabel" and width > 1:
            found = _count(width, "label")
    target = f"{_name(trained['target'])}, " if "target" in trained else ""
    sizes = "-".join(map(str, net.sizes))
    how = f"the mean of {networks} networks" if networks > 1 else "1 network"
    return f"{target}{found}, by {how} {sizes}"


def _data(model: Model, trained: dict[str, Any]) -> list[str]:
    sentences = []
    rows = _number_or_0(trained.get("rows"))
    if not rows and model.encoding is not None and model.encoding.columns:
        rows = model.encoding.columns[0].statistics.rows
    source = f" of {_name(trained['data'])}" if "data" in trained else ""
    digest = f" (SHA-256 {_name(trained['sha256'])})" if trained.get("sha256") else ""
    if rows:
        sentences.append(f"Trained on {_count(rows, 'row')}{source}{digest}")
    if model.encoding is None:
        names = "" if model.features is None else f": {_listed(model.features)}"
        return [*sentences, f"Takes {_count(model.net.sizes[0], 'number')}{names}"]
    columns = used(model.encoding)
    left = [column.name for column in model.encoding.columns if not column.steps]
    sentences.append(f"Takes {_count(len(columns), 'column')}, each of which may have gaps")
    return [*sentences, f"Left out as of no use: {_listed(left)}"] if left else sentences


def _score(ensemble: Ensemble | None, trained: dict[str, Any]) -> list[str]:
    if ensemble is not None and ensemble.cv_score is not None:
        name = SCORES.get(ensemble.score, ensemble.score)
        error = ensemble.cv_score_std_error
        about = "" if error is None or math.isnan(error) else f" ± {_number(error)}"
        folds = 0 if ensemble.cv_scores is None else len(ensemble.cv_scores)
        found = [
            f"Expect on new rows like those of training: {name} {_number(ensemble.cv_score)}{about}"
            f" (standard error), measured on rows that the networks had not seen, in {folds} folds"
        ]
        if ensemble.baseline_score is not None:
            baseline = BASELINES.get(ensemble.score, "the baseline")
            found.append(f"Baseline, {baseline}: {_number(ensemble.baseline_score)}")
        return found
    scores, rows = trained.get("scores"), _number_or_0(trained.get("validation_rows"))
    known = scores if isinstance(scores, dict) and rows else {}
    named = [
        f"{SCORES.get(name, _name(name).replace('_', ' '))} {_number(value)}"
        for name, value in known.items()
        if _is_number(value)
    ]
    return [f"On {_count(rows, 'held-out row')}: {', '.join(named)}"] if named else []


def _scores_of(model: Model) -> ConformityScores | None:
    return None if model.ensemble is None else model.ensemble.conformity


def _calibration(model: Model) -> list[str]:
    kept = _scores_of(model)
    if kept is None or model.net.targets != "multiclass":
        return []
    weights = kept.weights[..., None] > 0
    given = 1 - np.average(np.where(weights, kept.scores, 0)[..., 0], weights=kept.weights)
    return [
        f"The true class of held-out rows was given a probability of {_number(float(given))} in "
        "the mean; fnet evaluate --report draws how often predicted probabilities are right"
    ]


def _intervals(model: Model) -> list[str]:
    kept = _scores_of(model)
    if kept is None:
        return []
    most = 1 - 1 / (kept.rows + 1)
    coverage = min(COVERAGE, most)
    order = np.argsort(kept.scores, axis=None, kind="stable")
    weights = np.repeat(kept.weights[..., None], kept.scores.shape[-1], axis=-1)
    within = np.cumsum(weights.reshape(-1)[order]) / kept.scores.shape[-1]
    place = int((within >= conformal.rank_of(kept, coverage) - conformal.RANK_SLACK).argmax())
    width = float(kept.scores.reshape(-1)[order[place]])
    says = f"from {_count(kept.rows, 'held-out row')} (CV+); at most {most:.4g} can be promised"
    if model.net.targets == "multiclass":
        return [
            f"Sets that hold the true class of {coverage:.3g} of new rows have the classes with a "
            f"probability of at least about {_number(max(0.0, 1 - width))}, {says}"
        ]
    start = "the lowest and the highest quantile" if model.net.targets == "quantiles" else ""
    return [
        f"Intervals that hold {coverage:.3g} of new targets reach about {_number(width)} "
        f"{'beyond ' + start if start else 'to both sides of the prediction'}, {says}"
    ]


def _limits(model: Model, trained: dict[str, Any]) -> list[str]:
    found = []
    if model.encoding is None:
        found.append("The file does not know the range of the training rows")
    else:
        found.append(
            "Rows unlike training are guesses: fnet predict names rows with numbers or dates beyond"
            " the range of training by more than its width, and with levels that training did not "
            "have (in Python, unlike_training)"
        )
        pooled = [c.name for c in used(model.encoding) if c.statistics.pooled]
        if pooled:
            found.append(f"Rare levels share one input, as do new ones, in {_listed(pooled)}")
        rows = model.encoding.columns[0].statistics.rows
        if rows < FEW_ROWS:
            found.append(f"It was trained on few rows ({rows:,}): the score is uncertain")
    if _score(model.ensemble, trained) == []:
        found.append("No score is known: measure it on rows that training had not seen")
    if _scores_of(model) is not None:
        found.append("Intervals and sets hold over all rows together, not for every group of them")
    found.append("What a column is worth to the model is no cause: changing it need not change y")
    return found
