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

from fnet.core import checks, philox
from fnet.core.network import Layer
from fnet.core.tuning import Tuning
from fnet.reference import dropout, layout, penalties
from fnet.reference.activations import ACTIVATIONS, OUTPUTS
from fnet.reference.initializers import SCHEMES
from fnet.reference.losses import LOSSES, as_rows

NOTHING = Tuning()
"""A Tuning in which all is absent."""


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
    return OUTPUTS[net.output].value(logits(net, params, x))


def predict(net, params, x):
    """The prediction `[*M, B, K]`: the outputs with the loss's link applied once."""
    params, x, _, _ = admitted(net, params, x)
    return prediction(net, logits(net, params, x))


def prediction(net, z):
    """Predictions given the logits, both `[*M, B, K]`."""
    return OUTPUTS[net.output if net.link == "identity" else net.link].value(z)


def loss(net, params, x, y, weights=None, *, tuning=None, step=None):
    """The mean of the loss over rows, `[*M]`; with weights, `sum(w * l) / sum(w)`.

    Penalties of the Tuning are added; units are dropped as in this step of a run, if one is given.
    """
    params, x, y, weights = admitted(net, params, x, y, weights)
    n, step = tuned(net, params, tuning, step)
    z = passed(net, params, x, n, step)[0][-1]
    value = np.sum(shares(weights, x) * row_losses(net, z, y, x.ndim, n), axis=-1)
    return penalties.added(n, net, layout.packed(params), total(weights, x), value)[0]


def grads(net, params, x, y, weights=None, *, tuning=None, step=None):
    """The gradient of `loss` with respect to params, in the structure of params."""
    params, x, y, weights = admitted(net, params, x, y, weights)
    n, step = tuned(net, params, tuning, step)
    given = layout.packed(params), x, y, shares(weights, x), total(weights, x)
    return layout.unpacked(net, loss_and_grads(net, *given, n, step)[1])


def admitted(net, params, x, y=None, weights=None):
    """The arguments, checked, as arrays."""
    layers, *columns = checks.batch(net, params, x, y, weights)
    return tuple(
        Layer(np.asarray(w), b if b is None else np.asarray(b)) for w, b in layers
    ), *columns


def tuned(net, params, tuning, step):
    """`(tuning, step)`, checked."""
    found = checks.tuning(net, tuning, params[0].w.shape[:-2])
    return found, step if step is None else int(checks.step(step))


def logits(net, params, x):
    """What comes before the output activation: `[*M, B, K]`."""
    return passed(net, params, x, NOTHING, None)[0][-1]


def passed(net, params, x, n, step):
    """Forwards through all layers: z[1] to z[L], a[0] to a[L-1], and a factor of each a.

    A factor drops units of a in this step of a run; it is None where none are dropped.
    """
    zs, values, factors = [], [], []
    a = x
    for i, (w, b) in enumerate(params):
        rate = n.dropout if i else n.input_dropout
        drops = step is not None and rate is not None
        factor = dropout.factors(rate, n.seed, i, step, *a.shape[-2:], a.dtype) if drops else None
        values.append(a)
        factors.append(factor)
        z = _times(a, factor) @ w  # z[l] = a[l-1] @ w[l] + b[l]
        zs.append(z if b is None else z + b[..., None, :])
        if i < len(net.hidden):
            a = ACTIVATIONS[net.hidden[i]].value(zs[-1])  # a[l] = f[l](z[l])
    return zs, values, factors


def _times(a, factor):
    return a if factor is None else a * factor


def row_losses(net, z, y, rank, n=NOTHING):
    """The loss of each row, `[*M, B]`, given the logits; `rank` is the number of x's axes."""
    outputs = OUTPUTS[net.output].value(z) if net.link == "identity" else z
    return weighed(n, LOSSES[net.loss](as_rows(net, y, rank, z.dtype), outputs, n)[0])


def weighed(n, rows):
    """What is one number a row, `[*M, B]`, multiplied by the loss_weight of the Tuning."""
    weight = n.loss_weight
    return rows if weight is None else np.asarray(weight, rows.dtype)[..., None] * rows


def shares(weights, x):
    """Each row's part of its batch's weight, `w / sum(w)`; 0 where they sum to 0."""
    if weights is None:
        return np.full(x.shape[-2], 1 / x.shape[-2], x.dtype)
    total = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(total == 0, 1, total)


def total(weights, x):
    """The weight of a batch: its rows, where they have none."""
    return x.shape[-2] if weights is None else weights.sum(axis=-1)


def loss_and_grads(net, params, x, y, share, total, n=NOTHING, step=None):
    """The loss `[*M]` and its gradient by backpropagation, for rows with these shares of the batch.

    With s the rows' shares and l their losses, the loss is J = sum(s * l), and delta[l] stands
    for dJ/dz[l], `[*M, B, H]`. `total` is the weight of the batch, which penalties are divided by.
    Params and gradient are packed (`layout.py`).
    """
    layers = layout.unpacked(net, params)

    # Forwards, keeping each z[l] and a[l].
    zs, values, factors = passed(net, layers, x, n, step)

    # The last delta: dJ/dz[L] = s * dl/dz[L].
    z = zs[-1]
    y = as_rows(net, y, x.ndim, z.dtype)
    if net.link == "identity":
        output = OUTPUTS[net.output]
        outputs = output.value(z)
        rows, slope = LOSSES[net.loss](y, outputs, n)  # l and dl/da[L]
        slope = output.back(slope, z, outputs)  # times da[L]/dz[L]
    else:
        rows, slope = LOSSES[net.loss](y, z, n)  # l and dl/dz[L]: the link is part of the loss
    share = weighed(n, share)
    value = np.vecdot(share, rows)
    delta = share[..., None] * slope

    # Backwards, from the last layer to the first.
    gradient, ones = [], np.ones(x.shape[-2], z.dtype)
    for i in reversed(range(len(layers))):
        dw = _times(values[i], factors[i]).mT @ delta  # a[l-1].T @ delta[l]
        db = None if layers[i].b is None else ones @ delta  # dJ/db[l] = sum of delta[l]
        gradient.append(Layer(dw, db))
        if i:
            back = _times(delta @ layers[i].w.mT, factors[i])  # dJ/da[l-1]
            f = ACTIVATIONS[net.hidden[i - 1]]
            delta = f.back(back, zs[i - 1], values[i])  # times f'[l-1](z[l-1])
    slopes = layout.packed(gradient[::-1])
    value, slopes = penalties.added(n, net, params, total, value, slopes)
    return value, penalties.clipped(n, slopes)
