"""An ONNX file of float32, written operation by operation. Its operations: https://onnx.ai/onnx"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from fnet.exports.scaling import of_features, of_targets
from fnet.files import atomic
from fnet.reference.activations import LEAK, LINEAR_ABOVE

OPSET, IR = 20, 9
"""The first set of operations that has gelu, and the form of file that came with it."""


class Graph:
    """Nodes and constants; each node gives one value, which goes by a name of its own."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value, dtype=np.float32):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, operation, *inputs, outputs=1, **attributes):
        names = [f"value_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operation, inputs, names, **attributes))
        return names[0]


def _silu(graph, z):
    return graph.add("Mul", z, graph.add("Sigmoid", z))


def _exponential(graph, z):
    """As `activations.exponential`: above LINEAR_ABOVE its tangent there."""
    straight, zero, one = map(graph.constant, (LINEAR_ABOVE, 0, 1))
    over = graph.add("Max", graph.add("Sub", z, straight), zero)
    slope = graph.add("Exp", graph.add("Min", z, straight))
    return graph.add("Mul", slope, graph.add("Add", over, one))


def _ascending(graph, z, width):
    count = graph.constant([width], np.int64)
    return graph.add("TopK", z, count, outputs=2, axis=-1, largest=0, sorted=1)


def _one(operation, **attributes):
    return lambda graph, z: graph.add(operation, z, **attributes)


OPERATIONS = {
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
"""Activations and links; `sort` needs to know how many there are."""


def _passed(graph, content):
    """The name of the prediction for rows "x"."""
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
        x = _ascending(graph, x, net.sizes[-1]) if name == "sort" else OPERATIONS[name](graph, x)
    if scaling is not None and scaling.y_mean is not None:
        scale, mean = map(graph.constant, of_targets(scaling, np.float32))
        x = graph.add("Add", graph.add("Mul", x, scale), mean)
    return x


def write(path, content):
    """Replace the file at `path`."""
    graph = Graph()
    prediction = _passed(graph, content)
    graph.nodes.append(helper.make_node("Identity", [prediction], ["prediction"]))
    sizes = content.net.sizes
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
        for name, width in (("x", sizes[0]), ("prediction", sizes[-1]))
    ]
    made = helper.make_graph(graph.nodes, "fnet", ends[:1], ends[1:], graph.constants)
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="fnet"
    )
    onnx.checker.check_model(model, full_check=True)
    atomic.write(path, model.SerializeToString())
