"""An ONNX file of float32, written operation by operation: https://onnx.ai/onnx/operators"""

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import helper

from fnet.encoding import Encoding
from fnet.exports import columns, onnx_encoder
from fnet.exports.onnx_tensors import TYPES, Graph, Tensor
from fnet.exports.scaling import of_features, of_targets
from fnet.files import atomic
from fnet.files.schema import Content
from fnet.reference.activations import LEAK, LINEAR_ABOVE

OPSETS, IR_VERSION = {"": 20, "ai.onnx.ml": 4}, 9
"""The first operators that have gelu and parts of text, the first look-up tables for numbers of 64
bits, and the file format that goes with them."""

Operation = Callable[[Graph, str], str]
"""What adds an activation to a graph: takes the name of z and returns that of the result."""


def _silu(graph: Graph, z: str) -> str:
    return graph.add("Mul", z, graph.add("Sigmoid", z))


def _exponential(graph: Graph, z: str) -> str:
    """The exponential, continued by its tangent above LINEAR_ABOVE, as in `activations`."""
    limit, zero, one = map(graph.constant, (LINEAR_ABOVE, 0, 1))
    over = graph.add("Max", graph.add("Sub", z, limit), zero)
    slope = graph.add("Exp", graph.add("Min", z, limit))
    return graph.add("Mul", slope, graph.add("Add", over, one))


def _sort(graph: Graph, z: str, width: int) -> str:
    """Outputs in ascending order."""
    count = graph.constant([width], np.int64)
    return graph.add("TopK", z, count, outputs=2, axis=-1, largest=0, sorted=1)


def _one(operator: str, **attributes: Any) -> Operation:
    return lambda graph, z: graph.add(operator, z, **attributes)


OPERATIONS: dict[str, Operation] = {
    "identity": _one("Identity"),
    "relu": _one("Relu"),
    "leaky_relu": _one("LeakyRelu", alpha=LEAK),
    "elu": _one("Elu"),
    "selu": _one("Selu"),
    "gelu": _one("Gelu"),
    "silu": _silu,
    "mish": _one("Mish"),
    "softplus": _one("Softplus"),
    "sigmoid": _one("Sigmoid"),
    "tanh": _one("Tanh"),
    "softmax": _one("Softmax", axis=-1),
    "exp": _exponential,
}
"""Activations and links but `sort`, which needs the number of outputs."""


class Program(NamedTuple):
    """The ends of a graph, and what describes it.

    Attributes:
        inputs: The type of each input, its shape and its description, by name.
        outputs: The values of the outputs, with their shapes, by name.
        metadata: Texts by name.
    """

    inputs: dict[str, tuple[Any, list[Any], str]]
    outputs: dict[str, tuple[Tensor, list[Any]]]
    metadata: dict[str, str]


def _of_rows(graph: Graph, content: Content) -> Program:
    """Add the program that takes rows "x"."""
    x, sizes = Tensor(graph, "x", np.float32), content.net.sizes
    if content.scaling is not None:
        high, low, scale = of_features(content.scaling, np.float32)
        x = (x - high - low) / scale
    outputs = {"prediction": (_network(content, x), ["N", sizes[-1]])}
    return Program({"x": (np.float32, ["N", sizes[0]], "")}, outputs, {})


def _of_tables(graph: Graph, content: Content, encoding: Encoding) -> Program:
    """Add the program that takes the columns of a table."""
    inputs = columns.inputs(encoding)
    x = onnx_encoder.encode(graph, inputs)
    if columns.is_float32(content):
        x = x.cast(np.float32).cast(np.float64)
    if content.scaling is not None:
        x = (x - content.scaling.x_mean) / content.scaling.x_scale
    prediction = _network(content, x.cast(np.float32))
    return Program(
        {
            i.name: (
                np.float64 if i.is_number else np.object_,
                ["N", 1],
                f"column {json.dumps(i.column.name)}: {i.takes}",
            )
            for i in inputs
        },
        _labels(content, prediction) or {"prediction": (prediction, ["N", content.net.sizes[-1]])},
        {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in columns.metadata(content, inputs).items()
        },
    )


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
        no = prediction.of(1, np.float32).apply("Sub", prediction)
        prediction = no.apply("Concat", prediction, axis=1)
    best = prediction.apply("ArgMax", dtype=np.int64, axis=1, keepdims=0)
    label = best.of(names, names.dtype.type).apply("Gather", best)
    return {"label": (label, ["N"]), "probabilities": (prediction, ["N", len(names)])}


def _network(content: Content, x: Tensor) -> Tensor:
    """Add a network that takes scaled rows; return the predictions `[N, K]`."""
    graph, net, scaling = x.graph, content.net, content.scaling
    last = net.output if net.link == "identity" else net.link
    name = x.name
    for layer, activation in zip(content.params, (*net.hidden, last), strict=True):
        name = graph.add("MatMul", name, graph.constant(layer.w))
        if layer.b is not None:
            name = graph.add("Add", name, graph.constant(layer.b))
        is_sort = activation == "sort"
        name = _sort(graph, name, net.sizes[-1]) if is_sort else OPERATIONS[activation](graph, name)
    found = Tensor(graph, name, np.float32)
    if scaling is not None and scaling.y_mean is not None:
        scale, mean = of_targets(scaling, np.float32)
        found = found * scale + mean
    return found


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
    helper.set_model_props(model, program.metadata)
    onnx.checker.check_model(model, full_check=True)
    return model


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Replace the file at `path`."""
    graph, encoding = Graph(), content.encoding
    program = _of_rows(graph, content) if encoding is None else _of_tables(graph, content, encoding)
    atomic.write(path, model_of(graph, program).SerializeToString())
