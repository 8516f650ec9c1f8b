"""Full-batch minimization for both engines: SciPy's L-BFGS with the engine's loss and gradient.

The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno takes few and dear steps, each
from every row: the right tool for small data (Liu and Nocedal, 1989).
"""

from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks
from fnet.core.errors import InvalidArgument, NotFinite
from fnet.core.interrupts import interrupts
from fnet.core.params import leaves
from fnet.core.progress_bar import progress_bar

OF_STEPS = ("dropout", "input_dropout", "seed", "clipvalue", "global_clipnorm", "ema_momentum")
"""Numbers of a Tuning that belong to a run of steps."""


class LBFGSResult(NamedTuple):
    """Where a minimization ended. Arrays have the member axes M.

    `loss` is that of `params`, penalties included. `history["loss"]` has one value an iteration,
    `[I]` or `[I, *M]` (NaN once a member has ended); `history["ended"]` says why it ended:
    "converged", "iterations" or "evaluations" where there were as many as allowed, "no descent"
    where no step down the gradient made the loss smaller, or "interrupted".
    """

    params: tuple
    loss: Any  # float64 [*M]
    iterations: Any  # int64 [*M]
    evaluations: Any  # int64 [*M]: of the loss and its gradient
    history: dict


def minimize(net, params, data, evaluator, options):
    """What both sides' `minimize_lbfgs` do. Its params are rows of numbers, `[*M, P]`.

    `data` is `(x, y, weights)`, and `options` are its keyword arguments.
    `evaluator(x, y, weights, tuning)` is the engine: for one member's data it returns a function
    of such a row that gives the loss and its gradient.
    """
    layers, x, y, weights = checks.batch(net, params, *data)
    members = checks.members_of(layers)
    if weights is not None and not weights.any():
        raise InvalidArgument("weights must not all be 0: there would be nothing to learn from")
    tuning = checks.tuning(net, options["tuning"], members)
    for name in OF_STEPS:
        if getattr(tuning, name) is not None:
            raise InvalidArgument(f"{name} is for train: minimize_lbfgs takes no steps by batches")
    limits = {
        "maxiter": checks.integer("max_iter", options["max_iter"], least=1),
        "maxfun": checks.integer("max_fun", options["max_fun"], least=1),
        "gtol": checks.one_number("tol", options["tol"]),
    }
    progress = checks.boolean("progress", options["progress"])
    arrays = [np.asarray(p).reshape(*members, -1) for p in leaves(layers)]
    rows = np.concatenate(arrays, axis=-1)
    found = np.empty(members, object)
    with (
        interrupts() as asked,
        progress_bar(None, "iteration", shown=progress) as bar,
    ):
        for member in np.ndindex(members):
            data = (x[member], y[member]) if x.ndim > 2 else (x, y)
            of_rows = weights[member] if weights is not None and weights.ndim > 1 else weights
            evaluate = evaluator(*data, of_rows, tuning.of(member))
            found[member] = _descend(evaluate, rows[member], limits, asked, bar)
    return _together(found)


def _descend(evaluate, start, limits, asked, bar):
    """The LBFGSResult of one member, from a row of numbers to start with."""
    from scipy import optimize

    losses = []

    @np.errstate(all="ignore")  # what is not finite is reported
    def measured(row):
        value, grads = evaluate(row.astype(start.dtype))
        return float(value), np.asarray(grads, np.float64)

    def report(intermediate_result):
        losses.append(float(intermediate_result.fun))
        bar.update()
        if asked.is_set():
            raise StopIteration

    value, _ = measured(start)
    if not np.isfinite(value):
        raise NotFinite(
            f"the loss of the params to start with is {value}: standardize x and y, or start from "
            "smaller params"
        )
    end = optimize.minimize(
        *(measured, start.astype(np.float64)),
        jac=True,
        method="L-BFGS-B",
        callback=report,
        options=limits,
    )
    if not np.isfinite(end.fun):
        raise NotFinite(f"the loss is {end.fun} after {end.nit} iterations: standardize x and y")
    many = "iterations" if end.nit >= limits["maxiter"] else "evaluations"
    ended = {0: "converged", 1: many, 2: "no descent"}.get(end.status, "interrupted")
    history = {"loss": np.array(losses), "ended": ended}
    return LBFGSResult(end.x.astype(start.dtype), end.fun, end.nit, end.nfev, history)


def _together(found):
    """The LBFGSResult of all members."""

    def of_each(read):
        return np.array([read(one) for one in found.flat]).reshape(found.shape)

    most = max(one.iterations for one in found.flat)
    losses = np.full((most, found.size), np.nan)
    for i, one in enumerate(found.flat):
        losses[: one.iterations, i] = one.history["loss"]
    ended = of_each(lambda one: one.history["ended"])
    history = {
        "loss": losses.reshape(most, *found.shape),
        "ended": ended if found.shape else str(ended),
    }
    rows = np.stack([one.params for one in found.flat])
    return LBFGSResult(
        rows.reshape(*found.shape, -1),
        of_each(lambda one: one.loss),
        of_each(lambda one: one.iterations),
        of_each(lambda one: one.evaluations),
        history,
    )
