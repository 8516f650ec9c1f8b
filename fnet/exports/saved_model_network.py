"""A network in operations of TensorFlow, up to its predictions, for SavedModel and TFLite.

Rows are `[N, D]`, predictions `[*M, N, K]`, with the member axes of params.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

from fnet.core import checks, conformal
from fnet.core.conformal import ConformityScores
from fnet.core.network import Network
from fnet.core.params import CodeEmbedding, PeriodicEmbedding, is_absent, split
from fnet.core.scaling import Scaling
from fnet.engine import activations, tensors
from fnet.exports.operations import operation
from fnet.exports.scaling import of_targets
from fnet.files.schema import Content

Operations: TypeAlias = Mapping[str, Callable[[Any], Any]]

OPERATIONS: Operations = {**activations.OUTPUTS, "softmax": tf.nn.softmax, "sort": tf.sort}
"""Activations and links of rows `[N, K]`. Those that work along an axis take the last one."""


def standardize(x: Any, scaling: Scaling) -> Any:
    """Standardized features, computed in float64 as on the host."""
    x, dtype = tf.cast(x, tf.float64), x.dtype
    return tf.cast((x - scaling.x_mean) / scaling.x_scale, dtype)


class Functions(NamedTuple):
    """The functions of rows `[N, D]` that are not scaled.

    Attributes:
        predict: The predictions of each member, `[*M, N, K]`.
        forward: The outputs after the output activation, `[*M, N, K]`.
        dtype: The type of params.
    """

    predict: Callable[[Any], Any]
    forward: Callable[[Any], Any]
    dtype: Any


def functions(
    content: Content,
    dtype: Any,
    operations: Operations = OPERATIONS,
    standardize: Callable[[Any, Scaling], Any] = standardize,
) -> Functions:
    """The functions of a network with params of this type."""
    net, scaling = content.net, content.scaling
    params = tensors.to_internal(content.params, dtype)
    blocks, layers = split(net, params)
    kind, own = layers[0].w.dtype, checks.params_dtype(content.params)

    def outputs(x: Any, last: str) -> Any:
        if scaling is not None:
            x = standardize(x, scaling)
        if content.ensemble is not None:
            x = tf.cast(x, own)  # a Model does so
        x = tf.cast(x, kind)
        if blocks:
            x = _embedded(net, blocks, x)
        for layer, name in zip(layers, (*net.hidden, last), strict=True):
            z = tf.matmul(x, layer.w)
            x = operation("TensorFlow", operations, name)(
                z if is_absent(layer.b) else z + layer.b[..., None, :]
            )
        return x

    def predict(x: Any) -> Any:
        found = outputs(x, net.output if net.link == "identity" else net.link)
        if scaling is not None and scaling.y_mean is not None:
            scale, mean = of_targets(scaling, kind.as_numpy_dtype)
            found = found * scale + mean
        return found

    return Functions(predict, lambda x: outputs(x, net.output), kind)


def mean(x: Any, members: tuple[int, ...]) -> Any:
    """The mean of predictions over member axes."""
    return tf.reduce_mean(x, axis=list(range(len(members)))) if members else x


# Entries before the layers.


def _embedded(net: Network, blocks: Any, x: Any) -> Any:
    """The input of the first dense layer: features that are numbers, then what entries add."""
    added = [operation("TensorFlow", EMBEDDINGS, type(entry))(net, entry, x) for entry in blocks]
    members = added[0].shape[:-2].as_list()
    numbers = tf.gather(x, list(net.numbers), axis=-1)
    if members:
        numbers = tf.broadcast_to(numbers, [*members, tf.shape(x)[0], len(net.numbers)])
    return tf.concat([numbers, *added], axis=-1)


def _periodic(net: Network, entry: Any, x: Any) -> Any:
    """Periodic functions of features, `[*M, N, Q * F]`."""
    assert net.embedding is not None
    features, _, outputs = net.embedding
    chosen = tf.transpose(tf.gather(x, list(features), axis=-1))[..., None]  # [F, N, 1]
    angles = chosen * entry.frequencies[..., None, :] * (2 * math.pi)
    waves = tf.cos(angles + entry.phases[..., None, :])
    e = tf.matmul(waves, entry.w) + entry.b[..., None, :]  # [*M, F, N, Q]
    axes = e.shape.rank - 3
    return _merged(e, [*range(axes), axes + 1, axes + 2, axes], outputs * len(features))


def _of_codes(net: Network, entry: Any, x: Any) -> Any:
    """The numbers of the levels of features, `[*M, N, Q * F]`.

    Codes are rounded, since the quotients of TFLite are not exact.
    """
    assert net.codes is not None
    features, levels, outputs = net.codes
    offsets = np.cumsum([0, *levels[:-1]]).astype(np.int32)
    places = tf.cast(tf.round(tf.gather(x, list(features), axis=-1)), tf.int32) + offsets
    e = tf.gather(entry.w, places, axis=-2)  # [*M, N, F, Q]
    axes = e.shape.rank - 3
    return _merged(e, [*range(axes), axes, axes + 2, axes + 1], outputs * len(features))


def _merged(e: Any, perm: list[int], width: int) -> Any:
    """Numbers with their axes in the order `[*M, N, Q, F]`, as `[*M, N, Q * F]`."""
    members, rows = e.shape[: len(perm) - 3].as_list(), tf.shape(e)[perm[-3]]
    return tf.reshape(tf.transpose(e, perm), [*members, rows, width])


EMBEDDINGS: dict[type, Callable[[Network, Any, Any], Any]] = {
    PeriodicEmbedding: _periodic,
    CodeEmbedding: _of_codes,
}
"""What each kind of entry before the dense layers adds to the input of the first one."""


# Intervals.


def interval(
    net: Network, outputs: Any, kept: ConformityScores, coverage: float
) -> tuple[Any, Any]:
    """Lower and upper ends `[N, K]`, as `fnet.core.ensemble.intervals` has them."""
    below = above = tf.cast(outputs, tf.float64)
    if net.targets == "quantiles":
        below, above = below[..., :1], above[..., -1:]
    upper = _smallest(above, kept, coverage)
    lower = -_smallest(-below, kept, coverage)
    middle = tf.where(lower > upper, (lower + upper) / 2, lower)
    ends = middle, tf.maximum(middle, upper)
    return (tf.nn.relu(ends[0]), tf.nn.relu(ends[1])) if net.targets == "counts" else ends


def _smallest(shifts: Any, kept: ConformityScores, coverage: float) -> Any:
    """The smallest sum of shifts `[M, N, K]` and scores of the weighted rank, `[N, K]`."""
    members, places = np.nonzero(kept.weights)
    by_row = tf.gather(tf.transpose(shifts, [1, 2, 0]), members, axis=-1)  # [N, K, scores]
    sums = by_row + kept.scores[members, places].T
    order = tf.argsort(sums, axis=-1, stable=True)
    weights = tf.gather(tf.constant(kept.weights[members, places]), order)
    rank = conformal.rank_of(kept, coverage) - conformal.RANK_SLACK
    reached = tf.cumsum(weights, axis=-1) >= rank
    first = tf.argmax(tf.cast(reached, tf.int32), axis=-1)[..., None]
    chosen = tf.gather(order, first, batch_dims=2)
    return tf.gather(sums, chosen, batch_dims=2)[..., 0]
