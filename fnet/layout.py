"""How params lie inside a compiled run: the small arrays in one row, hidden layers filled up.

Twin: `reference/layout.py`. One row is changed by a few kernels where many arrays take many, which
XLA would share out among threads at more cost than they are worth. A large array stays by itself:
its kernels are worth it, and to copy it in and out of a row is not free.

Hidden layers are filled up to whole vector registers first, as a product whose rows are whole
registers is quicker. The added units are zeros and stay so: their outputs are 0, hence no slope
ever reaches their weights, and no rule moves a zero with a slope of zero.
"""

import math

import tensorflow as tf

from fnet.activations import THROUGH_ZERO
from fnet.network import Layer

REGISTER = 8
"""Numbers in a vector register: 256 bits of float32."""

SMALL = 1 << 13
"""Numbers in the largest array that goes into the row."""


def packed(net, params):
    """Params, or a structure like them, as Layers of one array each: the row, then large arrays.

    The row is `[*M, P]`, and the structure is one that an optimizer's rule can change.
    """
    members = params[0].w.shape[:-2]
    small, large = [], []
    for p, shape in zip((p for layer in params for p in layer), _shapes(net), strict=True):
        if not shape:
            continue
        p = _filled(p, shape)
        if _is_small(shape):
            small.append(tf.reshape(p, [*members, -1]))
        else:
            large.append(p)
    row = [tf.concat(small, axis=-1)] if small else []
    return tuple(Layer(p, ()) for p in (*row, *large))


def unpacked(net, params):
    """Packed params as Layers, of filled-up shapes."""
    arrays = iter(layer.w for layer in params)
    shapes = _shapes(net)
    row = next(arrays) if any(shape and _is_small(shape) for shape in shapes) else None
    taken, found = 0, []
    for shape in shapes:
        if not shape:
            found.append(())
        elif _is_small(shape):
            part = row[..., taken : taken + math.prod(shape)]
            taken += math.prod(shape)
            found.append(tf.reshape(part, [*row.shape[:-1], *shape]))
        else:
            found.append(next(arrays))
    return tuple(map(Layer, found[::2], found[1::2]))


def cut(net, params):
    """Params of filled-up shapes as they were before."""
    return tuple(
        Layer(w[..., :d, :h], b if isinstance(b, tuple) else b[..., :h])
        for (w, b), (d, h) in zip(params, net.layers, strict=True)
    )


def _shapes(net):
    """The filled-up shapes of w and b of each layer, one after another; that of no bias is ().

    No layer is filled up where an added unit would say anything, nor one of less than a register.
    """
    quiet = all(name in THROUGH_ZERO for name in net.hidden)
    hidden = [size + (-size % REGISTER if quiet and size >= REGISTER else 0) for size in net.sizes]
    sizes = (net.sizes[0], *hidden[1:-1], net.sizes[-1])
    return [
        shape
        for d, h in zip(sizes, sizes[1:], strict=False)
        for shape in ((d, h), (h,) if net.bias else ())
    ]


def _is_small(shape):
    return math.prod(shape) <= SMALL


def _filled(p, shape):
    """An array with zeros up to this shape of its last axes."""
    members = len(p.shape) - len(shape)
    spare = [(0, n - size) for n, size in zip(shape, p.shape[members:], strict=True)]
    return tf.pad(p, [(0, 0)] * members + spare)
