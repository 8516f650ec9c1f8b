"""Plain data as JSON and arrays by name, and back.

None, booleans, integers, strings and finite floats stand for themselves in JSON, and a tuple is a
list. Anything else is an object with one key, its kind: a record of `names.py`, an
array, or an entry of `DECODERS`. An array is named by the place where it was first met. The same
array in another place is stored once.
"""

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core.errors import FormatError, InvalidArgument
from fnet.core.network import ACTIVATIONS, LOSSES, Network
from fnet.files import names

Arrays = dict[str, npt.NDArray[Any]]

NETWORK_NAMES = {*ACTIVATIONS, *LOSSES, *(loss.link for loss in LOSSES.values())}
"""The valid names in a Network."""

SCALARS = (str, int, float, type(None))
"""What an array of objects may hold."""


def encode(value: Any) -> tuple[Any, Arrays]:
    """`(json, arrays)` of plain data.

    Args:
        value: None, booleans, numbers, strings, arrays and records, in tuples, lists and dicts.

    Returns:
        What `json.dumps` takes, and the arrays that it names.

    Raises:
        InvalidArgument: Something is no plain data, or is nested too deeply.
    """
    encoder = _Encoder()
    try:
        return encoder.encode(value, ""), encoder.arrays
    except RecursionError:
        raise InvalidArgument(
            "data to save must not contain itself, nor be nested so deeply that Python's stack "
            "overflows"
        ) from None


class _Encoder:
    """The state of one `encode`: the arrays so far."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self.seen: dict[int, Any] = {}  # by id: what stands for an array, and the array, kept alive
        self.records = names.records()
        self.names = {record.kind: name for name, record in self.records.items()}

    def encode(self, value: Any, place: str) -> Any:
        """The JSON of a value in this place, as `.run.params.0`."""
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
            keys = [self.encode(key, place) for key in value]
            return {"dict": list(zip(keys, self.each(named, place), strict=True))}
        if (name := self.names.get(type(value))) is not None:
            return {name: self.record(name, value, place)}
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return self.each(enumerate(value), place)
        if hasattr(value, "__array__") and not hasattr(value, "columns"):
            return self.array(value, place)
        raise InvalidArgument(_not_storable(value, place))

    def each(self, named: Iterable[tuple[Any, Any]], place: str) -> list[Any]:
        """The JSON of values that have names within this place."""
        return [self.encode(value, f"{place}.{name}") for name, value in named]

    def record(self, name: str, value: Any, place: str) -> Any:
        """The JSON of a record's fields: an object, and of a Network a list of pairs."""
        fields = names.to_file(name, self.records[name], value)
        pairs = zip(fields, self.each(fields.items(), place), strict=True)
        return list(pairs) if isinstance(value, Network) else dict(pairs)

    def array(self, value: Any, place: str) -> Any:
        """The JSON that stands for an array, which joins the others."""
        if id(value) in self.seen:
            return self.seen[id(value)][0]
        array = np.asarray(value)
        if array.dtype.kind == "O":
            if not all(isinstance(v, SCALARS) for v in array.flat):
                raise InvalidArgument(_not_storable(value, place))
            return {"objects": [list(array.shape), self.each(enumerate(array.flat), place)]}
        is_text = array.dtype.kind == "U"
        if is_text:
            array = np.ascontiguousarray(array.reshape(*array.shape, 1)).view(np.uint32)
        name = re.sub(r"[^\w.]", "_", place[1:], flags=re.ASCII) or "value"
        while name in self.arrays:
            name += "_"
        self.arrays[name] = array
        encoded = {"text" if is_text else "array": name}
        self.seen[id(value)] = encoded, value
        return encoded


def _not_storable(value: Any, place: str) -> str:
    return (
        f"{place[1:] or 'this'} cannot be saved: a file holds numbers, strings, arrays, "
        f"optimizers and tunings, in tuples, lists and dicts; got {value!r:.200}"
    )


def decode(value: Any, arrays: Arrays) -> Any:
    """Plain data of `(json, arrays)`, as `encode` gave them.

    Args:
        value: The JSON, which may be anything: it comes from a file.
        arrays: Arrays by name.

    Returns:
        The data.

    Raises:
        FormatError: There are arrays that the JSON does not name.
        Exception: The JSON has another form; the type of the error has no meaning.
    """
    records = names.records()
    used = {}  # so that one array in several places is one array again

    def array(kind: str, name: str) -> Any:
        if name not in used:
            used[name] = (arrays[name] if kind == "array" else _text(arrays[name]))[()]
        return used[name]

    def decode_one(value: Any) -> Any:
        if isinstance(value, list):
            return tuple(map(decode_one, value))
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        if kind in ("array", "text"):
            return array(kind, content)
        if kind == "Network":
            return _network(records[kind], decode_one(content))
        if kind in records:
            decoded = {name: decode_one(v) for name, v in content.items()}
            return records[kind].kind(**names.from_file(kind, records[kind], decoded))
        return DECODERS[kind](decode_one(content))

    found = decode_one(value)
    if used.keys() != arrays.keys():
        raise FormatError("the file has arrays that its description does not name")
    return found


def _network(record: names.Record, pairs: Any) -> Network:
    found = names.from_file("Network", record, dict(pairs))
    if not {*found["hidden"], found["output"], found["loss"]} <= NETWORK_NAMES:
        raise ValueError("the names of a network must be known")
    return Network(**found)


def _text(letters: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array of strings, from the code points of their letters."""
    if letters.dtype != np.uint32 or letters.max(initial=0) > 0x10FFFF:
        raise ValueError("letters must be code points")
    found: npt.NDArray[Any] = letters.view(f"U{letters.shape[-1]}")[..., 0]
    return found


def _objects(content: Any) -> npt.NDArray[Any]:
    shape, values = content
    if not all(isinstance(value, SCALARS) for value in values):
        raise TypeError("objects must be strings and numbers")
    found = np.empty(len(values), object)
    found[:] = values
    return found.reshape(shape)


DECODERS: dict[str, Callable[[Any], Any]] = {
    "dict": dict,
    "float": {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.__getitem__,
    "list": list,
    "objects": _objects,
}
"""What makes a value of each kind that is neither a record nor an array."""
