"""Many small records as a few arrays, which take a tenth of the room of JSON.

Records that differ in their numbers and texts alone have one template: the record with a mark in
place of each of these. Templates are written once each, as JSON. The numbers and texts are written
in order, as arrays of integers, floats and letters; before a text, and before a tuple of numbers or
texts, comes its length. What has its default stays in the template.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument

MARKS: dict[type, str] = {str: "text", int: "integer", float: "float"}
"""What stands in a template for a value of each type; with an "s" for a tuple of such values."""

LISTS = tuple(f"{mark}s" for mark in MARKS.values())
"""What stands in a template for a tuple of values of one type."""

MAX_VALUES, MAX_LETTERS = 300_000, 1 << 20
"""The most values, tuples and records of all that is packed together, and bytes of its texts.

They bound the memory that it takes, to some 16 MiB.
"""


class Packed(NamedTuple):
    """C packed records.

    Attributes:
        templates: The different templates.
        which: The template of each record, `[C]`.
        integers: The integers and lengths, in order.
        floats: The floats, in order.
        letters: The texts in UTF-8, in order.
    """

    templates: tuple[Any, ...]
    which: npt.NDArray[np.int32]
    integers: npt.NDArray[np.int64]
    floats: npt.NDArray[np.float64]
    letters: npt.NDArray[np.uint8]


class _Leaves:
    """The numbers and texts of the records that are being packed, and the number of parts."""

    def __init__(self) -> None:
        self.integers: list[int] = []
        self.floats: list[float] = []
        self.letters = bytearray()
        self.parts = 0

    def template(self, value: Any) -> Any:
        """The template of a value, whose numbers and texts are appended."""
        self.parts += 1
        if hasattr(value, "_fields"):
            defaults = type(value)._field_defaults
            named = zip(value._fields, value, strict=True)
            return type(value)(*(self.field(part, defaults.get(name, ...)) for name, part in named))
        if isinstance(value, tuple):
            marks = {_mark(part) for part in value}
            if len(marks) != 1 or None in marks:
                return tuple(map(self.template, value))
            self.integers.append(len(value))
            for part in value:
                self.template(part)
            return f"{marks.pop()}s"
        mark = _mark(value)
        if mark == "text":
            letters = value.encode("utf-8", "surrogatepass")
            self.integers.append(len(letters))
            self.letters += letters
        elif mark is not None:
            (self.integers if mark == "integer" else self.floats).append(value)
        return value if mark is None else mark

    def field(self, value: Any, default: Any) -> Any:
        """The template of a field, which is itself where it has its default."""
        if not is_same(value, default):
            return self.template(value)
        self.parts += _n_values(value)
        return value


def _n_values(value: Any) -> int:
    """The number of values, tuples and records in a value."""
    return 1 + (sum(map(_n_values, value)) if isinstance(value, tuple) else 0)


def is_same(value: Any, default: Any) -> bool:
    """Whether a value is this default, of the same type."""
    return type(value) is type(default) and bool(value == default)


def _mark(value: Any) -> str | None:
    """The mark of a number or a text, or None for what stays in its template."""
    if type(value) is int and not -(2**63) <= value < 2**63:
        return None
    return MARKS.get(type(value))


def pack(records: tuple[Any, ...]) -> Packed:
    """Records of plain values, packed.

    Raises:
        InvalidArgument: They have too many parts, or too much text.
    """
    leaves, templates, which = _Leaves(), dict[str, tuple[int, Any]](), []
    for record in records:
        template = leaves.template(
            record
        )  # by its text below, as empty records of two types are equal
        which.append(templates.setdefault(repr(template), (len(templates), template))[0])
    if leaves.parts > MAX_VALUES or len(leaves.letters) > MAX_LETTERS:
        raise InvalidArgument(
            f"the {len(records):,} columns of a table must have at most {MAX_VALUES:,} values and "
            f"{MAX_LETTERS:,} letters of names and levels in a file; got {leaves.parts:,} and "
            f"{len(leaves.letters):,}. Leave out columns, or have fewer levels or shorter names"
        )
    return Packed(
        tuple(template for _, template in templates.values()),
        np.array(which, np.int32),
        np.array(leaves.integers, np.int64),
        np.array(leaves.floats, np.float64),
        np.frombuffer(bytes(leaves.letters), np.uint8),
    )


def unpack(packed: Any) -> tuple[Any, ...]:
    """The records that were packed.

    Raises:
        ValueError: This is nothing that `pack` gave.
    """
    if not isinstance(packed, Packed):
        raise ValueError("the columns of an encoding must be packed records")
    arrays = packed.which, packed.integers, packed.floats
    if max(array.size for array in arrays) > MAX_VALUES or packed.letters.size > MAX_LETTERS:
        raise ValueError("packed records must have fewer values")
    integers, floats = (iter(array.tolist()) for array in arrays[1:])
    letters = packed.letters.tobytes()
    parts = place = 0

    def next_of(numbers: Iterator[Any]) -> Any:
        if (found := next(numbers, None)) is None:
            raise ValueError("packed records must have the values that their templates take")
        return found

    def text() -> str:
        nonlocal place
        start, place = place, place + next_of(integers)
        if not start <= place <= len(letters):
            raise ValueError("a packed text must be within the letters")
        return letters[start:place].decode("utf-8", "surrogatepass")

    reads: dict[str, Callable[[], Any]] = {
        "text": text,
        "integer": lambda: next_of(integers),
        "float": lambda: next_of(floats),
    }

    def value(template: Any) -> Any:
        nonlocal parts
        parts += 1
        if parts > MAX_VALUES:
            raise ValueError("packed records must have fewer parts")
        if isinstance(template, tuple):
            found = tuple(map(value, template))
            return type(template)(*found) if hasattr(template, "_fields") else found
        if not isinstance(template, str):
            return template
        if template in LISTS:
            return tuple(value(template[:-1]) for _ in range(next_of(integers)))
        return reads[template]() if template in reads else template

    found = tuple(value(packed.templates[index]) for index in packed.which.tolist())
    if place < len(letters) or [*integers, *floats]:
        raise ValueError("packed records must take all values")
    return found
