"""A training run in NumPy, one step after another. Twin of `engine/training.py`.

The signature and the docstring of `train` are in `core/signatures/training.py`.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from fnet.core import (
    batch_source,
    blas_threads,
    checks,
    early_stopping,
    metric_names,
    run_state,
    signatures,
    training_loop,
)
from fnet.core.aliases import Array, Params
from fnet.core.batches import Batch
from fnet.core.early_stopping import NOT_FINITE, RUNNING
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.optimizers import spec as spec_of
from fnet.core.params import is_absent, shapes
from fnet.core.run_state import NUMBERS, Run, RunSetup, TrainOptions, TrainState, map_state
from fnet.core.running_members import NEVER, Halving, is_due
from fnet.core.signatures import training as public
from fnet.reference import functions, layout, optimizers, validation


@signatures.implements(public.train)
def train(
    net: Network,
    optimizer: Optimizer,
    params: Params,
    x: Array = None,
    y: Array = None,
    plan: Array = None,
    **options: Any,
) -> Run:
    settings = TrainOptions(**options)
    if settings.data is not None:
        raise InvalidArgument("data is for fnet.train: the twin takes x, y and a plan")
    if settings.loss is not None:
        raise InvalidArgument("loss is for fnet.train: the twin has no gradient of it")
    checks.sources((x, y, plan), settings)
    start, data = run_state.initial_params(params), (x, y, plan)
    source = batch_source.plan_source(
        net, start, data, settings.class_weight, np.asarray, keep_sparse=True
    )
    engine = training_loop.Engine(_chunk_runner, _compile_steps, optimizers.rates, np.asarray)
    with blas_threads.limited_threads(net, source.width):
        return training_loop.train(net, optimizer, params, source, settings, engine)


def _compile_steps(setup: RunSetup, run: Run) -> int:
    return 0  # there is nothing to compile


def _chunk_runner(setup: RunSetup, run: Run, halving: Halving) -> Any:
    """The `run_chunk` of `training_loop.Engine`, which runs steps and the ends of epochs."""
    names = [name for name in run.history if name != "ended"]
    hp = optimizers.hyperparameters(setup.optimizer)
    unpack = functools.partial(layout.unpack, shapes(setup.net))
    apply_update = optimizers.make_update(spec_of(setup.optimizer), hp, shapes(setup.net))

    def run_steps(now: TrainState, chunk: tuple[Any, ...], check_each_step: bool) -> Any:
        """The TrainState after a chunk, and the measured values of each epoch by name.

        With `check_each_step`, params and moments are checked for non-finite values after each
        step; otherwise only the loss is.
        """
        (x, y), rows, weights = chunk
        sums = weights.sum(axis=-1, dtype=np.float64)
        normalized = functions.normalized_weights(weights.astype(x.dtype), x)
        epochs = []
        for row_numbers, total, row_weights in zip(rows, sums, normalized, strict=True):
            if not np.count_nonzero(now.ended == RUNNING):
                break
            batch = Batch(
                x.take(row_numbers, axis=0), y.take(row_numbers, axis=0), row_weights, total
            )
            now = _step(setup, apply_update, now, batch, check_each_step)
            if now.step == run.steps and np.count_nonzero(now.ended == RUNNING):
                now, values = _end_epoch(setup, names, unpack, now, x)
                epochs.append(values)
                if halving is not NEVER and is_due(halving, now, run.steps, np.count_nonzero):
                    break
        shape = (len(epochs), *now.ended.shape)
        measured = {name: np.array([v[name] for v in epochs]).reshape(shape) for name in names}
        return now, measured

    @np.errstate(all="ignore")  # a non-finite value ends its member, which is reported
    def run_chunk(state: TrainState, *chunk: Any) -> Any:
        before = _to_internal(state)
        now, measured = run_steps(before, chunk, check_each_step=False)
        if _newly_non_finite(before, now).any():  # non-finite values stay so
            now, measured = run_steps(before, chunk, check_each_step=True)
        return map_state(unpack, now), measured

    return run_chunk


def _to_internal(state: TrainState) -> Any:
    """A TrainState as arrays, with packed structures."""
    step = np.asarray(state.state.step)[()]
    state = state._replace(state=state.state._replace(step=step), **_numbers(state))
    return map_state(layout.pack, state)


def _numbers(state: TrainState) -> Any:
    """The arrays of a TrainState; without member axes they are scalars, which are faster."""
    return {name: np.asarray(getattr(state, name))[()] for name in NUMBERS}


def _step(
    setup: RunSetup,
    apply_update: Callable[..., Any],
    now: TrainState,
    batch: Batch,
    check_each_step: bool,
) -> Any:
    """One step. A member that becomes non-finite ends with its params before the step."""
    steps, tuning = setup.source.steps, setup.tuning
    position = int(now.epoch) * steps + int(now.step)
    value, g = functions.loss_and_grads(setup.net, now.params, batch, tuning, position)
    params, state = apply_update(now.params, now.state, g, now.lr_scale)
    average = _update_average(tuning.ema_momentum, now.average, params, state.step)
    loss_sum = now.loss_sum + batch.total * value
    finite = np.isfinite(value)
    if check_each_step:
        finite = finite & _finite(params, *state.moments)
    stays = (now.ended != RUNNING) | ~finite
    if np.count_nonzero(stays):
        ends = (now.ended == RUNNING) & ~finite
        ended_at = np.where(ends, now.epoch * steps + now.step, now.ended_at)
        now = now._replace(ended=np.where(ends, NOT_FINITE, now.ended), ended_at=ended_at)
        if np.all(stays):
            return now
        params = _where(stays, now.params, params)
        moments = zip(now.state.moments, state.moments, strict=True)
        state = state._replace(
            step=np.where(stays, now.state.step, state.step),
            moments=tuple(_where(stays, *pair) for pair in moments),
        )
        average = average if is_absent(average) else _where(stays, now.average, average)
        loss_sum = np.where(stays, np.nan, loss_sum)  # their epoch stays incomplete
    return now._replace(
        params=params,
        state=state,
        average=average,
        step=now.step + 1,
        loss_sum=loss_sum,
        weight_sum=now.weight_sum + batch.total,
    )


def _update_average(momentum: Any, average: Array, p: Array, t: Array) -> Any:
    """The moving average after update t, which starts as the params after the first update."""
    if momentum is None:
        return average
    m = np.where(t == 1, 0, momentum)[..., None].astype(p.dtype)
    return m * average + (1 - m) * p


def _mean(value: Array, condition: Array) -> Any:
    """The mean over the members for which the condition holds, for each member."""
    return np.full(value.shape, value[condition].mean() if condition.any() else 0.0)


def _end_epoch(
    setup: RunSetup, names: Any, unpack: Callable[..., Any], now: TrainState, x: Array
) -> Any:
    """The end of an epoch: measure, keep the best params, stop members without improvement."""
    active, monitor = now.ended == RUNNING, setup.stopping.monitor
    current = now.params if setup.tuning.ema_momentum is None else now.average
    values = {"loss": now.loss_sum / np.where(now.weight_sum == 0, 1, now.weight_sum)}
    if setup.validation is not None:
        measured = validation.measure(
            setup.net,
            unpack(current),
            setup.validation,
            metric_names.metrics_of(names),
            setup.tuning,
            x,
        )
        values |= {f"validation_{name}": value for name, value in measured.items()}
    if monitor is not None:
        value = early_stopping.monitored(monitor, values, now, _mean)
        now, improved = early_stopping.end_epoch(monitor, setup.stopping, now, value, np.where)
        now = now._replace(best=_where(improved, current, now.best))
    now = now._replace(
        epoch=now.epoch + 1,
        step=np.int64(0),
        loss_sum=np.zeros_like(now.loss_sum),
        weight_sum=np.zeros_like(now.weight_sum),
    )
    now = now._replace(**_numbers(now))
    return now, {name: np.where(active, value, np.nan) for name, value in values.items()}


def _newly_non_finite(before: TrainState, now: TrainState) -> Any:
    """Which members are finite before and non-finite now: `[*M]`."""
    bad = (now.ended == NOT_FINITE) | ~_finite(now.params, *now.state.moments)
    return (before.ended != NOT_FINITE) & bad


def _finite(*rows: Any) -> Any:
    """Whether packed structures are finite, by member: `[*M]`."""
    return np.all([np.isfinite(row).all(axis=-1) for row in rows], axis=0)


def _where(condition: Array, yes: Array, no: Array) -> Any:
    """`np.where` of two rows `[*M, P]`; the condition is `[*M]`."""
    return np.where(np.asarray(condition)[..., None], yes, no)
