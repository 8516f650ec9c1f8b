"""Which rows each network of a fit holds out."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.cross_validation import Indices, split_pairs
from fnet.core.errors import InvalidArgument

Pairs = tuple[tuple[Indices, Indices], ...]

STACKLEVEL = 5
"""How far up the stack a warning belongs: to the caller of `fit`."""


class Rows(NamedTuple):
    """What is known of N rows before they are split.

    Attributes:
        y: Codes of classes `[N]`, or targets `[N]` or `[N, K]`.
        are_classes: Whether y is codes of classes.
        groups: The group of each row, whose rows stay together, or None.
        times: The time of each row, or None; rows are then held out that are newer than those
            trained on.
    """

    y: npt.NDArray[Any]
    are_classes: bool
    groups: npt.NDArray[Any] | None = None
    times: npt.NDArray[Any] | None = None


def make_folds(cv: Any, rows: Rows, repeats: int, seed: int) -> Pairs:
    """`(training rows, held-out rows)` for each network.

    Args:
        cv: The number of folds, a splitter of scikit-learn or pairs of indices.
        rows: The rows.
        repeats: How often they are split; the folds of a number are drawn anew each time.
        seed: The seed of the draw.

    Returns:
        A pair for each network. Where there are fewer rows or groups than folds, or classes of
        fewer rows, a warning says what was done instead.

    Raises:
        InvalidArgument: The rows cannot be split so.
    """
    if not isinstance(cv, (int, np.integer)):
        if rows.times is not None:
            raise InvalidArgument("times go with a number of folds; got times with a splitter")
        zeros = np.zeros((len(rows.y), 1))
        return split_pairs(cv, (zeros, rows.y, rows.groups), len(rows.y)) * repeats
    if rows.times is not None:
        return _by_time(int(cv), rows.times) * repeats
    count, held_out = _count(int(cv), rows)
    pairs: list[tuple[Indices, Indices]] = []
    always = np.setdiff1d(np.arange(len(rows.y)), held_out)
    for repeat in range(repeats):
        splitter = _splitter(count, rows, seed + repeat)
        groups = None if rows.groups is None else rows.groups[held_out]
        for train, out in splitter.split(held_out, rows.y[held_out], groups):
            pairs.append((np.sort(np.concatenate([held_out[train], always])), held_out[out]))
    return tuple(pairs)


def are_in_time_order(pairs: Pairs) -> bool:
    """Whether each network holds out rows that come after all that it is trained on."""
    return all(train.max() < held_out.min() for train, held_out in pairs)


def _splitter(count: int, rows: Rows, seed: int) -> Any:
    from sklearn import model_selection

    seed %= 2**32
    if rows.groups is not None:
        if rows.are_classes:
            return model_selection.StratifiedGroupKFold(count, shuffle=True, random_state=seed)
        return model_selection.GroupKFold(count, shuffle=True, random_state=seed)
    kind = model_selection.StratifiedKFold if rows.are_classes else model_selection.KFold
    return kind(count, shuffle=True, random_state=seed)


def _count(count: int, rows: Rows) -> tuple[int, Indices]:
    """The number of folds, and the rows that they hold out in turn."""
    held_out = np.arange(len(rows.y))
    if rows.groups is not None:
        names = len(np.unique(rows.groups))
        if names < 2:
            raise InvalidArgument(
                "groups must have at least two values, so that one can be held out; got one"
            )
        return _at_most(count, names, "groups"), held_out
    if not rows.are_classes:
        if len(held_out) < 2:
            raise InvalidArgument(
                f"cv={count} needs at least 2 rows; got {len(held_out)}. Use cv=0"
            )
        return _at_most(count, len(held_out), "rows"), held_out
    classes, sizes = np.unique(rows.y, return_counts=True)
    if sizes.max() < 2:
        raise InvalidArgument(
            f"cv={count} needs a class with at least 2 rows; each has one. Use cv=0"
        )
    count = _at_most(count, int(sizes.max()), "rows of the most frequent class")
    rare = classes[sizes < count]
    if len(rare):
        warnings.warn(
            f"{len(rare)} of {len(classes)} classes have fewer rows than the {count} folds: these "
            "rows are in every training part, and the score says nothing about them",
            stacklevel=STACKLEVEL + 1,
        )
    return count, held_out[~np.isin(rows.y, rare)]


def _at_most(count: int, most: int, what: str) -> int:
    if count > most:
        warnings.warn(
            f"{most} {what} make {most} folds, fewer than cv={count}", stacklevel=STACKLEVEL + 2
        )
    return min(count, most)


def _by_time(count: int, times: npt.NDArray[Any]) -> Pairs:
    """Each fold holds out the rows of a period, after those that it is trained on.

    The rows are cut into one period more than folds, of nearly equal numbers of rows; those of one
    time stay together.
    """
    distinct, codes, sizes = np.unique(times, return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        raise InvalidArgument("times must have at least two values; all are equal")
    periods = _at_most(count, len(distinct) - 1, "times after the first") + 1
    middles = (np.cumsum(sizes) - sizes / 2) / len(times)
    period = np.unique((middles * periods).astype(int), return_inverse=True)[1][codes]
    order = range(1, int(period.max()) + 1)
    if not order:  # one time has nearly all rows
        period, order = (codes > 0).astype(int), range(1, 2)
    return tuple((np.flatnonzero(period < i), np.flatnonzero(period == i)) for i in order)
