"""Optimizers: pure pairs of `init` and `update`, on TensorFlow. Twin: `reference/optimizers.py`.

Names, defaults and conventions are Keras's. A `learning_rate` is a number of at least 0, a
schedule (`schedules.py`) or a function of the step. Every optimizer takes a decoupled
`weight_decay` of at least 0: before each step every weight becomes `p - weight_decay * rate * p`
at the rate of that step, and so does every bias where `decay_biases` is set. It is no penalty: no
moment sees it (Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019). All numbers
are scalars or arrays with the member axes.
"""

import functools
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fnet.core import checks
from fnet.core.network import Layer, each
from fnet.core.run_state import State, form
from fnet.engine import learning_rates, tensors
from fnet.engine.tensors import absent, at_right
from fnet.engine.update_rules import RULES, ZERO


class Optimizer(NamedTuple):
    """What kind of optimizer it is, and its numbers by name: each `[]` or with the member axes.

    In the place of the number `learning_rate` there may be a schedule or a function of the step.
    """

    kind: str
    numbers: dict[str, Any]

    @tensors.as_written
    def init(self, params):
        """The State before the first step: no updates, and moments as they start."""
        checks.optimizer(self, params, RULES)
        layers = tensors.opened(params)
        dtype = checks.dtype_of(layers[0].w)

        def filled(name):
            """A structure like params that holds the number of this name, or zeros."""
            number = tensors.tensor(0.0 if name == ZERO else self.numbers[name], dtype)
            return tensors.closed(each(lambda p: tf.zeros_like(p) + at_right(number, p), layers))

        starts = RULES[self.kind][1]
        return State(tf.zeros(layers[0].w.shape[:-2], tf.int64), tuple(map(filled, starts)))

    def update(self, params, state, grads):
        """One step: `(params, state)` after it."""
        return update(self, params, state, grads)


def sgd(learning_rate, momentum=0.0, nesterov=False, weight_decay=0.0, decay_biases=False):
    """Gradient descent: `p - rate * g`; with momentum `v = momentum * v - rate * g`, `p + v`.

    With `nesterov`, `p + momentum * v - rate * g` for the new v. `0 <= momentum <= 1`; anything
    else raises InvalidArgument. Source: Sutskever et al. (2013), as `keras.optimizers.SGD` writes
    it.
    """
    return Optimizer(*checks.sgd(learning_rate, momentum, nesterov, weight_decay, decay_biases))


def adam(
    learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0, decay_biases=False
):
    """Adam: `p - rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)`.

    m and v are the moving averages of g and g**2, from 0. `0 <= beta < 1`, `epsilon > 0`; anything
    else raises InvalidArgument. Source: Kingma and Ba (2015); epsilon, outside the root, is the
    "epsilon hat" before section 2.1, as in `keras.optimizers.Adam`.
    """
    decay = weight_decay, decay_biases
    return Optimizer(*checks.adam("adam", learning_rate, beta_1, beta_2, epsilon, *decay))


def adamw(
    learning_rate, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, decay_biases=False
):
    """Adam with decay: `adam` of these numbers, in which only the default of the decay differs.

    Biases are left alone unless `decay_biases` is set. Source: Loshchilov and Hutter (2019), their
    schedule being the rate, as in `keras.optimizers.AdamW` (which decays biases too, unless they
    are excluded). A decay of 0 makes it an adam.
    """
    return adam(learning_rate, beta_1, beta_2, epsilon, weight_decay, decay_biases)


def amsgrad(
    learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0, decay_biases=False
):
    """Adam that divides by the root of the largest v so far, so that no step grows by forgetting.

    Numbers, epsilon and the correction of m and v are those of `adam`; the largest is taken of v
    before its correction. Source: Reddi, Kale and Kumar (2018), who leave the correction out, as
    `keras.optimizers.Adam(amsgrad=True)` writes it.
    """
    decay = weight_decay, decay_biases
    return Optimizer(*checks.adam("amsgrad", learning_rate, beta_1, beta_2, epsilon, *decay))


def nadam(
    learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0, decay_biases=False
):
    """Adam with Nesterov's momentum: `p - rate * h / (sqrt(v / (1 - beta_2**t)) + epsilon)`.

    `h = u[t + 1] * m / (1 - U[t + 1]) + (1 - u[t]) * g / (1 - U[t])` with
    `u[t] = beta_1 * (1 - 0.5 * 0.96**t)` and U[t] the product of all u up to t, worked from t
    alone; m and v as in `adam`. `0 <= beta < 1`, `epsilon > 0`; anything else raises
    InvalidArgument. Source: Dozat (2016), as `keras.optimizers.Nadam`; epsilon is outside the
    root, and added to that of the corrected v.
    """
    decay = weight_decay, decay_biases
    return Optimizer(*checks.adam("nadam", learning_rate, beta_1, beta_2, epsilon, *decay))


def rmsprop(
    learning_rate,
    rho=0.9,
    momentum=0.0,
    epsilon=1e-7,
    centered=False,
    weight_decay=0.0,
    decay_biases=False,
):
    """RMSprop: `p - rate * g / sqrt(v + epsilon)`, v the moving average of g**2, from 0.

    With `centered`, v less the square of the moving average of g stands in its place, and not
    below 0. With momentum, `move = momentum * move + rate * g / sqrt(...)`, `p - move`.
    `0 <= rho < 1`, `0 <= momentum <= 1`, `epsilon > 0`; anything else raises InvalidArgument.
    Source: Tieleman and Hinton (2012), centered by Graves (2013); epsilon is inside the root, as
    in `keras.optimizers.RMSprop`.
    """
    return Optimizer(
        *checks.rmsprop(learning_rate, rho, momentum, epsilon, centered, weight_decay, decay_biases)
    )


def adagrad(
    learning_rate,
    initial_accumulator_value=0.1,
    epsilon=1e-7,
    weight_decay=0.0,
    decay_biases=False,
):
    """Adagrad: `p - rate * g / sqrt(total + epsilon)`, total the sum of all g**2.

    The sum starts from `initial_accumulator_value >= 0`; `epsilon > 0`; anything else raises
    InvalidArgument. Source: Duchi, Hazan and Singer (2011); epsilon is inside the root, as in
    `keras.optimizers.Adagrad`.
    """
    return Optimizer(
        *checks.adagrad(
            learning_rate, initial_accumulator_value, epsilon, weight_decay, decay_biases
        )
    )


def lion(learning_rate, beta_1=0.9, beta_2=0.99, weight_decay=0.0, decay_biases=False):
    """Lion: `p - rate * sign(beta_1 * m + (1 - beta_1) * g)`, then m moves on by beta_2.

    m is the moving average of g, from 0; every step but one of 0 has the size of the rate, so the
    rate should be 3 to 10 times smaller than Adam's, and the decay as much larger.
    `0 <= beta < 1`; anything else raises InvalidArgument. Source: Chen et al. (2023), as
    `keras.optimizers.Lion`.
    """
    return Optimizer(*checks.lion(learning_rate, beta_1, beta_2, weight_decay, decay_biases))


@tensors.as_written
def update(optimizer, params, state, grads):
    """One step of the optimizer: `(params, state)` after it. Nothing is changed in place.

    `grads` and the state's moments are structures like params, with the same shapes and dtype;
    otherwise InvalidArgument is raised, and so it is where a user's own rate is negative or not
    finite at this step.
    """
    checks.optimizer(optimizer, params, RULES)
    checks.like("grads", grads, params)
    checks.state(state, params, len(RULES[optimizer.kind][1]))
    inside = State(tensors.tensor(state.step), tuple(map(tensors.opened, state.moments)))
    static = form(optimizer)
    if callable(static.schedule):
        rate = learning_rates.rate(static.schedule, ())(tf.cast(inside.step, tf.float64))
        checks.rates(rate, inside.step)
    values = tuple(
        tuple(number.values()) if isinstance(number, dict) else number
        for number in numbers(optimizer).values()
    )
    arguments = tensors.opened(params), inside, tensors.opened(grads), values
    params, state = tensors.graph(_update, static, arguments)
    return tensors.closed(params), State(state.step, tuple(map(tensors.closed, state.moments)))


def rates(function, steps):
    """What a user's function says at these steps `[n, *M]`, called with one after another."""
    return _asked(function, steps.shape[1:])(tf.constant(steps, tf.float64))


@functools.cache
def _asked(function, members):
    one_after_another = functools.partial(tf.vectorized_map, learning_rates.rate(function, ()))
    signature = [tf.TensorSpec((None, *members), tf.float64)]
    return tf.function(one_after_another, input_signature=signature, autograph=False)


def numbers(optimizer):
    """The optimizer's numbers as float64 tensors; those of a schedule in a dict of their own."""

    def inside(number):
        if callable(number):
            return {}
        if hasattr(number, "numbers"):
            return {name: inside(n) for name, n in number.numbers.items()}
        return tensors.tensor(number, np.float64)

    return {name: inside(number) for name, number in optimizer.numbers.items()}


def _update(form, arguments):
    params, state, grads, values = arguments
    named = dict(zip(form.names, values, strict=True))
    if isinstance(form.schedule, tuple):
        _, names = form.schedule
        named["learning_rate"] = dict(zip(names, named["learning_rate"], strict=True))
    return step(changes(form, named, params[0].w.dtype), params, state, grads)


def changes(form, numbers, dtype):
    """What `step` takes, for an optimizer of this Form with these numbers, and params of dtype.

    A function of the updates so far and of `scale`: the change of one array, and by what share of
    itself each weight and each bias decays, None where it does not.
    """

    def like(number):
        return tf.cast(number, dtype)

    rate = learning_rates.rate(form.schedule, numbers["learning_rate"])
    change = RULES[form.kind][0](numbers, like)
    decays = [numbers.get(name) for name in ("weight_decay", "bias_decay")]

    def at(step, scale):
        now = rate(tf.cast(step, tf.float64))
        now = now if scale is None else scale * now
        shares = [None if decay is None else like(decay * now) for decay in decays]
        return change(tf.cast(step + 1, tf.float64), now), shares

    return at


def step(at, params, state, grads, scale=None):
    """One step, as it is compiled: the change at this step of every array of params.

    `at` is what `changes` returns. `scale`, float64, `[]` or with the member axes, multiplies the
    rate; None is 1.
    """
    change, shares = at(state.step, scale)
    changed = each(change, _decayed(params, *shares), grads, *state.moments)
    params, *kept = (  # from Layers of (p, *moments)
        tuple(Layer(w[i], b[i] if b else ()) for w, b in changed)
        for i in range(1 + len(state.moments))
    )
    return params, State(state.step + 1, tuple(kept))


def _decayed(params, of_weights, of_biases):
    """Params less these shares of themselves."""

    def less(p, share):
        return p if share is None or absent(p) else p - at_right(share, p) * p

    return tuple(Layer(less(w, of_weights), less(b, of_biases)) for w, b in params)
