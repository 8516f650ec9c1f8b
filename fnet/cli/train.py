"""`fnet train`: from a table to a model in a file."""

import os
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

import fnet
from fnet.cli import (
    common,
    ensembles,
    estimators,
    folders,
    reading,
    sharing,
    training_results,
    training_rows,
)
from fnet.cli.ensembles import FoldOptions
from fnet.cli.options import (
    LIMIT,
    FiniteRange,
    TrainOptions,
    folds_of_cv,
    model_options,
    row_options,
    table_options,
    train_options,
    validation,
)
from fnet.cli.training_rows import Rows

if TYPE_CHECKING:
    from fnet.estimators import MLPClassifier, MLPRegressor

OF_ONE_NETWORK = (
    *("activation", "batch_size", "learning_rate", "l2", "dropout", "validation", "patience"),
    *("standardize", "checkpoint", "checkpoint_optional", "workers"),
)
"""The options that only a single network has."""

OF_FOLDS = ("repeats", "report", "time_limit")
"""The options that only an ensemble has."""


@click.command("train", cls=common.Command)
@common.data_argument
@click.option("--target", required=True, metavar="COLUMN", help="The column to predict.")
@click.option(
    "--out", required=True, type=common.file_path, metavar="MODEL", help="The model file."
)
@click.option(
    "--cv",
    type=folds_of_cv,
    metavar="FOLDS",
    default="8",
    show_default=True,
    help="The number of folds, and of networks; 0 trains a single network.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1, LIMIT),
    metavar="NUMBER",
    default=1,
    show_default=True,
    help="How often folds are drawn: --cv times as many networks.",
)
@click.option(
    "--report",
    type=common.file_path,
    metavar="PAGE",
    help="Write an HTML page about the predictions of held-out rows, too.",
)
@click.option(
    "--time-limit",
    type=FiniteRange(0, min_open=True),
    metavar="SECONDS",
    help="Train for as many epochs as this time allows. The result then depends on the clock.",
)
@model_options
@click.option(
    "--validation",
    metavar="FRACTION|FILE",
    type=validation,
    default="0.2",
    show_default=True,
    help="Fraction of rows to hold out for the score of a single network, 0 to train on all rows; "
    "or another table to score on.",
)
@row_options
@click.option(
    "--checkpoint",
    type=common.file_path,
    metavar="FILE",
    help="Save progress to this file; the same command resumes from it.",
)
@click.option(
    "--checkpoint-optional",
    is_flag=True,
    help="Go on with the training where the checkpoint cannot be written, as on a full disk.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, sharing.MAX_WORKERS),
    metavar="NUMBER",
    default=1,
    show_default=True,
    help="The number of processes that share the training of a single network.",
)
@table_options
@common.json_option
def command(
    data: str,
    target: str,
    out: str,
    cv: int,
    repeats: int,
    report: str | None,
    time_limit: float | None,
    **options: Any,
) -> None:
    """Train a classifier or a regressor on a table and save it.

    DATA is a CSV whose first row is the header, JSON lines, Parquet, Arrow or Feather, text also
    compressed; or - for standard input. Or it is a folder of such files, without JSON, and of
    TFRecord, as shards of one table: up to 1,000,000 rows are read into memory; from more, one
    network (as --cv 0) is trained on all rows, which are read in turn, by default for 10 epochs;
    with a --cv, one for each fold, and what is held out is scored on about 65,536 rows. Standard
    input and pipes are copied to a temporary file first, up to 4 GiB. All columns but the target
    are features, of any kind and with gaps: numbers, booleans, categories, dates. What each one is,
    and what it becomes, is found from the table and kept in the model; `fnet inspect` shows it.
    Columns of no use, as those of row names, are left out.

    A target of numbers gives a classifier if all are whole, with at most 20 distinct values and on
    average 3 rows or more for each; otherwise a regressor. A target of text gives a classifier;
    codes (007) and whole numbers mixed with text do so within the same limits. Dates, names and
    whatever else is ambiguous are refused. Numbers may have a decimal comma, a thousands separator,
    a percent sign or a currency, if all of a column agree. --task, --missing and --decimal override
    all this.

    It trains a network for each of 8 folds of the rows, without the rows of the fold; the mean of
    the networks predicts. What each predicts for the rows that it has not seen gives the score to
    expect on new rows with its standard error, beside a baseline that reads no features, the
    intervals of `fnet predict --interval`, and the importance of columns. The size of the networks
    and the epochs depend on the number of rows; --hidden and --epochs override that. --groups keeps
    groups whole; with --time each fold holds out newer rows than it trains on, and the network of
    the newest fold predicts. After Ctrl-C the networks as they are then are saved, without the
    importance of columns.

    --cv 0 trains a single network, and so does each option that only a single network has:
    --activation, --batch-size, --learning-rate, --l2, --dropout, --validation, --patience,
    --no-standardize, --checkpoint and --workers. Its score is that of the held-out rows, a fifth by
    default (--validation). Training stops early, and keeps the epoch with the lowest loss on these
    rows; --patience 0 trains all epochs. --workers 2 shares each batch among two processes, each of
    which reads DATA; under a TF_CONFIG, each process that it names runs the same command.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet sample diabetes --out diabetes.csv
      $ fnet train diabetes.csv --target progression --out d.fnet --report d.html --epochs 20
      $ fnet train diabetes.csv --target progression --out d.fnet --kind sex=category --cv 3
      $ fnet train diabetes.csv --target progression --out d.fnet --hidden 64,32 --patience 20
      $ fnet train iris.csv --target species --out i.fnet --epochs 400 --checkpoint i.run
    """
    given = train_options(**options)
    single = _single(cv)
    sharing.launch(data, given)
    hidden, epochs = (options[n] if _is_given(n) else None for n in ("hidden", "epochs"))
    folds = FoldOptions(cv, repeats, hidden, epochs, report, time_limit)
    if folders.is_large(data):
        common.check_output_path(out)
        if single is None and any(map(_is_given, ("cv", *OF_FOLDS))):
            folders.train_folds(data, target, out, given, folds)
        else:
            folders.train(data, target, out, given, epochs, _progress(given))
    elif single is None:
        ensembles.train(data, target, out, given, folds)
    else:
        _train_single(data, target, out, given, single)


def _is_given(name: str) -> bool:
    """Whether the command line has an option."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not ParameterSource.DEFAULT


def _single(cv: int) -> tuple[str, ...] | None:
    """The options that ask for a single network but `--cv 0`; None for an ensemble."""
    options = {
        parameter.name: parameter for parameter in click.get_current_context().command.params
    }
    given, of_folds = (
        [options[name].opts[0] for name in names if _is_given(name)]
        for names in (OF_ONE_NETWORK, OF_FOLDS)
    )
    if cv and not given:
        return None
    if cv and _is_given("cv"):
        raise common.usage_error(
            f"{given[0]} is of a single network, and --cv {cv} trains one for each fold: use "
            "--cv 0, or leave one of them out."
        )
    if of_folds:
        raise common.usage_error(
            f"{of_folds[0]} needs folds, and {given[0] if given else '--cv 0'} trains a single "
            "network: leave one of them out."
        )
    return tuple(given) if cv else ()


def _train_single(
    data: str, target: str, out: str, given: TrainOptions, why: tuple[str, ...]
) -> None:
    """Train a single network, as `--cv 0` or other options ask for."""
    _check(data, out, given)
    found = training_rows.read(data, target, given)
    digest = reading.sha256(data)
    model = estimators.estimator(found.data.target.values, given, **_progress(given))
    _fit(model, found.train, found.held_out, given)
    held_out = found.held_out
    scores = {}
    if held_out:
        predicted = model.predict(held_out.x)
        scores = training_results.scores(held_out.y, predicted, held_out.weights)
    measured = training_results.Measured(
        len(found.train.x),
        len(held_out.x) if held_out else 0,
        model.n_iter_,
        training_results.best_epoch(model),
        scores,
    )
    trained = training_results.record(data, digest, found.data, given.reading.missing, measured)
    fnet.save(out, training_rows.pipeline(found.options, found.encoding, model), trained=trained)
    features = [column.name for column in found.encoding.columns if column.steps]
    result = {"model": out, **training_results.description(model, features), **trained}
    lines = training_results.lines(result)
    if why:
        lines.append(
            f"A single network, as {why[0]} is of one; without it, a network for each fold"
        )
    common.print_result(lines, result, given.as_json)


def _check(data: str, out: str, options: TrainOptions) -> None:
    """Refuse options that do not go together, and paths that cannot be written."""
    inputs = [data, *([options.validation] if isinstance(options.validation, str) else [])]
    common.check_output_path(out, *inputs)
    if options.checkpoint is not None:
        common.check_output_path(options.checkpoint, *inputs)
        if os.path.realpath(options.checkpoint) == os.path.realpath(out):
            raise common.usage_error("--checkpoint and --out must be different files.")
    elif options.checkpoint_optional:
        raise common.usage_error("--checkpoint-optional needs --checkpoint.")
    estimators.check(options)
    no_split = isinstance(options.validation, str) or not options.validation
    if no_split and (split := [f"--{n}" for n in ("groups", "time") if getattr(options, n)]):
        raise common.usage_error(
            f"{split[0]} says which rows are held out: use a --validation between 0 and 1."
        )


def _progress(options: TrainOptions) -> dict[str, Any]:
    """The arguments of an estimator that show and keep its progress."""
    checkpoint = None
    if options.checkpoint is not None:
        on_write_error: Literal["error", "warn"] = (
            "warn" if options.checkpoint_optional else "error"
        )
        checkpoint = fnet.checkpoint(options.checkpoint, on_write_error=on_write_error)
    return {"callback": checkpoint, "verbose": "bar"}


def _fit(
    model: "MLPClassifier | MLPRegressor",
    rows: Rows,
    held_out: Rows | None,
    options: TrainOptions,
) -> None:
    """Fit without irrelevant warnings."""
    with estimators.without_irrelevant_warnings(), sharing.by_workers(options):
        validation = None if held_out is None else held_out.given()
        model.fit(rows.x, rows.y, rows.weights, validation_data=validation)
        ended = str(model.ended_)
        checkpoint = options.checkpoint  # which is not written on a full disk, if it is optional
        written = checkpoint if checkpoint is not None and os.path.exists(checkpoint) else None
        common.raise_if_interrupted(ended, model.n_iter_, options.epochs, written)
