"""Plots draw the values that are given."""

import base64
import html
import json
import re
import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError

import fnet
from fnet import InvalidArgument, MLPClassifier, MLPRegressor, Network, plots, reference
from fnet.core import run_state
from fnet.core.params import Layer

HISTORY = {
    "loss": np.array([3.0, 2.0, 1.0]),
    "validation_loss": np.array([3.5, 2.5, 2.75]),
    "validation_accuracy": np.array([0.1, 0.6, 0.5]),
    "ended": "epochs",
}


X, Y = fnet.datasets.load_course()
IRIS = load_iris()
PETALS, SPECIES = IRIS.data[:, 2:], IRIS.target_names[IRIS.target]
NET = Network((2, 2))
PARAMS = (Layer(np.eye(2), np.zeros(2)),)
"""A network that predicts 0 if the first feature is the larger, otherwise 1."""


def lines(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def fitted(estimator, x, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence in so few epochs
        return estimator.fit(x, y, **options)


def trained(net=NET, epochs=30, **options):
    """A Run on the notes' rows; a regression network has y of -1 and 1."""
    y = Y if net.targets == "real" else (Y > 0).astype(int)
    params = reference.init_params(net, 0)
    plan = fnet.full_batch_plan(len(X), epochs)
    if options:
        options["validation"] = X[::2], y[::2]
    return reference.train(net, reference.adam(0.1), params, X, y, plan, **options)


def regions(figure):
    """The predicted class of each point of the plane, `[rows, columns]` from below."""
    return np.asarray(figure.axes[0].images[0].get_array())


# Learning curves.


@pytest.mark.parametrize("count", [2, 3, 12])
def test_roc_and_precision_recall_are_scikit_learns(count):
    random = np.random.default_rng(count)
    truth = np.concatenate([np.arange(count), random.integers(0, count, 200)])
    p = random.dirichlet(np.ones(count), len(truth)).round(2) + np.eye(count)[truth]  # with ties
    p /= p.sum(axis=1, keepdims=True)
    names = [f"c{k}" for k in range(count)]
    left, right = plots.roc_and_precision_recall(truth, p, names).axes
    shown = [1] if count == 2 else sorted(np.argsort(-np.bincount(truth), kind="stable")[:7])
    assert [line.get_label().split(":")[0] for line in left.lines[1:]] == [names[k] for k in shown]
    for k, roc, precision in zip(shown, left.lines[1:], right.lines, strict=True):
        own = truth == k
        area = metrics.roc_auc_score(own, p[:, k])
        assert roc.get_label() == f"{names[k]}: area {area:.3f}"
        average = metrics.average_precision_score(own, p[:, k])
        assert precision.get_label() == f"{names[k]}: average precision {average:.3f}"
        expected = metrics.roc_curve(own, p[:, k], drop_intermediate=False)[:2]
        np.testing.assert_allclose(roc.get_xydata().T, expected)
        both = metrics.precision_recall_curve(own, p[:, k])[:2]
        recalls, precisions = precision.get_xydata().T
        np.testing.assert_allclose(precisions[1:], both[0][:-1][::-1])
        np.testing.assert_allclose(recalls[1:], both[1][:-1][::-1])


def test_roc_needs_rows_of_two_classes():
    with pytest.raises(InvalidArgument, match="rows of at least two classes; all are of b"):
        plots.roc_and_precision_recall([1, 1], np.eye(2), ["a", "b"])


def test_intervals_are_vertical_lines_and_their_coverage_is_in_the_title():
    ends = [[0.0, 2.0], [2.5, 3.5], [3.0, 5.0]]
    figure = plots.predicted_vs_actual([1, 2, 4], [1, 3, 3], "length", ends)
    assert figure.get_suptitle().endswith(", 66.7% inside their intervals")
    (drawn,) = figure.axes[0].collections
    expected = [[[x, low], [x, high]] for x, (low, high) in zip([1, 2, 4], ends, strict=True)]
    np.testing.assert_array_equal(drawn.get_segments(), expected)
    for bad in ([[0, 1]], [0, 1, 2], [[0, np.nan]] * 3):
        with pytest.raises(InvalidArgument, match="intervals"):
            plots.predicted_vs_actual([1, 2, 4], [1, 3, 3], intervals=bad)


def test_curves_show_each_metric_and_mark_the_best_epoch():
    loss, accuracy = plots.learning_curves(HISTORY).axes
    assert lines(loss) == {
        "training": [[1, 3], [2, 2], [3, 1]],
        "validation": [[1, 3.5], [2, 2.5], [3, 2.75]],
        "best epoch: 2": [[2, 2.5]],
    }
    assert lines(accuracy) == {"validation": [[1, 0.1], [2, 0.6], [3, 0.5]]}
    assert (loss.get_title(), accuracy.get_xlabel()) == ("Loss by epoch", "epoch")


def test_curves_leave_other_metrics_out():
    """They have other scales: a log loss does not belong among the losses."""
    others = {f"validation_{name}": np.ones(3) for name in ("log_loss", "balanced_accuracy", "r2")}
    found, expected = (
        plots.learning_curves(history).axes for history in (HISTORY | others, HISTORY)
    )
    assert [lines(axes) for axes in found] == [lines(axes) for axes in expected]


def test_curves_of_a_history_with_the_loss_alone():
    (loss,) = plots.learning_curves({"loss": [2.0, 1.0]}).axes
    assert lines(loss) == {"training": [[1, 2], [2, 1]]}


def test_curves_have_gaps_where_values_have_no_place(tmp_path):
    huge = np.finfo(np.float64).max
    for losses in ([3.0, huge, 2.0], [huge, -huge, np.nan], [np.inf] * 3):
        figure = plots.learning_curves({"loss": [3.0, 2.0, 1.0], "validation_loss": losses})
        figure.savefig(tmp_path / "curves.svg")
        drawn = figure.axes[0].lines[1].get_ydata()
        assert np.array_equal(np.isfinite(drawn), np.abs(losses) < 4)


def test_curves_of_members_have_a_line_each():
    (loss,) = plots.learning_curves(
        {"loss": np.ones((4, 3)), "ended": np.array(["epochs"] * 3)}
    ).axes
    assert len(loss.lines) == 3


def test_the_best_epoch_is_marked_on_the_monitored_curve():
    options = {"patience": 5, "restore_best": True, "monitor": "validation_accuracy"}
    run = trained(**options)
    best = int(run.history["validation_accuracy"].argmax())
    assert best == run.train_state.best_epoch < len(run.history["loss"]) - 1
    loss, accuracy = plots.learning_curves(run).axes
    label = f"restored epoch: {best + 1} (best validation accuracy)"
    assert lines(accuracy)[label] == [[best + 1, run.history["validation_accuracy"][best]]]
    assert list(lines(loss)) == ["training", "validation"]


def test_a_monitored_value_without_a_curve_marks_the_loss():
    run = trained(
        restore_best=True, monitor="validation_balanced_accuracy", metrics=("balanced_accuracy",)
    )
    best = int(run.history["validation_balanced_accuracy"].argmax())
    (loss,) = plots.learning_curves(run).axes
    label = f"restored epoch: {best + 1} (best validation balanced accuracy)"
    assert lines(loss)[label] == [[best + 1, run.history["validation_loss"][best]]]


def test_a_run_that_kept_its_last_params_marks_the_smallest_validation_loss():
    run = trained(patience=1, monitor="validation_accuracy")
    assert run.train_state.best_epoch < len(run.history["loss"]) - 1
    best = int(run.history["validation_loss"].argmin())
    assert f"best epoch: {best + 1}" in lines(plots.learning_curves(run).axes[0])


def test_curves_of_an_estimator_are_its_own():
    estimator = fitted(
        MLPClassifier((4,), early_stopping=True, random_state=0, max_iter=60), PETALS, SPECIES
    )
    loss, accuracy = plots.learning_curves(estimator).axes
    epochs = range(1, estimator.n_iter_ + 1)
    expected = [list(p) for p in zip(epochs, estimator.loss_curve_, strict=True)]
    assert lines(loss)["training"] == expected
    best = int(np.argmax(estimator.validation_scores_))
    label = f"restored epoch: {best + 1} (best validation accuracy)"
    assert lines(accuracy)[label] == [[best + 1, estimator.best_validation_score_]]


def test_an_estimator_that_stopped_by_the_loss_marks_the_smallest():
    settings = {"early_stopping": "loss", "learning_rate_init": 0.1, "n_iter_no_change": 3}
    estimator = fitted(MLPClassifier((9,), random_state=0, **settings), PETALS, SPECIES)
    losses = estimator.validation_loss_curve_
    best = int(np.argmin(losses))
    assert best != int(np.argmax(estimator.validation_scores_))
    label = f"restored epoch: {best + 1} (best validation loss)"
    assert lines(plots.learning_curves(estimator).axes[0])[label] == [[best + 1, losses[best]]]


def test_a_continued_estimator_marks_the_best_epoch_of_its_last_fit():
    """Its scores follow those of the fit before, which may have been as good."""
    estimator = MLPClassifier(
        (8,), early_stopping=True, warm_start=True, random_state=0, learning_rate_init=0.1
    )
    for _ in range(2):
        fitted(estimator, PETALS, SPECIES)
    scores, began = estimator.validation_scores_, len(estimator.loss_curve_) - estimator.n_iter_
    best = began + int(np.argmax(scores[began:]))
    assert scores[best] <= max(scores[:began])
    assert any(label.startswith(f"restored epoch: {best + 1} ") for label in marks(estimator))


def test_calls_of_partial_fit_keep_the_first_of_the_best():
    estimator = MLPClassifier((8,), early_stopping=True, random_state=0, learning_rate_init=0.1)
    for _ in range(30):
        estimator.partial_fit(PETALS, SPECIES, classes=np.unique(SPECIES))
    best = int(np.argmax(estimator.validation_scores_))
    assert best < len(estimator.validation_scores_) - 1
    assert any(label.startswith(f"restored epoch: {best + 1} ") for label in marks(estimator))


def marks(what):
    return [label for axes in plots.learning_curves(what).axes for label in lines(axes)]


def test_curves_of_a_regressor_show_r2_from_minus_1_up():
    x, y = X[:, :1], X[:, 1]
    estimator = MLPRegressor(hidden_layer_sizes=(4,), random_state=0, learning_rate_init=0.1)
    fitted(estimator, x, y, validation_data=(x, y))
    loss, r2 = plots.learning_curves(estimator).axes
    assert (r2.get_title(), r2.get_ylabel(), r2.get_ylim()[0]) == ("R² by epoch", "R²", -1)
    assert [y for _, y in lines(r2)["validation"]] == estimator.validation_scores_
    assert min(estimator.validation_scores_) < -1 < max(estimator.validation_scores_)


def test_r2_below_minus_1_is_shown():
    _, axes = plots.learning_curves({"loss": [2, 1], "validation_r2": [-9, -5]}).axes
    assert axes.get_ylim()[0] < -9 < -5 < axes.get_ylim()[1]


def test_a_run_from_a_train_state_has_no_mark():
    """The best epoch may belong to the run before."""
    first = trained(patience=5, restore_best=True)
    net, plan = first.net, fnet.full_batch_plan(len(X), 2)
    run = reference.train(
        net,
        reference.adam(0.1),
        first.train_state,
        X,
        (Y > 0).astype(int),
        plan,
        validation=(X[::2], (Y[::2] > 0).astype(int)),
        restore_best=True,
        best_delta=10.0,
    )
    assert run.train_state.best_epoch == first.train_state.best_epoch >= 2
    assert not any("restored" in label for label in marks(run))


def test_the_scores_of_quantiles_are_left_out():
    estimator = MLPRegressor(hidden_layer_sizes=(), quantiles=(0.1, 0.9), early_stopping=True)
    fitted(estimator.set_params(max_iter=3, random_state=0), X, Y)
    (loss,) = plots.learning_curves(estimator).axes
    best = int(np.argmax(estimator.validation_scores_))
    label = f"restored epoch: {best + 1} (best validation score)"
    assert lines(loss)[label] == [[best + 1, estimator.validation_loss_curve_[best]]]


@pytest.mark.parametrize(
    "what",
    [
        {},
        {"loss": []},
        {"loss": 1.0},
        {"validation_log_loss": [1.0, 2.0]},
        (NET, PARAMS),
        fitted(MLPClassifier((2,), solver="lbfgs"), X, Y),
        trained(epochs=0),
    ],
)
def test_curves_without_a_history_are_refused(what):
    with pytest.raises(InvalidArgument, match="no history to draw"):
        plots.learning_curves(what)


def test_curves_of_a_solver_before_lbfgs_are_not_drawn():
    estimator = fitted(MLPClassifier((2,), max_iter=2), X, Y)
    plots.learning_curves(estimator)
    fitted(estimator.set_params(solver="lbfgs"), X, Y)
    with pytest.raises(InvalidArgument, match="no history to draw"):
        plots.learning_curves(estimator)


# Classes.


def test_the_confusion_matrix_counts_by_hand():
    figure = plots.confusion_matrix([0, 0, 1, 2, 2], [0, 1, 1, 2, 2], 3)
    axes = figure.axes[0]
    counts = {
        (int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts
    }
    assert counts == {(0, 0): "1", (0, 1): "1", (1, 1): "1", (2, 2): "2"}
    assert axes.get_title() == "Confusion matrix: 4 of 5 correct"
    shares = axes.images[0].get_array()
    assert shares.tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]


def ticks(axes):
    return [label.get_text() for label in axes.get_xticklabels()]


@pytest.mark.parametrize(
    ("labels", "classes", "names"),
    [
        (np.array(["b", "a", "c"]), None, "abc"),
        (pd.Series(["b", "a", "c"], index=[7, 8, 9], dtype=object), None, "abc"),
        (np.array(["b", "a", "c"]), ["c", "b", "a"], "cba"),
        ([1, 0, 2], ["a", "b", "c"], "abc"),
        ([1, 0, 2], 3, "012"),
        ([-1.0, 1.0, 2.5], None, ["-1", "1", "2.5"]),
        ([True, False], None, ["False", "True"]),
    ],
)
def test_labels_of_any_kind_have_their_names(labels, classes, names):
    axes = plots.confusion_matrix(labels, labels, classes).axes[0]
    assert ticks(axes) == list(names)
    assert axes.images[0].get_array().tolist() == np.eye(len(names)).tolist()


def test_a_confusion_matrix_equals_scikit_learns():
    truth, predicted = np.random.default_rng(0).integers(5, size=(2, 200))
    words = np.array(["e", "d", "c", "b", "a"])
    axes = plots.confusion_matrix(words[truth], predicted, words).axes[0]
    expected = metrics.confusion_matrix(truth, predicted, normalize="true")
    np.testing.assert_allclose(axes.images[0].get_array(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("count", "letters"), [(2, 3), (2, 40), (10, 3), (10, 40), (40, 3), (40, 40), (120, 3)]
)
@pytest.mark.parametrize("given", [False, True])
def test_names_and_counts_of_a_confusion_matrix_fit(count, letters, given):
    names = [f"{i:0{letters}}" for i in range(count)]
    rows = np.repeat(np.arange(count), 500)
    figure = Figure(figsize=(5, 5)) if given else None
    figure = plots.confusion_matrix(rows, rows, names, figure=figure)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert all(len(name) <= 24 for name in ticks(axes))
    extents = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(a.x1 <= b.x0 for a, b in zip(extents, extents[1:], strict=False))
    cell = axes.get_window_extent().width / count
    for text in axes.texts:
        assert text.get_fontsize() >= 6
        assert text.get_window_extent().width <= cell
    if letters == 3:
        assert bool(axes.texts) == (count <= (10 if given else 40))
    if not given:
        low, high = figure.get_tightbbox().get_points()  # inches
        assert (low >= 0).all()
        assert (high <= figure.get_size_inches()).all()


def curve(figure):
    """`(points of the curve, heights of the bars)`."""
    upper, lower = figure.axes
    return np.array(lines(upper)["model, by bin"]), [bar.get_height() for bar in lower.patches]


def test_calibration_of_two_classes_equals_scikit_learns():
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.random(500), [0, 0.2, 0.5, 1]])
    truth = rng.random(504) < p**2
    names = np.array(["no", "yes"])
    figure = plots.calibration(names[truth.astype(int)], np.stack([1 - p, p], axis=1), names, 5)
    points, rows = curve(figure)
    shares, means = calibration_curve(truth, p, n_bins=5)
    np.testing.assert_allclose(points, np.stack([means, shares], axis=1), rtol=1e-12)
    assert rows == np.histogram(1 - p, np.linspace(0, 1, 6))[0][::-1].tolist()
    error = np.sum(np.array(rows) * np.abs(shares - means)) / 504
    assert (
        figure.axes[0].get_title() == f"Reliability diagram\nexpected calibration error {error:.3f}"
    )
    assert figure.axes[1].get_xlabel() == "predicted probability of yes"


def test_calibration_of_several_classes_is_that_of_the_top_label():
    p = [[0.7, 0.2, 0.1], [0.1, 0.75, 0.15], [0.2, 0.2, 0.6], [0.05, 0, 0.95]]
    figure = plots.calibration([0, 2, 2, 2], p, bins=4)
    points, rows = curve(figure)  # (0.5, 0.75] holds three rows, two of them right
    np.testing.assert_allclose(points, [[2.05 / 3, 2 / 3], [0.95, 1]], rtol=1e-12)
    assert rows == [0, 0, 3, 1]
    assert "the predicted class\nexpected calibration error 0.025" in figure.axes[0].get_title()


# Regression.


def test_predicted_against_actual_values_and_residuals():
    figure = plots.predicted_vs_actual([[1.0], [2.0], [4.0]], [1, 3, 3], "length (cm)")
    left, right = figure.axes
    assert left.lines[0].get_xydata().tolist() == [[1, 1], [2, 3], [4, 3]]
    assert right.lines[0].get_xydata().tolist() == [[1, 0], [3, 1], [3, -1]]
    diagonal = np.array(lines(left)["predicted = actual"])
    assert np.array_equal(diagonal[:, 0], diagonal[:, 1])
    assert left.get_xlim() == left.get_ylim() == tuple(diagonal[:, 0])
    assert [y for _, y in lines(right)["no error"]] == [0, 0]
    assert (left.get_xlabel(), left.get_ylabel()) == ("actual length (cm)", "predicted length (cm)")
    r2 = metrics.r2_score([1, 2, 4], [1, 3, 3])
    assert figure.get_suptitle() == f"3 rows: R² {r2:.3f}, mean absolute error 0.6667"


def test_the_most_important_columns_are_bars():
    means = np.random.default_rng(0).permutation(61) / 100 - 0.1
    names = [f"column {mean:.2f}" for mean in means]
    (axes,) = plots.column_importance(names, means, means**2, "accuracy").axes
    bars = {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for bar in axes.patches}
    labels = dict(zip(axes.get_yticks(), axes.get_yticklabels(), strict=True))
    assert [bars[place] for place in sorted(bars, reverse=True)] == sorted(means)[:-21:-1]
    assert all(labels[place].get_text() == f"column {bars[place]:.2f}" for place in bars)
    assert axes.get_title() == "The 20 most important of 61 columns"
    assert axes.get_xlabel() == "drop in accuracy when permuted"
    (errors,) = axes.collections
    spans = np.array([segment[:, 0] for segment in errors.get_segments()])
    np.testing.assert_allclose(spans.mean(axis=1), sorted(means)[:-21:-1])
    np.testing.assert_allclose(np.ptp(spans, axis=1) / 2, spans.mean(axis=1) ** 2)


def test_many_points_are_an_image_in_an_svg(tmp_path):
    truth = np.random.default_rng(0).normal(size=100_000)
    plots.predicted_vs_actual(truth, truth / 2).savefig(tmp_path / "many.svg")
    assert (tmp_path / "many.svg").stat().st_size < 500_000


def test_one_row_and_one_value_are_drawn_too(tmp_path):
    for rows in (1, 3):
        figure = plots.predicted_vs_actual([2] * rows, [2] * rows)
        figure.savefig(tmp_path / "one.png")
        assert figure.axes[0].get_xlim() == (1, 3)


# Regions.


def test_regions_are_the_networks_predictions():
    figure = plots.decision_regions(
        (NET, PARAMS), [[0, 4], [4, 0], [4, 1]], ["up", "up", "down"], ["down", "up"], ["a", "b"]
    )
    plane = regions(figure)
    assert np.array_equal(plane, np.tril(np.ones(plane.shape), -1))
    axes = figure.axes[0]
    assert axes.images[0].origin == "lower"
    assert lines(axes) == {"down": [[4, 1]], "up": [[0, 4], [4, 0]]}
    assert axes.get_title() == "Decision regions: 2 of 3 rows correct"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    colours = {line.get_color() for line in axes.lines}
    assert len(colours) == len({line.get_marker() for line in axes.lines}) == 2


@pytest.mark.parametrize(
    ("y", "standardize"),
    [
        (SPECIES, True),
        (IRIS.target > 0, False),
        (np.where(IRIS.target == 0, "setosa", "other").astype(object), True),
    ],
)
def test_regions_of_an_estimator_and_of_its_file(y, standardize, tmp_path):
    table = pd.DataFrame(PETALS, columns=["length", "width"])
    estimator = fitted(
        MLPClassifier((8,), solver="lbfgs", random_state=0, standardize=standardize), table, y
    )
    fnet.save(tmp_path / "estimator.fnet", estimator)
    for what in (estimator, fnet.load(tmp_path / "estimator.fnet")):
        figure = plots.decision_regions(what, table, y)
        axes = figure.axes[0]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("length", "width")
        assert [line.get_label() for line in axes.lines] == [str(c) for c in estimator.classes_]
        right = int(round(150 * estimator.score(table, y)))
        assert axes.get_title() == f"Decision regions: {right} of 150 rows correct"
        plane = regions(figure)
        left, end, bottom, top = axes.images[0].get_extent()
        points = np.meshgrid(
            *(np.linspace(*ends, len(plane)) for ends in ((left, end), (bottom, top)))
        )
        predicted = estimator.predict(
            pd.DataFrame(np.stack(points, -1).reshape(-1, 2), columns=["length", "width"])
        )
        assert np.array_equal(estimator.classes_[plane.ravel()], predicted)


def test_a_network_of_one_number_decides_by_its_sign():
    run = trained(Network((2, 1), loss="squared_error"))
    figure = plots.decision_regions(run, X, Y, classes=["setosa", "other"])
    assert [line.get_label() for line in figure.axes[0].lines] == ["setosa", "other"]
    right = np.sum((reference.predict(run.net, run.params, X)[:, 0] > 0) == (Y > 0))
    assert figure.axes[0].get_title() == f"Decision regions: {right} of 150 rows correct"


def test_plots_of_tensors_equal_plots_of_arrays():
    import tensorflow as tf

    run = trained(epochs=3, restore_best=True)
    of_tensors = run_state.convert_arrays(tf.constant, run)
    assert tf.is_tensor(of_tensors.params[0].w)
    for what in (of_tensors, (run.net, of_tensors.params)):
        plane = regions(plots.decision_regions(what, X, (Y > 0).astype(int)))
        expected = regions(plots.decision_regions(run, X, (Y > 0).astype(int)))
        np.testing.assert_array_equal(plane, expected)
    image = plots.first_layer_weights(of_tensors.params, (1, 2)).axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), run.params[0].w.T[:1])
    assert marks(of_tensors) == marks(run)
    assert "restored epoch" in " ".join(marks(run))


# Images.


def test_first_layer_weights_are_drawn_by_unit():
    w = np.arange(6 * 40, dtype=np.float64).reshape(6, 40) - 100
    params = (Layer(w, np.zeros(40)), Layer(np.ones((40, 3)), np.zeros(3)))
    for what in (params, (Network((6, 40, 3)), params)):
        figure = plots.first_layer_weights(what, (2, 3))
        shown = [axes.images[0] for axes in figure.axes if axes.images]
        assert len(shown) == 36
        assert np.array_equal(shown[35].get_array(), w[:, 35].reshape(2, 3))
        assert {image.get_clim() for image in shown} == {(-135, 135)}
        title = "First-layer weights of 40 hidden units (first 36 shown)"
        assert figure.get_suptitle() == title


def test_first_layer_weights_of_an_estimator_are_its_coefs(tmp_path):
    digits = load_digits()
    estimator = fitted(MLPClassifier((5,), max_iter=2), digits.data, digits.target)
    figure = plots.first_layer_weights(estimator, (8, 8))
    shown = np.array([axes.images[0].get_array() for axes in figure.axes if axes.images])
    assert np.array_equal(shown.reshape(5, 64).T, estimator.coefs_[0])
    assert figure.get_suptitle() == "First-layer weights of 5 hidden units"
    assert "of 2 outputs" in plots.first_layer_weights(PARAMS, (1, 2)).get_suptitle()


def test_misclassified_images_are_those_that_differ():
    images = np.arange(5 * 4).reshape(5, 2, 2)
    figure = plots.misclassified(images, [0, 1, 2, 3, 4], [0, 9, 2, 8, 4])
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["pred. 9\ntrue 1", "pred. 8\ntrue 3"]
    assert np.array_equal(shown[1].images[0].get_array(), images[3])
    assert figure.get_suptitle() == "Misclassified: 2 of 5"


def test_only_25_images_are_shown_with_a_note():
    figure = plots.misclassified(np.zeros((30, 2, 2)), np.zeros(30, int), np.ones(30, int))
    assert sum(bool(axes.images) for axes in figure.axes) == 25
    assert figure.get_suptitle() == "Misclassified: 30 of 30 (first 25 shown)"


def test_nothing_misclassified_is_no_error():
    figure = plots.misclassified(np.zeros((2, 2, 2)), [0, 1], [0, 1])
    assert figure.get_suptitle() == "Misclassified: 0 of 2"


def test_misclassified_images_have_names():
    truth, predicted = pd.Series(["cat", "dog"], index=[5, 6]), ["cat", "a dog of long descent"]
    figure = plots.misclassified(np.zeros((2, 2, 2)), truth, predicted)
    assert figure.axes[0].get_title() == "pred. a dog …scent\ntrue dog"


# All plots.


def test_several_plots_fit_into_one_figure(tmp_path):
    figure = Figure()
    left, right = figure.subfigures(1, 2)
    assert plots.learning_curves(HISTORY, figure=left) is left
    assert plots.confusion_matrix([0, 1], [0, 1], 2, figure=right) is right
    figure.savefig(tmp_path / "both.png")
    assert (tmp_path / "both.png").read_bytes()[:4] == b"\x89PNG"


def test_labels_out_of_range_are_refused():
    with pytest.raises(InvalidArgument, match="y_pred must be labels from 0 to 1; got 2"):
        plots.confusion_matrix([0, 1], [0, 2], 2)
    with pytest.raises(InvalidArgument, match="same number of rows"):
        plots.confusion_matrix([0, 1], [0], 2)


X3 = np.zeros((3, 2))
HALVES = np.full((3, 2), 0.5)
REGRESSOR = fitted(MLPRegressor(hidden_layer_sizes=(), max_iter=2), X, X)

TRACE = reference.trace(NET, PARAMS, [[0.0, 4.0], [1.0, 2.0]], [1, 0])
WIDE = Network((3, 2)), (Layer(np.ones((3, 2)), np.ones(2)),)

REFUSED = {
    "confusion_matrix": [
        (([0, 1], [0, "a"]), "of one kind, all numbers or all strings"),
        (
            (["a", "b"], ["a", "c"], ["a", "b"]),
            "y_pred must hold only the classes .* got 'c', .*w 1",
        ),
        (([0, 1], [0, 2], ["a", "b"]), "y_pred must be labels from 0 to 1"),
        (([0, 1], [0, 1], ["a", "a"]), "each once"),
        (([0, 1], [0, 1], 0), "classes must be an integer of at least 1"),
        (([0, 1], [0, np.nan]), "y_pred must be finite"),
        (([[0, 1]], [[0, 1]]), r"y_true must be labels \[N\]; got shape \[1, 2\]"),
        (([], []), r"y_true must be labels \[N\]"),
    ],
    "calibration": [
        (([0, 1, 1], [0.5, 0.5, 0.5]), r"\[N, K\] .* got shape \[3\]"),
        (([0, 1, 1], [[0.5], [0.5], [0.5]]), "at least two classes"),
        (([0, 1], HALVES), "same number of rows"),
        (([0, 1, 2], HALVES), "y_true must be labels from 0 to 1"),
        (([0, 1, 1], HALVES * 3), "the sum 1 in each row"),
        (([0, 1, 1], HALVES * np.nan), "y_prob must be finite"),
        (([0, 1, 1], HALVES, ["a", "b", "c"]), "2 classes in order"),
        (([0, 1, 1], HALVES, None, 0), "bins must be an integer of at least 1"),
    ],
    "predicted_vs_actual": [
        (([1, 2], [1]), "same number of rows"),
        (([1, np.inf], [1, 2]), "y_true must be finite"),
        ((["a"], ["b"]), "y_true must be bools, integers or floats"),
        (([[1, 2]], [[1, 2]]), "one number per row.* one at a time"),
        (([], []), "one number per row"),
    ],
    "column_importance": [
        ((["a"], [0.1, 0.2]), "the same number of columns; got 1, 2 and none"),
        ((["a"], [0.1], [0.1, 0.2]), "the same number of columns; got 1, 1 and 2"),
        ((["a"], [np.nan]), "means must be finite"),
        (([], []), "means must be one number per row"),
    ],
    "decision_regions": [
        (("net", X3, [0, 0, 0]), "model must be"),
        ((REGRESSOR, X3, [0, 0, 0]), "needs a classifier, or a regression network with one output"),
        (((Network((3, 2)), (Layer(np.ones((3, 2)), np.ones(2)),)), X3, [0] * 3), "3 features"),
        (((NET, reference.init_params(NET, [0, 1])), X3, [0, 0, 0]), r"member axes \[2\]"),
        (((NET, PARAMS), np.zeros((3, 3)), [0, 0, 0]), "x must be rows of 2 features"),
        (((NET, PARAMS), X3 * np.nan, [0, 0, 0]), "x must be finite"),
        (((NET, PARAMS), X3, [0, 0]), "same number of rows"),
        (((NET, PARAMS), X3, [0, 0, 5]), "y must hold only the classes .* got 5"),
        (((NET, PARAMS), X3, [0, 0, 0], ["a"]), "2 classes in order"),
        (((NET, PARAMS), X3, [0, 0, 0], None, ["a"]), "two of the 2 features"),
        (((NET, PARAMS), X3, [0, 0, 0], None, (0, 2)), "two of the 2 features"),
        (((NET, PARAMS), X3, [0, 0, 0], None, (1, 1)), "two of the 2 features"),
        (((NET, PARAMS), X3, [0, 0, 0], None, "ab"), "two of the 2 features"),
        ((WIDE, np.zeros((3, 3)), [0, 0, 0]), "two of the 3 features"),
        ((WIDE, np.zeros((3, 3)), [0, 0, 0], None, ("a", "b")), "they are .'feature 0'"),
    ],
    "gradient_flow": [
        (([],), "grads must be a sequence with a gradient for each epoch"),
        ((3,), "grads must be a sequence with a gradient for each epoch"),
        ((PARAMS,), "grads must be a sequence with a gradient for each epoch"),  # of one epoch
        (([PARAMS, PARAMS * 2],), "each of grads must be like params"),
        (([PARAMS, (Layer(np.eye(3), np.zeros(3)),)],), r"needs w of shape \[2, 2\]"),
        (([PARAMS, PARAMS], [1]), "one for each of the 2 gradients"),
        (([PARAMS, PARAMS], [2, 2]), "in ascending order"),
        (([PARAMS], ["a"]), "epochs must be bools, integers or floats"),
    ],
    "network": [
        ((NET, PARAMS * 2), "params must be one Layer"),
        (("net", PARAMS), "model must be"),
        ((NET, reference.init_params(NET, [0, 1])), r"member axes \[2\]"),
        ((NET, PARAMS, "trace"), "trace must be what fnet.reference.trace returned .* got str"),
        ((NET, PARAMS, TRACE._replace(w={1: 2 * np.eye(2)})), "for these params"),
        ((NET, PARAMS, TRACE._replace(b={1: np.ones(2)})), "for these params"),
        ((NET, PARAMS, TRACE, 2), "row must be one of the 2 rows of the trace; got 2"),
        ((NET, PARAMS, TRACE, -1), "row must be an integer of at least 0"),
    ],
    "first_layer_weights": [
        ((PARAMS, (2, 2)), "as many pixels as the network has inputs, 2; got 2 x 2 = 4"),
        ((PARAMS, 2), r"shape must be \(height, width\)"),
        ((PARAMS, (-1, -2)), "each of shape must be an integer"),
        (((Layer(np.ones((3, 2, 2))),), (1, 2)), "those of one network"),
        (((Layer(np.full((2, 2), np.nan)),), (1, 2)), "params must be finite"),
        ((7, (1, 2)), "model must be"),
        (((1, 2), (1, 2)), "params must be a sequence"),
    ],
    "misclassified": [
        ((np.zeros((2, 4)), [0, 1], [0, 1]), r"images must be \[N, height, width\]"),
        ((np.zeros((2, 2, 2)) * np.nan, [0, 1], [0, 1]), "images must be finite"),
        ((np.zeros((3, 2, 2)), [0, 1], [0, 1]), "same number of rows"),
    ],
}


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [(name, *case) for name, cases in REFUSED.items() for case in cases],
)
def test_what_does_not_fit_is_refused(name, arguments, message):
    with pytest.raises(InvalidArgument, match=message):
        getattr(plots, name)(*arguments)


def test_an_estimator_must_be_fitted():
    with pytest.raises(NotFittedError):
        plots.first_layer_weights(MLPClassifier(), (8, 8))


def test_plots_of_a_file_need_neither_tensorflow_nor_scikit_learn(tmp_path):
    """Global settings are not changed either."""
    fnet.save(tmp_path / "it.fnet", fitted(MLPClassifier((3,), max_iter=3), X, Y))
    code = (
        "import json, sys, matplotlib, fnet\n"
        "before = matplotlib.rcParams.copy()\n"
        "model = fnet.load(sys.argv[1])\n"
        "x, y = [[5.0, 3.0], [6.0, 2.0], [5.0, 4.0]], [-1, 1, -1]\n"
        "for figure in (fnet.plots.learning_curves(model),\n"
        "    fnet.plots.decision_regions(model, x, y),\n"
        "    fnet.plots.first_layer_weights(model, (1, 2)),\n"
        "    fnet.plots.network(model.net, model.params),\n"
        "    fnet.plots.gradient_flow([model.params]),\n"
        "    fnet.plots.confusion_matrix(y, model.predict(x)),\n"
        "    fnet.plots.calibration(y, model.predict_proba(x), model.classes),\n"
        "    fnet.plots.predicted_vs_actual(y, y),\n"
        "    fnet.plots.misclassified([x, x, x], y, [1, 1, 1])):\n"
        "    figure.savefig(sys.argv[1] + '.svg')\n"
        "heavy = 'tensorflow', 'sklearn', 'pandas', 'scipy', 'matplotlib.pyplot'\n"
        "same = before == matplotlib.rcParams.copy()\n"
        "print(json.dumps([same, [name for name in heavy if name in sys.modules]]))\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "it.fnet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, []]


def test_a_dollar_in_a_name_starts_no_formula(tmp_path):
    bad, axis = r"$\bad$", r"$\x_1$"
    probabilities = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]
    figures = {
        plots.confusion_matrix([bad, "a"], [bad, bad]): bad,
        plots.calibration([0, 1, 1], probabilities, classes=["a", bad]): bad,
        plots.predicted_vs_actual([1.0, 2.0], [1.5, 2.5], name=axis): axis,
        plots.column_importance([bad, "a"], [0.1, 0.2]): bad,
        plots.column_importance(["a"], [0.1], score=axis): axis,
        plots.misclassified(np.zeros((2, 2, 2)), [bad, "a"], ["a", bad]): bad,
        plots.decision_regions((NET, PARAMS), X[:2], [0, 1], [bad, "a"], (axis, "b")): axis,
    }
    for figure, name in figures.items():
        with matplotlib.rc_context({"svg.fonttype": "none"}):
            figure.savefig(tmp_path / "dollar.svg")
        assert name in (tmp_path / "dollar.svg").read_text()


# Figures and axes.

DIGIT = np.zeros((2, 2, 2))
CALLS = {
    "learning_curves": (HISTORY,),
    "confusion_matrix": ([0, 1], [0, 1]),
    "calibration": ([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]),
    "predicted_vs_actual": ([1.0, 2.0], [1.5, 2.5]),
    "column_importance": (["a", "b"], [0.1, 0.2], [0.01, 0.02]),
    "decision_regions": ((NET, PARAMS), [[0, 4], [4, 0]], [1, 0]),
    "first_layer_weights": (PARAMS, (1, 2)),
    "misclassified": (DIGIT, [0, 1], [1, 1]),
    "gradient_flow": ([PARAMS, PARAMS],),
    "network": (NET, PARAMS, reference.trace(NET, PARAMS, [[0.0, 4.0]], [1])),
}
PANELS = {"first_layer_weights", "misclassified"}
"""The functions that draw several images."""


@pytest.mark.parametrize("name", CALLS)
def test_a_new_figure_shows_itself_in_a_notebook(name):
    figure = getattr(plots, name)(*CALLS[name])
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG\r\n")
    assert figure._repr_html_() is None  # otherwise it would be shown twice


@pytest.mark.parametrize("name", CALLS)
def test_a_given_figure_keeps_what_it_shows(name):
    figure = Figure()
    before = figure.add_axes((0.1, 0.1, 0.1, 0.1), title=r"$x^2$")
    before.plot([1, 2])
    heading, note = figure.suptitle(r"mine: $y$"), figure.text(0, 0, "$z$")
    assert getattr(plots, name)(*CALLS[name], figure=figure) is figure
    assert before in figure.axes
    assert len(figure.axes) > 1
    assert (len(before.lines), before.get_title()) == (1, r"$x^2$")
    assert figure.get_suptitle() == r"mine: $y$"
    for text in (heading, note, before.title):
        assert text.get_parse_math()


@pytest.mark.parametrize("name", sorted(CALLS.keys() - PANELS))
def test_a_given_axes_keeps_what_it_shows(name):
    figure = Figure()
    ax, other = figure.subplots(1, 2)
    (line,) = ax.plot([0, 9], [0, 9], label="$m^2$")
    ax.set(title="mine: $x$", xlabel="$u$")
    place = ax.get_position(original=True).bounds
    assert getattr(plots, name)(*CALLS[name], ax=ax) is ax
    assert line in ax.lines
    assert len(ax.lines) + len(ax.images) > 1
    assert figure.axes == [ax, other]
    assert not other.has_data()
    assert figure.get_suptitle() == ""
    assert ax.get_position(original=True).bounds == place
    assert (ax.get_title(), ax.get_xlabel()) == ("mine: $x$", "$u$")
    assert ax.get_ylabel() != ""
    assert ax.title.get_parse_math()
    assert not ax.yaxis.label.get_parse_math()
    if ax.get_legend():
        math = {text.get_text(): text.get_parse_math() for text in ax.get_legend().get_texts()}
        assert math.pop("$m^2$")
        assert not any(math.values())


@pytest.mark.parametrize("name", sorted(CALLS.keys() - PANELS))
def test_an_empty_axes_is_named_and_drawn(name, tmp_path):
    figure = Figure()
    ax = figure.subplots()
    getattr(plots, name)(*CALLS[name], ax=ax)
    assert all((ax.get_title(), ax.get_xlabel(), ax.get_ylabel()))
    figure.savefig(tmp_path / "it.png")


def test_axes_of_a_pyplot_figure_are_drawn_into():
    import matplotlib.pyplot as plt

    with matplotlib.rc_context({"backend": "agg"}):
        _, ax = plt.subplots()
        open_before = plt.get_fignums()
        assert plots.learning_curves(HISTORY, ax=ax) is ax
        assert plt.gca() is ax
        plots.learning_curves(HISTORY)
        assert plt.get_fignums() == open_before
        plt.close("all")


def test_the_loss_alone_is_drawn_into_an_axes():
    ax = plots.learning_curves(HISTORY, ax=Figure().subplots())
    assert set(lines(ax)) == {"training", "validation", "best epoch: 2"}
    estimator = fitted(
        MLPClassifier((4,), early_stopping=True, random_state=0, max_iter=9), PETALS, SPECIES
    )
    ax = plots.learning_curves(estimator, ax=Figure().subplots())
    assert ax.get_title() == "Loss by epoch"
    assert any("best validation accuracy" in label for label in lines(ax))


def test_the_range_of_given_axes_only_grows():
    ax = Figure().subplots()
    ax.plot([-50, 50], [0, 0])
    plots.predicted_vs_actual([1.0, 2.0], [1.5, 2.5], ax=ax)
    assert ax.get_xlim()[0] <= -50 < 50 <= ax.get_xlim()[1]


@pytest.mark.parametrize("name", CALLS)
def test_bad_axes_and_figures_are_refused(name):
    with pytest.raises(InvalidArgument, match="figure must be a matplotlib Figure or SubFigure"):
        getattr(plots, name)(*CALLS[name], figure="a")
    if name not in PANELS:
        with pytest.raises(InvalidArgument, match="ax must be a matplotlib Axes; got 3"):
            getattr(plots, name)(*CALLS[name], ax=3)
        figure = Figure()
        with pytest.raises(InvalidArgument, match="give figure or ax, not both"):
            getattr(plots, name)(*CALLS[name], figure=figure, ax=figure.subplots())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("curves", "learning_curves"),
        ("truth_and_prediction", "predicted_vs_actual"),
        ("first_layer", "first_layer_weights"),
    ],
)
def test_old_names_are_refused_with_the_new_names(old, new):
    with pytest.raises(AttributeError, match=f"no attribute '{old}': it is called {new}"):
        getattr(plots, old)
    with pytest.raises(AttributeError, match="no attribute 'nothing'$"):
        _ = plots.nothing


def test_a_run_has_an_html_repr_with_its_curves():
    run = trained()
    shown = run._repr_html_()
    assert shown == plots.run_html(run)
    text, data = re.fullmatch(
        r'<div><pre>(.*)</pre><img alt="Learning curves" style="max-width: 100%" '
        r'src="data:image/png;base64,(.*)"></div>',
        shown,
        re.DOTALL,
    ).groups()
    assert html.unescape(text) == repr(run)
    assert base64.b64decode(data, validate=True).startswith(b"\x89PNG\r\n")


def test_the_html_of_a_run_is_escaped_and_has_a_plot_only_with_epochs():
    run = trained(epochs=0)._replace(optimizer="<script>")
    assert plots.run_html(run) == f"<div><pre>{html.escape(repr(run))}</pre></div>"
    assert "<script>" not in run._repr_html_()


def test_a_run_of_members_has_an_html_repr():
    params = reference.init_params(NET, [0, 1, 2])
    plan = fnet.full_batch_plan(len(X), 4)
    run = reference.train(NET, fnet.adam(0.1), params, X, (Y > 0).astype(int), plan)
    assert "3 members" in run._repr_html_()
    assert "<img" in run._repr_html_()
