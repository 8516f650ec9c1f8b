"""`fnet search`: which hyperparameters suit a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

import fnet
from fnet.cli import (
    common,
    estimators,
    fitting,
    grids,
    outputs,
    reading,
    scores,
    search_results,
    searching,
    training_results,
    training_rows,
    writers,
)
from fnet.cli.options import (
    fold_options,
    model_options,
    row_options,
    stopping_option,
    table_options,
    train_options,
)
from fnet.cli.search_results import Row
from fnet.cli.searching import Task

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@click.command("search", cls=common.Command)
@common.data_argument
@fold_options
@click.option(
    "--grid",
    multiple=True,
    type=grids.grid_type,
    metavar="NAME=VALUES",
    help="Values of an option to try: "
    + ", ".join(grids.SEARCHABLE)
    + ".  [repeatable; at least one]",
)
@click.option(
    "--metric",
    type=click.Choice([name for names in scores.METRICS.values() for name in names]),
    metavar="NAME",
    help=f"The score that ranks the candidates: {scores.WORDS}.  [default: the first of the task]",
)
@click.option(
    "--out", type=common.file_path, metavar="FILE", help="Write all results, as in predict."
)
@click.option(
    "--model",
    type=common.file_path,
    metavar="MODEL",
    help="Fit the best candidate on all rows, and save it to this file.",
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
    grid: tuple[tuple[str, str], ...],
    metric: str | None,
    out: str | None,
    model: str | None,
    picture: str | None,
    **options: Any,
) -> None:
    """Try hyperparameters on a table by cross-validation.

    Every combination of the values of all --grid is a candidate. It is fitted on the training rows
    of each fold, and scored on the held-out ones. The options are those of `fnet train`; what a
    grid does not have is the same for all candidates. Those that differ in numbers alone train
    together.

    VALUES are separated by commas, or by semicolons if there are any: l2=0,0.001,0.1. A comma is
    part of a value of hidden, so these are always separated by semicolons: hidden=32;64,32 is two
    candidates. FROM..TO:COUNT is numbers evenly spaced in the logarithm, as 1e-4..1e-1:20; whole
    numbers are rounded.

    Nothing of a fold's held-out rows is used to fit it: what each column becomes is learnt from
    the training rows, and of these --validation decides when to stop. Folds are shuffled by --seed
    and have the classes in equal proportions. --groups keeps groups whole; with --time each fold
    holds out newer rows than it trains on.

    After Ctrl-C the results of all fits that have finished are printed and written.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet search iris.csv --target species --grid learning-rate=1e-3..1e-1:5 --epochs 20
      $ fnet search iris.csv --target species --grid "hidden=8;16,8" --epochs 9 --picture i.png
      $ fnet search iris.csv --target species --grid l2=0,0.1 --epochs 9 --out i.csv --model i.fnet
    """
    given = train_options(**options)
    if not grid:
        raise common.usage_error("--grid NAME=VALUES must be given: what should be searched?")
    if picture is not None:
        from fnet.cli import search_picture
    axes = grids.axes(grid)
    candidates = grids.candidates(axes, given)
    for each in candidates:
        estimators.check(each)
    file_format = writers.format_of(out, as_json=False)
    outputs.check(data, out=out, model=model, picture=picture, checkpoint=given.checkpoint)
    task = searching.read(data, target, candidates[0], folds, [metric] if metric else [])
    task = task._replace(metrics=task.metrics[:1])
    digest = reading.sha256(data)
    more = {
        "--folds": folds,
        "--grid": {axis.name: axis.values for axis in axes},
        "--metric": task.metrics[0],
    }
    parameters = grids.parameters(candidates, searching.STEPS[1])
    outcome = fitting.run(task, fitting.Fits("search", more, parameters, refit=model is not None))
    fold_scores = searching.fold_scores(task, outcome.results, len(candidates))
    found = search_results.rows(axes, candidates, fold_scores, task.metrics[0])
    _write(found, task, out, file_format)
    if picture is not None:
        figure = search_picture.draw(axes, found, task.metrics[0])
        outputs.write_picture(figure, picture)
    if outcome.best is not None and model is not None:
        _save(outcome.best, task, found[0], (data, digest), model)
    written = {"out": out, "picture": picture, "model": None if outcome.best is None else model}
    _print(found, task, outcome, len(candidates), written)
    fitting.raise_if_stopped(outcome, task, out, picture)


def _write(found: Sequence[Row], task: Task, out: str | None, file_format: str) -> None:
    """Write all results."""
    if out is None:
        return
    cells = [search_results.plain(row, task.metrics[0]) for row in found]
    with writers.open_writer(out, file_format) as write:
        write({name: [row[name] for row in cells] for name in cells[0]})


def _save(best: "Pipeline", task: Task, row: Row, table: tuple[str, str | None], path: str) -> None:
    """Save the best candidate as `fnet train` saves a model."""
    encoder, model = (step for _, step in best.steps)
    measured = training_results.Measured(
        len(task.y),
        0,
        model.n_iter_,
        training_results.best_epoch(model),
        {task.metrics[0]: row.mean},
    )
    trained = training_results.record(
        *table, task.rows.data, task.options.reading.missing, measured
    )
    trained["folds"] = len(task.folds)
    fitted = training_rows.pipeline(task.rows.learner.options, encoder.encoding_, model)
    fnet.save(path, fitted, trained=trained)


def _print(
    found: Sequence[Row],
    task: Task,
    outcome: fitting.Outcome,
    candidates: int,
    written: dict[str, str | None],
) -> None:
    """Print the best candidates, or all as JSON."""
    metric, failed = task.metrics[0], [row for row in found if row.error is not None]
    if failed:
        common.print_note(
            f"{common.count(len(failed), 'candidate')} failed on a fold, the first: "
            f"{failed[0].error}"
        )
    is_ranked = found[0].rank is not None
    lines = [
        *searching.lines(task),
        f"{common.count(candidates, 'candidate')} on {len(task.folds)} folds: "
        f"{len(outcome.results):,} fits",
        *search_results.lines(found, metric),
        *([f"Best: {search_results.as_options(found[0])}"] if is_ranked else []),
        *outputs.lines(written),
    ]
    result = {
        **searching.description(task),
        "metric": metric,
        "candidates": candidates,
        "results": [search_results.plain(row, metric) for row in found],
        "best": found[0].values if is_ranked else None,
        "interrupted": outcome.stopped is not None,
        **written,
    }
    common.print_result(lines, result, task.options.as_json)
