"""A file that is open as a table, and what is wrong with one that is none."""

import contextlib
import re
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import csv

from fnet.core.errors import InvalidArgument

BLOCK = 1 << 21
"""Bytes of a CSV that are read at a time: a row must not be longer."""

ROWS = 1 << 14
"""Rows of a Parquet file that are read at a time."""

FIRST_OF_TEXT = 9
"""Bytes below, up to the tab, stand in no text; archives and spreadsheets begin with such."""

RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
"""How Arrow tells of a row of another length; its first row is that of the names."""


class Table(NamedTuple):
    """A table that is open for reading, once."""

    name: str  # what messages call it
    columns: tuple[str, ...]
    rows: int | None  # None where the file does not say
    parts: Any  # an iterator over its Parts


class Part(NamedTuple):
    """Some rows of a table."""

    table: str
    first: int  # the number of its first row
    columns: Any  # of Arrow, by name


@contextlib.contextmanager
def opened(path, delimiter=None, name=None):
    """The Table in a file, open as long as the context lasts.

    Cells of a CSV stand between commas, of one whose name ends in `.tsv` between tabs, unless a
    `delimiter` is given. Messages call the table by its path, or by `name`. Raises InvalidArgument
    for what is no table, there or while parts are read, and the system's own OSError where there
    is no file, or none that may be read.
    """
    name = str(path) if name is None else name
    open(path, "rb").close()  # Arrow's own errors name no file
    with _refusing(name), pa.input_stream(path) as stream:
        start = stream.read(4)
    if not start:
        raise _empty(name)
    if min(start) < FIRST_OF_TEXT or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _not_text(name)
    reader = _parquet if start == b"PAR1" else _csv
    with contextlib.ExitStack() as stack:
        with _refusing(name):
            columns, rows, batches = stack.enter_context(reader(path, delimiter, name))
        yield Table(name, tuple(columns), rows, _parts(name, batches))


def _parts(name, batches):
    first = 1
    with _refusing(name):
        for batch in batches:
            yield Part(name, first, batch)
            first += len(batch)
    if first == 1:
        raise InvalidArgument(f"{name} has column names but no row of data")


@contextlib.contextmanager
def _refusing(name):
    """Within it what Arrow says of a bad file becomes an InvalidArgument."""
    try:
        yield
    except UnicodeDecodeError:
        raise _not_text(name) from None
    except OSError as error:
        if error.filename is not None:
            raise
        raise InvalidArgument(f"{name} cannot be read: {error}") from None
    except MemoryError:
        raise
    except pa.ArrowException as error:
        what = " ".join(str(error).split())
        if "Empty CSV" in what:
            raise _empty(name) from None
        if "straddling" in what:
            raise InvalidArgument(
                f"{name}: a row is longer than {BLOCK >> 20} MiB: is a quote opened and never "
                "closed?"
            ) from None
        if ragged := RAGGED.search(what):
            row, wanted, cells = map(int, ragged.groups())
            raise InvalidArgument(
                f"{name}: row {row - 1} has {cells} cells and the row of names {wanted}: quote a "
                "cell that holds the delimiter, and leave none out"
            ) from None
        raise InvalidArgument(f"{name} is not a table that can be read: {what:.300}") from None


def _not_text(name):
    return InvalidArgument(f"{name} is not UTF-8 text: save it as CSV in UTF-8")


def _empty(name):
    return InvalidArgument(f"{name} is empty: a table has a row of column names, then its data")


@contextlib.contextmanager
def _csv(path, delimiter, name):
    """`(columns, rows, batches)` of a CSV, its cells as bytes."""
    delimiter = delimiter or ("\t" if str(path).lower().endswith(".tsv") else ",")
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    blocks = csv.ReadOptions(block_size=BLOCK, use_threads=False)  # so that errors number rows

    def read(types):
        return csv.open_csv(path, blocks, parse, csv.ConvertOptions(column_types=types))

    def batches():
        last = None
        for batch in reader:
            if len(batch):
                last = batch
                yield batch
        if last is not None and b"\n" in (last.column(-1)[-1].as_py() or b"") and _odd(path):
            raise InvalidArgument(f"{name}: a quote is opened in the last row and never closed")

    with read({}) as start:
        names = start.schema.names
    if len(names) == 1 and (other := set(names[0]) & set(";\t|,")):
        raise InvalidArgument(
            f"{name} has a single column, {names[0]!r:.60}: is its delimiter {min(other)!r}?"
        )
    with read(dict.fromkeys(names, pa.binary())) as reader:
        yield names, None, batches()


def _odd(path):
    """Whether a file has an odd number of quotes."""
    with pa.input_stream(path) as stream:
        return sum(part.count(b'"') for part in iter(lambda: stream.read(BLOCK), b"")) % 2


@contextlib.contextmanager
def _parquet(path, *_):
    """`(columns, rows, batches)` of a Parquet file, each column of its own type."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        yield file.schema_arrow.names, file.metadata.num_rows, file.iter_batches(ROWS)
