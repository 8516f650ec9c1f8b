"""A SavedModel, with named and typed signatures; and the graph, which TFLite is made of too."""

import os
import secrets
import shutil

import tensorflow as tf

from fnet.core.params import is_absent
from fnet.engine import activations, tensors
from fnet.exports.scaling import of_targets

ROWS = {**activations.OUTPUTS, "softmax": tf.nn.softmax, "sort": tf.sort}
"""Activations and links of rows `[N, K]`: those that work along an axis have it last here."""


def standardized(x, scaling):
    """Features as the network takes them, by way of float64 as on the host."""
    x, kind = tf.cast(x, tf.float64), x.dtype
    return tf.cast((x - scaling.x_mean) / scaling.x_scale, kind)


def graphs(content, table=ROWS, scaled=standardized, dtype=None):
    """`(predict, forward)` of rows `x [N, D]`, as functions of TensorFlow with one signature."""
    net, scaling = content.net, content.scaling
    params = tensors.to_internal(content.params, dtype)
    kind = params[0].w.dtype
    spec = tf.TensorSpec([None, net.sizes[0]], kind, name="x")

    def passed(x, last):
        if scaling is not None:
            x = scaled(x, scaling)
        for layer, name in zip(params, (*net.hidden, last), strict=True):
            z = x @ layer.w
            x = table[name](z if is_absent(layer.b) else z + layer.b)
        return x

    def predict(x):
        found = passed(x, net.output if net.link == "identity" else net.link)
        if scaling is not None and scaling.y_mean is not None:
            scale, mean = of_targets(scaling, kind.as_numpy_dtype)
            found = found * scale + mean
        return {"prediction": found}

    def forward(x):
        return {"outputs": passed(x, net.output)}

    return tuple(tf.function(f, input_signature=[spec]) for f in (predict, forward))


def write(path, content):
    """A new folder: it is made beside its place and then moved there, whole."""
    path = os.path.abspath(path)
    if os.path.lexists(path):
        raise FileExistsError(f"{path} is there already; a SavedModel takes a new folder")
    module = tf.Module()
    module.predict, module.forward = graphs(content)
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        signatures = {"serving_default": module.predict, "forward": module.forward}
        tf.saved_model.save(module, aside, signatures)
        os.rename(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
