"""Classes: what was said against what is true, and how sure it was."""

import math

import numpy as np

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.plots import inputs, style

LEGIBLE = 6
"""Points: smaller numbers are left out of the cells, and of smaller names only some are shown."""

LETTER = 0.6
"""About how wide a letter is, as a part of its size."""

MARGIN = 1.2
"""Inches beside a confusion matrix for its title, its colours and the names of its axes."""

LEAST = 0.35
"""What part of a small figure a confusion matrix takes all the same."""

MOST_BINS = 1000
"""Of a calibration: no more can be seen."""


def confusion_matrix(truth, predicted, classes=None, figure=None):
    """How often rows of each class were said to be of each class.

    `truth` and `predicted` are labels `[N]` of any kind: numbers or texts. `classes` are the
    classes in order, or, for whole numbers from 0 on, how many there are; None for the sorted
    values that occur. With texts for classes, whole-number labels are places among them. Rows of
    the matrix are the true classes, and its colours are shares of each row. Counts stand in the
    cells where they can be read.
    """
    classes, places = inputs.places(classes, truth=truth, predicted=predicted)
    count = len(classes)
    counts = np.zeros((count, count), int)
    np.add.at(counts, tuple(places), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [style.name(c) for c in classes]
    beside = MARGIN + LETTER * 10 / 72 * max(map(len, names))
    side = min(9, max(3.8, 0.23 * count))
    figure = style.sheet(figure, (side + beside + 0.6, side + beside))
    smaller = min(figure.bbox.size) / figure.dpi
    cell = 72 * max(smaller - beside, LEAST * smaller) / count  # points
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    size = min(10, 0.7 * cell, 0.9 * cell / LETTER / len(str(counts.max())))
    for row, column in np.argwhere(counts) if size >= LEGIBLE else ():
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = counts[row, column]
        axes.text(column, row, text, ha="center", va="center", color=colour, size=size)
    small = min(10, max(LEGIBLE, 0.8 * cell))
    every = math.ceil(1.2 * small / cell)
    wide = LETTER * small * (1 + max(map(len, names))) > every * cell
    ticks = range(0, count, every), names[::every]
    axes.set_xticks(*ticks, rotation=90 if wide else 0, fontsize=small)
    axes.set_yticks(*ticks, fontsize=small)
    right = f"{np.trace(counts):,} of {counts.sum():,} right"
    axes.set(title=f"Confusion matrix: {right}", xlabel="predicted", ylabel="true")
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
    return style.drawn(figure)


def calibration(truth, probabilities, classes=None, bins=10, figure=None):
    """Whether what is said with probability p is true of a share p of the rows.

    `truth` are labels `[N]`, whole numbers from 0 on or among `classes`; `probabilities` are
    `[N, K]` as `predict_proba` gives them. Of two classes it is the probability of the second
    against the share of rows that are of it (Niculescu-Mizil and Caruana, "Predicting good
    probabilities with supervised learning", 2005); of several that of the class with the largest
    against the share of rows that are of this one (Guo et al., "On calibration of modern neural
    networks", 2017). Rows are told by it into `bins` of one width, (a, b], whose numbers of rows
    stand below. The title has the expected calibration error: the mean distance of the two over
    bins, by rows.
    """
    p = checks.array("probabilities", probabilities)
    if p.ndim != 2 or p.shape[1] < 2:
        raise InvalidArgument(
            "probabilities must be [N, K] with a column for each of at least two classes, as "
            f"predict_proba gives them; got shape {list(p.shape)}"
        )
    count = p.shape[1]
    classes = count if classes is None else inputs.names(classes, count)
    classes, (truth,) = inputs.places(classes, truth=truth)
    inputs.same_rows(truth=truth, probabilities=p)
    p = checks.probabilities(p, truth)[0].astype(np.float64)
    bins = checks.integer("bins", bins, least=1)
    if bins > MOST_BINS:
        raise InvalidArgument(f"bins must be at most {MOST_BINS}, which is all that one sees")
    if count == 2:
        said, hits, of = p[:, 1], truth == 1, f"class {style.name(classes[1])}"
        title, x, y = "Calibration", f"predicted probability of {of}", f"share of {of}"
    else:
        said, hits = p.max(axis=1), truth == p.argmax(axis=1)
        title = "Calibration of the top label"
        x = "confidence: probability of the predicted class"
        y = "accuracy: share that is right"
    edges = np.linspace(0, 1, bins + 1)
    at = np.searchsorted(edges[1:-1], said)
    rows, sums, right = (np.bincount(at, each, bins) for each in (None, said, hits))
    there = rows > 0
    means, shares = sums[there] / rows[there], right[there] / rows[there]
    error = np.average(np.abs(shares - means), weights=rows[there])
    figure = style.sheet(figure, (5.5, 5.5))
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], "--", color=style.GREY, label="perfectly calibrated")
    upper.plot(means, shares, "o-", color=style.BLUE, label="the model, by bin")
    upper.set(
        title=f"{title}\nexpected calibration error {error:.3f}", ylabel=y, ylim=(-0.03, 1.03)
    )
    upper.legend()
    lower.bar(edges[:-1], rows, 1 / bins, align="edge", color=style.SKY, edgecolor="black")
    lower.set(xlabel=x, ylabel="rows", xlim=(-0.03, 1.03))
    for axes in (upper, lower):
        style.grid(axes)
    return style.drawn(figure)
