"""The loss and the metrics of rows that a network was not trained on, on TensorFlow.

Twin: `reference/validation.py`. In a body, params are in columns, and tensors stand for absent
fields as in `functions.py`.
"""

import math
from typing import Any

import tensorflow as tf

from fnet.core import batch_source, metric_names
from fnet.core.aliases import Array, Params
from fnet.core.batch_source import HeldOut
from fnet.core.network import Network
from fnet.core.params import is_absent
from fnet.engine import functions, layout, metrics, tensors
from fnet.engine.losses import as_columns
from fnet.engine.workers import ALONE, Workers, gather, take


def held_out(
    net: Network, params: Params, x: Array, rows_held_out: HeldOut, names: Any, tuning: Any
) -> Any:
    """Metrics by name, `[*M]`, and predictions `[*M, V, K]` of the HeldOut rows of x, as arrays."""
    layers = tensors.to_internal(params)
    tuning, _ = tensors.prepare_tuning(net, layers, tuning, None)
    data = to_tensors(net, rows_held_out), tensors.padded_tensor(x)
    scores, found = tensors.call_compiled(_held_out, (net, tuple(names)), (layers, tuning, *data))
    predictions = found.numpy()[..., : rows_held_out.numbers.shape[-2], :]
    return {name: value.numpy() for name, value in scores.items()}, predictions


def _held_out(static: Any, arguments: tuple[Any, ...]) -> Any:
    (net, names), (params, tuning, (rows, y, weights), x) = static, arguments
    z = row_logits(net, layout.columns(params), rows, x)
    targets = y, len(rows.shape), tf.cast(weights, tf.float64)
    scores = {name: _metric(net, tuning, name, z, targets) for name in names}
    return scores, tf.linalg.matrix_transpose(functions.apply_link(net, z))


def to_tensors(net: Network, data: Any) -> Any:
    """Validation data `(x, y, weights)` as padded tensors; `()` without.

    The numbers of a HeldOut `[*M, V, 1]` are in slices, `[S, *M, V / S]`.
    """
    if data is None:
        return ()
    x, y, weights = data
    axis = x.ndim - 2
    rows, slices = batch_source.padded_rows(x.shape[axis]), 0
    if x.dtype.kind == "i":
        slices = -(-rows // batch_source.slice_rows(net, math.prod(x.shape[:axis])))
        rows = slices * -(-rows // slices)
    x, y = (tensors.pad_to(array, rows, axis) for array in (x, y))
    if slices:
        x = tf.stack(tf.split(x[..., 0], slices, axis=-1))
    return x, y, tensors.pad_to(weights, rows, weights.ndim - 1)


def measure(
    net: Network,
    layers: Params,
    data: Any,
    names: Any,
    tuning: Any,
    x: Array,
    custom: Any = None,
    workers: Workers = ALONE,
) -> Any:
    """The loss and these metrics of validation data by name, each float64 `[*M]`.

    Data are as `to_tensors` returns them; x are the rows of the training data. Each worker computes
    the logits of its share of the rows.
    """
    rows, y, weights = data
    weights, rank = tf.cast(weights, tf.float64), len(rows.shape)
    own = take(workers, rows, -2)  # features, where there are several workers
    z = gather(workers, row_logits(net, layers, own, x), weights.shape[-1])
    losses = functions.row_losses(net, z, y, rank, tuning, custom)
    normalized = functions.normalized_weights(weights)
    values = {"loss": tf.reduce_sum(normalized * tf.cast(losses, tf.float64), -1)}
    return values | {name: _metric(net, tuning, name, z, (y, rank, weights)) for name in names}


def row_logits(net: Network, layers: Params, rows: Array, x: Array) -> Any:
    """The logits in columns `[*M, K, V]` of rows, which are features, or slices of row numbers."""
    if rows.dtype.is_floating:
        return functions.logits(net, layers, rows)

    def some(numbers: Array) -> Any:
        return functions.logits(net, layers, tf.gather(x, numbers))

    if rows.shape[0] == 1:
        return some(rows[0])
    parts = tf.map_fn(some, rows, parallel_iterations=1, fn_output_signature=x.dtype)
    return tf.concat(tf.unstack(parts, rows.shape[0]), -1)


def _metric(net: Network, tuning: Any, metric: str, z: Array, targets: Array) -> Any:
    """A metric `[*M]` of logits in columns; `targets` is `(y, rank of x, weights)`."""
    y, rank, weights = targets
    body: Any = metrics.METRICS[net.targets][metric]
    if metric in metric_names.OF_PREDICTIONS:
        z = functions.apply_link(net, z)
    elif net.has_class_labels:
        labels = tf.argmax(y, -1) if len(y.shape) == rank else tf.cast(y, tf.int64)
        return body(z, labels, weights)
    quantiles = () if is_absent(tuning.quantiles) else (tuning.quantiles,)
    return body(z, as_columns(net, y, rank, z.dtype), weights, *quantiles)
