"""Benchmarks of members: many networks in one run, against as many runs, by `benchmark.py`.

Both sides of a ratio take turns, compiled before, so that noise affects both alike.
"""

import argparse
import contextlib
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import peers
from measuring import Result, digits, synthetic, take_turns, worker

import fnet
from fnet import backends

MEMBERS = 64
"""The networks that train at once on the digits."""

FOLD_EPOCHS, ENDING_EPOCHS = 64, 400
"""Epochs of the table with five folds, and of the members of which half end early."""


def members(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Five folds against one training, 64 members against 64 runs, members that end early."""
    rows, notes = [], []
    for what, sides in COMPARISONS.items():
        with contextlib.ExitStack() as stack:
            try:
                runs = {side: worker(stack, make, epochs) for side, make in sides.items()}
            except ImportError as error:
                notes.append(f"{what} is left out: {error}")
                continue
            found = take_turns(runs, options.rounds, f"{name}, {what}")
        one, other = (np.array(found[side]) for side in sides)
        label = f"{what}: {' / '.join(sides)}"
        medians = [float(np.median(v)) for v in (one, other, one / other)]
        rows.append([label, *medians, one.min() / other.min()])
    return {
        "title": f"{name}: many networks in one run, {epochs} epochs on the digits, float32",
        "columns": ["what", "seconds", "seconds of the other", "ratio", "minimum ratio"],
        "rows": rows,
        "notes": [
            *notes,
            "medians over rounds; compiled before, but where the comparison says otherwise",
        ],
    }


def one_training(_: int) -> Callable[[], Any]:
    """A table of 6,000 rows with 10 columns, one network."""
    return _table(lambda net, adam, x, y, plan: fnet.train(net, adam, _start(net, 0), x, y, plan))


def five_folds(_: int) -> Callable[[], Any]:
    """The same with five folds."""
    from sklearn.model_selection import KFold

    return _table(
        lambda net, adam, x, y, plan: fnet.cross_validate(net, adam, x, y, KFold(5), plan)
    )


def _table(train: Callable[..., Any]) -> Callable[[], Any]:
    backends.import_tensorflow(keras=False)
    x, _ = synthetic(6000, 10)
    net = fnet.Network((10, 128, 128, 1), loss="squared_error")
    plan = fnet.minibatch_plan(len(x), 256, FOLD_EPOCHS, seed=0)
    return lambda: train(net, fnet.adam(0.001), x, np.sin(x[:, 0]) + x[:, 1], plan)


def _start(net: fnet.Network, seed: Any) -> Any:
    return fnet.init_params(net, seed)


def _job(epochs: int, seed: int = 0) -> peers.Job:
    plan = fnet.kfold_plan(len(digits()[0]), 64, epochs, seed)
    return peers.Job((64, 30, 10), *digits(), 0.005, plan)


def one_run_of_members(epochs: int) -> Callable[[], Any]:
    """64 members in one run."""
    backends.import_tensorflow(keras=False)
    net, job, seeds = fnet.Network((64, 30, 10)), _job(epochs), np.arange(MEMBERS)
    adam = fnet.adam(np.geomspace(1e-4, 1e-2, MEMBERS))
    return lambda: fnet.train(net, adam, _start(net, seeds), job.x, job.y, job.plan)


def single_runs(epochs: int) -> Callable[[], Any]:
    """The same, one after another."""
    backends.import_tensorflow(keras=False)
    net, job = fnet.Network((64, 30, 10)), _job(epochs)
    rates = np.geomspace(1e-4, 1e-2, MEMBERS)

    def run() -> None:
        for seed, rate in enumerate(rates):
            fnet.train(net, fnet.adam(rate), _start(net, seed), job.x, job.y, job.plan)

    return run


def jax_members(shared_batches: bool, epochs: int) -> Callable[[], Any]:
    """The same by `vmap` of a scanned run of JAX."""
    return peers.jax_members(_job(epochs), np.geomspace(1e-4, 1e-2, MEMBERS), shared_batches)


def ending(half: bool, compiled: bool, _: int) -> Callable[[], Any]:
    """64 members of which half end at a tenth of the epochs, or none."""
    backends.import_tensorflow(keras=False)
    net, job, seeds = fnet.Network((64, 30, 10)), _job(ENDING_EPOCHS), np.arange(MEMBERS)
    ends = half & (seeds % 2 == 0)
    # No epoch is an improvement by this much, but for the first.
    limits: dict[str, Any] = {
        "patience": np.where(ends, ENDING_EPOCHS // 10 - 1, ENDING_EPOCHS + 1),
        "min_delta": 1e6,
        "monitor": "loss",
    }
    adam = fnet.adam(0.001)

    def run() -> None:
        if not compiled:
            fnet.clear_cache()
        fnet.train(net, adam, _start(net, seeds), job.x, job.y, job.plan, **limits)

    return run


COMPARISONS: dict[str, dict[str, Callable[[int], Callable[[], Any]]]] = {
    "a table of 6,000 rows": {"five folds": five_folds, "one training": one_training},
    "64 members of 64-30-10": {"one by one": single_runs, "one run": one_run_of_members},
    **{
        f"64 members, {label}": {
            "vmap of JAX": functools.partial(jax_members, shared_batches),
            "one run": one_run_of_members,
        }
        for label, shared_batches in {
            "JAX shuffles each": False,
            "JAX by fnet's plan": True,
        }.items()
    },
    **{
        f"members that end, {label}": {
            "half at a tenth": functools.partial(ending, True, compiled),
            "none": functools.partial(ending, False, compiled),
        }
        for label, compiled in {"compiled before": True, "with compiling": False}.items()
    },
}
"""By what is compared: two sides, whose times make the ratio."""
