"""A training run in NumPy, one step after another. Twin of `training.py`."""

import functools

import numpy as np

from fnet import checks, driving, runs
from fnet.errors import InvalidArgument
from fnet.network import each
from fnet.reference import functions, layout, optimizers
from fnet.runs import NOT_FINITE, PATIENCE, RUNNING, Progress


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
    """Train on a plan and return the Run; see `fnet.train`.

    Pipelines are TensorFlow's: `data` and `epochs` are refused. `xla` is kept in the Run for a
    TensorFlow side that goes on with it.
    """
    if data is not None:
        raise InvalidArgument("data is for fnet.train: the twin takes x, y and a plan")
    checks.sources(x, y, plan, data, epochs)
    source = driving.planned(net, runs.start(params), x, y, plan, np.asarray)
    return driving.train(
        net,
        optimizer,
        params,
        source,
        optimizers,
        _piece,
        np.asarray,
        validation=validation,
        patience=patience,
        min_delta=min_delta,
        restore_best=restore_best,
        watch=watch,
        on_not_finite=on_not_finite,
        hook=hook,
        progress=progress,
        xla=xla,
    )


def _piece(run, optimizer, source, watch, validation):
    """`piece` of `driving.train`: steps, and after the last of an epoch what its end takes."""
    net, names = run.net, [name for name in run.history if name != "ended"]
    form, numbers = optimizers.form(optimizer), optimizers.numbers(optimizer)
    decays = optimizers.decays(numbers, each(np.asarray, run.progress.params))
    decays = decays and layout.packed(decays)

    @np.errstate(all="ignore")  # what is not finite ends a member, and is reported then
    def piece(now, data, rows, weights):
        x, y = data
        at = optimizers.changes(form, numbers, x.dtype, decays)
        sums = weights.sum(axis=-1, dtype=np.float64)
        shares = functions.shares(weights.astype(x.dtype), x)
        now = _inside(now)
        closed = []
        for taken, total, share in zip(rows, sums, shares, strict=True):
            if np.all(now.ended != RUNNING):
                break
            now = _step(run, at, now, x[taken], y[taken], total, share)
            if now.step == run.steps and np.any(now.ended == RUNNING):
                now, values = _close(net, watch, validation, now)
                closed.append(values)
        shape = (len(closed), *now.ended.shape)
        measured = {name: np.array([v[name] for v in closed]).reshape(shape) for name in names}
        return _outside(net, now), measured

    return piece


def _inside(progress):
    """The Progress as arrays, with params and their like packed."""
    state = progress.state
    return Progress(
        params=layout.packed(progress.params),
        state=runs.State(np.asarray(state.step), tuple(map(layout.packed, state.moments))),
        best=progress.best and layout.packed(progress.best),
        **{name: np.asarray(getattr(progress, name)) for name in Progress._fields[3:]},
    )


def _outside(net, progress):
    unpacked = functools.partial(layout.unpacked, net)
    state = progress.state
    return progress._replace(
        params=unpacked(progress.params),
        state=runs.State(state.step, tuple(map(unpacked, state.moments))),
        best=progress.best and unpacked(progress.best),
    )


def _step(run, at, now, x, y, total, share):
    """One step. A member that stops being finite ends, with its params as they were before."""
    layers = layout.unpacked(run.net, now.params)
    value, slopes = functions.loss_and_grads(run.net, layers, x, y, share)
    params, state = optimizers.step(at, now.params, now.state, layout.packed(slopes))
    loss_sum = now.loss_sum + total * value
    good = _finite(value, params, *state.moments)
    ends = (now.ended == RUNNING) & ~good
    stays = (now.ended != RUNNING) | ends
    if np.any(stays):
        at = np.where(ends, now.epoch * run.steps + now.step, now.ended_at)
        now = now._replace(ended=np.where(ends, NOT_FINITE, now.ended), ended_at=at)
        if np.all(stays):
            return now
        params, state = _where(stays, now.params, params), _where_state(stays, now.state, state)
        loss_sum = np.where(stays, np.nan, loss_sum)  # of an epoch that they do not take whole
    return now._replace(
        params=params,
        state=state,
        step=now.step + 1,
        loss_sum=loss_sum,
        weight_sum=now.weight_sum + total,
    )


def _close(net, watch, validation, now):
    """The end of an epoch: measure, keep the best, stop those who make no progress."""
    runs_on = now.ended == RUNNING
    values = {"loss": now.loss_sum / now.weight_sum}
    if validation is not None:
        values |= _validated(net, layout.unpacked(net, now.params), *validation)
    if watch.name is not None:
        value = values[watch.name] * (-1 if watch.name.endswith("accuracy") else 1)
        better = runs_on & (value < now.best_value - watch.min_delta)
        wait = np.where(runs_on, np.where(better, 0, now.wait + 1), now.wait)
        stops = runs_on & (wait >= watch.patience)
        now = now._replace(
            best=_where(better, now.params, now.best),
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
    return now, {name: np.where(runs_on, value, np.nan) for name, value in values.items()}


def _validated(net, params, x, y, weights):
    """The loss on validation data and, for classes, the accuracy: each `[*M]`, float64."""
    share = functions.shares(weights.astype(np.float64), x)
    z = functions.logits(net, params, x)
    values = {"validation_loss": functions.row_losses(net, z, y, x.ndim)}
    if net.labelled:
        truth = y.argmax(axis=-1) if y.ndim == x.ndim else y
        values["validation_accuracy"] = z.argmax(axis=-1) == truth
    return {name: np.sum(share * v, axis=-1) for name, v in values.items()}


def _finite(value, *structures):
    """Whether the loss and packed structures are finite, for each member: `[*M]`."""
    good = np.isfinite(value)
    for ((row, _),) in structures:
        good = good & np.isfinite(row).all(axis=-1)
    return good


def _where(condition, yes, no):
    """`np.where` of each array of two structures, for a condition with the member axes."""

    def pick(a, b):
        return np.where(condition.reshape(condition.shape + (1,) * (a.ndim - condition.ndim)), a, b)

    return each(pick, yes, no)


def _where_state(condition, yes, no):
    moments = (_where(condition, a, b) for a, b in zip(yes.moments, no.moments, strict=True))
    return runs.State(np.where(condition, yes.step, no.step), tuple(moments))
