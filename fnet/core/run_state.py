"""What a training run is: plain data that both engines carry from step to step."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks
from fnet.core.errors import InvalidArgument

RUNNING, PATIENCE, NOT_FINITE = 0, 1, 2

NEVER = np.int64(2**63 - 1)
"""The patience of one who never stops."""


class State(NamedTuple):
    """What an optimizer carries from step to step.

    `step` counts the updates so far (int64, one number a member); `moments` is a tuple of
    structures like params, as many as the optimizer keeps.
    """

    step: Any
    moments: tuple


class Schedule(NamedTuple):
    """A learning rate that changes with the step: of what kind, and its numbers by name."""

    kind: str
    numbers: dict[str, Any]


class Form(NamedTuple):
    """What is static of an optimizer, and hashable: optimizers of one Form share a program."""

    kind: str
    names: tuple[str, ...]  # of its numbers
    schedule: Any  # None for a plain rate, a user's function, or (kind, names) of a Schedule


def form(optimizer):
    """The Form of an optimizer. A function of the step is told from others by its identity."""
    rate = optimizer.numbers["learning_rate"]
    if callable(rate):
        schedule = rate.__call__  # equal for one object alone, and hashable whatever that is
    else:
        schedule = (rate.kind, tuple(rate.numbers)) if hasattr(rate, "numbers") else None
    return Form(optimizer.kind, tuple(optimizer.numbers), schedule)


class Progress(NamedTuple):
    """Where a run stands: all that its next step depends on. Arrays have the member axes M."""

    params: tuple  # after the last step
    state: State
    best: tuple  # params after the best epoch; () where no best is looked for
    average: tuple  # the moving average of params; () where none is asked for
    scale: Any  # float64 [M]: what the learning rate is multiplied by
    best_value: Any  # float64 [M]: the watched value of that epoch, the smaller the better
    best_epoch: Any  # int64 [M]: -1 before the first
    wait: Any  # int64 [M]: epochs since then
    ended: Any  # int32 [M]: RUNNING, PATIENCE or NOT_FINITE
    ended_at: Any  # int64 [M]: the step, counted over the whole run, in which a member ended
    epoch: Any  # int64: whole epochs done
    step: Any  # int64: steps done in the epoch under way
    loss_sum: Any  # float64 [M]: over these steps, weight of the batch x loss of the batch
    weight_sum: Any  # float64: over these steps, weight of the batch


class Run(NamedTuple):
    """A training run, finished or not: give it back to `train` in place of params to go on.

    `params` are the last, or the best where `restore_best` asked for them, and of a moving average
    where `tuning` asked for one; `state` is the optimizer's after the last step. `history` maps
    each measured name to a float64 array with one value an epoch, `[E]` or `[E, *members]` (NaN
    once a member has ended), and `"ended"` to why the run ended: "epochs", "patience", "not
    finite", "interrupted", or "running" when a hook sees it (an array of these with the member
    axes).
    """

    params: tuple
    state: State
    history: dict
    progress: Progress
    net: Any
    optimizer: str  # its kind
    rows: int | None  # of the data; None for a pipeline
    steps: int  # in an epoch
    xla: bool | None  # whether compiled by XLA; None where no engine has chosen yet


def start(params):
    """The params that a run begins with: those given, or the last ones of a Run or Progress."""
    progress = params.progress if isinstance(params, Run) else params
    return progress.params if isinstance(progress, Progress) else progress


def made(ready, run):
    """A Run with each of its arrays made `ready` for an engine, from wherever it comes."""

    def of(tree):
        if isinstance(tree, tuple):
            parts = map(of, tree)
            return tree._make(parts) if hasattr(tree, "_fields") else tuple(parts)
        return tree if tree is None else ready(tree)

    return run._replace(params=of(run.params), state=of(run.state), progress=of(run.progress))


class Watch(NamedTuple):
    """What the end of an epoch looks at: the arguments of `train` in order."""

    name: str | None  # of the watched value; None where neither stopping nor a best is asked for
    patience: Any  # int64 [] or [*M]: epochs without progress before a member stops
    min_delta: Any  # float64 [] or [*M]: what counts as progress
    best_delta: Any  # float64 [] or [*M]: what counts as a new best
    reduce_rate: Any  # float64 [] or [*M]: by what the rate is multiplied instead; None where not
    reduce_to: Any  # float64 [] or [*M]: the least factor, at which the member stops after all


def watching(
    measured,
    patience,
    min_delta,
    best_delta,
    reduce_rate,
    reduce_to,
    restore_best,
    watch,
    members,
):
    """The Watch for these arguments of `train`."""
    if watch is not None:
        checks.one_of("watch", watch, measured)
    best_delta = min_delta if best_delta is None else best_delta
    min_delta, best_delta = (
        checks.for_members(name, checks.number(name, delta, least=-np.inf), members)
        for name, delta in (("min_delta", min_delta), ("best_delta", best_delta))
    )
    if patience is not None:
        patience = checks.wholes("patience", patience, least=1)
        checks.for_members("patience", patience, members)
    if reduce_rate is not None:
        if patience is None:
            raise InvalidArgument("reduce_rate needs patience: after how many epochs to reduce")
        reduce_rate = checks.number("reduce_rate", reduce_rate, above=True, most=1, below=True)
        checks.for_members("reduce_rate", reduce_rate, members)
    reduce_to = checks.number("reduce_to", reduce_to, above=True, most=1)
    checks.for_members("reduce_to", reduce_to, members)
    limits = min_delta, best_delta, reduce_rate, reduce_to
    if patience is None and not restore_best:
        return Watch(None, NEVER, *limits)
    if watch is None:
        watch = "validation_loss" if "validation_loss" in measured else "loss"
        if watch == "loss":
            warnings.warn(
                "there is no validation data, so patience and restore_best will watch the "
                'training loss; give validation=(x, y), or watch="loss" to say so',
                stacklevel=4,
            )
    return Watch(watch, np.asarray(NEVER if patience is None else patience), *limits)


def begin(net, optimizer, params, source, tuning, watch, measured, xla):
    """The Run to begin with: a new one from params or a Progress, or an earlier one to go on."""
    averaged = tuning.ema_momentum is not None
    if isinstance(params, Run):
        return _again(params, net, optimizer.kind, source, averaged, watch, measured)
    if isinstance(params, Progress):
        progress = _ready(params, averaged, watch)
        progress = progress._replace(
            epoch=np.int64(0),
            step=np.int64(0),
            loss_sum=np.zeros(progress.ended.shape),
            weight_sum=np.float64(0),
        )
    else:
        progress = _beginning(optimizer, params, averaged, watch)
    return Run(
        params=progress.params,
        state=progress.state,
        history={name: np.empty((0, *progress.ended.shape)) for name in measured},
        progress=progress,
        net=net,
        optimizer=optimizer.kind,
        rows=source.rows,
        steps=source.steps,
        xla=xla,
    )


def _beginning(optimizer, params, averaged, watch):
    members = tuple(params[0].w.shape[:-2])
    return Progress(
        params=params,
        state=optimizer.init(params),
        best=params if watch.name else (),
        average=params if averaged else (),
        scale=np.ones(members),
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


def _again(run, net, optimizer, source, averaged, watch, measured):
    """An earlier Run, ready to go on."""
    names = tuple(name for name in run.history if name != "ended")
    for what, was, now in (
        ("network", run.net, net),
        ("optimizer", run.optimizer, optimizer),
        ("number of rows", run.rows, source.rows),
        ("number of steps in an epoch", run.steps, source.steps),
        ("measures in its history", names, measured),
    ):
        if was != now:
            raise InvalidArgument(
                f"a Run must go on with the {what} that it began with, {was}; got {now}. "
                "Give its params instead to begin a new run from them"
            )
    return run._replace(progress=_ready(run.progress, averaged, watch))


def _ready(progress, averaged, watch):
    """A Progress, ready to go on; members run again unless they would stop at once."""
    stays = (np.asarray(progress.ended) == PATIENCE) & (np.asarray(progress.wait) >= watch.patience)
    average = (progress.average or progress.params) if averaged else ()
    best = () if watch.name is None else progress.best or average or progress.params
    ended = np.where(stays, PATIENCE, RUNNING).astype(np.int32)
    return progress._replace(best=best, average=average, ended=ended)
