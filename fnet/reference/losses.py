"""Losses of one row in NumPy, each with its gradient. Twin of `losses.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
Each takes targets and outputs `[..., B, K]` and returns its value l, `[..., B]`, and the slope of
l with respect to the outputs, `[..., B, K]`.
"""

import numpy as np

from fnet import checks


def squared_error(y, a):
    """`l = mean((a - y)**2)` and `dl/da = 2 * (a - y) / K`."""
    off = a - y
    return np.mean(off * off, axis=-1), 2 / a.shape[-1] * off


def softmax_cross_entropy(y, z):
    """`l = log(sum(exp(z))) - sum(y * z)` and `dl/dz = softmax(z) - y`, for y of the sum 1."""
    shifted = z - z.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=-1)
    return np.log(total) - np.sum(y * shifted, axis=-1), e / total[..., None] - y


LOSSES = {
    "squared_error": squared_error,
    "softmax_cross_entropy": softmax_cross_entropy,
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
