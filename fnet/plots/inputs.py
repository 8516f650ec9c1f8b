"""The arguments of plots, checked: models, labels and numbers."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from fnet.core import checks, containers
from fnet.core.aliases import ArrayLike, Params
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.params import Layer, map_params
from fnet.core.run_state import Run
from fnet.files import schema

Classes: TypeAlias = Sequence[Any] | npt.NDArray[Any]
"""The classes, in order."""


class FittedEstimator(Protocol):
    """An estimator of fnet that was fitted, or a Model from `fnet.load`."""

    def predict(self, x: Any, /) -> Any:
        """Predictions for rows x `[N, D]`."""


ModelLike: TypeAlias = Run | FittedEstimator | tuple[Network, Params]
"""What holds one trained network."""


def saved(what: str, model: Any) -> Any:
    """The Content (see `files.schema`) of a Run, an estimator, a loaded Model or (net, params)."""
    try:
        return schema.content_of(model)
    except InvalidArgument:
        raise InvalidArgument(
            f"{what} must be a Run, a fitted estimator, what fnet.load returned, or "
            f"(net, params); got {model!r:.200}"
        ) from None


def content(model: Any, ensembles: bool = False) -> Any:
    """The Content of one network, its params as arrays, without what predicting does not need.

    With `ensembles` it may also be that of an ensemble, which predicts as one model.
    """
    network = saved("model", model)._replace(run=None, estimator=None, pipeline=None)
    found = schema.check_content(network)
    members = checks.members_of(found.params)
    if members and not (ensembles and found.ensemble is not None):
        raise InvalidArgument(
            f"model must be one network, but its params have member axes {list(members)}; "
            "give (net, params) of one member"
        )
    return found._replace(params=map_params(np.asarray, found.params))


def dense_layers(params: Any) -> list[Layer]:
    """The entries of params that are dense layers, in order."""
    return [entry for entry in params if isinstance(entry, Layer)]


def column(what: str, value: ArrayLike) -> npt.NDArray[np.float64]:
    """One finite number per row, `[N]`, of `[N]` or `[N, 1]`."""
    found = checks.finite(what, checks.array(what, value), "")
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1 or not len(found):
        raise InvalidArgument(
            f"{what} must be one number per row, [N]; got shape {list(found.shape)}. "
            "Plot several outputs one at a time"
        )
    return np.asarray(found, np.float64)


def same_rows(**columns: Any) -> None:
    """Refuse columns, given by name, that differ in their number of rows."""
    lengths = [len(column) for column in columns.values()]
    if len(set(lengths)) > 1:
        raise InvalidArgument(
            f"{' and '.join(columns)} must have the same number of rows; "
            f"got {' and '.join(map(str, lengths))}"
        )


def class_indices(
    classes: Classes | int | None, **labels: Any
) -> tuple[list[Any], list[npt.NDArray[np.int_]]]:
    """The index of each label in the list of classes.

    Args:
        classes: The classes, in order; an integer K for 0 to K - 1; or None for the sorted values
            that occur.
        **labels: Labels `[N]`, by the name that messages use. Where classes are strings and labels
            are integers, the labels are indices already.

    Returns:
        The list of classes, and for each of `labels` its indices `[N]`.
    """
    labels = {what: _labels(what, values) for what, values in labels.items()}
    same_rows(**labels)
    if isinstance(classes, Integral):
        listed = list(range(checks.integer("classes", classes, least=1)))
        return listed, [checks.labels(*item, len(listed)) for item in labels.items()]
    listed = _occurring(labels) if classes is None else class_names(classes)
    return listed, [_indices(*item, listed) for item in labels.items()]


def class_names(classes: Any, count: int | None = None) -> list[Any]:
    """Classes in order, as a list; exactly `count` of them where it is given."""
    found = np.asarray(classes).tolist() if np.ndim(classes) == 1 else []
    if not found or len(set(found)) != len(found) or count not in (None, len(found)):
        raise InvalidArgument(
            f"classes must be {'the' if count is None else count} classes in order, each once; "
            f"got {classes!r:.200}"
        )
    return list(found)


def _labels(what: str, values: Any) -> npt.NDArray[Any]:
    """Labels `[N]` of any kind, finite."""
    found = containers.to_labels(what, values)
    if found.ndim != 1 or not len(found):
        raise InvalidArgument(f"{what} must be labels [N]; got shape {list(found.shape)}")
    return np.asarray(checks.finite(what, found, ""))


def _occurring(labels: dict[str, Any]) -> list[Any]:
    """The sorted values that occur in any of the labels."""
    try:
        return sorted(set().union(*(values.tolist() for values in labels.values())))
    except TypeError:
        raise InvalidArgument(
            f"{' and '.join(labels)} must be labels of one kind, all numbers or all strings"
        ) from None


def _indices(what: str, values: npt.NDArray[Any], classes: list[Any]) -> npt.NDArray[np.int_]:
    """The index of each value in `classes`; integers are indices already if classes are strings."""
    if values.dtype.kind in "iu" and all(isinstance(c, str) for c in classes):
        return np.asarray(checks.labels(what, values, len(classes)))
    known = {c: i for i, c in enumerate(classes)}
    listed = values.tolist()
    found = np.array([known.get(value, -1) for value in listed])
    if (found < 0).any():
        row = int(np.argmin(found))
        raise InvalidArgument(
            f"{what} must hold only the classes {str(classes):.200}; "
            f"got {listed[row]!r:.100}, first in row {row}"
        )
    return found
