"""Pictures of a run and of what a network says, as matplotlib Figures.

Each function draws into `figure` (a Figure or a SubFigure, so that several make one picture) or
into a new one, and returns it: `plots.learning_curves(run).savefig("curves.png")`. Nothing global
is touched. Colours are Okabe and Ito's, told apart by colour-blind eyes, and never alone: lines
have their styles, points their markers. Predictions are worked by NumPy.

  history.py: how a run went.
  classes.py, numbers.py: what was said against what is true.
  regions.py, images.py: what a network says of the plane, looks for and gets wrong.
  given.py: what comes in; style.py: how it looks.

All raise InvalidArgument for what does not fit or is not finite.
"""

from fnet.plots.classification import calibration, confusion_matrix
from fnet.plots.history import learning_curves
from fnet.plots.images import first_layer_weights, misclassified
from fnet.plots.regions import decision_regions
from fnet.plots.regression import predicted_vs_actual

__all__ = [
    "calibration",
    "confusion_matrix",
    "learning_curves",
    "decision_regions",
    "first_layer_weights",
    "misclassified",
    "predicted_vs_actual",
]
