"""Which cells are far outside of what training has seen.

A number or a date is unlike training if it is below the smallest or above the largest one of
training by more than the two are apart. Text, or a number that is a level, is unlike training if it
is none of its levels; where training pooled rare levels, any other level counts as one of these. A
gap is never unlike training.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.encoding.cells import Texts
from fnet.encoding.records import ColumnEncoding
from fnet.encoding.step_functions import is_missing, level_codes, levels_of
from fnet.encoding.steps import MICROSECONDS


def bounds(column: ColumnEncoding) -> tuple[float, float]:
    """The smallest and the largest number, or day since 1970, that is like training."""
    moments = column.statistics.moments
    if moments is None or levels_of(column.steps) is not None:
        return -np.inf, np.inf
    low, high = moments.minimum, moments.maximum
    return low - (high - low), high + (high - low)


def knows_all_levels(column: ColumnEncoding) -> bool:
    """Whether a level that the column has no code for is unlike training."""
    return levels_of(column.steps) is not None and not column.statistics.pooled


def unlike(column: ColumnEncoding, value: Any, rows: int) -> npt.NDArray[np.bool_]:
    """Which cells of a column are unlike training.

    Args:
        column: The column.
        value: Its cells, as its first step reads them.
        rows: N.

    Returns:
        `[N]`.
    """
    if knows_all_levels(column):
        levels = levels_of(column.steps)
        assert levels is not None
        code = level_codes(levels, value)
        return np.asarray((code == levels.pool) & ~_is_gap(value))
    low, high = bounds(column)
    if low == -np.inf:
        return np.zeros(rows, bool)
    if value.dtype.kind == "M":
        gaps = np.isnat(value)
        value = np.where(gaps, np.nan, value.view(np.int64) / MICROSECONDS)
    return np.asarray((value < low) | (value > high))


def _is_gap(value: Any) -> npt.NDArray[np.bool_]:
    """Which cells are gaps."""
    if isinstance(value, Texts):
        return np.asarray(np.array([*(t is None for t in value.texts), True])[value.codes])
    return np.asarray(is_missing(value))
