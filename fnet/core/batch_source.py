"""The batches of a run: prefetched, and cut into chunks that take a fraction of a second."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks, class_weights
from fnet.core.batches import Plan
from fnet.core.sparse_rows import SparseRows

CHUNK_SECONDS = 0.25
"""The target duration of a chunk: Ctrl-C takes effect soon, and the cost of a call is small."""

MAX_PLAN_ENTRIES = 1 << 19
"""The most entries of a plan that are computed at a time, which bounds the memory."""

MAX_DENSE_ENTRIES = 1 << 22
"""The most entries of sparse rows that become dense at a time, for TensorFlow."""

MAX_CHUNK_STEPS = 8192
"""The most steps in a chunk."""

FIRST_CHUNK_FLOPS = 1e9
"""Floating-point operations of the first chunk, before its duration has been measured."""


MANY_STEPS = 16
"""With fewer steps per epoch, batches are padded with rows of weight 0 to a rounded width, so that
data of nearly the same length share a program. With more, the width hardly varies with length."""


MAX_SLICE_ENTRIES = 1 << 20
"""The most values of a layer that validation computes at a time, where rows are given by number."""


class HeldOut(NamedTuple):
    """Validation rows among the rows of the training data, for `train(validation=)`.

    They are gathered in slices where they are needed, so that members with validation rows of their
    own need no copies of the data.

    Attributes:
        numbers: The numbers of the rows, int32 `[*M, V, 1]`, in place of features `[*M, V, D]`.
        y: Their labels or targets, in the dtype that the network takes.
        weights: Their weights `[*M, V]`, in the dtype of params.
    """

    numbers: Any
    y: Any
    weights: Any


def slice_rows(net: Any, members: int) -> int:
    """How many rows of each member validation gathers at a time."""
    return int(max(1, MAX_SLICE_ENTRIES // (members * net.width)))


class Source(NamedTuple):
    """The batches of a run, from a plan over rows or from a dataset.

    Attributes:
        batches_from: `batches_from(step)`: an iterator of `(data, rows, weights)` from that step of
            the run on. `rows` are `[steps, B]` and index into data `(x, y)`; `weights` are
            `[steps, B]`, or `[steps, *M, B]` where each member has its own.
        epochs: The number of epochs.
        steps: The number of steps per epoch.
        width: The number B of rows in the largest batch.
        rows: The number N of rows; None for a dataset.
        class_weights: The result of `class_weights.resolve`, or None.
        members: The member axes of the weights: `()` where all members share them.
        files: The files of a stream, as in `stream_source.Stream`.
    """

    batches_from: Callable[[int], Any]
    epochs: int
    steps: int
    width: int
    rows: int | None
    class_weights: Any = None
    members: tuple[int, ...] = ()
    files: tuple[tuple[int, int], ...] = ()


def plan_source(
    net: Any,
    params: Any,
    columns: Any,
    class_weight: Any,
    to_array: Callable[[Any], Any],
    keep_sparse: bool = False,
) -> Source:
    """The Source of `columns = (x, y, plan)`: data are `(x, y)`, checked and converted.

    With `keep_sparse`, SparseRows stay sparse; otherwise the rows of a few steps at a time become
    dense.
    """
    x, y, plan = columns
    layers, x, y, _ = checks.batch(net, params, x, y)
    members = checks.members_of(layers)
    plan = checks.plan(plan, len(checks.shared_rows(x)), members)
    per_class = None
    if class_weight is not None:
        per_class = class_weights.resolve(net, class_weight, y, plan.weights, members)
        if not class_weights.of_labels(net):
            plan = class_weights.with_class_weights(net, plan, y, per_class)
    sparse = isinstance(x, SparseRows)
    data = (x, y) if sparse else (to_array(x), to_array(y))

    def batches_from(step: int) -> Iterator[Any]:
        blocks = ((data, *block) for block in prefetch_plan(plan, step))
        if sparse and not keep_sparse:
            return _dense_blocks(blocks, plan.steps, to_array)
        return blocks

    own = checks.plan_members(plan)
    return Source(batches_from, plan.epochs, plan.steps, plan.width, plan.rows, per_class, own)


def padded_rows(rows: int) -> int:
    """The number of rows, rounded up to one of eight values between powers of two.

    A program is compiled for one number of rows, so data of nearly the same length share it.
    """
    step = 1 << max(0, rows.bit_length() - 4)
    return -(-rows // step) * step


def padded_width(source: Source) -> int:
    """The width of the batches in a program, rounded up if epochs have few steps."""
    return padded_rows(source.width) if source.steps < MANY_STEPS else source.width


def chunk_capacity(source: Source) -> int:
    """The most steps in a chunk of this source."""
    entries = padded_width(source) * math.prod(source.members)
    return max(1, min(MAX_CHUNK_STEPS, MAX_PLAN_ENTRIES // entries))


def _dense_blocks(
    blocks: Iterator[Any], steps: int, to_array: Callable[[Any], Any]
) -> Iterator[Any]:
    """Blocks of SparseRows, cut into blocks of the dense rows of at most one epoch's steps.

    All have the same number of rows, so that one program runs them; the last are filled up.
    """
    for (x, y), rows, weights in blocks:
        width = rows.shape[1]
        most = max(1, min(steps, MAX_DENSE_ENTRIES // (width * x.shape[1])))
        for start in range(0, len(rows), most):
            some = rows[start : start + most]
            used = np.resize(some, most * width)
            data = to_array(np.asarray(x.take(used))), to_array(y.take(used, axis=0))
            numbers = np.arange(some.size, dtype=rows.dtype).reshape(some.shape)
            yield data, numbers, weights[start : start + most]


def step_flops(net: Any, width: int, members: tuple[int, ...] = ()) -> int:
    """Floating-point operations of a step: two per weight and row forward, four backward."""
    products: int = net.products
    return 6 * width * products * int(np.prod(members, dtype=int))


def prefetch_plan(plan: Plan, step: int) -> Iterator[tuple[Any, ...]]:
    """The plan from this step on, in blocks `(rows, weights)`, `[steps, B]` and `[steps, *M, B]`.

    The first block is small. Each has up to four times the entries of the one before, at most
    MAX_PLAN_ENTRIES or one epoch. While a block is used, another thread computes the next.
    """
    epoch, skip = divmod(step, plan.steps)
    entries = MAX_PLAN_ENTRIES // 32
    members = checks.plan_members(plan)
    per_epoch = plan.steps * plan.width * math.prod(members)

    def draw() -> list[Any]:
        nonlocal epoch, entries
        start, entries = epoch, min(4 * entries, MAX_PLAN_ENTRIES)
        epoch = min(epoch + max(1, entries // per_epoch), plan.epochs)
        rows, weights = plan.batches(start, epoch)
        return [rows.reshape(-1, plan.width), weights.reshape(-1, *members, plan.width)]

    with ThreadPoolExecutor(1) as pool:
        next_block = pool.submit(draw)
        while len((block := next_block.result())[0]):
            next_block = pool.submit(draw)
            yield tuple(array[skip:] for array in block)
            skip = 0


def timed_chunks(
    blocks: Any, first_steps: int, max_steps: int, agree: Callable[[float], float] = float
) -> Iterator[Any]:
    """Cut blocks `(data, rows, weights)` into chunks that take about CHUNK_SECONDS each.

    The duration of a chunk is the time until the next one is requested.

    Args:
        blocks: An iterator of `(data, rows, weights)`.
        first_steps: The number of steps in the first chunk.
        max_steps: The most steps in a chunk.
        agree: The `agree` of `training_loop.Engine`, since all processes that share a run take the
            same chunks.
    """
    count = first_steps
    for data, rows, weights in blocks:
        start = 0
        while start < len(rows):
            count = max(1, min(count, max_steps))
            began = time.perf_counter()
            yield data, rows[start : start + count], weights[start : start + count]
            start += count
            speedup = CHUNK_SECONDS / agree(time.perf_counter() - began)
            count = int(count * min(speedup, 8))
