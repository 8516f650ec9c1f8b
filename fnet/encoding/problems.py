"""What is wrong with a table: errors whose rows and options can be named in other words.

The Python API counts rows from 0 and names arguments; a command line counts them from 1 and names
options. So an error keeps its parts, and `message` puts them together.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from fnet.core.errors import InvalidArgument

MAX_NAMED = 10
"""The most columns that one message names."""

MAX_SHOWN = 60
"""The most characters of a name or a cell in a message."""


def shown(value: Any) -> str:
    """A name or a cell as messages show it."""
    text = value.item() if isinstance(value, np.generic) else value
    text = text if isinstance(text, str) else str(text)
    return repr(text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "...")


class Option(NamedTuple):
    """An option of `learn` that may help.

    Attributes:
        name: Its name.
        values: The values to give, or the names of the columns to give.
        column: The column that a value is for, where the option goes by columns.
    """

    name: str
    values: tuple[Any, ...]
    column: str | None = None


Part: TypeAlias = str | Option

Say: TypeAlias = Callable[[Option], str]
"""How an option is written."""


def as_argument(option: Option) -> str:
    """An option as an argument in Python."""
    name, values, column = option
    listed = ", ".join(str(value) if value is True else shown(value) for value in values)
    if column is not None:
        return f"{name}={{{shown(column)}: {listed}}}"
    is_list = name in ("keep", "missing") and values != (True,)
    return f"{name}=[{listed}]" if is_list else f"{name}={listed}"


class Problem(NamedTuple):
    """Something wrong with a table, with a column, or with cells of a column.

    Attributes:
        column: The name of the column; None for the table.
        row: The index of the first such row; -1 for the column as a whole.
        parts: What is wrong there, and what to do.
        rows: The number of such rows.
    """

    column: str | None
    row: int
    parts: tuple[Part, ...]
    rows: int = 1

    def message(self, first_row: int = 0, say: Say = as_argument, table: str = "X") -> str:
        """The problem in one line.

        Args:
            first_row: The number of the first row.
            say: How options are written.
            table: The name of the table.

        Returns:
            The line.
        """
        text = "".join(part if isinstance(part, str) else say(part) for part in self.parts)
        if self.column is None:
            return f"{table} {text}"
        where = f", row {first_row + self.row}:" if self.row >= 0 else ""
        more = f" ({self.rows:,} such cells)" if self.rows > 1 else ""
        return f"column {shown(self.column)}{where} {text}{more}"


class TableError(InvalidArgument):
    """A table that cannot be read.

    Attributes:
        problems: Why not, one for each column.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        """The error; its message is in the words of the Python API."""
        self.problems = tuple(problems)
        super().__init__(self.message())

    def message(self, first_row: int = 0, say: Say = as_argument, table: str = "X") -> str:
        """The problems in one line, see `Problem.message`."""
        lines = [each.message(first_row, say, table) for each in self.problems[:MAX_NAMED]]
        more = len(self.problems) - MAX_NAMED
        return "; ".join(lines) + (f"; and {more} more columns" if more > 0 else "")

    def __reduce__(self) -> Any:
        """A pickle holds the problems."""
        return type(self), (self.problems,)


def column_error(column: str, row: int, *parts: Part, rows: int = 1) -> TableError:
    """The error about one column; row -1 is the column as a whole."""
    return TableError([Problem(column, row, parts, rows)])
