"""Kill a random worker at a random moment, start the job again, and compare the result.

    python scripts/worker_kills.py --kills 100

A job of two workers trains with a checkpoint. Once a worker is killed, the job must end by itself
within a limit. Started again, it must end with the bits of a run that nothing has disturbed.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import fnet
from fnet.distributed import launching

LIMIT_SECONDS = 120.0
"""Seconds within which a job whose worker was killed must have ended."""

EPOCHS = 60


def arguments(folder: Path, epochs: int) -> list[str]:
    """Those of this script for a worker."""
    return ["--work", str(folder), "--epochs", str(epochs)]


def work(folder: Path, epochs: int) -> None:
    """What a worker does: connect, train with a checkpoint, write the params."""
    rank = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    (folder / f"process {rank}").write_text(str(os.getpid()))
    fnet.distributed.initialize()
    (folder / f"connected {rank}").touch()
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2000, 20)), random.integers(0, 5, 2000)
    net = fnet.Network((20, 64, 64, 5))
    params = fnet.reference.init_params(net, seed=0)
    plan = fnet.minibatch_plan(2000, batch_size=200, epochs=epochs, seed=0)
    tuning = fnet.Tuning(dropout=0.2)
    keep = fnet.checkpoint(folder / "run.fnet", every=0.2)
    run = fnet.distributed.train(
        *(net, fnet.adam(0.01), params, x, y, plan),
        tuning=tuning,
        validation=(x[:300], y[:300]),
        callback=keep,
    )
    bits = b"".join(np.asarray(array).tobytes() for layer in run.params for array in layer)
    (folder / f"params {rank}").write_bytes(bits + run.history["validation_loss"].tobytes())


def job(folder: Path, epochs: int = EPOCHS) -> int:
    """The exit status of one job in a folder; 128 + SIGALRM where it does not end."""
    return launching.launch(__file__, arguments(folder, epochs), timeout=LIMIT_SECONDS)


def result(folder: Path) -> bytes:
    """The bits that both workers have written; nothing where they differ."""
    both = {(folder / f"params {rank}").read_bytes() for rank in (0, 1)}
    return both.pop() if len(both) == 1 else b""


def kill_later(folder: Path, rank: int, seconds: float) -> threading.Thread:
    """A thread that kills a worker so many seconds after its job has started."""

    def kill() -> None:
        file = folder / f"process {rank}"
        while not file.exists() or not file.read_text():
            time.sleep(0.01)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--epochs", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.epochs)
        return
    random = np.random.default_rng(given.seed)
    bad = hung = undisturbed = resumed = 0
    longest = 0.0
    with tempfile.TemporaryDirectory() as home:
        first = Path(home, "first")
        first.mkdir()
        began = time.monotonic()
        if status := job(first):
            sys.exit(f"the undisturbed job ended with {status}")
        duration, expected = time.monotonic() - began, result(first)
        for k in range(given.kills):
            folder = Path(home, str(k))
            folder.mkdir()
            delay, rank = random.uniform(0, duration), int(random.integers(2))
            began = time.monotonic()
            with contextlib.redirect_stderr(open(os.devnull, "w")):
                kill_later(folder, rank, delay)
                status = job(folder)
            after_kill = time.monotonic() - began - delay
            hung += status == 128 + signal.SIGALRM
            undisturbed += status == 0
            if status:
                longest = max(longest, after_kill)
            resumed += (folder / "run.fnet").exists()
            if not status:
                continue
            good = not job(folder) and result(folder) == expected
            bad += not good
            print(
                f"{k}: worker {rank} killed after {delay:.1f} s, status {status}, "
                f"{after_kill:.1f} s later; the restarted job {'agrees' if good else 'DIFFERS'}",
                flush=True,
            )
    print(
        f"{given.kills} kills: {undisturbed} came after the end, {resumed} runs had a checkpoint, "
        f"{bad} restarted jobs failed or differ, {hung} hung; the longest ended {longest:.1f} s "
        "after the kill"
    )
    sys.exit(bool(bad or hung))


if __name__ == "__main__":
    main()
