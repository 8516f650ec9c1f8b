"""The cells of a column in a Chunk, as numbers, text or targets."""

import bisect
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from fnet.core.errors import InvalidArgument
from fnet.tables.readers import Chunk

MAX_MAGNITUDE = 1e100
"""The largest number that is read: squares of such numbers, and their sums, are finite."""

MAX_EXACT_INTEGER = 2.0**53
"""Up to here float64 represents every integer."""

NUMBER_PATTERN = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
"""A text cell that is a number."""

CODE_PATTERN = r"^\s*0[0-9]+\s*$"
"""A text cell that is a code: an integer with leading zeros, which are part of it."""

NUMERIC_TYPES = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_boolean,
)
"""Arrow's types of numeric columns."""


def numeric_columns(chunk: Chunk, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Columns as finite numbers.

    Args:
        chunk: N rows of a table.
        names: The names of D columns.

    Returns:
        Float64 `[N, D]`.

    Raises:
        InvalidArgument: A cell is not a finite number.

    Example:
        >>> import pyarrow
        >>> from fnet import tables
        >>> columns = pyarrow.record_batch({"a": [1, 2], "b": ["0.5", "1e2"]})
        >>> tables.numeric_columns(tables.Chunk("t", 1, columns), ["a", "b"]).tolist()
        [[1.0, 0.5], [2.0, 100.0]]
    """
    found = np.empty((len(chunk.columns), len(names)))
    for i, name in enumerate(names):
        found[:, i] = numeric_column(chunk, name)
    return found


def numeric_column(chunk: Chunk, name: str) -> npt.NDArray[np.float64]:
    """A column as finite float64 `[N]`."""
    column = _numeric_or_bytes(chunk, name)
    try:
        found = _to_floats(column)
    except pa.ArrowInvalid:
        row = _first_non_numeric(column)
        raise _invalid_cell(chunk, name, row, _why_not_numeric(column[row].as_py())) from None
    good = np.abs(found) <= MAX_MAGNITUDE
    if not good.all():
        row = int(good.argmin())
        value = column[row].as_py()
        problem = "not finite"
        if np.isfinite(found[row]):
            problem = f"larger than {MAX_MAGNITUDE:.0e}"
        problem = "missing value" if value is None else f"{_shown(value)} is {problem}"
        raise _invalid_cell(chunk, name, row, problem)
    return found


def text_column(chunk: Chunk, name: str) -> list[str]:
    """The cells of a column as strings, unchanged; a missing value is an empty string.

    Args:
        chunk: N rows of a table.
        name: The name of the column.

    Returns:
        N strings.

    Raises:
        InvalidArgument: A cell is not UTF-8, or its type has no text.

    Example:
        >>> import pyarrow
        >>> from fnet import tables
        >>> columns = pyarrow.record_batch({"a": ["x", None]})
        >>> tables.text_column(tables.Chunk("t", 1, columns), "a")
        ['x', '']
    """
    column = _text_to_bytes(chunk.columns.column(name))
    values: list[Any] = []
    try:
        values = column.to_pylist()
        return list(map(_to_text, values))
    except (ArithmeticError, pa.ArrowException):  # dates and times out of Python's range
        raise InvalidArgument(
            f"{chunk.table}: column {name!r} has values of type {column.type} that cannot be "
            "written as text: leave the column out"
        ) from None
    except UnicodeDecodeError as error:
        place = next(i for i, value in enumerate(values) if value == error.object)
        raise InvalidArgument(
            f"{chunk.table}: column {name!r}, row {chunk.first_row + place}: "
            f"{_shown(error.object)} is not UTF-8 text: save the table in UTF-8"
        ) from None


def _to_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return "" if value is None else str(value)


def label_column(chunk: Chunk, name: str) -> npt.NDArray[np.str_]:
    """The cells of a target as strings `[N]`; none may be empty."""
    found = [text.strip() for text in text_column(chunk, name)]
    if "" in found:
        row = chunk.first_row + found.index("")
        raise InvalidArgument(
            f"{chunk.table}: column {name!r}, row {row}: missing value; every row needs a target: "
            "fill it in, or leave the row out"
        )
    return np.array(found, dtype=str)


def is_numeric(chunks: Iterable[Chunk], target: str, min_numeric_fraction: float) -> bool:
    """Whether at least this fraction of a target's cells are numbers, and none is a code."""
    numeric = rows = 0
    for chunk in chunks:
        column = _numeric_or_bytes(chunk, target)
        rows += len(column)
        if pa.types.is_binary(column.type):
            if min_numeric_fraction > 0 and _count_matches(column, CODE_PATTERN):
                return False
            numeric += _count_matches(column, NUMBER_PATTERN)
        elif not pa.types.is_boolean(column.type):
            numeric += len(column)
    return numeric >= min_numeric_fraction * rows


def _count_matches(column: Any, pattern: str) -> int:
    """The number of text cells that match."""
    return compute.sum(compute.match_substring_regex(column, pattern)).as_py() or 0


def _numeric_or_bytes(chunk: Chunk, name: str) -> Any:
    """A numeric column as it is, or a text column as bytes."""
    column = _text_to_bytes(chunk.columns.column(name))
    if any(is_type(column.type) for is_type in (*NUMERIC_TYPES, pa.types.is_binary)):
        return column
    raise InvalidArgument(
        f"{chunk.table}: column {name!r} has type {column.type}, but must contain numbers or text: "
        "convert it, or leave the column out"
    )


def _text_to_bytes(column: Any) -> Any:
    """A text column, which may not be UTF-8, as bytes; any other as it is."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.type in (pa.large_string(), pa.string_view()):
        column = column.cast(pa.string())
    return column.cast(pa.binary()) if column.type in (pa.string(), pa.null()) else column


def _to_floats(column: Any) -> npt.NDArray[np.float64]:
    """A column of numbers, or of text that is numbers, as float64; missing values are NaN."""
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
    return np.asarray(np.from_dlpack(found), np.float64)  # Arrow's to_numpy imports pandas


def _first_non_numeric(column: Any) -> int:
    """The place of the first cell that is not a number."""

    def fails(count: int) -> bool:
        try:
            _to_floats(column[:count])
        except pa.ArrowInvalid:
            return True
        return False

    return bisect.bisect_left(range(1, len(column) + 1), True, key=fails)


def _why_not_numeric(value: bytes) -> str:
    """Why the bytes of a cell are not a number."""
    if not value.strip():
        return "missing value"
    hint = ""
    if b"\n" in value:
        hint = " (is a quote never closed?)"
    elif b"," in value:
        hint = " (use a decimal point)"
    return f"{_shown(value)} is not a number{hint}"


def _shown(value: Any) -> str:
    """A cell as messages show it."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _invalid_cell(chunk: Chunk, name: str, row: int, problem: str) -> InvalidArgument:
    return InvalidArgument(
        f"{chunk.table}: column {name!r}, row {chunk.first_row + row}: {problem}; every cell of a "
        "numeric column must be a finite number: correct it, or leave that row or column out"
    )
