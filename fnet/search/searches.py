"""The two searches: scikit-learn's classes, with a `fit` that trains candidates together."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.estimators.arguments import MatrixLike
from fnet.search import sklearn_api
from fnet.search.grouping import ESTIMATORS, last_step
from fnet.search.parallel import fit_in_groups


class GroupedFit(sklearn_api.BaseSearchCV):
    """What both searches share."""

    @sklearn_api.fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: MatrixLike, y: MatrixLike | None = None, **params: Any) -> Self:
        """Fit all candidates on all folds, and the best one on all rows.

        Args:
            X: Features `[N, D]`, or whatever the first step of a pipeline takes.
            y: Targets.
            **params: Parameters of the estimator's `fit`, as `sample_weight`, and `groups` for the
                splitter.

        Returns:
            The search.

        Raises:
            InvalidArgument: The estimator is not fnet's, nor a pipeline that ends with one.
            ValueError: The candidates or the data are invalid, or all fits failed.

        Example:
            >>> import fnet
            >>> from sklearn.datasets import load_iris
            >>> X, y = load_iris(return_X_y=True)
            >>> model = fnet.MLPClassifier((4,), max_iter=5, random_state=0)
            >>> search = fnet.GridSearchCV(model, {"alpha": [0.1, 1.0]}, error_score="raise")
            >>> import warnings
            >>> with warnings.catch_warnings():
            ...     warnings.simplefilter("ignore")
            ...     search = search.fit(X, y)
            >>> search.n_splits_
            5
        """
        if not isinstance(last_step(self.estimator), ESTIMATORS):
            name = type(last_step(self.estimator)).__name__
            raise InvalidArgument(
                "estimator must be an MLPClassifier or MLPRegressor of fnet, or a Pipeline that "
                f"ends with one; got {name}. Use sklearn.model_selection.{type(self).__name__} "
                "for it"
            )
        found: Self = fit_in_groups(self, X, y, **params)
        return found


class GridSearchCV(GroupedFit, sklearn_api.GridSearchCV):
    """TODO"""


class RandomizedSearchCV(GroupedFit, sklearn_api.RandomizedSearchCV):
    """TODO"""
