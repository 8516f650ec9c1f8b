"""`fnet train`: from a table to a model in a file."""

import os
from typing import TYPE_CHECKING, Any, Literal

import click

import fnet
from fnet.cli import common, estimators, reading, training_results, training_rows
from fnet.cli.options import (
    TrainOptions,
    model_options,
    row_options,
    table_options,
    train_options,
    validation,
)
from fnet.cli.training_rows import Rows

if TYPE_CHECKING:
    from fnet.estimators import MLPClassifier, MLPRegressor


@click.command("train", cls=common.Command)
@common.data_argument
@click.option("--target", required=True, metavar="COLUMN", help="The column to predict.")
@click.option(
    "--out", required=True, type=common.file_path, metavar="MODEL", help="The model file."
)
@model_options
@click.option(
    "--validation",
    metavar="FRACTION|FILE",
    type=validation,
    default="0.2",
    show_default=True,
    help="Fraction of rows to hold out for the score, 0 to train on all rows; or another table to "
    "score on.",
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
@table_options
@common.json_option
def command(data: str, target: str, out: str, **options: Any) -> None:
    """Train a classifier or a regressor on a table and save it.

    DATA is a CSV whose first row is the header, JSON lines, Parquet, Arrow or Feather, text also
    compressed; or - for standard input. Standard input and pipes are copied to a temporary file
    first, up to 4 GiB. All columns but the target are features, of any kind and with gaps: numbers,
    booleans, categories, dates. What each one is, and what it becomes, is found from the table and
    kept in the model; `fnet inspect` shows it. Columns of no use, as those of row names, are left
    out.

    A target of numbers gives a classifier if all are whole, with at most 20 distinct values and on
    average 3 rows or more for each; otherwise a regressor. A target of text gives a classifier;
    codes (007) and whole numbers mixed with text do so within the same limits. Dates, names and
    whatever else is ambiguous are refused. Numbers may have a decimal comma, a thousands separator,
    a percent sign or a currency, if all of a column agree. --task, --missing and --decimal override
    all this.

    It prints the score on the held-out rows, a fifth by default (--validation). Training
    stops early, and keeps the epoch with the lowest loss on these rows; --patience 0 trains all
    epochs.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet sample diabetes --out diabetes.csv
      $ fnet train diabetes.csv --target progression --out d.fnet --hidden 64,32 --patience 20
      $ fnet train diabetes.csv --target progression --out d.fnet --kind sex=category
      $ fnet train iris.csv --target species --out i.fnet --epochs 400 --checkpoint i.run
    """
    given = train_options(**options)
    _check(data, out, given)
    found = training_rows.read(data, target, given)
    digest = reading.sha256(data)
    model = estimators.estimator(found.data.target.values, given, **_progress(given))
    _fit(model, found.train, found.held_out, given)
    held_out = found.held_out
    measured = training_results.Measured(
        len(found.train.x),
        len(held_out.x) if held_out else 0,
        training_results.scores(model, held_out) if held_out else {},
    )
    trained = training_results.record(
        data, digest, found.data, model, given.reading.missing, measured
    )
    fnet.save(out, training_rows.pipeline(found.options, found.encoding, model), trained=trained)
    features = [column.name for column in found.encoding.columns if column.steps]
    result = {"model": out, **training_results.description(model, features), **trained}
    common.print_result(training_results.lines(result), result, given.as_json)


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
    with estimators.without_irrelevant_warnings():
        validation = None if held_out is None else held_out.given()
        model.fit(rows.x, rows.y, rows.weights, validation_data=validation)
    ended = str(model.ended_)
    checkpoint = options.checkpoint  # which is not written on a full disk, if it is optional
    written = checkpoint if checkpoint is not None and os.path.exists(checkpoint) else None
    common.raise_if_interrupted(ended, model.n_iter_, options.epochs, written)
