"""How well probabilities rank rows: ROC and precision-recall curves."""

from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT
from fnet.plots.classification import check_probabilities

MAX_CURVES = 7
"""The most classes that have a curve: each has a colour of its own."""

LINES = ("-", "--", "-.", ":")
"""The styles of lines, cycled over classes."""


class _Ranking(NamedTuple):
    """How a score ranks the rows of a class before the others, for each threshold."""

    false_positives: npt.NDArray[np.float64]  # as fractions of the rows of other classes
    recall: npt.NDArray[np.float64]
    precision: npt.NDArray[np.float64]
    area: float  # under the ROC curve
    average_precision: float


@overload
def roc_and_precision_recall(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    classes: inputs.Classes | None = None,
    *,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def roc_and_precision_recall(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    classes: inputs.Classes | None = None,
    *,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def roc_and_precision_recall(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    classes: inputs.Classes | None = None,
    *,
    figure: None = None,
    ax: Axes,
) -> Axes: ...
def roc_and_precision_recall(
    y_true: Any,
    y_prob: Any,
    classes: Any = None,
    *,
    figure: Any = None,
    ax: Any = None,
) -> Any:
    """ROC curve and precision-recall curve of probabilities.

    With two classes they are those of the second. With more, each class has a curve against all
    others, at most 7, those with the most rows. The legends have the area under the ROC curve, and
    the average precision `sum((recall[i] - recall[i - 1]) * precision[i])` over thresholds i in
    descending order.

    Args:
        y_true: True labels `[N]`: integers from 0 below K, or among `classes`.
        y_prob: Probabilities `[N, K]` of at least two classes, as `predict_proba` returns them.
        classes: The K classes, in order; None for 0 to K - 1.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead: it gets the ROC curve alone.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: Labels are not among the classes or are all equal, or probabilities do not
            sum to 1.

    Example:
        >>> import fnet
        >>> probabilities = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
        >>> figure = fnet.plots.roc_and_precision_recall([0, 1, 1], probabilities, ["no", "yes"])
        >>> figure.axes[0].lines[1].get_label()
        'yes: area 1.000'

    References:
        Fawcett, "An introduction to ROC analysis" (2006); Davis and Goadrich, "The relationship
        between precision-recall and ROC curves" (2006).
    """
    p, labels, names = check_probabilities(y_true, y_prob, classes)
    counts = np.bincount(labels, minlength=p.shape[1])
    shown = [k for k in np.argsort(-counts, kind="stable") if 0 < counts[k] < len(labels)]
    shown = [1] if p.shape[1] == 2 and shown else sorted(shown[:MAX_CURVES])
    if not shown:
        raise InvalidArgument(
            "y_true must have rows of at least two classes; all are of "
            f"{style.name(names[labels[0]])}"
        )
    canvas = Canvas(figure, ax, (8.6, 4.8))
    left, *others = panels = canvas.panels(1, 2)
    left.plot([0, 1], [0, 1], "--", color=style.GREY, linewidth=1, label="chance")
    for i, k in enumerate(shown):
        found, name = _rank(p[:, k], labels == k), style.name(names[k])
        look: dict[str, Any] = {"color": style.COLOURS[i], "linestyle": LINES[i % len(LINES)]}
        left.plot(
            found.false_positives, found.recall, label=f"{name}: area {found.area:.3f}", **look
        )
        for right in others:
            label = f"{name}: average precision {found.average_precision:.3f}"
            right.plot(found.recall, found.precision, drawstyle="steps-pre", label=label, **look)
    canvas.describe(left, "ROC", "false positive rate", "true positive rate (recall)")
    for right in others:
        canvas.describe(right, "Precision and recall", "recall", "precision")
    for axes in panels:
        axes.legend(loc="lower right" if axes is left else "lower left", fontsize=style.SMALL)
        if ax is None:
            axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
            axes.set_box_aspect(1)
    canvas.grid(*panels)
    return canvas.result()


def _rank(scores: npt.NDArray[np.float64], own: npt.NDArray[np.bool_]) -> _Ranking:
    """The curves of a score: what each of its values, as a threshold, separates."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of equal scores
    true = np.cumsum(own[order])[last]
    false = last + 1 - true
    recall, false_positives = true / own.sum(), false / (~own).sum()
    precision = true / (true + false)
    recall, false_positives = np.append(0.0, recall), np.append(0.0, false_positives)
    area = np.sum(np.diff(false_positives) * (recall[1:] + recall[:-1])) / 2
    average = float(np.sum(np.diff(recall) * precision))
    precision = np.append(precision[0], precision)
    return _Ranking(false_positives, recall, precision, float(area), average)
