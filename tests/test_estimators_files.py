"""Estimators in files: a loaded estimator equals the saved one, its model needs no scikit-learn."""

import warnings

import numpy as np
import pandas as pd
import pytest

import fnet
from fnet import InvalidArgument, MLPClassifier, MLPRegressor, Tuning

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4))
TABLE = pd.DataFrame(X, columns=list("abcd"))
LABELS = RNG.integers(3, size=80)
Y = X @ [1.0, 2.0, 3.0, 4.0] * 100 + 1000
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0}

CASES = {
    "names": (MLPClassifier(**SMALL, standardize=True), TABLE, np.array(list("abc"))[LABELS]),
    "objects": (
        MLPClassifier(**SMALL, early_stopping=True),
        *(X, np.array(["a", "b", "c"], object)[LABELS]),
    ),
    "two classes": (MLPClassifier(**SMALL, class_weight={0: 1.0, 1: 2.0}), X, LABELS % 2),
    "labels": (MLPClassifier(**SMALL), X.astype(np.float32), RNG.integers(2, size=(80, 3))),
    "targets": (MLPRegressor(**SMALL, standardize=True), TABLE, Y),
    "several targets": (
        MLPRegressor(**SMALL, standardize=True, solver="lbfgs"),
        *(X, X[:, :2] * 7 + 3),
    ),
    "quantiles": (MLPRegressor(**SMALL, quantiles=(0.1, 0.5, 0.9)), X, Y),
    "schedule": (
        MLPRegressor(
            **SMALL, learning_rate=fnet.schedules.cosine(0.01, 100), tuning=Tuning(l1=0.1)
        ),
        *(X, Y),
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    """`(fitted, x, y)`."""
    estimator, x, y = CASES[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(x, y), x, y


def test_a_loaded_estimator_equals_the_saved_one(case, tmp_path):
    fitted, x, y = case
    path = tmp_path / "estimator.fnet"
    fnet.save(path, fitted)
    model = fnet.load(path)
    again = model.estimator()
    assert type(again) is type(fitted)
    assert again.get_params().keys() == fitted.get_params().keys()
    assert vars(again).keys() == vars(fitted).keys()
    for found in (again.predict(x), model.predict(x)):
        assert found.dtype == fitted.predict(x).dtype
        np.testing.assert_array_equal(found, fitted.predict(x))
    if hasattr(fitted, "predict_proba"):
        np.testing.assert_array_equal(model.predict_proba(x), fitted.predict_proba(x))
    once = path.read_bytes()
    fnet.save(path, again)
    assert path.read_bytes() == once
    if hasattr(fitted, "partial_fit"):
        for w, expected in zip(
            again.partial_fit(x, y).coefs_, fitted.partial_fit(x, y).coefs_, strict=True
        ):
            np.testing.assert_array_equal(w, expected)


def test_a_table_must_have_the_columns_of_the_fit(tmp_path):
    estimator, x, y = CASES["targets"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fnet.save(tmp_path / "estimator.fnet", estimator.fit(x, y))
    with pytest.raises(InvalidArgument, match=r"missing \['b'\]; unknown \['z'\]"):
        fnet.load(tmp_path / "estimator.fnet").predict(x.rename(columns={"b": "z"}))


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_fit_continues_from_its_checkpoint(tmp_path):
    class Crash(Exception):
        pass

    class Crashing(fnet.checkpoint):
        def __call__(self, run):
            super().__call__(run)
            raise Crash

    def fitted(callback):
        return MLPClassifier(**SMALL, callback=callback).fit(X, LABELS)

    path = tmp_path / "run.fnet"
    with pytest.raises(Crash):
        fitted(Crashing(path, every=0))
    for ours, theirs in zip(fitted(fnet.checkpoint(path)).coefs_, fitted(None).coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(InvalidArgument, match="differs in its initial params|in its plan"):
        MLPClassifier(**SMALL | {"random_state": 1}, callback=fnet.checkpoint(path)).fit(X, LABELS)


def test_a_long_training_is_saved(tmp_path):
    """Curves are arrays in the file and lists in the estimator."""
    model = MLPRegressor(hidden_layer_sizes=(1,), max_iter=3, random_state=0, alpha=0.0)
    with pytest.warns(match="Maximum iterations"):
        model.fit(np.eye(4), np.arange(4.0), validation_data=(np.eye(4), np.arange(4.0)))
    model.loss_curve_ = model.loss_curve_ * 50_000
    fnet.save(tmp_path / "long.fnet", model)
    again = fnet.load(tmp_path / "long.fnet").estimator()
    assert again.loss_curve_ == model.loss_curve_
    assert again.validation_scores_ == model.validation_scores_
