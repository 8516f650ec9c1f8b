"""The cells of columns in Chunks, as numbers or text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fnet.core.errors import InvalidArgument
from fnet.tables import notations
from fnet.tables.notations import Notation, Numbers, Problem
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

MAX_NAMED = 20
"""The most columns that one message names."""


class NumberReader:
    """Reads columns as finite numbers, one chunk after another, each in one notation.

    Attributes:
        names: The names of the D columns.
        decided: The notation of each column, once a cell has decided it.
        examples: The first cell of a column that is not plain, and how it is read.
    """

    def __init__(
        self,
        names: Sequence[str],
        decimal: str | None = None,
        expected: Mapping[str, Notation] | None = None,
    ) -> None:
        """A reader of these columns.

        Args:
            names: The names of the columns.
            decimal: The decimal character of text; None finds it for each column.
            expected: Notations of columns that are tried first.
        """
        self.names = tuple(names)
        self.decided: dict[str, Notation] = {}
        self.examples: dict[str, str] = {}
        self._decimal, self._expected = decimal, dict(expected or {})

    def read(self, chunks: Sequence[Chunk]) -> npt.NDArray[np.float64]:
        """The columns of consecutive chunks with N rows in all.

        Returns:
            Float64 `[N, D]`.

        Raises:
            InvalidArgument: Cells are not finite numbers; the message names every such column.
        """
        found = np.empty((sum(len(chunk.columns) for chunk in chunks), len(self.names)))
        problems = {}
        for i, name in enumerate(self.names):
            numbers = self._column(chunks, name)
            if isinstance(numbers, Problem):
                problems[name] = numbers
            else:
                found[:, i] = numbers.values
        if problems:
            raise _unusable(chunks[0], problems)
        return found

    def _column(self, chunks: Sequence[Chunk], name: str) -> Numbers | Problem:
        """A column as Numbers, in the notation of the chunks before, or the Problem with it."""
        column = cells_of(chunks, name)
        if not is_readable(column):
            return Problem(-1, f"has type {column.type}, but must contain numbers or text")
        known = self.decided.get(name)
        numbers = notations.read(column, known or self._expected.get(name), self._decimal)
        if isinstance(numbers, Problem):
            return numbers
        if None not in (known, numbers.notation) and numbers.notation != known:
            example = numbers.example.partition(" is read")[0] or "a cell"
            return Problem(0, f"{example} is in another notation than the rows before")
        if numbers.notation is not None:
            self.decided[name] = numbers.notation
        if numbers.example:
            self.examples.setdefault(name, numbers.example)
        return numbers


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
    return NumberReader(names).read([chunk])


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
            f"{notations.shown(error.object)} is not UTF-8 text: save the table in UTF-8"
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


def _unusable(first: Chunk, problems: Mapping[str, Problem]) -> InvalidArgument:
    """The error for columns that are no numbers."""
    options = " ".join(f"--without {name!r}" for name in problems)
    if len(problems) == 1:
        ((name, (row, text)),) = problems.items()
        where, advice = (
            f", row {first.first_row + row}:",
            "correct it, or leave that row or column out",
        )
        if row < 0:
            where, advice = "", "convert it, or leave the column out"
        return InvalidArgument(
            f"{first.table}: column {name!r}{where} {text}; every cell of a numeric column must be "
            f"a finite number: {advice} ({options})"
        )
    listed = "; ".join(
        f"{name!r} {text}" if row < 0 else f"{name!r}, row {first.first_row + row}: {text}"
        for name, (row, text) in list(problems.items())[:MAX_NAMED]
    )
    return InvalidArgument(
        f"{first.table}: {len(problems)} columns are not finite numbers in every row: {listed}"
        f"{' and more' if len(problems) > MAX_NAMED else ''}. Correct them, or leave them out: "
        f"{options:.2000}"
    )
