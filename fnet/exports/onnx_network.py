"""A network as operators of ONNX, up to its predictions: https://onnx.ai/onnx/operators

They are those that ONNX Runtime has for float32 and float64 alike. Rows are `[N, D]`, predictions
`[*M, N, K]`, with the member axes of params.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnet.core import checks, conformal
from fnet.core.conformal import ConformityScores
from fnet.core.network import Network
from fnet.core.params import CodeEmbedding, PeriodicEmbedding, split
from fnet.exports.onnx_tensors import Tensor
from fnet.exports.operations import operation
from fnet.files.schema import Content
from fnet.reference.activations import ALPHA, LEAK, LINEAR_ABOVE, SCALE

Operation = Callable[[Tensor], Tensor]
"""What adds an activation to a graph."""


def _elu(z: Tensor) -> Tensor:
    return z.apply("Max", 0) + (z.apply("Min", 0).apply("Exp") - 1)


def _selu(z: Tensor) -> Tensor:
    return (z.apply("Max", 0) + (z.apply("Min", 0).apply("Exp") - 1) * ALPHA) * SCALE


def _gelu(z: Tensor) -> Tensor:
    """ONNX Runtime has the error function of float32 alone."""
    error = (z / np.sqrt(2)).cast(np.float32).apply("Erf").cast(z.dtype)
    found: Tensor = z * (error + 1) * 0.5
    return found


def _softplus(z: Tensor) -> Tensor:
    return z.apply("Max", 0) + (z.apply("Abs").apply("Neg").apply("Exp") + 1).apply("Log")


def _exponential(z: Tensor) -> Tensor:
    """The exponential, continued by its tangent above LINEAR_ABOVE, as in `activations`."""
    over = (z - LINEAR_ABOVE).apply("Max", 0)
    return z.apply("Min", LINEAR_ABOVE).apply("Exp") * (over + 1)


def _one(operator: str, **attributes: Any) -> Operation:
    return lambda z: z.apply(operator, **attributes)


OPERATIONS: dict[str, Operation] = {
    "identity": _one("Identity"),
    "relu": _one("Relu"),
    "leaky_relu": lambda z: z.apply("Max", z * LEAK),
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": lambda z: z * z.apply("Sigmoid"),
    "mish": lambda z: z * _softplus(z).apply("Tanh"),
    "softplus": _softplus,
    "sigmoid": _one("Sigmoid"),
    "tanh": _one("Tanh"),
    "softmax": _one("Softmax", axis=-1),
    "exp": _exponential,
    "sort": lambda z: z.sorted()[0],
}
"""Activations and links. Those that work along an axis take the last one."""


def predictions(content: Content, x: Tensor) -> Tensor:
    """Add a network that takes scaled rows; return its predictions, in the type of x."""
    net, scaling = content.net, content.scaling
    last = net.output if net.link == "identity" else net.link
    blocks, layers = split(net, content.params)
    if blocks:
        added = [operation("ONNX", EMBEDDINGS, type(entry))(net, entry, x) for entry in blocks]
        shape = x.of([*checks.members_of(content.params), 1, 1], np.int64)
        x = x.gather(net.numbers).apply("Expand", shape).apply("Concat", *added, axis=-1)
    for layer, activation in zip(layers, (*net.hidden, last), strict=True):
        x = x.apply("MatMul", x.array(layer.w))
        if layer.b is not None:
            x = x + x.array(layer.b[..., None, :])
        x = operation("ONNX", OPERATIONS, activation)(x)
    if scaling is not None and scaling.y_mean is not None:
        x = x * scaling.y_scale + scaling.y_mean
    return x


def mean(x: Tensor, members: tuple[int, ...]) -> Tensor:
    """The mean of predictions over member axes."""
    return x.apply("ReduceMean", x.of(range(len(members)), np.int64), keepdims=0) if members else x


# Entries before the layers.


def _periodic(net: Network, entry: Any, x: Tensor) -> Tensor:
    """Periodic functions of features, `[*M, N, Q * F]`.

    A cosine is a sine; not every release of ONNX Runtime has cosines in float64.
    """
    assert net.embedding is not None
    features, _, outputs = net.embedding
    chosen = x.gather(features).apply("Transpose", perm=[1, 0])
    chosen = chosen.apply("Unsqueeze", x.of([-1], np.int64))  # [F, N, 1]
    angles = chosen * x.array(entry.frequencies[..., None, :]) * (2 * np.pi)
    waves = (angles + x.array(entry.phases[..., None, :]) + np.pi / 2).apply("Sin")
    e = waves.apply("MatMul", x.array(entry.w)) + x.array(entry.b[..., None, :])  # [*M, F, N, Q]
    axes = entry.w.ndim - 3
    return _merged(e, [*range(axes), axes + 1, axes + 2, axes], outputs * len(features))


def _of_codes(net: Network, entry: Any, x: Tensor) -> Tensor:
    """The numbers of the levels of features, `[*M, N, Q * F]`."""
    assert net.codes is not None
    features, levels, outputs = net.codes
    places = x.gather(features).cast(np.int64) + np.cumsum([0, *levels[:-1]])
    axes = entry.w.ndim - 2
    e = x.array(entry.w).apply("Gather", places, axis=axes)  # [*M, N, F, Q]
    return _merged(e, [*range(axes), axes, axes + 2, axes + 1], outputs * len(features))


def _merged(e: Tensor, perm: list[int], width: int) -> Tensor:
    """Numbers with their axes in the order `[*M, N, Q, F]`, as `[*M, N, Q * F]`."""
    shape = e.of([0] * (len(perm) - 2) + [width], np.int64)  # 0 keeps a size
    return e.apply("Transpose", perm=perm).apply("Reshape", shape)


EMBEDDINGS: dict[type, Callable[[Network, Any, Tensor], Tensor]] = {
    PeriodicEmbedding: _periodic,
    CodeEmbedding: _of_codes,
}
"""What each kind of entry before the dense layers adds to the input of the first one."""


# Intervals.


def interval(
    net: Network, outputs: Tensor, kept: ConformityScores, coverage: float
) -> tuple[Tensor, Tensor]:
    """Lower and upper ends `[N, K]`, as `fnet.core.ensemble.intervals` has them."""
    below = above = outputs
    if net.targets == "quantiles":
        below, above = outputs.gather([0]), outputs.gather([net.sizes[-1] - 1])
    upper = _smallest(above, kept, coverage)
    lower = _smallest(below.apply("Neg"), kept, coverage).apply("Neg")
    lower = (lower > upper).where((lower + upper) * 0.5, lower)
    ends = lower, lower.apply("Max", upper)
    if net.targets == "counts":
        ends = ends[0].apply("Max", 0), ends[1].apply("Max", 0)
    return ends


def _smallest(shifts: Tensor, kept: ConformityScores, coverage: float) -> Tensor:
    """The smallest sum of shifts `[M, N, K]` and scores of the weighted rank, `[N, K]`."""
    members, places = np.nonzero(kept.weights)
    by_row = shifts.apply("Transpose", perm=[1, 2, 0]).gather(members)  # [N, K, scores]
    sums, order = (by_row + kept.scores[members, places].T).sorted()
    weights = sums.array(kept.weights[members, places]).apply("Gather", order)
    below = weights.apply("CumSum", sums.of(2, np.int64))
    reached = below >= conformal.rank_of(kept, coverage) - conformal.RANK_SLACK
    first = reached.cast(np.int64).apply("ArgMax", axis=2, keepdims=1)
    last_axis = sums.of([2], np.int64)
    return sums.apply("GatherElements", first, axis=2).apply("Squeeze", last_axis)
