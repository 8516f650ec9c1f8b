"""A SavedModel with named and typed signatures."""

import functools
import json
import os
import secrets
import shutil
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fnet.core import checks
from fnet.core.ensemble import conformity_for
from fnet.exports import columns, saved_model_encoder, saved_model_network
from fnet.exports.columns import ENDS
from fnet.exports.saved_model_network import Functions, interval, mean
from fnet.files.schema import Content

EXTRA, METADATA = "assets.extra", "fnet.json"
"""The folder that a SavedModel has for files of other programs, and ours in it."""


def write(path: str | os.PathLike[str], content: Content, coverage: float | None) -> None:
    """Write a new folder: under a temporary name beside its place, then renamed."""
    path = os.path.abspath(path)
    if os.path.lexists(path):
        raise FileExistsError(f"{path} exists already; a SavedModel takes a new folder")
    module, inputs = tf.Module(), None
    if content.encoding is None:
        module.programs = of_rows(content, coverage)
    else:
        inputs = columns.inputs(content.encoding)
        tables = saved_model_encoder.lookup_tables(inputs)
        module.tables = [*tables.values()]
        module.programs = _of_tables(content, coverage, inputs, tables)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        tf.saved_model.save(module, temporary, module.programs)
        os.mkdir(os.path.join(temporary, EXTRA))
        with open(os.path.join(temporary, EXTRA, METADATA), "w", encoding="utf-8") as file:
            json.dump(columns.metadata(content, coverage, inputs), file, indent=2)
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def of_rows(content: Content, coverage: float | None) -> dict[str, Any]:
    """The programs of rows `x [N, D]`, by signature."""
    network = saved_model_network.functions(content, columns.dtype(content))
    spec = tf.TensorSpec([None, content.net.sizes[0]], network.dtype, name="x")
    return _programs(content, network, coverage, lambda x: x, {"": [spec]})


def _of_tables(
    content: Content, coverage: float | None, inputs: list[columns.Input], tables: Any
) -> dict[str, Any]:
    """The programs of the columns of a table, by signature."""
    network = saved_model_network.functions(content, columns.dtype(content))

    wide = [tf.TensorSpec([None], tf.float64 if i.is_number else tf.string) for i in inputs]

    @functools.partial(tf.function, input_signature=wide, autograph=False)
    def encoded(*cells: Any) -> Any:  # one graph, which all programs call
        x = saved_model_encoder.encode(inputs, cells, tables)
        return tf.cast(x, tf.float32) if columns.is_float32(content) else x

    def encode(*cells: Any) -> Any:
        pairs = zip(cells, inputs, strict=True)
        return encoded(*(tf.cast(c, tf.float64) if i.is_number else c for c, i in pairs))

    specs = {
        suffix: [
            tf.TensorSpec([None], kind if i.is_number else tf.string, name=i.name) for i in inputs
        ]
        for suffix, kind in (("", tf.float64), ("_float32", tf.float32))
    }
    return _programs(content, network, coverage, encode, specs)


def _programs(
    content: Content,
    network: Functions,
    coverage: float | None,
    encode: Callable[..., Any],
    specs: dict[str, list[Any]],
) -> dict[str, Any]:
    """ "serving_default" and "forward", each for the inputs of every suffix."""

    def serving(*cells: Any) -> dict[str, Any]:
        of_members = network.predict(encode(*cells))
        prediction = mean(of_members, checks.members_of(content.params))
        found = {"prediction": prediction, **_labels(content, prediction)}
        if coverage is not None:
            kept = conformity_for("interval", content.net, content.ensemble, coverage)
            ends = interval(content.net, of_members, kept, coverage)
            found |= dict(zip(ENDS, ends, strict=True))
        return found

    def forward(*cells: Any) -> dict[str, Any]:
        return {"outputs": network.forward(encode(*cells))}

    return {
        f"{name}{suffix}": tf.function(program, input_signature=spec, autograph=False)
        for suffix, spec in specs.items()
        for name, program in (("serving_default", serving), ("forward", forward))
    }


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
