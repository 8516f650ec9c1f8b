"""The options of `fnet train` and `fnet predict` as data, and their types."""

import math
from typing import Any, Literal, NamedTuple

import click

from fnet.cli.common import file_path
from fnet.cli.learning import Choices
from fnet.cli.reading import Reading

DEFAULT_PATIENCE = 20
"""The default number of epochs without a lower validation loss after which training stops."""

LIMIT = 10**9
"""The largest number of epochs, or of rows in a batch."""

Task = Literal["classifier", "regressor"]


class TrainOptions(NamedTuple):
    """The options of `fnet train`, without its data, target and output."""

    task: Task | None
    hidden: tuple[int, ...]
    activation: str
    epochs: int
    batch_size: int | None
    learning_rate: float
    l2: float
    dropout: float
    validation: float | str
    patience: int | None
    drop_missing: bool
    class_weight: tuple[str, ...]
    weights: str | None
    groups: str | None
    time: str | None
    seed: int
    checkpoint: str | None
    checkpoint_optional: bool
    engine: Literal["auto", "numpy", "tensorflow"]
    as_json: bool
    choices: Choices
    reading: Reading


class PredictOptions(NamedTuple):
    """The options of `fnet predict`."""

    out: str | None
    probabilities: bool
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
