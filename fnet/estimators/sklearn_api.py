"""The parts of scikit-learn that the estimators are built from.

scikit-learn has no type hints. The stub next to this file gives these names theirs, so that a type
checker knows every argument and attribute of the estimators.
"""

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context
from sklearn.utils.metaestimators import available_if

fit_context = _fit_context

__all__ = ["BaseEstimator", "ClassifierMixin", "RegressorMixin", "available_if", "fit_context"]
