"""Checks of params and of structures like them."""

import itertools

from fnet.core.checks.arrays import array, dtype_of, finite, fits, shape_of, text
from fnet.core.checks.scalars import dtype
from fnet.core.errors import InvalidArgument


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


def members_of(value):
    """The member axes of params."""
    return tuple(shape_of(_layers("params", value)[0][0])[:-2])


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


def for_members(what, value, members):
    """A number, or one for each member."""
    if shape_of(value) not in ((), tuple(members)):
        raise InvalidArgument(
            f"{what} must be one number, or one for each of the members {text(members)} "
            f"of params; got shape {text(shape_of(value))}"
        )
    return value


def outline(value):
    """A short description of what came."""
    try:
        return f"{type(value).__name__} of {len(value)}"
    except TypeError:
        return repr(value)
