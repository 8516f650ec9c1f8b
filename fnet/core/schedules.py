"""Learning rates that change with the step, as data. Public as `fnet.schedules`.

A schedule stands in the place of an optimizer's `learning_rate`. It is a pure function of the step
k, the updates done before: the first step has k = 0, as Keras's `iterations` has. Rates are worked
in float64. Numbers are scalars or arrays with the member axes M, so that each member may have its
own, and other numbers compile nothing. The formulas stand in each engine's `learning_rates.py`.

All take `every`, an integer from 1: k is rounded down to a multiple of it, so that the rate
changes only every so many steps. Keras's `staircase` is `every=decay_steps`, and a rate for each
epoch is `every=plan.steps`.

A function of the step does as well: `fnet.adam(lambda step: 0.1 / (1 + step))`. It is called with
float64 `[]` or `[*M]`, becomes a part of the program (the same function shares it, another one is
compiled anew), and may not give anything below 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fnet.core import checks
from fnet.core.aliases import ArrayLike
from fnet.core.checks.arrays import shape_of, text
from fnet.core.errors import InvalidArgument, attribute_error

__all__ = [
    "Schedule",
    "constant",
    "cosine",
    "exponential",
    "inverse_scaling",
    "log_cosine",
    "piecewise_constant",
]

KINDS = ("constant", "exponential", "inverse_scaling", "cosine", "piecewise_constant", "log_cosine")
"""The kinds of schedule that both engines implement."""

LISTS = ("boundaries", "values")
"""The numbers of a schedule that have an axis of their own on the right."""


class Schedule(NamedTuple):
    """A learning rate that changes with the step.

    Attributes:
        kind: A name in `KINDS`.
        hyperparameters: Its numbers by name, each `[]` or `[*M]`.
    """

    kind: str
    hyperparameters: dict[str, Any]


def constant(learning_rate: ArrayLike, every: ArrayLike = 1) -> Schedule:
    """The same rate at every step, as a number in its place would be.

    Args:
        learning_rate: At least 0.
        every: Changes nothing here.

    Returns:
        The Schedule.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.adam(fnet.schedules.constant(0.01)).kind
        'adam'
    """
    return Schedule(
        "constant", {"learning_rate": checks.number("learning_rate", learning_rate)} | _every(every)
    )


def exponential(
    initial_learning_rate: ArrayLike,
    decay_steps: ArrayLike,
    decay_rate: ArrayLike,
    every: ArrayLike = 1,
) -> Schedule:
    """Exponential decay: `initial_learning_rate * decay_rate ** (k / decay_steps)`.

    Args:
        initial_learning_rate: At least 0.
        decay_steps: Steps in which the rate falls by `decay_rate`, above 0.
        decay_rate: The factor, above 0.
        every: Steps between changes of the rate, an integer from 1.

    Returns:
        The Schedule.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> rate = fnet.schedules.exponential(0.1, decay_steps=1000, decay_rate=0.5)

    References:
        `keras.optimizers.schedules.ExponentialDecay`.
    """
    hp = {
        "initial_learning_rate": checks.number("initial_learning_rate", initial_learning_rate),
        "decay_steps": checks.number("decay_steps", decay_steps, above=True),
        "decay_rate": checks.number("decay_rate", decay_rate, above=True),
    }
    return Schedule("exponential", hp | _every(every))


def inverse_scaling(
    initial_learning_rate: ArrayLike,
    power: ArrayLike = 0.5,
    decay_steps: ArrayLike = 1,
    every: ArrayLike = 1,
) -> Schedule:
    """Inverse scaling: `initial_learning_rate / (1 + k / decay_steps) ** power`.

    Args:
        initial_learning_rate: At least 0.
        power: At least 0.
        decay_steps: The unit in which steps are counted, above 0.
        every: Steps between changes of the rate, an integer from 1.

    Returns:
        The Schedule.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> rate = fnet.schedules.inverse_scaling(0.1, power=1.0, decay_steps=100)

    References:
        Robbins and Monro, "A stochastic approximation method" (1951), whose conditions hold for
        powers above 0.5 and up to 1. As scikit-learn's `learning_rate="invscaling"`, whose k counts
        rows; with power 1 as Keras's InverseTimeDecay at decay rate 1.
    """
    hp = {
        "initial_learning_rate": checks.number("initial_learning_rate", initial_learning_rate),
        "power": checks.number("power", power),
        "decay_steps": checks.number("decay_steps", decay_steps, above=True),
    }
    return Schedule("inverse_scaling", hp | _every(every))


def cosine(
    initial_learning_rate: ArrayLike,
    decay_steps: ArrayLike,
    alpha: ArrayLike = 0.0,
    warmup_target: ArrayLike | None = None,
    warmup_steps: ArrayLike = 0,
    every: ArrayLike = 1,
) -> Schedule:
    """Cosine decay, after a linear warm-up where one is asked for.

    `start * ((1 - alpha) * (1 + cos(pi * t)) / 2 + alpha)`, t from 0 to 1 over `decay_steps`, and 1
    afterwards. Without `warmup_target`, start is `initial_learning_rate` and t is
    `k / decay_steps`. With it, the rate first rises along a line from `initial_learning_rate` to
    start, which is `warmup_target`, over `warmup_steps`, and t begins there.

    Args:
        initial_learning_rate: At least 0.
        decay_steps: Steps of the decay, above 0.
        alpha: What part of start remains at the end, from 0 to 1.
        warmup_target: The rate at the end of the warm-up, at least 0; None for no warm-up.
        warmup_steps: Steps of the warm-up, an integer from 0; 0 without a target.
        every: Steps between changes of the rate, an integer from 1.

    Returns:
        The Schedule.

    Raises:
        InvalidArgument: A number is outside its range, or there are warm-up steps and no target.

    Example:
        >>> import fnet
        >>> rate = fnet.schedules.cosine(0.01, decay_steps=10_000)

    References:
        Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), as
        `keras.optimizers.schedules.CosineDecay` writes it.
    """
    hp = {
        "initial_learning_rate": checks.number("initial_learning_rate", initial_learning_rate),
        "decay_steps": checks.number("decay_steps", decay_steps, above=True),
        "alpha": checks.number("alpha", alpha, most=1),
    }
    steps = checks.integers("warmup_steps", warmup_steps)
    if warmup_target is not None:
        hp["warmup_target"] = checks.number("warmup_target", warmup_target)
        hp["warmup_steps"] = steps
    elif not isinstance(steps, np.ndarray) or steps.any():
        raise InvalidArgument(
            f"warmup_steps must be 0 without a warmup_target to rise to; got {steps}"
        )
    return Schedule("cosine", hp | _every(every))


def piecewise_constant(boundaries: ArrayLike, values: ArrayLike, every: ArrayLike = 1) -> Schedule:
    """One rate after another: `values[i]` where `boundaries[i - 1] < k <= boundaries[i]`.

    A step that is a boundary still has the value before it.

    Args:
        boundaries: Steps at which the rate changes, ascending, `[P]` or `[*M, P]`, P at least 1.
        values: The rates, at least 0, `[P + 1]` or `[*M, P + 1]`.
        every: Steps between changes of the rate, an integer from 1.

    Returns:
        The Schedule.

    Raises:
        InvalidArgument: A number is outside its range, or the shapes do not go together.

    Example:
        >>> import fnet
        >>> rate = fnet.schedules.piecewise_constant([1000, 2000], [0.1, 0.01, 0.001])

    References:
        `keras.optimizers.schedules.PiecewiseConstantDecay`.
    """
    steps = checks.number("each of boundaries", boundaries)
    rates = checks.number("each of values", values)
    shapes = shape_of(steps), shape_of(rates)
    if not all(shapes) or shapes[1][-1] != shapes[0][-1] + 1:
        raise InvalidArgument(
            "values must be one more than boundaries in the last axis; "
            f"got shapes {text(shapes[1])} and {text(shapes[0])}"
        )
    if isinstance(steps, np.ndarray) and (np.diff(steps) <= 0).any():
        raise InvalidArgument(f"boundaries must be ascending; got {steps.tolist()}")
    return Schedule("piecewise_constant", {"boundaries": steps, "values": rates} | _every(every))


def log_cosine(
    learning_rate: ArrayLike, decay_steps: ArrayLike, cycles: ArrayLike = 4, every: ArrayLike = 1
) -> Schedule:
    """Cosine waves that grow longer: `learning_rate * (1 - cos(2 * pi * c)) / 2`.

    `c = log2(1 + (2**cycles - 1) * t)` and t is `k / decay_steps`, at most 1: so many cycles from 0
    up to `learning_rate` and back to 0, each twice as long as the one before.

    Args:
        learning_rate: The rate at the top of each wave, at least 0.
        decay_steps: Steps of all cycles together, above 0.
        cycles: How many, an integer from 1 to 64.
        every: Steps between changes of the rate, an integer from 1.

    Returns:
        The Schedule.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> rate = fnet.schedules.log_cosine(0.02, decay_steps=10_000)

    References:
        "coslog4" of Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned
        MLPs and boosted trees on tabular data" (2024).
    """
    hp = {
        "learning_rate": checks.number("learning_rate", learning_rate),
        "decay_steps": checks.number("decay_steps", decay_steps, above=True),
        "cycles": checks.integers("cycles", cycles, least=1, most=64),
    }
    return Schedule("log_cosine", hp | _every(every))


def _every(every: Any) -> dict[str, Any]:
    """The number that the step is rounded down by, where it is not simply 1."""
    found = checks.integers("every", every, least=1)
    one = isinstance(found, np.ndarray) and found.ndim == 0 and found == 1
    return {} if one else {"every": found}


def check(schedule: Schedule, members: tuple[int, ...]) -> Schedule:
    """Refuse a Schedule of an unknown kind, or with numbers that do not go with the members."""
    checks.one_of("schedule", schedule.kind, KINDS)
    for name, value in schedule.hyperparameters.items():
        if name in LISTS:
            checks.for_members(f"each of {name}", value[..., 0], members)
        else:
            checks.for_members(name, value, members)
    return schedule


def check_rates(rates: Any, steps: Any) -> Any:
    """The rates that a schedule gives at these steps: finite, and none below 0.

    `rates` has the shape of `steps`, or its first axes alone. Symbolic tensors pass.
    """
    found, at_steps = checks.array("learning_rate", rates), checks.array("state.step", steps)
    if isinstance(found, np.ndarray) and isinstance(at_steps, np.ndarray):
        bad = ~(np.isfinite(found) & (found >= 0))
        if bad.any():
            at = np.unravel_index(np.argmax(bad), bad.shape)
            raise InvalidArgument(
                "learning_rate must be a number of at least 0 at every step; "
                f"got {found[at]:g} at step {int(np.min(at_steps[at]))} (counted from 0)"
            )
    return found


if not TYPE_CHECKING:  # a type checker refuses unknown names only where this is hidden from it
    __getattr__ = attribute_error("fnet.schedules", {"piecewise": "piecewise_constant"}, __all__)
