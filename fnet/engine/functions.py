"""A network as pure functions of its params, on TensorFlow. Twin: `reference/functions.py`.

Signatures and docstrings are in `core/signatures/functions.py`.

Inside, a row of data is a column: layer l is `a[l] = f(w[l] @ a[l-1] + b[l])`, with w[l] `[H, D]`
and a[l] `[H, B]`, as in Nielsen, Neural Networks and Deep Learning, equation 25. So
elementwise operations run along the batch, the longest axis, which is fastest.

Each public function checks its arguments and runs its body as one graph, traced once for any number
of rows. In a body, `tuning` is a Tuning of tensors. Its absent fields are `()` and cost nothing.
"""

from typing import Any

import tensorflow as tf

from fnet.core import checks, philox, signatures
from fnet.core.aliases import Array, Params
from fnet.core.batches import Batch
from fnet.core.network import Network
from fnet.core.params import first_params, is_absent, shapes, split
from fnet.core.signatures import functions as public
from fnet.core.tuning import Tuning
from fnet.engine import dropout, embeddings, layout, penalties, rng, tensors
from fnet.engine.activations import ACTIVATIONS, OUTPUTS
from fnet.engine.initializers import SCHEMES, STARTS
from fnet.engine.losses import LOSSES, as_columns
from fnet.engine.workers import ALONE, Workers, reduce_all

NO_TUNING = tensors.tuning_tensors(Tuning())
"""A Tuning whose fields are all absent."""

MAX_ENTRIES = 2**31 - 2
"""The most params of a layer: TensorFlow counts entries that it reshapes in 32 bits."""


@signatures.implements(public.init_params)
@tensors.no_autograph
def init_params(net: Network, seed: Any, scheme: Any = None, dtype: Any = "float32") -> Params:
    checks.network(net)
    scheme = net.default_scheme if scheme is None else scheme
    schemes = checks.one_per_layer("scheme", scheme, len(net.layers), SCHEMES, "layers")
    static = net, schemes, checks.dtype("dtype", dtype).name
    seeds = tensors.tensor(checks.seed(seed))
    return tensors.to_external(tensors.call_compiled(_init_params, static, seeds))


@signatures.implements(public.forward)
@tensors.no_autograph
def forward(net: Network, params: Params, x: Array) -> tf.Tensor:
    params, data = tensors.prepare_inputs(net, params, x)
    return tensors.call_compiled(_forward, net, params, *data)


@signatures.implements(public.predict)
@tensors.no_autograph
def predict(net: Network, params: Params, x: Array) -> tf.Tensor:
    params, data = tensors.prepare_inputs(net, params, x)
    return tensors.call_compiled(_predict, net, params, *data)


@signatures.implements(public.mean_prediction)
@tensors.no_autograph
def mean_prediction(net: Network, params: Params, x: Array) -> tf.Tensor:
    params, data = tensors.prepare_inputs(net, params, x)
    return tensors.call_compiled(_mean_prediction, net, params, *data)


@signatures.implements(public.loss)
@tensors.no_autograph
def loss(
    net: Network,
    params: Params,
    x: Array,
    y: Array,
    weights: Array = None,
    *,
    tuning: Any = None,
    step: Array = None,
) -> tf.Tensor:
    layers, data = tensors.prepare_inputs(net, params, x, y, weights)
    arguments = layers, *tensors.prepare_tuning(net, layers, tuning, step)
    return tensors.call_compiled(_loss, net, arguments, *data)


@signatures.implements(public.grads)
@tensors.no_autograph
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
    layers, data = tensors.prepare_inputs(net, params, x, y, weights)
    arguments = layers, *tensors.prepare_tuning(net, layers, tuning, step)
    return tensors.to_external(tensors.call_compiled(_grads, net, arguments, *data))


# The bodies, which are compiled. `compiled_loop.py` and `lbfgs.py` call them too.


def _init_params(static: Any, seed: Any) -> Any:
    net, schemes, dtype = static

    def init_one(seed: Any) -> Any:
        def draw(kind: type, i: int, sizes: Any) -> Any:
            if kind in STARTS:
                count, start = STARTS[kind]
                words = rng.words(seed, philox.EMBEDDING, count(*sizes), step=i)
                return [tf.cast(array, dtype) for array in start(words, *sizes)]
            d, h = sizes
            count = d * h + h
            if count > MAX_ENTRIES:
                raise MemoryError(f"a layer of {d} inputs and {h} outputs has {count} params")
            words = rng.words(seed, philox.INIT, count + count % 2, step=i)
            w, b = SCHEMES[schemes[i]](words, d, h)
            return tf.cast(tf.reshape(w, [d, h]), dtype), tf.cast(b, dtype)

        return first_params(net, draw, lambda number, shape: tf.fill(shape, number))

    specs = [kind(*map(_tensor_spec(dtype), own)) for kind, own in shapes(net)]
    drawn = tf.map_fn(
        lambda seed: tensors.to_internal(init_one(seed), dtype),
        tf.reshape(seed, [-1]),
        fn_output_signature=tuple(specs),
    )
    return tf.nest.map_structure(lambda p: tf.reshape(p, [*seed.shape, *p.shape[1:]]), drawn)


def _tensor_spec(dtype: Any) -> Any:
    return lambda shape: () if shape is None else tf.TensorSpec(shape, dtype)


def logits(
    net: Network, params: Params, x: Array, tuning: Any = NO_TUNING, step: Array = ()
) -> Any:
    """The outputs before the output activation, in columns `[*M, K, B]`; params are in columns.

    If a step is given, dropout applies as in that step of a run.
    """
    blocks, layers = split(net, params)
    x = _drop_features(x, tuning, step)
    first, *deeper = layers
    w = first.w
    if blocks:
        product = w @ embeddings.embedded(net, blocks, tf.linalg.matrix_transpose(x))
    elif len(x.shape) < len(w.shape):  # one product for all members, [M * H, D] @ [D, B]
        product = tf.einsum("...hd,bd->...hb", w, x)
    else:
        product = tf.matmul(w, x, transpose_b=True)
    z = affine(first, product)
    for i, (layer, activation) in enumerate(zip(deeper, net.hidden, strict=True), start=1):
        a = _drop_units(ACTIVATIONS[activation](z), tuning, i, step)
        z = affine(layer, layer.w @ a)
    return z


def affine(layer: Any, product: Array) -> Any:
    """`w @ a + b` of a dense layer, given the product `w @ a`: `[*M, H, B]`."""
    return product if is_absent(layer.b) else product + layer.b


def _drop_features(x: Array, tuning: Any, step: Array) -> Any:
    """Features in rows, after dropout."""
    if is_absent(step) or is_absent(tuning.input_dropout):
        return x
    shape = tf.unstack(tf.shape(x)[-2:])
    return x * dropout.dropout_mask(tuning.input_dropout, tuning.seed, (0, step), shape, x.dtype)


def _drop_units(a: Array, tuning: Any, layer: int, step: Array) -> Any:
    """The units of a hidden layer in columns, after dropout."""
    if is_absent(step) or is_absent(tuning.dropout):
        return a
    units, batch = tf.unstack(tf.shape(a)[-2:])
    place = layer, step
    mask = dropout.dropout_mask(tuning.dropout, tuning.seed, place, (batch, units), a.dtype)
    return a * tf.linalg.matrix_transpose(mask)


def _forward(net: Network, params: Params, x: Array) -> Any:
    z = logits(net, layout.columns(params), x)
    return tf.linalg.matrix_transpose(OUTPUTS[net.output](z))


def _predict(net: Network, params: Params, x: Array) -> Any:
    return tf.linalg.matrix_transpose(apply_link(net, logits(net, layout.columns(params), x)))


def _mean_prediction(net: Network, params: Params, x: Array) -> Any:
    found = _predict(net, params, x)
    return tf.reduce_mean(found, list(range(found.shape.rank - 2)))


def apply_link(net: Network, z: Array) -> Any:
    """Predictions given the logits, both in columns `[*M, K, B]`."""
    return OUTPUTS[net.output if net.link == "identity" else net.link](z)


def row_losses(
    net: Network, z: Array, y: Array, rank: int, tuning: Any = NO_TUNING, custom: Any = None
) -> Any:
    """The loss of each row, `[*M, B]`, given the logits; `rank` is the number of x's axes.

    `custom` is the user's own loss function, which takes targets and outputs in rows.
    """
    y = as_columns(net, y, rank, z.dtype)
    if custom is not None:
        outputs = tf.linalg.matrix_transpose(OUTPUTS[net.output](z))
        rows = custom(tf.linalg.matrix_transpose(y), outputs)
    else:
        rows = LOSSES[net.loss](y, OUTPUTS[net.output](z) if net.link == "identity" else z, tuning)
    weight = tuning.loss_weight
    return rows if is_absent(weight) else tensors.cast_and_expand(weight, rows) * rows


def normalized_weights(weights: Array) -> Any:
    """`w / sum(w)` for each row; 0 where the weights of a batch sum to 0."""
    return tf.math.divide_no_nan(weights, tf.reduce_sum(weights, axis=-1, keepdims=True))


def weights_and_total(x: Array, weights: Array) -> Any:
    """Row weights and their sums; None stands for weights of 1."""
    weights = tf.ones(tf.shape(x)[-2:-1], x.dtype) if weights is None else weights
    return weights, tf.reduce_sum(weights, axis=-1)


def _loss(
    net: Network, arguments: tuple[Any, ...], x: Array, y: Array, weights: Array = None
) -> Any:
    params, tuning, step = arguments
    layers = layout.columns(params)
    rows = row_losses(net, logits(net, layers, x, tuning, step), y, len(x.shape), tuning)
    weights, total = weights_and_total(x, weights)
    value = tf.reduce_sum(normalized_weights(weights) * rows, axis=-1)
    return penalties.add_penalties(tuning, layers, total, value)


def loss_and_grads(
    net: Network,
    layers: Params,
    batch: Batch,
    tuning: Any = NO_TUNING,
    step: Array = (),
    custom: Any = None,
    workers: Workers = ALONE,
) -> Any:
    """The loss `[*M]` of a Batch and its gradient; layers and gradient are in columns.

    The Batch holds the rows that this worker takes; its total is that of the whole batch.
    """
    x, y, weights, total = batch
    with tf.GradientTape() as tape:
        tape.watch(layers)
        z = logits(net, layers, x, tuning, step)
        rows = row_losses(net, z, y, len(x.shape), tuning, custom)
    # Weights as upstream gradient give the gradient of the weighted sum, in fewer kernels.
    grads = tape.gradient(rows, layers, tf.broadcast_to(weights, tf.shape(rows)))
    value = tf.reduce_sum(weights * rows, axis=-1)
    value, grads = reduce_all(workers, (value, grads))
    value = penalties.add_penalties(tuning, layers, total, value)
    grads = penalties.add_penalty_grads(tuning, layers, total, grads)
    return value, penalties.clip_grads(tuning, grads, len(value.shape))


def _grads(
    net: Network, arguments: tuple[Any, ...], x: Array, y: Array, weights: Array = None
) -> Any:
    params, tuning, step = arguments
    weights, total = weights_and_total(x, weights)
    layers = layout.columns(params)
    batch = Batch(x, y, normalized_weights(weights), total)
    return layout.rows(loss_and_grads(net, layers, batch, tuning, step)[1])
