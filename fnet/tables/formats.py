"""What a file is, by its first bytes; and the header of a CSV, before Arrow reads it."""

import codecs
import collections
import csv
import re
from typing import Any, Literal, NamedTuple, TypeAlias

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown

ADVICE = "name the table's encoding with --encoding, such as cp1252, or save it in UTF-8"
"""What to do about text in another encoding."""

MIN_TEXT_BYTE = 9
"""The smallest byte that occurs in text, the tab. Archives and spreadsheets begin with smaller."""

MAX_HEADER_BYTES = 1 << 26
"""A longer header is no header."""

MAX_COLUMNS = 100_000
"""The most columns of a table. Arrow takes about 10 KB for each."""

START_BYTES = 1 << 12
"""Bytes at the start of a file by which it is recognized."""

DELIMITERS = ",;\t|"
"""The delimiters that are found without being named."""

Format: TypeAlias = Literal[
    "csv", "json lines", "parquet", "arrow file", "arrow stream", "tfrecord"
]

SIGNATURES: dict[bytes, Format] = {
    b"PAR1": "parquet",
    b"ARROW1\0\0": "arrow file",
    b"\xff\xff\xff\xff": "arrow stream",
}
"""The first bytes of tables that are not text. Feather of version 2 is an Arrow file."""

COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xfd7zXZ\0": "xz",
    **{b"BZh%d1AY&SY" % level: "bz2" for level in range(1, 10)},
}
"""The first bytes of compressed files, and what they are compressed by."""

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The first bytes of text that say how it is encoded; those of UTF-32 come before UTF-16's."""

OTHERS = {
    b"PK\x03\x04": "is a zip archive or a spreadsheet (.xlsx): unpack it, or save it as CSV",
    b"PK\x05\x06": "is an empty zip archive",
    b"7z\xbc\xaf": "is a 7-Zip archive: unpack it",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet or document of Microsoft Office: save it as CSV",
    b"%PDF-": "is a PDF: save the table in it as CSV",
    b"\x89PNG": "is an image (PNG)",
    b"\xff\xd8\xff": "is an image (JPEG)",
    b"SQLite format 3": "is an SQLite database: export a table as CSV",
    b"FEA1": "is a Feather file of version 1: save it as version 2, Parquet or CSV",
    b"ARROW1": "is a damaged Arrow file: save it again",
    b"ORC": "is an ORC file: save it as Parquet or CSV",
    b"\x89HDF": "is an HDF5 file: save a table as Parquet or CSV",
    b"\x93NUMPY": "is a NumPy array: save it as Parquet or CSV, with names of columns",
    b"\x80\x04\x95": "is a pickle: save it as Parquet or CSV",
    b"\x80\x05\x95": "is a pickle: save it as Parquet or CSV",
}
"""The first bytes of files that are no tables, each with what the file is and what to do."""

SAFETENSORS = re.compile(rb"...\0{5}\{", re.DOTALL)
"""The start of a safetensors file, as a model is: the length of its header, and the header."""

MARKUP = {
    b"<!doctype html": "is an HTML page, not a table: was a login or an error page downloaded?",
    b"<html": "is an HTML page, not a table: was a login or an error page downloaded?",
    b"<?xml": "is XML, not a table: save it as CSV",
    b"{\\rtf": "is a text document (RTF): save it as plain CSV",
}
"""The first text of files that are no tables, in lower case without blanks before it."""


LINE_END = re.compile(rb"[\r\n]")


class Recognized(NamedTuple):
    """What a file is.

    Attributes:
        format: Its format.
        encoding: The encoding of its text, where it is not UTF-8.
    """

    format: Format
    encoding: str | None = None


class Header(NamedTuple):
    """The header of a CSV.

    Attributes:
        text: Its text.
        n_bytes: Its length in the file.
        has_rows: Whether anything but blank lines follows it.
    """

    text: str
    n_bytes: int
    has_rows: bool


def compression_of(start: bytes) -> str | None:
    """What a file is compressed by, from its first bytes; None if it is not."""
    return next((name for mark, name in COMPRESSIONS.items() if start.startswith(mark)), None)


def refuse_other_formats(start: bytes, name: str) -> None:
    """Refuse what is no table by its first bytes, as far as they say so.

    Args:
        start: The first bytes of the file.
        name: The name of the file in messages.

    Raises:
        InvalidArgument: It is empty, no text, or another format that is recognized.
    """
    if compression_of(start) is None:
        recognize(start, name)


def recognize(start: bytes, name: str, encoding: str | None = None) -> Recognized:
    """What a table is, by its first bytes.

    Args:
        start: The first bytes, after decompression.
        name: The name of the file in messages.
        encoding: The encoding of text without a byte-order mark; None is UTF-8.

    Returns:
        What is Recognized.

    Raises:
        InvalidArgument: It is empty, no text, or another format that is recognized.
    """
    for signature, found in SIGNATURES.items():
        if start.startswith(signature):
            return Recognized(found)
    if not start:
        raise empty(name)
    for signature, what in OTHERS.items():
        if start.startswith(signature) and (not signature.isalnum() or min(start) < MIN_TEXT_BYTE):
            raise InvalidArgument(f"{name} {what}")
    if SAFETENSORS.match(start):
        raise InvalidArgument(
            f"{name} is a safetensors file, as a model is, not a table: `fnet describe` shows a "
            "model"
        )
    if compression_of(start):
        raise InvalidArgument(f"{name} is compressed twice: unpack it")
    marks = (each for mark, each in BYTE_ORDER_MARKS.items() if start.startswith(mark))
    encoding = next(marks, _checked(encoding))
    text = start if encoding == "utf-8" else start.decode(encoding, "ignore").encode()
    text = text.removeprefix(codecs.BOM_UTF8)
    if min(text[:4], default=0) < MIN_TEXT_BYTE:
        raise not_text(name, encoding)
    text = text.lstrip().lower()
    for tag, what in MARKUP.items():
        if text.startswith(tag):
            raise InvalidArgument(f"{name} {what}")
    if text[:1] == b"[" and _is_json(text):
        raise InvalidArgument(
            f"{name} is a JSON array: save it as JSON lines, one object a line (pandas: "
            "to_json(path, orient='records', lines=True)), or as CSV"
        )
    is_json = text[:1] == b"{" and _is_json(text)
    return Recognized("json lines" if is_json else "csv", None if encoding == "utf-8" else encoding)


def _checked(encoding: str | None) -> str:
    """The name of an encoding of text, as Python spells it."""
    if encoding is None:
        return "utf-8"
    try:
        "a".encode(encoding).decode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, ValueError, TypeError):  # no encoding, one of bytes, or a NUL in its name
        raise InvalidArgument(
            f"encoding must be the name of an encoding of text, as utf-8, latin-1, cp1252 or "
            f"utf-16; got {shown(encoding)}"
        ) from None


def _is_json(text: bytes) -> bool:
    """Whether text that begins with a bracket is JSON; a header may begin with one, too."""
    return text[1:].lstrip()[:1] in (b'"', b"{", b"[", b"}", b"]")


def read_block(stream: Any, size: int) -> bytes:
    """The next bytes of a stream of Arrow. Its own `read` leaks this many where it fails."""
    block: bytes = stream.read_buffer(size).to_pybytes()
    return block


def read_header(stream: Any, name: str, block_bytes: int) -> Header:
    """The header of a CSV: its first row that is not blank.

    Args:
        stream: A stream of its bytes.
        name: Its name in messages.
        block_bytes: Bytes to read at a time.

    Returns:
        The Header.

    Raises:
        InvalidArgument: The file is blank, not UTF-8, or its header does not end.
    """
    text, at, quotes = b"", 0, 0
    while True:
        more = read_block(stream, block_bytes)
        text += more
        if not at:  # blank lines are no header
            text = text.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
        new = len(text) - len(more)
        while found := LINE_END.search(text, max(at, new)):
            end = found.start()
            quotes += text.count(b'"', at, end)
            at = end + 1
            if quotes % 2 == 0:
                rest = text[at:].strip() or read_block(stream, block_bytes).strip()
                return Header(_decoded(text[:end], name), end, bool(rest))
        if not more:
            break
        if len(text) > MAX_HEADER_BYTES:
            raise InvalidArgument(
                f"{name}: its first row is longer than {MAX_HEADER_BYTES >> 20} MiB: is it a "
                "CSV, and is a quote never closed?"
            )
    if not text.strip():
        raise empty(name)
    if quotes % 2 or text.count(b'"', at) % 2:
        raise InvalidArgument(f"{name}: its header opens a quote: is a quote never closed?")
    return Header(_decoded(text, name), len(text), False)


def _decoded(text: bytes, name: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise not_text(name) from None


def find_delimiter(header: Header, default: str, name: str) -> str:
    """The delimiter of a CSV whose user did not name it.

    It is the default, unless the header has one column by it and several by exactly one other.

    Args:
        header: The header.
        default: The usual delimiter for the name of the file.
        name: The name of the file in messages.

    Returns:
        The delimiter.

    Raises:
        InvalidArgument: Several delimiters are possible.
    """
    others = [one for one in DELIMITERS if one != default and n_columns(header, one) > 1]
    if n_columns(header, default) > 1 or not others:
        return default
    if len(others) > 1:
        raise InvalidArgument(
            f"{name}: its delimiter may be any of {', '.join(map(repr, others))} in the header "
            f"{shown(header.text)}: name it by --delimiter"
        )
    return others[0]


def n_columns(header: Header, delimiter: str) -> int:
    """How many columns a header has by a delimiter."""
    csv.field_size_limit(MAX_HEADER_BYTES)
    line = re.sub(r"[\r\n]", " ", header.text)  # in quotes by the right delimiter, not by all
    return len(next(csv.reader([line], delimiter=delimiter), []))


def strip_names(names: list[str]) -> list[str]:
    """Names of columns without the blanks around them, where they still differ."""
    bare = [name.strip() for name in names]
    counts = collections.Counter(bare)
    return [short if counts[short] == 1 else name for short, name in zip(bare, names, strict=True)]


def not_text(name: str, encoding: str = "utf-8") -> InvalidArgument:
    """The error for a file in another encoding."""
    return InvalidArgument(f"{name} is not {encoding.upper()} text: {ADVICE}")


def too_wide(name: str, columns: int) -> InvalidArgument:
    """The error for a table with too many columns."""
    return InvalidArgument(
        f"{name} has {columns:,} columns; a table may have {MAX_COLUMNS:,}: is its delimiter right?"
    )


def empty(name: str) -> InvalidArgument:
    """The error for a file without a header."""
    return InvalidArgument(f"{name} is empty: a table needs a header row, then rows of data")
