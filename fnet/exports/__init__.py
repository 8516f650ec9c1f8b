"""Networks in the formats of other programs, which run them. fnet never reads them back.

- `saved_model`: a SavedModel, a folder that TensorFlow Serving runs.
- `tflite`: a TFLite file for LiteRT's interpreter.
- `onnx_graph`: an ONNX file for ONNX Runtime.
- `web_page`: an HTML file that predicts in a browser.

The encoder of tables is a part of the program: `saved_model_encoder` and `onnx_encoder` implement
the closed list of `fnet.encoding.steps`. `columns` names the inputs and outputs.
"""

import os
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np

from fnet.core import checks, packages
from fnet.core.aliases import Params
from fnet.core.ensemble import conformity_for
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.params import leaves, map_params
from fnet.core.run_state import Run
from fnet.exports import columns
from fnet.files import schema

ExportFormat: TypeAlias = Literal["saved_model", "tflite", "onnx", "html"]

SUFFIXES: dict[str, ExportFormat] = {".tflite": "tflite", ".onnx": "onnx", ".html": "html"}
"""The format of each file name suffix; any other path is a SavedModel's folder."""

MAX_MEBIBYTES = 2000
"""The most that the params may take in a SavedModel, TFLite or ONNX: their files end at 2 GiB."""


def export(
    path: str | os.PathLike[str],
    what: tuple[Network, Params] | Run | schema.Saveable,
    format: ExportFormat | None = None,
    plain: bool = False,
    interval: float | None = None,
    examples: Any = None,
) -> None:
    """Write a model, a network or an ensemble of them, in a format that other programs run.

    A model with an encoding is exported with its encoder, in a SavedModel and in ONNX. The program
    takes an input for each column that the encoder uses, `[N]` in a SavedModel and `[N, 1]` in
    ONNX, and finds gaps itself:

    - a number as float64, NaN for a gap, also where training had text, as with decimal commas;
    - a boolean as text, in any spelling that fnet reads, as `true` or `0`;
    - a date as text in ISO 8601, with or without time and zone, or as in training;
    - a category as text, or as float64 where its levels are numbers.

    Text is a gap if it is empty or one that fnet reads as a gap, as `NA`. A cell that cannot be
    read is a gap, too: a program cannot refuse a row. Blanks around text are dropped, in ONNX
    spaces alone. The names of inputs are those of the columns, as identifiers: see
    `fnet.exports.columns.input_names`. A model without an encoding takes rows `x [N, D]`.

    The outputs of a model of classes are `label [N]` and `probabilities [N, C]`, for several labels
    both `[N, K]`; a SavedModel has `prediction [N, K]` beside them. Any other output is
    `prediction [N, K]`, the same as `fnet.predict`. With `interval` there are `lower` and `upper`,
    `[N, K]`, or `[N, 1]` for quantiles, as `Model.predict_interval` has them; these take about 100
    kB of memory a row. An ensemble predicts by the mean of its networks, in float64 as in fnet;
    other networks are of the type of their params, in ONNX of float32 where they take rows.

    The true names, kinds and classes, the version of fnet and the score are in the metadata of the
    ONNX file, in `assets.extra/fnet.json` of the SavedModel, and in `fnet.json` of a zip archive at
    the end of the TFLite file (`unzip -p model.tflite fnet.json`). TFLite has no text: such a file
    takes the D numbers of the encoder as float32 and returns `prediction`. Its metadata has the
    encoding too, as `TableEncoder.to_json` writes it, for the device to encode rows.

    A SavedModel has the signatures "serving_default" and "forward", which returns the outputs of
    `fnet.forward`, `outputs [*M, N, K]`. Those that take columns take numbers as float32 in
    "serving_default_float32" and "forward_float32". TensorFlow Serving takes rows by REST as
    `POST /v1/models/NAME:predict` with `{"instances": [{"age": 31, "sex": "f"}, ...]}`, or columns
    as `{"inputs": {"age": [31, NaN], "sex": ["f", ""]}}`, every input in each.

    SavedModel and TFLite need TensorFlow, ONNX needs the package onnx. The same model gives the
    same bytes of ONNX.

    A web page (`.html`) takes ensembles, too, and params of any kind. It is one file that predicts
    in a browser, with a form for a row and a CSV of many, and with the intervals of an ensemble; it
    loads nothing. Its params may take 48 MiB as base64.

    Args:
        path: The path of a new folder for a SavedModel, or of a file, which is replaced.
        what: `(net, params)`, a Run, a fitted estimator, the pipeline of a TableEncoder and an
            MLPClassifier or MLPRegressor, or a Model from `load`. Params without member axes,
            unless they are those of an ensemble.
        format: "saved_model", "tflite", "onnx" or "html". None decides by the suffix of the path:
            `.tflite`, `.onnx` or `.html`, and "saved_model" for any other.
        plain: Write the bare network: the program takes the D numbers that the encoder makes of a
            row, and returns `prediction`.
        interval: The part of new rows whose targets lie between `lower` and `upper`, as 0.9; None
            for no intervals. It takes an ensemble of numbers, in a SavedModel or in ONNX. A web
            page has intervals by itself.
        examples: A table of at most 100 rows that the form of a web page offers; None for none. No
            page has a row of the training data otherwise.

    Raises:
        InvalidArgument: `what` has member axes and is no ensemble, a class or an operator is one
            that the format lacks, it has no intervals of this coverage, it is too large for the
            format, or the examples cannot be read.
        MissingPackage: TensorFlow or onnx is not installed.
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
    content = content._replace(params=map_params(np.asarray, content.params))  # of tensors, too
    members = checks.members_of(content.params)
    if members and content.ensemble is None:
        raise InvalidArgument(
            f"export takes a single network or an ensemble; these params have member axes "
            f"{list(members)}. Give one member, as (net, [Layer(layer.w[0], layer.b[0]) for layer "
            "in params])"
        )
    kind = format_of(path) if format is None else checks.one_of("format", format, tuple(WRITERS))
    if examples is not None and kind != "html":
        raise InvalidArgument(f"examples go into a web page alone; this is {kind}: leave them out")
    if interval is not None:
        if kind == "html":
            raise InvalidArgument("a web page has intervals by itself; leave interval out")
        conformity_for("interval", content.net, content.ensemble, interval)
        if kind == "tflite":
            raise InvalidArgument("interval needs float64, which TFLite lacks: export as ONNX")
    more = examples if kind == "html" else interval
    if kind != "html":
        _check_size(kind, content)
    with packages.naming_what_is_missing():
        WRITERS[kind](path, columns.bare(content) if plain else content, more)


def format_of(path: str | os.PathLike[str]) -> ExportFormat:
    """The format that a path asks for by its suffix."""
    return SUFFIXES.get(os.path.splitext(path)[1].lower(), "saved_model")


def _check_size(kind: ExportFormat, content: schema.Content) -> None:
    """Refuse params that take more than a file holds."""
    each = 4 if kind == "tflite" else columns.dtype(content).itemsize
    size = each * sum(leaf.size for leaf in leaves(content.params)) / 2**20
    if size > MAX_MEBIBYTES:
        raise InvalidArgument(
            f"{kind} takes params of at most {MAX_MEBIBYTES:,} MiB; these are "
            f"{size:,.1f} MiB. Save the model by fnet.save, or train a smaller network"
        )


def _saved_model(path: Any, content: schema.Content, coverage: float | None) -> None:
    from fnet.exports import saved_model

    saved_model.write(path, content, coverage)


def _tflite(path: Any, content: schema.Content, coverage: float | None) -> None:
    from fnet.exports import tflite

    tflite.write(path, content, coverage)


def _onnx(path: Any, content: schema.Content, coverage: float | None) -> None:
    from fnet.exports import onnx_graph

    onnx_graph.write(path, content, coverage)


def _web_page(path: Any, content: schema.Content, examples: Any) -> None:
    from fnet.exports import web_page

    web_page.write(path, content, examples)


WRITERS: dict[str, Callable[[Any, schema.Content, Any], None]] = {
    "saved_model": _saved_model,
    "tflite": _tflite,
    "onnx": _onnx,
    "html": _web_page,
}
"""What writes each format. Its module is imported when it is needed."""
