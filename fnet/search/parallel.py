"""scikit-learn's `fit` of a search, with groups of fits as the tasks of joblib."""

import contextlib
import inspect
import types
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple, Self, TypeAlias

from fnet.search.evaluation import evaluate
from fnet.search.grouping import Fit, groups
from fnet.search.layout import Group
from fnet.search.sklearn_api import (
    BaseSearchCV,
    Parallel,
    delayed,
    effective_n_jobs,
    get_active_backend,
)

Result: TypeAlias = dict[str, Any]
"""What `_fit_and_score` returns of a fit."""


class Observer(NamedTuple):
    """Who is told of the fits of a search as they finish.

    Attributes:
        known: The results of fits that need not be repeated, by their positions.
        finished: Called with the positions and the results of each group that has finished.
    """

    known: Mapping[int, Result]
    finished: Callable[[list[tuple[int, Result]]], None]


_OBSERVER: ContextVar[Observer | None] = ContextVar("_OBSERVER", default=None)


@contextlib.contextmanager
def observed(
    known: Mapping[int, Result], finished: Callable[[list[tuple[int, Result]]], None]
) -> Iterator[None]:
    """Within it, a search in this thread has an Observer.

    The position of a fit is `candidate * folds + fold`. A group whose results are all known is not
    fitted again. That changes no result: what the groups are, and how each is trained, depends on
    all fits of the search.

    Args:
        known: The results of an earlier search of the same fits.
        finished: Called in this thread, for each group that is fitted.
    """
    token = _OBSERVER.set(Observer(known, finished))
    try:
        yield
    finally:
        _OBSERVER.reset(token)


class Groups(contextlib.AbstractContextManager["Groups"]):
    """Used as a `Parallel` that fits in groups what scikit-learn asks it to fit one by one.

    Threads suit it best, unless the user says otherwise (`joblib.parallel_config`): TensorFlow
    computes outside Python, and threads share its programs.
    """

    def __init__(self, **options: Any) -> None:
        """The options of a `Parallel`."""
        self._options = options

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(self, *_: Any) -> None:
        """Nothing to close."""

    def __call__(self, tasks: Iterable[Any]) -> list[dict[str, Any]]:
        """The results of the calls of `_fit_and_score`, in their order."""
        fits = [
            Fit(inspect.unwrap(function), estimator, X, y, options)
            for function, (estimator, X, y), options in tasks
        ]
        tasks = _tasks(groups(fits), effective_n_jobs(self._options.get("n_jobs")))
        options = {"prefer": "threads", **self._options}
        results: dict[int, Result] = {}
        observer = _OBSERVER.get()
        if observer is not None:
            results.update(observer.known)
            tasks = [[g] for task in tasks for g in task if not results.keys() >= {*g.fits}]
            options["return_as"] = "generator"
        calls = (
            delayed(evaluate)([(group, [fits[i] for i in group.fits]) for group in task])
            for task in tasks
        )
        with _reported_deaths():
            for pairs in Parallel(**options)(calls):
                if observer is not None:
                    observer.finished(pairs)
                results.update(pairs)
        return [results[position] for position in range(len(fits))]


@contextlib.contextmanager
def _reported_deaths() -> Iterator[None]:
    """Within it, Dask's error about a task whose workers died reaches joblib.

    Dask runs such a task again, four times at most. joblib (1.6) does not call back then, and would
    wait for the task for ever.
    """
    backend, _ = get_active_backend()
    if type(backend).__name__ != "DaskDistributedBackend":
        yield
        return
    submit = backend.submit

    def submit_and_report(task: Any, callback: Callable[[Any], Any]) -> Any:
        def report(done: Any) -> None:
            if done.exception() is not None:
                callback(done.exception())

        future = submit(task, callback)
        future.add_done_callback(report)
        return future

    backend.submit = submit_and_report
    try:
        yield
    finally:
        del backend.submit


def _tasks(found: list[Group], jobs: int) -> list[list[Group]]:
    """The groups of each task: those of a program together, where there is work for all jobs.

    A process then compiles as few programs as can be. It changes no result.
    """
    by_program: dict[Hashable, list[Group]] = defaultdict(list)
    for i, group in enumerate(found):
        by_program[i if group.program is None else group.program].append(group)
    return list(by_program.values()) if len(by_program) >= 2 * jobs else [[g] for g in found]


def _with_groups(fit: Callable[..., Any]) -> Callable[..., Any]:
    """A method of scikit-learn in which the name `Parallel` means Groups."""
    plain: Any = inspect.unwrap(fit)
    names = plain.__globals__ | {"Parallel": Groups}
    return types.FunctionType(plain.__code__, names, plain.__name__, plain.__defaults__)


fit_in_groups = _with_groups(BaseSearchCV.fit)
"""`BaseSearchCV.fit` of scikit-learn, with Groups."""
