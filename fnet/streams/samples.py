"""A random sample of the rows of a stream, and its columns as one table."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import types

from fnet.core import philox
from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.tables import feature_table
from fnet.tables.readers import Chunk

SAMPLE_ROWS = 1 << 16
"""The number of rows of a sample; all rows where there are no more."""


class _Part(NamedTuple):
    """Some rows of a chunk, with their numbers in the stream and their random words."""

    chunk: Chunk
    rows: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint32]

    def take(self, keep: npt.NDArray[np.bool_]) -> "_Part":
        if keep.all():
            return self
        columns = self.chunk.columns.take(pa.array(np.flatnonzero(keep)))
        return _Part(self.chunk._replace(columns=columns), self.rows[keep], self.words[keep])


class Sample:
    """The rows with the smallest random words: each row has one, by its number in the stream.

    It is the same in however large chunks the rows come.

    Attributes:
        total: The number of rows that were added.
    """

    def __init__(self, seed: int, size: int = SAMPLE_ROWS) -> None:
        self.total = 0
        self._seed, self._size, self._drawn = seed, size, list[_Part]()
        self._largest = 1 << 32

    def add(self, chunk: Chunk) -> None:
        """Add the next rows of the stream."""
        rows = np.arange(self.total, self.total + len(chunk.columns))
        self.total += len(rows)
        words = philox.words_at(self._seed, philox.SAMPLE, rows)
        part = _Part(chunk, rows, words).take(words <= self._largest)
        if len(part.rows):
            self._drawn.append(part)
        if sum(len(each.rows) for each in self._drawn) > self._size + self._size // 4:
            self._prune()

    def _prune(self) -> None:
        words = np.concatenate([part.words for part in self._drawn])
        if len(words) <= self._size:
            return
        order = np.argsort(words, kind="stable")  # of equal words the first row
        keep = np.zeros(len(words), bool)
        keep[order[: self._size]] = True
        self._largest = int(words[order[self._size - 1]])
        ends = np.cumsum([len(part.rows) for part in self._drawn])[:-1]
        pairs = zip(self._drawn, np.split(keep, ends), strict=True)
        self._drawn = [part.take(own) for part, own in pairs if own.any()]

    def chunks(self) -> list[Chunk]:
        """The rows of the sample, in the order of the stream."""
        self._prune()
        return [part.chunk for part in self._drawn]

    def row(self, index: int) -> int:
        """The number in the stream of a row of the sample."""
        return int(np.concatenate([part.rows for part in self._drawn])[index])

    def clear(self) -> None:
        """Free the rows."""
        self._drawn = []


def to_table(chunks: Sequence[Chunk], names: Sequence[str], numbers: Mapping[str, Any]) -> pa.Table:
    """Columns of chunks of any files as one table that `fnet.encoding` takes.

    The chunks of one schema are read as those of one file. Where a column has several types, it
    becomes floats, or the text that a CSV would have.

    Args:
        chunks: Chunks with N rows in all.
        names: The names of the columns.
        numbers: As in `tables.feature_table`.

    Returns:
        The table, `[N, D]`.

    Raises:
        InvalidArgument: A column is numbers in one file and text in another.
    """
    groups: dict[Any, list[int]] = {}
    for i, chunk in enumerate(chunks):
        groups.setdefault(str(chunk.columns.select(list(names)).schema), []).append(i)
    parts: list[Any] = [None] * len(chunks)
    for group in groups.values():
        own = [chunks[i] for i in group]  # one column at a time, which bounds the memory
        columns = [feature_table(own, [name], numbers).column(0) for name in names]
        joined = pa.Table.from_arrays(columns, list(names))
        start = 0
        for i in group:
            parts[i] = joined.slice(start, len(chunks[i].columns))
            start += len(chunks[i].columns)
    columns = [_one_type(chunks, [part.column(name) for part in parts], name) for name in names]
    return pa.Table.from_arrays(columns, list(names))


def _one_type(chunks: Sequence[Chunk], parts: list[Any], name: str) -> Any:
    """The parts of a column as one column."""
    kinds = {part.type: i for i, part in reversed(list(enumerate(parts)))}
    kinds.pop(pa.null(), None)
    if len(kinds) > 1:
        number = [i for kind, i in kinds.items() if is_number(kind)]
        if len(number) == len(kinds):
            parts = [part.cast(pa.float64(), safe=False) for part in parts]
        elif number:
            other = next(i for kind, i in kinds.items() if not is_number(kind))
            raise InvalidArgument(
                f"{chunks[other].table}: column {shown(name)} has {_what(parts[other].type)}, and "
                f"numbers in {chunks[number[0]].table}: give it as one kind in all shards"
            )
        else:
            parts = [part.cast(pa.string()) for part in parts]
    elif kinds:
        parts = [part.cast(next(iter(kinds))) for part in parts]
    arrays = [piece for part in parts for piece in part.chunks]
    return pa.chunked_array(arrays, None if arrays else pa.null())


def is_number(kind: Any) -> bool:
    """Whether a type of Arrow is one of numbers; booleans are none."""
    return any(is_kind(kind) for is_kind in (types.is_integer, types.is_floating, types.is_decimal))


def _what(kind: Any) -> str:
    """What cells of a type are, in messages."""
    if types.is_boolean(kind):
        return "booleans"
    return "dates" if types.is_date(kind) or types.is_timestamp(kind) else "text"
