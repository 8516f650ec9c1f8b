"""The estimators against scikit-learn's: the same arguments, the same numbers."""

import pickle
import signal
import subprocess
import sys
import warnings
from typing import get_args

import numpy as np
import pytest
from sklearn import neural_network as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from tqdm.auto import tqdm

import fnet
from fnet import MLPClassifier, MLPRegressor, Tuning, backends, reference
from fnet.core.optimizers import spec
from fnet.engine import compiled_loop
from fnet.estimators import regressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = {
    "adam": {},
    "adam with other numbers": {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
    "sgd": {"solver": "sgd"},
    "sgd with momentum 1": {"solver": "sgd", "momentum": 1.0, "learning_rate_init": 1e-4},
    "sgd without momentum": {"solver": "sgd", "momentum": 0.0},
    "sgd without Nesterov": {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    "logistic": {"activation": "logistic"},
    "tanh in two layers": {"activation": "tanh", "hidden_layer_sizes": (7, 3)},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 2, "validation_fraction": 0.2},
    "stopping": {"tol": 0.05, "n_iter_no_change": 2},
    "a tolerance of 0": {"tol": 0.0, "n_iter_no_change": 1, "early_stopping": True},
}
SAME = {"random_state": 3, "shuffle": False, "max_iter": 7, "batch_size": 64, "alpha": 0.1}

IRIS = load_iris(return_X_y=True)
X = IRIS[0] / 4 - 1
Y = np.array(["setosa", "versicolor", "virginica"])[IRIS[1]]
LABELS = np.stack([X[:, 0] > 0.4, X[:, 1] > -0.2, X[:, 2] > 0], axis=1).astype(int)
WEIGHTS = np.random.default_rng(0).integers(1, 4, len(X))


def data(name):
    """`(x, y)` with values of about 1."""
    if name == "labels":
        return X, LABELS
    if name == "several outputs":
        return X, np.stack([X[:, 0], X[:, 1] * X[:, 2], 5 * X[:, 3]], axis=1)
    if name == "diabetes":
        x, y = load_diabetes(return_X_y=True)
        return x[:250] * 20, y[:250] / 50
    load = {"iris": load_iris, "breast_cancer": load_breast_cancer, "digits": load_digits}[name]
    x, y = (column[:300] for column in load(return_X_y=True))
    return x / x.max(axis=0).clip(1e-9), y


def pair(kind, x, y, sample_weight=None, **settings):
    """The estimators of both packages, fitted with the same arguments to the same rows."""
    ours, other = getattr(fnet, kind)(**settings), getattr(theirs, kind)(**settings)
    return (each.fit(x, y, sample_weight=sample_weight) for each in (ours, other))


def close(ours, other, atol=1e-10):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(ours, name), getattr(other, name), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=atol)
            assert a.dtype == b.dtype


# The same as scikit-learn.


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("source", ["iris", "breast_cancer", "labels"])
def test_a_classifier_takes_the_same_steps_as_scikit_learns(source, name):
    x, y = data(source)
    ours, other = pair("MLPClassifier", x, y, **{**SAME, **SETTINGS[name]})
    close(ours, other)
    np.testing.assert_allclose(ours.loss_curve_, other.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(x), other.predict_proba(x), atol=1e-10)
    np.testing.assert_array_equal(ours.predict(x), other.predict(x))
    attributes(ours, other)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    ("source", "loss"),
    [
        ("diabetes", "squared_error"),
        ("diabetes", "poisson"),
        ("several outputs", "squared_error"),
        ("several outputs", "poisson"),
    ],
)
def test_a_regressor_takes_the_same_steps_as_scikit_learns(source, loss, name):
    x, y = data(source)
    y = np.abs(y) if loss == "poisson" else y
    settings = {**SAME, **SETTINGS[name], "loss": loss}
    if y.ndim == 2 and loss == "squared_error":
        settings["alpha"] = 0.0  # scikit-learn reports another penalty than it minimizes
    ours, other = pair("MLPRegressor", x, y, **settings)
    close(ours, other)
    np.testing.assert_allclose(ours.loss_curve_, other.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict(x), other.predict(x), atol=1e-9)
    attributes(ours, other)


def attributes(ours, other):
    """Check that fitted attributes have the same names and values."""
    names = {n for n in vars(other) if n.endswith("_") and not n.startswith("_")}
    assert names <= set(vars(ours))
    for name in names - {"coefs_", "intercepts_"}:
        a, b = getattr(ours, name), getattr(other, name)
        if isinstance(b, (str, int, type(None))):
            assert a == b, name
        elif isinstance(b, (float, list)):
            np.testing.assert_allclose(a, b, rtol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_several_outputs_with_a_penalty_take_the_same_steps(kind, solver):
    """The penalty is added to a sum over outputs, not to a mean."""
    x, y = data("labels" if kind == "MLPClassifier" else "several outputs")
    close(*pair(kind, x, y, **{**SAME, "solver": solver, "alpha": 10.0, "max_iter": 1}))


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_row_weights_mean_the_same_as_in_scikit_learn(kind):
    x, y = data("iris")
    close(*pair(kind, x, y, WEIGHTS, **SAME))


@pytest.mark.parametrize("source", ["iris", "breast_cancer", "labels", "diabetes"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_lbfgs_gives_the_same_as_scikit_learns(source, weights):
    x, y = (column[:150] for column in data(source))
    kind = "MLPRegressor" if source == "diabetes" else "MLPClassifier"
    ours, other = pair(kind, x, y, weights, **{**SAME, "solver": "lbfgs"})
    close(ours, other, atol=1e-9)
    assert ours.n_iter_ == other.n_iter_
    np.testing.assert_allclose(ours.loss_, other.loss_, rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("source", ["iris", "breast_cancer", "labels", "diabetes"])
def test_coefs_of_scikit_learn_predict_the_same(source, dtype):
    x, y = data(source)
    x = x.astype(dtype)
    kind = "MLPRegressor" if source == "diabetes" else "MLPClassifier"
    ours, other = pair(kind, x, y, max_iter=20, random_state=0)
    ours.coefs_, ours.intercepts_ = other.coefs_, other.intercepts_
    atol = 1e-6 if dtype == "float32" else 1e-12
    methods = {"MLPClassifier": ["predict_proba", "predict_log_proba"], "MLPRegressor": ["predict"]}
    for method in methods[kind]:
        a, b = getattr(ours, method)(x), getattr(other, method)(x)
        np.testing.assert_allclose(a, b, rtol=atol, atol=atol)
        assert a.dtype == b.dtype == dtype
    np.testing.assert_allclose(ours.score(x, y), other.score(x, y), atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "adam"},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    ],
)
def test_partial_fits_continue_as_scikit_learns_do(settings):
    settings = {**SAME, **settings}
    ours, other = MLPClassifier(**settings), theirs.MLPClassifier(**settings)
    for _ in range(6):
        for each in (ours, other):
            each.partial_fit(X[::2], Y[::2], classes=np.unique(Y))
        close(ours, other)
        assert (ours.n_iter_, ours.t_) == (other.n_iter_, other.t_)
        np.testing.assert_allclose(ours.loss_curve_, other.loss_curve_)


def test_a_warm_start_continues_from_the_coefs():
    ours, other = pair("MLPClassifier", X, Y, **SAME, warm_start=True)
    ours.fit(X, Y)
    other.fit(X, Y)
    close(ours, other)
    np.testing.assert_allclose(ours.loss_curve_, other.loss_curve_)
    assert (ours.n_iter_, ours.t_) == (other.n_iter_, other.t_)
    ours.coefs_[0][:] = 0
    assert np.all(ours.set_params(learning_rate_init=1e-12).fit(X, Y).coefs_[0] < 1e-6)


def test_the_same_random_state_gives_the_same_bits():
    def fitted(state):
        return (
            MLPClassifier(random_state=state, max_iter=5, early_stopping=True).fit(X, Y).coefs_[0]
        )

    assert fitted(1).tobytes() == fitted(1).tobytes() != fitted(2).tobytes()
    np.random.seed(1)  # noqa: NPY002, a global generator that must not be read
    state = np.random.RandomState(1)
    one, other = fitted(state), fitted(state)
    assert one.tobytes() == fitted(np.random.RandomState(1)).tobytes() != other.tobytes()
    assert fitted(None).tobytes() != fitted(None).tobytes()


def test_warnings_are_scikit_learns_and_name_the_callers_line():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached and the"):
        MLPClassifier(max_iter=3).fit(X, Y)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 2 iteration"):
        MLPClassifier(solver="lbfgs", max_iter=2, tol=0).fit(X, Y)
    with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger than sample"):
        MLPClassifier(max_iter=1, batch_size=1000).fit(X, Y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPClassifier(max_iter=1, batch_size=1000).fit(X, Y)
        MLPClassifier(solver="lbfgs", max_iter=2, tol=0).fit(X, Y)
    assert [each.filename for each in caught] == 3 * [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier(tol=1.0, n_iter_no_change=1).fit(X, Y)
        MLPClassifier().partial_fit(X, Y, classes=np.unique(Y))


# More than scikit-learn has.


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_both_engines_fit_the_same(kind):
    settings = {"random_state": 0, "max_iter": 5, "early_stopping": True, "dropout": 0.2}
    y = Y if kind == "MLPClassifier" else X[:, 0]
    ours, other = (
        getattr(fnet, kind)(**settings, engine=engine).fit(X, y)
        for engine in ("numpy", "tensorflow")
    )
    close(ours, other)
    np.testing.assert_allclose(ours.validation_scores_, other.validation_scores_)
    assert (ours.engine_, other.engine_) == ("numpy", "tensorflow")
    assert all(type(w) is np.ndarray for w in other.coefs_)


def test_the_engine_is_chosen_by_the_work():
    def engine(rows, hidden, epochs):
        return backends.choose("auto", fnet.Network((64, hidden, 10)), rows, epochs)[1]

    assert engine(200, 100, 200 * 9) == "numpy"
    assert engine(64, 30, 500 * 23) == "numpy"
    assert engine(64, 30, 10**6) == "tensorflow"
    assert engine(1024, 4096, 2000) == "tensorflow"


@pytest.mark.parametrize(
    "solver", ["adagrad", "adamw", "amsgrad", "lion", "nadam", "rmsprop", reference.adam(0.01)]
)
def test_every_optimizer_learns(solver):
    settings = {"solver": solver, "learning_rate_init": 0.01, "max_iter": 60, "batch_size": 30}
    assert MLPClassifier(random_state=0, **settings).fit(X, Y).score(X, Y) > 0.9


@pytest.mark.parametrize("engine", ["numpy", "tensorflow"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_schedule_replaces_the_learning_rate(solver, engine):
    halves = reference.schedules.exponential(0.1, decay_steps=1, decay_rate=0.5)
    settings = {**SAME, "solver": solver, "engine": engine}
    by_schedule = MLPClassifier(**settings, learning_rate=halves).fit(X, Y)
    by_function = MLPClassifier(**settings, learning_rate=lambda k: 0.1 * 0.5**k).fit(X, Y)
    close(by_schedule, by_function)
    assert np.abs(by_schedule.coefs_[0] - MLPClassifier(**SAME).fit(X, Y).coefs_[0]).max() > 1e-3


def test_type_checkers_know_the_losses_that_the_regressor_accepts():
    assert set(get_args(regressor.RegressionLoss)) == regressor.REGRESSION_LOSSES


def test_each_layer_may_have_its_activation():
    settings = {"hidden_layer_sizes": (6, 5), "random_state": 0, "max_iter": 3}
    found = MLPClassifier(activation=("gelu", "logistic"), **settings).fit(X, Y)
    assert found.functional()[0].hidden == ("gelu", "sigmoid")


def test_quantiles_are_predicted_in_order():
    x = np.random.default_rng(0).uniform(size=(400, 1))
    y = x[:, 0] + np.random.default_rng(1).uniform(-1, 1, 400)
    settings = {"solver": "adam", "learning_rate_init": 0.01, "max_iter": 300, "random_state": 0}
    found = MLPRegressor(quantiles=(0.1, 0.5, 0.9), standardize=True, **settings).fit(x, y)
    predictions = found.predict(x)
    assert predictions.shape == (400, 3)
    assert np.all(np.diff(predictions) >= 0)
    shares = np.mean(y[:, None] < predictions, axis=0)
    np.testing.assert_allclose(shares, [0.1, 0.5, 0.9], atol=0.06)
    off = y[:, None] - predictions
    pinball = np.maximum([0.1, 0.5, 0.9] * off, np.subtract([0.1, 0.5, 0.9], 1) * off).mean()
    assert found.score(x, y) == pytest.approx(-pinball)
    assert MLPRegressor("pinball", **settings).fit(x, y).predict(x).shape == (400,)


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_other_losses_learn(loss):
    x, y = data("diabetes")
    found = MLPRegressor(loss, standardize=True, random_state=0).fit(x, y)
    assert found.score(x, y) > 0.4


def test_class_weights_equal_row_weights():
    rows = Y != "setosa"
    x, y = X[rows, :1], Y[rows]
    plain = MLPClassifier(random_state=0).fit(x, y)
    heavy = {"virginica": 20}
    by_class = MLPClassifier(class_weight=heavy, random_state=0).fit(x, y)
    by_rows = MLPClassifier(random_state=0).fit(x, y, np.where(y == "virginica", 20.0, 1.0))
    close(by_class, by_rows)
    share = np.mean(by_class.predict(x) == "virginica")
    assert share > np.mean(plain.predict(x) == "virginica")
    lbfgs = {"solver": "lbfgs", "max_iter": 5, "random_state": 0}
    close(
        MLPClassifier(class_weight=heavy, **lbfgs).fit(x, y),
        MLPClassifier(**lbfgs).fit(x, y, np.where(y == "virginica", 20.0, 1.0)),
    )
    several = [{1: 5.0}, "balanced", {0: 2.0}]
    for solver in ("adam", "lbfgs"):
        MLPClassifier(class_weight=several, solver=solver, max_iter=3).fit(X, LABELS)


@pytest.mark.parametrize("name", ["dropout", "clipvalue", "global_clipnorm", "tuning"])
def test_each_further_hyperparameter_has_an_effect(name):
    value = {"dropout": 0.5, "tuning": Tuning(label_smoothing=0.3)}.get(name, 1e-3)
    settings = {**SAME, "solver": "sgd"}
    plain = MLPClassifier(**settings).fit(X, Y)
    changed = MLPClassifier(**settings, **{name: value}).fit(X, Y)
    assert np.abs(plain.coefs_[0] - changed.coefs_[0]).max() > 1e-4


def test_a_tuning_overrides_the_arguments():
    close(
        MLPClassifier(**{**SAME, "alpha": 5.0}).fit(X, Y),
        MLPClassifier(**SAME, tuning=Tuning(l2=5.0)).fit(X, Y),
    )


def test_validation_data_are_measured_after_each_epoch():
    x, x_validation, y, truth = train_test_split(X, Y, random_state=0)
    found = MLPClassifier(max_iter=5, random_state=0).fit(
        x, y, validation_data=(x_validation, truth)
    )
    assert len(found.validation_loss_curve_) == len(found.validation_scores_) == 5
    assert found.validation_scores_[-1] == accuracy_score(truth, found.predict(x_validation))
    of_truth = np.take_along_axis(
        found.predict_proba(x_validation), np.searchsorted(found.classes_, truth)[:, None], axis=1
    )
    assert found.validation_loss_curve_[-1] == pytest.approx(-np.log(of_truth).mean())
    settings = {"max_iter": 60, "early_stopping": True, "random_state": 0}
    kept = MLPClassifier(**settings).fit(x, y, validation_data=(x_validation, truth))
    assert kept.best_validation_score_ == max(kept.validation_scores_)
    assert kept.best_validation_score_ == accuracy_score(truth, kept.predict(x_validation))
    weights = np.ones(len(x_validation))
    again = MLPClassifier(**settings).fit(x, y, validation_data=(x_validation, truth, weights))
    close(kept, again)


def test_a_column_that_cannot_be_standardized_is_named():
    x, y = np.ones((4, 3)), np.arange(4.0)
    x[:2, 1] = 1e200
    with pytest.raises(ValueError, match=r"feature 1 \(counted from 0\) cannot be standardized"):
        MLPRegressor(standardize=True).fit(x, y)
    with pytest.raises(ValueError, match="target 0 .* cannot be standardized"):
        MLPRegressor(standardize=True).fit(np.eye(4), 1e200 * y)


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_early_stopping_by_the_loss_keeps_the_epoch_with_the_lowest(kind):
    x, y = data("labels" if kind == "MLPClassifier" else "several outputs")
    x, x_validation, y, truth = train_test_split(x, y, random_state=0)
    settings = {"n_iter_no_change": 5, "max_iter": 300, "random_state": 0, "tol": 0}
    arguments = {"early_stopping": "loss", "learning_rate_init": 0.05, **settings}
    found = getattr(fnet, kind)(**arguments).fit(x, y, validation_data=(x_validation, truth))
    losses = found.validation_loss_curve_
    assert found.ended_ == "patience"
    assert len(losses) - 1 - np.argmin(losses) == 6
    done = {**arguments, "early_stopping": False, "max_iter": int(np.argmin(losses)) + 1}
    done["n_iter_no_change"] = np.inf
    close(found, getattr(fnet, kind)(**done).fit(x, y, validation_data=(x_validation, truth)))


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_early_stopping_works_with_partial_fit(kind):
    """Each call keeps the best params; after patience has run out, calls change nothing."""
    x, y = data("labels" if kind == "MLPClassifier" else "several outputs")
    settings = {"early_stopping": True, "n_iter_no_change": 3, "tol": 0.01, "random_state": 0}
    found = getattr(fnet, kind)(**settings, learning_rate_init=0.05)
    x_validation = x[::5], y[::5]
    for _ in range(200):
        found.partial_fit(x, y, validation_data=x_validation)
    scores = found.validation_scores_
    assert 4 < len(scores) < 200
    assert found.best_validation_score_ == max(scores)
    score = accuracy_score if kind == "MLPClassifier" else r2_score
    assert score(x_validation[1], found.predict(x_validation[0])) == pytest.approx(max(scores))
    for split in range(2):
        alone = getattr(fnet, kind)(**settings)
        for _ in range(split + 1):
            alone.partial_fit(x, y)
        assert len(alone.validation_scores_) == split + 1


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_standardize_equals_a_standard_scaler_before_the_model(weights):
    x = X * [1, 10, 1e4, 0] + [0, 5, 1e6, 7]
    y = 1e5 * X[:, 0] + 3e6
    scaler = StandardScaler().fit(x, sample_weight=weights)
    targets = StandardScaler().fit(y[:, None], sample_weight=weights)
    found = MLPRegressor(standardize=True, **SAME).fit(x, y, weights)
    other = theirs.MLPRegressor(**SAME)
    other.fit(scaler.transform(x), targets.transform(y[:, None])[:, 0], weights)
    close(found, other, atol=1e-9)
    predictions = other.predict(scaler.transform(x))[:, None]
    np.testing.assert_allclose(
        found.predict(x), targets.inverse_transform(predictions)[:, 0], rtol=1e-9
    )
    wild = theirs.MLPRegressor(random_state=0, max_iter=20).fit(x, y).score(x, y)
    assert wild < 0 < 0.9 < MLPRegressor(standardize=True, random_state=0).fit(x, y).score(x, y)


def test_counts_are_not_standardized():
    found = MLPRegressor("poisson", standardize=True, random_state=0).fit(X, np.exp(X[:, 0]))
    assert found.scaling_.y_mean is None
    assert found.score(X, np.exp(X[:, 0])) > 0.8


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_to_the_pure_functions_and_back(kind, standardize, dtype):
    y = Y if kind == "MLPClassifier" else X[:, 0] * 3 + 10
    x = X.astype(dtype)
    found = getattr(fnet, kind)(standardize=standardize, max_iter=20, random_state=0).fit(x, y)
    net, params = found.functional()
    predict = found.predict_proba if kind == "MLPClassifier" else found.predict
    atol = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(
        reference.predict(net, params, x).squeeze(), predict(x), rtol=atol, atol=atol
    )
    named = {"classes": found.classes_} if kind == "MLPClassifier" else {}
    back = getattr(fnet, kind).from_functional(net, params, warm_start=True, **named)
    np.testing.assert_allclose(back.predict(x), found.predict(x)) if not named else (
        np.testing.assert_array_equal(back.predict(x), found.predict(x))
    )
    assert back.get_params()["hidden_layer_sizes"] == (100,)
    assert back.set_params(max_iter=2).fit(x, y).coefs_[0].dtype == dtype


def test_the_classes_of_a_network_may_stand_in_any_order():
    net = fnet.Network((4, 3))
    params, names = reference.init_params(net, 0), np.array(["c", "a", "b"])
    labels = np.unique(Y, return_inverse=True)[1]
    found, numbered = (
        MLPClassifier.from_functional(net, params, classes=classes).partial_fit(X, classes[labels])
        for classes in (names, np.arange(3))
    )
    np.testing.assert_array_equal(found.coefs_[0], numbered.coefs_[0])
    assert found.predict(X).tolist() == names[numbered.predict(X)].tolist()


def test_the_labels_of_a_network_may_have_names():
    net = fnet.Network((4, 2), loss="sigmoid_cross_entropy")
    params, y = reference.init_params(net, 0), np.tile([[0, 1], [1, 1]], (75, 1))
    found, numbered = (
        MLPClassifier.from_functional(net, params, classes=classes).partial_fit(X, y)
        for classes in (["tall", "wide"], None)
    )
    np.testing.assert_array_equal(found.coefs_[0], numbered.coefs_[0])
    assert found.classes_.tolist() == ["tall", "wide"]


def test_networks_without_biases_or_with_an_output_activation_are_converted():
    net = fnet.Network((4, 3, 2), hidden="tanh", output="tanh", bias=False, loss="squared_error")
    params = reference.init_params(net, 0)
    found = MLPRegressor.from_functional(net, params)
    expected = reference.predict(net, params, X)
    np.testing.assert_allclose(found.predict(X.astype("float32")), expected, rtol=1e-5, atol=1e-6)
    assert found.out_activation_ == "tanh"


@pytest.mark.parametrize("source", ["iris", "breast_cancer", "labels", "diabetes"])
def test_a_fitted_estimator_of_scikit_learn_is_converted(source):
    x, y = data(source)
    kind = "MLPRegressor" if source == "diabetes" else "MLPClassifier"
    other = getattr(theirs, kind)(**{**SAME, "warm_start": True}).fit(x, y)
    found = getattr(fnet, kind).from_sklearn(other)
    np.testing.assert_array_equal(found.predict(x), other.predict(x))
    close(found, other, atol=0)
    attributes(found, other)
    assert found.max_iter == 7
    other.fit(x, y)
    close(found.fit(x, y), other)
    found.partial_fit(x, y)


def test_the_callback_gets_the_run():
    seen = []
    found = MLPClassifier(max_iter=5, random_state=0, callback=seen.append).fit(X, Y)
    assert seen[-1].history["loss"].tolist() == found.loss_curve_


@pytest.mark.parametrize("engine", ["numpy", "tensorflow"])
def test_ctrl_c_ends_a_fit_after_the_epochs_done_so_far(engine):
    def interrupt(run):
        if run.history["ended"] == "running":
            signal.raise_signal(signal.SIGINT)

    found = MLPClassifier(max_iter=10**6, tol=0, n_iter_no_change=10**6, engine=engine)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        found.set_params(callback=interrupt).fit(X, Y)
    assert 0 < found.n_iter_ < 10**6
    assert found.ended_ == "interrupted"
    assert len(found.loss_curve_) == found.n_iter_
    assert found.predict(X).shape == Y.shape


def test_ctrl_c_ends_a_fit_by_lbfgs(monkeypatch):
    update = tqdm.update

    def interrupt(bar, *arguments):
        signal.raise_signal(signal.SIGINT)
        return update(bar, *arguments)

    monkeypatch.setattr(tqdm, "update", interrupt)
    found = MLPClassifier(solver="lbfgs", engine="numpy")
    with pytest.warns(UserWarning, match="^Training interrupted by user.$") as caught:
        found.fit(X, Y)
    assert caught[0].filename == __file__
    assert found.n_iter_ == 1
    assert found.predict(X).shape == Y.shape


def test_many_fits_share_programs():
    """One for each architecture and shape, for any hyperparameters."""
    sizes = [(3,), (4,), (3, 3)]
    before = [traces(hidden) for hidden in sizes]
    for i in range(12):
        settings = {"alpha": 10.0**-i, "learning_rate_init": 10 ** (-2 - i / 6), "random_state": i}
        MLPClassifier(sizes[i % 3], **settings, max_iter=2, engine="tensorflow").fit(X, Y)
    assert [traces(hidden) for hidden in sizes] == [count + 1 for count in before]


def traces(hidden):
    """The number of traces of the program that these fits use."""
    net = fnet.Network((4, *hidden, 3))
    program = compiled_loop.Program(
        net, spec(reference.adam(0.1)), "loss", ("loss",), None, "float32"
    )
    compiled = compiled_loop.compiled(program, False)
    return compiled.experimental_get_tracing_count()


# Imports.

SMALL = """
import json, pickle, sys, warnings
warnings.simplefilter("ignore")
import fnet
from sklearn.datasets import load_iris, load_breast_cancer, load_digits
for load in (load_iris, load_breast_cancer, load_digits):
    x, y = load(return_X_y=True)
    found = fnet.MLPClassifier(max_iter=2).fit(x, y)
    found.partial_fit(x, y)
    found.predict_proba(x)
fnet.MLPRegressor(max_iter=2, standardize=True, early_stopping=True).fit(x, y).score(x, y)
fnet.MLPClassifier(solver=fnet.reference.adamw(0.1), max_iter=2).fit(x, y)
found = pickle.loads(bytes.fromhex(PICKLE))
found.predict(IRIS)
assert found.engine_ == "tensorflow"
print([name for name in ("tensorflow", "keras", "matplotlib") if name in sys.modules])
"""


def test_small_fits_and_pickles_of_large_ones_import_no_tensorflow():
    large = MLPClassifier(max_iter=2, engine="tensorflow", early_stopping=True).fit(X, Y)
    code = f"PICKLE = {pickle.dumps(large).hex()!r}\nIRIS = {X[:3].tolist()!r}\n" + SMALL
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
