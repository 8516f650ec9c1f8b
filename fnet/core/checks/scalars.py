"""Checks of single values: names, integers, numbers, seeds."""

import math
import numbers
from collections.abc import Collection
from typing import Any

import numpy as np

from fnet.core.checks.arrays import array
from fnet.core.errors import InvalidArgument
from fnet.core.names import suggestion
from fnet.core.printable import brief

MAX_SEED = 2**32 - 1
"""A seed is one word of the key of Philox4x32."""


def one_of(what: str, value: Any, known: Collection[str]) -> Any:
    """`value`, which must be one of the names in `known`."""
    if isinstance(value, str) and value in known:
        return value
    hint = suggestion(value, known)
    raise InvalidArgument(f"{what} must be one of {', '.join(known)}; got {value!r}{hint}")


def one_per_layer(
    what: str, value: Any, count: int, known: Collection[str], layers: str = "hidden layers"
) -> tuple[Any, ...]:
    """A tuple of `count` names: `value` is one name for all layers, or a sequence of them.

    `layers` is how the message calls these layers.
    """
    found = (value,) * count if isinstance(value, str) else value
    if isinstance(value, str):
        one_of(what, value, known)
    if not isinstance(found, (tuple, list)) or len(found) != count:
        raise InvalidArgument(
            f"{what} must be one name, or one for each of the {count} {layers}; got {value!r}"
        )
    return tuple(one_of(what, name, known) for name in found)


def names(what: str, value: Any, known: Collection[str]) -> tuple[str, ...]:
    """The names in `value`, a sequence of names among `known`, in the order of `known`."""
    if not isinstance(value, (tuple, list)):
        raise InvalidArgument(f"{what} must be a sequence of names; got {value!r}")
    for name in value:
        one_of(f"each of {what}", name, known)
    return tuple(name for name in known if name in value)


def integer(what: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """`value` as an int, which must be an integer from `least` to `most`."""
    if isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_)):
        found = int(value)
        if found >= least and (most is None or found <= most):
            return found
    raise InvalidArgument(f"{what} must be an integer {_span(least, most)}; got {value!r}")


def _span(least: int, most: int | None) -> str:
    return f"of at least {least}" if most is None else f"from {least} to {most}"


def boolean(what: str, value: Any) -> bool:
    """`value`, which must be True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidArgument(f"{what} must be True or False; got {value!r}")
    return bool(value)


def callback(what: str, value: Any, arguments: str) -> Any:
    """`value`, which must be a function of these arguments, or None."""
    if value is not None and not callable(value):
        raise InvalidArgument(f"{what} must be a function of {arguments}; got {value!r}")
    return value


def sizes(value: Any) -> tuple[int, ...]:
    """A tuple of at least two layer sizes."""
    try:
        found = tuple(value)
    except TypeError:
        found = ()
    if len(found) < 2:
        raise InvalidArgument(
            f"sizes must be (inputs, hidden..., outputs), at least two integers; got {value!r}"
        )
    return tuple(integer("each of sizes", size, least=1) for size in found)


def embedding(value: Any, inputs: int) -> tuple[tuple[int, ...], int, int]:
    """The features, frequencies and outputs of the Embedding of a network with D inputs."""
    try:
        features, frequencies, outputs = value
        found = tuple(integer("each of features", feature, least=0) for feature in features)
    except (TypeError, ValueError):
        found = ()
    if not found or list(found) != sorted(set(found)) or found[-1] >= inputs:
        raise InvalidArgument(
            "embedding must be an Embedding of the numbers of some features, in ascending order "
            f"and from 0 to {inputs - 1}, as Embedding((0, 2)); got {brief(value)}"
        )
    return (
        found,
        integer("frequencies of an embedding", frequencies, least=1),
        integer("outputs of an embedding", outputs, least=1),
    )


def codes_of_levels(
    value: Any, inputs: int, embedded: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """The features, levels and outputs of the Codes of a network with D inputs.

    `embedded` are features that are numbers.
    """
    try:
        features, levels, outputs = value
        found = tuple(integer("each of features", feature, least=0) for feature in features)
        counts = tuple(integer("each of levels", count, least=1) for count in levels)
    except (TypeError, ValueError):
        found, counts = (), ()
    is_set = list(found) == sorted(set(found) - set(embedded))
    if not found or not is_set or found[-1] >= inputs or len(counts) != len(found):
        raise InvalidArgument(
            "codes must be Codes of some features, in ascending order, from 0 to "
            f"{inputs - 1} and without those of the embedding, with the number of levels of each, "
            f"as Codes((1, 3), (79, 12)); got {brief(value)}"
        )
    return found, counts, integer("outputs of codes", outputs, least=1)


def step(value: Any) -> Any:
    """The step of a run: an integer, or a symbolic tensor."""
    found = integers("step", value)
    if found.shape != ():
        raise InvalidArgument(f"step must be one integer; got {value!r}")
    return found


def integers(what: str, value: Any, least: int = 0, most: int | None = None) -> Any:
    """An integer from `least` to `most`, or an array of them with the member axes, as int64.

    Symbolic tensors are not checked.
    """
    found = array(what, value)
    if not isinstance(found, np.ndarray):
        return found
    top = math.inf if most is None else most
    if found.dtype.kind in "iu" and found.size and least <= found.min() and found.max() <= top:
        return found.astype(np.int64)
    raise InvalidArgument(
        f"{what} must be an integer {_span(least, most)}, or one for each member; got {value!r}"
    )


def seed(value: Any) -> Any:
    """A seed, or an array of them with the member axes, as uint32."""
    found = integers("seed", value, most=MAX_SEED)
    return found.astype(np.uint32) if isinstance(found, np.ndarray) else found


def number(
    what: str,
    value: Any,
    least: float = 0.0,
    most: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
) -> Any:
    """A number from `least` to `most`, or an array of them with the member axes, as float64.

    With `above` the lower bound itself is refused, with `below` the upper one. Symbolic tensors
    are not checked.
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


def one_number(what: str, value: Any, least: float = 0.0) -> float:
    """One number of at least `least` as a float; an array of them is refused."""
    found = number(what, value, least)
    if found.shape != ():
        raise InvalidArgument(f"{what} must be one number; got {value!r}")
    return float(found)


def dtype(what: str, value: Any) -> np.dtype[Any]:
    """The dtype of params: float32 or float64."""
    try:
        found: np.dtype[Any] | None = None if value is None else np.dtype(value)
    except TypeError:
        found = None
    if found is None or found.name not in ("float32", "float64"):
        raise InvalidArgument(f"{what} must be float32 or float64; got {value!r}")
    return np.dtype(found.name)
