"""The hostile tables of `fuzz_tables.py`: what they hold, and how they are changed and written.

A line adds to any of these tables: `COLUMNS` of ordinary cells, hostile `CELLS` and `NAMES`,
`TYPES` of Arrow, `FORMATS` of files, `LINES` as changes of text and `BYTES` of bytes.
"""

import bz2
import csv
import datetime
import decimal
import functools
import gzip
import io
import json
import lzma
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyarrow import feather, parquet

Random = random.Random
Table = dict[str, list[Any]]

DAY = datetime.date(2024, 1, 31)
MOMENT = datetime.datetime(2023, 12, 30, 6, 15)

COLUMNS: dict[str, Callable[[Random], Any]] = {
    "whole": lambda r: r.randrange(-9, 99),
    "float": lambda r: r.gauss(0, 100),
    "gaps": lambda r: r.choice([None, r.random()]),
    "boolean": lambda r: r.random() < 0.5,
    "word": lambda r: r.choice(["red", "green", "blue", None]),
    "text": lambda r: f"{r.random():.3f} of a long text, with a comma",
    "code": lambda r: f"{r.randrange(99):04}",
    "date": lambda r: DAY + datetime.timedelta(days=r.randrange(900)),
    "time": lambda r: MOMENT + datetime.timedelta(seconds=r.randrange(10**8)),
    "German": lambda r: f"{r.randrange(1, 29)}.{r.randrange(1, 13)}.{r.randrange(1990, 2030)}",
    "American": lambda r: f"{r.randrange(1, 13)}/{r.randrange(1, 32)}/{r.randrange(1990, 2030)}",
    "money": lambda r: f"${r.randrange(10**6):,}.50",
    "comma": lambda r: f"{r.random():.2f}".replace(".", ","),
    "percent": lambda r: f"{r.randrange(100)}%",
    "yes": lambda r: r.choice(["yes", "no", "Yes", ""]),
    "clock": lambda r: datetime.time(r.randrange(24), r.randrange(60)),
    "span": lambda r: datetime.timedelta(seconds=r.randrange(10**6)),
    "amount": lambda r: decimal.Decimal(r.randrange(10**9)) / 100,
    "nothing": lambda r: None,
    "constant": lambda r: "same",
}

CELLS: tuple[Any, ...] = (
    *(
        "",
        " ",
        "NA",
        "nan",
        "-inf",
        "Infinity",
        "1e400",
        "-1e-400",
        "9" * 400,
        "-0",
        "+5",
        "1e",
        ".",
    ),
    *(
        "0x1F",
        "1_000",
        "٣",
        "−5",
        "1,234",
        "1.234,5",
        "1 234",
        "1'234",
        "$3",
        "3 €",
        "50%",
        "%",
        "$",
    ),
    *("1e309", "4.9e-324", "1e100", "1.0000001e100", "007", "1d", "3.", ".5", "--1", "1e5.5", "½"),
    *("2024-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "0001-01-01", "01/02/2024"),
    *("2024-01-01T25:00", "2024-01-01T10:00+99:99", "2024-01-01 10:00:00.123456789Z", "31.12.2024"),
    *("1969-12-31T23:59:59.999999-23:59", "2024-13-01", "24:00", "13/13/2024", "٢٠٢٤-٠١-٠١"),
    *(
        "true",
        "FALSE",
        "T",
        "on",
        "None",
        "null",
        "?",
        "-",
        "--",
        "x" * 10_000,
        "\0",
        "\ufeff",
        "\u2028",
    ),
    *(
        "<script>alert(1)</script>",
        "=1+1",
        "@SUM(A1)",
        'a"b',
        '"',
        "a\nb",
        "a\r\nb",
        "a\tb",
        "\x1b[31m",
    ),
    *("é", "e\u0301", "\u202e", "🦆", "\U0010ffff", "\ud800", "\\", "\\N", "{}", "[]", "[1, 2]"),
    *(float("nan"), float("inf"), -float("inf"), 5e-324, 1.7e308, 1e100, -0.0, 2**53 + 1, -(2**63)),
    *(2**63 - 1, 2**64, 10**400, True, None, decimal.Decimal("1e50"), decimal.Decimal("-1e-30")),
    *(datetime.date.min, datetime.date.max, datetime.datetime.min, datetime.datetime.max),
    *(
        datetime.timedelta.max,
        datetime.timedelta.min,
        datetime.time.max,
        b"\xff\xfe",
        b"\x00",
        b"a",
    ),
    *([], [1], {"a": 1}, {}, [[[]]]),
)
"""Hostile cells of every kind."""

NAMES = (
    *(
        "",
        " ",
        "a",
        " a",
        "a ",
        "A",
        "\t",
        "a\nb",
        'a"b',
        "a,b",
        "a;b",
        "=1+1",
        "<b>",
        "x" * 10_000,
    ),
    *(
        "__index_level_0__",
        "Unnamed: 0",
        "row.names",
        "é",
        "e\u0301",
        "\0",
        "\u2028",
        "\ufeff",
        "{",
        "[",
    ),
    *("target", "--without", "$(rm)", "../x", "None", "0", "\ud800", "🦆", "\x1b[2J", "{}", "''"),
)
"""Hostile names of columns."""

TYPES = (
    *(pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.bool_(), pa.string(), pa.binary()),
    *(pa.large_string(), pa.string_view(), pa.large_binary(), pa.binary_view(), pa.binary(4)),
    *(pa.decimal128(10, 2), pa.decimal128(38, -5), pa.decimal256(76, 40), pa.date32(), pa.date64()),
    *(pa.time32("s"), pa.time64("ns"), pa.timestamp("s"), pa.timestamp("ns", "Asia/Tokyo")),
    *(pa.timestamp("us", "nowhere"), pa.duration("s"), pa.duration("ns"), pa.null()),
    *(pa.month_day_nano_interval(), pa.list_(pa.int64()), pa.struct([("a", pa.int64())])),
    *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.uint64(), pa.float64())),
    *(pa.dictionary(pa.int32(), pa.timestamp("ns")), pa.map_(pa.string(), pa.int64())),
    *(pa.run_end_encoded(pa.int32(), pa.string()), pa.run_end_encoded(pa.int32(), pa.float64())),
    *(pa.uuid(), pa.bool8(), pa.list_view(pa.int8())),
    # Those that Arrow 18 does not have.
    *([pa.json_()] if hasattr(pa, "json_") else []),
    *([pa.decimal32(5, 1)] if hasattr(pa, "decimal32") else []),
)
"""The types that columns of Arrow are arrays of random bytes of."""


def make(r: Random) -> tuple[bytes, str | None, str]:
    """A hostile table: its bytes, the encoding that is named, and its format."""
    rows = r.choice([0, 1, 2, 3, *[12, 40, 40] * 5])
    names = r.sample(sorted(COLUMNS), r.randrange(1, 8))
    table = {name: [COLUMNS[name](r) for _ in range(rows)] for name in names}
    labels = list(table)
    for _ in range(r.choice([0, 0, 1, 1, 2, 5])):
        cells = r.choice(list(table.values()))
        for _ in range(r.choice([1, 1, 3, len(cells)])):
            if cells:
                cells[r.randrange(len(cells))] = r.choice(CELLS)
    for _ in range(r.choice([0, 0, 1, 2])):
        labels[r.randrange(len(labels))] = r.choice(NAMES)
    kind = r.choice(list(FORMATS))
    named_encoding = None
    content = FORMATS[kind](labels, list(table.values()), r)
    if isinstance(content, str):
        for _ in range(r.choice([0, 1, 1, 2])):
            content = r.choice(LINES)(content, r)
        coding = r.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16", "utf-32", "latin-1", "utf-16-le"])
        named_encoding = coding if r.random() < 0.5 else None
        if r.random() < 0.1:
            named_encoding = r.choice(
                ["cp1252", "ascii", "utf-7", "hex", "no such", "\0", "utf-16-be"]
            )
        content = content.encode(coding, "replace" if coding == "latin-1" else "surrogatepass")
    for _ in range(r.choice([0, 0, 0, 1, 1, 4])):
        content = r.choice(BYTES)(content, r)
    if r.random() < 0.2:
        content = r.choice(PACKERS)(content)
        for _ in range(r.choice([0, 0, 1])):
            content = r.choice(BYTES)(content, r)
    return content, named_encoding, kind


PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    *(gzip.compress, bz2.compress, lzma.compress),
    *(functools.partial(pa.compress, codec=codec, asbytes=True) for codec in ("zstd", "lz4")),
)


def delimited(delimiter: str) -> Callable[[list[str], list[list[Any]], Random], str]:
    def write(names: list[str], columns: list[list[Any]], r: Random) -> str:
        stream = io.StringIO()
        writer = csv.writer(
            stream, delimiter=delimiter, lineterminator=r.choice(["\n", "\r\n", "\r"])
        )
        writer.writerow(names)
        writer.writerows(zip(*columns, strict=True))
        return stream.getvalue()

    return write


def json_lines(names: list[str], columns: list[list[Any]], r: Random) -> str:
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    for row in rows:
        for name in names:
            if r.random() < 0.05:
                row.pop(name, None)
    ascii_only = r.random() < 0.5
    return "\n".join(json.dumps(row, default=str, ensure_ascii=ascii_only) for row in rows) + "\n"


def arrow_table(names: list[str], columns: list[list[Any]], r: Random) -> pa.Table:
    """A table of Arrow; cells of another type than the others are text, and some columns noise."""
    arrays = []
    for cells in columns:
        try:
            column = pa.array(cells)
        except (pa.ArrowException, OverflowError, ValueError, TypeError):
            column = pa.array([str(cell).encode(errors="replace").decode() for cell in cells])
        if r.random() < 0.2:
            column = other_type(column, r)
        arrays.append(column)
    names = [name.encode(errors="replace").decode() for name in names]
    return pa.Table.from_arrays(arrays, names)


def other_type(column: Any, r: Random) -> Any:
    """A column as another type: cast, or where that fails, of random bits."""
    kind = r.choice(TYPES)
    try:
        found = column.cast(kind, safe=False)
        if kind in (pa.string_view(), pa.binary_view()) and not any(found.buffers()[2:]):
            # Arrow 18 crashes when it compresses views whose buffer of long texts is None.
            return pa.Array.from_buffers(kind, len(found), found.buffers()[:2])
        return found
    except (pa.ArrowException, NotImplementedError):
        pass
    if kind.num_fields or pa.types.is_dictionary(kind):  # these have no bits of their own
        return pa.nulls(len(column), kind)
    try:
        width = kind.bit_width
        bits = pa.py_buffer(r.randbytes(len(column) * max(width, 8) // 8 + 8))
        found = pa.Array.from_buffers(kind, len(column), [None, bits])
        found.validate(full=True)
        return found
    except (pa.ArrowException, ValueError, NotImplementedError, TypeError):
        return pa.nulls(len(column), pa.list_(pa.null()))


def arrow(write: Callable[[pa.Table, Any, Random], None]) -> Callable[..., bytes]:
    """A format of Arrow; a table that it cannot hold is written with text alone."""

    def content(names: list[str], columns: list[list[Any]], r: Random) -> bytes:
        table = arrow_table(names, columns, r)
        try:
            stream = io.BytesIO()
            write(table, stream, r)
        except (pa.ArrowException, OSError, ValueError, NotImplementedError):
            texts = [
                pa.array([f"{cell!r:.20}" for cell in cells], pa.string()) for cells in columns
            ]
            stream = io.BytesIO()
            write(pa.Table.from_arrays(texts, [f"c{i}" for i in range(len(texts))]), stream, r)
        return stream.getvalue()

    return content


def write_parquet(table: pa.Table, stream: Any, r: Random) -> None:
    codec = r.choice(["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
    dictionary, size = r.random() < 0.5, r.choice([3, 1000])
    version = r.choice(["1.0", "2.0"])
    parquet.write_table(
        table,
        stream,
        compression=codec,
        use_dictionary=dictionary,
        row_group_size=size,
        data_page_version=version,
    )


def write_file(table: pa.Table, stream: Any, r: Random) -> None:
    options = pa.ipc.IpcWriteOptions(compression=r.choice([None, "lz4", "zstd"]))
    with pa.ipc.new_file(stream, table.schema, options=options) as writer:
        writer.write_table(table, r.choice([2, 100]))


def write_stream(table: pa.Table, stream: Any, r: Random) -> None:
    options = pa.ipc.IpcWriteOptions(compression=r.choice([None, "lz4", "zstd"]))
    with pa.ipc.new_stream(stream, table.schema, options=options) as writer:
        writer.write_table(table, r.choice([2, 100]))


def write_feather(table: pa.Table, stream: Any, r: Random) -> None:
    feather.write_feather(table, stream, compression=r.choice(["lz4", "zstd", "uncompressed"]))


FORMATS: dict[str, Callable[[list[str], list[list[Any]], Random], Any]] = {
    "CSV": delimited(","),
    "TSV": delimited("\t"),
    "semicolons": delimited(";"),
    "JSON lines": json_lines,
    "Parquet": arrow(write_parquet),
    "Arrow file": arrow(write_file),
    "Arrow stream": arrow(write_stream),
    "Feather": arrow(write_feather),
}

PIECES = (
    *(
        ",",
        ";",
        "\t",
        "|",
        '"',
        '""',
        "\n",
        "\r",
        "\n\n\n",
        "\0",
        "\ufeff",
        "{",
        "}",
        "[",
        "]",
        ":",
        "null",
    ),
    *(
        '{"a": 1}\n',
        '{"a": [1, {"b": 2}]}\n',
        '{"a": {"a": ' * 300,
        "[" * 100_000,
        '{"a": 1, "a": 2}\n',
    ),
    *(
        "," * 3000,
        '"' * 999,
        "\n" * 3000,
        "\\ud800",
        '"a": ',
        "NaN",
        "1e999",
        "é",
        "\ud800",
        "=1+1",
        "%PDF-",
    ),
    *("<html>", "PK\x03\x04", "1,2,3\n", "x" * 70_000, " ", "\x1a", "\x85", "\u2028"),
)
"""What is put into text."""


def _lines(content: str, r: Random) -> list[str]:
    return content.splitlines(keepends=True) or [""]


def put(content: str, r: Random) -> str:
    at = r.choice([0, len(content), r.randrange(len(content) + 1)])
    return content[:at] + r.choice(PIECES) + content[at:]


def replace_piece(content: str, r: Random) -> str:
    return content.replace(
        r.choice([",", "\t", ";", "\n", '"', "1", ":", "null", " "]), r.choice(PIECES), 3
    )


def drop_line(content: str, r: Random) -> str:
    lines = _lines(content, r)
    lines.pop(r.randrange(len(lines)))
    return "".join(lines)


def repeat_line(content: str, r: Random) -> str:
    lines = _lines(content, r)
    line = r.choice(lines)
    lines[r.randrange(len(lines)) : 0] = [line] * r.choice([1, 2, 500])
    return "".join(lines)


def cut(content: Any, r: Random) -> Any:
    return content[: r.randrange(len(content) + 1)]


def cut_out(content: Any, r: Random) -> Any:
    at = r.randrange(len(content) + 1)
    return content[:at] + content[at + r.choice([1, 2, 8, 100]) :]


def double(content: Any, r: Random) -> Any:
    return content + content


def shuffle_lines(content: str, r: Random) -> str:
    lines = _lines(content, r)
    r.shuffle(lines)
    return "".join(lines)


LINES: tuple[Callable[[str, Random], str], ...] = (
    *(put, put, put, replace_piece, replace_piece, drop_line, repeat_line, cut, cut_out, double),
    shuffle_lines,
)


def flip(content: bytes, r: Random) -> bytes:
    found = bytearray(content)
    for _ in range(r.choice([1, 1, 2, 8])):
        if found:
            found[r.randrange(len(found))] ^= 1 << r.randrange(8)
    return bytes(found)


def overwrite(content: bytes, r: Random) -> bytes:
    put = r.choice(
        [b"\xff" * 4, b"\0" * 8, b"\xff" * 8, b"\x7f", b"\x80", r.randbytes(4), b"\x01\0\0\0"]
    )
    at = r.randrange(len(content) + 1)
    return content[:at] + put + content[at + len(put) :]


def insert(content: bytes, r: Random) -> bytes:
    at = r.randrange(len(content) + 1)
    return content[:at] + r.randbytes(r.choice([1, 2, 64])) + content[at:]


def move(content: bytes, r: Random) -> bytes:
    at, to, size = (
        r.randrange(len(content) + 1),
        r.randrange(len(content) + 1),
        r.choice([1, 8, 64]),
    )
    return content[:to] + content[at : at + size] + content[to + size :]


BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(flip, flip, overwrite, overwrite, insert, move, cut, cut_out, double),
)
