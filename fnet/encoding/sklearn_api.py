"""The parts of scikit-learn that the transformer is built from; the stub gives them their types."""

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import check_is_fitted

__all__ = ["BaseEstimator", "TransformerMixin", "check_feature_names_in", "check_is_fitted"]
