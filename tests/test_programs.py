"""Compiled programs: shared by similar numbers of rows, bounded, and refused after a fork."""

import os
import subprocess
import sys

import numpy as np
import pytest
from processes import HANG_SECONDS

import fnet
from fnet import Network, reference
from fnet.core import batch_source
from fnet.engine import compiled_loop, program_cache, tensors

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(300, 3)), RNG.integers(2, size=300)


@pytest.fixture(autouse=True)
def empty_caches():
    fnet.clear_cache()
    yield
    fnet.clear_cache()


def traces(program_runs):
    """The total number of traces of training programs while `program_runs()` ran."""
    programs, compiled = [], compiled_loop.compiled

    def cached(*arguments):
        programs.append(compiled(*arguments))
        return programs[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_loop, "compiled", cached)
        program_runs()
    return sum(program.experimental_get_tracing_count() for program in set(programs))


@pytest.mark.parametrize(
    "plan",
    [
        lambda n: fnet.full_batch_plan(n, 2),
        lambda n: fnet.kfold_plan(n, 64, 2, seed=0),
        lambda n: fnet.minibatch_plan(n, min(n, 200), 2, seed=0),
    ],
    ids=["full", "kfold", "minibatch"],
)
@pytest.mark.slow
def test_similar_numbers_of_rows_share_programs(plan):
    """As with expanding windows and folds of different sizes; validation rows too."""
    net = Network((3, 4, 2))
    params = reference.init_params(net, 0, dtype="float64")
    adam = fnet.adam(0.01)

    def run():
        for n in range(100, 110):
            data, validation = (X[:n], Y[:n], plan(n)), (X[: n // 3], Y[: n // 3])
            found = fnet.train(net, adam, params, *data, validation=validation, xla=False)
            twin = reference.train(net, adam, params, *data, validation=validation)
            np.testing.assert_allclose(
                found.history["validation_loss"], twin.history["validation_loss"], rtol=1e-10
            )
            np.testing.assert_allclose(found.params[0].w, twin.params[0].w, rtol=1e-9)

    assert traces(run) <= 4


@pytest.mark.parametrize("rows", [1, 2, 15, 16, 17, 100, 1437, 10**6 + 1])
@pytest.mark.slow
def test_padding_adds_at_most_an_eighth(rows):
    n_padded = batch_source.padded_rows(rows)
    assert rows <= n_padded <= rows * 9 / 8 + 1
    octave = {batch_source.padded_rows(n) for n in range(1025, 2049)}
    assert len(octave) == 8


def test_the_cache_of_programs_is_bounded_and_can_be_cleared():
    assert compiled_loop.compiled.cache_info().maxsize == program_cache.MAX_PROGRAMS
    cached = program_cache.bounded_cache(2)(lambda key: object())
    first = cached(1)
    assert cached(1) is first
    cached(2), cached(3)
    assert cached(1) is not first  # it was dropped
    net = Network((3, 4, 2))
    params = reference.init_params(net, 0)
    fnet.train(net, fnet.sgd(0.1), params, X, Y, fnet.full_batch_plan(300, 1), xla=False)
    assert compiled_loop.compiled.cache_info().currsize == 1
    fnet.clear_cache()
    caches = cached, compiled_loop.compiled, tensors._compiled
    assert [cache.cache_info().currsize for cache in caches] == [0, 0, 0]


@pytest.mark.slow
def test_five_hundred_networks_end_near_where_twenty_did():
    code = """
import gc, fnet, numpy as np
from fnet import reference
x, y = np.random.default_rng(0).normal(size=(50, 3)), np.zeros(50, int)

def memory():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

for i in range(500):
    net = fnet.Network((3, 5 + i, 2))
    params = reference.init_params(net, 0)
    fnet.train(net, fnet.adam(0.01), params, x, y, fnet.minibatch_plan(50, 10, 2, seed=0))
    if i == 19:
        before = memory()
print(memory() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 300


FORK = """
import multiprocessing, os, sys
import numpy as np, fnet
from fnet import reference
x, y = np.random.default_rng(0).normal(size=(50, 3)), np.zeros(50, int)
net, plan = fnet.Network((3, 4, 2)), fnet.full_batch_plan(50, 2)
params = reference.init_params(net, 0)

def child(side):
    try:
        side.train(net, fnet.sgd(0.1), params, x, y, plan)
        print("trained")
    except fnet.FnetError as error:
        print(error)

child(fnet)
for side in (fnet, reference):
    process = multiprocessing.get_context("fork").Process(target=child, args=(side,))
    process.start()
    process.join()
    print(process.exitcode)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_is_told_to_be_spawned_and_the_twin_works_there():
    command = [sys.executable, "-u", "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    lines = done.stdout.splitlines()
    assert lines[0] == "trained"
    assert 'get_context("spawn")' in lines[1]
    assert lines[2:] == ["0", "trained", "0"]


def test_many_shapes_log_nothing(caplog):
    """TensorFlow logs a warning where a function is traced again and again."""
    net = Network((3, 4, 2))
    params = reference.init_params(net, 0)
    for n in range(20, 30):
        plan = fnet.minibatch_plan(n, batch_size=n - 15, epochs=2, seed=0)
        fnet.train(net, fnet.adam(0.01), params, X[:n], Y[:n], plan, xla=False)
    assert caplog.records == []
