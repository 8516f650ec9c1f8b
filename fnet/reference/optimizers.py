"""The step of an optimizer, in NumPy. Twin of `optimizers.py`.

Params, gradients and moments are packed (`layout.py`): one row of numbers for each member,
`[*M, P]`. Hyperparameters are numbers, or `[*M, 1]` beside such rows, in float64; what a rule gives
is rounded to the dtype of params.
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

OUTSIDE = ("learning_rate", "weight_decay", "bias_decay")
"""Hyperparameters that are not a rule's own."""


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
    p, after = apply_update(p, OptState(step, tuple(moments)), g)
    kept = tuple(layout.unpack(shapes, row) for row in after.moments)
    return layout.unpack(shapes, p), OptState(after.step, kept)


def rates(function: Callable[..., Any], steps: Array) -> Any:
    """What a user's function gives at these steps `[n, *M]`, called with one after another."""
    at = learning_rates.rate(function, ())
    with np.errstate(all="ignore"):
        return np.array([at(np.asarray(k, np.float64)) for k in steps])


def hyperparameters(optimizer: Optimizer) -> Any:
    """The optimizer's numbers as float64 arrays; those of a schedule in a dict of their own."""
    return map_hyperparameters(lambda number: np.asarray(number, np.float64)[()], optimizer)


def make_update(spec: OptimizerSpec, hp: dict[str, Any], shapes: Shapes) -> Any:
    """The step of an optimizer of this spec with these hyperparameters, for params of these shapes.

    Returns `apply_update(p, state, g, lr_scale=None) -> (p, state)`, in which `lr_scale`, `[]` or
    `[*M]`, multiplies the rate.
    """
    rate_at = learning_rates.rate(spec.schedule, hp["learning_rate"])
    rule = RULES[spec.kind]
    own = {name: _beside_rows(number) for name, number in hp.items() if name not in OUTSIDE}
    factors, decays = layout.spread(shapes, "rate_factor"), _decays(hp, shapes)
    alike = bool(np.all(factors == 1))

    def apply_update(p: Array, state: Any, g: Array, lr_scale: Array = None) -> Any:
        rate = rate_at(np.asarray(state.step, np.float64)[()])
        rate = _beside_rows(rate if lr_scale is None else lr_scale * rate)
        t = _beside_rows(state.step + 1)
        if decays is not None:
            p = p - np.asarray(rate * decays, p.dtype) * p
        rates = rate if alike else rate * factors
        found = rule(p, g, *state.moments, t=t, rate=rates, **own)
        changed, *moments = (row.astype(p.dtype, copy=False) for row in found)
        return changed, OptState(state.step + 1, tuple(moments))

    return apply_update


def _beside_rows(number: Array) -> Any:
    """A number as it goes with rows `[*M, P]`: a plain one, or `[*M, 1]`."""
    found = np.asarray(number)
    return found[..., None] if found.ndim else found.item()


def _decays(hp: dict[str, Any], shapes: Shapes) -> Any:
    """By how much of the rate each number of a row decays, `[P]` or `[*M, P]`; None if none do."""
    names = [name for name in ("weight_decay", "bias_decay") if name in hp]
    if not names:
        return None
    decay = layout.spread(shapes, "decay")
    return sum(_beside_rows(hp[name]) * (decay == name) for name in names)
