"""Checks of single values: names, whole numbers, numbers, seeds."""

import math
import numbers

import numpy as np

from fnet.core.checks.arrays import array
from fnet.core.errors import InvalidArgument
from fnet.core.names import suggestion


def one_of(what, value, known):
    """`value`, which must be one of the names in `known`."""
    if isinstance(value, str) and value in known:
        return value
    hint = suggestion(value, known)
    raise InvalidArgument(f"{what} must be one of {', '.join(known)}; got {value!r}{hint}")


def one_per_layer(what, value, count, known, of="hidden layers"):
    """A tuple of `count` names: `value` is one name for all, or a sequence with one for each.

    `of` says in the message what there are so many of.
    """
    names = (value,) * count if isinstance(value, str) else value
    if isinstance(value, str):
        one_of(what, value, known)
    if not isinstance(names, (tuple, list)) or len(names) != count:
        raise InvalidArgument(
            f"{what} must be one name, or one for each of the {count} {of}; got {value!r}"
        )
    return tuple(one_of(what, name, known) for name in names)


def names(what, value, known):
    """The names among `known` that `value`, a sequence of names, holds: in the order of `known`."""
    if not isinstance(value, (tuple, list)):
        raise InvalidArgument(f"{what} must be a sequence of names; got {value!r}")
    for name in value:
        one_of(f"each of {what}", name, known)
    return tuple(name for name in known if name in value)


def integer(what, value, least=0, most=None):
    """`value` as an int, which must be a whole number from `least` to `most`."""
    if isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_)):
        value = int(value)
        if value >= least and (most is None or value <= most):
            return value
    to = "up" if most is None else f"to {most}"
    raise InvalidArgument(f"{what} must be a whole number from {least} {to}; got {value!r}")


def boolean(what, value):
    """`value`, which must be True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidArgument(f"{what} must be True or False; got {value!r}")
    return bool(value)


def callback(what, value, of):
    """`value`, which must be a function of this or None."""
    if value is not None and not callable(value):
        raise InvalidArgument(f"{what} must be a function of {of}; got {value!r}")
    return value


def sizes(value):
    """A tuple of at least two layer sizes."""
    try:
        found = tuple(value)
    except TypeError:
        found = ()
    if len(found) < 2:
        raise InvalidArgument(
            f"sizes must be (inputs, hidden..., outputs), at least two numbers; got {value!r}"
        )
    return tuple(integer("each of sizes", size, least=1) for size in found)


def step(value):
    """A step of a run: a whole number, or a symbolic tensor."""
    found = integers("step", value)
    if found.shape != ():
        raise InvalidArgument(f"step must be one whole number; got {value!r}")
    return found


def integers(what, value, least=0, most=None):
    """One whole number from `least` to `most`, or an array of them with the member axes: int64.

    Symbolic tensors pass.
    """
    found = array(what, value)
    if not isinstance(found, np.ndarray):
        return found
    top = np.inf if most is None else most
    if found.dtype.kind in "iu" and found.size and least <= found.min() and found.max() <= top:
        return found.astype(np.int64)
    to = "up" if most is None else f"to {most}"
    raise InvalidArgument(
        f"{what} must be a whole number from {least} {to}, or one for each member; got {value!r}"
    )


def seed(value):
    """Seeds as uint32: one, or an array of them with the member axes."""
    found = integers("seed", value, most=2**32 - 1)
    return found.astype(np.uint32) if isinstance(found, np.ndarray) else found


def number(what, value, least=0.0, most=math.inf, *, above=False, below=False):
    """A number, or an array of them with the member axes, as float64 in [least, most].

    With `above` the lower bound itself is refused, with `below` the upper. Symbolic tensors pass.
    """
    found = array(what, value)
    if not isinstance(found, np.ndarray):
        return found
    found = found.astype(np.float64)
    inside = (found > least) if above else (found >= least)
    inside &= (found < most) if below else (found <= most)
    if found.size == 0 or not np.all(inside & np.isfinite(found)):
        bounds = f"above {least:g}" if above else f"of at least {least:g}"
        if most < math.inf:
            bounds += f" and below {most:g}" if below else f" and at most {most:g}"
        raise InvalidArgument(f"{what} must be a number {bounds}; got {value!r}")
    return found


def one_number(what, value, least=0.0):
    """A number of at least this as a float: one, not an array of them."""
    found = number(what, value, least)
    if found.shape != ():
        raise InvalidArgument(f"{what} must be one number; got {value!r}")
    return float(found)


def dtype(what, value):
    """A dtype of params: float32 or float64."""
    try:
        found = np.dtype(value).name
    except TypeError:
        found = None
    if value is None or found not in ("float32", "float64"):
        raise InvalidArgument(f"{what} must be float32 or float64; got {value!r}")
    return np.dtype(found)
