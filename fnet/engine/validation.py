"""The loss and the metrics of rows that a network was not trained on, on TensorFlow.

Twin: `reference/validation.py`. In a body, params are in columns, and tensors stand for absent
fields as in `functions.py`.
"""

from typing import Any

import tensorflow as tf

from fnet.core import checks, metric_names
from fnet.core.aliases import Array, Params
from fnet.core.network import Network
from fnet.core.params import is_absent
from fnet.engine import functions, layout, metrics, tensors
from fnet.engine.losses import as_columns


def scores(net: Network, params: Params, data: Any, names: Any, tuning: Any) -> Any:
    """Metrics by name, as NumPy arrays `[*M]`, of data `(x, y, weights)`, each `[*M, ...]`."""
    layers, arrays = tensors.prepare_inputs(net, params, *data)
    tuning, _ = tensors.prepare_tuning(net, layers, tuning, None)
    names = checks.names(f"metrics under {net.loss}", names, metric_names.METRICS[net.targets])
    found = tensors.call_compiled(_scores, (net, names), (layers, tuning), *arrays)
    return {name: value.numpy() for name, value in found.items()}


def _scores(static: Any, arguments: tuple[Any, ...], x: Array, y: Array, weights: Array) -> Any:
    (net, names), (params, tuning) = static, arguments
    found = measure(net, layout.columns(params), (x, y, weights), names, tuning)
    return {name: found[name] for name in names}


def measure(
    net: Network, layers: Params, data: Any, names: Any, tuning: Any, custom: Any = None
) -> Any:
    """The loss and these metrics of data `(x, y, weights)` by name, each float64 `[*M]`."""
    x, y, weights = data
    weights, rank = tf.cast(weights, tf.float64), len(x.shape)
    z = functions.logits(net, layers, x)
    rows = functions.row_losses(net, z, y, rank, tuning, custom)
    normalized = functions.normalized_weights(weights)
    values = {"loss": tf.reduce_sum(normalized * tf.cast(rows, tf.float64), -1)}
    return values | {name: _metric(net, tuning, name, z, (y, rank, weights)) for name in names}


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
