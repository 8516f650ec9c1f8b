"""The rows that a page offers as examples: the only rows of a table that are in it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument
from fnet.encoding import ColumnEncoding, Encoding, encode_rows
from fnet.encoding.columns import to_columns
from fnet.encoding.problems import TableError
from fnet.encoding.raw_columns import to_raw
from fnet.encoding.records import read_step
from fnet.encoding.steps import Date

MAX_EXAMPLES = 100
"""The most rows that a page takes."""


def rows_of(encoding: Encoding, table: Any) -> list[list[Any]]:
    """The rows of a table as cells of JSON: numbers, text, or "" for a gap.

    Raises:
        InvalidArgument: There are more than `MAX_EXAMPLES`, a column is missing, or a cell cannot
            be read.
    """
    given = to_columns(table)
    if given.rows > MAX_EXAMPLES:
        raise InvalidArgument(
            f"examples must be at most {MAX_EXAMPLES} rows, since a page shows them all; got "
            f"{given.rows:,}"
        )
    found = encode_rows(encoding, given)
    if found.problems:
        raise TableError(found.problems)
    places = {name: i for i, name in enumerate(given.names)} if encoding.named else None
    of_columns = [
        _cells(column, given.cells[i if places is None else places[column.name]])
        for i, column in enumerate(encoding.columns)
        if column.steps
    ]
    return [list(row) for row in zip(*of_columns, strict=True)]


def _cells(column: ColumnEncoding, own: Any) -> list[Any]:
    """The cells of a column."""
    raw = to_raw(column.name, own)
    if raw.kind == "text":
        return [[*raw.values.texts, ""][code] for code in raw.values.codes.tolist()]
    if raw.kind == "dates":
        first = read_step(column)
        return [_date(day, first.format if isinstance(first, Date) else "") for day in raw.values]
    if raw.kind == "booleans":
        return [("", "false", "true")[code + 1] for code in raw.values.tolist()]
    return ["" if value != value else value for value in raw.values.tolist()]


def _date(moment: npt.NDArray[Any], written: str) -> str:
    """A date and its time as a column writes them."""
    if np.isnat(moment):
        return ""
    day, time = str(moment).split("T")
    for part, digits in zip(("YYYY", "MM", "DD"), day.split("-"), strict=True):
        written = written.replace(part, digits)
    return f"{written} {time}"
