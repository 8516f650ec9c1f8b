"""Regular files, opened for reading: no folder, no device, nothing that could block or not end."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from fnet.core.errors import FormatError

KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""What is neither a file nor a folder."""

BLOCK_BYTES = 512
"""The unit of `st_blocks` on every system that has it."""

MAX_SPARSE_RATIO, MAX_SPARSE_BYTES = 3, 16 << 20
"""How many times the bytes on the disk a file may have, after the first bytes."""


@contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[int]:
    """The descriptor of a regular file, open for reading.

    Args:
        path: The path of the file.

    Yields:
        The descriptor.

    Raises:
        FormatError: It is a pipe, a socket or a device, or a sparse file that says it has far more
            bytes than the disk holds.
        OSError: There is no such file, it is a folder, or it cannot be read.
    """
    _check_kind(path, os.stat(path))
    without_waiting = getattr(os, "O_NONBLOCK", 0)  # for a pipe that came in between
    binary = getattr(os, "O_BINARY", 0)  # on Windows
    descriptor = os.open(path, os.O_RDONLY | without_waiting | binary)
    try:
        found = os.fstat(descriptor)
        _check_kind(path, found)
        _check_disk_space(descriptor, found)
        yield descriptor
    finally:
        os.close(descriptor)


def read_into(descriptor: int, buffer: memoryview) -> int:
    """Fill a buffer of bytes, and return how many the file had left for it."""
    filled = 0
    while filled < len(buffer):
        part = os.read(descriptor, min(len(buffer) - filled, 1 << 20))
        if not part:
            break
        buffer[filled : filled + len(part)] = part
        filled += len(part)
    return filled


def read_bytes(descriptor: int, count: int) -> bytes:
    """At most `count` bytes: fewer where the file ends."""
    buffer = bytearray(count)
    return bytes(buffer[: read_into(descriptor, memoryview(buffer))])


def _check_kind(path: str | os.PathLike[str], found: os.stat_result) -> None:
    """Refuse what is no regular file."""
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise FormatError(f"a model must be a regular file; this is {kind}")


def _check_disk_space(descriptor: int, found: os.stat_result) -> None:
    """Refuse a sparse file: reading its holes takes memory that no byte on the disk backs.

    Some file systems report no blocks for any file, so a hole must be found, too.
    """
    on_disk = getattr(found, "st_blocks", found.st_size) * BLOCK_BYTES
    if found.st_size <= MAX_SPARSE_RATIO * on_disk + MAX_SPARSE_BYTES:
        return
    if hasattr(os, "SEEK_HOLE"):
        hole = os.lseek(descriptor, 0, os.SEEK_HOLE)
        os.lseek(descriptor, 0, os.SEEK_SET)
        if hole == found.st_size:
            return
    raise FormatError(
        f"a model must have its bytes on the disk; this sparse file says {found.st_size}, and the "
        f"disk holds {on_disk}. If it is a model, copy it without holes: cp --sparse=never"
    )
