"""Penalties on weights and bounds on gradients, in NumPy. Twin of `penalties.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
Params and gradients are packed (`layout.py`): one row of numbers p for each member, `[*M, P]`.
"""

import numpy as np

from fnet.reference import activations, layout


def add_penalties(tuning, shapes, p, total, value):
    """The loss with `(l1 * sum(|w|) + l2 * sum(w**2) / 2) / total` over penalized numbers added."""
    if tuning.l1 is None and tuning.l2 is None:
        return value
    w = layout.spread(shapes, "penalized") * p
    if tuning.l1 is not None:
        value = value + np.sum(_per_row(tuning.l1, total, p) * activations.size(w), axis=-1)
    if tuning.l2 is not None:
        slope = _per_row(tuning.l2, total, p) * w
        value = value + np.einsum("...p,...p->...", slope, w) / 2
    return value


def add_penalty_grads(tuning, shapes, p, total, g):
    """The gradient with `(l1 * sign(w) + l2 * w) / total` added for each penalized number w."""
    if tuning.l1 is None and tuning.l2 is None:
        return g
    w = layout.spread(shapes, "penalized") * p
    if tuning.l1 is not None:
        g = g + _per_row(tuning.l1, total, p) * np.sign(w)
    if tuning.l2 is not None:
        g = g + _per_row(tuning.l2, total, p) * w
    return g


def _per_row(number, total, p):
    """A penalty's number by the batch's weight, `[*M, 1]`: 0 where that has no weight."""
    return np.asarray(number / (total + (total == 0)) * (total > 0), p.dtype)[..., None]


def clip_grads(tuning, g):
    """The gradient, each number clipped by value, then all of a member together by their norm."""
    if tuning.clipvalue is not None:
        most = np.asarray(tuning.clipvalue, g.dtype)[..., None]
        g = np.clip(g, -most, most)
    if tuning.global_clipnorm is not None:
        norm = np.sqrt(np.sum(np.square(g, dtype=np.float64), axis=-1))
        scale = tuning.global_clipnorm / np.maximum(norm, tuning.global_clipnorm)
        g = np.asarray(scale, g.dtype)[..., None] * g
    return g
