"""The rows of a fit: validated as scikit-learn does, split and scaled."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import _check_sample_weight

from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.scaling import CONSTANT_TOLERANCE, Scaling, fit_scaling
from fnet.core.sparse_rows import SparseRows, column_moments
from fnet.estimators.arguments import ArgumentsMixin
from fnet.estimators.validation import validate_data


class Data(NamedTuple):
    """Rows to train on or to validate with.

    Attributes:
        x: Features, `[N, D]`: an array, or a sparse matrix as validated and SparseRows as scaled;
            or a dataset whose rows are read in turn, with its targets.
        y: Targets: as the user gave them, then as the network takes them.
        weights: Row weights `[N]`, or None.
    """

    x: Any
    y: Any
    weights: npt.NDArray[Any] | None = None

    def n_rows(self) -> int:
        """N, of a dataset of `table_dataset` too."""
        return int(self.x.plan.rows if hasattr(self.x, "plan") else self.x.shape[0])

    def columns(self) -> tuple[Any, ...]:
        """`(x, y)`, or `(x, y, weights)` where rows have weights."""
        return self[:2] if self.weights is None else tuple(self)


def to_dense(array: Any) -> npt.NDArray[Any]:
    """An array or a sparse matrix as an array."""
    dense: npt.NDArray[Any] = array.toarray() if hasattr(array, "toarray") else array
    return dense


def validate_rows(
    estimator: ArgumentsMixin, X: Any, y: Any, sample_weight: Any, reset: bool
) -> Data:
    """Rows as scikit-learn validates them; `reset` for a first fit."""
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        multi_output=True,
        y_numeric=not hasattr(estimator, "predict_proba"),
        dtype=(np.float64, np.float32),
        reset=reset,
    )
    weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
    return Data(X, y, weights)


def check_orientation(y: Any) -> None:
    """Refuse y that has more outputs than rows: it is probably transposed."""
    if y.ndim == 2 and y.shape[1] > y.shape[0]:
        raise InvalidArgument(
            f"y must not have more outputs than rows; got shape {list(y.shape)}. Each row of X "
            "needs one row of y: did you mean y.T?"
        )


def split_validation(
    estimator: ArgumentsMixin, net: Network, data: Data, classes: Any, random: np.random.RandomState
) -> tuple[Data, Data]:
    """Training and validation rows: `validation_fraction` of them, stratified for two classes."""
    from sklearn.model_selection import train_test_split

    binary = net.targets == "multilabel" and net.sizes[-1] == 1
    if binary:
        _require_two_rows_of_each_class(classes[data.y])
    parts = train_test_split(
        *data.columns(),
        random_state=random,
        test_size=estimator.validation_fraction,
        stratify=classes[data.y] if binary else None,  # as scikit-learn does
    )
    if parts[1].shape[0] < 2:
        raise InvalidArgument(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    return Data(*parts[::2]), Data(*parts[1::2])


def _require_two_rows_of_each_class(labels: npt.NDArray[Any]) -> None:
    """Refuse labels of two classes that cannot be stratified."""
    found, counts = np.unique(labels, return_counts=True)
    if len(found) > 1 and counts.min() < 2:
        raise InvalidArgument(
            "early_stopping needs at least two rows of each class, to hold out one of them. "
            f"Classes with too few members are: {found[counts < 2].tolist()}"
        )


def standardization(estimator: ArgumentsMixin, net: Network, data: Data) -> Scaling | None:
    """The Scaling of `standardize`; of targets too, unless they are classes or counts."""
    if not estimator.standardize:
        return None
    targets = data.y if net.targets in ("real", "quantiles") else None
    names = getattr(estimator, "feature_names_in_", None)
    if estimator.standardize == "target":
        return None if targets is None else _of_targets(targets, data)
    if not sparse.issparse(data.x):
        return fit_scaling(data.x, targets, data.weights, names)
    mean, deviation = column_moments(data.x, data.weights)
    if not np.isfinite(deviation).all():
        raise InvalidArgument(
            f"feature {np.isfinite(deviation).argmin()} (counted from 0) cannot be standardized: "
            "the squares of its values are not finite. Give it in a larger unit"
        )
    constant = deviation <= CONSTANT_TOLERANCE * np.abs(mean)
    of_features = Scaling(mean, np.where(constant, 1.0, deviation))
    if targets is None:
        return of_features
    of_targets = _of_targets(targets, data)
    return of_features._replace(y_mean=of_targets.y_mean, y_scale=of_targets.y_scale)


def _of_targets(targets: Any, data: Data) -> Scaling:
    """The Scaling of targets alone: features keep mean 0 and deviation 1."""
    width = data.x.shape[1]
    zeros = np.zeros((len(targets), 1))
    found = fit_scaling(zeros, targets, data.weights)
    return found._replace(x_mean=np.zeros(width), x_scale=np.ones(width))


def scale(scaling: Scaling | None, data: Data) -> Data:
    """Rows with scaled features and targets, as the functions take them."""
    y = data.y if scaling is None else scaling.targets(data.y)
    return data._replace(x=scale_features(scaling, data.x), y=y)


def scale_features(scaling: Scaling | None, x: Any) -> Any:
    """Scaled features; those of a sparse matrix as SparseRows."""
    if sparse.issparse(x):
        rows = SparseRows(x)
        return rows if scaling is None else rows.standardized(scaling.x_mean, scaling.x_scale)
    return x if scaling is None else scaling.features(x)
