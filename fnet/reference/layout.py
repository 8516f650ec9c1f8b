"""How params lie inside a run of the twin: all numbers of a member in one row. Twin of `layout.py`.

NumPy spends a microsecond on a call whatever its size, so a rule that changes one row is four
times as quick as one that changes the weights and biases of two layers.
"""

import functools
import itertools
import math
from typing import Any

import numpy as np

from fnet.core.aliases import Array, Params
from fnet.core.params import FIELDS, MAX_CACHED, Shapes, leaves


def pack(params: Any) -> Any:
    """The numbers of params, or of a structure like them, as one row for each member: `[*M, P]`."""
    arrays = leaves(params)
    first = next(iter(FIELDS[type(params[0])].values()))
    members = arrays[0].shape[: -len(first.axes)]
    return np.concatenate([np.asarray(a).reshape(*members, -1) for a in arrays], axis=-1)


def unpack(shapes: Shapes, row: Array) -> Params:
    """Params of these shapes (`core/params.py`) from a row `[*M, P]`: views of it."""
    members, places = row.shape[:-1], iter(_places(shapes))

    def view(shape: Any) -> Any:
        if shape is None:
            return None
        start, stop, _ = next(places)
        return row[..., start:stop].reshape(members + shape)

    return tuple(kind(*map(view, own)) for kind, own in shapes)


@functools.lru_cache(maxsize=MAX_CACHED)
def spread(shapes: Shapes, attribute: str, dtype: Any = None) -> Any:
    """A row `[P]` with this attribute of a Field in the place of each number of it."""
    places = _places(shapes)
    row = np.repeat(
        [getattr(field, attribute) for *_, field in places],
        [stop - start for start, stop, _ in places],
    )
    return row if dtype is None else row.astype(dtype)


@functools.lru_cache(maxsize=MAX_CACHED)
def _places(shapes: Shapes) -> Any:
    """Where each array lies in the row: `(start, stop, field)`."""
    present = [
        (math.prod(shape), field)
        for kind, own in shapes
        for shape, field in zip(own, FIELDS[kind].values(), strict=True)
        if shape is not None
    ]
    stops = itertools.accumulate(size for size, _ in present)
    return [(stop - size, stop, field) for stop, (size, field) in zip(stops, present, strict=True)]
