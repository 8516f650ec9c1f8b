from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

F = TypeVar("F", bound=Callable[..., Any])

class BaseSearchCV:
    estimator: Any
    scoring: Any
    n_jobs: int | None
    refit: Any
    cv: Any
    verbose: int
    pre_dispatch: int | str
    error_score: Any
    return_train_score: bool
    cv_results_: dict[str, Any]
    best_estimator_: Any
    best_score_: float
    best_params_: dict[str, Any]
    best_index_: int
    scorer_: Any
    n_splits_: int
    refit_time_: float
    multimetric_: bool
    classes_: npt.NDArray[Any]
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self: ...
    def score(self, X: Any, y: Any = None, **params: Any) -> float: ...
    def predict(self, X: Any) -> npt.NDArray[Any]: ...
    def predict_proba(self, X: Any) -> npt.NDArray[np.floating[Any]]: ...
    def predict_log_proba(self, X: Any) -> npt.NDArray[np.floating[Any]]: ...
    def transform(self, X: Any) -> Any: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **params: Any) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def __sklearn_tags__(self) -> Any: ...

class GridSearchCV(BaseSearchCV):
    param_grid: Any

class RandomizedSearchCV(BaseSearchCV):
    param_distributions: Any
    n_iter: int
    random_state: Any

class Parallel:
    def __init__(self, **options: Any) -> None: ...
    def __call__(self, tasks: Iterable[Any]) -> list[Any]: ...

def clone(estimator: Any, *, safe: bool = True) -> Any: ...
def delayed(function: Callable[..., Any]) -> Callable[..., Any]: ...
def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[F], F]: ...
def check_method_params(X: Any, params: Any, indices: Any = None) -> dict[str, Any]: ...
def safe_split(estimator: Any, X: Any, y: Any, indices: Any) -> tuple[Any, Any]: ...
