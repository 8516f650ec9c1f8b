"""The first pass over the shards of a stream: their rows, whether they agree, and a sample."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from pyarrow import types

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.streams import shards
from fnet.streams.samples import Sample, is_number
from fnet.streams.shards import Index, Shard, Wanted
from fnet.streams.targets import StreamTarget, TargetScan, Task
from fnet.tables.columns import match_names, require_columns
from fnet.tables.readers import Chunk, Table

STACKLEVEL = 4
"""How far up the stack a warning of `survey` belongs: to the caller of `table_dataset`."""


class Survey(NamedTuple):
    """What a first pass has found.

    Attributes:
        shards: The shards.
        indexes: Where the rows of each are.
        drawn: A sample of all rows: all columns, or the target alone.
        target: The target.
    """

    shards: tuple[Shard, ...]
    indexes: tuple[Index, ...]
    drawn: Sample
    target: StreamTarget

    def place(self, row: int) -> tuple[str, int]:
        """The name of the shard of a row of the stream, and its number there, from 1."""
        ends = np.cumsum([index.rows for index in self.indexes])
        shard = int(np.searchsorted(ends, row, side="right"))
        return self.shards[shard].name, row - int(ends[shard]) + self.indexes[shard].rows + 1


class Request(NamedTuple):
    """What a survey is of.

    Attributes:
        target: The name of the target.
        task: What the target is to be, or None.
        columns: The names of the columns that must be there beside the target; None for all.
        seed: The seed of the sample.
        skip: Whether bad shards are left out with a warning.
    """

    target: str
    task: Task | None
    columns: tuple[str, ...] | None
    seed: int
    skip: bool


def survey(files: Any, filesystem: Any, request: Request) -> Survey:
    """Look at all rows of some files once.

    Raises:
        InvalidArgument: There is no shard, or one is bad and is not to be left out.
    """
    good: list[Shard] = []
    for path in shards.find_files(files, filesystem):
        with _skipping(request.skip, STACKLEVEL) as skipped:
            shard = shards.open_shard(path, filesystem)
            _require_same([*good, shard], request)
        if not skipped:
            good.append(shard)
    while good:
        found = _scan_all(good, request)
        if not isinstance(found, Shard):
            return found
        good.remove(found)
    raise InvalidArgument("no shard is left: all are bad; see the warnings")


class _skipping:
    """Within it an error about a shard is a warning, if bad shards are to be left out."""

    def __init__(self, skip: bool, stacklevel: int) -> None:
        self._skip, self._stacklevel, self._skipped = skip, stacklevel, False

    def __enter__(self) -> "_skipping":
        return self

    def __bool__(self) -> bool:
        return self._skipped

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if isinstance(error, InvalidArgument) and self._skip:
            warnings.warn(f"a shard is left out: {error}", stacklevel=self._stacklevel)
            self._skipped = True
        return self._skipped


def _scan_all(good: Sequence[Shard], request: Request) -> Survey | Shard:
    """The Survey of these shards, or the first that is to be left out."""
    drawn, target = Sample(request.seed), TargetScan(_target(good[0], request.target))
    wanted = Wanted(None if request.columns is None else (target.name,))
    indexes = []
    for shard in good:
        with _skipping(request.skip, STACKLEVEL + 1) as skipped:
            indexes.append(_scan(shard, wanted, drawn, target))
        if skipped:
            return shard
    chunks = drawn.chunks()
    is_all = sum(len(chunk.columns) for chunk in chunks) == drawn.total
    decided = target.decide(chunks, is_all, request.task)
    return Survey(tuple(good), tuple(indexes), drawn, decided)


def _scan(shard: Shard, wanted: Wanted, drawn: Sample, target: TargetScan) -> Index:
    rows, offsets = 0, []
    for chunk, place in shards.scan(shard, wanted):
        if place >= 0:
            offsets.append((rows, place))
        target.add(chunk)
        drawn.add(chunk)
        rows += len(chunk.columns)
    if not rows:
        raise InvalidArgument(f"{shard.name} has no rows: leave it out")
    return Index(rows, tuple(offsets))


def _target(shard: Shard, name: str) -> str:
    """The name of the target, as a shard spells it."""
    table = Table(shard.name, shard.columns, None, iter(()))
    (found,) = match_names(table, [name])
    require_columns(table, [found])
    return found


def _require_same(all_of_them: Sequence[Shard], request: Request) -> None:
    """Refuse a last shard whose columns are not those of the others, by name and kind."""
    first, shard = all_of_them[0], all_of_them[-1]
    table = Table(shard.name, shard.columns, None, iter(()))
    require_columns(table, [_target(first, request.target), *(request.columns or ())])
    for one, other in ((first, shard), (shard, first)):
        if missing := [name for name in one.columns if name not in other.columns]:
            raise InvalidArgument(
                f"{other.name} has no column {shown(missing[0])}, which {one.name} has: give all "
                "shards the same columns, or leave the file out"
            )
    typed = next((each for each in all_of_them if each.types is not None), shard)
    kinds = dict(_kinds(typed))
    for name, kind in _kinds(shard):
        if (was := kinds.get(name, kind)) != kind and "gaps" not in (was, kind):
            raise InvalidArgument(
                f"{shard.name}: column {shown(name)} has {kind}, and {was} in {typed.name}: give "
                "it as one kind in all shards, or leave the file out"
            )


def _kinds(shard: Shard) -> Iterator[tuple[str, str]]:
    """The columns of a shard that has types, each with what its cells are."""
    for name, kind in zip(shard.columns, shard.types or (), strict=False):
        inner = kind.value_type if types.is_dictionary(kind) else kind
        yield name, _kind(inner)


def _kind(kind: Any) -> str:
    if types.is_null(kind):
        return "gaps"
    if is_number(kind):
        return "numbers"
    if types.is_boolean(kind):
        return "booleans"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "dates"
    text = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return "text" if any(is_kind(kind) for is_kind in text) else str(kind)


def chunks_of(survey: Survey, wanted: Wanted) -> Iterator[Chunk]:
    """All rows of all shards, in the order of the files."""
    for shard, index in zip(survey.shards, survey.indexes, strict=True):
        yield from shards.read_rows(shard, index, 0, wanted)
