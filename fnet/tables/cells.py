"""The cells of columns in Chunks, as they come or as text."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.tables import formats, notations
from fnet.tables.readers import Chunk

MAX_EXACT_INTEGER = 2.0**53
"""Up to here float64 represents every integer."""

NUMERIC_TYPES = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_boolean,
)
"""Arrow's types of numeric columns."""


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
    try:
        values = column.to_pylist()
    except (ArithmeticError, KeyError, UnicodeError, pa.ArrowException):  # of ranges, zones, lists
        raise InvalidArgument(
            f"{chunk.table}: column {shown(name)} has values of type {column.type} that cannot be "
            "written as text: leave the column out"
        ) from None
    try:
        return list(map(_to_text, values))
    except UnicodeDecodeError as error:
        place = next(i for i, value in enumerate(values) if value == error.object)
        raise InvalidArgument(
            f"{chunk.table}: column {shown(name)}, row {chunk.first_row + place}: "
            f"{notations.shown(error.object)} is not UTF-8 text: {formats.ADVICE}"
        ) from None


def label(cell: str) -> str:
    """A cell of text as a label: without blanks around it, and `True` for `true` and `TRUE`."""
    text = cell.strip()
    return text.capitalize() if text.casefold() in ("true", "false") else text


def cells_of(chunks: Sequence[Chunk], name: str) -> Any:
    """A column of consecutive chunks as an Arrow chunked array; text is bytes."""
    return pa.chunked_array([_text_to_bytes(chunk.columns.column(name)) for chunk in chunks])


def is_readable(column: Any) -> bool:
    """Whether a column holds numbers, booleans or text."""
    return any(is_type(column.type) for is_type in (*NUMERIC_TYPES, pa.types.is_binary))


def _to_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return "" if value is None else str(value)


def _text_to_bytes(column: Any) -> Any:
    """A text column, which may not be UTF-8, as bytes; any other unchanged."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.type in (pa.large_string(), pa.string_view()):
        column = column.cast(pa.string())
    return column.cast(pa.binary()) if column.type in (pa.string(), pa.null()) else column
