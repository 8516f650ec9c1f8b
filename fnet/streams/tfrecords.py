"""Shards of TFRecord: each record is a `tf.train.Example`, whose features are the columns of a row.

A feature has at most one value; one without is a gap. TensorFlow reads, checks and parses them.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

import fnet.engine  # noqa: F401  it imports TensorFlow without its messages

# isort: split
import tensorflow as tf

from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown
from fnet.tables.streams import Input

SCHEMA_ROWS = 1 << 10
"""The first rows of a file, in which each of its columns must have a value."""

BATCH_ROWS = 1 << 13
"""The most rows that are parsed at a time."""

TYPES = {
    "int64_list": (tf.int64, pa.int64()),
    "float_list": (tf.float32, pa.float32()),
    "bytes_list": (tf.string, pa.binary()),
}
"""The kinds of features, with their types."""


def columns(source: Input) -> dict[str, Any]:
    """The columns of a file by name, in alphabetical order, with their types.

    Raises:
        InvalidArgument: The file is damaged, or has no rows.
    """
    found: dict[str, Any] = {}
    for row, record in _records(source, SCHEMA_ROWS):
        try:
            example = tf.train.Example.FromString(record)
        except Exception as error:  # of protobuf, whose classes depend on how it was built
            raise _unreadable(source, row, error) from None
        for name, feature in example.features.feature.items():
            if kind := feature.WhichOneof("kind"):
                found.setdefault(name, TYPES[kind][1])
    if not found:
        raise InvalidArgument(f"{source.name} has no rows: leave it out")
    return dict(sorted(found.items()))


def batches(source: Input, types: dict[str, Any]) -> Iterator[Any]:
    """The rows of some columns as record batches.

    Raises:
        InvalidArgument: A record is damaged, or has other types or several values of a column.
    """
    tensor_types = {arrow: tensor for tensor, arrow in TYPES.values()}
    spec = {name: tf.io.VarLenFeature(tensor_types[kind]) for name, kind in types.items()}
    row = 1
    try:
        for records in _open(source).batch(BATCH_ROWS):
            parsed = tf.io.parse_example(records, spec)
            cells = [_column(source, row, name, parsed[name], types[name]) for name in types]
            yield pa.RecordBatch.from_arrays(cells, list(types))
            row += len(records)
    except tf.errors.OpError:
        for row, record in _records(source):
            try:
                tf.io.parse_single_example(record, spec)
            except tf.errors.OpError as error:
                raise _unreadable(source, row, error) from None
        raise


def _open(source: Input) -> Any:
    """The records of a file as a dataset."""
    path = source.filesystem.normalize_path(str(source.path))
    return tf.data.TFRecordDataset(path, "GZIP" if source.compression == "gzip" else None)


def _records(source: Input, count: int = -1) -> Iterator[tuple[int, Any]]:
    """The number of each record, from 1, and its bytes."""
    row = 1
    try:
        for record in _open(source).take(count):
            yield row, record.numpy()
            row += 1
    except tf.errors.OpError as error:
        raise _unreadable(source, row, error) from None


def _unreadable(source: Input, row: int, error: Exception) -> InvalidArgument:
    lines = str(getattr(error, "message", error)).splitlines() or [type(error).__name__]
    why = re.sub(r"\{\{.*\}\} | \[Op:.*", "", lines[0])  # without the names of operations
    return InvalidArgument(f"{source.name}: row {row} cannot be read: {why:.200}")


def _column(source: Input, row: int, name: str, sparse: Any, kind: Any) -> Any:
    """A column of Arrow from the values of a feature that are there."""
    rows, places = sparse.indices.numpy().T
    if places.any():
        bad = row + int(rows[places.argmax()])
        raise InvalidArgument(
            f"{source.name}: column {shown(name)}, row {bad} has several values: give each a "
            "feature of its own"
        )
    places_of_cells = np.full(int(sparse.dense_shape[0]), -1)
    places_of_cells[rows] = np.arange(len(rows))
    present = pa.array(places_of_cells, mask=places_of_cells < 0)
    return pa.array(sparse.values.numpy(), kind).take(present)
