"""What the works of `benchmark.py` share: taking turns, fresh processes, memory, and the data."""

import functools
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

import fnet


def take_turns(runs, rounds, label, warm=1):
    """What each of `runs` returns in each round, in turn; `warm` rounds do not count."""
    returned = {name: [] for name in runs}
    with tqdm(total=(warm + rounds) * len(runs), desc=label) as bar:
        for done in range(warm + rounds):
            for name, run in runs.items():
                bar.set_postfix_str(str(name))
                value = run()
                if done >= warm:
                    returned[name].append(value)
                bar.update()
    return returned


def seconds(run):
    """How long `run()` takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def worker(stack, make, *arguments):
    """A function that times one run of `make(*arguments)()`, in a process of its own.

    The process lives as long as `stack`, and what `make` raises is raised here.
    """
    process = stack.enter_context(_process())
    process.submit(_prepare, make, *arguments).result()
    return lambda: process.submit(_run).result()


def _process():
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _prepare(make, *arguments):
    global _prepared
    _prepared = make(*arguments)


def _run():
    return seconds(_prepared)


def fresh(function, *arguments):
    """What `function(*arguments)` returns in a fresh process."""
    with _process() as process:
        return process.submit(function, *arguments).result()


def run_python(code, env=()):
    """The JSON that a program writes as its last line, from an interpreter of its own."""
    path = os.pathsep.join([str(Path(fnet.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, **dict(env)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def memory_now(peak=False):
    """Megabytes that this process has in memory, or has had at most."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM" if peak else "VmRSS"].split()[0]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 1024)


def synthetic(rows, features=100, classes=10):
    """Rows of normal features, and their labels by a random linear map."""
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, features), dtype=np.float32)
    return x, (x @ random.standard_normal((features, classes), dtype=np.float32)).argmax(axis=1)


@functools.cache
def digits():
    x, _, y, _ = fnet.datasets.load_digits(scale=True)
    return x.astype(np.float32), y.astype(np.float32)


def digits_run(epochs, seed=0, rate=0.005, dtype="float32", **options):
    """The digits job by fnet."""
    net = fnet.Network((64, 30, 10))
    params = fnet.init_params(net, seed=seed, dtype=dtype)
    plan = fnet.kfold_plan(len(digits()[0]), 64, epochs, seed=seed)
    return fnet.train(net, fnet.adam(rate), params, *digits(), plan, **options)


def flops(sizes, rows):
    """Floating-point operations of the products of a step."""
    weights = [d * h for d, h in zip(sizes, sizes[1:], strict=False)]
    return rows * (6 * sum(weights) - 2 * weights[0])


def spread(times, per=1):
    """Median and minimum of these seconds, in microseconds `per` something."""
    return statistics.median(times) / per * 1e6, min(times) / per * 1e6
