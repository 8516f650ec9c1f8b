"""How one array changes under each optimizer, on TensorFlow. Twin: `reference/update_rules.py`.

A rule takes the optimizer's hyperparameters hp, float64, and `like`, which casts to the dtype of
params. It returns a function of the step t (from 1, float64) and of the rate then (float64), and
that the change of one array: `(p, g, *moments) -> (p, *moments)`. So what depends on neither is
worked once a run and what depends on t, the bias corrections, once a step, both in float64. The
formulas, and where they come from, stand with the functions of `core/optimizers.py`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from fnet.core.aliases import Array
from fnet.core.optimizers import expand_right

MOMENTUM_PRODUCTS = np.cumprod(np.append(1, 1 - 0.5 * 0.96 ** np.arange(1, 1000)))
"""The products over i from 1 to t of `1 - 0.5 * 0.96**i`. From t = 900 on they no longer change:
0.96**900 is below the rounding of 1."""


def _sgd(hp: dict[str, Any], like: Any) -> Any:
    def at(t: Array, rate: Array) -> Any:
        rate = like(rate)
        return lambda p, g: (p - expand_right(rate, p) * g,)

    return at


def _momentum(hp: dict[str, Any], like: Any) -> Any:
    momentum = like(hp["momentum"])

    def at(t: Array, rate: Array) -> Any:
        rate = like(rate)

        def change(p: Array, g: Array, v: Array) -> Any:
            v = expand_right(momentum, p) * v - expand_right(rate, p) * g
            return p + v, v

        return change

    return at


def _nesterov(hp: dict[str, Any], like: Any) -> Any:
    momentum = like(hp["momentum"])

    def at(t: Array, rate: Array) -> Any:
        rate = like(rate)

        def change(p: Array, g: Array, v: Array) -> Any:
            slope = expand_right(rate, p) * g
            v = expand_right(momentum, p) * v - slope
            return p + expand_right(momentum, p) * v - slope, v

        return change

    return at


def _adam(largest: Any) -> Any:
    """The rule of adam, or of amsgrad, which divides by the largest v so far, its last moment."""

    def rule(hp: dict[str, Any], like: Any) -> Any:
        rate_1, rate_2 = like(1 - hp["beta_1"]), like(1 - hp["beta_2"])
        epsilon = like(hp["epsilon"])

        def at(t: Array, rate: Array) -> Any:
            rate = like(rate * tf.sqrt(1 - hp["beta_2"] ** t) / (1 - hp["beta_1"] ** t))

            def change(p: Array, g: Array, m: Array, v: Array, *tops: Any) -> Any:
                m = m + expand_right(rate_1, p) * (g - m)
                v = v + expand_right(rate_2, p) * (g * g - v)
                tops = tuple(tf.maximum(top, v) for top in tops)
                root = tf.sqrt(tops[0] if largest else v)
                return (
                    p - expand_right(rate, p) * m / (root + expand_right(epsilon, p)),
                    m,
                    v,
                    *tops,
                )

            return change

        return at

    return rule


def _nadam(hp: dict[str, Any], like: Any) -> Any:
    beta_1, beta_2 = hp["beta_1"], hp["beta_2"]
    rate_1, rate_2 = like(1 - beta_1), like(1 - beta_2)
    epsilon = like(hp["epsilon"])
    products = tf.constant(MOMENTUM_PRODUCTS)

    def product(t: Array) -> Any:
        """Of all u up to t."""
        return beta_1**t * tf.gather(
            products, tf.cast(tf.minimum(t, len(MOMENTUM_PRODUCTS) - 1), tf.int32)
        )

    def at(t: Array, rate: Array) -> Any:
        now, following = (beta_1 * (1 - 0.5 * 0.96**s) for s in (t, t + 1))
        of_mean = like(rate * following / (1 - product(t + 1)))
        of_slope = like(rate * (1 - now) / (1 - product(t)))
        correction = like(1 / (1 - beta_2**t))

        def change(p: Array, g: Array, m: Array, v: Array) -> Any:
            m = m + expand_right(rate_1, p) * (g - m)
            v = v + expand_right(rate_2, p) * (g * g - v)
            root = tf.sqrt(expand_right(correction, p) * v)
            move = expand_right(of_mean, p) * m + expand_right(of_slope, p) * g
            return p - move / (root + expand_right(epsilon, p)), m, v

        return change

    return at


def _rmsprop(centered: bool, momentum: Any) -> Any:
    """The rule of rmsprop with these flags: its moments are v, the mean of g, and the momentum."""

    def rule(hp: dict[str, Any], like: Any) -> Any:
        share, epsilon = like(1 - hp["rho"]), like(hp["epsilon"])
        kept = like(hp["momentum"]) if momentum else None

        def at(t: Array, rate: Array) -> Any:
            rate = like(rate)

            def change(p: Array, g: Array, v: Array, *others: Any) -> Any:
                v = v + expand_right(share, p) * (g * g - v)
                moments, spread = [v], v
                if centered:
                    mean, others = others[0], others[1:]
                    mean = mean + expand_right(share, p) * (g - mean)
                    moments.append(mean)
                    spread = tf.maximum(v - mean * mean, 0)  # rounding can bring it below 0
                move = expand_right(rate, p) * g / tf.sqrt(spread + expand_right(epsilon, p))
                if momentum:
                    move = expand_right(kept, p) * others[0] + move
                    moments.append(move)
                return p - move, *moments

            return change

        return at

    return rule


def _adagrad(hp: dict[str, Any], like: Any) -> Any:
    epsilon = like(hp["epsilon"])

    def at(t: Array, rate: Array) -> Any:
        rate = like(rate)

        def change(p: Array, g: Array, total: Array) -> Any:
            total = total + g * g
            return p - expand_right(rate, p) * g / tf.sqrt(total + expand_right(epsilon, p)), total

        return change

    return at


def _lion(hp: dict[str, Any], like: Any) -> Any:
    rate_1, rate_2 = like(1 - hp["beta_1"]), like(1 - hp["beta_2"])

    def at(t: Array, rate: Array) -> Any:
        rate = like(rate)

        def change(p: Array, g: Array, m: Array) -> Any:
            ahead = m + expand_right(rate_1, p) * (g - m)
            return p - expand_right(rate, p) * tf.sign(ahead), m + expand_right(rate_2, p) * (g - m)

        return change

    return at


RULES: dict[str, Callable[..., Any]] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adam": _adam(largest=False),
    "amsgrad": _adam(largest=True),
    "nadam": _nadam,
    "rmsprop": _rmsprop(centered=False, momentum=False),
    "rmsprop_momentum": _rmsprop(centered=False, momentum=True),
    "rmsprop_centered": _rmsprop(centered=True, momentum=False),
    "rmsprop_centered_momentum": _rmsprop(centered=True, momentum=True),
    "adagrad": _adagrad,
    "lion": _lion,
}
"""The rule of each kind of optimizer (`core/optimizers.py`)."""
