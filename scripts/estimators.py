"""Benchmarks of the estimators against scikit-learn's own, run by `benchmark.py`.

Both sides get the same arguments; only the import line differs.
"""

import argparse
import functools
import warnings
from typing import Any

import numpy as np
from measuring import digits, fresh, memory_now, run_python, seconds, take_turns

DIGITS = {"hidden_layer_sizes": (30,), "batch_size": 64, "learning_rate_init": 0.005, "tol": 0}
"""The arguments of the digits job; no fit ends before its last epoch."""

DEFAULTS = """
import json, sys, warnings
from MODULE import MLPClassifier
from sklearn.datasets import load_SET
x, y = load_SET(return_X_y=True)
warnings.simplefilter("ignore")
MLPClassifier(random_state=0).fit(x, y).predict(x)
print(json.dumps("tensorflow" in sys.modules))
"""

MANY = """
import json, sys, time, warnings
from MODULE import MLPClassifier
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
warnings.simplefilter("ignore")
began = time.perf_counter()
for seed in range(100):
    MLPClassifier(random_state=seed).fit(x, y)
print(json.dumps([time.perf_counter() - began, "tensorflow" in sys.modules]))
"""

COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Lets Python keep fnet's byte code, which pip compiles when it installs a package."""

MODULES = {"fnet": "fnet", "scikit-learn": "sklearn.neural_network"}


def classifier(side: str, **settings: Any) -> Any:
    """The `MLPClassifier` of one of the MODULES; only fnet's takes `engine`."""
    module = __import__(MODULES[side], fromlist=["MLPClassifier"])
    return module.MLPClassifier(**settings)


def warm(name: str, epochs: int, options: argparse.Namespace) -> dict[str, Any]:
    """The digits job after a first fit in the same process: each engine against scikit-learn."""
    sides = {
        "scikit-learn": {},
        "fnet, numpy": {"engine": "numpy"},
        "fnet, tensorflow": {"engine": "tensorflow"},
    }
    table, columns = [], ["side", "alpha", "seconds", "minimum", "speedup over scikit-learn"]
    for alpha in (0.0, 1e-4):
        runs = {
            side: functools.partial(fresh, warm_fits, side, engine, alpha, epochs)
            for side, engine in sides.items()
        }
        found = take_turns(runs, options.rounds, f"{name}, alpha {alpha}", warm=0)
        times = {side: np.array(each) for side, each in found.items()}
        peer = times["scikit-learn"]
        table += [
            [side, alpha, np.median(each), each.min(), np.median(peer / each)]
            for side, each in times.items()
        ]
    return {
        "title": f"{name}: fit of the digits job, {epochs} epochs, float32, after a first fit",
        "columns": columns,
        "rows": table,
        "notes": [],
    }


def warm_fits(side: str, settings: dict[str, Any], alpha: float, epochs: int) -> float:
    """Seconds of the fastest of three fits after a first one."""
    warnings.simplefilter("ignore")
    module = side.partition(",")[0]
    numbers = {"alpha": alpha, "max_iter": epochs, "n_iter_no_change": epochs + 1}
    estimator = classifier(module, **DIGITS, **numbers, random_state=0, **settings)
    x, labels = digits()[0], digits()[1].argmax(axis=1)
    estimator.fit(x, labels)
    return min(seconds(lambda: estimator.fit(x, labels)) for _ in range(3))


def cold(name: str, epochs: int, options: argparse.Namespace) -> dict[str, Any]:
    """Whole processes: import, fit with defaults, predict."""
    sets = ("iris", "breast_cancer", "digits")
    runs = {
        (data, side): functools.partial(process, data, side) for data in sets for side in MODULES
    }
    found = take_turns(runs, options.rounds, name)
    rows = []
    for data in sets:
        ours, theirs = (np.array(found[data, side]) for side in MODULES)
        rows.append([data, np.median(ours), np.median(theirs), np.median(theirs / ours)])
    return {
        "title": f"{name}: seconds of a new process: import, fit with defaults, predict",
        "columns": ["data", *MODULES, "speedup over scikit-learn"],
        "rows": rows,
        "notes": ["no process imported TensorFlow"],
    }


def process(data: str, side: str) -> float:
    """Seconds of a whole process, which must not import TensorFlow."""
    code = DEFAULTS.replace("MODULE", MODULES[side]).replace("SET", data)
    return seconds(lambda: _refuse_tensorflow(run_python(code, COMPILED)))


def _refuse_tensorflow(imported: bool) -> None:
    """Fail if a process imported TensorFlow."""
    if imported:
        raise AssertionError("TensorFlow was imported for a small fit")


def small(name: str, epochs: int, options: argparse.Namespace) -> dict[str, Any]:
    """100 fits on Iris, and the prediction of a single row."""

    def hundred(side: str) -> float:
        """Seconds of 100 fits."""
        elapsed, imported = run_python(MANY.replace("MODULE", MODULES[side]), COMPILED)
        _refuse_tensorflow(imported)
        return elapsed

    rows = []
    for what, run in {"100 fits on iris, seconds": hundred, "predict_proba, µs": one_row}.items():
        runs = {side: functools.partial(run, side) for side in MODULES}
        found = take_turns(runs, options.rounds, f"{name}, {what}", warm=0)
        ours, theirs = (np.array(found[side]) for side in MODULES)
        rows.append([what, np.median(ours), np.median(theirs), np.median(theirs / ours)])
    return {
        "title": f"{name}: the smallest jobs",
        "columns": ["job", *MODULES, "speedup over scikit-learn"],
        "rows": rows,
        "notes": ["predict_proba takes one row of the digits, with default arguments"],
    }


def one_row(side: str) -> float:
    """Microseconds of `predict_proba` for one row, in a new process."""
    return fresh(one_row_in_process, side)


def one_row_in_process(side: str) -> float:
    """Microseconds of `predict_proba` for one row: the fastest of ten series of 1,000 calls."""
    warnings.simplefilter("ignore")
    x, labels = digits()[0], digits()[1].argmax(axis=1)
    estimator, row = classifier(side, max_iter=2, random_state=0).fit(x, labels), x[:1]

    def calls() -> None:
        for _ in range(1000):
            estimator.predict_proba(row)

    return min(seconds(calls) for _ in range(10)) * 1e3


def programs(name: str, epochs: int, options: argparse.Namespace) -> dict[str, Any]:
    """Compiled programs and memory over 200 fits of five architectures."""
    traces, fiftieth, last = fresh(many_fits, 200, epochs)
    return {
        "title": f"{name}: 200 fits of {epochs} epochs with TensorFlow, 5 architectures",
        "columns": ["programs", "MB after fit 50", "MB after fit 200", "growth"],
        "rows": [[traces, fiftieth, last, last / fiftieth - 1]],
        "notes": [],
    }


def many_fits(count: int, epochs: int) -> tuple[int, float, float]:
    """The number of traced programs, and megabytes in use after the fiftieth and the last fit."""
    warnings.simplefilter("ignore")
    from fnet.engine import compiled_loop

    estimator: list[Any] = []
    compiled = compiled_loop.compiled.__wrapped__

    @functools.cache
    def counted(*key: Any) -> Any:
        """The compiled function, which is remembered to count its traces."""
        estimator.append(compiled(*key))
        return estimator[-1]

    compiled_loop.compiled = counted
    x, labels = digits()[0], digits()[1].argmax(axis=1)
    sizes = [(10,), (20,), (30,), (10, 10), (20, 20)]
    used: list[float] = []
    for seed in range(count):
        numbers = {"alpha": 1e-4 * (1 + seed), "learning_rate_init": 0.001 + 0.00005 * seed}
        hidden = sizes[seed % len(sizes)]
        classifier(
            "fnet", hidden_layer_sizes=hidden, max_iter=epochs, random_state=seed, **numbers,
            engine="tensorflow",
        ).fit(x, labels)  # fmt: skip
        used.append(memory_now())
    return sum(one.experimental_get_tracing_count() for one in estimator), used[49], used[-1]
