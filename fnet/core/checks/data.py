"""Checks of data against a network, and of the arguments of a run against each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fnet.core.checks.arrays import (
    array,
    bounded,
    column_names,
    distributions,
    features,
    finite,
    fits,
    labels,
    row_weights,
    shape_of,
    some_weight,
    text,
)
from fnet.core.checks.params import outline, params
from fnet.core.errors import InvalidArgument
from fnet.core.sparse_rows import SparseRows

BOUNDS = {"counts": (0, np.inf), "multilabel": (0, 1)}
"""The range of targets of a kind; other kinds may have any finite value."""


def batch(net: Any, params_: Any, x: Any, y: Any = None, weights: Any = None) -> tuple[Any, ...]:
    """`(params, x, y, weights)`, checked against the network and each other, and cast.

    x is `[N, D]` or `[*members, N, D]`; y and weights have its leading axes. Floats are cast to
    the dtype of params; labels become int32. Symbolic tensors are not cast.
    """
    layers, members, to = params(net, params_)
    given, x = x, _features(x, net.sizes[0], members)
    x_shape = shape_of(x)
    if y is not None:
        y = targets(net, y, x_shape)
        are_labels = net.has_class_labels and len(shape_of(y)) < len(x_shape)
        y = _cast("y", y, np.dtype(np.int32) if are_labels else to)
    if weights is not None:
        weights = _cast("weights", row_weights(weights, x_shape[:-1], members), to)
    x = _cast("x", x, to, given)
    codes(net, x)
    return layers, x, y, weights


def codes(net: Any, x: Any) -> None:
    """Refuse features that are not the codes of levels that the network says they are."""
    if net.codes is None or not isinstance(x, np.ndarray):
        return
    for feature, levels in zip(net.codes.features, net.codes.levels, strict=True):
        found = x[..., feature]
        wrong = (found != np.rint(found)) | (found < 0) | (found >= levels)
        if np.any(wrong):
            raise InvalidArgument(
                f"feature {feature} of x must be codes of levels, whole numbers from 0 to "
                f"{levels - 1}; got {found[wrong].flat[0]}"
            )


def _features(x: Any, width: int, members: Sequence[int]) -> Any:
    """x, checked; SparseRows come from the estimators, which have checked their entries."""
    return x if isinstance(x, SparseRows) else features("x", x, width, members)


def _cast(what: str, value: Any, to: np.dtype[Any], given: Any = None) -> Any:
    """`value` in this dtype, which must be able to hold it; `given` is what it was made from."""
    if isinstance(value, SparseRows):
        return value.astype(to)
    if not isinstance(value, np.ndarray) or value.dtype == to:
        return value
    with np.errstate(over="ignore"):  # a number that becomes infinite is refused
        return finite(f"{what} in {to}", value.astype(to), names=column_names(given, value))


def targets(net: Any, value: Any, x_shape: Sequence[Any]) -> Any:
    """y for features of this shape: rows, or integer labels, or one target for each row."""
    found = array("y", value)
    shape, rows = shape_of(found), tuple(x_shape[:-1])
    width = 1 if net.targets == "quantiles" else net.sizes[-1]
    one_per_row = net.has_class_labels or width == 1
    if fits(shape, rows) and net.has_class_labels:
        return labels("y", found, width)
    if not fits(shape, (*rows, width)) and not (one_per_row and fits(shape, rows)):
        name = "integer labels" if net.has_class_labels else "targets"
        raise InvalidArgument(
            f"y must be rows {text((*rows, width))}"
            + (f" or {name} {text(rows)}" if one_per_row else "")
            + f" for x of {text(x_shape)}; got shape {text(shape)}"
        )
    finite("y", found, names=column_names(value, found))
    if net.has_class_labels:
        return distributions(found)
    least, most = BOUNDS.get(net.targets, (-np.inf, np.inf))
    return bounded("y", found, least, most, f" under {net.loss}")


def validation(net: Any, params_: Any, value: Any) -> tuple[Any, Any, Any]:
    """Validation data `(x, y)` or `(x, y, weights)` as arrays `(x, y, weights)`.

    Each may have the member axes.
    """
    if not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
        raise InvalidArgument(f"validation must be (x, y) or (x, y, weights); got {outline(value)}")
    try:
        _, x, y, weights = batch(net, params_, *value)
    except InvalidArgument as error:
        raise InvalidArgument(f"validation: {error}") from None
    weights = np.ones(x.shape[:-1], x.dtype) if weights is None else weights
    some_weight("weights of validation", weights)
    return x, y, weights


def sources(columns: tuple[Any, Any, Any], options: Any) -> None:
    """Refuse arguments of `train` that are neither x, y and plan, nor data with its epochs."""
    by_plan = dict(zip(("x", "y", "plan"), columns, strict=True))
    if options.data is None:
        if missing := [name for name, value in by_plan.items() if value is None]:
            raise InvalidArgument(
                f"train takes x, y and plan, or data; missing: {', '.join(missing)}"
            )
        for name in ("epochs", "steps_per_epoch"):
            if (value := getattr(options, name)) is not None:
                raise InvalidArgument(
                    f"{name} goes with data, since a plan has its own; got {name}={value!r}"
                )
    elif given := [name for name, value in by_plan.items() if value is not None]:
        raise InvalidArgument(
            f"data already holds x, y and the order of rows; leave out {' and '.join(given)}"
        )


def shared_rows(x: Any) -> Any:
    """Rows `[N, D]` that all members share."""
    if x.ndim != 2:
        raise InvalidArgument(
            f"x must be rows [N, D] that all members share; got shape {list(x.shape)}"
        )
    return x


def same_length(x: Any, y: Any) -> None:
    """Refuse x and y with different numbers of rows."""
    shapes = shape_of(x), shape_of(y)
    if shapes[0][:1] != shapes[1][:1]:
        raise InvalidArgument(
            "x and y must have the same number of rows; got shapes "
            f"{text(shapes[0])} and {text(shapes[1])}"
        )


def plan_members(value: Any) -> tuple[int, ...]:
    """The member axes of the row weights of a plan."""
    return tuple(np.shape(getattr(value, "weights", np.nan))[:-1])


def plan(value: Any, rows: int, members: Sequence[int] = ()) -> Any:
    """A plan, which must be made for this number of rows, and for these members or for all."""
    if not all(hasattr(value, name) for name in ("batches", "rows", "epochs", "steps", "width")):
        raise InvalidArgument(
            f"plan must be a Plan, as kfold_plan or full_batch_plan returns it; got {value!r}"
        )
    if value.rows != rows:
        raise InvalidArgument(
            f"plan was made for {value.rows} rows, but x has {rows}; make one for len(x)"
        )
    own = plan_members(value)
    if own not in ((), tuple(members)):
        raise InvalidArgument(
            f"weights of the plan must be {text((rows,))}, or {text((*members, rows))} with the "
            f"member axes of params; got shape {text((*own, rows))}"
        )
    return value
