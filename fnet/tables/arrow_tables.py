"""Tables in the formats of Arrow: Parquet, and Arrow files and streams, which Feather 2 is."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.tables import formats
from fnet.tables.streams import Input, Source, open_stream

CHUNK_ROWS = 1 << 14
"""Rows that are read at a time. A record batch of an Arrow file is read whole, then cut."""


@contextlib.contextmanager
def open_parquet(source: Input) -> Iterator[Source]:
    """The Source of a Parquet file; each column has its own type."""
    from pyarrow import parquet

    with open_stream(source) as stream, parquet.ParquetFile(stream) as file:
        schema = file.schema_arrow
        batches = checked(file.iter_batches(CHUNK_ROWS), source.name, CHUNK_ROWS)
        yield _source(schema, file.metadata.num_rows, batches, source.name)


@contextlib.contextmanager
def open_arrow_file(source: Input) -> Iterator[Source]:
    """The Source of an Arrow file; each column has its own type."""
    with open_stream(source) as stream, pa.ipc.open_file(stream) as file:
        batches = map(file.get_batch, range(file.num_record_batches))
        yield _source(file.schema, None, checked(batches, source.name, CHUNK_ROWS), source.name)


@contextlib.contextmanager
def open_arrow_stream(source: Input) -> Iterator[Source]:
    """The Source of an Arrow stream; each column has its own type."""
    with open_stream(source) as stream, pa.ipc.open_stream(stream) as reader:
        yield _source(reader.schema, None, checked(reader, source.name, CHUNK_ROWS), source.name)


def _source(schema: Any, rows: int | None, batches: Iterator[Any], name: str) -> Source:
    """The Source of a file with this schema."""
    names = schema.names
    if len(names) > formats.MAX_COLUMNS:
        raise formats.too_wide(name, len(names))
    index = tuple(column for column in _pandas_index(schema) if column in names)
    return Source(names, index, rows, batches)


def _pandas_index(schema: Any) -> list[str]:
    """The names of the columns that pandas' metadata calls an index; others are no columns."""
    try:
        found = (schema.pandas_metadata or {}).get("index_columns", [])
    except (ValueError, AttributeError):  # metadata that is no JSON, or no object
        return []
    return [name for name in found if isinstance(name, str)]


def checked(batches: Any, name: str, rows: int) -> Iterator[Any]:
    """Record batches of few rows, whose cells may be read: Arrow itself does not check a file.

    Text becomes bytes, as in a CSV; its cells are checked where they are used.

    Args:
        batches: Record batches of any number of rows.
        name: The name of the table in messages.
        rows: The most rows of a record batch.

    Yields:
        The record batches.
    """
    for batch in batches:
        names = batch.schema.names
        columns = [
            column.cast(BYTES_OF[column.type]) if column.type in BYTES_OF else column
            for column in map(as_storage, _columns(batch, name))
        ]
        for label, column in zip(names, columns, strict=True):
            try:
                column.validate(full=True)
            except pa.ArrowInvalid as error:
                raise InvalidArgument(
                    f"{name} is damaged: column {shown(label)}: {' '.join(str(error).split()):.200}"
                ) from None
        for start in range(0, len(batch), rows):
            parts = [column.slice(start, rows) for column in columns]
            parts = [as_binary(part) if is_text(part.type) else part for part in parts]
            yield pa.RecordBatch.from_arrays(parts, names)


def _columns(batch: Any, name: str) -> list[Any]:
    """The columns of a record batch, whose types must be some that Python can read."""
    found = []
    for i, field in enumerate(batch.schema):
        try:
            found.append(batch.column(i))
        except KeyError:  # as for intervals of months
            raise InvalidArgument(
                f"{name}: column {shown(field.name)} has values of type {field.type}, which cannot "
                "be read: save the table without it, or as another type"
            ) from None
    return found


BYTES_OF = {
    pa.string(): pa.binary(),
    pa.large_string(): pa.large_binary(),
    pa.string_view(): pa.binary_view(),
}
"""The types of text, each with the type of bytes that has the same buffers."""


def is_text(kind: Any) -> bool:
    """Whether a type is one of Arrow's types of text or bytes."""
    return kind in BYTES_OF or kind in BYTES_OF.values() or pa.types.is_fixed_size_binary(kind)


def as_binary(column: Any) -> Any:
    """A column of text or bytes as bytes of one type, unchecked."""
    return column if pa.types.is_binary(column.type) else column.cast(pa.binary())


def as_storage(column: Any) -> Any:
    """A column of an extension type as what it is stored as; any other unchanged."""
    return column.storage if isinstance(column, pa.ExtensionArray) else column
