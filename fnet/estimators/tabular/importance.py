"""What columns are worth: permutation importance on the rows that each network held out.

Reference: Breiman, "Random Forests" (2001), section 10; as
`sklearn.inspection.permutation_importance`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core.ensemble import Importances

REPEATS = 5
"""How often the cells of a column are permuted."""

MAX_ROWS = 10_000
"""The most rows that cells are permuted among, of all networks together."""

Part = tuple[Callable[[Any], Any], npt.NDArray[Any], npt.NDArray[Any]]
"""What a network predicts for features, the features of its held-out rows, and their targets."""


def permutation_importances(
    parts: Sequence[Part],
    columns: Sequence[tuple[str, slice]],
    score: Callable[[Any, Any], float],
    seed: int,
    stopped: Callable[[], bool],
) -> Importances | None:
    """The importance of each column of a table to an ensemble.

    A column is one of the table: all features that it became are permuted together, among the rows
    that a network held out. The score is that of the predictions of all networks together.

    Args:
        parts: The networks with their held-out rows.
        columns: The name and the features of each column.
        score: `score(targets, predictions)`; higher is better.
        seed: The seed of the sample and the permutations.
        stopped: Returns whether to stop; it is asked before each permutation.

    Returns:
        The Importances, or None if it was to stop.
    """
    random = np.random.RandomState(seed)
    most = max(1, MAX_ROWS // len(parts))
    kept = [np.sort(random.permutation(len(x))[:most]) for _, x, _ in parts]
    sample = [(f, x[rows], y[rows]) for (f, x, y), rows in zip(parts, kept, strict=True)]
    orders = [[random.permutation(len(rows)) for rows in kept] for _ in range(REPEATS)]
    targets = np.concatenate([y for *_, y in sample])
    base = score(targets, np.concatenate([predict(x) for predict, x, _ in sample]))
    drops = np.empty((len(columns), REPEATS))
    for found, (_, part) in zip(drops, columns, strict=True):
        for repeat, of_parts in enumerate(orders):
            if stopped():
                return None
            predictions = [
                predict(_permuted(x, part, order))
                for (predict, x, _), order in zip(sample, of_parts, strict=True)
            ]
            found[repeat] = base - score(targets, np.concatenate(predictions))
    names = tuple(name for name, _ in columns)
    return Importances(drops.mean(axis=1), drops.std(axis=1), drops, names)


def repeats_of(rows: int) -> float:
    """How often a column has all rows predicted, where there are N."""
    return REPEATS * min(1.0, MAX_ROWS / rows)


def _permuted(x: npt.NDArray[Any], part: slice, order: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A copy of rows in which some features are those of other rows."""
    found = x.copy()
    found[:, part] = x[order, part]
    return found
