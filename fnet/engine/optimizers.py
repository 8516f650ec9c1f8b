"""The step of an optimizer, on TensorFlow. Twin: `reference/optimizers.py`.

Optimizers are data (`core/optimizers.py`). `update_rules.py` has the update of one array, and
`learning_rates.py` the rate at a step.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core import checks, optimizers, schedules, signatures
from fnet.core.aliases import Array, Params
from fnet.core.optimizers import (
    Optimizer,
    OptimizerSpec,
    OptState,
    expand_right,
    map_hyperparameters,
)
from fnet.core.params import Field, map_fields, unzip
from fnet.core.signatures.functions import update as update_signature
from fnet.engine import learning_rates, tensors
from fnet.engine.program_cache import MAX_PROGRAMS, bounded_cache
from fnet.engine.update_rules import RULES


@signatures.implements(update_signature)
@tensors.no_autograph
def update(
    optimizer: Optimizer, params: Params, state: Any, grads: Params
) -> tuple[Params, OptState]:
    optimizers.check(optimizer, params)
    checks.same_structure("grads", grads, params)
    optimizers.check_state(state, params, optimizer.kind)
    trees = [checks.entries("params", tree) for tree in (params, grads, *state.moments)]
    p, g, *moments = map(tensors.to_internal, trees)
    internal = OptState(tensors.tensor(state.step), tuple(moments))
    spec = optimizers.spec(optimizer)
    if callable(spec.schedule):
        rate = learning_rates.rate(spec.schedule, ())(tf.cast(internal.step, tf.float64))
        schedules.check_rates(rate, internal.step)
    values = tuple(
        tuple(value.values()) if isinstance(value, dict) else value
        for value in hyperparameters(optimizer).values()
    )
    p, new_state = tensors.call_compiled(_update, spec, (p, internal, g, values))
    new_moments = tuple(map(tensors.to_external, new_state.moments))
    return tensors.to_external(p), OptState(new_state.step, new_moments)


def rates(function: Callable[..., Any], steps: Array) -> Any:
    """The rates that a user's function returns at these steps `[n, *M]`, one call per step."""
    return _compiled_rates(function, steps.shape[1:])(tf.constant(steps, tf.float64))


@bounded_cache(MAX_PROGRAMS)
def _compiled_rates(function: Callable[..., Any], members: Any) -> Any:
    map_steps = functools.partial(tf.vectorized_map, learning_rates.rate(function, ()))
    signature = [tf.TensorSpec((None, *members), tf.float64)]
    return tf.function(map_steps, input_signature=signature, autograph=False)


def hyperparameters(optimizer: Optimizer) -> Any:
    """Hyperparameters by name as float64 tensors; those of a schedule in a nested dict."""
    return map_hyperparameters(lambda value: tensors.tensor(value, np.float64), optimizer)


def _update(spec: OptimizerSpec, arguments: tuple[Any, ...]) -> Any:
    params, state, grads, values = arguments
    hp = dict(zip(spec.names, values, strict=True))
    if isinstance(spec.schedule, tuple):
        _, names = spec.schedule
        hp["learning_rate"] = dict(zip(names, hp["learning_rate"], strict=True))
    return apply_update(make_update(spec, hp, grads), params, state, grads)


def make_update(spec: OptimizerSpec, hp: dict[str, Any], params: Params) -> Any:
    """The `update_at_step` of `apply_update`, for an optimizer with these hyperparameters.

    `params` are params or a structure like them.

    Returns:
        `update_at_step(step, lr_scale)`, given the updates done so far. It returns
        `update_of_field(field)`, which returns the update of one array and the fraction by which
        the array decays, or None without decay.
    """
    dtype = checks.params_dtype(params)

    def cast(value: Array) -> Any:
        return tf.cast(value, dtype)

    rate = learning_rates.rate(spec.schedule, hp["learning_rate"])
    rule = RULES[spec.kind](hp, cast)

    def update_at_step(step: Array, lr_scale: Array) -> Any:
        base = rate(tf.cast(step, tf.float64))
        base = base if lr_scale is None else lr_scale * base
        t = tf.cast(step + 1, tf.float64)

        @functools.cache
        def update_for(rate_factor: float, decay: str | None) -> Any:
            own_rate = base if rate_factor == 1 else rate_factor * base
            return rule(t, own_rate), None if decay not in hp else cast(hp[decay] * own_rate)

        return lambda field: update_for(field.rate_factor, field.decay)

    return update_at_step


def apply_update(
    update_at_step: Callable[..., Any],
    params: Params,
    state: Any,
    grads: Params,
    lr_scale: Array = None,
) -> Any:
    """One step of an optimizer in a compiled function: `(params, state)`.

    `make_update` returns `update_at_step`. `lr_scale`, float64 `[]` or `[*M]`, multiplies the rate;
    None is 1.
    """
    update_of_field = update_at_step(state.step, lr_scale)

    def update_array(field: Field, p: Array, g: Array, *moments: Any) -> Any:
        change, decay = update_of_field(field)
        p = p if decay is None else p - expand_right(decay, p) * p
        return change(p, g, *moments)

    updated = map_fields(update_array, params, grads, *state.moments)
    params, *moments = unzip(updated, 1 + len(state.moments))
    return params, OptState(state.step + 1, tuple(moments))
