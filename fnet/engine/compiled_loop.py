"""The compiled part of a training run: the function that runs one chunk of a plan, on TensorFlow.

A loop over epochs around a loop over steps. The end of an epoch measures validation data, keeps the
best params and applies early stopping. The arrays of a chunk have a fixed size and `count` is the
number of steps to run, so that chunks of any length share one compiled function. Steps keep no copy
of the state before them: if a value becomes non-finite, `training.py` runs the chunk again up to
that step.
"""

import functools
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fnet.core import early_stopping, metric_names, running_members
from fnet.core.aliases import Array, Params
from fnet.core.batches import Batch
from fnet.core.early_stopping import NOT_FINITE, RUNNING
from fnet.core.optimizers import expand_right
from fnet.core.params import is_absent, map_params
from fnet.core.run_state import TrainState, map_state
from fnet.engine import functions, layout, optimizers, validation
from fnet.engine.program_cache import MAX_PROGRAMS, bounded_cache
from fnet.engine.tensors import cast_and_expand
from fnet.engine.workers import ALONE, Workers, part_of_step, take


class Program(NamedTuple):
    """What the compiled function depends on; runs with equal Programs share it."""

    net: Any
    spec: Any  # an OptimizerSpec
    monitor: str | None  # the name of the monitored value
    names: tuple[str, ...]  # of the measured values
    custom: Any  # the user's own loss function, or None
    precision: Any = "float32"  # XLA compiles it in, see `precision.py`
    workers: Workers = ALONE


class Constants(NamedTuple):
    """Tensors that are constant during a run."""

    hyperparameters: dict[str, Any]
    tuning: Any
    stopping: Any  # an EarlyStopping; its monitor is ()
    validation: tuple[Any, ...]  # the result of `validation.to_tensors`
    steps: Any  # per epoch
    halving: Any  # a `running_members.Halving`


class Chunk(NamedTuple):
    """Some steps of a plan: the first `count` of `rows` `[capacity, B]` and of `weights`.

    Weights have the shape of rows, or `[capacity, *M, B]` where each member has its own.
    """

    data: tuple[Any, Any]  # x and y
    rows: Any
    weights: Any
    count: Any


@bounded_cache(MAX_PROGRAMS)
def compiled(program: Program, xla: Any) -> Any:
    """The compiled function that all runs of this Program share."""
    body = functools.partial(run_chunk, program)
    return tf.function(body, jit_compile=xla, autograph=False)


def run_chunk(program: Program, constants: Constants, now: TrainState, chunk: Chunk) -> Any:
    """`(state, measured, epochs_ended)`: the TrainState after a chunk, and values by epoch."""
    x, y = chunk.data
    weights, tuning, steps, count = chunk.weights, constants.tuning, constants.steps, chunk.count
    sums = tf.cast(tf.reduce_sum(weights, -1), tf.float64)
    workers, width = program.workers, weights.shape[-1]
    own_rows, normalized = (
        take(workers, array, -1) for array in (chunk.rows, functions.normalized_weights(weights))
    )
    update_at_step = optimizers.make_update(program.spec, constants.hyperparameters, now.params)
    members = now.ended.shape
    uses_dropout = not (is_absent(tuning.dropout) and is_absent(tuning.input_dropout))
    lost_before = now.ended == NOT_FINITE

    def running(now: TrainState) -> Any:
        """Whether a member still runs, and none has become non-finite in this chunk."""
        return tf.reduce_any(now.ended == RUNNING) & tf.reduce_all(
            lost_before | (now.ended != NOT_FINITE)
        )

    def halves(now: TrainState) -> Any:
        """Whether the run goes on with fewer members."""
        if not members.rank:
            return tf.constant(False)
        return running_members.is_due(constants.halving, now, steps, _count)

    def step(first: Array, k: Array, now: TrainState) -> Any:
        """Step k of the chunk, which is step `first + k` of the run."""
        row_numbers = own_rows[k]
        batch = Batch(tf.gather(x, row_numbers), tf.gather(y, row_numbers), normalized[k], sums[k])
        position = ()
        if uses_dropout:
            position = part_of_step(workers, first + tf.cast(k, tf.int64), width)
        value, grads = functions.loss_and_grads(
            program.net, now.params, batch, tuning, position, program.custom, workers
        )
        params, state = optimizers.apply_update(
            update_at_step, now.params, now.state, grads, now.lr_scale
        )
        bad = (now.ended == RUNNING) & ~tf.math.is_finite(value)
        return k + 1, now._replace(
            params=params,
            state=state,
            average=_update_average(tuning.ema_momentum, now.average, params, state.step),
            ended=tf.where(bad, NOT_FINITE, now.ended),
            loss_sum=now.loss_sum + sums[k] * tf.cast(value, tf.float64),
            weight_sum=now.weight_sum + sums[k],
        )

    def epoch(k: Array, now: TrainState, measured: Array, epochs_ended: Array) -> Any:
        left = tf.cast(steps - now.step, tf.int32)
        stop = tf.minimum(k + left, count)
        began, before = k, now
        first = now.epoch * steps + now.step - tf.cast(k, tf.int64)
        k, now = tf.while_loop(
            lambda k, now: (k < stop) & running(now),
            functools.partial(step, first),
            (k, now),
            parallel_iterations=1,
        )
        now = now._replace(step=now.step + tf.cast(k - began, tf.int64))
        if members.rank:
            now = _freeze_ended(before, now)
        complete = (now.step == steps) & running(now)
        now, measured, epochs_ended = tf.cond(
            complete,
            lambda: _end_epoch(program, constants, now, (measured, epochs_ended), x),
            lambda: (now, measured, epochs_ended),
        )
        return k, now, measured, epochs_ended

    measured = {
        name: tf.zeros([chunk.rows.shape[0], *members], tf.float64) for name in program.names
    }
    now = map_state(layout.columns, now)
    _, now, measured, epochs_ended = tf.while_loop(
        lambda k, now, *_: (k < count) & running(now) & ~halves(now),
        epoch,
        (tf.constant(0), now, measured, tf.constant(0)),
        parallel_iterations=1,
    )
    return map_state(layout.rows, now), measured, epochs_ended


def _update_average(momentum: Any, average: Array, params: Params, t: Array) -> Any:
    """The moving average after update t, which starts as the params after the first update."""
    if is_absent(momentum):
        return average
    m = tf.where(t == 1, tf.constant(0, tf.float64), momentum)

    def average_array(a: Array, p: Array) -> Any:
        return cast_and_expand(m, p) * a + cast_and_expand(1 - m, p) * p

    return map_params(average_array, average, params)


def _end_epoch(
    program: Program, constants: Constants, now: TrainState, history: tuple[Any, Any], x: Array
) -> Any:
    """The end of an epoch: measure, keep the best params, stop members without improvement.

    `history` is what was measured, and after how many epochs.
    """
    measured, epochs_ended = history
    values = {"loss": tf.math.divide_no_nan(now.loss_sum, now.weight_sum)}
    current = now.average or now.params
    if constants.validation:
        measured_now = validation.measure(
            program.net,
            current,
            constants.validation,
            metric_names.metrics_of(program.names),
            constants.tuning,
            x,
            program.custom,
            program.workers,
        )
        values |= {f"validation_{name}": value for name, value in measured_now.items()}
    active = now.ended == RUNNING
    index = tf.reshape(epochs_ended, [1, 1])
    nan = tf.constant(np.nan, tf.float64)
    measured = {
        name: tf.tensor_scatter_nd_update(
            measured[name], index, tf.where(active, values[name], nan)[None]
        )
        for name in measured
    }
    if program.monitor is not None:
        monitored = early_stopping.monitored(program.monitor, values, now, _mean)
        now, improved = early_stopping.end_epoch(
            program.monitor, constants.stopping, now, monitored, _where_cast
        )
        now = now._replace(best=_where(improved, current, now.best))
    now = now._replace(
        epoch=now.epoch + 1,
        step=tf.zeros_like(now.step),
        loss_sum=tf.zeros_like(now.loss_sum),
        weight_sum=tf.zeros_like(now.weight_sum),
    )
    return now, measured, epochs_ended + 1


def _count(condition: Array) -> Any:
    return tf.reduce_sum(tf.cast(condition, tf.int32))


def _mean(value: Array, condition: Array) -> Any:
    """The mean over the members for which the condition holds, for each member."""
    chosen = tf.where(condition, value, tf.zeros_like(value))
    count = tf.reduce_sum(tf.cast(condition, value.dtype))
    return tf.fill(tf.shape(value), tf.math.divide_no_nan(tf.reduce_sum(chosen), count))


def _where_cast(condition: Array, yes: Array, no: Array) -> Any:
    """`tf.where` with the dtype of `no`; `yes` may be a Python number."""
    return tf.where(condition, tf.cast(yes, no.dtype), no)


def _freeze_ended(before: TrainState, now: TrainState) -> Any:
    """The state after a step; members that had ended keep theirs, and have no loss."""
    stays = before.ended != RUNNING
    params, average = (
        _where(stays, *trees)
        for trees in ((before.params, now.params), (before.average, now.average))
    )
    moments = tuple(
        _where(stays, *trees) for trees in zip(before.state.moments, now.state.moments, strict=True)
    )
    step = tf.where(stays, before.state.step, now.state.step)
    return now._replace(
        params=params,
        state=now.state._replace(step=step, moments=moments),
        average=average,
        loss_sum=tf.where(stays, tf.constant(np.nan, tf.float64), now.loss_sum),
    )


def _where(condition: Array, yes: Array, no: Array) -> Any:
    """`tf.where` of each array of two structures; the condition is `[*M]`."""
    return map_params(lambda a, b: tf.where(expand_right(condition, a), a, b), yes, no)
