"""Bytes replace a file at once, or not at all."""

import contextlib
import os
import secrets
import shutil
import time
from pathlib import Path

LEFT = 3600.0
"""Seconds after which a file beside another is taken to be left by a process that was killed."""


def write(path, data):
    """The file at `path` becomes these bytes, or stays what it was where an error is raised."""
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path):
    """A file to write bytes to, which at the end becomes the one at `path`.

    It lies beside that one and is brought to the disk before its name changes, and the folder
    after. An error leaves what was there; a process that is killed leaves its file beside it,
    `.name.*.tmp`, to be cleared away by a later call. What is there and no file, a device or a
    pipe, is written to as it is.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            yield file
        return
    path = Path(os.path.realpath(path))  # a link stays one
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(aside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, aside)
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise
    _fsync_folder(path.parent)
    _clear_away(path)


def _fsync_folder(folder):
    if not hasattr(os, "O_DIRECTORY"):  # a system on which a folder cannot be opened
        return
    entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def _clear_away(path):
    """Files beside this one that killed processes have left."""
    for name in os.listdir(path.parent):
        if name.startswith(f".{path.name}.") and name.endswith(".tmp"):
            with contextlib.suppress(OSError):
                if time.time() - os.stat(path.with_name(name)).st_mtime > LEFT:
                    os.unlink(path.with_name(name))
