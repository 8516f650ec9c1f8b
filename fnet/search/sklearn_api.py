"""The parts of scikit-learn and joblib that the searches are built from.

They have no type hints; the stub next to this file gives these names theirs.
"""

from joblib import effective_n_jobs
from joblib import hash as content_hash
from joblib.parallel import get_active_backend
from sklearn.base import _fit_context as fit_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.metaestimators import _safe_split as safe_split
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params as check_method_params

__all__ = [
    "BaseSearchCV",
    "GridSearchCV",
    "Parallel",
    "RandomizedSearchCV",
    "check_method_params",
    "clone",
    "content_hash",
    "delayed",
    "effective_n_jobs",
    "fit_context",
    "get_active_backend",
    "safe_split",
]
