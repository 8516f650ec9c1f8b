"""The heart: a network as pure functions of its params, on TensorFlow.

Twin: `reference/functions.py`.

Params may have leading member axes M, as `w [*M, D, H]` and `b [*M, H]`: each member is a network
of its own, and every result has the same leading axes. x is `[B, D]`, shared by all members, or
`[*M, B, D]`; y and weights go with x. Integer labels, and `[B]` targets of a single output, have
one axis less than x.

Inside, a row of data is a column: layer l is `a[l] = f(w[l] @ a[l-1] + b[l])`, with w[l] `[H, D]`
and a[l] `[H, B]`, as in Nielsen, Neural Networks and Deep Learning, equation 25. So what is worked
number by number lies along the batch, in the long runs that processors are quick at.

Each public function checks its arguments, raises InvalidArgument for those that do not fit, and
runs its body as one graph, traced once for any number of rows.
"""

import tensorflow as tf

from fnet.core import checks, philox
from fnet.core.network import Layer
from fnet.core.tuning import Tuning
from fnet.engine import dropout, layout, penalties, rng, tensors
from fnet.engine.activations import ACTIVATIONS, OUTPUTS
from fnet.engine.initializers import SCHEMES
from fnet.engine.losses import LOSSES, as_columns
from fnet.engine.tensors import absent

NOTHING = tensors.inside(Tuning())
"""A Tuning in which all is absent."""


@tensors.as_written
def init_params(net, seed, scheme=None, dtype="float32"):
    """First params of a network: a Layer for each dense layer, drawn from (seed, layer, element).

    `scheme` is one name or one for each layer, as `("he_normal", "zeros")`: glorot_uniform,
    glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, orthogonal, normal, ones or
    zeros (`starts.py`; no normal is truncated). None means he_normal for a network with relu,
    glorot_uniform for any other. `seed` is a whole number below 2**32, or an array of them, one
    for each member.

    >>> init_params(Network((2, 3, 1), loss="squared_error"), seed=0)[0].w.shape
    TensorShape([2, 3])
    """
    checks.network(net)
    scheme = net.default_scheme if scheme is None else scheme
    schemes = checks.one_each("scheme", scheme, len(net.layers), SCHEMES, "layers")
    static = net, schemes, checks.dtype("dtype", dtype).name
    return tensors.closed(tensors.graph(_init_params, static, tensors.tensor(checks.seed(seed))))


@tensors.as_written
def forward(net, params, x):
    """The outputs `[*M, B, K]`, after the output activation."""
    params, columns = tensors.admitted(net, params, x)
    return tensors.graph(_forward, net, params, *columns)


@tensors.as_written
def predict(net, params, x):
    """The prediction `[*M, B, K]`: the outputs with the loss's link applied once."""
    params, columns = tensors.admitted(net, params, x)
    return tensors.graph(_predict, net, params, *columns)


@tensors.as_written
def loss(net, params, x, y, weights=None, *, tuning=None, step=None):
    """The mean of the loss over rows, `[*M]`; with weights, `sum(w * l) / sum(w)`.

    `weights` is one number a row, `[B]` or `[*M, B]`, not negative; where they sum to 0 so is
    the loss. `tuning` is a `Tuning`: its penalties are added. `step` is a whole number, and then
    units are dropped as in that step of a run; None drops none.
    """
    layers, columns = tensors.admitted(net, params, x, y, weights)
    given = layers, *tensors.tuned(net, layers, tuning, step)
    return tensors.graph(_loss, net, given, *columns)


@tensors.as_written
def grads(net, params, x, y, weights=None, *, tuning=None, step=None):
    """The gradient of `loss` with respect to params, in the structure of params.

    Clipped where `tuning` says so.
    """
    layers, columns = tensors.admitted(net, params, x, y, weights)
    given = layers, *tensors.tuned(net, layers, tuning, step)
    return tensors.closed(tensors.graph(_grads, net, given, *columns))


# The bodies: what is compiled, and what `training.py` builds on.


def _init_params(static, seed):
    net, schemes, dtype = static

    def one(seed):
        layers = []
        for i, ((d, h), scheme) in enumerate(zip(net.layers, schemes, strict=True)):
            count = d * h + h
            words = rng.words(seed, philox.START, count + count % 2, step=i)
            w, b = SCHEMES[scheme](words, d, h)
            w, b = tf.cast(tf.reshape(w, [d, h]), dtype), tf.cast(b, dtype)
            layers.append(Layer(w, b if net.bias else ()))
        return tuple(layers)

    like = tuple(
        Layer(tf.TensorSpec([d, h], dtype), tf.TensorSpec([h], dtype) if net.bias else ())
        for d, h in net.layers
    )
    drawn = tf.map_fn(one, tf.reshape(seed, [-1]), fn_output_signature=like)
    return tf.nest.map_structure(lambda p: tf.reshape(p, [*seed.shape, *p.shape[1:]]), drawn)


def logits(net, layers, x, n=NOTHING, step=()):
    """What comes before the output activation, as columns `[*M, K, B]`, for layers as columns.

    n is the Tuning, and units are dropped by it in a step.
    """
    (w, b), *deeper = layers
    x = _features(x, n, step)
    shared = len(x.shape) < len(w.shape)  # then one product for all members, [M * H, D] @ [D, B]
    z = tf.einsum("...hd,bd->...hb", w, x) if shared else tf.matmul(w, x, transpose_b=True)
    z = _plus(z, b)
    for i, ((w, b), activation) in enumerate(zip(deeper, net.hidden, strict=True), start=1):
        a = _units(ACTIVATIONS[activation](z), n, i, step)
        z = _plus(w @ a, b)
    return z


def _plus(z, b):
    return z if absent(b) else z + b


def _features(x, n, step):
    """Rows of features, some of them dropped."""
    if absent(step) or absent(n.input_dropout):
        return x
    batch, units = tf.unstack(tf.shape(x)[-2:])
    return x * dropout.factors(n.input_dropout, n.seed, 0, step, batch, units, x.dtype)


def _units(a, n, layer, step):
    """Columns of a hidden layer's units, some of them dropped."""
    if absent(step) or absent(n.dropout):
        return a
    units, batch = tf.unstack(tf.shape(a)[-2:])
    kept = dropout.factors(n.dropout, n.seed, layer, step, batch, units, a.dtype)
    return a * tf.linalg.matrix_transpose(kept)


def _forward(net, params, x):
    z = logits(net, layout.columns(params), x)
    return tf.linalg.matrix_transpose(OUTPUTS[net.output](z))


def _predict(net, params, x):
    return tf.linalg.matrix_transpose(prediction(net, logits(net, layout.columns(params), x)))


def prediction(net, z):
    """Predictions given the logits, both as columns `[*M, K, B]`."""
    return OUTPUTS[net.output if net.link == "identity" else net.link](z)


def row_losses(net, z, y, rank, n=NOTHING, custom=None):
    """The loss of each row, `[*M, B]`, given the logits; `rank` is the number of x's axes.

    `custom` is a user's own loss, which takes targets and outputs as rows.
    """
    y = as_columns(net, y, rank, z.dtype)
    if custom is not None:
        outputs = tf.linalg.matrix_transpose(OUTPUTS[net.output](z))
        rows = custom(tf.linalg.matrix_transpose(y), outputs)
    else:
        rows = LOSSES[net.loss](y, OUTPUTS[net.output](z) if net.link == "identity" else z, n)
    return rows if absent(n.loss_weight) else tensors.beside(n.loss_weight, rows) * rows


def shares(weights):
    """Each row's part of its batch's weight, `w / sum(w)`; 0 where they sum to 0."""
    return tf.math.divide_no_nan(weights, tf.reduce_sum(weights, axis=-1, keepdims=True))


def _loss(net, given, x, y, weights=None):
    params, n, step = given
    layers = layout.columns(params)
    rows = row_losses(net, logits(net, layers, x, n, step), y, len(x.shape), n)
    weights, total = weighed(x, weights)
    value = tf.reduce_sum(shares(weights) * rows, axis=-1)
    return penalties.cost(n, layers, total, value)


def weighed(x, weights):
    """Weights of the rows and their sums, where none are given too."""
    weights = tf.ones(tf.shape(x)[-2:-1], x.dtype) if weights is None else weights
    return weights, tf.reduce_sum(weights, axis=-1)


def loss_and_grads(net, layers, x, y, share, total, n=NOTHING, step=(), custom=None):
    """The loss `[*M]` and its gradient, for rows whose share of the batch is known: `[B]`.

    Layers and gradient are columns; `total` is the weight of the batch.
    """
    with tf.GradientTape() as tape:
        tape.watch(layers)
        z = logits(net, layers, x, n, step)
        rows = row_losses(net, z, y, len(x.shape), n, custom)
    # Shares as the slopes of rows: the same gradient as that of the sum, in fewer kernels.
    slopes = tape.gradient(rows, layers, tf.broadcast_to(share, tf.shape(rows)))
    value = penalties.cost(n, layers, total, tf.reduce_sum(share * rows, axis=-1))
    return value, penalties.clipped(n, penalties.slopes(n, layers, total, slopes))


def _grads(net, given, x, y, weights=None):
    params, n, step = given
    weights, total = weighed(x, weights)
    layers = layout.columns(params)
    _, slopes = loss_and_grads(net, layers, x, y, shares(weights), total, n, step)
    return layout.rows(slopes)
