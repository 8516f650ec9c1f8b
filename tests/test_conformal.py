"""Intervals and sets by CV+ against their definitions, written out row by row."""

import math

import numpy as np
import pytest

from fnet import InvalidArgument
from fnet.core import conformal

RNG = np.random.default_rng(0)


def folds(sizes, outputs=1):
    """Scores of held-out rows for members that held out so many."""
    return [RNG.exponential(size=(size, outputs)) for size in sizes]


def by_definition(lower, upper, of_members, coverage):
    """Barber et al. (2021), equation (6): order statistics over all held-out rows."""
    n = sum(map(len, of_members))
    rank = math.ceil(coverage * (n + 1))
    found = np.empty((*upper.shape[1:], 2))
    for row in range(upper.shape[1]):
        for k in range(upper.shape[2]):
            pairs = [(m, s[k]) for m, scores in enumerate(of_members) for s in scores]
            above = sorted(upper[m, row, k] + s for m, s in pairs)
            below = sorted((lower[m, row, k] - s for m, s in pairs), reverse=True)
            found[row, k] = below[rank - 1], above[rank - 1]
    return found


SIZES = {"equal": (10, 10, 10), "unequal": (7, 12, 3, 9), "one": (25,), "alone": (1,) * 20}


@pytest.mark.parametrize("coverage", [0.05, 0.5, 0.8, 0.9])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("outputs", [1, 2])
def test_intervals_are_the_definitions(sizes, outputs, coverage):
    of_members = folds(sizes, outputs)
    kept = conformal.keep_scores(of_members, sum(sizes))
    lower = RNG.normal(size=(len(sizes), 5, outputs))
    upper = lower + RNG.exponential(size=lower.shape)
    expected = by_definition(lower, upper, of_members, coverage)
    found = conformal.interval(lower, upper, kept, coverage)
    straight = expected[..., 0] <= expected[..., 1]
    np.testing.assert_allclose(found[straight], expected[straight], rtol=1e-13)
    middle = expected[~straight].mean(axis=-1)
    np.testing.assert_allclose(found[~straight], np.stack([middle, middle], -1), rtol=1e-9)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_sets_are_the_definitions(sizes, coverage):
    """Romano, Sesia and Candès (2020), equation (12), with the score 1 - p."""
    of_members = [RNG.integers(9, size=(size, 1)) / 8 for size in sizes]  # with ties
    kept = conformal.keep_scores(of_members, sum(sizes))
    probabilities = RNG.multinomial(8, np.ones(4) / 4, size=(len(sizes), 6)) / 8
    found = conformal.label_sets(probabilities, kept, coverage)
    n = sum(sizes)
    for row in range(6):
        for k in range(4):
            lower = sum(
                (scores[:, 0] < 1 - probabilities[m, row, k]).sum()
                for m, scores in enumerate(of_members)
            )
            best = probabilities[:, row].mean(axis=0).argmax()
            assert found[row, k] == (lower < coverage * (n + 1) or k == best)


def test_of_many_scores_some_are_kept_and_intervals_are_as_wide():
    of_members = folds((1200, 1300, 900, 1100, 1000, 1000, 1200, 800))
    kept = conformal.keep_scores(of_members, 8500)
    assert kept.scores.shape == (8, conformal.MAX_SCORES, 1)
    assert kept.rows == pytest.approx(8500)
    zeros = np.zeros((8, 1, 1))
    for coverage in (0.3, 0.5, 0.8, 0.9):
        (lower, upper), expected = (
            conformal.interval(zeros, zeros, kept, coverage)[0, 0],
            by_definition(zeros, zeros, of_members, coverage)[0, 0],
        )
        np.testing.assert_allclose([lower, upper], expected, rtol=0.01)


@pytest.mark.parametrize("coverage", [0.03, 0.5, 0.9, 0.995])
@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0, 100.0])
@pytest.mark.parametrize("decimals", [1, 15])
def test_an_interval_is_that_of_all_sums_in_order(spread, decimals, coverage):
    """Members far apart or alike, weights that differ from member to member, and ties."""
    rng = np.random.default_rng(0)
    scores = [np.abs(rng.normal(size=(size, 1))).round(decimals) for size in (1, 150, 233, 260)]
    kept = conformal.keep_scores(scores, 500)
    at = (rng.normal(size=(1, 20, 1)) + spread * rng.normal(size=(4, 20, 1))).round(decimals)
    rank = np.ceil(coverage * (kept.rows + 1) - 1e-9)

    def smallest(sums):
        order = np.argsort(sums.ravel())
        total = np.cumsum(kept.weights.ravel()[order])
        return sums.ravel()[order[np.argmax(total >= rank - 1e-9)]]

    for row, (lower, upper) in enumerate(conformal.interval(at, at, kept, coverage)[:, 0]):
        high = smallest(at[:, row] + kept.scores[:, :, 0])
        low = -smallest(kept.scores[:, :, 0] - at[:, row])
        assert (lower, upper) == ((low, high) if low <= high else ((low + high) / 2,) * 2)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_predictions_that_are_not_finite_have_no_finite_interval(bad):
    kept = conformal.keep_scores(folds((9, 9)), 18)
    at = np.zeros((2, 3, 1))
    at[:, 1] = bad
    with np.errstate(invalid="ignore"):
        found = conformal.interval(at, at, kept, 0.8)
        alone = conformal.interval(at[:, 1:2], at[:, 1:2], kept, 0.8)
    assert not np.isfinite(found[1]).any()
    assert not np.isfinite(alone).any()
    assert np.isfinite(found[[0, 2]]).all()


def test_rows_that_are_held_out_twice_count_once():
    scores = folds((10, 10))
    once = conformal.keep_scores(scores, 20)
    twice = conformal.keep_scores(scores * 2, 20)
    assert twice.rows == pytest.approx(once.rows)
    x = RNG.normal(size=(2, 4, 1))
    np.testing.assert_allclose(
        conformal.interval(x, x, once, 0.8),
        conformal.interval(np.concatenate([x, x]), np.concatenate([x, x]), twice, 0.8),
    )


@pytest.mark.parametrize("coverage", [0.6, 0.9])
def test_new_rows_are_covered(coverage):
    """Of exchangeable rows: a mean learnt without each fold, many times over."""
    inside = []
    for _ in range(400):
        y = RNG.normal(size=41)
        rows = np.array_split(np.arange(40), 4)
        means = [np.delete(y[:40], held_out).mean() for held_out in rows]
        scores = [
            np.abs(y[held_out] - mean)[:, None] for held_out, mean in zip(rows, means, strict=True)
        ]
        at = np.array(means)[:, None, None]
        kept = conformal.keep_scores(scores, 40)
        (lower, upper) = conformal.interval(at, at, kept, coverage)[0, 0]
        inside.append(lower <= y[40] <= upper)
    error = math.sqrt(coverage * (1 - coverage) / 400)
    assert np.mean(inside) > coverage - 3 * error


REFUSED = {
    "none": (0, "above 0 and below 1"),
    "all": (1, "above 0 and below 1"),
    "per cent": (90, "above 0 and below 1"),
    "no number": ("0.9", "above 0 and below 1"),
    "not a number": (math.nan, "above 0 and below 1"),
    "more than rows promise": (0.96, r"at most 0\.952381, .* the 20 rows .*; got 0\.96"),
}


@pytest.mark.parametrize(("coverage", "match"), REFUSED.values(), ids=REFUSED)
def test_coverage_that_cannot_be_promised_is_refused(coverage, match):
    with pytest.raises(InvalidArgument, match=match):
        conformal.check_coverage(coverage, 20)
    assert conformal.check_coverage(20 / 21, 20) == 20 / 21
