"""The rate at a step under each schedule, on TensorFlow. Twin: `reference/learning_rates.py`.

Schedules are data (`core/schedules.py`, public as `fnet.schedules`); the sources of the formulas
are there. Rates are computed in float64 inside the compiled function.
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
            k = hp["every"] * tf.floor(k / hp["every"])
        return RULES[kind](hp, k)

    return rate_at


def _user_rate(function: Callable[..., Any], k: Array) -> Any:
    """The rate that a user's function returns."""
    value = checks.array("learning_rate", function(k))
    return tensors.tensor(checks.for_members("learning_rate", value, k.shape), np.float64)


def _constant(hp: dict[str, Any], k: Array) -> Any:
    return hp["learning_rate"]


def _exponential(hp: dict[str, Any], k: Array) -> Any:
    return hp["initial_learning_rate"] * hp["decay_rate"] ** (k / hp["decay_steps"])


def _inverse_scaling(hp: dict[str, Any], k: Array) -> Any:
    return hp["initial_learning_rate"] / (1 + k / hp["decay_steps"]) ** hp["power"]


def _cosine(hp: dict[str, Any], k: Array) -> Any:
    start = first = hp["initial_learning_rate"]
    if "warmup_target" in hp:
        start, warmup_steps = hp["warmup_target"], hp["warmup_steps"]
        warmup = first + (start - first) * (k / tf.maximum(warmup_steps, 1))
        in_warmup, k = k < warmup_steps, k - warmup_steps
    t = tf.minimum(k / hp["decay_steps"], 1)
    decay = start * ((1 - hp["alpha"]) * (0.5 * (1 + tf.cos(math.pi * t))) + hp["alpha"])
    return tf.where(in_warmup, warmup, decay) if "warmup_target" in hp else decay


def _piecewise_constant(hp: dict[str, Any], k: Array) -> Any:
    interval = tf.reduce_sum(tf.cast(k[..., None] > hp["boundaries"], tf.int32), -1, keepdims=True)
    applies = interval == tf.range(hp["values"].shape[-1])
    return tf.reduce_sum(tf.where(applies, hp["values"], tf.zeros([], tf.float64)), -1)


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
"""By kind of schedule: the rate at step k, given the hyperparameters."""
