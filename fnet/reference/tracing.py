"""A step of backpropagation with every value that a calculation by hand has.

It has no namesake in the engine, which keeps no such values. The formulas are those of
`functions.py`: nothing is worked out here.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy.typing as npt

from fnet.core.aliases import ArrayLike, Params
from fnet.core.batches import Batch
from fnet.core.network import Network
from fnet.core.params import shapes, split
from fnet.core.tuning import Tuning
from fnet.reference import functions, layout, trace_text
from fnet.reference.activations import OUTPUTS
from fnet.reference.losses import as_rows

Array = npt.NDArray[Any]
ByLayer = Mapping[int, Array]
"""An array for each dense layer l, counted from 1 to L."""


class Trace(NamedTuple):
    """Every value of one loss and its gradient, by the names of a calculation by hand.

    Dense layers are counted from 1 to L, as in the formulas: `z[1]` belongs to the first one, and
    `a[0]` is x. Printing a Trace shows all of it in the order of the calculation; see `trace`.

    Attributes:
        net: The network.
        tuning: The Tuning; its fields are absent without one.
        a: `a[0]` is x, `[*M, B, D]`. `a[l] = f[l](z[l])` is what layer l returns, `[*M, B, H]`.
        inputs: What layer l multiplies by its weights, `[*M, B, D]`: `a[l-1]`, after dropout; for
            the first layer after the embeddings, if the network has some.
        masks: The dropout mask of `a[l]`, `[*M, B, H]`; an entry only where units may be dropped.
        w: Weights, `[*M, D, H]`.
        b: Biases, `[*M, H]`; empty without biases.
        z: `z[l] = inputs[l] @ w[l] + b[l]`, `[*M, B, H]`.
        y: Targets or one-hot labels, `[*M, B, K]`.
        predictions: What `predict` returns without dropout: the loss's link of `z[L]`, or `a[L]`,
            `[*M, B, K]`.
        losses: The loss of each row, `[*M, B]`, given y and `a[L]`; or `z[L]`, if it has a link.
        weights: The normalized weights of the rows, times `loss_weight`, `[*M, B]`.
        loss: `sum(weights * losses)`, penalties added, `[*M]`: what `loss` returns.
        dl: The derivative of the loss of each row by `z[L]`, `[*M, B, K]`.
        da: `da[l] = delta[l+1] @ w[l+1].T` is dJ/da[l], with J the loss, `[*M, B, H]`, for layers
            before the last. With dropout it is multiplied by `masks[l]`.
        delta: dJ/dz[l], `[*M, B, H]`: `weights * dl` for the last layer, `da[l] * f'[l](z[l])` for
            others.
        dw: `dw[l] = inputs[l].T @ delta[l]` is dJ/dw[l], `[*M, D, H]`.
        db: `db[l]`, the sum of `delta[l]` over rows, is dJ/db[l], `[*M, H]`.
        grads: What `grads` returns: dw and db in the structure of params, with the gradients of
            embeddings and of penalties, clipped if the Tuning asks for it.
    """

    net: Network
    tuning: Tuning
    a: ByLayer
    inputs: ByLayer
    masks: ByLayer
    w: ByLayer
    b: ByLayer
    z: ByLayer
    y: Array
    predictions: Array
    losses: Array
    weights: Array
    loss: Array
    dl: Array
    da: ByLayer
    delta: ByLayer
    dw: ByLayer
    db: ByLayer
    grads: Params

    def __repr__(self) -> str:
        """All values in the order of the calculation, as on a blackboard."""
        return trace_text.text(self)


def trace(
    net: Network,
    params: Params,
    x: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    tuning: Tuning | None = None,
    step: ArrayLike | None = None,
) -> Trace:
    """Every value of one loss and its gradient, as a calculation by hand has them.

    It takes what `grads` takes, any network and any member axes. Only the twin has it.

    Printing the result lays it out as on a blackboard. Of an axis with more than five entries the
    first three and the last are printed, of params with member axes the first member.

    Args:
        net: The network.
        params: Its params, with any member axes M.
        x: Rows `[B, D]`, or `[*M, B, D]`.
        y: Labels or targets, as in `loss`.
        weights: A number of at least 0 for each row, `[B]` or `[*M, B]`; None for equal weights.
        tuning: Penalties, dropout, the hyperparameters of the loss and clipping; see `Tuning`.
        step: An integer from 0: dropout applies as in this step of a run. None for no dropout.

    Returns:
        The Trace.

    Raises:
        InvalidArgument: Arguments do not fit each other, or are not finite.

    Example:
        >>> import fnet
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> params = (fnet.Layer([[2.0]], [0.5]),)
        >>> print(fnet.reference.trace(net, params, [[1.0], [3.0]], [5.0, 6.0]))
        Network((1, 1), loss='squared_error')
        rows B = 2, float64
        <BLANKLINE>
        x
          a[0] = x                      [2, 1]   1.0000
                                                 3.0000
        <BLANKLINE>
        layer 1, f = identity
          w[1]                          [1, 1]   2.0000
          b[1]                          [1]      0.5000
          z[1] = a[0] @ w[1] + b[1]     [2, 1]   2.5000
                                                 6.5000
          a[1] = f(z[1])                [2, 1]   2.5000
                                                 6.5000
        <BLANKLINE>
        loss l = squared_error
          y                             [2, 1]   5.0000
                                                 6.0000
          losses = l(y, a[1])           [2]      6.2500
                                                 0.2500
          weights                       [2]      0.5000
                                                 0.5000
          loss = sum(weights * losses)  []       3.2500
        <BLANKLINE>
        backward, layer 1
          dl = d losses / dz[1]         [2, 1]  -5.0000
                                                 1.0000
          delta[1] = weights * dl       [2, 1]  -2.5000
                                                 0.5000
          dw[1] = a[0].T @ delta[1]     [1, 1]  -1.0000
          db[1] = sum(delta[1])         [1]     -2.0000

    References:
        Nielsen, Neural Networks and Deep Learning, chapter 2.
    """
    entries, rows, targets, weights = functions.prepare_inputs(net, params, x, y, weights)
    tuning, step = functions.prepare_tuning(net, entries, tuning, step)
    s = functions.normalized_weights(weights, rows)
    batch = Batch(rows, targets, s, functions.total_weight(weights, rows))
    loss, g = functions.loss_and_grads(net, layout.pack(entries), batch, tuning, step)

    _, layers = split(net, entries)
    kept = functions.forward_pass(net, entries, rows, tuning, step)
    z = kept.z[-1]
    targets = as_rows(net, targets, rows.ndim, z.dtype)
    losses, dl = functions.losses_and_derivative(net, z, targets, tuning)
    s = functions.apply_loss_weight(tuning, s)
    back = list(functions.backward_pass(net, layers, kept, s[..., None] * dl))[::-1]
    return Trace(
        net=net,
        tuning=tuning,
        a=dict(enumerate([*kept.inputs, OUTPUTS[net.output].value(z)])),
        inputs=_by_layer(functions.layer_input(kept, i) for i in range(len(layers))),
        masks={i: mask for i, mask in enumerate(kept.masks) if mask is not None},
        w=_by_layer(layer.w for layer in layers),
        b=_by_layer(layer.b for layer in layers),
        z=_by_layer(kept.z),
        y=targets,
        predictions=functions.apply_link(net, z),
        losses=losses,
        weights=s,
        loss=loss,
        dl=dl,
        da=_by_layer(of_layer.da for of_layer in back),
        delta=_by_layer(of_layer.delta for of_layer in back),
        dw=_by_layer(of_layer.grad.w for of_layer in back),
        db=_by_layer(of_layer.grad.b for of_layer in back),
        grads=layout.unpack(shapes(net), g),
    )


def _by_layer(arrays: Any) -> ByLayer:
    """Arrays in the order of the layers by their number from 1, without absent ones."""
    return {i: array for i, array in enumerate(arrays, 1) if array is not None}
