"""The files of a stream: found, recognized, and read from any row on."""

import fnmatch
import glob
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import fs

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.streams import csv_blocks
from fnet.streams.csv_blocks import Dialect, Plain
from fnet.tables import formats, open_table, streams
from fnet.tables.arrow_tables import checked
from fnet.tables.readers import Chunk
from fnet.tables.streams import Input, arrow_errors

BLOCK_ROWS = 1 << 16
"""The most rows of Parquet and Arrow that are read at a time."""

TFRECORD = ".tfrecord"
"""What the name of a file has that is TFRecord, also as `.tfrecords` or `.tfrecord.gz`."""

HIDDEN = (".", "_")
"""How the names of files begin that are left out of a folder, as by Arrow's data sets."""

Blocks = Iterator[tuple[int, Any]]


class Shard(NamedTuple):
    """A file of a stream, before its rows are known.

    Attributes:
        source: The file.
        size: Its size in bytes.
        modified: When it was changed, in nanoseconds.
        columns: The names of its columns.
        types: The types of its columns; None where all are text.
        dialect: How a CSV is written, else None.
    """

    source: Input
    size: int
    modified: int | None
    columns: tuple[str, ...]
    types: tuple[Any, ...] | None
    dialect: Dialect | None

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self.source.name


class Index(NamedTuple):
    """Where the rows of a shard are.

    Attributes:
        rows: Their number.
        offsets: Where reading can begin: the number of a row, and its place, which is a byte of a
            CSV, a row group of Parquet, or a record batch of Arrow.
    """

    rows: int
    offsets: tuple[tuple[int, int], ...]


def find_files(files: Any, filesystem: Any) -> list[str]:
    """The paths of the files of a stream.

    Args:
        files: A folder, a pattern, a path, or a list of paths.
        filesystem: A file system of Arrow.

    Returns:
        The paths: those of a folder or a pattern in the order of their names.

    Raises:
        InvalidArgument: There are none.
    """
    if not isinstance(files, (str, os.PathLike)):
        found = [os.fspath(path) for path in files]
        if not found:
            raise InvalidArgument("files must name at least one file; got an empty list")
        return found
    path = os.fspath(files)
    kind = filesystem.get_file_info(path).type
    if kind == fs.FileType.Directory:
        found = [each.path for each in _files_in(path, filesystem)]
        if not found:
            raise InvalidArgument(f"{path} is a folder without files: it holds no shards")
        return found
    if kind == fs.FileType.NotFound and glob.has_magic(path):
        folder = os.path.dirname(path)
        if glob.has_magic(folder):
            raise InvalidArgument(f"{path} must be a pattern of names in one folder")
        names = [each.path for each in _files_in(folder or ".", filesystem)]
        last = os.path.basename(path)
        found = [name for name in names if fnmatch.fnmatchcase(os.path.basename(name), last)]
        if not found:
            raise InvalidArgument(f"{path} matches no file: correct the pattern")
        return found
    return [path]


def _files_in(folder: str, filesystem: Any) -> list[Any]:
    """The files of a folder, by name."""
    found = filesystem.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    files = [
        each
        for each in found
        if each.type == fs.FileType.File and not each.base_name.startswith(HIDDEN)
    ]
    return sorted(files, key=lambda each: str(each.path))


def open_shard(path: str, filesystem: Any) -> Shard:
    """What a file is.

    Raises:
        InvalidArgument: It is missing, empty, damaged, or no table of a format that has shards.
    """
    size, modified = _state(path, filesystem)
    if TFRECORD in os.path.basename(path):
        return _open_tfrecord(path, filesystem, size, modified)
    source = streams.find_input(path, path, None, filesystem)
    if source.format not in READERS:
        raise InvalidArgument(
            f"{path} is {source.format}: shards are CSV, Parquet, Arrow, or TFRecord; save it as "
            "one of them"
        )
    with arrow_errors(path, source.encoding):
        if source.format == "csv":
            dialect = csv_blocks.find_dialect(source)
            found = formats.strip_names(list(dialect.given))
            return Shard(source, size, modified, _unique(path, found), None, dialect)
        schema = _schema(source)
        names = _unique(path, schema.names)
        return Shard(source, size, modified, names, tuple(schema.types), None)


def _open_tfrecord(path: str, filesystem: Any, size: int, modified: int | None) -> Shard:
    from fnet.streams import tfrecords

    if not isinstance(filesystem, fs.LocalFileSystem):
        raise InvalidArgument(f"{path} is TFRecord, which is read from local files alone: copy it")
    compression = "gzip" if path.endswith(".gz") else None
    source = Input(path, path, "tfrecord", compression, None, filesystem)
    found = tfrecords.columns(source)
    return Shard(source, size, modified, tuple(found), tuple(found.values()), None)


def _unique(path: str, names: Sequence[str]) -> tuple[str, ...]:
    if twice := [name for name in dict.fromkeys(names) if list(names).count(name) > 1]:
        raise InvalidArgument(
            f"{path} has more than one column named {shown(twice[0])}: names must be unique"
        )
    return tuple(names)


def _state(path: streams.Path, filesystem: Any) -> tuple[int, int | None]:
    """The size of a file, and when it was changed."""
    info = filesystem.get_file_info(path)
    if info.type != fs.FileType.File:
        what = "is a folder" if info.type == fs.FileType.Directory else "is missing"
        raise InvalidArgument(f"{path} {what}: name files that exist, or leave it out")
    return info.size, info.mtime_ns


def _schema(source: Input) -> Any:
    from pyarrow import parquet

    with streams.open_stream(source) as stream:
        if source.format == "parquet":
            with parquet.ParquetFile(stream) as file:
                return file.schema_arrow
        if source.format == "arrow file":
            with pa.ipc.open_file(stream) as file:
                return file.schema
        with pa.ipc.open_stream(stream) as reader:
            return reader.schema


class Wanted(NamedTuple):
    """What of a shard is read.

    Attributes:
        columns: The names of columns, or None for all.
        plain: The columns of a CSV that are numbers, as far as is known; see `csv_blocks.Plain`.
    """

    columns: tuple[str, ...] | None = None
    plain: Plain | None = None


def _parquet(shard: Shard, place: int, wanted: Wanted) -> Blocks:
    from pyarrow import parquet

    columns = None if wanted.columns is None else list(wanted.columns)
    with streams.open_stream(shard.source) as stream, parquet.ParquetFile(stream) as file:
        for group in range(place, file.num_row_groups):
            for batch in file.iter_batches(BLOCK_ROWS, [group], columns):
                yield group, batch


def _arrow_file(shard: Shard, place: int, wanted: Wanted) -> Blocks:
    with streams.open_stream(shard.source) as stream, pa.ipc.open_file(stream) as file:
        for number in range(place, file.num_record_batches):
            yield number, file.get_batch(number)


def _arrow_stream(shard: Shard, place: int, wanted: Wanted) -> Blocks:
    with streams.open_stream(shard.source) as stream, pa.ipc.open_stream(stream) as reader:
        for batch in reader:
            yield 0, batch


def _tfrecord(shard: Shard, place: int, wanted: Wanted) -> Blocks:
    from fnet.streams import tfrecords

    types = dict(zip(shard.columns, shard.types or (), strict=True))
    names = shard.columns if wanted.columns is None else wanted.columns
    for batch in tfrecords.batches(shard.source, {name: types[name] for name in names}):
        yield 0, batch


def _csv(shard: Shard, place: int, wanted: Wanted) -> Blocks:
    dialect = shard.dialect
    if dialect is not None:
        yield from csv_blocks.blocks(shard.source, dialect, place, wanted.plain)


READERS: dict[str, Callable[[Shard, int, Wanted], Blocks]] = {
    "csv": _csv,
    "parquet": _parquet,
    "arrow file": _arrow_file,
    "arrow stream": _arrow_stream,
    "tfrecord": _tfrecord,
}
"""How each format is read from a place on: blocks of rows, each with its place."""


def _can_start(shard: Shard) -> bool:
    """Whether reading can begin elsewhere than at the first row."""
    source = shard.source
    sequential = source.format in ("arrow stream", "tfrecord")
    return not (sequential or source.compression or source.encoding)


def scan(shard: Shard, wanted: Wanted) -> Iterator[tuple[Chunk, int]]:
    """All rows of a shard as Chunks, each with the place at which it begins, or -1.

    Raises:
        InvalidArgument: A row cannot be read.
    """
    row, last = 0, -1
    for place, batch in _read_from(shard, 0, 0, wanted):
        known = place if place != last and (not row or _can_start(shard)) else -1
        yield Chunk(shard.name, row + 1, batch), known
        row, last = row + len(batch), place


def read_rows(shard: Shard, index: Index, first: int, wanted: Wanted) -> Iterator[Chunk]:
    """The rows of a shard from one on, which counts from 0.

    Raises:
        InvalidArgument: The shard has changed since it was scanned, or a row cannot be read.
    """
    changed = InvalidArgument(
        f"{shard.name} has changed since its rows were counted: make the dataset again"
    )
    try:
        if _state(shard.source.path, shard.source.filesystem) != (shard.size, shard.modified):
            raise changed
    except OSError:
        raise changed from None
    row, place = max(start for start in index.offsets if start[0] <= first)
    for _, batch in _read_from(shard, row, place, wanted):
        end = row + len(batch)
        if end > index.rows:
            raise changed
        skipped = max(0, first - row)
        if skipped < len(batch):
            yield Chunk(shard.name, row + skipped + 1, batch.slice(skipped))
        row = end
    if row != index.rows:
        raise changed


def _read_from(shard: Shard, row: int, place: int, wanted: Wanted) -> Blocks:
    """Blocks of a shard, checked as those of a table in one file are."""
    is_text = shard.source.format == "csv"
    try:
        with arrow_errors(shard.name, shard.source.encoding):
            for at, batch in READERS[shard.source.format](shard, place, wanted):
                found = batch if wanted.columns is None else batch.select(list(wanted.columns))
                for part in [found] if is_text else checked([found], shard.name, BLOCK_ROWS):
                    if len(part):
                        yield at, part
    except InvalidArgument:
        if is_text:
            _explain(shard)
        raise


def _explain(shard: Shard) -> None:
    """Raise the error of a CSV as its reader from the start says it, with the number of the row."""
    source = shard.source
    with open_table(source.path, filesystem=source.filesystem) as table:
        for _ in table.chunks:
            pass
