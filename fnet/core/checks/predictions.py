"""Checks of predictions, of true values and of the weights of their rows.

Predictions are rows `[..., B, K]`. True values have the same leading axes, or none: then all
members share them.
"""

from typing import Any

import numpy as np

from fnet.core.checks.arrays import (
    Shape,
    array,
    distributions,
    finite,
    fits,
    kind,
    labels,
    row_weights,
    shape_of,
    text,
)
from fnet.core.checks.scalars import number
from fnet.core.errors import InvalidArgument

FLOATS = (np.float16, np.float32, np.float64)
"""The dtypes that predictions keep; any other becomes float64."""


def scores(
    predicted: Any, true: Any, weights: Any = None, what: str = "logits"
) -> tuple[Any, Any, bool, Any]:
    """`(logits, labels, whether the labels are one-hot rows, weights)`.

    Labels are `[..., B]` or `[..., B, K]`, or without the leading axes. Where both shapes fit,
    integers are labels of each member, and other numbers are rows that all members share.
    """
    predicted, true = _rows(what, predicted, "classes"), array("labels", true)
    shape, found = shape_of(predicted), shape_of(true)
    weights = _weights(weights, shape[:-1])
    own = fits(found, shape[:-1])
    shared_rows = fits(found, shape[-2:]) and not (own and kind(true) in "iu")
    if fits(found, shape) or shared_rows:
        return predicted, finite("labels", true, ""), True, weights
    if own or fits(found, shape[-2:-1]):
        return predicted, labels("labels", true, shape[-1]), False, weights
    raise InvalidArgument(
        f"labels must be {text(shape[:-1])} or one-hot {text(shape)} for {what} of {text(shape)}; "
        f"got shape {text(found)}"
    )


def probabilities(predicted: Any, true: Any, weights: Any = None) -> tuple[Any, Any, bool, Any]:
    """As `scores`, for predicted probabilities; rows of labels may be probabilities too."""
    predicted, true, rows, weights = scores(predicted, true, weights, "probabilities")
    distributions(predicted, "probabilities must be rows as predict returns them")
    if rows:
        distributions(true, "labels must be one-hot rows or probabilities")
    return predicted, true, rows, weights


def indicators(predicted: Any, true: Any, weights: Any = None) -> tuple[Any, Any, Any]:
    """`(logits, labels, weights)`, where labels are rows of 0 and 1, one number for each label."""
    predicted, true = _rows("logits", predicted, "classes"), array("labels", true)
    shape, found = shape_of(predicted), shape_of(true)
    if not fits(found, shape) and not fits(found, shape[-2:]):
        raise InvalidArgument(
            f"labels must be rows {text(shape)}, as logits are; got shape {text(found)}"
        )
    if isinstance(true, np.ndarray) and (bad := (true != 0) & (true != 1)).any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidArgument(
            f"labels must be rows of 0 and 1; got {true[first]:g}, first in row {first[-2]}, "
            f"column {first[-1]}"
        )
    return predicted, true, _weights(weights, shape[:-1])


def regression_pairs(
    predicted: Any, true: Any, weights: Any = None, outputs: int | None = None
) -> tuple[Any, Any, Any]:
    """`(predictions, y, weights)`, where y is `[..., B, outputs]`.

    `outputs` is the number of columns of predictions where it is None. For a single output y may
    be `[..., B]`.
    """
    predicted, true = _rows("predictions", predicted, "outputs"), array("y", true)
    shape, found = shape_of(predicted), shape_of(true)
    wanted = shape if outputs is None else (*shape[:-1], outputs)
    short = wanted[-1] == 1 and any(fits(found, s) for s in (wanted[:-1], wanted[-2:-1]))
    if not short and not fits(found, wanted) and not fits(found, wanted[-2:]):
        raise InvalidArgument(
            f"y must be {text(wanted)}"
            + (f" or {text(wanted[:-1])}" if wanted[-1] == 1 else "")
            + f" for predictions of {text(shape)}; got shape {text(found)}"
        )
    finite("y", true, "")
    return predicted, true[..., None] if short else true, _weights(weights, shape[:-1])


def quantiles(value: Any, predicted: Any) -> Any:
    """One quantile for each column of predictions `[..., B, Q]`: `[Q]`, or with leading axes."""
    found = number("quantiles", value, 0, 1, above=True, below=True)
    *members, _, columns = shape_of(predicted)
    if not fits(shape_of(found), (columns,)) and not fits(shape_of(found), (*members, columns)):
        raise InvalidArgument(
            f"quantiles must be one for each of the {columns} columns of predictions, "
            f"{text((columns,))}; got shape {text(shape_of(found))}"
        )
    return found


def _rows(what: str, value: Any, columns: str) -> Any:
    """Finite rows `[..., B, K]`, at least one row and one column."""
    found = array(what, value)
    shape = shape_of(found)
    if len(shape) < 2 or 0 in shape:
        raise InvalidArgument(f"{what} must be [..., rows, {columns}]; got shape {text(shape)}")
    finite(what, found, "")
    known = not isinstance(found, np.ndarray) or found.dtype in FLOATS
    return found if known else found.astype(np.float64)


def _weights(value: Any, rows: Shape) -> Any:
    """A weight for each row, `[B]` or with leading axes, not all of them 0; or None."""
    if value is None:
        return None
    found = row_weights(value, rows)
    if isinstance(found, np.ndarray) and not found.any(axis=-1).all():
        raise InvalidArgument("weights must not all be 0; give at least one row a weight above 0")
    return found
