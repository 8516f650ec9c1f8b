"""Learning rates that change with the step, in NumPy. Twin of `schedules.py`."""

import numpy as np

from fnet.core import checks
from fnet.core.run_state import Schedule


def constant(learning_rate, every=1):
    """The same rate at every step; see `fnet.schedules.constant`."""
    return Schedule(*checks.schedules.constant(learning_rate, every))


def exponential(initial_learning_rate, decay_steps, decay_rate, every=1):
    """A factor of `decay_rate` every `decay_steps`; see `fnet.schedules.exponential`."""
    return Schedule(
        *checks.schedules.exponential(initial_learning_rate, decay_steps, decay_rate, every)
    )


def inverse_scaling(initial_learning_rate, power=0.5, decay_steps=1, every=1):
    """One over a power of the steps; see `fnet.schedules.inverse_scaling`."""
    return Schedule(
        *checks.schedules.inverse_scaling(initial_learning_rate, power, decay_steps, every)
    )


def cosine(
    initial_learning_rate, decay_steps, alpha=0.0, warmup_target=None, warmup_steps=0, every=1
):
    """Half a wave down, after a warm-up where wanted; see `fnet.schedules.cosine`."""
    return Schedule(
        *checks.schedules.cosine(
            initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps, every
        )
    )


def piecewise(boundaries, values, every=1):
    """One value after another; see `fnet.schedules.piecewise`."""
    return Schedule(*checks.schedules.piecewise(boundaries, values, every))


def log_cosine(learning_rate, decay_steps, cycles=4, every=1):
    """Waves that grow longer; see `fnet.schedules.log_cosine`."""
    return Schedule(*checks.schedules.log_cosine(learning_rate, decay_steps, cycles, every))


def rate(schedule, numbers):
    """The rate as a function of the step: float64, `[]` or with the member axes, as the step is.

    `schedule` is that of a Form and `numbers` what goes with it: the rate itself where there is no
    schedule.
    """
    if schedule is None:
        return lambda k: numbers
    if callable(schedule):
        return lambda k: _own(schedule, k)
    kind, names = schedule

    def at(k):
        if "every" in names:
            k = k - k % numbers["every"]
        return RULES[kind](numbers, k)

    return at


def _own(function, k):
    """The rate that a user's function gives."""
    found = checks.array("learning_rate", function(k))
    return checks.for_members("learning_rate", found, k.shape).astype(np.float64)


def _constant(n, k):
    return n["learning_rate"]


def _exponential(n, k):
    return n["initial_learning_rate"] * n["decay_rate"] ** (k / n["decay_steps"])


def _inverse_scaling(n, k):
    return n["initial_learning_rate"] * (1 + k / n["decay_steps"]) ** -n["power"]


def _cosine(n, k):
    first, alpha, warm = n["initial_learning_rate"], n["alpha"], n.get("warmup_steps", 0)
    start = n.get("warmup_target", first)
    t = np.minimum(np.maximum(k - warm, 0) / n["decay_steps"], 1)
    falling = start * (alpha + (1 - alpha) * 0.5 * (1 + np.cos(np.pi * t)))
    rising = first + (start - first) * k / np.maximum(warm, 1)
    return np.where(k < warm, rising, falling)


def _piecewise(n, k):
    passed = np.sum(k[..., None] > n["boundaries"], axis=-1, keepdims=True)
    values = np.broadcast_to(n["values"], (*passed.shape[:-1], n["values"].shape[-1]))
    return np.take_along_axis(values, passed, axis=-1)[..., 0]


def _log_cosine(n, k):
    t = np.minimum(k / n["decay_steps"], 1)
    cycle = np.log2(1 + (2 ** n["cycles"] - 1) * t)
    return n["learning_rate"] * 0.5 * (1 - np.cos(2 * np.pi * cycle))


RULES = {
    "constant": _constant,
    "exponential": _exponential,
    "inverse_scaling": _inverse_scaling,
    "cosine": _cosine,
    "piecewise": _piecewise,
    "log_cosine": _log_cosine,
}
"""Each kind with its rate at the step k, by the schedule's numbers."""
