"""The cells of a column in a Part, as numbers, texts or targets."""

import bisect

import numpy as np
import pyarrow as pa
from pyarrow import compute

from fnet.core.errors import InvalidArgument

LARGEST = 1e100
"""The largest number that is read: squares of such, and sums of these, are finite."""

EXACT = 2.0**53
"""Up to here every whole number has a float64 of its own."""

NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
"""How a cell looks that says a number."""

CODE = r"^\s*0[0-9]+\s*$"
"""How a cell looks that is a code, whose zeros tell it from others."""

NUMBERS = pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean
"""The kinds of columns that are numbers."""


def numbers(part, names):
    """The columns of these names as finite float64: `[rows, names]`."""
    found = np.empty((len(part.columns), len(names)))
    for i, name in enumerate(names):
        found[:, i] = finite(part, name)
    return found


def finite(part, name):
    """A column as finite float64 `[rows]`."""
    column = _column(part, name)
    try:
        found = _floats(column)
    except pa.ArrowInvalid:
        row = _first(column)
        raise _refused(part, name, row, _what(column[row].as_py())) from None
    good = np.abs(found) <= LARGEST
    if not good.all():
        row = int(good.argmin())
        value = column[row].as_py()
        what = "not finite" if not np.isfinite(found[row]) else f"larger than {LARGEST:.0e}"
        what = "there is no value" if value is None else f"{_text(value)} is {what}"
        raise _refused(part, name, row, what)
    return found


def texts(part, name):
    """The cells of a column as strings, as they stand; empty where there is no value."""
    column = _bytes(part.columns.column(name))
    try:
        values = column.to_pylist()
        return list(map(_as_text, values))
    except (ArithmeticError, pa.ArrowException):  # dates and times beyond Python's
        raise InvalidArgument(
            f"{part.table}: column {name!r} holds values of type {column.type} that have no text: "
            "leave the column out"
        ) from None
    except UnicodeDecodeError as error:
        row = part.first + next(i for i, value in enumerate(values) if value == error.object)
        raise InvalidArgument(
            f"{part.table}: column {name!r}, row {row}: {_text(error.object)} is not UTF-8 text: "
            "save the table in UTF-8"
        ) from None


def _as_text(value):
    if isinstance(value, bytes):
        return value.decode()
    return "" if value is None else str(value)


def labels(part, name):
    """The cells of a target as strings; none may be empty."""
    found = [text.strip() for text in texts(part, name)]
    if "" in found:
        row = part.first + found.index("")
        raise InvalidArgument(
            f"{part.table}: column {name!r}, row {row}: there is no value; every row must have its "
            "target: fill it in, or leave the row out"
        )
    return np.array(found, dtype=str)


def numeric(parts, target, share):
    """Whether at least this share of the cells of a target are numbers, and none is a code."""
    said = rows = 0
    for part in parts:
        column = _column(part, target)
        rows += len(column)
        if pa.types.is_binary(column.type):
            if share > 0 and _matches(column, CODE):
                return False
            said += _matches(column, NUMBER)
        elif not pa.types.is_boolean(column.type):
            said += len(column)
    return said >= share * rows


def _matches(column, pattern):
    """How many texts look like this."""
    return compute.sum(compute.match_substring_regex(column, pattern)).as_py() or 0


def _column(part, name):
    """A column of numbers as it is, or of texts as bytes."""
    column = _bytes(part.columns.column(name))
    kind = column.type
    if any(is_kind(kind) for is_kind in (*NUMBERS, pa.types.is_binary)):
        return column
    raise InvalidArgument(
        f"{part.table}: column {name!r} holds values of type {kind}, and must hold numbers or "
        "text: turn them into numbers, or leave the column out"
    )


def _bytes(column):
    """A column with texts, which may be no UTF-8, as bytes."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.type in (pa.large_string(), pa.string_view()):
        column = column.cast(pa.string())
    return column.cast(pa.binary()) if column.type in (pa.string(), pa.null()) else column


def _floats(column):
    """Arrow's numbers, or the numbers that texts say, as float64; NaN where there is none."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_binary(column.type):
        column = column.cast(pa.string())
    try:
        found = column.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        found = compute.utf8_trim_whitespace(column).cast(pa.float64())
    if found.null_count:
        found = found.fill_null(np.nan)
    return np.from_dlpack(found)  # its own to_numpy imports pandas


def _first(column):
    """The place of the first cell that says no number."""

    def fails(count):
        try:
            _floats(column[:count])
        except pa.ArrowInvalid:
            return True
        return False

    return bisect.bisect_left(range(1, len(column) + 1), True, key=fails)


def _what(value):
    """Why bytes are no number."""
    if not value.strip():
        return "there is no value"
    hint = ""
    if b"\n" in value:
        hint = " (is a quote opened and never closed?)"
    elif b"," in value:
        hint = " (decimals are written with a point)"
    return f"{_text(value)} is not a number{hint}"


def _text(value):
    """A cell as a message shows it."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _refused(part, name, row, what):
    return InvalidArgument(
        f"{part.table}: column {name!r}, row {part.first + row}: {what}; every cell of it must be "
        "a finite number: mend it, or leave that row or that column out"
    )
