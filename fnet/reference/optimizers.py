"""The step of an optimizer, in NumPy. Twin of `engine/optimizers.py`.

Params, gradients and moments are packed (`layout.py`): one row for each member, `[*M, P]`.
Hyperparameters are numbers or `[*M, 1]`, in float64. The results of a rule are rounded to the dtype
of params.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnet.core import checks, optimizers, schedules, signatures
from fnet.core.aliases import Array, Params
from fnet.core.optimizers import Optimizer, OptimizerSpec, OptState, map_hyperparameters
from fnet.core.params import Shapes, shapes_of
from fnet.core.signatures.functions import update as update_signature
from fnet.reference import layout, learning_rates
from fnet.reference.update_rules import RULES

NOT_OF_RULES = ("learning_rate", "weight_decay", "bias_decay")
"""Hyperparameters that are not arguments of a rule."""


@signatures.implements(update_signature)
def update(
    optimizer: Optimizer, params: Params, state: Any, grads: Params
) -> tuple[Params, OptState]:
    optimizers.check(optimizer, params)
    checks.same_structure("grads", grads, params)
    optimizers.check_state(state, params, optimizer.kind)
    trees = [checks.entries("params", tree) for tree in (params, grads, *state.moments)]
    p, g, *moments = map(layout.pack, trees)
    shapes, step, spec = shapes_of(trees[0]), np.asarray(state.step)[()], optimizers.spec(optimizer)
    if callable(spec.schedule):
        rate = learning_rates.rate(spec.schedule, ())(np.asarray(step, np.float64))
        schedules.check_rates(rate, step)
    apply_update = make_update(spec, hyperparameters(optimizer), shapes)
    p, new_state = apply_update(p, OptState(step, tuple(moments)), g)
    new_moments = tuple(layout.unpack(shapes, row) for row in new_state.moments)
    return layout.unpack(shapes, p), OptState(new_state.step, new_moments)


def rates(function: Callable[..., Any], steps: Array) -> Any:
    """The rates that a user's function returns at these steps `[n, *M]`, one call per step."""
    rate_at = learning_rates.rate(function, ())
    with np.errstate(all="ignore"):
        return np.array([rate_at(np.asarray(k, np.float64)) for k in steps])


def hyperparameters(optimizer: Optimizer) -> Any:
    """Hyperparameters by name as float64 arrays; those of a schedule in a nested dict."""
    return map_hyperparameters(lambda value: np.asarray(value, np.float64)[()], optimizer)


def make_update(spec: OptimizerSpec, hp: dict[str, Any], shapes: Shapes) -> Any:
    """The step of an optimizer with these hyperparameters, for params of these shapes.

    Returns:
        `apply_update(p, state, g, lr_scale=None) -> (p, state)`. `lr_scale`, `[]` or `[*M]`,
        multiplies the rate.
    """
    rate_at = learning_rates.rate(spec.schedule, hp["learning_rate"])
    rule = RULES[spec.kind]
    own = {name: _for_rows(number) for name, number in hp.items() if name not in NOT_OF_RULES}
    rate_factors, decays = layout.repeat_attribute(shapes, "rate_factor"), _decays(hp, shapes)
    one_rate = bool(np.all(rate_factors == 1))

    def apply_update(p: Array, state: Any, g: Array, lr_scale: Array = None) -> Any:
        rate = rate_at(np.asarray(state.step, np.float64)[()])
        rate = _for_rows(rate if lr_scale is None else lr_scale * rate)
        t = _for_rows(state.step + 1)
        if decays is not None:
            p = p - np.asarray(rate * decays, p.dtype) * p
        rates = rate if one_rate else rate * rate_factors
        results = rule(p, g, state.moments, t=t, rate=rates, **own)
        p, *moments = (row.astype(p.dtype, copy=False) for row in results)
        return p, OptState(state.step + 1, tuple(moments))

    return apply_update


def _for_rows(number: Array) -> Any:
    """A number that broadcasts with rows `[*M, P]`: a Python number, or `[*M, 1]`."""
    array = np.asarray(number)
    return array[..., None] if array.ndim else array.item()


def _decays(hp: dict[str, Any], shapes: Shapes) -> Any:
    """The decay of each entry of a row, `[P]` or `[*M, P]`; None without decay."""
    names = [name for name in ("weight_decay", "bias_decay") if name in hp]
    if not names:
        return None
    decay = layout.repeat_attribute(shapes, "decay")
    return sum(_for_rows(hp[name]) * (decay == name) for name in names)
