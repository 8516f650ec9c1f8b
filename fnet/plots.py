"""Pictures of a run and of what a network says, as matplotlib Figures.

Each function draws into `figure` (a Figure or a SubFigure, so that several make one picture) or
into a new one, and returns it: `plots.curves(run.history).savefig("curves.png")`. Nothing global
is touched. Colours are Okabe and Ito's, told apart by colour-blind eyes and in grey.
"""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fnet import checks

TRAINING, VALIDATION, MARK = "#0072B2", "#D55E00", "#009E73"

MOST_IMAGES = 25
"""How many misclassified images are shown."""


def curves(history, figure=None):
    """Loss and, where it was measured, accuracy against the epoch, from a Run's `history`.

    The epoch with the smallest validation loss is marked. Of members, each has a thin line.
    """
    history = {name: np.asarray(v) for name, v in history.items() if name != "ended"}
    shown = {"loss": ("loss", "validation_loss"), "accuracy": ("accuracy", "validation_accuracy")}
    kinds = [kind for kind, names in shown.items() if any(name in history for name in names)]
    figure = figure or Figure(figsize=(6, 3.2 * len(kinds)), layout="constrained")
    panels = figure.subplots(len(kinds), sharex=True, squeeze=False)[:, 0]
    for kind, axes in zip(kinds, panels, strict=True):
        for name, values in history.items():
            if name in shown[kind]:
                _line(axes, name, values)
        axes.set(title=f"{kind.capitalize()} by epoch", ylabel=kind)
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
    panels[-1].set_xlabel("epoch")
    return figure


def _line(axes, name, values):
    validation = name.startswith("validation")
    label = f"{'validation' if validation else 'training'}"
    colour = VALIDATION if validation else TRAINING
    epochs = np.arange(1, len(values) + 1)
    columns = values.reshape(len(values), -1)
    axes.plot(
        epochs,
        columns,
        color=colour,
        linestyle="--" if validation else "-",
        linewidth=1.4 if columns.shape[1] == 1 else 0.5,
        label=[label] + [None] * (columns.shape[1] - 1),
    )
    if name == "validation_loss" and values.ndim == 1 and np.isfinite(values).any():
        best = int(np.nanargmin(values))
        axes.plot(best + 1, values[best], "o", color=MARK, label=f"best: epoch {best + 1}")


def confusion_matrix(truth, predicted, classes, figure=None):
    """How often rows of each class were said to be of each class.

    `truth` and `predicted` are integer labels `[N]` from 0 to classes - 1; rows of the matrix are
    the true classes, and its colours are shares of each row.
    """
    from sklearn import metrics

    truth, predicted = _labels(truth, predicted, classes)
    counts = metrics.confusion_matrix(truth, predicted, labels=range(classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = figure or Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counts):
        dark = shares[row, column] > 0.5
        colour = "white" if dark else "black"
        axes.text(column, row, counts[row, column], ha="center", va="center", color=colour)
    right = np.trace(counts)
    axes.set(
        title=f"Confusion matrix: {right} of {counts.sum()} right",
        xlabel="predicted",
        ylabel="true",
        xticks=range(classes),
        yticks=range(classes),
    )
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
    return figure


def misclassified(images, truth, predicted, figure=None):
    """The images that were taken for another class, each with what was said and what was true.

    `images` is `[N, height, width]`, `truth` and `predicted` are labels `[N]`. The first 25 are
    shown, and the title says how many there are.
    """
    images = checks.array("images", images)
    wrong = np.flatnonzero(np.asarray(truth) != np.asarray(predicted))
    shown = wrong[:MOST_IMAGES]
    side = max(1, math.ceil(math.sqrt(len(shown))))
    figure = figure or Figure(figsize=(5, 5.5), layout="constrained")
    panels = figure.subplots(side, side, squeeze=False).ravel()
    for axes in panels:
        axes.axis("off")
    for axes, row in zip(panels, shown, strict=False):
        axes.imshow(images[row], cmap="gray_r")
        axes.set_title(f"said {predicted[row]}, is {truth[row]}", fontsize=8)
    more = f", the first {len(shown)} of them" if len(shown) < len(wrong) else ""
    figure.suptitle(f"Misclassified: {len(wrong)} of {len(images)}{more}")
    return figure


def _labels(truth, predicted, classes):
    classes = checks.whole("classes", classes, least=1)
    truth = checks.labels("truth", truth, classes)
    predicted = checks.labels("predicted", predicted, classes)
    checks.same_length(truth, predicted)
    return truth, predicted
