"""The works of `benchmark.py` that hold the estimators to scikit-learn's own.

Both sides are given the same arguments: what differs is the line that imports them.
"""

import functools
import warnings

import numpy as np
from measuring import digits, fresh, memory_now, run_python, seconds, take_turns

DIGITS = {"hidden_layer_sizes": (30,), "batch_size": 64, "learning_rate_init": 0.005, "tol": 0}
"""The digits job's arguments; with them no fit ends before its last epoch."""

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
"""Leaves byte code of fnet behind, as pip does where it installs scikit-learn and fnet alike."""

MODULES = {"fnet": "fnet", "scikit-learn": "sklearn.neural_network"}


def classifier(side, **settings):
    """`MLPClassifier` of one of the MODULES; fnet's alone takes an engine."""
    module = __import__(MODULES[side], fromlist=["MLPClassifier"])
    return module.MLPClassifier(**settings)


def warm(name, epochs, options):
    """Fits of the digits job in one process, each engine against scikit-learn."""
    sides = {
        "scikit-learn": {},
        "fnet, numpy": {"engine": "numpy"},
        "fnet, tensorflow": {"engine": "tensorflow"},
    }
    table, columns = [], ["side", "alpha", "seconds", "minimum", "scikit-learn over it"]
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
        "title": f"{name}: fit of the digits job, {epochs} epochs, float32, after a first one",
        "columns": columns,
        "rows": table,
        "notes": [],
    }


def warm_fits(side, settings, alpha, epochs):
    """The shortest of three fits after a first, in a process of its own."""
    warnings.simplefilter("ignore")
    module = side.partition(",")[0]
    numbers = {"alpha": alpha, "max_iter": epochs, "n_iter_no_change": epochs + 1}
    made = classifier(module, **DIGITS, **numbers, random_state=0, **settings)
    x, labels = digits()[0], digits()[1].argmax(axis=1)
    made.fit(x, labels)
    return min(seconds(lambda: made.fit(x, labels)) for _ in range(3))


def cold(name, epochs, options):
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
        "title": f"{name}: import, fit with defaults, predict, from a fresh process, seconds",
        "columns": ["data", *MODULES, "scikit-learn over fnet"],
        "rows": rows,
        "notes": ["TensorFlow was not imported by any"],
    }


def process(data, side):
    """Seconds of a whole process, in which TensorFlow may not be imported."""
    code = DEFAULTS.replace("MODULE", MODULES[side]).replace("SET", data)
    return seconds(lambda: _refuse(run_python(code, COMPILED)))


def _refuse(imported):
    if imported:
        raise AssertionError("TensorFlow was imported for a small fit")


def small(name, epochs, options):
    """100 fits on Iris, and the prediction of a single row."""

    def hundred(side):
        taken, imported = run_python(MANY.replace("MODULE", MODULES[side]), COMPILED)
        _refuse(imported)
        return taken

    rows = []
    for what, run in {"100 fits on iris, seconds": hundred, "predict_proba, µs": one_row}.items():
        runs = {side: functools.partial(run, side) for side in MODULES}
        found = take_turns(runs, options.rounds, f"{name}, {what}", warm=0)
        ours, theirs = (np.array(found[side]) for side in MODULES)
        rows.append([what, np.median(ours), np.median(theirs), np.median(theirs / ours)])
    return {
        "title": f"{name}: the smallest jobs",
        "columns": ["what", *MODULES, "scikit-learn over fnet"],
        "rows": rows,
        "notes": ["predict_proba is that of one row of the digits, fitted with defaults"],
    }


def one_row(side):
    return fresh(one_row_in_process, side)


def one_row_in_process(side):
    """Microseconds of `predict_proba` for one row: the shortest of ten times a thousand calls."""
    warnings.simplefilter("ignore")
    x, labels = digits()[0], digits()[1].argmax(axis=1)
    made, row = classifier(side, max_iter=2, random_state=0).fit(x, labels), x[:1]

    def calls():
        for _ in range(1000):
            made.predict_proba(row)

    return min(seconds(calls) for _ in range(10)) * 1e3


def programs(name, epochs, options):
    """Programs and memory over 200 fits of five architectures."""
    traces, tenth, last = fresh(many_fits, 200, epochs)
    return {
        "title": f"{name}: 200 fits of {epochs} epochs by TensorFlow, 5 architectures, one process",
        "columns": ["programs", "MB after the fiftieth", "MB after the last", "growth"],
        "rows": [[traces, tenth, last, last / tenth - 1]],
        "notes": [],
    }


def many_fits(count, epochs):
    """How many programs were traced, and megabytes in use after the fiftieth and the last fit."""
    warnings.simplefilter("ignore")
    from fnet.engine import compiled_loop

    made, kept = [], compiled_loop.compiled.__wrapped__

    @functools.cache
    def counted(*form):
        made.append(kept(*form))
        return made[-1]

    compiled_loop.compiled = counted
    x, labels = digits()[0], digits()[1].argmax(axis=1)
    sizes, used = [(10,), (20,), (30,), (10, 10), (20, 20)], []
    for seed in range(count):
        numbers = {"alpha": 1e-4 * (1 + seed), "learning_rate_init": 0.001 + 0.00005 * seed}
        hidden = sizes[seed % len(sizes)]
        classifier(
            "fnet", hidden_layer_sizes=hidden, max_iter=epochs, random_state=seed, **numbers,
            engine="tensorflow",
        ).fit(x, labels)  # fmt: skip
        used.append(memory_now())
    return sum(one.experimental_get_tracing_count() for one in made), used[49], used[-1]
