"""The options of trainings and of `fnet predict`: as data, their types, and the lists to share."""

import math
from typing import Any, Literal, NamedTuple

import click

from fnet.cli import common
from fnet.cli.common import file_path
from fnet.cli.learning import Choices, choice_options
from fnet.cli.reading import Reading, reading_options

DEFAULT_PATIENCE = 20
"""The default number of epochs without a lower validation loss after which training stops."""

LIMIT = 10**9
"""The largest number of epochs, or of rows in a batch."""

Task = Literal["classifier", "regressor"]


class TrainOptions(NamedTuple):
    """The options of `fnet train`, `cv` and `search`, without data, target and outputs."""

    task: Task | None
    hidden: tuple[int, ...]
    activation: str
    epochs: int
    batch_size: int | None
    learning_rate: float
    l2: float
    dropout: float
    validation: float | str
    patience: int
    drop_missing: bool
    class_weight: tuple[str, ...]
    weights: str | None
    groups: str | None
    time: str | None
    seed: int
    checkpoint: str | None
    engine: Literal["auto", "numpy", "tensorflow"]
    as_json: bool
    choices: Choices
    reading: Reading
    checkpoint_optional: bool = False
    workers: int = 1


def train_options(
    standardize: bool, patience: int | None, choices: Choices, **options: Any
) -> TrainOptions:
    """The options of a training, from those of its command."""
    scaling = "robust" if standardize else "none"
    if patience is None:
        patience = DEFAULT_PATIENCE if options["validation"] else 0
    return TrainOptions(patience=patience, choices=choices._replace(scaling=scaling), **options)


class PredictOptions(NamedTuple):
    """The options of `fnet predict`."""

    out: str | None
    probabilities: bool
    interval: float | None
    set: float | None
    std: bool
    keep: tuple[str, ...]
    strict: bool
    as_json: bool
    safe_csv: bool
    reading: Reading


def sizes(value: Any) -> tuple[int, ...]:
    """Sizes of hidden layers from `64,32`, or `none` for no hidden layers."""
    if isinstance(value, tuple):
        return value
    if value == "none":
        return ()
    try:
        found = tuple(int(size) for size in value.split(","))
    except ValueError:
        found = (0,)
    if min(found) < 1:
        raise click.BadParameter(
            f"{value!r} must be integers of at least 1 between commas, as 64,32, or none."
        )
    return found


def validation(value: Any) -> float | str:
    """A fraction of the rows, or the path of a table."""
    try:
        fraction = float(value)
    except ValueError:
        return file_path(value)
    if not 0 <= fraction < 1:
        raise click.BadParameter(
            f"{value} is not in the range 0<=x<1; for a file of that name give ./{value}."
        )
    return fraction


def folds_of_cv(value: Any) -> int:
    """A number of folds, or 0 for none."""
    try:
        found = int(value)
    except ValueError:
        found = -1
    if found != 0 and not 2 <= found <= LIMIT:
        raise click.BadParameter(f"{value!r} must be an integer of at least 2, or 0 for no folds.")
    return found


class FiniteRange(click.FloatRange):
    """A finite number in a range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} must be finite.", param, ctx)
        return number


model_options = common.all_of(
    click.option(
        "--task",
        type=click.Choice(["classifier", "regressor"]),
        help="The kind of model.  [default: by the target]",
    ),
    choice_options,
    click.option(
        "--hidden",
        type=sizes,
        default="100",
        metavar="SIZES",
        show_default="100 in a single network",
        help="Units of each hidden layer, as 64,32, or none.",
    ),
    click.option(
        "--activation",
        metavar="NAME",
        default="relu",
        show_default=True,
        help="Activation of the hidden layers.",
    ),
    click.option(
        "--epochs",
        metavar="NUMBER",
        type=click.IntRange(1, LIMIT),
        default=200,
        show_default="200 of a single network",
        help="Maximum number of passes over the training rows.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1, LIMIT),
        metavar="ROWS",
        help="Rows in a batch.  [default: 200, or all rows if fewer]",
    ),
    click.option(
        "--learning-rate",
        metavar="RATE",
        type=FiniteRange(0, min_open=True),
        default=0.001,
        show_default=True,
        help="Learning rate of Adam.",
    ),
    click.option(
        "--l2",
        metavar="NUMBER",
        type=FiniteRange(0),
        default=0.0001,
        show_default=True,
        help="L2 penalty on the weights.",
    ),
    click.option(
        "--dropout",
        metavar="RATE",
        type=FiniteRange(0, 1, max_open=True),
        default=0.0,
        show_default=True,
        help="Fraction of hidden units to drop in training.",
    ),
)
"""The options that say what kind of model is trained, and how."""

row_options = common.all_of(
    click.option(
        "--groups",
        metavar="COLUMN",
        help="Hold out whole groups: rows with the same value here. The column is no feature.",
    ),
    click.option(
        "--time",
        metavar="COLUMN",
        help="Hold out the newest rows by this column of dates or numbers.",
    ),
    click.option(
        "--patience",
        type=click.IntRange(0, LIMIT),
        metavar="EPOCHS",
        help="Stop after this many epochs without a lower validation loss, and keep the best "
        "epoch; 0 trains all epochs and keeps the last.  "
        f"[default: {DEFAULT_PATIENCE}; 0 with --validation 0]",
    ),
    click.option(
        "--class-weight",
        multiple=True,
        metavar="CLASS=WEIGHT",
        help="Weight of a class in the loss, or 'balanced'.  [repeatable]",
    ),
    click.option(
        "--weights",
        metavar="COLUMN",
        help="The weight of each row in the loss and the score. The column is no feature.",
    ),
    click.option(
        "--standardize/--no-standardize",
        default=True,
        show_default=True,
        help="Scale numbers by their median and quartiles, and a regressor's target to mean 0 and "
        "standard deviation 1.",
    ),
    click.option(
        "--seed",
        metavar="NUMBER",
        type=click.IntRange(0, 2**32 - 1),
        default=0,
        show_default=True,
        help="Seed of the split, the initial weights and the shuffling.",
    ),
)
"""The options that say which rows are held out, and what they weigh."""

table_options = common.all_of(common.drop_missing_option, common.engine_option, reading_options)
"""The options that say how a table is read, and the engine."""

fold_options = common.all_of(
    click.option("--target", required=True, metavar="COLUMN", help="The column to predict."),
    click.option(
        "--folds",
        metavar="NUMBER",
        type=click.IntRange(2, LIMIT),
        default=5,
        show_default=True,
        help="The number of folds, each of which is held out once.",
    ),
    click.option(
        "--checkpoint",
        type=common.file_path,
        metavar="FILE",
        help="Save each group of fits that has finished to this file; the same command resumes "
        "from it.",
    ),
    click.option(
        "--picture", type=common.file_path, metavar="FILE", help="Draw the scores into a PNG, too."
    ),
)
"""The options of commands that fit on folds."""

stopping_option = click.option(
    "--validation",
    metavar="FRACTION",
    type=FiniteRange(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="Fraction of a fold's training rows that say when to stop, at random; 0 trains on all.",
)
"""The option of these commands that goes with `--patience`."""
