"""Where a run's batches come from, drawn ahead and cut into chunks of a fraction of a second."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks, class_weights
from fnet.core.batches import Plan

CHUNK_SECONDS = 0.25
"""How long a chunk should take: short enough for Ctrl-C, long enough for its call to cost little"""

MAX_PLAN_ENTRIES = 1 << 19
"""How many entries of the plan are drawn at a time, so that memory does not grow with epochs."""

MAX_CHUNK_STEPS = 8192
"""The most steps in a chunk."""

FIRST_CHUNK_FLOPS = 1e9
"""Floating-point operations in the first chunk, before the clock has said how long one takes."""


MANY_STEPS = 16
"""Steps of an epoch from which on the width of its batches hardly changes with the rows. With fewer
it is rounded up, by rows of weight 0, so that data of nearly the same length share a program."""


class Source(NamedTuple):
    """Where batches come from: a plan over rows, or a dataset."""

    parts: Callable[..., Any]  # of the step to begin with: an iterator of (data, rows, weights)
    epochs: int
    steps: int  # in an epoch
    width: int  # of the largest batch
    rows: int | None  # of the data; None for a dataset
    class_weights: Any = None  # as `class_weights.resolve` gives them


def plan_source(
    net: Any, params: Any, columns: Any, class_weight: Any, to_array: Callable[[Any], Any]
) -> Source:
    """The Source of `columns = (x, y, plan)`: data are `(x, y)`, checked and converted."""
    x, y, plan = columns
    _, x, y, _ = checks.batch(net, params, x, y)
    plan = checks.plan(plan, len(checks.shared_rows(x)))
    numbers = None
    if class_weight is not None:
        numbers = class_weights.resolve(net, class_weight, y, plan.weights)
        if numbers.ndim == 1:
            plan = class_weights.with_class_weights(net, plan, y, numbers)
    data = to_array(x), to_array(y)

    def parts(done: int) -> Iterator[Any]:
        return ((data, *part) for part in prefetch_plan(plan, done))

    return Source(parts, plan.epochs, plan.steps, plan.width, plan.rows, numbers)


def padded_rows(rows: int) -> int:
    """The number of rows, rounded up to one of eight numbers from a power of two to the next.

    A program is compiled for one number of rows: data of nearly the same length share it.
    """
    step = 1 << max(0, rows.bit_length() - 4)
    return -(-rows // step) * step


def padded_width(source: Source) -> int:
    """The width of the batches in a program: rounded up where epochs have few steps."""
    return padded_rows(source.width) if source.steps < MANY_STEPS else source.width


def chunk_room(source: Source) -> int:
    """How many steps a chunk has room for."""
    return max(1, min(MAX_CHUNK_STEPS, MAX_PLAN_ENTRIES // padded_width(source)))


def step_flops(net: Any, width: int, members: tuple[int, ...] = ()) -> int:
    """Floating-point operations of a step: two a weight and row, forwards and twice backwards."""
    weights: int = sum(d * h for d, h in net.layers)
    return 6 * width * weights * int(np.prod(members, dtype=int))


def prefetch_plan(plan: Plan, done: int) -> Iterator[tuple[Any, ...]]:
    """The plan from step `done` on, part by part: `(rows, weights)`, both `[steps, width]`.

    The first is short, and each may have four times the entries of the one before up to
    MAX_PLAN_ENTRIES, or one epoch where that has more. While one is used, the next is drawn in
    another thread.
    """
    epoch, skip = divmod(done, plan.steps)
    entries = MAX_PLAN_ENTRIES // 32

    def draw() -> list[Any]:
        nonlocal epoch, entries
        start, entries = epoch, min(4 * entries, MAX_PLAN_ENTRIES)
        epoch = min(epoch + max(1, entries // (plan.steps * plan.width)), plan.epochs)
        return [part.reshape(-1, plan.width) for part in plan.batches(start, epoch)]

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(draw)
        while len((part := following.result())[0]):
            following = pool.submit(draw)
            yield tuple(column[skip:] for column in part)
            skip = 0


def timed_chunks(parts: Any, first: int, room: int) -> Iterator[Any]:
    """The parts, cut into chunks that take about CHUNK_SECONDS each, none longer than `room`.

    A chunk lasts from where it is handed out to where the next is asked for.
    """
    count = first
    for data, rows, weights in parts:
        at = 0
        while at < len(rows):
            count = max(1, min(count, room))
            began = time.perf_counter()
            yield data, rows[at : at + count], weights[at : at + count]
            at += count
            pace = CHUNK_SECONDS / (time.perf_counter() - began)
            count = int(count * min(pace, 8))
