"""Penalties on params and clipping of gradients, in NumPy. Twin of `engine/penalties.py`.

The formulas of the engine are repeated on purpose: a test oracle must not import what it checks.
Params and gradients are packed (`layout.py`): one row p for each member, `[*M, P]`.
"""

from typing import Any

import numpy as np

from fnet.core.aliases import Array
from fnet.core.params import Shapes
from fnet.reference import activations, layout


def penalty_and_grad(tuning: Any, shapes: Shapes, p: Array, total: Array) -> Any:
    """`(l1 * sum(|w|) + l2 * sum(w**2) / 2) / total` over penalized entries w, and its gradient.

    The gradient is `(l1 * sign(w) + l2 * w) / total`. Without penalties both are 0.0.
    """
    value, grad = 0.0, 0.0
    if tuning.l1 is None and tuning.l2 is None:
        return value, grad
    w = layout.repeat_attribute(shapes, "penalized", p.dtype) * p
    if tuning.l1 is not None:
        l1 = _per_row(tuning.l1, total, p)
        value = np.sum(l1 * activations.absolute(w), axis=-1)
        grad = l1 * np.sign(w)
    if tuning.l2 is not None:
        l2_grad = _per_row(tuning.l2, total, p) * w
        value = value + np.einsum("...p,...p->...", l2_grad, w) / 2
        grad = grad + l2_grad
    return value, grad


def _per_row(penalty: Array, total: Array, p: Array) -> Any:
    """A penalty divided by the weight of the batch, `[*M, 1]`; 0 for weight 0."""
    return np.asarray(penalty / (total + (total == 0)) * (total > 0), p.dtype)[..., None]


def clip_grads(tuning: Any, g: Array) -> Any:
    """The gradient, clipped by value and then by the global norm of each member."""
    if tuning.clipvalue is not None:
        bound = np.asarray(tuning.clipvalue, g.dtype)[..., None]
        g = np.clip(g, -bound, bound)
    if tuning.global_clipnorm is not None:
        norm = np.sqrt(np.sum(np.square(g, dtype=np.float64), axis=-1))
        scale = tuning.global_clipnorm / np.maximum(norm, tuning.global_clipnorm)
        g = np.asarray(scale, g.dtype)[..., None] * g
    return g
