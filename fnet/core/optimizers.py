"""Optimizers as data: a kind and its hyperparameters. Both engines take the same ones.

Names, defaults and conventions are Keras's. A `learning_rate` is a number of at least 0, a
schedule (`fnet.schedules`) or a function of the step. Every optimizer takes a decoupled
`weight_decay` of at least 0: before each step every weight becomes `p - weight_decay * rate * p`
at the rate of that step, and with `decay_biases` every bias does too. Decay is not a penalty: it
does not enter the moments (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).

The formulas are in each engine's `update_rules.py`, under the names in `MOMENTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks, schedules
from fnet.core.aliases import ArrayLike, Params
from fnet.core.checks.arrays import shape_of, text
from fnet.core.checks.params import outline
from fnet.core.errors import InvalidArgument, attribute_error
from fnet.core.params import map_params
from fnet.core.schedules import Schedule
from fnet.core.tuning import brief

ZERO = "zero"

MOMENTS: dict[str, tuple[str, ...]] = {
    "sgd": (),
    "momentum": (ZERO,),
    "nesterov": (ZERO,),
    "adam": (ZERO, ZERO),
    "amsgrad": (ZERO, ZERO, ZERO),
    "nadam": (ZERO, ZERO),
    "rmsprop": (ZERO,),
    "rmsprop_momentum": (ZERO, ZERO),
    "rmsprop_centered": (ZERO, ZERO),
    "rmsprop_centered_momentum": (ZERO, ZERO, ZERO),
    "adagrad": ("initial_accumulator_value",),
    "lion": (ZERO,),
}
"""The moments of each kind of optimizer: each starts as zero or as the named hyperparameter."""

LearningRate = ArrayLike | Schedule | Callable[[Any], Any]


class OptState(NamedTuple):
    """The state of an optimizer.

    Attributes:
        step: The number of updates so far, int64 `[*M]`.
        moments: A tuple with a structure like params for each moment of the optimizer.
    """

    step: Any
    moments: tuple[Params, ...]


class Optimizer(NamedTuple):
    """An optimizer, as returned by `sgd`, `adam` and the others, for `update` and `train`.

    Attributes:
        kind: A name in `MOMENTS`.
        hyperparameters: Numbers by name, each `[]` or `[*M]`. The learning rate may also be a
            `Schedule` or a function of the step.
    """

    kind: str
    hyperparameters: dict[str, Any]

    def __repr__(self) -> str:
        """The kind and the hyperparameters; a large array by its dtype and shape."""
        parts = [repr(self.kind)]
        parts += [f"{name}={_brief(value)}" for name, value in self.hyperparameters.items()]
        return f"Optimizer({', '.join(parts)})"

    def init(self, params: Params) -> OptState:
        """The state before the first step.

        Args:
            params: Params of any network, with any member axes M.

        Returns:
            An `OptState` of NumPy arrays, which both engines take.

        Raises:
            InvalidArgument: Hyperparameters do not go with the member axes of params.

        Example:
            >>> import fnet
            >>> params = fnet.reference.init_params(fnet.Network((2, 3)), seed=0)
            >>> fnet.adam(0.001).init(params).moments[0][0].w.shape
            (2, 3)
        """
        check(self, params)
        entries = checks.entries("params", params)
        dtype = checks.params_dtype(entries)
        members = checks.members_of(entries)

        def filled(name: str) -> Params:
            """A structure like params, filled with the hyperparameter of this name or zeros."""
            number = 0.0 if name == ZERO else self.hyperparameters[name]
            if isinstance(number, np.ndarray):
                number = number.astype(dtype)
            return map_params(lambda p: expand_right(number, p) + np.zeros(p.shape, dtype), entries)

        moments = tuple(map(filled, MOMENTS[self.kind]))
        return OptState(np.zeros(members, np.int64), moments)


Optimizer.__getattr__ = attribute_error(  # type: ignore[attr-defined]
    "an Optimizer", {"numbers": "hyperparameters"}
)


def _brief(value: Any) -> str:
    """A short repr of a hyperparameter; of a schedule, the kind and its numbers."""
    if isinstance(value, Schedule):
        numbers = (f"{name}={brief(number)}" for name, number in value.hyperparameters.items())
        return f"{value.kind}({', '.join(numbers)})"
    return brief(value)


class OptimizerSpec(NamedTuple):
    """The static, hashable part of an optimizer. Equal specs share one compiled program."""

    kind: str
    names: tuple[str, ...]  # of its hyperparameters
    schedule: Any  # None for a plain rate, a user's function, or (kind, names) of a Schedule


def spec(optimizer: Optimizer) -> OptimizerSpec:
    """The spec of an optimizer. Functions of the step are equal only if they are identical."""
    rate = optimizer.hyperparameters["learning_rate"]
    schedule: Any = None
    if isinstance(rate, Schedule):
        schedule = (rate.kind, tuple(rate.hyperparameters))
    elif callable(rate):
        schedule = rate.__call__  # hashable for any object, and equal only for the same one
    return OptimizerSpec(optimizer.kind, tuple(optimizer.hyperparameters), schedule)


def map_hyperparameters(function: Callable[[Any], Any], optimizer: Optimizer) -> dict[str, Any]:
    """Apply `function` to each hyperparameter, by name; those of a schedule in a nested dict.

    A learning rate that is a function of the step becomes an empty dict.
    """

    def convert(value: Any) -> Any:
        if isinstance(value, Schedule):
            return {name: function(number) for name, number in value.hyperparameters.items()}
        return {} if callable(value) else function(value)

    return {name: convert(value) for name, value in optimizer.hyperparameters.items()}


def expand_right(number: Any, array: Any) -> Any:
    """A number `[*M]` with axes of size 1 appended on the right, to broadcast with an array."""
    if not hasattr(number, "shape"):
        return number
    return number[(..., *(None,) * (len(array.shape) - len(number.shape)))]


def sgd(
    learning_rate: LearningRate,
    momentum: ArrayLike = 0.0,
    nesterov: bool = False,
    weight_decay: ArrayLike = 0.0,
    decay_biases: bool = False,
) -> Optimizer:
    """Gradient descent, optionally with momentum or Nesterov's momentum.

    `p - rate * g`; with momentum `v = momentum * v - rate * g`, then `p + v`; with `nesterov`
    `p + momentum * v - rate * g` for the new v.

    Args:
        learning_rate: At least 0: a number or one for each member, a schedule, or a function of
            the step.
        momentum: From 0 to 1.
        nesterov: Whether the step looks ahead by the momentum.
        weight_decay: Decoupled decay, at least 0.
        decay_biases: Whether biases decay too.

    Returns:
        The Optimizer. Each number may be an array with the member axes.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.sgd(0.1, momentum=0.9).kind
        'momentum'

    References:
        Sutskever et al., "On the importance of initialization and momentum in deep learning"
        (2013), as `keras.optimizers.SGD` writes it.
    """
    hp: dict[str, Any] = {"learning_rate": _rate(learning_rate)}
    kept, looks_ahead = _momentum(momentum), checks.boolean("nesterov", nesterov)
    kind = ("nesterov" if looks_ahead else "momentum") if kept else "sgd"
    return Optimizer(kind, hp | kept | _decay(weight_decay, decay_biases))


def adam(
    learning_rate: LearningRate,
    beta_1: ArrayLike = 0.9,
    beta_2: ArrayLike = 0.999,
    epsilon: ArrayLike = 1e-7,
    weight_decay: ArrayLike = 0.0,
    decay_biases: bool = False,
) -> Optimizer:
    """Adam: steps scaled by moving averages of the gradient and of its square.

    `p - rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)`, where m and v are
    the moving averages of g and g**2 from 0, and t counts updates from 1.

    Args:
        learning_rate: At least 0: a number or one for each member, a schedule, or a function of
            the step.
        beta_1: How much of m a step keeps, from 0 to below 1.
        beta_2: How much of v a step keeps, from 0 to below 1.
        epsilon: Above 0, added outside the root: the "epsilon hat" before section 2.1 of the paper.
        weight_decay: Decoupled decay, at least 0.
        decay_biases: Whether biases decay too.

    Returns:
        The Optimizer. Each number may be an array with the member axes.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.adam(learning_rate=[0.001, 0.01]).hyperparameters["learning_rate"].shape
        (2,)

    References:
        Kingma and Ba, "Adam: a method for stochastic optimization" (2015), as
        `keras.optimizers.Adam` writes it.
    """
    return Optimizer(
        "adam",
        _adam_hyperparameters(learning_rate, beta_1, beta_2, epsilon)
        | _decay(weight_decay, decay_biases),
    )


def adamw(
    learning_rate: LearningRate,
    weight_decay: ArrayLike = 0.004,
    beta_1: ArrayLike = 0.9,
    beta_2: ArrayLike = 0.999,
    epsilon: ArrayLike = 1e-7,
    decay_biases: bool = False,
) -> Optimizer:
    """Adam with decoupled weight decay: `adam`, in which only the default of the decay differs.

    `p - weight_decay * rate * p`, then the step of `adam`. Biases are left alone unless
    `decay_biases` is set (`keras.optimizers.AdamW` decays them unless they are excluded).

    Args:
        learning_rate: At least 0: a number or one for each member, a schedule, or a function of
            the step.
        weight_decay: Decoupled decay, at least 0; with 0 this is `adam`.
        beta_1: How much of the average of g a step keeps, from 0 to below 1.
        beta_2: How much of the average of g**2 a step keeps, from 0 to below 1.
        epsilon: Above 0, added outside the root.
        decay_biases: Whether biases decay too.

    Returns:
        The Optimizer. Each number may be an array with the member axes.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.adamw(0.001, weight_decay=0.01).kind
        'adam'

    References:
        Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), their schedule
        being the rate.
    """
    return adam(learning_rate, beta_1, beta_2, epsilon, weight_decay, decay_biases)


def amsgrad(
    learning_rate: LearningRate,
    beta_1: ArrayLike = 0.9,
    beta_2: ArrayLike = 0.999,
    epsilon: ArrayLike = 1e-7,
    weight_decay: ArrayLike = 0.0,
    decay_biases: bool = False,
) -> Optimizer:
    """Adam that divides by the root of the largest v so far, so that no step grows by forgetting.

    The step of `adam` with `max(v)` over all steps in the place of v; the largest is taken before
    the bias correction.

    Args:
        learning_rate: At least 0: a number or one for each member, a schedule, or a function of
            the step.
        beta_1: How much of the average of g a step keeps, from 0 to below 1.
        beta_2: How much of the average of g**2 a step keeps, from 0 to below 1.
        epsilon: Above 0, added outside the root.
        weight_decay: Decoupled decay, at least 0.
        decay_biases: Whether biases decay too.

    Returns:
        The Optimizer. Each number may be an array with the member axes.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.amsgrad(0.001).kind
        'amsgrad'

    References:
        Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (2018), who leave the bias
        correction out, as `keras.optimizers.Adam(amsgrad=True)` writes it.
    """
    return Optimizer(
        "amsgrad",
        _adam_hyperparameters(learning_rate, beta_1, beta_2, epsilon)
        | _decay(weight_decay, decay_biases),
    )


def nadam(
    learning_rate: LearningRate,
    beta_1: ArrayLike = 0.9,
    beta_2: ArrayLike = 0.999,
    epsilon: ArrayLike = 1e-7,
    weight_decay: ArrayLike = 0.0,
    decay_biases: bool = False,
) -> Optimizer:
    """Adam with Nesterov's momentum.

    `p - rate * h / (sqrt(v / (1 - beta_2**t)) + epsilon)` with
    `h = u[t + 1] * m / (1 - U[t + 1]) + (1 - u[t]) * g / (1 - U[t])`,
    `u[t] = beta_1 * (1 - 0.5 * 0.96**t)` and U[t] the product of all u up to t, computed from t
    alone; m and v as in `adam`.

    Args:
        learning_rate: At least 0: a number or one for each member, a schedule, or a function of
            the step.
        beta_1: How much of m a step keeps, from 0 to below 1.
        beta_2: How much of v a step keeps, from 0 to below 1.
        epsilon: Above 0, added outside the root of the corrected v.
        weight_decay: Decoupled decay, at least 0.
        decay_biases: Whether biases decay too.

    Returns:
        The Optimizer. Each number may be an array with the member axes.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.nadam(0.001).kind
        'nadam'

    References:
        Dozat, "Incorporating Nesterov momentum into Adam" (2016), as `keras.optimizers.Nadam`.
    """
    return Optimizer(
        "nadam",
        _adam_hyperparameters(learning_rate, beta_1, beta_2, epsilon)
        | _decay(weight_decay, decay_biases),
    )


def rmsprop(
    learning_rate: LearningRate,
    rho: ArrayLike = 0.9,
    momentum: ArrayLike = 0.0,
    epsilon: ArrayLike = 1e-7,
    centered: bool = False,
    weight_decay: ArrayLike = 0.0,
    decay_biases: bool = False,
) -> Optimizer:
    """RMSprop: steps divided by the root of the moving average of g**2.

    `p - rate * g / sqrt(v + epsilon)`, v the moving average of g**2 from 0. With `centered`, v less
    the square of the moving average of g, and not below 0, stands in its place. With momentum,
    `move = momentum * move + rate * g / sqrt(...)`, then `p - move`.

    Args:
        learning_rate: At least 0: a number or one for each member, a schedule, or a function of
            the step.
        rho: How much of the moving averages a step keeps, from 0 to below 1.
        momentum: From 0 to 1.
        epsilon: Above 0, added inside the root.
        centered: Whether the square of the mean gradient is taken off.
        weight_decay: Decoupled decay, at least 0.
        decay_biases: Whether biases decay too.

    Returns:
        The Optimizer. Each number may be an array with the member axes.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.rmsprop(0.001, centered=True).kind
        'rmsprop_centered'

    References:
        Tieleman and Hinton, "Lecture 6.5: RMSprop" (2012); centered: Graves, "Generating sequences
        with recurrent neural networks" (2013); as `keras.optimizers.RMSprop`.
    """
    hp = {
        "learning_rate": _rate(learning_rate),
        "rho": checks.number("rho", rho, most=1, below=True),
        "epsilon": checks.number("epsilon", epsilon, above=True),
    }
    kept, without_mean = _momentum(momentum), checks.boolean("centered", centered)
    kind = "rmsprop" + "_centered" * without_mean + "_momentum" * bool(kept)
    return Optimizer(kind, hp | kept | _decay(weight_decay, decay_biases))


def adagrad(
    learning_rate: LearningRate,
    initial_accumulator_value: ArrayLike = 0.1,
    epsilon: ArrayLike = 1e-7,
    weight_decay: ArrayLike = 0.0,
    decay_biases: bool = False,
) -> Optimizer:
    """Adagrad: steps divided by the root of the sum of all g**2.

    `p - rate * g / sqrt(total + epsilon)`, total being the sum so far.

    Args:
        learning_rate: At least 0: a number or one for each member, a schedule, or a function of
            the step.
        initial_accumulator_value: What the sum starts from, at least 0.
        epsilon: Above 0, added inside the root.
        weight_decay: Decoupled decay, at least 0.
        decay_biases: Whether biases decay too.

    Returns:
        The Optimizer. Each number may be an array with the member axes.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.adagrad(0.01).kind
        'adagrad'

    References:
        Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
        optimization" (2011), as `keras.optimizers.Adagrad`.
    """
    hp = {
        "learning_rate": _rate(learning_rate),
        "initial_accumulator_value": checks.number(
            "initial_accumulator_value", initial_accumulator_value
        ),
        "epsilon": checks.number("epsilon", epsilon, above=True),
    }
    return Optimizer("adagrad", hp | _decay(weight_decay, decay_biases))


def lion(
    learning_rate: LearningRate,
    beta_1: ArrayLike = 0.9,
    beta_2: ArrayLike = 0.99,
    weight_decay: ArrayLike = 0.0,
    decay_biases: bool = False,
) -> Optimizer:
    """Lion: steps by the sign of an average of the gradient.

    `p - rate * sign(beta_1 * m + (1 - beta_1) * g)`, then `m = beta_2 * m + (1 - beta_2) * g`, m
    from 0. Each entry changes by the rate, or not at all. So the rate should be 3 to 10 times
    smaller than Adam's, and the decay larger by the same factor.

    Args:
        learning_rate: At least 0: a number or one for each member, a schedule, or a function of
            the step.
        beta_1: The weight of m in the sign, from 0 to below 1.
        beta_2: How much of m a step keeps, from 0 to below 1.
        weight_decay: Decoupled decay, at least 0.
        decay_biases: Whether biases decay too.

    Returns:
        The Optimizer. Each number may be an array with the member axes.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> fnet.lion(0.0001).kind
        'lion'

    References:
        Chen et al., "Symbolic discovery of optimization algorithms" (2023), as
        `keras.optimizers.Lion`.
    """
    hp = {
        "learning_rate": _rate(learning_rate),
        "beta_1": checks.number("beta_1", beta_1, most=1, below=True),
        "beta_2": checks.number("beta_2", beta_2, most=1, below=True),
    }
    return Optimizer("lion", hp | _decay(weight_decay, decay_biases))


def check(optimizer: Any, params: Any) -> Optimizer:
    """Refuse a value that is not an Optimizer, or whose shapes do not fit the members."""
    if not (hasattr(optimizer, "kind") and hasattr(optimizer, "hyperparameters")):
        raise InvalidArgument(
            f"optimizer must be an Optimizer, such as adam(0.001); got {optimizer!r}"
        )
    checks.one_of("optimizer", optimizer.kind, MOMENTS)
    members = checks.members_of(params)
    for name, value in optimizer.hyperparameters.items():
        if isinstance(value, Schedule):
            schedules.check(value, members)
        elif not callable(value):
            checks.for_members(name, value, members)
    return optimizer  # type: ignore[no-any-return]


def check_state(state: Any, params: Any, kind: str | None = None) -> OptState:
    """Refuse a value that is not the state of this kind of optimizer for these params."""
    kept = getattr(state, "moments", None)
    moments = len(kept or ()) if kind is None else len(MOMENTS[kind])
    if kept is None or len(kept) != moments:
        raise InvalidArgument(
            f"state must be an OptState with {moments} moments, as optimizer.init(params) "
            f"returns it; got {outline(state) if kept is None else f'{len(kept)} moments'}"
        )
    members = checks.members_of(params)
    step = checks.array("state.step", state.step)
    if shape_of(step) != members:
        raise InvalidArgument(
            f"state.step must be the number of updates of each member, {text(members)}; "
            f"got shape {text(shape_of(step))}"
        )
    for moment in kept:
        checks.same_structure("each of state.moments", moment, params)
    return state  # type: ignore[no-any-return]


def _rate(value: Any) -> Any:
    """A learning rate: a number or one for each member, a Schedule, or a function of the step."""
    if isinstance(value, Schedule):
        checks.one_of("schedule", value.kind, schedules.KINDS)
        return value
    return value if callable(value) else checks.number("learning_rate", value)


def _adam_hyperparameters(rate: Any, beta_1: Any, beta_2: Any, epsilon: Any) -> dict[str, Any]:
    return {
        "learning_rate": _rate(rate),
        "beta_1": checks.number("beta_1", beta_1, most=1, below=True),
        "beta_2": checks.number("beta_2", beta_2, most=1, below=True),
        "epsilon": checks.number("epsilon", epsilon, above=True),
    }


def _momentum(value: Any) -> dict[str, Any]:
    """The momentum by name; empty if it is 0."""
    found = checks.number("momentum", value, most=1)
    return {} if isinstance(found, np.ndarray) and not found.any() else {"momentum": found}


def _decay(weight_decay: Any, decay_biases: bool) -> dict[str, Any]:
    """The decay of weights, and of biases with `decay_biases`, by name; empty if it is 0."""
    found = checks.number("weight_decay", weight_decay)
    names = ("weight_decay", "bias_decay")[: 1 + checks.boolean("decay_biases", decay_biases)]
    is_zero = isinstance(found, np.ndarray) and found.ndim == 0 and found == 0
    return {} if is_zero else dict.fromkeys(names, found)
