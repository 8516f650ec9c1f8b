"""The update of one array by each optimizer, on TensorFlow. Twin: `reference/update_rules.py`.

A rule takes the optimizer's hyperparameters hp, float64, and `cast`, which casts to the dtype of
params. It returns `at_step(t, rate)`, where t counts steps from 1 and `rate` is the learning rate
of this step, both float64. That returns `change(p, g, *moments) -> (p, *moments)`. So constants are
computed once per run and bias corrections once per step, both in float64. The formulas and their
sources are in `core/optimizers.py`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core.aliases import Array
from fnet.core.optimizers import expand_right

MOMENTUM_PRODUCTS = np.cumprod(np.append(1, 1 - 0.5 * 0.96 ** np.arange(1, 1000)))
"""The products of `1 - 0.5 * 0.96**i` over i from 1 to t. They are constant from t = 900 on, where
0.96**t is below the rounding error of 1."""


def _sgd(hp: dict[str, Any], cast: Any) -> Any:
    def at_step(t: Array, rate: Array) -> Any:
        rate = cast(rate)
        return lambda p, g: (p - expand_right(rate, p) * g,)

    return at_step


def _momentum(hp: dict[str, Any], cast: Any) -> Any:
    momentum = cast(hp["momentum"])

    def at_step(t: Array, rate: Array) -> Any:
        rate = cast(rate)

        def change(p: Array, g: Array, v: Array) -> Any:
            v = expand_right(momentum, p) * v - expand_right(rate, p) * g
            return p + v, v

        return change

    return at_step


def _nesterov(hp: dict[str, Any], cast: Any) -> Any:
    momentum = cast(hp["momentum"])

    def at_step(t: Array, rate: Array) -> Any:
        rate = cast(rate)

        def change(p: Array, g: Array, v: Array) -> Any:
            scaled = expand_right(rate, p) * g
            v = expand_right(momentum, p) * v - scaled
            return p + expand_right(momentum, p) * v - scaled, v

        return change

    return at_step


def _adam(amsgrad: bool) -> Any:
    """The rule of adam; with `amsgrad` the last moment, the largest v so far, replaces v."""

    def rule(hp: dict[str, Any], cast: Any) -> Any:
        rate_1, rate_2 = cast(1 - hp["beta_1"]), cast(1 - hp["beta_2"])
        epsilon = cast(hp["epsilon"])

        def at_step(t: Array, rate: Array) -> Any:
            rate = cast(rate * tf.sqrt(1 - hp["beta_2"] ** t) / (1 - hp["beta_1"] ** t))

            def change(p: Array, g: Array, m: Array, v: Array, *largest: Any) -> Any:
                m = m + expand_right(rate_1, p) * (g - m)
                v = v + expand_right(rate_2, p) * (g * g - v)
                largest = tuple(tf.maximum(v_max, v) for v_max in largest)
                root = tf.sqrt(largest[0] if amsgrad else v)
                return (
                    p - expand_right(rate, p) * m / (root + expand_right(epsilon, p)),
                    m,
                    v,
                    *largest,
                )

            return change

        return at_step

    return rule


def _nadam(hp: dict[str, Any], cast: Any) -> Any:
    beta_1, beta_2 = hp["beta_1"], hp["beta_2"]
    rate_1, rate_2 = cast(1 - beta_1), cast(1 - beta_2)
    epsilon = cast(hp["epsilon"])
    products = tf.constant(MOMENTUM_PRODUCTS)

    def product(t: Array) -> Any:
        """The product of the momenta of steps 1 to t."""
        return beta_1**t * tf.gather(
            products, tf.cast(tf.minimum(t, len(MOMENTUM_PRODUCTS) - 1), tf.int32)
        )

    def at_step(t: Array, rate: Array) -> Any:
        u, u_next = (beta_1 * (1 - 0.5 * 0.96**s) for s in (t, t + 1))
        mean_rate = cast(rate * u_next / (1 - product(t + 1)))
        grad_rate = cast(rate * (1 - u) / (1 - product(t)))
        correction = cast(1 / (1 - beta_2**t))

        def change(p: Array, g: Array, m: Array, v: Array) -> Any:
            m = m + expand_right(rate_1, p) * (g - m)
            v = v + expand_right(rate_2, p) * (g * g - v)
            root = tf.sqrt(expand_right(correction, p) * v)
            move = expand_right(mean_rate, p) * m + expand_right(grad_rate, p) * g
            return p - move / (root + expand_right(epsilon, p)), m, v

        return change

    return at_step


def _rmsprop(centered: bool, momentum: bool) -> Any:
    """The rule of rmsprop with these flags. Its moments are v, the mean of g, and the momentum."""

    def rule(hp: dict[str, Any], cast: Any) -> Any:
        new_fraction, epsilon = cast(1 - hp["rho"]), cast(hp["epsilon"])
        momentum_factor = cast(hp["momentum"]) if momentum else None

        def at_step(t: Array, rate: Array) -> Any:
            rate = cast(rate)

            def change(p: Array, g: Array, v: Array, *others: Any) -> Any:
                v = v + expand_right(new_fraction, p) * (g * g - v)
                moments, variance = [v], v
                if centered:
                    mean, others = others[0], others[1:]
                    mean = mean + expand_right(new_fraction, p) * (g - mean)
                    moments.append(mean)
                    variance = tf.maximum(v - mean * mean, 0)  # rounding can make it negative
                move = expand_right(rate, p) * g / tf.sqrt(variance + expand_right(epsilon, p))
                if momentum:
                    move = expand_right(momentum_factor, p) * others[0] + move
                    moments.append(move)
                return p - move, *moments

            return change

        return at_step

    return rule


def _adagrad(hp: dict[str, Any], cast: Any) -> Any:
    epsilon = cast(hp["epsilon"])

    def at_step(t: Array, rate: Array) -> Any:
        rate = cast(rate)

        def change(p: Array, g: Array, total: Array) -> Any:
            total = total + g * g
            return p - expand_right(rate, p) * g / tf.sqrt(total + expand_right(epsilon, p)), total

        return change

    return at_step


def _lion(hp: dict[str, Any], cast: Any) -> Any:
    rate_1, rate_2 = cast(1 - hp["beta_1"]), cast(1 - hp["beta_2"])

    def at_step(t: Array, rate: Array) -> Any:
        rate = cast(rate)

        def change(p: Array, g: Array, m: Array) -> Any:
            mean = m + expand_right(rate_1, p) * (g - m)
            return p - expand_right(rate, p) * tf.sign(mean), m + expand_right(rate_2, p) * (g - m)

        return change

    return at_step


RULES: dict[str, Callable[..., Any]] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adam": _adam(amsgrad=False),
    "amsgrad": _adam(amsgrad=True),
    "nadam": _nadam,
    "rmsprop": _rmsprop(centered=False, momentum=False),
    "rmsprop_momentum": _rmsprop(centered=False, momentum=True),
    "rmsprop_centered": _rmsprop(centered=True, momentum=False),
    "rmsprop_centered_momentum": _rmsprop(centered=True, momentum=True),
    "adagrad": _adagrad,
    "lion": _lion,
}
"""The rule of each kind of optimizer (`core/optimizers.py`)."""
