"""A TFLite file of float32, written by TensorFlow's converter."""

import functools
import io
import json
import os
import zipfile
from typing import Any

import tensorflow as tf

from fnet.core import checks
from fnet.core.scaling import Scaling
from fnet.encoding import plain
from fnet.exports import columns
from fnet.exports import saved_model_network as network
from fnet.exports.saved_model import METADATA
from fnet.exports.scaling import of_features
from fnet.files import atomic
from fnet.files.schema import Content

OPERATIONS: network.Operations = {
    **network.OPERATIONS,
    "gelu": functools.partial(tf.nn.gelu, approximate=False),
}
"""Activations and links in operations that TFLite has: it has gelu, but no erfc."""


def standardize(x: Any, scaling: Scaling) -> Any:
    """Standardized features. TFLite has no float64 arithmetic, so a mean comes in two parts."""
    high, low, scale = of_features(scaling, x.dtype.as_numpy_dtype)
    return (x - high - low) / scale


def write(path: str | os.PathLike[str], content: Content, coverage: float | None) -> None:
    """Replace the file at `path`. After the program it has a zip archive with its metadata."""
    bare = columns.bare(content)
    functions = network.functions(bare, "float32", OPERATIONS, standardize)
    members = checks.members_of(content.params)
    module = tf.Module()
    module.predict = tf.function(
        lambda x: {"prediction": network.mean(functions.predict(x), members)},
        input_signature=[tf.TensorSpec([None, bare.net.sizes[0]], tf.float32, name="x")],
        autograph=False,
    )
    graph = module.predict.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], module)
    atomic.write(path, converter.convert() + _archive(content))


def _archive(content: Content) -> bytes:
    """A zip archive of "fnet.json", as TensorFlow's own metadata adds its files to a program."""
    known = columns.metadata(
        content._replace(features=columns.bare(content).features), coverage=None
    )
    if content.encoding is not None:
        known["encoding"] = plain(content.encoding)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo(METADATA), json.dumps(known, indent=2))  # of 1980
    return archive.getvalue()
