"""Benchmarks of fnet without other libraries: scaling, startup, memory, traces.

Each takes its name, a number of epochs and the options of `benchmark.py`, and returns a result
that `benchmark.py` prints. What must run in a fresh process is a function at module level.
"""

import argparse
import functools
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from measuring import (
    Result,
    digits_run,
    flops,
    fresh,
    memory_now,
    run_python,
    seconds,
    spread,
    synthetic,
    take_turns,
)

import fnet
from fnet import backends
from fnet.core.params import leaves

STEPS_PER_EPOCH = 22
"""Of the digits run."""

BATCH_SIZE = 256
"""Of the runs on synthetic data."""

DEFAULT_ROWS = 10_000
"""Rows of the runs that vary something else."""

MANY_RUNS = 200


def scaling(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Microseconds per row as rows, epochs, width and depth grow, one at a time."""
    visits = epochs * 1_000_000
    cases: dict[tuple[str, int], tuple[tuple[int, ...], int, int]]
    cases = {("rows", n): ((128,), n, visits // n) for n in (1_000, 10_000, 100_000, 1_000_000)}
    few = max(1, visits // DEFAULT_ROWS // 10)
    cases |= {("epochs", e): ((128,), DEFAULT_ROWS, e) for e in (few, 3 * few, 10 * few)}
    cases |= {("width", w): ((w,), DEFAULT_ROWS, few) for w in (32, 64, 128, 256, 512)}
    cases |= {("depth", d): ((128,) * d, DEFAULT_ROWS, few) for d in (1, 2, 4, 8)}
    backends.import_tensorflow()
    x, labels = synthetic(1_000_000)

    def train(hidden: tuple[int, ...], n_rows: int, n_epochs: int) -> None:
        """One run of a case."""
        net = fnet.Network((100, *hidden, 10))
        params = fnet.init_params(net, seed=0)
        plan = fnet.minibatch_plan(n_rows, BATCH_SIZE, n_epochs, seed=0)
        fnet.train(net, fnet.adam(0.001), params, x[:n_rows], labels[:n_rows], plan, xla=True)

    def timed(case: tuple[tuple[int, ...], int, int]) -> float:
        """Seconds of that run."""
        return seconds(functools.partial(train, *case))

    runs = {key: functools.partial(timed, case) for key, case in cases.items()}
    times = take_turns(runs, options.rounds, name)
    table: list[list[Any]] = []
    lines: dict[str, list[tuple[int, float]]] = {}
    for (varied, value), (hidden, n_rows, n_epochs) in cases.items():
        elapsed = times[varied, value]
        median, minimum = spread(elapsed, n_rows * n_epochs)
        rate = flops((100, *hidden, 10), 1) / median / 1e3
        table.append([varied, value, n_epochs, statistics.median(elapsed), median, minimum, rate])
        lines.setdefault(varied, []).append((value, median))
    million, ten_thousand = (np.array(times["rows", n]) for n in (1_000_000, 10_000))
    ratio = float(np.median(million / ten_thousand))
    return {
        "title": f"{name}: fnet, 100-128-10, batch size {BATCH_SIZE}, {DEFAULT_ROWS:,} rows; "
        f"where rows vary, rows x epochs is {visits:,}",
        "columns": ["varied", "value", "epochs", "seconds", "µs per row", "minimum", "GFLOP/s"],
        "rows": table,
        "notes": [f"time per row, 1,000,000 rows / 10,000 rows: {ratio:.2f}"],
        "lines": lines,
        "axes": ["rows, epochs, width or depth", "µs per row"],
        "row_time_ratio_million_to_ten_thousand": ratio,
    }


FNET = """
import json, time
marks = {"Python": time.time()}
from fnet import backends
backends.import_tensorflow()
marks["import"] = time.time()
import fnet
x, _, y, _ = fnet.datasets.load_digits(scale=True)
marks["data"] = time.time()
net = fnet.Network((64, 30, 10))
params = fnet.init_params(net, seed=0)
plan = fnet.kfold_plan(len(x), 64, EPOCHS, seed=0)
fnet.train(net, fnet.adam(0.005), params, x, y, plan,
           callback=lambda run: marks.setdefault("compile", time.time()))
marks["training"] = time.time()
print(json.dumps(marks))
"""

SCIKIT_LEARN = """
import json, time, warnings
marks = {"Python": time.time()}
from sklearn.neural_network import MLPClassifier
marks["import"] = time.time()
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
x, y = load_digits(return_X_y=True)
x, _, y, _ = train_test_split((x / 16).astype("float32"), y, test_size=0.2, random_state=1)
marks["data"] = marks["compile"] = time.time()
warnings.simplefilter("ignore")
MLPClassifier((30,), alpha=0, batch_size=66, learning_rate_init=0.005, max_iter=EPOCHS, tol=0,
              n_iter_no_change=EPOCHS + 1, random_state=0).fit(x, y)
marks["training"] = time.time()
print(json.dumps(marks))
"""


def startup(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Seconds of the digits run in a fresh process, by stage."""
    programs: dict[str, tuple[str, dict[str, str]]] = {
        "scikit-learn": (SCIKIT_LEARN, {}),
        "fnet": (FNET, {}),
        "fnet, no Keras": (FNET, {"TF_USE_LEGACY_KERAS": "1"}),
    }

    def stages(code: str, env: dict[str, str]) -> dict[str, float]:
        """Seconds of each stage of one process."""
        start = time.time()
        marks = run_python(code.replace("EPOCHS", str(epochs)), env)
        times = [start, *marks.values(), time.time()]
        return dict(zip([*marks, "exit"], np.diff(times).tolist(), strict=True))

    runs = {library: functools.partial(stages, *program) for library, program in programs.items()}
    results = take_turns(runs, options.rounds, name, warm=0)
    totals = {
        library: np.array([sum(marks.values()) for marks in results[library]]) for library in runs
    }
    sklearn = totals["scikit-learn"]
    names = list(results["fnet"][0])
    rows = [
        [library, np.median(times), min(times), np.median(times / sklearn)]
        + [statistics.median(marks[stage] for marks in results[library]) for stage in names]
        for library, times in totals.items()
    ]
    return {
        "title": f"{name}: digits run, {epochs} epochs, whole processes, seconds",
        "columns": ["library", "total", "minimum", "ratio to scikit-learn", *names],
        "rows": rows,
        "notes": ["compile: tracing, compiling, and the first chunk of steps"],
        "bars": {row[0]: row[1] for row in rows},
        "axes": ["seconds"],
        "seconds": results,
    }


def memory(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Peak memory of a long run, in multiples of the data's size."""
    lengths = sorted({max(1, epochs // 4), epochs})
    runs = {n: functools.partial(fresh, memory_run, n) for n in lengths}
    results = take_turns(runs, 1, name, warm=0)
    rows = [
        [n, data, before, peak, (peak - before) / data]
        for n, [(data, before, peak)] in results.items()
    ]
    return {
        "title": f"{name}: 1,000,000 rows, 100-128-10, batch size {BATCH_SIZE}, megabytes",
        "columns": ["epochs", "data", "after import", "peak", "(peak - after import) / data"],
        "rows": rows,
        "notes": ["data: x and labels; the peak includes the caller's copy"],
    }


def memory_run(epochs: int) -> tuple[float, float, float]:
    """Megabytes of the data, of the process after importing TensorFlow, and at the run's peak."""
    backends.import_tensorflow()
    before = memory_now()
    x, labels = synthetic(1_000_000)
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")
    net = fnet.Network((100, 128, 10))
    plan = fnet.minibatch_plan(len(x), BATCH_SIZE, epochs, seed=0)
    fnet.train(net, fnet.adam(0.001), fnet.init_params(net, seed=0), x, labels, plan, xla=True)
    return (x.nbytes + labels.nbytes) / 2**20, before, memory_now(peak=True)


def breakeven(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Seconds of a plain graph and of XLA with the first call included, in fresh processes."""
    lengths = sorted({max(1, epochs * part // 4) for part in range(1, 5)})
    cases = [(n, xla) for n in lengths for xla in (False, True)]
    runs = {case: functools.partial(fresh, first_train, *case) for case in cases}
    results = take_turns(runs, options.rounds, name, warm=0)
    median = {case: statistics.median(results[case]) for case in cases}
    steps = [STEPS_PER_EPOCH * n for n in lengths]
    rows = [
        [n, n_steps, median[n, False], median[n, True], median[n, True] / median[n, False]]
        for n, n_steps in zip(lengths, steps, strict=True)
    ]
    middle = lengths[len(lengths) // 2 - 1]
    notes = [
        f"largest difference of params, plain graph - XLA, {middle} epochs, {dtype}: "
        f"{fresh(max_difference, middle, dtype):.1e}"
        for dtype in ("float32", "float64")
    ]
    if len(lengths) > 1:
        plain, xla = (
            np.polyfit(steps, [median[n, kind] for n in lengths], 1) for kind in (False, True)
        )
        even = (xla[1] - plain[1]) / (plain[0] - xla[0])
        notes.append(f"break-even at {even:,.0f} steps, by a linear fit to each")
    return {
        "title": f"{name}: plain graph and XLA, digits run, first call included",
        "columns": ["epochs", "steps", "plain, seconds", "XLA, seconds", "XLA / plain"],
        "rows": rows,
        "notes": notes,
        "lines": {
            label: [(STEPS_PER_EPOCH * n, median[n, kind]) for n in lengths]
            for label, kind in {"plain graph": False, "XLA": True}.items()
        },
        "axes": ["steps", "seconds"],
    }


def first_train(epochs: int, xla: bool) -> float:
    """Seconds of the first call of `train` in a process."""
    backends.import_tensorflow()
    digits_run(0, xla=False)
    return seconds(lambda: digits_run(epochs, xla=xla))


def max_difference(epochs: int, dtype: str) -> float:
    """The largest difference of params between a plain graph and XLA."""
    backends.import_tensorflow()
    plain = leaves(digits_run(epochs, dtype=dtype, xla=False).params)
    compiled = leaves(digits_run(epochs, dtype=dtype, xla=True).params)
    pairs = zip(plain, compiled, strict=True)
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)


def repeated(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Number of traces and growth of memory over many runs in one process."""
    traces, tenth, last = fresh(repeated_runs, MANY_RUNS, epochs)
    return {
        "title": f"{name}: {MANY_RUNS} runs of {epochs} epochs in one process, each with its own "
        "seed and learning rate",
        "columns": ["traces", "MB after run 10", f"MB after run {MANY_RUNS}", "growth"],
        "rows": [[traces, tenth, last, last / tenth - 1]],
        "notes": [],
    }


def repeated_runs(n_runs: int, epochs: int) -> tuple[int, float, float]:
    """The program's trace count, and the process's megabytes after run 10 and after the last."""
    backends.import_tensorflow()
    from fnet.core import optimizers
    from fnet.engine import compiled_loop

    used = []
    for seed in range(n_runs):
        digits_run(epochs, seed=seed, learning_rate=0.001 + 0.00005 * seed, xla=True)
        used.append(memory_now())
    spec = optimizers.spec(fnet.adam(0.001))
    program = compiled_loop.Program(
        fnet.Network((64, 30, 10)), spec, None, ("loss",), None, "float32"
    )
    compiled: Any = compiled_loop.compiled(program, True)
    return compiled.experimental_get_tracing_count(), used[9], used[-1]
