"""The lecture notes' two data sets, and how they cut them."""

import warnings

import numpy as np

from fnet.core import checks
from fnet.core.errors import InvalidArgument

COURSE_COLUMNS = ("X0", "X1", "Y")


def load_course(path=None):
    """The notes' 150 rows: x `[150, 2]` float64 and y `[150]`, -1 or 1.

    They are Iris: sepal length and width in cm, and -1 for setosa, 1 for the other species. A
    `path` reads a CSV with columns X0, X1 and Y instead, of any number of rows; raises
    InvalidArgument for a file without these columns, with anything but finite numbers in them, or
    with no rows, and the system's own error where there is no such file.
    """
    if path is not None:
        return _read_course(path)
    from sklearn.datasets import load_iris

    iris = load_iris()
    return iris.data[:, :2].copy(), np.where(iris.target == 0, -1.0, 1.0)


def _read_course(path):
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", pd.errors.ParserWarning
            )  # of rows longer than the header
            table = pd.read_csv(path, index_col=False)
    except (
        pd.errors.EmptyDataError,
        pd.errors.ParserError,
        pd.errors.ParserWarning,
        UnicodeDecodeError,
    ) as error:
        raise InvalidArgument(f"{path} must be a CSV with a header row: {error}") from None
    missing = [name for name in COURSE_COLUMNS if name not in table.columns]
    if missing:
        raise InvalidArgument(
            f"{path} must have the columns {', '.join(COURSE_COLUMNS)}; it lacks "
            f"{', '.join(missing)} and has {', '.join(map(str, table.columns))}"
        )
    for name in COURSE_COLUMNS:
        numbers = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64)
        bad = ~np.isfinite(numbers)
        if bad.any():
            row = int(np.argmax(bad))
            raise InvalidArgument(
                f"{path} must hold finite numbers: column {name} has {table[name].iloc[row]!r} in "
                f"data row {row} (counted from 0, without blank lines)"
            )
        table[name] = numbers
    if table.empty:
        raise InvalidArgument(f"{path} must have at least one row of data; it has only a header")
    return table[["X0", "X1"]].to_numpy(np.float64), table["Y"].to_numpy(np.float64)


def load_digits(scale=False):
    """The notes' digits: `x_train [1437, 64], x_test [360, 64], y_train, y_test`, y one-hot.

    Scikit-learn's 1,797 images of 8 x 8 pixels, split by `test_size=0.2, random_state=1` as in
    the notes. Pixels are 0 to 16, or 0 to 1 with `scale`; all arrays are float64.
    """
    from sklearn.datasets import load_digits as load
    from sklearn.model_selection import train_test_split

    x, labels = load(return_X_y=True)
    y = np.eye(10)[labels]
    x = x / 16 if checks.boolean("scale", scale) else x
    return tuple(train_test_split(x, y, test_size=0.2, random_state=1))
