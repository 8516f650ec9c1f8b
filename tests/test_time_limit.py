"""Fits within a time limit, by a clock that the tests move."""

import numpy as np
import pytest
from test_tabular import FRAME, NAMES, NUMBERS, classifier, regressor

import fnet
from fnet import backends
from fnet.core.params import leaves
from fnet.estimators.tabular import time_limit
from fnet.estimators.tabular.recipe import Recipe


class Clock:
    """A clock that moves when it is told to."""

    now = 100.0

    def __call__(self):
        return self.now


def never():
    return False


def trainer(clock, compiling, epoch, log):
    """A function that trains: the first run compiles, then every epoch takes as long."""

    def run(epochs, callback):
        clock.now += 0.0 if log else compiling
        log.append(epochs)
        for _ in range(epochs):
            clock.now += epoch
            if callback is not None:
                callback(None)
        return epochs

    return run


CASES = {  # limit, seconds to compile, of an epoch and afterwards; runs, epochs
    "no limit": (None, 9.0, 1.0, 0.0, [50], 50),
    "far longer than needed": (1000.0, 9.0, 1.0, 0.0, [1, 4, 50], 50),
    "half of them": (40.0, 0.0, 1.0, 0.0, [1, 4, 28], 28),
    "with compiling": (40.0, 10.0, 1.0, 0.0, [1, 4, 20], 20),
    "with time afterwards": (40.0, 0.0, 1.0, 20.0, [1, 4, 12], 12),
    "barely one": (1.5, 0.0, 1.0, 0.0, [1, 4], 1),
    "compiling takes most": (16.0, 10.0, 1.0, 0.0, [1, 4], 4),
    "nothing is left": (11.0, 10.0, 1.0, 0.0, [1], 1),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_as_many_epochs_as_the_time_allows(monkeypatch, case):
    limit, compiling, epoch, after, runs, epochs = case
    clock, log = Clock(), []
    monkeypatch.setattr(time_limit, "clock", clock)
    run = trainer(clock, compiling, epoch, log)
    found = time_limit.train_within(limit, clock(), 50, run, lambda _: after, never)
    assert found == (epochs, epochs)
    assert log == runs
    if limit is not None:
        assert clock.now - 100 + after <= limit + epoch


def test_a_run_that_takes_longer_than_planned_is_given_up_for_the_one_before(monkeypatch):
    clock, log = Clock(), []
    monkeypatch.setattr(time_limit, "clock", clock)

    def run(epochs, callback):
        return trainer(clock, 0.0, 1.0 if len(log) < 2 else 3.0, log)(epochs, callback)

    assert time_limit.train_within(30.0, clock(), 50, run, lambda _: 0.0, never) == (4, 4)
    assert log == [1, 4, 20]
    assert clock.now - 100 < 30 + 3 + 1e-9


def test_too_short_for_one_epoch_is_refused(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time_limit, "clock", clock)
    with pytest.raises(fnet.InvalidArgument, match="time_limit must leave time for one epoch"):
        time_limit.train_within(
            5.0, clock(), 50, trainer(clock, 4.5, 1.0, []), lambda _: 0.0, never
        )


@pytest.mark.parametrize("runs", [[1], [1, 4], [1, 4, 50]])
def test_a_run_that_is_interrupted_is_the_last_one(monkeypatch, runs):
    clock, log = Clock(), []
    monkeypatch.setattr(time_limit, "clock", clock)
    run = trainer(clock, 0.0, 1.0, log)
    found = time_limit.train_within(
        1000.0, clock(), 50, run, lambda _: 0.0, lambda: len(log) == len(runs)
    )
    assert found == (runs[-1], runs[-1])
    assert log == runs


FITS = {"numbers": (regressor, NUMBERS), "classes": (classifier, NAMES)}


@pytest.mark.parametrize("case", FITS.values(), ids=list(FITS))
@pytest.mark.parametrize("options", [{}, {"cv": 0}, {"importance": True}], ids=str)
def test_the_number_of_epochs_repeats_the_fit(monkeypatch, case, options):
    kind, y = case
    clock, plan = Clock(), Recipe.plan

    def plan_in_time(self, *arguments):
        clock.now += self.epochs  # a second for each epoch that is going to be trained
        return plan(self, *arguments)

    monkeypatch.setattr(time_limit, "clock", clock)
    monkeypatch.setattr(Recipe, "plan", plan_in_time)
    limited = kind(epochs=40, time_limit=1.0 + 4 + 25, **options).fit(FRAME, y)
    assert limited.n_epochs_ == 20
    again = kind(epochs=limited.n_epochs_, **options).fit(FRAME, y)
    assert again.n_epochs_ == limited.n_epochs_
    for ours, theirs in zip(leaves(limited._params), leaves(again._params), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert limited.cv_score_ == again.cv_score_


def test_the_engine_is_that_of_the_epochs_that_are_kept(monkeypatch):
    def choose(engine, net, rows, steps):
        return (fnet, "tensorflow") if steps == 4 else (fnet.reference, "numpy")

    monkeypatch.setattr(backends, "choose", choose)
    clock = Clock()
    monkeypatch.setattr(time_limit, "clock", clock)

    def train(epochs, time_limit=None):
        clock.now = 100.0
        return regressor(epochs=epochs, time_limit=time_limit, engine="auto").fit(FRAME, NUMBERS)

    plan = Recipe.plan

    def plan_in_time(self, *arguments):
        clock.now += self.epochs
        return plan(self, *arguments)

    monkeypatch.setattr(Recipe, "plan", plan_in_time)
    limited = train(40, 6.0)
    assert (limited.n_epochs_, limited.engine_) == (4, "tensorflow")
    np.testing.assert_array_equal(limited.predict(FRAME), train(4).predict(FRAME))


@pytest.mark.parametrize("case", FITS.values(), ids=list(FITS))
def test_a_long_limit_changes_nothing(case, tmp_path):
    kind, y = case
    limited = kind(epochs=20, time_limit=1e6).fit(FRAME, y)
    assert limited.n_epochs_ == 20
    np.testing.assert_array_equal(
        limited.predict(FRAME), kind(epochs=20).fit(FRAME, y).predict(FRAME)
    )
    fnet.save(tmp_path / "m.fnet", limited)
    estimator = fnet.load(tmp_path / "m.fnet").estimator()
    assert estimator.get_params()["time_limit"] == 1e6


@pytest.mark.parametrize("value", [0, -1.0, "10", float("nan")])
def test_a_bad_limit_is_refused(value):
    with pytest.raises(ValueError, match="time_limit"):
        regressor(time_limit=value).fit(FRAME, NUMBERS)
