"""A network as pure functions of its params, in NumPy, its gradient by hand.

Twin of `functions.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.

Notation, for layer l of L with input `a[l-1]` (`a[0]` is x), as in Nielsen, Neural Networks and
Deep Learning, chapter 2:

    z[l] = a[l-1] @ w[l] + b[l]        [B, H]
    a[l] = f[l](z[l])                  [B, H]

Member axes M may lead all of them. x may do without; the products then broadcast it.
"""

import numpy as np

from fnet import checks, philox
from fnet.network import Layer
from fnet.reference.activations import ACTIVATIONS, OUTPUTS
from fnet.reference.losses import LOSSES, as_rows
from fnet.reference.starts import SCHEMES


def init_params(net, seed, scheme=None, dtype="float32"):
    """First params: a Layer for each dense layer, drawn from (seed, layer, element)."""
    checks.network(net)
    scheme = net.default_scheme if scheme is None else scheme
    schemes = checks.one_each("scheme", scheme, len(net.layers), SCHEMES, "layers")
    dtype, seeds = checks.dtype("dtype", dtype), checks.seed(seed)
    layers = []
    for i, ((d, h), scheme) in enumerate(zip(net.layers, schemes, strict=True)):
        count = d * h + h
        words = philox.words(seeds.ravel(), philox.START, count + count % 2, step=i)
        drawn = [SCHEMES[scheme](each, d, h) for each in words]
        w = np.array([w for w, _ in drawn], dtype).reshape(*seeds.shape, d, h)
        b = np.array([b for _, b in drawn], dtype).reshape(*seeds.shape, h)
        layers.append(Layer(w, b if net.bias else None))
    return tuple(layers)


def forward(net, params, x):
    """The outputs `[*M, B, K]`, after the output activation."""
    params, x, _, _ = admitted(net, params, x)
    return OUTPUTS[net.output](logits(net, params, x))


def predict(net, params, x):
    """The prediction `[*M, B, K]`: the outputs with the loss's link applied once."""
    params, x, _, _ = admitted(net, params, x)
    return OUTPUTS[net.output if net.link == "identity" else net.link](logits(net, params, x))


def loss(net, params, x, y, weights=None):
    """The mean of the loss over rows, `[*M]`; with weights, `sum(w * l) / sum(w)`."""
    params, x, y, weights = admitted(net, params, x, y, weights)
    rows = row_losses(net, logits(net, params, x), y, x.ndim)
    return np.sum(shares(weights, x) * rows, axis=-1)


def grads(net, params, x, y, weights=None):
    """The gradient of `loss` with respect to params, in the structure of params."""
    params, x, y, weights = admitted(net, params, x, y, weights)
    return loss_and_grads(net, params, x, y, shares(weights, x))[1]


def admitted(net, params, x, y=None, weights=None):
    """The arguments, checked, as arrays."""
    layers, *columns = checks.batch(net, params, x, y, weights)
    return tuple(
        Layer(np.asarray(w), b if b is None else np.asarray(b)) for w, b in layers
    ), *columns


def logits(net, params, x):
    """What comes before the output activation: `[*M, B, K]`."""
    a = x
    for layer, f in zip(params, (*net.hidden, "identity"), strict=True):
        a = ACTIVATIONS[f].value(_affine(layer, a))
    return a


def _affine(layer, a):
    z = a @ layer.w
    return z if layer.b is None else z + layer.b[..., None, :]


def row_losses(net, z, y, rank):
    """The loss of each row, `[*M, B]`, given the logits; `rank` is the number of x's axes."""
    outputs = OUTPUTS[net.output](z) if net.link == "identity" else z
    return LOSSES[net.loss](as_rows(net, y, rank, z.dtype), outputs)[0]


def shares(weights, x):
    """Each row's part of its batch's weight, `w / sum(w)`; 0 where they sum to 0."""
    if weights is None:
        return np.full(x.shape[-2], 1 / x.shape[-2], x.dtype)
    total = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(total == 0, 1, total)


def loss_and_grads(net, params, x, y, share):
    """The loss `[*M]` and its gradient by backpropagation, for rows with these shares of the batch.

    With s the rows' shares and l their losses, the loss is J = sum(s * l), and delta[l] stands
    for dJ/dz[l], `[*M, B, H]`.
    """
    # Forwards, keeping each z[l] and a[l].
    zs, values = [], [x]
    activations = [ACTIVATIONS[f] for f in net.hidden]
    for layer, f in zip(params, [*activations, ACTIVATIONS["identity"]], strict=True):
        zs.append(_affine(layer, values[-1]))  # z[l] = a[l-1] @ w[l] + b[l]
        values.append(f.value(zs[-1]))  # a[l] = f[l](z[l])

    # The last delta: dJ/dz[L] = s * dl/dz[L].
    z = zs[-1]
    y = as_rows(net, y, x.ndim, z.dtype)
    if net.link == "identity":
        outputs = OUTPUTS[net.output](z)
        rows, slope = LOSSES[net.loss](y, outputs)  # l and dl/da[L]
        slope = slope * ACTIVATIONS[net.output].slope(z, outputs)  # times da[L]/dz[L]
    else:
        rows, slope = LOSSES[net.loss](y, z)  # l and dl/dz[L]: the link is part of the loss
    value = np.sum(share * rows, axis=-1)
    delta = share[..., None] * slope

    # Backwards, from the last layer to the first.
    gradient = []
    for i in reversed(range(len(params))):
        a = values[i]
        dw = np.swapaxes(a, -1, -2) @ delta  # dJ/dw[l] = a[l-1].T @ delta[l]
        db = None if params[i].b is None else delta.sum(axis=-2)  # dJ/db[l] = sum of delta[l]
        gradient.append(Layer(dw, db))
        if i:
            back = delta @ np.swapaxes(params[i].w, -1, -2)  # dJ/da[l-1] = delta[l] @ w[l].T
            delta = back * activations[i - 1].slope(zs[i - 1], a)  # times f'[l-1](z[l-1])
    return value, tuple(reversed(gradient))
