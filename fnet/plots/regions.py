"""Decision regions: the class that a network predicts at each point of a plane."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb

from fnet.core import checks
from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.files.model import Model
from fnet.plots import inputs, planes, style
from fnet.plots.canvas import Canvas, Figure, FigureT

POINTS = 400
"""Points along each side of the plane at which the network predicts."""

MAX_PRODUCTS = 4e9
"""The products that all predictions may take; large ensembles predict at fewer points."""

Held: TypeAlias = ArrayLike | Mapping[Any, Any] | Sequence[Any]
"""The values at which features are held: one for each, or some by number or name."""


@overload
def decision_regions(
    model: inputs.ModelLike,
    x: ArrayLike,
    y: ArrayLike,
    classes: inputs.Classes | None = None,
    features: Sequence[str | int] | None = None,
    *,
    at: Held | None = None,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def decision_regions(
    model: inputs.ModelLike,
    x: ArrayLike,
    y: ArrayLike,
    classes: inputs.Classes | None = None,
    features: Sequence[str | int] | None = None,
    *,
    at: Held | None = None,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def decision_regions(
    model: inputs.ModelLike,
    x: ArrayLike,
    y: ArrayLike,
    classes: inputs.Classes | None = None,
    features: Sequence[str | int] | None = None,
    *,
    at: Held | None = None,
    figure: None = None,
    ax: Axes,
) -> Axes: ...
def decision_regions(
    model: Any,
    x: Any,
    y: Any,
    classes: Any = None,
    features: Any = None,
    *,
    at: Any = None,
    figure: Any = None,
    ax: Any = None,
) -> Any:
    """The class that a model predicts at each point of the plane of two features.

    All other features are held at one value each. The rows x are drawn on the plane with their true
    classes y, whatever their other features; the title counts those whose own prediction is right.
    A network with a regression loss and one output predicts class 1 where its output is above 0 and
    class -1 elsewhere.

    Args:
        model: A classifier: a fitted estimator, what `fnet.load` returned, a Run, or (net, params).
        x: Rows `[N, D]`, or a table, as the model takes them.
        y: True classes `[N]`, among those of the model; without names for them, among `classes`,
            or integers from 0.
        classes: Names of the classes in order, for the legend.
        features: The two features, by number or name, as `(0, 2)` or `("age", "income")`. If there
            are only two, other names for them; None takes both.
        at: The values of the other features: one for each of the D features in order, of which
            those of the two are not used, or a dict of some by number or name. The rest are held at
            the lower median of x, columns that are no numbers at their most frequent cell.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: The model does not classify, x and y do not fit it, or the features are not
            two features that are numbers.

    Example:
        >>> import numpy as np
        >>> import fnet
        >>> net = fnet.Network((3, 2))
        >>> params = (fnet.Layer(np.eye(3, 2), np.zeros(2)),)
        >>> x = [[0.0, 4.0, 7.0], [4.0, 0.0, 8.0]]
        >>> figure = fnet.plots.decision_regions((net, params), x, [1, 0], features=(0, 1))
        >>> print(figure.axes[0].get_title())
        Decision regions: 2 of 2 rows correct
        feature 2 = 7
    """
    content = inputs.content(model, ensembles=True)
    loaded = Model(content)
    predict, values = _classifier(loaded, classes if content.classes is None else content.classes)
    values, (labels,) = inputs.class_indices(values, y=y)
    names = values if classes is None else inputs.class_names(classes, len(values))
    chosen = planes.plane(loaded, x, features, at)
    rows = chosen.rows
    inputs.same_rows(x=rows, y=labels)
    correct = int(np.sum(predict(x) == labels))
    low, high = np.nanmin(rows, axis=0), np.nanmax(rows, axis=0)
    margin = np.where(high > low, 0.07 * (high - low), 1)
    count = _points(loaded)
    grid = np.linspace(low - margin, high + margin, count)  # [count, 2]
    points = np.stack(np.meshgrid(*grid.T), axis=-1).reshape(-1, 2)
    regions = predict(chosen.at(points)).reshape(count, count)
    canvas = Canvas(figure, ax, (6, 5))
    (axes,) = canvas.panels(1)
    _draw_plane(axes, regions, grid, len(names))
    for i, name in enumerate(names):
        axes.plot(
            *rows[labels == i].T,
            style.MARKERS[i % len(style.MARKERS)],
            color=_colour(i),
            markeredgecolor="black",
            markeredgewidth=0.6,
            markersize=5.5,
            label=style.name(name),
        )
    title = f"Decision regions: {correct} of {len(labels)} rows correct"
    canvas.describe(axes, "\n".join(filter(None, (title, chosen.others))), *chosen.labels)
    axes.legend(loc="best")
    return canvas.result()


def _points(model: Model) -> int:
    """The number of points along each side of the plane."""
    members = math.prod(checks.members_of(model.params))
    affordable = math.isqrt(int(MAX_PRODUCTS / (members * model.net.products)))
    return max(2, min(POINTS, affordable))


def _draw_plane(
    axes: Axes, plane: npt.NDArray[np.int_], grid: npt.NDArray[np.float64], count: int
) -> None:
    """Draw the class at each point of the grid as a pale colour, with lines between them."""
    (left, bottom), (right, top) = grid[0], grid[-1]
    axes.imshow(
        plane,
        cmap=ListedColormap([_pale(_colour(i)) for i in range(count)]),
        vmin=0,
        vmax=count - 1,
        extent=(left, right, bottom, top),
        origin="lower",
        aspect=axes.get_aspect(),
        interpolation="nearest",
    )
    for i in range(count):
        inside = plane == i
        if inside.any() and not inside.all():
            axes.contour(*grid.T, inside, levels=[0.5], colors="black", linewidths=0.8)


def _classifier(model: Model, classes: Any) -> tuple[Callable[[Any], Any], Any]:
    """A function from rows to the index of each one's class, and the classes."""
    net = model.net
    outputs = net.sizes[-1]
    if net.targets == "real" and outputs == 1:
        return lambda x: (model.predict(x).reshape(-1) > 0).astype(int), [-1, 1]
    binary = net.targets == "multilabel" and outputs == 1
    if net.targets == "multiclass" or binary:
        count = 2 if binary else outputs
        values = range(count) if classes is None else inputs.class_names(classes, count)
        return lambda x: model.predict_proba(x).argmax(axis=-1), values
    raise InvalidArgument(
        f"decision_regions needs a classifier, or a regression network with one output; got {net}"
    )


def _colour(index: int) -> str:
    """The colour of a class."""
    return style.COLOURS[index % len(style.COLOURS)]


def _pale(colour: str) -> tuple[float, ...]:
    """A colour as the background of points: mostly white."""
    return tuple(0.35 * part + 0.65 for part in to_rgb(colour))
