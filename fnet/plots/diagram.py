"""A network as a diagram: units, weights and, of one row, their values."""

from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from fnet.core import checks
from fnet.core.aliases import Params
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.params import Layer
from fnet.core.printable import some_of
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT
from fnet.reference.tracing import Trace

MAX_UNITS = 8
"""The most places that a layer takes: the first units, an ellipsis and the last one."""

MAX_DETAILED = 5
"""With more layers than this, or more units in one, there is no room for all numbers."""

MAX_LABELS = 12
"""With more weights than this between two layers, their numbers are not written."""

WIDEST, NARROWEST = 5.0, 0.4
"""The widths of the lines of the largest weight and of a weight of 0, in points."""

ALONG = np.linspace(0.33, 0.67, 18)
"""Where on its line the number of a weight may stand."""


class _Column(NamedTuple):
    """The places of the units of a layer, in inches.

    Attributes:
        x: Where the layer is.
        y: Where each unit that is shown is, by its number.
        gap: Where the ellipsis is; None without.
        values: What is written in and below units, by its name: an array over all units.
    """

    x: float
    y: dict[int, float]
    gap: float | None
    values: dict[str, npt.NDArray[Any]]


@overload
def network(
    net: Network,
    params: Params,
    trace: Trace | None = None,
    row: int = 0,
    *,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def network(
    net: Network,
    params: Params,
    trace: Trace | None = None,
    row: int = 0,
    *,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def network(
    net: Network,
    params: Params,
    trace: Trace | None = None,
    row: int = 0,
    *,
    figure: None = None,
    ax: Axes,
) -> Axes: ...
def network(
    net: Any, params: Any, trace: Any = None, row: int = 0, *, figure: Any = None, ax: Any = None
) -> Any:
    """The units and the weights of a network; with a trace, the values of one row, too.

    A weight is a line: blue if positive, vermillion and dashed if negative, the wider the larger
    its absolute value. Of a layer with more than eight units, the first six and the last are shown.
    In a network of at most five layers, the numbers of weights are written between layers with at
    most 12; and if none has more than five units, below each unit are its numbers by the names of
    the formulas: the bias b.

    With a trace, a circle holds the value a of its unit. Below are z, the value before the
    activation, and δ, the derivative of the loss with respect to z; in the last layer the target y.

    Args:
        net: The network.
        params: Its params, without member axes.
        trace: What `fnet.reference.trace` returned for them; None draws no values.
        row: The row of the trace whose values are drawn, counted from 0.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: Params have member axes or do not fit the network, the trace is not one of
            these params, or it has no such row.

    Example:
        >>> import fnet
        >>> net = fnet.Network((2, 3, 1), "tanh", loss="squared_error")
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> trace = fnet.reference.trace(net, params, [[1.0, 2.0]], [0.5])
        >>> figure = fnet.plots.network(net, params, trace)
        >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
        ['x', 'layer 1\\ntanh', 'layer 2\\nidentity']
    """
    layers = inputs.dense_layers(inputs.content((net, params)).params)
    values = [{} if layer.b is None else {"b": layer.b} for layer in layers]
    values = [{}, *values] if trace is None else _values(trace, layers, row)
    counts = [len(layers[0].w), *(layer.w.shape[-1] for layer in layers)]
    wide = len(layers) <= MAX_DETAILED
    detailed = wide and max(counts) <= MAX_DETAILED
    dx, (dy, below) = 3.0 if wide else 1.2, (1.85, 1.7) if detailed else (0.6, 0.9)
    columns = [
        _column(i * dx, count, dy, own)
        for i, (count, own) in enumerate(zip(counts, values, strict=True))
    ]
    high = max(max(column.y.values()) for column in columns)
    size = dx * len(layers) + 2, 2 * high + below + 1.5
    canvas = Canvas(figure, ax, size)
    (axes,) = canvas.panels(1)
    axes.update_datalim([(-0.8, -high - below), (dx * len(layers) + 0.8, high + 0.5)])
    axes.autoscale_view()
    scale = _scale(canvas, axes, size)
    largest = max(float(np.abs(layer.w).max()) for layer in layers) or 1.0
    for left, right, layer in zip(columns, columns[1:], layers, strict=False):
        _draw_weights(axes, left, right, layer.w / largest)
        if wide and layer.w.size <= MAX_LABELS:
            _write_weights(axes, left, right, layer.w, scale)
    for column in columns:
        _draw_units(axes, column, detailed, scale)
    _name_axes(canvas, axes, net, columns, counts)
    what = f"Network {'-'.join(map(str, net.sizes))}"
    loss = "" if trace is None else f", row {row}: loss {trace.losses[row]:.4g}"
    canvas.describe(axes, f"{what}{loss}", "layer", "unit")
    return canvas.result()


def _values(trace: Any, layers: list[Layer], row: Any) -> list[dict[str, npt.NDArray[Any]]]:
    """The values of a row of a trace, for the inputs and for each layer."""
    if not isinstance(trace, Trace) or not _equal(trace, layers):
        raise InvalidArgument(
            "trace must be what fnet.reference.trace returned for these params, or None; "
            f"got {type(trace).__name__}"
        )
    rows = len(trace.losses)
    if checks.integer("row", row) >= rows:
        raise InvalidArgument(f"row must be one of the {rows} rows of the trace; got {row}")
    found = [{"a": trace.inputs[1][row]}]
    for i, layer in enumerate(layers, 1):
        biases = {} if layer.b is None else {"b": layer.b}
        values = {"z": trace.z[i][row], "δ": trace.delta[i][row], "a": trace.a[i][row]}
        found.append(biases | values)
    found[-1]["y"] = np.broadcast_to(trace.y[row], found[-1]["a"].shape)  # one y for all quantiles
    return found


def _equal(trace: Trace, layers: list[Layer]) -> bool:
    """Whether a trace is one of these params."""
    return len(trace.w) == len(layers) and all(
        np.array_equal(trace.w[i], layer.w)
        and (layer.b is None or np.array_equal(trace.b[i], layer.b))
        for i, layer in enumerate(layers, 1)
    )


def _column(x: float, count: int, dy: float, values: dict[str, npt.NDArray[Any]]) -> _Column:
    """The places of a layer with `count` units that are `dy` apart, the first one above."""
    shown = some_of(count, MAX_UNITS)
    heights = [((len(shown) - 1) / 2 - place) * dy for place in range(len(shown))]
    y = {unit: at for unit, at in zip(shown, heights, strict=True) if unit is not None}
    gap = heights[shown.index(None)] if None in shown else None
    return _Column(x, y, gap, values)


def _scale(canvas: Canvas, axes: Axes, size: tuple[float, float]) -> float:
    """The size of texts and circles: 1, or less in a given figure or Axes that is smaller."""
    space, needed = canvas.figure.bbox, np.array(size)
    if canvas.ax is not None:
        space = axes.get_window_extent()
        needed = np.abs([np.diff(axes.get_xlim()), np.diff(axes.get_ylim())])[:, 0]
    inches = np.array(space.size) / canvas.figure.dpi
    return float(min(1.0, (inches / needed).min()))


def _draw_weights(axes: Axes, left: _Column, right: _Column, weights: npt.NDArray[Any]) -> None:
    """Draw the weights of a layer, which are parts of the largest weight of the network."""
    for i, y in left.y.items():
        for j, end in right.y.items():
            w = weights[i, j]
            axes.plot(
                [left.x, right.x],
                [y, end],
                **_sign(w),
                linewidth=NARROWEST + (WIDEST - NARROWEST) * abs(w),
                zorder=1,
            )


def _sign(w: float) -> dict[str, Any]:
    """The colour and the style of the line of a weight."""
    return {"color": style.VERMILLION, "ls": "--"} if w < 0 else {"color": style.BLUE, "ls": "-"}


def _write_weights(
    axes: Axes, left: _Column, right: _Column, weights: npt.NDArray[Any], scale: float
) -> None:
    """Write the number of each weight on its line, where it is farthest from other numbers."""
    written: list[npt.NDArray[Any]] = []
    for i, y in left.y.items():
        for j, end in right.y.items():
            places = np.stack([left.x + ALONG * (right.x - left.x), y + ALONG * (end - y)], axis=1)
            free = [
                min((_apart(place - other) for other in written), default=9.0) for place in places
            ]
            best = places[int(np.argmax(np.minimum(free, 1.0)))]
            written.append(best)
            axes.text(
                best[0],
                best[1],
                f"{weights[i, j]:.3g}",
                size=12 * scale,
                color=_sign(weights[i, j])["color"],
                ha="center",
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
                zorder=2,
            )


def _apart(difference: npt.NDArray[Any]) -> float:
    """How far two numbers are apart, in widths or heights of a number."""
    return float(max(abs(difference[0]) / 0.7, abs(difference[1]) / 0.27))


def _draw_units(axes: Axes, column: _Column, detailed: bool, scale: float) -> None:
    """Draw the units of a layer, and write their values."""
    inches = (0.8 if detailed else 0.5) * scale
    axes.plot(
        [column.x] * len(column.y),
        list(column.y.values()),
        "o",
        markersize=72 * inches,
        color="white",
        markeredgecolor=style.GREY,
        markeredgewidth=1.5,
        zorder=3,
    )
    if column.gap is not None:
        axes.text(column.x, column.gap, "⋮", size=16 * scale, ha="center", va="center")
    for unit, y in column.y.items():
        texts = {name: f"{values[unit] + 0.0:.3g}" for name, values in column.values.items()}
        inside = texts.pop("a", "")
        size = 18 * inches * min(1.0, 6 / max(1, len(inside)))
        axes.text(column.x, y, inside, size=size, ha="center", va="center", zorder=4)
        if detailed and texts:
            axes.annotate(
                "\n".join(f"{name} {text}" for name, text in texts.items()),
                (column.x, y),
                xytext=(0, -36 * inches - 2),
                textcoords="offset points",
                size=12 * scale,
                ha="center",
                va="top",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                zorder=2.5,
            )


def _name_axes(
    canvas: Canvas, axes: Axes, net: Network, columns: list[_Column], counts: list[int]
) -> None:
    """Name the layers below them, and explain the lines."""
    names = ["embedded x" if net.added else "x"]
    names += [f"layer {i}\n{f}" for i, f in enumerate((*net.hidden, net.output), 1)]
    for i, (column, count) in enumerate(zip(columns, counts, strict=True)):
        names[i] += "" if column.gap is None else f"\n{count} units"
    axes.set_xticks([column.x for column in columns], names)
    axes.set_yticks([])
    axes.tick_params(length=0)
    if canvas.ax is None:
        axes.spines[:].set_visible(False)
    for w, label in ((1, "positive weight"), (-1, "negative weight")):
        axes.plot([], [], **_sign(w), linewidth=2, label=label)
    axes.legend(loc="lower center", ncols=2, frameon=False)
