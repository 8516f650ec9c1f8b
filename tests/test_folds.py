"""Which rows the networks of a fit hold out."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import KFold, TimeSeriesSplit

from fnet import InvalidArgument
from fnet.estimators.tabular.folds import Rows, are_in_time_order, make_folds

N = 50
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=N)
CLASSES = np.repeat([0, 1, 2], [30, 15, 5])
RARE = np.repeat([0, 1, 2], [40, 8, 2])
GROUPS = np.repeat(np.arange(10), 5)
TIMES = np.repeat(np.arange(25), 2)[RNG.permutation(N)]


def rows(y=NUMBERS, classes=False, **others):
    return Rows(y, classes, **others)


KINDS = {
    "numbers": (rows(), 8),
    "several outputs": (rows(NUMBERS.reshape(-1, 2).repeat(2, 0)), 8),
    "classes": (rows(CLASSES, True), 5),
    "groups": (rows(groups=GROUPS), 8),
    "classes in groups": (rows(CLASSES, True, groups=GROUPS), 3),
}


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize(("given", "cv"), KINDS.values(), ids=KINDS)
def test_every_row_is_held_out_once_and_trained_on_otherwise(given, cv, repeats):
    pairs = make_folds(cv, given, repeats, seed=1)
    assert len(pairs) == cv * repeats
    for start in range(0, len(pairs), cv):
        part = pairs[start : start + cv]
        assert np.array_equal(
            np.sort(np.concatenate([held_out for _, held_out in part])), np.arange(N)
        )
        for train, held_out in part:
            assert np.array_equal(np.sort(np.concatenate([train, held_out])), np.arange(N))
            if given.groups is not None:
                assert not np.isin(given.groups[held_out], given.groups[train]).any()
    if repeats > 1:
        assert not np.array_equal(pairs[0][1], pairs[cv][1])
    again = make_folds(cv, given, repeats, seed=1)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(pairs, again, strict=True))


def test_classes_are_held_out_in_proportion():
    for _, held_out in make_folds(5, rows(CLASSES, True), 1, seed=0):
        assert np.bincount(CLASSES[held_out]).tolist() == [6, 3, 1]


def test_a_rare_class_is_in_every_training_part():
    with pytest.warns(UserWarning, match="1 of 3 classes have fewer rows than the 8 folds"):
        pairs = make_folds(8, rows(RARE, True), 1, seed=0)
    for train, held_out in pairs:
        assert (RARE[train] == 2).sum() == 2
        assert not (RARE[held_out] == 2).any()
    assert sum(len(held_out) for _, held_out in pairs) == 48


FEWER = {
    "rows": (rows(NUMBERS[:5]), 5, "5 rows make 5 folds, fewer than cv=8"),
    "groups": (rows(groups=np.repeat([0, 1, 2], [20, 20, 10])), 3, "3 groups make 3 folds"),
    "rows of a class": (rows(np.repeat([0, 1], 4), True), 4, "4 rows of the most frequent class"),
    "times": (rows(times=np.repeat([3, 1, 2], [20, 20, 10])), 2, "2 times after the first"),
}


@pytest.mark.parametrize(("given", "count", "message"), FEWER.values(), ids=FEWER)
def test_fewer_folds_are_made_and_said(given, count, message):
    with pytest.warns(UserWarning, match=message):
        assert len(make_folds(8, given, 1, seed=0)) == count


@pytest.mark.parametrize("cv", [2, 4, 8])
def test_newer_rows_are_held_out_and_those_of_one_time_stay_together(cv):
    pairs = make_folds(cv, rows(times=TIMES), 1, seed=0)
    assert len(pairs) == cv
    for train, held_out in pairs:
        assert TIMES[train].max() < TIMES[held_out].min()
    last_train, last_held = pairs[-1]
    assert len(last_train) + len(last_held) == N
    sizes = [len(held_out) for _, held_out in pairs]
    assert max(sizes) - min(sizes) <= 4


def test_one_time_of_nearly_all_rows_makes_one_fold():
    times = np.repeat([0, 1], [49, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        [(train, held_out)] = make_folds(8, rows(times=times), 1, seed=0)
    assert (len(train), len(held_out)) == (49, 1)


def test_time_order_is_known_by_the_rows():
    assert are_in_time_order(make_folds(TimeSeriesSplit(4), rows(), 1, seed=0))
    assert not are_in_time_order(make_folds(4, rows(), 1, seed=0))
    assert not are_in_time_order(make_folds(KFold(4), rows(), 1, seed=0))


GIVEN = {
    "a splitter": (KFold(3), 3),
    "pairs": ([([0, 1], [2]), ([2, 3], [4, 5])], 2),
    "masks": ([(NUMBERS > 0, NUMBERS <= 0)], 1),
}


@pytest.mark.parametrize(("cv", "count"), GIVEN.values(), ids=GIVEN)
def test_splitters_and_pairs_are_taken_as_they_are(cv, count):
    pairs = make_folds(cv, rows(), 2, seed=0)
    assert len(pairs) == 2 * count
    assert np.array_equal(pairs[0][1], pairs[count][1])


REFUSED = {
    "one row": (rows(NUMBERS[:1]), 8, "cv=8 needs at least 2 rows; got 1. Use cv=0"),
    "one row a class": (rows(np.arange(5), True), 8, "a class with at least 2 rows"),
    "one group": (rows(groups=np.zeros(N)), 8, "groups must have at least two values"),
    "one time": (rows(times=np.zeros(N)), 8, "times must have at least two values"),
    "times with a splitter": (rows(times=TIMES), KFold(3), "times go with a number of folds"),
    "no splitter": (rows(), "kfold", "splits must be a splitter"),
}


@pytest.mark.parametrize(("given", "cv", "match"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_split_is_refused(given, cv, match):
    with pytest.raises(InvalidArgument, match=match):
        make_folds(cv, given, 1, seed=0)
