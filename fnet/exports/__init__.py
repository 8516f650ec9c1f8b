"""Networks for other programs: one way, and run there. None of it is ever read back.

saved_model.py: a folder, as TensorFlow Serving runs it.
lite.py: a TFLite file, for LiteRT's interpreter.
onnx_graph.py: an ONNX file, as ONNX Runtime runs it.
"""

import os

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.files import schema

SUFFIXES = {".tflite": "tflite", ".onnx": "onnx"}


def export(path, what, format=None):
    """Write a network in the format of another program; that needs TensorFlow, or onnx.

    Arguments:
      path: of a new folder, for a SavedModel; of a file, which is replaced.
      what: `(net, params)`, a Run, an estimator, or what `load` gave, of a single network.
      format: "saved_model", "tflite" or "onnx"; None goes by the path's ending, `.tflite` or
        `.onnx`, and is "saved_model" for any other.

    The exported program takes rows `x [N, D]` and gives `prediction [N, K]`, what `fnet.predict`
    says; of an estimator, the scaling of its features and targets included. A SavedModel has two
    signatures, "serving_default" and "forward", which gives `outputs [N, K]` as `fnet.forward`
    does, and its dtype is that of params; the others are float32.

    Raises InvalidArgument for what does not fit, and the system's own OSError where it cannot be
    written.
    """
    content = schema.check_content(schema.content_of(what))
    if content.params[0].w.ndim > 2:
        raise InvalidArgument(
            "export takes a single network; give one member, as "
            "(net, [Layer(layer.w[0], layer.b[0]) for layer in params])"
        )
    kind = format_of(path) if format is None else checks.one_of("format", format, tuple(WRITERS))
    WRITERS[kind](path, content)


def format_of(path):
    """The format that a path asks for by its ending."""
    return SUFFIXES.get(os.path.splitext(path)[1].lower(), "saved_model")


def _saved_model(path, content):
    from fnet.exports import saved_model

    saved_model.write(path, content)


def _tflite(path, content):
    from fnet.exports import tflite

    tflite.write(path, content)


def _onnx(path, content):
    from fnet.exports import onnx_graph

    onnx_graph.write(path, content)


WRITERS = {"saved_model": _saved_model, "tflite": _tflite, "onnx": _onnx}
