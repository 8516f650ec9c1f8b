"""Notes on rows of a table to predict: those that cannot be read, and those unlike training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fnet.cli import common
from fnet.cli.reading import as_option
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.encoding import Encoded, Problem

ROWS_SHOWN = 10
"""The most rows that a message names."""

PROBLEMS_SHOWN = 3
"""The most columns that a note names."""


class BadRows:
    """The rows that cannot be predicted, over all chunks of a table.

    Attributes:
        count: Their number.
        rows: The numbers of the first ones, counted from 1.
    """

    def __init__(self, table: str, strict: bool) -> None:
        """Those of a table; `strict` refuses any."""
        self.table, self.strict = table, strict
        self.count = 0
        self.rows: list[int] = []
        self._why: dict[str | None, str] = {}

    def add(self, found: "Encoded", first_row: int = 1) -> None:
        """Those of the next rows.

        Raises:
            InvalidArgument: There is one, and none is allowed.
        """
        if not found.bad.any():
            return
        self.count += int(found.bad.sum())
        more = found.bad.nonzero()[0][: ROWS_SHOWN - len(self.rows)]
        self.rows += (first_row + more).tolist()
        problems: tuple[Problem, ...] = found.problems
        for problem in problems:
            self._why.setdefault(problem.column, problem.message(first_row, as_option))
        if self.strict:
            raise InvalidArgument(f"{self.table}: {self.why()}")

    def why(self) -> str:
        """The first problem of each column."""
        why = "; ".join(list(self._why.values())[:PROBLEMS_SHOWN])
        more = len(self._why) - PROBLEMS_SHOWN
        return why + (f"; and {common.count(more, 'more column')}" if more > 0 else "")

    def finish(self, rows: int, one: str, many: str) -> None:
        """Print a note about them, after all rows.

        Args:
            rows: The number of rows of the table.
            one: What became of a single one.
            many: What became of several.

        Raises:
            InvalidArgument: No row can be predicted.
        """
        if self.count == rows:
            raise InvalidArgument(f"{self.table}: no row can be predicted: {self.why()}")
        if self.count:
            listed = ", ".join(map(str, self.rows))
            more = " and more" if self.count > len(self.rows) else ""
            common.print_note(
                f"{self.table}: {common.count(self.count, 'row')} cannot be predicted and "
                f"{one if self.count == 1 else many} ({listed}{more}): {self.why()}; --strict "
                "refuses such a table"
            )


class UnlikeRows:
    """The rows with values far outside what was seen in training, over all chunks of a table."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        """Those of a table, with the columns that the model uses."""
        self.table, self.columns = table, columns
        self.count = 0
        self._rows: dict[str, list[int]] = {}

    def add(self, found: "Encoded", first_row: int) -> None:
        """Those of the next rows."""
        if found.unlike is None or not found.unlike.any():
            return
        self.count += int(found.unlike.any(axis=1).sum())
        for name, of_column in zip(self.columns, found.unlike.T, strict=True):
            if of_column.any():
                rows = self._rows.setdefault(name, [])
                more = of_column.nonzero()[0][: ROWS_SHOWN + 1 - len(rows)]
                rows += (first_row + more).tolist()

    def finish(self) -> None:
        """Print a note about them, after all rows."""
        if not self.count:
            return
        from fnet.encoding import shown

        named = [
            f"{shown(column)} (row{'s' * (len(rows) > 1)} "
            f"{', '.join(map(str, rows[:ROWS_SHOWN]))}{' and more' * (len(rows) > ROWS_SHOWN)})"
            for column, rows in list(self._rows.items())[:PROBLEMS_SHOWN]
        ]
        more = len(self._rows) - PROBLEMS_SHOWN
        named += [f"and {common.count(more, 'more column')}"] if more > 0 else []
        common.print_note(
            f"{self.table}: {common.count(self.count, 'row')} "
            f"{'has' if self.count == 1 else 'have'} values far outside what was seen in training: "
            f"{', '.join(named)}"
        )
