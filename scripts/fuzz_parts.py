"""A file in parts, as `fuzz.py` changes it: taken apart, looked through and put together.

fnet's own reader and writer have no part in it, so that every sum of a changed file can be made
right again.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

DTYPES = {
    **{"BOOL": "?", "I8": "i1", "U8": "u1", "I16": "<i2", "U16": "<u2", "I32": "<i4"},
    **{"U32": "<u4", "I64": "<i8", "U64": "<u8", "F16": "<f2", "F32": "<f4", "F64": "<f8"},
}
NAME_OF_DTYPE = {np.dtype(dtype): name for name, dtype in DTYPES.items()}

# Files in parts.


class Tensor(NamedTuple):
    """An array of a file: the format's name of its dtype, its shape and its bytes."""

    dtype: str
    shape: tuple[Any, ...]
    data: bytes


class Parts(NamedTuple):
    """A file in parts: the description as JSON, and the arrays by name."""

    content: Any
    tensors: dict[str, Tensor]


def take_apart(data: bytes) -> Parts:
    """The parts of an intact file."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    description = json.loads(header.pop("__metadata__")["fnet"].split(" ", 2)[2])
    tensors = {
        name: Tensor(
            e["dtype"], tuple(e["shape"]), data[slice(*(start + o for o in e["data_offsets"]))]
        )
        for name, e in header.items()
    }
    return Parts(description["content"], tensors)


def put_together(parts: Parts) -> bytes:
    """The bytes of a file, with every sum right."""
    header, digests, end = {}, {}, 0
    for name, (dtype, shape, data) in parts.tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(data)]}
        digests[name] = hashlib.sha256(f"{dtype} {tuple(shape)} ".encode() + data).hexdigest()
        end += len(data)
    text = json.dumps(
        {"arrays": digests, "content": parts.content}, sort_keys=True, separators=(",", ":")
    )
    metadata = {"fnet": f"1 {hashlib.sha256(text.encode()).hexdigest()} {text}"}
    encoded = json.dumps({"__metadata__": metadata, **header}, separators=(",", ":")).encode()
    return (
        len(encoded).to_bytes(8, "little")
        + encoded
        + b"".join(t.data for t in parts.tensors.values())
    )


# Places in a description.

Place = tuple[Any, Any]
"""A container, and a key or an index in it."""


def places(value: Any) -> Iterator[Place]:
    """Every place in a description, from the outside in."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield value, key
        yield from places(value[key])


def records(content: Any, kind: str) -> list[Any]:
    """The bodies of all records of a kind."""
    return [c[k] for c, k in places(content) if k == kind and isinstance(c, dict)]


def references(content: Any) -> list[dict[str, Any]]:
    """What stands for the arrays."""
    found = [content, *(c[k] for c, k in places(content))]
    kinds = ("array", "text")
    return [v for v in found if isinstance(v, dict) and len(v) == 1 and next(iter(v)) in kinds]


def named(content: Any) -> set[str]:
    """The names of arrays in a description."""
    values = (next(iter(r.values())) for r in references(content))
    return {value for value in values if isinstance(value, str)}


def prune(parts: Parts) -> None:
    """Drop the arrays that nothing names."""
    known = named(parts.content)
    for name in parts.tensors.keys() - known:
        del parts.tensors[name]


def pairs(content: Any) -> list[Any]:
    """The lists of pairs in a description: of dicts, and of networks."""
    return [c[k] for c, k in places(content) if k in ("dict", "Network") and isinstance(c[k], list)]


def any_place(rng: random.Random, content: Any) -> Place:
    """A place: half the time any of all, else by a walk from the outside in.

    Raises:
        IndexError: There is none.
    """
    if rng.random() < 0.5 or not isinstance(content, (dict, list)) or not content:
        return rng.choice(list(places(content)))
    place, value = None, content
    while isinstance(value, (dict, list)) and value and (place is None or rng.random() < 0.85):
        place = value, rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        value = place[0][place[1]]
    return place


# Arrays.


def as_array(tensor: Tensor) -> Any:
    """The array of an intact tensor."""
    return np.frombuffer(tensor.data, DTYPES[tensor.dtype]).reshape(tensor.shape).copy()


def as_tensor(array: Any) -> Tensor:
    """An array as a tensor."""
    array = np.asarray(array)
    array = array.astype(array.dtype.newbyteorder("<"))
    return Tensor(NAME_OF_DTYPE[array.dtype], array.shape, array.tobytes())


def add(parts: Parts, tensor: Tensor, kind: str = "array") -> dict[str, str]:
    """What stands for a new array."""
    name = f"new.{len(parts.tensors)}"
    while name in parts.tensors:
        name += "_"
    parts.tensors[name] = tensor
    return {kind: name}


def add_text(parts: Parts, texts: list[str]) -> dict[str, str]:
    """What stands for a new array of texts."""
    width = max(map(len, texts), default=0)
    letters = [[*map(ord, text), *[0] * (width - len(text))] for text in texts]
    return add(parts, as_tensor(np.array(letters, np.uint32).reshape(len(texts), width)), "text")
