"""`fnet train`: from a table to a model in a file."""

import math
import os
import warnings
from typing import TYPE_CHECKING, Any, Literal

import click
import numpy.typing as npt

import fnet
from fnet.cli import common, learning, reading, training_results, training_rows
from fnet.cli.options import (
    DEFAULT_PATIENCE,
    LIMIT,
    FiniteRange,
    TrainOptions,
    sizes,
    validation,
)
from fnet.cli.training_rows import Rows
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.estimators import MLPClassifier, MLPRegressor

IRRELEVANT_WARNINGS = (
    "Stochastic Optimizer: Maximum iterations",  # the number of epochs is an option
    "Training interrupted",  # reported as an error
    "Got `batch_size`",
    "The number of unique classes",  # in the validation set
)
"""Warnings of a fit that a user of the command line does not need."""


@click.command("train", cls=common.Command)
@common.data_argument
@click.option("--target", required=True, metavar="COLUMN", help="The column to predict.")
@click.option(
    "--out", required=True, type=common.file_path, metavar="MODEL", help="The model file."
)
@click.option(
    "--task",
    type=click.Choice(["classifier", "regressor"]),
    help="The kind of model.  [default: by the target]",
)
@learning.choice_options
@click.option(
    "--hidden",
    type=sizes,
    default="100",
    metavar="SIZES",
    show_default=True,
    help="Units of each hidden layer, as 64,32, or none.",
)
@click.option(
    "--activation",
    metavar="NAME",
    default="relu",
    show_default=True,
    help="Activation of the hidden layers.",
)
@click.option(
    "--epochs",
    metavar="NUMBER",
    type=click.IntRange(1, LIMIT),
    default=200,
    show_default=True,
    help="Maximum number of passes over the training rows.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, LIMIT),
    metavar="ROWS",
    help="Rows in a batch.  [default: 200, or all rows if fewer]",
)
@click.option(
    "--learning-rate",
    metavar="RATE",
    type=FiniteRange(0, min_open=True),
    default=0.001,
    show_default=True,
    help="Learning rate of Adam.",
)
@click.option(
    "--l2",
    metavar="NUMBER",
    type=FiniteRange(0),
    default=0.0001,
    show_default=True,
    help="L2 penalty on the weights.",
)
@click.option(
    "--dropout",
    metavar="RATE",
    type=FiniteRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="Fraction of hidden units to drop in training.",
)
@click.option(
    "--validation",
    metavar="FRACTION|FILE",
    type=validation,
    default="0.2",
    show_default=True,
    help="Fraction of rows to hold out for the score, 0 to train on all rows; or another table to "
    "score on.",
)
@click.option(
    "--groups",
    metavar="COLUMN",
    help="Hold out whole groups: rows with the same value here. The column is no feature.",
)
@click.option(
    "--time",
    metavar="COLUMN",
    help="Hold out the newest rows by this column of dates or numbers.",
)
@click.option(
    "--patience",
    type=click.IntRange(0, LIMIT),
    metavar="EPOCHS",
    help="Stop after this many epochs without a lower validation loss, and keep the best epoch; 0 "
    f"trains all epochs and keeps the last.  [default: {DEFAULT_PATIENCE}; 0 with --validation 0]",
)
@click.option(
    "--class-weight",
    multiple=True,
    metavar="CLASS=WEIGHT",
    help="Weight of a class in the loss, or 'balanced'.  [repeatable]",
)
@click.option(
    "--weights",
    metavar="COLUMN",
    help="The weight of each row in the loss and the score. The column is no feature.",
)
@click.option(
    "--standardize/--no-standardize",
    default=True,
    show_default=True,
    help="Scale numbers by their median and quartiles, and a regressor's target to mean 0 and "
    "standard deviation 1.",
)
@click.option(
    "--seed",
    metavar="NUMBER",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Seed of the split, the initial weights and the shuffling.",
)
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
@common.drop_missing_option
@common.engine_option
@reading.reading_options
@common.json_option
def command(data: str, target: str, out: str, standardize: bool, **options: Any) -> None:
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
    scaling = "robust" if standardize else "none"
    options["choices"] = options["choices"]._replace(scaling=scaling)
    if options["patience"] is None:
        options["patience"] = DEFAULT_PATIENCE if options["validation"] else 0
    given = TrainOptions(**options)
    _check(data, out, given)
    found = training_rows.read(data, target, given)
    digest = reading.sha256(data)
    model = _estimator(found.data.target.values, given)
    _fit(model, found.train, found.held_out, given)
    held_out = found.held_out
    trained = {
        "fnet": fnet.__version__,
        "command": common.command_line(),
        "data": data,
        "sha256": digest,
        "target": found.data.target_name,
        "decision": found.data.target.reason,
        "rows": len(found.train.x),
        "validation_rows": len(held_out.x) if held_out else 0,
        "epochs": model.n_iter_,
        "best_epoch": training_results.best_epoch(model),
        "scores": training_results.scores(model, held_out) if held_out else {},
        "notations": training_results.notations(found.data),
        "missing": list(given.reading.missing) or None,
    }
    fnet.save(out, training_rows.pipeline(found, model), trained=trained)
    features = [column.name for column in found.encoding.columns if column.steps]
    result = {"model": out, **training_results.description(model, features), **trained}
    common.print_result(training_results.lines(result), result, given.as_json)


def _check(data: str, out: str, options: TrainOptions) -> None:
    """Refuse options that do not go together, and paths that cannot be written."""
    from fnet.core import checks, network

    inputs = [data, *([options.validation] if isinstance(options.validation, str) else [])]
    common.check_output_path(out, *inputs)
    if options.checkpoint is not None:
        common.check_output_path(options.checkpoint, *inputs)
        if os.path.realpath(options.checkpoint) == os.path.realpath(out):
            raise common.usage_error("--checkpoint and --out must be different files.")
    elif options.checkpoint_optional:
        raise common.usage_error("--checkpoint-optional needs --checkpoint.")
    if options.patience and not options.validation:
        raise common.usage_error("--patience needs validation rows: use a --validation above 0.")
    checks.one_of("--activation", options.activation, network.ACTIVATIONS)


def _estimator(y: npt.NDArray[Any], options: TrainOptions) -> "MLPClassifier | MLPRegressor":
    """The estimator that these options describe, not fitted yet."""
    from fnet.estimators import MLPClassifier, MLPRegressor

    checkpoint = None
    if options.checkpoint is not None:
        on_write_error: Literal["error", "warn"] = (
            "warn" if options.checkpoint_optional else "error"
        )
        checkpoint = fnet.checkpoint(options.checkpoint, on_write_error=on_write_error)
    arguments: dict[str, Any] = {
        "hidden_layer_sizes": options.hidden,
        "activation": options.activation,
        "max_iter": options.epochs,
        "batch_size": options.batch_size or "auto",
        "learning_rate_init": options.learning_rate,
        "alpha": options.l2,
        "dropout": options.dropout,
        "early_stopping": "loss" if options.patience else False,
        "n_iter_no_change": options.patience or math.inf,
        "tol": 0.0,  # any lower loss is an improvement, as in the help of --patience
        "random_state": options.seed,
        "engine": options.engine,
        "callback": checkpoint,
        "verbose": "bar",
    }
    if y.dtype.kind == "f":
        if options.class_weight:
            raise InvalidArgument(
                "--class-weight needs a classifier, but the target is numeric: use --task "
                "classifier, or leave --class-weight out"
            )
        scaled: Literal["target"] | bool = options.choices.scaling != "none" and "target"
        return MLPRegressor(standardize=scaled, **arguments)
    return MLPClassifier(
        class_weight=training_rows.class_weight(y, options.class_weight), **arguments
    )


def _fit(
    model: "MLPClassifier | MLPRegressor",
    rows: Rows,
    held_out: Rows | None,
    options: TrainOptions,
) -> None:
    """Fit without irrelevant warnings."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "|".join(IRRELEVANT_WARNINGS))
        validation = None if held_out is None else held_out.given()
        model.fit(rows.x, rows.y, rows.weights, validation_data=validation)
    ended = str(model.ended_)
    checkpoint = options.checkpoint  # which is not written on a full disk, if it is optional
    written = checkpoint if checkpoint is not None and os.path.exists(checkpoint) else None
    common.raise_if_interrupted(ended, model.n_iter_, options.epochs, written)
