"""Fully connected networks as pure functions: on TensorFlow, with a twin in NumPy.

Names are loaded when they are first used, so that `import fnet` imports neither engine.
"""

import importlib
from typing import Any

__version__ = "0.2.0"

_MODULES = {
    "core.batches": ("Plan", "full_batch_plan", "kfold_plan", "minibatch_plan", "stream_plan"),
    "core.class_weights": ("class_weights",),
    "core.cross_validation": ("CrossValidation",),
    "core.errors": ("FnetError", "FormatError", "InvalidArgument", "NotFinite"),
    "core.lbfgs": ("LBFGSResult",),
    "core.members": ("member_seeds",),
    "core.network": ("Codes", "Embedding", "Network"),
    "core.optimizers": (
        *("Optimizer", "OptState", "adagrad", "adam", "adamw", "amsgrad", "lion", "nadam"),
        *("rmsprop", "sgd"),
    ),
    "core.params": ("CodeEmbedding", "Layer", "PeriodicEmbedding"),
    "core.run_state": ("Run", "TrainState"),
    "core.tuning": ("Tuning",),
    "encoding.transformer": ("TableEncoder",),
    "engine.activations": ("softmax",),
    "engine.cross_validation": ("cross_validate",),
    "engine.functions": (
        *("forward", "grads", "init_params", "loss", "mean_prediction", "predict"),
    ),
    "engine.lbfgs": ("minimize_lbfgs",),
    "engine.losses": ("one_hot",),
    "engine.metrics": ("accuracy",),
    "engine.optimizers": ("update",),
    "engine.pipelines": ("pipeline",),
    "engine.program_cache": ("clear_cache",),
    "engine.training": ("train",),
    "estimators": ("MLPClassifier", "MLPRegressor"),
    "exports": ("export",),
    "files": ("checkpoint", "load", "save"),
    "streams": ("table_dataset",),
    "search": ("GridSearchCV", "RandomizedSearchCV"),
    "estimators.tabular": ("TabularClassifier", "TabularRegressor"),
}
_NAMES = {name: module for module, names in _MODULES.items() for name in names}
_NAMESPACES = {
    "datasets": "datasets",
    "distributed": "distributed",
    "metrics": "engine.metrics",
    "plots": "plots",
    "reference": "reference",
    "schedules": "core.schedules",
}

_RENAMED = {"Progress": "TrainState", "State": "OptState", "Minimum": "LBFGSResult"}

__all__ = sorted([*_NAMES, *_NAMESPACES])


def __getattr__(name: str) -> Any:
    module = _NAMESPACES.get(name) or _NAMES.get(name)
    if module is None:
        errors = importlib.import_module("fnet.core.errors")
        errors.attribute_error("module 'fnet'", _RENAMED, __all__)(name)
    with importlib.import_module("fnet.core.packages").naming_what_is_missing():
        found = importlib.import_module(f"fnet.{module}")
    globals()[name] = found if name in _NAMESPACES else getattr(found, name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
