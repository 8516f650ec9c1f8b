"""The table of results of `fnet search`: a row for each candidate."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from fnet.cli import common, grids
from fnet.cli.grids import Axis
from fnet.cli.options import TrainOptions
from fnet.cli.scores import SIGNS
from fnet.cli.searching import FoldScore

SHOWN = 10
"""The most candidates that are printed."""


class Row(NamedTuple):
    """The results of a candidate.

    Attributes:
        values: Its values, by option.
        rank: Its rank, 1 for the best; None while folds are missing.
        mean: The mean of the scores of the folds that have finished.
        deviation: Their standard deviation.
        folds: The score of each fold, None where it has not finished.
        seconds: The time of its fits, those of a group in equal parts.
        error: Why a fit failed, or None.
    """

    values: dict[str, Any]
    rank: int | None
    mean: float
    deviation: float
    folds: list[float | None]
    seconds: float
    error: str | None


def rows(
    axes: Sequence[Axis],
    candidates: Sequence[TrainOptions],
    found: Sequence[Sequence[FoldScore | None]],
    metric: str,
) -> list[Row]:
    """The results of all candidates of which a fold has finished, the best first.

    Those of which folds are missing come last.

    Ranks are scikit-learn's: equal means share one, and a mean that is not a number comes last.

    Args:
        axes: The hyperparameters.
        candidates: The options of each candidate.
        found: The scores of each candidate on each fold.
        metric: The name of the score that ranks.

    Returns:
        The rows.
    """
    from scipy.stats import rankdata

    listed = []
    for options, folds in zip(candidates, found, strict=True):
        done = [fold for fold in folds if fold is not None]
        if done:
            scores = np.array([fold.scores[metric] for fold in done])
            row = Row(
                {axis.name: getattr(options, axis.field) for axis in axes},
                None,
                float(scores.mean()),
                float(scores.std()),
                [None if fold is None else fold.scores[metric] for fold in folds],
                sum(fold.seconds for fold in done),
                next((fold.error for fold in done if fold.error is not None), None),
            )
            listed.append(row)
    keys = np.array([-SIGNS.get(metric, 1) * row.mean for row in listed])
    keys = np.where(np.isnan(keys), np.inf, keys)
    complete = [i for i, row in enumerate(listed) if None not in row.folds]
    for i, rank in zip(complete, rankdata(keys[complete], method="min"), strict=True):
        listed[i] = listed[i]._replace(rank=int(rank))
    order = sorted(range(len(listed)), key=lambda i: (listed[i].rank or len(listed) + 1, keys[i]))
    return [listed[i] for i in order]


def plain(row: Row, metric: str) -> dict[str, Any]:
    """A row as the results file and JSON have it."""
    cells = {
        "rank": row.rank,
        **{
            name: grids.text(value) if isinstance(value, tuple) else value
            for name, value in row.values.items()
        },
        f"{metric}_mean": row.mean,
        f"{metric}_std": row.deviation,
        **{f"{metric}_fold_{i}": score for i, score in enumerate(row.folds, 1)},
        "seconds": row.seconds,
        "error": row.error,
    }
    return dict(common.to_json(cells))


def lines(found: Sequence[Row], metric: str) -> Iterator[str]:
    """The best candidates, aligned."""
    names = list(found[0].values)
    label = common.metric_label(metric)
    table = [["rank", *names, label, "±", *(["folds"] if found[-1].rank is None else [])]]
    for row in found[:SHOWN]:
        cells = [_shown(row.values[name]) for name in names]
        score = [common.format_number(row.mean), common.format_number(row.deviation)]
        done = sum(fold is not None for fold in row.folds)
        table.append(["–" if row.rank is None else str(row.rank), *cells, *score, str(done)])
    widths = [max(map(len, column)) for column in zip(*table, strict=False)]
    for line in table:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        yield "  ".join(cells).rstrip()
    if len(found) > SHOWN:
        yield f"and {common.count(len(found) - SHOWN, 'more candidate')}"


def as_options(row: Row) -> str:
    """The options of `fnet train` that give a candidate."""
    return " ".join(f"--{name} {grids.text(value)}" for name, value in row.values.items())


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else grids.text(value)
