"""Kill a process that trains from files at random moments, and start it again.

It keeps a checkpoint. Its result must be the same, bit for bit, as that of a run without
interruption.
"""

import argparse
import multiprocessing
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

import fnet
from fnet.core.params import leaves

COLUMNS, ROWS, EPOCHS = 6, (3000, 1700, 2500), 30

NET = fnet.Network((COLUMNS, 16, 3))


def make(folder: Path) -> None:
    """Write shards of CSV and Parquet."""
    random = np.random.default_rng(0)
    for i, rows in enumerate(ROWS):
        table = pa.table(
            {f"x{k}": random.normal(size=rows) for k in range(COLUMNS)}
            | {"target": random.choice(["a", "b", "c"], rows)}
        )
        if i % 2:
            parquet.write_table(table, folder / f"part-{i}.parquet", row_group_size=400)
        else:
            csv.write_csv(table, folder / f"part-{i}.csv")


def train(folder: Path, checkpoint: Path | None) -> Any:
    """Train on the shards."""
    data = fnet.table_dataset(folder, "target", batch_size=64, epochs=EPOCHS, window=1024, seed=1)
    callback = None if checkpoint is None else fnet.checkpoint(checkpoint, every=0)
    params = fnet.init_params(NET, seed=0)
    return fnet.train(NET, fnet.adam(0.001), params, data=data, callback=callback, xla=False)


def in_a_process(folder: Path, checkpoint: Path, result: Path) -> None:
    """Train, and write the params and losses."""
    run = train(folder, checkpoint)
    np.savez(result, *map(np.asarray, leaves(run.params)), loss=run.history["loss"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "shards")
        folder.mkdir()
        make(folder)
        checkpoint, result = Path(name, "run.fnet"), Path(name, "result.npz")
        killed = 0
        while not result.exists():
            arguments = folder, checkpoint, result
            process = context.Process(target=in_a_process, args=arguments)
            before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
            process.start()
            if killed < options.kills:
                while process.is_alive():  # until it has saved something
                    now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
                    if now > before:
                        break
                    time.sleep(0.01)
                time.sleep(random.uniform(0, 0.3))
                process.kill()
            process.join()
            killed += process.exitcode == -signal.SIGKILL
        run = train(folder, None)
        found = np.load(result)
        own = {f"arr_{i}": np.asarray(array) for i, array in enumerate(leaves(run.params))}
        own["loss"] = run.history["loss"]
        for key, array in own.items():
            np.testing.assert_array_equal(found[key], array)
    print(f"{killed} kills; the result has the same bits as without them")


if __name__ == "__main__":
    main()
