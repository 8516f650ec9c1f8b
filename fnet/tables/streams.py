"""Open the bytes of a table: decompressed, and text as UTF-8. Nothing is held but a block."""

import atexit
import contextlib
import io
import os
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
from pyarrow import csv

from fnet.core.errors import InvalidArgument
from fnet.tables import formats
from fnet.tables.formats import Format

MAX_XZ_BYTES = 1 << 28
"""The most memory for unpacking .xz; its highest level takes a quarter of it."""

WAIT_SECONDS = 0.001
"""Time between two looks at whether Arrow has let go of a file."""

PACKED_BYTES = 1 << 16
"""Bytes of a .xz file that are read at a time."""

Path: TypeAlias = str | os.PathLike[str]


class Input(NamedTuple):
    """A file that holds a table.

    Attributes:
        path: The file.
        name: Its name in messages.
        format: Its format.
        compression: What it is compressed by, or None.
        encoding: The encoding of its text where it is not UTF-8, or None.
        filesystem: The file system of Arrow that opens it; None for local files.
    """

    path: Path
    name: str
    format: Format
    compression: str | None = None
    encoding: str | None = None
    filesystem: Any = None

    def open(self) -> Any:
        """The bytes of the file as they are, a file of Arrow."""
        if self.filesystem is None:
            return pa.OSFile(os.fspath(self.path))
        return self.filesystem.open_input_file(os.fspath(self.path))


class Source(NamedTuple):
    """An open file: the names of columns and index columns, rows or None, and record batches."""

    names: list[str]
    index_columns: tuple[str, ...]
    rows: int | None
    batches: Iterator[Any]


def find_input(path: Path, name: str, encoding: str | None = None, filesystem: Any = None) -> Input:
    """What a file is, by its first bytes.

    Args:
        path: The file.
        name: Its name in messages.
        encoding: The encoding of text without a byte-order mark; None is UTF-8.
        filesystem: The file system of Arrow that opens it; None for local files.

    Returns:
        The Input.

    Raises:
        InvalidArgument: It is no table.
        OSError: It does not exist or cannot be read.
    """
    found = Input(path, name, "csv", filesystem=filesystem)
    with open(path, "rb") if filesystem is None else found.open() as file:
        compression = formats.compression_of(file.read(formats.START_BYTES))
    with arrow_errors(name):
        found = found._replace(compression=compression)
        with open_stream(found) as stream:
            start = formats.read_block(stream, formats.START_BYTES)
        kind, encoding = formats.recognize(start, name, encoding)
    if compression is not None and kind in ("parquet", "arrow file"):
        what = "a Parquet file" if kind == "parquet" else "an Arrow file"
        raise InvalidArgument(f"{name} is {what} that is compressed by {compression}: unpack it")
    return found._replace(format=kind, encoding=encoding)


@contextlib.contextmanager
def open_stream(source: Input) -> Iterator[Any]:
    """The bytes of a file as a stream of Arrow, unpacked and in UTF-8."""
    with contextlib.ExitStack() as stack:
        if source.compression == "xz":
            unpacked = _Unpacked(stack.enter_context(source.open()))
            buffered = stack.enter_context(io.BufferedReader(unpacked))
            stream = stack.enter_context(pa.PythonFile(buffered, mode="r"))
        else:
            stream = stack.enter_context(source.open())
            if source.compression is not None:
                stream = stack.enter_context(pa.CompressedInputStream(stream, source.compression))
        if source.encoding is not None:
            transcoded = pa.transcoding_input_stream(stream, source.encoding, "utf-8")
            stream = stack.enter_context(transcoded)
        yield stream


class _File(io.RawIOBase):
    """A file for Arrow, which closes it in C: no signal is handled, and lost, in a destructor."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read = read  # type: ignore[method-assign, assignment]

    def readable(self) -> bool:
        return True


@contextlib.contextmanager
def open_csv(source: Input, *options: Any) -> Iterator[tuple[list[str], Iterator[Any]]]:
    """The names of the columns of a CSV as they are, and record batches, by options of Arrow.

    Arrow reads ahead in a thread, and does not end it when its reader is closed. A thread that
    runs Python's code while the interpreter ends is killed, and the process aborts or hangs. So
    the end of the context, or of the process, waits until Arrow has let go of the file, whether
    it could be opened or not. The C stream interface frees Arrow's reader without holding the
    lock of the interpreter, which the thread may need.
    """
    errors: list[Exception] = []
    readers: list[Any] = []
    references: list[Callable[[], Any]] = []

    def file() -> Any:  # named by no frame that a traceback may hold
        python = _File(read)
        # Arrow copies what it buffers: no block of it is an object of Python.
        buffered = pa.BufferedInputStream(pa.PythonFile(python, mode="r"), 1)
        references.append(weakref.ref(python))
        return buffered

    def read(size: int) -> bytes:
        try:
            return formats.read_block(stream, size)
        except Exception as error:
            errors.append(error)
            raise

    def batches() -> Iterator[Any]:
        with _first_of(errors):
            yield from readers[0]

    def close() -> None:
        for reader in readers:
            reader.close()
        while any(found() is not None for found in references):
            time.sleep(WAIT_SECONDS)

    with open_stream(source) as stream:
        atexit.register(close)
        try:
            with _first_of(errors):
                reader = csv.open_csv(file(), *options)
                names = reader.schema.names  # in C a name ends at a NUL
                readers.append(pa.RecordBatchReader.from_stream(reader))
                del reader  # only the C stream may hold it
            yield names, batches()
        finally:
            close()
            atexit.unregister(close)  # not where Ctrl-C ends the wait


@contextlib.contextmanager
def _first_of(errors: list[Exception]) -> Iterator[None]:
    """Within it an error of Arrow is replaced by the first of these, if there is one."""
    try:
        yield
    except Exception:
        if errors:
            raise errors[0] from None
        raise


class _Unpacked(io.RawIOBase):
    """The bytes of a .xz file. `lzma.open` would take the memory that the file asks for."""

    def __init__(self, packed: Any) -> None:
        self._packed, self._rest, self._decoder = packed, b"", self._new_decoder()

    @staticmethod
    def _new_decoder() -> Any:
        import lzma

        return lzma.LZMADecompressor(memlimit=MAX_XZ_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what comes next: how many bytes there are."""
        import lzma

        try:
            while True:
                if self._decoder.eof:  # another stream may follow, after padding
                    self._rest = (self._decoder.unused_data or self._rest).lstrip(b"\0")
                    self._rest = self._rest or self._packed.read(PACKED_BYTES).lstrip(b"\0")
                    if not self._rest:
                        return 0
                    self._decoder = self._new_decoder()
                elif self._decoder.needs_input and not self._rest:
                    self._rest = self._packed.read(PACKED_BYTES)
                    if not self._rest:
                        raise OSError("Truncated compressed stream")
                found = self._decoder.decompress(self._rest, len(buffer))
                self._rest = b""
                if found:
                    buffer[: len(found)] = found
                    return len(found)
        except lzma.LZMAError as error:
            raise OSError(f"xz: {error}") from None


@contextlib.contextmanager
def arrow_errors(name: str, encoding: str | None = None) -> Iterator[None]:
    """Within it Arrow's errors on a bad file become InvalidArgument."""
    try:
        yield
    except UnicodeError:
        raise formats.not_text(name, encoding or "utf-8") from None
    except OSError as error:
        if error.filename is not None:
            raise
        raise InvalidArgument(f"{name} cannot be read: {_line(error)}") from None
    except MemoryError as error:  # of Arrow, or of Python
        what = _line(error) or "a block is too large"
        raise InvalidArgument(
            f"{name} needs more memory than there is: {what}: is the file damaged?"
        ) from None
    except pa.ArrowException as error:
        raise InvalidArgument(f"{name} is not a readable table: {_line(error)}") from None


def _line(error: Exception) -> str:
    """A message of Arrow on one line."""
    return f"{' '.join(str(error).split()).removeprefix('Invalid: '):.300}"
