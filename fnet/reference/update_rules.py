"""The update rules of the optimizers as the papers print them, in NumPy.

Twin of `engine/update_rules.py`.

The formulas of the engine are repeated on purpose: a test oracle must not import what it checks.

A rule updates one row: `rule(p, g, moments, t, rate, ...) -> (p, *moments)`, given the gradient g,
the step t from 1, the learning rate of this step, and the optimizer's hyperparameters by name. Each
of these is a number, or `[*M, 1]` for rows `[*M, P]`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnet.core.aliases import Array

SCHEDULE = 1 - 0.5 * 0.96 ** np.arange(1000)
"""Dozat's momentum schedule: `1 - 0.5 * 0.96**i`, which rounds to 1 from i = 900 on."""

PRODUCTS = np.cumprod(np.append(1, SCHEDULE[1:]))
"""The products of the schedule over i from 1 to t."""


def sgd(p: Array, g: Array, moments: Any, *, t: Array, rate: Array) -> Any:
    """Gradient descent."""
    return (p - rate * g,)


def momentum(p: Array, g: Array, moments: Any, *, t: Array, rate: Array, momentum: Any) -> Any:
    """Polyak (1964), as Sutskever et al. (2013) write it, equations 1 and 2."""
    (v,) = moments
    v = momentum * v - rate * g
    return p + v, v


def nesterov(p: Array, g: Array, moments: Any, *, t: Array, rate: Array, momentum: Any) -> Any:
    """Nesterov (1983), for params that already include the next momentum step, as in Keras."""
    (v,) = moments
    v = momentum * v - rate * g
    return p + momentum * v - rate * g, v


def adam(
    p: Array,
    g: Array,
    moments: Any,
    *,
    t: Array,
    rate: Array,
    beta_1: Array,
    beta_2: Array,
    epsilon: Array,
) -> Any:
    """Kingma and Ba (2015), in the efficient form before section 2.1, epsilon being epsilon hat."""
    m, v = moments
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    rate_t = rate * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
    return p - rate_t * m / (np.sqrt(v) + epsilon), m, v


def amsgrad(
    p: Array,
    g: Array,
    moments: Any,
    *,
    t: Array,
    rate: Array,
    beta_1: Array,
    beta_2: Array,
    epsilon: Array,
) -> Any:
    """Reddi, Kale and Kumar (2018), algorithm 2, with the bias corrections of `adam`."""
    m, v, v_max = moments
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    v_max = np.maximum(v_max, v)
    rate_t = rate * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
    return p - rate_t * m / (np.sqrt(v_max) + epsilon), m, v, v_max


def nadam(
    p: Array,
    g: Array,
    moments: Any,
    *,
    t: Array,
    rate: Array,
    beta_1: Array,
    beta_2: Array,
    epsilon: Array,
) -> Any:
    """Dozat (2016): u[i] is the momentum of step i, and U[t] their product over i from 1 to t."""
    m, v = moments
    u, u_next = (beta_1 * SCHEDULE[np.minimum(i, 999)] for i in (t, t + 1))
    big_u, big_u_next = (beta_1**i * PRODUCTS[np.minimum(i, 999)] for i in (t, t + 1))
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat = u_next / (1 - big_u_next) * m + (1 - u) / (1 - big_u) * g
    v_hat = v / (1 - beta_2**t)
    return p - rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def rmsprop(
    p: Array,
    g: Array,
    moments: Any,
    *,
    t: Array,
    rate: Array,
    rho: Array,
    epsilon: Array,
    momentum: Any = None,
) -> Any:
    """Tieleman and Hinton (2012); centered as Graves (2013), equations 38 to 45.

    Moments are v, the mean of g if the rule is centered, and the last step if it has momentum.
    """
    v, *others = moments
    v = rho * v + (1 - rho) * g**2
    new_moments, variance = [v], v
    if len(others) > (momentum is not None):
        mean = rho * others[0] + (1 - rho) * g
        new_moments.append(mean)
        variance = np.maximum(v - mean**2, 0)  # rounding can make it negative
    move = rate * g / np.sqrt(variance + epsilon)
    if momentum is not None:
        move = momentum * others[-1] + move
        new_moments.append(move)
    return p - move, *new_moments


def adagrad(
    p: Array,
    g: Array,
    moments: Any,
    *,
    t: Array,
    rate: Array,
    initial_accumulator_value: Array,
    epsilon: Array,
) -> Any:
    """Duchi, Hazan and Singer (2011); the sum starts from `initial_accumulator_value`."""
    (total,) = moments
    total = total + g**2
    return p - rate * g / np.sqrt(total + epsilon), total


def lion(
    p: Array, g: Array, moments: Any, *, t: Array, rate: Array, beta_1: Array, beta_2: Array
) -> Any:
    """Chen et al. (2023), algorithm 2."""
    (m,) = moments
    c = beta_1 * m + (1 - beta_1) * g
    m = beta_2 * m + (1 - beta_2) * g
    return p - rate * np.sign(c), m


RULES: dict[str, Callable[..., Any]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adam": adam,
    "amsgrad": amsgrad,
    "nadam": nadam,
    "rmsprop": rmsprop,
    "rmsprop_momentum": rmsprop,
    "rmsprop_centered": rmsprop,
    "rmsprop_centered_momentum": rmsprop,
    "adagrad": adagrad,
    "lion": lion,
}
"""The rule of each kind of optimizer (`core/optimizers.py`)."""
