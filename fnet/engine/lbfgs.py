"""Full-batch minimization by L-BFGS, on TensorFlow. Twin: `reference/lbfgs.py`."""

import math
from typing import Any

import tensorflow as tf

from fnet.core import lbfgs, signatures
from fnet.core.aliases import Array, Params
from fnet.core.batches import Batch
from fnet.core.lbfgs import LBFGSResult
from fnet.core.network import Network
from fnet.core.params import leaves, shapes
from fnet.core.signatures import training as public
from fnet.engine import functions, layout, tensors


@signatures.implements(public.minimize_lbfgs)
def minimize_lbfgs(
    net: Network, params: Params, x: Array, y: Array, weights: Array = None, **options: Any
) -> LBFGSResult:
    def evaluator(x: Array, y: Array, weights: Array, tuning: Any) -> Any:
        data = [tensors.tensor(array) for array in (x, y, weights) if array is not None]
        internal_tuning = tensors.tuning_tensors(tuning)
        return lambda vector: tensors.call_compiled(
            _evaluate, net, (tf.constant(vector), internal_tuning), *data
        )

    end = lbfgs.minimize(net, params, (x, y, weights), evaluator, options)
    params = tensors.to_external(_unpack(net, tf.constant(end.params)))
    result: LBFGSResult = end._replace(params=params)
    return result


def _evaluate(
    net: Network, arguments: tuple[Any, ...], x: Array, y: Array, weights: Array = None
) -> Any:
    """The loss of params in a flat vector `[P]`, and its gradient `[P]`."""
    vector, tuning = arguments
    weights, total = functions.weights_and_total(x, weights)
    batch = Batch(x, y, functions.normalized_weights(weights), total)
    layers = layout.columns(_unpack(net, vector))
    value, grads = functions.loss_and_grads(net, layers, batch, tuning)
    return value, tf.concat([tf.reshape(grad, [-1]) for grad in leaves(layout.rows(grads))], 0)


def _unpack(net: Network, vector: Array) -> Any:
    """Params from flat vectors `[*M, P]`."""
    wanted = [shape for _, own in shapes(net) for shape in own if shape is not None]
    arrays = iter(tf.split(vector, [math.prod(shape) for shape in wanted], axis=-1))
    members = tf.shape(vector)[:-1]

    def next_array(shape: Any) -> Any:
        return () if shape is None else tf.reshape(next(arrays), tf.concat([members, shape], 0))

    return tuple(kind(*map(next_array, own)) for kind, own in shapes(net))
