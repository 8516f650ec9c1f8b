"""A whole training run inside one compiled program, on TensorFlow. Twin: `reference/training.py`.

The compiled function of `compiled_loop.py` runs each chunk of the plan. This module prepares its
arguments, converts its results, and finds the step in which a member became non-finite. The
signature and the docstring of `train` are in `core/signatures/training.py`.
"""

import bisect
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core import batch_source, checks, run_state, running_members, signatures, training_loop
from fnet.core.aliases import Array, Params
from fnet.core.batch_source import Source
from fnet.core.early_stopping import NOT_FINITE, RUNNING, EarlyStopping
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.optimizers import spec as spec_of
from fnet.core.params import leaves
from fnet.core.run_state import NUMBERS, Run, RunSetup, TrainOptions, TrainState, map_state
from fnet.core.running_members import Halving
from fnet.core.signatures import training as public
from fnet.engine import compiled_loop, optimizers, pipelines, precision, tensors, validation
from fnet.engine.compiled_loop import Chunk, Constants, Program
from fnet.engine.workers import ALONE, Workers, largest

XLA_COMPILE_SECONDS = 0.5
"""Extra seconds that the first XLA call costs over a plain graph."""

XLA_SECONDS_SAVED_PER_STEP, XLA_SECONDS_SAVED_PER_FLOP = {False: 1e-4, True: 4.5e-4}, 1.5e-12
"""Seconds that XLA saves per step, by whether params have a member axis, whatever its length; and
in addition per floating-point operation."""


COMPILE_SECONDS = {True: 0.3, False: 0.2}
"""Seconds to wait for a shorter program, by whether XLA compiles it. XLA takes three times as long
to compile; but a program that was compiled before takes none, and what is left is not known."""

MEMBER_SECONDS, MEMBER_SECONDS_PER_FLOP = 2e-6, 1.5e-11
"""Seconds that a step of one member takes among many, and in addition per floating-point operation.
"""


@signatures.implements(public.train)
def train(
    net: Network,
    optimizer: Optimizer,
    params: Params,
    x: Array = None,
    y: Array = None,
    plan: Array = None,
    **options: Any,
) -> Run:
    settings = TrainOptions(**options)
    return training_loop.train(*prepare(ALONE, net, optimizer, params, (x, y, plan), settings))


def prepare(
    workers: Workers,
    net: Network,
    optimizer: Optimizer,
    params: Params,
    rows: tuple[Array, Array, Array],
    settings: TrainOptions,
) -> tuple[Network, Optimizer, Params, Source, TrainOptions, training_loop.Engine]:
    """The arguments of `training_loop.train`, on `rows = (x, y, plan)`.

    Args:
        workers: Those that share each batch; each calls `train`.
        net: The network.
        optimizer: The optimizer.
        params: What the run starts from.
        rows: x, y and the plan.
        settings: The options of `train`.

    Returns:
        The arguments.
    """
    x, y, plan = rows
    start = run_state.initial_params(params)
    checks.sources((x, y, plan), settings)
    if settings.data is None:
        data = x, y, plan
        source = batch_source.plan_source(
            net, start, data, settings.class_weight, tensors.padded_tensor
        )
    else:
        source = pipelines.source(net, start, settings)
    custom = checks.callback("loss", settings.loss, "y and the outputs")
    if settings.xla is None:
        settings = settings._replace(xla=_xla_pays_off(net, params, source))
    runner = functools.partial(_chunk_runner, custom, workers)
    agree = functools.partial(largest, workers)
    engine = training_loop.Engine(runner, _compile_steps, optimizers.rates, tensors.tensor, agree)
    return net, optimizer, params, source, settings, engine


def _xla_pays_off(net: Network, params: Params, source: Source) -> Any:
    """Whether XLA saves more time over all steps than it costs, judged by the amount of work."""
    _, members, _ = checks.params(net, run_state.initial_params(params))
    flops = batch_source.step_flops(net, source.width, members)
    return xla_saves(source.epochs * source.steps, flops, bool(members))


def xla_saves(steps: int, flops: int, has_members: bool) -> bool:
    """Whether XLA saves time over these steps, each of so many floating-point operations."""
    saved = XLA_SECONDS_SAVED_PER_STEP[has_members] + XLA_SECONDS_SAVED_PER_FLOP * flops
    return steps * saved > XLA_COMPILE_SECONDS


def _compile_steps(setup: RunSetup, run: Run) -> int:
    """How many steps of one member take as long as to compile a program, judged by the work."""
    flops = batch_source.step_flops(setup.net, setup.source.width)
    return int(COMPILE_SECONDS[bool(run.xla)] / (MEMBER_SECONDS + MEMBER_SECONDS_PER_FLOP * flops))


def _chunk_runner(
    custom: Any, workers: Workers, setup: RunSetup, run: Run, halving: Halving
) -> Any:
    """The `run_chunk` of `training_loop.Engine`, which calls one compiled function."""
    names = tuple(name for name in run.history if name != "ended")
    spec = spec_of(setup.optimizer)
    monitor = setup.stopping.monitor
    program = Program(setup.net, spec, monitor, names, custom, setup.precision, workers)
    compiled = compiled_loop.compiled(program, run.xla)
    limits: Any = (() if limit is None else tensors.tensor(limit) for limit in setup.stopping[1:])
    constants = Constants(
        optimizers.hyperparameters(setup.optimizer),
        tensors.tuning_tensors(setup.tuning),
        EarlyStopping(None, *limits),
        validation.to_tensors(setup.net, setup.validation),
        tf.constant(run.steps, tf.int64),
        Halving(*map(tensors.tensor, halving)),
    )
    dtype = checks.params_dtype(run.train_state.params)
    width = setup.source.width
    shape = batch_source.chunk_capacity(setup.source), batch_source.padded_width(setup.source)
    capacity, padded_width = shape

    def to_chunk(data: Any, rows: Array, weights: Array) -> Chunk:
        """A Chunk of these steps: new tensors, filled up to the program's shape.

        A device keeps its copy of a tensor. So no tensor is written to once it has been used.
        """
        rows_array, rows_tensor = tensors.shared_buffer(shape, np.int32)
        weights_array, weights_tensor = tensors.shared_buffer(
            (capacity, *setup.source.members, padded_width), dtype
        )
        rows_array[: len(rows), :width] = rows
        weights_array[: len(rows), ..., :width] = weights
        return Chunk(data, rows_tensor, weights_tensor, tf.constant(len(rows)))

    def run_steps(now: TrainState, chunk: Chunk, count: int) -> Any:
        some = chunk._replace(count=tf.constant(count))
        with precision.products(setup.precision):
            # `compiled` itself logs a warning where calls have many shapes.
            program = compiled.get_concrete_function(constants, now, some)
            after, measured, epochs = program(constants, now, some)
        return after, {name: values[: int(epochs)].numpy() for name, values in measured.items()}

    def position(now: TrainState) -> Any:
        return int(now.epoch) * run.steps + int(now.step)

    def run_finite(now: TrainState, chunk: Chunk, count: int) -> Any:
        """As `run_steps`, but stops before the first step that makes a member non-finite.

        That member ends with the values before the step.
        """
        after, measured = run_steps(now, chunk, count)
        if not np.any(_newly_non_finite(now, after)):
            return after, measured

        # Running a step again gives the same bits, so no step needs to keep a copy of its input.
        def non_finite(steps: int) -> Any:
            return _newly_non_finite(now, run_steps(now, chunk, steps)[0])

        last = _last_finite_step(non_finite, position(after) - position(now))
        ends = non_finite(last + 1)
        after, measured = run_steps(now, chunk, last)
        after = after._replace(
            ended=tf.where(ends, NOT_FINITE, after.ended),
            ended_at=tf.where(ends, position(after), after.ended_at),
        )
        return after, measured

    def run_chunk(state: TrainState, data: Any, rows: Array, weights: Array) -> Any:
        now = _to_internal(state)
        results: list[Any] = []
        start = position(now)
        while (done := position(now) - start) < len(rows) and np.any(now.ended == RUNNING):
            if results and running_members.is_due(halving, now, run.steps, np.count_nonzero):
                break
            chunk = to_chunk(data, rows[done:], weights[done:])
            now, measured = run_finite(now, chunk, len(rows) - done)
            results.append(measured)
        values = {name: np.concatenate([r[name] for r in results]) for name in names}
        return map_state(tensors.to_external, now), values

    return run_chunk


def _newly_non_finite(before: TrainState, after: TrainState) -> Any:
    """Which members ran before and are non-finite after, in loss, params or moments: `[*M]`.

    A non-finite gradient makes params or moments non-finite, and they stay so. One check after
    many steps is therefore enough.
    """
    ran = np.asarray(before.ended) == RUNNING
    bad = np.asarray(after.ended) == NOT_FINITE
    for tree in (after.params, *after.state.moments):
        for array in map(np.asarray, leaves(tree)):
            bad = bad | ~np.isfinite(array).all(axis=tuple(range(ran.ndim, array.ndim)))
    return ran & bad


def _last_finite_step(non_finite: Callable[[int], Any], count: int) -> int:
    """The number of steps before the first of `count` that makes a member non-finite.

    `non_finite(steps)` returns which members are non-finite after this number of steps. The last
    step is tried first, since it is often the one.
    """
    if not np.any(non_finite(count - 1)):
        return count - 1
    return bisect.bisect_left(range(1, count - 1), True, key=lambda n: bool(np.any(non_finite(n))))


def _to_internal(state: TrainState) -> Any:
    """A TrainState as tensors, for the compiled function."""
    numbers = {name: tensors.tensor(getattr(state, name)) for name in NUMBERS}
    step = tensors.tensor(state.state.step)
    state = state._replace(state=state.state._replace(step=step), **numbers)
    return map_state(tensors.to_internal, state)
