"""Threads of NumPy's products: one for small products, and as many as before afterwards."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import fnet
from fnet.core import blas_threads

NET = fnet.Network((64, 128, 3))
ROWS = {"one row": 1, "a batch": 256, "many rows": 10**7}


def threads():
    [found] = [each["num_threads"] for each in threadpool_info() if is_of_numpy(each)]
    return found


def is_of_numpy(library):
    return library["user_api"] == "blas" and "numpy" in library["filepath"]


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_one_thread_computes_small_products(rows):
    with threadpool_limits(2, user_api="blas"):
        with blas_threads.limited_threads(NET, rows):
            assert threads() == (1 if rows == ROWS["a batch"] else 2)
        assert threads() == 2


def test_other_threads_do_not_keep_the_limit():
    ends, before = [threading.Event() for _ in range(2)], threads()

    def run(end, inside):
        with blas_threads.limited_threads(NET, 256):
            inside.set()
            end.wait()

    callers = []
    for end in ends:
        inside = threading.Event()
        callers.append(threading.Thread(target=run, args=(end, inside)))
        callers[-1].start()
        inside.wait()
    assert threads() == 1
    for end, caller in zip(ends, callers, strict=True):  # the first one leaves first
        end.set()
        caller.join()
    assert threads() == before


def test_threads_come_back_after_an_error():
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(ValueError, match="stop"), blas_threads.limited_threads(NET, 256):
            raise ValueError("stop")
        assert threads() == 2


def train(path):
    x, y = np.random.default_rng(0).normal(size=(300, 64)), np.arange(300) % 3
    params = fnet.reference.init_params(NET, seed=0)
    plan = fnet.minibatch_plan(300, 100, epochs=1, seed=0)
    fnet.reference.train(NET, fnet.sgd(0.1), params, x, y, plan)


def minimize(path):
    x, y = np.random.default_rng(0).normal(size=(300, 64)), np.arange(300) % 3
    fnet.reference.minimize_lbfgs(NET, fnet.reference.init_params(NET, seed=0), x, y, max_iter=2)


def predict(path):
    x = np.random.default_rng(0).normal(size=(300, 64))
    model = fnet.TabularRegressor(engine="numpy", epochs=1, cv=0).fit(x, x[:, 0])
    model.predict(x)
    fnet.save(path, model)
    fnet.load(path).predict(x)


@pytest.mark.parametrize("run", [train, minimize, predict])
def test_the_twin_computes_small_products_in_one_thread(monkeypatch, tmp_path, run):
    seen, kept = [], fnet.reference.functions.dense

    def dense(layer, a):
        seen.append(threads())
        return kept(layer, a)

    monkeypatch.setattr("fnet.reference.functions.dense", dense)
    with threadpool_limits(2, user_api="blas"):
        run(tmp_path / "model.fnet")
        assert set(seen) == {1}
        assert threads() == 2
