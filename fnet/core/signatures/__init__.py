"""The signature and the docstring of each function that both engines implement, once.

`fnet.forward` and `fnet.reference.forward` are decorated by `implements(forward)`. They share its
arguments and its docstring; one returns tensors, the other arrays.
"""

import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from fnet.core.names import suggestion

P = ParamSpec("P")
R = TypeVar("R")


def implements(public: Callable[P, Any]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the signature of `public`, and its docstring unless it has one.

    A function that takes `**options` gets every keyword-only argument of `public`, with its
    default unless the caller gives it. An unknown keyword raises a TypeError with a suggestion.
    """
    signature = inspect.signature(public)
    defaults = {
        name: parameter.default
        for name, parameter in signature.parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }

    def decorate(function: Callable[..., R]) -> Callable[P, R]:
        own = inspect.signature(function)
        call = function
        if any(p.kind is p.VAR_KEYWORD for p in own.parameters.values()):

            def call(*args: Any, **options: Any) -> R:
                for name in options.keys() - signature.parameters.keys():
                    raise TypeError(
                        f"{public.__name__}() has no argument {name!r}"
                        + suggestion(name, signature.parameters)
                    )
                return function(*args, **defaults | options)

            call.__name__, call.__qualname__ = function.__name__, function.__qualname__
            call.__module__ = function.__module__
        call.__doc__ = function.__doc__ or public.__doc__
        call.__annotations__ = dict(public.__annotations__)
        returns = own.return_annotation
        if returns is not inspect.Signature.empty:
            call.__annotations__["return"] = returns
            call.__signature__ = signature.replace(return_annotation=returns)  # type: ignore[attr-defined]
        return call

    return decorate
