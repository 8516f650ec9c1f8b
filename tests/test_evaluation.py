"""Evaluating a model: metrics by hand, by scikit-learn, and what is refused."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

import fnet
from fnet import InvalidArgument, Layer, MLPClassifier, MLPRegressor, Network
from fnet.reports.evaluation import evaluate


@pytest.fixture
def saved(tmp_path):
    """A function that saves its arguments and returns the loaded model."""

    def load(what, **named):
        fnet.save(tmp_path / "model.fnet", what, **named)
        return fnet.load(tmp_path / "model.fnet")

    return load


def identity(net):
    """`(net, params)` of a network that returns its features."""
    return net, (Layer(np.eye(*net.layers[0], dtype=np.float64), np.zeros(net.sizes[-1])),)


def test_metrics_of_classes_by_hand(saved):
    """Logits log 2 and 0 make probabilities 2/3 and 1/3, and with a third class 1/2, 1/4, 1/4."""
    model = saved(identity(Network((3, 3))), classes=["ant", "bee", "cow"])
    first, second = np.log([2, 1, 1]), np.log([1, 2, 1])
    found = evaluate(model, [first, first, first, second], ["ant", "ant", "bee", "bee"])
    assert (found.kind, found.rows) == ("classification", 4)
    assert found.y_true.tolist() == [0, 0, 1, 1]
    assert found.y_pred.tolist() == [0, 0, 0, 1]
    assert found.classes.tolist() == ["ant", "bee", "cow"]
    assert np.allclose(found.y_prob[0], [0.5, 0.25, 0.25])
    assert list(found.metrics) == [
        "accuracy",
        "baseline_accuracy",
        "balanced_accuracy",
        "log_loss",
    ]
    expected = [3 / 4, 1 / 2, (1 + 1 / 2) / 2, (3 * math.log(2) + math.log(4)) / 4]
    assert list(found.metrics.values()) == pytest.approx(expected)
    ant, bee, cow = found.by_class
    assert ant == pytest.approx((2 / 3, 1, 4 / 5, 2))
    assert bee == pytest.approx((1, 1 / 2, 2 / 3, 2))
    assert cow == pytest.approx((math.nan, math.nan, math.nan, 0), nan_ok=True)


def test_metrics_of_two_classes_by_hand(saved):
    """Of the four pairs of rows of both classes, three are ranked correctly."""
    model = saved(identity(Network((1, 1), loss="sigmoid_cross_entropy")), classes=["no", "yes"])
    x = np.log([[1 / 3], [3], [2], [4]])  # probabilities of yes: 1/4, 3/4, 2/3, 4/5
    found = evaluate(model, x, np.array(["no", "no", "yes", "yes"], object))
    assert found.y_pred.tolist() == [0, 1, 1, 1]
    assert found.metrics == pytest.approx(
        {
            "accuracy": 3 / 4,
            "baseline_accuracy": 1 / 2,
            "balanced_accuracy": 3 / 4,
            "log_loss": -np.log([3 / 4, 1 / 4, 2 / 3, 4 / 5]).mean(),
            "roc_auc": 3 / 4,
        }
    )


def test_metrics_of_numbers_by_hand(saved):
    """The true values have the mean 4, the squared deviations 9 + 4 + 25, and the median 2."""
    model = saved(identity(Network((1, 1), loss="squared_error")))
    found = evaluate(model, [[1], [2], [8]], [1, 2, 9])
    assert found.metrics == pytest.approx(
        {
            "r2": 1 - 1 / 38,
            "mean_absolute_error": 1 / 3,
            "baseline_mean_absolute_error": 8 / 3,
            "root_mean_squared_error": math.sqrt(1 / 3),
        }
    )
    assert list(found.metrics)[0] == "r2"
    assert (found.kind, found.rows, found.by_class) == ("regression", 3, ())
    assert (found.y_prob, found.classes) == (None, None)
    assert found.y_true.tolist() == [1, 2, 9]
    assert found.y_pred.tolist() == [1, 2, 8]
    assert found.x.tolist() == [[1], [2], [8]]


@pytest.mark.parametrize("classes", [2, 3], ids=["two", "three"])
@pytest.mark.parametrize("names", [np.array(["x", "y", "z"]), np.array([3, 5, 9])])
def test_an_estimators_metrics_are_scikit_learns(saved, classes, names):
    random = np.random.default_rng(0)
    x = random.normal(size=(90, 4))
    y = names[(x[:, 0] + random.normal(size=90) > 0).astype(int) + (x[:, 1] > 0.5) * (classes > 2)]
    table = pd.DataFrame(x, columns=list("abcd"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = MLPClassifier((5,), max_iter=500, random_state=0, standardize=True).fit(table, y)
    found = evaluate(saved(fitted), table, y)
    predicted, probabilities = fitted.predict(table), fitted.predict_proba(table)
    assert found.classes[found.y_pred].tolist() == predicted.tolist()
    assert found.classes[found.y_true].tolist() == y.tolist()
    assert found.metrics["accuracy"] == fitted.score(table, y)
    assert found.metrics["balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(y, predicted)
    )
    assert found.metrics["log_loss"] == pytest.approx(metrics.log_loss(y, probabilities))
    if classes == 2:
        assert found.metrics["roc_auc"] == pytest.approx(
            metrics.roc_auc_score(y, probabilities[:, 1])
        )
    report = metrics.classification_report(y, predicted, output_dict=True)
    for name, row in zip(found.classes, found.by_class, strict=True):
        assert list(row) == pytest.approx(list(report[str(name)].values()))


def test_a_regressors_metrics_are_scikit_learns(saved):
    x = np.random.default_rng(1).normal(size=(60, 3))
    y = 100 * x[:, 0] + 500
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = MLPRegressor(hidden_layer_sizes=(5,), max_iter=30, random_state=0).fit(x, y)
    found = evaluate(saved(fitted), x, y).metrics
    assert found["r2"] == pytest.approx(fitted.score(x, y))
    assert found["mean_absolute_error"] == pytest.approx(
        metrics.mean_absolute_error(y, fitted.predict(x))
    )


def test_classes_without_names_are_counted_from_0(saved):
    model = saved(identity(Network((2, 2))))
    found = evaluate(model, [[1, 0], [0, 1]], [0.0, 1.0])
    assert found.classes.tolist() == [0, 1]
    assert found.metrics["accuracy"] == 1


def test_rows_of_one_class_are_no_warning(saved):
    found = evaluate(saved(identity(Network((2, 2)))), [[1, 0], [0, 1]], [1, 1])
    assert found.metrics["balanced_accuracy"] == 0.5
    assert math.isnan(found.metrics["roc_auc"])
    assert found.by_class[0] == pytest.approx((0, math.nan, 0, 0), nan_ok=True)
    assert found.by_class[1] == pytest.approx((1, 1 / 2, 2 / 3, 2))


def test_a_single_row_and_a_single_class_are_no_warning(saved):
    (r2, *others) = evaluate(
        saved(identity(Network((1, 1), loss="squared_error"))), [[1]], [1]
    ).metrics.values()
    assert math.isnan(r2)
    assert others == [0, 0, 0]
    alone = evaluate(saved(identity(Network((1, 1))), classes=["all"]), [[1]], ["all"])
    assert math.isnan(alone.metrics["log_loss"])
    assert alone.metrics["accuracy"] == 1


def test_huge_numbers_are_no_warning(saved):
    model = saved(identity(Network((1, 1), loss="squared_error")))
    found = evaluate(model, [[1], [2]], [1e300, -1e300]).metrics
    assert found["mean_absolute_error"] == 1e300
    assert found["root_mean_squared_error"] == math.inf


CLASSES = identity(Network((3, 3))), ["a", "b", "c"]
NUMBERS = identity(Network((1, 1), loss="squared_error")), None
HUGE = (NUMBERS[0][0], [Layer(np.array([[1e200]]), np.zeros(1))]), None


@pytest.mark.parametrize(
    ("model", "x", "truth", "match"),
    [
        (CLASSES, np.eye(3), ["a", "b", "d"], r"knows, \['a', 'b', 'c'\]; got 'd', first in row 3"),
        (CLASSES, np.eye(3), [0, 1, 2], "got 0, first in row 1"),
        (CLASSES, np.eye(3), np.array(["a", np.nan, "c"], object), "got nan, first in row 2"),
        (CLASSES, np.eye(3), ["a", "b"], r"one value per row, \[3\] for this x; got shape \[2\]"),
        (CLASSES, np.eye(3), [["a"]] * 3, r"got shape \[3, 1\]"),
        (CLASSES, 1.0, ["a"], r"x must be rows of 3 features, .* got shape \[\]"),
        (CLASSES, np.ones((1, 2)), ["a"], r"x must be rows of 3 features"),
        ((identity(Network((3, 3))), None), np.eye(3), ["0", "1", "2"], "got '0', first in row 1"),
        ((identity(Network((3, 3))), None), np.eye(3), [0, 1.5, 2], "got 1.5, first in row 2"),
        (NUMBERS, [[1], [2]], [1, np.inf], "y must be finite; got inf, first in row 2"),
        (NUMBERS, [[1], [2]], ["1", "2"], "y must be bools, integers or floats"),
        (HUGE, [[1], [1e200]], [1, 2], "the predictions of the model must be finite; got inf"),
    ],
)
def test_rows_that_cannot_be_judged_are_refused(saved, model, x, truth, match):
    (what, classes) = model
    with pytest.raises(InvalidArgument, match=match):
        evaluate(saved(what, classes=classes), x, truth)


@pytest.mark.parametrize(
    ("net", "match"),
    [
        (Network((2, 2), loss="squared_error"), "got a model of 2 outputs"),
        (Network((2, 3), loss="pinball"), "got a model of pinball loss"),
        (Network((2, 1), loss="pinball"), "got a model of pinball loss"),
        (Network((2, 2), loss="sigmoid_cross_entropy"), "got a model of 2 labels"),
    ],
)
def test_models_of_several_targets_are_refused(saved, net, match):
    with pytest.raises(InvalidArgument, match=f"needs a model of one target.*{match}"):
        evaluate(saved(identity(net)), [[0, 0]], [0])


def test_members_are_refused_and_so_is_what_load_did_not_give(saved):
    net = Network((2, 2))
    members = net, fnet.reference.init_params(net, [0, 1, 2])
    with pytest.raises(InvalidArgument, match=r"members \[3\]. Save the params of one"):
        evaluate(saved(members), [[0, 0]], [0])
    with pytest.raises(InvalidArgument, match="model must be what fnet.load returned"):
        evaluate(members, [[0, 0]], [0])
