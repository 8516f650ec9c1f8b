"""The two searches: scikit-learn's classes, with a `fit` that trains candidates together."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np

from fnet.core.errors import InvalidArgument
from fnet.estimators.arguments import MatrixLike, RandomState
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
            >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 5, ["a", "a", "b", "b"] * 5
            >>> model = fnet.MLPClassifier((4,), tol=0.01, learning_rate_init=0.1, random_state=0)
            >>> search = fnet.GridSearchCV(model, {"alpha": [0, 0.1]}, cv=2).fit(X, y)
            >>> search.cv_results_["mean_test_score"].tolist()
            [1.0, 1.0]
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
    """scikit-learn's `GridSearchCV` over an estimator of fnet, much faster.

    Candidates that differ in numbers alone (learning rates, penalties, momenta, dropout,
    tolerances) train together as members of one run, each fold as a run of its own. Candidates of
    one architecture share one compiled program. Results are those of scikit-learn's search, within
    the rounding of sums, and depend on neither `n_jobs` nor the backend of joblib. What cannot
    train together (`solver="lbfgs"`, sparse rows, a callback) is fitted one by one.

    A small search runs in NumPy and never imports TensorFlow. The groups of candidates are tasks of
    joblib, in threads unless `joblib.parallel_config` names a backend, as `"loky"`, `"dask"` or
    `"ray"`. With `random_state=None`, the candidates of a run share one random start.

    Args:
        estimator: An `fnet.MLPClassifier` or `fnet.MLPRegressor`, or a Pipeline that ends with one.
            The steps before it are fitted once for each fold, and again for each of their own
            candidates.
        param_grid: Lists of values by argument name, or a list of such dicts.
        scoring: A name, a function `(estimator, X, y)`, or several of them; None for the
            estimator's `score`.
        n_jobs: The number of tasks at a time; None is 1, -1 is one for each processor.
        refit: Whether to fit the best candidate on all rows; with several metrics the name of the
            one that decides, or a function of `cv_results_` that returns the index.
        cv: The number of folds, a splitter, or pairs of indices; None is 5.
        verbose: How much to print, from 0.
        pre_dispatch: How many tasks joblib takes in advance.
        error_score: The score of a fit that fails, or "raise".
        return_train_score: Whether to score the training rows too.

    Attributes:
        cv_results_: Arrays with one value for each candidate, by name: parameters, times, and the
            scores of each fold with their mean, deviation and rank.
        best_estimator_: The best candidate, fitted on all rows.
        best_params_: Its parameters.
        best_score_: Its mean score on held-out rows.
        best_index_: Its index in `cv_results_`.
        scorer_: What computed the scores.
        n_splits_: The number of folds.
        refit_time_: Seconds that the last fit took.
        multimetric_: Whether there are several metrics.

    Example:
        >>> import fnet
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 5, ["a", "a", "b", "b"] * 5
        >>> model = fnet.MLPClassifier((4,), tol=0.01, random_state=0)
        >>> search = fnet.GridSearchCV(model, {"learning_rate_init": [1e-6, 0.1]}, cv=2)
        >>> search.fit(X, y).best_params_
        {'learning_rate_init': 0.1}

    References:
        `sklearn.model_selection.GridSearchCV`.
    """

    def __init__(
        self,
        estimator: Any,
        param_grid: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )


class RandomizedSearchCV(GroupedFit, sklearn_api.RandomizedSearchCV):
    """scikit-learn's `RandomizedSearchCV` over an estimator of fnet, much faster.

    See `GridSearchCV` for what trains together.

    Args:
        estimator: An `fnet.MLPClassifier` or `fnet.MLPRegressor`, or a Pipeline that ends with one.
        param_distributions: Lists of values, or distributions of `scipy.stats`, by argument name;
            or a list of such dicts.
        n_iter: The number of candidates that are drawn.
        scoring: A name, a function `(estimator, X, y)`, or several of them; None for the
            estimator's `score`.
        n_jobs: The number of tasks at a time; None is 1, -1 is one for each processor.
        refit: Whether to fit the best candidate on all rows; with several metrics the name of the
            one that decides, or a function of `cv_results_` that returns the index.
        cv: The number of folds, a splitter, or pairs of indices; None is 5.
        verbose: How much to print, from 0.
        pre_dispatch: How many tasks joblib takes in advance.
        random_state: An integer, a `numpy.random.RandomState`, or None, for the drawing.
        error_score: The score of a fit that fails, or "raise".
        return_train_score: Whether to score the training rows too.

    Attributes:
        cv_results_: Arrays with one value for each candidate, by name: parameters, times, and the
            scores of each fold with their mean, deviation and rank.
        best_estimator_: The best candidate, fitted on all rows.
        best_params_: Its parameters.
        best_score_: Its mean score on held-out rows.
        best_index_: Its index in `cv_results_`.
        scorer_: What computed the scores.
        n_splits_: The number of folds.
        refit_time_: Seconds that the last fit took.
        multimetric_: Whether there are several metrics.

    Example:
        >>> import fnet
        >>> from scipy.stats import loguniform
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 5, [0.0, 0.1, 0.2, 0.3] * 5
        >>> model = fnet.MLPRegressor(hidden_layer_sizes=4, tol=0.01, random_state=0)
        >>> rates = {"learning_rate_init": loguniform(1e-3, 1e-1)}
        >>> search = fnet.RandomizedSearchCV(model, rates, n_iter=3, cv=2, random_state=0)
        >>> len(search.fit(X, y).cv_results_["params"])
        3

    References:
        `sklearn.model_selection.RandomizedSearchCV`.
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: RandomState = None,
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
