"""Checks of params, and of optimizers and what goes with them."""

import itertools

import numpy as np

from fnet.checks.arrays import array, dtype_of, finite, fits, shape_of, text
from fnet.checks.values import dtype, flag, number, one_of
from fnet.errors import InvalidArgument


def network(value):
    """A Network."""
    if not hasattr(value, "layers"):
        raise InvalidArgument(f"net must be a Network, as Network((64, 30, 10)); got {value!r}")
    return value


def params(net, value):
    """`(layers, members, dtype)`: params as a tuple of `(w, b)`, their member axes and dtype."""
    network(net)
    layers = _layers("params", value)
    if len(layers) != len(net.layers):
        raise InvalidArgument(
            f"params must be one Layer(w, b) for each of the {len(net.layers)} layers of {net}; "
            f"got {outline(value)}. Use init_params(net, seed)"
        )
    first = layers[0][0]
    members = shape_of(first)[:-2] if first is not None else ()
    for i, ((w, b), (d, h)) in enumerate(zip(layers, net.layers, strict=True)):
        for name, found, wanted in (("w", w, (d, h)), ("b", b, (h,) if net.bias else None)):
            wanted = wanted if wanted is None else (*members, *wanted)
            if (wanted is None) != (found is None) or (
                found is not None and not fits(shape_of(found), wanted)
            ):
                came = None if found is None else list(shape_of(found))
                need = None if wanted is None else list(wanted)
                raise InvalidArgument(
                    f"params do not fit {net}: layer {i} needs {name} of shape {need}; got {came}"
                )
            if found is not None:
                finite(f"params, {name} of layer {i},", array("params", found), "")
    dtypes = {dtype_of(p) for layer in layers for p in layer if p is not None}
    if len(dtypes) != 1:
        raise InvalidArgument(f"params must be of one dtype; got {sorted(map(str, dtypes))}")
    return layers, members, dtype("params", dtypes.pop())


def _layers(what, value):
    """A sequence of `(w, b)` as a tuple of pairs of arrays, tensors or None."""
    try:
        pairs = [(layer[0], layer[1]) for layer in value]
    except (TypeError, IndexError, KeyError):
        pairs = []
    if not pairs:
        raise InvalidArgument(
            f"{what} must be a sequence of Layer(w, b), one for each layer; got {outline(value)}"
        )
    return tuple(
        tuple(p if p is None or hasattr(p, "shape") else array(what, p) for p in pair)
        for pair in pairs
    )


def like(what, value, params_):
    """A structure like params, whose arrays have the shapes and the dtype of params'."""
    pairs = itertools.zip_longest(_layers("params", params_), _layers(what, value))
    for i, (ours, theirs) in enumerate(pairs):
        for name, p, found in zip("wb", ours or (None, None), theirs or (None, None), strict=True):
            if _form(p) != _form(found):
                raise InvalidArgument(
                    f"{what} must be like params: layer {i} needs {name} of {_form(p)}; "
                    f"got {_form(found)}"
                )


def _form(value):
    if value is None:
        return "None"
    return f"shape {text(shape_of(value))} and dtype {dtype_of(value)}"


def sgd(learning_rate, momentum, nesterov):
    """The kind and the numbers of an sgd; without momentum nothing is kept from step to step."""
    rate = number("learning_rate", learning_rate)
    momentum = number("momentum", momentum, most=1, below=True)
    nesterov = flag("nesterov", nesterov)
    if isinstance(momentum, np.ndarray) and not momentum.any():
        return "sgd", {"learning_rate": rate}
    kind = "nesterov" if nesterov else "momentum"
    return kind, {"learning_rate": rate, "momentum": momentum}


def adam(learning_rate, beta_1, beta_2, epsilon):
    """The kind and the numbers of an adam."""
    return "adam", {
        "learning_rate": number("learning_rate", learning_rate),
        "beta_1": number("beta_1", beta_1, most=1, below=True),
        "beta_2": number("beta_2", beta_2, most=1, below=True),
        "epsilon": number("epsilon", epsilon, above=True),
    }


def optimizer(value, params_, rules):
    """An Optimizer whose kind is known and whose numbers go with the member axes of params."""
    if not (hasattr(value, "kind") and hasattr(value, "numbers")):
        raise InvalidArgument(f"optimizer must be one, as adam(0.001) makes it; got {value!r}")
    one_of("optimizer", value.kind, rules)
    members = shape_of(_layers("params", params_)[0][0])[:-2]
    for name, found in value.numbers.items():
        for_members(name, found, members)
    return value


def for_members(what, value, members):
    """A number, or one for each member."""
    if shape_of(value) not in ((), tuple(members)):
        raise InvalidArgument(
            f"{what} must be one number, or one for each of the members {text(members)} "
            f"of params; got shape {text(shape_of(value))}"
        )
    return value


def state(value, params_, moments):
    """An optimizer's State, with this many moments like params, and a step for each member."""
    kept = getattr(value, "moments", None)
    if kept is None or len(kept) != moments:
        raise InvalidArgument(
            f"state must be a State with {moments} moments, as optimizer.init(params) makes it; "
            f"got {outline(value) if kept is None else f'{len(kept)} moments'}"
        )
    members = shape_of(_layers("params", params_)[0][0])[:-2]
    step = array("state.step", value.step)
    if shape_of(step) != tuple(members):
        raise InvalidArgument(
            f"state.step must be the updates so far of each member, {text(members)}; "
            f"got shape {text(shape_of(step))}"
        )
    for moment in kept:
        like("each of state.moments", moment, params_)
    return value


def outline(value):
    """A short description of what came."""
    try:
        return f"{type(value).__name__} of {len(value)}"
    except TypeError:
        return repr(value)
