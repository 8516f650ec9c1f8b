"""Which candidates of a search may train as members of one run.

Hyperparameters that are numbers go along the member axis. Whatever else an estimator is given must
be equal within a group.
"""

from collections import defaultdict
from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from fnet.core.batches import minibatch_plan
from fnet.core.optimizers import spec as spec_of
from fnet.core.tuning import Tuning
from fnet.estimators import MLPClassifier, MLPRegressor, translation
from fnet.search.layout import MAX_MEMBERS, Group
from fnet.search.members import NEUTRAL
from fnet.search.sklearn_api import clone, content_hash

ESTIMATORS = (MLPClassifier, MLPRegressor)

NUMBERS = {
    *("alpha", "beta_1", "beta_2", "clipvalue", "dropout", "epsilon", "global_clipnorm"),
    *("learning_rate", "learning_rate_init", "momentum", "n_iter_no_change", "nesterovs_momentum"),
    *("power_t", "solver", "tol", "tuning"),
}
"""The arguments that make the optimizer, the Tuning and the stopping, which members have each."""

NOT_IN_PROGRAM = {
    *("class_weight", "max_iter", "random_state", "shuffle", "standardize", "validation_fraction"),
}
"""The arguments that members of a run share, although runs that differ in them share a program."""

PLAN = minibatch_plan(1, 1, 1, None)
"""A plan for an optimizer whose kind alone is of interest."""


class Fit(NamedTuple):
    """A call of scikit-learn's `_fit_and_score`: one candidate on one fold.

    Attributes:
        function: The function.
        estimator: A clone of the search's estimator.
        X: All rows.
        y: All targets.
        options: The other arguments, by name: `parameters`, `train`, `test` and so on.
    """

    function: Any
    estimator: Any
    X: Any
    y: Any
    options: dict[str, Any]

    def set_params(self) -> None:
        """Give the candidate's parameters to its estimator."""
        self.estimator.set_params(**clone(self.options["parameters"], safe=False))


def groups(fits: list[Fit]) -> list[Group]:
    """The groups of all fits, fold by fold. They do not depend on how many jobs there are."""
    keys: dict[int, tuple[Hashable, Hashable] | None] = {}
    members: dict[Hashable, list[int]] = defaultdict(list)
    programs: dict[Hashable, Hashable] = {}
    for position, fit in enumerate(fits):
        candidate, fold = fit.options["candidate_progress"][0], fit.options["split_progress"][0]
        if candidate not in keys:
            keys[candidate] = _keys(fit)
        program, run = keys[candidate] or (None, ("alone", position))
        members[fold, run].append(position)
        programs[fold, run] = program
    parts = [
        (programs[key], part.tolist())
        for key, positions in members.items()
        for part in np.array_split(positions, -(-len(positions) // MAX_MEMBERS))
    ]
    sizes: dict[Hashable, list[int]] = defaultdict(list)
    for program, part in parts:
        sizes[program].append(len(part))
    rows = [len(fit.options["train"]) for fit in fits]
    limits = min(rows, default=0), max(rows, default=0)
    found = [Group(part, p, max(sizes[p]), len(sizes[p]), len(fits), limits) for p, part in parts]
    return sorted(found, key=lambda group: fits[group.fits[0]].options["split_progress"][0])


def last_step(estimator: Any) -> Any:
    """The estimator itself, or the last step of a pipeline."""
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


def _keys(fit: Fit) -> tuple[Hashable, Hashable] | None:
    """What a candidate must have in common with others to share their program, and their run.

    None where it trains alone, or where its parameters are refused, as its own fit then tells.
    """
    try:
        fit.set_params()
        estimator = last_step(fit.estimator)
        estimator._validate_params()
        if type(estimator) not in ESTIMATORS or estimator.solver == "lbfgs":
            return None
        if estimator.callback is not None or estimator.verbose:
            return None
        structure = _structure(estimator)
    except (AttributeError, TypeError, ValueError):
        return None
    prefix = "" if fit.estimator is estimator else f"{fit.estimator.steps[-1][0]}__"
    program: list[Hashable] = []
    run: list[Hashable] = []
    for name, value in sorted(fit.options["parameters"].items()):
        argument = name.removeprefix(prefix)
        of_earlier_step = not name.startswith(prefix)
        if not of_earlier_step and argument in NUMBERS:
            continue
        only_run = of_earlier_step or argument in NOT_IN_PROGRAM
        (run if only_run else program).append((name, _identity(value)))
    shared = tuple(program), structure
    return shared, (shared, tuple(run))


def _structure(estimator: Any) -> Hashable:
    """The static part of what NUMBERS make of an estimator."""
    given = Tuning(clipvalue=estimator.clipvalue, global_clipnorm=estimator.global_clipnorm)
    fields = (given, estimator.tuning or Tuning())
    present = {name for t in fields for name, value in t._asdict().items() if value is not None}
    return (
        spec_of(translation.optimizer(estimator, PLAN)),
        frozenset(present - NEUTRAL.keys()),
        frozenset(translation.stopping(estimator, "score")),
        bool(np.isinf(estimator.n_iter_no_change)),
    )


def _identity(value: Any) -> Hashable:
    """Equal for equal values; for those that cannot be pickled, for the same object."""
    try:
        return content_hash(value)
    except Exception:  # pickling calls the value's own code
        return id(value)
