"""How params lie inside a compiled function: as columns. Twin: `reference/layout.py`.

Outside, `w` is `[*M, D, H]` and `b` is `[*M, H]`, for rows of data. Inside, `w` is `[*M, H, D]` and
`b` is `[*M, H, 1]`, for columns (`functions.py`): a field of two axes is transposed, one of one
axis gets an axis of size 1 on the right. Absent fields are `()` and stay so.
"""

from typing import Any

import tensorflow as tf

from fnet.core.aliases import Array, Params
from fnet.core.params import Field, map_fields


def columns(params: Params) -> Params:
    """Params, or a structure like them, as they lie inside."""

    def column(field: Field, array: Array) -> Any:
        return tf.linalg.matrix_transpose(array) if len(field.axes) == 2 else array[..., None]

    return map_fields(column, params)


def rows(layers: Params) -> Params:
    """What lies inside, as params."""

    def row(field: Field, array: Array) -> Any:
        return tf.linalg.matrix_transpose(array) if len(field.axes) == 2 else array[..., 0]

    return map_fields(row, layers)
