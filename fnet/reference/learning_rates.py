"""The rate at a step under each schedule, in NumPy. Twin of `learning_rates.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnet.core import checks
from fnet.core.aliases import Array


def rate(schedule: Any, hp: Any) -> Any:
    """The rate as a function of the step: float64, `[]` or with the member axes, as the step is.

    `schedule` is that of an OptimizerSpec and `hp` its hyperparameters: the rate itself where there
    is no schedule.
    """
    if schedule is None:
        return lambda k: hp
    if callable(schedule):
        return lambda k: _user_rate(schedule, k)
    kind, names = schedule

    def at(k: Array) -> Any:
        if "every" in names:
            k = k - k % hp["every"]
        return RULES[kind](hp, k)

    return at


def _user_rate(function: Callable[..., Any], k: Array) -> Any:
    """The rate that a user's function gives."""
    found = checks.array("learning_rate", function(k))
    return checks.for_members("learning_rate", found, k.shape).astype(np.float64)


def _constant(hp: dict[str, Any], k: Array) -> Any:
    return hp["learning_rate"]


def _exponential(hp: dict[str, Any], k: Array) -> Any:
    return hp["initial_learning_rate"] * hp["decay_rate"] ** (k / hp["decay_steps"])


def _inverse_scaling(hp: dict[str, Any], k: Array) -> Any:
    return hp["initial_learning_rate"] * (1 + k / hp["decay_steps"]) ** -hp["power"]


def _cosine(hp: dict[str, Any], k: Array) -> Any:
    first, alpha, warm = hp["initial_learning_rate"], hp["alpha"], hp.get("warmup_steps", 0)
    start = hp.get("warmup_target", first)
    t = np.minimum(np.maximum(k - warm, 0) / hp["decay_steps"], 1)
    falling = start * (alpha + (1 - alpha) * 0.5 * (1 + np.cos(np.pi * t)))
    rising = first + (start - first) * k / np.maximum(warm, 1)
    return np.where(k < warm, rising, falling)


def _piecewise_constant(hp: dict[str, Any], k: Array) -> Any:
    reached = np.sum(k[..., None] > hp["boundaries"], axis=-1, keepdims=True)
    values = np.broadcast_to(hp["values"], (*reached.shape[:-1], hp["values"].shape[-1]))
    return np.take_along_axis(values, reached, axis=-1)[..., 0]


def _log_cosine(hp: dict[str, Any], k: Array) -> Any:
    t = np.minimum(k / hp["decay_steps"], 1)
    cycle = np.log2(1 + (2 ** hp["cycles"] - 1) * t)
    return hp["learning_rate"] * 0.5 * (1 - np.cos(2 * np.pi * cycle))


RULES: dict[str, Callable[..., Any]] = {
    "constant": _constant,
    "exponential": _exponential,
    "inverse_scaling": _inverse_scaling,
    "cosine": _cosine,
    "piecewise_constant": _piecewise_constant,
    "log_cosine": _log_cosine,
}
"""Each kind with its rate at the step k, by the schedule's hyperparameters."""
