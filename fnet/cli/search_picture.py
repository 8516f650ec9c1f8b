"""The picture of `fnet search`: the score against the hyperparameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from fnet.cli import common, grids
from fnet.cli.grids import Axis
from fnet.cli.scores import SIGNS
from fnet.cli.search_results import Row
from fnet.plots import style
from fnet.plots.canvas import Canvas

MAX_LINES = len(style.COLOURS)
"""The most values of a hyperparameter that have a line each."""

MAX_TICKS = 12
"""The most names of values on an axis."""


def draw(axes: Sequence[Axis], found: Sequence[Row], metric: str) -> Any:
    """Draw the mean score of each candidate.

    One hyperparameter is a line with the deviations over folds. Of two, the one with fewer values
    has a line for each; where both have many, they are a heat map. Of more, each has a panel, with
    the candidates as points and the best for each value. Values that are no numbers have no line.

    Args:
        axes: The hyperparameters.
        found: The results.
        metric: The name of the score.

    Returns:
        A figure of matplotlib.
    """
    varied = [axis for axis in axes if len(axis.values) > 1] or list(axes[:1])
    panels = len(varied) if len(varied) > 2 else 1
    canvas = Canvas(None, None, (6.5 if panels == 1 else 4.2 * panels, 4.5))
    label = _label(metric)
    for panel, axis in zip(canvas.panels(1, panels), varied, strict=False):
        if panels > 1:
            _best_of(panel, axis, found, metric)
        elif len(varied) == 1:
            _line(panel, axis, list(found), 0)
        elif min(len(each.values) for each in varied) <= MAX_LINES:
            _lines(panel, varied, found)
        else:
            _heat_map(canvas, panel, varied, found, metric)
            return canvas.result()
        canvas.describe(panel, "", axis.name if panel.get_xlabel() == "" else "", label)
        canvas.grid(panel)
    return canvas.result()


def _label(metric: str) -> str:
    return f"{common.metric_label(metric)}, mean of the folds"


def _places(axis: Axis) -> list[float]:
    """Where the values of an axis are: the numbers themselves, or 0, 1, 2 and so on."""
    if _is_number(axis):
        return [float(value) for value in axis.values]
    return [float(i) for i in range(len(axis.values))]


def _is_number(axis: Axis) -> bool:
    return all(isinstance(value, (int, float)) for value in axis.values)


def _set_scale(panel: Axes, axis: Axis) -> None:
    """Name the values on the horizontal axis; a range is logarithmic."""
    panel.set_xlabel(axis.name)
    if axis.is_log:
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
    elif not _is_number(axis):
        _name_ticks(panel.xaxis, axis)


def _name_ticks(ticks: Any, axis: Axis) -> None:
    """Name values that are no numbers, or that are the cells of a heat map."""
    step = -(-len(axis.values) // MAX_TICKS)
    shown = range(0, len(axis.values), step)
    names = [style.name(_text(axis.values[i])) for i in shown]
    ticks.set_ticks(list(shown), names)


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else grids.text(value)


def _line(panel: Axes, axis: Axis, rows: list[Row], number: int, label: str = "") -> None:
    """The scores along an axis, with their deviations."""
    places = dict(zip(axis.values, _places(axis), strict=True))
    points = sorted((places[row.values[axis.name]], row.mean, row.deviation) for row in rows)
    if not points:
        return
    x, y, deviations = zip(*points, strict=True)
    panel.errorbar(
        x,
        y,
        yerr=None if label else deviations,
        color=style.COLOURS[number],
        marker=style.MARKERS[number],
        markersize=5,
        linestyle=("-", "--", "-.", ":")[number % 4] if _is_number(axis) else "none",
        linewidth=1.4,
        ecolor=style.GREY,
        elinewidth=1,
        capsize=2.5,
        label=label or None,
    )
    _set_scale(panel, axis)


def _lines(panel: Axes, pair: Sequence[Axis], found: Sequence[Row]) -> None:
    """A line for each value of the axis with fewer values."""
    many, few = sorted(pair, key=lambda axis: (len(axis.values), axis.is_log), reverse=True)
    for number, value in enumerate(few.values):
        rows = [row for row in found if row.values[few.name] == value]
        _line(panel, many, rows, number, f"{few.name} {_text(value)}")
    panel.legend(fontsize=style.SMALL)


def _heat_map(
    canvas: Canvas, panel: Axes, pair: Sequence[Axis], found: Sequence[Row], metric: str
) -> None:
    """A cell for each pair of values."""
    across, up = pair
    scores = np.full((len(up.values), len(across.values)), np.nan)
    for row in found:
        place = up.values.index(row.values[up.name]), across.values.index(row.values[across.name])
        scores[place] = row.mean
    colours = "viridis_r" if metric in SIGNS else "viridis"  # the best are bright
    image = panel.imshow(scores, origin="lower", aspect="auto", cmap=colours)
    canvas.figure.colorbar(image, ax=panel, label=_label(metric))
    _name_ticks(panel.xaxis, across)
    _name_ticks(panel.yaxis, up)
    panel.tick_params(axis="x", rotation=45)
    panel.set_xlabel(across.name)
    panel.set_ylabel(up.name)


def _best_of(panel: Axes, axis: Axis, found: Sequence[Row], metric: str) -> None:
    """All candidates as points, and the best one of each value as a line."""
    places = dict(zip(axis.values, _places(axis), strict=True))
    x = [places[row.values[axis.name]] for row in found]
    panel.scatter(x, [row.mean for row in found], s=14, color=style.GREY, alpha=0.5, linewidths=0)
    best = min if metric in SIGNS else max
    line = {}
    for value, place in sorted(places.items(), key=lambda item: item[1]):
        means = [row.mean for row in found if row.values[axis.name] == value]
        finite = [mean for mean in means if np.isfinite(mean)]
        if finite:
            line[place] = best(finite)
    kind = "o-" if _is_number(axis) else "o"
    panel.plot(list(line), list(line.values()), kind, color=style.BLUE, markersize=5)
    _set_scale(panel, axis)
