"""Blocks of whole rows of a CSV, from any row on whose byte is known."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv

from fnet.core.errors import InvalidArgument
from fnet.encoding.raw_columns import arrow_values
from fnet.tables import formats, streams
from fnet.tables.readers import csv_header
from fnet.tables.streams import Input

BLOCK_BYTES = 1 << 24
"""Bytes of a CSV that are read at a time."""

PARSED_BYTES = 1 << 21
"""Bytes that a thread of Arrow parses at a time."""

MAX_ROW_BYTES = 1 << 26
"""The most bytes of a row."""


class Dialect(NamedTuple):
    """How a CSV is written.

    Attributes:
        delimiter: The character between its cells.
        given: The names of its columns, as Arrow reads them.
    """

    delimiter: str
    given: tuple[str, ...]


class Plain(NamedTuple):
    """Columns whose cells are plain numbers or gaps, as far as is known.

    Attributes:
        columns: Their names, as Arrow reads them.
        gaps: The cells that are gaps.
    """

    columns: frozenset[str]
    gaps: tuple[str, ...]


def find_dialect(source: Input) -> Dialect:
    """How a CSV is written, by its header."""
    header, delimiter = csv_header(source)
    text = pa.BufferReader(header.text.encode() + b"\n")
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    block = csv.ReadOptions(block_size=header.n_bytes + 2)
    return Dialect(delimiter, tuple(csv.read_csv(text, block, parse).schema.names))


def blocks(
    source: Input, dialect: Dialect, place: int, plain: Plain | None
) -> Iterator[tuple[int, Any]]:
    """The rows of a CSV from a byte on.

    Args:
        source: The file.
        dialect: How it is written.
        place: The byte at which a row begins, after decompression; 0 is the start of the file.
        plain: The columns that are numbers; None reads all as text.

    Yields:
        The byte at which a block begins, and its rows as a RecordBatch. Cells are bytes, or
        float64, which may differ from block to block.
    """
    names = formats.strip_names(list(dialect.given))
    with streams.open_stream(source) as stream:
        if place:
            stream.seek(place)
        for first, text, has_quotes in _whole_rows(stream, source.name, dialect.delimiter, place):
            table = _parsed(text, dialect, first == 0, has_quotes, plain)
            for batch in table.combine_chunks().to_batches():
                yield first, batch.rename_columns(names)


def _whole_rows(
    stream: Any, name: str, delimiter: str, place: int
) -> Iterator[tuple[int, bytes, bool]]:
    """Blocks of whole rows: the byte at which each begins, its text, and whether it has quotes."""
    mark = re.escape(delimiter.encode())  # a quote opens a cell where nothing is before it
    quoted = re.compile(rb'"(?:(?<=[\r\n%b]")|(?<=\A"))[^"]*+(?:""[^"]*+)*+("|\Z)' % mark)
    text = b""
    while True:
        more = formats.read_block(stream, BLOCK_BYTES)
        text += more
        has_quotes = b'"' in text
        if not more:
            if has_quotes and any(not found[1] for found in quoted.finditer(text)):
                raise InvalidArgument(f"{name}: the last row opens a quote that is never closed")
            if text.strip(b"\r\n"):
                yield place, text, has_quotes
            return
        end = _end_of_rows(text, quoted) if has_quotes else _line_end(text, 0, len(text))
        if end:
            yield place, text[:end], has_quotes
            place, text = place + end, text[end:]
        elif len(text) > MAX_ROW_BYTES:
            raise InvalidArgument(
                f"{name}: a row is longer than {MAX_ROW_BYTES >> 20} MiB: is a quote never closed?"
            )


def _line_end(text: bytes, start: int, stop: int) -> int:
    """Where the last line of a part of a text ends; 0 if none does."""
    end = text.rfind(b"\n", start, stop)
    if end < 0:  # a carriage return at the very end may be the first half of a line end
        end = text.rfind(b"\r", start, min(stop, len(text) - 1))
    return end + 1


def _end_of_rows(text: bytes, quoted: re.Pattern[bytes]) -> int:
    """Where the last row ends that is not within quotes; 0 if none does."""
    start = end = 0
    for found in quoted.finditer(text):
        end = _line_end(text, start, found.start()) or end
        start = found.end()
        if not found[1]:
            return end
    return _line_end(text, start, len(text)) or end


def _parsed(
    text: bytes, dialect: Dialect, has_header: bool, has_quotes: bool, plain: Plain | None
) -> Any:
    """Rows as a table of Arrow."""
    parse = csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=has_quotes)
    size = len(text) + 1 if has_quotes else min(len(text) + 1, PARSED_BYTES)
    read = csv.ReadOptions(
        block_size=size, column_names=None if has_header else list(dialect.given)
    )

    def table(types: Mapping[str, Any], gaps: tuple[str, ...]) -> Any:
        options = csv.ConvertOptions(column_types=types, null_values=gaps)
        return csv.read_csv(pa.BufferReader(text), read, parse, options)

    as_text = dict.fromkeys(dialect.given, pa.binary())
    if plain is not None and plain.columns:
        try:
            found = table(as_text | dict.fromkeys(plain.columns, pa.float64()), plain.gaps)
            if _all_finite(found, plain):
                return found
        except pa.ArrowInvalid:  # a cell is not plain, and may be a number all the same
            pass
    return table(as_text, ())


def _all_finite(table: Any, plain: Plain) -> bool:
    """Whether no number is infinite or NaN, which Arrow reads from words that are no numbers."""
    for name in plain.columns:
        values = arrow_values(table.column(name), "float64", 0.0)
        if not np.isfinite(values).all():
            return False
    return True
