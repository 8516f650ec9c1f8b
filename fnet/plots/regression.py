"""Regression: predicted against actual values."""

import textwrap
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from fnet.core import checks
from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT
from fnet.reference import metrics

MAX_VECTOR_POINTS = 2000
"""With more points an SVG holds them as an image."""

MAX_INTERVALS = 100
"""The most intervals that are drawn: more would cover each other."""

MAX_NAME_LETTERS = 3 * style.MAX_AXIS_LETTERS
"""Letters of the name of a target."""

PERFECT: dict[str, Any] = {"color": style.VERMILLION, "linestyle": "--", "linewidth": 1.4}
"""The lines of perfect predictions."""


@overload
def predicted_vs_actual(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    name: str | None = None,
    intervals: ArrayLike | None = None,
    *,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def predicted_vs_actual(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    name: str | None = None,
    intervals: ArrayLike | None = None,
    *,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def predicted_vs_actual(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    name: str | None = None,
    intervals: ArrayLike | None = None,
    *,
    figure: None = None,
    ax: Axes,
) -> Axes: ...
def predicted_vs_actual(
    y_true: Any,
    y_pred: Any,
    name: str | None = None,
    intervals: Any = None,
    *,
    figure: Any = None,
    ax: Any = None,
) -> Any:
    """Predicted against actual values, and the errors against the predicted values.

    The dashed lines are perfect predictions. An error is `y_pred - y_true`. The title has R² and
    the mean absolute error, and with intervals the fraction of rows that lie inside. Intervals are
    vertical lines; of many rows some have none.

    Args:
        y_true: Actual values, `[N]` or `[N, 1]`.
        y_pred: Predicted values, `[N]` or `[N, 1]`.
        name: The name of the target, with its unit if it has one.
        intervals: Lower and upper ends `[N, 2]`, as `predict_interval` returns them; None for none.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead: it gets the predicted values, and the errors are left out.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: The values are not one finite number per row, or differ in their rows.

    Example:
        >>> import fnet
        >>> figure = fnet.plots.predicted_vs_actual([1, 2, 4], [1, 3, 3], "length (cm)")
        >>> figure.get_suptitle()
        '3 rows: R² 0.571, mean absolute error 0.6667'
    """
    actual, predicted = inputs.column("y_true", y_true), inputs.column("y_pred", y_pred)
    inputs.same_rows(y_true=actual, y_pred=predicted)
    labels = [
        textwrap.fill(
            f"{which} {style.name(name or 'value', MAX_NAME_LETTERS)}", style.MAX_AXIS_LETTERS
        )
        for which in ("actual", "predicted")
    ]
    rows = len(actual)
    columns = predicted[:, None], actual[:, None]
    r2, error = float(metrics.r2(*columns)), float(metrics.mean_absolute_error(*columns))
    heading = f"{rows:,} rows: R² {r2:.3f}, mean absolute error {error:.4g}"
    ends = None if intervals is None else _ends(intervals, actual)
    if ends is not None:
        inside = np.mean((ends[:, 0] <= actual) & (actual <= ends[:, 1]))
        heading += f", {inside:.1%} inside their intervals"
    points: dict[str, Any] = {
        "color": style.BLUE,
        "alpha": np.clip(2000 / rows, 0.04, 0.7),
        "markersize": np.clip(100 / np.sqrt(rows), 1.5, 5),
        "markeredgewidth": 0,
        "rasterized": rows > MAX_VECTOR_POINTS,
    }
    canvas = Canvas(figure, ax, (8, 4.3))
    left, *others = panels = canvas.panels(1, 2)
    if ends is not None:
        _draw_intervals(left, actual, ends)
    _draw_values(left, actual, predicted, points)
    canvas.describe(left, heading if ax is not None else "Predicted vs. actual", *labels)
    for right in others:
        right.plot(predicted, predicted - actual, "o", **points)
        right.axhline(0, label="no error", **PERFECT)
        canvas.describe(right, "Errors", labels[1], "error: predicted − actual")
    if ax is None:
        canvas.heading(heading)
        for axes in panels:
            axes.set_box_aspect(1)
    for axes in panels:
        axes.legend(loc="best")  # given explicitly, it does not warn of being slow for many rows
    canvas.grid(*panels)
    return canvas.result()


def _ends(intervals: Any, actual: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Intervals `[N, 2]`, finite and checked."""
    found = checks.finite("intervals", checks.array("intervals", intervals), "")
    if found.ndim != 2 or found.shape[1] != 2:
        raise InvalidArgument(
            "intervals must be a lower and an upper end per row, [N, 2]; got shape "
            f"{list(found.shape)}"
        )
    inputs.same_rows(y_true=actual, intervals=found)
    return np.asarray(found, np.float64)


def _draw_intervals(
    axes: Axes, actual: npt.NDArray[np.float64], ends: npt.NDArray[np.float64]
) -> None:
    """A vertical line for each of at most MAX_INTERVALS rows, evenly by their actual values."""
    order = np.argsort(actual, kind="stable")
    count = min(len(order), MAX_INTERVALS)
    rows = order[np.linspace(0, len(order) - 1, count).round().astype(int)]
    axes.vlines(
        actual[rows], *ends[rows].T, color=style.SKY, alpha=0.5, linewidth=1.2, label="interval"
    )


def _draw_values(axes: Axes, actual: Any, predicted: Any, points: dict[str, Any]) -> None:
    """Points and the diagonal, both axes with one range, which holds what was there before."""
    before = [*axes.get_xlim(), *axes.get_ylim()] if axes.has_data() else []
    axes.plot(actual, predicted, "o", **points)
    low, high = min(actual.min(), predicted.min()), max(actual.max(), predicted.max())
    margin = 0.04 * (high - low) or 1
    span = min([low - margin, *before]), max([high + margin, *before])
    axes.plot(span, span, label="predicted = actual", **PERFECT)
    axes.set(xlim=span, ylim=span)
