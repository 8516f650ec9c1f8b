"""Arrays and one text, as the bytes of a safetensors file and back.

The text is the header's only metadata, under "fnet": the version of the format, a digest of what
follows, and canonical JSON `{"arrays": {name: digest}, "content": ...}`. A digest is SHA-256 in
hexadecimal. Whatever decides what is read is checked before it is used, and nothing takes more
memory than the file itself but for the limits below.

The library writes. Reading is done here: its own reader holds a file twice, and takes keys that
stand there twice. Format: https://github.com/huggingface/safetensors
"""

import hashlib
import itertools
import json
import math
import os
import re

import numpy as np
from safetensors.numpy import save as as_safetensors

from fnet.core.errors import FormatError, InvalidArgument

VERSION = 1

DTYPES = {
    **{"BOOL": "|b1", "I8": "|i1", "U8": "|u1", "I16": "<i2", "U16": "<u2", "I32": "<i4"},
    **{"U32": "<u4", "I64": "<i8", "U64": "<u8", "F16": "<f2", "F32": "<f4", "F64": "<f8"},
}
"""What an array may hold, by the names of the format."""

NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}

BYTES, MARKS, DEPTH = 1 << 20, 150_000, 64
"""The most bytes of a header, marks that part its values, and brackets around one: they bound the
memory that JSON takes. There is room for some 50,000 names, or for a run of 400 layers."""

AXES = 32
"""The most axes of an array."""

KINDS = {
    b"PK": "a zip, as Keras and PyTorch write them",
    b"\x80": "a pickle",
    b"\x89HDF": "an HDF5 file",
}
"""What else may be taken for a model, by its first bytes."""

TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[][{}]', re.DOTALL)
"""A string or a bracket in JSON, without a step back over what was read."""


def written(content, arrays):
    """The bytes of a file, for content in JSON and arrays by name."""
    arrays = {name: little(array) for name, array in arrays.items()}
    digests = {name: digest(array) for name, array in arrays.items()}
    text = json.dumps(
        {"arrays": digests, "content": content},
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    data = as_safetensors(arrays, {"fnet": f"{VERSION} {_sha256(text)} {text}"})
    header = data[8 : 8 + int.from_bytes(data[:8], "little")]
    for part in (header, text.encode()):
        if excess := _excess(part):
            raise InvalidArgument(f"{excess}; leave out names, or what tells how it was trained")
    return data


def read(path):
    """`(content, arrays)` of a file, or FormatError."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > min(BYTES, size - 8):
            raise FormatError(f"not a file of fnet, but {_kind(start)}")
        entries = _json(file.read(length))
        metadata = entries.pop("__metadata__", None)
        if not isinstance(metadata, dict) or list(metadata) != ["fnet"]:
            raise FormatError(f"not a file of fnet, but {_kind(start)}")
        digests, content = _description(metadata["fnet"])
        if entries.keys() != digests.keys():
            raise FormatError("the arrays are not those that the description names")
        arrays = {}
        for name, dtype, shape in _laid_out(entries, size - 8 - length):
            array = np.empty(shape, dtype)
            if file.readinto(_bytes(array)) != array.nbytes:
                raise FormatError("the file ends within its arrays")
            if digest(array) != digests[name]:
                raise FormatError(f"{name} is damaged: its digest is not the one on record")
            arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    return content, arrays


def digest(array):
    """The digest of an array of little-endian numbers: of its dtype, its shape and its bytes."""
    found = hashlib.sha256(f"{NAMES[array.dtype]} {array.shape} ".encode())
    found.update(_bytes(array))
    return found.hexdigest()


def _bytes(array):
    return array.reshape(-1).view(np.uint8)


def little(array):
    """An array as it is stored."""
    if array.dtype.newbyteorder("<") not in NAMES:
        raise InvalidArgument(f"an array to save must hold numbers; got dtype {array.dtype}")
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _sha256(text):
    return hashlib.sha256(text.encode("ascii", "replace")).hexdigest()


def _kind(start):
    """What a file seems to be that is none of ours."""
    otherwise = "something else" if start else "an empty file"
    return next((kind for first, kind in KINDS.items() if start.startswith(first)), otherwise)


def _excess(data):
    """What there is too much of in JSON, or None."""
    if len(data) > BYTES:
        return f"the header must take no more than {BYTES} bytes; it takes {len(data)}"
    marks = sum(map(data.count, (b",", b"[", b"{", b'"')))
    if marks > MARKS:
        return f"the header must hold no more than {MARKS} quotes, commas and brackets, not {marks}"
    steps = ((t[0] in b"[{") - (t[0] in b"]}") for t in TOKEN.finditer(data))
    if max(itertools.accumulate(steps), default=0) > DEPTH:
        return f"the header must be no deeper than {DEPTH} brackets"
    return None


def _json(data):
    """An object of JSON in ASCII: without NaN, without a key twice, within the limits."""
    if excess := _excess(data):
        raise FormatError(excess)
    try:
        found = json.loads(data.decode("ascii"), object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the header is no JSON of ours: {error}") from None
    if not isinstance(found, dict):
        raise FormatError("the header is no JSON object")
    return found


def _once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _refused(name):
    raise ValueError(f"{name} is not a number")


def _description(text):
    """`(digests, content)` of the text in the metadata."""
    parts = text.split(" ", 2) if isinstance(text, str) else []
    if len(parts) < 3 or not re.fullmatch("[1-9][0-9]{0,8}", parts[0]):
        raise FormatError("the description does not begin with a version and a digest")
    version, digest, text = parts
    if int(version) > VERSION:
        raise FormatError(
            f"the file has version {version} of the format and this fnet reads up to {VERSION}: "
            "pip install --upgrade fnet"
        )
    if _sha256(text) != digest:
        raise FormatError("the description is damaged: its digest is not the one on record")
    found = _json(text.encode("ascii", "replace"))
    if found.keys() != {"arrays", "content"} or not isinstance(found["arrays"], dict):
        raise FormatError("the description must be of arrays and content")
    return found["arrays"], found["content"]


def _laid_out(entries, room):
    """`(name, dtype, shape)` of each array in the order of the file, which they fill: no holes."""
    found = []
    for name, entry in entries.items():
        if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
            raise FormatError(f"{name!r} must have a dtype, a shape and data_offsets")
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise FormatError(f"{name!r} must be of one of {', '.join(DTYPES)}")
        if not (_wholes(shape) and len(shape) <= AXES and math.prod(filter(None, shape)) <= room):
            raise FormatError(f"{name!r} must have a shape that the file has room for")
        if not (_wholes(offsets) and len(offsets) == 2):
            raise FormatError(f"{name!r} must have two data_offsets")
        found.append((*offsets, name, np.dtype(DTYPES[dtype]), tuple(shape)))
    found.sort(key=lambda entry: entry[:2])
    end = 0
    for start, stop, name, dtype, shape in found:
        if start != end or stop - start != dtype.itemsize * math.prod(shape):
            raise FormatError(f"{name!r} must follow on the array before it and fill its place")
        end = stop
    if end != room:
        raise FormatError(f"the arrays must fill the file: they end at {end} of {room} bytes")
    return [entry[2:] for entry in found]


def _wholes(values):
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)
