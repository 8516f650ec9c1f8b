"""Fully connected networks as pure functions: on TensorFlow, with a twin in NumPy.

Names are loaded when they are first asked for, so that `import fnet` imports neither engine.
"""

import importlib

__version__ = "0.1.0"

_ROOMS = {
    "activations": ("softmax",),
    "batches": ("Plan", "full_batch_plan", "kfold_plan", "minibatch_plan", "pipeline"),
    "classes": ("class_weights",),
    "errors": ("FnetError", "FormatError", "InvalidArgument", "NotFinite"),
    "estimators": ("MLPClassifier", "MLPRegressor"),
    "exports": ("export",),
    "files": ("checkpoint", "load", "save"),
    "functions": ("forward", "grads", "init_params", "loss", "predict"),
    "lbfgs": ("Minimum",),
    "losses": ("one_hot",),
    "minimizing": ("minimize_lbfgs",),
    "metrics": ("accuracy",),
    "network": ("Layer", "Network"),
    "optimizers": (
        *("Optimizer", "adagrad", "adam", "adamw", "amsgrad", "lion", "nadam", "rmsprop", "sgd"),
        "update",
    ),
    "runs": ("Progress", "Run", "State"),
    "training": ("train",),
    "tuning": ("Tuning",),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}
_MODULES = ("datasets", "metrics", "plots", "reference", "schedules")

__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"fnet.{name}")
    if name in _HOMES:
        found = getattr(importlib.import_module(f"fnet.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'fnet' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
