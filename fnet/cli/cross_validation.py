"""`fnet cv`: what to expect of a training on new rows, by cross-validation."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click
import numpy as np
import numpy.typing as npt

from fnet.cli import common, estimators, fitting, outputs, scores, searching, writers
from fnet.cli.options import (
    fold_options,
    model_options,
    row_options,
    stopping_option,
    table_options,
    train_options,
)
from fnet.cli.searching import FoldScore, Task


class Summary(NamedTuple):
    """A score over folds.

    Attributes:
        mean: The mean of the folds.
        standard_error: The standard deviation of the folds, divided by the root of their number.
        baseline: The mean score of the same prediction for all rows: the classes as frequent as in
            the training rows, or their mean.
    """

    mean: float
    standard_error: float
    baseline: float


@click.command("cv", cls=common.Command)
@common.data_argument
@fold_options
@click.option(
    "--metrics",
    metavar="NAMES",
    help=f"The scores, separated by commas: {scores.WORDS}.  [default: all of the task]",
)
@click.option(
    "--out",
    type=common.file_path,
    metavar="FILE",
    help="Write the prediction of each held-out row, as in predict.",
)
@model_options
@stopping_option
@row_options
@table_options
@common.json_option
def command(
    data: str,
    target: str,
    folds: int,
    metrics: str | None,
    out: str | None,
    picture: str | None,
    **options: Any,
) -> None:
    """Cross-validate a training on a table.

    The options are those of `fnet train`. For each fold, a model is fitted on the other rows and
    predicts the held-out ones. It prints the scores of each fold, their mean with its standard
    error, and a baseline: what the best prediction that is the same for all rows would score.

    Nothing of a fold's held-out rows is used to fit it: what each column becomes is learnt from
    the training rows, and of these --validation decides when to stop. Folds are shuffled by --seed
    and have the classes in equal proportions. --groups keeps groups whole; with --time each fold
    holds out newer rows than it trains on.

    The file of --out has a line for each row of the table that has a target: its number from 1, the
    fold that holds it out, its target, and the prediction. The picture is the confusion matrix, or
    predicted against actual values. After Ctrl-C the folds that have finished are printed and
    written.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet cv iris.csv --target species --epochs 30
      $ fnet sample diabetes --out diabetes.csv
      $ fnet cv diabetes.csv --target progression --epochs 20 --out held_out.csv --picture f.png
    """
    given = train_options(**options)
    names = [] if metrics is None else [name.strip() for name in metrics.split(",")]
    if len(set(names)) < len(names):
        raise common.usage_error("--metrics names a score twice.")
    estimators.check(given)
    file_format = writers.format_of(out, as_json=False)
    outputs.check(data, out=out, picture=picture, checkpoint=given.checkpoint)
    task = searching.read(data, target, given, folds, names)
    more = {"--folds": folds, "--metrics": task.metrics}
    outcome = fitting.run(task, fitting.Fits("cv", more, [{}], keep_outputs=True))
    (of_folds,) = searching.fold_scores(task, outcome.results, 1)
    predicted = {
        fold: scores.Outputs(**result["outputs"])
        for fold, result in sorted(outcome.results.items())
        if "outputs" in result
    }
    if out is not None:
        with writers.open_writer(out, file_format) as write:
            write(_held_out(task, predicted))
    if picture is not None and predicted:
        outputs.write_picture(_draw(task, predicted), picture)
    _print(task, of_folds, outcome, {"out": out, "picture": picture})
    fitting.raise_if_stopped(outcome, task, out, picture)


def _held_out(task: Task, predicted: Mapping[int, scores.Outputs]) -> dict[str, Any]:
    """The columns of the predictions of held-out rows."""
    count = len(task.y)
    columns: dict[str, Any] = {"row": (task.rows.data.target.rows + 1).tolist()}
    columns |= {"fold": [None] * count, "actual": task.y.tolist(), "prediction": [None] * count}
    if scores.task_of(task.y) == "classifier":
        columns |= {f"probability_{name}": [None] * count for name in np.unique(task.y).tolist()}
    for fold, found in predicted.items():
        cells = {"fold": [fold + 1] * len(found.predicted), "prediction": list(found.predicted)}
        if found.classes is not None and found.probabilities is not None:
            of_class = zip(found.classes, np.transpose(found.probabilities), strict=True)
            cells |= {f"probability_{name}": list(column) for name, column in of_class}
        for name, values in cells.items():
            for row, value in zip(task.folds[fold][1], values, strict=True):
                columns[name][row] = value.item() if hasattr(value, "item") else value
    return columns


def _draw(task: Task, predicted: Mapping[int, scores.Outputs]) -> Any:
    """The confusion matrix of held-out rows, or their predicted against their actual values."""
    from fnet import plots

    rows: npt.NDArray[Any] = np.concatenate([task.folds[fold][1] for fold in predicted])
    found = np.concatenate([np.asarray(each.predicted) for each in predicted.values()])
    actual = task.y[rows]
    if scores.task_of(task.y) == "regressor":
        return plots.predicted_vs_actual(actual, found, task.rows.data.target_name)
    classes = np.unique(task.y)
    names = [str(name) for name in classes.tolist()]
    true, guessed = (np.searchsorted(classes, labels) for labels in (actual, found))
    return plots.confusion_matrix(true, guessed, names)


def _print(
    task: Task,
    of_folds: Sequence[FoldScore | None],
    outcome: fitting.Outcome,
    written: dict[str, str | None],
) -> None:
    """Print the scores of each fold, and over folds."""
    done = [(fold, score) for fold, score in enumerate(of_folds) if score is not None]
    for fold, score in done:
        if score.error is not None:
            common.print_note(f"fold {fold + 1} failed: {score.error}")
    summary = {
        metric: _summary(task, metric, [(fold, s.scores[metric]) for fold, s in done])
        for metric in task.metrics
    }
    lines = [
        *searching.lines(task),
        *_lines(task, done, summary),
        *outputs.lines(written),
    ]
    result = {
        **searching.description(task),
        "scores": [
            {
                "fold": fold + 1,
                "training_rows": len(task.folds[fold][0]),
                "held_out_rows": len(task.folds[fold][1]),
                **score._asdict(),
            }
            for fold, score in done
        ],
        "summary": summary,
        "interrupted": outcome.stopped is not None,
        **written,
    }
    common.print_result(lines, result, task.options.as_json)


def _summary(task: Task, metric: str, found: Sequence[tuple[int, float]]) -> Summary:
    """A score over the folds that have finished."""
    values = np.array([score for _, score in found])
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    baselines = [_baseline(task, metric, fold) for fold, _ in found]
    return Summary(float(values.mean()), float(error), float(np.mean(baselines)))


def _baseline(task: Task, metric: str, fold: int) -> float:
    """The score of a fold's best constant prediction."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    train, held_out = task.folds[fold]
    weights: npt.NDArray[Any] | None = task.rows.weights
    dummy = DummyRegressor() if scores.task_of(task.y) == "regressor" else DummyClassifier()
    dummy.fit(train[:, None], task.y[train], None if weights is None else weights[train])
    found = scores.outputs_of(dummy, held_out[:, None])
    own = None if weights is None else weights[held_out]
    return scores.score(metric, task.y[held_out], found, own)


def _lines(
    task: Task, done: Sequence[tuple[int, FoldScore]], summary: Mapping[str, Summary]
) -> Iterator[str]:
    """A line for each fold, and below them the mean, its standard error and the baseline."""
    columns = {
        metric: [
            common.metric_label(metric),
            *(common.format_number(score.scores[metric]) for _, score in done),
            *map(common.format_number, summary[metric]),
        ]
        for metric in task.metrics
    }
    heads = ["fold", *(str(fold + 1) for fold, _ in done), "mean", "standard error", "baseline"]
    rows = ["rows", *(f"{len(task.folds[fold][1]):,}" for fold, _ in done), "", "", ""]
    widths = [max(map(len, column)) for column in (heads, rows, *columns.values())]
    for line in zip(heads, rows, *columns.values(), strict=True):
        first, *rest = zip(line, widths, strict=True)
        cells = [cell.rjust(width) for cell, width in rest]
        yield "  ".join([first[0].ljust(first[1]), *cells]).rstrip()
