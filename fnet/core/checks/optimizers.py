"""Checks of optimizers and of what goes with them."""

import numpy as np

from fnet.core.checks.arrays import array, shape_of, text
from fnet.core.checks.params import for_members, like, members_of, outline
from fnet.core.checks.scalars import flag, number, one_of
from fnet.core.checks.schedules import KINDS, schedule
from fnet.core.errors import InvalidArgument


def rate(value):
    """A learning rate: a number or one for each member, a Schedule, or a function of the step."""
    if callable(value) or getattr(value, "kind", None) in KINDS:
        return value
    return number("learning_rate", value)


def sgd(learning_rate, momentum, nesterov, weight_decay, decay_biases):
    """The kind and the numbers of an sgd; without momentum nothing is kept from step to step."""
    numbers = {"learning_rate": rate(learning_rate)}
    kept, nesterov = _momentum(momentum), flag("nesterov", nesterov)
    kind = ("nesterov" if nesterov else "momentum") if kept else "sgd"
    return kind, numbers | kept | _decay(weight_decay, decay_biases)


def adam(kind, learning_rate, beta_1, beta_2, epsilon, weight_decay, decay_biases):
    """The kind and the numbers of an adam, or of another kind with the same ones."""
    return kind, {
        "learning_rate": rate(learning_rate),
        "beta_1": number("beta_1", beta_1, most=1, below=True),
        "beta_2": number("beta_2", beta_2, most=1, below=True),
        "epsilon": number("epsilon", epsilon, above=True),
    } | _decay(weight_decay, decay_biases)


def rmsprop(learning_rate, rho, momentum, epsilon, centered, weight_decay, decay_biases):
    """The kind and the numbers of an rmsprop; its flags are in the kind."""
    numbers = {
        "learning_rate": rate(learning_rate),
        "rho": number("rho", rho, most=1, below=True),
        "epsilon": number("epsilon", epsilon, above=True),
    }
    kept, centered = _momentum(momentum), flag("centered", centered)
    kind = "rmsprop" + "_centered" * centered + "_momentum" * bool(kept)
    return kind, numbers | kept | _decay(weight_decay, decay_biases)


def adagrad(learning_rate, initial_accumulator_value, epsilon, weight_decay, decay_biases):
    """The kind and the numbers of an adagrad."""
    return "adagrad", {
        "learning_rate": rate(learning_rate),
        "initial_accumulator_value": number("initial_accumulator_value", initial_accumulator_value),
        "epsilon": number("epsilon", epsilon, above=True),
    } | _decay(weight_decay, decay_biases)


def lion(learning_rate, beta_1, beta_2, weight_decay, decay_biases):
    """The kind and the numbers of a lion."""
    return "lion", {
        "learning_rate": rate(learning_rate),
        "beta_1": number("beta_1", beta_1, most=1, below=True),
        "beta_2": number("beta_2", beta_2, most=1, below=True),
    } | _decay(weight_decay, decay_biases)


def _momentum(value):
    """The momentum by its name, or nothing where it is 0."""
    found = number("momentum", value, most=1)
    return {} if isinstance(found, np.ndarray) and not found.any() else {"momentum": found}


def _decay(weight_decay, decay_biases):
    """The decay of weights, and of biases where they decay too; nothing where it is simply 0."""
    found = number("weight_decay", weight_decay)
    names = ("weight_decay", "bias_decay")[: 1 + flag("decay_biases", decay_biases)]
    absent = isinstance(found, np.ndarray) and found.ndim == 0 and found == 0
    return {} if absent else dict.fromkeys(names, found)


def optimizer(value, params_, rules):
    """An Optimizer whose kind is known and whose numbers go with the member axes of params."""
    if not (hasattr(value, "kind") and hasattr(value, "numbers")):
        raise InvalidArgument(f"optimizer must be one, as adam(0.001) makes it; got {value!r}")
    one_of("optimizer", value.kind, rules)
    members = members_of(params_)
    for name, found in value.numbers.items():
        if hasattr(found, "numbers"):
            schedule(found, members)
        elif not callable(found):
            for_members(name, found, members)
    return value


def state(value, params_, moments):
    """An optimizer's State, with this many moments like params, and a step for each member."""
    kept = getattr(value, "moments", None)
    if kept is None or len(kept) != moments:
        raise InvalidArgument(
            f"state must be a State with {moments} moments, as optimizer.init(params) makes it; "
            f"got {outline(value) if kept is None else f'{len(kept)} moments'}"
        )
    members = members_of(params_)
    step = array("state.step", value.step)
    if shape_of(step) != members:
        raise InvalidArgument(
            f"state.step must be the updates so far of each member, {text(members)}; "
            f"got shape {text(shape_of(step))}"
        )
    for moment in kept:
        like("each of state.moments", moment, params_)
    return value
