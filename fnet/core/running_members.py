"""A run goes on without the members that have ended.

Once most members have ended, the others go on as a run of fewer members. A compiled program has a
fixed number of members, so the sizes are few: each is half of the one before. And a new program
takes time to compile, so the run waits until the ended members have cost about as much as that.

The members that go on, and the step from which on they do so alone, depend on the steps at which
members ended, and on nothing else: not on the clock, the chunks or the epochs that are left. So a
run in pieces has the bits of a run in one piece.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.early_stopping import RUNNING, EarlyStopping
from fnet.core.optimizers import Optimizer
from fnet.core.params import map_params
from fnet.core.run_state import NUMBERS, Run, RunSetup, TrainState, map_state
from fnet.core.schedules import LISTS, Schedule
from fnet.core.tuning import OWN_AXES

SHARED = ("epoch", "step")
"""The numbers of a TrainState that never have the member axes."""


class Halving(NamedTuple):
    """When a run of some members goes on with half of them: at the end of an epoch.

    Attributes:
        size: The number of members to go on with, int32; -1 for never.
        idle: All others ended at least this number of steps before, int64.
    """

    size: Any
    idle: Any


NEVER = Halving(np.int32(-1), np.int64(0))
"""The Halving of a run that keeps all its members."""


def is_due(halving: Halving, now: TrainState, steps: Any, count: Callable[..., Any]) -> Any:
    """Whether a run goes on with fewer members after this state.

    That is known at the beginning of an epoch: who ends in it has not been idle before.

    Args:
        halving: The Halving, of arrays or of tensors.
        now: The TrainState.
        steps: The number of steps per epoch.
        count: The engine's `count(condition)`: how many are true, int32.
    """
    since = now.epoch * steps - halving.idle
    return count((now.ended == RUNNING) | (now.ended_at > since)) <= halving.size


def chunk_runner(make: Callable[..., Any], setup: RunSetup, run: Run, patient: int) -> Any:
    """The `run_chunk` of `training_loop.Engine`, which goes on without ended members.

    Args:
        make: The engine's `chunk_runner(setup, run, halving)`, whose `run_chunk` returns early
            where the halving is due.
        setup: The RunSetup.
        run: The Run at its start.
        patient: How many steps of one member take as long as to compile a program.
    """
    members, steps = run.train_state.ended.shape, run.steps
    count = math.prod(members)
    current: dict[str, Any] = {"kept": None, "run_chunk": None}

    def part_of(state: TrainState) -> npt.NDArray[Any]:
        """The members that go on, and their `run_chunk` as the current one."""
        size, halving = _size(state, count, patient, steps)
        kept = _last(state, size)
        if not np.array_equal(kept, current["kept"]):
            part = setup if size == count else _setup_of(setup, members, kept)
            current.update(kept=kept, run_chunk=make(part, run, halving))
        return kept

    def run_chunk(state: TrainState, data: Any, rows: Any, weights: Any) -> Any:
        begin, measured = int(state.epoch) * steps + int(state.step), []
        done = 0
        while done < len(rows) and np.any(np.asarray(state.ended) == RUNNING):
            kept, now, own = part_of(state), state, weights[done:]
            if len(kept) < count:
                now = _state_of(state, members, kept)
                if own.ndim > 2:
                    own = own.reshape(len(own), count, -1)[:, kept]
            after, values = current["run_chunk"](now, data, rows[done:], own)
            if len(kept) < count:
                after = _put(state, after, members, kept)
                values = {name: _spread(v, members, kept) for name, v in values.items()}
            state = after
            measured.append(values)
            done = int(state.epoch) * steps + int(state.step) - begin
        joined = {name: np.concatenate([v[name] for v in measured]) for name in setup.measured}
        return state, joined

    return run_chunk


def _size(state: TrainState, count: int, patient: int, steps: int) -> tuple[int, Halving]:
    """How many members go on from a state, of `count`, and when half of them will."""
    now = state._replace(
        epoch=np.int64(state.epoch),
        ended=np.asarray(state.ended),
        ended_at=np.asarray(state.ended_at),
    )
    size = count
    while size > 1:
        half = (size + 1) // 2
        idle = max(1, math.ceil(patient / (size - half)))
        halving = Halving(np.int32(half), np.int64(idle))
        if not is_due(halving, now, steps, np.count_nonzero):
            return size, halving
        size = half
    return size, NEVER


def _last(state: TrainState, size: int) -> npt.NDArray[Any]:
    """The `size` members that still run or ended last, in order."""
    ended, ended_at = (np.asarray(v).ravel() for v in (state.ended, state.ended_at))
    idle_since = np.where(ended == RUNNING, np.iinfo(np.int64).max, ended_at)
    return np.sort(np.argsort(-idle_since, kind="stable")[:size])


def _select(array: Any, members: tuple[int, ...], kept: Any) -> Any:
    """The members `kept` of an array `[*M, ...]`, as one axis."""
    found = np.asarray(array)
    return found.reshape(math.prod(members), *found.shape[len(members) :])[kept]


def _setup_of(setup: RunSetup, members: tuple[int, ...], kept: Any) -> RunSetup:
    """The RunSetup of some members: the numbers and rows that each member has of its own."""

    def own(value: Any, axes: int = 0) -> Any:
        return value if value is None or np.ndim(value) <= axes else _select(value, members, kept)

    def numbers(values: dict[str, Any]) -> dict[str, Any]:
        return {
            name: Schedule(value.kind, numbers(value.hyperparameters))
            if isinstance(value, Schedule)
            else own(value, name in LISTS)
            for name, value in values.items()
        }

    optimizer, tuning, validation = setup.optimizer, setup.tuning._asdict(), setup.validation
    if validation is not None:
        x, y, weights = validation
        own_y = y if x.ndim == 2 else _select(y, members, kept)
        validation = own(x, 2), own_y, own(weights, 1)
    return setup._replace(
        optimizer=Optimizer(optimizer.kind, numbers(optimizer.hyperparameters)),
        source=setup.source._replace(members=kept.shape if setup.source.members else ()),
        tuning=type(setup.tuning)(**{n: own(v, OWN_AXES.get(n, 0)) for n, v in tuning.items()}),
        stopping=EarlyStopping(setup.stopping.monitor, *map(own, setup.stopping[1:])),
        validation=validation,
    )


def _state_of(state: TrainState, members: tuple[int, ...], kept: Any) -> TrainState:
    """The TrainState of some members."""

    def own(value: Any) -> Any:
        return value if np.ndim(value) == 0 else _select(value, members, kept)

    numbers = {name: own(getattr(state, name)) for name in NUMBERS if name not in SHARED}
    state = state._replace(state=state.state._replace(step=own(state.state.step)), **numbers)
    return map_state(lambda tree: map_params(own, tree), state)


def _put(state: TrainState, part: TrainState, members: tuple[int, ...], kept: Any) -> TrainState:
    """A TrainState with that of some members put in its place, as arrays."""

    def put(full: Any, some: Any) -> Any:
        found = np.array(full)
        flat = found.reshape(math.prod(members), *found.shape[len(members) :])
        flat[kept] = np.asarray(some)
        return flat.reshape(found.shape)

    def put_trees(full: Any, some: Any) -> Any:
        return map_params(put, full, some)

    lost = np.full(members, np.nan if part.step else 0.0)  # an ended member has no loss
    full = state._replace(loss_sum=lost)
    numbers = {
        name: getattr(part, name)
        if name in SHARED or not np.ndim(getattr(part, name))
        else put(getattr(full, name), getattr(part, name))
        for name in NUMBERS
    }
    moments = tuple(map(put_trees, state.state.moments, part.state.moments))
    return state._replace(
        params=put_trees(state.params, part.params),
        best=put_trees(state.best, part.best),
        average=put_trees(state.average, part.average),
        state=state.state._replace(step=put(state.state.step, part.state.step), moments=moments),
        **numbers,
    )


def _spread(values: Any, members: tuple[int, ...], kept: Any) -> Any:
    """Measured values `[E, size]` in their places of `[E, *M]`, and NaN in the others."""
    full = np.full((len(values), math.prod(members)), np.nan)
    full[:, kept] = values
    return full.reshape(len(values), *members)
