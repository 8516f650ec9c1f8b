"""How params lie inside a compiled function: as columns. Twin: `reference/layout.py`.

Outside, `w` is `[*M, D, H]` and `b` is `[*M, H]`, for rows of data. Inside, `w` is `[*M, H, D]` and
`b` is `[*M, H, 1]`, for columns (`functions.py`). Absent biases are `()` and stay so.
"""

import tensorflow as tf

from fnet.core.network import Layer


def columns(params):
    """Params, or a structure like them, as they lie inside."""
    return tuple(
        Layer(tf.linalg.matrix_transpose(w), b if isinstance(b, tuple) else b[..., None])
        for w, b in params
    )


def rows(layers):
    """What lies inside, as params."""
    return tuple(
        Layer(tf.linalg.matrix_transpose(w), b if isinstance(b, tuple) else b[..., 0])
        for w, b in layers
    )
