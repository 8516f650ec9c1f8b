"""The features of a table as numbers, by the encoding of a model."""

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fnet.encoding import ColumnEncoding, Encoded, Encoding, Statistics, TableError, encode_rows
from fnet.encoding.cells import PARTS
from fnet.encoding.detect import Hints, detect
from fnet.encoding.problems import Problem
from fnet.encoding.raw_columns import RawColumn, to_raw
from fnet.encoding.reading import cell_at, read
from fnet.encoding.records import read_step, used
from fnet.encoding.steps import Date, Number, Value
from fnet.tables.feature_columns import feature_table
from fnet.tables.notations import Notation
from fnet.tables.readers import Chunk


class Writing(NamedTuple):
    """How the cells of a table are written, where a user says so.

    Attributes:
        decimal: The decimal character of numbers.
        missing: Cells that are gaps.
        date_format: How dates are written: of all columns, or of each column by its name.
    """

    decimal: str | None = None
    missing: tuple[str, ...] = ()
    date_format: Any = None


def plain_encoding(names: Sequence[str], known: dict[str, Notation] | None = None) -> Encoding:
    """The Encoding of a model without one: each feature is a number, which the network takes.

    Args:
        names: The names of the features.
        known: How the numbers of a column are written, where not plainly.

    Returns:
        The Encoding.
    """
    steps = {name: Number(*(known or {}).get(name, ())) for name in names}
    return Encoding(
        tuple(
            ColumnEncoding(name, "number", "numbers", Statistics(0), (step, Value()))
            for name, step in steps.items()
        )
    )


class FeatureReader:
    """Encodes the chunks of a table, one after another.

    Numbers are read in the notation of the encoding. If a cell of the first chunks does not fit it,
    and another notation fits all cells of the column there, that one is taken.

    Attributes:
        encoding: The encoding, in the notation of the table once chunks were read.
        examples: A cell of each column in another notation, and how it is read.
    """

    def __init__(self, encoding: Encoding, names: Sequence[str], writing: Writing) -> None:
        """A reader of the columns that an encoding uses.

        Args:
            encoding: The encoding.
            names: Their names in the table, in the order of the encoding.
            writing: How the table is written.
        """
        self.encoding, self.names = encoding, tuple(names)
        self.examples: dict[str, str] = {}
        self._writing: Writing | None = writing

    def read(self, chunks: Sequence[Chunk], find_unlike: bool = False) -> Encoded:
        """The rows of consecutive chunks as numbers.

        Args:
            chunks: The chunks.
            find_unlike: Whether to tell which cells are unlike training.

        Returns:
            The Encoded rows; those with a gap that the model does not take are bad, too.

        Raises:
            InvalidArgument: A column is of another kind than in training.
        """
        table = self._table(chunks)
        if self._writing is not None:
            encoding = self._written_as_in(table, self._writing)
            self._writing = None
            if encoding != self.encoding:
                self.encoding = encoding
                table = self._table(chunks)
        found = encode_rows(self.encoding, table, find_unlike=find_unlike)
        return _without_gaps(self.encoding, found)

    def _columns(self) -> list[ColumnEncoding]:
        """The encoding of each column that is read."""
        return used(self.encoding) if self.encoding.named else list(self.encoding.columns)

    def _table(self, chunks: Sequence[Chunk]) -> Any:
        """The features, with the names of the encoding."""
        columns = self._columns()
        comma = self._writing is not None and self._writing.decimal == ","
        plain = {
            name: read_step(column).gaps
            for name, column in zip(self.names, columns, strict=True)
            if column.steps and column.steps[0][:3] == Number()[:3] and not comma
        }
        table = feature_table(chunks, self.names, plain, codes=True)
        return table.rename_columns([column.name for column in columns])

    def _written_as_in(self, table: Any, writing: Writing) -> Encoding:
        """The encoding with the notations of a table."""
        columns = tuple(
            column._replace(steps=(self._first_step(column, table, writing), *column.steps[1:]))
            if column.steps
            else column
            for column in self.encoding.columns
        )
        return self.encoding._replace(columns=columns)

    def _first_step(self, column: ColumnEncoding, table: Any, writing: Writing) -> Any:
        """How the cells of a column are read."""
        step: Any = read_step(column)
        step = step._replace(gaps=(*step.gaps, *writing.missing))
        forms = writing.date_format
        date_format = forms.get(column.name) if isinstance(forms, dict) else forms
        if isinstance(step, Date) and date_format is not None:
            return step._replace(format=date_format)
        if not isinstance(step, Number):
            return step
        raw = to_raw(column.name, table.column(column.name))
        is_given = writing.decimal not in (None, step.decimal)
        other = is_given or (raw.kind == "text" and read((step,), raw).bad is not None)
        remark = _other_unit(step, raw)
        if raw.kind == "text" and (other or step[:3] != Number()[:3]):
            decimal = writing.decimal or (None if other else step.decimal)
            with contextlib.suppress(TableError):  # its rows are reported as bad ones
                found = detect(column.name, raw.values, Hints("number", step.gaps, decimal))
                remark = remark or found.remark
                if other and isinstance(found.step, Number):
                    remark = _unlike(step, found.step, raw) or remark
                    step = found.step
        if remark:
            self.examples[column.name] = remark
        return step


def _unlike(step: Number, new: Number, raw: RawColumn) -> str:
    """A cell that is not written as in training, and how it is read; "" if all cells are."""
    bad = read((step,), raw).bad
    if bad is None or step[:3] == new[:3]:
        return ""
    row = int(bad.argmax())
    number = read((new,), raw).value[row]
    return f"{cell_at(raw, row)} is read as {number:.15g}, which is not written as in training"


def _other_unit(step: Number, raw: RawColumn) -> str:
    """A number without the percent sign of training, and how it is read; "" if there is none."""
    if step.unit not in PARTS or raw.kind not in ("numbers", "text"):
        return ""
    reading = read((step,), raw)
    lacks = ~np.isnan(reading.value)
    if raw.kind == "text":
        texts = [isinstance(cell, str) and step.unit in cell for cell in raw.values.texts]
        lacks &= ~np.array([*texts, True])[raw.values.codes]
    if not lacks.any():
        return ""
    row = int(lacks.argmax())
    number = reading.value[row]
    return f"{cell_at(raw, row)} is read as {number:.15g}, where training had {step.unit!r}"


def _without_gaps(encoding: Encoding, found: Encoded) -> Encoded:
    """Encoded rows, those with a gap among the bad ones: only a model without an encoding has any.

    The encoding of such a model has one column of numbers for each feature.
    """
    gaps = np.isnan(found.values) & ~found.bad[:, None]
    if not gaps.any():
        return found
    problems = [
        Problem(column.name, int(of.argmax()), ("missing value: fill it in",), int(of.sum()))
        for column, of in zip(used(encoding), gaps.T, strict=True)
        if of.any()
    ]
    bad = found.bad | gaps.any(axis=1)
    return found._replace(bad=bad, problems=(*found.problems, *problems))
