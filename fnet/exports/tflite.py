"""A TFLite file of float32, by TensorFlow's converter."""

import functools

import tensorflow as tf

from fnet.exports import saved_model
from fnet.exports.scaling import of_features
from fnet.files import atomic

OPERATIONS = {**saved_model.ROWS, "gelu": functools.partial(tf.nn.gelu, approximate=False)}
"""Activations and links in operations that TFLite has: it has gelu, but no erfc."""


def standardized(x, scaling):
    """Features as the network takes them: TFLite does no sums in float64."""
    high, low, scale = of_features(scaling, x.dtype.as_numpy_dtype)
    return (x - high - low) / scale


def write(path, content):
    """Replace the file at `path`."""
    module = tf.Module()
    module.predict, _ = saved_model.graphs(content, OPERATIONS, standardized, "float32")
    graph = module.predict.get_concrete_function()
    atomic.write(path, tf.lite.TFLiteConverter.from_concrete_functions([graph], module).convert())
