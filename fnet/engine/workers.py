"""Several processes that share each batch: worker `rank` of `size` computes the share of its rows.

Everything else is the same on each worker: params, the optimizer's state, early stopping. Sums over
workers have the same bits on each, so all workers take the same decisions.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fnet.core.aliases import Array


class Workers(NamedTuple):
    """The workers that share each batch, as one of them sees them.

    Attributes:
        rank: The number of this worker, from 0.
        size: The number of workers.
        reduce: `reduce(array)`: the sum over workers of a tensor of one shape, in a graph.
    """

    rank: int
    size: int
    reduce: Callable[[Array], Any]


ALONE = Workers(0, 1, tf.identity)
"""The one worker of a run in one process."""


class PartOfStep(NamedTuple):
    """A step of which this worker computes some rows of the batch.

    Attributes:
        step: The step of the run.
        start: The number of the first of these rows in the batch.
        rows: The number of rows of the batch.
    """

    step: Any
    start: int
    rows: int


def share(workers: Workers, rows: int) -> tuple[int, int]:
    """The start and the end of the part of so many rows that this worker takes."""
    rank, size = workers.rank, workers.size
    return rank * rows // size, (rank + 1) * rows // size


def take(workers: Workers, array: Array, axis: int) -> Any:
    """This worker's part of an array along the axis of rows, the last or the one before."""
    if workers.size == 1:
        return array
    part = slice(*share(workers, array.shape[axis]))
    return array[(..., part, *[slice(None)] * (-1 - axis))]


def part_of_step(workers: Workers, step: Array, rows: int) -> Any:
    """The step, with the part of its batch of so many rows that this worker takes, if not all."""
    if workers.size == 1:
        return step
    return PartOfStep(step, share(workers, rows)[0], rows)


def reduce_all(workers: Workers, tree: Any) -> Any:
    """The sum over workers of each tensor of a nested structure, as one flat array."""
    if workers.size == 1:
        return tree
    tensors = tf.nest.flatten(tree)
    flat = workers.reduce(tf.concat([tf.reshape(t, [-1]) for t in tensors], 0))
    parts = tf.split(flat, [t.shape.num_elements() for t in tensors])
    reduced = [tf.reshape(part, t.shape) for part, t in zip(parts, tensors, strict=True)]
    return tf.nest.pack_sequence_as(tree, reduced)


def sum_of_arrays(workers: Workers, array: Any) -> Any:
    """The sum over workers of a NumPy array of the same shape and type on each."""
    return array if workers.size == 1 else _sum(workers)(array).numpy()


@functools.lru_cache(maxsize=1)
def _sum(workers: Workers) -> Any:
    return tf.function(workers.reduce, autograph=False, reduce_retracing=False)


def gather_arrays(workers: Workers, array: Any) -> Any:
    """The arrays of all workers, `[workers, ...]`, as a NumPy array."""
    everyone = np.zeros((workers.size, *array.shape), array.dtype)
    everyone[workers.rank] = array
    return sum_of_arrays(workers, everyone)


def largest(workers: Workers, number: float) -> float:
    """The largest number that a worker gives."""
    return float(np.max(gather_arrays(workers, np.array(number, np.float64))))


def gather(workers: Workers, part: Array, rows: int) -> Any:
    """All rows, along the last axis, of an array of which each worker has its share."""
    if workers.size == 1:
        return part
    start, end = share(workers, rows)
    padding = [[0, 0]] * (part.shape.rank - 1) + [[start, rows - end]]
    return workers.reduce(tf.pad(part, padding))
