"""What a training run compiles: the program that works off one piece of a plan, on TensorFlow.

A loop over epochs around a loop over steps, with the validation, the best epoch and early stopping
at the end of each epoch. A piece has a fixed room for steps and a number of steps, so that pieces
of any size share one program. No step keeps what was before it: where one goes wrong, `training.py`
works the piece off again up to there.
"""

import functools

import numpy as np
import tensorflow as tf

from fnet import functions, layout, optimizers
from fnet.runs import NOT_FINITE, PATIENCE, RUNNING


@functools.cache
def compiled(net, form, watch, names, xla):
    """The compiled program of all runs of this structure."""
    body = functools.partial(_work_off, net, form, watch, names)
    return tf.function(body, jit_compile=xla, autograph=False)


def _work_off(
    net, form, watch, names, now, numbers, limits, held, data, rows, weights, count, steps
):
    """`count` steps of the plan: the Progress after them, what was measured, in how many epochs.

    rows and weights are `[room, B]`, data is `(x, y)`, held the validation data or ().
    """
    x, y = data
    sums, share = tf.cast(tf.reduce_sum(weights, -1), tf.float64), functions.shares(weights)
    at = optimizers.changes(form, numbers, x.dtype)
    members = now.ended.shape
    lost = now.ended == NOT_FINITE

    def running(now):
        """Whether a member runs, and none has just stopped being finite."""
        return tf.reduce_any(now.ended == RUNNING) & tf.reduce_all(lost | (now.ended != NOT_FINITE))

    def step(k, now):
        taken = rows[k]
        batch = tf.gather(x, taken), tf.gather(y, taken)
        value, slopes = functions.loss_and_grads(net, now.params, *batch, share[k])
        params, state = optimizers.step(at, now.params, now.state, slopes)
        bad = (now.ended == RUNNING) & ~tf.math.is_finite(value)
        return k + 1, now._replace(
            params=params,
            state=state,
            ended=tf.where(bad, NOT_FINITE, now.ended),
            loss_sum=now.loss_sum + sums[k] * tf.cast(value, tf.float64),
            weight_sum=now.weight_sum + sums[k],
        )

    def epoch(k, now, measured, closed):
        left = tf.cast(steps - now.step, tf.int32)
        stop = tf.minimum(k + left, count)
        began, before = k, now
        k, now = tf.while_loop(
            lambda k, now: (k < stop) & running(now), step, (k, now), parallel_iterations=1
        )
        now = now._replace(step=now.step + tf.cast(k - began, tf.int64))
        if members.rank:  # those who had ended stay as they were
            now = _stayed(before, now)
        whole = (now.step == steps) & running(now)
        now, measured, closed = tf.cond(
            whole,
            lambda: _close(net, watch, limits, held, now, measured, closed),
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
    best = change(now.best) if now.best else ()
    return now._replace(params=change(now.params), state=state, best=best)


def _close(net, watch, limits, held, now, measured, closed):
    """The end of an epoch: measure, keep the best, stop those who make no progress."""
    values = {"loss": now.loss_sum / now.weight_sum}
    if held:
        values |= _validated(net, now.params, *held)
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
        patience, min_delta = limits
        value = -values[watch] if watch.endswith("accuracy") else values[watch]
        better = runs_on & (value < now.best_value - min_delta)
        wait = tf.where(better, tf.constant(0, tf.int64), now.wait + 1)
        stops = runs_on & (wait >= patience)
        now = now._replace(
            best=_where(better, now.params, now.best),
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


def _validated(net, layers, x, y, weights):
    """The loss on validation data and, for classes, the accuracy: each `[*M]`, float64."""
    share = functions.shares(tf.cast(weights, tf.float64))
    z = functions.logits(net, layers, x)
    values = {"validation_loss": functions.row_losses(net, z, y, len(x.shape))}
    if net.labelled:
        truth = tf.argmax(y, -1) if len(y.shape) == len(x.shape) else tf.cast(y, tf.int64)
        values["validation_accuracy"] = tf.argmax(z, -2) == truth
    return {name: tf.reduce_sum(share * tf.cast(v, tf.float64), -1) for name, v in values.items()}


def _stayed(before, now):
    """The Progress now, with members that had ended before as they were, and no loss of theirs."""
    stays = before.ended != RUNNING
    params, state = _where(stays, (before.params, before.state), (now.params, now.state))
    loss_sum = tf.where(stays, tf.constant(np.nan, tf.float64), now.loss_sum)
    return now._replace(params=params, state=state, loss_sum=loss_sum)


def _where(condition, yes, no):
    """`tf.where` of each array of two structures, for a condition with the member axes."""

    def pick(a, b):
        spare = (None,) * (len(a.shape) - len(condition.shape))
        return tf.where(condition[(..., *spare)], a, b)

    return tf.nest.map_structure(pick, yes, no)
