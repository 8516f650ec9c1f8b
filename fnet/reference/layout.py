"""How params lie inside a run of the twin: all numbers of a member in one row. Twin of `layout.py`.

NumPy spends a microsecond on a call whatever its size, so a rule that changes one row is four
times as quick as one that changes the weights and biases of two layers.
"""

import functools
import itertools
import math

import numpy as np

from fnet.core.network import Layer


def packed(params):
    """Params, or a structure like them, as one Layer whose `w` is all their numbers, `[*M, P]`."""
    members = params[0].w.shape[:-2]
    rows = [np.asarray(p).reshape(*members, -1) for layer in params for p in layer if p is not None]
    return (Layer(np.concatenate(rows, axis=-1)),)


def unpacked(net, params):
    """Packed params as they were before: views of the row."""
    ((row, _),) = params
    members = row.shape[:-1]
    parts = [row[..., start:stop].reshape(members + shape) for start, stop, shape in _places(net)]
    biases = parts[1::2] if net.bias else [None] * len(parts)
    return tuple(map(Layer, parts[:: 1 + net.bias], biases))


@functools.cache
def weights(net, dtype):
    """A row like packed params with 1 for a weight and 0 for a bias: `[P]`."""
    row = np.zeros(_places(net)[-1][1], dtype)
    for start, stop, shape in _places(net):
        row[start:stop] = len(shape) == 2
    return row


@functools.cache
def _places(net):
    """Where each array lies in the row: `(start, stop, shape)`."""
    shapes = [s for d, h in net.layers for s in ((d, h), (h,))[: 1 + net.bias]]
    stops = itertools.accumulate(map(math.prod, shapes))
    return [
        (stop - math.prod(shape), stop, shape) for stop, shape in zip(stops, shapes, strict=True)
    ]
