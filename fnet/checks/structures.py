"""Checks of params, and of optimizers and what goes with them."""

import itertools

import numpy as np

from fnet.checks.arrays import dtype_of, fits, shape_of, text
from fnet.checks.values import dtype, flag, number, one_of
from fnet.errors import InvalidArgument


def params(net, value):
    """`(layers, members, dtype)`: params as a tuple of `(w, b)`, their member axes and dtype."""
    try:
        layers = [(layer[0], layer[1]) for layer in value]
    except (TypeError, IndexError, KeyError):
        layers = None
    if layers is None or len(layers) != len(net.layers):
        raise InvalidArgument(
            f"params must be one Layer(w, b) for each of the {len(net.layers)} layers of {net}; "
            f"got {outline(value)}. Use init_params(net, seed)"
        )
    arrays = [
        tuple(p if p is None or hasattr(p, "shape") else np.asarray(p) for p in layer)
        for layer in layers
    ]
    first = arrays[0][0]
    members = shape_of(first)[:-2] if first is not None else ()
    for i, ((w, b), (d, h)) in enumerate(zip(arrays, net.layers, strict=True)):
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
    dtypes = {dtype_of(p) for layer in arrays for p in layer if p is not None}
    if len(dtypes) != 1:
        raise InvalidArgument(f"params must be of one dtype; got {sorted(map(str, dtypes))}")
    return tuple(arrays), members, dtype(dtypes.pop())


def like(what, value, params_):
    """A structure like params, whose arrays have the shapes and the dtype of params'."""
    try:
        layers = [(layer[0], layer[1]) for layer in value]
    except (TypeError, IndexError, KeyError):
        layers = []
    for i, (ours, theirs) in enumerate(itertools.zip_longest(params_, layers)):
        for name, p, found in zip("wb", ours or (None, None), theirs or (None, None), strict=True):
            if _form(p) != _form(found):
                raise InvalidArgument(
                    f"{what} must be like params: layer {i} needs {name} of {_form(p)}; "
                    f"got {_form(found)}"
                )
    return layers


def _form(value):
    if value is None:
        return "None"
    value = value if hasattr(value, "shape") else np.asarray(value)
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
    members = shape_of(params_[0][0])[:-2]
    for name, found in value.numbers.items():
        if shape_of(found) not in ((), members):
            raise InvalidArgument(
                f"{name} must be one number, or one for each of the members {text(members)} "
                f"of params; got shape {text(shape_of(found))}"
            )
    return value


def state(value, params_, moments):
    """An optimizer's State, with this many moments like params."""
    kept = getattr(value, "moments", None)
    if kept is None or len(kept) != moments:
        raise InvalidArgument(
            f"state must be a State with {moments} moments, as optimizer.init(params) makes it; "
            f"got {outline(value) if kept is None else f'{len(kept)} moments'}"
        )
    for moment in kept:
        like("each of state.moments", moment, params_)
    return value


def outline(value):
    try:
        return f"{type(value).__name__} of {len(value)}"
    except TypeError:
        return repr(value)
