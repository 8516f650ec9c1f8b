"""The batches of a run from a stream: rows that are read in windows, in the order of a plan."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import checks, class_weights, stream_order
from fnet.core.batch_source import Source, padded_rows
from fnet.core.batches import Plan
from fnet.core.errors import InvalidArgument
from fnet.core.read_ahead import read_ahead
from fnet.core.stream_order import Folds


class Stream(NamedTuple):
    """Rows that are read in windows.

    Attributes:
        plan: The result of `stream_plan`: which rows form a window, and which of them a batch.
        windows: `windows(epoch, number)`: an iterator of `(x, y)`, the rows of each window from
            that one of that epoch on, to the end of the last epoch: `[n, D]` and `[n]`, in the
            order of the files. It must be closed.
        folds: The folds that members hold out, so that these rows weigh 0 in them; None for one
            weight for all members.
        files: The number of rows of each file, and its size in bytes, by which it is known again.
    """

    plan: Plan
    windows: Callable[[int, int], Any]
    folds: Folds | None = None
    files: tuple[tuple[int, int], ...] = ()


def window_batches(
    plan: Plan, epoch: int, number: int, count: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """The batches of a window of `count` rows: `(rows, weights)`, `[steps, B]` each.

    Rows count from 0 in the window. A short batch is padded with its own first row, at weight 0.
    """
    order = stream_order.window(plan.seed, count, epoch, number)
    steps = -(-count // plan.width)
    slots = np.arange(steps * plan.width)
    real = slots < count
    places = np.where(real, slots, (steps - 1) * plan.width)
    shape = steps, plan.width
    rows = order[places].astype(np.int32).reshape(shape)
    return rows, real.astype(np.float32).reshape(shape)


def positions(plan: Plan, epoch: int, number: int) -> Iterator[tuple[int, int]]:
    """The `(epoch, window)` of each window from one on, to the end of the last epoch."""
    windows = -(-plan.rows // (plan.window or 1))
    for each in range(epoch * windows + number, plan.epochs * windows):
        yield divmod(each, windows)


def stream_source(
    net: Any, params: Any, stream: Stream, class_weight: Any, pad: Callable[[Any, int], Any]
) -> Source:
    """The Source of a stream. Another thread reads the next window while one is used.

    All windows are padded to one size, so that one program runs them.

    Args:
        net: The network.
        params: Its params, checked.
        stream: The stream.
        class_weight: As in `train`.
        pad: `pad(array, length)`: an array of an engine with so many rows.

    Returns:
        The Source.
    """
    plan = stream.plan
    per_class = None if class_weight is None else class_weights.resolve(net, class_weight)
    size = padded_rows(min(plan.window or 1, plan.rows))

    def ready(position: tuple[int, int], window: Any) -> tuple[Any, ...]:
        """The rows of a window, checked, with its batches."""
        try:
            x, y = checks.batch(net, params, *window)[1:3]
        except InvalidArgument as error:
            epoch, number = position
            raise InvalidArgument(f"window {number} of epoch {epoch} of data: {error}") from None
        rows, weights = window_batches(plan, *position, len(x))
        if per_class is not None and per_class.ndim == 1:
            weights = weights * class_weights.row_factors(net, y, per_class)[rows]
        if stream.folds is not None:
            epoch, number = position
            first = number * (plan.window or 1)
            numbers = stream_order.before_shuffle(
                plan.seed, plan.shards or (), epoch, first, len(x)
            )
            trained = ~stream.folds.held_out(numbers)[:, rows]
            weights = weights[:, None] * np.moveaxis(trained, 0, 1)
        return (pad(x, size), pad(y, size)), rows, weights

    def blocks(epoch: int, number: int, windows: Any) -> Generator[Any, None, None]:
        for position, window in zip(positions(plan, epoch, number), windows, strict=True):
            yield ready(position, window)

    def batches_from(step: int) -> Iterator[Any]:
        epoch, batch = divmod(step, plan.steps)
        number, skip = divmod(batch, (plan.window or 1) // plan.width)
        with (
            contextlib.closing(stream.windows(epoch, number)) as windows,
            contextlib.closing(read_ahead(blocks(epoch, number, windows))) as found,
        ):
            for data, rows, weights in found:
                yield data, rows[skip:], weights[skip:]
                skip = 0

    members = () if stream.folds is None else (stream.folds.members,)
    counts = plan.epochs, plan.steps, plan.width, plan.rows
    return Source(batches_from, *counts, per_class, members, stream.files)
