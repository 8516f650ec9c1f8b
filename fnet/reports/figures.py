"""The figures on the page: SVG as data, each with a text alternative that has its numbers."""

import base64
import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fnet import plots
from fnet.core.errors import InvalidArgument
from fnet.encoding.records import Encoding
from fnet.files.model import Model
from fnet.plots import style
from fnet.plots.inputs import dense_layers
from fnet.reports import formatting, images
from fnet.reports.evaluation import LABELS, Evaluation
from fnet.reports.importance import Importance

SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "fnet",  # the same bytes each time
    "svg.fonttype": "none",  # a browser has glyphs that matplotlib's font lacks
}

MAX_VECTOR_POINTS = 2000
"""With more points a figure holds them as an image."""

MAX_MISTAKES = 5
"""The most pairs of classes in the text alternative of a confusion matrix."""


class EmbeddedFigure(NamedTuple):
    """A figure as the page holds it."""

    source: str  # a data URI
    alt: str
    caption: str
    width: int  # in CSS pixels
    height: int


class _Drawn(NamedTuple):
    """A figure with its texts, before it is written."""

    figure: Figure
    alt: str
    caption: str


def draw_all(
    model: Model,
    evaluation: Evaluation,
    encoding: Encoding | None,
    target: str,
    worth: Importance | str,
) -> dict[str, EmbeddedFigure]:
    """The figures that apply to a model, by name; its classes and features are strings.

    Args:
        model: A Model of features, without an encoding.
        evaluation: Its Evaluation.
        encoding: How the columns of a table became the features, if they did.
        target: The name of the target.
        worth: The importance of columns, or why it is not known.

    Returns:
        The figures.
    """
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # whatever the matplotlibrc sets
        matplotlib.rcParams.update(SETTINGS)
        warnings.simplefilter("ignore", UserWarning)  # of glyphs that matplotlib's font lacks
        drawn = dict(_draw(model, evaluation, encoding, target))
        if isinstance(worth, Importance) and len(worth.names) > 1:
            drawn["importance"] = _importance(worth)
        return {name: _embed(*parts) for name, parts in drawn.items()}


def _draw(
    model: Model, evaluation: Evaluation, encoding: Encoding | None, target: str
) -> Iterator[tuple[str, _Drawn]]:
    """The name of each figure with the figure."""
    found = None if model.ensemble else images.find(model, evaluation.x, encoding)
    if evaluation.kind == "classification":
        yield from _draw_classification(model, evaluation, encoding, found)
    else:
        yield "predicted vs actual", _predicted_vs_actual(evaluation, target)
    if found is not None:
        yield "first-layer weights", _first_layer_weights(found)
    with contextlib.suppress(InvalidArgument):  # there is no history
        yield "learning curves", _learning_curves(model)


def _draw_classification(
    model: Model,
    evaluation: Evaluation,
    encoding: Encoding | None,
    found: images.Images | None,
) -> Iterator[tuple[str, _Drawn]]:
    """The figures of a classifier."""
    y_true, y_pred, classes = evaluation.y_true, evaluation.y_pred, np.asarray(model.classes)
    yield "confusion matrix", _confusion_matrix(y_true, y_pred, classes)
    if len(classes) > 1:
        yield "calibration", _calibration(y_true, evaluation.y_prob, classes)
        if len(np.unique(y_true)) > 1:
            yield "ranking", _ranking(y_true, evaluation.y_prob, classes)
    if model.net.sizes[0] == 2 and model.ensemble is None:
        yield "decision regions", _decision_regions(model, evaluation, encoding is not None)
    if found is not None and (y_true != y_pred).any():
        yield "misclassified", _misclassified(found.rows, classes[y_true], classes[y_pred])


def _confusion_matrix(
    y_true: npt.NDArray[Any], y_pred: npt.NDArray[Any], classes: npt.NDArray[Any]
) -> _Drawn:
    """The confusion matrix, its text with the most frequent mistakes."""
    figure = plots.confusion_matrix(y_true, y_pred, classes)
    wrong = np.stack([y_true, y_pred])[:, y_true != y_pred]
    pairs, counts = np.unique(wrong, axis=1, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MAX_MISTAKES]
    mistakes = [
        f"{style.name(classes[true])} predicted as {style.name(classes[predicted])} {count:,}"
        for (true, predicted), count in zip(pairs.T[most], counts[most], strict=True)
    ]
    worst = f" Most frequent mistakes, in rows: {'; '.join(mistakes)}." if mistakes else ""
    caption = (
        "Confusion matrix: rows are true classes, columns predicted classes. The darker a cell, "
        "the larger its fraction of the true class. Correct predictions lie on the diagonal."
    )
    return _Drawn(figure, f"{_title(figure)}.{worst}", caption)


def _calibration(y_true: npt.NDArray[Any], y_prob: Any, classes: npt.NDArray[Any]) -> _Drawn:
    """The reliability diagram, its text with the points of the curve."""
    figure = plots.calibration(y_true, y_prob, classes)
    curve = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    points = "; ".join(
        f"{x:.2f} predicted, {y:.2f} observed" for x, y in np.asarray(curve.get_xydata())
    )
    caption = (
        "Reliability diagram: predicted probability against observed frequency. The dashed line is "
        "perfect calibration; below it the model is overconfident. Bars count rows."
    )
    return _Drawn(figure, f"{_title(figure)}. By bin: {points}.", caption)


def _ranking(y_true: npt.NDArray[Any], y_prob: Any, classes: npt.NDArray[Any]) -> _Drawn:
    """The ROC and the precision-recall curve, their text with what the legends say."""
    figure = plots.roc_and_precision_recall(y_true, y_prob, classes)
    panels = [
        f"{axes.get_title()}: {'; '.join(str(line.get_label()) for line in axes.lines)}."
        for axes in figure.axes
    ]
    against = "the second class" if len(classes) == 2 else "a class against all others"
    caption = (
        f"How well the probability of {against} ranks rows, by threshold. Left: the ROC curve; "
        "along the dashed line it ranks by chance. Right: precision and recall."
    )
    return _Drawn(figure, " ".join(panels), caption)


def _decision_regions(model: Model, evaluation: Evaluation, encoded: bool) -> _Drawn:
    """The decision regions, their text with the number of rows predicted to be of each class."""
    classes = np.asarray(model.classes)
    added = ", encoded" if encoded else ""
    features = [
        style.name(f, style.MAX_AXIS_LETTERS - len(added)) + added
        for f in model.features or ("feature 0", "feature 1")
    ]
    figure = plots.decision_regions(
        model, evaluation.x, classes[evaluation.y_true], features=features
    )
    counts = np.bincount(evaluation.y_pred, minlength=len(classes))
    rows = "; ".join(f"{n:,} {style.name(c)}" for n, c in zip(counts, classes, strict=True))
    caption = (
        "Decision regions: the predicted class at every point of the plane, by colour, and the "
        "rows with their true classes."
    )
    alt = f"{_title(figure)}, over {' and '.join(features)}. Predicted: {rows}."
    return _Drawn(figure, alt, caption)


def _misclassified(
    rows: npt.NDArray[Any], y_true: npt.NDArray[Any], y_pred: npt.NDArray[Any]
) -> _Drawn:
    """The misclassified images, their text with the classes of each."""
    figure = plots.misclassified(rows, y_true, y_pred)
    pairs = [axes.get_title().replace("\n", ", ") for axes in figure.axes if axes.images]
    alt = f"{figure.get_suptitle()}. {'; '.join(pairs)}."
    return _Drawn(figure, alt, "Misclassified rows as images, with predicted and true class.")


def _first_layer_weights(found: images.Images) -> _Drawn:
    """The first-layer weights, their text with the range of the weights."""
    figure = plots.first_layer_weights(found.params, found.rows.shape[1:])
    w = dense_layers(found.params)[0].w
    low, high = formatting.number(float(w.min())), formatting.number(float(w.max()))
    caption = "First-layer weights of each unit: red pixels raise its output, blue ones lower it."
    return _Drawn(figure, f"{figure.get_suptitle()}, from {low} to {high}.", caption)


def _predicted_vs_actual(evaluation: Evaluation, target: str) -> _Drawn:
    """Predicted against actual values, their text with both ranges."""
    y_true, y_pred = evaluation.y_true, evaluation.y_pred
    name = style.name(target, style.MAX_AXIS_LETTERS)
    figure = plots.predicted_vs_actual(y_true, y_pred, name, evaluation.intervals)
    ranges = [
        f"{what} values from {_range(values)}"
        for what, values in (("Actual", y_true), ("predicted", y_pred))
    ]
    caption = (
        "Left: predicted against actual values. Right: errors against predicted values. The dashed "
        "lines are perfect predictions."
    )
    if evaluation.intervals is not None:
        caption += " Vertical lines are prediction intervals for 90% of rows, of some rows."
    return _Drawn(figure, f"{figure.get_suptitle()}. {', '.join(ranges)}.", caption)


def _learning_curves(model: Model) -> _Drawn:
    """The learning curves, their text with the first and the last value of each."""
    figure = plots.learning_curves(model)
    panels = []
    for axes in figure.axes:
        labeled = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
        panels.append(f"{axes.get_title()}: {', '.join(map(_course, labeled))}.")
    return _Drawn(figure, " ".join(panels), "Learning curves: the training, epoch by epoch.")


def _importance(worth: Importance) -> _Drawn:
    """The importance of columns, its text with the numbers of the bars."""
    score = LABELS[worth.score]
    figure = plots.column_importance(worth.names, worth.means, worth.deviations, score)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    drops = sorted(worth.means, reverse=True)
    bars = [
        f"{name} {formatting.number(float(drop))}" for name, drop in zip(names, drops, strict=False)
    ]
    caption = (
        f"Importance of columns: how much the {score} drops when the cells of a column are "
        "permuted. Lines are one standard deviation over the repeats."
    )
    return _Drawn(figure, f"{_title(figure)}, drop in {score}: {'; '.join(bars)}.", caption)


def _course(line: Line2D) -> str:
    """The label of a line with its first and its last value."""
    values = np.asarray(line.get_ydata())
    first, last = (formatting.number(float(values[i])) for i in (0, -1))
    course = first if len(values) == 1 else f"from {first} to {last}"
    return f"{line.get_label()} {course}"


def _range(values: npt.NDArray[Any]) -> str:
    """The smallest and the largest of the values."""
    return " to ".join(formatting.number(float(end)) for end in (values.min(), values.max()))


def _title(figure: Figure) -> str:
    """The title of the first panel."""
    return figure.axes[0].get_title()


def _embed(figure: Figure, alt: str, caption: str) -> EmbeddedFigure:
    """A figure as SVG in a data URI."""
    for axes in figure.axes:
        for line in axes.lines:
            points = len(np.asarray(line.get_xdata()))
            if line.get_marker() != "None" and points > MAX_VECTOR_POINTS:
                line.set_rasterized(True)
    file = io.BytesIO()
    figure.savefig(file, format="svg", dpi=150, metadata={"Date": None})
    data = base64.b64encode(file.getvalue()).decode()
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    alt = " ".join(alt.split())
    return EmbeddedFigure(f"data:image/svg+xml;base64,{data}", alt, caption, width, height)
