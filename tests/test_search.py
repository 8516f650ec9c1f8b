"""The searches, against scikit-learn's over the same estimators of fnet fitted one by one."""

import inspect
import subprocess
import sys
import warnings
from collections import Counter
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from sklearn import model_selection as theirs
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fnet
from fnet import InvalidArgument, MLPClassifier, MLPRegressor, reference
from fnet.engine import compiled_loop

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
DIABETES = tuple(array[:120] / array.std() for array in load_diabetes(return_X_y=True))
NAMES = np.array(["a", "b", "c"])[IRIS[1]]
FRAME = pd.DataFrame(IRIS[0], columns=list("pqrs")).assign(word=NAMES)
FRAME.loc[::7, "q"] = None
WEIGHTS = np.random.default_rng(0).uniform(0.5, 2, len(IRIS[0]))
GROUPS = np.repeat(np.arange(10), [3, 5, 8, 10, 12, 14, 18, 20, 25, 35])[
    np.random.default_rng(1).permutation(150)
]
SHUFFLED = theirs.StratifiedKFold(3, shuffle=True, random_state=0)
RATES = [1e-3, 1e-2, 5e-2]
SIDES = pytest.mark.parametrize("engine", ["numpy", "tensorflow"])


def classifier(**arguments):
    return MLPClassifier(**{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0} | arguments)


def regressor(**arguments):
    return MLPRegressor(**{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0} | arguments)


class Case(NamedTuple):
    """A search, and how many times it may call `train`."""

    estimator: object
    grid: object
    runs: int
    data: tuple = IRIS
    search: dict = {}
    fit: dict = {}


LOG_LOSS = {"scoring": "neg_log_loss", "cv": SHUFFLED}

CASES = {
    "numbers": Case(
        classifier(),
        {"learning_rate_init": RATES, "alpha": [0, 0.1], "beta_1": [0.9, 0.5]},
        3,
        search=LOG_LOSS,
    ),
    "architectures": Case(
        classifier(),
        {"hidden_layer_sizes": [(5,), [3, 4], 6], "activation": ["relu", "tanh"], "alpha": [0, 1]},
        18,
        search=LOG_LOSS,
    ),
    "a list of grids, and solvers": Case(
        classifier(),
        [
            {"solver": ["sgd"], "momentum": [0.5, 0.9], "nesterovs_momentum": [True, False]},
            {"solver": ["sgd"], "learning_rate": ["invscaling", "adaptive"], "power_t": [0.1, 1]},
            {"solver": [fnet.adamw(1e-2), fnet.adamw(1e-3, weight_decay=0.1), "adam"]},
            {"learning_rate": [fnet.schedules.cosine(0.1, 10), fnet.schedules.cosine(0.2, 20)]},
        ],
        21,
        search=LOG_LOSS,
    ),
    "random states": Case(
        classifier(), {"random_state": [0, 1], "learning_rate_init": RATES}, 6, search=LOG_LOSS
    ),
    "numbers that may be absent": Case(
        classifier(),
        {
            "dropout": [0, 0.3],
            "clipvalue": [None, 0.1, 0.01],
            "tuning": [None, fnet.Tuning(label_smoothing=0.1)],
        },
        6,
        search=LOG_LOSS,
    ),
    "batches, epochs and no shuffle": Case(
        classifier(),
        {"batch_size": [7, 32, "auto"], "max_iter": [2, 5], "shuffle": [True, False]},
        36,
        search=LOG_LOSS,
    ),
    "early stopping": Case(
        classifier(early_stopping="loss", max_iter=40, n_iter_no_change=3),
        {"learning_rate_init": [*RATES, 0.5], "tol": [1e-4, 1e-2], "n_iter_no_change": [2, 5]},
        3,
        search=LOG_LOSS | {"return_train_score": True},
    ),
    "stopping by the training loss": Case(
        classifier(max_iter=40),
        {"tol": [1e-2, 0.05], "n_iter_no_change": [2, np.inf], "learning_rate_init": RATES},
        6,
        search=LOG_LOSS,
    ),
    "several metrics, text classes, weights": Case(
        classifier(class_weight="balanced", standardize=True),
        {"learning_rate_init": RATES, "class_weight": [None, "balanced", {"a": 3.0}]},
        9,
        data=(IRIS[0], NAMES),
        search={
            "scoring": ["accuracy", "neg_log_loss"],
            "refit": "neg_log_loss",
            "cv": SHUFFLED,
            "return_train_score": True,
        },
        fit={"sample_weight": WEIGHTS},
    ),
    "groups of unequal size": Case(
        classifier(),
        {"learning_rate_init": RATES},
        4,
        search={"cv": theirs.LeavePGroupsOut(1), "scoring": "accuracy"},
        fit={"groups": GROUPS // 3},
    ),
    "folds that lack a class": Case(
        classifier(), {"learning_rate_init": RATES}, 3, search={"cv": theirs.KFold(3)}
    ),
    "regression": Case(
        regressor(loss="huber"),
        {"learning_rate_init": RATES, "alpha": [0, 1.0]},
        5,
        data=DIABETES,
    ),
    "quantiles and standardized targets": Case(
        regressor(loss="pinball", quantiles=[0.1, 0.9]),
        {"learning_rate_init": RATES, "standardize": [True, "target", False]},
        15,
        data=DIABETES,
    ),
    "a pipeline": Case(
        make_pipeline(StandardScaler(), classifier()),
        {"mlpclassifier__alpha": [0.1, 1], "standardscaler__with_mean": [True, False]},
        6,
        search=LOG_LOSS,
        fit={"mlpclassifier__sample_weight": WEIGHTS},
    ),
    "a pipeline of a table": Case(
        make_pipeline(fnet.TableEncoder(), classifier()),
        {"mlpclassifier__learning_rate_init": RATES},
        3,
        data=(FRAME, NAMES),
        search=LOG_LOSS,
    ),
    "a last step that changes": Case(
        make_pipeline(StandardScaler(), classifier()),
        {"mlpclassifier": [classifier(), LogisticRegression(), classifier(alpha=1)]},
        6,
        search=LOG_LOSS,
    ),
    "one by one: L-BFGS, a callback": Case(
        classifier(), {"solver": ["lbfgs", "adam"], "callback": [None, print]}, 6, search=LOG_LOSS
    ),
    "one by one: sparse rows": Case(
        classifier(),
        {"learning_rate_init": RATES},
        9,
        data=(sparse.csr_array(IRIS[0]), IRIS[1]),
        search=LOG_LOSS,
    ),
    "a callable refit": Case(
        classifier(),
        {"learning_rate_init": RATES},
        3,
        search=LOG_LOSS | {"refit": lambda results: int(np.argmin(results["mean_test_score"]))},
    ),
    "no refit, validation rows given": Case(
        classifier(early_stopping=True),
        {"learning_rate_init": RATES},
        3,
        search=LOG_LOSS | {"refit": False},
        fit={"validation_data": (IRIS[0][::3], IRIS[1][::3])},
    ),
}


def same_results(ours, other):
    """The attributes of two fitted searches agree, but for times."""
    assert list(ours.cv_results_) == list(other.cv_results_)
    for name, values in ours.cv_results_.items():
        expected = other.cv_results_[name]
        if name == "params":
            assert list(map(str, values)) == list(map(str, expected))
        elif name.endswith("_time"):
            assert (values >= 0).all()
        elif values.dtype == object:
            assert list(map(str, values)) == list(map(str, expected))
        else:
            np.testing.assert_allclose(values, expected, rtol=0, atol=1e-6, err_msg=name)
    for name in ("n_splits_", "multimetric_", "best_index_", "best_params_", "best_score_"):
        assert hasattr(ours, name) == hasattr(other, name), name
        if isinstance(value := getattr(ours, name, None), float):
            assert value == pytest.approx(getattr(other, name), abs=1e-6)
        else:
            assert str(value) == str(getattr(other, name, None)), name
    assert hasattr(ours, "best_estimator_") == hasattr(other, "best_estimator_")


def counting(monkeypatch, engine):
    """A list that grows with each call of an engine's `train`."""
    side = reference if engine == "numpy" else fnet
    calls, train = [], side.train

    def counted(*arguments, **options):
        calls.append(np.shape(arguments[2][0].w)[:-2])
        return train(*arguments, **options)

    monkeypatch.setattr(side, "train", counted)
    return calls


def both(case, monkeypatch=None, engine="numpy"):
    """Our search and scikit-learn's, fitted, and the member axes of each run of ours."""
    estimator = case.estimator
    if "engine" in estimator.get_params():
        estimator = fnet.MLPClassifier.__mro__ and type(estimator)(
            **estimator.get_params() | {"engine": engine}
        )
    other = theirs.GridSearchCV(estimator, case.grid, **case.search).fit(*case.data, **case.fit)
    ours = fnet.GridSearchCV(estimator, case.grid, **case.search)
    if monkeypatch is None:
        return ours.fit(*case.data, **case.fit), other, []
    with monkeypatch.context() as patch:
        calls = counting(patch, engine)
        ours.fit(*case.data, **case.fit)
    return ours, other, calls[: -1 if ours.refit else None]


@pytest.mark.parametrize("name", CASES)
def test_a_search_by_the_twin_is_scikit_learns(name, monkeypatch):
    case = CASES[name]
    ours, other, calls = both(case, monkeypatch)
    same_results(ours, other)
    assert len(calls) == case.runs
