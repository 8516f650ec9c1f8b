"""Shared by the benchmarks: taking turns, fresh processes, memory and data."""

import contextlib
import functools
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

import fnet

Result = dict[str, Any]
"""The result of a benchmark: "title", "columns", "rows", "notes", and what it draws."""

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

_prepared: Callable[[], Any] | None = None
"""The function that `worker` times, in its own process."""


def take_turns(
    runs: Mapping[K, Callable[[], T]], rounds: int, label: str, warm: int = 1
) -> dict[K, list[T]]:
    """Call each function once per round, in turns.

    Args:
        runs: Maps a name to a function.
        rounds: Rounds that count.
        label: Text of the progress bar.
        warm: Rounds before them that do not count.

    Returns:
        Maps each name to the results of its function, one per round that counts.
    """
    results: dict[K, list[T]] = {name: [] for name in runs}
    with tqdm(total=(warm + rounds) * len(runs), desc=label) as bar:
        for done in range(warm + rounds):
            for name, run in runs.items():
                bar.set_postfix_str(str(name))
                value = run()
                if done >= warm:
                    results[name].append(value)
                bar.update()
    return results


def seconds(run: Callable[[], Any]) -> float:
    """Seconds that `run()` takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def worker(
    stack: contextlib.ExitStack, make: Callable[..., Any], *arguments: Any
) -> Callable[[], float]:
    """Prepare a run in its own process.

    Args:
        stack: Ends the process when it closes.
        make: Prepares in the process and returns the function to time. Its exceptions are raised
            here.
        *arguments: The arguments of `make`.

    Returns:
        A function that runs what `make` returned once and gives the seconds.
    """
    process = stack.enter_context(_process())
    process.submit(_prepare, make, *arguments).result()
    return lambda: process.submit(_run).result()


def _process() -> ProcessPoolExecutor:
    """A single fresh process."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _prepare(make: Callable[..., Any], *arguments: Any) -> None:
    """Store the function to time; runs in the worker's process."""
    global _prepared
    _prepared = make(*arguments)


def _run() -> float:
    """Time the stored function; runs in the worker's process."""
    assert _prepared is not None
    return seconds(_prepared)


def fresh(function: Callable[..., T], *arguments: Any) -> T:
    """The result of `function(*arguments)` in a fresh process."""
    with _process() as process:
        return process.submit(function, *arguments).result()


def python_path() -> str:
    """PYTHONPATH of a child process that imports the same fnet as this one."""
    return os.pathsep.join([str(Path(fnet.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])


def run_python(code: str, env: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> Any:
    """Run a program in a fresh interpreter.

    Args:
        code: The program; the last line that it prints is JSON.
        env: Environment variables beside the current ones.

    Returns:
        The value of that JSON.
    """
    env = {**os.environ, "PYTHONPATH": python_path(), **dict(env)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def memory_now(peak: bool = False) -> float:
    """Resident memory of this process in megabytes, now or at its peak.

    Where the system does not report the current memory, the result is the peak.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM" if peak else "VmRSS"].split()[0]) / 1024
    import resource

    maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return maximum / (2**20 if sys.platform == "darwin" else 1024)


def synthetic(
    rows: int, features: int = 100, classes: int = 10
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Normal features `[N, D]` and labels `[N]` from a random linear map of them."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, features), dtype=np.float32)
    return x, (x @ rng.standard_normal((features, classes), dtype=np.float32)).argmax(axis=1)


@functools.cache
def digits() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The training rows of the digits: x `[1437, 64]` from 0 to 1, y `[1437, 10]` one-hot."""
    x, _, y, _ = fnet.datasets.load_digits(scale=True)
    return x.astype(np.float32), y.astype(np.float32)


def digits_run(
    epochs: int,
    seed: int = 0,
    learning_rate: float = 0.005,
    dtype: Any = "float32",
    xla: bool | None = None,
) -> Any:
    """Train the digits network with fnet.

    Args:
        epochs: Number of epochs, of 22 steps each.
        seed: Seed of the initial params and the batches.
        learning_rate: Adam's learning rate.
        dtype: "float32" or "float64".
        xla: Whether XLA compiles the run; None lets `train` choose.

    Returns:
        The Run.
    """
    net = fnet.Network((64, 30, 10))
    params = fnet.init_params(net, seed=seed, dtype=dtype)
    plan = fnet.kfold_plan(len(digits()[0]), 64, epochs, seed=seed)
    return fnet.train(net, fnet.adam(learning_rate), params, *digits(), plan, xla=xla)


def flops(sizes: Sequence[int], rows: float) -> float:
    """Floating-point operations of the matrix products of one step on this many rows."""
    weights = [d * h for d, h in zip(sizes, sizes[1:], strict=False)]
    return rows * (6 * sum(weights) - 2 * weights[0])


def spread(times: Sequence[float] | npt.NDArray[Any], per: float = 1) -> tuple[float, float]:
    """Median and minimum of times in seconds, in microseconds per unit, for `per` units."""
    return float(np.median(times)) / per * 1e6, min(times) / per * 1e6
