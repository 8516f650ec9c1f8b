"""The loop on the host that takes a training run from piece to piece, for both engines.

An engine works off a piece, a number of steps, without a look at Python. Between pieces this loop
draws the next part of the plan, moves the progress bar, calls the hook and answers Ctrl-C. How a
run is cut into pieces follows the clock; what comes out does not depend on it by a bit.
"""

import contextlib
import signal
import threading
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks, class_weights, metric_names, run_state
from fnet.core.errors import InvalidArgument, NotFinite
from fnet.core.network import each
from fnet.core.progress_bar import progress_bar
from fnet.core.run_state import NOT_FINITE, PATIENCE, RUNNING, Progress, Run

PIECE_SECONDS = 0.25
"""How long a piece should take: short enough for Ctrl-C, long enough for its call to cost little"""

ENTRIES = 1 << 19
"""How many entries of the plan are drawn at a time, so that memory does not grow with epochs."""

ROOM = 8192
"""The most steps in a piece."""

FIRST = 1e9
"""Floating-point operations in the first piece, before the clock has said how long one takes."""

LOOKED_AT = 1 << 16
"""At how many of a run's steps, evenly spaced, a user's own rate is looked at before it begins."""


class Source(NamedTuple):
    """Where batches come from: a plan over rows, or a pipeline."""

    parts: Callable  # of the step to begin with: an iterator of (data, rows, weights)
    epochs: int
    steps: int  # in an epoch
    width: int  # of the largest batch
    rows: int | None  # of the data; None for a pipeline
    class_weights: Any = None  # as `classes.numbers` gives them


def planned(net, params, x, y, plan, class_weight, ready):
    """The Source of a plan: `data` is `(x, y)`, checked and made `ready` for the engine."""
    _, x, y, _ = checks.batch(net, params, x, y)
    plan = checks.plan(plan, len(checks.shared(x)))
    numbers = None
    if class_weight is not None:
        numbers = class_weights.numbers(net, class_weight, y, plan.weights)
        plan = plan if numbers.ndim > 1 else class_weights.weighed(net, plan, y, numbers)
    data = ready(x), ready(y)

    def from_step(done):
        return ((data, *part) for part in parts(plan, done))

    return Source(from_step, plan.epochs, plan.steps, plan.width, plan.rows, numbers)


def room(source):
    """How many steps a piece has room for."""
    return max(1, min(ROOM, ENTRIES // source.width))


def work(net, source, members=()):
    """Floating-point operations of a step: two a weight and row, forwards and twice backwards."""
    return 6 * source.width * sum(d * h for d, h in net.layers) * int(np.prod(members, dtype=int))


def parts(plan, done):
    """The plan from step `done` on, part by part: `(rows, weights)`, both `[steps, width]`.

    The first is short, and each may have four times the entries of the one before up to ENTRIES,
    or one epoch where that has more. While one is worked off, the next is drawn in another thread.
    """
    epoch, skip = divmod(done, plan.steps)
    entries = ENTRIES // 32

    def draw():
        nonlocal epoch, entries
        start, entries = epoch, min(4 * entries, ENTRIES)
        epoch = min(epoch + max(1, entries // (plan.steps * plan.width)), plan.epochs)
        return [part.reshape(-1, plan.width) for part in plan.piece(start, epoch)]

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(draw)
        while len((part := following.result())[0]):
            following = pool.submit(draw)
            yield tuple(column[skip:] for column in part)
            skip = 0


def pieces(parts, first, room):
    """The parts, cut into pieces that take about PIECE_SECONDS each, none longer than `room`.

    A piece lasts from where it is handed out to where the next is asked for.
    """
    count = first
    for data, rows, weights in parts:
        at = 0
        while at < len(rows):
            count = max(1, min(count, room))
            began = time.perf_counter()
            yield data, rows[at : at + count], weights[at : at + count]
            at += count
            pace = PIECE_SECONDS / (time.perf_counter() - began)
            count = int(count * min(pace, 8))


@contextlib.contextmanager
def interrupts():
    """Within it the first Ctrl-C only sets the event that it yields; the second raises."""
    asked = threading.Event()
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )

    def ask(*_):
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if ours:
        signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def train(
    net,
    optimizer,
    params,
    source,
    optimizers,
    make_piece,
    ready,
    *,
    tuning,
    validation,
    metrics,
    patience,
    min_delta,
    best_delta,
    reduce_rate,
    reduce_to,
    restore_best,
    watch,
    on_not_finite,
    hook,
    progress,
    xla,
):
    """What both sides' `train` do: check, begin or go on, work off the pieces, report.

    `optimizers` is the engine's room of that name.
    A `hook` with a method `_begin` may put an earlier Run in the place of the one to begin with.
    `make_piece(run, optimizer, source, tuning, watch, validation)` is the engine: it returns
    `piece(progress, data, rows, weights)`, which does these steps and returns the next Progress
    and a dict of what was measured at the end of each epoch within, `[epochs, *M]`.
    """
    layers, members, _ = checks.params(net, run_state.start(params))
    checks.optimizer(optimizer, layers, optimizers.RULES)
    if isinstance(params, Progress):
        checks.state(params.state, layers, len(optimizers.RULES[optimizer.kind][1]))
    if validation is not None:
        validation = checks.validation(net, layers, validation)
    tuning = checks.tuning(net, tuning, members)
    tuning, validation = _counting(net, source.class_weights, tuning, validation)
    checks.one_of("on_not_finite", on_not_finite, ("error", "warn"))
    checks.callback("hook", hook, "the Run so far")
    checks.flag("restore_best", restore_best)
    checks.flag("progress", progress)
    if xla is not None:
        checks.flag("xla", xla)
    measured = metric_names.measured(net, validation, metrics)
    seen = run_state.watching(
        *(measured, patience, min_delta, best_delta, reduce_rate, reduce_to),
        *(restore_best, watch, members),
    )

    def begun(params):
        if isinstance(params, Run):
            params = run_state.made(ready, params)
        given = params if isinstance(params, (Run, Progress)) else each(ready, layers)
        return run_state.begin(net, optimizer, given, source, tuning, seen, measured, xla)

    run = begun(params)
    if hasattr(hook, "_begin"):
        call = {"tuning": tuning, "validation": validation, "rules to stop by": seen}
        run = begun(hook._begin(run, source, optimizer, call))
    done = int(run.progress.epoch) * source.steps + int(run.progress.step)
    _rates(optimizers, optimizer, run, source.epochs * source.steps - done)
    piece = make_piece(run, optimizer, source, tuning, seen, validation)
    first = int(FIRST / work(net, source, members))
    with (
        contextlib.closing(source.parts(done)) as parts,
        progress_bar(
            source.epochs, "epoch", initial=int(run.progress.epoch), shown=progress
        ) as bar,
    ):
        run = drive(
            run, piece, pieces(parts, first, room(source)), source.epochs, restore_best, hook, bar
        )
    _report(run, on_not_finite)
    return run


def _counting(net, numbers, tuning, validation):
    """The Tuning and the validation data, with class weights where there are any."""
    if numbers is None:
        return tuning, validation
    if numbers.ndim > 1:
        if tuning.label_weights is not None:
            raise InvalidArgument("class_weight makes label_weights of its own; give one of them")
        return tuning._replace(label_weights=numbers), validation
    if validation is not None:
        x, y, own = validation
        own = own * class_weights.rows(net, y, numbers).astype(own.dtype)
        if not own.any():
            raise InvalidArgument("weights of validation times class weights must not all be 0")
        validation = x, y, own
    return tuning, validation


def _rates(optimizers, optimizer, run, left):
    """Refuse a user's rate that is negative or not finite in one of the steps that are left."""
    function = optimizers.form(optimizer).schedule
    if not callable(function) or left <= 0:
        return
    done = np.asarray(run.progress.state.step)
    count = min(left, max(2, LOOKED_AT // max(1, done.size)))
    steps = np.add.outer(np.rint(np.linspace(0, left - 1, count)).astype(np.int64), done)
    checks.rates(optimizers.rates(function, steps), steps)


def drive(run, piece, pieces, epochs, restore_best, hook, bar):
    """Work off the pieces and return the Run; `run` is the one to begin with."""
    measured = defaultdict(list, {name: [v] for name, v in run.history.items() if name != "ended"})

    def so_far(now, reason):
        history = {name: np.concatenate(values) for name, values in measured.items()}
        history["ended"] = _reasons(now, reason)
        params = now.best if restore_best else now.average or now.params
        return run._replace(params=params, state=now.state, history=history, progress=now)

    now, reason = run.progress, "epochs"
    with interrupts() as asked:
        for data, rows, weights in pieces:
            if np.all(np.asarray(now.ended) != RUNNING):
                break
            now, closed = piece(now, data, rows, weights)
            for name, values in closed.items():
                measured[name].append(values)
            done = int(now.epoch) + (round(int(now.step) / run.steps, 2) if now.step else 0)
            bar.update(done - bar.n)
            if hook is not None:
                _call(hook, so_far(now, "running"))
            if asked.is_set():
                reason = "interrupted" if int(now.epoch) < epochs else reason
                break
    if hook is not None and reason == "interrupted":
        _call(hook, so_far(now, reason))
    return so_far(now, reason)


def _reasons(now, otherwise):
    """Why each member ended, as `history["ended"]` says it."""
    codes = np.asarray(now.ended)
    reasons = np.where(codes == PATIENCE, "patience", np.where(codes, "not finite", otherwise))
    return reasons if reasons.ndim else str(reasons)


def _call(hook, run):
    try:
        hook(run)
    except BaseException as error:
        error.run = run
        raise


def _report(run, on_not_finite):
    """Raise or warn where a member blew up."""
    bad = np.asarray(run.progress.ended) == NOT_FINITE
    if not bad.any():
        return
    at = np.asarray(run.progress.ended_at)
    who = f" of {np.sum(bad)} of {bad.size} members" if bad.ndim else ""
    epoch, step = divmod(int(at[bad].min()), run.steps)
    message = (
        f"the loss or a gradient{who} stopped being finite, first in epoch {epoch}, step {step} "
        "(counted from 0). Usually the learning rate is too high, or x or y are not scaled: try "
        "a tenth of the rate, or standardize them. The run holds the last finite params"
    )
    if on_not_finite == "error":
        error = NotFinite(message)
        error.run = run
        raise error
    warnings.warn(message, RuntimeWarning, stacklevel=4)
