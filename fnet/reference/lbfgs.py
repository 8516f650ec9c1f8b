"""Full-batch minimization by L-BFGS, in NumPy. Twin of `minimizing.py`."""

from fnet.core import lbfgs
from fnet.core.network import Layer
from fnet.reference import functions, layout


def minimize_lbfgs(
    net,
    params,
    x,
    y,
    weights=None,
    *,
    tuning=None,
    max_iter=200,
    max_fun=15_000,
    tol=1e-4,
    progress=False,
):
    """Minimize the loss over all rows by L-BFGS; see `fnet.minimize_lbfgs`."""

    def evaluator(x, y, weights, tuning):
        share, total = functions.shares(weights, x), functions.total(weights, x)

        def evaluate(row):
            params = (Layer(row),)
            value, ((slopes, _),) = functions.loss_and_grads(
                *(net, params, x, y, share, total, tuning)
            )
            return value, slopes

        return evaluate

    end = lbfgs.minimize(
        *(net, params, x, y, weights, evaluator),
        tuning=tuning,
        max_iter=max_iter,
        max_fun=max_fun,
        tol=tol,
        progress=progress,
    )
    return end._replace(params=layout.unpacked(net, (Layer(end.params),)))
