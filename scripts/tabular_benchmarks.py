"""Predictions of an ensemble from a file against a forest of scikit-learn, for `benchmark.py`."""

import argparse
import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Result, fresh, seconds, spread, take_turns

import fnet

COLUMNS, TREES = 20, 100
TRAINED, MANY, WITH_INTERVALS = 2_000, 100_000, 10_000

ONES = 2_000
"""How often one row is predicted in a round; the minimum counts."""

NETWORKS = ("fnet, plain", "fnet, with embeddings")


def tabular(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Eight networks of 20-128-128-1: one row, many rows and intervals, encoding included."""
    sides = (*NETWORKS, "scikit-learn")
    runs = {side: functools.partial(fresh, _seconds, side, epochs) for side in sides}
    times = take_turns(runs, options.rounds, name, warm=0)
    rows = []
    for side, found in times.items():
        one, many, intervals = zip(*found, strict=True)
        widths = None if None in intervals else np.median(intervals)
        rows.append([side, *spread(one), MANY / np.median(many), widths])
    return {
        "title": f"{name}: eight networks of {COLUMNS}-128-128-1 from a file, by NumPy alone, and "
        f"a forest of {TREES} trees, n_jobs=1",
        "columns": ["model", "one row, µs", "minimum", f"rows a second, of {MANY:,}"]
        + [f"intervals of {WITH_INTERVALS:,} rows, seconds"],
        "rows": rows,
        "notes": ["one row is a dict of columns for fnet, and an array for the forest"],
    }


def _table(rows: int) -> Any:
    """Columns of numbers by name, and their targets."""
    x = np.random.default_rng(0).normal(size=(rows, COLUMNS))
    return {f"c{i}": column for i, column in enumerate(x.T)}, x[:, 0] + np.sin(x[:, 1])


def _seconds(side: str, epochs: int) -> tuple[float, float, float | None]:
    """Seconds of one row, of MANY rows, and of intervals of WITH_INTERVALS rows."""
    table, y = _table(TRAINED)
    many, _ = _table(MANY)
    if side == "scikit-learn":
        from sklearn.ensemble import RandomForestRegressor

        forest = RandomForestRegressor(TREES, random_state=0, n_jobs=1)
        forest.fit(np.stack(list(table.values()), axis=1), y)
        x = np.stack(list(many.values()), axis=1)
        one = min(seconds(lambda: forest.predict(x[:1])) for _ in range(ONES // 20))
        return one, seconds(lambda: forest.predict(x)), None
    model = _loaded(side, table, y, epochs)
    row = {name: cells[:1].tolist() for name, cells in many.items()}
    part = {name: cells[:WITH_INTERVALS] for name, cells in many.items()}
    model.predict(row)
    one = min(seconds(lambda: model.predict(row)) for _ in range(ONES))
    return (
        one,
        seconds(lambda: model.predict(many)),
        seconds(lambda: model.predict_interval(part, coverage=0.9)),
    )


def _loaded(side: str, table: Any, y: Any, epochs: int) -> Any:
    """A model from a file, with or without periodic functions of numbers."""
    from fnet.estimators.tabular import recipe

    if side == NETWORKS[0]:
        recipe.MAX_EMBEDDED = 0
    model = fnet.TabularRegressor(epochs=epochs, engine="numpy").fit(table, y)
    with tempfile.TemporaryDirectory() as folder:
        fnet.save(Path(folder) / "model.fnet", model)
        return fnet.load(Path(folder) / "model.fnet")
