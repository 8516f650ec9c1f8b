"""Signatures of the pure functions of one network, or of many with member axes.

Shapes: N rows or B rows of a batch, D inputs, H hidden units, K outputs, member axes M. Params may
have leading member axes, as `w [*M, D, H]` and `b [*M, H]`. Each member is a separate network,
and every result has the same leading axes. x is `[B, D]`, shared by all members, or `[*M, B, D]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fnet.core.aliases import Array, ArrayLike, DTypeName, InitializerName, Params
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer, OptState
from fnet.core.tuning import Tuning


def init_params(
    net: Network,
    seed: ArrayLike,
    scheme: InitializerName | Sequence[InitializerName] | None = None,
    dtype: DTypeName | Any = "float32",
) -> Params:
    """Initial params of a network, which depend on the seed alone.

    An initializer draws the weights. Biases are 0 except with "normal" and "ones".

    Args:
        net: The network.
        seed: An integer from 0 to below 2**32, or an array `[*M]` of them, one for each member.
        scheme: The name of an initializer for all layers, or a sequence with one for each, as
            `("he_normal", "zeros")`. None is he_normal for a network with relu, otherwise
            glorot_uniform. Normal distributions are not truncated.
        dtype: "float32" or "float64".

    Returns:
        A tuple with a `Layer` for each dense layer: w `[*M, D, H]`, b `[*M, H]` or None.

    Raises:
        InvalidArgument: A name is unknown, or a seed is outside its range.

    Example:
        >>> import fnet
        >>> net = fnet.Network((2, 3, 1), loss="squared_error")
        >>> fnet.reference.init_params(net, seed=0)[0].w.shape
        (2, 3)

    References:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
        networks" (2010); He et al., "Delving deep into rectifiers" (2015); LeCun et al.,
        "Efficient BackProp" (1998).
    """
    raise TypeError("an engine implements this")


def forward(net: Network, params: Params, x: ArrayLike) -> Array:
    """The outputs of a network: `a[l] = f[l](a[l-1] @ w[l] + b[l])` for each layer l, a[0] = x.

    Args:
        net: The network.
        params: Its params, with any member axes M.
        x: Rows `[B, D]`, or `[*M, B, D]` with rows for each member.

    Returns:
        The outputs after the output activation, `[*M, B, K]`. With `output="identity"` and a
        cross-entropy these are logits.

    Raises:
        InvalidArgument: Params or x do not fit the network, or are not finite.

    Example:
        >>> import fnet
        >>> net = fnet.Network((2, 3))
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> fnet.reference.forward(net, params, [[1.0, 2.0]]).shape
        (1, 3)
    """


def predict(net: Network, params: Params, x: ArrayLike) -> Array:
    """The predictions of a network: its outputs with the loss's link applied once.

    The link is softmax for softmax_cross_entropy, sigmoid for sigmoid_cross_entropy, exp for
    poisson, sorting for pinball, and the identity for other losses.

    Args:
        net: The network.
        params: Its params, with any member axes M.
        x: Rows `[B, D]`, or `[*M, B, D]`.

    Returns:
        Predictions `[*M, B, K]`.

    Raises:
        InvalidArgument: Params or x do not fit the network, or are not finite.

    Example:
        >>> import fnet
        >>> net = fnet.Network((2, 3))
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> float(fnet.reference.predict(net, params, [[1.0, 2.0]]).sum().round(6))
        1.0
    """


def mean_prediction(net: Network, params: Params, x: ArrayLike) -> Array:
    """The prediction of an ensemble: the mean over its members of what `predict` returns.

    With the members of `cross_validate`, its out-of-fold scores say what to expect of one member;
    the mean is usually better. In time order, use the params of the last member alone.

    Args:
        net: The network that all members share.
        params: The params of the members, with member axes M.
        x: Rows `[B, D]`, or `[*M, B, D]`.

    Returns:
        Predictions `[B, K]`. The mean of probabilities is one, and quantiles stay sorted.

    Raises:
        InvalidArgument: Params or x do not fit the network, or are not finite.

    Example:
        >>> import fnet
        >>> net = fnet.Network((2, 3))
        >>> params = fnet.reference.init_params(net, seed=[0, 1, 2])
        >>> fnet.reference.mean_prediction(net, params, [[1.0, 2.0]]).shape
        (1, 3)

    References:
        Hansen and Salamon, "Neural network ensembles" (1990).
    """


def loss(
    net: Network,
    params: Params,
    x: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    tuning: Tuning | None = None,
    step: ArrayLike | None = None,
) -> Array:
    """The weighted mean of the loss over rows: `sum(w * l) / sum(w)`, penalties added.

    Args:
        net: The network. Its `loss` names the loss l of a row.
        params: Its params, with any member axes M.
        x: Rows `[B, D]`, or `[*M, B, D]`.
        y: Integer labels `[B]` or one-hot rows `[B, K]` for softmax_cross_entropy; otherwise
            targets `[B, K]`, or `[B]` for a single output. With the leading axes of x.
        weights: A number of at least 0 for each row, `[B]` or `[*M, B]`; None for equal weights.
            If they sum to 0, the loss is 0.
        tuning: Penalties, dropout and the hyperparameters of the loss; see `Tuning`.
        step: An integer from 0: dropout applies as in this step of a run. None for no dropout.

    Returns:
        The loss of each member, `[*M]`.

    Raises:
        InvalidArgument: Arguments do not fit each other, or are not finite.

    Example:
        >>> import fnet
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> params = (fnet.Layer([[2.0]], [0.0]),)
        >>> float(fnet.reference.loss(net, params, [[1.0]], [[5.0]]))
        9.0

    References:
        Bishop, Pattern Recognition and Machine Learning, equations 4.90 and 4.108, for the
        cross-entropies; the other losses are those of Keras.
    """


def grads(
    net: Network,
    params: Params,
    x: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    tuning: Tuning | None = None,
    step: ArrayLike | None = None,
) -> Params:
    """The gradient of `loss` with respect to params, by backpropagation.

    With J the loss and `delta[l] = dJ/dz[l]`, where `z[l] = a[l-1] @ w[l] + b[l]`:
    `dJ/dw[l] = a[l-1].T @ delta[l]`, `dJ/db[l] = sum(delta[l])` over rows, and
    `delta[l-1] = (delta[l] @ w[l].T) * f'[l-1](z[l-1])`.

    Args:
        net: The network. Its `loss` names the loss of a row.
        params: Its params, with any member axes M.
        x: Rows `[B, D]`, or `[*M, B, D]`.
        y: Labels or targets, as in `loss`.
        weights: A number of at least 0 for each row, `[B]` or `[*M, B]`; None for equal weights.
            If they sum to 0, the gradient is 0.
        tuning: Penalties, dropout, the hyperparameters of the loss and clipping; see `Tuning`.
        step: An integer from 0: dropout applies as in this step of a run. None for no dropout.

    Returns:
        The gradient in the structure of params, clipped if `tuning` asks for it.

    Raises:
        InvalidArgument: Arguments do not fit each other, or are not finite.

    Example:
        >>> import fnet
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> params = (fnet.Layer([[2.0]], [0.0]),)
        >>> float(fnet.reference.grads(net, params, [[1.0]], [[5.0]])[0].w[0, 0])
        -6.0

    References:
        Nielsen, Neural Networks and Deep Learning, chapter 2.
    """
    raise TypeError("an engine implements this")


def update(
    optimizer: Optimizer, params: Params, state: OptState, grads: Params
) -> tuple[Params, OptState]:
    """One step of an optimizer. Arguments are not changed in place.

    Args:
        optimizer: An optimizer, such as `adam(0.001)`.
        params: The params, with any member axes M.
        state: The result of `optimizer.init(params)` or of an earlier update.
        grads: The gradient, in the structure of params.

    Returns:
        `(params, state)` after the step.

    Raises:
        InvalidArgument: Structures do not fit each other, or a learning rate function returns a
            rate that is negative or not finite.

    Example:
        >>> import fnet
        >>> net = fnet.Network((1, 1), loss="squared_error", bias=False)
        >>> sgd, params = fnet.sgd(0.5), (fnet.Layer([[2.0]]),)
        >>> params, state = fnet.reference.update(sgd, params, sgd.init(params), params)
        >>> float(params[0].w[0, 0]), int(state.step)
        (1.0, 1)
    """
    raise TypeError("an engine implements this")


def one_hot(labels: ArrayLike, classes: int) -> Array:
    """Rows of the identity matrix: the lecture notes' `np.eye(classes)[labels]`.

    Args:
        labels: Integers from 0 to `classes - 1`, `[...]`.
        classes: The number of classes, at least 1.

    Returns:
        Rows `[..., classes]`, float32.

    Raises:
        InvalidArgument: A label is not an integer, or outside its range.

    Example:
        >>> import fnet
        >>> fnet.reference.one_hot([2, 0], 3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """


def softmax(logits: ArrayLike) -> Array:
    """Probabilities `exp(z) / sum(exp(z))` along the last axis.

    Subtracts the largest logit first, so that the result is finite for any finite logits.

    Args:
        logits: `[..., K]`, K at least 1; integers are converted to float64.

    Returns:
        Probabilities `[..., K]`; each row sums to 1.

    Raises:
        InvalidArgument: Logits are not an array of numbers, or have no class.

    Example:
        >>> import fnet
        >>> fnet.reference.softmax([0.0, 0.0]).tolist()
        [0.5, 0.5]

    References:
        Bridle, "Probabilistic interpretation of feedforward classification network outputs"
        (1990).
    """
