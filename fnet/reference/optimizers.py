"""Optimizers in NumPy, as pure pairs of `init` and `update`. Twin of `optimizers.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
A rule takes the numbers n, float64, and `like`, which casts to the dtype of params; then the step t
(from 1); then one array with its slope and moments.
"""

from typing import Any, NamedTuple

import numpy as np

from fnet import checks
from fnet.network import Layer, each
from fnet.runs import State


class Optimizer(NamedTuple):
    """What kind of optimizer it is, and its numbers by name: each `[]` or with the member axes."""

    kind: str
    numbers: dict[str, Any]

    def init(self, params):
        """The State before the first step: no updates, moments of zeros."""
        zeros = each(np.zeros_like, params)
        return State(np.zeros(params[0][0].shape[:-2], np.int64), (zeros,) * RULES[self.kind][1])

    def update(self, params, state, grads):
        """One step: `(params, state)` after it."""
        return update(self, params, state, grads)


def sgd(learning_rate, momentum=0.0, nesterov=False):
    """Gradient descent, with momentum or Nesterov's where given; see `fnet.sgd`."""
    return Optimizer(*checks.sgd(learning_rate, momentum, nesterov))


def adam(learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Adam; see `fnet.adam`."""
    return Optimizer(*checks.adam(learning_rate, beta_1, beta_2, epsilon))


def update(optimizer, params, state, grads):
    """One step of the optimizer: `(params, state)` after it. Nothing is changed in place."""
    checks.optimizer(optimizer, params, RULES)
    checks.like("grads", grads, params)
    checks.state(state, params, RULES[optimizer.kind][1])
    params, grads = (each(np.asarray, tree) for tree in (params, grads))
    state = State(np.asarray(state.step), tuple(each(np.asarray, m) for m in state.moments))
    return step(changes(optimizer.kind, optimizer.numbers, params[0].w.dtype), params, state, grads)


def changes(kind, numbers, dtype):
    """The rule of this kind with these numbers, for params of this dtype: a function of t."""
    return RULES[kind][0](numbers, lambda number: np.asarray(number, dtype))


def step(changes, params, state, grads, scale=None):
    """One step: the change at this t of every array of params."""
    t = state.step + 1
    changed = each(changes(np.asarray(t, np.float64)), params, grads, *state.moments)
    params, *kept = (  # from Layers of (p, *moments)
        tuple(Layer(w[i], None if b is None else b[i]) for w, b in changed)
        for i in range(1 + len(state.moments))
    )
    return params, State(t, tuple(kept))


def _at(number, p):
    """A number with axes appended on the right to go with those of p."""
    return number.reshape(number.shape + (1,) * (p.ndim - number.ndim)) if number.ndim else number


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
        v = _at(momentum, p) * v - _at(rate, p) * g
        return p + _at(momentum, p) * v - _at(rate, p) * g, v

    return lambda t: change


def _adam(n, like):
    share_1, share_2 = like(1 - n["beta_1"]), like(1 - n["beta_2"])
    epsilon = like(n["epsilon"])

    def at(t):
        rate = like(n["learning_rate"] * np.sqrt(1 - n["beta_2"] ** t) / (1 - n["beta_1"] ** t))

        def change(p, g, m, v):
            m = m + _at(share_1, p) * (g - m)
            v = v + _at(share_2, p) * (g * g - v)
            return p - _at(rate, p) * m / (np.sqrt(v) + _at(epsilon, p)), m, v

        return change

    return at


RULES = {
    "sgd": (_sgd, 0),
    "momentum": (_momentum, 1),
    "nesterov": (_nesterov, 1),
    "adam": (_adam, 2),
}
"""Each kind with its rule and how many moments it keeps."""
