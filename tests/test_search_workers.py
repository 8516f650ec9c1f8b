"""The searches over the processes of joblib's backends, and workers that die."""

import contextlib
import os
import pickle
import signal
import sys

import dask
import distributed
import joblib
import numpy as np
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError
from processes import HANG_SECONDS
from sklearn.datasets import load_iris

import fnet

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

IRIS = load_iris(return_X_y=True)


def bits(search):
    """All results of a fitted search but the times, and the params of its best estimator."""
    results = {n: v for n, v in search.cv_results_.items() if not n.endswith("_time")}
    params = [array.tobytes() for array in search.best_estimator_.coefs_]
    return pickle.dumps({n: np.asarray(v).tolist() for n, v in results.items()}), params


def search(scoring="neg_log_loss", **options):
    model = fnet.MLPClassifier(max_iter=8, random_state=0, **options)
    grid = {"hidden_layer_sizes": [(5,), [3, 4]], "learning_rate_init": [0.01, 0.1, 0.3]}
    return fnet.GridSearchCV(model, grid, scoring=scoring, cv=3).fit(*IRIS)


@pytest.fixture(scope="module")
def client():
    """A client of a Dask cluster of two processes with one thread each."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(**options, silence_logs="CRITICAL") as local,
        distributed.Client(local) as client,
    ):
        yield client


@pytest.fixture
def on_dask(client):
    """The arguments of `joblib.parallel_config`, once both workers are there."""
    client.wait_for_workers(2, timeout=HANG_SECONDS)
    return {"backend": "dask"}


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_bits(on_dask):
    """By TensorFlow; the next test compares those of the twin."""
    with joblib.parallel_config(**on_dask):
        found = search(engine="tensorflow")
    assert bits(found) == bits(search(engine="tensorflow"))


class Deadly:
    """A scorer that kills so many of the processes it scores in, but not the one that made it."""

    def __init__(self, folder, deaths):
        self.folder, self.deaths, self.spared = folder, deaths, os.getpid()

    def __call__(self, estimator, X, y):
        for death in range(self.deaths) if os.getpid() != self.spared else ():
            with contextlib.suppress(FileExistsError):
                (self.folder / str(death)).mkdir()
                os.kill(os.getpid(), signal.SIGKILL)
        return estimator.score(X, y)


def test_dask_runs_the_task_of_a_dead_worker_again(on_dask, tmp_path):
    with joblib.parallel_config(**on_dask):
        found = search(scoring=Deadly(tmp_path, deaths=1))
    assert os.listdir(tmp_path) == ["0"]
    assert bits(found) == bits(search(scoring=Deadly(tmp_path, deaths=0)))


def test_a_task_whose_workers_all_die_is_an_error_of_dask(on_dask, tmp_path):
    with (
        joblib.parallel_config(**on_dask),
        pytest.raises(distributed.KilledWorker, match="all those workers died"),
    ):
        search(scoring=Deadly(tmp_path, deaths=99))


def test_a_dead_worker_of_loky_is_an_error(tmp_path):
    with (
        joblib.parallel_config("loky", n_jobs=2),
        pytest.raises(TerminatedWorkerError, match="SIGKILL"),
    ):
        search(scoring=Deadly(tmp_path, deaths=99))
