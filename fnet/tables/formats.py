"""What a file is, by its first bytes; and the header of a CSV, before Arrow reads it."""

import collections
import csv
import os
import re
from typing import NamedTuple

import pyarrow as pa

from fnet.core.errors import InvalidArgument

MIN_TEXT_BYTE = 9
"""The smallest byte that occurs in text, the tab. Archives and spreadsheets begin with smaller."""

MAX_HEADER_BYTES = 1 << 26
"""A longer header is no header."""

START_BYTES = 1 << 12
"""Bytes at the start of a file by which it is recognized."""

DELIMITERS = ",;\t|"
"""The delimiters that are found without being named."""

PARQUET = b"PAR1"
"""The first bytes of a Parquet file."""

SIGNATURES = {
    b"PK\x03\x04": "is a zip archive or a spreadsheet (.xlsx): unpack it, or save it as CSV",
    b"PK\x05\x06": "is an empty zip archive",
    b"\x1f\x8b": "is compressed by gzip: give it a name that ends in .gz, or unpack it",
    b"\x28\xb5\x2f\xfd": "is compressed by zstd: give it a name that ends in .zst, or unpack it",
    b"\xfd7zXZ": "is compressed by xz: unpack it",
    b"7z\xbc\xaf": "is a 7-Zip archive: unpack it",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet or document of Microsoft Office: save it as CSV",
    b"%PDF-": "is a PDF: save the table in it as CSV",
    b"\x89PNG": "is an image (PNG)",
    b"\xff\xd8\xff": "is an image (JPEG)",
    b"SQLite format 3": "is an SQLite database: export a table as CSV",
    b"ARROW1": "is a Feather or Arrow file: save it as Parquet or CSV",
    b"ORC": "is an ORC file: save it as Parquet or CSV",
    b"\x89HDF": "is an HDF5 file: save a table as Parquet or CSV",
    b"\x93NUMPY": "is a NumPy array: save it as Parquet or CSV, with names of columns",
    b"\x80\x04\x95": "is a pickle: save it as Parquet or CSV",
    b"\x80\x05\x95": "is a pickle: save it as Parquet or CSV",
}
"""The first bytes of files that are no tables, each with what the file is and what to do."""

MARKUP = {
    b"<!doctype html": "is an HTML page, not a table: was a login or an error page downloaded?",
    b"<html": "is an HTML page, not a table: was a login or an error page downloaded?",
    b"<?xml": "is XML, not a table: save it as CSV",
    b"{\\rtf": "is a text document (RTF): save it as plain CSV",
    b"{": "is JSON, not a table: save it as CSV or Parquet",
    b"[": "is JSON, not a table: save it as CSV or Parquet",
}
"""The first text of files that are no tables, in lower case without blanks before it."""


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


def refuse_other_formats(start: bytes, name: str) -> None:
    """Refuse a file that is neither a CSV nor a Parquet file, by its first bytes.

    Args:
        start: The first bytes, after decompression by the suffix of the name.
        name: The name of the file in messages.

    Raises:
        InvalidArgument: It is empty, no text, or another format that is recognized.
    """
    if start.startswith(PARQUET):
        return
    if not start:
        raise empty(name)
    for signature, what in SIGNATURES.items():
        if start.startswith(signature) and (not signature.isalnum() or min(start) < MIN_TEXT_BYTE):
            raise InvalidArgument(f"{name} {what}")
    if min(start[:4]) < MIN_TEXT_BYTE or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise not_text(name)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for tag, what in MARKUP.items():
        if text.startswith(tag) and not (tag in (b"{", b"[") and not _is_json(text)):
            raise InvalidArgument(f"{name} {what}")


def _is_json(text: bytes) -> bool:
    """Whether text that begins with a bracket is JSON; a header may begin with one, too."""
    return text[1:].lstrip()[:1] in (b'"', b"{", b"[", b"}", b"]")


def read_header(path: str | os.PathLike[str], name: str, block_bytes: int) -> Header:
    """The header of a CSV: its first row that is not blank.

    Args:
        path: The file.
        name: Its name in messages.
        block_bytes: Bytes to read at a time.

    Returns:
        The Header.

    Raises:
        InvalidArgument: The file is blank, not UTF-8, or its header does not end.
    """
    text, at, quotes = b"", 0, 0
    with pa.input_stream(path) as stream:
        while True:
            more = stream.read(block_bytes)
            text += more
            if not at:  # blank lines are no header
                text = text.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
            while (end := _line_end(text, at)) >= 0:
                quotes += text.count(b'"', at, end)
                at = end + 1
                if quotes % 2 == 0:
                    rest = text[at:].strip() or stream.read(block_bytes).strip()
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


def _line_end(text: bytes, at: int) -> int:
    """Where a line ends, or -1."""
    ends = [end for end in (text.find(b"\n", at), text.find(b"\r", at)) if end >= 0]
    return min(ends, default=-1)


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
            f"{header.text!r:.60}: name it by --delimiter"
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


def not_text(name: str) -> InvalidArgument:
    """The error for a file in another encoding."""
    return InvalidArgument(f"{name} is not UTF-8 text: save it as CSV in UTF-8")


def empty(name: str) -> InvalidArgument:
    """The error for a file without a header."""
    return InvalidArgument(f"{name} is empty: a table needs a header row, then rows of data")
