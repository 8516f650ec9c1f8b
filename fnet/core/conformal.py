"""Prediction intervals and prediction sets from the held-out rows of folds: CV+.

A held-out row has a conformity score: how far its target lies outside of what the member that held
it out predicted. A new row's interval is what would give it a score as high as most of those.

References:
    Barber, Candès, Ramdas, Tibshirani, "Predictive inference with the jackknife+" (2021), section
    3, for CV+; Romano, Patterson, Candès, "Conformalized quantile regression" (2019), for the
    scores of quantiles; Romano, Sesia, Candès, "Classification with valid and adaptive coverage"
    (2020), section 3, for CV+ of classes.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument

Floats = npt.NDArray[np.float64]

MAX_SCORES = 200
"""The most scores that are kept of a fold. They widen an interval by less than 1%."""

RANK_SLACK = 1e-9
"""How far a sum of weights may be below a rank because of rounding."""

CHUNK = 1 << 16
"""The most numbers that are sorted at a time."""


class ConformityScores(NamedTuple):
    """The conformity scores of the rows that M members held out, Q of each at most.

    Attributes:
        scores: In ascending order, `[M, Q, K]`: of each output, or K = 1 for classes. Infinite
            where a member has fewer.
        weights: How many rows each stands for, `[M, Q]`; 0 where a member has fewer. They sum to
            the number of rows N.
    """

    scores: Floats
    weights: Floats

    @property
    def rows(self) -> float:
        """N, the number of rows."""
        return float(self.weights.sum())


def keep_scores(of_members: Sequence[Floats], rows: int) -> ConformityScores:
    """Of all scores of each member those that are kept.

    Of more than MAX_SCORES scores these are quantiles. Their levels lie between each other from
    member to member, so that together they are as fine as all members' are; the largest score of
    each is kept, for coverages near 1.

    Args:
        of_members: For each member the scores of the rows that it held out, `[V, K]`.
        rows: N, the number of distinct rows: with repeated folds, a row has several scores.

    Returns:
        The ConformityScores.
    """
    kept = []
    for m, scores in enumerate(of_members):
        ordered = np.sort(scores, axis=0)
        count = min(len(ordered), MAX_SCORES)
        if count < len(ordered):
            levels = (np.arange(count) + (m + 0.5) / len(of_members)) / count
            levels[-1] = 1.0
            ordered = ordered[np.ceil(levels * len(ordered)).astype(int) - 1]
        kept.append((ordered, len(scores)))
    width, outputs = max(len(k) for k, _ in kept), kept[0][0].shape[1]
    scores = np.full((len(kept), width, outputs), np.inf)
    weights = np.zeros((len(kept), width))
    total = sum(count for _, count in kept)
    for i, (ordered, count) in enumerate(kept):
        scores[i, : len(ordered)] = ordered
        weights[i, : len(ordered)] = rows * count / (total * len(ordered))
    return ConformityScores(scores, weights)


def check_coverage(coverage: Any, rows: float) -> float:
    """A coverage above 0, and at most what this number of rows can promise."""
    if not isinstance(coverage, (int, float, np.integer, np.floating)) or not 0 < coverage < 1:
        raise InvalidArgument(
            f"coverage must be a number above 0 and below 1, such as 0.9; got {coverage!r:.100}"
        )
    most = 1 - 1 / (rows + 1)
    if coverage > most:
        raise InvalidArgument(
            f"coverage must be at most {most:.6g}, which is 1 - 1 / (N + 1): the {rows:.0f} rows "
            f"that were held out can promise no more; got {coverage}"
        )
    return float(coverage)


def rank_of(kept: ConformityScores, coverage: float) -> float:
    """The rank, among the weights of the scores, of the score that a coverage asks for."""
    return math.ceil(coverage * (kept.rows + 1) - 1e-9)


def interval(
    lower: npt.NDArray[Any], upper: npt.NDArray[Any], kept: ConformityScores, coverage: float
) -> Floats:
    """Prediction intervals by CV+.

    Args:
        lower: What the score of a target below it counts from, for each member, `[M, N, K]`: the
            prediction, or the lowest quantile.
        upper: The same for a target above it, `[M, N, K]`: the prediction, or the highest quantile.
        kept: The scores.
        coverage: The part of new rows whose targets lie inside.

    Returns:
        Lower and upper ends, `[N, K, 2]`.
    """
    _, rows, outputs = upper.shape
    rank = rank_of(kept, coverage)
    found = np.empty((rows, outputs, 2))
    for k in range(outputs):
        scores = kept.scores[:, :, k]
        found[:, k, 1] = _smallest(upper[:, :, k], scores, kept.weights, rank)
        found[:, k, 0] = 0.0 - _smallest(-lower[:, :, k], scores, kept.weights, rank)
    # Intervals of members far apart may cross: then the interval is the point between.
    crossed = found[..., 0] > found[..., 1]
    found[crossed] = found[crossed].mean(axis=-1, keepdims=True)
    return found


def _smallest(shifts: npt.NDArray[Any], scores: Floats, weights: Floats, rank: float) -> Floats:
    """For each of N rows, the smallest sum of this weighted rank or above.

    Its sums are `shifts[m] + scores[m, q]`. It lies between those that have the same rank, in
    proportion, among the sums of one member. So only the sums between these are sorted: few, where
    the shifts of members differ less than the scores.

    Args:
        shifts: Of each member, `[M, N]`.
        scores: In ascending order, `[M, Q]`.
        weights: How much each counts, `[M, Q]`.
        rank: The rank, at most the sum of the weights.

    Returns:
        The sums, `[N]`.
    """
    members, width = scores.shape
    before = np.concatenate([np.zeros((members, 1)), np.cumsum(weights, axis=1)], axis=1)
    scores = np.concatenate([scores, np.full((members, 1), np.inf)], axis=1)
    weights = np.concatenate([weights, np.zeros((members, 1))], axis=1)
    own_rank = before[:, -1:] * (rank / before[:, -1].sum())
    each = np.arange(members)
    low, high = (
        shifts + scores[each, (before[:, 1:] >= own_rank - slack).argmax(axis=1)][:, None]
        for slack in (RANK_SLACK, RANK_SLACK / (2 * members))
    )
    first, stop = np.empty(shifts.shape, int), np.empty(shifts.shape, int)
    rounding = 1e-12 * (1 + np.abs(shifts).max(axis=0))
    least, most = low.min(axis=0) - rounding, high.max(axis=0) + rounding
    for m in each:
        first[m] = np.searchsorted(scores[m, :width], least - shifts[m], side="left")
        stop[m] = np.searchsorted(scores[m, :width], most - shifts[m], side="right")
    counts = np.maximum((stop - first).max(axis=0), 1)  # 0 where predictions are not finite
    by_count = np.argsort(counts, kind="stable")  # rows with as many sums to sort go together
    found = np.empty(shifts.shape[1])
    step = max(1, CHUNK // weights.size)
    for start in range(0, len(found), step):
        rows = by_count[start : start + step]
        begins = first[:, rows].T  # [N, M]
        places = np.minimum(begins[..., None] + np.arange(counts[rows[-1]]), width)
        values = shifts[:, rows].T[..., None] + scores[each[:, None], places]
        values = values.reshape(len(rows), -1)
        order = np.argsort(values, axis=1, kind="stable")  # it merges runs that ascend
        kept = np.take_along_axis(weights[each[:, None], places].reshape(values.shape), order, 1)
        below = before[each, begins].sum(axis=1, keepdims=True)
        place = (below + np.cumsum(kept, axis=1) >= rank - RANK_SLACK).argmax(axis=1)
        numbers = np.arange(len(rows))
        found[rows] = values[numbers, order[numbers, place]]
    return found


def label_sets(
    probabilities: npt.NDArray[Any], kept: ConformityScores, coverage: float
) -> npt.NDArray[np.bool_]:
    """Prediction sets of classes by CV+. A row's score is 1 less the probability of its class.

    Args:
        probabilities: Of each member, `[M, N, K]`.
        kept: The scores.
        coverage: The part of new rows whose classes are in their sets.

    Returns:
        Whether a class is in the set of a row, `[N, K]`. The most probable class always is.
    """
    own = 1.0 - probabilities.astype(np.float64)
    lower = np.zeros(own.shape[1:])  # how many held-out rows have a lower score
    for scores, weights, values in zip(kept.scores[:, :, 0], kept.weights, own, strict=True):
        before = np.concatenate([[0.0], np.cumsum(weights)])
        lower += before[np.searchsorted(scores, values, side="left")]
    inside: npt.NDArray[np.bool_] = lower < coverage * (kept.rows + 1) - 1e-9
    best = probabilities.mean(axis=0).argmax(axis=1)
    inside[np.arange(len(inside)), best] = True
    return inside
