"""What each worker of the tests of `fnet.distributed` does; it writes what it found to a file.

Its arguments are the folder of these files and the names of what to do, which are functions here.
"""

import contextlib
import io
import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
from processes import HANG_SECONDS

import fnet
from fnet import cli
from fnet.cli import folders

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=(150, 7)), RNG.integers(0, 3, 150)
NET = fnet.Network((7, 16, 3))
PLAN = fnet.minibatch_plan(150, batch_size=33, epochs=10, seed=1)
ADAM = fnet.adam(0.01)
OPTIONS = {
    "plain": {},
    "dropout": {
        "tuning": fnet.Tuning(dropout=0.4, input_dropout=0.2, seed=3, l2=0.1, global_clipnorm=0.5)
    },
    "validation": {
        "validation": (X[:41], LABELS[:41], np.arange(41.0)),
        "metrics": ("accuracy", "balanced_accuracy", "log_loss"),
        "restore_best": True,
        "patience": 3,
    },
    "average": {"tuning": fnet.Tuning(ema_momentum=0.9, l1=0.01)},
    "class_weight": {"class_weight": "balanced"},
    "not finite": {"on_not_finite": "warn"},
}
"""Arguments of `train` that reach each part of a step and of the end of an epoch."""

CASES = [*((name, "float64") for name in OPTIONS), ("dropout", "float32")]
"""What is trained: the name of the options, and the dtype."""


def arguments(name, dtype):
    """The arguments of `train`, by position and by name."""
    seed = [0, 1] if name == "average" else 0
    params = fnet.reference.init_params(NET, seed=seed, dtype=dtype)
    optimizer = fnet.sgd(1e200) if name == "not finite" else ADAM
    return (NET, optimizer, params, X, LABELS, PLAN), OPTIONS[name]


def flat(run):
    """The arrays of a Run by name."""
    found = {f"params {i}": np.asarray(a) for i, a in enumerate(sum(map(tuple, run.params), ()))}
    state = run.train_state.state
    trees = (sum(map(tuple, tree), ()) for tree in state.moments)
    found |= {f"moment {i}": np.asarray(a) for i, a in enumerate(a for t in trees for a in t)}
    return found | {f"history {name}": np.asarray(v) for name, v in run.history.items()}


def runs(folder, rank):
    for name, dtype in CASES:
        given, options = arguments(name, dtype)
        run = fnet.distributed.train(*given, **options)
        np.savez(folder / f"{name} {dtype} {rank}.npz", **flat(run))


def write_shards(folder, x=X):
    """The rows as three files."""
    folder.mkdir()
    for i, rows in enumerate(np.split(np.column_stack([x, LABELS]), [40, 90])):
        header = ",".join([*(f"x{j}" for j in range(X.shape[1])), "label"])
        np.savetxt(folder / f"part-{i}.csv", rows, "%.6g", ",", header=header, comments="")


LATE_ROW = 60
"""A row that is in no batch of the first window."""


def stream_arguments(folder):
    """The arguments of `train` for the files."""
    shuffle = {"batch_size": 32, "epochs": 4, "seed": 5, "window": 64}
    encoder = fnet.TableEncoder(scaling="none", dtype="float32")
    data = fnet.table_dataset(folder, "label", encoder, task="classifier", **shuffle)
    params = fnet.reference.init_params(NET, seed=0)
    return (NET, ADAM, params), {"data": data}


def stream(folder, rank):
    given, options = stream_arguments(folder / "shards")
    run = fnet.distributed.train(*given, **options)
    np.savez(folder / f"stream {rank}.npz", **flat(run))


COMMAND = ["--target", "label", "--epochs", "3", "--batch-size", "33"]

COMMANDS = {"memory": ["--cv", "0"], "turn": [], "too small": ["--batch-size", "1"]}
"""Options of `fnet train` for the files, which are read into memory or in turn."""


def run_command(folder, name, *more):
    """The exit code of `fnet train` for the files, what it prints, and its messages."""
    printed, messages = io.StringIO(), io.StringIO()
    limit, folders.MAX_ROWS = folders.MAX_ROWS, 150 - (name != "memory")
    words = ["train", str(folder / "shards"), *COMMAND[: 4 if name == "too small" else None]]
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(messages):
            code = cli.main([*words, *COMMANDS[name], *map(str, more)])
    finally:
        folders.MAX_ROWS = limit
    return {"code": code, "printed": printed.getvalue(), "messages": messages.getvalue()}


def commands(folder, rank):
    """What the command does as a worker, once with another number of workers than there are."""
    for name in COMMANDS:
        out = f"{name} {rank}.fnet", "--checkpoint", folder / f"{name} {rank}.run"
        found = run_command(folder, name, "--workers", 2, "--out", folder / out[0], *out[1:])
        np.savez(folder / f"command {name} {rank}.npz", **found)
    found = run_command(folder, "turn", "--workers", 3, "--out", folder / "other.fnet")
    np.savez(folder / f"command other {rank}.npz", **found)


def refusals(folder, rank):
    """Calls that differ on worker 1, or that no worker can do: the messages."""
    given, _ = arguments("plain", "float64")
    net, adam, params, x, y, plan = given
    other = rank == 1
    calls = {
        "data": (net, adam, params, x + 1e-9 * other, y, plan),
        "plan": (net, adam, params, x, y, fnet.minibatch_plan(150, 33, epochs=10, seed=1 + other)),
        "number of epochs": (net, adam, params, x, y, fnet.full_batch_plan(150, 2 + other)),
        "network": (fnet.Network(net.sizes, hidden="tanh" if other else "relu"), *given[1:]),
        "optimizer": (net, fnet.adam(0.02 if other else 0.01), *given[2:]),
        "initial params": (net, adam, fnet.reference.init_params(net, 7 + rank), *given[3:]),
        "a row for each of 2": (net, adam, params, x[:1], y[:1], fnet.full_batch_plan(1, 2)),
    }
    found = {}
    for name, call in calls.items():
        try:
            fnet.distributed.train(*call)
        except fnet.InvalidArgument as error:
            found[name] = str(error)
    for name, module, attribute in (
        ("version of fnet", fnet, "__version__"),
        ("version of TensorFlow", sys.modules["tensorflow"], "__version__"),
        ("code", sys.modules["__main__"], "__file__"),
    ):
        before = getattr(module, attribute)
        setattr(module, attribute, fnet.__file__ if other else before)
        try:
            fnet.distributed.train(*given)
        except fnet.InvalidArgument as error:
            found[name] = str(error)
        finally:
            setattr(module, attribute, before)
    call, options = stream_arguments(folder / f"shards{' of 1' * other}")
    try:
        fnet.distributed.train(*call, **options)
    except fnet.InvalidArgument as error:
        found["data of files"] = str(error).replace("the data", "the data of files")
    for name, options in {
        "tuning": {"tuning": fnet.Tuning(l2=0.1 + other)},
        "validation": {"validation": (x[: 9 + rank], y[: 9 + rank])},
        "early stopping": {"patience": 3 + rank, "monitor": "loss"},
        "options": {"on_not_finite": "warn" if other else "error"},
        "xla": {"xla": True},
    }.items():
        try:
            fnet.distributed.train(*given, **options)
        except fnet.InvalidArgument as error:
            found[name] = str(error)
    np.savez(folder / f"refusals {rank}.npz", **found)


def checkpoint(folder, rank):
    """A run that ends halfway on worker 0, and the same call again; only worker 0 has a file."""
    given, options = arguments("validation", "float64")
    options = options | {"patience": None, "restore_best": False}
    keep = fnet.checkpoint(folder / f"run of {rank}.fnet", every=0)
    half = fnet.minibatch_plan(150, batch_size=33, epochs=5, seed=1)
    fnet.distributed.train(*given[:5], half, callback=keep, **options)
    run = fnet.distributed.train(*given, callback=keep, **options)
    np.savez(folder / f"resumed {rank}.npz", **flat(run))
    run = fnet.distributed.train(*given, **options)
    np.savez(folder / f"undisturbed {rank}.npz", **flat(run))


def interrupt(folder, rank):
    """Ctrl-C in worker 1 alone."""
    given, _ = arguments("plain", "float64")
    if rank == 1:
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    plan = fnet.minibatch_plan(150, batch_size=33, epochs=10**6, seed=1)
    run = fnet.distributed.train(*given[:5], plan)
    np.savez(folder / f"interrupted {rank}.npz", **flat(run))


def die(folder, rank):
    """Worker 1 ends in the middle of a run."""
    given, _ = arguments("plain", "float64")
    if rank == 1:
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGKILL)).start()
    plan = fnet.minibatch_plan(150, batch_size=33, epochs=10**6, seed=1)
    try:
        fnet.distributed.train(*given[:5], plan)
    except fnet.FnetError as error:
        np.savez(folder / f"lost {rank}.npz", message=str(error))
        raise


def main():
    folder, *todo = sys.argv[1:]
    rank, count = fnet.distributed.initialize(timeout=HANG_SECONDS)
    assert count == 2
    for name in todo:
        globals()[name](Path(folder), rank)
    print(f"worker {rank} is done")


if __name__ == "__main__":
    main()
