"""The rows of a fit: validated as scikit-learn does, split and scaled."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import _check_sample_weight

from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.scaling import Scaling, fit_scaling
from fnet.estimators.arguments import ArgumentsMixin
from fnet.estimators.validation import validate_data


class Data(NamedTuple):
    """Rows to train on or to validate with.

    Attributes:
        x: Features, `[N, D]`.
        y: Targets: as the user gave them, then as the network takes them.
        weights: Row weights `[N]`, or None.
    """

    x: npt.NDArray[Any]
    y: Any
    weights: npt.NDArray[Any] | None = None

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
    """Rows as scikit-learn validates them, with a dense x; `reset` for a first fit."""
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse=("csr", "csc"),
        multi_output=True,
        y_numeric=not hasattr(estimator, "predict_proba"),
        dtype=(np.float64, np.float32),
        reset=reset,
    )
    weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
    return Data(to_dense(X), y, weights)


def check_orientation(y: Any) -> None:
    """Refuse y that has more outputs than rows: it is probably transposed."""
    if y.ndim == 2 and y.shape[1] > y.shape[0]:
        raise InvalidArgument(
            f"y must not have more outputs than rows; got shape {list(y.shape)}. Each row of X "
            "needs one row of y: did you mean y.T?"
        )


def split_validation(
    estimator: ArgumentsMixin, net: Network, data: Data, random: np.random.RandomState
) -> tuple[Data, Data]:
    """Training and validation rows: `validation_fraction` of them, stratified for two classes."""
    from sklearn.model_selection import train_test_split

    binary = net.targets == "multilabel" and net.sizes[-1] == 1
    parts = train_test_split(
        *data.columns(),
        random_state=random,
        test_size=estimator.validation_fraction,
        stratify=data.y if binary else None,  # as scikit-learn does
    )
    if len(parts[1]) < 2:
        raise InvalidArgument(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    return Data(*parts[::2]), Data(*parts[1::2])


def standardization(estimator: ArgumentsMixin, net: Network, data: Data) -> Scaling | None:
    """The Scaling of `standardize`; of targets too, unless they are classes or counts."""
    if not estimator.standardize:
        return None
    targets = data.y if net.targets in ("real", "quantiles") else None
    names = getattr(estimator, "feature_names_in_", None)
    return fit_scaling(data.x, targets, data.weights, names)


def scale(scaling: Scaling | None, data: Data) -> Data:
    """Rows with scaled features and targets."""
    if scaling is None:
        return data
    return data._replace(x=scaling.features(data.x), y=scaling.targets(data.y))
