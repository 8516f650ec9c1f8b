"""Tables in files, CSV and Parquet, a part at a time: columns of numbers, and targets.

A CSV is UTF-8 (with a byte-order mark or without), its first row the names of its columns; a
Parquet file is told by its first bytes. What cannot be a number is refused by the name of its
column and by its row, counted from 1, the row of names left out. By Arrow: it reads both, quickly
and in little memory, and takes a tenth of a second to import.
"""

import bisect
import contextlib
import re
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute, csv

from fnet.errors import InvalidArgument
from fnet.progress import progress_bar

BLOCK = 1 << 22
"""Bytes of a CSV that are read at a time: a row must not be longer."""

ROWS = 1 << 14
"""Rows of a Parquet file that are read at a time."""

LARGEST = 1e100
"""The largest number that is read: squares of such, and sums of these, are finite."""

EXACT = 2.0**53
"""Up to here every whole number has a float64 of its own."""

NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
"""How a cell looks that says a number."""

RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
"""How Arrow tells of a row of another length; its first row is that of the names."""

NUMBERS = pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean
TEXTS = pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_null
"""The kinds of columns that are read."""


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
def opened(path, delimiter=None):
    """The Table in a file, open as long as the context lasts.

    Cells of a CSV stand between commas, of one whose name ends in `.tsv` between tabs, unless a
    `delimiter` is given. Raises InvalidArgument for what is no table, there or while parts are
    read, and the system's own OSError where there is no file, or none that may be read.
    """
    open(path, "rb").close()  # Arrow's own errors name no file
    with pa.input_stream(path) as stream:
        start = stream.read(4)
    if not start:
        raise _empty(path)
    if b"\0" in start or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _not_text(path)
    reader = _parquet if start == b"PAR1" else _csv
    with _refusing(path), reader(path, delimiter) as (columns, rows, batches):
        yield Table(str(path), tuple(columns), rows, _parts(path, batches))


def _parts(path, batches):
    first = 1
    with _refusing(path):
        for batch in batches:
            yield Part(str(path), first, batch)
            first += len(batch)
    if first == 1:
        raise InvalidArgument(f"{path} has column names but no row of data")


@contextlib.contextmanager
def _refusing(path):
    """Within it what Arrow says of a bad file becomes an InvalidArgument."""
    try:
        yield
    except UnicodeDecodeError:
        raise _not_text(path) from None
    except pa.ArrowInvalid as error:
        what = " ".join(str(error).split())
        if "Empty CSV" in what:
            raise _empty(path) from None
        if "straddling" in what:
            raise InvalidArgument(
                f"{path}: a row is longer than {BLOCK >> 20} MiB: is a quote opened and never "
                "closed?"
            ) from None
        if ragged := RAGGED.search(what):
            row, wanted, cells = map(int, ragged.groups())
            raise InvalidArgument(
                f"{path}: row {row - 1} has {cells} cells and the row of names {wanted}: quote a "
                "cell that holds the delimiter, and leave none out"
            ) from None
        raise InvalidArgument(f"{path} is not a table that can be read: {what:.300}") from None


def _not_text(path):
    return InvalidArgument(f"{path} is not UTF-8 text: save it as CSV in UTF-8")


def _empty(path):
    return InvalidArgument(f"{path} is empty: a table has a row of column names, then its data")


@contextlib.contextmanager
def _csv(path, delimiter):
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
            raise InvalidArgument(f"{path}: a quote is opened in the last row and never closed")

    with read({}) as start:
        names = start.schema.names
    if len(names) == 1 and (other := set(names[0]) & set(";\t|,")):
        raise InvalidArgument(
            f"{path} has a single column, {names[0]!r:.60}: is its delimiter {min(other)!r}?"
        )
    with read(dict.fromkeys(names, pa.binary())) as reader:
        yield names, None, batches()


def _odd(path):
    """Whether a file has an odd number of quotes."""
    with pa.input_stream(path) as stream:
        return sum(part.count(b'"') for part in iter(lambda: stream.read(BLOCK), b"")) % 2


@contextlib.contextmanager
def _parquet(path, _):
    """`(columns, rows, batches)` of a Parquet file, each column of its own type."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        yield file.schema_arrow.names, file.metadata.num_rows, file.iter_batches(ROWS)


# Numbers.


def numbers(part, names):
    """The columns of these names as finite float64: `[rows, names]`."""
    found = np.empty((len(part.columns), len(names)))
    for i, name in enumerate(names):
        found[:, i] = _finite(part, name)
    return found


def _finite(part, name):
    column = _column(part, name)
    try:
        found = _floats(column)
    except pa.ArrowInvalid:
        row = _first(column)
        raise _refused(part, name, row, _what(column[row].as_py())) from None
    good = np.abs(found) <= LARGEST
    if not good.all():
        row = int(good.argmin())
        value = column[row].as_py()
        what = "not finite" if not np.isfinite(found[row]) else f"larger than {LARGEST:.0e}"
        what = "there is no value" if value is None else f"{_text(value)} is {what}"
        raise _refused(part, name, row, what)
    return found


def _column(part, name):
    """A column of numbers as it is, or of texts as bytes."""
    column = part.columns.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if any(is_kind(kind) for is_kind in NUMBERS):
        return column
    if any(is_kind(kind) for is_kind in TEXTS):
        return (column.cast(pa.string()) if kind == pa.large_string() else column).cast(pa.binary())
    raise InvalidArgument(
        f"{part.table}: column {name!r} holds values of type {kind}, and must hold numbers or "
        "text: turn them into numbers, or leave the column out"
    )


def _floats(column):
    """Arrow's numbers, or the numbers that texts say, as float64; NaN where there is none."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_binary(column.type):
        column = column.cast(pa.string())
    try:
        found = column.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        found = compute.utf8_trim_whitespace(column).cast(pa.float64())
    if found.null_count:
        found = found.fill_null(np.nan)
    return np.from_dlpack(found)  # its own to_numpy imports pandas


def _first(column):
    """The place of the first cell that says no number."""

    def fails(count):
        try:
            _floats(column[:count])
        except pa.ArrowInvalid:
            return True
        return False

    return bisect.bisect_left(range(1, len(column) + 1), True, key=fails)


def _what(value):
    """Why bytes are no number."""
    if not value.strip():
        return "there is no value"
    hint = ""
    if b"\n" in value:
        hint = " (is a quote opened and never closed?)"
    elif b"," in value:
        hint = " (decimals are written with a point)"
    return f"{_text(value)} is not a number{hint}"


def _text(value):
    """A cell as a message shows it."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _refused(part, name, row, what):
    return InvalidArgument(
        f"{part.table}: column {name!r}, row {part.first + row}: {what}; every cell of it must be "
        "a finite number: mend it, or leave that row or that column out"
    )


# Features and a target.


def features(table, target=(), without=()):
    """The names of the columns but the target and those `without`; each must be there once."""
    for name in (*target, *without):
        present(table, [name])
    found = [name for name in table.columns if name not in {*target, *without}]
    if not found:
        raise InvalidArgument(f"{table.name} has no column left to learn from")
    if "" in found:
        raise InvalidArgument(
            f"{table.name}: column {table.columns.index('') + 1} has no name: name it, or leave it "
            "out"
        )
    present(table, found)
    return found


def present(table, names):
    """Refuse names of columns that are not there, or there twice."""
    if lacking := [name for name in names if name not in table.columns]:
        there = ", ".join(table.columns)
        raise InvalidArgument(
            f"{table.name} has no column {', '.join(map(repr, lacking[:3]))}"
            f"{' and more' if len(lacking) > 3 else ''}; its columns are {there:.200}"
        )
    if double := [name for name in names if table.columns.count(name) > 1]:
        raise InvalidArgument(
            f"{table.name} has more than one column {double[0]!r}: names must differ"
        )


def whole(table, names, target, share=0.5):
    """`(x, y)`: features float64 `[N, D]` and the target `[N]`, as float64 or as strings.

    The target is taken for numbers where at least this share of its cells are, 0 for any: then the
    others are slips, and refused. A share above 1 takes it for text, whatever it holds.
    """
    present(table, [*names, target])
    x, parts = [], []
    with progress_bar(table.rows, "row", label="reading") as bar:
        for part in table.parts:
            x.append(numbers(part, names))
            parts.append(part._replace(columns=part.columns.select([target])))
            bar.update(len(part.columns))
    read = _finite if _numeric(parts, target, share) else _labels
    return np.concatenate(x), np.concatenate([read(part, target) for part in parts])


def _numeric(parts, target, share):
    """Whether at least this share of the cells of a target are numbers."""
    said = rows = 0
    for part in parts:
        column = _column(part, target)
        rows += len(column)
        if pa.types.is_binary(column.type):
            said += compute.sum(compute.match_substring_regex(column, NUMBER)).as_py() or 0
        elif not pa.types.is_boolean(column.type):
            said += len(column)
    return said >= share * rows


def texts(part, name):
    """The cells of a column as strings, as they stand; empty where there is no value."""
    values = part.columns.column(name).to_pylist()
    if not any(isinstance(value, bytes) for value in values):
        return ["" if value is None else str(value) for value in values]
    try:
        return [value.decode() for value in values]
    except UnicodeDecodeError as error:
        row = part.first + next(i for i, value in enumerate(values) if value == error.object)
        raise InvalidArgument(
            f"{part.table}: column {name!r}, row {row}: {_text(error.object)} is not UTF-8 text: "
            "save the table in UTF-8"
        ) from None


def _labels(part, name):
    """The cells of a target as strings; none may be empty."""
    found = [text.strip() for text in texts(part, name)]
    if "" in found:
        row = part.first + found.index("")
        raise InvalidArgument(
            f"{part.table}: column {name!r}, row {row}: there is no value; every row must have its "
            "target: fill it in, or leave the row out"
        )
    return np.array(found, dtype=str)
