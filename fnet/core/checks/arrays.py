"""Checks of one array.

An array is anything that `containers.to_numpy` takes. A symbolic tensor (one inside a user's own
`tf.function`) has a shape and a dtype but no values yet: it is returned unchanged, and its values
are not checked.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fnet.core import containers
from fnet.core.errors import InvalidArgument

CHUNK = 1 << 20
"""The most entries checked at once, which bounds the memory of a check."""

Shape = Sequence[int | None]
"""A shape; None is a size that is not known yet."""


def array(what: str, value: Any) -> Any:
    """`value` as a NumPy array of numbers, or itself where it is symbolic."""
    if containers.is_plain(value):
        return value
    found = containers.to_numpy(what, value)
    if kind(found) not in containers.NUMERIC:
        raise InvalidArgument(
            f"{what} must be bools, integers or floats; got dtype {dtype_of(found)}"
        )
    return found


def dtype_of(value: Any) -> np.dtype[Any]:
    """The NumPy dtype of an array or a tensor."""
    found: np.dtype[Any] = np.dtype(getattr(value.dtype, "as_numpy_dtype", value.dtype))
    return found


def kind(value: Any) -> str:
    """The NumPy kind of an array or a tensor; fnet takes b, i, u and f."""
    return dtype_of(value).kind


def shape_of(value: Any) -> tuple[Any, ...]:
    """The shape of an array or a tensor as a tuple, with None for sizes that are not known yet."""
    return tuple(value.shape)


def fits(shape: Shape, wanted: Shape) -> bool:
    """Whether a shape is the wanted one, where None on either side fits any size."""
    return len(shape) == len(wanted) and all(
        a is None or b is None or a == b for a, b in zip(shape, wanted, strict=True)
    )


def text(shape: Shape) -> str:
    """A shape as messages write it: `[N, 64]`, with N for a size that is not known yet."""
    return "[" + ", ".join("N" if size is None else str(size) for size in shape) + "]"


def finite(
    what: str,
    value: Any,
    advice: str = ". Drop or fill such rows before training",
    names: Sequence[Any] | None = None,
) -> Any:
    """`value`, which must have no entry that is NaN or infinite; `names` are those of its columns.

    The message names the column where it can.
    """
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    flat = value.reshape(-1)  # a view where the array is contiguous
    for start in range(0, flat.size, CHUNK):
        good = np.isfinite(flat[start : start + CHUNK])
        if not good.all():
            first = start + int(np.argmin(good))
            place = _place(value, first, names)
            raise InvalidArgument(
                f"{what} must be finite; got {flat[first]}, first in {place}{advice}"
            )
    return value


def _place(value: Any, first: int, names: Sequence[Any] | None) -> str:
    """Where the first entry that is not finite is, and which other columns have such entries."""
    *_, row, column = (None, *map(int, np.unravel_index(first, value.shape)))
    if row is None:
        return f"row {column}"
    if names is None or value.ndim != 2:
        return f"row {row}, column {column}"
    bad = np.flatnonzero(~np.isfinite(value).all(axis=0)).tolist()
    others = [f"{names[i]!r:.100}" for i in bad if i != column]
    more = f" (other columns with such entries: {', '.join(others):.500})" if others else ""
    return f"row {row}, column {names[column]!r:.100}{more}"


def features(
    what: str,
    value: Any,
    width: int | None,
    members: Sequence[int] = (),
    names: Sequence[Any] | None = None,
) -> Any:
    """x, which must be finite rows `[N, width]` or `[*members, N, width]`, at least one.

    `names` are those of its columns, for messages; None takes those of a table.
    """
    found = array(what, value)
    shape = shape_of(found)
    wanted: list[Shape] = [(None, width)] + ([(*members, None, width)] if members else [])
    if not any(fits(shape, each) for each in wanted):
        rows = f"rows of {width} features, " if width else ""
        shapes = " or ".join(map(text, wanted)) if width else "[N, D]"
        raise InvalidArgument(f"{what} must be {rows}{shapes}; got shape {text(shape)}")
    if shape[-2] == 0:
        raise InvalidArgument(f"{what} must have at least one row; got shape {text(shape)}")
    return finite(what, found, names=names or column_names(value, found))


def column_names(given: Any, found: Any) -> Sequence[Any] | None:
    """The names of the columns of what was given, where it was converted to `found`."""
    return None if given is found else containers.column_names(given)


def row_weights(value: Any, rows: Shape, members: Sequence[int] = ()) -> Any:
    """Finite weights of at least 0, one for each row.

    `rows` is the shape of x without its last axis. Weights are `[N]`, or have the member axes of x
    or those of params, `members`, before it.
    """
    found = array("weights", value)
    shape = shape_of(found)
    if not any(fits(shape, (*axes, rows[-1])) for axes in ((), rows[:-1], members)):
        raise InvalidArgument(
            f"weights must be one number for each row, {text(rows[-1:])}; got shape {text(shape)}"
        )
    if isinstance(found, np.ndarray):
        finite("weights", found)
        if (found < 0).any():
            row = int(np.argwhere(found < 0)[0][-1])
            raise InvalidArgument(
                f"weights must not be negative; got {found.min():g}, first in row {row}"
            )
    return found


def some_weight(what: str, weights: Any) -> None:
    """Refuse weights of rows `[*M, N]` that are all 0, or all 0 for one member."""
    if not (known := weights.any(axis=-1)).all():
        only = f", for member {np.argwhere(~known)[0].tolist()} too" if weights.ndim > 1 else ""
        raise InvalidArgument(
            f"{what} must not all be 0; give at least one row a weight above 0{only}"
        )


def labels(what: str, value: Any, classes: int) -> Any:
    """Integer labels from 0 to `classes - 1`, as int64."""
    found = array(what, value)
    if kind(found) not in "iu":
        finite(what, found)  # where an entry is missing, another dtype is no remedy
        raise InvalidArgument(
            f"{what} must be integer labels; got dtype {dtype_of(found)}. "
            "Use labels.astype(int), or rows of probabilities"
        )
    if isinstance(found, np.ndarray) and found.size:
        bad = (found < 0) | (found >= classes)
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            row = f", first in row {first[-1]}" if first else ""
            raise InvalidArgument(
                f"{what} must be labels from 0 to {classes - 1}; got {found[first]}{row}"
            )
    return found.astype(np.int64, copy=False) if isinstance(found, np.ndarray) else found


def distributions(value: Any, wanted: str = "y must be one-hot rows or probabilities") -> Any:
    """One-hot rows or rows of probabilities: no entry below 0, each row with the sum 1."""
    if not isinstance(value, np.ndarray):
        return value
    sums = value.sum(axis=-1, dtype=np.float64)
    bad = (np.abs(sums - 1) > 1e-3) | (value.min(axis=-1) < 0)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidArgument(
            f"{wanted}, with no entry below 0 and the sum 1 in each row; row {first[-1]} has the "
            f"sum {sums[first]:g} and the smallest entry {float(value[first].min()):g}"
        )
    return value


def bounded(what: str, value: Any, least: float, most: float, where: str = "") -> Any:
    """`value`, which must have no entry outside `[least, most]`."""
    if isinstance(value, np.ndarray) and value.size:
        low, high = value.min(), value.max()
        if low < least or high > most:
            worst = low if low < least else high
            row = int(np.argwhere(value == worst)[0][-1 if value.ndim == 1 else -2])
            span = f"of at least {least:g}" if most == np.inf else f"from {least:g} to {most:g}"
            raise InvalidArgument(
                f"{what} must be numbers {span}{where}; got {worst:g}, first in row {row}"
            )
    return value


def logits(value: Any) -> Any:
    """Logits `[..., K]` of at least one class; integers become float64."""
    found = array("logits", value)
    shape = shape_of(found)
    if not shape or shape[-1] == 0:
        raise InvalidArgument(f"logits must be [..., classes]; got shape {text(shape)}")
    if isinstance(found, np.ndarray) and found.dtype.kind != "f":
        return found.astype(np.float64)
    return found
