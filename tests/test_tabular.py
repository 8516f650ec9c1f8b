"""The estimators of tables: what one fit gives, held to its parts and to scikit-learn."""

import functools
import math
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from processes import HANG_SECONDS
from sklearn import metrics
from sklearn.base import clone
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import fnet
from fnet import (
    Codes,
    InvalidArgument,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
    reference,
)
from fnet.core.params import map_params
from fnet.estimators.tabular import recipe

N = 120
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(size=N),
        "age": np.where(RNG.random(N) < 0.1, np.nan, RNG.integers(20, 80, N)),
        "town": RNG.choice(["Aachen", "Bonn", "Celle"], N),
        "noise": RNG.normal(size=N),
    }
)
NUMBERS = 2 * FRAME["size"] + (FRAME["town"] == "Bonn") + 0.3 * RNG.normal(size=N) + 100
NAMES = np.where(NUMBERS > 101, "high", np.where(NUMBERS > 99, "middle", "low"))
LABELS = np.stack([NUMBERS > 100, FRAME["town"] == "Bonn"], axis=1).astype(int)
FRAME["floor"] = np.arange(N) % 4
COUNTS = RNG.poisson(np.exp(FRAME["size"] / 2))
WEIGHTS = RNG.integers(1, 4, N) / 2
SMALL = {"cv": 3, "hidden": (16,), "epochs": 150, "engine": "numpy"}


def classifier(**options):
    return TabularClassifier(**SMALL | options)


def regressor(**options):
    return TabularRegressor(**SMALL | options)


FITS = {
    "classes": (classifier, {}, NAMES, {}),
    "two classes": (classifier, {}, NAMES == "low", {}),
    "labels": (classifier, {}, LABELS, {}),
    "class weights": (classifier, {"class_weight": {"low": 3.0}}, NAMES, {}),
    "balanced": (classifier, {"class_weight": "balanced"}, NAMES, {}),
    "numbers": (regressor, {}, NUMBERS, {}),
    "several": (regressor, {}, np.stack([NUMBERS, -NUMBERS], 1), {}),
    "counts": (regressor, {"loss": "poisson"}, COUNTS, {}),
    "huber": (regressor, {"loss": "huber"}, NUMBERS, {}),
    "quantiles": (regressor, {"quantiles": [0.05, 0.5, 0.95]}, NUMBERS, {}),
    "weights": (regressor, {}, NUMBERS, {"sample_weight": WEIGHTS}),
    "groups": (classifier, {}, NAMES, {"groups": np.arange(N) // 4}),
    "times": (regressor, {}, NUMBERS, {"times": np.arange(N) // 2}),
    "splitter": (regressor, {"cv": KFold(4)}, NUMBERS, {}),
    "pairs": (
        classifier,
        {"cv": [(range(80), range(80, 120)), (range(40, 120), range(40))]},
        NAMES,
        {},
    ),
    "repeats": (classifier, {"repeats": 2}, NAMES, {}),
    "no folds": (regressor, {"cv": 0}, NUMBERS, {}),
    "codes": (regressor, {"encoder": TableEncoder(embed=2)}, NUMBERS, {}),
    "codes of classes": (classifier, {"encoder": TableEncoder(embed=2)}, NAMES, {}),
}
"""Every kind of targets and of folds."""

EACH = pytest.mark.parametrize("name", FITS)


@functools.cache
def fitted(name):
    """The model of a case, which the tests of a process share: none changes it."""
    make, options, y, given = FITS[name]
    return make(**options).fit(FRAME, y, **given)


def scored(model, y, predictions, weights=None):
    """scikit-learn's score of out-of-fold predictions."""
    if isinstance(model, TabularClassifier):
        if predictions.shape[1:] == (2,) and np.ndim(y) > 1:
            return metrics.accuracy_score(y, predictions > 0.5)
        labels = model.classes_[predictions.argmax(axis=1)]
        return metrics.accuracy_score(y, labels, sample_weight=weights)
    if model.quantiles is not None:
        losses = [
            metrics.mean_pinball_loss(y, column, alpha=q)
            for q, column in zip(model.quantiles, predictions.T, strict=True)
        ]
        return -np.mean(losses)
    return metrics.r2_score(y, predictions, sample_weight=weights)


@EACH
def test_scores_are_those_of_what_the_networks_predict_for_held_out_rows(name):
    model, (_, options, y, given) = fitted(name), FITS[name]
    y = np.asarray(y)
    net, params = model.functional()
    x = model.encoder_.transform(FRAME)
    if options.get("cv") == 0:
        assert model.cv_score_ is None
        assert model.oof_predictions_ is None
        return
    seen = np.zeros(N, bool)
    in_order = "times" in given
    for m, (_, held_out) in enumerate(model.splits_):
        seen[held_out] = True
        if in_order or options.get("repeats"):
            continue
        own = reference.predict(net, map_params(lambda p, m=m: p[m], params), x[held_out])
        ours = model.oof_predictions_[held_out].reshape(len(held_out), -1)
        np.testing.assert_allclose(ours, own, rtol=1e-4, atol=1e-4)
    assert np.isnan(model.oof_predictions_[~seen]).all()
    assert np.isfinite(model.oof_predictions_[seen]).all()
    weights = given.get("sample_weight")
    own = None if weights is None else weights[seen]
    expected = scored(model, y[seen], model.oof_predictions_[seen], own)
    assert model.cv_score_ == pytest.approx(expected, rel=1e-9)
    folds = len(model.splits_) // model.repeats
    assert model.cv_scores_.shape == (folds,)
    error = np.std(model.cv_scores_, ddof=1) / np.sqrt(folds)
    assert model.cv_score_std_error_ == pytest.approx(error)
    if np.ndim(y) == 1 and "loss" not in options:
        assert model.cv_score_ > model.baseline_score_


@EACH
def test_the_mean_of_the_networks_predicts_from_any_container_and_a_file(name, tmp_path):
    model, (make, options, *_) = fitted(name), FITS[name]
    expected = model.predict(FRAME)
    net, params = model.functional()
    coded = () if net.codes is None else net.codes.levels
    assert coded == ((4, 5) if "encoder" in options else ())  # with one for unknown levels
    mean = reference.mean_prediction(net, params, model.encoder_.transform(FRAME))
    outputs = model.predict_proba(FRAME) if make is classifier else expected
    np.testing.assert_allclose(mean.reshape(outputs.shape), outputs, rtol=1e-4, atol=1e-4)
    fnet.save(tmp_path / "model.fnet", model)
    loaded = fnet.load(tmp_path / "model.fnet")
    restored = loaded.estimator()
    assert (restored.cv_score_, restored.n_epochs_) == (model.cv_score_, model.n_epochs_)
    records = FRAME.astype(object).where(FRAME.notna(), None)
    tables = {
        "reversed": FRAME[FRAME.columns[::-1]],
        "dict": {name: records[name].tolist() for name in FRAME},
        "records": records.to_dict("records"),
        "polars": polars.DataFrame({name: records[name].tolist() for name in FRAME}),
        "arrow": pyarrow.Table.from_pandas(FRAME),
    }
    for each in (model, loaded, restored, pickle.loads(pickle.dumps(model))):
        for table in tables.values():
            assert np.array_equal(each.predict(table), expected)
    fnet.save(tmp_path / "again.fnet", restored)
    assert (tmp_path / "again.fnet").read_bytes() == (tmp_path / "model.fnet").read_bytes()


@EACH
def test_no_row_of_the_training_data_is_in_a_file(name, tmp_path):
    """Arrays along N are none, and no cell of a column of distinct numbers."""
    model = fitted(name)
    content = model._plain()
    kept = content["ensemble"].conformity
    if kept is not None:
        assert kept.scores.shape[0] == len(content["params"][0].w)
    arrays = [np.asarray(a) for entry in content["params"] for a in entry]
    assert not any(N in array.shape for array in arrays)
    fnet.save(tmp_path / "model.fnet", model)
    data = (tmp_path / "model.fnet").read_bytes()
    inner = FRAME["noise"].sort_values().to_numpy()[1:-1]
    assert not any(value.tobytes() in data for value in inner)


def test_intervals_sets_and_disagreement(tmp_path):
    of_numbers = regressor(cv=8).fit(FRAME, NUMBERS)
    intervals = of_numbers.predict_interval(FRAME, coverage=0.8)
    assert intervals.shape == (N, 2)
    point = of_numbers.predict(FRAME)
    assert ((intervals[:, 0] < point) & (point < intervals[:, 1])).all()
    wider = of_numbers.predict_interval(FRAME, coverage=0.95)
    assert (wider[:, 1] - wider[:, 0] > intervals[:, 1] - intervals[:, 0]).all()
    assert of_numbers.predict_std(FRAME).shape == (N,)
    several = regressor().fit(FRAME, np.stack([NUMBERS, -NUMBERS], 1))
    assert several.predict_interval(FRAME[:5]).shape == (5, 2, 2)
    assert several.predict_std(FRAME[:5]).shape == (5, 2)
    quantiles = regressor(quantiles=[0.1, 0.9]).fit(FRAME, NUMBERS)
    assert quantiles.predict_interval(FRAME[:5]).shape == (5, 2)
    counts = regressor(loss="poisson").fit(FRAME, COUNTS)
    assert (counts.predict_interval(FRAME) >= 0).all()
    classes = classifier().fit(FRAME, NAMES)
    sets = classes.predict_set(FRAME, coverage=0.9)
    assert sets.shape == (N, 3)
    assert sets[np.arange(N), classes.predict_proba(FRAME).argmax(axis=1)].all()
    for model, method in ((of_numbers, "predict_interval"), (classes, "predict_set")):
        fnet.save(tmp_path / "model.fnet", model)
        loaded = fnet.load(tmp_path / "model.fnet")
        assert np.array_equal(getattr(loaded, method)(FRAME), getattr(model, method)(FRAME))
        assert np.array_equal(loaded.predict_std(FRAME), model.predict_std(FRAME))


def test_new_rows_are_covered():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2400, 2))
    y = x[:, 0] + rng.normal(size=2400) * (0.2 + np.abs(x[:, 1]))
    names = np.where(y > 0.5, "a", np.where(y > -0.5, "b", "c"))
    model = regressor(cv=4).fit(x[:400], y[:400])
    lower, upper = model.predict_interval(x[400:], coverage=0.9).T
    assert 0.86 < np.mean((lower <= y[400:]) & (y[400:] <= upper)) < 0.94
    sets = classifier(cv=4).fit(x[:400], names[:400]).predict_set(x[400:], coverage=0.9)
    codes = np.searchsorted(["a", "b", "c"], names[400:])
    assert 0.86 < sets[np.arange(2000), codes].mean() < 0.95


def test_in_time_order_the_networks_of_the_last_split_predict():
    for options, given, members in (
        ({}, {"times": np.arange(N)}, 1),
        ({"cv": TimeSeriesSplit(4)}, {}, 1),
        ({"repeats": 2}, {"times": np.arange(N)}, 2),
    ):
        model = regressor(**options).fit(FRAME, NUMBERS, **given)
        _, params = model.functional()
        assert params[0].w.shape[0] == members
        assert len(model.splits_) == (4 if options.get("cv") else 3) * model.repeats
        held_out = model.splits_[-1][1]
        inside = model.predict_interval(FRAME.iloc[held_out], coverage=0.8)
        y = NUMBERS.to_numpy()[held_out]
        share = np.mean((inside[:, 0] <= y) & (y <= inside[:, 1]))
        assert 0.75 <= share <= 0.95


def test_importances_are_those_of_columns():
    model = regressor(importance=True).fit(FRAME, NUMBERS)
    found = model.importances_
    assert found.names == ("size", "age", "town", "noise", "floor")
    assert found.importances.shape == (5, 5)
    np.testing.assert_allclose(found.importances_mean, found.importances.mean(axis=1))
    assert found.names[found.importances_mean.argmax()] == "size"
    assert found.importances_mean[2] > 2 * abs(found.importances_mean[3])
    assert regressor().fit(FRAME, NUMBERS).importances_ is None


IDS = 2 * np.random.default_rng(3).permutation(np.arange(600) % 40)
SLOPE = np.random.default_rng(4).normal(size=600)
OFFSETS = SLOPE + 3 * np.random.default_rng(6).normal(size=80)[IDS]
CODED = {  # the ids; one that was not seen, whose number is the mean; the R2 without codes
    "whole numbers": (IDS, IDS.mean(), 0.3),
    "text": (np.char.mod("id %d", IDS), "id 99", 1.0),  # a column for each does as well
}
ENOUGH = {"cv": 3, "hidden": (16,), "epochs": 60, "engine": "numpy"}


@pytest.mark.parametrize(("ids", "unseen", "without"), CODED.values(), ids=CODED)
def test_each_level_of_many_has_learned_numbers(ids, unseen, without, tmp_path):
    table = pd.DataFrame({"slope": SLOPE, "id": ids})
    model = TabularRegressor(importance=True, **ENOUGH).fit(table, OFFSETS)
    assert model.functional()[0].codes == Codes((1,), (41,))
    assert metrics.r2_score(OFFSETS, model.oof_predictions_) > 0.8
    assert model.importances_.names[model.importances_.importances_mean.argmax()] == "id"
    plain = TabularRegressor(encoder=TableEncoder(), **ENOUGH).fit(table, OFFSETS)
    assert plain.functional()[0].codes is None
    assert metrics.r2_score(OFFSETS, plain.oof_predictions_) < without

    new = {"slope": [0.5] * 3, "id": np.array([unseen, None, ids[0]], object)}
    found = model.predict(new)
    assert np.isfinite(found).all()
    assert found[0] == found[1] != found[2]
    fnet.save(tmp_path / "m.fnet", model)
    loaded = fnet.load(tmp_path / "m.fnet")
    for each in (loaded, loaded.estimator()):
        np.testing.assert_array_equal(each.predict(table), model.predict(table))
        np.testing.assert_array_equal(each.predict(new), found)


@pytest.mark.parametrize("ids", [ids for ids, *_ in CODED.values()], ids=CODED)
def test_a_table_of_many_columns_has_no_codes(ids):
    for columns, has_codes in ((64, True), (65, False)):
        others = {f"x{i}": SLOPE + i for i in range(columns - 1)}
        model = TabularRegressor(cv=2, hidden=(2,), epochs=1, engine="numpy")
        net, _ = model.fit({**others, "id": ids}, OFFSETS).functional()
        assert (net.codes is not None) == has_codes


def test_whole_numbers_of_few_rows_each_have_no_codes():
    """At least 10 rows for each of more than 20 values."""
    for values, has_codes in ((20, False), (21, True), (60, True), (61, False)):
        model = TabularRegressor(cv=2, hidden=(2,), epochs=1, engine="numpy")
        net, _ = model.fit({"id": np.arange(600) % values}, OFFSETS).functional()
        assert (net.codes is not None) == has_codes, values


def test_the_same_arguments_give_the_same_bits_in_another_process():
    code = (
        "import fnet, numpy as np\n"
        "x = np.linspace(-1, 1, 60).reshape(20, 3)\n"
        "model = fnet.TabularRegressor(cv=2, hidden=(8,), epochs=5).fit(x, x[:, 0] ** 2)\n"
        "print(model.predict(x).tobytes().hex())\n"
    )
    command = [sys.executable, "-c", code]
    there = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=HANG_SECONDS
    ).stdout
    x = np.linspace(-1, 1, 60).reshape(20, 3)
    model = TabularRegressor(cv=2, hidden=(8,), epochs=5).fit(x, x[:, 0] ** 2)
    assert there.strip() == model.predict(x).tobytes().hex()
    other = TabularRegressor(cv=2, hidden=(8,), epochs=5, random_state=1).fit(x, x[:, 0] ** 2)
    assert not np.array_equal(other.predict(x), model.predict(x))


def test_both_engines_agree():
    ours, theirs = (
        regressor(engine=engine, epochs=10).fit(FRAME, NUMBERS)
        for engine in ("numpy", "tensorflow")
    )
    np.testing.assert_allclose(ours.predict(FRAME), theirs.predict(FRAME), rtol=1e-4)
    assert (ours.engine_, theirs.engine_) == ("numpy", "tensorflow")


def test_one_class_and_a_constant_target_are_predicted_with_a_warning():
    with pytest.warns(UserWarning, match="all rows have the class 'x', which is always predicted"):
        model = classifier().fit(FRAME, ["x"] * N)
    assert set(model.predict(FRAME)) == {"x"}
    assert (model.predict_proba(FRAME) == 1).all()
    with pytest.warns(UserWarning, match="all targets are equal"):
        constant = regressor().fit(FRAME, np.full(N, 7.0))
    np.testing.assert_allclose(constant.predict(FRAME), 7.0, atol=0.5)


def test_it_works_as_scikit_learns_estimators_do():
    scores = cross_val_score(classifier(), FRAME, NAMES, cv=2)
    assert scores.min() > 0.6
    pipeline = make_pipeline(FunctionTransformer(), regressor()).fit(FRAME, NUMBERS)
    assert pipeline.score(FRAME, NUMBERS) > 0.8
    copied = clone(classifier(cv=KFold(3)).fit(FRAME, NAMES))
    assert not hasattr(copied, "cv_score_")


EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "rows are shuffled into folds and batches",
}


@pytest.mark.parametrize("make", [classifier, regressor])
def test_scikit_learns_checks_pass(make):
    model = make(epochs=100, cv=2, hidden=(32,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(model, expected_failed_checks=EXPECTED_FAILURES)


GAPS = NUMBERS.mask(np.arange(N) % 40 == 7)
REFUSED = {
    "gaps": (regressor, {}, GAPS, {}, "rows without one, counted from 0, are 7, 47, 87. Leave"),
    "gaps of classes": (classifier, {}, [None, *NAMES[1:]], {}, "counted from 0, are 0. Leave"),
    "no targets": (regressor, {}, None, {}, "requires y to be passed, but the target y is None"),
    "infinite": (regressor, {}, NUMBERS.replace(NUMBERS[0], np.inf), {}, "contains infinity"),
    "text for numbers": (regressor, {}, NAMES, {}, "y of a regressor must be numbers; got '.*'"),
    "numbers for classes": (classifier, {}, NUMBERS, {}, "continuous"),
    "other rows": (regressor, {}, NUMBERS[:5], {}, "inconsistent numbers of samples"),
    "one fold": (regressor, {"cv": 1}, NUMBERS, {}, "cv must be 0 for no folds, or at least 2"),
    "a negative count": (regressor, {"loss": "poisson"}, -COUNTS - 1, {}, "targets of at least 0"),
    "quantiles of a loss": (
        regressor,
        {"quantiles": [0.5], "loss": "huber"},
        NUMBERS,
        {},
        "quantiles need loss='pinball'; got 'huber'",
    ),
    "unknown class weights": (
        classifier,
        {"class_weight": {"tall": 1.0}},
        NAMES,
        {},
        r"class_weight must have classes of y, .*; got \['tall'\]",
    ),
    "groups of other rows": (classifier, {}, NAMES, {"groups": [1, 2]}, r"groups must have shape"),
    "one group": (classifier, {}, NAMES, {"groups": [1] * N}, "at least two values"),
    "an argument": (classifier, {"repeats": 0}, NAMES, {}, "'repeats' parameter"),
}


@pytest.mark.parametrize(("make", "options", "y", "given", "match"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(make, options, y, given, match):
    model = make(**options)
    with pytest.raises(ValueError, match=match):
        model.fit(FRAME, y, **given)
    assert not hasattr(model, "cv_score_")


def test_what_a_model_cannot_predict_is_refused(tmp_path):
    numbers, classes = regressor().fit(FRAME, NUMBERS), classifier().fit(FRAME, NAMES)
    fnet.save(tmp_path / "numbers.fnet", numbers)
    with pytest.raises(InvalidArgument, match="above 0 and below 1"):
        numbers.predict_interval(FRAME, coverage=90)
    with pytest.raises(InvalidArgument, match=r"at most 0\.9917"):
        classes.predict_set(FRAME, coverage=0.999)
    with pytest.raises(InvalidArgument, match="predict_set needs a model of classes"):
        fnet.load(tmp_path / "numbers.fnet").predict_set(FRAME)
    with pytest.raises(InvalidArgument, match="fitted with folds"):
        regressor(cv=0).fit(FRAME, NUMBERS).predict_interval(FRAME)
    with pytest.raises(InvalidArgument, match="predict_set needs a model of classes"):
        classifier().fit(FRAME, LABELS).predict_set(FRAME)
    with pytest.raises(InvalidArgument, match="'town'"):
        numbers.predict(FRAME.drop(columns="town"))


def test_a_moving_average_predicts_where_a_table_has_many_rows(monkeypatch):
    x, y = np.random.default_rng(0).normal(size=(2, 60, 3))
    model = fnet.TabularRegressor(cv=2, hidden=(4,), epochs=3, engine="numpy")
    monkeypatch.setattr(recipe, "AVERAGED_ROWS", 60)
    averaged = model.fit(x, y[:, 0]).predict(x)
    monkeypatch.setattr(recipe, "EMA_MOMENTUM", None)
    last = model.fit(x, y[:, 0]).predict(x)
    assert not np.array_equal(averaged, last)
    monkeypatch.setattr(recipe, "EMA_MOMENTUM", 0.0)
    np.testing.assert_array_equal(model.fit(x, y[:, 0]).predict(x), last)


def test_training_ends_without_improvement_and_loses_nothing_by_it(monkeypatch):
    def fit():
        return classifier(random_state=0, epochs=400).fit(FRAME, NAMES)

    model = fit()
    losses = model.history_["validation_loss"].mean(axis=1)
    assert len(losses) == 1 + losses.argmin() + math.ceil(400 / recipe.PATIENT_PART) < 400
    monkeypatch.setattr(recipe, "MIN_PATIENCE", 400)
    full = fit()
    assert len(full.history_["loss"]) == 400
    assert full.history_["validation_loss"].mean(axis=1).argmin() == losses.argmin()
    np.testing.assert_array_equal(full.predict_proba(FRAME), model.predict_proba(FRAME))


@pytest.mark.parametrize(
    ("rows", "checked", "unchecked"), [(100, 480, 96), (1000, 120, 24), (5000, 60, 12)]
)
def test_one_network_on_all_rows_has_a_fifth_of_the_epochs(rows, checked, unchecked):
    assert recipe.make_recipe(rows).epochs == checked  # waves of 1, 2, 4 and 8 parts
    assert recipe.make_recipe(rows, are_checked=False).epochs == unchecked
    assert recipe.make_recipe(rows, epochs=7, are_checked=False).epochs == 7


def test_many_rows_take_two_thousand_steps():
    assert recipe.make_recipe(20_000).epochs == 25  # of 79 steps
    assert recipe.make_recipe(20_000, are_checked=False).epochs == 5
    assert recipe.make_recipe(10**6).epochs == recipe.MIN_EPOCHS
