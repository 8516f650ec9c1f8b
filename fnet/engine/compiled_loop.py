"""What a training run compiles: the program that works off one piece of a plan, on TensorFlow.

A loop over epochs around a loop over steps, with the validation, the best epoch and early stopping
at the end of each epoch. A piece has a fixed room for steps and a number of steps, so that pieces
of any size share one program. No step keeps what was before it: where one goes wrong, `training.py`
works the piece off again up to there.
"""

import functools

import numpy as np
import tensorflow as tf

from fnet.core import metric_names
from fnet.core.run_state import NOT_FINITE, PATIENCE, RUNNING
from fnet.engine import functions, layout, metrics, optimizers
from fnet.engine.losses import as_columns
from fnet.engine.tensors import absent, beside


@functools.cache
def compiled(net, form, watch, names, custom, xla):
    """The compiled program of all runs of this structure; `custom` is a user's own loss or None."""
    body = functools.partial(_work_off, net, form, watch, names, custom)
    return tf.function(body, jit_compile=xla, autograph=False)


def _work_off(
    net,
    form,
    watch,
    names,
    custom,
    now,
    numbers,
    n,
    limits,
    held,
    data,
    rows,
    weights,
    count,
    steps,
):
    """`count` steps of the plan: the Progress after them, what was measured, in how many epochs.

    rows and weights are `[room, B]`, data is `(x, y)`, held the validation data or (), n the
    Tuning.
    """
    x, y = data
    sums, share = tf.cast(tf.reduce_sum(weights, -1), tf.float64), functions.shares(weights)
    at = optimizers.changes(form, numbers, x.dtype)
    members = now.ended.shape
    drops = not (absent(n.dropout) and absent(n.input_dropout))
    lost = now.ended == NOT_FINITE

    def running(now):
        """Whether a member runs, and none has just stopped being finite."""
        return tf.reduce_any(now.ended == RUNNING) & tf.reduce_all(lost | (now.ended != NOT_FINITE))

    def step(first, k, now):
        """Step k of the piece, which is step `first + k` of the run."""
        taken = rows[k]
        batch = tf.gather(x, taken), tf.gather(y, taken), share[k], sums[k]
        position = first + tf.cast(k, tf.int64) if drops else ()
        value, slopes = functions.loss_and_grads(net, now.params, *batch, n, position, custom)
        params, state = optimizers.step(at, now.params, now.state, slopes, now.scale)
        bad = (now.ended == RUNNING) & ~tf.math.is_finite(value)
        return k + 1, now._replace(
            params=params,
            state=state,
            average=_averaged(n.ema_momentum, now.average, params, state.step),
            ended=tf.where(bad, NOT_FINITE, now.ended),
            loss_sum=now.loss_sum + sums[k] * tf.cast(value, tf.float64),
            weight_sum=now.weight_sum + sums[k],
        )

    def epoch(k, now, measured, closed):
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
        if members.rank:  # those who had ended stay as they were
            now = _stayed(before, now)
        whole = (now.step == steps) & running(now)
        now, measured, closed = tf.cond(
            whole,
            lambda: _close(net, watch, custom, n, limits, held, now, measured, closed),
            lambda: (now, measured, closed),
        )
        return k, now, measured, closed

    measured = {name: tf.zeros([rows.shape[0], *members], tf.float64) for name in names}
    now = _laid_out(layout.columns, now)
    _, now, measured, closed = tf.while_loop(
        lambda k, now, *_: (k < count) & running(now),
        epoch,
        (tf.constant(0), now, measured, tf.constant(0)),
        parallel_iterations=1,
    )
    return _laid_out(layout.rows, now), measured, closed


def _laid_out(change, now):
    """The Progress with all its params-like structures changed."""
    state = now.state._replace(moments=tuple(map(change, now.state.moments)))
    best, average = (change(tree) if tree else () for tree in (now.best, now.average))
    return now._replace(params=change(now.params), state=state, best=best, average=average)


def _averaged(momentum, average, params, t):
    """The moving average of params after update t; it begins as the params after the first."""
    if absent(momentum):
        return average
    m = tf.where(t == 1, tf.constant(0, tf.float64), momentum)

    def moved(a, p):
        return beside(m, p) * a + beside(1 - m, p) * p

    return tf.nest.map_structure(moved, average, params)


def _close(net, watch, custom, n, limits, held, now, measured, closed):
    """The end of an epoch: measure, keep the best, stop those who make no progress."""
    values = {"loss": now.loss_sum / now.weight_sum}
    found = now.average or now.params
    if held:
        values |= _validated(net, custom, n, tuple(measured), found, *held)
    runs_on = now.ended == RUNNING
    at = tf.reshape(closed, [1, 1])
    nan = tf.constant(np.nan, tf.float64)
    measured = {
        name: tf.tensor_scatter_nd_update(
            measured[name], at, tf.where(runs_on, values[name], nan)[None]
        )
        for name in measured
    }
    if watch is not None:
        patience, min_delta, best_delta, reduce_rate, reduce_to = limits
        value = -values[watch] if metric_names.larger_is_better(watch) else values[watch]
        better = runs_on & (value < now.best_value - best_delta)
        progress = value < now.best_value - min_delta
        wait = tf.where(progress, tf.constant(0, tf.int64), now.wait + 1)
        stops = runs_on & (wait >= patience)
        if not absent(reduce_rate):
            reduced = stops & (now.scale > reduce_to)
            now = now._replace(scale=tf.where(reduced, now.scale * reduce_rate, now.scale))
            wait, stops = tf.where(reduced, tf.constant(0, tf.int64), wait), stops & ~reduced
        now = now._replace(
            best=_where(better, found, now.best),
            best_value=tf.where(better, value, now.best_value),
            best_epoch=tf.where(better, now.epoch, now.best_epoch),
            wait=tf.where(runs_on, wait, now.wait),
            ended=tf.where(stops, PATIENCE, now.ended),
            ended_at=tf.where(stops, (now.epoch + 1) * now.step - 1, now.ended_at),
        )
    now = now._replace(
        epoch=now.epoch + 1,
        step=tf.zeros_like(now.step),
        loss_sum=tf.zeros_like(now.loss_sum),
        weight_sum=tf.zeros_like(now.weight_sum),
    )
    return now, measured, closed + 1


def _validated(net, custom, n, names, layers, x, y, weights):
    """The loss on validation data, and those of its metrics among `names`: each `[*M]`, float64."""
    weights, rank = tf.cast(weights, tf.float64), len(x.shape)
    z = functions.logits(net, layers, x)
    rows = tf.cast(functions.row_losses(net, z, y, rank, n, custom), tf.float64)
    values = {"validation_loss": tf.reduce_sum(functions.shares(weights) * rows, -1)}
    for name in names:
        if name not in ("loss", "validation_loss"):
            metric = name.removeprefix("validation_")
            values[name] = _measured(net, n, metric, z, y, rank, weights)
    return values


def _measured(net, n, metric, z, y, rank, weights):
    """A metric of logits as columns, `[*M]`; `rank` is the number of x's axes."""
    body = metrics.METRICS[net.targets][metric]
    if metric in metric_names.LINKED:
        z = functions.prediction(net, z)
    elif net.labelled:
        labels = tf.argmax(y, -1) if len(y.shape) == rank else tf.cast(y, tf.int64)
        return body(z, labels, weights)
    quantiles = () if absent(n.quantiles) else (n.quantiles,)
    return body(z, as_columns(net, y, rank, z.dtype), weights, *quantiles)


def _stayed(before, now):
    """The Progress now, with members that had ended before as they were, and no loss of theirs."""
    stays = before.ended != RUNNING
    params, state, average = _where(stays, *((p.params, p.state, p.average) for p in (before, now)))
    loss_sum = tf.where(stays, tf.constant(np.nan, tf.float64), now.loss_sum)
    return now._replace(params=params, state=state, average=average, loss_sum=loss_sum)


def _where(condition, yes, no):
    """`tf.where` of each array of two structures, for a condition with the member axes."""

    def pick(a, b):
        spare = (None,) * (len(a.shape) - len(condition.shape))
        return tf.where(condition[(..., *spare)], a, b)

    return tf.nest.map_structure(pick, yes, no)
