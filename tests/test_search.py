"""The searches, against scikit-learn's over the same estimators of fnet fitted one by one."""

import inspect
import subprocess
import sys
from collections import Counter
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from sklearn import model_selection as theirs
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fnet
from fnet import InvalidArgument, MLPClassifier, MLPRegressor, reference
from fnet.engine import compiled_loop
from fnet.search import layout

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
DIABETES = tuple(array[:120] / array.std() for array in load_diabetes(return_X_y=True))
NAMES = np.array(["a", "b", "c"])[IRIS[1]]
FRAME = pd.DataFrame(IRIS[0], columns=list("pqrs")).assign(word=NAMES)
FRAME.loc[::7, "q"] = None
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.uniform(0.5, 2, len(IRIS[0]))
GROUPS = np.repeat(np.arange(10), [3, 5, 8, 10, 12, 14, 18, 20, 25, 35])[RANDOM.permutation(150)]
SHUFFLED = theirs.StratifiedKFold(3, shuffle=True, random_state=0)
RATES = [1e-3, 1e-2, 5e-2]


def classifier(**arguments):
    return MLPClassifier(
        **{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0} | arguments
    )


def regressor(**arguments):
    return MLPRegressor(
        **{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0} | arguments
    )


class Case(NamedTuple):
    """A search, and how many times it calls `train` before the last fit."""

    estimator: object
    grid: object
    runs: int = 0
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


def counting(patch, engine):
    """A list that grows by the member axes of each call of an engine's `train`."""
    side = reference if engine == "numpy" else fnet
    calls, train = [], side.train

    def counted(*arguments, **options):
        calls.append(np.shape(arguments[2][0].w)[:-2])
        return train(*arguments, **options)

    patch.setattr(side, "train", counted)
    return calls


def both(case, ours=fnet.GridSearchCV, other=theirs.GridSearchCV, **options):
    """Our search and scikit-learn's, fitted."""
    arguments = case.search | options
    return tuple(
        kind(case.estimator, case.grid, **arguments).fit(*case.data, **case.fit)
        for kind in (ours, other)
    )


def on_tensorflow(case):
    """The case with an estimator that trains by TensorFlow."""
    name = "engine" if "engine" in case.estimator.get_params() else "mlpclassifier__engine"
    return case._replace(estimator=clone(case.estimator).set_params(**{name: "tensorflow"}))


@pytest.mark.parametrize("name", CASES)
def test_a_search_is_scikit_learns(name, monkeypatch):
    case = CASES[name]
    other = theirs.GridSearchCV(case.estimator, case.grid, **case.search)
    other.fit(*case.data, **case.fit)
    calls = counting(monkeypatch, "numpy")
    ours = fnet.GridSearchCV(case.estimator, case.grid, **case.search)
    ours.fit(*case.data, **case.fit)
    same_results(ours, other)
    best = getattr(ours, "best_estimator_", None)
    refits = hasattr(best, "steps") and hasattr(best[-1], "loss_curve_")
    assert len(calls) - (refits or hasattr(best, "loss_curve_")) == case.runs


ON_TENSORFLOW = [
    "numbers",
    "numbers that may be absent",
    "early stopping",
    "several metrics, text classes, weights",
    "quantiles and standardized targets",
    "a pipeline of a table",
]


@pytest.mark.parametrize("name", ON_TENSORFLOW)
@pytest.mark.slow
def test_a_search_by_tensorflow_is_scikit_learns_by_the_twin(name, monkeypatch):
    case = CASES[name]
    other = theirs.GridSearchCV(case.estimator, case.grid, **case.search)
    other.fit(*case.data, **case.fit)
    case, calls = on_tensorflow(case), counting(monkeypatch, "tensorflow")
    ours = fnet.GridSearchCV(case.estimator, case.grid, **case.search)
    ours.fit(*case.data, **case.fit)
    same_results(ours, other)
    assert len(calls) == case.runs + 1  # the last is the refit


def test_there_are_as_many_programs_as_architectures(monkeypatch):
    """Folds of unequal sizes share them, with fewer rows than a batch too, and held-out rows."""
    fnet.clear_cache()
    traced, run_chunk = [], compiled_loop.run_chunk

    def traces(program, *arguments):
        traced.append(program.net.sizes)
        return run_chunk(program, *arguments)

    monkeypatch.setattr(compiled_loop, "run_chunk", traces)
    sizes = [20, 33, 75, 120, 149]
    grid = {"hidden_layer_sizes": [(3,), (4,)], "alpha": [0, 1, 2], "max_iter": [1, 2]}
    search = fnet.GridSearchCV(
        classifier(engine="tensorflow", max_iter=2, early_stopping=True),
        grid,
        scoring="accuracy",
        refit=False,
        cv=[(np.arange(size), np.arange(size, 150)) for size in sizes],
    )
    search.fit(IRIS[0], RANDOM.integers(2, size=150))
    assert Counter(traced) == {(4, 3, 1): 1, (4, 4, 1): 1}


@pytest.mark.parametrize("engine", ["numpy", "tensorflow"])
def test_a_candidate_that_diverges_leaves_the_others_alone(engine):
    case = Case(
        regressor(engine=engine, solver="sgd", max_iter=20),
        {"learning_rate_init": [1e-3, 1e200, 1e-2], "n_iter_no_change": [5, np.inf]},
        data=DIABETES,
        search={"error_score": -7.0},
    )
    with pytest.warns(FitFailedWarning, match="(?s)10 fits failed out of a total of 30.*finite"):
        ours, other = both(case)
    same_results(ours, other)
    assert (ours.cv_results_["mean_test_score"] == -7).tolist() == [False, False, True, True] + [
        False
    ] * 2
    with pytest.raises(ValueError, match="Solver produced non-finite"):
        fnet.GridSearchCV(case.estimator, case.grid, error_score="raise").fit(*case.data)


def non_finite_scores():
    return pytest.warns(UserWarning, match="One or more of the test scores are non-finite")


def fails_on_strong_penalties(estimator, X, y):
    if estimator.alpha > 1:
        raise RuntimeError("no score")
    return estimator.score(X, y)


def test_a_scorer_that_fails_on_one_candidate():
    search = {"scoring": fails_on_strong_penalties, "cv": SHUFFLED}
    with pytest.warns(UserWarning, match="no score|scores are non-finite"):
        same_results(*both(Case(classifier(), {"alpha": [0.1, 10]}, search=search)))


def test_a_candidate_with_invalid_parameters_fails_alone(monkeypatch):
    case = Case(classifier(), {"alpha": [0.1, -1, 1]}, search=LOG_LOSS)
    with (
        pytest.warns(FitFailedWarning, match="(?s)3 fits failed out of a total of 9.*'alpha'"),
        non_finite_scores(),
    ):
        same_results(*both(case))
    calls = counting(monkeypatch, "numpy")
    with pytest.warns(FitFailedWarning), non_finite_scores():
        fnet.GridSearchCV(case.estimator, case.grid, **case.search).fit(*case.data)
    assert calls == [(2,)] * 3 + [()]


def test_a_random_search_is_scikit_learns():
    distributions = {"learning_rate_init": stats.loguniform(1e-3, 1e-1), "activation": ["relu"]}
    case = Case(classifier(), distributions, search=LOG_LOSS)
    kinds = fnet.RandomizedSearchCV, theirs.RandomizedSearchCV
    ours, other = both(case, *kinds, n_iter=4, random_state=0)
    same_results(ours, other)
    np.testing.assert_array_equal(ours.predict(IRIS[0]), other.predict(IRIS[0]))


@pytest.mark.parametrize("name", ["GridSearchCV", "RandomizedSearchCV"])
def test_the_arguments_are_scikit_learns(name):
    ours, other = (getattr(side, name) for side in (fnet, theirs))
    parameters = [
        [(p.name, p.kind, str(p.default)) for p in inspect.signature(kind).parameters.values()]
        for kind in (ours, other)
    ]
    assert parameters[0] == parameters[1]
    search = clone(ours(classifier(), {"alpha": [1]}, cv=7)).set_params(estimator__tol=0.5)
    assert search.get_params()["estimator__tol"] == 0.5
    assert "Parallel" not in vars(ours.fit)  # a method like any other
    assert isinstance(search, BaseSearchCV)


@pytest.mark.parametrize("jobs", [{"n_jobs": 2}, {"backend": "loky", "n_jobs": 2}])
def test_results_do_not_depend_on_jobs(jobs):
    case = CASES["architectures"]
    alone = fnet.GridSearchCV(case.estimator, case.grid, **case.search).fit(*case.data)
    with joblib.parallel_config(**jobs):
        ours = fnet.GridSearchCV(case.estimator, case.grid, **case.search).fit(*case.data)
    for name, values in alone.cv_results_.items():
        if not name.endswith("_time"):
            assert str(values) == str(ours.cv_results_[name])


def test_groups_are_cut_to_fit_into_memory(monkeypatch, capsys):
    case = CASES["numbers"]
    other = theirs.GridSearchCV(case.estimator, case.grid, **case.search).fit(*case.data)
    monkeypatch.setattr(layout, "MAX_BYTES", 150_000)
    calls = counting(monkeypatch, "numpy")
    ours = fnet.GridSearchCV(case.estimator, case.grid, **case.search, verbose=1).fit(*case.data)
    same_results(ours, other)
    assert calls == [(6,), (6,)] * 3 + [()]
    assert "12 candidates would take 0.17 MiB; 6 train together" in capsys.readouterr().out


def test_a_small_search_does_not_import_tensorflow():
    code = """
import sys, fnet
from sklearn.base import clone
from sklearn.datasets import load_iris
model = fnet.MLPClassifier((10,), max_iter=200, tol=1, random_state=0)
fnet.GridSearchCV(model, {"alpha": [0, 0.1]}, cv=3).fit(*load_iris(return_X_y=True))
assert "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("estimator", "grid", "message"),
    [
        (LogisticRegression(), {"C": [1]}, "LogisticRegression. Use sklearn.model_selection.Grid"),
        (
            make_pipeline(StandardScaler(), LogisticRegression()),
            {"logisticregression__C": [1]},
            "must be an MLPClassifier or MLPRegressor of fnet, or a Pipeline",
        ),
        (make_pipeline(classifier(), "passthrough"), {"memory": [None]}, "got str"),
        (classifier(), {"alpha": []}, "need to be a non-empty sequence"),
        (classifier(), {"alpha": 1.0}, "needs to be a list or a numpy array"),
        (classifier(), {"alhpa": [1, 2]}, "Invalid parameter 'alhpa'|alpha"),
    ],
)
def test_bad_searches(estimator, grid, message):
    with pytest.raises((InvalidArgument, TypeError, ValueError), match=message):
        fnet.GridSearchCV(estimator, grid).fit(*IRIS)
