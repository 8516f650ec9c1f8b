"""Penalties on weights and bounds on gradients, in NumPy. Twin of `penalties.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
"""

import numpy as np

from fnet.network import Layer, each
from fnet.reference import activations


def cost(n, layers, total, value):
    """The loss with `(l1 * sum(|w|) + l2 * sum(w**2) / 2) / total` added, w all weights."""
    if n.l1 is None and n.l2 is None:
        return value
    l1, l2 = _parts(n, total, layers)
    for w, _ in layers:
        value = value + np.sum(l1 * activations.size(w) + l2 * w * w / 2, axis=(-2, -1))
    return value


def slopes(n, layers, total, slopes):
    """The slopes with `(l1 * sign(w) + l2 * w) / total` added, for each weight w."""
    if n.l1 is None and n.l2 is None:
        return slopes
    l1, l2 = _parts(n, total, layers)
    return tuple(
        Layer(slope.w + l1 * np.sign(w) + l2 * w, slope.b)
        for slope, (w, _) in zip(slopes, layers, strict=True)
    )


def _parts(n, total, layers):
    return (_part(number, total, layers[0].w) for number in (n.l1, n.l2))


def _part(number, total, w):
    """A penalty's number by the batch's weight, `[*M, 1, 1]`: 0 where absent or without weight."""
    number, total = (np.asarray(v, w.dtype) for v in (0.0 if number is None else number, total))
    return np.where(total > 0, number / np.where(total > 0, total, 1), 0)[..., None, None]


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
