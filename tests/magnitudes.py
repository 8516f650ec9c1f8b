"""The size of what was summed: each function of a network, worked on absolute values.

Rounding can be told from mistakes by it alone: a difference of a few eps of this size is rounding.
Slopes count with how far rounding of z can move them, and a softmax with how far it can move z.
"""

import numpy as np

from fnet.network import Layer
from fnet.reference.activations import ACTIVATIONS
from fnet.reference.losses import as_rows

CURVED = ("sigmoid", "tanh")


def layers(case):
    """The size of each layer's input and of its slope, and the size of the last z."""
    a = size = np.abs(case.x)
    a = case.x
    inputs, slopes = [], []
    for (w, b), name in zip(case.params, (*case.net.hidden, "identity"), strict=True):
        inputs.append(size)
        bias = 0 if b is None else b[..., None, :]
        z = a @ w + bias
        size = size @ np.abs(w) + np.abs(bias)
        a, size, slope = _through(name, z, size)
        slopes.append(slope)
    return inputs, slopes, a, size


def _through(name, z, size):
    f = ACTIVATIONS[name]
    a = f.value(z)
    slope = np.abs(f.slope(z, a))
    return a, np.abs(a) + slope * size, slope + (size if name in CURVED else 0)


def outputs(case):
    """The size of `forward`."""
    _, _, z, size = layers(case)
    if case.net.output in ACTIVATIONS:
        return _through(case.net.output, z, size)[1]
    return _softmax(size)


def prediction(case):
    """The size of `predict`."""
    return _softmax(layers(case)[3]) if case.net.link == "softmax" else outputs(case)


def _softmax(size):
    return np.broadcast_to(1 + 2 * size.max(axis=-1, keepdims=True), size.shape)


def loss(case):
    """The size of `loss`: weights share 1, so the largest row's is enough."""
    net, (_, _, z, size) = case.net, layers(case)
    y = np.abs(as_rows(net, case.y, case.x.ndim, z.dtype))
    if net.labelled:
        return (1 + 2 * size.max(axis=-1)).max(axis=-1)
    return ((outputs(case) + y) ** 2).mean(axis=-1).max(axis=-1)


def grads(case):
    """The size of `grads`, in the structure of params."""
    net, (inputs, slopes, z, size) = case.net, layers(case)
    y = np.abs(as_rows(net, case.y, case.x.ndim, z.dtype))
    if net.labelled:
        slope = _softmax(size) + y
    else:
        slope = 2 * (outputs(case) + y) / y.shape[-1] * _through(net.output, z, size)[2]
    weights = np.ones(case.x.shape[-2]) if case.weights is None else case.weights
    total = weights.sum(axis=-1, keepdims=True)
    delta = (weights / np.where(total == 0, 1, total))[..., None] * slope
    found = []
    for i in reversed(range(len(case.params))):
        w, b = case.params[i]
        dw = np.swapaxes(inputs[i], -1, -2) @ delta
        found.append(Layer(dw, None if b is None else delta.sum(axis=-2)))
        if i:
            delta = delta @ np.swapaxes(np.abs(w), -1, -2) * slopes[i - 1]
    return tuple(reversed(found))
