"""What crosses the border between Python and a compiled function.

Outside, params are Layers whose absent biases are None and data is anything array-like. Inside,
absent biases are `()`, which TensorFlow's nests and loops pass over, and everything is a tensor.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from fnet.core import batch_source, checks
from fnet.core.aliases import Array, Params
from fnet.core.network import Network
from fnet.core.optimizers import expand_right
from fnet.core.params import is_absent
from fnet.engine import program_cache

ALIGNMENT = 64
"""Bytes: a tensor may share an array's memory only where it starts on such a boundary."""

F = TypeVar("F", bound=Callable[..., Any])


def no_autograph(function: F) -> F:
    """For what a user's own `tf.function` may call: AutoGraph has nothing in it to rewrite."""
    converted: F = tf.autograph.experimental.do_not_convert(function)
    return converted


def tensor(value: Array, dtype: Any = None) -> Any:
    """`value` as a tensor; a large array is copied once, not twice as TensorFlow does."""
    program_cache.start()
    if isinstance(value, tf.Tensor):
        return value if dtype is None else tf.cast(value, dtype)
    found = np.asarray(value, dtype)
    return pad_to(found, len(found)) if found.nbytes >= checks.CHUNK else tf.constant(found)


def shared_buffer(shape: Any, dtype: Any) -> Any:
    """An array of zeros and a tensor in the same memory: what is written to the one is in both."""
    dtype = np.dtype(dtype).newbyteorder("=")
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    array = memory[start : start + size].view(dtype).reshape(shape)
    return array, tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def padded_tensor(values: Array) -> Any:
    """An array as a tensor, filled up with rows of zeros to `batch_source.padded_rows`."""
    program_cache.start()
    array = np.asarray(values)
    return pad_to(array, batch_source.padded_rows(len(array)))


def pad_to(values: Array, room: int) -> Any:
    """An array as a tensor, its first axis filled up with zeros to `room`; copied once."""
    array, found = shared_buffer((room, *values.shape[1:]), values.dtype)
    array[: len(values)] = values
    return found


def to_internal(params: Any, dtype: Any = None) -> Params:
    """Params, or a structure like them, as tensors with `()` where a field is absent."""
    return tuple(
        entry._make(() if field is None else tensor(field, dtype) for field in entry)
        for entry in params
    )


def to_external(params: Any) -> Params:
    """Params, or a structure like them, with None where a field is absent."""
    return tuple(
        entry._make(None if is_absent(field) else field for field in entry) for entry in params
    )


def cast_and_expand(number: Array, array: Array) -> Any:
    """A number `[*M]` in the dtype of the array, with axes appended on the right to go with its."""
    return expand_right(tf.cast(number, array.dtype), array)


def tuning_tensors(tuning: Any) -> Any:
    """A checked Tuning as it is inside: float64 tensors, uint32 for the seed, `()` where absent."""
    return tuning._make(() if number is None else tensor(number) for number in tuning)


def prepare_tuning(net: Network, layers: Params, tuning: Any, step: Array) -> Any:
    """`(tuning, step)`, checked and ready for a compiled function; a step is there for dropout."""
    found = checks.tuning(net, tuning, checks.members_of(to_external(layers)))
    step = step if step is None else checks.step(step)
    drops = step is not None and not (found.dropout is None and found.input_dropout is None)
    return tuning_tensors(found), tensor(step, np.int64) if drops else ()


def prepare_inputs(
    net: Network, params: Params, x: Array, y: Array = None, weights: Array = None
) -> Any:
    """`(params, columns)`, checked and ready for a compiled function; absent columns are left out.

    Columns are x, y and weights; labels are int32 and all else has the dtype of params.
    """
    layers, x, y, weights = checks.batch(net, params, x, y, weights)
    dtype = checks.params_dtype(layers)
    labels = y is not None and net.has_class_labels and len(y.shape) < len(x.shape)
    columns = [
        tensor(column, np.int32 if labels and column is y else dtype)
        for column in (x, y, weights)
        if column is not None
    ]
    return to_internal(layers), columns


def call_compiled(body: Callable[..., Any], static: Any, params: Any, *columns: Any) -> Any:
    """The plain graph of `body(static, params, *columns)`, called: one trace for any rows."""
    program_cache.start()
    layers = tf.nest.map_structure(tf.TensorSpec.from_tensor, params)
    rows_axis = len(columns[0].shape) - 2 if columns else None
    specs = tuple(_any_rows(column, rows_axis) for column in columns)
    return _compiled(body, static, (layers, *specs))(params, *columns)


def _any_rows(column: Array, axis: Any) -> Any:
    shape = column.shape.as_list()
    shape[min(axis, len(shape) - 1)] = None
    return tf.TensorSpec(shape, column.dtype)


@program_cache.bounded_cache(program_cache.MAX_PROGRAMS * program_cache.GRAPHS_PER_PROGRAM)
def _compiled(body: Callable[..., Any], static: Any, signature: Any) -> Any:
    return tf.function(functools.partial(body, static), input_signature=signature, autograph=False)
