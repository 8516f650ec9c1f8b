"""Class weights: how much the rows of each class count, on top of their own weights."""

import dataclasses

import numpy as np

from fnet.core import checks
from fnet.core.errors import InvalidArgument


def class_weights(net, y, class_weight, weights=None):
    """The weight of each class as float64: `[K]` for classes, `[K, 2]` for several labels.

    Arguments:
      y: the targets of a network with a cross-entropy, as `train` takes them.
      class_weight: a dict of class and weight, 1 for a class that it leaves out; or "balanced" for
        `n / (classes * n_c)`, with n the rows and n_c those of the class, among the classes that y
        holds (King and Zeng, "Logistic regression in rare events data", 2001). For several labels
        one of these for each, or "balanced" for all: the weights of a label's zeros and its ones.
      weights: one number a row `[N]`; with them a row counts as so many in "balanced".

    Rows of class c are weighted by number c of the result: `weights * class_weights(...)[labels]`
    (under a sigmoid_cross_entropy of a single output too). For several labels the result goes
    into `Tuning(label_weights=...)`, since a row has ones and zeros at a time. `train` does all
    this by its argument `class_weight`, for the training and for the validation data.

    Raises InvalidArgument for classes that are not there, weights that are not finite numbers from
    0 up, and networks whose targets are no classes.
    """
    checks.network(net)
    y = checks.array("y", y)
    y = checks.targets(net, y, (*y.shape[:1], net.sizes[0]))
    if weights is not None:
        weights = checks.row_weights(weights, y.shape[:1])
        if not weights.any():
            raise InvalidArgument("weights must not all be 0: there would be no rows to count")
    return numbers(net, class_weight, y, weights)


def numbers(net, class_weight, y=None, weights=None):
    """`class_weights` of what is checked; where no y is at hand there is no "balanced"."""
    if net.targets not in ("multiclass", "multilabel"):
        raise InvalidArgument(
            f"class_weight goes with the cross-entropies; got it with {net.loss}. Use row weights"
        )
    outputs = net.sizes[-1]
    if net.targets == "multiclass" or outputs == 1:
        belongs = None if y is None else _belongs(net, y)
        return _of_each("class_weight", class_weight, max(outputs, 2), belongs, weights)
    each = [class_weight] * outputs if isinstance(class_weight, str) else class_weight
    if not isinstance(each, (list, tuple)) or len(each) != outputs:
        raise InvalidArgument(
            f"class_weight must be 'balanced', or one dict or 'balanced' for each of the {outputs} "
            f"labels, as [{{0: 1, 1: 5}}, ...]; got {class_weight!r}"
        )
    labels = [None] * outputs if y is None else [np.stack([1 - k, k], axis=1) for k in y.T]
    return np.stack(
        [
            _of_each(f"class_weight of label {i}", value, 2, label, weights)
            for i, (value, label) in enumerate(zip(each, labels, strict=True))
        ]
    )


def rows(net, y, numbers):
    """The weight of each row by that of its class, `[N]`."""
    return _belongs(net, y) @ numbers


def with_class_weights(net, plan, y, numbers):
    """The plan with the weight of each row multiplied by that of its class."""
    weights = rows(net, y, numbers) * (1.0 if plan.weights is None else plan.weights)
    if not weights.any():
        raise InvalidArgument("row weights times class weights must not all be 0")
    return dataclasses.replace(plan, weights=weights)


def _belongs(net, y):
    """How far each row belongs to each class: `[N, classes]`."""
    if net.targets == "multilabel":
        y = y.reshape(-1, 1)
        return np.concatenate([1 - y, y], axis=1)
    return np.eye(net.sizes[-1])[y] if y.ndim == 1 else y


def _of_each(what, value, classes, belongs, weights):
    """The weight of each class: `[classes]`."""
    if isinstance(value, str) and value == "balanced":
        if belongs is None:
            raise InvalidArgument(
                f"{what} can be 'balanced' only where y is given whole; for data= count the "
                "classes and give a dict"
            )
        shares = np.average(belongs, axis=0, weights=weights)
        there = shares > 0
        return np.where(there, 1 / (np.sum(there) * np.where(there, shares, 1)), 1.0)
    if not isinstance(value, dict):
        raise InvalidArgument(
            f"{what} must be a dict of class and weight, as {{0: 1, 1: 5}}, or 'balanced'; "
            f"got {value!r}"
        )
    found = np.ones(classes)
    for key, weight in value.items():
        if isinstance(key, (bool, np.bool_)) or key not in range(classes):
            raise InvalidArgument(
                f"{what} must be for classes from 0 to {classes - 1}; got one for {key!r}"
            )
        found[int(key)] = checks.one_number(f"{what} for class {key}", weight)
    return found
