"""Numbers: predictions against the truth."""

import numpy as np

from fnet.plots import given, style
from fnet.reference import metrics

MANY = 2000
"""Points from which an SVG holds them as an image."""


def truth_and_prediction(truth, predicted, name=None, figure=None):
    """Predictions against the truth on the left, residuals against predictions on the right.

    `truth` and `predicted` are `[N]` or `[N, 1]`, and `name` says what they are, with its unit if
    it has one. The dashed lines are where predictions would be perfect; a residual is what was
    predicted minus what is true. The title has R² and the mean absolute error.
    """
    truth, predicted = given.column("truth", truth), given.column("predicted", predicted)
    given.same_rows(truth=truth, predicted=predicted)
    of = "" if name is None else f" {name}"
    rows = len(truth)
    columns = predicted[:, None], truth[:, None]
    r2, error = metrics.r2(*columns), metrics.mean_absolute_error(*columns)
    dots = {
        "color": style.BLUE,
        "alpha": np.clip(20 / np.sqrt(rows), 0.05, 0.7),
        "markersize": np.clip(100 / np.sqrt(rows), 1.5, 5),
        "markeredgewidth": 0,
        "rasterized": rows > MANY,
    }
    perfect = {"color": style.VERMILLION, "linestyle": "--", "linewidth": 1.4}
    figure = style.sheet(figure, (8, 4.3))
    left, right = figure.subplots(1, 2)
    left.plot(truth, predicted, "o", **dots)
    left.axline((truth[0], truth[0]), slope=1, label="predicted = true", **perfect)
    left.set(xlabel=f"true{of}", ylabel=f"predicted{of}", title="Prediction against truth")
    right.plot(predicted, predicted - truth, "o", **dots)
    right.axhline(0, label="no error", **perfect)
    right.set(xlabel=f"predicted{of}", ylabel="residual: predicted − true", title="Residuals")
    for axes in (left, right):
        style.grid(axes)
        axes.legend()
    figure.suptitle(f"{rows:,} rows: R² {r2:.3f}, mean absolute error {error:.4g}")
    return figure
