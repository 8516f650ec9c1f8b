"""The rows that `fnet train` learns from: read, assigned a task, and split."""

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy.typing as npt

from fnet.cli import common
from fnet.cli.options import TrainOptions
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.tables import TrainingData

Rows: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]
"""Features `[N, D]` and a target `[N]`."""


def read(data: str, target: str, options: TrainOptions) -> "TrainingData":
    """The table; its target is int64 or text for a classifier, float64 for a regressor."""
    from fnet import tables

    how = tables.TargetOptions(options.task, options.missing, options.drop_missing, options.decimal)
    with common.open_table(data, options.delimiter) as table:
        found = tables.read_training_data(table, target, options.without, how, options.keep_index)
    for note in found.notes:
        common.print_note(note)
    return found


def split(
    x: npt.NDArray[Any], y: npt.NDArray[Any], options: TrainOptions
) -> tuple[Rows, Rows | None]:
    """`(training rows, validation rows or None)`; classes are split in equal proportions.

    A class with a single row stays in the training rows.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    fraction, rows = options.validation, len(x)
    if not fraction:
        return (x, y), None
    strata, least = None, 1
    alone = np.zeros(rows, bool)
    if y.dtype.kind != "f":
        classes, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
        alone = counts[inverse] == 1
        strata, least = y[~alone], int((counts > 1).sum())
        if alone.any() and least:
            _note_single_rows(classes[counts == 1])
    held_out, shared = math.ceil(fraction * rows), rows - int(alone.sum())
    if not max(least, 1) <= held_out <= shared - least:
        raise InvalidArgument(
            f"--validation {fraction} holds out {held_out} of {rows} rows, but the training and "
            f"the validation set need at least {max(least, 1)} each: use another fraction, or 0"
        )
    x_train, x_held_out, y_train, y_held_out = train_test_split(
        x[~alone], y[~alone], test_size=held_out, stratify=strata, random_state=options.seed
    )
    train = np.concatenate([x_train, x[alone]]), np.concatenate([y_train, y[alone]])
    return train, (x_held_out, y_held_out)


def _note_single_rows(classes: npt.NDArray[Any]) -> None:
    """Say which classes have one row."""
    names = ", ".join(map(repr, classes[:10].tolist()))
    many = len(classes) > 1
    common.print_note(
        f"{'classes' if many else 'class'} {names}{' and more' if len(classes) > 10 else ''} "
        f"{'have' if many else 'has'} only one row, which stays in training: the score says "
        f"nothing about {'them' if many else 'it'}"
    )


def class_weight(
    y: npt.NDArray[Any], given: tuple[str, ...]
) -> dict[Any, float] | Literal["balanced"] | None:
    """The `class_weight` of an estimator, from options CLASS=WEIGHT."""
    import numpy as np

    from fnet.core import checks

    if not given:
        return None
    if given == ("balanced",):
        return "balanced"
    classes = {str(name): name for name in np.unique(y).tolist()}
    weights: dict[Any, float] = {}
    for pair in given:
        name, _, weight = pair.rpartition("=")
        if name in classes and classes[name] in weights:
            raise common.usage_error(f"--class-weight is given twice for the class {name!r}.")
        try:
            weights[classes[name]] = checks.one_number("weight", float(weight))
        except (KeyError, ValueError):
            raise InvalidArgument(
                "--class-weight must be 'balanced', or CLASS=WEIGHT with a class of the target "
                f"({', '.join(map(repr, classes)):.100}) and a number of at least 0; got {pair!r}"
            ) from None
    return weights
