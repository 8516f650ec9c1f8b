"""The works of `benchmark.py` that look at fnet alone: growth, first calls, memory, traces.

A work takes its name, a number of epochs and the options, and returns a result as `benchmark.py`
prints it. What must run in a fresh process is a function of its own.
"""

import functools
import statistics
import time
from pathlib import Path

import numpy as np
from measuring import (
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


def growth(name, epochs, options):
    """µs a row against rows, epochs, width and depth; the first shape is what the others vary."""
    visits, usual = epochs * 1_000_000, 10_000
    cases = {("rows", n): ((128,), n, visits // n) for n in (1_000, 10_000, 100_000, 1_000_000)}
    some = max(1, visits // usual // 10)
    cases |= {("epochs", e): ((128,), usual, e) for e in (some, 3 * some, 10 * some)}
    cases |= {("width", w): ((w,), usual, some) for w in (32, 64, 128, 256, 512)}
    cases |= {("depth", d): ((128,) * d, usual, some) for d in (1, 2, 4, 8)}
    backends.import_tensorflow()
    x, labels = synthetic(1_000_000)

    def run(hidden, rows, epochs):
        net = fnet.Network((100, *hidden, 10))
        params = fnet.init_params(net, seed=0)
        plan = fnet.minibatch_plan(rows, 256, epochs, seed=0)
        fnet.train(net, fnet.adam(0.001), params, x[:rows], labels[:rows], plan, xla=True)

    def timed(*settings):
        return seconds(functools.partial(run, *settings))

    runs = {case: functools.partial(timed, *settings) for case, settings in cases.items()}
    times = take_turns(runs, options.rounds, name)
    table, lines = [], {}
    for (what, value), (hidden, rows, epochs) in cases.items():
        taken = times[what, value]
        a_row, least = spread(taken, rows * epochs)
        rate = flops((100, *hidden, 10), 1) / a_row / 1e3
        table.append([what, value, epochs, statistics.median(taken), a_row, least, rate])
        lines.setdefault(what, []).append((value, a_row))
    million, ten_thousand = (np.array(times["rows", n]) for n in (1_000_000, 10_000))
    ratio = np.median(million / ten_thousand)
    return {
        "title": f"{name}: fnet, 100-128-10 at batch 256 on {usual:,} rows unless told; under "
        f"rows each case visits {visits:,} in all",
        "columns": ["against", "value", "epochs", "seconds", "µs a row", "minimum", "GFLOP/s"],
        "rows": table,
        "notes": [f"a row of 1,000,000 costs {ratio:.2f} times one of 10,000"],
        "lines": lines,
        "axes": ["rows, epochs, width or depth", "µs a row"],
        "row_at_million_over_ten_thousand": ratio,
    }


FNET = """
import json, time
marks = {"Python": time.time()}
from fnet import backends
backends.import_tensorflow()
marks["import engine"] = time.time()
import fnet
x, _, y, _ = fnet.datasets.load_digits(scale=True)
marks["data"] = time.time()
net = fnet.Network((64, 30, 10))
params = fnet.init_params(net, seed=0)
plan = fnet.kfold_plan(len(x), 64, EPOCHS, seed=0)
fnet.train(net, fnet.adam(0.005), params, x, y, plan,
           callback=lambda run: marks.setdefault("compile", time.time()))
marks["the run"] = time.time()
print(json.dumps(marks))
"""

SCIKIT_LEARN = """
import json, time, warnings
marks = {"Python": time.time()}
from sklearn.neural_network import MLPClassifier
marks["import engine"] = time.time()
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
x, y = load_digits(return_X_y=True)
x, _, y, _ = train_test_split((x / 16).astype("float32"), y, test_size=0.2, random_state=1)
marks["data"] = marks["compile"] = time.time()
warnings.simplefilter("ignore")
MLPClassifier((30,), alpha=0, batch_size=66, learning_rate_init=0.005, max_iter=EPOCHS, tol=0,
              n_iter_no_change=EPOCHS + 1, random_state=0).fit(x, y)
marks["the run"] = time.time()
print(json.dumps(marks))
"""


def first(name, epochs, options):
    """Seconds of the digits job from a fresh process, and where they go."""
    programs = {
        "scikit-learn": (SCIKIT_LEARN, {}),
        "fnet": (FNET, {}),
        "fnet, no Keras": (FNET, {"TF_USE_LEGACY_KERAS": "1"}),
    }

    def stages(code, env):
        began = time.time()
        marks = run_python(code.replace("EPOCHS", str(epochs)), env)
        times = [began, *marks.values(), time.time()]
        return dict(zip([*marks, "exit"], np.diff(times).tolist(), strict=True))

    runs = {side: functools.partial(stages, *program) for side, program in programs.items()}
    found = take_turns(runs, options.rounds, name, warm=0)
    seconds = {side: np.array([sum(marks.values()) for marks in found[side]]) for side in runs}
    peer = seconds["scikit-learn"]
    parts = list(found["fnet"][0])
    rows = [
        [side, np.median(times), min(times), np.median(times / peer)]
        + [statistics.median(marks[part] for marks in found[side]) for part in parts]
        for side, times in seconds.items()
    ]
    return {
        "title": f"{name}: the digits job, {epochs} epochs, from a fresh process, seconds",
        "columns": ["side", "all", "minimum", "over scikit-learn", *parts],
        "rows": rows,
        "notes": ["compile: tracing, compiling, and the first piece of the run"],
        "bars": {row[0]: row[1] for row in rows},
        "axes": ["seconds"],
        "seconds": found,
    }


def memory(name, epochs, options):
    """Peak memory of a long run, in multiples of its data."""
    several = sorted({max(1, epochs // 4), epochs})
    runs = {n: functools.partial(fresh, memory_run, n) for n in several}
    found = take_turns(runs, 1, name, warm=0)
    rows = [
        [n, data, before, peak, (peak - before) / data]
        for n, [(data, before, peak)] in found.items()
    ]
    return {
        "title": f"{name}: 1,000,000 rows of 100 features, 100-128-10 at batch 256, megabytes",
        "columns": ["epochs", "data", "TensorFlow imported", "peak", "peak beyond it, by data"],
        "rows": rows,
        "notes": ["data is x and the labels; the peak includes the caller's own copy"],
    }


def memory_run(epochs):
    """Megabytes of the data, in use after importing TensorFlow, and at the peak of a run."""
    backends.import_tensorflow()
    before = memory_now()
    x, labels = synthetic(1_000_000)
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")
    net = fnet.Network((100, 128, 10))
    plan = fnet.minibatch_plan(len(x), 256, epochs, seed=0)
    fnet.train(net, fnet.adam(0.001), fnet.init_params(net, seed=0), x, labels, plan, xla=True)
    return (x.nbytes + labels.nbytes) / 2**20, before, memory_now(peak=True)


def breakeven(name, epochs, options):
    """Seconds of a plain graph and of XLA, the first call included, each in a fresh process."""
    several = sorted({max(1, epochs * part // 4) for part in range(1, 5)})
    cases = [(n, xla) for n in several for xla in (False, True)]
    runs = {case: functools.partial(fresh, first_train, *case) for case in cases}
    found = take_turns(runs, options.rounds, name, warm=0)
    median = {case: statistics.median(found[case]) for case in cases}
    steps = [22 * n for n in several]
    rows = [
        [n, 22 * n, median[n, False], median[n, True], median[n, True] / median[n, False]]
        for n in several
    ]
    some = several[len(several) // 2 - 1]
    notes = [
        "params of a plain graph and of XLA differ by at most "
        f"{fresh(difference, some, dtype):.1e} in {dtype}, after {some} epochs"
        for dtype in ("float32", "float64")
    ]
    if len(several) > 1:
        plain, xla = (np.polyfit(steps, [median[n, kind] for n in several], 1) for kind in (0, 1))
        even = (xla[1] - plain[1]) / (plain[0] - xla[0])
        notes.append(f"they break even at {even:,.0f} steps, by a straight line through each")
    return {
        "title": f"{name}: a plain graph and XLA on the digits job, the first call included",
        "columns": ["epochs", "steps", "plain, seconds", "XLA, seconds", "XLA over plain"],
        "rows": rows,
        "notes": notes,
        "lines": {
            label: [(22 * n, median[n, kind]) for n in several]
            for label, kind in {"plain graph": False, "XLA": True}.items()
        },
        "axes": ["steps", "seconds"],
    }


def first_train(epochs, xla):
    """Seconds of a process's first call of `train`."""
    backends.import_tensorflow()
    digits_run(0, xla=False)
    return seconds(lambda: digits_run(epochs, xla=xla))


def difference(epochs, dtype):
    """The largest difference of params between a plain graph and XLA."""
    backends.import_tensorflow()
    plain, xla = (digits_run(epochs, dtype=dtype, xla=kind).params for kind in (False, True))
    pairs = [(a, b) for p, q in zip(plain, xla, strict=True) for a, b in zip(p, q, strict=True)]
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def many(name, epochs, options):
    """Traces and memory over 200 runs."""
    traces, tenth, last = fresh(many_runs, 200, epochs)
    return {
        "title": f"{name}: 200 runs of {epochs} epochs, other seeds and rates, in one process",
        "columns": ["traces", "MB after the tenth", "MB after the last", "growth"],
        "rows": [[traces, tenth, last, last / tenth - 1]],
        "notes": [],
    }


def many_runs(count, epochs):
    """How often the program was traced, and megabytes in use after the tenth and the last run."""
    backends.import_tensorflow()
    from fnet.engine import compiled_loop, optimizers

    used = []
    for seed in range(count):
        digits_run(epochs, seed=seed, rate=0.001 + 0.00005 * seed, xla=True)
        used.append(memory_now())
    form = optimizers.form(fnet.adam(0.001))
    compiled = compiled_loop.compiled(fnet.Network((64, 30, 10)), form, None, ("loss",), None, True)
    return compiled.experimental_get_tracing_count(), used[9], used[-1]
