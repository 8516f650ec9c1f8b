"""Files that are replaced at once or not at all.

A new file is written beside the old one, in a slot: one of `SLOTS` names that only fnet uses, made
of a digest of the file's own name. While a process writes, it holds a lock on its slot, which the
system releases when the process dies. So a slot without a lock is what a dead process left, and the
next writer or reader of the file removes it. A system or a file system without locks goes by the
time of the last change.
"""

import contextlib
import errno
import hashlib
import io
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows, which removes and renames no open file
    fcntl = None  # type: ignore[assignment]

SLOTS = 8
"""How many processes may write one file at a time; others wait."""

WAIT_SECONDS = 60.0
"""How long a writer waits for a slot."""

READER_SECONDS = 1.0
"""How long a writer waits for the process that reads from a pipe."""

UNLOCKED_SECONDS = 60.0
"""Where there are no locks, how long after its last change a slot is taken to be in use."""


def write(path: str | os.PathLike[str], data: bytes, *, new: bool = False) -> None:
    """Replace the file at `path` by one with these bytes. An error leaves the old file.

    Args:
        path: The path of the file.
        data: The bytes.
        new: Whether to raise FileExistsError if there is a file already.

    Raises:
        OSError: The file cannot be written.
    """
    with replacing(path, new=new) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], *, new: bool = False) -> Iterator[IO[bytes]]:
    """A file to write bytes to, which replaces the one at `path` when the block ends.

    It is synchronized to the disk before it is renamed, and the folder afterwards. An error leaves
    the old file. A path to a device or a pipe is written to directly.

    Args:
        path: The path of the file. A symbolic link stays a link.
        new: Whether to raise FileExistsError if there is a file already when the block ends.

    Yields:
        The open file.

    Raises:
        OSError: The file cannot be written. The error names `path`.
    """
    with _naming(path):
        special = _open_special(path)
    if special is not None:
        with io.BufferedWriter(_File(special, path)) as file:
            yield file
        return
    target = Path(os.path.realpath(path))
    with _naming(path):
        slot, descriptor = _claim(target)
    file = io.BufferedWriter(_File(descriptor, path))
    try:
        yield file
        with _naming(path):
            file.flush()
            os.fsync(descriptor)
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(target, slot)
            if fcntl is None:
                file.close()
            _rename(slot, target, new)
    except BaseException:
        _give_up(slot, file)
        raise
    finally:
        file.close()
    with _naming(path):
        _fsync_folder(target.parent)
    remove_leftovers(target)


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what dead processes left that were writing the file at `path`; nothing is raised.

    Usually there is nothing to remove, and this opens no file and lists no folder.
    """
    for slot in _slots(Path(os.path.realpath(path))):
        with contextlib.suppress(OSError):
            _remove_if_dead(slot)


class _File(io.FileIO):
    """A file whose errors name the path that its user knows."""

    def __init__(self, descriptor: int, path: str | os.PathLike[str]) -> None:
        super().__init__(descriptor, "wb")
        self.path = path

    def write(self, data: Any) -> int:
        """Write bytes."""
        with _naming(self.path):
            return super().write(data)


@contextlib.contextmanager
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within it, errors of the system name this path, and no other."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _open_special(path: str | os.PathLike[str]) -> int | None:
    """The descriptor of a device or a pipe, open for writing; None for a file and for nothing."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode):
        return None
    if not stat.S_ISFIFO(mode):
        return os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
    end = time.monotonic() + READER_SECONDS
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            os.set_blocking(descriptor, True)
            return descriptor


def _slots(target: Path) -> list[Path]:
    """The names of temporary files for this file."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return [target.with_name(f".fnet-{digest}-{i}.tmp") for i in range(SLOTS)]


def _claim(target: Path) -> tuple[Path, int]:
    """A slot of this process's own, and its open, locked descriptor."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        for slot in _slots(target):
            with contextlib.suppress(OSError):
                _remove_if_dead(slot)
            if (descriptor := _create(slot)) is not None:
                return slot, descriptor
        if time.monotonic() > end:
            raise OSError(
                errno.EBUSY, f"{SLOTS} processes are writing this file; wait until they are done"
            )
        time.sleep(0.01)


def _create(slot: Path) -> int | None:
    """The locked descriptor of a new slot; None if another process has it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(slot, flags, 0o666)
    except FileExistsError:
        return None
    if _lock(descriptor) is not False and _is_at(slot, descriptor):
        return descriptor
    os.close(descriptor)  # another process took it for a dead one's
    return None


def _lock(descriptor: int) -> bool | None:
    """Whether this process now holds the lock of a file; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_at(slot: Path, descriptor: int) -> bool:
    """Whether an open file is the one of this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(slot))
    except FileNotFoundError:
        return False


def _remove_if_dead(slot: Path) -> None:
    """Remove a slot that no process writes to."""
    found = os.lstat(slot)
    if not stat.S_ISREG(found.st_mode):
        return
    is_old = time.time() - found.st_mtime > UNLOCKED_SECONDS
    if fcntl is None:
        if is_old:
            os.unlink(slot)
        return
    descriptor = os.open(slot, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        locked = _lock(descriptor)
        if (is_old if locked is None else locked) and _is_at(slot, descriptor):
            os.unlink(slot)  # while the lock is held: the slot is still the dead process's
    finally:
        os.close(descriptor)


def _rename(slot: Path, target: Path, new: bool) -> None:
    """Give a complete slot the name of its file."""
    if not new:
        os.replace(slot, target)
        return
    try:
        os.link(slot, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        os.replace(slot, target)
    else:
        os.unlink(slot)


def _give_up(slot: Path, file: Any) -> None:
    """Remove an incomplete slot, and close it."""
    with contextlib.suppress(OSError):
        if fcntl is None:
            file.close()
            os.unlink(slot)
        elif _is_at(slot, file.fileno()):
            os.unlink(slot)
    with contextlib.suppress(OSError):
        file.close()


def _fsync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # a system that cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
