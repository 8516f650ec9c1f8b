"""The rows of a stream as numbers; and an encoding that is learnt from all of them."""

import collections
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument
from fnet.encoding import Encoding, Options, TableError, encode_rows, learn, prepare
from fnet.encoding.cells import GAPS
from fnet.encoding.problems import Problem
from fnet.encoding.raw_columns import to_raw
from fnet.encoding.reading import read
from fnet.encoding.records import read_step, used
from fnet.encoding.steps import Number
from fnet.encoding.tallies import Counter
from fnet.streams import samples, survey
from fnet.streams.csv_blocks import Plain
from fnet.streams.shards import Wanted
from fnet.streams.survey import Survey
from fnet.tables import feature_table
from fnet.tables.readers import Chunk

THREADS = 2
"""The threads that encode rows."""

PART_ROWS = 1 << 12
"""The fewest rows that are encoded in a thread of their own."""


class ChunkEncoder:
    """Encodes the rows of chunks by an Encoding, each chunk by itself.

    Attributes:
        width: D, the number of columns of the result.
        wanted: What is read of a shard.
    """

    def __init__(self, encoding: Encoding, dtype: npt.DTypeLike, target: str) -> None:
        """An encoder of the features of a stream.

        Args:
            encoding: The encoding.
            dtype: The type of the result.
            target: The name of the target, which is read, too.
        """
        self._prepared, self._dtype = prepare(encoding), dtype
        self.width = self._prepared.width
        columns = used(encoding)
        self._names = [column.name for column in columns]
        steps = {column.name: read_step(column) for column in columns}
        self._gaps = {name: step.gaps for name, step in steps.items() if step[:3] == Number()[:3]}
        usual = collections.Counter(self._gaps.values()).most_common(1)
        gaps = usual[0][0] if usual else ()
        plain = frozenset(name for name, own in self._gaps.items() if own == gaps)
        self.wanted = Wanted((*self._names, target), Plain(plain, (*GAPS, *gaps)))

    def table(self, chunk: Chunk) -> Any:
        """The features of a chunk, as `fnet.encoding` takes them."""
        return feature_table([chunk], self._names, self._gaps, codes=True)

    def write(self, chunk: Chunk, out: npt.NDArray[Any], pool: ThreadPoolExecutor) -> None:
        """Encode the rows of a chunk.

        Args:
            chunk: N rows.
            out: Where they are written to, `[N, D]`.
            pool: The threads that encode parts of them.

        Raises:
            InvalidArgument: A cell cannot be encoded; the message names file and row.
        """
        table, rows = self.table(chunk), len(out)
        size = max(PART_ROWS, -(-rows // THREADS))

        def encode_part(start: int) -> tuple[Problem, ...]:
            part = slice(start, start + size)
            found = encode_rows(self._prepared, table.slice(start, size), self._dtype, out[part])
            return tuple(each._replace(row=each.row + start) for each in found.problems)

        try:
            for problems in pool.map(encode_part, range(0, rows, size)):
                if problems:
                    raise TableError(problems)
        except TableError as error:
            raise InvalidArgument(f"{chunk.table}: {error.message(chunk.first_row)}") from None


def learn_encoding(found: Survey, options: Options) -> Encoding:
    """The encoding of a stream.

    It is what `fnet.encoding.learn` finds in a table of the rows of the sample, if these are all.
    Otherwise a second pass counts all rows: gaps, levels, different values, and the mean, the
    deviation, the minimum and the maximum of numbers. Quantiles, and what is a column of no use,
    are those of the sample.

    Args:
        found: What a first pass has found, with all columns in its sample.
        options: How columns are read and encoded.

    Returns:
        The Encoding.

    Raises:
        InvalidArgument: A column cannot be read, or no column is of use.
    """
    names = [name for name in found.shards[0].columns if name != found.target.name]
    kinds = options.kinds or {}
    plain = [n for n in names if kinds.get(n, "number") == "number" and options.decimal != ","]
    numbers = dict.fromkeys(plain, options.missing)
    chunks = found.drawn.chunks()
    table = samples.to_table(chunks, names, numbers)
    try:
        encoding = learn(table, options)
        if table.num_rows == found.drawn.total:
            return encoding
        return learn(table, options, tallies=_tallies(found, encoding))
    except TableError as error:
        raise _placed(found, error) from None


def _tallies(found: Survey, encoding: Encoding) -> dict[str, Any]:
    """The Tally of each column that is used, of all rows."""
    columns = used(encoding)
    counters = {column.name: Counter() for column in columns}
    encoder = ChunkEncoder(encoding, np.float32, found.target.name)

    def count(part: tuple[Any, Any]) -> Problem | None:
        column, cells = part
        raw = to_raw(column.name, cells)
        reading = read(column.steps, raw)
        if reading.bad is not None:
            return Problem(column.name, int(reading.bad.argmax()), ("cannot be read as said",))
        counters[column.name].add(reading.value)
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        for chunk in survey.chunks_of(found, encoder.wanted):
            table = encoder.table(chunk)
            parts = zip(columns, table.columns, strict=True)
            try:
                if any(pool.map(count, parts)):
                    encoder.write(chunk, np.empty((len(chunk.columns), encoder.width)), pool)
            except InvalidArgument as error:
                if str(error).startswith(chunk.table):
                    raise
                raise InvalidArgument(f"{chunk.table}: {error}") from None
    return {name: counter.tally() for name, counter in counters.items()}


def _placed(found: Survey, error: TableError) -> InvalidArgument:
    """An error about a sample, with the names of files and the numbers of their rows."""
    lines = []
    for problem in error.problems:
        if problem.row < 0:
            lines.append(TableError([problem]).message(table=found.shards[0].name))
        else:
            name, row = found.place(found.drawn.row(problem.row))
            lines.append(f"{name}: {problem.message(row - problem.row)}")
    return InvalidArgument("; ".join(lines[:3]))
