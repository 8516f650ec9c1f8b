"""The errors of fnet that are right when `fuzz.py` uses a model that is valid."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzz_subjects import Subject
from sklearn.utils._param_validation import InvalidParameterError

import fnet
from fnet.core import checks
from fnet.core.params import leaves


def has_plain_names(model: Any) -> bool:
    """Whether a table can have the names of features and the classes of a model."""
    record = model.trained if isinstance(model.trained, dict) else {}
    names = [*(model.features or ()), record.get("target") or "target"]
    plain = all(isinstance(n, str) and re.fullmatch(r"[A-Za-z]\w*( [\w()]+)*", n) for n in names)
    classes = [] if model.classes is None else model.classes.tolist()
    kinds = set(map(type, classes))
    of_text = kinds == {str} and all(re.fullmatch(r"[a-z]{3,}", c) for c in classes)
    return (
        plain
        and len(set(names)) == len(names)
        and (not classes or of_text or kinds <= {int} or kinds <= {bool})
        and len(set(classes)) == len(classes)
        and not record.get("notations")
        and not record.get("missing")
    )


def is_moderate(model: Any) -> bool:
    """Whether all numbers of a model are of moderate size, so that nothing overflows."""
    history = {} if model.run is None else model.run.history
    scaling = [array for array in (model.scaling or ()) if array is not None]
    numbers = [*leaves(model.params), *scaling, *(v for k, v in history.items() if k != "ended")]
    arrays = [np.abs(np.nan_to_num(np.asarray(array, np.float64))) for array in numbers]
    scales = [] if model.scaling is None else [model.scaling.x_scale, model.scaling.y_scale]
    return all(array.max(initial=0) < 1e4 for array in arrays) and all(
        np.abs(scale).min(initial=1) > 1e-4 for scale in scales if scale is not None
    )


def is_single(model: Any) -> bool:
    """Whether a model has one network."""
    return not checks.members_of(model.params)


def has_dense_layers(model: Any) -> bool:
    """Whether a model has nothing but dense layers."""
    return all(type(entry) is fnet.Layer for entry in model.params)


def has_classes(model: Any) -> bool:
    """Whether a model predicts classes or labels."""
    return model.net.targets in ("multiclass", "multilabel")


def has_targets(model: Any) -> bool:
    """Whether a model has several targets, quantiles or members."""
    several = model.net.sizes[-1] > 1 and model.net.targets != "multiclass"
    return several or model.net.targets == "quantiles" or not is_single(model)


def is_checkpoint(model: Any) -> bool:
    """Whether a model says that a checkpoint wrote it."""
    return isinstance(model.trained, dict) and {"call", "machine"} <= set(model.trained)


def has_classes_of_one_type(model: Any) -> bool:
    """Whether a program can have the classes of a model: text, or not text."""
    classes = [] if model.classes is None else model.classes.tolist()
    texts = [c.encode("utf-8", "ignore").decode() == c for c in classes if isinstance(c, str)]
    return len(texts) in (0, len(classes)) and all(texts)


def other_arguments(s: Subject) -> bool:
    """Whether the estimator has other arguments than that of the unchanged file."""
    ours, theirs = (m._content.estimator for m in (s.model, s.original))
    return theirs is None or repr(ours.arguments) != repr(theirs.arguments)


TABLE = "fnet (predict|evaluate)|report"
"""The uses that read a table."""

REFUSALS: tuple[tuple[str, str, Callable[[Subject], Any]], ...] = (
    ("predict_proba", "needs a network of classes", lambda s: not has_classes(s.model)),
    ("estimator.*|partial_fit", "holds no estimator", lambda s: s.model._content.estimator is None),
    ("estimator.*|partial_fit", "does not fit this version of fnet", other_arguments),
    ("partial_fit", "", lambda s: s.model._content.estimator and other_arguments(s)),
    ("onnx|tflite|saved_model", "dense layers alone", lambda s: not has_dense_layers(s.model)),
    (f"{TABLE}|onnx|tflite|saved_model", "member", lambda s: not is_single(s.model)),
    ("onnx|saved_model", "classes that are all", lambda s: not has_classes_of_one_type(s.model)),
    ("fnet evaluate|report", "a model of one target", lambda s: has_targets(s.model)),
    (TABLE, "is a training checkpoint", lambda s: is_checkpoint(s.model)),
    (TABLE, "", lambda s: not has_plain_names(s.model)),
    ("train.*|resume", "a Run must be resumed with the", lambda s: s.call is not None),
    ("resume", "is the checkpoint of a call that differs|holds no checkpoint", lambda s: True),
    ("partial_fit", "Solver produced non-finite", lambda s: True),
    (".*", "finite|overflow|too large|large values", lambda s: not is_moderate(s.model)),
)
"""What a use may refuse: the use, the message, and the models that it is right for."""


def is_right(use: str, error: BaseException, subject: Subject) -> bool:
    """Whether an error is a refusal that is right for a valid model of this content."""
    if isinstance(error, fnet.NotFinite):
        return re.fullmatch("train.*|resume", use) is not None
    return isinstance(error, (fnet.FnetError, InvalidParameterError)) and any(
        re.fullmatch(where, use) and re.search(what, str(error)) and applies(subject)
        for where, what, applies in REFUSALS
    )
