"""Optimizers in NumPy, as pure pairs of `init` and `update`. Twin of `optimizers.py`."""

from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks
from fnet.core.network import Layer, each
from fnet.core.run_state import State, form
from fnet.reference import learning_rates
from fnet.reference.update_rules import RULES, ZERO, at_right


class Optimizer(NamedTuple):
    """What kind of optimizer it is, and its numbers by name: each `[]` or with the member axes.

    In the place of the number `learning_rate` there may be a schedule or a function of the step.
    """

    kind: str
    numbers: dict[str, Any]

    def init(self, params):
        """The State before the first step: no updates, and moments as they start."""
        checks.optimizer(self, params, RULES)
        layers = each(np.asarray, params)

        def filled(name):
            """A structure like params that holds the number of this name, or zeros."""
            number = np.asarray(0.0 if name == ZERO else self.numbers[name], layers[0].w.dtype)
            return each(lambda p: np.zeros_like(p) + at_right(number, p), layers)

        starts = RULES[self.kind][1]
        return State(np.zeros(layers[0].w.shape[:-2], np.int64), tuple(map(filled, starts)))

    def update(self, params, state, grads):
        """One step: `(params, state)` after it."""
        return update(self, params, state, grads)


def sgd(learning_rate, momentum=0.0, nesterov=False, weight_decay=0.0, decay_biases=False):
    """Gradient descent, with momentum or Nesterov's where given; see `fnet.sgd`."""
    return Optimizer(*checks.sgd(learning_rate, momentum, nesterov, weight_decay, decay_biases))


def adam(
    learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0, decay_biases=False
):
    """Adam; see `fnet.adam`."""
    decay = weight_decay, decay_biases
    return Optimizer(*checks.adam("adam", learning_rate, beta_1, beta_2, epsilon, *decay))


def adamw(
    learning_rate, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, decay_biases=False
):
    """Adam with decay; see `fnet.adamw`."""
    return adam(learning_rate, beta_1, beta_2, epsilon, weight_decay, decay_biases)


def amsgrad(
    learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0, decay_biases=False
):
    """Adam with the largest v so far; see `fnet.amsgrad`."""
    decay = weight_decay, decay_biases
    return Optimizer(*checks.adam("amsgrad", learning_rate, beta_1, beta_2, epsilon, *decay))


def nadam(
    learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0, decay_biases=False
):
    """Adam with Nesterov's momentum; see `fnet.nadam`."""
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
    """RMSprop, centered and with momentum where wanted; see `fnet.rmsprop`."""
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
    """Adagrad; see `fnet.adagrad`."""
    return Optimizer(
        *checks.adagrad(
            learning_rate, initial_accumulator_value, epsilon, weight_decay, decay_biases
        )
    )


def lion(learning_rate, beta_1=0.9, beta_2=0.99, weight_decay=0.0, decay_biases=False):
    """Lion; see `fnet.lion`."""
    return Optimizer(*checks.lion(learning_rate, beta_1, beta_2, weight_decay, decay_biases))


def update(optimizer, params, state, grads):
    """One step of the optimizer: `(params, state)` after it. Nothing is changed in place."""
    checks.optimizer(optimizer, params, RULES)
    checks.like("grads", grads, params)
    checks.state(state, params, len(RULES[optimizer.kind][1]))
    params, grads = (each(np.asarray, tree) for tree in (params, grads))
    state = State(np.asarray(state.step), tuple(each(np.asarray, m) for m in state.moments))
    static, named = form(optimizer), numbers(optimizer)
    if callable(static.schedule):
        rate = learning_rates.rate(static.schedule, ())(np.asarray(state.step, np.float64))
        checks.rates(rate, state.step)
    at = changes(static, named, params[0].w.dtype, decays(named, params))
    return step(at, params, state, grads)


def rates(function, steps):
    """What a user's function says at these steps `[n, *M]`, called with one after another."""
    at = learning_rates.rate(function, ())
    with np.errstate(all="ignore"):
        return np.array([at(np.asarray(k, np.float64)) for k in steps])


def numbers(optimizer):
    """The optimizer's numbers as float64 arrays; those of a schedule in a dict of their own."""

    def inside(number):
        if callable(number):
            return {}
        if hasattr(number, "numbers"):
            return {name: inside(n) for name, n in number.numbers.items()}
        return np.asarray(number, np.float64)[()]

    return {name: inside(number) for name, number in optimizer.numbers.items()}


def decays(numbers, params):
    """By how much of the rate each number of params decays, in their structure; None if none do."""
    if "weight_decay" not in numbers:
        return None
    of_weights, of_biases = numbers["weight_decay"], numbers.get("bias_decay", np.zeros(()))

    def full(decay, p):
        return None if p is None else np.broadcast_to(at_right(decay, p), p.shape)

    return tuple(Layer(full(of_weights, w), full(of_biases, b)) for w, b in params)


def changes(form, numbers, dtype, decays=None):
    """What `step` takes, for an optimizer of this Form with these numbers, and params of dtype.

    A function of the updates so far and of `scale`: the change of one array, and by what share of
    itself each number of params decays, in the structure of `decays`; None without them.
    """

    def like(number):
        return np.asarray(number, dtype)[()]

    rate = learning_rates.rate(form.schedule, numbers["learning_rate"])
    change = RULES[form.kind][0](numbers, like)

    def at(step, scale):
        now = rate(np.asarray(step, np.float64)[()])
        now = now if scale is None else scale * now
        shares = decays and each(lambda decay: like(decay * at_right(now, decay)), decays)
        return change(np.asarray(step + 1, np.float64)[()], now), shares

    return at


def step(at, params, state, grads, scale=None):
    """One step: the change at this step of every array of params.

    `at` is what `changes` returns. `scale`, float64, `[]` or with the member axes, multiplies the
    rate; None is 1.
    """
    change, shares = at(state.step, scale)
    if shares:
        params = each(lambda p, share: p - share * p, params, shares)
    changed = each(change, params, grads, *state.moments)
    params, *kept = (  # from Layers of (p, *moments)
        tuple(Layer(w[i], None if b is None else b[i]) for w, b in changed)
        for i in range(1 + len(state.moments))
    )
    return params, State(state.step + 1, tuple(kept))
