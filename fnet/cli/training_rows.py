"""The rows that `fnet train` learns from: read, assigned a task, and split."""

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy.typing as npt

from fnet.cli import common
from fnet.cli.options import TrainOptions
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.tables import Table

MAX_CLASSES = 20
"""The most distinct integers that a target may have to be taken for classes."""

Rows: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]
"""Features `[N, D]` and a target `[N]`."""


def read(
    data: str, target: str, options: TrainOptions
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], list[str]]:
    """`(x, y, feature names)`; y is int64 or text for a classifier, float64 for a regressor."""
    import numpy as np

    from fnet import tables

    min_numeric_fraction = {None: 0.5, "classifier": 1.0, "regressor": 0.0}[options.task]
    with common.open_table(data, options.delimiter) as table:
        names = tables.feature_names(table, [target], options.without)
        x, y = tables.read_training_data(table, names, target, min_numeric_fraction)
    if options.task == "regressor":
        return x, y, names
    if options.task == "classifier" or y.dtype.kind == "U":
        _require_two_classes(table, target, y)
    if y.dtype.kind == "U":
        return x, y, names
    integers = (y == np.rint(y)) & (np.abs(y) <= tables.MAX_EXACT_INTEGER)
    if options.task == "classifier" and not integers.all():
        row = int(np.argmin(integers))
        raise InvalidArgument(
            f"{table.name}: column {target!r}, row {row + 1}: {y[row]} is not a class; classes are "
            "integers or text: correct it, or use --task regressor"
        )
    few = options.task == "classifier" or len(np.unique(y)) <= MAX_CLASSES
    return x, y.astype(np.int64) if few and integers.all() else y, names


def _require_two_classes(table: "Table", target: str, y: npt.NDArray[Any]) -> None:
    """Refuse a target of a single class."""
    if (y == y[0]).all():
        raise InvalidArgument(
            f"{table.name}: column {target!r} has only one class, {str(y[0])!r}: a classifier "
            "needs at least two; use --task regressor for a numeric target"
        )


def split(
    x: npt.NDArray[Any], y: npt.NDArray[Any], options: TrainOptions
) -> tuple[Rows, Rows | None]:
    """`(training rows, validation rows or None)`; classes are split in equal proportions."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    fraction, rows = options.validation, len(x)
    if not fraction:
        return (x, y), None
    strata, least = None, 1
    if y.dtype.kind != "f":
        strata, (classes, counts) = y, np.unique(y, return_counts=True)
        least = len(classes)
        if counts.min() < 2:
            raise InvalidArgument(
                f"class {str(classes[counts.argmin()])!r} has only one row, so none can be held "
                "out: remove it, or use --validation 0"
            )
    held_out = math.ceil(fraction * rows)
    if not least <= held_out <= rows - least:
        raise InvalidArgument(
            f"--validation {fraction} holds out {held_out} of {rows} rows, but the training and "
            f"the validation set need at least {least} each: use another fraction, or 0"
        )
    x_train, x_held_out, y_train, y_held_out = train_test_split(
        x, y, test_size=held_out, stratify=strata, random_state=options.seed
    )
    return (x_train, y_train), (x_held_out, y_held_out)


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
    weights = {}
    for pair in given:
        name, _, weight = pair.rpartition("=")
        try:
            weights[classes[name]] = checks.one_number("weight", float(weight))
        except (KeyError, ValueError):
            raise InvalidArgument(
                "--class-weight must be 'balanced', or CLASS=WEIGHT with a class of the target "
                f"({', '.join(classes):.100}) and a number of at least 0; got {pair!r}"
            ) from None
    return weights
