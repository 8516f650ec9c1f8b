"""An ONNX file, written operation by operation: https://onnx.ai/onnx/operators"""

import json
import os
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import helper

from fnet.core import checks
from fnet.core.ensemble import conformity_for
from fnet.encoding import Encoding
from fnet.exports import columns, onnx_encoder, onnx_network
from fnet.exports.columns import ENDS
from fnet.exports.onnx_tensors import TYPES, Graph, Tensor
from fnet.exports.scaling import of_features
from fnet.files import atomic
from fnet.files.schema import Content

OPSETS, IR_VERSION = {"": 20, "ai.onnx.ml": 4}, 9
"""The first operators that have parts of text, the first look-up tables for numbers of 64 bits, and
the file format that goes with them."""


class Program(NamedTuple):
    """The ends of a graph, and what describes it.

    Attributes:
        inputs: The type of each input, its shape and its description, by name.
        outputs: The values of the outputs, with their shapes, by name.
        metadata: Plain data by name; what is no text is written as JSON.
    """

    inputs: dict[str, tuple[Any, list[Any], str]]
    outputs: dict[str, tuple[Tensor, list[Any]]]
    metadata: dict[str, Any]


def _of_rows(graph: Graph, content: Content, coverage: float | None) -> Program:
    """Add the program that takes rows "x", in float32."""
    x = Tensor(graph, "x", np.float32)
    scaled = x
    if content.scaling is not None:
        high, low, scale = of_features(content.scaling, np.float32)
        scaled = (x - high - low) / scale
    inputs = {"x": (np.float32, ["N", content.net.sizes[0]], "")}
    return Program(inputs, _results(content, scaled, coverage), columns.metadata(content, coverage))


def _of_tables(
    graph: Graph, content: Content, encoding: Encoding, coverage: float | None
) -> Program:
    """Add the program that takes the columns of a table."""
    inputs = columns.inputs(encoding)
    x = onnx_encoder.encode(graph, inputs)
    if columns.is_float32(content):
        x = x.cast(np.float32).cast(np.float64)
    if content.scaling is not None:
        x = (x - content.scaling.x_mean) / content.scaling.x_scale
    x = x.cast(checks.params_dtype(content.params).type).cast(columns.dtype(content).type)
    return Program(
        {
            i.name: (
                np.float64 if i.is_number else np.object_,
                ["N", 1],
                f"column {json.dumps(i.column.name)}: {i.takes}",
            )
            for i in inputs
        },
        _results(content, x, coverage),
        columns.metadata(content, coverage, inputs),
    )


def _results(
    content: Content, x: Tensor, coverage: float | None
) -> dict[str, tuple[Tensor, list[Any]]]:
    """Add a network that takes scaled rows; return the outputs."""
    of_members = onnx_network.predictions(content, x)
    members, width = checks.members_of(content.params), content.net.sizes[-1]
    prediction = onnx_network.mean(of_members, members)
    found = _labels(content, prediction) or {"prediction": (prediction, ["N", width])}
    if coverage is not None:
        kept = conformity_for("interval", content.net, content.ensemble, coverage)
        ends = onnx_network.interval(content.net, of_members, kept, coverage)
        each = 1 if content.net.targets == "quantiles" else width
        found |= {name: (end, ["N", each]) for name, end in zip(ENDS, ends, strict=True)}
    return found


def _labels(content: Content, prediction: Tensor) -> dict[str, tuple[Tensor, list[Any]]]:
    """The outputs of a network of classes or labels; none for another one."""
    if not columns.has_labels(content):
        return {}
    width, names = content.net.sizes[-1], columns.labels(content)
    if names is None:
        label = (prediction > 0.5).cast(np.int64)
        return {"label": (label, ["N", width]), "probabilities": (prediction, ["N", width])}
    if len(names) == 1:
        prediction = prediction * 0 + 1
    elif width == 1:
        no = prediction.of(1, prediction.dtype) - prediction
        prediction = no.apply("Concat", prediction, axis=1)
    best = prediction.apply("ArgMax", dtype=np.int64, axis=1, keepdims=0)
    label = best.of(names, names.dtype.type).apply("Gather", best)
    return {"label": (label, ["N"]), "probabilities": (prediction, ["N", len(names)])}


def model_of(graph: Graph, program: Program) -> Any:
    """The checked model of a graph."""
    for name, (value, _) in program.outputs.items():
        graph.nodes.append(helper.make_node("Identity", [value.name], [name]))
    inputs = [
        helper.make_tensor_value_info(name, TYPES[dtype], shape, doc)
        for name, (dtype, shape, doc) in program.inputs.items()
    ]
    outputs = [
        helper.make_tensor_value_info(name, TYPES[value.dtype], shape)
        for name, (value, shape) in program.outputs.items()
    ]
    domains = {node.domain for node in graph.nodes}
    model = helper.make_model(
        helper.make_graph(graph.nodes, "fnet", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid(*o) for o in OPSETS.items() if o[0] in domains],
        ir_version=IR_VERSION,
        producer_name="fnet",
    )
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in program.metadata.items()}
    helper.set_model_props(model, texts)
    onnx.checker.check_model(model, full_check=True)
    return model


def write(path: str | os.PathLike[str], content: Content, coverage: float | None) -> None:
    """Replace the file at `path`."""
    graph, encoding = Graph(), content.encoding
    if encoding is None:
        program = _of_rows(graph, content, coverage)
    else:
        program = _of_tables(graph, content, encoding, coverage)
    atomic.write(path, model_of(graph, program).SerializeToString())
