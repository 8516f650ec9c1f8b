"""fnet beside its peers on the same work, and fnet alone as the work grows.

    python scripts/benchmark.py                          # everything: about half an hour
    python scripts/benchmark.py --work digits --rounds 7 --picture digits.png --json digits.json
    python scripts/benchmark.py --work large --sides jax torch blas

Works:
  digits     64-30-10 on scikit-learn's digits: 22 batches an epoch, 500 epochs, 11,000 steps
  medium     100-256-256-10 at batch 256, on 51,200 synthetic rows
  large      100-512-512-10 at batch 1,024, on the same
  growth     time against rows, epochs, width and depth
  first      the digits job from a fresh process, everything included
  memory     the peak for a million rows of 100 features, for 5 and for 20 epochs
  breakeven  a plain graph against XLA on the digits job, the first call included
  many       200 runs of other seeds and rates in one process
  warm       fits of the digits job by MLPClassifier, against scikit-learn's
  cold       import, fit with defaults, predict: whole processes, against scikit-learn's
  small      100 fits on Iris, and one row predicted, against scikit-learn's
  programs   200 fits by TensorFlow over five architectures in one process
  commands   the command line on small tables, whole processes
  table      a CSV of a million rows through `fnet predict`

How it is measured. Each side has a process of its own, and they take turns within each round, so
that noise hits all alike; a first round compiles and does not count (but in `first` and
`breakeven`, where each time is that of a fresh process). A time is that of the whole training
call, for fnet with its checks and the drawing of its plan. Every side does as many steps in an
epoch as fnet does, all in float32. Sides that are slow train for fewer epochs, as the table says.
"over fnet" is the median, over rounds, of a side's time by fnet's in the same round, and "at best"
the ratio of both sides' shortest times. What a peer does is written in `peers.py`. Let nothing else
run meanwhile: the threads of PyTorch and OpenBLAS wait actively, and a busy machine hits them most.

Two floors are no peers: the step's matrix products alone in NumPy's BLAS, and the whole step in C
(`peers.c`) with the plan drawn beforehand.

GFLOP/s count a multiplication and an addition as two, for the products of a step: forwards, the
gradient of the weights, and the gradient of the inputs but in the first layer, which needs none.
"of sgemm" divides by the rate at which NumPy's BLAS does these same products in the same run.

What was tried
--------------
Microseconds a step of the digits run, shortest times of loops that hold little else; Eigen's five
products, timed one by one with rows as rows, take some 12 of them:

- rows of data as rows, `x @ w + b`, the hidden layer filled up to 32 units: 23.5;
- rows of data as columns, `w @ x + b`, so that softmax and all else run along the batch: 17.5;
- then without filling up: 16.9. Kept: nothing is filled up or packed any more.
- small arrays in one row for the optimizer, in columns: 0.5 less. Not taken: hard to read.
- biases as a column of ones in w: 0.6 more. Bias gradients by a product: nothing.
- the batch filled up to 72 or 80 rows: 0.5 and 1.3 more.
- integer labels in place of one-hot rows: 0.4 less. That is the caller's to choose.
- losses summed by their place in the batch: nothing.
- to leave softmax out, or Adam for plain descent: 1 less each; the gather: nothing. So there is
  little left to win beside the products.
- rows gathered once an epoch: nothing, or less than 1.
- the rows' shares as the tape's `output_gradients`, and the cross-entropy written out: 5 less than
  TensorFlow's own op and a plain tape. Kept.
- a check in each step that all gradients are finite: 4 to 6 more. Instead, a piece that ends with
  anything not finite is looked through afterwards.

And of the run as a whole:

- a call of the program costs 1 ms, and its plan as much in fresh memory: hence few and large
  pieces, and a plan handed over in the same memory each time.
- the plan drawn in another thread, in parts that fit the cache: 1 to 2 less. Kept.
"""

import argparse
import contextlib
import functools
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import alone
import estimators
import numpy as np
import peers
import shell
from measuring import digits, flops, spread, synthetic, take_turns, worker
from tqdm import tqdm

import fnet


class Side(NamedTuple):
    make: Callable  # of a Job, see peers.py
    part: float = 1  # of the work's epochs


SIDES = {
    "fnet": Side(peers.engine),
    "twin": Side(peers.twin),
    "notes": Side(peers.notes, 1 / 250),
    "keras": Side(peers.keras_default, 1 / 10),
    "keras-best": Side(peers.keras_best, 1 / 10),
    "scikit-learn": Side(peers.scikit_learn),
    "jax": Side(peers.jax_users),
    "jax-plan": Side(peers.jax_plan),
    "torch": Side(peers.torch_eager, 1 / 2),
    "skorch": Side(peers.skorch, 1 / 5),
    "blas": Side(peers.blas),
    "c": Side(peers.c),
}


# Beside the peers.


def digits_job(epochs):
    plan = fnet.kfold_plan(len(digits()[0]), 64, epochs, seed=0)
    return peers.Job((64, 30, 10), *digits(), 0.005, plan)


def synthetic_job(width, batch, epochs):
    x, labels = synthetic(51_200)
    y = np.eye(10, dtype=np.float32)[labels]
    plan = fnet.kfold_plan(len(x), batch, epochs, seed=0)
    return peers.Job((100, width, width, 10), x, y, 0.001, plan)


def compare(make_job, name, epochs, options):
    """The table of all sides on one job, each in a process of its own."""
    job, runs, steps, notes = make_job(epochs), {}, {}, []
    with contextlib.ExitStack() as stack:
        for side in tqdm(dict.fromkeys(["fnet", *options.sides]), desc=f"{name}, preparing"):
            make, part = SIDES[side]
            fewer = make_job(max(1, round(part * epochs)))
            try:
                runs[side] = worker(stack, make, fewer)
                steps[side] = fewer.steps
            except (ImportError, OSError) as error:
                notes.append(f"{side} is left out: {error}")
        seconds = take_turns(runs, options.rounds, name)
    each = {side: np.array(seconds[side]) / steps[side] for side in runs}
    work = flops(job.sizes, len(job.x) / job.plan.steps)
    floor = np.median(each["blas"]) if "blas" in each else None
    rows = [
        [
            side,
            *spread(times),
            np.median(times / each["fnet"]),
            times.min() / each["fnet"].min(),
            work / np.median(times) / 1e9,
            floor and floor / np.median(times),
            steps[side] // job.plan.steps,
        ]
        for side, times in each.items()
    ]
    return {
        "title": f"{name}: {'-'.join(map(str, job.sizes))}, {len(job.x):,} rows, {job.plan.steps} "
        f"steps an epoch, {epochs} epochs = {job.steps:,} steps",
        "columns": ["side", "µs a step", "minimum", "over fnet", "at best"]
        + ["GFLOP/s", "of sgemm", "epochs"],
        "rows": sorted(rows, key=lambda row: row[1]),
        "notes": notes,
        "bars": {side: spread(times)[0] for side, times in each.items()},
        "axes": ["µs a step"],
        "seconds_a_step": {side: times.tolist() for side, times in each.items()},
    }


# What comes out.


def shown(value):
    """A cell of a table."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def print_table(result):
    table = [result["columns"], *([shown(value) for value in row] for row in result["rows"])]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print(f"\n{result['title']}\n")
    for first, *others in table:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]))
    for note in result["notes"]:
        print(f"({note})")


def draw(results, file):
    """One panel for each result that has bars or lines."""
    from matplotlib.figure import Figure

    drawn = [result for result in results.values() if "bars" in result or "lines" in result]
    figure = Figure(figsize=(9, 1 + 3.5 * len(drawn)), layout="constrained")
    panels = figure.subplots(len(drawn), squeeze=False)[:, 0] if drawn else []
    for axes, result in zip(panels, drawn, strict=True):
        axes.set_title(result["title"], fontsize="medium", wrap=True)
        (draw_bars if "bars" in result else draw_lines)(axes, result)
    figure.savefig(file)


def draw_bars(axes, result):
    bars = dict(sorted(result["bars"].items(), key=lambda bar: -bar[1]))
    colors = ["C1" if side.startswith("fnet") else "C0" for side in bars]
    drawn = axes.barh(list(bars), list(bars.values()), color=colors)
    axes.bar_label(drawn, [shown(value) for value in bars.values()], padding=3)
    wide = max(bars.values()) > 10 * min(bars.values())
    axes.set(xscale="log" if wide else "linear", xlabel=result["axes"][0])
    axes.margins(x=0.15)


def draw_lines(axes, result):
    for label, points in result["lines"].items():
        axes.plot(*zip(*points, strict=True), marker="o", label=label)
    x, y = result["axes"]
    axes.set(xlabel=x, ylabel=y, xscale="log", ylim=(0, None))
    axes.legend()


def machine():
    """What the numbers depend on."""
    packages = ("tensorflow", "keras", "numpy", "scikit-learn", "jax", "optax", "torch", "skorch")
    installed = {dist.name.lower(): dist.version for dist in importlib.metadata.distributions()}
    return {
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: installed[name] for name in packages if name in installed},
    }


class Work(NamedTuple):
    run: Callable  # of its name, epochs and the options: the result
    epochs: int


WORKS = {
    "digits": Work(functools.partial(compare, digits_job), 500),
    "medium": Work(functools.partial(compare, functools.partial(synthetic_job, 256, 256)), 20),
    "large": Work(functools.partial(compare, functools.partial(synthetic_job, 512, 1024)), 6),
    "growth": Work(alone.growth, 5),
    "first": Work(alone.first, 500),
    "memory": Work(alone.memory, 20),
    "breakeven": Work(alone.breakeven, 1000),
    "many": Work(alone.many, 20),
    "warm": Work(estimators.warm, 500),
    "cold": Work(estimators.cold, 200),
    "small": Work(estimators.small, 200),
    "programs": Work(estimators.programs, 3),
    "commands": Work(shell.commands, 1),
    "table": Work(shell.table, 1),
}


def arguments():
    about, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about,
        epilog=rest.partition("How it is measured.")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--work", nargs="+", choices=WORKS, default=list(WORKS), metavar="WORK", help="see below")
    add(
        "--sides",
        nargs="+",
        choices=SIDES,
        default=list(SIDES),
        metavar="SIDE",
        help=f"beside fnet, in digits, medium and large: {', '.join(SIDES)}; all unless told",
    )
    add("--rounds", type=positive, default=5, help="how often each side has its turn (default: 5)")
    usual = ", ".join(f"{name} {work.epochs}" for name, work in WORKS.items())
    add("--epochs", type=positive, help=f"shortens: in place of {usual}")
    add("--picture", metavar="FILE", help="draw the results")
    add("--json", metavar="FILE", help="write the results, every round's seconds among them")
    return parser.parse_args()


def positive(text):
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main():
    options = arguments()
    results = {}
    for name in dict.fromkeys(options.work):
        work = WORKS[name]
        results[name] = work.run(name, options.epochs or work.epochs, options)
        print_table(results[name])
    if options.json:
        text = json.dumps({"machine": machine(), "results": results}, indent=1)
        Path(options.json).write_text(text + "\n")
    if options.picture:
        draw(results, options.picture)


if __name__ == "__main__":
    main()
