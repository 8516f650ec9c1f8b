"""A SavedModel with named and typed signatures, and the graphs that TFLite converts too."""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import tensorflow as tf

from fnet.core.params import is_absent
from fnet.core.scaling import Scaling
from fnet.engine import activations, tensors
from fnet.exports import columns, saved_model_encoder
from fnet.exports.scaling import of_targets
from fnet.files.schema import Content

Operations: TypeAlias = Mapping[str, Callable[[Any], Any]]

OPERATIONS: Operations = {**activations.OUTPUTS, "softmax": tf.nn.softmax, "sort": tf.sort}
"""Activations and links of rows `[N, K]`. Those that work along an axis take the last one."""


EXTRA, METADATA = "assets.extra", "fnet.json"
"""The folder that a SavedModel has for files of other programs, and ours in it."""


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
    params = tensors.to_internal(content.params, dtype)
    spec = tf.TensorSpec([None, content.net.sizes[0]], params[0].w.dtype, name="x")
    predict, forward = _functions(content, params, operations, standardize)
    return (
        _traced(lambda x: {"prediction": predict(x)}, [spec]),
        _traced(lambda x: {"outputs": forward(x)}, [spec]),
    )


def _traced(function: Callable[..., dict[str, Any]], specs: list[Any]) -> Any:
    return tf.function(function, input_signature=specs, autograph=False)


def _functions(
    content: Content,
    params: Any,
    operations: Operations = OPERATIONS,
    standardize: Callable[[Any, Scaling], Any] = standardize,
) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """`(predict, forward)` of rows `[N, D]` that are not scaled."""
    net, scaling, kind = content.net, content.scaling, params[0].w.dtype

    def outputs(x: Any, last: str) -> Any:
        if scaling is not None:
            x = standardize(x, scaling)
        x = tf.cast(x, kind)
        for layer, name in zip(params, (*net.hidden, last), strict=True):
            z = x @ layer.w
            x = operations[name](z if is_absent(layer.b) else z + layer.b)
        return x

    def predict(x: Any) -> Any:
        found = outputs(x, net.output if net.link == "identity" else net.link)
        if scaling is not None and scaling.y_mean is not None:
            scale, mean = of_targets(scaling, kind.as_numpy_dtype)
            found = found * scale + mean
        return found

    return predict, lambda x: outputs(x, net.output)


def _table_graphs(content: Content, inputs: list[columns.Input], tables: Any) -> tuple[Any, Any]:
    """`(predict, forward)` of the columns of a table."""
    specs = [
        tf.TensorSpec([None], tf.float64 if each.is_number else tf.string, name=each.name)
        for each in inputs
    ]
    predict, forward = _functions(content, tensors.to_internal(content.params))

    def encode(cells: tuple[Any, ...]) -> Any:
        x = saved_model_encoder.encode(inputs, cells, tables)
        return tf.cast(x, tf.float32) if columns.is_float32(content) else x

    def predict_table(*cells: Any) -> dict[str, Any]:
        prediction = predict(encode(cells))
        return {"prediction": prediction, **_labels(content, prediction)}

    return (
        _traced(predict_table, specs),
        _traced(lambda *cells: {"outputs": forward(encode(cells))}, specs),
    )


def _labels(content: Content, prediction: Any) -> dict[str, Any]:
    """The outputs of a network of classes or labels beside the prediction."""
    if not columns.has_labels(content):
        return {}
    names = columns.labels(content)
    if names is None:
        return {"label": tf.cast(prediction > 0.5, tf.int64), "probabilities": prediction}
    if len(names) == 1:
        prediction = tf.ones_like(prediction)
    elif content.net.sizes[-1] == 1:
        prediction = tf.concat([1 - prediction, prediction], axis=1)
    best = tf.argmax(prediction, axis=1)
    return {"label": tf.gather(tf.constant(names), best), "probabilities": prediction}


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Write a new folder: under a temporary name beside its place, then renamed."""
    path = os.path.abspath(path)
    if os.path.lexists(path):
        raise FileExistsError(f"{path} exists already; a SavedModel takes a new folder")
    module, extra = tf.Module(), {}
    if content.encoding is None:
        module.predict, module.forward = graphs(content)
    else:
        inputs = columns.inputs(content.encoding)
        tables = saved_model_encoder.lookup_tables(inputs)
        module.tables = [*tables.values()]
        module.predict, module.forward = _table_graphs(content, inputs, tables)
        extra = columns.metadata(content, inputs)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        signatures = {"serving_default": module.predict, "forward": module.forward}
        tf.saved_model.save(module, temporary, signatures)
        if extra:
            os.mkdir(os.path.join(temporary, EXTRA))
            with open(os.path.join(temporary, EXTRA, METADATA), "w", encoding="utf-8") as file:
                json.dump(extra, file, indent=2)
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
