"""The exceptions of fnet, which both engines raise."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from fnet.core.names import suggestion
from fnet.core.printable import printable


class FnetError(Exception):
    """The base class of every error that fnet itself raises."""

    if not TYPE_CHECKING:  # it would make every new error an Any
        __init__ = Exception.__init__  # so that AutoGraph can raise the same error again

    def __str__(self) -> str:
        """The message; controls in the names and paths that it quotes are escaped."""
        return printable(super().__str__(), keep="\n")


class InvalidArgument(FnetError, ValueError):
    """A bad argument. The message states what was required, what was given and what to do."""


class FormatError(FnetError, ValueError):
    """A bad file: not a file of fnet, or damaged."""


class NotFinite(FnetError, ArithmeticError):
    """A loss, gradient or parameter became NaN or infinite during training.

    Attributes:
        run: The `Run` up to the step before, with the last finite params; None if there is none.
    """

    run: Any = None


def attribute_error(
    owner: str, renamed: dict[str, str], known: Iterable[str] = ()
) -> Callable[..., NoReturn]:
    """A `__getattr__` for a module or a class, whose error names the attribute to use.

    Args:
        owner: The module or the class, as the message calls it.
        renamed: The new name for each old one.
        known: The public names of a module, to suggest from; those of an object are known.

    Returns:
        A function that takes the name, or an object and the name, and raises AttributeError.
    """

    def refuse(*arguments: Any) -> NoReturn:
        name = arguments[-1]
        message = f"{owner} has no attribute {name!r}"
        if name in renamed:
            message += f": it is called {renamed[name]}"
        elif not name.startswith("_"):
            names = dir(arguments[0]) if len(arguments) > 1 else known
            message += suggestion(name, [each for each in names if not each.startswith("_")])
        raise AttributeError(message)

    return refuse
