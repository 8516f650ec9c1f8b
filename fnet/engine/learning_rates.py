"""Learning rates that change with the step, on TensorFlow. Twin: `reference/schedules.py`.

A schedule stands in the place of an optimizer's `learning_rate`. It is a pure function of the step
k, the updates done before: the first step has k = 0, as Keras's `iterations` has. Rates are worked
in float64 within the compiled program. Numbers are scalars or arrays with the member axes, so that
each member may have its own, and other numbers compile nothing.

All take `every`, a whole number from 1: k is rounded down to a multiple of it, so that the rate
changes only every so many steps. Keras's `staircase` is `every=decay_steps`, and a rate for each
epoch is `every=plan.steps`.

A function of the step does as well: `fnet.adam(lambda step: 0.1 / (1 + step))`. It is called with a
float64 tensor, `[]` or with the member axes, becomes a part of the program (the same function
shares it, another one is compiled anew), and may not give anything below 0.
"""

import math

import numpy as np
import tensorflow as tf

from fnet.core import checks
from fnet.core.run_state import Schedule
from fnet.engine import tensors


def constant(learning_rate, every=1):
    """The same rate at every step, `learning_rate >= 0`, as a number in its place would be.

    Anything else raises InvalidArgument. `every` changes nothing here.
    """
    return Schedule(*checks.schedules.constant(learning_rate, every))


def exponential(initial_learning_rate, decay_steps, decay_rate, every=1):
    """`initial_learning_rate * decay_rate ** (k / decay_steps)`.

    `initial_learning_rate >= 0`, `decay_steps > 0`, `decay_rate > 0`; anything else raises
    InvalidArgument. As `keras.optimizers.schedules.ExponentialDecay`.
    """
    return Schedule(
        *checks.schedules.exponential(initial_learning_rate, decay_steps, decay_rate, every)
    )


def inverse_scaling(initial_learning_rate, power=0.5, decay_steps=1, every=1):
    """`initial_learning_rate / (1 + k / decay_steps) ** power`.

    `initial_learning_rate >= 0`, `power >= 0`, `decay_steps > 0`; anything else raises
    InvalidArgument. As scikit-learn's `learning_rate="invscaling"`, whose k counts rows; with power
    1 as Keras's InverseTimeDecay at decay rate 1. Source: Robbins and Monro (1951), whose
    conditions hold for powers above 0.5 and up to 1.
    """
    return Schedule(
        *checks.schedules.inverse_scaling(initial_learning_rate, power, decay_steps, every)
    )


def cosine(
    initial_learning_rate, decay_steps, alpha=0.0, warmup_target=None, warmup_steps=0, every=1
):
    """`start * ((1 - alpha) * (1 + cos(pi * t)) / 2 + alpha)`, t from 0 to 1 over `decay_steps`.

    Without `warmup_target`, start is `initial_learning_rate` and t is `k / decay_steps`. With it,
    the rate first rises along a line from `initial_learning_rate` to start, which is
    `warmup_target`, over `warmup_steps`, and t begins there. Afterwards t is 1.

    Rates of at least 0, `decay_steps > 0`, `0 <= alpha <= 1`, `warmup_steps` a whole number;
    anything else raises InvalidArgument, and so do warm-up steps without a target. Source:
    Loshchilov and Hutter (2017), as `keras.optimizers.schedules.CosineDecay` writes it.
    """
    return Schedule(
        *checks.schedules.cosine(
            initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps, every
        )
    )


def piecewise(boundaries, values, every=1):
    """`values[i]` where `boundaries[i - 1] < k <= boundaries[i]`.

    A step that is a boundary still has the value before it. `boundaries` is `[P]` or `[*M, P]`,
    at least one, rising; `values` is `[P + 1]` or `[*M, P + 1]`, none below 0; anything else
    raises InvalidArgument. As `keras.optimizers.schedules.PiecewiseConstantDecay`.
    """
    return Schedule(*checks.schedules.piecewise(boundaries, values, every))


def log_cosine(learning_rate, decay_steps, cycles=4, every=1):
    """`learning_rate * (1 - cos(2 * pi * log2(1 + (2**cycles - 1) * t))) / 2`.

    t is `k / decay_steps`, at most 1: so many cycles from 0 up to `learning_rate` and back to 0,
    each twice as long as the one before. `learning_rate >= 0`, `decay_steps > 0`, `cycles`
    a whole number from 1 to 64; anything else raises InvalidArgument. Source: "coslog4" of
    Holzmüller, Grinsztajn and Steinwart, Better by Default (2024).
    """
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
            k = numbers["every"] * tf.floor(k / numbers["every"])
        return RULES[kind](numbers, k)

    return at


def _own(function, k):
    """The rate that a user's function gives."""
    found = checks.array("learning_rate", function(k))
    return tensors.tensor(checks.for_members("learning_rate", found, k.shape), np.float64)


def _constant(n, k):
    return n["learning_rate"]


def _exponential(n, k):
    return n["initial_learning_rate"] * n["decay_rate"] ** (k / n["decay_steps"])


def _inverse_scaling(n, k):
    return n["initial_learning_rate"] / (1 + k / n["decay_steps"]) ** n["power"]


def _cosine(n, k):
    start = first = n["initial_learning_rate"]
    if "warmup_target" in n:
        start, warm = n["warmup_target"], n["warmup_steps"]
        rising = first + (start - first) * (k / tf.maximum(warm, 1))
        rises, k = k < warm, k - warm
    t = tf.minimum(k / n["decay_steps"], 1)
    falling = start * ((1 - n["alpha"]) * (0.5 * (1 + tf.cos(math.pi * t))) + n["alpha"])
    return tf.where(rises, rising, falling) if "warmup_target" in n else falling


def _piecewise(n, k):
    passed = tf.reduce_sum(tf.cast(k[..., None] > n["boundaries"], tf.int32), -1, keepdims=True)
    holds = passed == tf.range(n["values"].shape[-1])
    return tf.reduce_sum(tf.where(holds, n["values"], tf.zeros([], tf.float64)), -1)


def _log_cosine(n, k):
    t = tf.minimum(k / n["decay_steps"], 1)
    cycle = tf.math.log1p((2.0 ** n["cycles"] - 1) * t) / math.log(2)
    return n["learning_rate"] * (0.5 * (1 - tf.cos(2 * math.pi * cycle)))


RULES = {
    "constant": _constant,
    "exponential": _exponential,
    "inverse_scaling": _inverse_scaling,
    "cosine": _cosine,
    "piecewise": _piecewise,
    "log_cosine": _log_cosine,
}
"""Each kind with its rate at the step k, by the schedule's numbers."""
