"""Classification: confusion matrix and reliability diagram."""

import math
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from fnet.core import checks
from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT

MIN_FONT_SIZE = 6
"""Points. Smaller counts are left out of the cells, and of smaller names only some are shown."""

LETTER_WIDTH = 0.6
"""Width of a letter as a fraction of its font size, about."""

MARGIN_INCHES = 1.2
"""Space around a confusion matrix for its title, its colour bar and the names of its axes."""

MIN_MATRIX_FRACTION = 0.35
"""The least fraction of a small figure that a confusion matrix takes."""

MAX_BINS = 1000
"""The most bins of a reliability diagram."""


@overload
def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    classes: inputs.Classes | int | None = None,
    *,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    classes: inputs.Classes | int | None = None,
    *,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    classes: inputs.Classes | int | None = None,
    *,
    figure: None = None,
    ax: Axes,
) -> Axes: ...
def confusion_matrix(
    y_true: Any, y_pred: Any, classes: Any = None, *, figure: Any = None, ax: Any = None
) -> Any:
    """The number of rows of each true class that were predicted to be of each class.

    Rows of the matrix are true classes, columns predicted ones. The colour of a cell is its
    fraction of the true class. Cells hold counts where these are large enough to read.

    Args:
        y_true: True labels `[N]`, numbers or strings.
        y_pred: Predicted labels `[N]`.
        classes: The classes, in order; an integer K for 0 to K - 1; None for the sorted values
            that occur. Where classes are strings, integer labels are indices into them.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead. It gets no colour bar: add one by
            `ax.figure.colorbar(ax.images[0], ax=ax)`.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: Labels are not among the classes, or differ in their number of rows.

    Example:
        >>> import fnet
        >>> figure = fnet.plots.confusion_matrix(["cat", "dog", "dog"], ["cat", "dog", "cat"])
        >>> figure.axes[0].get_title()
        'Confusion matrix: 2 of 3 correct'
    """
    listed, indices = inputs.class_indices(classes, y_true=y_true, y_pred=y_pred)
    count = len(listed)
    counts = np.zeros((count, count), int)
    np.add.at(counts, tuple(indices), 1)
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [style.name(c) for c in listed]
    beside = MARGIN_INCHES + LETTER_WIDTH * 10 / 72 * max(map(len, names))
    side = min(9, max(3.8, 0.23 * count))
    canvas = Canvas(figure, ax, (side + beside + 0.6, side + beside))
    (axes,) = canvas.panels(1)
    image = axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    cell = _matrix_inches(canvas, axes, beside) * 72 / count  # points
    _write_counts(axes, counts, fractions, cell)
    _name_classes(axes, names, cell)
    correct = f"{np.trace(counts):,} of {counts.sum():,} correct"
    canvas.describe(axes, f"Confusion matrix: {correct}", "predicted class", "true class")
    if ax is None:
        canvas.figure.colorbar(image, ax=axes, label="fraction of the true class", shrink=0.8)
    return canvas.result()


def _matrix_inches(canvas: Canvas, axes: Axes, beside: float) -> float:
    """The approximate side of the square that the matrix takes; `beside` is the space around it."""
    box = canvas.figure.bbox if canvas.ax is None else axes.bbox
    smaller = float(min(box.size)) / canvas.figure.get_dpi()
    return (
        smaller if canvas.ax is not None else max(smaller - beside, MIN_MATRIX_FRACTION * smaller)
    )


def _write_counts(axes: Axes, counts: Any, fractions: Any, cell: float) -> None:
    """Write the counts other than 0 into cells of a width in points, where they can be read."""
    size = min(10, 0.7 * cell, 0.9 * cell / LETTER_WIDTH / len(str(counts.max())))
    for row, column in np.argwhere(counts) if size >= MIN_FONT_SIZE else ():
        colour = "white" if fractions[row, column] > 0.5 else "black"
        text = str(counts[row, column])
        axes.text(column, row, text, ha="center", va="center", color=colour, size=size)


def _name_classes(axes: Axes, names: list[str], cell: float) -> None:
    """Name rows and columns: as many as cells of a width in points have room for."""
    small = min(10, max(MIN_FONT_SIZE, 0.8 * cell))
    every = math.ceil(1.2 * small / cell)
    wide = LETTER_WIDTH * small * (1 + max(map(len, names))) > every * cell
    ticks, labels = range(0, len(names), every), names[::every]
    axes.set_xticks(ticks, labels, rotation=90 if wide else 0, fontsize=small)
    axes.set_yticks(ticks, labels, fontsize=small)


@overload
def calibration(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    classes: inputs.Classes | None = None,
    bins: int = 10,
    *,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def calibration(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    classes: inputs.Classes | None = None,
    bins: int = 10,
    *,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def calibration(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    classes: inputs.Classes | None = None,
    bins: int = 10,
    *,
    figure: None = None,
    ax: Axes,
) -> Axes: ...
def calibration(
    y_true: Any,
    y_prob: Any,
    classes: Any = None,
    bins: int = 10,
    *,
    figure: Any = None,
    ax: Any = None,
) -> Any:
    """Reliability diagram: predicted probability against observed frequency.

    With two classes the probability is that of the second. With more it is the confidence, the
    probability of the predicted class, and the frequency is the accuracy. Rows are grouped by
    probability into `bins` intervals (a, b] of equal width, whose sizes are shown below. The title
    has the expected calibration error, `sum(n[i] * abs(f[i] - p[i])) / sum(n[i])` over bins i with
    n[i] rows, the observed frequency f[i] and the mean predicted probability p[i].

    Args:
        y_true: True labels `[N]`: integers from 0 below K, or among `classes`.
        y_prob: Probabilities `[N, K]` of at least two classes, as `predict_proba` returns them.
        classes: The K classes, in order; None for 0 to K - 1.
        bins: The number of bins, from 1 to 1000.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead: it gets the diagram without the sizes of the bins.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: Labels are not among the classes, or probabilities do not sum to 1.

    Example:
        >>> import fnet
        >>> probabilities = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
        >>> figure = fnet.plots.calibration([0, 1, 1], probabilities, classes=["no", "yes"])
        >>> figure.axes[0].get_ylabel()
        'observed frequency of yes'

    References:
        Niculescu-Mizil and Caruana, "Predicting good probabilities with supervised learning"
        (2005), for two classes; Guo et al., "On calibration of modern neural networks" (2017), for
        more, and for the expected calibration error.
    """
    p, labels, listed = check_probabilities(y_true, y_prob, classes)
    bins = checks.integer("bins", bins, least=1)
    if bins > MAX_BINS:
        raise InvalidArgument(f"bins must be at most {MAX_BINS}; got {bins}")
    if p.shape[1] == 2:
        confidence, hits, second = p[:, 1], labels == 1, style.name(listed[1])
        title = "Reliability diagram"
        xlabel, ylabel = f"predicted probability of {second}", f"observed frequency of {second}"
    else:
        confidence, hits = p.max(axis=1), labels == p.argmax(axis=1)
        title = "Reliability diagram of the predicted class"
        xlabel, ylabel = "confidence: probability of the predicted class", "accuracy"
    edges = np.linspace(0, 1, bins + 1)
    found = _bin(confidence, hits, edges)
    canvas = Canvas(figure, ax, (5.5, 5.5))
    upper, *others = panels = canvas.panels(2, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
    upper.plot([0, 1], [0, 1], "--", color=style.GREY, label="perfectly calibrated")
    upper.plot(found.means, found.frequencies, "o-", color=style.BLUE, label="model, by bin")
    title = f"{title}\nexpected calibration error {found.error:.3f}"
    canvas.describe(upper, title, xlabel if ax is not None else "", ylabel)
    upper.legend()
    for lower in others:
        upper.set_ylim(-0.03, 1.03)
        lower.bar(
            edges[:-1], found.rows, 1 / bins, align="edge", color=style.SKY, edgecolor="black"
        )
        lower.set_xlim(-0.03, 1.03)
        canvas.describe(lower, "", xlabel, "rows")
    canvas.grid(*panels)
    return canvas.result()


def check_probabilities(
    y_true: Any, y_prob: Any, classes: Any
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int_], list[Any]]:
    """Probabilities `[N, K]`, labels `[N]` from 0 below K and the K classes, checked."""
    p = checks.array("y_prob", y_prob)
    if p.ndim != 2 or p.shape[1] < 2:
        raise InvalidArgument(
            "y_prob must be [N, K] with a column for each of at least two classes, as "
            f"predict_proba returns them; got shape {list(p.shape)}"
        )
    count = p.shape[1]
    listed, (labels,) = inputs.class_indices(
        count if classes is None else inputs.class_names(classes, count), y_true=y_true
    )
    inputs.same_rows(y_true=labels, y_prob=p)
    checks.finite("y_prob", p, "")
    return checks.probabilities(p, labels)[0].astype(np.float64), labels, listed


class _Bins(NamedTuple):
    """What a reliability diagram shows, for the bins that are not empty; `rows` for all."""

    rows: npt.NDArray[Any]
    means: npt.NDArray[np.float64]  # of the predicted probability
    frequencies: npt.NDArray[np.float64]
    error: float


def _bin(confidence: Any, hits: Any, edges: npt.NDArray[np.float64]) -> _Bins:
    """Group rows by confidence."""
    index = np.searchsorted(edges[1:-1], confidence)
    rows, sums, correct = (
        np.bincount(index, weights, len(edges) - 1) for weights in (None, confidence, hits)
    )
    filled = rows > 0
    means, frequencies = sums[filled] / rows[filled], correct[filled] / rows[filled]
    error = float(np.average(np.abs(frequencies - means), weights=rows[filled]))
    return _Bins(rows, means, frequencies, error)
