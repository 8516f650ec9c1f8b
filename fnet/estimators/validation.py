"""scikit-learn's validation of X and y, with tables converted as everywhere in fnet.

scikit-learn checks names, shapes and dtypes of X. Tables are converted by `core.containers`, column
by column, and errors about values name the column and the row.
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import validation

from fnet.core import checks, containers
from fnet.core.errors import InvalidArgument

ABOUT_VALUES = ("Input X contains", "could not convert string")
"""How scikit-learn's errors about values begin, which do not say where these are."""


def validate_data(
    estimator: BaseEstimator, X: Any, y: Any = "no_validation", *, reset: bool, **options: Any
) -> Any:
    """`sklearn.utils.validation.validate_data`: X, or X and y where y is given.

    Args:
        estimator: The estimator, whose `n_features_in_` and `feature_names_in_` are set or checked.
        X: Rows `[N, D]` in any container.
        y: Targets; "no_validation" for X alone.
        reset: Whether to set those attributes, instead of checking X against them.
        **options: Arguments of scikit-learn's `check_array`, or of `check_X_y` where y is given.

    Returns:
        The validated X, or `(X, y)`.

    Raises:
        InvalidArgument: X has values that are not finite numbers; the message has their place.
        ValueError: X does not fit otherwise, in scikit-learn's words.
    """
    names = containers.column_names(X)
    if names is not None and not isinstance(X, np.ndarray):
        x = containers.to_numpy("X", X)
        validation.validate_data(estimator, X, y, reset=reset, skip_check_array=True)
    elif hasattr(X, "mask") or names is not None:  # scikit-learn ignores a mask
        x, names = containers.to_numpy("X", X), None
    else:
        x = X
    y = convert_targets(y)
    try:
        if names is None:
            return validation.validate_data(estimator, x, y, reset=reset, **options)
        if isinstance(y, str):
            return validation.check_array(x, input_name="X", estimator=estimator, **options)
        return validation.check_X_y(x, y, estimator=estimator, **options)
    except ValueError as error:
        if not str(error).startswith(ABOUT_VALUES) or hasattr(x, "toarray"):
            raise
        names = getattr(estimator, "feature_names_in_", None) if names is None else names
        _refuse_values(x, names, error)
        raise


def convert_targets(y: Any) -> Any:
    """y as an array that scikit-learn reads as fnet does: no objects that are numbers, no mask."""
    known = y is None or isinstance(y, (str, list, tuple)) or hasattr(y, "toarray")
    return y if known else containers.to_labels("y", y)


def _refuse_values(x: Any, names: Any, error: ValueError) -> None:
    """Raise the error again, with the place of the first value that is not a finite number."""
    try:
        checks.finite("X", containers.to_numpy("X", x), names=names)
    except InvalidArgument as place:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InvalidArgument(f"{reason}: {place}") from error
