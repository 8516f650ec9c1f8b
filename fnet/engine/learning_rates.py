"""The rate at a step under each schedule, on TensorFlow. Twin: `reference/learning_rates.py`.

Schedules themselves are data (`core/schedules.py`, public as `fnet.schedules`), where the formulas
have their sources. Rates are worked in float64 within the compiled program.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core import checks
from fnet.core.aliases import Array
from fnet.engine import tensors


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
            k = hp["every"] * tf.floor(k / hp["every"])
        return RULES[kind](hp, k)

    return at


def _user_rate(function: Callable[..., Any], k: Array) -> Any:
    """The rate that a user's function gives."""
    found = checks.array("learning_rate", function(k))
    return tensors.tensor(checks.for_members("learning_rate", found, k.shape), np.float64)


def _constant(hp: dict[str, Any], k: Array) -> Any:
    return hp["learning_rate"]


def _exponential(hp: dict[str, Any], k: Array) -> Any:
    return hp["initial_learning_rate"] * hp["decay_rate"] ** (k / hp["decay_steps"])


def _inverse_scaling(hp: dict[str, Any], k: Array) -> Any:
    return hp["initial_learning_rate"] / (1 + k / hp["decay_steps"]) ** hp["power"]


def _cosine(hp: dict[str, Any], k: Array) -> Any:
    start = first = hp["initial_learning_rate"]
    if "warmup_target" in hp:
        start, warm = hp["warmup_target"], hp["warmup_steps"]
        rising = first + (start - first) * (k / tf.maximum(warm, 1))
        rises, k = k < warm, k - warm
    t = tf.minimum(k / hp["decay_steps"], 1)
    falling = start * ((1 - hp["alpha"]) * (0.5 * (1 + tf.cos(math.pi * t))) + hp["alpha"])
    return tf.where(rises, rising, falling) if "warmup_target" in hp else falling


def _piecewise_constant(hp: dict[str, Any], k: Array) -> Any:
    reached = tf.reduce_sum(tf.cast(k[..., None] > hp["boundaries"], tf.int32), -1, keepdims=True)
    holds = reached == tf.range(hp["values"].shape[-1])
    return tf.reduce_sum(tf.where(holds, hp["values"], tf.zeros([], tf.float64)), -1)


def _log_cosine(hp: dict[str, Any], k: Array) -> Any:
    t = tf.minimum(k / hp["decay_steps"], 1)
    cycle = tf.math.log1p((2.0 ** hp["cycles"] - 1) * t) / math.log(2)
    return hp["learning_rate"] * (0.5 * (1 - tf.cos(2 * math.pi * cycle)))


RULES: dict[str, Callable[..., Any]] = {
    "constant": _constant,
    "exponential": _exponential,
    "inverse_scaling": _inverse_scaling,
    "cosine": _cosine,
    "piecewise_constant": _piecewise_constant,
    "log_cosine": _log_cosine,
}
"""Each kind with its rate at the step k, by the schedule's hyperparameters."""
