"""Evaluate a group of fits: prepare their fold once, train them together, score each.

The scores are scikit-learn's own: its `_fit_and_score` gets each candidate with a `fit` that keeps
what the group has learnt for it. What cannot train in a group is left to `_fit_and_score` alone.
"""

import functools
import time
from collections.abc import Callable
from typing import Any

from sklearn.pipeline import Pipeline

from fnet.core import training_loop
from fnet.core.errors import NotFinite
from fnet.core.run_state import Run
from fnet.estimators.base import BaseMLP, FitCall, FitTask, translated_errors
from fnet.estimators.verbose import show
from fnet.search import layout, members
from fnet.search.grouping import Fit, last_step
from fnet.search.layout import Group
from fnet.search.sklearn_api import check_method_params, clone, safe_split

VALIDATED = ("n_features_in_", "feature_names_in_")
"""The attributes that the validation of rows sets."""


def evaluate(work: list[tuple[Group, list[Fit]]]) -> list[tuple[int, dict[str, Any]]]:
    """The position of each fit with the result of its `_fit_and_score`."""
    return [result for group, fits in work for result in _evaluate_group(group, fits)]


def _evaluate_group(group: Group, fits: list[Fit]) -> list[tuple[int, dict[str, Any]]]:
    began = time.time()
    finishers: list[Callable[..., Any]] = []
    if group.program is not None:
        try:
            finishers = _train(group, fits)
        except Exception:  # of any step of a pipeline: each fit raises its own, or succeeds
            finishers = []
    for fit, finish in zip(fits, finishers, strict=False):
        vars(fit.estimator)["fit"] = finish
    seconds = (time.time() - began) / len(fits)
    found = []
    for position, fit in zip(group.fits, fits, strict=True):
        result = fit.function(fit.estimator, fit.X, fit.y, **fit.options)
        result["fit_time"] += seconds
        found.append((position, result))
        vars(fit.estimator).clear()  # frees what it has learnt
    return found


def _train(group: Group, fits: list[Fit]) -> list[Callable[..., Any]]:
    """Train the fits of a group; for each a function in the place of its estimator's `fit`."""
    for fit in fits:
        fit.set_params()
    prepared, task = _prepare(fits[0])
    trainings = [last_step(fit.estimator)._training(task) for fit in fits]
    plan = layout.layout(last_step(prepared), trainings[0], group)
    if plan.members < len(fits) and fits[0].options["verbose"]:
        size = len(fits) * plan.member_bytes / 2**20
        show(f"{len(fits)} candidates would take {size:.3g} MiB; {plan.members} train together")
    finishers: list[Callable[..., Any]] = []
    for start in range(0, len(fits), plan.members):
        runs = _run(trainings[start : start + plan.members], plan)
        estimators = (fit.estimator for fit in fits[start : start + plan.members])
        finishers += [
            functools.partial(_finish, estimator, prepared, task, run, plan.engine)
            for estimator, run in zip(estimators, runs, strict=True)
        ]
    return finishers


def _prepare(fit: Fit) -> tuple[Any, FitTask]:
    """A fitted pipeline but for its last step, or the estimator, and the task of the last step."""
    prepared = clone(fit.estimator)
    estimator: BaseMLP = last_step(prepared)
    tasks: list[FitTask] = []

    def keep_task(X: Any, y: Any, sample_weight: Any, held_out: Any) -> BaseMLP:
        call = FitCall(partial=False, resuming=False, classes=None)
        tasks.append(estimator._prepare((X, y, sample_weight), held_out, call))
        return estimator

    vars(estimator)["_fit"] = keep_task
    train, params = fit.options["train"], fit.options["fit_params"] or {}
    X, y = safe_split(prepared, fit.X, fit.y, train)
    prepared.fit(X, y, **check_method_params(fit.X, params=params, indices=train))
    return prepared, tasks[0]


def _run(trainings: list[Any], plan: layout.Layout) -> list[Run]:
    """Train members together; the Run of each."""
    if hasattr(trainings[0].data.x, "matrix"):
        raise TypeError("sparse rows have no member axis")
    count, rows = len(trainings), trainings[0].plan.rows
    if plan.shape is not None:  # the same shapes for all runs, so that they share a program
        trainings = trainings + trainings[-1:] * (plan.members - count)
    together = members.stacked(trainings)
    if plan.shape is not None:
        together = members.pad_to(together, *plan.shape)
    try:
        run = together.run(plan.side, **plan.options)
    except NotFinite as error:  # of some members: each reports it
        run = error.run
    if len(trainings) == 1:
        runs = [run._replace(rows=rows)]
    else:
        runs = [members.member(run, index, rows) for index in range(count)]
    if any(each.history["ended"] == "interrupted" for each in runs):
        raise KeyboardInterrupt
    return runs


def _finish(
    candidate: Any, prepared: Any, task: FitTask, run: Run, engine: Any, *_: Any, **__: Any
) -> Any:
    """Fit an estimator, or a pipeline, by what its group has learnt for it."""
    if isinstance(candidate, Pipeline):
        candidate.steps[:-1] = prepared.steps[:-1]
    estimator, model = last_step(candidate), last_step(prepared)
    vars(estimator).update({k: v for k, v in vars(model).items() if k in VALIDATED})
    estimator.engine_ = engine
    with translated_errors():
        training_loop._report(run, "error")
    estimator._store(task, run)
    return candidate
