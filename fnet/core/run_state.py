"""The data of a training run, which both engines update step by step."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fnet.core.aliases import Params, Precision
from fnet.core.early_stopping import NOT_FINITE, PATIENCE, RUNNING, EarlyStopping
from fnet.core.errors import InvalidArgument, attribute_error
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer, OptState
from fnet.core.params import is_absent
from fnet.core.printable import printable


class TrainState(NamedTuple):
    """The state of a run: everything that its next step depends on.

    Arrays have the member axes M. Pass it to `train` as `params` to start a new run from here.

    Attributes:
        params: Params after the last step.
        state: The optimizer's state.
        best: Params after the best epoch; `()` if the run does not keep them.
        average: The moving average of params; `()` without `ema_momentum`.
        lr_scale: The factor of the learning rate, float64 `[*M]`.
        best_value: The monitored value of the best epoch, smaller is better, float64 `[*M]`.
        best_epoch: The best epoch, counted from 0, or -1 before the first, int64 `[*M]`.
        wait: Epochs since the last improvement, int64 `[*M]`.
        ended: Why a member ended, as a code: RUNNING, PATIENCE or NOT_FINITE, int32 `[*M]`.
        ended_at: The step of the whole run in which a member ended, int64 `[*M]`.
        epoch: Completed epochs, int64.
        step: Completed steps of the current epoch, int64.
        loss_sum: Sum over these steps of batch weight times batch loss, float64 `[*M]`.
        weight_sum: Sum over these steps of batch weights, float64; `[*M]` where each member has row
            weights of its own.
    """

    params: Params
    state: OptState
    best: Params | tuple[()]
    average: Params | tuple[()]
    lr_scale: Any
    best_value: Any
    best_epoch: Any
    wait: Any
    ended: Any
    ended_at: Any
    epoch: Any
    step: Any
    loss_sum: Any
    weight_sum: Any


STRUCTURES = ("params", "best", "average")
"""The fields of a TrainState that are structures like params, or ()."""

NUMBERS = TrainState._fields[4:]
"""The fields of a TrainState that are arrays."""


class TrainOptions(NamedTuple):
    """The keyword arguments of `train`, whose docstring explains each."""

    data: Any
    epochs: Any
    steps_per_epoch: Any
    tuning: Any
    class_weight: Any
    loss: Any
    validation: Any
    metrics: Any
    patience: Any
    min_delta: Any
    best_delta: Any
    lr_factor: Any
    min_lr_factor: Any
    restore_best: Any
    monitor: Any
    on_not_finite: Any
    callback: Any
    progress: Any
    xla: Any
    precision: Any


class Run(NamedTuple):
    """A training run, finished or not. Pass it to `train` as `params` to resume it.

    Attributes:
        params: The last params, or the best with `restore_best`; with `ema_momentum`, their moving
            average.
        state: The optimizer's state after the last step.
        history: Float64 arrays by name with one value per epoch, `[E]` or `[E, *M]` (NaN once a
            member has ended). `history["ended"]` is the reason for the end: "epochs", "patience",
            "not finite", "interrupted", or "running" inside a callback. With member axes it is an
            array `[*M]`.
        train_state: Everything that the next step depends on.
        net: The network.
        optimizer: The kind of the optimizer.
        rows: The number of rows of the data; None for a dataset.
        steps: The number of steps per epoch.
        xla: Whether XLA compiled it; None if no engine has chosen yet.
    """

    params: Params
    state: OptState
    history: dict[str, Any]
    train_state: TrainState
    net: Network
    optimizer: str
    rows: int | None
    steps: int
    xla: bool | None

    def __repr__(self) -> str:
        """The network, the number of epochs and the last measured values, in a few lines."""
        measured = {name: values for name, values in self.history.items() if name != "ended"}
        epochs = len(next(iter(measured.values()), ()))
        lines = [f"Run of {self.net!r}", f"  {self.optimizer}, {epochs} epochs: {self._ended()}"]
        for name, values in measured.items():
            if epochs:
                lines.append(f"  {name} {_range(values[-1])}")
        return printable("\n".join(lines[:10]), keep="\n")

    def _ended(self) -> str:
        reasons = np.asarray(self.history["ended"])
        if not reasons.ndim:
            return str(reasons)
        counts = zip(*np.unique(reasons, return_counts=True), strict=True)
        return f"{reasons.size} members, " + ", ".join(f"{n} {why}" for why, n in counts)

    def _repr_html_(self) -> str:
        """The learning curves, for a notebook."""
        import importlib

        return str(importlib.import_module("fnet.plots").run_html(self))


def _range(values: Any) -> str:
    """A number, or the smallest and the largest of several."""
    array = np.asarray(values, np.float64)
    known = array[np.isfinite(array)]
    if not known.size:
        return "nan"
    low, high = known.min(), known.max()
    return f"{low:.4g}" if array.ndim == 0 else f"{low:.4g} to {high:.4g}"


Run.__getattr__ = attribute_error("a Run", {"progress": "train_state"})  # type: ignore[attr-defined]


def initial_params(params: Any) -> Any:
    """The params that a run starts from: those given, or the last of a Run or TrainState."""
    train_state = params.train_state if isinstance(params, Run) else params
    return train_state.params if isinstance(train_state, TrainState) else train_state


def map_state(function: Callable[[Any], Any], state: TrainState) -> TrainState:
    """Apply `function` to each structure of a TrainState that is like params."""
    moments = tuple(map(function, state.state.moments))
    trees = ((name, getattr(state, name)) for name in STRUCTURES)
    found = {name: tree if is_absent(tree) else function(tree) for name, tree in trees}
    return state._replace(state=state.state._replace(moments=moments), **found)


def convert_arrays(to_array: Callable[[Any], Any], run: Run) -> Run:
    """The Run with each array converted for an engine."""

    def convert(tree: Any) -> Any:
        if isinstance(tree, tuple):
            parts = map(convert, tree)
            return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
        return tree if tree is None else to_array(tree)

    return run._replace(
        params=convert(run.params),
        state=convert(run.state),
        train_state=convert(run.train_state),
    )


class RunSetup(NamedTuple):
    """The checked arguments of `train`, before a run starts or resumes."""

    net: Network
    optimizer: Optimizer
    source: Any  # a `batch_source.Source`
    tuning: Any  # a checked Tuning
    stopping: EarlyStopping
    measured: tuple[str, ...]  # the names in the history
    validation: Any  # (x, y, weights) as arrays, where x may be those of a `HeldOut`; or None
    xla: bool | None
    precision: Precision


def start_run(setup: RunSetup, params: Any, same_call: bool = False) -> Run:
    """The initial Run: a new one from params or a TrainState, or an earlier one to resume.

    `same_call` says that the same call has begun the earlier one. Members that are no longer finite
    stay so then. Otherwise they run again, since they may have other hyperparameters now.
    """
    averaged = setup.tuning.ema_momentum is not None
    if isinstance(params, Run):
        return _resume_run(params, setup, averaged, same_call)
    if isinstance(params, TrainState):
        train_state = _rearm(params, averaged, setup.stopping)
        train_state = train_state._replace(
            epoch=np.int64(0),
            step=np.int64(0),
            loss_sum=np.zeros(train_state.ended.shape),
            weight_sum=np.float64(0),
        )
    else:
        train_state = _first_state(setup.optimizer, params, averaged, setup.stopping)
    train_state = _own_weights(train_state, setup.source)
    return Run(
        params=train_state.params,
        state=train_state.state,
        history={name: np.empty((0, *train_state.ended.shape)) for name in setup.measured},
        train_state=train_state,
        net=setup.net,
        optimizer=setup.optimizer.kind,
        rows=setup.source.rows,
        steps=setup.source.steps,
        xla=setup.xla,
    )


def _first_state(
    optimizer: Optimizer, params: Params, averaged: bool, stopping: EarlyStopping
) -> TrainState:
    state = optimizer.init(params)
    members = state.step.shape
    return TrainState(
        params=params,
        state=state,
        best=params if stopping.monitor else (),
        average=params if averaged else (),
        lr_scale=np.ones(members),
        best_value=np.full(members, np.inf),
        best_epoch=np.full(members, -1, np.int64),
        wait=np.zeros(members, np.int64),
        ended=np.full(members, RUNNING, np.int32),
        ended_at=np.full(members, -1, np.int64),
        epoch=np.int64(0),
        step=np.int64(0),
        loss_sum=np.zeros(members),
        weight_sum=np.float64(0),
    )


def _resume_run(run: Run, setup: RunSetup, averaged: bool, same_call: bool) -> Run:
    """An earlier Run, ready to resume."""
    names = tuple(name for name in run.history if name != "ended")
    for what, was, now in (
        ("network", run.net, setup.net),
        ("optimizer", run.optimizer, setup.optimizer.kind),
        ("number of rows", run.rows, setup.source.rows),
        ("number of steps in an epoch", run.steps, setup.source.steps),
        ("names in its history", names, setup.measured),
    ):
        if was != now:
            raise InvalidArgument(
                f"a Run must be resumed with the {what} it was started with, {was}; got {now}. "
                "To start a new run from its params, give run.params"
            )
    train_state = _rearm(run.train_state, averaged, setup.stopping, same_call)
    return run._replace(train_state=_own_weights(train_state, setup.source))


def _own_weights(state: TrainState, source: Any) -> TrainState:
    """A TrainState whose sum of weights has the member axes, if weights have them."""
    if not source.members:
        return state
    return state._replace(weight_sum=np.zeros(source.members) + np.asarray(state.weight_sum))


def _rearm(
    state: TrainState, averaged: bool, stopping: EarlyStopping, same_call: bool = False
) -> TrainState:
    """A TrainState, ready to resume; members run unless they would stop at once."""
    was = np.asarray(state.ended)
    stays = (was == PATIENCE) & (np.asarray(state.wait) >= stopping.patience)
    stays |= same_call & (was == NOT_FINITE)
    average = (state.average or state.params) if averaged else ()
    best = () if stopping.monitor is None else state.best or average or state.params
    ended = np.where(stays, was, RUNNING).astype(np.int32)
    return state._replace(best=best, average=average, ended=ended)
