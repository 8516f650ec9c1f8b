"""A training run in NumPy, one step after another. Twin of `training.py`."""

import functools

import numpy as np

from fnet.core import checks, metric_names, run_state, training_loop
from fnet.core.errors import InvalidArgument
from fnet.core.network import Layer, each
from fnet.core.run_state import NOT_FINITE, PATIENCE, RUNNING, Progress
from fnet.reference import functions, layout, metrics, optimizers
from fnet.reference.losses import as_rows


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
    """Train on a plan and return the Run; see `fnet.train`.

    Pipelines and losses of your own are TensorFlow's: `data`, `epochs` and `loss` are refused.
    `xla` is kept in the Run for a TensorFlow side that goes on with it.
    """
    if data is not None:
        raise InvalidArgument("data is for fnet.train: the twin takes x, y and a plan")
    if loss is not None:
        raise InvalidArgument("loss is for fnet.train: the twin has no gradient of it")
    checks.sources(x, y, plan, data, epochs)
    source = training_loop.planned(
        net, run_state.start(params), x, y, plan, class_weight, np.asarray
    )
    return training_loop.train(
        net,
        optimizer,
        params,
        source,
        optimizers,
        _piece,
        np.asarray,
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
        xla=xla,
    )


def _piece(run, optimizer, source, tuning, watch, validation):
    """`piece` of `driving.train`: steps, and after the last of an epoch what its end takes."""
    net, names = run.net, [name for name in run.history if name != "ended"]
    form, numbers = optimizers.form(optimizer), optimizers.numbers(optimizer)
    decays = optimizers.decays(numbers, each(np.asarray, run.progress.params))
    decays = decays and layout.packed(decays)

    def work_off(now, data, rows, weights, closely):
        """The Progress after these steps, and what was measured at the end of each epoch.

        `closely` looks at all numbers after each step; else a step looks at its loss alone.
        """
        x, y = data
        at = optimizers.changes(form, numbers, x.dtype, decays)
        sums = weights.sum(axis=-1, dtype=np.float64)
        shares = functions.shares(weights.astype(x.dtype), x)
        closed = []
        for taken, total, share in zip(rows, sums, shares, strict=True):
            if not np.count_nonzero(now.ended == RUNNING):
                break
            batch = x.take(taken, axis=0), y.take(taken, axis=0), total, share
            now = _step(run, at, tuning, now, *batch, closely)
            if now.step == run.steps and np.count_nonzero(now.ended == RUNNING):
                now, values = _close(net, tuning, names, watch, validation, now)
                closed.append(values)
        shape = (len(closed), *now.ended.shape)
        measured = {name: np.array([v[name] for v in closed]).reshape(shape) for name in names}
        return now, measured

    @np.errstate(all="ignore")  # what is not finite ends a member, and is reported then
    def piece(now, *part):
        before = _inside(now)
        now, measured = work_off(before, *part, closely=False)
        if _spoilt(before, now).any():  # what is not finite stays so
            now, measured = work_off(before, *part, closely=True)
        return _outside(net, now), measured

    return piece


def _inside(progress):
    """The Progress as arrays, with params and their like packed."""
    state = progress.state
    return Progress(
        params=layout.packed(progress.params),
        state=run_state.State(np.asarray(state.step)[()], tuple(map(layout.packed, state.moments))),
        best=progress.best and layout.packed(progress.best),
        average=progress.average and layout.packed(progress.average),
        **_numbers(progress),
    )


def _numbers(progress):
    """The numbers of a Progress: arrays, or scalars, which are quicker, without member axes."""
    return {name: np.asarray(getattr(progress, name))[()] for name in Progress._fields[4:]}


def _outside(net, progress):
    unpacked = functools.partial(layout.unpacked, net)
    state = progress.state
    return progress._replace(
        params=unpacked(progress.params),
        state=run_state.State(state.step, tuple(map(unpacked, state.moments))),
        best=progress.best and unpacked(progress.best),
        average=progress.average and unpacked(progress.average),
    )


def _step(run, at, tuning, now, x, y, total, share, closely):
    """One step. A member that stops being finite ends, with its params as they were before."""
    position = int(now.epoch) * run.steps + int(now.step)
    value, slopes = functions.loss_and_grads(
        *(run.net, now.params, x, y, share, total, tuning, position)
    )
    params, state = optimizers.step(at, now.params, now.state, slopes, now.scale)
    average = _averaged(tuning.ema_momentum, now.average, params, state.step)
    loss_sum = now.loss_sum + total * value
    good = np.isfinite(value)
    if closely:
        good = good & _finite(params, *state.moments)
    stays = (now.ended != RUNNING) | ~good
    if np.count_nonzero(stays):
        ends = (now.ended == RUNNING) & ~good
        at = np.where(ends, now.epoch * run.steps + now.step, now.ended_at)
        now = now._replace(ended=np.where(ends, NOT_FINITE, now.ended), ended_at=at)
        if np.all(stays):
            return now
        params, state = _where(stays, now.params, params), _where_state(stays, now.state, state)
        average = average and _where(stays, now.average, average)
        loss_sum = np.where(stays, np.nan, loss_sum)  # of an epoch that they do not take whole
    return now._replace(
        params=params,
        state=state,
        average=average,
        step=now.step + 1,
        loss_sum=loss_sum,
        weight_sum=now.weight_sum + total,
    )


def _averaged(momentum, average, params, t):
    """The moving average of packed params after update t; it begins as those after the first."""
    if momentum is None:
        return average
    ((a, _),), ((p, _),) = average, params
    m = np.where(t == 1, 0, momentum)[..., None].astype(p.dtype)
    return (Layer(m * a + (1 - m) * p),)


def _close(net, tuning, names, watch, validation, now):
    """The end of an epoch: measure, keep the best, stop those who make no progress."""
    runs_on = now.ended == RUNNING
    found = now.average or now.params
    values = {"loss": now.loss_sum / now.weight_sum}
    if validation is not None:
        values |= _validated(net, tuning, names, layout.unpacked(net, found), *validation)
    if watch.name is not None:
        value = values[watch.name] * (-1 if metric_names.larger_is_better(watch.name) else 1)
        better = runs_on & (value < now.best_value - watch.best_delta)
        progress = value < now.best_value - watch.min_delta
        wait = np.where(runs_on, np.where(progress, 0, now.wait + 1), now.wait)
        stops = runs_on & (wait >= watch.patience)
        if watch.reduce_rate is not None:
            reduced = stops & (now.scale > watch.reduce_to)
            now = now._replace(scale=np.where(reduced, now.scale * watch.reduce_rate, now.scale))
            wait, stops = np.where(reduced, 0, wait), stops & ~reduced
        now = now._replace(
            best=_where(better, found, now.best),
            best_value=np.where(better, value, now.best_value),
            best_epoch=np.where(better, now.epoch, now.best_epoch),
            wait=wait,
            ended=np.where(stops, PATIENCE, now.ended),
            ended_at=np.where(stops, (now.epoch + 1) * now.step - 1, now.ended_at),
        )
    now = now._replace(
        epoch=now.epoch + 1,
        step=np.int64(0),
        loss_sum=np.zeros_like(now.loss_sum),
        weight_sum=np.float64(0),
    )
    now = now._replace(**_numbers(now))
    return now, {name: np.where(runs_on, value, np.nan) for name, value in values.items()}


def _validated(net, tuning, names, params, x, y, weights):
    """The loss on validation data, and those of its metrics among `names`: each `[*M]`, float64."""
    weights = weights.astype(np.float64)
    z = functions.logits(net, params, x)
    rows = functions.row_losses(net, z, y, x.ndim, tuning)
    values = {"validation_loss": np.sum(functions.shares(weights, x) * rows, axis=-1)}
    for name in names:
        if name not in ("loss", "validation_loss"):
            metric = name.removeprefix("validation_")
            values[name] = _measured(net, tuning, metric, z, y, x.ndim, weights)
    return values


def _measured(net, tuning, metric, z, y, rank, weights):
    """A metric of logits, `[*M]`; `rank` is the number of x's axes."""
    body = metrics.METRICS[net.targets][metric]
    if metric in metric_names.LINKED:
        z = functions.prediction(net, z)
    elif net.labelled:
        return body(z, y.argmax(axis=-1) if y.ndim == rank else y, weights)
    quantiles = () if tuning.quantiles is None else (tuning.quantiles,)
    return body(z, as_rows(net, y, rank, z.dtype), weights, *quantiles)


def _spoilt(before, now):
    """Which members stopped being finite between the two: `[*M]`."""
    bad = (now.ended == NOT_FINITE) | ~_finite(now.params, *now.state.moments)
    return (before.ended != NOT_FINITE) & bad


def _finite(*structures):
    """Whether packed structures are finite, for each member: `[*M]`."""
    return np.all([np.isfinite(row).all(axis=-1) for ((row, _),) in structures], axis=0)


def _where(condition, yes, no):
    """`np.where` of each array of two structures, for a condition with the member axes."""

    def pick(a, b):
        return np.where(condition.reshape(condition.shape + (1,) * (a.ndim - condition.ndim)), a, b)

    return each(pick, yes, no)


def _where_state(condition, yes, no):
    moments = (_where(condition, a, b) for a, b in zip(yes.moments, no.moments, strict=True))
    return run_state.State(np.where(condition, yes.step, no.step), tuple(moments))
