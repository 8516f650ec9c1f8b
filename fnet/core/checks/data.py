"""Checks of data against a network, and of what belongs together in a run."""

import numpy as np

from fnet.core.checks.arrays import (
    FILL,
    array,
    bounded,
    distributions,
    features,
    finite,
    fits,
    labels,
    row_weights,
    shape_of,
    text,
)
from fnet.core.checks.params import outline, params
from fnet.core.errors import InvalidArgument


def batch(net, params_, x, y=None, weights=None):
    """`(params, x, y, weights)`, checked against the network and each other, and cast.

    x is `[N, D]` or `[*members, N, D]`; y and weights have its leading axes. Floating-point
    values are cast to the dtype of params; labels become int32. What is symbolic stays uncast.
    """
    layers, members, to = params(net, params_)
    x = features("x", x, net.sizes[0], members)
    x_shape = shape_of(x)
    if y is not None:
        y = targets(net, y, x_shape)
        y = _cast(
            "y", y, np.int32 if len(shape_of(y)) < len(x_shape) and net.has_class_labels else to
        )
    if weights is not None:
        weights = _cast("weights", row_weights(weights, x_shape[:-1], members), to)
    return layers, _cast("x", x, to), y, weights


def _cast(what, value, to):
    """`value` in this dtype, whose range must hold it."""
    if not isinstance(value, np.ndarray) or value.dtype == to:
        return value
    with np.errstate(over="ignore"):  # what becomes infinite is refused
        return finite(f"{what} in {np.dtype(to)}", value.astype(to))


def targets(net, value, x_shape):
    """y for features of this shape: rows, or integer labels, or one target a row."""
    found = array("y", value, FILL)
    shape, rows = shape_of(found), x_shape[:-1]
    width = 1 if net.targets == "quantiles" else net.sizes[-1]
    short = f"integer labels {text(rows)}" if net.has_class_labels else f"targets {text(rows)}"
    wanted = f"rows {text((*rows, width))}" + (
        f" or {short}" if net.has_class_labels or width == 1 else ""
    )
    if fits(shape, rows) and net.has_class_labels:
        return labels("y", found, width)
    if fits(shape, (*rows, width)) or (fits(shape, rows) and width == 1):
        finite("y", found)
        if net.has_class_labels:
            return distributions(found)
        least, most = BOUNDS.get(net.targets, (-np.inf, np.inf))
        return bounded("y", found, least, most, f" under {net.loss}")
    raise InvalidArgument(f"y must be {wanted} for x of {text(x_shape)}; got shape {text(shape)}")


BOUNDS = {"counts": (0, np.inf), "multilabel": (0, 1)}
"""Between what targets of a kind must lie."""


def validation(net, params_, value):
    """Validation data `(x, y)` or `(x, y, weights)` as arrays `(x, y, weights)`."""
    if not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
        raise InvalidArgument(f"validation must be (x, y) or (x, y, weights); got {outline(value)}")
    try:
        _, x, y, weights = batch(net, params_, *value)
    except InvalidArgument as error:
        raise InvalidArgument(f"validation: {error}") from None
    weights = np.ones(x.shape[:1], x.dtype) if weights is None else weights
    if x.ndim != 2:
        raise InvalidArgument(
            f"validation must be rows [N, D] that all members share; got x of shape {list(x.shape)}"
        )
    if not weights.any():
        raise InvalidArgument("validation must not have weights that are all 0")
    return x, y, weights


def sources(x, y, plan, data, epochs):
    """Where `train` takes its batches from: x, y and plan; or data, and how many epochs it is."""
    by_plan = {"x": x, "y": y, "plan": plan}
    if data is None:
        if missing := [name for name, value in by_plan.items() if value is None]:
            raise InvalidArgument(
                f"train takes x, y and plan, or data; missing: {', '.join(missing)}"
            )
        if epochs is not None:
            raise InvalidArgument(f"epochs is for data, a plan has its own; got epochs={epochs!r}")
    elif given := [name for name, value in by_plan.items() if value is not None]:
        raise InvalidArgument(
            f"data holds x, y and the order of rows already; leave out {' and '.join(given)}"
        )


def shared_rows(x):
    """Rows `[N, D]` that all members share."""
    if x.ndim != 2:
        raise InvalidArgument(f"x must be rows [N, D] that all members share; got {list(x.shape)}")
    return x


def same_length(x, y):
    """x and y, which must have as many rows as each other."""
    shapes = shape_of(x), shape_of(y)
    if shapes[0][:1] != shapes[1][:1]:
        raise InvalidArgument(
            f"x and y must have the same rows; got shapes {text(shapes[0])} and {text(shapes[1])}"
        )


def plan(value, rows):
    """A plan, which must be made for this number of rows."""
    if not all(hasattr(value, name) for name in ("batches", "rows", "epochs", "steps", "width")):
        raise InvalidArgument(
            f"plan must be a Plan, as kfold_plan or full_batch_plan make one; got {value!r}"
        )
    if value.rows != rows:
        raise InvalidArgument(
            f"plan was made for {value.rows} rows, but x has {rows}; make one for len(x)"
        )
    return value
