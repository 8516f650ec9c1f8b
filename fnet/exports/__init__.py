"""Networks in the formats of other programs, which run them. fnet never reads them back.

- `saved_model`: a SavedModel, a folder that TensorFlow Serving runs.
- `tflite`: a TFLite file for LiteRT's interpreter.
- `onnx_graph`: an ONNX file for ONNX Runtime.

The encoder of tables is a part of the program: `saved_model_encoder` and `onnx_encoder` implement
the closed list of `fnet.encoding.steps`. `columns` names the inputs and outputs.
"""

import os
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from fnet.core import checks
from fnet.core.aliases import Params
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.params import Layer
from fnet.core.run_state import Run
from fnet.files import schema

ExportFormat: TypeAlias = Literal["saved_model", "tflite", "onnx"]

SUFFIXES: dict[str, ExportFormat] = {".tflite": "tflite", ".onnx": "onnx"}
"""The format of each file name suffix; any other path is a SavedModel's folder."""


def export(
    path: str | os.PathLike[str],
    what: tuple[Network, Params] | Run | schema.Saveable,
    format: ExportFormat | None = None,
    plain: bool = False,
) -> None:
    """Write a single network in the format of another program.

    The exported program takes rows `x [N, D]` and returns `prediction [N, K]`, the same as
    `fnet.predict`; for an estimator, the scaling of features and targets is included. A SavedModel
    has two signatures, both in the dtype of params: "serving_default", and "forward", which
    returns `outputs [N, K]` as `fnet.forward` does. TFLite and ONNX programs are float32.

    A model with an encoding is exported with its encoder, which works in float64, in a SavedModel
    and in ONNX. The program takes an input for each column that the encoder uses, `[N]` in a
    SavedModel and `[N, 1]` in ONNX, and finds gaps itself:

    - a number as float64, NaN for a gap, also where training had text, as with decimal commas;
    - a boolean as text, in any spelling that fnet reads, as `true` or `0`;
    - a date as text in ISO 8601, with or without time and zone, or as in training;
    - a category as text, or as float64 where its levels are numbers.

    Text is a gap if it is empty or one that fnet reads as a gap, as `NA`. A cell that cannot be
    read is a gap, too: a program cannot refuse a row. Blanks around text are dropped, in ONNX
    spaces alone. The names of inputs are those of the columns, as identifiers: see
    `fnet.exports.columns.input_names`. The true names, kinds and classes are in the metadata of the
    ONNX file, and in `assets.extra/fnet.json` of the SavedModel.

    The outputs of a classifier are `label [N]` and `probabilities [N, C]`, for several labels both
    `[N, K]`; a SavedModel has `prediction [N, K]` beside them. The output of a regressor is
    `prediction [N, K]`. TFLite has no text, so such a file takes the D numbers of the encoder.

    SavedModel and TFLite need TensorFlow, ONNX needs the package onnx.

    Args:
        path: The path of a new folder for a SavedModel, or of a file, which is replaced.
        what: `(net, params)`, a Run, a fitted MLPClassifier or MLPRegressor, its pipeline with a
            TableEncoder, or a Model from `load`, without member axes.
        format: "saved_model", "tflite" or "onnx". None decides by the suffix of the path: `.tflite`
            or `.onnx`, and "saved_model" for any other.
        plain: Leave the encoder out: the program takes the D numbers that it makes of a row.

    Raises:
        InvalidArgument: `what` has member axes, or params other than dense layers.
        FileExistsError: A SavedModel's folder exists.
        OSError: The folder or the file cannot be written.

    Example:
        >>> import fnet, os, tempfile
        >>> net = fnet.Network((2, 3))
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fnet.export(f"{folder}/net.onnx", (net, params))
        ...     os.listdir(folder)
        ['net.onnx']

    References:
        https://www.tensorflow.org/guide/saved_model, https://ai.google.dev/edge/litert,
        https://onnx.ai/onnx
    """
    content = schema.check_content(schema.content_of(what))
    if other := [type(e).__name__ for e in content.params if not isinstance(e, Layer)]:
        raise InvalidArgument(
            f"export takes networks of dense layers alone; these params have {', '.join(other)}. "
            "Save them by fnet.save instead"
        )
    if members := checks.members_of(content.params):
        raise InvalidArgument(
            f"export takes a single network; these params have member axes {list(members)}. Give "
            "one member, as (net, [Layer(layer.w[0], layer.b[0]) for layer in params])"
        )
    kind = format_of(path) if format is None else checks.one_of("format", format, tuple(WRITERS))
    if plain or kind == "tflite":
        content = content._replace(encoding=None, pipeline=None)
    WRITERS[kind](path, content)


def format_of(path: str | os.PathLike[str]) -> ExportFormat:
    """The format that a path asks for by its suffix."""
    return SUFFIXES.get(os.path.splitext(path)[1].lower(), "saved_model")


def _saved_model(path: Any, content: schema.Content) -> None:
    from fnet.exports import saved_model

    saved_model.write(path, content)


def _tflite(path: Any, content: schema.Content) -> None:
    from fnet.exports import tflite

    tflite.write(path, content)


def _onnx(path: Any, content: schema.Content) -> None:
    from fnet.exports import onnx_graph

    onnx_graph.write(path, content)


WRITERS: dict[str, Callable[[Any, schema.Content], None]] = {
    "saved_model": _saved_model,
    "tflite": _tflite,
    "onnx": _onnx,
}
"""What writes each format. Its module is imported when it is needed."""
