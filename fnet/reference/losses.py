"""Losses of one row in NumPy, each beside its gradient. Twin of `losses.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
"""

from typing import NamedTuple

import numpy as np

from fnet import checks
from fnet.reference.activations import softmax


class Loss(NamedTuple):
    """A loss of y and outputs `[..., B, K]`: its value `[..., B]` and its slope `[..., B, K]`."""

    value: object
    slope: object


def _log_sum_exp(z):
    top = z.max(axis=-1, keepdims=True)
    return top + np.log(np.exp(z - top).sum(axis=-1, keepdims=True))


LOSSES = {
    "squared_error": Loss(
        lambda y, a: np.mean((a - y) ** 2, axis=-1),
        lambda y, a: 2 * (a - y) / a.shape[-1],
    ),
    "softmax_cross_entropy": Loss(
        lambda y, z: np.sum(y * (_log_sum_exp(z) - z), axis=-1),
        lambda y, z: softmax(z) - y,
    ),
}


def as_rows(net, y, rank, dtype):
    """Targets as rows `[..., B, K]` for features of this rank: labels become one-hot rows."""
    if y.ndim == rank:
        return y
    return np.eye(net.sizes[-1], dtype=dtype)[y] if net.labelled else y[..., None]


def one_hot(labels, classes):
    """Rows of the identity matrix: `[...]` integer labels become `[..., classes]` float32 rows."""
    classes = checks.whole("classes", classes, least=1)
    return np.eye(classes, dtype=np.float32)[checks.labels("labels", labels, classes)]
