"""The training loop on the host, which runs one chunk after another, for both engines.

An engine runs a chunk, a number of steps, without returning to Python. Between chunks this loop
fetches the next batches, updates the progress bar, calls the callback and handles Ctrl-C. The sizes
of chunks depend on the clock; the result does not, bit for bit.
"""

import contextlib
import warnings
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fnet.core import (
    batch_source,
    checks,
    class_weights,
    early_stopping,
    metric_names,
    optimizers,
    run_state,
    running_members,
    schedules,
)
from fnet.core.aliases import PRECISIONS
from fnet.core.batch_source import HeldOut, Source
from fnet.core.early_stopping import NOT_FINITE, PATIENCE, RUNNING
from fnet.core.errors import InvalidArgument, NotFinite
from fnet.core.interrupts import interrupts
from fnet.core.params import map_params
from fnet.core.progress_bar import progress_bar
from fnet.core.run_state import Run, RunSetup, TrainOptions, TrainState

CHECKED_RATES = 1 << 16
"""The number of steps, evenly spaced over a run, at which a user's rate function is checked."""


class Engine(NamedTuple):
    """The functions that the loop needs from an engine.

    Attributes:
        chunk_runner: `chunk_runner(setup, run, halving)` returns `run_chunk(train_state, data,
            rows, weights)`, which runs these steps and returns the next TrainState and a dict of
            the values measured at the ends of epochs, `[epochs, *M]`. It returns early where the
            `Halving` is due.
        compile_steps: `compile_steps(setup, run)`: how many steps of one member take as long as to
            compile a program.
        rates: `rates(function, steps)`: the rates that a user's function returns at steps `[n,
            *M]`.
        to_array: Converts an array to the engine's type.
        agree: `agree(number)`: the largest number of all processes that share the run.
    """

    chunk_runner: Callable[..., Any]
    compile_steps: Callable[..., int]
    rates: Callable[..., Any]
    to_array: Callable[[Any], Any]
    agree: Callable[[float], float] = float


def train(
    net: Any,
    optimizer: Any,
    params: Any,
    source: Source,
    options: TrainOptions,
    engine: Engine,
) -> Run:
    """The body of `train` on both sides: check, start or resume, run the chunks, report.

    A callback with a method `_begin` may replace the initial Run by an earlier one.
    """
    layers, members, _ = checks.params(net, run_state.initial_params(params))
    optimizers.check(optimizer, layers)
    if isinstance(params, TrainState):
        optimizers.check_state(params.state, layers, optimizer.kind)
    setup = _setup(net, optimizer, source, options, layers)

    def start(params: Any, same_call: bool = False) -> Run:
        if isinstance(params, Run):
            params = run_state.convert_arrays(engine.to_array, params)
        elif not isinstance(params, TrainState):
            params = map_params(engine.to_array, layers)
        return run_state.start_run(setup, params, same_call)

    run, callback = start(params), options.callback
    if hasattr(callback, "_begin"):
        run = start(callback._begin(run, setup), same_call=True)
    done = int(run.train_state.epoch) * source.steps + int(run.train_state.step)
    _check_rates(engine, optimizer, run, source.epochs * source.steps - done)
    if members and options.loss is None and not callable(optimizers.spec(optimizer).schedule):
        patient = engine.compile_steps(setup, run)
        run_chunk = running_members.chunk_runner(engine.chunk_runner, setup, run, patient)
    else:  # a user's function may hold numbers of all members
        run_chunk = engine.chunk_runner(setup, run, running_members.NEVER)
    first = int(
        batch_source.FIRST_CHUNK_FLOPS / batch_source.step_flops(net, source.width, members)
    )
    epoch = int(run.train_state.epoch)
    with (
        contextlib.closing(source.batches_from(done)) as blocks,
        progress_bar(source.epochs, "epoch", initial=epoch, shown=options.progress) as bar,
    ):
        chunks = batch_source.timed_chunks(
            blocks, first, batch_source.chunk_capacity(source), engine.agree
        )
        run = run_loop(run, run_chunk, chunks, source.epochs, options, bar, engine.agree)
    _report(run, options.on_not_finite)
    return run


def _setup(
    net: Any, optimizer: Any, source: Source, options: TrainOptions, params: Any
) -> RunSetup:
    """The options, checked against the network, its params and each other."""
    validation = options.validation
    if isinstance(validation, HeldOut):
        validation = tuple(validation)  # checked by its maker
    elif validation is not None:
        validation = checks.validation(net, params, validation)
    members = checks.members_of(params)
    tuning = checks.tuning(net, options.tuning, members)
    tuning, validation = _apply_class_weights(net, source.class_weights, tuning, validation)
    checks.one_of("on_not_finite", options.on_not_finite, ("error", "warn"))
    checks.callback("callback", options.callback, "the Run so far")
    checks.boolean("restore_best", options.restore_best)
    checks.boolean("progress", options.progress)
    if options.xla is not None:
        checks.boolean("xla", options.xla)
    measured = metric_names.history_names(net, validation, options.metrics)
    stopping = early_stopping.early_stopping(options, measured, members)
    checks.one_of("precision", options.precision, PRECISIONS)
    return RunSetup(
        *(net, optimizer, source, tuning, stopping, measured, validation),
        *(options.xla, options.precision),
    )


def _apply_class_weights(net: Any, per_class: Any, tuning: Any, validation: Any) -> tuple[Any, Any]:
    """The Tuning and the validation data, with class weights if there are any."""
    if per_class is None:
        return tuning, validation
    if class_weights.of_labels(net):
        if tuning.label_weights is not None:
            raise InvalidArgument("class_weight sets label_weights; give only one of them")
        return tuning._replace(label_weights=per_class), validation
    if validation is not None:
        x, y, own = validation
        own = own * class_weights.row_factors(net, y, per_class, x.ndim).astype(own.dtype)
        if not own.any(axis=-1).all():
            raise InvalidArgument("weights of validation times class weights must not all be 0")
        validation = x, y, own
    return tuning, validation


def _check_rates(engine: Engine, optimizer: Any, run: Run, left: int) -> None:
    """Refuse a rate function that returns a negative or non-finite rate in a remaining step."""
    function = optimizers.spec(optimizer).schedule
    if not callable(function) or left <= 0:
        return
    done = np.asarray(run.train_state.state.step)
    count = min(left, max(2, CHECKED_RATES // max(1, done.size)))
    steps = np.add.outer(np.rint(np.linspace(0, left - 1, count)).astype(np.int64), done)
    schedules.check_rates(engine.rates(function, steps), steps)


def run_loop(
    run: Run,
    run_chunk: Any,
    chunks: Any,
    epochs: int,
    options: TrainOptions,
    bar: Any,
    agree: Callable[[float], float] = float,
) -> Run:
    """Run the chunks, starting from `run`, and return the Run."""
    callback = options.callback
    measured = defaultdict(list, {name: [v] for name, v in run.history.items() if name != "ended"})

    def so_far(now: TrainState, reason: str) -> Run:
        history: dict[str, Any] = {name: np.concatenate(v) for name, v in measured.items()}
        history["ended"] = _reasons(now, reason)
        params = now.best if options.restore_best else now.average or now.params
        return run._replace(params=params, state=now.state, history=history, train_state=now)

    now, reason = run.train_state, "epochs"
    with interrupts() as requested:
        for data, rows, weights in chunks:
            if np.all(np.asarray(now.ended) != RUNNING):
                break
            now, values_by_name = run_chunk(now, data, rows, weights)
            for name, values in values_by_name.items():
                measured[name].append(values)
            done = int(now.epoch) + (round(int(now.step) / run.steps, 2) if now.step else 0)
            if not bar.disable:
                _show_score(bar, values_by_name)
            bar.update(done - bar.n)
            if callback is not None:
                _call(callback, so_far(now, "running"))
            if agree(requested.is_set()):
                reason = "interrupted" if int(now.epoch) < epochs else reason
                break
    if callback is not None and reason == "interrupted":
        _call(callback, so_far(now, reason))
    return so_far(now, reason)


def _show_score(bar: Any, values_by_name: dict[str, Any]) -> None:
    """Show the validation loss so far beside a bar, the mean over members."""
    losses = np.asarray(values_by_name.get("validation_loss", ()))
    if len(losses):
        bar.set_postfix_str(f"validation loss {losses[-1].mean():.4g}", refresh=False)


def _reasons(now: TrainState, otherwise: str) -> Any:
    """The reason why each member ended, for `history["ended"]`."""
    codes = np.asarray(now.ended)
    reasons = np.where(codes == PATIENCE, "patience", np.where(codes, "not finite", otherwise))
    return reasons if reasons.ndim else str(reasons)


def _call(callback: Callable[[Run], Any], run: Run) -> None:
    try:
        callback(run)
    except BaseException as error:
        error.run = run  # type: ignore[attr-defined]
        raise


def _report(run: Run, on_not_finite: str) -> None:
    """Raise or warn if a member became non-finite."""
    bad = np.asarray(run.train_state.ended) == NOT_FINITE
    if not bad.any():
        return
    ended_at = np.asarray(run.train_state.ended_at)
    members = f" of {np.sum(bad)} of {bad.size} members" if bad.ndim else ""
    epoch, step = divmod(int(ended_at[bad].min()), run.steps)
    message = (
        f"the loss or a gradient{members} stopped being finite, first in epoch {epoch}, "
        f"step {step} (counted from 0). Usually the learning rate is too high, or x or y are not "
        "scaled: try a tenth of the rate, or standardize them. The run holds the last finite params"
    )
    if on_not_finite == "error":
        error = NotFinite(message)
        error.run = run
        raise error
    warnings.warn(message, RuntimeWarning, stacklevel=early_stopping.STACKLEVEL - 1)
