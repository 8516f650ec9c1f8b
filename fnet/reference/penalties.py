"""Penalties on weights and bounds on gradients, in NumPy. Twin of `penalties.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
"""

import numpy as np

from fnet.network import Layer, each
from fnet.reference import activations


def cost(n, layers, total, value):
    """The loss with `(l1 * sum(|w|) + l2 * sum(w**2) / 2) / total` added, w all weights."""
    if n.l1 is not None:
        sums = sum(np.sum(activations.size(w), axis=(-2, -1)) for w, _ in layers)
        value = value + _part(n.l1, total, layers) * sums
    if n.l2 is not None:
        squares = sum(np.einsum("...dh,...dh->...", w, w) for w, _ in layers)
        value = value + _part(n.l2, total, layers) * squares / 2
    return value


def slopes(n, layers, total, slopes):
    """The slopes with `(l1 * sign(w) + l2 * w) / total` added, for each weight w."""
    if n.l1 is not None:
        l1 = _part(n.l1, total, layers)[..., None, None]
        slopes = _plus(slopes, [l1 * np.sign(w) for w, _ in layers])
    if n.l2 is not None:
        l2 = _part(n.l2, total, layers)[..., None, None]
        slopes = _plus(slopes, [l2 * w for w, _ in layers])
    return slopes


def _plus(slopes, parts):
    return tuple(Layer(s.w + part, s.b) for s, part in zip(slopes, parts, strict=True))


def _part(number, total, layers):
    """A penalty's number by the batch's weight, `[*M]`: 0 where that has no weight."""
    share = number / (total + (total == 0)) * (total > 0)
    return np.asarray(share, layers[0].w.dtype)[()]


def clipped(n, slopes):
    """The slopes, each number clipped by value, then all of a member together by their norm."""
    members = slopes[0].w.ndim - 2
    if n.clipvalue is not None:
        slopes = each(lambda s: np.clip(s, *_bounds(n.clipvalue, s)), slopes)
    if n.global_clipnorm is not None:
        squares = [
            np.sum(np.square(s, dtype=np.float64), axis=tuple(range(members, s.ndim)))
            for layer in slopes
            for s in layer
            if s is not None
        ]
        scale = n.global_clipnorm / np.maximum(np.sqrt(sum(squares)), n.global_clipnorm)
        slopes = each(lambda s: _beside(scale, s) * s, slopes)
    return slopes


def _bounds(number, s):
    return -_beside(number, s), _beside(number, s)


def _beside(number, s):
    """A number in the dtype of s, with axes appended on the right to go with those of s."""
    number = np.asarray(number, s.dtype)
    return number.reshape(number.shape + (1,) * (s.ndim - number.ndim))
