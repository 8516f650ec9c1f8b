"""Conversion to NumPy: arrays, lists, data frames, Arrow tables and sparse matrices.

Values are kept exactly. A table is converted column by column, since its columns have dtypes of
their own. Containers of other libraries are known by their methods, so that none is imported.
"""

import decimal
import fractions
import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument

NUMERIC = "biuf"
"""The NumPy kinds of numbers: bools, integers and floats."""

MISSING = ("NoneType", "NAType", "NaTType")
"""The names of the types of missing values; those of pandas are not imported."""

REMEDIES = {
    "text": "Encode text as numbers first",
    "dates or times": "Turn them into numbers first, for example the days since a first date",
    "complex numbers": "Give the real and the imaginary parts as two columns",
}
"""What to do about values that are not numbers."""

NUMPY_KINDS = dict.fromkeys("USaT", "text") | dict.fromkeys("Mm", "dates or times")
NUMPY_KINDS["c"] = "complex numbers"
"""What is in arrays of a NumPy kind that is not of numbers."""


PLAIN = frozenset(np.dtype(char) for char in "?bBhHiIlLqQefd")
"""The dtypes of numbers of at most 8 bytes, in native byte order."""


def is_plain(value: Any) -> bool:
    """Whether a value is an array that needs no conversion."""
    return type(value) is np.ndarray and value.dtype in PLAIN


def column_names(value: Any) -> list[Any] | None:
    """The names of the columns of a table, in order; None for what is not a table."""
    if isinstance(value, np.ndarray):
        return None if value.dtype.names is None else list(value.dtype.names)
    if isinstance(value, (list, tuple)):
        return None
    if hasattr(value, "collect_schema"):  # of polars, whose lazy frames warn of `columns`
        return list(value.collect_schema().names())
    names = getattr(value, "column_names", None)  # of Arrow, whose `columns` are the values
    names = getattr(value, "columns", None) if names is None else names
    return None if names is None or callable(names) else list(names)


def to_numpy(what: str, value: Any, order: list[int] | None = None) -> Any:
    """A value as a NumPy array of numbers, or itself where it is a symbolic tensor.

    Args:
        what: The name of the argument, for messages.
        value: An array, a list, a tensor, a series, a sparse matrix, or a table of columns.
        order: The positions of the columns of a table to take; None for all.

    Returns:
        An array of bools, integers or floats of at most 8 bytes, in native byte order; `[N, D]` for
        a table. Missing values are NaN.

    Raises:
        InvalidArgument: A value is no number; the message has its column and row.
    """
    if is_plain(value):
        return value
    if (names := column_names(value)) is not None:
        return _from_table(what, value, names, order)
    return _from_array(what, value)


def to_labels(what: str, value: Any) -> npt.NDArray[Any]:
    """Labels of any kind, numbers or text, as a NumPy array; objects that are numbers as such."""
    found: npt.NDArray[Any] = _as_array(what, value)
    if found.dtype.kind == "O" and found.size:
        flat = found.reshape(-1).tolist()
        kinds = set(map(type, flat))
        if all(_meaning(kind) is None and not _is_missing(kind) for kind in kinds):
            return _numbers(flat).reshape(found.shape)
    return found


def _from_table(
    what: str, table: Any, names: list[Any], order: list[int] | None
) -> npt.NDArray[Any]:
    """The columns of a table side by side, in the smallest dtype that holds them all."""
    if hasattr(table, "iloc") and len(dtypes := set(table.dtypes)) == 1:
        (dtype,) = dtypes
        if isinstance(dtype, np.dtype) and dtype.kind in NUMERIC:  # one block, as pandas keeps it
            values: npt.NDArray[Any] = _widest(np.asarray(table))
            if order is not None:
                values = values[:, order]
            return values
    if hasattr(table, "collect") or hasattr(table, "compute"):
        raise InvalidArgument(
            f"{what} must hold its values; got a {type(table).__name__} that is not computed yet. "
            "Call its collect() or compute() first"
        )
    columns: list[npt.NDArray[Any]] = []
    refused: dict[str, InvalidArgument] = {}
    for i in range(len(names)) if order is None else order:
        name = f"{names[i]!r:.100}"
        try:
            columns.append(_from_array(what, _column(table, names, i), f", column {name}"))
        except InvalidArgument as error:
            refused[name] = error
    if refused:
        first, *others = refused
        more = f". Other columns that are no numbers: {', '.join(others):.500}" if others else ""
        raise InvalidArgument(f"{refused[first]}{more}")
    rows = len(columns[0]) if columns else 0
    dtype = np.result_type(*columns) if columns else np.dtype(np.float64)
    filled = np.empty((rows, len(columns)), dtype if dtype.itemsize <= 8 else np.float64)
    for i, column in enumerate(columns):
        filled[:, i] = column
    return filled


def _column(table: Any, names: list[Any], i: int) -> Any:
    """Column i of a table of pandas, Arrow, NumPy, or of a library with columns by name."""
    if hasattr(table, "iloc"):
        return table.iloc[:, i]
    if hasattr(table, "column"):
        return table.column(i)
    return table[names[i]]


def _from_array(what: str, value: Any, column: str = "") -> Any:
    """An array, a list, a series, a tensor or a sparse matrix as an array of numbers.

    `column` is the name of the column that it is, as messages end with it.
    """
    found = _as_array(what, value)
    if not isinstance(found, np.ndarray) or is_plain(found):
        return found
    if found.dtype.kind in NUMERIC:
        return _widest(found)
    if found.dtype.kind == "O":
        flat = found.reshape(-1).tolist()
        kinds = {kind: _meaning(kind) for kind in set(map(type, flat))}
        bad = [kind for kind, meaning in kinds.items() if meaning is not None]
        if not found.ndim and _is_missing(type(flat[0])):
            bad, kinds = [type(flat[0])], {type(flat[0]): "a missing value"}
        if not bad:
            return _numbers(flat).reshape(found.shape)
        first = next(i for i, entry in enumerate(flat) if type(entry) in bad)
        place = f"{_place(found, first)}{column}"
        raise _refusal(what, kinds[type(flat[first])] or "", flat[first], place)
    if isinstance(value, (list, tuple)):  # which may hold numbers beside the text
        return _from_array(what, np.asarray(value, object))
    meaning = NUMPY_KINDS.get(found.dtype.kind, "another kind of values")
    if not found.size:
        raise _refusal(what, meaning, found.dtype, "")
    raise _refusal(what, meaning, found.reshape(-1)[0], f"{_place(found, 0)}{column}")


def _as_array(what: str, value: Any) -> Any:
    """`numpy.asarray`, or the value itself where it is a symbolic tensor."""
    if hasattr(value, "toarray"):  # a sparse matrix
        value = value.toarray()
    if isinstance(value, np.ndarray) and (mask := np.asarray(getattr(value, "mask", False))).any():
        raise InvalidArgument(
            f"{what} must have no masked entries; got one, first in "
            f"{_place(value, int(mask.argmax()))}. Fill them, or leave such rows out"
        )
    try:
        return np.asarray(value)
    except NotImplementedError:  # raised by TensorFlow for a symbolic tensor
        return value
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidArgument(f"{what} must be an array of numbers: {error}") from None


def _widest(found: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers in native byte order, in at most 8 bytes."""
    if found.dtype.itemsize > 8:
        return found.astype(np.float64)
    return found.astype(found.dtype.newbyteorder("="), copy=False)


def _meaning(kind: type) -> str | None:
    """What objects of a type are, for a message; None for numbers and missing values."""
    if issubclass(kind, (numbers.Real, np.bool_, decimal.Decimal, fractions.Fraction)):
        return None
    if _is_missing(kind):
        return None
    if issubclass(kind, (str, bytes)):
        return "text"
    if issubclass(kind, numbers.Complex):
        return "complex numbers"
    if hasattr(kind, "isoformat") or issubclass(kind, (np.datetime64, np.timedelta64)):
        return "dates or times"
    return f"a {kind.__name__}"


def _is_missing(kind: type) -> bool:
    """Whether objects of a type stand for missing values."""
    return kind.__name__ in MISSING


def _numbers(values: list[Any]) -> npt.NDArray[Any]:
    """Python's and NumPy's numbers as an array: bools, integers, or floats with NaN for missing."""
    kinds = set(map(type, values))
    if kinds <= {bool, np.bool_} and values:
        return np.array(values, bool)
    if values and all(issubclass(kind, (numbers.Integral, np.bool_)) for kind in kinds):
        for dtype in (np.int64, np.uint64):
            try:
                return np.array([int(v) for v in values], dtype)
            except OverflowError:
                continue
    missing = set(filter(_is_missing, kinds))
    return np.array([np.nan if type(v) in missing else float(v) for v in values], np.float64)


def _place(array: Any, first: int) -> str:
    """The row and the column of an entry, by its position in the flat array; "" for one number."""
    index = [int(i) for i in np.unravel_index(first, array.shape)]
    if len(index) < 2:
        return f"row {index[0]}" if index else ""
    return f"row {index[-2]}, column {index[-1]}"


def _refusal(what: str, meaning: str, value: Any, place: str) -> InvalidArgument:
    """The error about a value that is no number; a single value needs no place and no remedy."""
    where = f", first in {place}. {REMEDIES.get(meaning, 'Give numbers')}" if place else ""
    shown = str(value) if isinstance(value, (np.datetime64, np.timedelta64)) else repr(value)
    if isinstance(value, (np.str_, np.bytes_, np.complexfloating)):
        shown = repr(value.item())
    return InvalidArgument(
        f"{what} must be bools, integers or floats; got {meaning} ({shown:.60}){where}"
    )
