"""One fit that tells all: estimators that take tables, and train one network for each fold.

Folds are members: all networks of a fit train in one program, each without the rows that its fold
holds out. Their mean predicts. What each predicts for its held-out rows gives the score to expect
on new rows, prediction intervals and the importance of columns. The modules:

- `recipe`: the network, the schedule and the batches, by the number of rows alone.
- `folds`: which rows each network holds out.
- `targets`: what y must be, and how the networks take it.
- `base`: the fit; `scores`: what comes after the training; `fitted`: what it has learnt.
- `streams`: the fit to a dataset of files.
- `classifier` and `regressor`: the two estimators.
- `importance`: what columns are worth, by permuting held-out rows.
"""

from fnet.estimators.tabular.classifier import TabularClassifier
from fnet.estimators.tabular.regressor import TabularRegressor

__all__ = ["TabularClassifier", "TabularRegressor"]
