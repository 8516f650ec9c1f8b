"""Checks of params and of structures like them."""

import itertools
from typing import Any

import numpy as np

from fnet.core.checks.arrays import array, dtype_of, finite, fits, shape_of, text
from fnet.core.checks.scalars import dtype
from fnet.core.errors import InvalidArgument
from fnet.core.params import FIELDS, leaves, shapes


def network(value: Any) -> Any:
    """A Network."""
    if not hasattr(value, "layers"):
        raise InvalidArgument(f"net must be a Network, as Network((64, 30, 10)); got {value!r}")
    return value


def params(net: Any, value: Any) -> tuple[tuple[Any, ...], tuple[int, ...], np.dtype[Any]]:
    """`(params, members, dtype)`: params as entries of arrays, their member axes and dtype."""
    network(net)
    wanted = shapes(net)
    found = entries("params", value, tuple(kind for kind, _ in wanted))
    if len(found) != len(wanted):
        raise InvalidArgument(
            f"params must be one {_named(wanted)} for each of the {len(wanted)} layers of {net}; "
            f"got {outline(value)}. Use init_params(net, seed)"
        )
    members = members_of(found)
    for i, (entry, (kind, own_shapes)) in enumerate(zip(found, wanted, strict=True)):
        what = f"{kind.__name__.lower()} {i}"
        for name, own, value_ in zip(FIELDS[kind], own_shapes, entry, strict=True):
            shape: Any = None if own is None else (*members, *own)
            got: Any = None if value_ is None else shape_of(value_)
            absent = shape is None or got is None
            if not (shape is got if absent else fits(got, shape)):
                raise InvalidArgument(
                    f"params do not fit {net}: {what} needs {name} of shape {_shape(shape)}; "
                    f"got {_shape(got)}"
                )
            if value_ is not None:
                finite(f"params, {name} of {what},", array("params", value_), "")
    return found, members, dtype("params", params_dtype(found))


def _shape(shape: Any) -> str:
    return "None" if shape is None else text(shape)


def _named(wanted: Any) -> str:
    """The wanted kinds of entries as messages write them: `Layer(w, b)`."""
    kinds = dict.fromkeys(kind for kind, _ in wanted)
    return " or ".join(f"{kind.__name__}({', '.join(FIELDS[kind])})" for kind in kinds)


def entries(what: str, value: Any, kinds: tuple[type, ...] = ()) -> tuple[Any, ...]:
    """A tuple of entries whose fields are arrays, tensors or None.

    `value` is a sequence of entries or of plain tuples. A plain tuple becomes an entry of the kind
    at its place in `kinds`, or a Layer where `kinds` ends.
    """
    try:
        found = tuple(
            _entry(what, entry, kind)
            for entry, kind in itertools.zip_longest(value, kinds[: len(value)])
        )
    except (TypeError, IndexError, KeyError):
        found = ()
    if not found:
        raise InvalidArgument(
            f"{what} must be a sequence of Layer(w, b), one for each layer; got {outline(value)}"
        )
    return found


def _entry(what: str, value: Any, kind: Any) -> Any:
    if kind is None or type(value) in FIELDS:
        kind = type(value) if type(value) in FIELDS else next(iter(FIELDS))
    fields = [value[i] for i in range(len(FIELDS[kind]))]
    return kind._make(
        field if field is None or hasattr(field, "shape") else array(what, field)
        for field in fields
    )


def members_of(value: Any) -> tuple[int, ...]:
    """The member axes of params."""
    first = entries("params", value)[0]
    for field, array_ in zip(FIELDS[type(first)].values(), first, strict=True):
        if array_ is not None:
            return tuple(shape_of(array_)[: -len(field.axes)])
    return ()


def params_dtype(entries_: Any) -> np.dtype[Any]:
    """The dtype that all arrays of params share."""
    dtypes = {dtype_of(array_) for array_ in leaves(entries_)}
    if len(dtypes) != 1:
        raise InvalidArgument(f"params must have one dtype; got {sorted(map(str, dtypes))}")
    return dtypes.pop()


def same_structure(what: str, value: Any, params_: Any) -> None:
    """Refuse a structure whose arrays do not have the shapes and the dtype of those of params."""
    ours = entries("params", params_)
    theirs = entries(what, value, tuple(map(type, ours)))
    for i, (our, their) in enumerate(itertools.zip_longest(ours, theirs)):
        for name in FIELDS[type(our or their)]:
            wanted, came = (None if e is None else getattr(e, name) for e in (our, their))
            if _describe(wanted) != _describe(came):
                raise InvalidArgument(
                    f"{what} must be like params: layer {i} needs {name} of {_describe(wanted)}; "
                    f"got {_describe(came)}"
                )


def _describe(value: Any) -> str:
    if value is None:
        return "None"
    return f"shape {text(shape_of(value))} and dtype {dtype_of(value)}"


def for_members(what: str, value: Any, members: tuple[int, ...]) -> Any:
    """`value`, which must be one number, or one for each member."""
    if shape_of(value) not in ((), tuple(members)):
        raise InvalidArgument(
            f"{what} must be one number, or one for each of the members {text(members)} "
            f"of params; got shape {text(shape_of(value))}"
        )
    return value


def outline(value: Any) -> str:
    """A short description of a value that was refused."""
    try:
        return f"{type(value).__name__} of {len(value)}"
    except TypeError:
        return repr(value)
