"""The layout of params inside a compiled function: columns. Twin: `reference/layout.py`.

Outside, `w` is `[*M, D, H]` and `b` is `[*M, H]`, for rows of data. Inside, `w` is `[*M, H, D]` and
`b` is `[*M, H, 1]`, for columns of data (`functions.py`): the axes of a field are in the reverse
order, and a field with one axis gets an axis of size 1 on the right. Absent fields stay `()`.
"""

from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array, Params
from fnet.core.params import Field, map_fields


def columns(params: Params) -> Params:
    """Params, or a structure like them, in the layout inside."""

    def column(field: Field, array: Array) -> Any:
        return array[..., None] if len(field.axes) == 1 else _reversed(field, array)

    return map_fields(column, params)


def axes(field: Field) -> int:
    """The number of axes of a field inside, without member axes."""
    return max(2, len(field.axes))


def rows(layers: Params) -> Params:
    """The inverse of `columns`."""

    def row(field: Field, array: Array) -> Any:
        return array[..., 0] if len(field.axes) == 1 else _reversed(field, array)

    return map_fields(row, layers)


def _reversed(field: Field, array: Array) -> Any:
    """The axes of a field in the reverse order, after the member axes."""
    rank = array.shape.rank
    members = rank - len(field.axes)
    return tf.transpose(array, [*range(members), *reversed(range(members, rank))])
