"""What a network says of each point of the plane."""

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.files import Model
from fnet.plots import inputs, style

POINTS = 400
"""Along each side of the plane, how many points are asked about."""


def decision_regions(what, x, y, classes=None, features=None, figure=None):
    """What each point of the plane is said to be, and rows x `[N, 2]` of classes y `[N]` on it.

    `what` is a classifier of two features: a fitted estimator, what `load` gave, a Run, or
    `(net, params)`. y holds its classes: those of `what`, else `classes`, else whole numbers from
    0 on. A network with a loss for numbers and one output decides by its sign between -1 and 1, as
    in the notes. `classes` names the classes in order, and `features` the two axes, unless `what`
    knows their names.
    """
    content = inputs.content(what)
    model, known = Model(content), content.classes
    say, values = _decision(model, classes if known is None else known)
    shown = np.asarray(checks.features("x", x, 2), np.float64)
    values, (y,) = inputs.places(values, y=y)
    inputs.same_rows(x=shown, y=y)
    names = values if classes is None else inputs.names(classes, len(values))
    features = _features(content.features if features is None else features)
    right = int(np.sum(say(x) == y))

    low, high = shown.min(axis=0), shown.max(axis=0)
    margin = np.where(high > low, 0.07 * (high - low), 1)
    low, high = low - margin, high + margin
    across, up = np.linspace(low, high, POINTS).T
    plane = say(np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)).reshape(POINTS, POINTS)

    figure = style.sheet(figure, (6, 5))
    axes = figure.subplots()
    colours = [style.COLOURS[i % len(style.COLOURS)] for i in range(len(names))]
    axes.imshow(
        plane,
        cmap=ListedColormap([_pale(colour) for colour in colours]),
        vmin=0,
        vmax=len(names) - 1,
        extent=(low[0], high[0], low[1], high[1]),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        there = plane == i
        if there.any() and not there.all():
            axes.contour(across, up, there, levels=[0.5], colors="black", linewidths=0.8)
        axes.plot(
            *shown[y == i].T,
            style.MARKERS[i % len(style.MARKERS)],
            color=colour,
            markeredgecolor="black",
            markeredgewidth=0.6,
            markersize=5.5,
            label=style.name(name),
        )
    axes.set(
        title=f"Decision regions: {right} of {len(y)} rows right",
        xlabel=features[0],
        ylabel=features[1],
    )
    axes.legend(loc="best")
    return style.drawn(figure)


def _decision(model, classes):
    """`(function of rows that gives the place of each one's class, classes)`."""
    net = model.net
    features, outputs = net.sizes[0], net.sizes[-1]
    if features != 2:
        raise InvalidArgument(f"decision_regions needs a network of 2 features; got {features}")
    if net.targets == "real" and outputs == 1:
        return lambda x: (model.predict(x).reshape(-1) > 0).astype(int), [-1, 1]
    one = net.targets == "multilabel" and outputs == 1
    if net.targets == "multiclass" or one:
        count = 2 if one else outputs
        values = range(count) if classes is None else inputs.names(classes, count)
        return lambda x: model.predict_proba(x).argmax(axis=-1), values
    raise InvalidArgument(
        f"decision_regions needs a network that tells classes apart, or of one number; got {net}"
    )


def _features(value):
    found = ("feature 0", "feature 1") if value is None else tuple(map(str, value))
    if len(found) != 2:
        raise InvalidArgument(f"features must be the names of the two axes; got {value!r:.200}")
    return found


def _pale(colour):
    """A colour as a ground for points: mostly white."""
    return tuple(0.35 * part + 0.65 for part in to_rgb(colour))
