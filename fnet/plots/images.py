"""Images: the first-layer weights of a network, and the images that it misclassified."""

import math
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from fnet.core import checks
from fnet.core.aliases import ArrayLike, Params
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT

MAX_IMAGES = 25
"""The most misclassified images that are shown."""

MAX_UNITS = 36
"""The most units of a first layer that are shown."""


@overload
def first_layer_weights(
    model: inputs.ModelLike | Params, shape: tuple[int, int], *, figure: None = None
) -> Figure: ...
@overload
def first_layer_weights(
    model: inputs.ModelLike | Params, shape: tuple[int, int], *, figure: FigureT
) -> FigureT: ...
def first_layer_weights(model: Any, shape: Any, *, figure: Any = None) -> Any:
    """The first-layer weights of a network as images, one for each unit.

    All images share one colour scale, symmetric about 0, which is white. The first 36 units are
    shown.

    Args:
        model: Params, (net, params), a Run, a fitted estimator, or what `fnet.load` returned. The
            weights of an estimator with `standardize` apply to scaled features.
        shape: Height and width of the images, in pixels: height x width is the number of inputs.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.

    Returns:
        The new Figure, or the `figure` given.

    Raises:
        InvalidArgument: The model is not one network, or `shape` does not fit its inputs.

    Example:
        >>> import fnet
        >>> params = fnet.reference.init_params(fnet.Network((6, 4, 3)), seed=0)
        >>> fnet.plots.first_layer_weights(params, (2, 3)).get_suptitle()
        'First-layer weights of 4 hidden units'
    """
    weights, kind = _weights(model)
    if np.ndim(shape) != 1 or len(shape) != 2:
        raise InvalidArgument(f"shape must be (height, width); got {shape!r:.200}")
    height, width = (checks.integer("each of shape", side, least=1) for side in shape)
    n_inputs, n_units = weights.shape
    if height * width != n_inputs:
        raise InvalidArgument(
            f"shape must have as many pixels as the network has inputs, {n_inputs}; got "
            f"{height} x {width} = {height * width}"
        )
    shown = weights.T[:MAX_UNITS].reshape(-1, height, width)
    largest = np.abs(shown).max() or 1.0
    canvas, panels = _image_panels(figure, 6, len(shown), beside=1.2)
    for axes, image in zip(panels, shown, strict=False):
        drawn = axes.imshow(image, cmap="RdBu_r", vmin=-largest, vmax=largest)
        axes.set(frame_on=True, xticks=[], yticks=[])
        axes.set_axis_on()
    canvas.figure.colorbar(drawn, ax=panels, label="weight", shrink=0.8)
    more = f" (first {len(shown)} shown)" if len(shown) < n_units else ""
    canvas.heading(f"First-layer weights of {n_units} {kind}{more}")
    return canvas.result()


@overload
def misclassified(
    images: ArrayLike, y_true: ArrayLike, y_pred: ArrayLike, *, figure: None = None
) -> Figure: ...
@overload
def misclassified(
    images: ArrayLike, y_true: ArrayLike, y_pred: ArrayLike, *, figure: FigureT
) -> FigureT: ...
def misclassified(images: Any, y_true: Any, y_pred: Any, *, figure: Any = None) -> Any:
    """The misclassified images, each with its predicted and its true class.

    The first 25 are shown.

    Args:
        images: Images `[N, height, width]`.
        y_true: True labels `[N]`, numbers or strings.
        y_pred: Predicted labels `[N]`.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.

    Returns:
        The new Figure, or the `figure` given.

    Raises:
        InvalidArgument: Images are not finite, or the arguments differ in their number of rows.

    Example:
        >>> import numpy as np
        >>> import fnet
        >>> figure = fnet.plots.misclassified(np.zeros((3, 8, 8)), [0, 1, 2], [0, 1, 7])
        >>> figure.get_suptitle()
        'Misclassified: 1 of 3'
    """
    pixels = checks.finite("images", checks.array("images", images), "")
    if pixels.ndim != 3:
        raise InvalidArgument(f"images must be [N, height, width]; got shape {list(pixels.shape)}")
    classes, (true, predicted) = inputs.class_indices(None, y_true=y_true, y_pred=y_pred)
    inputs.same_rows(images=pixels, y_true=true)
    wrong = np.flatnonzero(true != predicted)
    shown = wrong[:MAX_IMAGES]
    canvas, panels = _image_panels(figure, 5, len(shown))
    for axes, row in zip(panels, shown, strict=False):
        axes.imshow(pixels[row], cmap="gray_r")
        predicted_name, true_name = (style.name(classes[i[row]], 12) for i in (predicted, true))
        axes.set_title(f"pred. {predicted_name}\ntrue {true_name}", fontsize=style.SMALL)
    more = f" (first {len(shown)} shown)" if len(shown) < len(wrong) else ""
    canvas.heading(f"Misclassified: {len(wrong)} of {len(pixels)}{more}")
    return canvas.result()


def _image_panels(
    figure: Any, width: float, count: int, beside: float = 0.0
) -> tuple[Canvas, list[Axes]]:
    """At least `count` panels without axes, about in a square, in a figure of `width` inches."""
    across = max(1, math.ceil(math.sqrt(count)))
    down = max(1, math.ceil(count / across))
    canvas = Canvas(figure, None, (width, 0.5 + (width - beside) * down / across))
    panels = canvas.panels(down, across)
    for axes in panels:
        axes.axis("off")
    return canvas, panels


def _weights(model: Any) -> tuple[npt.NDArray[Any], str]:
    """The weights `[D, H]` of the first dense layer, and what its units are."""
    if isinstance(model, (tuple, list)) and not any(isinstance(part, Network) for part in model):
        params = checks.entries("params", model)
    else:
        params = inputs.content(model).params
    layers = inputs.dense_layers(params)
    weights = np.asarray(layers[0].w)
    if weights.ndim != 2:
        raise InvalidArgument(
            "params must be those of one network, with w [D, H] in the first layer; "
            f"got shape {list(weights.shape)}"
        )
    return checks.finite("params", weights, ""), "hidden units" if len(layers) > 1 else "outputs"
