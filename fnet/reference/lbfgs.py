"""Full-batch minimization by L-BFGS, in NumPy. Twin of `engine/lbfgs.py`."""

from typing import Any

from fnet.core import blas_threads, lbfgs, signatures
from fnet.core.aliases import Array, Params
from fnet.core.batches import Batch
from fnet.core.lbfgs import LBFGSResult
from fnet.core.network import Network
from fnet.core.params import shapes
from fnet.core.signatures import training as public
from fnet.reference import functions, layout


@signatures.implements(public.minimize_lbfgs)
def minimize_lbfgs(
    net: Network, params: Params, x: Array, y: Array, weights: Array = None, **options: Any
) -> LBFGSResult:
    def evaluator(x: Array, y: Array, weights: Array, tuning: Any) -> Any:
        normalized = functions.normalized_weights(weights, x)
        batch = Batch(x, y, normalized, functions.total_weight(weights, x))

        def evaluate(vector: Array) -> Any:
            with blas_threads.limited_threads(net, x.shape[0]):
                return functions.loss_and_grads(net, vector, batch, tuning)

        return evaluate

    end = lbfgs.minimize(net, params, (x, y, weights), evaluator, options)
    result: LBFGSResult = end._replace(params=layout.unpack(shapes(net), end.params))
    return result
