"""Checks of schedules and of the rates that they give."""

import numpy as np

from fnet.core.checks.arrays import array, shape_of, text
from fnet.core.checks.params import for_members
from fnet.core.checks.scalars import number, one_of, wholes
from fnet.core.errors import InvalidArgument

KINDS = ("constant", "exponential", "inverse_scaling", "cosine", "piecewise", "log_cosine")
"""The kinds of schedule that both engines implement."""

LISTS = ("boundaries", "values")
"""The numbers of a schedule that have an axis of their own on the right."""


def constant(learning_rate, every):
    """The kind and the numbers of a constant."""
    return "constant", {"learning_rate": number("learning_rate", learning_rate)} | _every(every)


def exponential(initial_learning_rate, decay_steps, decay_rate, every):
    """The kind and the numbers of an exponential."""
    return "exponential", {
        "initial_learning_rate": number("initial_learning_rate", initial_learning_rate),
        "decay_steps": number("decay_steps", decay_steps, above=True),
        "decay_rate": number("decay_rate", decay_rate, above=True),
    } | _every(every)


def inverse_scaling(initial_learning_rate, power, decay_steps, every):
    """The kind and the numbers of an inverse_scaling."""
    return "inverse_scaling", {
        "initial_learning_rate": number("initial_learning_rate", initial_learning_rate),
        "power": number("power", power),
        "decay_steps": number("decay_steps", decay_steps, above=True),
    } | _every(every)


def cosine(initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps, every):
    """The kind and the numbers of a cosine; without a target there is no warm-up."""
    numbers = {
        "initial_learning_rate": number("initial_learning_rate", initial_learning_rate),
        "decay_steps": number("decay_steps", decay_steps, above=True),
        "alpha": number("alpha", alpha, most=1),
    }
    warmup_steps = wholes("warmup_steps", warmup_steps)
    if warmup_target is not None:
        numbers["warmup_target"] = number("warmup_target", warmup_target)
        numbers["warmup_steps"] = warmup_steps
    elif not isinstance(warmup_steps, np.ndarray) or warmup_steps.any():
        raise InvalidArgument(
            f"warmup_steps must be 0 without a warmup_target to rise to; got {warmup_steps}"
        )
    return "cosine", numbers | _every(every)


def piecewise(boundaries, values, every):
    """The kind and the numbers of a piecewise."""
    boundaries = number("each of boundaries", boundaries)
    values = number("each of values", values)
    shapes = shape_of(boundaries), shape_of(values)
    if not all(shapes) or shapes[1][-1] != shapes[0][-1] + 1:
        raise InvalidArgument(
            "values must be one more than boundaries in the last axis; "
            f"got shapes {text(shapes[1])} and {text(shapes[0])}"
        )
    if isinstance(boundaries, np.ndarray) and (np.diff(boundaries) <= 0).any():
        raise InvalidArgument(f"boundaries must rise; got {boundaries.tolist()}")
    return "piecewise", {"boundaries": boundaries, "values": values} | _every(every)


def log_cosine(learning_rate, decay_steps, cycles, every):
    """The kind and the numbers of a log_cosine."""
    return "log_cosine", {
        "learning_rate": number("learning_rate", learning_rate),
        "decay_steps": number("decay_steps", decay_steps, above=True),
        "cycles": wholes("cycles", cycles, least=1, most=64),
    } | _every(every)


def _every(every):
    """The number that the step is rounded down by, where it is not simply 1."""
    every = wholes("every", every, least=1)
    return (
        {} if isinstance(every, np.ndarray) and every.ndim == 0 and every == 1 else {"every": every}
    )


def schedule(value, members):
    """A Schedule of a known kind, whose numbers go with the member axes of params."""
    one_of("schedule", value.kind, KINDS)
    for name, found in value.numbers.items():
        if name in LISTS:
            for_members(f"each of {name}", found[..., 0], members)
        else:
            for_members(name, found, members)
    return value


def rates(found, steps):
    """The rates that a schedule gives at these steps: finite, and none below 0.

    `found` has the shape of `steps`, or its first axes alone. Symbolic tensors pass.
    """
    found, steps = array("learning_rate", found), array("state.step", steps)
    if isinstance(found, np.ndarray) and isinstance(steps, np.ndarray):
        bad = ~(np.isfinite(found) & (found >= 0))
        if bad.any():
            at = np.unravel_index(np.argmax(bad), bad.shape)
            raise InvalidArgument(
                "learning_rate must be a number of at least 0 at every step; "
                f"got {found[at]:g} at step {int(np.min(steps[at]))} (counted from 0)"
            )
    return found
