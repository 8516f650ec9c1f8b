"""The exceptions of fnet: one hierarchy, shared by the TensorFlow side and the NumPy twin."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn


class FnetError(Exception):
    """The base of every error that fnet raises by itself."""

    if not TYPE_CHECKING:  # it would make every new error an Any
        __init__ = Exception.__init__  # tells AutoGraph that it may raise the same error again


class InvalidArgument(FnetError, ValueError):
    """An argument was refused: the message says what was required, what came and what to do."""


class FormatError(FnetError, ValueError):
    """The bytes of a file were refused: they are not a file of fnet, or not as it was written."""


class NotFinite(FnetError, ArithmeticError):
    """A loss, gradient or parameter stopped being finite during training.

    `run` is the `Run` up to the step before: its params are the last finite ones.
    """

    run = None


def attribute_error(owner: str, renamed: dict[str, str]) -> Callable[..., NoReturn]:
    """A `__getattr__` for a module or a class, which says what an old name is called now.

    Args:
        owner: What the message calls the module or the class.
        renamed: The new name for each old one.

    Returns:
        A function that takes the name, or an object and the name, and raises AttributeError.
    """

    def refuse(*of: Any) -> NoReturn:
        name = of[-1]
        if name in renamed:
            raise AttributeError(f"{owner} has no attribute {name!r}: it is called {renamed[name]}")
        raise AttributeError(f"{owner} has no attribute {name!r}")

    return refuse
