"""Arrays and one JSON value, as the bytes of a safetensors file and back.

The header's only metadata is a string under "fnet": the version of the format, a digest of the
rest, and canonical JSON `{"arrays": {name: digest}, "content": ...}`. Digests are SHA-256 in
hexadecimal. Every value that decides what is read is checked before it is used. Reading takes no
more memory than the file itself plus the limits below, and a file has its bytes on the disk
(`regular`). So a load with all its checks takes at most three times the bytes on the disk, and
16 MiB; the encoding of a table takes 16 MiB more at most (`packing`).

The safetensors library writes; reading is done here, because the library holds a file twice in
memory and accepts duplicate keys. Format: https://github.com/huggingface/safetensors
"""

import hashlib
import itertools
import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save as to_safetensors

from fnet.core.errors import FormatError, InvalidArgument
from fnet.files import regular

VERSION = 1
"""The version of the format that is written, and the newest one that is read."""

DTYPES = {
    **{"BOOL": "|b1", "I8": "|i1", "U8": "|u1", "I16": "<i2", "U16": "<u2", "I32": "<i4"},
    **{"U32": "<u4", "I64": "<i8", "U64": "<u8", "F16": "<f2", "F32": "<f4", "F64": "<f8"},
}
"""The dtypes of arrays, by the format's names."""

NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
"""The format's name of each dtype."""

MAX_HEADER_BYTES, MAX_PUNCTUATION, MAX_DEPTH = 1 << 20, 150_000, 64
"""The limits of a header: its bytes, its quotes, commas and opening brackets, and its nesting.

They bound the memory that JSON takes. They leave room for some 50,000 names, or for a run of 400
layers.
"""

MAX_AXES = 32
"""The most axes of an array."""

OTHER_FORMATS = {
    b"PK": "a zip archive, as Keras and PyTorch write",
    b"\x80": "a pickle",
    b"\x89HDF": "an HDF5 file",
}
"""Other formats of models, by their first bytes."""

TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[][{}]', re.DOTALL)
"""A string or a bracket in JSON, matched without backtracking."""


class _Entry(NamedTuple):
    """The place of one array in a file."""

    start: int
    stop: int
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def to_bytes(content: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The bytes of a file.

    Args:
        content: What `json.dumps` takes.
        arrays: The arrays by name, of any dtype in `DTYPES`.

    Returns:
        The bytes, which are the same for the same content.

    Raises:
        InvalidArgument: An array has another dtype, or the header exceeds its limits.
    """
    arrays = {name: little_endian(array) for name, array in arrays.items()}
    digests = {name: digest(array) for name, array in arrays.items()}
    text = json.dumps(
        {"arrays": digests, "content": content},
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    data: bytes = to_safetensors(arrays, {"fnet": f"{VERSION} {_sha256(text)} {text}"})
    header = data[8 : 8 + int.from_bytes(data[:8], "little")]
    for part in (header, text.encode()):
        if excess := _limit_exceeded(part):
            raise InvalidArgument(
                f"{excess}. Save fewer or shorter names, or less about the training"
            )
    return data


def read(path: str | os.PathLike[str]) -> tuple[Any, dict[str, npt.NDArray[Any]]]:
    """`(content, arrays)` of a file.

    Args:
        path: The path of the file.

    Returns:
        The content as JSON, and the arrays by name in the machine's byte order.

    Raises:
        FormatError: The bytes are not as `to_bytes` made them.
        OSError: The file cannot be read.
    """
    with regular.open_file(path) as file:
        size = os.fstat(file).st_size
        start = regular.read_bytes(file, 8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > min(MAX_HEADER_BYTES, size - 8):
            _refuse_foreign(start)
        entries = _json(regular.read_bytes(file, length))
        metadata = entries.pop("__metadata__", None)
        if not isinstance(metadata, dict) or list(metadata) != ["fnet"]:
            _refuse_foreign(start)
        digests, content = _description(metadata["fnet"])
        if entries.keys() != digests.keys():
            raise FormatError("the arrays in the file must be those that its description names")
        arrays = {}
        for entry in _layout(entries, size - 8 - length):
            array: npt.NDArray[Any] = np.empty(entry.shape, entry.dtype)
            if regular.read_into(file, memoryview(_bytes(array))) != array.nbytes:
                raise FormatError(f"{entry.name} is incomplete: the file ends too early")
            if digest(array) != digests[entry.name]:
                raise FormatError(f"{entry.name} is damaged: its SHA-256 is not the recorded one")
            arrays[entry.name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    return content, arrays


def digest(array: npt.NDArray[Any]) -> str:
    """SHA-256 of the dtype, the shape and the bytes of a little-endian array."""
    found = hashlib.sha256(f"{NAMES[array.dtype]} {array.shape} ".encode())
    found.update(_bytes(array))
    return found.hexdigest()


def _bytes(array: npt.NDArray[Any]) -> Any:
    return array.reshape(-1).view(np.uint8)


def little_endian(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array in its stored form: little-endian and in C order."""
    if array.dtype.newbyteorder("<") not in NAMES:
        raise InvalidArgument(
            f"an array to save must hold booleans, integers or floats; got dtype {array.dtype}"
        )
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("ascii", "replace")).hexdigest()


def _refuse_foreign(start: bytes) -> NoReturn:
    """Refuse a file of another format, by its first bytes."""
    other = "a file of another format" if start else "an empty file"
    found = next((kind for first, kind in OTHER_FORMATS.items() if start.startswith(first)), other)
    raise FormatError(f"this must be a file that fnet.save wrote; it is {found}")


def _limit_exceeded(data: bytes) -> str | None:
    """The limit that JSON exceeds, in words, or None."""
    if len(data) > MAX_HEADER_BYTES:
        return f"the header must have at most {MAX_HEADER_BYTES} bytes; it has {len(data)}"
    count = sum(map(data.count, (b",", b"[", b"{", b'"')))
    if count > MAX_PUNCTUATION:
        return (
            f"the header must have at most {MAX_PUNCTUATION} quotes, commas and opening brackets; "
            f"it has {count}"
        )
    steps = ((t[0] in b"[{") - (t[0] in b"]}") for t in TOKEN.finditer(data))
    if max(itertools.accumulate(steps), default=0) > MAX_DEPTH:
        return f"the header must be nested at most {MAX_DEPTH} brackets deep"
    return None


def _json(data: bytes) -> dict[str, Any]:
    """An object of ASCII JSON within the limits, without NaN and without duplicate keys."""
    if excess := _limit_exceeded(data):
        raise FormatError(excess)
    try:
        found = json.loads(
            data.decode("ascii"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the header must be valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise FormatError("the header must be a JSON object")
    return found


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a duplicate key")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _description(text: Any) -> tuple[dict[str, Any], Any]:
    """`(digests, content)` from the string in the metadata."""
    parts = text.split(" ", 2) if isinstance(text, str) else []
    if len(parts) < 3 or not re.fullmatch("[1-9][0-9]{0,8}", parts[0]):
        raise FormatError("the description must begin with a version and a SHA-256")
    version, recorded, text = parts
    if int(version) > VERSION:
        raise FormatError(
            f"the file has version {version} of the format, and this fnet reads versions up to "
            f"{VERSION}: pip install --upgrade fnet"
        )
    if _sha256(text) != recorded:
        raise FormatError("the description is damaged: its SHA-256 is not the recorded one")
    found = _json(text.encode("ascii", "replace"))
    if found.keys() != {"arrays", "content"} or not isinstance(found["arrays"], dict):
        raise FormatError("the description must be an object with arrays and content")
    return found["arrays"], found["content"]


def _layout(entries: dict[str, Any], size: int) -> list[_Entry]:
    """The arrays in the order of the file. They must fill its `size` bytes without gaps."""
    found = sorted((_entry(name, entry, size) for name, entry in entries.items()), key=_place)
    end = 0
    for entry in found:
        nbytes = entry.dtype.itemsize * math.prod(entry.shape)
        if entry.start != end or entry.stop - entry.start != nbytes:
            raise FormatError(
                f"{entry.name!r} must begin where the array before it ends, and have the bytes "
                "that its dtype and shape need"
            )
        end = entry.stop
    if end != size:
        raise FormatError(f"the arrays must fill the file: they end at byte {end} of {size}")
    return found


def _place(entry: _Entry) -> tuple[int, int]:
    return entry.start, entry.stop


def _entry(name: str, entry: Any, size: int) -> _Entry:
    """The checked entry of one array in a header, for a file with `size` bytes of arrays."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise FormatError(f"{name!r} must have a dtype, a shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise FormatError(f"the dtype of {name!r} must be one of {', '.join(DTYPES)}")
    fits = _are_counts(shape) and len(shape) <= MAX_AXES
    if not fits or math.prod(filter(None, shape)) > size:
        raise FormatError(f"{name!r} must have a shape that fits in the file")
    if not (_are_counts(offsets) and len(offsets) == 2):
        raise FormatError(f"{name!r} must have two data_offsets")
    return _Entry(offsets[0], offsets[1], name, np.dtype(DTYPES[dtype]), tuple(shape))


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)
