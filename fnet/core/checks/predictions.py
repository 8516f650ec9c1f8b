"""Checks of predictions, and of the truth and the weights that they are measured by.

Predictions are rows `[..., B, K]`. The truth has their leading axes, or none: then it is that of
all members alike.
"""

import numpy as np

from fnet.core.checks.arrays import (
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
"""The dtypes in which predictions stay; what is none of these becomes float64."""


def scores(said, truth, weights=None, what="logits"):
    """`(logits, labels, whether these are one-hot rows, weights)`.

    Labels are `[..., B]` or `[..., B, K]`, or without the leading axes. Where both would fit, whole
    numbers are labels of each member, and others are rows for all.
    """
    said, truth = _rows(what, said, "classes"), array("labels", truth)
    shape, came = shape_of(said), shape_of(truth)
    weights = _weights(weights, shape[:-1])
    of_each = fits(came, shape[:-1])
    for_all = fits(came, shape[-2:]) and not (of_each and kind(truth) in "iu")
    if fits(came, shape) or for_all:
        return said, finite("labels", truth, ""), True, weights
    if of_each or fits(came, shape[-2:-1]):
        return said, labels("labels", truth, shape[-1]), False, weights
    raise InvalidArgument(
        f"labels must be {text(shape[:-1])} or one-hot {text(shape)}, as {what} are; "
        f"got shape {text(came)}"
    )


def probabilities(said, truth, weights=None):
    """`scores` where these are probabilities, and rows of labels may be probabilities too."""
    said, truth, rows, weights = scores(said, truth, weights, "probabilities")
    distributions(said, "probabilities must be rows as predict returns them")
    if rows:
        distributions(truth, "labels must be one-hot rows or probabilities")
    return said, truth, rows, weights


def indicators(said, truth, weights=None):
    """`(logits, labels, weights)`, where labels are rows of 0 and 1, one for each class."""
    said, truth = _rows("logits", said, "classes"), array("labels", truth)
    shape, came = shape_of(said), shape_of(truth)
    if not fits(came, shape) and not fits(came, shape[-2:]):
        raise InvalidArgument(
            f"labels must be rows {text(shape)}, as logits are; got shape {text(came)}"
        )
    if isinstance(truth, np.ndarray) and (bad := (truth != 0) & (truth != 1)).any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidArgument(
            f"labels must be rows of 0 and 1; got {truth[at]:g} first in row {at[-2]}, "
            f"column {at[-1]}"
        )
    return said, truth, _weights(weights, shape[:-1])


def regression_pairs(said, truth, weights=None, outputs=None):
    """`(predictions, y, weights)`, where y is `[..., B, outputs]`: unless told, as predictions are.

    Of a single output it may be `[..., B]`.
    """
    said, truth = _rows("predictions", said, "outputs"), array("y", truth)
    shape, came = shape_of(said), shape_of(truth)
    wanted = shape if outputs is None else (*shape[:-1], outputs)
    short = wanted[-1] == 1 and any(fits(came, s) for s in (wanted[:-1], wanted[-2:-1]))
    if not short and not fits(came, wanted) and not fits(came, wanted[-2:]):
        raise InvalidArgument(
            f"y must be {text(wanted)}"
            + (f" or {text(wanted[:-1])}" if wanted[-1] == 1 else "")
            + f" for predictions of {text(shape)}; got shape {text(came)}"
        )
    finite("y", truth, "")
    return said, truth[..., None] if short else truth, _weights(weights, shape[:-1])


def quantiles(value, said):
    """One quantile for each column of predictions `[..., B, Q]`: `[Q]`, or with leading axes."""
    found = number("quantiles", value, 0, 1, above=True, below=True)
    *members, _, columns = shape_of(said)
    if not fits(shape_of(found), (columns,)) and not fits(shape_of(found), (*members, columns)):
        raise InvalidArgument(
            f"quantiles must be one for each of the {columns} columns of predictions, "
            f"{text((columns,))}; got shape {text(shape_of(found))}"
        )
    return found


def _rows(what, value, columns):
    """Finite rows `[..., B, K]`, at least one of at least one column."""
    found = array(what, value)
    shape = shape_of(found)
    if len(shape) < 2 or 0 in shape:
        raise InvalidArgument(f"{what} must be [..., rows, {columns}]; got shape {text(shape)}")
    finite(what, found, "")
    known = not isinstance(found, np.ndarray) or found.dtype in FLOATS
    return found if known else found.astype(np.float64)


def _weights(value, rows):
    """A weight a row, `[B]` or with leading axes, not all of them 0; or None."""
    if value is None:
        return None
    found = row_weights(value, rows)
    if isinstance(found, np.ndarray) and not found.any(axis=-1).all():
        raise InvalidArgument("weights must not all be 0: there would be nothing to measure")
    return found
