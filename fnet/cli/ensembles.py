"""`fnet train` with folds: an ensemble of networks, and what to expect of it on new rows."""

import os
import re
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

import fnet
from fnet.cli import common, reading, splits, training_results, training_rows
from fnet.cli.options import TrainOptions
from fnet.cli.training_rows import TableRows
from fnet.core.errors import InvalidArgument
from fnet.core.interrupts import interrupts

if TYPE_CHECKING:
    from fnet.encoding import Encoding
    from fnet.estimators.tabular import TabularClassifier, TabularRegressor

COLUMNS_SHOWN = 5
"""How many of the most important columns are printed."""

BASELINES = {
    "accuracy": "always predicting the most frequent class",
    "r2": "always predicting the mean",
}
"""What the baseline of a score is."""

WORDS = {
    " by user": "",
    r"\.$": "",
    "cv=": "--cv ",
    "^time_limit must": "--time-limit must",
    "set engine='numpy'": "use --engine numpy",
}
"""What estimators say, as patterns, and the words of the command for it."""

INTERRUPTED = ("Training interrupted", "Interrupted after")
"""How the warnings of an interrupted fit begin."""


class FoldOptions(NamedTuple):
    """What `fnet train` is told of an ensemble; None for the rule by the number of rows."""

    cv: int
    repeats: int
    hidden: tuple[int, ...] | None
    epochs: int | None
    report: str | None
    time_limit: float | None


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
    with reading.open_training_table(data, options.reading) as table:
        rows = training_rows.read_rows(table, target, options)
        every = np.arange(len(rows.data.target.rows))
        encoding = rows.learn(every)
    rows.require_weights(every, "training")
    splits.require_two(rows.groups, rows.times)
    for note in (*rows.data.target.notes, *rows.learner.notes(encoding)):
        common.print_note(note)
    encoder = fnet.TableEncoder(**rows.learner.options._asdict())
    model = estimator(rows.data.target.values, options, folds, encoder)
    columns, y = rows.columns, rows.data.target.values
    if len(y) < columns.num_rows:
        columns = columns.take(rows.data.target.rows)
    interrupted = fit(model, columns, y, rows.weights, groups=rows.groups, times=rows.times)
    model.encoder_._keep_encoding(encoding)  # the same, with the reasons that the file gives
    with interrupts() as saving:  # another Ctrl-C does not lose the networks
        digest, missing = reading.sha256(data), options.reading.missing
        trained = training_results.record(data, digest, rows.data, missing, _measured(model, rows))
        fnet.save(out, model, trained=trained)
    saved = f"{common.count(model.n_epochs_, 'epoch')}; the networks as they were are in {out}"
    interrupted = interrupted or saving.is_set()
    if folds.report is not None:
        try:
            page = _page(model, rows, encoding, trained, Path(out).stem)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted after {saved}, without a report") from None
        common.write_text(page, folds.report)
    features = [column.name for column in encoding.columns if column.steps]
    result = {
        "model": out,
        **training_results.description(model, features),
        **trained,
        **outcome(model, folds),
    }
    common.print_result(lines(result, interrupted), result, options.as_json)
    if interrupted:
        raise KeyboardInterrupt(f"interrupted after {saved}")


def _check_paths(data: str, out: str, report: str | None) -> None:
    """Refuse paths that cannot be written, or that are the same."""
    for path in filter(None, (out, report)):
        common.check_output_path(path, data)
    if report is not None and os.path.realpath(report) == os.path.realpath(out):
        raise common.usage_error("--report and --out must be different files.")


def estimator(
    y: npt.NDArray[Any],
    options: TrainOptions,
    folds: FoldOptions,
    encoder: "fnet.TableEncoder | None",
) -> "TabularClassifier | TabularRegressor":
    """The estimator that these options describe, not fitted yet.

    Args:
        y: The target `[N]`; floats for a regressor.
        options: The options of any training.
        folds: Those of an ensemble.
        encoder: The encoder; None where a dataset has it.

    Returns:
        The estimator.

    Raises:
        InvalidArgument: `--class-weight` does not fit the target.
    """
    arguments: dict[str, Any] = {
        "cv": folds.cv,
        "repeats": folds.repeats,
        "hidden": folds.hidden,
        "epochs": folds.epochs,
        "time_limit": folds.time_limit,
        "encoder": encoder,
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


def fit(model: "TabularClassifier | TabularRegressor", *arguments: Any, **named: Any) -> bool:
    """Fit a model; its warnings are printed as notes.

    Args:
        model: The model.
        *arguments: The arguments of its `fit`.
        **named: Those by name.

    Returns:
        Whether Ctrl-C has ended the training.

    Raises:
        InvalidArgument: As `fit`, in the words of the command.
    """
    notes: list[str] = []

    def note(message: Warning | str, *_: Any, **__: Any) -> None:
        notes.append(_in_words(message))
        common.print_note(notes[-1])

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.filterwarnings("ignore", "The least populated class")  # a note says so
        warnings.showwarning = note
        try:
            model.fit(*arguments, **named)
        except InvalidArgument as error:
            raise type(error)(_in_words(error)) from None
    return any(each.startswith(INTERRUPTED) for each in notes)


def _in_words(message: object) -> str:
    """What an estimator says, in the words of the command."""
    text = str(message)
    for theirs, ours in WORDS.items():
        text = re.sub(theirs, ours, text)
    return text


def _page(
    model: "TabularClassifier | TabularRegressor",
    rows: TableRows,
    encoding: "Encoding",
    trained: dict[str, Any],
    name: str,
) -> str:
    """A page about the predictions of held-out rows."""
    from fnet import reports
    from fnet.files import schema
    from fnet.files.model import Model
    from fnet.reports import evaluation

    loaded = Model(schema.content_of(model, trained=trained))
    seen = _seen(model)
    x, y = rows.encoded(encoding)[seen], rows.data.target.values[seen]
    predicted = np.asarray(model.oof_predictions_)[seen]
    found = evaluation.evaluate(loaded._of_features(), x, y, predicted)
    source = f"{trained['data']}, each row by the networks that had not seen it"
    return reports.page(loaded, found, source=source, command=trained["command"], name=name)


def _seen(model: "TabularClassifier | TabularRegressor") -> npt.NDArray[np.bool_]:
    """Which rows have an out-of-fold prediction."""
    found = np.asarray(model.oof_predictions_)
    seen: npt.NDArray[np.bool_] = ~np.isnan(found.reshape(len(found), -1)).any(axis=1)
    return seen


def _measured(
    model: "TabularClassifier | TabularRegressor", rows: TableRows
) -> training_results.Measured:
    """The rows, and the scores of the out-of-fold predictions."""
    y, found = rows.data.target.values, np.asarray(model.oof_predictions_)
    seen = _seen(model)
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


def outcome(model: "TabularClassifier | TabularRegressor", folds: FoldOptions) -> dict[str, Any]:
    """What to expect of an ensemble, and the options that its report needs."""
    found, importances = model.importances_, {}
    if found is not None:  # None after an interrupt
        order = np.argsort(-found.importances_mean, kind="stable").tolist()
        importances = {found.names[i]: float(found.importances_mean[i]) for i in order}
    return {
        "networks": len(model.splits_),
        "cv_score": model.cv_score_,
        "cv_score_std_error": model.cv_score_std_error_,
        "cv_scores": model.cv_scores_,
        "baseline_score": model.baseline_score_,
        "importances": importances,
        "report": folds.report,
        "time_limit": folds.time_limit,
    }


def lines(result: dict[str, Any], interrupted: bool) -> Iterator[str]:
    """A result as text."""
    score, repeats = next(iter(result["scores"])), result["time_limit"] and not interrupted
    label, number = common.metric_label(score), common.format_number
    yield training_results.task_line(result)
    yield (
        f"Trained {common.count(result['networks'], 'network')} "
        f"{'-'.join(map(str, result['sizes']))} on {common.count(result['rows'], 'row')}, each "
        f"without a fold, for up to {common.count(result['epochs'], 'epoch')} by "
        f"{training_results.ENGINES[result['engine']]}"
        + (f" (--epochs {result['epochs']} repeats this)" if repeats else "")
    )
    yield (
        f"Expect on new rows: {label} {number(result['cv_score'])} ± "
        f"{number(result['cv_score_std_error'])}; {BASELINES[score]}: "
        f"{number(result['baseline_score'])}"
    )
    shown = list(result["importances"].items())[:COLUMNS_SHOWN]
    columns = ", ".join(f"{name} {number(drop)}" for name, drop in shown)
    if columns:
        yield f"Most important, by the drop in {label} when permuted: {columns}"
    yield f"Model: {result['model']}"
    if result["report"] is not None:
        yield f"Report: {result['report']}"
    model = shlex.quote(result["model"])
    interval = "" if result["classes"] is not None else " --interval 0.9"
    yield (
        f"Next: fnet predict {model} TABLE{interval}; fnet describe {model}; "
        f"fnet evaluate {model} TABLE --report PAGE.html"
    )
