"""Open a CSV or Parquet file as a table, or say why it is not one."""

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
from pyarrow import csv

from fnet.core.errors import InvalidArgument
from fnet.tables import formats

CSV_BLOCK_BYTES = 1 << 21
"""Bytes of a CSV that are read at a time. A row must not be longer."""

PARQUET_CHUNK_ROWS = 1 << 14
"""Rows of a Parquet file that are read at a time."""

MIN_BYTES_PER_COLUMN = 64
"""The least bytes of a block for each column, so that wide rows fit."""

RAGGED_ROW = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
"""Arrow's error for a row of another length; it counts the header as row 1."""

Path: TypeAlias = str | os.PathLike[str]


class Source(NamedTuple):
    """An open file: the names of columns and index columns, rows or None, and record batches."""

    names: list[str]
    index_columns: tuple[str, ...]
    rows: int | None
    batches: Iterator[Any]


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
    path: Path, delimiter: str | None = None, name: str | None = None
) -> Iterator[Table]:
    """Open a CSV or Parquet file as a context manager.

    Args:
        path: The file.
        delimiter: The character between the cells of a CSV. None is a comma, or a tab if the
            file's name ends in `.tsv`, or what separates several columns where these do not.
        name: The name of the table in messages. None is its path.

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
    name = str(path) if name is None else name
    open(path, "rb").close()  # Arrow's own errors do not name the file
    with _arrow_errors(name), pa.input_stream(path) as stream:
        start = stream.read(formats.START_BYTES)
    formats.refuse_other_formats(start, name)
    with contextlib.ExitStack() as stack:
        with _arrow_errors(name):
            if start.startswith(formats.PARQUET):
                source = stack.enter_context(_open_parquet(path))
            else:
                source = stack.enter_context(_open_csv(path, delimiter, name))
        names, index, rows, batches = source
        yield Table(name, tuple(names), rows, _chunks(name, batches), index)


def _chunks(name: str, batches: Iterator[Any]) -> Iterator[Chunk]:
    first_row = 1
    with _arrow_errors(name):
        for batch in batches:
            yield Chunk(name, first_row, batch)
            first_row += len(batch)
    if first_row == 1:
        raise _no_rows(name)


def _no_rows(name: str) -> InvalidArgument:
    return InvalidArgument(f"{name} has a header row but no data rows: it has no rows to read")


@contextlib.contextmanager
def _arrow_errors(name: str) -> Iterator[None]:
    """Within it Arrow's errors on a bad file become InvalidArgument."""
    try:
        yield
    except UnicodeDecodeError:
        raise formats.not_text(name) from None
    except OSError as error:
        if error.filename is not None:
            raise
        raise InvalidArgument(f"{name} cannot be read: {' '.join(str(error).split())}") from None
    except MemoryError:
        raise
    except pa.ArrowException as error:
        raise _refused(name, " ".join(str(error).split())) from None


def _refused(name: str, message: str) -> InvalidArgument:
    """The error for a file that Arrow refuses with this message."""
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
    return InvalidArgument(f"{name} is not a readable table: {message:.300}")


@contextlib.contextmanager
def _open_csv(path: Path, delimiter: str | None, name: str) -> Iterator[Source]:
    """The Source of a CSV; its cells are bytes."""
    header = formats.read_header(path, name, CSV_BLOCK_BYTES)
    if delimiter is None:
        default = "\t" if str(path).lower().endswith(".tsv") else ","
        delimiter = formats.find_delimiter(header, default, name)
    width = formats.n_columns(header, delimiter)
    if not header.has_rows:
        raise _no_rows(name)
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    block_bytes = max(CSV_BLOCK_BYTES, 4 * header.n_bytes, MIN_BYTES_PER_COLUMN * width)
    # Errors have row numbers only without threads.
    blocks = csv.ReadOptions(block_size=block_bytes, use_threads=False)

    def read(types: dict[str, Any]) -> Any:
        return csv.open_csv(path, blocks, parse, csv.ConvertOptions(column_types=types))

    def batches() -> Iterator[Any]:
        last = None
        for batch in reader:
            if len(batch):
                last = batch
                yield batch.rename_columns(names)
        if (
            last is not None
            and b"\n" in (last.column(-1)[-1].as_py() or b"")
            and _has_unpaired_quote(path)
        ):
            raise InvalidArgument(f"{name}: the last row opens a quote that is never closed")

    if width == 1 and (others := set(header.text) & set(formats.DELIMITERS)):
        raise InvalidArgument(
            f"{name} has only one column, {header.text!r:.60}: is its delimiter {min(others)!r}?"
        )
    with read({}) as start:
        given = start.schema.names
    names = formats.strip_names(given)
    with read(dict.fromkeys(given, pa.binary())) as reader:
        yield Source(names, (), None, batches())


def _has_unpaired_quote(path: Path) -> bool:
    """Whether a file has an odd number of quotes."""
    with pa.input_stream(path) as stream:
        blocks = iter(lambda: stream.read(CSV_BLOCK_BYTES), b"")
        quotes: int = sum(block.count(b'"') for block in blocks)
    return quotes % 2 == 1


@contextlib.contextmanager
def _open_parquet(path: Path) -> Iterator[Source]:
    """The Source of a Parquet file; each column has its own type."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        batches = file.iter_batches(PARQUET_CHUNK_ROWS)
        names = file.schema_arrow.names
        index = tuple(name for name in _pandas_index(file.schema_arrow) if name in names)
        yield Source(names, index, file.metadata.num_rows, batches)


def _pandas_index(schema: Any) -> list[str]:
    """The names of the columns that pandas' metadata calls an index; others are no columns."""
    try:
        found = (schema.pandas_metadata or {}).get("index_columns", [])
    except (ValueError, AttributeError):  # metadata that is no JSON, or no object
        return []
    return [name for name in found if isinstance(name, str)]
