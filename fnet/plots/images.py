"""Images: what a network looks for in them, and which it gets wrong."""

import math

import numpy as np

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.plots import inputs, style

MOST_IMAGES = 25
"""How many misclassified images are shown."""

MOST_UNITS = 36
"""How many units of a first layer are shown."""


def first_layer_weights(what, shape, figure=None):
    """The weights of the first layer as images of `shape` (height, width), one for each unit.

    `what` is params, `(net, params)`, a Run, a fitted estimator or what `load` gave; of an
    estimator with `standardize` they are those of the scaled features. One colour stands for one
    weight in all images, and white for 0. The first 36 units are shown, and the title says how
    many there are.
    """
    weights, kind = _weights(what)
    if np.ndim(shape) != 1 or len(shape) != 2:
        raise InvalidArgument(f"shape must be (height, width); got {shape!r:.200}")
    height, width = (checks.integer("each of shape", side, least=1) for side in shape)
    inputs, units = weights.shape
    if height * width != inputs:
        raise InvalidArgument(
            f"shape must be of as many pixels as the network has inputs, {inputs}; got "
            f"{height} x {width} = {height * width}"
        )
    shown = weights.T[:MOST_UNITS].reshape(-1, height, width)
    most = np.abs(shown).max() or 1.0
    figure, panels = _panels(figure, 6, len(shown), beside=1.2)
    for axes, image in zip(panels, shown, strict=False):
        drawn = axes.imshow(image, cmap="RdBu_r", vmin=-most, vmax=most)
        axes.set(frame_on=True, xticks=[], yticks=[])
        axes.set_axis_on()
    figure.colorbar(drawn, ax=panels.tolist(), label="weight", shrink=0.8)
    more = f", the first {len(shown)} of them" if len(shown) < units else ""
    figure.suptitle(f"First layer: the weights of {units} {kind}{more}")
    return style.drawn(figure)


def misclassified(images, truth, predicted, figure=None):
    """The images that were taken for another class, each with what was said and what was true.

    `images` is `[N, height, width]`, `truth` and `predicted` are labels `[N]` of any kind. The
    first 25 are shown, and the title says how many there are.
    """
    images = checks.finite("images", checks.array("images", images), "")
    if images.ndim != 3:
        raise InvalidArgument(f"images must be [N, height, width]; got shape {list(images.shape)}")
    classes, (truth, predicted) = inputs.places(None, truth=truth, predicted=predicted)
    inputs.same_rows(images=images, truth=truth)
    wrong = np.flatnonzero(truth != predicted)
    shown = wrong[:MOST_IMAGES]
    figure, panels = _panels(figure, 5, len(shown))
    for axes, row in zip(panels, shown, strict=False):
        axes.imshow(images[row], cmap="gray_r")
        said, true = (style.name(classes[place[row]], 12) for place in (predicted, truth))
        between = ", " if len(said) + len(true) < 6 else "\n"
        axes.set_title(f"said {said}{between}is {true}", fontsize=style.SMALL)
    more = f", the first {len(shown)} of them" if len(shown) < len(wrong) else ""
    figure.suptitle(f"Misclassified: {len(wrong)} of {len(images)}{more}")
    return style.drawn(figure)


def _panels(figure, wide, count, beside=0.0):
    """`(figure, panels)`: rows of at least so many panels, about a square, without axes."""
    across = max(1, math.ceil(math.sqrt(count)))
    down = max(1, math.ceil(count / across))
    figure = style.sheet(figure, (wide, 0.5 + (wide - beside) * down / across))
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes in panels:
        axes.axis("off")
    return figure, panels


def _weights(what):
    """`(weights [D, H], what the units are)`."""
    if isinstance(what, (tuple, list)) and not any(isinstance(part, Network) for part in what):
        checks.members_of(what)  # that it is a sequence of layers
        params = what
    else:
        params = inputs.content(what).params
    weights = np.asarray(params[0][0])
    if weights.ndim != 2:
        raise InvalidArgument(
            "params must be those of one network, with w [D, H] in the first layer; "
            f"got shape {list(weights.shape)}"
        )
    return checks.finite("params", weights, ""), "hidden units" if len(params) > 1 else "outputs"
