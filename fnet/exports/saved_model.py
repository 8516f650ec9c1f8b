"""A SavedModel with named and typed signatures, and the graphs that TFLite converts too."""

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import tensorflow as tf

from fnet.core.params import is_absent
from fnet.core.scaling import Scaling
from fnet.engine import activations, tensors
from fnet.exports.scaling import of_targets
from fnet.files.schema import Content

Operations: TypeAlias = Mapping[str, Callable[[Any], Any]]

OPERATIONS: Operations = {**activations.OUTPUTS, "softmax": tf.nn.softmax, "sort": tf.sort}
"""Activations and links of rows `[N, K]`. Those that work along an axis take the last one."""


def standardize(x: Any, scaling: Scaling) -> Any:
    """Standardized features, computed in float64 as on the host."""
    x, dtype = tf.cast(x, tf.float64), x.dtype
    return tf.cast((x - scaling.x_mean) / scaling.x_scale, dtype)


def graphs(
    content: Content,
    operations: Operations = OPERATIONS,
    standardize: Callable[[Any, Scaling], Any] = standardize,
    dtype: str | None = None,
) -> tuple[Any, Any]:
    """`(predict, forward)` of rows `x [N, D]`, as `tf.function`s with one signature each.

    `dtype` None is the dtype of params.
    """
    net, scaling = content.net, content.scaling
    params = tensors.to_internal(content.params, dtype)
    kind = params[0].w.dtype
    spec = tf.TensorSpec([None, net.sizes[0]], kind, name="x")

    def outputs(x: Any, last: str) -> Any:
        if scaling is not None:
            x = standardize(x, scaling)
        for layer, name in zip(params, (*net.hidden, last), strict=True):
            z = x @ layer.w
            x = operations[name](z if is_absent(layer.b) else z + layer.b)
        return x

    def predict(x: Any) -> dict[str, Any]:
        found = outputs(x, net.output if net.link == "identity" else net.link)
        if scaling is not None and scaling.y_mean is not None:
            scale, mean = of_targets(scaling, kind.as_numpy_dtype)
            found = found * scale + mean
        return {"prediction": found}

    def forward(x: Any) -> dict[str, Any]:
        return {"outputs": outputs(x, net.output)}

    traced = [
        tf.function(function, input_signature=[spec], autograph=False)
        for function in (predict, forward)
    ]
    return traced[0], traced[1]


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Write a new folder: under a temporary name beside its place, then renamed."""
    path = os.path.abspath(path)
    if os.path.lexists(path):
        raise FileExistsError(f"{path} exists already; a SavedModel takes a new folder")
    module = tf.Module()
    module.predict, module.forward = graphs(content)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        signatures = {"serving_default": module.predict, "forward": module.forward}
        tf.saved_model.save(module, temporary, signatures)
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
