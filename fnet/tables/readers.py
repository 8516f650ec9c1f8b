"""Open a file as a table, or say why it is not one."""

import contextlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import csv

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.tables import arrow_tables, formats, json_tables, streams
from fnet.tables.formats import Format
from fnet.tables.streams import Input, Path, Source

CSV_BLOCK_BYTES = 1 << 21
"""Bytes of a CSV that are read at a time. A row must not be longer."""

MIN_BYTES_PER_COLUMN = 512
"""The least bytes of a block for each column, so that wide rows fit."""

RAGGED_ROW = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
"""Arrow's error for a row of another length; it counts the header as row 1."""

TSV = re.compile(r"(?i)\.tsv(\.\w+)?$")
"""The end of the name of a table that is delimited by tabs."""


class Chunk(NamedTuple):
    """Some consecutive rows of a table.

    Attributes:
        table: The name of the table in messages.
        first_row: The number of its first row in the table, counted from 1.
        columns: Its columns, an Arrow RecordBatch.
    """

    table: str
    first_row: int
    columns: Any


class Table(NamedTuple):
    """A table that is open for reading, once.

    Attributes:
        name: Its name in messages.
        columns: The names of its columns, in order.
        rows: The number of its rows; None if the file does not say.
        chunks: An iterator over its rows.
        index_columns: The names of the columns that the file calls an index.
    """

    name: str
    columns: tuple[str, ...]
    rows: int | None
    chunks: Iterator[Chunk]
    index_columns: tuple[str, ...] = ()


@contextlib.contextmanager
def open_table(
    path: Path,
    delimiter: str | None = None,
    name: str | None = None,
    encoding: str | None = None,
    filesystem: Any = None,
) -> Iterator[Table]:
    """Open a file as a table, as a context manager.

    What it is, its compression and its byte-order mark are found in its first bytes.

    Args:
        path: The file.
        delimiter: The character between the cells of a CSV. None is a comma, or a tab if the
            file's name ends in `.tsv`, or what separates several columns where these do not.
        name: The name of the table in messages. None is its path.
        encoding: The encoding of text without a byte-order mark, by any name that Python has for
            it. None is UTF-8.
        filesystem: The file system of Arrow that opens it; None for local files.

    Yields:
        The Table, open within the context.

    Raises:
        InvalidArgument: The file is not a table, found on opening it or while reading chunks.
        OSError: The file does not exist or cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> from fnet import tables
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "table.csv")
        ...     _ = path.write_text("width,kind\\n1.5,a\\n")
        ...     with tables.open_table(path) as table:
        ...         print(table.columns)
        ('width', 'kind')
    """
    source = streams.find_input(path, str(path) if name is None else name, encoding, filesystem)
    with contextlib.ExitStack() as stack:
        with _errors(source):
            names, index, rows, batches = stack.enter_context(
                OPENERS[source.format](source, delimiter)
            )
        yield Table(source.name, tuple(names), rows, _chunks(source, batches), index)


def _chunks(source: Input, batches: Iterator[Any]) -> Iterator[Chunk]:
    first_row = 1
    with _errors(source):
        for batch in batches:
            if len(batch):
                yield Chunk(source.name, first_row, batch)
                first_row += len(batch)
    if first_row == 1:
        raise _no_rows(source.name)


def _no_rows(name: str) -> InvalidArgument:
    return InvalidArgument(f"{name} has a header row but no data rows: it has no rows to read")


@contextlib.contextmanager
def _errors(source: Input) -> Iterator[None]:
    """Within it Arrow's errors on a bad file become InvalidArgument."""
    with streams.arrow_errors(source.name, source.encoding):
        try:
            yield
        except pa.ArrowInvalid as error:
            refused = _refused_csv(source.name, str(error)) if source.format == "csv" else None
            raise refused or error from None


def _refused_csv(name: str, message: str) -> InvalidArgument | None:
    """The error for a CSV that Arrow refuses with this message, if it is a known one."""
    if "Empty CSV" in message:
        return formats.empty(name)
    if "straddling" in message:
        return InvalidArgument(
            f"{name}: a row is longer than {CSV_BLOCK_BYTES >> 20} MiB: is a quote never closed?"
        )
    if ragged := RAGGED_ROW.search(message):
        row, expected, cells = map(int, ragged.groups())
        return InvalidArgument(
            f"{name}: row {row - 1} has {cells} cells, the header has {expected}: quote cells that "
            "contain the delimiter, and leave no cell out"
        )
    return None


def csv_header(source: Input, delimiter: str | None = None) -> tuple[formats.Header, str]:
    """The header of a CSV, and its delimiter.

    Args:
        source: The file.
        delimiter: The delimiter, or None to find it.

    Returns:
        `(header, delimiter)`.

    Raises:
        InvalidArgument: It has no rows, too many columns, or may have several delimiters.
    """
    name = source.name
    with streams.open_stream(source) as stream:
        header = formats.read_header(stream, name, CSV_BLOCK_BYTES)
    if delimiter is None:
        default = "\t" if TSV.search(str(source.path)) else ","
        delimiter = formats.find_delimiter(header, default, name)
    width = formats.n_columns(header, delimiter)
    if not header.has_rows:
        raise _no_rows(name)
    if width > formats.MAX_COLUMNS:
        raise formats.too_wide(name, width)
    if width == 1 and (others := set(header.text) & set(formats.DELIMITERS)):
        raise InvalidArgument(
            f"{name} has only one column, {shown(header.text)}: is its delimiter {min(others)!r}?"
        )
    return header, delimiter


@contextlib.contextmanager
def _open_csv(source: Input, delimiter: str | None) -> Iterator[Source]:
    """The Source of a CSV; its cells are bytes."""
    name = source.name
    header, delimiter = csv_header(source, delimiter)
    width = formats.n_columns(header, delimiter)
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    block_bytes = max(CSV_BLOCK_BYTES, 4 * header.n_bytes, MIN_BYTES_PER_COLUMN * width)
    # Errors have row numbers only without threads.
    blocks = csv.ReadOptions(block_size=block_bytes, use_threads=False)

    def batches() -> Iterator[Any]:
        last = None
        for batch in found:
            if len(batch):
                last = batch
                yield batch.rename_columns(names)
        if (
            last is not None
            and b"\n" in (last.column(-1)[-1].as_py() or b"")
            and _has_unpaired_quote(source)
        ):
            raise InvalidArgument(f"{name}: the last row opens a quote that is never closed")

    with streams.open_csv(source, blocks, parse) as (given, _):
        names = formats.strip_names(given)
    types = csv.ConvertOptions(column_types=dict.fromkeys(given, pa.binary()))
    with streams.open_csv(source, blocks, parse, types) as (_, found):
        yield Source(names, (), None, batches())


def _has_unpaired_quote(source: Input) -> bool:
    """Whether a file has an odd number of quotes."""
    with streams.open_stream(source) as stream:
        blocks = iter(lambda: formats.read_block(stream, CSV_BLOCK_BYTES), b"")
        quotes: int = sum(block.count(b'"') for block in blocks)
    return quotes % 2 == 1


OPENERS: dict[Format, Callable[[Input, str | None], AbstractContextManager[Source]]] = {
    "csv": _open_csv,
    "json lines": lambda source, _: json_tables.open_json(source),
    "parquet": lambda source, _: arrow_tables.open_parquet(source),
    "arrow file": lambda source, _: arrow_tables.open_arrow_file(source),
    "arrow stream": lambda source, _: arrow_tables.open_arrow_stream(source),
}
"""How a file of each format is opened."""
