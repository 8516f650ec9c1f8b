"""Penalties on weights and bounds on gradients, in NumPy. Twin of `penalties.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
Params and gradients are packed (`layout.py`): one row of numbers p for each member, `[*M, P]`.
"""

from typing import Any

import numpy as np

from fnet.core.aliases import Array
from fnet.core.params import Shapes
from fnet.reference import activations, layout


def penalty_and_grad(tuning: Any, shapes: Shapes, p: Array, total: Array) -> Any:
    """`(l1 * sum(|w|) + l2 * sum(w**2) / 2) / total` over penalized numbers w, and its gradient.

    The gradient, `(l1 * sign(w) + l2 * w) / total`, is 0.0 where there is no penalty.
    """
    value, grad = 0.0, 0.0
    if tuning.l1 is None and tuning.l2 is None:
        return value, grad
    w = layout.spread(shapes, "penalized", p.dtype) * p
    if tuning.l1 is not None:
        l1 = _per_row(tuning.l1, total, p)
        value = np.sum(l1 * activations.size(w), axis=-1)
        grad = l1 * np.sign(w)
    if tuning.l2 is not None:
        slope = _per_row(tuning.l2, total, p) * w
        value = value + np.einsum("...p,...p->...", slope, w) / 2
        grad = grad + slope
    return value, grad


def _per_row(number: Array, total: Array, p: Array) -> Any:
    """A penalty's number by the batch's weight, `[*M, 1]`: 0 where that has no weight."""
    return np.asarray(number / (total + (total == 0)) * (total > 0), p.dtype)[..., None]


def clip_grads(tuning: Any, g: Array) -> Any:
    """The gradient, each number clipped by value, then all of a member together by their norm."""
    if tuning.clipvalue is not None:
        most = np.asarray(tuning.clipvalue, g.dtype)[..., None]
        g = np.clip(g, -most, most)
    if tuning.global_clipnorm is not None:
        norm = np.sqrt(np.sum(np.square(g, dtype=np.float64), axis=-1))
        scale = tuning.global_clipnorm / np.maximum(norm, tuning.global_clipnorm)
        g = np.asarray(scale, g.dtype)[..., None] * g
    return g
