"""Learning rate schedules, as data. Public as `fnet.schedules`.

A schedule replaces the number in an optimizer's `learning_rate`. It is a pure function of the step
k, the number of updates before: k is 0 in the first step, as Keras's `iterations` is. Rates are
computed in float64. Numbers are scalars or arrays with the member axes M, one for each member;
changing one never recompiles. The formulas are in each engine's `learning_rates.py`.

All take `every`, an integer from 1: k is rounded down to a multiple of it, so that the rate
changes every `every` steps. Keras's `staircase` is `every=decay_steps`, and `every=plan.steps`
changes the rate once per epoch.

A function of the step is accepted as well: `fnet.adam(lambda step: 0.1 / (1 + step))`. It is called
with float64 `[]` or `[*M]` and must return numbers of at least 0. It is compiled into the program,
so another function is compiled again.
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
"""The numbers of a schedule that are lists: their last axis is not a member axis."""


class Schedule(NamedTuple):
    """A learning rate schedule.

    Attributes:
        kind: A name in `KINDS`.
        hyperparameters: Numbers by name, each `[]` or `[*M]`.
    """

    kind: str
    hyperparameters: dict[str, Any]


def constant(learning_rate: ArrayLike, every: ArrayLike = 1) -> Schedule:
    """The same rate at every step, as a plain number.

    Args:
        learning_rate: At least 0.
        every: Has no effect here.

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
        decay_steps: The number of steps in which the rate is multiplied by `decay_rate`, above 0.
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
    """Cosine decay, optionally after a linear warm-up.

    `start * ((1 - alpha) * (1 + cos(pi * t)) / 2 + alpha)`, where t rises from 0 to 1 over
    `decay_steps` and then stays 1. Without `warmup_target`, start is `initial_learning_rate` and t
    is `k / decay_steps`. With it, the rate first rises linearly from `initial_learning_rate` to
    `warmup_target` over `warmup_steps`. The decay follows, with start `warmup_target`.

    Args:
        initial_learning_rate: At least 0.
        decay_steps: The number of steps of the decay, above 0.
        alpha: The final rate as a fraction of start, from 0 to 1.
        warmup_target: The rate at the end of the warm-up, at least 0; None for no warm-up.
        warmup_steps: The number of steps of the warm-up, an integer from 0; 0 without a target.
        every: Steps between changes of the rate, an integer from 1.

    Returns:
        The Schedule.

    Raises:
        InvalidArgument: A number is outside its range, or warm-up steps are given without a target.

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
        raise InvalidArgument(f"warmup_steps must be 0 without a warmup_target; got {steps}")
    return Schedule("cosine", hp | _every(every))


def piecewise_constant(boundaries: ArrayLike, values: ArrayLike, every: ArrayLike = 1) -> Schedule:
    """One rate after another: `values[i]` where `boundaries[i - 1] < k <= boundaries[i]`.

    At a boundary itself, the value before it applies.

    Args:
        boundaries: Steps at which the rate changes, ascending, `[P]` or `[*M, P]`, P at least 1.
        values: The rates, at least 0, `[P + 1]` or `[*M, P + 1]`.
        every: Steps between changes of the rate, an integer from 1.

    Returns:
        The Schedule.

    Raises:
        InvalidArgument: A number is outside its range, or the shapes do not fit each other.

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
    """Cosine waves of growing length: `learning_rate * (1 - cos(2 * pi * c)) / 2`.

    `c = log2(1 + (2**cycles - 1) * t)` and t is `k / decay_steps`, at most 1. The rate makes
    `cycles` waves from 0 up to `learning_rate` and back to 0, each twice as long as the one before.

    Args:
        learning_rate: The rate at the top of each wave, at least 0.
        decay_steps: The number of steps of all cycles together, above 0.
        cycles: The number of waves, an integer from 1 to 64.
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
    """The hyperparameter `every` by name; empty if it is 1."""
    steps = checks.integers("every", every, least=1)
    is_one = isinstance(steps, np.ndarray) and steps.ndim == 0 and steps == 1
    return {} if is_one else {"every": steps}


def check(schedule: Schedule, members: tuple[int, ...]) -> Schedule:
    """Refuse a Schedule of an unknown kind, or whose shapes do not fit the members."""
    checks.one_of("schedule", schedule.kind, KINDS)
    for name, value in schedule.hyperparameters.items():
        if name in LISTS:
            checks.for_members(f"each of {name}", value[..., 0], members)
        else:
            checks.for_members(name, value, members)
    return schedule


def check_rates(rates: Any, steps: Any) -> Any:
    """Refuse rates at these steps that are negative or not finite.

    `rates` has the shape of `steps`, or only its first axes. Symbolic tensors are not checked.
    """
    values, at_steps = checks.array("learning_rate", rates), checks.array("state.step", steps)
    if isinstance(values, np.ndarray) and isinstance(at_steps, np.ndarray):
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            index = np.unravel_index(np.argmax(bad), bad.shape)
            raise InvalidArgument(
                "learning_rate must be a number of at least 0 at every step; "
                f"got {values[index]:g} at step {int(np.min(at_steps[index]))} (counted from 0)"
            )
    return values


if not TYPE_CHECKING:  # a type checker refuses unknown names only where this is hidden from it
    __getattr__ = attribute_error("fnet.schedules", {"piecewise": "piecewise_constant"}, __all__)
