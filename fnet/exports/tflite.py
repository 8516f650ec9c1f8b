"""A TFLite file of float32, written by TensorFlow's converter."""

import functools
import os
from typing import Any

import tensorflow as tf

from fnet.core.scaling import Scaling
from fnet.exports import saved_model
from fnet.exports.scaling import of_features
from fnet.files import atomic
from fnet.files.schema import Content

OPERATIONS: saved_model.Operations = {
    **saved_model.OPERATIONS,
    "gelu": functools.partial(tf.nn.gelu, approximate=False),
}
"""Activations and links in operations that TFLite has: it has gelu, but no erfc."""


def standardize(x: Any, scaling: Scaling) -> Any:
    """Standardized features. TFLite has no float64 arithmetic, so a mean comes in two parts."""
    high, low, scale = of_features(scaling, x.dtype.as_numpy_dtype)
    return (x - high - low) / scale


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Replace the file at `path`."""
    module = tf.Module()
    module.predict, _ = saved_model.graphs(content, OPERATIONS, standardize, "float32")
    graph = module.predict.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], module)
    atomic.write(path, converter.convert())
