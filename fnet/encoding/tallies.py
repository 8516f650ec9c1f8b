"""What the cells of a column hold, counted: of rows in memory, or of rows that are read in turn.

The values are those that the first step of the column has read: numbers, booleans as 0 and 1, dates
as days since 1970, or text.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.encoding.cells import Texts
from fnet.encoding.step_functions import days_of

MAX_VALUES = 1 << 16
"""The most different values that are told apart where rows are counted in turn."""


class Spread(NamedTuple):
    """The minimum, the maximum, the mean and the standard deviation of numbers."""

    minimum: float
    maximum: float
    mean: float
    deviation: float


class Tally(NamedTuple):
    """What the cells of a column hold.

    Attributes:
        rows: The number N of rows.
        gaps: The number of gaps.
        values: The different values: an array `[k]` in ascending order, or a list of texts.
        counts: The number of rows of each, `[k]`.
        distinct: The number of different values: k, or more where not all were told apart.
        spread: That of numbers; () for others, and where all are gaps.
    """

    rows: int
    gaps: int
    values: Any
    counts: Any
    distinct: int
    spread: Spread | tuple[()] = ()


def tally_of(value: Any) -> Tally:
    """The Tally of all rows of a column, as its first step has read them."""
    rows, gaps, values, counts, present = _counted(value)
    spread: Spread | tuple[()] = ()
    if present is not None and len(present):
        found = present.min(), present.max(), present.mean(), present.std()
        spread = Spread(*map(float, found))
    return Tally(rows, gaps, values, counts, len(values), spread)


def _counted(value: Any) -> tuple[int, int, Any, Any, npt.NDArray[np.float64] | None]:
    """The rows, the gaps, the different values, their counts, and the numbers that are present."""
    if isinstance(value, Texts):
        per_text = np.bincount(value.codes + 1, minlength=len(value.texts) + 1).tolist()
        counts: dict[Any, int] = {}
        for text, count in zip([None, *value.texts], per_text, strict=True):
            counts[text] = counts.get(text, 0) + count
        gaps = counts.pop(None)
        counts = {text: count for text, count in counts.items() if count}
        return len(value.codes), gaps, list(counts), list(counts.values()), None
    if value.dtype.kind == "i":
        per_code = np.bincount(value + 1, minlength=3)
        codes = np.flatnonzero(per_code[1:])
        return len(value), int(per_code[0]), codes, per_code[1:][codes], None
    if value.dtype.kind == "M":
        value = days_of(value)
    present = value[~np.isnan(value)]
    values, number = np.unique(present, return_counts=True)
    return len(value), len(value) - len(present), values, number, present


def as_list(values: Any) -> Any:
    """Values of an array, or of another sequence, as objects of Python."""
    return values.tolist() if isinstance(values, np.ndarray) else values


class Counter:
    """Counts the cells of a column, some rows at a time.

    The mean and the deviation are merged as in Chan, Golub and LeVeque, "Updating formulae and a
    pairwise algorithm for computing sample variances" (1979). A value that is first seen after
    `MAX_VALUES` others is not told apart from those like it.
    """

    def __init__(self) -> None:
        self.rows = self.gaps = 0
        self._counts: dict[Any, int] = {}
        self._full, self._all_differ = False, True
        self._number: tuple[float, ...] = ()  # n, minimum, maximum, mean, sum of squares

    def add(self, value: Any) -> None:
        """Count some more rows, as the first step of the column has read them."""
        if self._full and not isinstance(value, Texts) and value.dtype.kind == "f":
            missing = np.isnan(value)
            gaps = int(np.count_nonzero(missing))
            rows, values, counts = len(value), (), ()
            present = value[~missing] if gaps else value
        else:
            rows, gaps, values, counts, present = _counted(value)
        self.rows, self.gaps = self.rows + rows, self.gaps + gaps
        for each, count in zip(as_list(values), as_list(counts), strict=True):
            known = self._counts.get(each, 0)
            self._all_differ &= not known and count == 1
            if known or len(self._counts) < MAX_VALUES:
                self._counts[each] = known + count
            else:
                self._full = True
        if present is not None and len(present):
            self._merge(present)

    def _merge(self, present: npt.NDArray[np.float64]) -> None:
        own = float(present.mean())
        low, high, n = float(present.min()), float(present.max()), float(len(present))
        squares = float(np.square(present - own).sum())
        if self._number:
            count, lowest, highest, mean, before = self._number
            total, change = count + n, own - mean
            squares += before + change * change * count * n / total
            own, n = mean + change * n / total, total
            low, high = min(low, lowest), max(high, highest)
        self._number = n, low, high, own, squares

    def tally(self) -> Tally:
        """The Tally of all rows so far.

        Where not all values were told apart, `distinct` is the number of those that were; or all
        rows but the gaps, if no two rows had the same value.
        """
        found: Any = list(self._counts)
        counts: Any = list(self._counts.values())
        if not found or not isinstance(found[0], str):
            order = np.argsort(np.array(found, np.float64))
            found, counts = np.array(found)[order], np.array(counts)[order]
        distinct = len(found)
        if self._full:
            distinct = self.rows - self.gaps if self._all_differ else distinct + 1
        spread: Spread | tuple[()] = ()
        if self._number:
            n, low, high, mean, squares = self._number
            spread = Spread(low, high, mean, float(np.sqrt(squares / n)))
        return Tally(self.rows, self.gaps, found, counts, distinct, spread)
