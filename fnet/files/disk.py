"""Bytes replace a file at once, or not at all."""

import contextlib
import os
import secrets
import shutil


def write(path, data):
    """The file at `path` becomes these bytes.

    They are written to a file beside it and brought to the disk before its name changes, and the
    folder after. An error leaves what was there before. (A process that is killed leaves the file
    beside it, `.name.*.tmp`, which may be deleted.)
    """
    path = os.path.realpath(path)  # a link stays one
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(aside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, aside)
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise
    if hasattr(os, "O_DIRECTORY"):  # elsewhere a folder cannot be opened
        entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
