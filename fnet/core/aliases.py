"""The types that signatures share.

Shapes use the same letters everywhere: N rows, D inputs, H hidden units, K outputs, B rows in a
batch, S steps in an epoch, E epochs, M members; `*M` stands for any member axes, or none.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy.typing as npt

from fnet.core.params import Layer

ArrayLike: TypeAlias = npt.ArrayLike
"""What holds numbers: arrays, tensors, lists, data frames, Arrow tables, sparse matrices."""

Array: TypeAlias = Any
"""A tensor of the engine or an array of the twin."""

Params: TypeAlias = tuple[Layer, ...]
"""The params of a network: an entry for each dense layer, in order; before them a
`PeriodicEmbedding` where the network has an embedding."""

ActivationName: TypeAlias = Literal[
    "identity",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "sigmoid",
    "logistic",
    "tanh",
]

OutputName: TypeAlias = ActivationName | Literal["softmax", "exp", "sort"]

LossName: TypeAlias = Literal[
    "squared_error",
    "absolute_error",
    "huber",
    "poisson",
    "pinball",
    "softmax_cross_entropy",
    "sigmoid_cross_entropy",
]

InitializerName: TypeAlias = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "normal",
    "ones",
    "zeros",
]

DTypeName: TypeAlias = Literal["float32", "float64"]

Precision: TypeAlias = Literal["float32", "tf32"]
"""The precision of products of float32 on a GPU."""

PRECISIONS: tuple[Precision, ...] = ("float32", "tf32")

MonitorName: TypeAlias = Literal[
    "loss",
    "validation_loss",
    "validation_accuracy",
    "validation_balanced_accuracy",
    "validation_top_k_accuracy",
    "validation_log_loss",
    "validation_mean_squared_error",
    "validation_mean_absolute_error",
    "validation_r2",
    "validation_mean_pinball_loss",
    "mean_loss",
    "mean_validation_loss",
    "mean_validation_accuracy",
    "mean_validation_balanced_accuracy",
    "mean_validation_top_k_accuracy",
    "mean_validation_log_loss",
    "mean_validation_mean_squared_error",
    "mean_validation_mean_absolute_error",
    "mean_validation_r2",
    "mean_validation_mean_pinball_loss",
]

MetricName: TypeAlias = Literal[
    "accuracy",
    "balanced_accuracy",
    "top_k_accuracy",
    "log_loss",
    "mean_squared_error",
    "mean_absolute_error",
    "r2",
    "mean_pinball_loss",
]

ClassWeight: TypeAlias = (
    Literal["balanced"] | Mapping[int, float] | Sequence[Literal["balanced"] | Mapping[int, float]]
)
"""The weights of classes, or for several labels those of each."""
