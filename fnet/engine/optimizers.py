"""The step of an optimizer, on TensorFlow. Twin: `reference/optimizers.py`.

Optimizers themselves are data (`core/optimizers.py`); how one array changes stands in
`update_rules.py`, and the rate at a step in `learning_rates.py`.
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
        tuple(number.values()) if isinstance(number, dict) else number
        for number in hyperparameters(optimizer).values()
    )
    p, after = tensors.call_compiled(_update, spec, (p, internal, g, values))
    kept = tuple(map(tensors.to_external, after.moments))
    return tensors.to_external(p), OptState(after.step, kept)


def rates(function: Callable[..., Any], steps: Array) -> Any:
    """What a user's function gives at these steps `[n, *M]`, called with one after another."""
    return _compiled_rates(function, steps.shape[1:])(tf.constant(steps, tf.float64))


@bounded_cache(MAX_PROGRAMS)
def _compiled_rates(function: Callable[..., Any], members: Any) -> Any:
    one_after_another = functools.partial(tf.vectorized_map, learning_rates.rate(function, ()))
    signature = [tf.TensorSpec((None, *members), tf.float64)]
    return tf.function(one_after_another, input_signature=signature, autograph=False)


def hyperparameters(optimizer: Optimizer) -> Any:
    """The optimizer's numbers as float64 tensors; those of a schedule in a dict of their own."""
    return map_hyperparameters(lambda number: tensors.tensor(number, np.float64), optimizer)


def _update(spec: OptimizerSpec, arguments: Array) -> Any:
    params, state, grads, values = arguments
    hp = dict(zip(spec.names, values, strict=True))
    if isinstance(spec.schedule, tuple):
        _, names = spec.schedule
        hp["learning_rate"] = dict(zip(names, hp["learning_rate"], strict=True))
    return apply_update(make_update(spec, hp, grads), params, state, grads)


def make_update(spec: OptimizerSpec, hp: dict[str, Any], like: Any) -> Any:
    """What `apply_update` takes, for an optimizer of this spec with these hyperparameters.

    `like` is a structure like params. Returns a function of the updates so far and of `lr_scale`,
    which gives a function of a Field: the change of one of its arrays, and by what part of itself
    it decays, None where it does not.
    """
    dtype = checks.params_dtype(like)

    def cast(number: Array) -> Any:
        return tf.cast(number, dtype)

    rate = learning_rates.rate(spec.schedule, hp["learning_rate"])
    rule = RULES[spec.kind](hp, cast)

    def at(step: Array, lr_scale: Array) -> Any:
        base = rate(tf.cast(step, tf.float64))
        base = base if lr_scale is None else lr_scale * base
        t = tf.cast(step + 1, tf.float64)

        @functools.cache
        def of_factor(factor: Array, decay: Array) -> Any:
            now = base if factor == 1 else factor * base
            return rule(t, now), None if decay not in hp else cast(hp[decay] * now)

        return lambda field: of_factor(field.rate_factor, field.decay)

    return at


def apply_update(
    changes_at: Callable[..., Any],
    params: Params,
    state: Any,
    grads: Params,
    lr_scale: Array = None,
) -> Any:
    """One step, as it is compiled: the change at this step of every array of params.

    `changes_at` is what `make_update` returns. `lr_scale`, float64, `[]` or with the member axes,
    multiplies the rate; None is 1.
    """
    change_of = changes_at(state.step, lr_scale)

    def change_one(field: Field, p: Array, *others: Any) -> Any:
        change, decay = change_of(field)
        p = p if decay is None else p - expand_right(decay, p) * p
        return change(p, *others)

    changed = map_fields(change_one, params, grads, *state.moments)
    params, *moments = unzip(changed, 1 + len(state.moments))
    return params, OptState(state.step + 1, tuple(moments))
