"""What the columns of a table are worth to a model: permutation importance.

Reference: Breiman, "Random Forests" (2001), section 10; as
`sklearn.inspection.permutation_importance`.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from fnet.core.params import leaves
from fnet.encoding.records import used
from fnet.encoding.step_functions import width_of
from fnet.files.model import Model
from fnet.reports.evaluation import Evaluation

REPEATS = 5
"""How often the cells of a column are permuted."""

MAX_ROWS = 10_000
"""The most rows that cells are permuted among; of more rows it is a sample."""

MAX_WORK = 4 * 10**9
"""The most multiplications: columns x repeats x rows x parameters. It bounds the rows, too."""

MIN_SAMPLE = 30
"""The fewest rows that are a sample of more."""

HUGE = 1e100
"""The size of a prediction that is not a number, and of the lowest R²: it has a square."""


class Importance(NamedTuple):
    """What C columns are worth: the drop in a score after the cells of one are permuted.

    Attributes:
        names: The columns, `[C]`.
        means: The mean drop over the repeats, `[C]`.
        deviations: Its standard deviation over the repeats, `[C]`.
        score: "accuracy" or "r2".
        rows: The number of rows that cells were permuted among.
        repeats: How often.
    """

    names: tuple[str, ...]
    means: npt.NDArray[np.float64]
    deviations: npt.NDArray[np.float64]
    score: Literal["accuracy", "r2"]
    rows: int
    repeats: int


def of_columns(model: Model, evaluation: Evaluation, seed: int = 0) -> Importance | str:
    """The importance of each column of a table to a model.

    A column is one of the table, not of its encoding: rows are encoded one by one, so permuting the
    cells of a column permutes all numbers that they became together.

    Args:
        model: What `fnet.load` returned.
        evaluation: Its Evaluation; the rows are permuted among themselves. Where it is one of
            out-of-fold predictions, the importances are those of the fit.
        seed: Of the sample and the permutations.

    Returns:
        The Importance; or why there is none, as a sentence.

    Example:
        >>> import fnet
        >>> from fnet.reports.evaluation import evaluate
        >>> net = fnet.Network((2, 1), loss="squared_error")
        >>> params = (fnet.Layer([[1.0], [0.0]], [0.0]),)
        >>> fnet.save("line.fnet", (net, params), features=["length", "colour"])
        >>> model = fnet.load("line.fnet")
        >>> found = of_columns(model, evaluate(model, [[1, 5], [2, 9], [8, 7]], [1, 2, 8]))
        >>> found.means[0] > 0.1, found.means[1]
        (np.True_, np.float64(0.0))
    """
    stored = None if model.ensemble is None else model.ensemble.importances
    if evaluation.is_out_of_fold and stored is not None:
        return Importance(
            names=stored.names,
            means=stored.importances_mean,
            deviations=stored.importances_std,
            score="accuracy" if evaluation.kind == "classification" else "r2",
            rows=min(evaluation.rows, MAX_ROWS),
            repeats=stored.importances.shape[1],
        )
    columns = list(_columns(model))
    size = sum(array.size for array in leaves(model.params))
    most = min(MAX_ROWS, MAX_WORK // (len(columns) * REPEATS * size))
    if evaluation.rows < 2:
        return "It needs at least two rows."
    if most < min(evaluation.rows, MIN_SAMPLE):
        return f"Permuting {len(columns):,} columns takes long with {size:,} parameters."
    random = np.random.RandomState(seed)
    rows = np.arange(evaluation.rows)
    if len(rows) > most:
        rows = np.sort(random.permutation(evaluation.rows)[:most])
    sample = evaluation._replace(x=evaluation.x[rows], y_true=evaluation.y_true[rows])
    orders = np.array([random.permutation(len(rows)) for _ in range(REPEATS)])
    drops = permuted(model, sample, orders)
    return Importance(
        names=tuple(name for name, _ in columns),
        means=drops.mean(axis=1),
        deviations=drops.std(axis=1),
        score="accuracy" if evaluation.kind == "classification" else "r2",
        rows=len(rows),
        repeats=REPEATS,
    )


def permuted(
    model: Model, evaluation: Evaluation, orders: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """The drops in the score, `[C, R]`, for each column and each of the orders `[R, N]` of rows."""
    alone, x, y = model._of_features(), evaluation.x.copy(), evaluation.y_true
    score = _accuracy if evaluation.kind == "classification" else _r2
    columns = list(_columns(model))
    drops = np.empty((len(columns), len(orders)))
    with np.errstate(over="ignore", invalid="ignore"):
        base = score(alone, x, y)
        for found, (_, part) in zip(drops, columns, strict=True):
            for repeat, order in enumerate(orders):
                x[:, part] = evaluation.x[order, part]
                found[repeat] = base - score(alone, x, y)
            x[:, part] = evaluation.x[:, part]
    return drops


def _columns(model: Model) -> Iterator[tuple[str, slice]]:
    """Each column that the model uses, with the features that it becomes."""
    if model.encoding is None:
        names = model.features or [f"feature {i}" for i in range(model.net.sizes[0])]
        widths = [1] * len(names)
    else:
        encoded = used(model.encoding)
        names = [column.name for column in encoded]
        widths = [width_of(column.steps) for column in encoded]
    stops = np.cumsum(widths).tolist()
    for name, width, stop in zip(names, widths, stops, strict=True):
        yield name, slice(stop - width, stop)


def _accuracy(model: Model, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    return float(np.mean(model.predict_proba(x).argmax(axis=1) == y))


def _r2(model: Model, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    predicted = np.nan_to_num(model.predict(x).reshape(-1).astype(np.float64), nan=HUGE)
    return max(-HUGE, float(metrics.r2_score(y, predicted)))
