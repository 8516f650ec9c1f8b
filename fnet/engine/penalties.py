"""Penalties on params and clipping of gradients, on TensorFlow. Twin: `reference/penalties.py`.

Layers and grads are structures like params, in columns, with any member axes M. `tuning` is a
Tuning of tensors, and `total` the sum of the weights of a batch. Penalties apply to the fields that
are penalized (`core/params.py`), and are 0 in a batch whose weights sum to 0.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array, Params
from fnet.core.params import Field, is_absent, leaves, map_fields, map_params
from fnet.engine import layout
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
    """The sum of `function` over the penalized entries of each member, `[*M]`."""

    def sum_of(field: Field, w: Array) -> Any:
        axes = range(-layout.axes(field), 0)
        return tf.reduce_sum(function(w), list(axes)) if field.penalized else ()

    return sum(leaves(map_fields(sum_of, layers)))


def add_penalty_grads(tuning: Any, layers: Params, total: Array, grads: Params) -> Any:
    """The gradient of the loss with the gradient of the penalties added."""
    for penalty, derivative in ((tuning.l1, tf.sign), (tuning.l2, tf.identity)):
        if not is_absent(penalty):

            def add(
                field: Field,
                g: Array,
                w: Array,
                penalty: Array = penalty,
                derivative: Callable[..., Any] = derivative,
            ) -> Any:
                if not field.penalized:
                    return g
                return g + cast_and_expand(_per_row(penalty, total, w), w) * derivative(w)

            grads = map_fields(add, grads, layers)
    return grads


def _per_row(penalty: Array, total: Array, array: Array) -> Any:
    """A penalty divided by the weight of the batch, in the dtype of an array; 0 for weight 0."""
    return tf.math.divide_no_nan(tf.cast(penalty, array.dtype), tf.cast(total, array.dtype))


def clip_grads(tuning: Any, grads: Params, member_axes: int) -> Any:
    """The gradient, clipped by value and then by the global norm of each member.

    `member_axes` is the number of member axes.
    """
    if not is_absent(tuning.clipvalue):

        def clip(g: Array) -> Any:
            bound = cast_and_expand(tuning.clipvalue, g)
            return tf.clip_by_value(g, -bound, bound)

        grads = map_params(clip, grads)
    if not is_absent(tuning.global_clipnorm):
        squares = (
            tf.reduce_sum(tf.square(tf.cast(g, tf.float64)), list(range(member_axes, g.shape.rank)))
            for g in leaves(grads)
        )
        bound = tuning.global_clipnorm
        scale = bound / tf.maximum(tf.sqrt(sum(squares)), bound)
        grads = map_params(lambda g: cast_and_expand(scale, g) * g, grads)
    return grads
