"""Full-batch minimization by L-BFGS, in NumPy. Twin of `lbfgs.py`."""

from fnet.core import lbfgs, signatures
from fnet.core.batches import Batch
from fnet.core.lbfgs import LBFGSResult
from fnet.core.params import shapes
from fnet.core.signatures import training as public
from fnet.reference import functions, layout


@signatures.implements(public.minimize_lbfgs)
def minimize_lbfgs(net, params, x, y, weights=None, **options) -> LBFGSResult:
    def evaluator(x, y, weights, tuning):
        shares = functions.normalized_weights(weights, x)
        batch = Batch(x, y, shares, functions.total_weight(weights, x))
        return lambda row: functions.loss_and_grads(net, row, batch, tuning)

    end = lbfgs.minimize(net, params, (x, y, weights), evaluator, options)
    return end._replace(params=layout.unpack(shapes(net), end.params))
