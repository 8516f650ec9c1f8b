"""Full-batch minimization for both engines: SciPy's L-BFGS on the engine's loss and gradient."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import checks
from fnet.core.aliases import Params
from fnet.core.errors import InvalidArgument, NotFinite
from fnet.core.interrupts import interrupts
from fnet.core.params import leaves
from fnet.core.progress_bar import progress_bar

NEEDS_BATCHES = ("dropout", "input_dropout", "seed", "clipvalue", "global_clipnorm", "ema_momentum")
"""Fields of a Tuning that belong to training by batches."""

Evaluate = Callable[[npt.NDArray[Any]], tuple[Any, Any]]
"""A function of a flat vector of params that gives the loss and its gradient."""


class LBFGSResult(NamedTuple):
    """The result of `minimize_lbfgs`. Arrays have the member axes M.

    Attributes:
        params: The params where the minimization ended.
        loss: Their loss, penalties included, float64 `[*M]`.
        iterations: The number of iterations, int64 `[*M]`.
        evaluations: The number of evaluations of the loss and its gradient, int64 `[*M]`.
        history: `history["loss"]` has one value for each iteration, `[I]` or `[I, *M]` (NaN once a
            member has ended). `history["ended"]` is the reason for the end: "converged";
            "iterations" or "evaluations" at their maximum; "no descent" where no step along the
            gradient lowered the loss; or "interrupted". With member axes it is an array `[*M]`.
    """

    params: Params
    loss: npt.NDArray[np.float64]
    iterations: npt.NDArray[np.int64]
    evaluations: npt.NDArray[np.int64]
    history: dict[str, Any]

    def __repr__(self) -> str:
        """The numbers of each member, without params."""
        numbers = (f"{name}={_brief(getattr(self, name))}" for name in self._fields[1:4])
        return f"LBFGSResult({', '.join(numbers)}, ended={_brief(self.history['ended'])})"


def _brief(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=6, separator=", ", threshold=6)


def minimize(
    net: Any,
    params: Any,
    data: tuple[Any, Any, Any],
    evaluator: Callable[..., Evaluate],
    options: dict[str, Any],
) -> LBFGSResult:
    """The result of `minimize_lbfgs`, with params as flat vectors `[*M, P]`.

    Args:
        net: The network.
        params: The params to start from.
        data: `(x, y, weights)`.
        evaluator: The engine: `evaluator(x, y, weights, tuning)` for the data of one member
            returns a function of a flat vector that gives the loss and its gradient.
        options: The keyword arguments of `minimize_lbfgs`.
    """
    layers, x, y, weights = checks.batch(net, params, *data)
    members = checks.members_of(layers)
    if weights is not None and not weights.any():
        raise InvalidArgument("weights must not all be 0; give at least one row a weight above 0")
    tuning = checks.tuning(net, options["tuning"], members)
    for name in NEEDS_BATCHES:
        if getattr(tuning, name) is not None:
            raise InvalidArgument(
                f"{name} is for train, since minimize_lbfgs has no batches; leave it out"
            )
    limits = {
        "maxiter": checks.integer("max_iter", options["max_iter"], least=1),
        "maxfun": checks.integer("max_fun", options["max_fun"], least=1),
        "gtol": checks.one_number("tol", options["tol"]),
    }
    progress = checks.boolean("progress", options["progress"])
    arrays = [np.asarray(p).reshape(*members, -1) for p in leaves(layers)]
    vectors = np.concatenate(arrays, axis=-1)
    found = np.empty(members, object)
    with (
        interrupts() as interrupted,
        progress_bar(None, "iteration", shown=progress) as bar,
    ):
        for member in np.ndindex(members):
            own = (x[member], y[member]) if x.ndim > 2 else (x, y)
            own_weights = weights[member] if weights is not None and weights.ndim > 1 else weights
            evaluate = evaluator(*own, own_weights, tuning.of(member))
            found[member] = _minimize_one(evaluate, vectors[member], limits, interrupted, bar)
    return _stack(found)


def _minimize_one(
    evaluate: Evaluate,
    start: npt.NDArray[Any],
    limits: dict[str, Any],
    interrupted: Any,
    bar: Any,
) -> LBFGSResult:
    """The result of one member, from a flat vector to start with."""
    from scipy import optimize

    losses: list[float] = []

    @np.errstate(all="ignore")  # a loss that is not finite is reported below
    def evaluate_float64(vector: npt.NDArray[Any]) -> tuple[float, npt.NDArray[np.float64]]:
        value, grads = evaluate(vector.astype(start.dtype))
        return float(value), np.asarray(grads, np.float64)

    def report(intermediate_result: Any) -> None:
        losses.append(float(intermediate_result.fun))
        bar.update()
        if interrupted.is_set():
            raise StopIteration

    value, _ = evaluate_float64(start)
    if not np.isfinite(value):
        raise NotFinite(
            f"the loss of the first params is {value}; standardize x and y, or start from smaller "
            "params"
        )
    end = optimize.minimize(
        evaluate_float64,
        start.astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        callback=report,
        options=limits,
    )
    if not np.isfinite(end.fun):
        raise NotFinite(f"the loss is {end.fun} after {end.nit} iterations; standardize x and y")
    limit = "iterations" if end.nit >= limits["maxiter"] else "evaluations"
    ended = {0: "converged", 1: limit, 2: "no descent"}.get(end.status, "interrupted")
    history = {"loss": np.array(losses), "ended": ended}
    return LBFGSResult(end.x.astype(start.dtype), end.fun, end.nit, end.nfev, history)


def _stack(found: npt.NDArray[Any]) -> LBFGSResult:
    """One result of all members, from an array of the result of each."""

    def stack(read: Callable[[LBFGSResult], Any]) -> Any:
        return np.array([read(one) for one in found.flat]).reshape(found.shape)

    most = max(one.iterations for one in found.flat)
    losses = np.full((most, found.size), np.nan)
    for i, one in enumerate(found.flat):
        losses[: one.iterations, i] = one.history["loss"]
    ended = stack(lambda one: one.history["ended"])
    history = {
        "loss": losses.reshape(most, *found.shape),
        "ended": ended if found.shape else str(ended),
    }
    vectors: Any = np.stack([one.params for one in found.flat])
    return LBFGSResult(
        vectors.reshape(*found.shape, -1),
        stack(lambda one: one.loss),
        stack(lambda one: one.iterations),
        stack(lambda one: one.evaluations),
        history,
    )
