"""The NumPy twin of fnet: the same names with the same arguments, and gradients worked by hand.

It is there to be read, and to check the TensorFlow side: it shares no formula with it. What needs
no engine (networks, plans, errors) is the same on both sides.
"""

from fnet.batches import Plan, full_batch_plan, kfold_plan, minibatch_plan
from fnet.errors import FnetError, InvalidArgument, NotFinite
from fnet.network import Layer, Network
from fnet.reference import schedules
from fnet.reference.activations import softmax
from fnet.reference.functions import forward, grads, init_params, loss, predict
from fnet.reference.losses import one_hot
from fnet.reference.metrics import accuracy
from fnet.reference.optimizers import (
    Optimizer,
    adagrad,
    adam,
    adamw,
    amsgrad,
    lion,
    nadam,
    rmsprop,
    sgd,
    update,
)
from fnet.reference.training import train
from fnet.runs import Progress, Run, State

__all__ = [
    "FnetError",
    "InvalidArgument",
    "Layer",
    "Network",
    "NotFinite",
    "Optimizer",
    "Plan",
    "Progress",
    "Run",
    "State",
    "accuracy",
    "adagrad",
    "adam",
    "adamw",
    "amsgrad",
    "forward",
    "full_batch_plan",
    "grads",
    "init_params",
    "kfold_plan",
    "lion",
    "loss",
    "minibatch_plan",
    "nadam",
    "one_hot",
    "predict",
    "rmsprop",
    "schedules",
    "sgd",
    "softmax",
    "train",
    "update",
]
