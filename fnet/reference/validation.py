"""The loss and the metrics of rows that a network was not trained on, in NumPy.

Twin of `engine/validation.py`. The formulas of the engine are repeated on purpose: a test oracle
must not import what it checks.
"""

import math
from typing import Any

import numpy as np

from fnet.core import batch_source, metric_names
from fnet.core.aliases import Array, Params
from fnet.core.batch_source import HeldOut
from fnet.core.network import Network
from fnet.reference import functions, metrics
from fnet.reference.losses import as_rows


@np.errstate(all="ignore")  # params that were kept before they became non-finite may be large
def held_out(net: Network, params: Params, x: Array, data: HeldOut, names: Any, tuning: Any) -> Any:
    """Metrics by name, `[*M]`, and predictions `[*M, V, K]` of the HeldOut rows of x."""
    tuning, _ = functions.prepare_tuning(net, params, tuning, None)
    z = row_logits(net, params, data.numbers, x)
    targets = data.y, data.numbers.ndim, data.weights.astype(np.float64)
    scores = {name: np.asarray(_metric(net, tuning, name, z, targets)) for name in names}
    return scores, functions.apply_link(net, z)


def measure(net: Network, params: Params, data: Any, names: Any, tuning: Any, x: Array) -> Any:
    """The loss and these metrics of validation data by name, each float64 `[*M]`.

    Data are `(x, y, weights)`, or a HeldOut of the training data x.
    """
    rows, y, weights = data
    weights = weights.astype(np.float64)
    z = row_logits(net, params, rows, x)
    losses = functions.row_losses(net, z, y, rows.ndim, tuning)
    values = {"loss": np.sum(functions.normalized_weights(weights, rows) * losses, axis=-1)}
    return values | {name: _metric(net, tuning, name, z, (y, rows.ndim, weights)) for name in names}


def row_logits(net: Network, params: Params, rows: Array, x: Array) -> Any:
    """The logits `[*M, V, K]` of rows, which are features, or numbers of rows of x."""
    if rows.dtype.kind == "f":
        return functions.logits(net, params, rows)
    *members, count, _ = rows.shape
    size = batch_source.slice_rows(net, math.prod(members))
    parts = (rows[..., start : start + size, 0] for start in range(0, count, size))
    return np.concatenate([functions.logits(net, params, x.take(p, axis=0)) for p in parts], -2)


def _metric(net: Network, tuning: Any, metric: str, z: Array, targets: Array) -> Any:
    """A metric `[*M]` of logits; `targets` is `(y, rank of x, weights)`."""
    y, rank, weights = targets
    body: Any = metrics.METRICS[net.targets][metric]
    if metric in metric_names.OF_PREDICTIONS:
        z = functions.apply_link(net, z)
    elif net.has_class_labels:
        return body(z, y.argmax(axis=-1) if y.ndim == rank else y, weights)
    quantiles = () if tuning.quantiles is None else (tuning.quantiles,)
    return body(z, as_rows(net, y, rank, z.dtype), weights, *quantiles)
