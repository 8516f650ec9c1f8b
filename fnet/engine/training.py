"""A whole training run inside one compiled program, on TensorFlow. Twin: `reference/training.py`.

Each chunk of the plan is run by the program of `compiled_loop.py`; here stands what goes in and
what comes out, and the look back where something stopped being finite. The signature and the
docstring of `train` stand in `core/signatures/training.py`.
"""

import bisect
import functools
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core import batch_source, checks, run_state, signatures, training_loop
from fnet.core.aliases import Array, Params
from fnet.core.batch_source import Source
from fnet.core.early_stopping import NOT_FINITE, RUNNING, EarlyStopping
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.optimizers import spec as spec_of
from fnet.core.params import leaves
from fnet.core.run_state import NUMBERS, Run, RunSetup, TrainOptions, TrainState, map_state
from fnet.core.signatures import training as public
from fnet.engine import compiled_loop, optimizers, pipelines, tensors
from fnet.engine.compiled_loop import Chunk, Constants, Program

XLA_COMPILE_SECONDS = 0.5
"""Extra seconds that the first XLA call costs over a plain graph."""

XLA_SECONDS_SAVED_PER_STEP, XLA_SECONDS_SAVED_PER_FLOP = 1e-4, 1.5e-12
"""Seconds that XLA saves in a step, and more for each of its floating-point operations."""


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
    asked = TrainOptions(**options)
    start = run_state.initial_params(params)
    checks.sources((x, y, plan), asked)
    if asked.data is None:
        columns = x, y, plan
        source = batch_source.plan_source(
            net, start, columns, asked.class_weight, tensors.padded_tensor
        )
    else:
        source = pipelines.source(net, start, asked)
    custom = checks.callback("loss", asked.loss, "y and the outputs")
    if asked.xla is None:
        asked = asked._replace(xla=_xla_pays_off(net, params, source))
    runner = functools.partial(_chunk_runner, custom)
    engine = training_loop.Engine(runner, optimizers.rates, tensors.tensor)
    return training_loop.train(net, optimizer, params, source, asked, engine)


def _xla_pays_off(net: Network, params: Params, source: Source) -> Any:
    """Whether XLA saves more over all steps than it costs, by the amount of work alone."""
    _, members, _ = checks.params(net, run_state.initial_params(params))
    flops = batch_source.step_flops(net, source.width, members)
    saved = XLA_SECONDS_SAVED_PER_STEP + XLA_SECONDS_SAVED_PER_FLOP * flops
    return source.epochs * source.steps * saved > XLA_COMPILE_SECONDS


def _chunk_runner(custom: Any, setup: RunSetup, run: Run) -> Any:
    """The `run_chunk` of `training_loop.Engine`, by one compiled program."""
    names = tuple(name for name in run.history if name != "ended")
    spec = spec_of(setup.optimizer)
    program = Program(setup.net, spec, setup.stopping.monitor, names, custom)
    compiled = compiled_loop.compiled(program, run.xla)
    limits: Any = (() if limit is None else tensors.tensor(limit) for limit in setup.stopping[1:])
    constants = Constants(
        optimizers.hyperparameters(setup.optimizer),
        tensors.tuning_tensors(setup.tuning),
        EarlyStopping(None, *limits),
        () if setup.validation is None else tuple(map(tensors.padded_tensor, setup.validation)),
        tf.constant(run.steps, tf.int64),
    )
    dtype = checks.params_dtype(run.train_state.params)
    width = setup.source.width
    room = batch_source.chunk_room(setup.source), batch_source.padded_width(setup.source)
    (every_row, rows_in), (every_weight, weights_in) = (
        tensors.shared_buffer(room, kind) for kind in (np.int32, dtype)
    )

    def run_steps(now: TrainState, data: Any, count: int) -> Any:
        chunk = Chunk(data, rows_in, weights_in, tf.constant(count))
        after, measured, epochs = compiled(constants, now, chunk)
        return after, {name: values[: int(epochs)].numpy() for name, values in measured.items()}

    def position(now: TrainState) -> Any:
        return int(now.epoch) * run.steps + int(now.step)

    def run_finite(now: TrainState, data: Any, count: int) -> Any:
        """`run_steps`, up to `count` or to the first step after which a member is not finite.

        That member ends, as it was before the step.
        """
        after, measured = run_steps(now, data, count)
        if not np.any(_newly_non_finite(now, after)):
            return after, measured

        # A step that is run again has the same bits, so no step needs to keep what was before it.
        def non_finite(steps: Array) -> Any:
            return _newly_non_finite(now, run_steps(now, data, steps)[0])

        last = _last_finite_step(non_finite, position(after) - position(now))
        ends = non_finite(last + 1)
        after, measured = run_steps(now, data, last)
        after = after._replace(
            ended=tf.where(ends, NOT_FINITE, after.ended),
            ended_at=tf.where(ends, position(after), after.ended_at),
        )
        return after, measured

    def run_chunk(state: TrainState, data: Any, rows: Array, weights: Array) -> Any:
        now, parts = _to_internal(state), []
        began = position(now)
        while (done := position(now) - began) < len(rows) and np.any(now.ended == RUNNING):
            left = len(rows) - done
            every_row[:left, :width] = rows[done:]
            every_weight[:left, :width] = weights[done:]
            now, measured = run_finite(now, data, left)
            parts.append(measured)
        values = {name: np.concatenate([p[name] for p in parts]) for name in names}
        return map_state(tensors.to_external, now), values

    return run_chunk


def _newly_non_finite(before: TrainState, after: TrainState) -> Any:
    """Which members ran before and are not finite after, in loss, params or moments: `[*M]`.

    A gradient that is not finite leaves neither params nor moments finite, and what is not finite
    stays so: it is enough to look after many steps.
    """
    ran = np.asarray(before.ended) == RUNNING
    bad = np.asarray(after.ended) == NOT_FINITE
    for tree in (after.params, *after.state.moments):
        for array in map(np.asarray, leaves(tree)):
            bad = bad | ~np.isfinite(array).all(axis=tuple(range(ran.ndim, array.ndim)))
    return ran & bad


def _last_finite_step(non_finite: Array, count: int) -> Any:
    """How many of `count` steps come before the first that spoils a member: often all but one.

    `non_finite(n)` tells which members are not finite after n steps.
    """
    if not np.any(non_finite(count - 1)):
        return count - 1
    return bisect.bisect_left(range(1, count - 1), True, key=lambda n: bool(np.any(non_finite(n))))


def _to_internal(state: TrainState) -> Any:
    """A TrainState as tensors, as it is inside the program."""
    numbers = {name: tensors.tensor(getattr(state, name)) for name in NUMBERS}
    step = tensors.tensor(state.state.step)
    state = state._replace(state=state.state._replace(step=step), **numbers)
    return map_state(tensors.to_internal, state)
