"""The fits of candidates on folds, of which a file and Ctrl-C keep those that have finished."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.cli import common, estimators, scores, search_checkpoints, searching
from fnet.cli.scores import Outputs
from fnet.cli.searching import Task
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Result = dict[str, Any]

OF_SEARCH = ("fit_error", "test_scores", "n_test_samples", "fit_time", "score_time")
"""What a search knows of a fit."""


class Fits(NamedTuple):
    """What a command fits.

    Attributes:
        command: Its name.
        more: The options that are its own, by which a checkpoint recognizes it.
        candidates: The parameters of each candidate, by the names of the pipeline.
        refit: Whether to fit the candidate with the best first score on all rows.
        keep_outputs: Whether to keep the predictions of held-out rows, of a single candidate.
    """

    command: str
    more: dict[str, Any]
    candidates: list[dict[str, Any]]
    refit: bool = False
    keep_outputs: bool = False


class Outcome(NamedTuple):
    """What has been fitted.

    Attributes:
        results: What scikit-learn's `_fit_and_score` returned of each fit, by the position
            `candidate * folds + fold`; with predictions, if these are kept, as `outputs`.
        best: The best pipeline, fitted on all rows, or None.
        stopped: What Ctrl-C has left undone, or None.
    """

    results: Mapping[int, Result]
    best: "Pipeline | None" = None
    stopped: str | None = None


def run(task: Task, fits: Fits) -> Outcome:
    """Fit all candidates on all folds, unless Ctrl-C ends it.

    Args:
        task: The table and its folds.
        fits: What to fit.

    Returns:
        The Outcome, which has at least one fit.

    Raises:
        InvalidArgument: All fits failed, or the checkpoint is another one's.
        KeyboardInterrupt: Ctrl-C before any fit had finished.
    """
    path, total = task.options.checkpoint, len(fits.candidates) * len(task.folds)
    call = search_checkpoints.call(fits.command, task, fits.more)
    results = {} if path is None else search_checkpoints.read(path, call, total)
    kept: dict[int, Outputs] = {}

    def finished(pairs: list[tuple[int, Result]]) -> None:
        for position, result in pairs:
            results[position] = dict(result)
            if fits.keep_outputs and result["fit_error"] is None:
                outputs = kept[int(task.folds[position][1][0])]
                results[position]["outputs"] = outputs._asdict()
        if path is not None:
            search_checkpoints.write(path, call, results)

    def scorer(estimator: Any, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> dict[str, float]:
        searching.require_finished(estimator)
        outputs, rows = scores.outputs_of(estimator, X), X[:, 0]
        if fits.keep_outputs:
            kept[int(rows[0])] = outputs
        return searching.greater_is_better(task, y, outputs, rows)

    try:
        best = _fit(task, fits, results, finished, scorer)
    except KeyboardInterrupt:
        if not results:
            raise KeyboardInterrupt(
                "interrupted before a fit had finished; nothing was written"
            ) from None
        rest = f"{len(results):,} of {common.count(total, 'fit')}"
        if len(results) == total:
            rest = "all fits, but not of the last one on all rows"
        return Outcome(results, None, rest)
    return Outcome(results, best)


def raise_if_stopped(outcome: Outcome, task: Task, *written: str | None) -> None:
    """Raise KeyboardInterrupt if Ctrl-C has ended the fits, with what is left of them."""
    if outcome.stopped is None:
        return
    paths = ", ".join(path for path in written if path is not None)
    message = f"interrupted after {outcome.stopped}"
    if paths:
        message += f"; what is done is in {paths}"
    if task.options.checkpoint is not None:
        message += f"; the checkpoint is {task.options.checkpoint}, run the same command to resume"
    raise KeyboardInterrupt(message)


def _fit(
    task: Task, fits: Fits, results: Mapping[int, Result], finished: Any, scorer: Any
) -> "Pipeline | None":
    """Fit what has no result yet, and the best candidate on all rows."""
    import fnet
    from fnet.core.progress_bar import progress_bar
    from fnet.search.parallel import observed

    search = fnet.GridSearchCV(
        searching.pipeline(task),
        [{name: [value] for name, value in each.items()} for each in fits.candidates],
        scoring=scorer,
        cv=task.folds,
        refit=task.metrics[0] if fits.refit else False,
    )
    x, weights = np.arange(len(task.y))[:, None], task.rows.weights
    given = {} if weights is None else {f"{searching.STEPS[1]}__sample_weight": weights}
    known = {i: {name: result[name] for name in OF_SEARCH} for i, result in results.items()}
    total = len(fits.candidates) * len(task.folds)
    with progress_bar(total, " fits", initial=len(known), label=fits.command) as bar:

        def more(pairs: list[tuple[int, Result]]) -> None:
            finished(pairs)
            bar.update(len(pairs))

        try:
            with estimators.without_irrelevant_warnings(), observed(known, more):
                warnings.filterwarnings("ignore", "(?s).*fits failed out of a total of")
                warnings.filterwarnings("ignore", "One or more of the test scores are non-finite")
                search.fit(x, task.y, **given)
        except ValueError:
            if not results or any(each["fit_error"] is None for each in results.values()):
                raise
    errors = [each["fit_error"] for each in results.values()]
    if all(errors):
        raise InvalidArgument(
            f"all {len(errors)} fits failed; the first: {searching.reason(errors[0])}"
        )
    if not fits.refit:
        return None
    best: Pipeline = search.best_estimator_
    searching.require_finished(best)
    return best
