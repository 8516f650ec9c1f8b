"""The rate at a step under each schedule, in NumPy. Twin of `engine/learning_rates.py`.

The formulas of the engine are repeated on purpose: a test oracle must not import what it checks.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnet.core import checks
from fnet.core.aliases import Array


def rate(schedule: Any, hp: Any) -> Any:
    """The rate as a function of the step k: float64, of the shape of k, `[]` or `[*M]`.

    `schedule` is the field of an OptimizerSpec. `hp` holds the hyperparameters of the schedule; if
    there is none, `hp` is the rate.
    """
    if schedule is None:
        return lambda k: hp
    if callable(schedule):
        return lambda k: _user_rate(schedule, k)
    kind, names = schedule

    def rate_at(k: Array) -> Any:
        if "every" in names:
            k = k - k % hp["every"]
        return RULES[kind](hp, k)

    return rate_at


def _user_rate(function: Callable[..., Any], k: Array) -> Any:
    """The rate that a user's function returns."""
    value = checks.array("learning_rate", function(k))
    return checks.for_members("learning_rate", value, k.shape).astype(np.float64)


def _constant(hp: dict[str, Any], k: Array) -> Any:
    return hp["learning_rate"]


def _exponential(hp: dict[str, Any], k: Array) -> Any:
    return hp["initial_learning_rate"] * hp["decay_rate"] ** (k / hp["decay_steps"])


def _inverse_scaling(hp: dict[str, Any], k: Array) -> Any:
    return hp["initial_learning_rate"] * (1 + k / hp["decay_steps"]) ** -hp["power"]


def _cosine(hp: dict[str, Any], k: Array) -> Any:
    first, alpha, warmup_steps = hp["initial_learning_rate"], hp["alpha"], hp.get("warmup_steps", 0)
    start = hp.get("warmup_target", first)
    t = np.minimum(np.maximum(k - warmup_steps, 0) / hp["decay_steps"], 1)
    decay = start * (alpha + (1 - alpha) * 0.5 * (1 + np.cos(np.pi * t)))
    warmup = first + (start - first) * k / np.maximum(warmup_steps, 1)
    return np.where(k < warmup_steps, warmup, decay)


def _piecewise_constant(hp: dict[str, Any], k: Array) -> Any:
    interval = np.sum(k[..., None] > hp["boundaries"], axis=-1, keepdims=True)
    values = np.broadcast_to(hp["values"], (*interval.shape[:-1], hp["values"].shape[-1]))
    return np.take_along_axis(values, interval, axis=-1)[..., 0]


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
"""By kind of schedule: the rate at step k, given the hyperparameters."""
