"""Class weights, which multiply the row weights of each class."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core import checks
from fnet.core.aliases import ArrayLike, ClassWeight
from fnet.core.batches import Plan
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network


def class_weights(
    net: Network, y: ArrayLike, class_weight: ClassWeight, weights: ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """The weight of each class, by which `train` multiplies the weights of its rows.

    "balanced" is `N / (C * N_c)`, with N rows, C classes that occur in y, and N_c rows of class c.
    With row weights, N and N_c are sums of weights. `train(class_weight=...)` applies class weights
    to the training and to the validation data. To apply them yourself, multiply the row weights:
    `weights * class_weights(...)[labels]`. For several labels, pass the result as
    `Tuning(label_weights=...)`, since a row has ones and zeros at once.

    Args:
        net: A network with a cross-entropy of K outputs.
        y: Labels or targets, as `train` takes them.
        class_weight: A dict of classes and weights, where a class without an entry has the weight
            1; or "balanced". For several labels a list with one of these for each label, which
            weights its zeros and its ones; or "balanced" for all of them. Or an array like the
            result.
        weights: A number of at least 0 for each row, `[N]`, or with the member axes `[*M, N]`; None
            for equal weights.

    Returns:
        The weights as float64: `[K]` for classes, `[2]` for a single label, `[K, 2]` for several.
        With the member axes before that where weights have them.

    Raises:
        InvalidArgument: A class does not exist, a weight is negative or not finite, or the loss is
            no cross-entropy.

    Example:
        >>> import fnet
        >>> fnet.class_weights(fnet.Network((4, 3)), [0, 1, 1, 2], {1: 0.5}).tolist()
        [1.0, 0.5, 1.0]

    References:
        King and Zeng, "Logistic regression in rare events data" (2001).
    """
    checks.network(net)
    y_array = checks.array("y", y)
    y_array = checks.targets(net, y_array, (*y_array.shape[:1], net.sizes[0]))
    if weights is not None:
        given = checks.array("weights", weights)
        weights = checks.row_weights(given, y_array.shape[:1], given.shape[:-1])
        checks.some_weight("weights", weights)
    return resolve(net, class_weight, y_array, weights)


def of_labels(net: Any) -> bool:
    """Whether class weights are those of several labels, which are no factors of rows."""
    return bool(net.targets == "multilabel" and net.sizes[-1] > 1)


def resolve(
    net: Any,
    class_weight: Any,
    y: Any = None,
    weights: Any = None,
    members: tuple[int, ...] = (),
) -> npt.NDArray[np.float64]:
    """As `class_weights`, for checked y and weights. Without y, "balanced" is refused.

    An array of class weights may have the axes `members`.
    """
    if net.targets not in ("multiclass", "multilabel"):
        raise InvalidArgument(
            f"class_weight goes with the cross-entropies; got it with {net.loss}. Use row weights"
        )
    outputs = net.sizes[-1]
    if hasattr(class_weight, "shape"):
        return _given(class_weight, (outputs, 2) if of_labels(net) else (max(outputs, 2),), members)
    if np.ndim(weights) > 1:
        of_members = [resolve(net, class_weight, y, own) for own in weights.reshape(-1, len(y))]
        return np.stack(of_members).reshape(*weights.shape[:-1], *of_members[0].shape)
    if not of_labels(net):
        membership = None if y is None else _membership(net, y)
        return _one_label("class_weight", class_weight, max(outputs, 2), membership, weights)
    each = [class_weight] * outputs if isinstance(class_weight, str) else class_weight
    if not isinstance(each, (list, tuple)) or len(each) != outputs:
        raise InvalidArgument(
            f"class_weight must be 'balanced', or one dict or 'balanced' for each of the {outputs} "
            f"labels, as [{{0: 1, 1: 5}}, ...]; got {class_weight!r}"
        )
    columns = [None] * outputs if y is None else [np.stack([1 - k, k], axis=1) for k in y.T]
    return np.stack(
        [
            _one_label(f"class_weight of label {i}", value, 2, column, weights)
            for i, (value, column) in enumerate(zip(each, columns, strict=True))
        ]
    )


def _given(value: Any, own: tuple[int, ...], members: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """An array of class weights, of the shape `own` or with the member axes before it."""
    found: npt.NDArray[np.float64] = checks.number("class_weight", value)
    if found.shape not in (own, (*members, *own)):
        raise InvalidArgument(
            f"class_weight as an array must have the shape {list(own)}, or {[*members, *own]} with "
            f"the member axes of params; got {list(found.shape)}"
        )
    return found


def check_keys(class_weight: dict[Any, Any], classes: list[Any]) -> None:
    """Refuse weights of other classes, by scikit-learn's rule.

    A class may lack a weight, which is 1 then; or a weight its class, as in a fold. Both together
    are a mistake.
    """
    missing = [c for c in classes if c not in class_weight]
    unknown = [c for c in class_weight if c not in classes]
    if missing and unknown:
        raise InvalidArgument(
            f"The classes, {missing}, are not in class_weight, which has weights for {unknown} "
            f"instead. Its keys must be the classes of y, {classes}"
        )


def row_factors(net: Any, y: Any, class_weights: Any, rank: int = 2) -> Any:
    """The class weight of each row, `[N]`, or `[*M, N]` where y or the weights have these axes.

    `rank` is the number of x's axes.
    """
    membership = _membership(net, y, rank)
    if class_weights.ndim > 1:
        return np.squeeze(membership @ class_weights[..., None], -1)
    return membership @ class_weights


def with_class_weights(net: Any, plan: Plan, y: Any, class_weights: Any) -> Plan:
    """The plan with the weight of each row multiplied by its class weight."""
    own = 1.0 if plan.weights is None else plan.weights
    weights = row_factors(net, y, class_weights) * own
    if not weights.any(axis=-1).all():
        raise InvalidArgument("row weights times class weights must not all be 0")
    return dataclasses.replace(plan, weights=weights)


def _membership(net: Any, y: Any, rank: int = 2) -> Any:
    """The probability of each class in each row: `[..., N, classes]`."""
    if net.targets == "multilabel":
        y = y if y.ndim == rank else y[..., None]
        return np.concatenate([1 - y, y], axis=-1)
    return np.eye(net.sizes[-1])[y] if y.ndim < rank else y


def _one_label(
    what: str, value: Any, classes: int, membership: Any, weights: Any
) -> npt.NDArray[np.float64]:
    """The weight of each class of one label: `[classes]`."""
    if isinstance(value, str) and value == "balanced":
        if membership is None:
            raise InvalidArgument(
                f"{what} can be 'balanced' only where all of y is given at once; for data= count "
                "the classes and give a dict"
            )
        frequency = np.average(membership, axis=0, weights=weights)
        present = frequency > 0
        balanced = np.where(present, 1 / (np.sum(present) * np.where(present, frequency, 1)), 1.0)
        return balanced.astype(np.float64)
    if not isinstance(value, dict):
        raise InvalidArgument(
            f"{what} must be a dict of classes and weights, as {{0: 1, 1: 5}}, or 'balanced'; "
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
