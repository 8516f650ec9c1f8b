"""The NumPy twin of fnet: the same names with the same arguments, and gradients by hand.

One name is its own: `trace` returns every value of one loss and its gradient.

It documents the formulas and checks the TensorFlow engine, with which it shares none. Networks,
plans, optimizers, schedules and errors need no engine: they are the same objects on both sides.
"""

from typing import TYPE_CHECKING

from fnet.core import schedules
from fnet.core.batches import Plan, full_batch_plan, kfold_plan, minibatch_plan, stream_plan
from fnet.core.class_weights import class_weights
from fnet.core.cross_validation import CrossValidation
from fnet.core.errors import FnetError, InvalidArgument, NotFinite, attribute_error
from fnet.core.lbfgs import LBFGSResult
from fnet.core.members import member_seeds
from fnet.core.network import Codes, Embedding, Network
from fnet.core.optimizers import (
    Optimizer,
    OptState,
    adagrad,
    adam,
    adamw,
    amsgrad,
    lion,
    nadam,
    rmsprop,
    sgd,
)
from fnet.core.params import CodeEmbedding, Layer, PeriodicEmbedding
from fnet.core.run_state import Run, TrainState
from fnet.core.tuning import Tuning
from fnet.reference import metrics
from fnet.reference.activations import softmax
from fnet.reference.cross_validation import cross_validate
from fnet.reference.functions import (
    forward,
    grads,
    init_params,
    loss,
    mean_prediction,
    predict,
)
from fnet.reference.lbfgs import minimize_lbfgs
from fnet.reference.losses import one_hot
from fnet.reference.metrics import accuracy
from fnet.reference.optimizers import update
from fnet.reference.tracing import trace
from fnet.reference.training import train

__all__ = [
    "CrossValidation",
    "FnetError",
    "InvalidArgument",
    "LBFGSResult",
    "Layer",
    "PeriodicEmbedding",
    "Embedding",
    "Codes",
    "CodeEmbedding",
    "Network",
    "NotFinite",
    "OptState",
    "Optimizer",
    "Plan",
    "Run",
    "TrainState",
    "Tuning",
    "accuracy",
    "adagrad",
    "adam",
    "adamw",
    "amsgrad",
    "class_weights",
    "cross_validate",
    "forward",
    "full_batch_plan",
    "grads",
    "init_params",
    "kfold_plan",
    "lion",
    "loss",
    "mean_prediction",
    "member_seeds",
    "metrics",
    "minibatch_plan",
    "minimize_lbfgs",
    "nadam",
    "one_hot",
    "predict",
    "rmsprop",
    "schedules",
    "sgd",
    "softmax",
    "stream_plan",
    "trace",
    "train",
    "update",
]

if not TYPE_CHECKING:  # a type checker refuses unknown names only where this is hidden from it
    __getattr__ = attribute_error(
        "fnet.reference",
        {"Progress": "TrainState", "State": "OptState", "Minimum": "LBFGSResult"},
        __all__,
    )
