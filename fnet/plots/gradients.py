"""Gradient flow: how large the gradient of each layer is, epoch by epoch."""

import itertools
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter, MaxNLocator

from fnet.core import checks
from fnet.core.aliases import Params
from fnet.core.errors import InvalidArgument
from fnet.core.params import FIELDS, Layer
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT

LINE_STYLES = ("-", "--", ":", "-.")
"""Cycled over layers. With seven colours, 28 combinations differ."""


@overload
def gradient_flow(
    grads: Sequence[Params],
    epochs: Sequence[int] | None = None,
    *,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def gradient_flow(
    grads: Sequence[Params],
    epochs: Sequence[int] | None = None,
    *,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def gradient_flow(
    grads: Sequence[Params],
    epochs: Sequence[int] | None = None,
    *,
    figure: None = None,
    ax: Axes,
) -> Axes: ...
def gradient_flow(grads: Any, epochs: Any = None, *, figure: Any = None, ax: Any = None) -> Any:
    """The size of the gradient of each layer against the epoch.

    The size is the root mean square over the weights and biases of the layer, so that layers of
    different widths compare. Gradients vanish where each layer's is smaller than that of the next
    one by some factor. They are 0, which crosses at the lower edge show, before units that are all
    dead. With member axes each member has a thin line.

    Args:
        grads: A gradient for each epoch, as `fnet.grads` returns it for the params of that epoch.
        epochs: The epoch of each, in ascending order; None for 1, 2, 3 and so on. `train` gives
            its callback a Run several times a second: `run.train_state.epoch` is the epoch that its
            params belong to.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: There is no gradient, they differ in structure, or the epochs do not fit.

    Example:
        >>> import fnet
        >>> net = fnet.Network((2, 3, 3, 1), "sigmoid", loss="squared_error")
        >>> sgd, x, y = fnet.sgd(0.5), [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]
        >>> run, grads = fnet.reference.init_params(net, seed=0), []
        >>> for epoch in range(1, 6):
        ...     plan = fnet.full_batch_plan(2, epochs=epoch)
        ...     run = fnet.reference.train(net, sgd, run, x, y, plan)
        ...     grads.append(fnet.reference.grads(net, run.params, x, y))
        >>> figure = fnet.plots.gradient_flow(grads)
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['layer 1', 'layer 2', 'layer 3']
    """
    sizes = _sizes(grads)
    places = _epochs(epochs, len(grads))
    canvas = Canvas(figure, ax, (6, 4))
    (axes,) = canvas.panels(1)
    for i, (label, values) in enumerate(sizes.items()):
        colour = style.COLOURS[i % len(style.COLOURS)]
        drawn = axes.plot(
            places,
            np.where(np.isfinite(values) & (values > 0), values, np.nan),
            color=colour,
            linestyle=LINE_STYLES[i % len(LINE_STYLES)],
            linewidth=1.6 if values.shape[1] == 1 else 0.6,
            marker="." if len(places) == 1 else None,
        )
        drawn[0].set_label(label)
        zero = places[(values == 0).any(axis=1)]
        if len(zero):
            axes.plot(
                zero,
                np.full(len(zero), 0.02 + 0.03 * i),
                "x",
                color=colour,
                markersize=4,
                transform=axes.get_xaxis_transform(),  # a log scale has no 0
                label=f"{label}: 0",
            )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(LogFormatter())  # without formulas, see Canvas.result
    axes.yaxis.set_minor_formatter(LogFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=(1, 2, 5, 10), min_n_ticks=1))
    canvas.describe(axes, "Size of the gradient by layer", "epoch", "root mean square")
    axes.legend()
    canvas.grid(axes)
    return canvas.result()


def _sizes(grads: Any) -> dict[str, npt.NDArray[np.float64]]:
    """The root mean square of each entry of the gradients, `[E, M]`, by its label."""
    try:
        each = [checks.entries("each of grads", one) for one in grads]
    except (TypeError, InvalidArgument):
        each = []
    if not each or not all(_is_complete(entry) for entry in each[0]):
        raise InvalidArgument(
            "grads must be a sequence with a gradient for each epoch, as fnet.grads returns it; "
            f"got {grads!r:.200}"
        )
    for one in each[1:]:
        checks.same_structure("each of grads", one, each[0])
    numbers = itertools.count(1)
    found = {}
    for of_epochs in zip(*each, strict=True):
        kind = type(of_epochs[0])
        label = f"layer {next(numbers)}" if kind is Layer else kind.__name__
        found[label] = np.array([_size(entry) for entry in of_epochs])
    return found


def _is_complete(entry: Any) -> bool:
    """Whether the arrays of an entry have all axes of their fields."""
    pairs = zip(FIELDS[type(entry)].values(), entry, strict=True)
    return all(array is None or np.ndim(array) >= len(field.axes) for field, array in pairs)


def _size(entry: Any) -> npt.NDArray[np.float64]:
    """The root mean square over the arrays of an entry, for each member."""
    squares, count = 0.0, 0
    for field, array in zip(FIELDS[type(entry)].values(), entry, strict=True):
        if array is not None:
            values = np.asarray(array, np.float64)
            axes = tuple(range(-len(field.axes), 0))
            squares = squares + np.sum(np.square(values), axis=axes)
            count += int(np.prod(values.shape[-len(field.axes) :]))
    return np.sqrt(np.asarray(squares) / count).reshape(-1)


def _epochs(value: Any, count: int) -> npt.NDArray[Any]:
    """The epoch of each gradient, `[E]`."""
    if value is None:
        return np.arange(1, count + 1)
    found = inputs.column("epochs", value)
    if len(found) != count or (np.diff(found) <= 0).any():
        raise InvalidArgument(
            f"epochs must be in ascending order, one for each of the {count} gradients; "
            f"got {value!r:.200}"
        )
    return found
