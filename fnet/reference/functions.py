"""A network as pure functions of its params, in NumPy, its gradient by hand.

Twin of `engine/functions.py`. Signatures and docstrings are in `core/signatures/functions.py`.

The formulas of the engine are repeated on purpose: a test oracle must not import what it checks.

Notation, for layer l of L with input `a[l-1]` (`a[0]` is x), as in Nielsen, Neural Networks and
Deep Learning, chapter 2:

    z[l] = a[l-1] @ w[l] + b[l]        [B, H]
    a[l] = f[l](z[l])                  [B, H]

All of them may have leading member axes M. x may lack them, and is then broadcast.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import checks, philox, signatures
from fnet.core.aliases import Array, Params
from fnet.core.batches import Batch
from fnet.core.network import Network
from fnet.core.params import first_params, map_params, shapes, split
from fnet.core.signatures import functions as public
from fnet.core.tuning import Tuning
from fnet.reference import dropout, embeddings, layout, penalties
from fnet.reference.activations import ACTIVATIONS, OUTPUTS
from fnet.reference.initializers import SCHEMES, STARTS
from fnet.reference.losses import LOSSES, as_rows

NO_TUNING = Tuning()
"""A Tuning whose fields are all absent."""


@signatures.implements(public.init_params)
def init_params(net: Network, seed: Any, scheme: Any = None, dtype: Any = "float32") -> Params:
    checks.network(net)
    scheme = net.default_scheme if scheme is None else scheme
    schemes = checks.one_per_layer("scheme", scheme, len(net.layers), SCHEMES, "layers")
    dtype, seeds = checks.dtype("dtype", dtype), checks.seed(seed)

    def draw(kind: type, i: int, sizes: Any) -> Any:
        if kind in STARTS:
            count, start = STARTS[kind]
            words = philox.words(seeds.ravel(), philox.EMBEDDING, count(*sizes), step=i)
            parts = zip(*(start(own, *sizes) for own in words), strict=True)
            return [np.array(part, dtype).reshape(*seeds.shape, *part[0].shape) for part in parts]
        d, h = sizes
        count = d * h + h
        words = philox.words(seeds.ravel(), philox.INIT, count + count % 2, step=i)
        drawn = [SCHEMES[schemes[i]](own, d, h) for own in words]
        w = np.array([w for w, _ in drawn], dtype).reshape(*seeds.shape, d, h)
        b = np.array([b for _, b in drawn], dtype).reshape(*seeds.shape, h)
        return w, b

    def full(value: float, shape: Any) -> Any:
        return np.full((*seeds.shape, *shape), value, dtype)

    return first_params(net, draw, full)


@signatures.implements(public.forward)
def forward(net: Network, params: Params, x: Array) -> npt.NDArray[Any]:
    params, x, _, _ = prepare_inputs(net, params, x)
    outputs: npt.NDArray[Any] = OUTPUTS[net.output].value(logits(net, params, x))
    return outputs


@signatures.implements(public.predict)
def predict(net: Network, params: Params, x: Array) -> npt.NDArray[Any]:
    params, x, _, _ = prepare_inputs(net, params, x)
    predictions: npt.NDArray[Any] = apply_link(net, logits(net, params, x))
    return predictions


@signatures.implements(public.mean_prediction)
def mean_prediction(net: Network, params: Params, x: Array) -> npt.NDArray[Any]:
    predictions = predict(net, params, x)
    mean: npt.NDArray[Any] = predictions.mean(axis=tuple(range(predictions.ndim - 2)))
    return mean


@signatures.implements(public.loss)
def loss(
    net: Network,
    params: Params,
    x: Array,
    y: Array,
    weights: Array = None,
    *,
    tuning: Any = None,
    step: Array = None,
) -> Any:
    params, x, y, weights = prepare_inputs(net, params, x, y, weights)
    tuning, step = prepare_tuning(net, params, tuning, step)
    z = forward_pass(net, params, x, tuning, step).z[-1]
    rows = row_losses(net, z, y, x.ndim, tuning)
    value = np.sum(normalized_weights(weights, x) * rows, axis=-1)
    p, total = layout.pack(params), total_weight(weights, x)
    return value + penalties.penalty_and_grad(tuning, shapes(net), p, total)[0]


@signatures.implements(public.grads)
def grads(
    net: Network,
    params: Params,
    x: Array,
    y: Array,
    weights: Array = None,
    *,
    tuning: Any = None,
    step: Array = None,
) -> Params:
    params, x, y, weights = prepare_inputs(net, params, x, y, weights)
    tuning, step = prepare_tuning(net, params, tuning, step)
    batch = Batch(x, y, normalized_weights(weights, x), total_weight(weights, x))
    g = loss_and_grads(net, layout.pack(params), batch, tuning, step)[1]
    return layout.unpack(shapes(net), g)


def prepare_inputs(
    net: Network, params: Params, x: Array, y: Array = None, weights: Array = None
) -> Any:
    """`(params, x, y, weights)`, checked, as arrays."""
    entries, *data = checks.batch(net, params, x, y, weights)
    return map_params(np.asarray, entries), *data


def prepare_tuning(net: Network, params: Params, tuning: Any, step: Array) -> Any:
    """`(tuning, step)`, checked."""
    tuning = checks.tuning(net, tuning, checks.members_of(params))
    return tuning, step if step is None else int(checks.step(step))


def apply_link(net: Network, z: Array) -> Any:
    """Predictions given the logits, both `[*M, B, K]`."""
    return OUTPUTS[net.output if net.link == "identity" else net.link].value(z)


def logits(net: Network, params: Params, x: Array) -> Any:
    """The outputs before the output activation, `[*M, B, K]`."""
    return forward_pass(net, params, x, NO_TUNING, None).z[-1]


class ForwardPass(NamedTuple):
    """The values of a forward pass that backpropagation needs, for each dense layer."""

    z: list[Any]  # z[1] to z[L]
    inputs: list[Any]  # x, and a[1] to a[L-1]
    masks: list[Any]  # the dropout mask of its input, or None
    first: Any  # the input of the first layer: x with its mask and its embeddings


def forward_pass(net: Network, params: Params, x: Array, tuning: Any, step: Array) -> ForwardPass:
    """The forward pass; if a step is given, dropout applies as in that step of a run."""
    z, inputs, masks = [], [], []
    a, first = x, None
    blocks, layers = split(net, params)
    for i, layer in enumerate(layers):
        rate = tuning.dropout if i else tuning.input_dropout
        mask = None
        if step is not None and rate is not None:
            mask = dropout.dropout_mask(rate, tuning.seed, (i, step), a.shape[-2:], a.dtype)
        inputs.append(a)
        masks.append(mask)
        a = _masked(a, mask)
        if i == 0:
            first = a = embeddings.embedded(net, blocks, a) if blocks else a
        z.append(dense(layer, a))
        if i < len(net.hidden):
            a = ACTIVATIONS[net.hidden[i]].value(z[-1])  # a[l] = f[l](z[l])
    return ForwardPass(z, inputs, masks, first)


def _masked(a: Array, mask: Array) -> Any:
    return a if mask is None else a * mask


def layer_input(kept: ForwardPass, i: int) -> Any:
    """What dense layer i, counted from 0, multiplies by its weights: a[l-1] after dropout."""
    return _masked(kept.inputs[i], kept.masks[i]) if i else kept.first


def dense(layer: Any, a: Array) -> Any:
    """`z = a @ w + b`."""
    z = a @ layer.w
    return z if layer.b is None else z + layer.b[..., None, :]


def dense_back(layer: Any, a: Array, delta: Array) -> Any:
    """The gradient of a dense layer with input a, where delta is dJ/dz."""
    dw = a.mT @ delta
    db = None if layer.b is None else np.ones(delta.shape[-2], delta.dtype) @ delta
    return layer._replace(w=dw, b=db)


def row_losses(net: Network, z: Array, y: Array, rank: int, tuning: Any = NO_TUNING) -> Any:
    """The loss of each row, `[*M, B]`, given the logits; `rank` is the number of x's axes."""
    outputs = OUTPUTS[net.output].value(z) if net.link == "identity" else z
    rows = LOSSES[net.loss](as_rows(net, y, rank, z.dtype), outputs, tuning)[0]
    return apply_loss_weight(tuning, rows)


def apply_loss_weight(tuning: Any, rows: Array) -> Any:
    """Losses or weights of rows, `[*M, B]`, multiplied by the loss_weight of the Tuning."""
    weight = tuning.loss_weight
    return rows if weight is None else np.asarray(weight, rows.dtype)[..., None] * rows


def normalized_weights(weights: Array, x: Array) -> Any:
    """`w / sum(w)` for each row; 0 where the weights of a batch sum to 0."""
    if weights is None:
        return np.full(x.shape[-2], 1 / x.shape[-2], x.dtype)
    total = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(total == 0, 1, total)


def total_weight(weights: Array, x: Array) -> Any:
    """The sum of the weights of a batch; the number of rows where they have none."""
    return x.shape[-2] if weights is None else weights.sum(axis=-1)


def losses_and_derivative(net: Network, z: Array, y: Array, tuning: Any) -> Any:
    """The loss l of each row, `[*M, B]`, and dl/dz[L], given the logits and targets in rows."""
    if net.link != "identity":
        return LOSSES[net.loss](y, z, tuning)  # l and dl/dz[L]: the link is in the loss
    output = OUTPUTS[net.output]
    outputs = output.value(z)
    rows, dl = LOSSES[net.loss](y, outputs, tuning)  # l and dl/da[L]
    return rows, output.back(dl, z, outputs)  # times da[L]/dz[L]


class BackwardStep(NamedTuple):
    """The values of a backward pass in dense layer l."""

    da: Any  # dJ/da[l]; None for the last layer
    delta: Any  # dJ/dz[l]
    grad: Any  # dJ/dw[l] and dJ/db[l] as an entry


def backward_pass(
    net: Network, layers: Any, kept: ForwardPass, delta: Array
) -> Iterator[BackwardStep]:
    """The backward pass, from the last layer, whose delta is given, to the first."""
    da = None
    for i in reversed(range(len(layers))):
        yield BackwardStep(da, delta, dense_back(layers[i], layer_input(kept, i), delta))
        if i:
            da = _masked(delta @ layers[i].w.mT, kept.masks[i])  # dJ/da[l-1]
            f, z = ACTIVATIONS[net.hidden[i - 1]], kept.z[i - 1]
            delta = f.back(da, z, kept.inputs[i])  # times f'[l-1](z[l-1])


def loss_and_grads(
    net: Network, p: Array, batch: Batch, tuning: Any = NO_TUNING, step: Array = None
) -> Any:
    """The loss `[*M]` of a Batch and its gradient by backpropagation.

    The loss is J = sum(s * l), with s the normalized weights of the rows and l their losses.
    delta[l] is dJ/dz[l], `[*M, B, H]`. Params p and the gradient are packed (`layout.py`).
    """
    x, y, weights, total = batch
    own_shapes = shapes(net)
    params = layout.unpack(own_shapes, p)
    blocks, layers = split(net, params)

    # Forward pass, keeping each z[l] and a[l].
    kept = forward_pass(net, params, x, tuning, step)

    # The last delta: dJ/dz[L] = s * dl/dz[L].
    z = kept.z[-1]
    rows, dl = losses_and_derivative(net, z, as_rows(net, y, x.ndim, z.dtype), tuning)
    weights = apply_loss_weight(tuning, weights)
    value = np.vecdot(weights, rows)
    delta = weights[..., None] * dl

    # Backward pass, from the last layer to the first.
    of_layers = []
    for back in backward_pass(net, layers, kept, delta):
        of_layers.append(back.grad)
    of_blocks = []
    if blocks:
        x = _masked(kept.inputs[0], kept.masks[0])
        of_blocks = embeddings.embedded_back(net, blocks, x, back.delta @ layers[0].w.mT)
    penalty, penalty_grad = penalties.penalty_and_grad(tuning, own_shapes, p, total)
    g = layout.pack([*of_blocks, *of_layers[::-1]]) + penalty_grad
    return value + penalty, penalties.clip_grads(tuning, g)
