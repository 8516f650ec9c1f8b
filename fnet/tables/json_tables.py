"""Tables in JSON lines: one object a line, whose keys are the columns.

The file is read twice. The first pass finds the columns, the type of each and the number of rows;
the second one reads rows by them. So a key may be absent anywhere, which is a gap, and whole
numbers may be followed by fractions. Text stays as it is written, dates too.

Arrow parses some lines at a time. It recurses into nested values without a limit, and takes memory
for each row of each key that occurs in any of these rows, so both are bounded here.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import json

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.tables import formats
from fnet.tables.streams import Input, Source, open_stream

BLOCK_BYTES = 1 << 20
"""Bytes that are read at a time."""

PARSED_BYTES = 1 << 24
"""The most bytes that are parsed at a time, unless a line is longer."""

CHUNK_ROWS = 1 << 14
"""The most rows that are parsed at a time."""

MAX_LINE_BYTES = 1 << 26
"""The longest line."""

MAX_CELLS = 1 << 23
"""The most rows times keys that are parsed at a time, unless a single row has more."""

MAX_DEPTH = 200
"""The deepest value in a value."""

STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')

NESTED = pa.list_(pa.null())
"""The type that stands for all nested values: they are no cells."""

ROW = re.compile(r"in row (\d+)")
"""How Arrow's errors name a row of those that it parses."""


class Block(NamedTuple):
    """Some lines: their text, the number of the first one's row, and how many there are."""

    text: bytes
    first_row: int
    rows: int


@contextlib.contextmanager
def open_json(source: Input) -> Iterator[Source]:
    """The Source of JSON lines."""
    types: dict[str, Any] = {}
    rows = 0
    with open_stream(source) as stream:
        for block in _blocks(stream, source.name):
            schema = _parsed(block, source.name).schema
            for name, kind in zip(schema.names, schema.types, strict=True):
                types[name] = _joined(source.name, name, types.get(name), _plain(kind), block)
            if len(types) > formats.MAX_COLUMNS:
                raise formats.too_wide(source.name, len(types))
            rows = block.first_row + block.rows - 1
    if not types:
        raise InvalidArgument(f"{source.name} has no columns: its objects have no keys")
    with open_stream(source) as stream:
        yield Source(list(types), (), rows, _batches(stream, source.name, types))


def _batches(stream: Any, name: str, types: dict[str, Any]) -> Iterator[Any]:
    """Record batches of these columns."""
    flat = pa.schema([item for item in types.items() if item[1] != NESTED])
    for block in _blocks(stream, name, len(types)):
        found = _parsed(block, name, explicit_schema=flat, unexpected_field_behavior="ignore")
        columns = [
            pa.nulls(block.rows, kind)
            if kind == NESTED
            else found.column(key).cast(pa.binary() if kind == pa.string() else kind)
            for key, kind in types.items()
        ]
        yield from pa.table(columns, list(types)).to_batches()


def _plain(kind: Any) -> Any:
    """The type of a column of a block as that of a whole column."""
    if pa.types.is_nested(kind):
        return NESTED
    return pa.string() if pa.types.is_timestamp(kind) else kind


def _joined(table: str, name: str, before: Any, now: Any, block: Block) -> Any:
    """The type of a column that has had one type before, and has another one now."""
    if before in (None, now, pa.null()):
        return now
    if now == pa.null():
        return before
    if {before, now} == {pa.int64(), pa.float64()}:
        return pa.float64()
    words = {NESTED: "lists or objects", pa.string(): "text", pa.bool_(): "booleans"}
    last = block.first_row + block.rows - 1
    raise InvalidArgument(
        f"{table}: column {shown(name)} has {words.get(before, 'numbers')} in the rows before, and "
        f"{words.get(now, 'numbers')} in rows {block.first_row} to {last}: every value must be of "
        "one kind, or null"
    )


def _parsed(block: Block, name: str, **options: Any) -> Any:
    """The table in a block."""
    reading = json.ReadOptions(use_threads=False, block_size=len(block.text) + 1)
    try:
        return json.read_json(pa.BufferReader(block.text), reading, json.ParseOptions(**options))
    except pa.ArrowInvalid as error:
        text = ROW.sub(lambda row: f"in row {block.first_row + int(row[1])}", str(error))
        text = " ".join(text.replace("JSON parse error: ", "").split())
        raise InvalidArgument(f"{name} is not readable JSON lines: {text:.300}") from None


def _blocks(stream: Any, name: str, columns: int | None = None) -> Iterator[Block]:
    """The lines of JSON lines in blocks; `columns` is the number of columns, if it is known."""
    lines: list[bytes] = []
    row, size, keys = 1, 0, 0
    for line in _lines(stream, name):
        _check_line(line, f"{name}, row {row + len(lines)}")
        more = line.count(b":")
        cells = (len(lines) + 1) * (keys + more if columns is None else columns)
        is_full = len(lines) == CHUNK_ROWS or size + len(line) > PARSED_BYTES
        if lines and (is_full or cells > MAX_CELLS):
            yield Block(b"\n".join(lines), row, len(lines))
            row += len(lines)
            lines, size, keys = [], 0, 0
        lines.append(line)
        size, keys = size + len(line), keys + more
    if lines:
        yield Block(b"\n".join(lines), row, len(lines))


def _lines(stream: Any, name: str) -> Iterator[bytes]:
    """The lines that are not blank."""
    rest: list[bytes] = []
    size = 0
    while block := formats.read_block(stream, BLOCK_BYTES):
        first, *others = block.split(b"\n")
        rest.append(first)
        size += len(first)
        if size > MAX_LINE_BYTES:
            raise InvalidArgument(
                f"{name}: a line is longer than {MAX_LINE_BYTES >> 20} MiB: is it JSON lines, one "
                "object a line?"
            )
        if others:
            yield from filter(None, map(_bare, [b"".join(rest), *others[:-1]]))
            rest, size = [others[-1]], len(others[-1])
    yield from filter(None, [_bare(b"".join(rest))])


def _bare(line: bytes) -> bytes:
    return line.removeprefix(b"\xef\xbb\xbf").strip()


def _check_line(line: bytes, where: str) -> None:
    """Refuse a line that is no object, or that is nested too deep for Arrow."""
    if not (line.startswith(b"{") and line.endswith(b"}")):
        text = shown(line.decode(errors="replace"))
        raise InvalidArgument(
            f"{where}: {text} is not an object on one line, as JSON lines must have"
        )
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH and _depth(line) > MAX_DEPTH:
        raise InvalidArgument(f"{where}: values are nested deeper than {MAX_DEPTH}: flatten them")


def _depth(line: bytes) -> int:
    """How deep the values of a line are nested."""
    deepest = depth = 0
    for byte in STRING.sub(b"", line):
        depth += (byte in b"{[") - (byte in b"}]")
        deepest = max(deepest, depth)
    return deepest
