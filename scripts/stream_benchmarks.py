"""Training from tables in files: memory, reading and encoding alone, and the time of a step.

Each figure is printed for shards of Parquet and of CSV, which are made in a temporary folder. The
memory is that of a process of its own, which trains from all shards for some epochs. Reading and
encoding is compared with Arrow's own reader of the same files, and a step with one from memory, in
turns in one process.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

import fnet

COLUMNS, CLASSES, SHARDS, BATCH = 100, 10, 8, 1024

NET = fnet.Network((COLUMNS, 256, 256, CLASSES))

BYTES_OF_ROW = {"parquet": COLUMNS * 6, "csv": COLUMNS * 15}
"""About how many bytes a row has on disk."""

FORMATS = tuple(BYTES_OF_ROW)


def make(folder: Path, kind: str, rows: int) -> None:
    """Write shards of float32 and float64 columns with a target of ten classes."""
    folder.mkdir()
    for shard in range(SHARDS):
        random = np.random.default_rng(shard)
        count = rows // SHARDS
        path = str(folder / f"part-{shard:02}.{kind}")
        columns = [
            random.normal(size=count).astype((np.float32, np.float64)[i % 2])
            for i in range(COLUMNS)
        ]
        table = pa.table(
            {f"column {i}": column for i, column in enumerate(columns)}
            | {"target": (columns[0] > 0) * 5 + random.integers(0, 5, count)}
        )
        if kind == "parquet":
            parquet.write_table(table, path, row_group_size=1 << 16)
        else:
            csv.write_csv(table, path)


def dataset(folder: Path, epochs: int) -> Any:
    """The shards as a dataset."""
    return fnet.table_dataset(
        folder, target="target", batch_size=BATCH, epochs=epochs, task="classifier"
    )


def train(data: Any, callback: Callable[[Any], None] | None = None) -> Any:
    """Train on a dataset."""
    params = fnet.init_params(NET, seed=0)
    return fnet.train(NET, fnet.adam(0.001), params, data=data, callback=callback)


def memory(folder: Path, epochs: int, results: Any) -> None:
    """Put the peak memory of training so far at the end of each epoch, in MB."""
    peaks: dict[int, float] = {}

    def note(run: Any) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        peaks[int(run.train_state.epoch)] = peak

    data = dataset(folder, epochs)
    first_pass = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    train(data, note)
    results.put([first_pass, *(peaks[epoch] for epoch in sorted(peaks) if epoch)])


def read_with_arrow(folder: Path, kind: str) -> int:
    """Read all shards as Arrow does: the number of rows."""
    rows = 0
    for path in sorted(folder.iterdir()):
        if kind == "parquet":
            batches: Any = parquet.ParquetFile(path).iter_batches()
        else:
            batches = csv.open_csv(path)
        rows += sum(len(batch) for batch in batches)
    return rows


def read_with_fnet(data: Any) -> int:
    """Read and encode all windows of an epoch: the number of rows."""
    return sum(len(x) for x, _ in data.stream.windows(0, 0))


def seconds(run: Callable[[], Any]) -> float:
    """Seconds that `run()` takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare_reading(folder: Path, kind: str, rounds: int) -> str:
    """Reading and encoding against Arrow's own read."""
    data = dataset(folder, 1)
    pairs = []
    for _ in range(rounds):
        arrow = seconds(lambda: read_with_arrow(folder, kind))
        pairs.append((arrow, seconds(lambda: read_with_fnet(data))))
    arrow, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return (
        f"reading and encoding: {data.plan.rows / ours:,.0f} rows a second, Arrow's read alone "
        f"{data.plan.rows / arrow:,.0f}; {ratio:.2f} of its speed (median of {rounds})"
    )


def compare_steps(folder: Path, rounds: int) -> str:
    """A step from the stream against one from memory, in epochs after the first."""
    data = dataset(folder, 2)
    parts = list(data.stream.windows(0, 0))
    half = len(parts) // 2
    x, y = (np.concatenate([part[i] for part in parts[:half]]) for i in (0, 1))
    in_memory = fnet.stream_plan([len(x)], BATCH, 2, seed=0)
    params = fnet.init_params(NET, seed=0)
    adam = fnet.adam(0.001)

    def epoch_seconds(run: Callable[[Callable[[Any], None]], Any], steps: int) -> float:
        """Seconds of a step in the second epoch."""
        times: dict[int, float] = {}

        def note(now: Any) -> None:
            state = now.train_state
            times[int(state.epoch) * steps + int(state.step)] = time.perf_counter()

        run(note)
        first = min(step for step in times if step >= steps)
        last = max(times)
        return (times[last] - times[first]) / (last - first)

    pairs = []
    for _ in range(rounds):
        memory_step = epoch_seconds(
            lambda note: fnet.train(NET, adam, params, x, y, in_memory, callback=note, xla=True),
            in_memory.steps,
        )
        stream_step = epoch_seconds(
            lambda note: fnet.train(NET, adam, params, data=data, callback=note, xla=True),
            data.plan.steps,
        )
        pairs.append((memory_step, stream_step))
    own, stream = (1e3 * statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(other / one for one, other in pairs)
    return (
        f"a step of 100-256-256-10 at batch {BATCH:,}: {stream:.2f} ms from the stream, {own:.2f} "
        f"ms from memory: {ratio:.2f} times (median of {rounds})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0, help="bytes on disk, by format")
    parser.add_argument("--epochs", type=int, default=4, help="passes whose memory is measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--parts", nargs="+", default=["memory", "reading", "steps"])
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for kind in options.formats:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, kind)
            make(folder, kind, int(options.gigabytes * 1e9 / BYTES_OF_ROW[kind]))
            size = sum(path.stat().st_size for path in folder.iterdir()) / 1e9
            print(f"{kind}: {SHARDS} shards, {size:.2f} GB", flush=True)
            if "memory" in options.parts:
                results = context.Queue()
                process = context.Process(target=memory, args=(folder, options.epochs, results))
                process.start()
                start, *peaks = results.get()
                process.join()
                listed = ", ".join(f"{peak:,.0f}" for peak in peaks)
                print(
                    f"  peak memory: {start:,.0f} MB after the first pass, {listed} MB by the end "
                    "of each epoch",
                    flush=True,
                )
            if "reading" in options.parts:
                print(f"  {compare_reading(folder, kind, options.rounds)}", flush=True)
            if "steps" in options.parts:
                print(f"  {compare_steps(folder, options.rounds)}", flush=True)


if __name__ == "__main__":
    main()
