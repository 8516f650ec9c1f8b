"""How params lie inside a compiled run: hidden layers filled up to whole vector registers.

A product whose rows are whole registers is quicker (the digits run, with 30 hidden units filled up
to 32, by a tenth). The added units are zeros and stay so: their outputs are 0, hence no slope ever
reaches their weights, and no rule moves a zero with a slope of zero.
"""

import tensorflow as tf

from fnet.activations import THROUGH_ZERO
from fnet.network import Layer

REGISTER = 8
"""Numbers in a vector register: 256 bits of float32."""


def fills(net):
    """How many units are added to each layer of sizes; none where an added one would say anything.

    A register holds something only of a layer that fills at least one.
    """
    quiet = all(name in THROUGH_ZERO for name in net.hidden)
    hidden = [-size % REGISTER if quiet and size >= REGISTER else 0 for size in net.sizes[1:-1]]
    return (0, *hidden, 0)


def filled(net, params):
    """Params, or a structure like them, with zeros for the added units."""
    return _each_layer(net, params, _fill)


def cut(net, params):
    """Filled params as they were before."""
    return _each_layer(net, params, lambda p, *added: p[(..., *(slice(-n or None) for n in added))])


def _each_layer(net, params, change):
    added = fills(net)
    return tuple(
        Layer(change(w, d, h), b if isinstance(b, tuple) else change(b, h))
        for (w, b), d, h in zip(params, added, added[1:], strict=False)
    )


def _fill(p, *added):
    members = len(p.shape) - len(added)
    return tf.pad(p, [(0, 0)] * members + [(0, n) for n in added])
