"""Which rows `fnet train`, `cv` and `search` hold out for the score."""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.cli import common
from fnet.core.errors import InvalidArgument

Indices = npt.NDArray[np.int64]


class Split(NamedTuple):
    """Which rows are to train on, which ones are held out, and what a user should know of it."""

    train: Indices
    held_out: Indices | None = None
    notes: tuple[str, ...] = ()


def at_random(y: npt.NDArray[Any], fraction: float, seed: int) -> Split:
    """Rows at random; classes are split in equal proportions.

    A class with a single row stays in the training rows.
    """
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(y))
    strata, least = None, 1
    notes: tuple[str, ...] = ()
    alone = np.zeros(len(y), bool)
    if y.dtype.kind != "f":
        classes, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
        alone = counts[inverse] == 1
        strata, least = y[~alone], int((counts > 1).sum())
        if alone.any() and least:
            notes = (_of_single_rows(classes[counts == 1]),)
    held_out, shared = math.ceil(fraction * len(y)), len(y) - int(alone.sum())
    if not max(least, 1) <= held_out <= shared - least:
        raise InvalidArgument(
            f"--validation {fraction} holds out {held_out} of {len(y)} rows, but the training and "
            f"the validation set need at least {max(least, 1)} each: use another fraction, or 0"
        )
    train, validation = train_test_split(
        rows[~alone], test_size=held_out, stratify=strata, random_state=seed
    )
    return Split(np.concatenate([train, rows[alone]]), validation, notes)


def require_two(
    groups: npt.NDArray[Any] | None = None, times: npt.NDArray[Any] | None = None
) -> None:
    """Refuse rows that all are of one group or one time."""
    if groups is not None and len(np.unique(groups)) < 2:
        raise InvalidArgument(
            "--groups must name a column with at least two groups; all rows have the same one"
        )
    if times is not None and len(np.unique(times)) < 2:
        raise InvalidArgument("--time must name a column with at least two times; all are equal")


def by_groups(groups: npt.NDArray[Any], fraction: float, seed: int) -> Split:
    """Whole groups at random: those that come first until a fraction of the rows is held out."""
    require_two(groups=groups)
    names, codes, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.RandomState(seed).permutation(len(names))
    ends = np.cumsum(counts[order])[:-1]
    count = 1 + int(np.abs(ends - fraction * len(groups)).argmin())
    held_out = np.isin(codes, order[:count])
    return Split(np.flatnonzero(~held_out), np.flatnonzero(held_out))


def by_time(times: npt.NDArray[Any], fraction: float) -> Split:
    """The newest rows are held out; rows of one time stay together."""
    require_two(times=times)
    newest = np.sort(times)[::-1]
    wanted = math.ceil(fraction * len(times))
    edge = newest[wanted - 1]
    choices = [mask for mask in (times >= edge, times > edge) if mask.any() and not mask.all()]
    held_out = min(choices, key=lambda mask: abs(int(mask.sum()) - wanted))
    return Split(np.flatnonzero(~held_out), np.flatnonzero(held_out))


def without_unknown_classes(y: npt.NDArray[Any], split: Split) -> Split:
    """A split whose held-out rows have classes of the training rows, with a note about others."""
    train, held_out, notes = split
    if held_out is None or y.dtype.kind == "f":
        return split
    known = np.isin(y[held_out], y[train])
    if known.all():
        return split
    names = ", ".join(map(repr, np.unique(y[held_out][~known])[:10].tolist()))
    if not known.any():
        raise InvalidArgument(
            f"no held-out row has a class of the training rows; they have {names}: hold out others"
        )
    count = common.count(int((~known).sum()), "held-out row")
    note = f"left {count} out of the score, of classes that no training row has: {names}"
    return Split(train, held_out[known], (*notes, note))


def _of_single_rows(classes: npt.NDArray[Any]) -> str:
    """The note that says which classes have one row."""
    names = ", ".join(map(repr, classes[:10].tolist()))
    many = len(classes) > 1
    return (
        f"{'classes' if many else 'class'} {names}{' and more' if len(classes) > 10 else ''} "
        f"{'have' if many else 'has'} only one row, which stays in training: the score says "
        f"nothing about {'them' if many else 'it'}"
    )


def folds(
    y: npt.NDArray[Any],
    count: int,
    seed: int,
    groups: npt.NDArray[Any] | None = None,
    times: npt.NDArray[Any] | None = None,
) -> list[tuple[Indices, Indices]]:
    """Which rows each fold trains on, and which ones it holds out.

    Rows are shuffled; classes are split in equal proportions, and groups stay whole. By time, the
    rows are cut into one part more than folds, each as long; a fold holds out one part and trains
    on all before it.

    Args:
        y: The target `[N]`; floats for a regressor.
        count: The number of folds.
        seed: The seed of the shuffling.
        groups: The groups `[N]`, or None.
        times: The times `[N]`, or None.

    Returns:
        `(train, held_out)` for each fold.

    Raises:
        InvalidArgument: There are too few rows, groups or times.
    """
    from sklearn import model_selection

    if times is not None:
        return _folds_by_time(times, count)
    what, codes = ("rows", np.arange(len(y))) if groups is None else ("groups", groups)
    if (found := len(np.unique(codes))) < count:
        raise InvalidArgument(
            f"--folds {count} needs at least as many {what}, but there are {found}: use fewer"
        )
    classes = y.dtype.kind != "f"
    if classes and (most := int(np.unique(y, return_counts=True)[1].max())) < count:
        raise InvalidArgument(
            f"--folds {count} needs a class with as many rows, but the largest has {most}: use "
            "fewer"
        )
    options = {"n_splits": count, "shuffle": True, "random_state": seed}
    if groups is not None:
        kind = model_selection.StratifiedGroupKFold if classes else model_selection.GroupKFold
    else:
        kind = model_selection.StratifiedKFold if classes else model_selection.KFold
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # a note says so
        split = list(kind(**options).split(codes, y, groups))
    for train, held_out in split:
        if not len(train) or not len(held_out):
            raise InvalidArgument(
                f"--folds {count} leaves a fold without rows, as groups are too unequal: use fewer"
            )
    return split


def _folds_by_time(times: npt.NDArray[Any], count: int) -> list[tuple[Indices, Indices]]:
    """Folds that hold out newer rows than they train on; rows of one time stay together."""
    newer = np.sort(times)
    beginnings = 1 + np.flatnonzero(np.diff(newer))  # the rows that are newer than the one before
    if len(beginnings) < count:
        raise InvalidArgument(
            f"--folds {count} needs {count + 1} different times in the column of --time, but there "
            f"are {len(beginnings) + 1}: use fewer"
        )
    edges, used = [], 0
    for fold in range(1, count + 1):
        possible = beginnings[used : len(beginnings) - count + fold]
        used += 1 + int(np.abs(possible - fold * len(times) // (count + 1)).argmin())
        edges.append(newer[beginnings[used - 1]])
    return [
        (np.flatnonzero(times < start), np.flatnonzero((times >= start) & (times < end)))
        for start, end in zip(edges, [*edges[1:], np.inf], strict=True)
    ]
