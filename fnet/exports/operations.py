"""The look-up of operations, which names what a format lacks."""

from collections.abc import Mapping
from typing import Any, TypeVar

from fnet.core.errors import InvalidArgument

V = TypeVar("V")


def operation(program: str, table: Mapping[Any, V], key: Any) -> V:
    """The operation of an activation, or of a kind of entry of params.

    Args:
        program: The kind of the program.
        table: The operations that it has.
        key: The name or the kind.

    Raises:
        InvalidArgument: It has none.
    """
    if key not in table:
        name = getattr(key, "__name__", key)
        raise InvalidArgument(
            f"{program} export has no operators for {name}. Save the model by fnet.save instead"
        )
    return table[key]
