"""An ONNX file of float32, written operation by operation: https://onnx.ai/onnx/operators"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from fnet.exports.scaling import of_features, of_targets
from fnet.files import atomic
from fnet.files.schema import Content
from fnet.reference.activations import LEAK, LINEAR_ABOVE

OPSET, IR_VERSION = 20, 9
"""The first set of operators that has gelu, and the file format that goes with it."""


class Graph:
    """The nodes and constants of a graph. Every value has a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """Add a constant and return its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add a node and return the name of its first output."""
        names = [f"value_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0]


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


def _predict(graph: Graph, content: Content) -> str:
    """Add a network to a graph; return the name of the prediction for the input "x"."""
    net, scaling = content.net, content.scaling
    x = "x"
    if scaling is not None:
        high, low, scale = map(graph.constant, of_features(scaling, np.float32))
        x = graph.add("Div", graph.add("Sub", graph.add("Sub", x, high), low), scale)
    last = net.output if net.link == "identity" else net.link
    for layer, name in zip(content.params, (*net.hidden, last), strict=True):
        x = graph.add("MatMul", x, graph.constant(layer.w))
        if layer.b is not None:
            x = graph.add("Add", x, graph.constant(layer.b))
        x = _sort(graph, x, net.sizes[-1]) if name == "sort" else OPERATIONS[name](graph, x)
    if scaling is not None and scaling.y_mean is not None:
        scale, mean = map(graph.constant, of_targets(scaling, np.float32))
        x = graph.add("Add", graph.add("Mul", x, scale), mean)
    return x


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Replace the file at `path`."""
    graph = Graph()
    prediction = _predict(graph, content)
    graph.nodes.append(helper.make_node("Identity", [prediction], ["prediction"]))
    sizes = content.net.sizes
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
        for name, width in (("x", sizes[0]), ("prediction", sizes[-1]))
    ]
    onnx_graph = helper.make_graph(graph.nodes, "fnet", ends[:1], ends[1:], graph.constants)
    model = helper.make_model(
        onnx_graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="fnet",
    )
    onnx.checker.check_model(model, full_check=True)
    atomic.write(path, model.SerializeToString())
