"""fnet's estimators beside scikit-learn's: scores by five folds, ten seeds each, same arguments.

    python scripts/scores.py                    # all data sets: some ten minutes
    python scripts/scores.py iris wine --seeds 3

Features are scaled, and so are diabetes' targets, on the rows of each training part alone. A score
is accuracy, or R², and the mean of the five folds; the table has the mean of that over the seeds,
which draw the folds, the first params and the order of rows, and its deviation. As in most work
with such small data, a fit may end before it has converged.
"""

import argparse
import warnings

import numpy as np
from sklearn import datasets, neural_network
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

import fnet

DATA = {
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
}


def score(package, name, seed):
    """The mean score of five folds."""
    x, y = DATA[name](return_X_y=True)
    folds = {"n_splits": 5, "shuffle": True, "random_state": seed}
    if name == "diabetes":
        model = package.MLPRegressor(random_state=seed)
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
        cut = KFold(**folds)
    else:
        model, cut = package.MLPClassifier(random_state=seed), StratifiedKFold(**folds)
    return cross_val_score(make_pipeline(StandardScaler(), model), x, y, cv=cut).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", default=list(DATA), metavar="name", help=", ".join(DATA)
    )
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)

    print("| data | fnet | scikit-learn |\n|---|---|---|")
    for name in options.names:
        row = [name]
        for package in (fnet, neural_network):
            seeds = tqdm(range(options.seeds), f"{name}, {package.__name__}", leave=False)
            scores = [score(package, name, seed) for seed in seeds]
            row.append(f"{np.mean(scores):.4f} ± {np.std(scores):.4f}")
        tqdm.write(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
