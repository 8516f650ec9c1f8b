"""Decision regions: the class that a network predicts at each point of a plane."""

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb

from fnet.core import checks
from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.files.model import Model
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT

POINTS = 400
"""Points along each side of the plane at which the network predicts."""


@overload
def decision_regions(
    model: inputs.ModelLike,
    x: ArrayLike,
    y: ArrayLike,
    classes: inputs.Classes | None = None,
    features: Sequence[str] | None = None,
    *,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def decision_regions(
    model: inputs.ModelLike,
    x: ArrayLike,
    y: ArrayLike,
    classes: inputs.Classes | None = None,
    features: Sequence[str] | None = None,
    *,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def decision_regions(
    model: inputs.ModelLike,
    x: ArrayLike,
    y: ArrayLike,
    classes: inputs.Classes | None = None,
    features: Sequence[str] | None = None,
    *,
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
    figure: Any = None,
    ax: Any = None,
) -> Any:
    """The class that a network predicts at each point of the plane of its two features.

    The rows x are drawn on it with their true classes y. A network with a regression loss and one
    output predicts class 1 where its output is above 0 and class -1 elsewhere.

    Args:
        model: A classifier of two features: a fitted estimator, what `fnet.load` returned, a Run,
            or (net, params).
        x: Rows `[N, 2]`.
        y: True classes `[N]`, among those of the model; without names for them, among `classes`,
            or integers from 0.
        classes: Names of the classes in order, for the legend.
        features: Names of the two axes; None for those that the model knows.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: The model does not classify rows of two features, or x and y do not fit it.

    Example:
        >>> import numpy as np
        >>> import fnet
        >>> net = fnet.Network((2, 2))
        >>> params = (fnet.Layer(np.eye(2), np.zeros(2)),)
        >>> figure = fnet.plots.decision_regions((net, params), [[0.0, 4.0], [4.0, 0.0]], [1, 0])
        >>> figure.axes[0].get_title()
        'Decision regions: 2 of 2 rows correct'
    """
    content = inputs.content(model)
    predict, values = _classifier(
        Model(content), classes if content.classes is None else content.classes
    )
    rows = np.asarray(checks.features("x", x, 2), np.float64)
    values, (labels,) = inputs.class_indices(values, y=y)
    inputs.same_rows(x=rows, y=labels)
    names = values if classes is None else inputs.class_names(classes, len(values))
    xlabel, ylabel = _feature_names(content.features if features is None else features)
    correct = int(np.sum(predict(x) == labels))
    low, high = rows.min(axis=0), rows.max(axis=0)
    margin = np.where(high > low, 0.07 * (high - low), 1)
    grid = np.linspace(low - margin, high + margin, POINTS)  # [POINTS, 2]
    points = np.stack(np.meshgrid(*grid.T), axis=-1).reshape(-1, 2)
    plane = predict(points).reshape(POINTS, POINTS)
    canvas = Canvas(figure, ax, (6, 5))
    (axes,) = canvas.panels(1)
    _draw_plane(axes, plane, grid, len(names))
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
    canvas.describe(axes, title, xlabel, ylabel)
    axes.legend(loc="best")
    return canvas.result()


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
    features, outputs = net.sizes[0], net.sizes[-1]
    if features != 2:
        raise InvalidArgument(f"decision_regions needs a network of 2 features; got {features}")
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


def _feature_names(value: Any) -> tuple[str, str]:
    """The names of the two axes."""
    found = (
        ("feature 0", "feature 1")
        if value is None
        else tuple(style.name(name, style.MAX_AXIS_LETTERS) for name in value)
    )
    if len(found) != 2:
        raise InvalidArgument(f"features must be the names of the two axes; got {value!r:.200}")
    return found[0], found[1]


def _colour(index: int) -> str:
    """The colour of a class."""
    return style.COLOURS[index % len(style.COLOURS)]


def _pale(colour: str) -> tuple[float, ...]:
    """A colour as the background of points: mostly white."""
    return tuple(0.35 * part + 0.65 for part in to_rgb(colour))
