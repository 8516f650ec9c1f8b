"""scikit-learn's two multilayer perceptrons on fnet: the same arguments with the same meaning.

A thin layer: names and shapes go in and out here, and `train` of either side does the work.
"""

from fnet.estimators.classifier import MLPClassifier
from fnet.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
