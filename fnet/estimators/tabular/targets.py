"""Targets of a table: refused where they have gaps, then as the network takes them."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from fnet.core.errors import InvalidArgument
from fnet.core.scaling import Scaling
from fnet.core.tuning import Tuning

ROWS_SHOWN = 5


class Targets(NamedTuple):
    """The targets of N rows as the network takes them.

    Attributes:
        y: Codes of classes `[N]`, labels `[N, K]`, or numbers `[N, K]`, scaled where they are.
        loss: The loss of the network.
        outputs: K.
        classes: The classes, sorted, or the column numbers of labels; None for numbers.
        scaling: The Scaling of targets, whose features stay as they are; None for none.
        tuning: The Tuning of the loss, or None.
    """

    y: npt.NDArray[Any]
    loss: Any
    outputs: int
    classes: npt.NDArray[Any] | None = None
    scaling: Scaling | None = None
    tuning: Tuning | None = None


def check_targets(y: Any, rows: int) -> npt.NDArray[Any]:
    """y as an array `[N]` or `[N, K]` without gaps.

    Raises:
        InvalidArgument: y is missing, has gaps, or is not finite.
    """
    from fnet.estimators.validation import convert_targets

    if y is None:
        raise InvalidArgument("fit requires y to be passed, but the target y is None")
    found = convert_targets(y)
    if isinstance(found, (list, tuple)) and any(v is None for v in found):
        found = np.array(found, object)
    found = found if hasattr(found, "toarray") else np.asarray(found)
    if hasattr(found, "toarray"):
        found = found.toarray()
    if found.ndim == 2 and found.shape[1] == 1:
        found = column_or_1d(found, warn=True)
    if len(gaps := _gaps(found)):
        shown = ", ".join(map(str, gaps[:ROWS_SHOWN]))
        more = f" and {len(gaps) - ROWS_SHOWN} more" if len(gaps) > ROWS_SHOWN else ""
        raise InvalidArgument(
            "Input y contains NaN: each row needs a target; rows without one, counted from 0, are "
            f"{shown}{more}. Leave them out"
        )
    dtype = None if found.dtype.kind in "OUSb" else "numeric"
    array: npt.NDArray[Any] = check_array(
        found, ensure_2d=False, allow_nd=True, dtype=dtype, input_name="y", ensure_min_samples=0
    )
    if array.ndim not in (1, 2):
        raise InvalidArgument(f"y must have shape [N] or [N, K]; got {list(array.shape)}")
    check_consistent_length(np.empty(rows), array)
    return array


def _gaps(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The rows whose target is None or NaN."""
    if y.dtype.kind == "O":
        missing = np.array([v is None or v != v for v in y.ravel()], bool).reshape(y.shape)
    elif y.dtype.kind in "fmM":
        missing = y != y
    else:
        return np.empty(0, int)
    return np.flatnonzero(missing.reshape(len(y), -1).any(axis=1))
