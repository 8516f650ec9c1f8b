"""`fnet train` with folds: an ensemble of networks, and what to expect of it on new rows."""

import contextlib
import os
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import fnet
from fnet.cli import common, reading, training_results, training_rows
from fnet.cli.options import TrainOptions
from fnet.cli.training_rows import TableRows
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.estimators.tabular import TabularClassifier, TabularRegressor

COLUMNS_SHOWN = 5
"""How many of the most important columns are printed."""

BASELINES = {
    "accuracy": "always predicting the most frequent class",
    "r2": "always predicting the mean",
}
"""What the baseline of a score is."""

INTERRUPTED = "Training interrupted"
"""How the warning of an interrupted fit begins."""


class FoldOptions(NamedTuple):
    """What `fnet train` is told of an ensemble; None for the rule by the number of rows."""

    cv: int
    repeats: int
    hidden: tuple[int, ...] | None
    epochs: int | None
    report: str | None


def train(data: str, target: str, out: str, options: TrainOptions, folds: FoldOptions) -> None:
    """Train an ensemble on a table, save it, and print what to expect of it.

    Args:
        data: The path of the table.
        target: The column to predict.
        out: The path of the model.
        options: The options of any training.
        folds: Those of an ensemble.

    Raises:
        InvalidArgument: The table or an option is not what it must be.
        KeyboardInterrupt: Ctrl-C, after what was trained until then is saved.
    """
    _check_paths(data, out, folds.report)
    with reading.open_table(data, options.reading) as table:
        rows = training_rows.read_rows(table, target, options)
        kept = rows.data.target.rows
        rows.require_weights(np.arange(len(kept)), "training")
        encoding = rows.learn(np.arange(len(kept)))
        for note in (*rows.data.target.notes, *rows.learner.notes(encoding)):
            common.print_note(note)
        model = _estimator(rows, options, folds)
        columns = rows.columns if len(kept) == rows.columns.num_rows else rows.columns.take(kept)
        with _noted() as noted:
            model.fit(
                columns,
                rows.data.target.values,
                rows.weights,
                groups=rows.groups,
                times=rows.times,
            )
    model.encoder_._keep_encoding(encoding)  # the same, with the reasons that the file gives
    trained = training_results.record(
        data,
        reading.sha256(data),
        rows.data,
        options.reading.missing,
        _measured(model, rows),
    )
    fnet.save(out, model, trained=trained)
    features = [column.name for column in encoding.columns if column.steps]
    result = {
        "model": out,
        **training_results.description(model, features),
        **trained,
        **_outcome(model),
    }
    if folds.report is not None:
        _write_report(folds.report, model, out, data, rows)
    common.print_result(_lines(result), result, options.as_json)
    if any(note.startswith(INTERRUPTED) for note in noted):
        done = common.count(model.n_epochs_, "epoch")
        raise KeyboardInterrupt(f"interrupted after {done}; the networks as they were are in {out}")


def _write_report(
    path: str,
    model: "TabularClassifier | TabularRegressor",
    out: str,
    data: str,
    rows: TableRows,
) -> None:
    """Write the page about the predictions of the rows while they were held out."""
    from fnet import reports
    from fnet.reports import evaluation

    loaded, found = fnet.load(out), np.asarray(model.oof_predictions_)
    seen = np.flatnonzero(~np.isnan(found.reshape(len(found), -1)).any(axis=1))
    table = rows.columns.take(rows.data.target.rows[seen])
    x = model.encoder_.transform(table)
    y = rows.data.target.values[seen]
    measured = evaluation.evaluate(loaded._of_features(), x, y, found[seen])
    page = reports.page(
        loaded,
        measured,
        source=f"{data}, each row by the networks that had not seen it",
        command=common.command_line(),
        name=Path(out).stem,
    )
    common.write_text(page, path)


def _check_paths(data: str, out: str, report: str | None) -> None:
    """Refuse paths that cannot be written, or that are the same."""
    for path in filter(None, (out, report)):
        common.check_output_path(path, data)
    if report is not None and os.path.realpath(report) == os.path.realpath(out):
        raise common.usage_error("--report and --out must be different files.")


def _estimator(
    rows: TableRows, options: TrainOptions, folds: FoldOptions
) -> "TabularClassifier | TabularRegressor":
    """The estimator that these options describe, not fitted yet."""
    y = rows.data.target.values
    arguments: dict[str, Any] = {
        "cv": folds.cv,
        "repeats": folds.repeats,
        "hidden": folds.hidden,
        "epochs": folds.epochs,
        "encoder": fnet.TableEncoder(**rows.learner.options._asdict()),
        "importance": True,
        "engine": options.engine,
        "random_state": options.seed,
        "verbose": True,
    }
    if y.dtype.kind != "f":
        weights = training_rows.class_weight(y, options.class_weight)
        return fnet.TabularClassifier(class_weight=weights, **arguments)
    training_rows.require_no_class_weight(options)
    return fnet.TabularRegressor(**arguments)


@contextlib.contextmanager
def _noted() -> Iterator[list[str]]:
    """Within it, warnings and errors of a fit are in the words of the command line.

    The list that it yields has the warnings, which are printed as notes at once.
    """
    found: list[str] = []

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        found.append(_in_words(message))
        if not found[-1].startswith(INTERRUPTED):  # its error says more
            common.print_note(found[-1])

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.filterwarnings("ignore", "The least populated class")  # a note says so
        warnings.showwarning = show
        try:
            yield found
        except InvalidArgument as error:
            raise type(error)(_in_words(error)) from None


def _in_words(message: object) -> str:
    return str(message).replace("cv=", "--cv ").replace(" by user.", "")


def _measured(
    model: "TabularClassifier | TabularRegressor", rows: TableRows
) -> training_results.Measured:
    """The rows, and the scores of the out-of-fold predictions."""
    y, found = rows.data.target.values, np.asarray(model.oof_predictions_)
    seen = ~np.isnan(found.reshape(len(y), -1)).any(axis=1)
    classes = getattr(model, "classes_", None)
    predicted = found[seen] if classes is None else classes[found[seen].argmax(axis=1)]
    weights = None if rows.weights is None else rows.weights[seen]
    return training_results.Measured(
        len(y),
        int(seen.sum()),
        model.n_epochs_,
        None,
        training_results.scores(y[seen], predicted, weights),
    )


def _outcome(model: "TabularClassifier | TabularRegressor") -> dict[str, Any]:
    """What to expect of an ensemble."""
    found = model.importances_
    assert found is not None
    order = np.argsort(-found.importances_mean, kind="stable").tolist()
    return {
        "networks": len(model.splits_),
        "cv_score": model.cv_score_,
        "cv_score_std_error": model.cv_score_std_error_,
        "cv_scores": model.cv_scores_,
        "baseline_score": model.baseline_score_,
        "importances": {found.names[i]: float(found.importances_mean[i]) for i in order},
    }


def _lines(result: dict[str, Any]) -> Iterator[str]:
    """A result as text."""
    score = next(iter(result["scores"]))
    label, number = common.metric_label(score), common.format_number
    yield training_results.task_line(result)
    yield (
        f"Trained {common.count(result['networks'], 'network')} "
        f"{'-'.join(map(str, result['sizes']))}, each without a fold of "
        f"{common.count(result['rows'], 'row')}, for {common.count(result['epochs'], 'epoch')} by "
        f"{training_results.ENGINES[result['engine']]}"
    )
    yield (
        f"Expect on new rows: {label} {number(result['cv_score'])} ± "
        f"{number(result['cv_score_std_error'])}; {BASELINES[score]}: "
        f"{number(result['baseline_score'])}"
    )
    shown = list(result["importances"].items())[:COLUMNS_SHOWN]
    columns = ", ".join(f"{name} {number(drop)}" for name, drop in shown)
    yield f"Most important, by the drop in {label} without its cells: {columns}"
    yield f"Model: {result['model']}"
    model = shlex.quote(result["model"])
    interval = " --interval 0.9" if result["classes"] is None else ""
    yield (
        f"Next: fnet predict {model} TABLE{interval}; fnet describe {model}; "
        f"fnet evaluate {model} TABLE --report PAGE.html"
    )
