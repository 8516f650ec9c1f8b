"""Checks of the plain values in a file: numbers, names, optimizers, and the record of a training.

A check is a function from a value to whether it is valid. It accepts anything: a file may hold any
value in any place. No check makes an array of a list, whose memory one long string could multiply.
"""

import numbers
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fnet.core import optimizers, schedules
from fnet.core.errors import InvalidArgument
from fnet.core.optimizers import Optimizer
from fnet.core.schedules import Schedule
from fnet.core.tuning import Tuning

Check: TypeAlias = Callable[[Any], bool]
"""Whether a value is valid."""

LARGEST_FLOAT = sys.float_info.max
"""The largest number."""

LARGEST = 2**53
"""The largest count, such as a number of steps: float64 holds every integer up to it."""

OPTIMIZERS: dict[str, tuple[Callable[..., Optimizer], dict[str, Any]]] = {
    "sgd": (optimizers.sgd, {}),
    "momentum": (optimizers.sgd, {}),
    "nesterov": (optimizers.sgd, {"nesterov": True}),
    "adam": (optimizers.adam, {}),
    "amsgrad": (optimizers.amsgrad, {}),
    "nadam": (optimizers.nadam, {}),
    "rmsprop": (optimizers.rmsprop, {}),
    "rmsprop_momentum": (optimizers.rmsprop, {}),
    "rmsprop_centered": (optimizers.rmsprop, {"centered": True}),
    "rmsprop_centered_momentum": (optimizers.rmsprop, {"centered": True}),
    "adagrad": (optimizers.adagrad, {}),
    "lion": (optimizers.lion, {}),
}
"""What makes an optimizer of each kind, besides its hyperparameters."""

FUNCTION = "a function"
"""What stands in a file for a learning rate that is a function of the step."""


def is_none(value: Any) -> bool:
    """Whether a value is None."""
    return value is None


def is_boolean(value: Any) -> bool:
    """Whether a value is True or False."""
    return isinstance(value, (bool, np.bool_))


def is_text(value: Any) -> bool:
    """Whether a value is a string."""
    return isinstance(value, str)


def is_nan(value: Any) -> bool:
    """Whether a value is the number that is none."""
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def is_array(value: Any) -> bool:
    """Whether a value is an array, or a number of NumPy's, which an array of one becomes."""
    return isinstance(value, (np.ndarray, np.generic))


def is_numeric(value: Any) -> bool:
    """Whether a value is a number, an array of numbers, or a list of such values."""
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return all(map(is_numeric, value))
    is_number = isinstance(value, (bool, int, float))
    return is_number or (is_array(value) and value.dtype.kind in "biuf")


def integer(least: int, most: int = LARGEST) -> Check:
    """The check of an integer within these bounds."""
    return lambda value: isinstance(value, numbers.Integral) and least <= int(value) <= most


def real(
    least: float = -LARGEST_FLOAT,
    most: float = LARGEST_FLOAT,
    *,
    above: bool = False,
    below: bool = False,
) -> Check:
    """The check of a number from `least` to `most`.

    With `above` the lower bound itself is refused, with `below` the upper one.
    """

    def check(value: Any) -> bool:
        if not isinstance(value, numbers.Real):
            return False
        number = value if isinstance(value, int) else float(value)
        inside = number > least if above else number >= least
        return bool(inside and (number < most if below else number <= most))

    return check


def one_of(*names: str) -> Check:
    """The check of one of these names."""
    return lambda value: isinstance(value, str) and value in names


def either(*valid: Check) -> Check:
    """The check of a value that one of these checks accepts."""
    return lambda value: any(check(value) for check in valid)


def each(valid: Check) -> Check:
    """The check of a list, a tuple or an array with one axis, whose values are all valid."""

    def check(value: Any) -> bool:
        is_list = isinstance(value, (list, tuple, np.ndarray)) and getattr(value, "ndim", 1) == 1
        return is_list and all(map(valid, value))

    return check


def are_distinct(classes: Any) -> bool:
    """Whether classes `[C]` are all finite numbers or all strings, each once."""
    if classes.dtype.kind == "O":
        listed = classes.tolist()
        one_kind = any(all(map(valid, listed)) for valid in (is_text, real()))
        return one_kind and len(set(listed)) == len(listed)
    if classes.dtype.kind == "f" and not np.isfinite(classes).all():
        return False
    ordered = np.sort(classes)
    return not np.any(ordered[1:] == ordered[:-1])


def is_optimizer(value: Any) -> bool:
    """Whether a value is an Optimizer as the function of its kind makes it."""
    if not isinstance(value, Optimizer) or not one_of(*OPTIMIZERS)(value.kind):
        return False
    make, fixed = OPTIMIZERS[value.kind]
    given = _hyperparameters(value)
    decays_biases = given.pop("bias_decay", None) is not None
    return _is_made_by(make, {**given, **fixed, "decay_biases": decays_biases}, value)


def is_schedule(value: Any) -> bool:
    """Whether a value is a Schedule as the function of its kind makes it."""
    if not isinstance(value, Schedule) or not one_of(*schedules.KINDS)(value.kind):
        return False
    return _is_made_by(getattr(schedules, value.kind), _hyperparameters(value), value)


def _hyperparameters(value: Any) -> dict[Any, Any]:
    """A copy of the hyperparameters by name; empty where they are no numbers and no schedule."""
    found = value.hyperparameters
    known = either(is_numeric, is_schedule if isinstance(value, Optimizer) else is_numeric)
    valid = isinstance(found, dict) and all(map(is_text, found)) and all(map(known, found.values()))
    return dict(found) if valid else {}


def _is_made_by(make: Callable[..., Any], arguments: dict[str, Any], given: Any) -> bool:
    """Whether a function returns what was given, for these arguments."""
    try:
        expected = make(**arguments)
    except (InvalidArgument, TypeError):
        return False
    ours, theirs = expected.hyperparameters, given.hyperparameters
    return (
        expected.kind == given.kind
        and list(ours) == list(theirs)
        and all(same(ours[name], theirs[name]) for name in ours)
    )


def is_tuning(value: Any) -> bool:
    """Whether a value is a Tuning of numbers. A network may still refuse them."""
    return isinstance(value, Tuning) and all(map(either(is_none, is_numeric), value))


def same(a: Any, b: Any) -> bool:
    """Whether two arrays, or None, have the same dtype, shape and values; NaN is NaN."""
    if a is b:
        return True
    if not (is_array(a) and is_array(b)) or (a.dtype, a.shape) != (b.dtype, b.shape):
        return False
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


# What `trained` may hold.


def check_trained(value: Any) -> None:
    """Refuse a record of a training that no command can show, or that holds other records."""
    try:
        _check_plain(value)
    except RecursionError:
        raise InvalidArgument("trained must not contain itself, nor be nested too deeply") from None
    if not isinstance(value, dict):
        return
    known = TRAINED | (CHECKPOINT if CHECKPOINT.keys() <= value.keys() else {})
    for key, valid in known.items():
        if key in value and not valid(value[key]):
            raise InvalidArgument(
                f"trained[{key!r}] must be as fnet train and fnet.checkpoint write it; "
                f"got {value[key]!r:.200}"
            )


def _check_plain(value: Any) -> None:
    """Refuse what is neither plain data nor an optimizer, a schedule or a tuning."""
    if isinstance(value, dict):
        if not all(map(_is_key, value)):
            raise InvalidArgument("the keys of dicts in trained must be strings and numbers")
        value = tuple(value.values())
    if type(value) in (list, tuple):
        for part in value:
            _check_plain(part)
    elif not PLAIN(value):
        raise InvalidArgument(
            "trained must hold numbers, strings, arrays, optimizers and tunings, in tuples, "
            f"lists and dicts; got {value!r:.200}"
        )


def _is_key(value: Any) -> bool:
    """Whether a value is a key that can be shown."""
    return all(map(_is_key, value)) if type(value) is tuple else SCALAR(value)


SCALAR = either(
    is_none,
    is_text,
    lambda value: isinstance(value, (bool, int, float, np.generic)),
)
"""The check of one number or string, or None."""

PLAIN = either(
    SCALAR,
    is_array,
    lambda value: is_optimizer(_without_function(value)),
    is_schedule,
    is_tuning,
)
"""The check of a value that is neither a list, a tuple nor a dict."""


def _without_function(value: Any) -> Any:
    """An optimizer with a number for a learning rate that was a function of the step."""
    given = value.hyperparameters if isinstance(value, Optimizer) else None
    if not isinstance(given, dict) or not one_of(FUNCTION)(given.get("learning_rate")):
        return value
    return value._replace(hyperparameters=given | {"learning_rate": np.float64(0)})


def _is_notation(value: Any) -> bool:
    """Whether a value is how the numbers of a column are written."""
    known = {"decimal", "thousands", "unit"}
    return isinstance(value, dict) and value.keys() <= known and all(map(is_text, value.values()))


def dict_of(valid: Check) -> Check:
    """The check of a dict from strings to valid values."""
    return lambda value: (
        isinstance(value, dict) and all(map(is_text, value)) and all(map(valid, value.values()))
    )


_FACT = either(
    SCALAR,
    lambda value: isinstance(value, (list, tuple)) and all(map(SCALAR, value)),
    dict_of(is_text),
)
"""The check of what can be compared with the same fact about this machine."""

TRAINED: dict[str, Check] = {
    "missing": either(is_none, each(is_text)),
    "notations": either(is_none, dict_of(_is_notation)),
    "sha256": either(is_none, is_text),
}
"""What commands read in the record of a training; everything else is only shown."""

CHECKPOINT: dict[str, Check] = {"call": dict_of(is_text), "machine": dict_of(_FACT)}
"""What a checkpoint reads in its record, besides."""
