"""Benchmarks of the searches against scikit-learn's over its own MLP, run by `benchmark.py`.

Both sides get the same arguments and the same folds; only the import lines differ.
"""

import argparse
import functools
import os
import warnings
from typing import Any, NamedTuple

import distributed
import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor
from measuring import digits, fresh, run_python, seconds, take_turns
from sklearn import model_selection, neural_network

import fnet
from fnet import backends


class Job(NamedTuple):
    """A search on the digits.

    Attributes:
        hidden: The sizes of the hidden layer that are tried.
        rates: How many learning rates are tried.
    """

    hidden: tuple[int, ...]
    rates: int


JOBS = {
    "20 rates x 5 folds of 64-30-10": Job((30,), 20),
    "10 architectures x 10 rates x 5 folds": Job(tuple(range(10, 101, 10)), 10),
}

IRIS = """
import json, sys, time, warnings
from MLP_MODULE import MLPClassifier
from SEARCH_MODULE import GridSearchCV
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
warnings.simplefilter("ignore")
grid = {"learning_rate_init": [1e-3, 3e-3, 1e-2, 3e-2], "alpha": [1e-4, 1e-2]}
began = time.perf_counter()
GridSearchCV(MLPClassifier(random_state=0), grid, cv=3, n_jobs=1).fit(x, y)
print(json.dumps([time.perf_counter() - began, "tensorflow" in sys.modules]))
"""

MODULES = {
    "fnet": ("fnet", "fnet"),
    "scikit-learn": ("sklearn.neural_network", "sklearn.model_selection"),
}


def search(name: str, epochs: int, options: argparse.Namespace) -> dict[str, Any]:
    """Searches on the digits with two jobs, and a small one on Iris."""
    rows = []
    for what, job in JOBS.items():
        runs = {side: functools.partial(fresh, on_digits, side, job, epochs) for side in MODULES}
        found = take_turns(runs, options.rounds, f"{name}, {what}", warm=0)
        (first, second), theirs = np.array(found["fnet"]).T, np.array(found["scikit-learn"])[:, 0]
        for label, ours in {"with compiling": first, "compiled before": second}.items():
            rows.append([f"{what}, {label}", *_compare(ours, theirs)])
    runs = {side: functools.partial(on_iris, side) for side in MODULES}
    found = take_turns(runs, options.rounds, f"{name}, iris", warm=0)
    ours, theirs = (np.array(found[side]) for side in MODULES)
    rows.append(["8 candidates x 3 folds of iris, one job, by the twin", *_compare(ours, theirs)])
    return {
        "title": f"{name}: GridSearchCV(n_jobs=2) on the digits, {epochs} epochs, float32",
        "columns": ["search", *MODULES, "speedup over scikit-learn"],
        "rows": rows,
        "notes": [
            "seconds; the digits by TensorFlow, whose import is not counted; iris imports none",
            on_dask(name, epochs, options.rounds),
        ],
    }


def _compare(ours: Any, theirs: Any) -> list[float]:
    return [float(np.median(values)) for values in (ours, theirs, theirs / ours)]


def on_digits(side: str, job: Job, epochs: int) -> tuple[float, float]:
    """Seconds of a first and of a second search in this process."""
    warnings.simplefilter("ignore")
    x, labels = digits()[0], digits()[1].argmax(axis=1)
    if side == "fnet":
        backends.import_tensorflow(keras=False)
        found: Any = search_on_digits(job, epochs)
        return seconds(lambda: found.fit(x, labels)), seconds(lambda: found.fit(x, labels))
    arguments, grid = _of_job(job, epochs)
    estimator = neural_network.MLPClassifier(**arguments)
    peer = model_selection.GridSearchCV(estimator, grid, n_jobs=2, refit=False)
    once = seconds(lambda: peer.fit(x, labels))
    get_reusable_executor().shutdown(kill_workers=True)  # otherwise this process waits for them
    return once, once


def on_dask(name: str, epochs: int, rounds: int) -> str:
    """How much faster two Dask workers are than one. Each is a process with a core of its own.

    The workers exist before, and have imported TensorFlow; each search compiles its programs anew.
    """
    x, labels = digits()[0], digits()[1].argmax(axis=1)
    job = JOBS["10 architectures x 10 rates x 5 folds"]
    found, small = search_on_digits(job, epochs), search_on_digits(Job((5,), 2), 1)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        workers = sorted(client.scheduler_info()["workers"])
        if hasattr(os, "sched_setaffinity"):  # before TensorFlow counts the cores
            for core, worker in zip(sorted(os.sched_getaffinity(0)), workers, strict=False):
                client.run(os.sched_setaffinity, 0, {core}, workers=[worker])

        def run(some: list[str], search: Any = found) -> float:
            client.run(fnet.clear_cache)
            with joblib.parallel_config("dask", workers=some):
                return seconds(lambda: search.fit(x, labels))

        for worker in workers:
            run([worker], small)
        counts = {count: functools.partial(run, workers[:count]) for count in (1, 2)}
        timed = take_turns(counts, rounds, f"{name}, Dask workers", warm=0)
    one, two = (np.array(timed[count]) for count in (1, 2))
    return (
        f"10 architectures: one Dask worker {np.median(one):.3g} s, two {np.median(two):.3g} s, "
        f"{np.median(one / two):.2f} times as fast; each with one core, compiling included"
    )


def search_on_digits(job: Job, epochs: int) -> fnet.GridSearchCV:
    """A search of fnet, for two jobs."""
    arguments, grid = _of_job(job, epochs)
    model = fnet.MLPClassifier(**arguments, engine="tensorflow")
    return fnet.GridSearchCV(model, grid, n_jobs=2, refit=False)


def _of_job(job: Job, epochs: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of the estimator, of either side, and the grid."""
    arguments = {"batch_size": 64, "max_iter": epochs, "n_iter_no_change": epochs + 1}
    grid = {
        "hidden_layer_sizes": [(size,) for size in job.hidden],
        "learning_rate_init": np.geomspace(1e-4, 1e-1, job.rates).tolist(),
    }
    return arguments | {"random_state": 0}, grid


def on_iris(side: str) -> float:
    """Seconds of a small search in a new process, which must not import TensorFlow."""
    mlp, searches = MODULES[side]
    code = IRIS.replace("MLP_MODULE", mlp).replace("SEARCH_MODULE", searches)
    elapsed, imported = run_python(code, {"PYTHONDONTWRITEBYTECODE": ""})
    if imported:
        raise AssertionError("TensorFlow was imported for a small search")
    return float(elapsed)
