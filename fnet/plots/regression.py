"""Numbers: predictions against the truth."""

import textwrap

import numpy as np

from fnet.plots import inputs, style
from fnet.reference import metrics

MANY = 2000
"""Points from which an SVG holds them as an image."""

LETTERS = 36
"""In one line of an axis's label."""


def predicted_vs_actual(truth, predicted, name=None, figure=None):
    """Predictions against the truth on the left, residuals against predictions on the right.

    `truth` and `predicted` are `[N]` or `[N, 1]`, and `name` says what they are, with its unit if
    it has one. The dashed lines are where predictions would be perfect; a residual is what was
    predicted minus what is true. The title has R² and the mean absolute error.
    """
    truth, predicted = inputs.column("truth", truth), inputs.column("predicted", predicted)
    inputs.same_rows(truth=truth, predicted=predicted)
    true, said = (textwrap.fill(f"{of} {name or ''}", LETTERS) for of in ("true", "predicted"))
    rows = len(truth)
    columns = predicted[:, None], truth[:, None]
    r2, error = metrics.r2(*columns), metrics.mean_absolute_error(*columns)
    dots = {
        "color": style.BLUE,
        "alpha": np.clip(2000 / rows, 0.04, 0.7),
        "markersize": np.clip(100 / np.sqrt(rows), 1.5, 5),
        "markeredgewidth": 0,
        "rasterized": rows > MANY,
    }
    perfect = {"color": style.VERMILLION, "linestyle": "--", "linewidth": 1.4}
    figure = style.sheet(figure, (8, 4.3))
    left, right = figure.subplots(1, 2)
    left.plot(truth, predicted, "o", **dots)
    low, high = np.min(columns), np.max(columns)
    margin = 0.04 * (high - low) or 1
    span = low - margin, high + margin
    left.plot(span, span, label="predicted = true", **perfect)
    left.set(xlabel=true, ylabel=said, title="Prediction against truth")
    left.set(xlim=span, ylim=span)
    right.plot(predicted, predicted - truth, "o", **dots)
    right.axhline(0, label="no error", **perfect)
    right.set(xlabel=said, ylabel="residual: predicted − true", title="Residuals")
    for axes in (left, right):
        axes.set_box_aspect(1)
        style.grid(axes)
        axes.legend(loc="best")  # said aloud, it warns of no delay where rows are many
    figure.suptitle(f"{rows:,} rows: R² {r2:.3f}, mean absolute error {error:.4g}")
    return style.drawn(figure)
