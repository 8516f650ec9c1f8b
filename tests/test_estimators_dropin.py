"""Promises of a drop-in: what scikit-learn's users do beside a plain fit, with its own results."""

import itertools
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn import neural_network as theirs
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

import fnet
from fnet import InvalidArgument, MLPClassifier, MLPRegressor, Network, reference
from fnet.core.sparse_rows import SparseRows, column_moments
from fnet.estimators.verbose import EpochLines, Report

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])

X, Y = load_iris(return_X_y=True)
X = X / 4 - 1
NAMES = np.array(["a", "b", "c"])[Y]
SAME = {"random_state": 3, "shuffle": False, "max_iter": 5, "batch_size": 64}
ODD = np.arange(len(X)) % 2 == 1
EVERY_FIFTH = np.arange(len(X)) % 5 == 0


def close(ours, other, atol=1e-10):
    for a, b in zip(ours.coefs_ + ours.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


def messages(*calls):
    """The message of the error that each call raises."""
    found = []
    for call in calls:
        with pytest.raises(ValueError, match=".") as caught:
            call()
        found.append(str(caught.value))
    return found


# Class weights.

CLASS_WEIGHTS = [
    {"a": 1.0, "b": 2.0, "c": 3.0},
    {"a": 1.0, "b": 2.0, "c": 3.0, "z": 4.0},
    {"b": 2.0},
    {},
    {"b": 2.0, "z": 1.0},
    {"z": 1.0},
    "balanced",
    None,
]


@pytest.mark.parametrize("y", [NAMES, NAMES[Y < 2]], ids=["three", "two"])
@pytest.mark.parametrize("class_weight", CLASS_WEIGHTS, ids=str)
def test_class_weights_follow_scikit_learns_rule(class_weight, y):
    classes, x = np.unique(y), X[: len(y)]
    build = MLPClassifier(class_weight=class_weight, **SAME)
    try:
        expected = compute_class_weight(class_weight, classes=classes, y=y)
    except ValueError as error:
        missing = str(error).partition(", are not")[0]
        with pytest.raises(InvalidArgument) as caught:
            build.fit(x, y)
        assert str(caught.value).startswith(missing.replace("np.str_(", "").replace(")", ""))
        return
    weights = expected[np.searchsorted(classes, y)]
    close(build.fit(x, y), MLPClassifier(**SAME).fit(x, y, sample_weight=weights))


def test_a_fold_may_lack_a_class_that_has_a_weight():
    rows = np.r_[0:50, 50:100, 100:103]
    weights = {"a": 1.0, "b": 2.0, "c": 3.0}
    build = MLPClassifier(class_weight=weights, max_iter=2, random_state=0)
    folds = [(rows[:100], rows[100:]), (rows[20:], rows[:20])]
    assert np.isfinite(cross_val_score(build, X, NAMES, cv=folds, error_score="raise")).all()


# One class.


@pytest.mark.parametrize("y", ["word", 7, True, 0.0], ids=repr)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_class_is_fitted_as_in_scikit_learn(solver, y, tmp_path):
    targets = np.full(len(X), y)
    settings = {**SAME, "solver": solver}
    ours, other = MLPClassifier(**settings), theirs.MLPClassifier(**settings)
    close(ours.fit(X, targets), other.fit(X, targets), atol=1e-7)
    assert (ours.n_outputs_, ours.out_activation_) == (other.n_outputs_, other.out_activation_)
    fnet.save(tmp_path / "one.fnet", ours)
    loaded = fnet.load(tmp_path / "one.fnet")
    converted = MLPClassifier.from_sklearn(other)
    for each in (ours, loaded, loaded.estimator(), converted):
        np.testing.assert_array_equal(each.predict(X), other.predict(X))
        assert each.predict(X).dtype == other.predict(X).dtype
        np.testing.assert_array_equal(each.predict_proba(X), np.ones((len(X), 1)))
    assert ours.score(X, targets) == 1
    np.testing.assert_array_equal(ours.predict_log_proba(X), np.zeros((len(X), 1)))


def test_one_class_in_other_calls():
    build = MLPClassifier(early_stopping=True, class_weight="balanced", **SAME)
    assert set(build.fit(X, np.full(len(X), "a")).predict(X)) == {"a"}
    assert set(MLPClassifier(**SAME).partial_fit(X, 0 * Y, classes=[0]).predict(X)) == {0}
    columns = np.stack([Y == 1, Y >= 0], axis=1).astype(int)
    several = MultiOutputClassifier(MLPClassifier(**SAME)).fit(X, columns)
    assert set(several.predict(X)[:, 1]) == {1}
    assert [p.shape[1] for p in several.predict_proba(X)] == [2, 1]


# Validation rows.


@KINDS
@pytest.mark.parametrize("weights", [None, np.linspace(0, 1, 30)], ids=["plain", "weighted"])
def test_a_pipeline_transforms_validation_rows(kind, weights):
    """As `HistGradientBoosting*` under metadata routing: the same as scaling by hand."""
    settings = {**SAME, "early_stopping": True, "batch_size": "auto"}
    scaler = StandardScaler().fit(X[ODD])
    given = {"X_val": X[EVERY_FIFTH], "y_val": Y[EVERY_FIFTH]}
    scaled = {**given, "X_val": scaler.transform(X[EVERY_FIFTH])}
    if weights is not None:
        scaled["sample_weight_val"] = given["sample_weight_val"] = weights
    by_hand = getattr(fnet, kind)(**settings).fit(scaler.transform(X[ODD]), Y[ODD], **scaled)
    with sklearn.config_context(enable_metadata_routing=True):
        build = getattr(fnet, kind)(**settings).set_fit_request(
            X_val=True, y_val=True, sample_weight_val=True
        )
        pipeline = make_pipeline(StandardScaler(), build, transform_input=["X_val"])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "Stochastic Optimizer")
            pipeline.fit(X[ODD], Y[ODD], **given)
            search = GridSearchCV(pipeline, {f"{kind.lower()}__alpha": [1e-4]}, cv=2)
            search.fit(X[ODD], Y[ODD], **given)
    found = pipeline[-1]
    close(found, by_hand, atol=0)
    assert found.validation_scores_ == by_hand.validation_scores_
    assert search.best_estimator_[-1].validation_scores_ == by_hand.validation_scores_
    as_data = (*scaled.values(),)
    again = getattr(fnet, kind)(**settings)
    close(again.fit(scaler.transform(X[ODD]), Y[ODD], validation_data=as_data), by_hand, atol=0)
    assert again.validation_scores_ == by_hand.validation_scores_


@KINDS
def test_partial_fits_score_validation_rows(kind):
    arguments = {"classes": [0, 1, 2]} if kind == "MLPClassifier" else {}
    build = getattr(fnet, kind)(**SAME)
    build.partial_fit(X, Y, X_val=X[ODD], y_val=Y[ODD], **arguments)
    assert build.validation_scores_ == pytest.approx([build.score(X[ODD], Y[ODD])])


class Own(MLPClassifier):
    """A subclass that scales its validation rows itself."""

    def fit(self, X, y):
        return super().fit(X, y, validation_data=(X, y))


@pytest.mark.parametrize(
    ("build", "warns"),
    [
        (lambda build: make_pipeline(StandardScaler(), build), True),
        (lambda build: make_pipeline(StandardScaler(), make_pipeline(build)), True),
        (lambda build: make_pipeline("passthrough", build), False),
        (lambda build: make_pipeline(build), False),
        (lambda build: build, False),
    ],
)
def test_validation_data_in_a_pipeline_warns_that_they_are_not_scaled(build, warns):
    step, name = build(MLPClassifier(**SAME)), ""
    while hasattr(step, "steps") and not name.endswith("mlpclassifier__"):
        name += f"{step.steps[-1][0]}__"
        step = step.steps[-1][1]
    estimator = build(MLPClassifier(**SAME))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, Y, **{f"{name}validation_data": (X, Y)})
    found = [each for each in caught if "validation_data in a Pipeline" in str(each.message)]
    assert len(found) == warns
    assert all(each.filename == __file__ for each in found)


def test_other_warnings_about_validation_rows():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", "Stochastic Optimizer")
        make_pipeline(StandardScaler(), Own(**SAME)).fit(X, Y)
    with pytest.warns(UserWarning, match="validation rows are not used") as caught:
        MLPClassifier(solver="lbfgs").fit(X, Y, X_val=X, y_val=Y)
    assert caught[0].filename == __file__


# Lines.


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True},
        {"tol": 1.0, "n_iter_no_change": 1},
        {"tol": 1.0, "n_iter_no_change": 1, "early_stopping": True},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1}
        | {"max_iter": 60, "learning_rate_init": 1e-4},
    ],
    ids=str,
)
@KINDS
def test_verbose_writes_scikit_learns_lines(kind, settings, capsys):
    settings = {**SAME, **settings, "verbose": True}
    written = []
    for module in (fnet, theirs):
        getattr(module, kind)(**settings).fit(X, Y)
        captured = capsys.readouterr()
        assert captured.err == ""
        written.append(captured.out.splitlines())
    ours, other = written
    assert ours == [line for line in other if "Setting learning rate to" not in line]
    assert ours[0].startswith("Iteration 1, loss = ")


def test_lines_of_losses_and_scores_come_once_in_several_calls(capsys):
    runs = []
    build = MLPRegressor(**SAME, quantiles=0.5, callback=runs.append).fit(X, Y, X_val=X, y_val=Y)
    history = runs[-1].history
    lines = EpochLines(Report((2.0, 1.0), "validation_mean_pinball_loss", -1.0), None)
    for epochs in (2, 2, 5):
        cut = {name: values[:epochs] for name, values in history.items()}
        lines(runs[-1]._replace(history=cut))
    expected = []
    for i, score in enumerate(build.validation_scores_):
        expected.append(f"Iteration {i + 1}, loss = {2 * history['loss'][i] + 1:.8f}")
        expected.append(f"Validation score: {score:f}")
    assert build.validation_scores_[0] < 0
    assert capsys.readouterr().out.splitlines() == expected


def test_lines_come_once_in_each_engine_beside_a_callback_and_after_a_checkpoint(tmp_path, capsys):
    expected = None
    for engine in ("numpy", "tensorflow"):
        seen = []
        build = MLPClassifier(engine=engine, verbose=True, callback=seen.append, **SAME)
        build.fit(X, Y)
        out = capsys.readouterr().out.splitlines()
        assert out == [
            f"Iteration {i + 1}, loss = {v:.8f}" for i, v in enumerate(build.loss_curve_)
        ]
        assert expected in (None, out)
        assert len(seen[-1].history["loss"]) == 5
        expected = out
    callback = fnet.checkpoint(tmp_path / "run.fnet", every=0)
    settings = {**SAME, "verbose": True, "callback": callback}
    MLPClassifier(**settings).fit(X, Y)
    assert capsys.readouterr().out.splitlines() == expected
    MLPClassifier(**settings | {"max_iter": 7}).fit(X, Y)
    found = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in found] == ["Iteration 6", "Iteration 7"]
    build = MLPClassifier(solver="lbfgs", max_iter=3, verbose=True).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == build.n_iter_
    assert lines[-1] == f"Iteration 3, loss = {build.loss_:.8f}"


# Messages.


@pytest.mark.parametrize("y", [NAMES[:100], np.char.add(NAMES, "x"), NAMES == "a"], ids=len)
def test_a_warm_start_with_other_classes_says_what_scikit_learn_says(y):
    settings = {**SAME, "warm_start": True}
    ours, other = (module.MLPClassifier(**settings).fit(X, NAMES) for module in (fnet, theirs))
    found, expected = messages(*(lambda m=m: m.fit(X[: len(y)], y) for m in (ours, other)))
    assert found == expected


@KINDS
def test_a_gap_names_its_column(kind):
    table = pd.DataFrame(X.copy(), columns=["length", "width", "leaf", "stem "])
    fitted = getattr(fnet, kind)(**SAME).fit(table, Y)
    table.loc[3, "stem "] = np.nan
    calls = [lambda: getattr(fnet, kind)().fit(table, Y), lambda: fitted.predict(table)]
    if kind == "MLPClassifier":
        calls.append(lambda: fitted.predict_proba(table))
    for message in messages(*calls):
        assert "'stem '" in message


# Sparse rows.

SPARSE = np.where(X > 0, X, 0) * np.array([1, 100, 1e-3, 1])
WEIGHTS = np.random.default_rng(0).uniform(0, 2, len(X))
SPARSE_SETTINGS = {
    "plain": {},
    "early stopping": {"early_stopping": True},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "lbfgs": {"solver": "lbfgs"},
    "standardize": {"standardize": True},
    "standardize with lbfgs": {"standardize": True, "solver": "lbfgs"},
    "dropped inputs": {"tuning": fnet.Tuning(input_dropout=0.3, seed=1), "standardize": True},
}
ON_TENSORFLOW = {"engine": "tensorflow", "standardize": True, "early_stopping": True}
"""Its rows become dense alike for both kinds and dtypes, so one program is enough."""


@pytest.mark.parametrize(
    ("kind", "dtype", "settings"),
    [
        *itertools.product(
            ["MLPClassifier", "MLPRegressor"], ["float64", "float32"], SPARSE_SETTINGS.values()
        ),
        ("MLPClassifier", "float64", {**ON_TENSORFLOW, "shuffle": True}),
    ],
    ids=str,
)
def test_sparse_rows_train_as_dense_ones(kind, dtype, settings):
    settings = {**SAME, "hidden_layer_sizes": (6, 5), **settings}
    x = SPARSE.astype(dtype)
    dense = getattr(fnet, kind)(**settings).fit(x, Y, WEIGHTS)
    for container in (sparse.csr_matrix, sparse.csc_array):
        build = getattr(fnet, kind)(**settings).fit(container(x), Y, WEIGHTS)
        atol = 1e-3 if dtype == "float32" else 1e-9
        close(build, dense, atol=atol)
        assert build.coefs_[0].dtype == dtype
        np.testing.assert_allclose(build.predict(container(x)), build.predict(x), rtol=1e-4)
        outputs = [build._predict_raw(rows) for rows in (container(x), x)]
        np.testing.assert_allclose(*outputs, rtol=1e-5 if dtype == "float32" else 1e-12)


def test_sparse_rows_act_as_the_array():
    rng = np.random.default_rng(0)
    w, delta, mask = (rng.normal(size=shape) for shape in ((4, 3), (150, 3), (150, 4)))
    mean, scale = column_moments(sparse.csr_matrix(SPARSE), WEIGHTS)
    expected_mean = np.average(SPARSE, axis=0, weights=WEIGHTS)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-13)
    variance = np.average((SPARSE - expected_mean) ** 2, axis=0, weights=WEIGHTS)
    np.testing.assert_allclose(scale, np.sqrt(variance), rtol=1e-13)
    rows = SparseRows(sparse.csr_matrix(SPARSE))
    for x, array in (
        (rows, SPARSE),
        (rows.standardized(mean, scale + 1), (SPARSE - mean) / (scale + 1)),
    ):
        some = np.array([3, 3, 149])
        for ours, expected in (
            (np.asarray(x), array),
            (x @ w, array @ w),
            (x.mT @ delta, array.T @ delta),
            (x * mask, array * mask),
            (np.asarray(x.take(some, axis=0)), array[some]),
        ):
            np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)
        assert (x.shape, x.ndim, len(x), x.dtype) == ((150, 4), 2, 150, np.float64)
    single = rows.standardized(mean, scale + 1).astype(np.dtype("float32"))
    assert (single @ w.astype("float32")).dtype == "float32"
    np.testing.assert_allclose(single @ w, ((SPARSE - mean) / (scale + 1)) @ w, atol=1e-5)
    with pytest.raises(InvalidArgument, match="x in float32 must be finite"):
        SparseRows(sparse.csr_matrix([[1e300]])).astype(np.dtype("float32"))
    huge = sparse.csr_matrix(SPARSE * [1, 1e160, 1, 1])
    with pytest.raises(
        InvalidArgument, match=r"feature 1 \(counted from 0\) cannot be standardized"
    ):
        fnet.MLPClassifier(standardize=True).fit(huge, Y)


@pytest.mark.parametrize(
    "settings",
    [{}, {"standardize": True}, {"early_stopping": True}, {"solver": "lbfgs"}]
    + [{"engine": "tensorflow"}],
    ids=str,
)
def test_sparse_rows_train_without_a_dense_copy(settings):
    rows, width = 2000, 20_000
    at = np.random.default_rng(0).integers(width, size=20 * rows)
    entries = np.ones(20 * rows), (np.repeat(np.arange(rows), 20), at)
    x = sparse.csr_matrix(entries, shape=(rows, width))
    y = np.arange(rows) % 2
    if "engine" in settings:
        MLPClassifier(**SAME, **settings).fit(X, Y)  # imports TensorFlow
    tracemalloc.start()
    MLPClassifier((4,), max_iter=1, random_state=0, **settings).fit(x, y).predict(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    dense = rows * width * 8
    assert peak < (dense / 2 if "engine" in settings else dense / 10)


# Files.


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "sigmoid_cross_entropy"])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("members", [(), (2,)])
def test_a_loaded_network_of_classes_predicts_classes(loss, outputs, members, tmp_path):
    net = Network((4, outputs), loss=loss)
    params = reference.init_params(net, np.arange(2) if members else 0)
    fnet.save(tmp_path / "net.fnet", (net, params))
    model = fnet.load(tmp_path / "net.fnet")
    outputs_ = reference.predict(net, params, X)
    if loss == "softmax_cross_entropy":
        expected = outputs_.argmax(axis=-1)
    else:
        expected = (outputs_ > 0.5).astype(int)
        expected = expected[..., 0] if outputs == 1 else expected
    assert model.predict(X).dtype.kind == "i"
    np.testing.assert_array_equal(model.predict(X), expected)
    assert model.predict_proba(X).shape[-1] == (2 if (loss[1] == "i" and outputs == 1) else outputs)
