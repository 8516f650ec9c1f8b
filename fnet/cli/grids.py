"""The candidates of `fnet search`, from its options `--grid NAME=VALUES`."""

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import click
import numpy as np

from fnet.cli import common, estimators
from fnet.cli.options import TrainOptions
from fnet.core.names import suggestion

SEARCHABLE = {
    "hidden": True,
    "activation": False,
    "epochs": False,
    "batch-size": False,
    "learning-rate": False,
    "l2": False,
    "dropout": False,
    "patience": False,
    "seed": False,
}
"""The options that a grid may have, and whether a comma is part of their value."""

ARGUMENTS = {
    "alpha": "l2",
    "hidden_layer_sizes": "hidden",
    "learning_rate_init": "learning_rate",
    "max_iter": "epochs",
    "n_iter_no_change": "patience",
    "random_state": "seed",
}
"""The options for arguments of the estimators."""

COMMAND_LINE = click.core.ParameterSource.COMMANDLINE

RANGE = re.compile(r"(.*)\.\.([^:]*):?(.*)")
"""Numbers evenly spaced in the logarithm, as 1e-4..1e-1:20."""

MAX_VALUES = 10_000
"""The most values of a range, and candidates of a search."""


class Axis(NamedTuple):
    """A hyperparameter of a search.

    Attributes:
        name: The option.
        values: Its values.
        is_log: Whether they are evenly spaced in the logarithm.
    """

    name: str
    values: tuple[Any, ...]
    is_log: bool = False

    @property
    def field(self) -> str:
        """The field of TrainOptions."""
        return self.name.replace("-", "_")


def grid_type(value: str) -> tuple[str, str]:
    """`(name, values)` of NAME=VALUES; the command's own options say what the values may be."""
    name, equals, values = value.partition("=")
    if not equals:
        raise click.BadParameter(f"{value!r} must be NAME=VALUES, as l2=0,0.001,0.1.")
    return name.strip().removeprefix("--"), values


def axes(given: Sequence[tuple[str, str]]) -> list[Axis]:
    """The hyperparameters of the options `--grid` of the running command.

    Args:
        given: `(name, values)` of each option.

    Returns:
        The axes, in the same order.

    Raises:
        click.UsageError: A name or a value is not valid, or is given twice.
    """
    options = {option.opts[0].removeprefix("--"): option for option in _options()}
    found: list[Axis] = []
    for name, values in given:
        if name not in SEARCHABLE:
            raise _unknown(name, options)
        if name in (axis.name for axis in found):
            raise _refused(name, "is given twice; put all values into one --grid")
        axis = _axis(name, values, options[name])
        if click.get_current_context().get_parameter_source(axis.field) == COMMAND_LINE:
            raise _refused(name, f"and --{name} do not go together")
        found.append(axis)
    count = int(np.prod([len(axis.values) for axis in found], dtype=object))
    if count > MAX_VALUES:
        raise common.usage_error(
            f"--grid gives {count:,} candidates, but a search has at most {MAX_VALUES:,}: use "
            "fewer values."
        )
    return found


def candidates(found: Sequence[Axis], options: TrainOptions) -> list[TrainOptions]:
    """The options of each candidate, those of the last axis changing fastest."""
    return [
        options._replace(**dict(zip((axis.field for axis in found), values, strict=True)))
        for values in itertools.product(*(axis.values for axis in found))
    ]


def parameters(found: Sequence[TrainOptions], prefix: str) -> list[dict[str, Any]]:
    """The arguments that a grid gives to each candidate's estimator, by the names of a pipeline.

    They are those in which candidates differ from each other; what all have in common is in the
    pipeline itself, which is that of any of them.
    """
    every = [estimators.arguments(options) for options in found]
    differing = [name for name in every[0] if len({repr(each[name]) for each in every}) > 1]
    return [{f"{prefix}__{name}": each[name] for name in differing} for each in every]


def text(value: Any) -> str:
    """A value as the option takes it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return str(value)


def _options() -> Iterable[click.Option]:
    """The options of the running command."""
    command = click.get_current_context().command
    return (each for each in command.params if isinstance(each, click.Option))


def _axis(name: str, values: str, option: click.Option) -> Axis:
    """The axis of one `--grid`."""
    separator = ";" if ";" in values or SEARCHABLE[name] else ","
    parts = [part.strip() for part in values.split(separator)]
    if parts == [""]:
        raise _refused(name, "has no values")
    found: list[Any] = []
    for part in parts:
        found += _range(name, part, option) or [_value(name, part, option)]
    if twice := [value for i, value in enumerate(found) if value in found[:i]]:
        raise _refused(name, f"has the value {text(twice[0])} twice")
    return Axis(name, tuple(found), len(parts) == 1 and len(found) > 1)


def _range(name: str, part: str, option: click.Option) -> list[Any]:
    """The values of a range, nothing if the text is none. Whole numbers are rounded."""
    match = RANGE.fullmatch(part)
    if match is None:
        return []
    kind = option.type
    if not isinstance(kind, (click.IntRange, click.FloatRange)):
        raise _refused(name, f"takes no numbers, but {part!r} is a range of numbers")
    try:
        low, high, count = float(match[1]), float(match[2]), int(match[3])
    except ValueError:
        raise _refused(name, f"must have ranges as 1e-4..1e-1:20; got {part!r}") from None
    if not (0 < low < high < np.inf):
        raise _refused(
            name,
            f"has the range {part!r}: its values are evenly spaced in the logarithm, so its ends "
            "must be above 0 and finite, the smaller one first",
        )
    if not 2 <= count <= MAX_VALUES:
        raise _refused(name, f"has the range {part!r}: it must have 2 to {MAX_VALUES:,} values")
    spaced = np.geomspace(low, high, count).tolist()
    if isinstance(kind, click.IntRange):
        spaced = list(dict.fromkeys(map(round, spaced)))
    return [_value(name, str(value), option) for value in spaced]


def _value(name: str, part: str, option: click.Option) -> Any:
    """A value, by the type of the option."""
    try:
        return option.type.convert(part, option, click.get_current_context())
    except click.BadParameter as error:
        raise _refused(name, f"has a value that --{name} refuses: {error.message}") from None


def _refused(name: str, why: str) -> click.UsageError:
    return common.usage_error(f"--grid {name} {why.rstrip('.')}.")


def _unknown(name: str, options: Iterable[str]) -> click.UsageError:
    """The error for an option that no grid has."""
    known = ", ".join(SEARCHABLE)
    if name in options:
        return _refused(name, f"cannot be searched: use one of {known}")
    plain = name.replace("-", "_")
    near = suggestion(ARGUMENTS.get(plain, plain), [each.replace("-", "_") for each in SEARCHABLE])
    return common.usage_error(
        f"--grid has no {name!r}{near.replace('_', '-') or '.'} It must be one of {known}."
    )
