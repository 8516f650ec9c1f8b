"""scikit-learn's searches over fnet's estimators, whose candidates train together.

The candidates of a search are members: those that share a structure are one run of `train` in each
fold, and every fold's run uses the same compiled program. scikit-learn's own code draws the
candidates, makes the splits, scores, and formats the results.
"""

from fnet.search.searches import GridSearchCV, RandomizedSearchCV

__all__ = ["GridSearchCV", "RandomizedSearchCV"]
