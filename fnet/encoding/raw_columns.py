"""The cells of a column in one of a few raw forms, from a column of any library.

Columns of other libraries are known by their methods, so that no library is imported.
"""

import datetime
import decimal
import fractions
import functools
import numbers
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.containers import MISSING
from fnet.core.errors import InvalidArgument
from fnet.encoding.cells import Cell, Texts, text_codes
from fnet.encoding.problems import Option, column_error, shown
from fnet.encoding.step_functions import is_missing

RawKind = Literal["numbers", "booleans", "dates", "text", "gaps"]

MAX_TYPES = 256
"""The types of cells whose meanings are kept."""

ARROW_FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}
"""The floating-point types of Arrow, and what NumPy calls them."""

NAT = int(np.iinfo(np.int64).min)
"""The whole number that NumPy reads as NaT."""


class RawColumn(NamedTuple):
    """N cells of a column as they come.

    Attributes:
        kind: What the cells are; "gaps" if all are missing.
        values: "numbers" and "gaps": float64 `[N]`, NaN for a gap. "booleans": int8 `[N]`, -1 for a
            gap. "dates": datetime64[us] `[N]` in UTC, NaT for a gap. "text": Texts.
        categorical: Whether the container says that they are categories.
    """

    kind: RawKind
    values: Any
    categorical: bool = False


def to_raw(name: str, cells: Any) -> RawColumn:
    """The cells of a column in a raw form.

    Args:
        name: The name of the column, for messages.
        cells: The cells in a container's own form.

    Returns:
        The RawColumn.

    Raises:
        InvalidArgument: A cell is no number, boolean, date or text; the message has its row.
    """
    raw = _raw(name, cells)
    values = raw.values.codes if raw.kind == "text" else raw.values
    if (not len(values) or is_missing(values[0])) and is_missing(values).all():
        return RawColumn("gaps", np.full(len(values), np.nan))
    return raw


def _raw(name: str, cells: Any) -> RawColumn:
    if isinstance(cells, (list, tuple)):
        return _from_objects(name, cells)
    if isinstance(cells, np.ndarray):
        return _from_array(name, cells)
    if hasattr(cells, "factorize"):
        return _from_pandas(name, cells)
    if hasattr(cells, "dictionary_encode"):
        return _from_arrow(name, cells)
    if hasattr(cells, "to_physical"):
        return _from_polars(name, cells)
    return _from_array(name, np.asarray(cells))


def _from_array(name: str, array: npt.NDArray[Any]) -> RawColumn:
    """A column of NumPy."""
    if array.ndim != 1:
        raise column_error(
            name, -1, f"must have one cell for each row; got shape {list(array.shape)}"
        )
    kind = array.dtype.kind
    if isinstance(array, np.ma.MaskedArray):
        return _from_objects(name, array.tolist())
    if kind == "b":
        return RawColumn("booleans", array.view(np.int8))
    if kind in "iuf":
        return RawColumn("numbers", array.astype(np.float64, copy=False))
    if kind == "M":
        return RawColumn("dates", array.astype("M8[us]"))
    if kind == "m":
        return RawColumn("numbers", array / np.timedelta64(1, "D"))
    if kind == "c":
        raise InvalidArgument(
            f"Complex data not supported: column {shown(name)} has complex numbers; give the real "
            "and the imaginary parts as two columns"
        )
    return _from_objects(name, array.tolist())


def _from_pandas(name: str, series: Any) -> RawColumn:
    """A column of pandas, of any dtype: a Series, an Index or an array."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return _from_array(name, series.to_numpy())
    if type(dtype).__name__ == "PeriodDtype":
        return _from_array(name, getattr(series, "dt", series).to_timestamp().to_numpy())
    if hasattr(dtype, "categories"):
        of_level = to_raw(name, dtype.categories.tolist())
        return _taken(of_level, np.asarray(getattr(series, "cat", series).codes))
    kind = getattr(dtype, "kind", "O")
    if kind == "b":
        return RawColumn("booleans", series.astype("Int8").to_numpy(np.int8, na_value=-1))
    if kind in "iuf":
        return RawColumn("numbers", series.to_numpy(np.float64, na_value=np.nan))
    if kind in "mM":
        return _from_array(name, series.to_numpy(f"{kind}8[us]"))
    try:
        codes, levels = series.factorize()
    except TypeError:  # cells that have no hash, as lists
        return _from_objects(name, series.tolist())
    if set(map(type, levels)) <= {str}:
        return RawColumn("text", Texts(list(levels), codes))
    return _from_objects(name, series.tolist())


def _taken(levels: RawColumn, codes: npt.NDArray[Any]) -> RawColumn:
    """A categorical column, from the raw column of its levels; code -1 is a gap."""
    if levels.kind == "text":
        of_level = np.append(levels.values.codes, -1)
        return RawColumn("text", Texts(levels.values.texts, of_level[codes]), True)
    gap = {"booleans": -1, "dates": np.datetime64("NaT", "us")}.get(levels.kind, np.nan)
    values = np.append(levels.values, np.array([gap], levels.values.dtype))[codes]
    return RawColumn(levels.kind, values, True)


def _from_arrow(name: str, column: Any) -> RawColumn:
    """A column of Arrow."""
    kind = str(column.type)
    if kind.startswith("dictionary"):
        parts = column.unify_dictionaries().chunks if hasattr(column, "chunks") else [column]
        levels = to_raw(name, parts[0].dictionary.to_pylist() if parts else [])
        codes = [arrow_values(part.indices.cast("int64"), "int64", -1) for part in parts]
        return _taken(levels, np.concatenate(codes) if codes else np.empty(0, np.int64))
    if kind in ("string", "large_string", "string_view"):
        column = column.cast("string") if kind == "string_view" else column
        return _from_arrow(name, column.dictionary_encode())._replace(categorical=False)
    if kind == "bool":
        return RawColumn("booleans", arrow_values(column.cast("int8"), "int8", -1))
    if kind in ARROW_FLOATS or kind.startswith(("int", "uint")):
        stored = ARROW_FLOATS.get(kind, kind)
        return RawColumn("numbers", arrow_values(column, stored, np.nan, "float64"))
    if kind.startswith(("timestamp", "date32", "date64", "duration")):
        unit = "D" if kind.startswith("date32") else getattr(column.type, "unit", "ms")
        column = column.cast("int32").cast("int64") if unit == "D" else column.cast("int64")
        numbers_ = arrow_values(column, "int64", NAT)
        return _from_array(name, numbers_.view(f"{'m' if kind[1] == 'u' else 'M'}8[{unit}]"))
    return _from_objects(name, column.to_pylist())


def arrow_values(
    column: Any, stored: str, gap: float, dtype: str | None = None
) -> npt.NDArray[Any]:
    """An Arrow column of numbers as an array; not by its `fill_null`, which imports pandas.

    Args:
        column: An array or a chunked array of Arrow, `[N]`.
        stored: Its type, as NumPy calls it.
        gap: What stands for a missing value.
        dtype: The type of the result; None for the same.

    Returns:
        The values, `[N]`.
    """
    parts = []
    for part in getattr(column, "chunks", [column]):
        rows = slice(part.offset, part.offset + len(part))
        valid, values = part.buffers()
        found = np.frombuffer(values, stored)[rows] if len(part) else np.empty(0, stored)
        with np.errstate(invalid="ignore"):  # a signaling NaN
            found = found.astype(dtype or stored, copy=False)
        if part.null_count:
            bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
            found = np.where(bits[rows] == 1, found, np.array(gap, found.dtype))
        parts.append(found)
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype or stored)


def _from_polars(name: str, series: Any) -> RawColumn:
    """A column of polars."""
    kind = str(series.dtype)
    if kind.startswith(("Float", "Int", "UInt")):
        return _from_array(name, series.to_numpy())
    if kind.startswith(("Date", "Duration")):
        # As whole numbers: the first versions of polars 1 crash where they make dates for NumPy 2.
        unit = getattr(series.dtype, "time_unit", "D")
        numbers_ = series.to_physical().cast(int).fill_null(NAT).to_numpy()
        return _from_array(name, numbers_.view(f"{'m' if kind[1] == 'u' else 'M'}8[{unit}]"))
    categorical = kind.startswith(("Categorical", "Enum"))
    return _from_objects(name, series.to_list())._replace(categorical=categorical)


def _from_objects(name: str, cells: Sequence[Any]) -> RawColumn:
    """Cells that are objects of Python or of NumPy."""
    if set(map(type, cells)) == {float}:
        return RawColumn("numbers", np.array(cells, np.float64))
    kinds = {kind: _kind_of(kind) for kind in set(map(type, cells))}
    if bad := {kind for kind, meaning in kinds.items() if meaning is None}:
        row = next(i for i, cell in enumerate(cells) if type(cell) in bad)
        raise column_error(
            name,
            row,
            f"{shown(cells[row])} is a {type(cells[row]).__name__}; a cell must be a number, a "
            "boolean, a date or text: take it apart into columns, or fit without it: ",
            Option("kinds", ("ignored",), name),
        )
    has_floats = any(issubclass(kind, float) for kind in kinds)
    if has_floats and not set(kinds.values()) <= {"numbers", "gaps"}:  # among others NaN is a gap
        cells = [None if isinstance(v, float) and v != v else v for v in cells]
        kinds = {kind: _kind_of(kind) for kind in set(map(type, cells))}
    meanings = set(kinds.values()) - {"gaps"}
    if meanings <= {"text"}:
        plain = set(kinds) <= {str, type(None)}
        return RawColumn("text", text_codes(cells if plain else [_as_cell(v) for v in cells]))
    if meanings == {"booleans"}:
        codes = [-1 if kinds[type(v)] == "gaps" else bool(v) for v in cells]
        return RawColumn("booleans", np.array(codes, np.int8))
    if meanings <= {"booleans", "numbers"}:
        numbers_ = [np.nan if kinds[type(v)] == "gaps" else _as_float(v) for v in cells]
        return RawColumn("numbers", np.array(numbers_, np.float64))
    if meanings == {"dates"}:
        return RawColumn("dates", np.array([_as_date(v) for v in cells], "M8[us]"))
    if meanings == {"durations"}:
        days = np.array([None if kinds[type(v)] == "gaps" else v for v in cells], "m8[us]")
        return RawColumn("numbers", days / np.timedelta64(1, "D"))
    return RawColumn("text", text_codes([_as_cell(v) for v in cells]))


@functools.lru_cache(maxsize=MAX_TYPES)
def _kind_of(kind: type) -> str | None:
    """What objects of a type are; None for what is no cell."""
    if kind.__name__ in MISSING:
        return "gaps"
    if issubclass(kind, (str, bytes)):
        return "text"
    if issubclass(kind, (bool, np.bool_)):
        return "booleans"
    if issubclass(kind, (numbers.Real, decimal.Decimal, fractions.Fraction)):
        return "numbers"
    if issubclass(kind, (datetime.date, np.datetime64)):
        return "dates"
    if issubclass(kind, (datetime.timedelta, np.timedelta64)):
        return "durations"
    return "text" if issubclass(kind, datetime.time) or kind.__name__ == "Interval" else None


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of Python, which is refused as too large
        return np.inf
    except ValueError:  # a signaling NaN of decimal
        return np.nan


def _as_cell(value: Any) -> Cell | None:
    """A cell among text: a number stays one, anything else is the text that a file would have."""
    of_type: type = type(value)
    kind = _kind_of(of_type)
    if kind == "gaps":
        return None
    if kind == "numbers":
        number = _as_float(value)
        return None if np.isnan(number) else number
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _as_date(value: Any) -> Any:
    """A date of Python, pandas or NumPy as datetime64 in UTC."""
    of_type: type = type(value)
    if _kind_of(of_type) == "gaps":
        return np.datetime64("NaT", "us")
    zone = value.utcoffset() if getattr(value, "tzinfo", None) is not None else None
    if zone is not None:  # not by astimezone, which fails at the ends of the calendar
        return _as_date(value.replace(tzinfo=None)) - np.timedelta64(zone)
    return value.to_datetime64() if hasattr(value, "to_datetime64") else np.datetime64(value, "us")
