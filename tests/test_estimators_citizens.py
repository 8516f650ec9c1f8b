"""The estimators in scikit-learn's tools: its checks, searches, pipelines, frames, pickles."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy import sparse
from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from threadpoolctl import threadpool_limits

import fnet
from fnet import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])

X, Y = load_iris(return_X_y=True)
X = X / 4 - 1
FAST = {"max_iter": 20, "learning_rate_init": 0.02, "random_state": 0}

# scikit-learn's own checks.

SETTINGS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive"},
    "lbfgs": {"solver": "lbfgs"},
    "early stopping": {"early_stopping": True, "activation": "tanh"},
    "small batches": {"hidden_layer_sizes": (8, 4), "activation": "logistic", "batch_size": 20},
    "warm start": {"warm_start": True},
    "numpy": {"engine": "numpy"},
    "dropout": {"dropout": 0.3},
    "standardize": {"standardize": True},
    "activations and an optimizer": {"activation": ["silu"], "solver": "adamw"},
}
EXPECTED_FAILURES = {
    "dropout": {  # the dropped units depend on the row
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    },
    "early stopping": {"check_class_weight_classifiers"},  # stops at the first score of 1
}
"""Checks that may fail although scikit-learn's class passes them."""


def failures(estimator):
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        found = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(found) > 50
    return {one["check_name"] for one in found if one["status"] != "passed"}


@KINDS
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.slow
def test_no_check_fails_that_scikit_learns_class_passes(name, kind):
    """scikit-learn's class gets another name, since some checks change arguments by name."""
    other = type(kind, (getattr(theirs, kind),), {})
    known = set(other().get_params())
    settings = {"max_iter": 10, **SETTINGS[name]}
    plain = {k: v for k, v in settings.items() if k in known}
    if name == "activations and an optimizer":
        plain = {"max_iter": 10}
    ours = failures(getattr(fnet, kind)(**settings))
    assert ours - failures(other(**plain)) <= EXPECTED_FAILURES.get(name, set())


# Copies.


@KINDS
def test_params_clones_and_representations(kind):
    estimator = getattr(fnet, kind)(alpha=0.5, dropout=0.1, activation=["relu", "tanh"])
    assert repr(estimator).startswith(f"{kind}(")
    assert "alpha=0.5" in repr(estimator)
    assert "dropout" in estimator._repr_html_()
    again = clone(estimator)
    assert again.get_params() == estimator.get_params()
    assert again.set_params(alpha=1.0).alpha == 1.0
    own = getattr(theirs, kind)().get_params()
    assert own.items() <= getattr(fnet, kind)().get_params().items()


@KINDS
@pytest.mark.parametrize("engine", ["numpy", "tensorflow"])
def test_copies_predict_the_same_and_continue_the_same(kind, engine):
    estimator = getattr(fnet, kind)(engine=engine, **FAST).fit(X, Y)
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    for other in (
        pickle.loads(pickle.dumps(estimator)),
        copy.deepcopy(estimator),
        joblib.load(file),
    ):
        np.testing.assert_array_equal(other.predict(X), estimator.predict(X))
        other.partial_fit(X, Y)
        ours = copy.deepcopy(estimator).partial_fit(X, Y)
        np.testing.assert_array_equal(other.coefs_[0], ours.coefs_[0])


# In scikit-learn's tools.


def test_searches_pipelines_and_other_tools():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**FAST))
    grid = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__dropout": [0.0, 0.1]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, Y)
    assert search.best_score_ > 0.9
    assert cross_val_score(pipeline, X, Y, cv=2, n_jobs=2).min() > 0.85
    calibrated = CalibratedClassifierCV(pipeline, cv=2).fit(X, Y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    importance = permutation_importance(pipeline.fit(X, Y), X, Y, n_repeats=2, random_state=0)
    assert importance.importances_mean.argmax() in (2, 3)
    sizes, _, scores = learning_curve(pipeline, X, Y, cv=2, train_sizes=[0.5, 1.0], shuffle=True)
    assert sizes.tolist() == [37, 75]
    assert np.isfinite(scores).all()


def test_sample_weights_are_routed():
    weights = np.random.default_rng(0).uniform(1, 2, len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = MLPClassifier(**FAST).set_fit_request(sample_weight=True)
        estimator.set_score_request(sample_weight=True)
        search = GridSearchCV(estimator, {"alpha": [1e-4]}, cv=2).fit(X, Y, sample_weight=weights)
        with_weights = clone(estimator).fit(X, Y, sample_weight=weights)
    np.testing.assert_array_equal(search.best_estimator_.coefs_[0], with_weights.coefs_[0])
    plain = clone(estimator).fit(X, Y)
    assert np.abs(plain.coefs_[0] - with_weights.coefs_[0]).max() > 1e-6


# Frames and sparse matrices.


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_with_names(frame):
    names = ["a", "b", "c", "d"]
    table = frame(dict(zip(names, X.T, strict=True)))
    y = frame({"kind": Y})["kind"]
    estimator = MLPClassifier(**FAST).fit(table, y)
    assert estimator.feature_names_in_.tolist() == names
    np.testing.assert_array_equal(
        estimator.predict(table), MLPClassifier(**FAST).fit(X, Y).predict(X)
    )
    with pytest.raises(ValueError, match=r"(?s)feature names.*should match.*unseen.*- e"):
        estimator.predict(frame(dict(zip("abce", X.T, strict=True))))
    with pytest.raises(ValueError, match="(?s)same order"):
        estimator.predict(frame(dict(zip("badc", X.T, strict=True))))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        estimator.predict(X)


def test_a_table_of_text_and_numbers():
    table = pd.DataFrame({"size": X[:, 2], "color": np.where(X[:, 0] > 0.4, "red", "blue")})
    columns = ColumnTransformer(
        [("color", OneHotEncoder(), ["color"]), ("size", StandardScaler(), ["size"])]
    )
    estimator = make_pipeline(columns, MLPRegressor(standardize=True, **FAST)).fit(table, X[:, 3])
    assert estimator.score(table, X[:, 3]) > 0.8


@KINDS
@pytest.mark.parametrize("sparse_format", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_sparse_rows(kind, sparse_format):
    x = np.where(X > 0, X, 0)
    estimator = getattr(fnet, kind)(**FAST).fit(sparse_format(x), Y)
    of_rows = getattr(fnet, kind)(**FAST).fit(x, Y)
    np.testing.assert_allclose(estimator.predict(sparse_format(x)), of_rows.predict(x))
    standardized = getattr(fnet, kind)(standardize=True, **FAST).fit(sparse_format(x), Y)
    np.testing.assert_allclose(standardized.predict(sparse_format(x)), standardized.predict(x))


def test_sparse_labels_are_predicted_sparse():
    labels = (X[:, :3] > 0).astype(int)
    ours, other = MLPClassifier(**FAST), theirs.MLPClassifier(**FAST)
    found, expected = (each.fit(X, sparse.csr_matrix(labels)).predict(X) for each in (ours, other))
    assert sparse.issparse(found)
    assert sparse.issparse(expected)
    assert np.mean(found.toarray() == labels) > 0.9


@pytest.mark.parametrize(
    "y",
    [
        np.array(["a", "b", "c"])[Y],
        np.array(["a", "b", "c"], object)[Y],
        Y == 1,
        np.where(Y == 1, -1.0, 1.0),
        Y[:, None] * 5,
    ],
)
def test_classes_keep_their_names(y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about y as a column
        ours, other = MLPClassifier(**FAST).fit(X, y), theirs.MLPClassifier(**FAST).fit(X, y)
    np.testing.assert_array_equal(ours.classes_, other.classes_)
    assert ours.predict(X).dtype == other.predict(X).dtype
    assert ours.predict(X).shape == other.predict(X).shape
    assert np.mean(ours.predict(X) == other.predict(X)) > 0.9
    assert ours.predict_proba(X).shape == other.predict_proba(X).shape
