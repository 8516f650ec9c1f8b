"""The size of the terms in a sum: each function of a network, applied to absolute values.

It separates rounding from mistakes: a difference of a few eps of this size is rounding.
Derivatives include the effect of rounding errors in z, and a softmax that of its errors.
"""

import numpy as np

from fnet.core.params import Layer, map_params
from fnet.reference.activations import ACTIVATIONS, OUTPUTS
from fnet.reference.losses import as_rows

PIECEWISE_LINEAR = ("identity", "relu", "leaky_relu")


def layers(case):
    """The sizes of each layer's input and derivative, and the last z with its size."""
    a, size = case.x, np.abs(case.x)
    inputs, derivatives = [], []
    names = (*case.net.hidden, "identity")
    for i, ((w, b), name) in enumerate(zip(case.params, names, strict=True)):
        factor = case.factor(i, w.shape[-2])
        a, size = a * factor, size * factor
        inputs.append(size)
        bias = 0 if b is None else b[..., None, :]
        z = a @ w + bias
        size = size @ np.abs(w) + np.abs(bias)
        a, size, slope = _through(name, z, size)
        derivatives.append(slope)
    return inputs, derivatives, a, size


def _through(name, z, size):
    f = ACTIVATIONS[name]
    a = f.value(z)
    slope = np.abs(f.back(1.0, z, a))
    bent = 0 if name in PIECEWISE_LINEAR else 2 * size  # the second derivatives are below 2
    return a, np.abs(a) + slope * size, slope + bent


def _output_sizes(case, z, size):
    """The sizes of the outputs and of their derivative."""
    name = case.net.output
    if name == "softmax":
        return _softmax(size), 4 * _softmax(size)
    if name in ACTIVATIONS and case.net.link == "identity":
        return _through(name, z, size)[1:]
    return _linked(name, z, size), 1.0


def _linked(name, z, size):
    if name == "identity":
        return size
    if name == "softmax":
        return _softmax(size)
    if name == "sort":
        return np.broadcast_to(size.max(axis=-1, keepdims=True), size.shape)
    return OUTPUTS[name].value(z) * (1 + size)  # sigmoid, exp


def outputs(case):
    """The size of `forward`."""
    return _output_sizes(case, *layers(case._replace(step=None))[2:])[0]


def predictions(case):
    """The size of `predict`."""
    if case.net.link == "identity":
        return outputs(case)
    return _linked(case.net.link, *layers(case._replace(step=None))[2:])


def _softmax(size):
    return np.broadcast_to(1 + 2 * size.max(axis=-1, keepdims=True), size.shape)


def _losses(case, z, size):
    """The sizes of a row's loss for each output, and of its derivative."""
    net, tuning = case.net, case.tuning
    y = np.abs(as_rows(net, case.y, case.x.ndim, z.dtype))
    count = size.shape[-1]
    if net.targets == "multiclass":
        return count * _softmax(size), _softmax(size) + y
    if net.targets == "multilabel":
        heavy = 1.0 if tuning.label_weights is None else np.max(tuning.label_weights)
        return heavy * (1 + size) * (1 + y), heavy * (1 + size + y) / count
    if net.targets == "counts":
        e = np.exp(z) * (1 + size)
        return e + y * size, (e + y) / count
    size, slope = _output_sizes(case, z, size)
    size = size + y
    if net.loss == "squared_error":
        return size**2, 2 * size / count * slope
    if net.loss == "huber":
        delta = np.max(1.0 if tuning.delta is None else tuning.delta)
        return np.minimum(size, delta) * size, (size + delta) / count * slope
    return size, np.ones_like(size) / count * slope


def _weight(case):
    """The weights of the rows and their sum."""
    weights = np.ones(case.x.shape[-2]) if case.weights is None else case.weights
    return weights, weights.sum(axis=-1)


def _penalties(case):
    """l1 and l2, divided by the weight of the batch, `[*M, 1, 1]`."""
    total = _weight(case)[1]
    total = np.where(total == 0, np.inf, total)
    return (
        (np.zeros(()) if number is None else number / total)[..., None, None]
        for number in (case.tuning.l1, case.tuning.l2)
    )


def loss(case):
    """The size of `loss`. Normalized weights sum to 1, so the largest row is an upper bound."""
    size, _ = _losses(case, *layers(case)[2:])
    l1, l2 = _penalties(case)
    costs = [np.sum(l1 * np.abs(w) + l2 * w * w, axis=(-2, -1)) for w, _ in case.params]
    return size.mean(axis=-1).max(axis=-1) + sum(costs)


def grads(case):
    """The size of `grads`, in the structure of params."""
    inputs, derivatives, z, size = layers(case)
    slope = _losses(case, z, size)[1]
    weights, total = _weight(case)
    delta = (weights / np.where(total == 0, 1, total)[..., None])[..., None] * slope
    l1, l2 = _penalties(case)
    found = []
    for i in reversed(range(len(case.params))):
        w, b = case.params[i]
        dw = np.swapaxes(inputs[i], -1, -2) @ delta + l1 + l2 * np.abs(w)
        found.append(Layer(dw, None if b is None else delta.sum(axis=-2)))
        if i:
            delta = delta @ np.swapaxes(np.abs(w), -1, -2) * case.factor(i, w.shape[-2])
            delta = delta * derivatives[i - 1]
    found = tuple(reversed(found))
    if case.tuning.global_clipnorm is None:
        return found
    longest = max(p.max() for layer in found for p in layer if p is not None)
    return map_params(lambda p: p + np.sqrt(p.size) * longest, found)
