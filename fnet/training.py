"""A whole training run inside one compiled program, on TensorFlow. Twin: `reference/training.py`.

The program works off one piece of the plan: a loop over epochs around a loop over steps, with the
validation, the best epoch and early stopping at the end of each epoch. A piece has a fixed room
for steps and a number of steps, so that pieces of any size share one program.
"""

import bisect
import functools

import numpy as np
import tensorflow as tf

from fnet import checks, driving, functions, layout, optimizers, pipelines, runs, tensors
from fnet.runs import NOT_FINITE, PATIENCE, RUNNING, Progress

DEAR = 0.5
"""Seconds by which the first call of an XLA program takes longer than that of a plain graph."""

SAVED = 1e-4, 1.5e-12
"""Seconds that XLA saves in a step, and more for each of its floating-point operations."""


def train(
    net,
    optimizer,
    params,
    x=None,
    y=None,
    plan=None,
    *,
    data=None,
    epochs=None,
    validation=None,
    patience=None,
    min_delta=0.0,
    restore_best=False,
    watch=None,
    on_not_finite="error",
    hook=None,
    progress=False,
    xla=None,
):
    """Train on a plan, or on a pipeline given as `data`, and return the Run.

    Arguments:
      params: what to start from; or an earlier Run, which goes on to the plan's last epoch, bit
        for bit as if it had never stopped.
      x, y, plan: rows `[N, D]`, their targets or labels, and which rows form which batch. Row
        weights belong to the plan.
      data, epochs: in their place a `tf.data.Dataset` of batches `(x, y)` or `(x, y, weights)`,
        none larger than the first, and how many epochs its batches make up (`pipeline` knows).
      validation: `(x, y)` or `(x, y, weights)`, measured after each epoch.
      patience: stop after so many epochs without progress, and `min_delta`: by how much the
        watched value must fall to count as progress. As in Keras's EarlyStopping.
      restore_best: return the params after the best epoch instead of the last.
      watch: "validation_loss", "validation_accuracy" or "loss"; unless told, the validation loss
        or, with a warning, the training loss.
      on_not_finite: "error" raises NotFinite, "warn" warns, when a loss, a gradient or params stop
        being finite. The run ended in that step, and the Run holds the last finite params.
      hook: called with the Run so far after each piece; an exception that it raises carries that
        Run as `run`.
      progress: show a progress bar.
      xla: True compiles by XLA, about a second's work; False runs a plain graph; None chooses by
        the amount of work. A Run that goes on keeps to its choice.

    `patience` and `min_delta` may be arrays with the member axes; stopping, the best epoch and
    not-a-number are each member's own. Ctrl-C ends the run after the current piece (a fraction of
    a second) and returns the Run so far; a second Ctrl-C raises.

    `history["loss"]` is the row-weighted mean of the batch losses, each taken before its update.

    Raises InvalidArgument for arguments that do not fit each other.
    """
    checks.sources(x, y, plan, data, epochs)
    if data is None:
        source = driving.planned(net, runs.start(params), x, y, plan, tensors.tensor)
    else:
        source = pipelines.source(net, runs.start(params), data, epochs)
    return driving.train(
        net,
        optimizer,
        params,
        source,
        optimizers.RULES,
        _piece,
        tensors.tensor,
        validation=validation,
        patience=patience,
        min_delta=min_delta,
        restore_best=restore_best,
        watch=watch,
        on_not_finite=on_not_finite,
        hook=hook,
        progress=progress,
        xla=_pays(net, params, source) if xla is None else xla,
    )


def _pays(net, params, source):
    """Whether XLA saves more over all steps than it costs, by the amount of work alone."""
    _, members, _ = checks.params(net, runs.start(params))
    a_step, an_operation = SAVED
    saved = a_step + an_operation * driving.work(net, source, members)
    return source.epochs * source.steps * saved > DEAR


def _piece(run, optimizer, source, watch, validation):
    """`piece` of `driving.train`, by one compiled program."""
    net, names = run.net, tuple(name for name in run.history if name != "ended")
    program = _program(net, run.optimizer, watch.name, names, run.xla)
    numbers = optimizers.numbers(optimizer)
    limits = tensors.tensor(watch.patience), tensors.tensor(watch.min_delta)
    steps = tf.constant(run.steps, tf.int64)
    dtype = checks.dtype_of(run.progress.params[0].w)
    room = driving.room(source), source.width
    (every_row, rows_in), (every_weight, weights_in) = (
        tensors.shared(room, kind) for kind in (np.int32, dtype)
    )
    held = () if validation is None else tuple(map(tensors.tensor, validation))
    single = run.progress.ended.ndim == 0

    def work_off(progress, data, count):
        after, measured, epochs = program(
            progress, numbers, limits, held, data, rows_in, weights_in, tf.constant(count), steps
        )
        return after, {name: values[: int(epochs)].numpy() for name, values in measured.items()}

    def piece(progress, data, rows, weights):
        before = _inside(progress)
        every_row[: len(rows)], every_weight[: len(rows)] = rows, weights
        after, measured = work_off(before, data, len(rows))
        if single and not _sound(after):
            bad = _first_bad(lambda n: _sound(work_off(before, data, n)[0]), len(rows))
            after, measured = work_off(before, data, bad)
            after = after._replace(
                ended=tf.constant(NOT_FINITE),
                ended_at=before.epoch * run.steps + before.step + bad,
            )
        return _outside(after), measured

    return piece


def _sound(progress):
    """Whether a single run, its params and its moments are finite."""
    arrays = tf.nest.flatten((progress.params, progress.state.moments))
    return int(progress.ended) != NOT_FINITE and all(np.isfinite(a).all() for a in arrays)


def _first_bad(sound, count):
    """The step that spoils the params: `sound(n)` holds after n steps up to it, and no longer.

    A piece that is worked off again gives the same bits, and what is not finite stays so.
    """
    return bisect.bisect_left(range(1, count + 1), True, key=lambda n: not sound(n))


def _inside(progress):
    state = progress.state
    return Progress(
        params=tensors.opened(progress.params),
        state=runs.State(tensors.tensor(state.step), tuple(map(tensors.opened, state.moments))),
        best=tensors.opened(progress.best),
        **{name: tensors.tensor(getattr(progress, name)) for name in Progress._fields[3:]},
    )


def _outside(progress):
    state = progress.state
    return progress._replace(
        params=tensors.closed(progress.params),
        state=runs.State(state.step, tuple(map(tensors.closed, state.moments))),
        best=tensors.closed(progress.best),
    )


@functools.cache
def _program(net, kind, watch, names, xla):
    """The compiled program of all runs of this structure."""
    body = functools.partial(_work_off, net, kind, watch, names)
    return tf.function(body, jit_compile=xla, autograph=False)


def _work_off(
    net, kind, watch, names, now, numbers, limits, held, data, rows, weights, count, steps
):
    """`count` steps of the plan: the Progress after them, what was measured, in how many epochs.

    rows and weights are `[room, B]`, data is `(x, y)`, held the validation data or ().
    """
    x, y = data
    sums, share = tf.cast(tf.reduce_sum(weights, -1), tf.float64), functions.shares(weights)
    changes = optimizers.changes(kind, numbers, x.dtype)
    members = now.ended.shape
    begun = now.epoch * steps + now.step

    def running(now):
        return tf.reduce_any(now.ended == RUNNING)

    def step(k, now):
        taken = rows[k]
        batch = tf.gather(x, taken), tf.gather(y, taken)
        value, slopes = functions.loss_and_grads(net, now.params, *batch, share[k])
        params, state = optimizers.step(changes, now.params, now.state, slopes)
        now = now._replace(
            loss_sum=now.loss_sum + sums[k] * tf.cast(value, tf.float64),
            weight_sum=now.weight_sum + sums[k],
        )
        if not members.rank:  # the loop of a single run ends here, and `piece` looks back
            ended = tf.where(tf.math.is_finite(value), RUNNING, NOT_FINITE)
            return k + 1, now._replace(params=params, state=state, ended=ended)
        # An ended member stays as it is while the others go on.
        good = _finite(value, (params, state.moments), members.rank)
        ends = (now.ended == RUNNING) & ~good
        stays = (now.ended != RUNNING) | ~good
        params, state = _where(stays, (now.params, now.state), (params, state))
        return k + 1, now._replace(
            params=params,
            state=state,
            ended=tf.where(ends, NOT_FINITE, now.ended),
            ended_at=tf.where(ends, begun + tf.cast(k, tf.int64), now.ended_at),
        )

    def epoch(k, now, measured, closed):
        left = tf.cast(steps - now.step, tf.int32)
        stop = tf.minimum(k + left, count)
        began = k
        k, now = tf.while_loop(
            lambda k, now: (k < stop) & running(now), step, (k, now), parallel_iterations=1
        )
        now = now._replace(step=now.step + tf.cast(k - began, tf.int64))
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


def _finite(value, structures, members):
    """Whether the loss and all arrays are finite, for each member: `[*M]`.

    A slope that is not leaves neither params nor moments finite.
    """
    parts = [value] + [
        tf.reduce_sum(0 * leaf, axis=list(range(members, len(leaf.shape))))
        for leaf in tf.nest.flatten(structures)
    ]
    return tf.math.is_finite(tf.add_n([0 * part for part in parts]))


def _where(condition, yes, no):
    """`tf.where` of each array of two structures, for a condition with the member axes."""

    def pick(a, b):
        spare = (None,) * (len(a.shape) - len(condition.shape))
        return tf.where(condition[(..., *spare)], a, b)

    return tf.nest.map_structure(pick, yes, no)
