"""The rows that `fnet train` learns from: read, of one task or the other, and parted."""

import math

from fnet.cli import common
from fnet.core.errors import InvalidArgument

MOST_CLASSES = 20
"""A target of no more different whole numbers than this is taken for classes."""


def read(data, target, options):
    """`(x, y, names of features)`; y is int64 or text for a classifier, float64 for a regressor."""
    import numpy as np

    from fnet import tables

    task = options["task"]
    share = {None: 0.5, "classifier": 1.0, "regressor": 0.0}[task]
    with common.table(data, options["delimiter"]) as table:
        names = tables.features(table, [target], options["without"])
        x, y = tables.whole(table, names, target, share)
    if task == "regressor":
        return x, y, names
    if task == "classifier" or y.dtype.kind == "U":
        _several(table, target, y)
    if y.dtype.kind == "U":
        return x, y, names
    exact = np.all((y == np.rint(y)) & (np.abs(y) <= tables.EXACT))
    if task == "classifier" and not exact:
        raise InvalidArgument(
            f"{table.name}: column {target!r} holds numbers that are no classes, such as "
            f"{y[np.argmax(y != np.rint(y))]}: name classes by whole numbers or by text, or give "
            "--task regressor"
        )
    classes = exact and (task == "classifier" or len(np.unique(y)) <= MOST_CLASSES)
    return x, y.astype(np.int64) if classes else y, names


def _several(table, target, y):
    """Refuse a single class."""
    if (y == y[0]).all():
        raise InvalidArgument(
            f"{table.name}: column {target!r} holds one class only, {str(y[0])!r}: a classifier "
            "needs two, or give --task regressor"
        )


def parts(x, y, options):
    """`(x, y)` to train on, and to hold out or None; of classes the same share of each."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    share, rows = options["validation"], len(x)
    if not share:
        return (x, y), None
    strata, least = None, 1
    if y.dtype.kind != "f":
        strata, (classes, counts) = y, np.unique(y, return_counts=True)
        least = len(classes)
        if counts.min() < 2:
            raise InvalidArgument(
                f"class {str(classes[counts.argmin()])!r} has a single row, so that none can be "
                "held out: leave it out, or give --validation 0"
            )
    held = math.ceil(share * rows)
    if not least <= held <= rows - least:
        raise InvalidArgument(
            f"--validation {share} holds out {held} of {rows} rows; there must be at least {least} "
            "in each part: give another share, or 0"
        )
    x, x_held, y, y_held = train_test_split(
        x, y, test_size=held, stratify=strata, random_state=options["seed"]
    )
    return (x, y), (x_held, y_held)


def class_weight(y, given):
    """The class weights of an estimator, from what was given as CLASS=WEIGHT."""
    import numpy as np

    from fnet.core import checks

    if not given:
        return None
    if given == ("balanced",):
        return "balanced"
    classes = {str(name): name for name in np.unique(y).tolist()}
    found = {}
    for pair in given:
        name, equals, weight = pair.rpartition("=")
        try:
            found[classes[name]] = checks.one_number("weight", float(weight))
        except (KeyError, ValueError):
            raise InvalidArgument(
                f"--class-weight must be balanced, or CLASS=WEIGHT with a class of the target "
                f"({', '.join(classes):.100}) and a number from 0 up; got {pair!r}"
            ) from None
    return found
