"""How params lie inside a compiled function: as columns. Twin: `reference/layout.py`.

Outside, `w` is `[*M, D, H]` and `b` is `[*M, H]`, for rows of data. Inside, `w` is `[*M, H, D]` and
`b` is `[*M, H, 1]`, for columns (`functions.py`): a field of two axes is transposed, one of one
axis gets an axis of size 1 on the right. Absent fields are `()` and stay so.
"""

import tensorflow as tf

from fnet.core.params import map_fields


def columns(params):
    """Params, or a structure like them, as they lie inside."""

    def column(field, array):
        return tf.linalg.matrix_transpose(array) if len(field.axes) == 2 else array[..., None]

    return map_fields(column, params)


def rows(layers):
    """What lies inside, as params."""

    def row(field, array):
        return tf.linalg.matrix_transpose(array) if len(field.axes) == 2 else array[..., 0]

    return map_fields(row, layers)
