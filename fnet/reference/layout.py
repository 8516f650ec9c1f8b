"""The layout of params inside the twin: one row for each member. Twin of `engine/layout.py`.

A NumPy call takes a microsecond however small its arrays are. So updating one row is four times as
fast as updating the weights and biases of two layers one by one.
"""

import functools
import itertools
import math
from typing import Any

import numpy as np

from fnet.core.aliases import Array, Params
from fnet.core.params import FIELDS, MAX_CACHED, Shapes, leaves


def pack(params: Any) -> Any:
    """Params, or a structure like them, as one row for each member: `[*M, P]`."""
    arrays = leaves(params)
    first = next(iter(FIELDS[type(params[0])].values()))
    members = arrays[0].shape[: -len(first.axes)]
    return np.concatenate([np.asarray(a).reshape(*members, -1) for a in arrays], axis=-1)


def unpack(shapes: Shapes, row: Array) -> Params:
    """Params of these shapes (`core/params.py`) as views of a row `[*M, P]`."""
    members, positions = row.shape[:-1], iter(_positions(shapes))

    def view(shape: Any) -> Any:
        if shape is None:
            return None
        start, stop, _ = next(positions)
        return row[..., start:stop].reshape(members + shape)

    return tuple(kind(*map(view, own)) for kind, own in shapes)


@functools.lru_cache(maxsize=MAX_CACHED)
def repeat_attribute(shapes: Shapes, attribute: str, dtype: Any = None) -> Any:
    """A row `[P]` that holds, for each entry, this attribute of its Field."""
    positions = _positions(shapes)
    row = np.repeat(
        [getattr(field, attribute) for *_, field in positions],
        [stop - start for start, stop, _ in positions],
    )
    return row if dtype is None else row.astype(dtype)


@functools.lru_cache(maxsize=MAX_CACHED)
def _positions(shapes: Shapes) -> Any:
    """The position of each array in the row: `(start, stop, field)`."""
    present = [
        (math.prod(shape), field)
        for kind, own in shapes
        for shape, field in zip(own, FIELDS[kind].values(), strict=True)
        if shape is not None
    ]
    stops = itertools.accumulate(size for size, _ in present)
    return [(stop - size, stop, field) for stop, (size, field) in zip(stops, present, strict=True)]
