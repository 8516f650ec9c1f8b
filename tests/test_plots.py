"""Pictures: what is drawn is what was given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from fnet import InvalidArgument, plots

HISTORY = {
    "loss": np.array([3.0, 2.0, 1.0]),
    "validation_loss": np.array([3.5, 2.5, 2.75]),
    "validation_accuracy": np.array([0.1, 0.6, 0.5]),
    "ended": "epochs",
}


def lines(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def test_curves_show_each_measure_and_mark_the_best_epoch():
    loss, accuracy = plots.curves(HISTORY).axes
    assert lines(loss) == {
        "training": [[1, 3], [2, 2], [3, 1]],
        "validation": [[1, 3.5], [2, 2.5], [3, 2.75]],
        "best: epoch 2": [[2, 2.5]],
    }
    assert lines(accuracy) == {"validation": [[1, 0.1], [2, 0.6], [3, 0.5]]}
    assert (loss.get_title(), accuracy.get_xlabel()) == ("Loss by epoch", "epoch")


def test_curves_leave_other_metrics_out():
    """Of their own scales: a log loss is no curve among the losses."""
    others = {f"validation_{name}": np.ones(3) for name in ("log_loss", "balanced_accuracy", "r2")}
    found, expected = (plots.curves(history).axes for history in (HISTORY | others, HISTORY))
    assert [lines(axes) for axes in found] == [lines(axes) for axes in expected]


def test_curves_of_a_history_with_the_loss_alone():
    (loss,) = plots.curves({"loss": [2.0, 1.0]}).axes
    assert lines(loss) == {"training": [[1, 2], [2, 1]]}


def test_curves_of_members_have_a_line_each():
    (loss,) = plots.curves({"loss": np.ones((4, 3)), "ended": np.array(["epochs"] * 3)}).axes
    assert len(loss.lines) == 3


def test_the_confusion_matrix_counts_by_hand():
    figure = plots.confusion_matrix([0, 0, 1, 2, 2], [0, 1, 1, 2, 2], 3)
    axes = figure.axes[0]
    counts = {
        (int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts
    }
    assert counts == {(0, 0): "1", (0, 1): "1", (1, 1): "1", (2, 2): "2"}
    assert axes.get_title() == "Confusion matrix: 4 of 5 right"
    shares = axes.images[0].get_array()
    assert shares.tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]


def test_misclassified_images_are_those_that_differ():
    images = np.arange(5 * 4).reshape(5, 2, 2)
    figure = plots.misclassified(images, [0, 1, 2, 3, 4], [0, 9, 2, 8, 4])
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["said 9, is 1", "said 8, is 3"]
    assert np.array_equal(shown[1].images[0].get_array(), images[3])
    assert figure.get_suptitle() == "Misclassified: 2 of 5"


def test_only_the_first_25_are_shown_and_it_says_so():
    figure = plots.misclassified(np.zeros((30, 2, 2)), np.zeros(30, int), np.ones(30, int))
    assert sum(bool(axes.images) for axes in figure.axes) == 25
    assert figure.get_suptitle() == "Misclassified: 30 of 30, the first 25 of them"


def test_nothing_misclassified_is_no_error():
    figure = plots.misclassified(np.zeros((2, 2, 2)), [0, 1], [0, 1])
    assert figure.get_suptitle() == "Misclassified: 0 of 2"


def test_several_pictures_make_one(tmp_path):
    figure = Figure()
    left, right = figure.subfigures(1, 2)
    assert plots.curves(HISTORY, left) is left
    assert plots.confusion_matrix([0, 1], [0, 1], 2, right) is right
    figure.savefig(tmp_path / "both.png")
    assert (tmp_path / "both.png").read_bytes()[:4] == b"\x89PNG"


def test_labels_out_of_range_are_refused():
    with pytest.raises(InvalidArgument, match="predicted must be labels from 0 to 1; got 2"):
        plots.confusion_matrix([0, 1], [0, 2], 2)
    with pytest.raises(InvalidArgument, match="same rows"):
        plots.confusion_matrix([0, 1], [0], 2)
