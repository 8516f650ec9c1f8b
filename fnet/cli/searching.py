"""What `fnet cv` and `fnet search` fit on folds, and the scores of that.

The encoder of the table is a step of what is fitted: each fold's is learnt from its training rows.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.cli import common, estimators, reading, scores, splits, training_rows
from fnet.cli.options import TrainOptions
from fnet.cli.splits import Indices
from fnet.cli.training_rows import TableRows
from fnet.core.errors import InvalidArgument
from fnet.core.names import suggestion

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from fnet.encoding import Encoding

STEPS = ("encoder", "network")
"""The names of the steps of what is fitted."""


NO_SPLIT = re.compile("test_size|train_size|validation_fraction")
"""What the errors name where some training rows cannot be set aside."""


class Task(NamedTuple):
    """What is fitted on which rows.

    Attributes:
        rows: The rows of the table.
        encoding: What its columns are, learnt from all rows.
        folds: `(train, held_out)` for each fold.
        options: The options of the training.
        metrics: The names of the scores.
        digest: The SHA-256 of the rows as numbers, their targets, weights and folds.
    """

    rows: TableRows
    encoding: "Encoding"
    folds: list[tuple[Indices, Indices]]
    options: TrainOptions
    metrics: tuple[str, ...]
    digest: str

    @property
    def y(self) -> npt.NDArray[Any]:
        """The target `[N]`."""
        return self.rows.data.target.values

    @property
    def features(self) -> list[str]:
        """The columns that are features."""
        return [column.name for column in self.encoding.columns if column.steps]


class FoldScore(NamedTuple):
    """A candidate's fit on a fold: its scores by metric, its time, and why it failed, if it did."""

    scores: dict[str, float]
    seconds: float
    error: str | None = None


def read(data: str, target: str, options: TrainOptions, folds: int, metrics: Sequence[str]) -> Task:
    """Read a table and split it into folds.

    Args:
        data: The path of the table.
        target: The name of the target.
        options: The options of the training.
        folds: The number of folds.
        metrics: The names of the scores; none for all of the task.

    Returns:
        The Task.

    Raises:
        InvalidArgument: The table, or a score for this target, is not valid.
    """
    with reading.open_table(data, options.reading) as table:
        rows = training_rows.read_rows(table, target, options)
        y = rows.data.target.values
        encoding = rows.learn(np.arange(len(y)))
        x = rows.encoded(encoding)
    known = scores.METRICS[scores.task_of(y)]
    for metric in metrics:
        if metric not in known:
            raise InvalidArgument(
                f"a metric of a {scores.task_of(y)} must be one of {', '.join(known)}; got "
                f"{metric!r:.100}{suggestion(metric, known)}"
            )
    found = splits.folds(y, folds, options.seed, rows.groups, rows.times)
    for train, held_out in found:
        rows.require_weights(train, "training")
        rows.require_weights(held_out, "held-out")
    for note in (*rows.data.target.notes, *_rare(y, folds), *rows.learner.notes(encoding)):
        common.print_note(note)
    parts = [x, y, *(rows for fold in found for rows in fold)]
    digest = hashlib.sha256()
    for part in parts if rows.weights is None else [*parts, rows.weights]:
        digest.update(np.ascontiguousarray(part).tobytes())
    names = tuple(metrics) or known
    return Task(rows, encoding, found, options, names, digest.hexdigest())


def pipeline(task: Task) -> "Pipeline":
    """The encoder and the estimator, not fitted yet; its X are numbers of rows `[N, 1]`."""
    from sklearn.pipeline import Pipeline

    from fnet.cli.row_encoder import RowEncoder

    more = {"validation_fraction": task.options.validation} if task.options.validation else {}
    model = estimators.estimator(task.y, task.options, **more)
    return Pipeline(list(zip(STEPS, (RowEncoder(task.rows), model), strict=True)))


def greater_is_better(
    task: Task, y: npt.NDArray[Any], outputs: scores.Outputs, rows: npt.NDArray[Any]
) -> dict[str, float]:
    """The scores of rows, by metric; those that should be low have a minus."""
    weights = None if task.rows.weights is None else task.rows.weights[rows]
    return {
        metric: scores.SIGNS.get(metric, 1) * scores.score(metric, y, outputs, weights)
        for metric in task.metrics
    }


def require_finished(fitted: Any) -> None:
    """Raise KeyboardInterrupt if the training of a pipeline was interrupted."""
    if fitted[-1].ended_ == "interrupted":
        raise KeyboardInterrupt


def fold_scores(
    task: Task, results: Mapping[int, dict[str, Any]], candidates: int
) -> list[list[FoldScore | None]]:
    """The scores of each candidate on each fold; None for fits that have not finished."""
    count = len(task.folds)

    def of_fit(result: dict[str, Any] | None) -> FoldScore | None:
        if result is None:
            return None
        given, error = result["test_scores"], result["fit_error"]
        seconds = result["fit_time"] + result["score_time"]
        found = given if isinstance(given, dict) else dict.fromkeys(task.metrics, float("nan"))
        natural = {metric: scores.SIGNS.get(metric, 1) * v for metric, v in found.items()}
        return FoldScore(natural, seconds, None if error is None else reason(error))

    every = [of_fit(results.get(position)) for position in range(candidates * count)]
    return [every[i : i + count] for i in range(0, len(every), count)]


def reason(trace: str) -> str:
    """The last line of a traceback, without the name of the exception."""
    last = trace.strip().splitlines()[-1]
    text = last.partition(": ")[2] or last
    if NO_SPLIT.search(text):
        return (
            "a fold's training rows cannot be divided by --validation, as one part would have too "
            "few: use another fraction, or 0 to train all epochs"
        )
    return text


def _rare(y: npt.NDArray[Any], folds: int) -> list[str]:
    """The note about classes with fewer rows than there are folds."""
    if y.dtype.kind == "f":
        return []
    classes, counts = np.unique(y, return_counts=True)
    rare = classes[counts < folds]
    names = ", ".join(map(repr, rare[:10].tolist())) + " and more" * (len(rare) > 10)
    if not len(rare):
        return []
    return [f"fewer rows than folds have the classes {names}: not every fold holds out one of each"]


def lines(task: Task) -> list[str]:
    """The line that says what is predicted, and from what."""
    target, y = task.rows.data.target, task.y
    kind = scores.task_of(y)
    of_classes = f" of {len(np.unique(y))} classes" if kind == "classifier" else ""
    return [
        f"{task.rows.data.target_name}: {kind}{of_classes} from "
        f"{common.count(len(task.features), 'feature')} ({target.reason}; --task overrides this)"
    ]


def description(task: Task) -> dict[str, Any]:
    """The same as JSON has it."""
    return {
        "target": task.rows.data.target_name,
        "task": scores.task_of(task.y),
        "decision": task.rows.data.target.reason,
        "features": task.features,
        "rows": len(task.y),
        "folds": len(task.folds),
    }
