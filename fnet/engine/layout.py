"""The layout of params inside a compiled function: columns. Twin: `reference/layout.py`.

Outside, `w` is `[*M, D, H]` and `b` is `[*M, H]`, for rows of data. Inside, `w` is `[*M, H, D]` and
`b` is `[*M, H, 1]`, for columns of data (`functions.py`): a field with two axes is transposed, and
a field with one axis gets an axis of size 1 on the right. Absent fields stay `()`.
"""

from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array, Params
from fnet.core.params import Field, map_fields


def columns(params: Params) -> Params:
    """Params, or a structure like them, in the layout inside."""

    def column(field: Field, array: Array) -> Any:
        return tf.linalg.matrix_transpose(array) if len(field.axes) == 2 else array[..., None]

    return map_fields(column, params)


def rows(layers: Params) -> Params:
    """The inverse of `columns`."""

    def row(field: Field, array: Array) -> Any:
        return tf.linalg.matrix_transpose(array) if len(field.axes) == 2 else array[..., 0]

    return map_fields(row, layers)
