"""Kill processes at random moments while they save and train, and check the files they leave.

First, a process that saves one network after another is killed: the file must hold one complete
network, and the next save or load must take the temporary file away. Then a training run with a
checkpoint is killed and started again several times: its result must be the same, bit for bit, as
that of a run without interruption.
"""

import argparse
import multiprocessing
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

import fnet
from fnet import reference
from fnet.core.params import leaves, map_params
from fnet.files.storage import canonical_json

CHECKPOINT_SECONDS = 0.2
"""Seconds from one checkpoint to the next."""

EPOCHS = {"numpy": 800, "tensorflow": 3200}
"""Epochs for each kill, by engine: more than a process can train before it is killed."""

EngineName = Literal["numpy", "tensorflow"]


def constant_network(k: int) -> tuple[fnet.Network, Any]:
    """A network of half a megabyte, all of whose params are k."""
    net = fnet.Network((200, 300, 200))
    zeros = reference.init_params(net, 0, "zeros")
    return net, map_params(lambda array: array + np.float32(k), zeros)


def save_forever(path: Path) -> None:
    """Save one network after another to the same file."""
    k = 0
    while True:
        fnet.save(path, constant_network(k))
        k += 1


def kill_saves(count: int, folder: Path, random: np.random.Generator) -> tuple[int, int, int]:
    """`(bad, left, stayed)`: what the kills left behind.

    They are the kills after which the file was missing or incomplete, those that left a temporary
    file, and those whose temporary file was still there after the next save or load.
    """
    path, copy, bad, left, stayed = folder / "saved.fnet", folder / "copy", 0, 0, 0
    copy.mkdir()
    fnet.save(path, constant_network(0))

    def others() -> int:
        return sum(entry not in (path, copy) for entry in folder.iterdir())

    for i in tqdm(range(count), desc="saves"):
        process = multiprocessing.get_context("fork").Process(target=save_forever, args=(path,))
        process.start()
        time.sleep(random.uniform(0.002, 0.06))
        process.kill()
        process.join()
        left += others() > 0
        try:
            shutil.copy(path, copy / path.name)  # a load of the file itself would tidy up
            arrays = leaves(fnet.load(copy / path.name).params)
            bad += len({float(value) for array in arrays for value in np.unique(array)}) != 1
        except (fnet.FormatError, FileNotFoundError):
            bad += 1
        if i % 2:
            fnet.load(path)
        else:
            fnet.save(path, constant_network(0))
        stayed += others() > 0
    return bad, left, stayed


def train(
    engine: EngineName, epochs: int, path: Path | None = None, result: Path | None = None
) -> str:
    """Train on digits, with a checkpoint at `path`; save to `result` and return the Run as JSON."""
    side: Any = fnet if engine == "tensorflow" else reference
    x, _, y, _ = fnet.datasets.load_digits(scale=True)
    net = fnet.Network((64, 30, 10))
    run = side.train(
        *(net, fnet.adam(0.005), reference.init_params(net, seed=0)),
        *(x[:200], y[:200], fnet.kfold_plan(200, 20, epochs, seed=0)),
        validation=(x[200:300], y[200:300]),
        restore_best=True,
        callback=None if path is None else fnet.checkpoint(path, every=CHECKPOINT_SECONDS),
    )
    if result is not None:
        fnet.save(result, run)
    return canonical_json(run)


def kill_runs(
    count: int, engine: EngineName, folder: Path, random: np.random.Generator
) -> tuple[bool, float]:
    """`(same, lost)`: whether the result is identical, and the most seconds that a kill cost."""
    path, result, lost = folder / "run.fnet", folder / "result.fnet", 0.0
    epochs = EPOCHS[engine] * (count + 2)
    expected = train(engine, epochs)
    context: Any = multiprocessing.get_context("spawn" if engine == "tensorflow" else "fork")
    for left in tqdm(range(count, -1, -1), desc=f"runs by {engine}"):
        began = time.time()
        process = context.Process(target=train, args=(engine, epochs, path, result))
        process.start()
        if left:
            seen = path.stat().st_mtime if path.exists() else 0
            while process.is_alive() and (path.stat().st_mtime if path.exists() else 0) == seen:
                time.sleep(0.005)  # wait for the first save, so that every process gets on
            time.sleep(random.uniform(0, 2 * CHECKPOINT_SECONDS))
            process.kill()
            lost = max(lost, time.time() - max(began, path.stat().st_mtime))
        process.join()
        if result.exists():
            if left:
                raise SystemExit(f"the run ended with {left} kills left; give it more epochs")
            return canonical_json(fnet.load(result).run) == expected, lost
        fnet.load(path)
    raise SystemExit("the run did not end")


def main() -> None:
    """Run both checks and print what they found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--saves", type=int, default=1000, help="how many saves to kill")
    parser.add_argument("--runs", type=int, default=30, help="how often to kill the training run")
    parser.add_argument("--engine", default="numpy", choices=("numpy", "tensorflow"))
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        bad, left, stayed = kill_saves(options.saves, Path(folder), random)
        print(
            f"{options.saves} saves killed: {bad} files unreadable or lost, {left} temporary files "
            f"left behind, {stayed} of them after the next save or load"
        )
    with tempfile.TemporaryDirectory() as folder:
        same, lost = kill_runs(options.runs, options.engine, Path(folder), random)
        print(
            f"{options.runs} runs by {options.engine} killed: "
            f"{'identical' if same else 'DIFFERENT'} bits at the end, "
            f"at most {lost:.2f} s lost with a checkpoint every {CHECKPOINT_SECONDS} s"
        )


if __name__ == "__main__":
    main()
