"""The target of a stream: what it is, found in a first pass, and its values, chunk by chunk."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute, types

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.tables import notations, targets, text_column
from fnet.tables.cells import cells_of, label
from fnet.tables.notations import Notation, Problem
from fnet.tables.readers import Chunk
from fnet.tables.target_cells import TargetOptions

Task = Literal["classifier", "regressor"]

MAX_DISTINCT = 1 << 12
"""The most different cells of a target that are kept: more are no classes that were unseen."""

GAPS = frozenset(("", *notations.MISSING))
"""Cells that are no target."""

FILL = "every row needs a target: fill it in, or leave such rows out"


class StreamTarget(NamedTuple):
    """What the target of a stream is.

    Attributes:
        name: The name of its column.
        classes: The K classes in ascending order, of which labels are the positions; None for
            numbers.
        notation: How numbers are written, or None.
        reason: What was decided, and why.
        moments: The mean and the standard deviation of numbers in the sample.
    """

    name: str
    classes: npt.NDArray[Any] | None
    notation: Notation | None
    reason: str
    moments: tuple[float, float] | None

    def read(self, chunk: Chunk) -> npt.NDArray[Any]:
        """The target of some rows: labels int64 or numbers float64, `[N]`.

        Raises:
            InvalidArgument: A cell is no number, or none of the classes.
        """
        if self.classes is None:
            return self._numbers(chunk)
        codes, distinct = _distinct(chunk, self.name)
        labels = self._labels(distinct)
        if labels is None:
            parts = [
                distinct._replace(columns=distinct.columns.slice(i, 1))
                for i in range(len(distinct.columns))
            ]
            bad = [i for i, part in enumerate(parts) if self._labels(part) is None]
            row = int(np.isin(codes, bad).argmax())
            cell = text_column(parts[int(codes[row])], self.name)[0]
            raise _error(
                chunk,
                self.name,
                row,
                f"{shown(cell)} is none of the classes of the "
                f"target, {', '.join(map(shown, self.classes.tolist())):.200}: correct it",
            )
        found: npt.NDArray[np.int64] = labels[codes]
        return found

    def _labels(self, cells: Chunk) -> npt.NDArray[np.int64] | None:
        """The labels of cells; None if one is no class."""
        classes: Any = self.classes
        options = TargetOptions(task="classifier")
        try:
            found = targets.known_classes([cells], self.name, classes.tolist(), options)
        except InvalidArgument:
            return None
        return np.searchsorted(classes, found.values)

    def _numbers(self, chunk: Chunk) -> npt.NDArray[np.float64]:
        decimal = None if self.notation is None else self.notation.decimal
        found = notations.read(cells_of([chunk], self.name), self.notation, decimal)
        if isinstance(found, Problem):
            raise _error(chunk, self.name, found.row, f"{found.text}: {FILL}")
        return found.values


def _error(chunk: Chunk, name: str, row: int, what: str) -> InvalidArgument:
    return InvalidArgument(
        f"{chunk.table}: column {shown(name)}, row {chunk.first_row + row}: {what}"
    )


def _distinct(chunk: Chunk, name: str) -> tuple[npt.NDArray[Any], Chunk]:
    """The different cells of a column as a chunk, and the position of each row's among them."""
    column = cells_of([chunk], name).combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    if column.null_count:
        row = int(compute.index(compute.is_null(column), True).as_py())
        raise _error(chunk, name, row, f"missing value: {FILL}")
    encoded = column.dictionary_encode()
    cells = pa.RecordBatch.from_arrays([encoded.dictionary], [name])
    codes = np.from_dlpack(encoded.indices)
    return codes, Chunk(chunk.table, 1, cells)


class TargetScan:
    """Looks at the target of all rows: refuses gaps, and keeps different cells."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._cells: dict[str, Chunk] = {}

    def add(self, chunk: Chunk) -> None:
        """Look at some more rows.

        Raises:
            InvalidArgument: A row has no target.
        """
        column = chunk.columns.column(self.name)
        if types.is_floating(column.type):
            bad = compute.fill_null(compute.is_nan(column), True)
            if compute.any(bad).as_py():
                row = int(compute.index(bad, True).as_py())
                raise _error(chunk, self.name, row, f"missing value: {FILL}")
            if len(self._cells) > MAX_DISTINCT:
                return
        codes, distinct = _distinct(chunk, self.name)
        texts = text_column(distinct, self.name)
        gaps = [i for i, text in enumerate(texts) if label(text) in GAPS]
        if gaps:
            row = int(np.isin(codes, gaps).argmax())
            what = shown(texts[int(codes[row])])
            raise _error(chunk, self.name, row, f"missing value ({what}): {FILL}")
        for i, text in enumerate(texts):
            if len(self._cells) <= MAX_DISTINCT and text not in self._cells:
                columns = distinct.columns.slice(i, 1)
                self._cells[text] = distinct._replace(columns=columns)

    def decide(self, sample: Sequence[Chunk], is_all: bool, task: Task | None) -> StreamTarget:
        """What the target is, by the rows of a sample and all different cells.

        Args:
            sample: The rows of the sample.
            is_all: Whether the sample is all rows.
            task: What it is to be, or None to decide it as for a table in memory.

        Returns:
            The StreamTarget.

        Raises:
            InvalidArgument: It is ambiguous, or not what `task` needs.
        """
        chunks = [each._replace(columns=each.columns.select([self.name])) for each in sample]
        if not is_all and len(self._cells) <= MAX_DISTINCT:
            known = {
                cell
                for chunk in chunks
                for cell in text_column(_distinct(chunk, self.name)[1], self.name)
            }
            chunks += [chunk for text, chunk in self._cells.items() if text not in known]
        found = targets.decide(_one_type(chunks, self.name), self.name, TargetOptions(task=task))
        is_number = found.values.dtype.kind == "f"
        classes = None if is_number else np.unique(found.values)
        drawn = found.values[: sum(len(chunk.columns) for chunk in sample)]
        moments = (float(drawn.mean()), float(drawn.std())) if is_number else None
        return StreamTarget(self.name, classes, found.notation, found.reason, moments)


def _one_type(chunks: list[Chunk], name: str) -> list[Chunk]:
    """Chunks whose target has one type: text, if there are several."""
    if len({cells_of([chunk], name).type for chunk in chunks}) == 1:
        return chunks
    found = []
    for chunk in chunks:
        text = pa.array([cell.encode() for cell in text_column(chunk, name)], pa.binary())
        found.append(chunk._replace(columns=pa.RecordBatch.from_arrays([text], [name])))
    return found
