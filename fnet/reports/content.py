"""What the page says of a model, of how it was trained, and of its figures."""

import inspect

import numpy as np

import fnet
from fnet.reports import formatting

MOST_NAMES = 24
"""Names of classes or features that are written out."""

MEANINGS = {
    "accuracy": "share of rows whose class is predicted right",
    "accuracy of always saying the most frequent class": "what a model must beat to be of use",
    "balanced accuracy": "mean over classes of the share of their rows that is predicted right",
    "log loss": "mean of −log of the probability of the true class: 0 is perfect, log K a guess "
    "among K classes",
    "ROC AUC": "how often a row of the second class has the higher probability of it than a row "
    "of the first: 0.5 is a guess",
    "R²": "share of the variance that is explained: 1 is perfect, 0 is saying the mean",
    "mean absolute error": "how far predictions are off, in the unit of the target",
    "mean absolute error of always saying the median": "what a model must beat to be of use",
    "root mean squared error": "the same with large errors counting more",
}
"""What each figure is."""

MISSING = {
    "log loss": "there is one class only",
    "ROC AUC": "it needs rows of both classes",
    "R²": "it needs two rows",
}
"""Why a figure may be none."""

MEASURED = {"rows", "validation_rows", "epochs", "scores"}
"""What is written in few digits of how a model was trained; all else is exact."""


def figures(evaluation):
    """`(name, value, what it is or why there is none)` of each figure."""
    return [
        (name, formatting.number(value), MISSING[name] if np.isnan(value) else MEANINGS[name])
        for name, value in evaluation.figures.items()
    ]


def summary(evaluation):
    """What it comes to, beside what knowing nothing comes to."""
    truth, predicted = evaluation.truth, evaluation.predicted
    if evaluation.kind == "classes":
        right, frequent = int(np.sum(truth == predicted)), int(np.bincount(truth).max())
        found = f"{right:,} of {len(truth):,} rows are predicted right."
        return f"{found} Always saying the most frequent class gets {frequent:,} right."
    off, median = (
        formatting.number(evaluation.figures[f"mean absolute error{of}"])
        for of in ("", " of always saying the median")
    )
    return f"Predictions are off by {off} on average. Always saying the median is off by {median}."


def layers(model):
    """`(inputs, outputs, activation, numbers)` of each layer."""
    net = model.net
    last = net.output if net.link == "identity" else net.link
    sizes = [sum(part.size for part in layer if part is not None) for layer in model.params]
    return [
        (*shape, activation, size)
        for shape, activation, size in zip(net.layers, (*net.hidden, last), sizes, strict=True)
    ]


def description(model):
    """`(term, value)` of what the model is."""
    count = sum(size for *_, size in layers(model))
    scaling = model.scaling
    found = {
        "Parameters": f"{count:,} in {model.params[0].w.dtype}",
        "Loss": model.net.loss.replace("_", " "),
        "Classes": _listed(model.classes),
        "Features": _listed(model.features) or f"{model.net.sizes[0]:,} without names",
        "Scaling": "none"
        if scaling is None
        else "features have the mean 0 and the deviation 1 of the training rows"
        + ("" if scaling.y_mean is None else ", and so has the target"),
    }
    return [(term, value) for term, value in found.items() if value is not None]


def training(content):
    """`(term, value)` of how a model was trained, where a value is a text or again such a list."""
    trained = content.trained if isinstance(content.trained, dict) else {"notes": content.trained}
    trained = {"version of fnet" if k == "fnet" else k: v for k, v in trained.items()}
    known = _of_run(content.run) | _of_estimator(content.estimator) | trained
    shown = {formatting.label(k): _value(k, v) for k, v in known.items() if k != "command"}
    return [(term, value) for term, value in shown.items() if value]


def _of_run(run):
    if run is None:
        return {}
    ended = np.unique(run.history["ended"])
    return {"optimizer": run.optimizer, "epochs": len(run.history["loss"]), "ended": ended}


def _of_estimator(estimator):
    if estimator is None:
        return {}
    defaults = inspect.signature(getattr(fnet, estimator.name)).parameters
    changed = {
        name: value
        for name, value in estimator.arguments.items()
        if name not in defaults
        or formatting.exact(value) != formatting.exact(defaults[name].default)
    }
    return {
        "estimator": estimator.name,
        "engine": estimator.fitted.get("engine_"),
        "epochs": estimator.fitted.get("n_iter_"),
        "arguments": changed,
    }


def _value(key, value):
    if value is None:
        return None
    write = _measured if key in MEASURED else formatting.exact
    if isinstance(value, dict):
        return [(formatting.exact(name), write(each)) for name, each in value.items()]
    return write(value)


def _measured(value):
    value = value.tolist() if hasattr(value, "tolist") else value
    return formatting.number(value) if isinstance(value, (int, float)) else formatting.exact(value)


def _listed(names):
    if names is None:
        return None
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(map(formatting.short, names[:MOST_NAMES])) + more
