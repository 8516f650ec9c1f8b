"""Optimizers: pure pairs of `init` and `update`, on TensorFlow. Twin: `reference/optimizers.py`.

A rule takes the optimizer's numbers n, float64, and `like`, which casts to the dtype of params. It
returns a function of the step t (from 1, float64), and that the change of one array:
`(p, g, *moments) -> (p, *moments)`. So what depends on neither is worked once a run and what
depends on t, the bias corrections, once a step, both in float64. Names, defaults and conventions
are Keras's.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fnet import checks, tensors
from fnet.network import Layer, each
from fnet.runs import State


class Optimizer(NamedTuple):
    """What kind of optimizer it is, and its numbers by name: each `[]` or with the member axes."""

    kind: str
    numbers: dict[str, Any]

    @tensors.as_written
    def init(self, params):
        """The State before the first step: no updates, moments of zeros."""
        layers = tensors.opened(params)
        members = layers[0].w.shape[:-2]
        zeros = tensors.closed(each(tf.zeros_like, layers))
        return State(tf.zeros(members, tf.int64), (zeros,) * RULES[self.kind][1])

    def update(self, params, state, grads):
        """One step: `(params, state)` after it."""
        return update(self, params, state, grads)


def sgd(learning_rate, momentum=0.0, nesterov=False):
    """Gradient descent: `p - rate * g`; with momentum `v = momentum * v - rate * g`, `p + v`.

    With `nesterov`, `p + momentum * v - rate * g` for the new v. Numbers are scalars or arrays
    with the member axes, `learning_rate >= 0` and `0 <= momentum < 1`; anything else raises
    InvalidArgument. Source: Sutskever et al. (2013), as `keras.optimizers.SGD` writes it.
    """
    return Optimizer(*checks.sgd(learning_rate, momentum, nesterov))


def adam(learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Adam: `p - rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)`.

    m and v are the moving averages of g and g**2. Numbers are scalars or arrays with the member
    axes, `learning_rate >= 0`, `0 <= beta < 1`, `epsilon > 0`; anything else raises
    InvalidArgument. Source: Kingma and Ba (2015); epsilon is the "epsilon hat" before section
    2.1, as in `keras.optimizers.Adam`.
    """
    return Optimizer(*checks.adam(learning_rate, beta_1, beta_2, epsilon))


@tensors.as_written
def update(optimizer, params, state, grads):
    """One step of the optimizer: `(params, state)` after it. Nothing is changed in place.

    `grads` and the state's moments are structures like params, with the same shapes and dtype;
    otherwise InvalidArgument is raised.
    """
    checks.optimizer(optimizer, params, RULES)
    checks.like("grads", grads, params)
    checks.state(state, params, RULES[optimizer.kind][1])
    inside = State(tensors.tensor(state.step), tuple(map(tensors.opened, state.moments)))
    named = numbers(optimizer)
    arguments = tensors.opened(params), inside, tensors.opened(grads), tuple(named.values())
    params, state = tensors.graph(_update, (optimizer.kind, tuple(named)), arguments)
    return tensors.closed(params), State(state.step, tuple(map(tensors.closed, state.moments)))


def numbers(optimizer):
    """The optimizer's numbers as float64 tensors."""
    return {name: tensors.tensor(n, np.float64) for name, n in optimizer.numbers.items()}


def _update(static, arguments):
    kind, names = static
    params, state, grads, values = arguments
    change = changes(kind, dict(zip(names, values, strict=True)), params[0].w.dtype)
    return step(change, params, state, grads)


def changes(kind, numbers, dtype):
    """The rule of this kind with these numbers, for params of this dtype: a function of t."""
    return RULES[kind][0](numbers, lambda number: tf.cast(number, dtype))


def step(changes, params, state, grads, scale=None):
    """One step, as it is compiled: the change at this t of every array of params."""
    t = state.step + 1
    changed = each(changes(tf.cast(t, tf.float64)), params, grads, *state.moments)
    params, *kept = (  # from Layers of (p, *moments)
        tuple(Layer(w[i], b[i] if b else ()) for w, b in changed)
        for i in range(1 + len(state.moments))
    )
    return params, State(t, tuple(kept))


def _at(number, p):
    """A number with axes appended on the right to go with those of p."""
    return number[(..., *(None,) * (len(p.shape) - len(number.shape)))]


def _sgd(n, like):
    rate = like(n["learning_rate"])
    return lambda t: lambda p, g: (p - _at(rate, p) * g,)


def _momentum(n, like):
    rate, momentum = like(n["learning_rate"]), like(n["momentum"])

    def change(p, g, v):
        v = _at(momentum, p) * v - _at(rate, p) * g
        return p + v, v

    return lambda t: change


def _nesterov(n, like):
    rate, momentum = like(n["learning_rate"]), like(n["momentum"])

    def change(p, g, v):
        slope = _at(rate, p) * g
        v = _at(momentum, p) * v - slope
        return p + _at(momentum, p) * v - slope, v

    return lambda t: change


def _adam(n, like):
    share_1, share_2 = like(1 - n["beta_1"]), like(1 - n["beta_2"])
    epsilon = like(n["epsilon"])

    def at(t):
        rate = n["learning_rate"] * tf.sqrt(1 - n["beta_2"] ** t) / (1 - n["beta_1"] ** t)
        rate = like(rate)

        def change(p, g, m, v):
            m = m + _at(share_1, p) * (g - m)
            v = v + _at(share_2, p) * (g * g - v)
            return p - _at(rate, p) * m / (tf.sqrt(v) + _at(epsilon, p)), m, v

        return change

    return at


RULES = {
    "sgd": (_sgd, 0),
    "momentum": (_momentum, 1),
    "nesterov": (_nesterov, 1),
    "adam": (_adam, 2),
}
"""Each kind with its rule and how many moments it keeps."""
