"""Plots of training runs and of predictions, drawn by matplotlib.

Each function draws into a new figure, into the `figure` given or into the `ax` given, and returns
what it has drawn into. A new figure shows itself as the last line of a notebook cell, and
`plots.learning_curves(run).savefig("curves.png")` writes a file. What a figure or an Axes already
shows stays: a given Axes keeps its limits, its title and the names of its axes. Neither pyplot
nor any global setting is touched.

The colours are Okabe and Ito's, distinct to colour-blind readers. They are never the only
difference: lines differ in style, points in marker.

  history.py: learning curves.
  gradients.py: the sizes of gradients by layer and epoch.
  diagram.py: units, weights and values of a network.
  classification.py: confusion matrix and reliability diagram.
  ranking.py: ROC and precision-recall curves.
  regression.py: predicted against actual values.
  importance.py: the importance of columns.
  regions.py: decision regions over two features; planes.py: how the others are held.
  images.py: first-layer weights and misclassified images.
  notebook.py: how a Run is shown in a notebook.
  canvas.py: the figure or the Axes to draw into; inputs.py: checks of arguments; style.py: colours
  and names.

Every function raises InvalidArgument for arguments that do not fit each other or are not finite.
"""

from typing import TYPE_CHECKING

from fnet.core.errors import attribute_error
from fnet.plots.classification import calibration, confusion_matrix
from fnet.plots.diagram import network
from fnet.plots.gradients import gradient_flow
from fnet.plots.history import learning_curves
from fnet.plots.images import first_layer_weights, misclassified
from fnet.plots.importance import column_importance
from fnet.plots.notebook import run_html
from fnet.plots.ranking import roc_and_precision_recall
from fnet.plots.regions import decision_regions
from fnet.plots.regression import predicted_vs_actual

if not TYPE_CHECKING:  # a type checker refuses unknown names only where this is hidden from it
    __getattr__ = attribute_error(
        "module 'fnet.plots'",
        {
            "curves": "learning_curves",
            "truth_and_prediction": "predicted_vs_actual",
            "first_layer": "first_layer_weights",
        },
    )

__all__ = [
    "calibration",
    "column_importance",
    "confusion_matrix",
    "decision_regions",
    "first_layer_weights",
    "gradient_flow",
    "learning_curves",
    "misclassified",
    "network",
    "predicted_vs_actual",
    "roc_and_precision_recall",
    "run_html",
]
