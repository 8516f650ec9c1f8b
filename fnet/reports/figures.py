"""The pictures on the page: SVG as data, each with a text that tells its numbers."""

import base64
import contextlib
import io
import math
import warnings
from typing import NamedTuple

import matplotlib
import numpy as np

from fnet import plots
from fnet.core.errors import InvalidArgument
from fnet.plots import style
from fnet.reports import formatting

SETTINGS = {
    "svg.hashsalt": "fnet",  # the same bytes each time
    "svg.fonttype": "none",  # a browser finds the letters that matplotlib's font has not
}

MANY = 2000
"""Points from which a picture holds them as an image."""

LEAST_SIDE = 4
"""Pixels: smaller squares are no images."""

AXIS = 36
"""Letters on an axis."""

MISTAKES = 5
"""How many pairs of classes the text on a confusion matrix tells."""


class Picture(NamedTuple):
    """A picture as the page holds it."""

    source: str  # a data URI
    alt: str
    caption: str
    width: int  # in CSS pixels
    height: int


def shown(model, evaluation, target):
    """The Pictures that apply, by name; the classes and features of `model` are texts."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # whatever a matplotlibrc says
        matplotlib.rcParams.update(SETTINGS)
        warnings.simplefilter("ignore", UserWarning)  # of letters that matplotlib's font has not
        drawn = dict(_drawn(model, evaluation, target))
        return {name: _picture(*parts) for name, parts in drawn.items()}


def _drawn(model, evaluation, target):
    """`(name, (figure, alt, caption))` of each."""
    if evaluation.kind == "classes":
        yield from _of_classes(model, evaluation)
    else:
        yield "truth and prediction", _numbers(evaluation, target)
    if side := _side(model.features):
        yield "first layer", _first_layer(model, side)
    with contextlib.suppress(InvalidArgument):  # there is no history
        yield "curves", _curves(model)


def _of_classes(model, evaluation):
    truth, predicted, classes = evaluation.truth, evaluation.predicted, model.classes
    yield "confusion matrix", _confusion(truth, predicted, classes)
    if len(classes) > 1:
        yield "calibration", _calibration(truth, evaluation.probabilities, classes)
    if model.net.sizes[0] == 2:
        yield "decision regions", _regions(model, evaluation)
    if (side := _side(model.features)) and (truth != predicted).any():
        images = evaluation.x.reshape(-1, side, side)
        yield "misclassified", _misclassified(images, classes[truth], classes[predicted])


def _side(features):
    """The side of the square images that features are by their names; 0 where they are none."""
    names = features or ()
    side = math.isqrt(len(names))
    square = side**2 == len(names) and side >= LEAST_SIDE
    return side if square and all(name.casefold().startswith("pixel") for name in names) else 0


def _confusion(truth, predicted, classes):
    figure = plots.confusion_matrix(truth, predicted, classes)
    wrong = np.stack([truth, predicted])[:, truth != predicted]
    pairs, counts = np.unique(wrong, axis=1, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MISTAKES]
    mistakes = [
        f"{style.name(classes[is_])} said to be {style.name(classes[said])} in {count:,}"
        for (is_, said), count in zip(pairs.T[most], counts[most], strict=True)
    ]
    worst = f" Most frequent mistakes, in rows: {'; '.join(mistakes)}." if mistakes else ""
    caption = (
        "Rows are the true classes, columns the predicted. The darker a cell, the larger its share "
        "of the true class; right answers lie on the diagonal."
    )
    return figure, f"{_title(figure)}.{worst}", caption


def _calibration(truth, probabilities, classes):
    figure = plots.calibration(truth, probabilities, classes)
    upper = figure.axes[0]
    said = next(line for line in upper.lines if line.get_marker() == "o")
    points = "; ".join(f"{x:.2f} said, {y:.2f} true" for x, y in said.get_xydata())
    caption = (
        "How often that is true which has some probability. On the dashed line the two agree, and "
        "below it the model is too sure. The bars count the rows."
    )
    return figure, f"{_title(figure)}. By bin: {points}.", caption


def _regions(model, evaluation):
    classes = model.classes
    features = [style.name(f, AXIS) for f in model.features or ("feature 1", "feature 2")]
    figure = plots.decision_regions(
        model, evaluation.x, classes[evaluation.truth], features=features
    )
    shares = np.bincount(evaluation.predicted, minlength=len(classes))
    rows = "; ".join(f"{n:,} {style.name(c)}" for n, c in zip(shares, classes, strict=True))
    caption = (
        "What the model says of every point of the plane, by colour, and the rows with their true "
        "classes on it."
    )
    return figure, f"{_title(figure)}, over {' and '.join(features)}. Said: {rows}.", caption


def _misclassified(images, truth, predicted):
    figure = plots.misclassified(images, truth, predicted)
    said = "; ".join(axes.get_title() for axes in figure.axes if axes.images)
    return (
        figure,
        f"{figure.get_suptitle()}. {said}.",
        "Rows whose class is predicted wrong, as images.",
    )


def _first_layer(model, side):
    figure = plots.first_layer_weights(model, (side, side))
    w = model.params[0].w
    low, high = formatting.number(float(w.min())), formatting.number(float(w.max()))
    caption = "What each unit looks for: red pixels speak for it, blue ones against it."
    return figure, f"{figure.get_suptitle()}. They lie between {low} and {high}.", caption


def _numbers(evaluation, target):
    truth, predicted = evaluation.truth, evaluation.predicted
    figure = plots.predicted_vs_actual(truth, predicted, style.name(target, AXIS))
    number = formatting.number
    spans = [
        f"{what} from {number(float(values.min()))} to {number(float(values.max()))}"
        for what, values in (("Truth", truth), ("predictions", predicted))
    ]
    caption = (
        "Left, each row by its true value and what was predicted; right, by how far that is off. "
        "On the dashed lines it is perfect."
    )
    return figure, f"{figure.get_suptitle()}. {', '.join(spans)}.", caption


def _curves(model):
    figure = plots.learning_curves(model)
    panels = []
    for axes in figure.axes:
        told = [_course(line) for line in axes.lines if not line.get_label().startswith("_")]
        panels.append(f"{axes.get_title()}: {', '.join(told)}.")
    return figure, " ".join(panels), "How training went, epoch by epoch."


def _course(line):
    first, last = (formatting.number(float(line.get_ydata()[i])) for i in (0, -1))
    course = first if len(line.get_ydata()) == 1 else f"from {first} to {last}"
    return f"{line.get_label()} {course}"


def _title(figure):
    return figure.axes[0].get_title()


def _picture(figure, alt, caption):
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_marker() != "None" and len(line.get_xdata()) > MANY:
                line.set_rasterized(True)
    file = io.BytesIO()
    figure.savefig(file, format="svg", dpi=150, metadata={"Date": None})
    data = base64.b64encode(file.getvalue()).decode()
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    alt = " ".join(alt.split())
    return Picture(f"data:image/svg+xml;base64,{data}", alt, caption, width, height)
