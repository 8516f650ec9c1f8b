"""What a crash leaves of a file: processes that save, and that train, killed at random moments.

A process that saves one network after another is killed, and the file must hold one of them,
whole. A training run with a checkpoint is killed and started again, until it has been killed so
often and comes to its end: its bits must be those of a run that was never stopped.
"""

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import fnet
from fnet import reference
from fnet.files.storage import canonical_json

EVERY = 0.2
"""Seconds from one checkpoint to the next."""

EPOCHS = {"numpy": 800, "tensorflow": 3200}
"""Epochs for each kill: more than a process can do before it is killed."""


def numbered(k):
    """A network all of whose params are k, of half a megabyte."""
    net = fnet.Network((200, 300, 200))
    zeros = reference.init_params(net, 0, "zeros")
    return net, tuple(fnet.Layer(w + np.float32(k), b + np.float32(k)) for w, b in zeros)


def save_for_ever(path):
    k = 0
    while True:
        fnet.save(path, numbered(k))
        k += 1


def killed_saves(count, folder, random):
    """How many of so many kills left a file that is not one whole network, and how many litter."""
    path, bad = folder / "saved.fnet", 0
    fnet.save(path, numbered(0))
    for _ in tqdm(range(count), desc="saves"):
        process = multiprocessing.get_context("fork").Process(target=save_for_ever, args=(path,))
        process.start()
        time.sleep(random.uniform(0.002, 0.06))
        process.kill()
        process.join()
        try:
            params = fnet.load(path).params
            bad += len({float(v) for layer in params for p in layer for v in np.unique(p)}) != 1
        except fnet.FormatError:
            bad += 1
    return bad, len(list(folder.iterdir())) - 1


def train(engine, epochs, path=None, result=None):
    """A run of digits, kept in a file where there is a path to one, as one text."""
    side = fnet if engine == "tensorflow" else reference
    x, _, y, _ = fnet.datasets.load_digits(scale=True)
    net = fnet.Network((64, 30, 10))
    run = side.train(
        *(net, side.adam(0.005), reference.init_params(net, seed=0)),
        *(x[:200], y[:200], fnet.kfold_plan(200, 20, epochs, seed=0)),
        validation=(x[200:300], y[200:300]),
        restore_best=True,
        callback=None if path is None else fnet.checkpoint(path, every=EVERY),
    )
    if result is not None:
        fnet.save(result, run)
    return canonical_json(run)


def killed_runs(count, engine, folder, random):
    """`(whether the end is the same, the most seconds of work that a kill has cost)`."""
    path, result, lost = folder / "run.fnet", folder / "result.fnet", 0.0
    epochs = EPOCHS[engine] * (count + 2)
    whole = train(engine, epochs)
    context = multiprocessing.get_context("spawn" if engine == "tensorflow" else "fork")
    for left in tqdm(range(count, -1, -1), desc=f"runs by {engine}"):
        began = time.time()
        process = context.Process(target=train, args=(engine, epochs, path, result))
        process.start()
        if left:
            seen = path.stat().st_mtime if path.exists() else 0
            while process.is_alive() and (path.stat().st_mtime if path.exists() else 0) == seen:
                time.sleep(0.005)  # a process that was killed before its first save has done none
            time.sleep(random.uniform(0, 2 * EVERY))
            process.kill()
            lost = max(lost, time.time() - max(began, path.stat().st_mtime))
        process.join()
        if result.exists():
            if left:
                raise SystemExit(f"the run is over, {left} kills too soon: give it more epochs")
            return canonical_json(fnet.load(result).run) == whole, lost
        fnet.load(path)
    raise SystemExit("the run has not come to its end")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--engine", default="numpy", choices=("numpy", "tensorflow"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        bad, litter = killed_saves(options.saves, Path(folder), random)
        print(f"{options.saves} saves killed: {bad} files unreadable, {litter} left beside them")
    with tempfile.TemporaryDirectory() as folder:
        same, lost = killed_runs(options.runs, options.engine, Path(folder), random)
        print(
            f"{options.runs} runs by {options.engine} killed: "
            f"{'identical' if same else 'OTHER'} bits at the end, "
            f"at most {lost:.2f} s lost with a checkpoint every {EVERY} s"
        )


if __name__ == "__main__":
    main()
