"""Penalties on weights and bounds on gradients, on TensorFlow. Twin: `reference/penalties.py`.

Layers and grads are structures like params, as columns, with any member axes M; `tuning` is the
Tuning inside a program, and `total` the weight of the batch. A penalty is on the fields that are
penalized (`core/params.py`), and 0 in a batch without weight.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array, Params
from fnet.core.params import Field, is_absent, leaves, map_fields, map_params
from fnet.engine.tensors import cast_and_expand


def add_penalties(tuning: Any, layers: Params, total: Array, value: Array) -> Any:
    """The loss `[*M]` with `l1 * sum(|w|) / total + l2 * sum(w**2) / (2 * total)` added.

    Source: scikit-learn's MLP, whose `alpha` is `l2`.
    """
    if not is_absent(tuning.l1):
        value += _per_row(tuning.l1, total, value) * _sum_penalized(tf.abs, layers)
    if not is_absent(tuning.l2):
        value += 0.5 * _per_row(tuning.l2, total, value) * _sum_penalized(lambda w: w * w, layers)
    return value


def _sum_penalized(function: Callable[..., Any], layers: Params) -> Any:
    """The sum of `function` over all penalized numbers of a member, `[*M]`."""
    sums = map_fields(
        lambda field, w: tf.reduce_sum(function(w), [-2, -1]) if field.penalized else (), layers
    )
    return sum(leaves(sums))


def add_penalty_grads(tuning: Any, layers: Params, total: Array, grads: Params) -> Any:
    """The gradient of the loss with that of the penalties added."""
    for number, derivative in ((tuning.l1, tf.sign), (tuning.l2, tf.identity)):
        if not is_absent(number):

            def add(
                field: Field,
                g: Array,
                w: Array,
                number: Array = number,
                derivative: Array = derivative,
            ) -> Any:
                if not field.penalized:
                    return g
                return g + cast_and_expand(_per_row(number, total, w), w) * derivative(w)

            grads = map_fields(add, grads, layers)
    return grads


def _per_row(number: Array, total: Array, like: Any) -> Any:
    return tf.math.divide_no_nan(tf.cast(number, like.dtype), tf.cast(total, like.dtype))


def clip_grads(tuning: Any, grads: Params, members: Any) -> Any:
    """The gradient, each number clipped by value, then all of a member together by their norm.

    `members` is how many member axes there are.
    """
    if not is_absent(tuning.clipvalue):

        def clip(g: Array) -> Any:
            bound = cast_and_expand(tuning.clipvalue, g)
            return tf.clip_by_value(g, -bound, bound)

        grads = map_params(clip, grads)
    if not is_absent(tuning.global_clipnorm):
        squares = (
            tf.reduce_sum(tf.square(tf.cast(g, tf.float64)), list(range(members, g.shape.rank)))
            for g in leaves(grads)
        )
        bound = tuning.global_clipnorm
        scale = bound / tf.maximum(tf.sqrt(sum(squares)), bound)
        grads = map_params(lambda g: cast_and_expand(scale, g) * g, grads)
    return grads
