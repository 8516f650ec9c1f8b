"""The same numbers in any container give the same result, or an error with the reason.

`CALLS` is every public callable that takes x, y or weights, one line for each argument, on both
sides, fitted and loaded. `CONTAINERS` is every container. A new callable or container is one line.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from containers import CONTAINERS, FEW, NAMES, REFUSED, X

import fnet
from fnet import InvalidArgument, Network, reference
from fnet.core import containers
from fnet.reports.evaluation import evaluate

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names"),
]

LABELS = np.array([0.0, 2, 1, 2, 0, 1])
PAIR = np.array([0.0, 1, 1, 0, 1, 0])
TARGETS = np.array([3.0, 1, 4, 1, 5, 9])
WEIGHTS = np.array([1.0, 2, 0, 1, 3, 1])
ONE_HOT = np.eye(3)[LABELS.astype(int)]

CLASSES = Network((3, 4, 3), hidden="tanh")
VALUES = Network((3, 4, 1), hidden="tanh", loss="squared_error")
PARAMS = {net: reference.init_params(net, 0, dtype="float64") for net in (CLASSES, VALUES)}
PLAN = fnet.minibatch_plan(6, 3, epochs=2, seed=0)
SGD = fnet.sgd(0.125)


class Call(NamedTuple):
    """A public callable as a function of one argument, which is `values` in a container.

    Attributes:
        values: The numbers.
        call: The function, of the side too where `side` is True.
        side: Whether there is one for each engine.
        labels: Whether the argument must be integers.
        in_its_dtype: Whether it computes in the dtype of a float32 or float16 argument.
        among: The names of the containers to try: `FEW` where a call takes long.
    """

    values: Any
    call: Any
    side: bool = False
    labels: bool = False
    in_its_dtype: bool = False
    among: Any = tuple(CONTAINERS)


def both(values: Any, call: Any, **more: Any) -> Call:
    return Call(values, call, side=True, **more)


def metric(side: Any, name: str) -> Any:
    return getattr(side.metrics, name)


def train(side: Any, net: Any, x: Any, y: Any, **more: Any) -> Any:
    plan = more.pop("plan", PLAN)
    if side is fnet:
        more["xla"] = False
    run = side.train(net, SGD, PARAMS[net], x, y, plan, **more)
    return run.params, {k: v for k, v in run.history.items() if k != "ended"}


def lbfgs(side: Any, net: Any, *data: Any) -> Any:
    return side.minimize_lbfgs(net, PARAMS[net], *data, max_iter=2).params


def batches(*arguments: Any, **more: Any) -> Any:
    found = fnet.pipeline(*arguments, batch_size=4, **more)
    return [[np.asarray(column, np.float64) for column in batch] for batch in found]


def from_pipeline(x: Any) -> Any:
    data = fnet.pipeline(x, LABELS.astype(int), 3, epochs=2)
    return fnet.train(CLASSES, SGD, PARAMS[CLASSES], data=data, xla=False).params


MLP: dict[str, Any] = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}


def classifier(standardize: bool) -> Any:
    return fnet.MLPClassifier(standardize=standardize, engine="numpy", **MLP)


def regressor(standardize: bool) -> Any:
    return fnet.MLPRegressor(standardize=standardize, engine="numpy", **MLP)


def fit(estimator: Any, *data: Any, **more: Any) -> Any:
    return estimator.fit(*data, **more).coefs_


def loaded(what: Any, **more: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        fnet.save(Path(folder) / "it.fnet", what, **more)
        return fnet.load(Path(folder) / "it.fnet")


FRAME = pd.DataFrame(X, columns=NAMES)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    FITTED = {
        (name, standardize): make(standardize).fit(FRAME, y)
        for name, make, y in [("c", classifier, LABELS.astype(int)), ("r", regressor, TARGETS)]
        for standardize in (False, True)
    }
    FLAT = classifier(True).fit(X[:, :2], PAIR.astype(int))
LOADED = {key: loaded(estimator) for key, estimator in FITTED.items()}
PLAIN = loaded((CLASSES, PARAMS[CLASSES]), classes=["a", "b", "c"], features=NAMES)


def drawn(function: Any, *arguments: Any) -> Any:
    """What a plot shows: its title, its texts and the points of its lines."""
    figure, ax = plt.subplots()
    function(*arguments, ax=ax)
    plt.close(figure)
    texts = [ax.get_title(), *(t.get_text() for t in ax.texts)]
    return texts, [np.asarray(line.get_xydata()) for line in ax.lines]


def pages(name: str, *arguments: Any) -> Any:
    model = LOADED[name, True]
    found = evaluate(model, *arguments)
    return list(found.metrics.values()), found.x, found.y_true, found.y_pred


Y = LABELS.astype(int)
CALLS = {
    "forward x": both(X, lambda s, v: s.forward(CLASSES, PARAMS[CLASSES], v)),
    "predict x": both(X, lambda s, v: s.predict(CLASSES, PARAMS[CLASSES], v)),
    "loss x": both(X, lambda s, v: s.loss(CLASSES, PARAMS[CLASSES], v, Y)),
    "loss labels": both(LABELS, lambda s, v: s.loss(CLASSES, PARAMS[CLASSES], X, v), labels=True),
    "loss one-hot": both(ONE_HOT, lambda s, v: s.loss(CLASSES, PARAMS[CLASSES], X, v)),
    "loss targets": both(TARGETS, lambda s, v: s.loss(VALUES, PARAMS[VALUES], X, v)),
    "loss weights": both(WEIGHTS, lambda s, v: s.loss(CLASSES, PARAMS[CLASSES], X, Y, v)),
    "grads x": both(X, lambda s, v: s.grads(CLASSES, PARAMS[CLASSES], v, Y)),
    "grads targets": both(TARGETS, lambda s, v: s.grads(VALUES, PARAMS[VALUES], X, v)),
    "grads weights": both(WEIGHTS, lambda s, v: s.grads(CLASSES, PARAMS[CLASSES], X, Y, v)),
    "train x": both(X, lambda s, v: train(s, CLASSES, v, Y), among=FEW),
    "train labels": both(LABELS, lambda s, v: train(s, CLASSES, X, v), labels=True, among=FEW),
    "train targets": both(TARGETS, lambda s, v: train(s, VALUES, X, v), among=FEW),
    "train validation x": both(
        X, lambda s, v: train(s, CLASSES, X, Y, validation=(v, Y)), among=FEW
    ),
    "train validation labels": both(
        LABELS, lambda s, v: train(s, CLASSES, X, Y, validation=(X, v)), labels=True, among=FEW
    ),
    "train validation weights": both(
        WEIGHTS, lambda s, v: train(s, CLASSES, X, Y, validation=(X, Y, v)), among=FEW
    ),
    "train plan weights": both(
        WEIGHTS,
        lambda s, v: train(s, VALUES, X, TARGETS, plan=fnet.full_batch_plan(6, 2, weights=v)),
        among=FEW,
    ),
    "minimize_lbfgs x": both(X, lambda s, v: lbfgs(s, CLASSES, v, Y), among=FEW),
    "minimize_lbfgs targets": both(TARGETS, lambda s, v: lbfgs(s, VALUES, X, v), among=FEW),
    "minimize_lbfgs weights": both(WEIGHTS, lambda s, v: lbfgs(s, CLASSES, X, Y, v), among=FEW),
    "one_hot": both(LABELS, lambda s, v: s.one_hot(v, 3), labels=True),
    "softmax": both(X, lambda s, v: s.softmax(v), in_its_dtype=True),
    **{
        f"{name} logits": both(X, lambda s, v, n=name: metric(s, n)(v, Y), in_its_dtype=True)
        for name in ("accuracy", "balanced_accuracy", "top_k_accuracy")
    },
    **{
        f"{name} labels": both(LABELS, lambda s, v, n=name: metric(s, n)(X, v), labels=True)
        for name in ("accuracy", "balanced_accuracy", "top_k_accuracy")
    },
    "accuracy one-hot": both(ONE_HOT, lambda s, v: s.metrics.accuracy(X, v)),
    "accuracy weights": both(WEIGHTS, lambda s, v: s.metrics.accuracy(X, Y, v)),
    "log_loss": both(ONE_HOT, lambda s, v: s.metrics.log_loss(v, Y), in_its_dtype=True),
    "log_loss labels": both(LABELS, lambda s, v: s.metrics.log_loss(ONE_HOT, v), labels=True),
    "subset_accuracy": both(X, lambda s, v: s.metrics.subset_accuracy(v, ONE_HOT)),
    "subset_accuracy labels": both(ONE_HOT, lambda s, v: s.metrics.subset_accuracy(X, v)),
    **{
        f"{name} predictions": both(
            X, lambda s, v, n=name: metric(s, n)(v, X + 1), in_its_dtype=True
        )
        for name in ("mean_squared_error", "mean_absolute_error", "r2")
    },
    **{
        f"{name} y": both(X, lambda s, v, n=name: metric(s, n)(X + 1, v))
        for name in ("mean_squared_error", "mean_absolute_error", "r2")
    },
    "mean_pinball_loss": both(
        X, lambda s, v: s.metrics.mean_pinball_loss(v, TARGETS, [0.1, 0.5, 0.9]), in_its_dtype=True
    ),
    "mean_pinball_loss y": both(
        TARGETS, lambda s, v: s.metrics.mean_pinball_loss(X, v, [0.1, 0.5, 0.9])
    ),
    "class_weights y": Call(
        LABELS, lambda v: fnet.class_weights(CLASSES, v, "balanced"), labels=True
    ),
    "class_weights weights": Call(WEIGHTS, lambda v: fnet.class_weights(CLASSES, Y, "balanced", v)),
    "minibatch_plan weights": Call(
        WEIGHTS, lambda v: fnet.minibatch_plan(6, 3, 2, 0, v).batches(0, 2)
    ),
    "kfold_plan weights": Call(WEIGHTS, lambda v: fnet.kfold_plan(6, 3, 2, 0, v).batches(0, 2)),
    "pipeline x": Call(X, lambda v: batches(v, Y), among=FEW),
    "pipeline y": Call(TARGETS, lambda v: batches(X, v), among=FEW),
    "pipeline weights": Call(WEIGHTS, lambda v: batches(X, Y, weights=v), among=FEW),
    "train data": Call(X, from_pipeline, among=("uint8", "pandas mixed nullable")),
    **{
        f"{name}{', standardize' * scaled}": call if scaled else call._replace(among=FEW)
        for scaled in (False, True)
        for name, call in {
            "classifier fit x": Call(
                X, lambda v, s=scaled: fit(classifier(s), v, Y), in_its_dtype=True
            ),
            "classifier fit y": Call(LABELS, lambda v, s=scaled: fit(classifier(s), X, v)),
            "classifier fit labels": Call(ONE_HOT, lambda v, s=scaled: fit(classifier(s), X, v)),
            "classifier fit weights": Call(
                WEIGHTS, lambda v, s=scaled: fit(classifier(s), X, Y, sample_weight=v)
            ),
            "classifier validation x": Call(
                X, lambda v, s=scaled: fit(classifier(s), X, Y, validation_data=(v, Y))
            ),
            "classifier partial_fit x": Call(
                X,
                lambda v, s=scaled: classifier(s).partial_fit(v, Y, classes=[0, 1, 2]).coefs_,
                in_its_dtype=True,
            ),
            "classifier predict": Call(X, FITTED["c", scaled].predict),
            "classifier predict_proba": Call(
                X, FITTED["c", scaled].predict_proba, in_its_dtype=True
            ),
            "classifier score x": Call(X, lambda v, s=scaled: FITTED["c", s].score(v, Y)),
            "classifier score y": Call(LABELS, lambda v, s=scaled: FITTED["c", s].score(X, v)),
            "regressor fit x": Call(
                X, lambda v, s=scaled: fit(regressor(s), v, TARGETS), in_its_dtype=True
            ),
            "regressor fit y": Call(TARGETS, lambda v, s=scaled: fit(regressor(s), X, v)),
            "regressor fit rows": Call(X, lambda v, s=scaled: fit(regressor(s), X, v)),
            "regressor partial_fit y": Call(
                TARGETS, lambda v, s=scaled: regressor(s).partial_fit(X, v).coefs_
            ),
            "regressor predict": Call(X, FITTED["r", scaled].predict, in_its_dtype=True),
            "regressor score x": Call(
                X, lambda v, s=scaled: FITTED["r", s].score(v, TARGETS), in_its_dtype=True
            ),
            "regressor score y": Call(TARGETS, lambda v, s=scaled: FITTED["r", s].score(X, v)),
            "loaded classifier predict": Call(X, LOADED["c", scaled].predict),
            "loaded classifier predict_proba": Call(
                X, LOADED["c", scaled].predict_proba, in_its_dtype=True
            ),
            "loaded regressor predict": Call(X, LOADED["r", scaled].predict, in_its_dtype=True),
            "restored estimator predict_proba": Call(
                X, LOADED["c", scaled].estimator().predict_proba, in_its_dtype=True
            ),
        }.items()
    },
    "loaded network predict_proba": Call(X, PLAIN.predict_proba),
    "evaluate classifier x": Call(X, lambda v: pages("c", v, Y), in_its_dtype=True, among=FEW),
    "evaluate classifier y": Call(LABELS, lambda v: pages("c", X, v), among=FEW),
    "evaluate regressor x": Call(X, lambda v: pages("r", v, TARGETS), in_its_dtype=True, among=FEW),
    "evaluate regressor y": Call(TARGETS, lambda v: pages("r", X, v), among=FEW),
    "plots.confusion_matrix": Call(
        LABELS, lambda v: drawn(fnet.plots.confusion_matrix, v, Y, 3), labels=True, among=FEW
    ),
    "plots.confusion_matrix y_pred": Call(
        LABELS, lambda v: drawn(fnet.plots.confusion_matrix, Y, v, 3), labels=True, among=FEW
    ),
    "plots.calibration": Call(
        PAIR, lambda v: drawn(fnet.plots.calibration, v, np.eye(2)[Y % 2]), labels=True, among=FEW
    ),
    "plots.calibration y_prob": Call(
        np.eye(2)[Y % 2], lambda v: drawn(fnet.plots.calibration, Y % 2, v), among=FEW
    ),
    "plots.predicted_vs_actual": Call(
        TARGETS, lambda v: drawn(fnet.plots.predicted_vs_actual, v, TARGETS + 1), among=FEW
    ),
    "plots.predicted_vs_actual y_pred": Call(
        TARGETS, lambda v: drawn(fnet.plots.predicted_vs_actual, TARGETS + 1, v), among=FEW
    ),
    "plots.decision_regions x": Call(
        X[:, :2], lambda v: drawn(fnet.plots.decision_regions, FLAT, v, PAIR.astype(int)), among=FEW
    ),
}


def flat(value: Any) -> list[Any]:
    """The arrays and texts of a result, in order."""
    if value is None:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [part for each in value for part in flat(each)]
    value = value.toarray() if hasattr(value, "toarray") else value
    return [value if isinstance(value, str) else np.asarray(value)]


def differences(found: Any, wanted: Any, tolerance: float) -> str:
    """How two results differ, or "" where they do not."""
    found, wanted = flat(found), flat(wanted)
    if len(found) != len(wanted):
        return f"{len(found)} parts for {len(wanted)}"
    for ours, theirs in zip(found, wanted, strict=True):
        if isinstance(theirs, str) or theirs.dtype.kind not in "biuf":
            if not np.array_equal(ours, theirs):
                return f"{ours} for {theirs}"
            continue
        size = 1 + np.abs(theirs.astype(float)).max(initial=0)
        if ours.shape != theirs.shape:
            return f"shape {ours.shape} for {theirs.shape}"
        error = np.abs(ours.astype(float) - theirs.astype(float)).max(initial=0)
        if not error <= tolerance * size:
            return f"off by {error:.1e}"
    return ""


SIDES = {"engine": fnet, "twin": reference}


@pytest.mark.parametrize(
    ("name", "side"),
    [(name, side) for name, call in CALLS.items() for side in (SIDES if call.side else ["engine"])],
)
def test_every_container_gives_the_same_or_says_why_not(name, side):
    call, side = CALLS[name], SIDES[side]
    run = (lambda v: call.call(side, v)) if call.side else call.call
    bits = (call.values > call.values.mean()).astype(float)
    wanted = {}
    for key, values in {"f": call.values, "b": bits}.items():
        wanted[key] = run(values.astype(np.int64) if call.labels else values)
    wrong = {}
    for which in call.among:
        container = CONTAINERS[which]
        make = container.rows if call.values.ndim == 2 else container.column
        if make is None:
            continue
        values = make(bits if container.kind == "b" else call.values)
        tolerance = 64 * container.eps if call.in_its_dtype and container.eps else 1e-12
        try:
            found = run(values)
        except InvalidArgument as error:
            message = str(error)
            if not (call.labels and container.kind != "i" and "integer labels; got d" in message):
                wrong[which] = message
            continue
        except Exception as error:  # any other is a crash
            wrong[which] = f"{type(error).__name__}: {error}"
            continue
        if call.labels and container.kind not in "iu":
            wrong[which] = "labels that are no integers were taken"
        elif problem := differences(
            found, wanted["b" if container.kind == "b" else "f"], tolerance
        ):
            wrong[which] = problem
    assert wrong == {}


# Bad arguments.


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_finite_numbers_is_refused_by_column_and_row(name):
    table, match = REFUSED[name]
    for call in (
        lambda: fnet.forward(CLASSES, PARAMS[CLASSES], table),
        lambda: reference.grads(CLASSES, PARAMS[CLASSES], table, Y),
        lambda: reference.train(CLASSES, SGD, PARAMS[CLASSES], table, Y, PLAN),
        lambda: classifier(True).fit(table, Y),
        lambda: FITTED["c", False].predict(table),
        lambda: LOADED["c", True].predict_proba(table),
        lambda: evaluate(LOADED["r", False], table, TARGETS),
    ):
        with pytest.raises(InvalidArgument, match=match):
            call()


@pytest.mark.parametrize(
    ("table", "match"),
    [
        (pd.Series([0, 1, None, 0, 1, 2], dtype="Int64"), "y must be finite; got nan.* row 2"),
        (np.ma.masked_equal(Y, 2), "y must have no masked entries; got one, first in row 1"),
        (pa.chunked_array([["a", "b", "a", "b", "a", "b"]]), r"text \('a'\), first in row 0. Enc"),
    ],
)
def test_labels_that_are_no_numbers_are_refused_by_row(table, match):
    for side in (fnet, reference):
        with pytest.raises(InvalidArgument, match=match):
            side.loss(CLASSES, PARAMS[CLASSES], X, table)


def test_estimators_name_the_column_that_cannot_be_standardized():
    with pytest.raises(InvalidArgument, match="feature 'height' cannot be standardized"):
        classifier(True).fit(FRAME.assign(height=[1e200, -1e200] * 3), Y)


def test_estimators_take_text_classes_and_masks_are_not_ignored():
    classes = np.array(["no", "yes", "so"])[Y]
    for table in (pd.Series(classes), pl.Series(classes), pa.array(classes), classes.tolist()):
        estimator = classifier(True).fit(FRAME, table)
        assert estimator.score(FRAME, table) == estimator.score(FRAME, classes)
        np.testing.assert_array_equal(estimator.predict(FRAME), fitted_on(classes).predict(FRAME))
    with pytest.raises(InvalidArgument, match="y must have no masked entries"):
        regressor(False).fit(X, np.ma.masked_equal(TARGETS, 9))


def fitted_on(classes: Any) -> Any:
    return classifier(True).fit(FRAME, classes)


# Columns by name.

TABLES = {
    "pandas": lambda columns: pd.DataFrame(columns),
    "polars": lambda columns: pl.DataFrame(columns),
    "Arrow": lambda columns: pa.table(columns),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("model", [*LOADED.values(), PLAIN])
def test_a_loaded_model_takes_columns_by_name_in_any_order(model, name):
    columns = dict(zip(NAMES, X.T, strict=True))
    make, mixed = TABLES[name], {"is ill": columns["is ill"].astype(bool)}
    reordered = {key: (columns | mixed)[key] for key in reversed(NAMES)}
    np.testing.assert_array_equal(model.predict(make(reordered)), model.predict(X))
    with pytest.raises(InvalidArgument, match=r"in any order: missing \['age', 'is ill'\]$"):
        model.predict(make({"height": columns["height"]}))
    with pytest.raises(InvalidArgument, match=r"missing \['age'\]; unknown \['id'\]$"):
        model.predict(make({"id": X[:, 0], "height": X[:, 1], "is ill": X[:, 2]}))
    reordered["age"] = np.array([1.0, np.nan] * 3)
    with pytest.raises(InvalidArgument, match="finite; got nan, first in row 1, column 'age'"):
        model.predict(make(reordered))


def test_a_table_without_text_as_names_is_taken_in_its_order():
    np.testing.assert_array_equal(PLAIN.predict(pd.DataFrame(X)), PLAIN.predict(X))


def test_values_are_exact():
    """Integers that float64 does not hold stay integers; a mixed table takes the widest dtype."""
    large = [2**53 + 1, 2**63 - 1]
    for table in (
        large,
        np.array(large, object),
        pd.DataFrame({"a": large})["a"].astype("Int64"),
        pa.array(large),
        pl.Series(large),
    ):
        assert containers.to_numpy("x", table).tolist() == large
    assert containers.to_numpy("x", np.array([2**64 - 1], object)).dtype == np.uint64
    assert containers.to_numpy("x", np.array([2**70, 1], object)).tolist() == [2.0**70, 1]
    mixed = pd.DataFrame({"a": np.array([1, 2], "i1"), "b": np.array([0.5, 1], "f4")})
    assert containers.to_numpy("x", mixed).dtype == np.float32
    assert containers.to_numpy("x", mixed.assign(a=[True, False])).tolist() == [[1, 0.5], [0, 1]]


def test_a_plain_array_is_not_copied():
    for dtype in "?bhilBHILefd":
        table = X.astype(dtype)
        assert containers.to_numpy("x", table) is table
    table = pd.DataFrame(X)
    assert np.shares_memory(containers.to_numpy("x", table), table.to_numpy())


def test_standardized_features_are_floats():
    scaling = LOADED["c", True].scaling
    for dtype in "?bBhHlLefd":
        wanted = np.float32 if dtype == "f" else np.float64
        found = scaling.features(X.astype(dtype))
        assert found.dtype == wanted
        exact = (X.astype(dtype).astype(float) - X.mean(axis=0)) / X.std(axis=0)
        np.testing.assert_allclose(found, exact, rtol=1e-6 if wanted == np.float32 else 1e-13)
