"""A folder of shards as one table in memory, and how many rows it has."""

import contextlib
from collections.abc import Iterator
from typing import Any

from pyarrow import fs

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.streams import shards
from fnet.streams.shards import Shard, Wanted
from fnet.tables.readers import Chunk, Table


def open_shards(folder: str) -> list[Shard]:
    """The shards of a folder, which must have the same columns.

    Args:
        folder: The path of a folder.

    Returns:
        The shards, by name.

    Raises:
        InvalidArgument: There are none, or one is bad or has other columns.
    """
    system = fs.LocalFileSystem()
    found = [shards.open_shard(path, system) for path in shards.find_files(folder, system)]
    for shard in found:
        if missing := set(found[0].columns) ^ set(shard.columns):
            raise InvalidArgument(
                f"{shard.name} and {found[0].name} must have the same columns; one lacks "
                f"{shown(min(missing))}"
            )
    return found


def has_more_rows(found: list[Shard], limit: int) -> bool:
    """Whether shards have more rows than a limit; no more are read than that needs."""
    rows = 0
    for shard in found:
        for chunk, _ in shards.scan(shard, Wanted(shard.columns[:1])):
            rows += len(chunk.columns)
            if rows > limit:
                return True
    return False


@contextlib.contextmanager
def open_folder(folder: str) -> Iterator[Table]:
    """The shards of a folder as one Table; its rows are counted over all of them.

    Args:
        folder: The path of a folder, whose files have one format.

    Yields:
        The Table.

    Raises:
        InvalidArgument: A shard is bad, or formats or columns differ.
    """
    found = open_shards(folder)
    first = found[0]
    for shard in found:
        if (shard.types is None) != (first.types is None):
            raise InvalidArgument(
                f"{shard.name} and {first.name} are of two formats: give shards of one, or read "
                "them by fnet.table_dataset"
            )

    def chunks() -> Iterator[Chunk]:
        row = 1
        for shard in found:
            for chunk, _ in shards.scan(shard, Wanted(first.columns)):
                columns: Any = chunk.columns
                yield Chunk(folder, row, columns)
                row += len(columns)

    yield Table(folder, first.columns, None, chunks())
