"""Training data in files that are read in turn: `table_dataset`."""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from os import PathLike
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from pyarrow import fs

from fnet.core import checks, philox, stream_order
from fnet.core.batches import WINDOW_ROWS, Plan, stream_plan
from fnet.core.errors import InvalidArgument
from fnet.core.read_ahead import read_ahead
from fnet.core.stream_source import Stream, positions, window_batches
from fnet.encoding import Options
from fnet.encoding.records import used
from fnet.encoding.transformer import TableEncoder
from fnet.streams import encoders, shards, survey
from fnet.streams.encoders import ChunkEncoder
from fnet.streams.samples import SAMPLE_ROWS
from fnet.streams.survey import Request, Survey
from fnet.streams.targets import Task
from fnet.tables.readers import Chunk

PREFETCH_BATCHES = 4
"""The number of batches that the dataset prefetches."""

Path: TypeAlias = str | PathLike[str]


class Windows(NamedTuple):
    """Reads the windows of a plan.

    Attributes:
        found: The shards.
        encoder: What turns their rows into numbers.
        plan: The plan.
        dtype: The type of the features, and of a target of numbers.
    """

    found: Survey
    encoder: ChunkEncoder
    plan: Plan
    dtype: np.dtype[Any]

    def read(self, epoch: int, number: int) -> Generator[tuple[Any, Any], None, None]:
        """The rows of each window from one on; see `core.stream_source.Stream`."""
        size, current, rows = self.plan.window or 1, -1, _Rows(iter(()))
        with contextlib.ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(encoders.THREADS))
            for now, window in positions(self.plan, epoch, number):
                first = window * size
                if now != current:
                    rows.close()
                    chunks = read_ahead(self._chunks(now, first))
                    rows = stack.enter_context(contextlib.closing(_Rows(chunks)))
                    current = now
                yield self._encoded(rows, min(size, self.plan.rows - first), pool)

    def random_rows(self) -> tuple[Any, Any, Any]:
        """Rows that are drawn at random: their numbers `[n]`, features `[n, D]` and target `[n]`.

        Each has the same probability, so that about SAMPLE_ROWS are drawn; or all, up to as many.
        """
        in_order = self._replace(plan=replace(self.plan, seed=None, epochs=1))
        limit = min(1.0, SAMPLE_ROWS / self.plan.rows) * (1 << 32)
        parts, start = [], 0
        with contextlib.closing(in_order.read(0, 0)) as windows:
            for x, y in windows:
                rows = np.arange(start, start + len(x))
                drawn = philox.words_at(self.plan.seed or 0, philox.SAMPLE, rows) < limit
                parts.append((rows[drawn], x[drawn], y[drawn]))
                start += len(x)
        numbers, x, y = map(np.concatenate, zip(*parts, strict=True))
        return numbers, x, y

    def _chunks(self, epoch: int, first: int) -> Generator[Chunk, None, None]:
        """The rows of an epoch, in the order of its shards, from one on."""
        for shard in stream_order.shards(self.plan.seed, len(self.found.shards), epoch):
            index = self.found.indexes[shard]
            if first < index.rows:
                wanted = self.encoder.wanted
                yield from shards.read_rows(self.found.shards[shard], index, first, wanted)
            first = max(0, first - index.rows)

    def _encoded(self, rows: "_Rows", count: int, pool: ThreadPoolExecutor) -> tuple[Any, Any]:
        """The next rows as numbers: features `[count, D]`, and the target `[count]`."""
        target = self.found.target
        x = np.zeros((count, self.encoder.width), self.dtype)
        y = np.empty(count, self.dtype if target.classes is None else np.int64)
        start = 0
        for chunk in rows.take(count):
            part = slice(start, start + len(chunk.columns))
            self.encoder.write(chunk, x[part], pool)
            y[part] = target.read(chunk)
            start = part.stop
        return x, y


class _Rows:
    """Chunks that are taken by the number of rows."""

    def __init__(self, chunks: Any) -> None:
        self._chunks, self._rest = chunks, list[Chunk]()

    def take(self, count: int) -> Iterator[Chunk]:
        """The next rows."""
        while count:
            chunk = self._rest.pop() if self._rest else next(self._chunks)
            own = chunk.columns
            if len(own) > count:
                first_row = chunk.first_row + count
                self._rest.append(Chunk(chunk.table, first_row, own.slice(count)))
                chunk = chunk._replace(columns=own.slice(0, count))
            count -= len(chunk.columns)
            yield chunk

    def close(self) -> None:
        """Close the file that is read."""
        if hasattr(self._chunks, "close"):
            self._chunks.close()


def table_dataset(
    files: Path | Sequence[Path],
    target: str,
    encoder: TableEncoder | None = None,
    batch_size: int = 1024,
    epochs: int = 1,
    seed: int | None = 0,
    window: int = WINDOW_ROWS,
    *,
    task: Task | None = None,
    filesystem: Any = None,
    skip_bad_shards: bool = False,
) -> Any:
    """A `tf.data.Dataset` of the rows of files that need not fit in memory.

    The files are shards of one table: CSV with a header, also compressed, Parquet, Arrow, which
    Feather 2 is, or TFRecord, with the same columns in any order. They may be of several formats.
    TFRecord is what has `.tfrecord` in its name, of local files, also compressed by gzip: each
    record is a `tf.train.Example`, whose features are columns of one value or none. A first pass
    counts their rows, and finds what the target is, by the rules of `fnet train`. Then the batches
    are those of `stream_plan(rows_per_shard, batch_size, epochs, seed, window)`, with the rows as
    `TableEncoder` encodes them; two or three windows are in memory at a time.

    `train(net, optimizer, params, data=dataset)` reads whole windows in another thread, and resumes
    at any step without reading what comes before it. Iterating the dataset gives the same batches,
    to Keras, too. Transformations such as `map` drop what `train` needs for that.

    Without a fitted encoder, the dataset learns one. Up to 65,536 rows it is what
    `TableEncoder.fit` learns from the same rows in memory. From more rows a second pass counts
    gaps, levels, different values (up to 65,536), and the mean, the deviation, the minimum and the
    maximum of numbers. How cells are written, quantiles, and which columns are of no use, come from
    65,536 rows that are drawn at random.

    Args:
        files: A folder, whose files are taken by name; a pattern of names in a folder, as
            `"data/part-*.parquet"`; a path; or a list of paths.
        target: The name of the column to predict.
        encoder: A fitted TableEncoder; one that is not fitted, for its arguments, which is fitted
            here; or None for one of its own, of float32.
        batch_size: The number of rows in a batch, from 1 to the number of all rows.
        epochs: The number of epochs, at least 0.
        seed: The seed of the shuffles and of the sample, an integer from 0 to below 2**32. None
            leaves shards and rows in order.
        window: The number of rows that are shuffled among each other; see `stream_plan`.
        task: "classifier" or "regressor" where the target may be both; None to find it.
        filesystem: A file system of `pyarrow.fs` that opens the files; None for local files.
        skip_bad_shards: Whether to leave out files that the first pass cannot read, or whose
            columns are others than those of the first one, with a warning for each.

    Returns:
        A `tf.data.Dataset` of batches `(x, y)`: x `[B, D]` in the encoder's dtype; y `[B]`, int64
        labels, or numbers in that dtype. Its attributes: `plan`, `epochs`, `encoder`, `classes` (K
        classes, of which labels are the positions, or None), `target_moments` (the mean and the
        deviation of numbers in the sample, or None), and `stream`, which `train` reads.

    Raises:
        InvalidArgument: There is no file; a shard is missing, damaged, or of other columns or
            types; a cell cannot be read; a target is missing; or a number is outside its range. The
            message names file and row. Also while training, if a file has changed meanwhile.

    Example:
        >>> import pathlib, tempfile, fnet
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for part in range(2):
        ...         text = "width,kind\\n1.5,a\\n2.5,b\\n" * 1 + "3.5,a\\n"
        ...         _ = pathlib.Path(folder, f"part-{part}.csv").write_text(text)
        ...     data = fnet.table_dataset(folder, target="kind", batch_size=4, task="classifier")
        ...     [x.shape.as_list() for x, y in data], data.classes.tolist()
        ([[4, 1], [2, 1]], ['a', 'b'])
    """
    encoder = TableEncoder(dtype="float32") if encoder is None else encoder
    is_fitted = hasattr(encoder, "encoding_")
    needed = _needed(encoder) if is_fitted else None
    checks.boolean("skip_bad_shards", skip_bad_shards)
    if task is not None:
        checks.one_of("task", task, ("classifier", "regressor"))
    system = fs.LocalFileSystem() if filesystem is None else filesystem
    request = Request(target, task, needed, seed or 0, skip_bad_shards)
    found = survey.survey(files, system, request)
    rows = [index.rows for index in found.indexes]
    plan = stream_plan(rows, batch_size, epochs, seed, window)
    dtype = encoder._dtype()
    if not is_fitted:
        options = Options(**{name: getattr(encoder, name) for name in Options._fields})
        encoder._keep_encoding(encoders.learn_encoding(found, options))
    found.drawn.clear()
    windows = Windows(found, ChunkEncoder(encoder.encoding_, dtype, found.target.name), plan, dtype)
    return _dataset(windows, encoder)


def _needed(encoder: TableEncoder) -> tuple[str, ...]:
    """The names of the columns that a fitted encoder reads."""
    if not encoder.encoding_.named:
        raise InvalidArgument(
            "encoder was fitted on columns without names: fit it on a table that has names, as the "
            "files have"
        )
    return tuple(column.name for column in used(encoder.encoding_))


def _dataset(windows: Windows, encoder: TableEncoder) -> Any:
    """The windows as a dataset of TensorFlow."""
    import fnet.engine  # noqa: F401  it imports TensorFlow without its messages

    # isort: split
    import tensorflow as tf

    plan, found = windows.plan, windows.found
    target = found.target

    def batches() -> Iterator[tuple[Any, Any]]:
        with contextlib.closing(windows.read(0, 0)) as read:
            for position, (x, y) in zip(positions(plan, 0, 0), read, strict=True):
                rows, weights = window_batches(plan, *position, len(x))
                for own, real in zip(rows, weights > 0, strict=True):
                    yield x[own[real]], y[own[real]]

    y_type = windows.dtype if target.classes is None else np.int64
    signature = (
        tf.TensorSpec([None, windows.encoder.width], windows.dtype),
        tf.TensorSpec([None], y_type),
    )
    dataset: Any = (
        tf.data.Dataset.from_generator(batches, output_signature=signature)
        .apply(tf.data.experimental.assert_cardinality(plan.epochs * plan.steps))
        .prefetch(PREFETCH_BATCHES)
    )
    dataset.plan, dataset.epochs, dataset.encoder = plan, plan.epochs, encoder
    dataset.classes, dataset.target_moments = target.classes, target.moments
    dataset.target, dataset.random_rows = target, windows.random_rows
    files = tuple(
        (index.rows, shard.size) for shard, index in zip(found.shards, found.indexes, strict=True)
    )
    dataset.stream = Stream(plan, windows.read, files=files)
    return dataset
