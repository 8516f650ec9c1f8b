"""What crosses the border between Python and a compiled function.

Outside, params are Layers whose absent biases are None and data is anything array-like. Inside,
absent biases are `()`, which TensorFlow's nests and loops pass over, and everything is a tensor.
"""

import functools
import math

import numpy as np
import tensorflow as tf

from fnet.core import checks
from fnet.core.network import Layer

ALIGNMENT = 64
"""Bytes: a tensor may share an array's memory only where it starts on such a boundary."""

as_written = tf.autograph.experimental.do_not_convert
"""For what a user's own `tf.function` may call: there is nothing in it for AutoGraph to rewrite."""


def tensor(value, dtype=None):
    """`value` as a tensor; a large array is copied once, not twice as TensorFlow does."""
    if isinstance(value, tf.Tensor):
        return value if dtype is None else tf.cast(value, dtype)
    found = np.asarray(value, dtype)
    return padded(found, len(found)) if found.nbytes >= checks.CHUNK else tf.constant(found)


def shared(shape, dtype):
    """An array of zeros and a tensor in the same memory: what is written to the one is in both."""
    dtype = np.dtype(dtype).newbyteorder("=")
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    array = memory[start : start + size].view(dtype).reshape(shape)
    return array, tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def padded(values, room):
    """An array as a tensor, its first axis filled up with zeros to `room`; copied once."""
    array, found = shared((room, *values.shape[1:]), values.dtype)
    array[: len(values)] = values
    return found


def opened(params, dtype=None):
    """Params, or a structure like them, as they are inside."""
    return tuple(
        Layer(tensor(layer[0], dtype), () if layer[1] is None else tensor(layer[1], dtype))
        for layer in params
    )


def closed(params):
    """Params, or a structure like them, as they are outside."""
    return tuple(Layer(w, None if isinstance(b, tuple) else b) for w, b in params)


def absent(value):
    """Whether a number or a bias is absent: inside, what is absent is `()`."""
    return isinstance(value, tuple)


def at_right(number, array):
    """A number `[*M]` with axes appended on the right to go with those of an array."""
    return number[(..., *(None,) * (len(array.shape) - len(number.shape)))]


def beside(number, array):
    """`at_right`, in the dtype of the array."""
    return at_right(tf.cast(number, array.dtype), array)


def inside(tuning):
    """A checked Tuning as it is inside: float64 tensors, uint32 for the seed, `()` where absent."""
    return tuning._make(() if number is None else tensor(number) for number in tuning)


def tuned(net, layers, tuning, step):
    """`(tuning, step)`, checked and ready for a compiled function; a step is there for dropout."""
    found = checks.tuning(net, tuning, tuple(layers[0].w.shape[:-2]))
    step = step if step is None else checks.step(step)
    drops = step is not None and not (found.dropout is None and found.input_dropout is None)
    return inside(found), tensor(step, np.int64) if drops else ()


def admitted(net, params, x, y=None, weights=None):
    """`(params, columns)`, checked and ready for a compiled function; absent columns are left out.

    Columns are x, y and weights; labels are int32 and all else has the dtype of params.
    """
    layers, x, y, weights = checks.batch(net, params, x, y, weights)
    dtype = checks.dtype_of(layers[0][0])
    labels = y is not None and net.labelled and len(y.shape) < len(x.shape)
    columns = [
        tensor(column, np.int32 if labels and column is y else dtype)
        for column in (x, y, weights)
        if column is not None
    ]
    return opened(layers), columns


def graph(body, static, params, *columns):
    """The plain graph of `body(static, params, *columns)`, called: one trace for any rows."""
    layers = tf.nest.map_structure(tf.TensorSpec.from_tensor, params)
    rows_axis = len(columns[0].shape) - 2 if columns else None
    specs = tuple(_any_rows(column, rows_axis) for column in columns)
    return _compiled(body, static, (layers, *specs))(params, *columns)


def _any_rows(column, axis):
    shape = column.shape.as_list()
    shape[min(axis, len(shape) - 1)] = None
    return tf.TensorSpec(shape, column.dtype)


@functools.cache
def _compiled(body, static, signature):
    return tf.function(functools.partial(body, static), input_signature=signature, autograph=False)
