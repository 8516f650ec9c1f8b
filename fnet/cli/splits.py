"""Which rows `fnet train` holds out for the score."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.cli import common
from fnet.core.errors import InvalidArgument

Indices = npt.NDArray[np.int64]


def at_random(y: npt.NDArray[Any], fraction: float, seed: int) -> tuple[Indices, Indices]:
    """`(training rows, validation rows)`; classes are split in equal proportions.

    A class with a single row stays in the training rows.
    """
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(y))
    strata, least = None, 1
    alone = np.zeros(len(y), bool)
    if y.dtype.kind != "f":
        classes, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
        alone = counts[inverse] == 1
        strata, least = y[~alone], int((counts > 1).sum())
        if alone.any() and least:
            _note_single_rows(classes[counts == 1])
    held_out, shared = math.ceil(fraction * len(y)), len(y) - int(alone.sum())
    if not max(least, 1) <= held_out <= shared - least:
        raise InvalidArgument(
            f"--validation {fraction} holds out {held_out} of {len(y)} rows, but the training and "
            f"the validation set need at least {max(least, 1)} each: use another fraction, or 0"
        )
    train, validation = train_test_split(
        rows[~alone], test_size=held_out, stratify=strata, random_state=seed
    )
    return np.concatenate([train, rows[alone]]), validation


def by_groups(groups: npt.NDArray[Any], fraction: float, seed: int) -> tuple[Indices, Indices]:
    """Whole groups at random: those that come first until a fraction of the rows is held out."""
    names, codes, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise InvalidArgument(
            f"--groups must name a column with at least two groups; all rows have {names[0]!r}"
        )
    order = np.random.RandomState(seed).permutation(len(names))
    ends = np.cumsum(counts[order])[:-1]
    count = 1 + int(np.abs(ends - fraction * len(groups)).argmin())
    held_out = np.isin(codes, order[:count])
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def by_time(times: npt.NDArray[Any], fraction: float) -> tuple[Indices, Indices]:
    """The newest rows are held out; rows of one time stay together."""
    newest = np.sort(times)[::-1]
    wanted = math.ceil(fraction * len(times))
    edge = newest[wanted - 1]
    choices = [mask for mask in (times >= edge, times > edge) if mask.any() and not mask.all()]
    if not choices:
        raise InvalidArgument("--time must name a column with at least two times; all are equal")
    held_out = min(choices, key=lambda mask: abs(int(mask.sum()) - wanted))
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def without_unknown_classes(y: npt.NDArray[Any], train: Indices, held_out: Indices) -> Indices:
    """The held-out rows whose class some training row has, with a note about the others."""
    known = np.isin(y[held_out], y[train])
    if y.dtype.kind == "f" or known.all():
        return held_out
    names = ", ".join(map(repr, np.unique(y[held_out][~known])[:10].tolist()))
    count = common.count(int((~known).sum()), "held-out row")
    common.print_note(
        f"{count} of classes that no training row has ({names}) left out of the score"
    )
    if not known.any():
        raise InvalidArgument(f"no held-out row has a class of the training rows; it has {names}")
    return held_out[known]


def _note_single_rows(classes: npt.NDArray[Any]) -> None:
    """Say which classes have one row."""
    names = ", ".join(map(repr, classes[:10].tolist()))
    many = len(classes) > 1
    common.print_note(
        f"{'classes' if many else 'class'} {names}{' and more' if len(classes) > 10 else ''} "
        f"{'have' if many else 'has'} only one row, which stays in training: the score says "
        f"nothing about {'them' if many else 'it'}"
    )
