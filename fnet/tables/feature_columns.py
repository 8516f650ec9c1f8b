"""The columns of chunks as `fnet.encoding` takes them.

| Arrow's type | what the encoder gets |
|---|---|
| null, boolean, integers, floats | the column |
| decimal | floats, each the one closest to the decimal |
| text and bytes | text; numbers where a caller asks, and all cells are plain numbers or gaps |
| dictionary of numbers, booleans or text | categories |
| date, timestamp | dates; a zone is taken into account, without one it is UTC |
| duration | numbers of days |
| time | text: `07:30:00`, with a fraction only if there is one |
| run-end encoded, other dictionaries, extensions | what their values or their storage are |
| list, struct, map, union, interval | refused |
"""

import bisect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute, types

from fnet.core.errors import InvalidArgument
from fnet.encoding.cells import GAPS, MAX_MAGNITUDE
from fnet.encoding.problems import shown
from fnet.encoding.raw_columns import arrow_values
from fnet.tables import formats, notations
from fnet.tables.arrow_tables import as_binary, as_storage, is_text
from fnet.tables.readers import Chunk
from fnet.tables.streams import arrow_errors

CODE = "^[+-]?0[0-9]"
"""How a code such as 007 begins, which is no number."""

NUMBERS = (types.is_integer, types.is_floating, types.is_boolean)

NOT_TEXT = f"is not UTF-8 text: {formats.ADVICE}"
OUT_OF_RANGE = "is a date beyond those of microseconds since 1970: correct it"


def feature_table(
    chunks: Sequence[Chunk],
    names: Sequence[str],
    numbers: Mapping[str, Collection[str]],
    codes: bool = False,
) -> Any:
    """Columns of consecutive chunks as an Arrow table that `fnet.encoding` takes.

    Text whose cells are all plain numbers or gaps becomes numbers, which Arrow reads far faster
    than the encoding, with the same result.

    Args:
        chunks: Chunks with N rows in all.
        names: The names of the columns, all different.
        numbers: The columns whose text may become numbers, each with its gaps beside the usual
            ones.
        codes: Whether whole numbers with leading zeros are numbers.

    Returns:
        The Arrow table, `[N, D]`.

    Raises:
        InvalidArgument: A cell is not UTF-8 text, or a column has lists or the like.

    Example:
        >>> import pyarrow
        >>> from fnet import tables
        >>> columns = pyarrow.record_batch({"a": ["1", ""], "b": ["x", "y"]})
        >>> tables.feature_table([tables.Chunk("t", 1, columns)], ["a", "b"], {"a": ()}).to_pydict()
        {'a': [1.0, None], 'b': ['x', 'y']}
    """
    schema = chunks[0].columns.schema
    by_gaps: dict[frozenset[str], list[str]] = {}
    for name in names:
        if name in numbers and is_text(schema.field(name).type):
            by_gaps.setdefault(GAPS.union(numbers[name]), []).append(name)
    with arrow_errors(chunks[0].table):
        found: dict[str, list[Any]] = {}
        for gaps, those in by_gaps.items():
            found |= _plain_numbers(chunks, those, _texts(gaps), codes)
        rest = [name for name in names if name not in found]
        for part in (_columns(chunk, rest) for chunk in chunks) if rest else ():
            for name, column in part.items():
                found.setdefault(name, []).append(column)
        columns = [pa.chunked_array(found[name]) for name in names]
        return pa.Table.from_arrays(columns, list(names))


def _texts(cells: Collection[str]) -> Any:
    """Texts as an Arrow array; not by Arrow's `array`, which imports pandas."""
    parts = [cell.encode() for cell in sorted(cells)]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(parts), pa.py_buffer(ends), pa.py_buffer(b"".join(parts))
    )


def _plain_numbers(
    chunks: Sequence[Chunk], names: Sequence[str], gaps: Any, codes: bool
) -> dict[str, list[Any]]:
    """The columns of text that are plain numbers in all chunks, as floats, chunk by chunk."""
    found: dict[str, list[Any]] = {name: [] for name in names}
    for chunk in chunks:
        columns = [as_binary(chunk.columns.column(name)) for name in found]
        try:
            text = compute.utf8_trim_whitespace(pa.concat_arrays(columns).cast(pa.string()))
        except pa.ArrowInvalid:  # a cell is not UTF-8, which the caller is told of later
            return {}
        is_gap = compute.is_in(text, value_set=gaps)
        text = compute.if_else(is_gap, pa.nulls(1, pa.string())[0], text)
        parts = zip(found.items(), _floats(text, len(chunk.columns), codes), strict=True)
        found = {name: [*before, part] for (name, before), part in parts if part is not None}
        if not found:
            break
    return found


def _floats(text: Any, rows: int, codes: bool) -> list[Any]:
    """Columns of as many rows each, one after the other, as floats; None for those of text."""
    fits: Any = _matches(text, notations.PLAIN.pattern(), rows, of_gaps=True).all(axis=1)
    if not codes:
        fits &= ~_matches(text, CODE, rows, of_gaps=False).any(axis=1)
    good = np.flatnonzero(fits).tolist()
    found: list[Any] = [None] * len(fits)
    if good:
        texts = [text.slice(i * rows, rows) for i in good]
        numbers = pa.concat_arrays(texts).cast(pa.float64())
        sizes = np.abs(arrow_values(numbers, "float64", 0.0)).reshape(-1, rows)
        for k, (i, own) in enumerate(zip(good, sizes, strict=True)):
            found[i] = numbers.slice(k * rows, rows) if own.max() <= MAX_MAGNITUDE else None
    return found


def _matches(text: Any, pattern: str, rows: int, of_gaps: bool) -> npt.NDArray[np.bool_]:
    """Which cells of columns of so many rows match, `[columns, rows]`."""
    found = compute.match_substring_regex(text, pattern).cast(pa.uint8())
    return arrow_values(found, "uint8", of_gaps).view(np.bool_).reshape(-1, rows)


def _columns(chunk: Chunk, names: Sequence[str]) -> dict[str, Any]:
    """The columns of a chunk, text as text."""
    found = {name: _cells(chunk.columns.column(name), _Place(chunk, name)) for name in names}
    texts = [name for name, column in found.items() if types.is_binary(column.type)]
    if texts:
        try:
            joined = pa.concat_arrays([found[name] for name in texts]).cast(pa.string())
        except pa.ArrowInvalid:
            for name in texts:
                _cast(found[name], pa.string(), _Place(chunk, name), NOT_TEXT)
            raise
        rows = len(chunk.columns)
        found |= {name: joined.slice(i * rows, rows) for i, name in enumerate(texts)}
    return found


class _Place(NamedTuple):
    """A column of a chunk, for messages."""

    chunk: Chunk
    name: str

    def error(self, message: str, row: int | None = None) -> InvalidArgument:
        which = "" if row is None else f", row {self.chunk.first_row + row}:"
        return InvalidArgument(f"{self.chunk.table}: column {shown(self.name)}{which} {message}")


def _cells(column: Any, place: _Place) -> Any:
    """A column as the encoder takes it, but text as bytes."""
    column = as_storage(column)
    for is_type, change in CHANGES:
        if is_type(column.type):
            return change(column, place)
    listed = types.is_list(column.type) or types.is_large_list(column.type)
    kind = "lists" if listed else "objects" if types.is_struct(column.type) else "other values"
    raise place.error(
        f"has {kind} ({str(column.type):.60}); a cell must be a number, a boolean, a date or text: "
        f"take it apart into columns, or train without it (--without {shown(place.name)})"
    )


def _cast(column: Any, kind: Any, place: _Place, problem: str) -> Any:
    """A column as another type; the first cell that cannot be so is named."""

    def fails(count: int) -> bool:
        try:
            column.slice(0, count).cast(kind)
        except pa.ArrowInvalid:
            return True
        return False

    if not fails(len(column)):
        return column.cast(kind)
    row = bisect.bisect_left(range(1, len(column) + 1), True, key=fails)
    cell = f"{notations.shown(column[row].as_py())} " if is_text(column.type) else ""
    raise place.error(f"{cell}{problem}", row)


def _dates(column: Any, place: _Place) -> Any:
    """Dates of a coarse unit in microseconds, as the encoder has them."""
    return _cast(column, pa.timestamp("us", getattr(column.type, "tz", None)), place, OUT_OF_RANGE)


def _times(column: Any, place: _Place) -> Any:
    text = column.cast(pa.time64("us"), safe=False).cast(pa.string())
    return compute.replace_substring_regex(text, r"\.0+$", "").cast(pa.binary())


def _decimals(column: Any, place: _Place) -> Any:
    return column.cast(pa.string()).cast(pa.float64())  # exact, unlike a cast at once


def _dictionary(column: Any, place: _Place) -> Any:
    """Categories, where their values may be levels; else what the values are."""
    values = as_storage(column.dictionary)
    if is_text(values.type):
        try:
            values = as_binary(values).cast(pa.string())
        except pa.ArrowInvalid:
            cells = _cells(column.dictionary_decode(), place)
            _cast(cells, pa.string(), place, NOT_TEXT)  # which names the row
            raise place.error(f"has a level that {NOT_TEXT}") from None
    elif types.is_decimal(values.type):
        values = _decimals(values, place)
    elif not any(is_type(values.type) for is_type in NUMBERS):
        return _cells(column.dictionary_decode(), place)
    return pa.DictionaryArray.from_arrays(column.indices, values)


def _has_coarse_unit(kind: Any) -> bool:
    """Whether microseconds may not hold a date of this type."""
    return types.is_date(kind) or (types.is_timestamp(kind) and kind.unit in ("s", "ms"))


CHANGES: tuple[tuple[Callable[[Any], bool], Callable[[Any, _Place], Any]], ...] = (
    (is_text, lambda column, place: as_binary(column)),
    *((is_type, lambda column, place: column) for is_type in (*NUMBERS, types.is_null)),
    (types.is_decimal, _decimals),
    (_has_coarse_unit, _dates),
    (types.is_timestamp, lambda column, place: column),
    (types.is_duration, lambda column, place: column),
    (types.is_time, _times),
    (types.is_dictionary, _dictionary),
    (
        types.is_run_end_encoded,
        lambda column, place: _cells(compute.run_end_decode(column), place),
    ),
)
"""What becomes of a column, by the first of these that its type is."""
