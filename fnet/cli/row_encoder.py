"""The rows of a table as numbers, in a Pipeline that is fitted on folds."""

from typing import Any, Self

import numpy.typing as npt

from fnet.cli.training_rows import TableRows
from fnet.encoding import Encoding
from fnet.encoding.sklearn_api import BaseEstimator, TransformerMixin


class RowEncoder(TransformerMixin, BaseEstimator):
    """Turns the numbers of rows `[N, 1]` into their features `[N, D]`.

    `fit` learns the encoding from the rows that it is given, and from no others; how the cells of a
    column are written is found from the whole table, as by `fnet train`.

    Args:
        rows: The rows of the table, which copies of the encoder share.

    Attributes:
        encoding_: What was learnt.
    """

    def __init__(self, rows: TableRows) -> None:
        self.rows = rows

    def fit(self, X: npt.NDArray[Any], y: Any = None) -> Self:
        """Learn from some rows."""
        self.encoding_: Encoding = self.rows.learn(X[:, 0])
        self._values = self.rows.encoded(self.encoding_)
        return self

    def transform(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The features of some rows."""
        found: npt.NDArray[Any] = self._values[X[:, 0]]
        return found

    def __sklearn_clone__(self) -> "RowEncoder":
        """An encoder that has learnt nothing yet, of the same rows."""
        return RowEncoder(self.rows)
