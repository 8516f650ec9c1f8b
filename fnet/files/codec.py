"""Plain data, as JSON and arrays by name, and back.

None, flags, whole numbers, texts and finite floats are themselves in JSON, and a tuple is a list.
All else is an object with one key, which says what it is and stands in READERS. An array is named
by the place where it was first met; the same one in another place is kept once.
"""

import dataclasses
import math
import re

import numpy as np

from fnet.core.errors import FormatError, InvalidArgument
from fnet.core.network import ACTIVATIONS, LOSSES, Network
from fnet.files import names

WORDS = {*ACTIVATIONS, *LOSSES, *(loss.link for loss in LOSSES.values())}
"""The names in a Network."""

SCALARS = (str, int, float, type(None))
"""What an array of objects may hold."""


def packed(value):
    """`(json, arrays)` of plain data, or InvalidArgument for what is none."""
    packer = _Packer()
    try:
        return packer.pack(value, ""), packer.arrays
    except RecursionError:
        raise InvalidArgument("plain data must not be so deep, nor hold itself") from None


class _Packer:
    def __init__(self):
        self.arrays = {}
        self.seen = {}  # the name of an array, by its identity; and the array, which lives as long

    def pack(self, value, place):
        if isinstance(value, np.generic):
            return self.array(value, place)
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, list):
            return {"list": self.each(enumerate(value), place)}
        if isinstance(value, dict):
            named = [(k if isinstance(k, str) else i, v) for i, (k, v) in enumerate(value.items())]
            keys = [self.pack(key, place) for key in value]
            return {"dict": list(zip(keys, self.each(named, place), strict=True))}
        if isinstance(value, Network):
            fields = dataclasses.asdict(value)
            return {"Network": list(zip(fields, self.each(fields.items(), place), strict=True))}
        if isinstance(value, tuple):
            if not hasattr(value, "_fields"):
                return self.each(enumerate(value), place)
            if (name := names.of(value)) is not None:
                return {name: self.fields(names.to_file(name, value._asdict()), place)}
        if hasattr(value, "__array__") and not hasattr(value, "columns"):
            return self.array(value, place)
        raise InvalidArgument(f"{place[1:] or 'this'} cannot be stored: {value!r:.200}")

    def map_params(self, named, place):
        return [self.pack(value, f"{place}.{name}") for name, value in named]

    def fields(self, fields, place):
        return dict(zip(fields, self.each(fields.items(), place), strict=True))

    def array(self, value, place):
        if id(value) in self.seen:
            return self.seen[id(value)][0]
        array = np.asarray(value)
        if array.dtype.kind == "O":
            if not all(isinstance(v, SCALARS) for v in array.flat):
                raise InvalidArgument(f"{place[1:]} cannot be stored: {value!r:.200}")
            return {"objects": [list(array.shape), self.each(enumerate(array.flat), place)]}
        letters = array.dtype.kind == "U"
        if letters:
            array = np.ascontiguousarray(array.reshape(*array.shape, 1)).view(np.uint32)
        name = re.sub(r"[^\w.]", "_", place[1:], flags=re.ASCII) or "value"
        while name in self.arrays:
            name += "_"
        self.arrays[name] = array
        packed = {"text" if letters else "array": name}
        self.seen[id(value)] = packed, value
        return packed


def unpacked(value, arrays):
    """Plain data of `(json, arrays)`; every array must have its place.

    What is of another form ends in an error of any kind.
    """
    records = names.records()
    placed = {}  # so that what was one array is one again

    def array(kind, name):
        if name not in placed:
            placed[name] = (arrays[name] if kind == "array" else _text(arrays[name]))[()]
        return placed[name]

    def unpack(value):
        if isinstance(value, list):
            return tuple(map(unpack, value))
        if not isinstance(value, dict):
            return value
        ((kind, held),) = value.items()
        if kind in ("array", "text"):
            return array(kind, held)
        if kind in records:
            fields = {name: unpack(v) for name, v in held.items()}
            return _record(records[kind], names.from_file(kind, fields))
        return READERS[kind](unpack(held))

    found = unpack(value)
    if placed.keys() != arrays.keys():
        raise FormatError("there are arrays that the description does not place")
    return found


def _record(kind, fields):
    if fields.keys() != set(kind._fields):
        raise ValueError(f"a {kind.__name__} has {kind._fields}")
    return kind(**fields)


def _network(fields):
    fields = dict(fields)
    if not {*fields["hidden"], fields["output"], fields["loss"]} <= WORDS:
        raise ValueError("a network has other names")
    return Network(**fields)


def _text(letters):
    """An array of strings, of the code points of their letters."""
    if letters.dtype != np.uint32 or letters.max(initial=0) > 0x10FFFF:
        raise ValueError("letters are code points")
    return letters.view(f"U{letters.shape[-1]}")[..., 0]


def _objects(held):
    shape, values = held
    if not all(isinstance(value, SCALARS) for value in values):
        raise TypeError("objects are names and numbers")
    found = np.empty(len(values), object)
    found[:] = values
    return found.reshape(shape)


READERS = {
    "Network": _network,
    "dict": dict,
    "float": {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.__getitem__,
    "list": list,
    "objects": _objects,
}
"""What makes a value of each kind, beside RECORDS and arrays."""
