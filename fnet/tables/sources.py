"""Where a table comes from: a file, or a stream that is copied into one."""

import contextlib
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from fnet.core.errors import InvalidArgument
from fnet.tables import formats

STANDARD_INPUT = "-"
"""The path of standard input."""

MAX_STREAM_BYTES = 1 << 32
"""The most bytes that are copied from a stream. A larger table must be a file."""

COPIED_BYTES = 1 << 20
"""Bytes that are copied at a time."""

NO_TABLE = "a device or a socket; a table comes from a file, a pipe, or - for standard input"


def is_file(path: str) -> bool:
    """Whether a path is a regular file, which can be read more than once."""
    return path != STANDARD_INPUT and os.path.isfile(path)


@contextlib.contextmanager
def as_file(path: str) -> Iterator[tuple[str, str]]:
    """A regular file with the bytes of a table: the file itself, or a copy of a stream.

    Standard input and pipes are copied into a temporary folder, because a table is read from its
    start twice. Nothing is copied of what is not a table by its first bytes.

    Args:
        path: A file, a pipe, or `-` for standard input.

    Yields:
        The path to read, and the name of the table in messages.

    Raises:
        InvalidArgument: The stream has more than MAX_STREAM_BYTES, or is no table.
        OSError: There is no such file, it is a folder, a device or a socket, or the copy cannot be
            written.
    """
    name = "standard input" if path == STANDARD_INPUT else path
    is_stream = path == STANDARD_INPUT or stat.S_ISFIFO(_checked_mode(path))
    if not is_stream and _is_utf8(path):
        yield path, name
        return
    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "table")
        if is_stream:
            with _open_stream(path) as stream:
                _copy(stream, table, name)
        else:  # Arrow takes no path that is not UTF-8
            table += suffix if _is_utf8(suffix := os.path.splitext(path)[1]) else ""
            os.symlink(os.path.abspath(path), table)
        yield table, name


def _checked_mode(path: str) -> int:
    """The mode of a path; devices and sockets are refused before they are opened."""
    mode = os.stat(path).st_mode
    if not any(is_kind(mode) for is_kind in (stat.S_ISREG, stat.S_ISFIFO, stat.S_ISDIR)):
        raise OSError(None, f"is {NO_TABLE}", path)
    return mode


@contextlib.contextmanager
def _open_stream(path: str) -> Iterator[BinaryIO]:
    """A pipe, once it has a writer, or standard input, which must not be closed or a device."""
    if path != STANDARD_INPUT:
        with open(path, "rb") as pipe:
            yield pipe
        return
    if sys.stdin is None:
        raise OSError(None, "is closed; name a table", "standard input")
    stream = sys.stdin.buffer
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except io.UnsupportedOperation:  # a stream of a program, as in a notebook
        mode = 0
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not stream.isatty()):
        raise OSError(None, f"is {NO_TABLE}", "standard input")
    yield stream


def _copy(stream: BinaryIO, copy: str, name: str) -> None:
    """Copy a stream, up to MAX_STREAM_BYTES, unless its first bytes say that it is no table."""
    size = 0
    try:
        with open(copy, "wb") as file:
            while block := stream.read(COPIED_BYTES):
                if not size:
                    formats.refuse_other_formats(block[: formats.START_BYTES], name)
                size += file.write(block)
                if size > MAX_STREAM_BYTES:
                    raise InvalidArgument(
                        f"{name} gives more than {MAX_STREAM_BYTES / 2**30:g} GiB, the most that "
                        "is copied from a stream: save the table in a file, and name that"
                    )
    except OSError as error:
        where = os.path.dirname(copy)
        raise OSError(None, f"cannot be copied to {where}: {error.strerror}", name) from None


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
