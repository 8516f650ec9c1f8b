"""Files that are replaced at once or not at all."""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

LEFTOVER_SECONDS = 3600.0
"""The age from which a temporary file is taken to belong to a process that was killed."""


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace the file at `path` by one with these bytes. An error leaves the old file."""
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write bytes to, which replaces the one at `path` when the block ends.

    The new file is a temporary one in the same folder, `.name.*.tmp`. It is synchronized to the
    disk before it is renamed, and the folder afterwards. An error leaves the old file. A process
    that is killed leaves its temporary file, which a later call removes. A path to a device or a
    pipe is written to directly.

    Args:
        path: The path of the file. A symbolic link stays a link.

    Yields:
        The open file.

    Raises:
        OSError: The file cannot be written.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _fsync_folder(path.parent)
    _remove_leftovers(path)


def _fsync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # a system that cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary files of this path that killed processes left."""
    for name in os.listdir(path.parent):
        if name.startswith(f".{path.name}.") and name.endswith(".tmp"):
            with contextlib.suppress(OSError):
                if time.time() - os.stat(path.with_name(name)).st_mtime > LEFTOVER_SECONDS:
                    os.unlink(path.with_name(name))
