"""Compare the scores of fnet's estimators with scikit-learn's: five folds, ten seeds each.

    python scripts/scores.py                    # all data sets: about ten minutes
    python scripts/scores.py iris wine --seeds 3

Both sides get the same arguments. Features, and the targets of diabetes, are standardized on the
training rows of each fold. The score is the accuracy, or R² for diabetes, averaged over the five
folds. A seed sets the folds, the first params and the order of rows. The table shows the mean and
the standard deviation over the seeds. A fit may end before it has converged.
"""

import argparse
import warnings
from types import ModuleType

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


def score(package: ModuleType, name: str, seed: int) -> float:
    """The mean score of five folds."""
    x, y = DATA[name](return_X_y=True)
    folds = {"n_splits": 5, "shuffle": True, "random_state": seed}
    if name == "diabetes":
        model = package.MLPRegressor(random_state=seed)
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
        splitter = KFold(**folds)
    else:
        model, splitter = package.MLPClassifier(random_state=seed), StratifiedKFold(**folds)
    scores = cross_val_score(make_pipeline(StandardScaler(), model), x, y, cv=splitter)
    return float(scores.mean())


def main() -> None:
    """Print a table of scores in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", default=list(DATA), metavar="name", help=", ".join(DATA)
    )
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds (10)")
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
