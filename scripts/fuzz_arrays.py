"""The changes that `fuzz.py` makes to the arrays of a file; see `fuzz_changes.py`."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzz_parts import DTYPES, Parts, Tensor, add, as_array, as_tensor, references


def own_copy(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """A shared array becomes another one in one of its places, with other values."""
    shared = [r for r in references(parts.content) if next(iter(r.values())) in parts.tensors]
    if shared:
        reference = rng.choice(shared)
        ((kind, name),) = reference.items()
        array = as_array(parts.tensors[name])
        reference[kind] = add(
            parts, as_tensor(np.roll(array[::-1] if array.ndim else array + 1, 1))
        )["array"]


def values(rng: random.Random, array: Any) -> Any:
    """Other values: one of them, or all."""
    where = (
        tuple(rng.randrange(size) for size in array.shape)
        if array.size and rng.random() < 0.5
        else ...
    )
    if array.dtype.kind == "f":
        info = np.finfo(array.dtype)
        new = rng.choice(
            (np.nan, np.inf, -np.inf, info.max, info.min, -1.0, info.tiny / 4, 0.0, 1.5, 1e4)
        )
    elif array.dtype.kind in "iu":
        info = np.iinfo(array.dtype)
        new = rng.choice(
            (info.max, info.min, 0, 1, 2, info.max // 2, 0xD800, 0x1B, 0x202E, 0x110000)
        )
        new = int(np.clip(new, info.min, info.max))
    else:
        new = rng.random() < 0.5
    array[where] = new
    return array


def cast(rng: random.Random, array: Any) -> Any:
    """Another dtype with the same values as far as it has them."""
    with np.errstate(all="ignore"):
        return array.astype(DTYPES[rng.choice(list(DTYPES))])


def reshape(rng: random.Random, array: Any) -> Any:
    """The same values in another shape or order, or fewer or more of them."""
    return rng.choice(
        (
            lambda: array.reshape(-1),
            lambda: array[None],
            lambda: array[..., None],
            lambda: array.T,
            lambda: np.asarray(array[::-1] if array.ndim else array),
            lambda: array[:0] if array.ndim else np.zeros(0, array.dtype),
            lambda: array[:-1] if array.ndim else array.reshape(1),
            lambda: np.concatenate([array, array]) if array.ndim else np.stack([array, array]),
            lambda: array.reshape((1,) * 33) if array.size == 1 else array[..., :1],
            lambda: np.sort(array.reshape(-1)).reshape(array.shape),
        )
    )()


def _of_array(function: Callable[[random.Random, Any], Any]) -> Callable[..., None]:
    def change(rng: random.Random, parts: Parts, donor: Parts) -> None:
        good = [
            n for n, t in parts.tensors.items() if all(type(s) is int and s >= 0 for s in t.shape)
        ]
        if good:
            name = rng.choice(good)
            parts.tensors[name] = as_tensor(function(rng, as_array(parts.tensors[name])))

    return change


def reinterpret(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """The same bytes under another dtype or shape, which may not fit."""
    if parts.tensors:
        name = rng.choice(list(parts.tensors))
        dtype, shape, data = parts.tensors[name]
        size = np.dtype(DTYPES[dtype]).itemsize
        same = [n for n, d in DTYPES.items() if np.dtype(d).itemsize == size]
        shapes = [
            (-1,),
            (2**40,),
            (2**62, 4),
            (0, 2**62),
            (*shape, 1.0),
            (None,),
            (True, *shape),
            ("3",),
        ]
        dtype = rng.choice((*same, *DTYPES, "F8_E4M3", "BF16", "", "f4"))
        parts.tensors[name] = Tensor(
            dtype, rng.choice((shape, shape, shape, rng.choice(shapes))), data
        )


def all_float(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """Every array of floats in another precision: a valid file of another dtype."""
    dtype = rng.choice(("<f2", "<f4", "<f8"))
    for name, tensor in parts.tensors.items():
        if tensor.dtype in ("F16", "F32", "F64"):
            with np.errstate(all="ignore"):
                parts.tensors[name] = as_tensor(as_array(tensor).astype(dtype))


TENSORS = {
    "values": _of_array(values),
    "values ": _of_array(values),
    "cast": _of_array(cast),
    "reshape": _of_array(reshape),
    "reinterpret": reinterpret,
    "all floats": all_float,
    "own copy": own_copy,
}
