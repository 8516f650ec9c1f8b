"""Time fnet against other libraries on the same work, and fnet alone as the work grows.

    python scripts/benchmark.py                      # everything: about half an hour
    python scripts/benchmark.py --benchmarks digits --rounds 7 --picture digits.png
    python scripts/benchmark.py --benchmarks large --implementations jax blas --json large.json

Benchmarks:
  digits     64-30-10 on scikit-learn's digits: 22 batches per epoch, 500 epochs, 11,000 steps
  medium     100-256-256-10, batch size 256, 51,200 synthetic rows
  large      100-512-512-10, batch size 1,024, the same rows
  scaling    time as rows, epochs, width and depth grow
  startup    the digits run in a fresh process, everything included
  memory     peak memory for a million rows of 100 features, for 5 and for 20 epochs
  breakeven  plain graph and XLA on the digits run, the first call included
  repeated   200 runs with different seeds and learning rates in one process
  warm       fits of the digits by MLPClassifier, compared with scikit-learn's
  cold       import, fit with defaults, predict: whole processes, compared with scikit-learn's
  small      100 fits on Iris, and the prediction of one row, compared with scikit-learn's
  programs   200 fits by TensorFlow over five architectures in one process
  commands   the command line on small tables, whole processes
  table      `fnet predict` on a CSV with a million rows
  members    many networks in one run: five folds, 64 members, members that end early
  search     GridSearchCV on the digits and on Iris, compared with scikit-learn's of its own MLP
  encoding   TableEncoder on a million rows of numbers and categories, compared with scikit-learn's
  tabular    predictions of an ensemble from a file, compared with scikit-learn's forest

Method. Each implementation has its own process. They take turns within each round, so that noise
affects all alike. A first round compiles and does not count, except in `startup` and `breakeven`,
which time fresh processes. A time covers the whole training call; for fnet it includes the checks
and making the plan. All implementations take as many steps per epoch as fnet does, in float32. Slow
ones train for fewer epochs, as the table shows. "ratio to fnet" is the median over rounds of an
implementation's time divided by fnet's time in the same round. "minimum ratio" is the ratio of
their minimum times. `peers.py` holds the code of each. Run nothing else meanwhile: the threads of
PyTorch and OpenBLAS busy-wait, so a loaded machine slows them most.

Two implementations are lower bounds: `blas` computes only the matrix products of each step with
NumPy's BLAS, and `c` is the whole step in C (`peers.c`) with a plan made beforehand.

GFLOP/s count a multiplication and an addition as two operations, for the matrix products of a step:
the forward pass, the gradient of the weights, and the gradient of the inputs except in the first
layer, which needs none. "of sgemm" divides by the rate of NumPy's BLAS on the same products in the
same benchmark.

Optimizations that were tried
-----------------------------
Microseconds per step of the digits run: minimum times of loops with little else. Eigen's five
products, timed one by one with one data row per matrix row, take about 12 of them.

- Data rows as matrix rows, `x @ w + b`, hidden layer padded to 32 units: 23.5.
- Data rows as matrix columns, `w @ x + b`, so that softmax and the rest run along the batch: 17.5.
- The same without padding: 16.9. Kept: nothing is padded or packed.
- Small arrays stored as one vector for the optimizer, with columns: 0.5 less. Rejected: hard to
  read.
- Biases as a column of ones in w: 0.6 more. Bias gradients by a matrix product: no change.
- Batch padded to 72 or 80 rows: 0.5 and 1.3 more.
- Integer labels instead of one-hot rows: 0.4 less. This is the caller's choice.
- Losses summed by position in the batch: no change.
- Without softmax, or SGD instead of Adam: 1 less each. Without the gather: no change. So little
  remains to be gained outside the products.
- Rows gathered once per epoch: no change, or less than 1.
- Row weights as the tape's `output_gradients`, and a hand-written cross-entropy: 5 less than
  TensorFlow's op and a plain tape. Kept.
- A check in every step that all gradients are finite: 4 to 6 more. Instead, a chunk that ends with
  values that are not finite is examined afterwards.

The run as a whole:

- A call of the program costs 1 ms, and new memory for its plan costs as much. Hence few, large
  chunks, with the plan in the same memory each time.
- The plan made in another thread, in parts that fit the cache: 1 to 2 less. Kept.
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
from typing import Any, NamedTuple

import cli_benchmarks
import encoding_benchmarks
import estimators
import fnet_benchmarks
import member_benchmarks
import numpy as np
import peers
import search_benchmarks
import tabular_benchmarks
from measuring import Result, digits, flops, spread, synthetic, take_turns, worker
from tqdm import tqdm

import fnet


class Implementation(NamedTuple):
    """One way to train.

    Attributes:
        make: Takes a Job and returns the function to time.
        epochs_fraction: Fraction of the benchmark's epochs; small for slow implementations.
    """

    make: Callable[[peers.Job], peers.Run]
    epochs_fraction: float = 1


IMPLEMENTATIONS = {
    "fnet": Implementation(peers.engine),
    "twin": Implementation(peers.twin),
    "notes": Implementation(peers.notes, 1 / 250),
    "keras": Implementation(peers.keras_default, 1 / 10),
    "keras-best": Implementation(peers.keras_best, 1 / 10),
    "scikit-learn": Implementation(peers.scikit_learn),
    "jax": Implementation(peers.jax_users),
    "jax-plan": Implementation(peers.jax_plan),
    "torch": Implementation(peers.torch_eager, 1 / 2),
    "skorch": Implementation(peers.skorch, 1 / 5),
    "blas": Implementation(peers.blas),
    "c": Implementation(peers.c),
}


def digits_job(epochs: int) -> peers.Job:
    """The digits run."""
    plan = fnet.kfold_plan(len(digits()[0]), 64, epochs, seed=0)
    return peers.Job((64, 30, 10), *digits(), 0.005, plan)


def synthetic_job(width: int, batch_size: int, epochs: int) -> peers.Job:
    """A network with two hidden layers of this width, on synthetic rows."""
    x, labels = synthetic(51_200)
    y = np.eye(10, dtype=np.float32)[labels]
    plan = fnet.kfold_plan(len(x), batch_size, epochs, seed=0)
    return peers.Job((100, width, width, 10), x, y, 0.001, plan)


def compare(
    make_job: Callable[[int], peers.Job], name: str, epochs: int, options: argparse.Namespace
) -> Result:
    """Time the selected implementations on one job, each in its own process."""
    job = make_job(epochs)
    runs: dict[str, Callable[[], float]] = {}
    steps: dict[str, int] = {}
    notes: list[str] = []
    with contextlib.ExitStack() as stack:
        selected = dict.fromkeys(["fnet", *options.implementations])
        for implementation in tqdm(selected, desc=f"{name}, preparing"):
            make, fraction = IMPLEMENTATIONS[implementation]
            shorter = make_job(max(1, round(fraction * epochs)))
            try:
                runs[implementation] = worker(stack, make, shorter)
                steps[implementation] = shorter.steps
            except (ImportError, OSError) as error:
                notes.append(f"{implementation} is left out: {error}")
        seconds = take_turns(runs, options.rounds, name)
    step_times = {key: np.array(seconds[key]) / steps[key] for key in runs}
    work = flops(job.sizes, len(job.x) / job.plan.steps)
    sgemm = np.median(step_times["blas"]) if "blas" in step_times else None
    rows = [
        [
            key,
            *spread(times),
            np.median(times / step_times["fnet"]),
            times.min() / step_times["fnet"].min(),
            work / np.median(times) / 1e9,
            sgemm and sgemm / np.median(times),
            steps[key] // job.plan.steps,
        ]
        for key, times in step_times.items()
    ]
    return {
        "title": f"{name}: {'-'.join(map(str, job.sizes))}, {len(job.x):,} rows, {job.plan.steps} "
        f"steps per epoch, {epochs} epochs = {job.steps:,} steps",
        "columns": ["implementation", "µs per step", "minimum", "ratio to fnet", "minimum ratio"]
        + ["GFLOP/s", "of sgemm", "epochs"],
        "rows": sorted(rows, key=lambda row: row[1]),
        "notes": notes,
        "bars": {key: spread(times)[0] for key, times in step_times.items()},
        "axes": ["µs per step"],
        "seconds_per_step": {key: times.tolist() for key, times in step_times.items()},
    }


def format_cell(value: Any) -> str:
    """A cell of a printed table."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def print_table(result: Result) -> None:
    """Print the title, the table and the notes of a result."""
    table = [result["columns"], *([format_cell(value) for value in row] for row in result["rows"])]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print(f"\n{result['title']}\n")
    for first, *others in table:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]))
    for note in result["notes"]:
        print(f"({note})")


def draw(results: dict[str, Result], file: str) -> None:
    """Draw one panel for each result with bars or lines, and save the figure."""
    from matplotlib.figure import Figure

    drawable = [result for result in results.values() if "bars" in result or "lines" in result]
    figure = Figure(figsize=(9, 1 + 3.5 * len(drawable)), layout="constrained")
    panels: Any = figure.subplots(len(drawable), squeeze=False)[:, 0] if drawable else []
    for ax, result in zip(panels, drawable, strict=True):
        ax.set_title(result["title"], fontsize="medium", wrap=True)
        (draw_bars if "bars" in result else draw_lines)(ax, result)
    figure.savefig(file)


def draw_bars(ax: Any, result: Result) -> None:
    """One horizontal bar per implementation, fnet in another color."""
    bars = dict(sorted(result["bars"].items(), key=lambda bar: -bar[1]))
    colors = ["C1" if name.startswith("fnet") else "C0" for name in bars]
    container = ax.barh(list(bars), list(bars.values()), color=colors)
    ax.bar_label(container, [format_cell(value) for value in bars.values()], padding=3)
    wide_range = max(bars.values()) > 10 * min(bars.values())
    ax.set(xscale="log" if wide_range else "linear", xlabel=result["axes"][0])
    ax.margins(x=0.15)


def draw_lines(ax: Any, result: Result) -> None:
    """One line per quantity that varies."""
    for label, points in result["lines"].items():
        ax.plot(*zip(*points, strict=True), marker="o", label=label)
    xlabel, ylabel = result["axes"]
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale="log", ylim=(0, None))
    ax.legend()


def environment() -> dict[str, Any]:
    """The machine and the versions that the times depend on."""
    packages = ("tensorflow", "keras", "numpy", "scikit-learn", "jax", "optax", "torch", "skorch")
    installed = {dist.name.lower(): dist.version for dist in importlib.metadata.distributions()}
    return {
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: installed[name] for name in packages if name in installed},
    }


class Benchmark(NamedTuple):
    """A benchmark.

    Attributes:
        run: Takes the benchmark's name, the epochs and the options, and returns the result.
        epochs: Default number of epochs.
    """

    run: Callable[[str, int, argparse.Namespace], Result]
    epochs: int


BENCHMARKS = {
    "digits": Benchmark(functools.partial(compare, digits_job), 500),
    "medium": Benchmark(functools.partial(compare, functools.partial(synthetic_job, 256, 256)), 20),
    "large": Benchmark(functools.partial(compare, functools.partial(synthetic_job, 512, 1024)), 6),
    "scaling": Benchmark(fnet_benchmarks.scaling, 5),
    "startup": Benchmark(fnet_benchmarks.startup, 500),
    "memory": Benchmark(fnet_benchmarks.memory, 20),
    "breakeven": Benchmark(fnet_benchmarks.breakeven, 1000),
    "repeated": Benchmark(fnet_benchmarks.repeated, 20),
    "warm": Benchmark(estimators.warm, 500),
    "cold": Benchmark(estimators.cold, 200),
    "small": Benchmark(estimators.small, 200),
    "programs": Benchmark(estimators.programs, 3),
    "commands": Benchmark(cli_benchmarks.commands, 1),
    "table": Benchmark(cli_benchmarks.table, 1),
    "members": Benchmark(member_benchmarks.members, 50),
    "search": Benchmark(search_benchmarks.search, 50),
    "encoding": Benchmark(functools.partial(encoding_benchmarks.encoding, 1_000_000), 1),
    "tabular": Benchmark(tabular_benchmarks.tabular, 10),
}


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    about, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about,
        epilog=details.partition("Method.")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--benchmarks",
        "--work",
        nargs="+",
        choices=BENCHMARKS,
        default=list(BENCHMARKS),
        metavar="NAME",
        help="the benchmarks to run, listed below (default: all)",
    )
    add(
        "--implementations",
        nargs="+",
        choices=IMPLEMENTATIONS,
        default=list(IMPLEMENTATIONS),
        metavar="NAME",
        help="what to compare with fnet in digits, medium and large: "
        f"{', '.join(IMPLEMENTATIONS)} (default: all)",
    )
    add("--rounds", type=positive, default=5, help="rounds that count (default: 5)")
    defaults = ", ".join(f"{name} {benchmark.epochs}" for name, benchmark in BENCHMARKS.items())
    add("--epochs", type=positive, help=f"epochs of each benchmark (default: {defaults})")
    add("--picture", metavar="FILE", help="draw the results")
    add("--json", metavar="FILE", help="write the results, with the seconds of every round")
    return parser.parse_args()


def positive(text: str) -> int:
    """An integer of at least 1 from the command line."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def main() -> None:
    """Run the selected benchmarks and print, write and draw their results."""
    options = parse_arguments()
    results = {}
    for name in dict.fromkeys(options.benchmarks):
        benchmark = BENCHMARKS[name]
        results[name] = benchmark.run(name, options.epochs or benchmark.epochs, options)
        print_table(results[name])
    if options.json:
        text = json.dumps({"environment": environment(), "results": results}, indent=1)
        Path(options.json).write_text(text + "\n")
    if options.picture:
        draw(results, options.picture)


if __name__ == "__main__":
    main()
