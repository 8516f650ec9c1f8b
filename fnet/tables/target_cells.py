"""The cells of a target: which are missing, and the others as labels and as numbers."""

import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.tables import cells, notations
from fnet.tables.notations import Notation, Numbers, Problem
from fnet.tables.readers import Chunk

MISSING_AMONG_NUMBERS = ("None", "none", "?", "-")
"""Cells that are missing where all others are numbers; elsewhere they are labels."""

ROWS_SHOWN = 10
"""The most rows that a message names."""


class TargetOptions(NamedTuple):
    """How a target is read.

    Attributes:
        task: The kind of model, or None to decide it.
        missing: The cells that are missing, in addition to empty ones; None for the usual ones.
        drop_missing: Whether rows without a target are left out.
        decimal: The decimal character, or None to find it.
        expected: The notation of the numbers that is tried first.
        classes: The classes of a model, as text: they are never among the usual missing cells.
    """

    task: Literal["classifier", "regressor"] | None = None
    missing: tuple[str, ...] | None = None
    drop_missing: bool = False
    decimal: str | None = None
    expected: Notation | None = None
    classes: tuple[str, ...] = ()


class TargetCells(NamedTuple):
    """The M cells of a target that are not missing.

    Attributes:
        where: The table and the column, in messages.
        labels: The cells as labels.
        rows: The indices of their rows, `[M]`.
        numbers: The cells as Numbers, or the Problem with them.
        notes: Lines that a user should read.
        has_codes: Whether some are integers with leading zeros.
        is_boolean: Whether all are true or false.
    """

    where: str
    labels: list[str]
    rows: npt.NDArray[np.int64]
    numbers: Numbers | Problem
    notes: tuple[str, ...]
    has_codes: bool
    is_boolean: bool

    def row(self, index: int) -> int:
        """The number of the row of a cell."""
        return int(self.rows[index]) + 1


def read_cells(chunks: Sequence[Chunk], name: str, options: TargetOptions) -> TargetCells:
    """The cells of a target without the missing ones.

    Args:
        chunks: All rows of a table.
        name: The name of the target.
        options: How it is read.

    Returns:
        The TargetCells.

    Raises:
        InvalidArgument: A row has no target and is not to be left out, or the column has a type
            without text.
    """
    where = f"{chunks[0].table}: column {shown(name)}"
    column = cells.cells_of(chunks, name)
    if not cells.is_readable(column) and options.task != "classifier":
        raise InvalidArgument(
            f"{where} has type {column.type}: a target must be numbers, booleans or text; "
            "--task classifier takes its values as classes"
        )
    labels = [cells.label(cell) for chunk in chunks for cell in cells.text_column(chunk, name)]
    usual = set(notations.MISSING) - set(options.classes)
    tokens = {"", *(usual if options.missing is None else map(str.strip, options.missing))}
    if pa.types.is_floating(column.type):
        tokens |= {"nan", *(f"{cell}.0" for cell in tokens if re.fullmatch("-?[0-9]+", cell))}
    rows = np.array([i for i, cell in enumerate(labels) if cell not in tokens], np.int64)
    numbers = _numbers(column, rows, options)
    if isinstance(numbers, Problem) and options.missing is None:
        fewer = np.array([i for i in rows if labels[i] not in MISSING_AMONG_NUMBERS], np.int64)
        if 0 < len(fewer) < len(rows):
            again = _numbers(column, fewer, options)
            if not isinstance(again, Problem):
                numbers, rows = again, fewer
    notes = _require_targets(where, labels, rows, options)
    kept = [labels[i] for i in rows]
    if not isinstance(numbers, Problem) and numbers.example:
        notes += (
            f"{where} is in another notation: {numbers.example}; --task classifier takes its cells "
            "as classes",
        )
    is_boolean = set(kept) <= {"True", "False"}
    text = pa.types.is_binary(column.type)
    has_codes = text and any(len(x) > 1 and x[0] == "0" and x.isdecimal() for x in kept)
    return TargetCells(where, kept, rows, numbers, notes, has_codes, is_boolean)


def _numbers(column: Any, rows: npt.NDArray[np.int64], options: TargetOptions) -> Numbers | Problem:
    """The cells of these rows as Numbers, or the Problem with them."""
    if not len(rows) or not cells.is_readable(column):
        return Problem(0, "is not a number")
    return notations.read(column.take(rows), options.expected, options.decimal)


def _require_targets(
    where: str, labels: list[str], rows: npt.NDArray[np.int64], options: TargetOptions
) -> tuple[str, ...]:
    """A note on rows without a target that are left out; refuse them if not asked to."""
    gaps = np.setdiff1d(np.arange(len(labels)), rows)
    if not len(rows):
        raise InvalidArgument(f"{where} has no value in any row: name another target")
    if not len(gaps):
        return ()
    listed = ", ".join(str(i + 1) for i in gaps[:ROWS_SHOWN])
    kinds = list(dict.fromkeys(labels[i] for i in gaps))[:3]
    tokens = ", ".join(shown(kind) if kind else "empty" for kind in kinds)
    which = "row" if len(gaps) == 1 else "rows"
    named = f"{which} {listed}{' and more' if len(gaps) > ROWS_SHOWN else ''}"
    if options.drop_missing:
        return (f"{where}: left out {len(gaps):,} {which} without a target ({tokens}): {named}",)
    raise InvalidArgument(
        f"{where}, {named}: missing value ({tokens}) in {len(gaps):,} of {len(labels):,} rows; "
        "every row needs a target: fill it in, or leave such rows out with --drop-missing; "
        "--missing TOKEN says which cells are missing"
    )
