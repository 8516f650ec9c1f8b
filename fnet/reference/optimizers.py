"""Optimizers in NumPy, as pure pairs of `init` and `update`. Twin of `optimizers.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
A rule takes the numbers n and the step t (from 1), both float64, and changes one array.
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
    return step(optimizer.kind, optimizer.numbers, params, state, grads)


def step(kind, numbers, params, state, grads):
    """One step: the rule of this kind for every array of params."""
    t = state.step + 1
    rule, moments = RULES[kind]
    change = rule(numbers, np.asarray(t, np.float64))
    changed = each(change, params, grads, *state.moments)  # Layers of (p, *moments)
    params, *kept = (
        tuple(Layer(w[i], None if b is None else b[i]) for w, b in changed)
        for i in range(1 + moments)
    )
    return params, State(t, tuple(kept))


def _like(number, p):
    """A float64 number in the dtype of p, with axes appended on the right to go with p's."""
    number = np.asarray(number, p.dtype)
    return number.reshape(number.shape + (1,) * (p.ndim - number.ndim))


def _sgd(n, t):
    return lambda p, g: (p - _like(n["learning_rate"], p) * g,)


def _momentum(n, t):
    def change(p, g, v):
        v = _like(n["momentum"], p) * v - _like(n["learning_rate"], p) * g
        return p + v, v

    return change


def _nesterov(n, t):
    def change(p, g, v):
        rate, momentum = _like(n["learning_rate"], p), _like(n["momentum"], p)
        v = momentum * v - rate * g
        return p + momentum * v - rate * g, v

    return change


def _adam(n, t):
    rate = n["learning_rate"] * np.sqrt(1 - n["beta_2"] ** t) / (1 - n["beta_1"] ** t)

    def change(p, g, m, v):
        m = m + _like(1 - n["beta_1"], p) * (g - m)
        v = v + _like(1 - n["beta_2"], p) * (g * g - v)
        return p - _like(rate, p) * m / (np.sqrt(v) + _like(n["epsilon"], p)), m, v

    return change


RULES = {
    "sgd": (_sgd, 0),
    "momentum": (_momentum, 1),
    "nesterov": (_nesterov, 1),
    "adam": (_adam, 2),
}
"""Each kind with its rule and how many moments it keeps."""
