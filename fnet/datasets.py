"""The two data sets of the lecture notes, with the notes' split."""

import os
import warnings
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fnet.core import checks, packages
from fnet.core.errors import InvalidArgument

COURSE_COLUMNS = ("X0", "X1", "Y")

Floats: TypeAlias = npt.NDArray[np.float64]
"""An array of float64."""


def load_course(path: str | os.PathLike[str] | None = None) -> tuple[Floats, Floats]:
    """The 150 rows of the lecture notes' first data set.

    They are Iris: sepal length and width in cm, and -1 for setosa, 1 for the other species.

    Args:
        path: A CSV file to read instead, with columns X0, X1 and Y and any number of rows. None
            for the rows that scikit-learn ships.

    Returns:
        x `[N, 2]` and y `[N]`, both float64.

    Raises:
        InvalidArgument: The file is no CSV, lacks one of the columns, has no rows, or has values
            that are not finite numbers.
        OSError: The file cannot be read.

    Example:
        >>> import fnet
        >>> x, y = fnet.datasets.load_course()
        >>> x.shape, y.shape
        ((150, 2), (150,))
    """
    if path is not None:
        return _read_course(path)
    with packages.naming_what_is_missing():
        from sklearn.datasets import load_iris

    iris: Any = load_iris()
    return iris.data[:, :2].copy(), np.where(iris.target == 0, -1.0, 1.0)


def _read_course(path: str | os.PathLike[str]) -> tuple[Floats, Floats]:
    """x and y from a CSV file, checked."""
    table = _read_csv(path)
    missing = [name for name in COURSE_COLUMNS if name not in table.columns]
    if missing:
        raise InvalidArgument(
            f"{path} must have the columns {', '.join(COURSE_COLUMNS)}; it lacks "
            f"{', '.join(missing)} and has {', '.join(map(str, table.columns))}"
        )
    x0, x1, y = (_numbers(path, name, table[name]) for name in COURSE_COLUMNS)
    if table.empty:
        raise InvalidArgument(f"{path} must have at least one row of data; it has only a header")
    return np.column_stack([x0, x1]), y


def _read_csv(path: str | os.PathLike[str]) -> Any:
    """A CSV file as a DataFrame."""
    with packages.naming_what_is_missing():
        import pandas as pd

    try:
        with warnings.catch_warnings():
            # pandas warns of rows that are longer than the header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(path, index_col=False)
    except (
        pd.errors.EmptyDataError,
        pd.errors.ParserError,
        pd.errors.ParserWarning,
        UnicodeDecodeError,
    ) as error:
        raise InvalidArgument(f"{path} must be a CSV with a header row: {error}") from None


def _numbers(path: str | os.PathLike[str], name: str, column: Any) -> Floats:
    """A column of finite numbers."""
    import pandas as pd

    numbers = np.array(pd.to_numeric(column, errors="coerce"), np.float64)
    bad = ~np.isfinite(numbers)
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidArgument(
            f"{path} must hold finite numbers: column {name} has {column.iloc[row]!r} in "
            f"data row {row} (counted from 0, without blank lines)"
        )
    return numbers


def load_digits(scale: bool = False) -> tuple[Floats, Floats, Floats, Floats]:
    """Scikit-learn's 1,797 images of handwritten digits, 8 x 8 pixels, in the notes' split.

    The split is `train_test_split(x, y, test_size=0.2, random_state=1)`.

    Args:
        scale: Whether to divide the pixels, from 0 to 16, by 16.

    Returns:
        `(x_train, x_test, y_train, y_test)`, all float64: pixels `[1437, 64]` and `[360, 64]`,
        one-hot labels `[1437, 10]` and `[360, 10]`.

    Raises:
        InvalidArgument: `scale` is not a bool.

    Example:
        >>> import fnet
        >>> x_train, x_test, y_train, y_test = fnet.datasets.load_digits(scale=True)
        >>> x_train.shape, y_test.shape
        ((1437, 64), (360, 10))

    References:
        Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
        Repository (1998).
    """
    with packages.naming_what_is_missing():
        from sklearn.datasets import load_digits as load
        from sklearn.model_selection import train_test_split

    x, labels = load(return_X_y=True)
    y = np.eye(10)[labels]
    x = x / 16 if checks.boolean("scale", scale) else x
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=1)
    return x_train, x_test, y_train, y_test
