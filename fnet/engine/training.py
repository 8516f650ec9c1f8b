"""A whole training run inside one compiled program, on TensorFlow. Twin: `reference/training.py`.

Each piece of the plan is worked off by the program of `program.py`; here stands what goes in and
what comes out, and the look back where something stopped being finite.
"""

import bisect
import functools

import numpy as np
import tensorflow as tf

from fnet.core import checks, run_state, training_loop
from fnet.core.run_state import NOT_FINITE, RUNNING, Progress
from fnet.engine import compiled_loop, optimizers, pipelines, tensors

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
    tuning=None,
    class_weight=None,
    loss=None,
    validation=None,
    metrics=None,
    patience=None,
    min_delta=0.0,
    best_delta=None,
    reduce_rate=None,
    reduce_to=1e-3,
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
        for bit as if it had never stopped; or its Progress, from which a new run begins, on any
        data, with the optimizer's state, the best epoch and the patience as they stand there.
      x, y, plan: rows `[N, D]`, their targets or labels, and which rows form which batch. Row
        weights belong to the plan.
      data, epochs: in their place a `tf.data.Dataset` of batches `(x, y)` or `(x, y, weights)`,
        none larger than the first, and how many epochs its batches make up (`pipeline` knows).
      tuning: a `Tuning`: penalties, dropout, smoothing, clipping, a moving average of params.
      class_weight: a dict of class and weight or "balanced", and for several labels one for each:
        multiplies the row weights, in training and in validation (`class_weights`).
      loss: a function of your own in place of the network's loss: `loss(y, outputs)` with y
        `[B, K]` and outputs `[*M, B, K]`, as `forward` returns them, gives tensors `[*M, B]`. A
        program is compiled for each function, so define it once.
      validation: `(x, y)` or `(x, y, weights)`, measured after each epoch.
      metrics: what to measure on it besides the loss, as `("balanced_accuracy", "log_loss")`, into
        `history["validation_balanced_accuracy"]` and so on: under softmax_cross_entropy accuracy,
        balanced_accuracy, top_k_accuracy (of k = 2) and log_loss; accuracy, of whole rows of
        labels, under sigmoid_cross_entropy; mean_pinball_loss under pinball; else
        mean_squared_error, mean_absolute_error and r2 (`metrics.py`). None measures accuracy
        under the cross-entropies.
      patience: stop after so many epochs without progress, and `min_delta`: by how much the
        watched value must get better to count as progress. As in Keras's EarlyStopping.
      best_delta: by how much it must get better to be the best from then on; `min_delta` unless
        told, as in Keras. (Scikit-learn's MLP has 0 here: progress is what beats the best value so
        far by its `tol`, however that value came about.) Both may be below 0.
      reduce_rate: multiply the learning rate by this, above 0 and below 1, in place of stopping,
        and stop when it has come down to `reduce_to` of what it would be. (Scikit-learn's
        "adaptive" divides by 5 down to 1e-6.)
      restore_best: return the params after the best epoch instead of the last.
      watch: "loss", "validation_loss" or another name that is measured; unless told, the
        validation loss or, with a warning, the training loss.
      on_not_finite: "error" raises NotFinite, "warn" warns, when a loss, a gradient or params stop
        being finite. The run ended in that step, and the Run holds the last finite params.
      hook: called with the Run so far after each piece, and once more where Ctrl-C has ended it, as
        `checkpoint` is to keep it in a file; an exception that it raises carries that Run as `run`.
      progress: show a progress bar on a terminal, and elsewhere a line now and then.
      xla: True compiles by XLA, about a second's work; False runs a plain graph; None chooses by
        the amount of work. A Run that goes on keeps to its choice.

    `patience`, `min_delta` and `reduce_rate` may be arrays with the member axes, as numbers of
    `tuning` and of the optimizer may; stopping, the best epoch and
    not-a-number are each member's own. Ctrl-C ends the run after the current piece (a fraction of
    a second) and returns the Run so far; a second Ctrl-C raises.

    `history["loss"]` is the row-weighted mean of the batch losses, each taken before its update,
    with penalties and dropout. The validation loss is without either.

    Raises InvalidArgument for arguments that do not fit each other.
    """
    checks.sources(x, y, plan, data, epochs)
    if data is None:
        began = run_state.start(params)
        source = training_loop.planned(net, began, x, y, plan, class_weight, tensors.tensor)
    else:
        source = pipelines.source(net, run_state.start(params), data, epochs, class_weight)
    return training_loop.train(
        net,
        optimizer,
        params,
        source,
        optimizers,
        functools.partial(_piece, checks.callback("loss", loss, "y and the outputs")),
        tensors.tensor,
        tuning=tuning,
        validation=validation,
        metrics=metrics,
        patience=patience,
        min_delta=min_delta,
        best_delta=best_delta,
        reduce_rate=reduce_rate,
        reduce_to=reduce_to,
        restore_best=restore_best,
        watch=watch,
        on_not_finite=on_not_finite,
        hook=hook,
        progress=progress,
        xla=_pays(net, params, source) if xla is None else xla,
    )


def _pays(net, params, source):
    """Whether XLA saves more over all steps than it costs, by the amount of work alone."""
    _, members, _ = checks.params(net, run_state.start(params))
    a_step, an_operation = SAVED
    saved = a_step + an_operation * training_loop.work(net, source, members)
    return source.epochs * source.steps * saved > DEAR


def _piece(custom, run, optimizer, source, tuning, watch, validation):
    """`piece` of `driving.train`, by one compiled program."""
    net, names = run.net, tuple(name for name in run.history if name != "ended")
    form = optimizers.form(optimizer)
    work = compiled_loop.compiled(net, form, watch.name, names, custom, run.xla)
    numbers = optimizers.numbers(optimizer)
    limits = tuple(() if limit is None else tensors.tensor(limit) for limit in watch[1:])
    inside = tensors.inside(tuning)
    steps = tf.constant(run.steps, tf.int64)
    dtype = checks.dtype_of(run.progress.params[0].w)
    room = training_loop.room(source), source.width
    (every_row, rows_in), (every_weight, weights_in) = (
        tensors.shared(room, kind) for kind in (np.int32, dtype)
    )
    held = () if validation is None else tuple(map(tensors.tensor, validation))

    def work_off(progress, data, count):
        after, measured, epochs = work(
            *(progress, numbers, inside, limits, held),
            *(data, rows_in, weights_in, tf.constant(count), steps),
        )
        return after, {name: values[: int(epochs)].numpy() for name, values in measured.items()}

    def position(progress):
        return int(progress.epoch) * run.steps + int(progress.step)

    def sound(now, data, count):
        """`work_off` up to `count` steps, or to the first that spoils a member, who ends there."""
        after, measured = work_off(now, data, count)
        if not np.any(_spoilt(now, after)):
            return after, measured

        # What is worked off again has the same bits, so no step needs to keep what was before it.
        def spoilt(steps):
            return _spoilt(now, work_off(now, data, steps)[0])

        good = _good(spoilt, position(after) - position(now))
        ends = spoilt(good + 1)
        after, measured = work_off(now, data, good)
        after = after._replace(
            ended=tf.where(ends, NOT_FINITE, after.ended),
            ended_at=tf.where(ends, position(after), after.ended_at),
        )
        return after, measured

    def piece(progress, data, rows, weights):
        now, parts = _inside(progress), []
        begun = position(now)
        while (done := position(now) - begun) < len(rows) and np.any(now.ended == RUNNING):
            left = len(rows) - done
            every_row[:left], every_weight[:left] = rows[done:], weights[done:]
            now, measured = sound(now, data, left)
            parts.append(measured)
        return _outside(now), {name: np.concatenate([p[name] for p in parts]) for name in names}

    return piece


def _spoilt(before, after):
    """Which members ran before and are not finite after, in loss, params or moments: `[*M]`.

    A slope that is not finite leaves neither params nor moments finite, and what is not finite
    stays so: it is enough to look after many steps.
    """
    ran = np.asarray(before.ended) == RUNNING
    bad = np.asarray(after.ended) == NOT_FINITE
    for array in map(np.asarray, tf.nest.flatten((after.params, after.state.moments))):
        bad = bad | ~np.isfinite(array).all(axis=tuple(range(ran.ndim, array.ndim)))
    return ran & bad


def _good(spoilt, count):
    """How many of `count` steps come before the first that spoils a member: often all but one.

    `spoilt(n)` tells which members are spoilt after n steps.
    """
    if not np.any(spoilt(count - 1)):
        return count - 1
    return bisect.bisect_left(range(1, count - 1), True, key=lambda n: bool(np.any(spoilt(n))))


def _inside(progress):
    state = progress.state
    return Progress(
        params=tensors.opened(progress.params),
        state=run_state.State(
            tensors.tensor(state.step), tuple(map(tensors.opened, state.moments))
        ),
        best=tensors.opened(progress.best),
        average=tensors.opened(progress.average),
        **{name: tensors.tensor(getattr(progress, name)) for name in Progress._fields[4:]},
    )


def _outside(progress):
    state = progress.state
    return progress._replace(
        params=tensors.closed(progress.params),
        state=run_state.State(state.step, tuple(map(tensors.closed, state.moments))),
        best=tensors.closed(progress.best),
        average=tensors.closed(progress.average),
    )
