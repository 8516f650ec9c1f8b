"""Penalties on weights and bounds on gradients, in NumPy. Twin of `penalties.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
Params and slopes are packed (`layout.py`): one row of numbers p for each member, `[*M, P]`.
"""

import numpy as np

from fnet.core.network import Layer
from fnet.reference import activations, layout


def added(n, net, params, total, value, slopes=((0.0, None),)):
    """`(value, slopes)` with the penalties on all weights w added.

    `(l1 * sum(|w|) + l2 * sum(w**2) / 2) / total` to the loss, and to the slope of each w
    `(l1 * sign(w) + l2 * w) / total`.
    """
    if n.l1 is None and n.l2 is None:
        return value, slopes
    ((p, _),), ((s, _),) = params, slopes
    w = layout.weights(net, p.dtype) * p
    if n.l1 is not None:
        l1 = _part(n.l1, total, p)
        value = value + np.sum(l1 * activations.size(w), axis=-1)
        s = s + l1 * np.sign(w)
    if n.l2 is not None:
        slope = _part(n.l2, total, p) * w
        value = value + np.einsum("...p,...p->...", slope, w) / 2
        s = s + slope
    return value, (Layer(s),)


def _part(number, total, p):
    """A penalty's number by the batch's weight, `[*M, 1]`: 0 where that has no weight."""
    return np.asarray(number / (total + (total == 0)) * (total > 0), p.dtype)[..., None]


def clipped(n, slopes):
    """The slopes, each number clipped by value, then all of a member together by their norm."""
    ((s, _),) = slopes
    if n.clipvalue is not None:
        most = np.asarray(n.clipvalue, s.dtype)[..., None]
        s = np.clip(s, -most, most)
    if n.global_clipnorm is not None:
        norm = np.sqrt(np.sum(np.square(s, dtype=np.float64), axis=-1))
        scale = n.global_clipnorm / np.maximum(norm, n.global_clipnorm)
        s = np.asarray(scale, s.dtype)[..., None] * s
    return (Layer(s),)
