"""The encoder of tables against scikit-learn's ColumnTransformer, run by `benchmark.py`."""

import argparse
import functools
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Result, fresh, memory_now, seconds, take_turns

from fnet import TableEncoder

NUMBERS, CATEGORIES, LEVELS = 10, 10, 10

DTYPES = ("object", "str", "category")
"""How pandas holds the categories."""


def encoding(rows: int, name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Transforming a data frame: seconds of both in one process, and the memory of each alone."""
    sides = ("fnet", "scikit-learn")
    runs = {
        dtype: functools.partial(fresh, _seconds, rows, dtype, options.rounds) for dtype in DTYPES
    }
    times = take_turns(runs, 1, name, warm=0)
    table = []
    for dtype, [found] in times.items():
        ours, theirs = np.array(found).T
        peaks = [fresh(_memory, rows, dtype, side) for side in sides]
        table.append([dtype, np.median(ours), np.median(theirs), np.median(theirs / ours), *peaks])
    return {
        "title": f"{name}: {rows:,} rows of {NUMBERS} numbers and {CATEGORIES} categories of "
        f"{LEVELS} levels to float64",
        "columns": ["categories", *(f"{side}, seconds" for side in sides), "speedup"]
        + [f"{side}, peak / result" for side in sides],
        "rows": table,
        "notes": ["the peak includes the result, and not the data frame"],
    }


def frame(rows: int, dtype: str) -> Any:
    """A data frame of numbers and categories."""
    import pandas as pd

    random = np.random.default_rng(0)
    levels = np.array([f"level {i}" for i in range(LEVELS)], object)
    numbers = {f"n{i}": random.normal(size=rows) for i in range(NUMBERS)}
    categories = {f"c{i}": levels[random.integers(0, LEVELS, rows)] for i in range(CATEGORIES)}
    return pd.DataFrame(numbers | categories).astype(dict.fromkeys(categories, dtype))


def transformer(side: str) -> Any:
    """A transformer that is not fitted."""
    if side == "fnet":
        return TableEncoder(scaling="standard")
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    one_hot = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
    return ColumnTransformer(
        [
            ("numbers", numbers, [f"n{i}" for i in range(NUMBERS)]),
            ("categories", one_hot, [f"c{i}" for i in range(CATEGORIES)]),
        ]
    )


def _seconds(rows: int, dtype: str, rounds: int) -> list[tuple[float, float]]:
    """Seconds of each side, in turns; the results must agree."""
    x = frame(rows, dtype)
    ours, theirs = (transformer(side).fit(x) for side in ("fnet", "scikit-learn"))
    small = x.iloc[:1000]
    found, expected = ours.transform(small), theirs.transform(small)
    np.testing.assert_allclose(found[:, :NUMBERS], expected[:, :NUMBERS], atol=1e-12)
    for first in range(NUMBERS, found.shape[1], LEVELS):  # the levels may be in another order
        columns = slice(first, first + LEVELS)
        np.testing.assert_array_equal(
            *(np.unique(a[:, columns].T, axis=0) for a in (found, expected))
        )
    sides = (ours, theirs)
    return [
        tuple(seconds(lambda side=side: side.transform(x)) for side in sides) for _ in range(rounds)
    ]


def _memory(rows: int, dtype: str, side: str) -> float:
    """The peak of memory while one side transforms, in multiples of the result."""
    x = frame(rows, dtype)
    fitted = transformer(side).fit(x)
    fitted.transform(x.iloc[:10])
    before = memory_now()
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")
    result = fitted.transform(x)
    return (memory_now(peak=True) - before) * 2**20 / result.nbytes
