"""Targets of the estimators: from what a user gives to what a network takes, and back."""

from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.estimators.data import to_dense


class Targets(Protocol):
    """What a fit learns from its targets; later targets must be of the same kind."""

    def encode(
        self, y: Any, classes: ArrayLike | None = None, all_present: bool = False
    ) -> npt.NDArray[Any]:
        """Targets as the network takes them."""
        ...


class RealTargets(NamedTuple):
    """Targets that are numbers.

    Attributes:
        n_columns: How many columns y has, or None for y of shape `[N]`.
    """

    n_columns: int | None

    @classmethod
    def learn(cls, y: Any) -> tuple[Self, npt.NDArray[Any]]:
        """The targets of a first fit, with y as the network takes it."""
        dense = _ravel_column(to_dense(y))
        return cls(None if dense.ndim == 1 else dense.shape[1]), dense

    def encode(
        self, y: Any, classes: ArrayLike | None = None, all_present: bool = False
    ) -> npt.NDArray[Any]:
        """y as the network takes it; it must have the columns of the first fit."""
        dense = _ravel_column(to_dense(y))
        n_columns = None if dense.ndim == 1 else dense.shape[1]
        if n_columns != self.n_columns:
            wanted = "[N]" if self.n_columns is None else f"[N, {self.n_columns}]"
            raise InvalidArgument(
                f"y must have shape {wanted}, as in the first fit; got {list(dense.shape)}"
            )
        return dense


class ClassTargets(NamedTuple):
    """Targets that are classes, or several labels of 0 and 1.

    Attributes:
        classes: The classes `[C]`, sorted; the column numbers `[K]` of several labels.
        multilabel: Whether they are several labels.
        sparse: Whether y was a sparse matrix, so that predictions are sparse too.
    """

    classes: npt.NDArray[Any]
    multilabel: bool
    sparse: bool

    @classmethod
    def learn(cls, y: Any, classes: ArrayLike | None = None) -> tuple[Self, npt.NDArray[Any]]:
        """The targets of a first fit, with y as the network takes it.

        Args:
            y: Classes `[N]`, or labels `[N, K]`.
            classes: All classes of later calls too; None takes those of y.

        Returns:
            The targets, and y as indices of classes or as booleans.
        """
        given = None if classes is None else unique_labels(classes)
        labels = _inspect(y)
        known = labels.classes if labels.multilabel or given is None else given
        targets = cls(known, labels.multilabel, labels.sparse)
        return targets, targets._indices(labels)

    def encode(
        self, y: Any, classes: ArrayLike | None = None, all_present: bool = False
    ) -> npt.NDArray[Any]:
        """y as the network takes it, with the classes of the first fit.

        Args:
            y: Classes `[N]`, or labels `[N, K]`.
            classes: Must equal those of the first call, unless None.
            all_present: Whether y must hold every class.

        Returns:
            y as indices of classes or as booleans.
        """
        if classes is not None and not np.array_equal(self.classes, unique_labels(classes)):
            raise InvalidArgument(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes!r}"
            )
        labels = _inspect(y)
        same_width = not labels.multilabel or len(labels.classes) == len(self.classes)
        same_kind = labels.multilabel == self.multilabel and same_width
        same_classes = self.multilabel or np.array_equal(labels.classes, self.classes)
        if all_present and not (same_kind and same_classes):
            raise InvalidArgument(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes}, `y` has {labels.classes}"
            )
        if not same_kind:
            got = f"rows of {labels.y.shape[1]} labels" if labels.multilabel else "classes"
            raise InvalidArgument(
                f"y must be as in the first fit, with classes {self.classes}; got {got}"
            )
        return self._indices(labels)

    def probabilities(self, outputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The probability of each class, `[N, C]`, or label, `[N, K]`, of the network's outputs."""
        if self.multilabel or outputs.shape[1] > 1:
            return outputs
        if len(self.classes) == 1:
            return np.ones_like(outputs)
        return np.concatenate([1 - outputs, outputs], axis=1)

    def decode(self, outputs: npt.NDArray[Any]) -> Any:
        """The most likely class of each row, or its labels above 0.5, of the network's outputs."""
        if self.multilabel:
            found = (outputs > 0.5).astype(int)
            return sparse.csr_matrix(found) if self.sparse else found
        return self.classes[self.probabilities(outputs).argmax(axis=1)]

    def _indices(self, labels: "_Labels") -> npt.NDArray[Any]:
        """Inspected y as indices of classes, or as booleans for several labels."""
        if self.multilabel:  # columns, whatever their names are
            return np.asarray(labels.y != 0)
        if len(new := np.setdiff1d(labels.classes, self.classes)):
            raise InvalidArgument(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes}. 'y' has {new} too"
            )
        order = np.argsort(self.classes)  # those of `from_functional` may stand in any order
        found: npt.NDArray[Any] = order[np.searchsorted(self.classes, labels.y, sorter=order)]
        return found


class _Labels(NamedTuple):
    """y of a classifier, inspected: a dense array, its classes and its kind."""

    y: npt.NDArray[Any]
    classes: npt.NDArray[Any]
    multilabel: bool
    sparse: bool


def _inspect(y: Any) -> _Labels:
    """y of a classifier: refused unless it is classes `[N]` or labels of 0 and 1 `[N, K]`."""
    was_sparse = hasattr(y, "toarray")
    if y.ndim == 2 and y.shape[1] == 1:
        y, was_sparse = _ravel_column(to_dense(y)), False
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind == "multiclass-multioutput":
        raise InvalidArgument(
            "Multioutput target data is not supported: y must be one class a row, or rows of 0 "
            "and 1 for labels"
        )
    y = to_dense(y)
    return _Labels(y, unique_labels(y), kind == "multilabel-indicator", was_sparse)


def _ravel_column(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """y `[N, 1]` as `[N]`, with scikit-learn's warning; any other unchanged."""
    if y.ndim != 2 or y.shape[1] != 1:
        return y
    column: npt.NDArray[Any] = column_or_1d(y, warn=True)
    return column
