"""Conversions between the arguments of public functions and the tensors of compiled functions.

Outside, absent fields of params are None and data are array-like. Inside, absent fields are `()`,
which TensorFlow's nested structures and loops skip, and everything else is a tensor.
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
from fnet.engine import precision, program_cache

ALIGNMENT = 64
"""Bytes. A tensor can share memory with an array only if it starts at a multiple of this."""

F = TypeVar("F", bound=Callable[..., Any])


def no_autograph(function: F) -> F:
    """Exclude a function from AutoGraph, for calls inside a user's own `tf.function`."""
    converted: F = tf.autograph.experimental.do_not_convert(function)
    return converted


def tensor(value: Array, dtype: Any = None) -> Any:
    """`value` as a tensor. A large array is copied once; `tf.constant` would copy it twice."""
    program_cache.start()
    if isinstance(value, tf.Tensor):
        return value if dtype is None else tf.cast(value, dtype)
    array = np.asarray(value, dtype)
    return pad_to(array, len(array)) if array.nbytes >= checks.CHUNK else tf.constant(array)


def shared_buffer(shape: Any, dtype: Any) -> Any:
    """An array of zeros and a tensor that share memory: writing to the array changes the tensor."""
    dtype = np.dtype(dtype).newbyteorder("=")
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    array = memory[start : start + size].view(dtype).reshape(shape)
    return array, tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def padded_tensor(values: Array, axis: int = 0) -> Any:
    """An array as a tensor, padded with zeros to `padded_rows` along the axis of rows."""
    program_cache.start()
    array = np.asarray(values)
    return pad_to(array, batch_source.padded_rows(array.shape[axis]), axis)


def pad_to(values: Array, length: int, axis: int = 0) -> Any:
    """An array as a tensor, padded with zeros to this length of an axis; it is copied once."""
    before, after = values.shape[:axis], values.shape[axis + 1 :]
    array, padded_tensor = shared_buffer((*before, length, *after), values.dtype)
    array[(*map(slice, before), slice(values.shape[axis]))] = values
    return padded_tensor


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
    """A number `[*M]` in the dtype of the array, with axes of size 1 appended to broadcast."""
    return expand_right(tf.cast(number, array.dtype), array)


def tuning_tensors(tuning: Any) -> Any:
    """A checked Tuning as tensors: uint32 for the seed, float64 for others, `()` where absent."""
    return tuning._make(() if value is None else tensor(value) for value in tuning)


def prepare_tuning(net: Network, layers: Params, tuning: Any, step: Array) -> Any:
    """`(tuning, step)`, checked, as tensors; the step is `()` unless dropout needs it."""
    tuning = checks.tuning(net, tuning, checks.members_of(to_external(layers)))
    step = step if step is None else checks.step(step)
    has_dropout = not (tuning.dropout is None and tuning.input_dropout is None)
    return tuning_tensors(tuning), tensor(
        step, np.int64
    ) if has_dropout and step is not None else ()


def prepare_inputs(
    net: Network, params: Params, x: Array, y: Array = None, weights: Array = None
) -> Any:
    """`(params, data)`, checked, as tensors.

    Data are x, y and weights, without those that are None. Labels are int32, and the others have
    the dtype of params.
    """
    layers, x, y, weights = checks.batch(net, params, x, y, weights)
    dtype = checks.params_dtype(layers)
    labels = y is not None and net.has_class_labels and len(y.shape) < len(x.shape)
    data = [
        tensor(array, np.int32 if labels and array is y else dtype)
        for array in (x, y, weights)
        if array is not None
    ]
    return to_internal(layers), data


def call_compiled(body: Callable[..., Any], static: Any, params: Any, *data: Any) -> Any:
    """Call `body(static, params, *data)` as one graph, traced once for any number of rows."""
    program_cache.start()
    layers = tf.nest.map_structure(tf.TensorSpec.from_tensor, params)
    rows_axis = len(data[0].shape) - 2 if data else None
    specs = tuple(_any_rows(array, rows_axis) for array in data)
    with precision.products():
        return _compiled(body, static, (layers, *specs))(params, *data)


def _any_rows(array: Array, axis: Any) -> Any:
    """The TensorSpec of an array with any number of rows."""
    shape = array.shape.as_list()
    shape[min(axis, len(shape) - 1)] = None
    return tf.TensorSpec(shape, array.dtype)


@program_cache.bounded_cache(program_cache.MAX_PROGRAMS * program_cache.GRAPHS_PER_PROGRAM)
def _compiled(body: Callable[..., Any], static: Any, signature: Any) -> Any:
    return tf.function(functools.partial(body, static), input_signature=signature, autograph=False)
