"""The loss and the metrics of rows that a network was not trained on, in NumPy.

Twin of `engine/validation.py`. The formulas of the engine are repeated on purpose: a test oracle
must not import what it checks.
"""

from typing import Any

import numpy as np

from fnet.core import checks, metric_names
from fnet.core.aliases import Array, Params
from fnet.core.network import Network
from fnet.reference import functions, metrics
from fnet.reference.losses import as_rows


def scores(net: Network, params: Params, data: Any, names: Any, tuning: Any) -> Any:
    """Metrics by name, `[*M]`, of data `(x, y, weights)`, each `[*M, ...]`."""
    params, *arrays = functions.prepare_inputs(net, params, *data)
    tuning, _ = functions.prepare_tuning(net, params, tuning, None)
    names = checks.names(f"metrics under {net.loss}", names, metric_names.METRICS[net.targets])
    found = measure(net, params, arrays, names, tuning)
    return {name: np.asarray(found[name]) for name in names}


def measure(net: Network, params: Params, data: Any, names: Any, tuning: Any) -> Any:
    """The loss and these metrics of data `(x, y, weights)` by name, each float64 `[*M]`."""
    x, y, weights = data
    weights = weights.astype(np.float64)
    z = functions.logits(net, params, x)
    rows = functions.row_losses(net, z, y, x.ndim, tuning)
    values = {"loss": np.sum(functions.normalized_weights(weights, x) * rows, axis=-1)}
    return values | {name: _metric(net, tuning, name, z, (y, x.ndim, weights)) for name in names}


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
