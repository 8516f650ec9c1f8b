"""The precision of float32 products on a GPU.

TensorFlow's default there is TF32, whose factors have 10 bits after the point instead of 23. fnet
switches it off while its programs are compiled and run, and back to what it was afterwards. So
float32 means float32, and a user's own programs are left alone.
"""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from fnet.core.aliases import Precision


@contextlib.contextmanager
def products(precision: Precision = "float32") -> Iterator[None]:
    """Within it, products of float32 have this precision; the switch is the whole process's."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    wanted = precision == "tf32"
    if before == wanted:
        yield
        return
    tf.config.experimental.enable_tensor_float_32_execution(wanted)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
