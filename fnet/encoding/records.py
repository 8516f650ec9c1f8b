"""What is learnt from a table: plain data that a file holds."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from fnet.core.errors import InvalidArgument
from fnet.encoding.step_functions import columns_of, levels_of, n_codes, width_of
from fnet.encoding.steps import Code, Levels, Read, Step, Value

Kind: TypeAlias = Literal["number", "boolean", "category", "date", "ignored"]

KINDS: tuple[Kind, ...] = ("number", "boolean", "category", "date", "ignored")

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""The quantiles that are kept of a number and of a date."""


class Moments(NamedTuple):
    """What is known of numbers, or of dates as days since 1970.

    Attributes:
        minimum: The smallest.
        maximum: The largest.
        mean: The mean.
        deviation: The standard deviation.
        quantiles: Those of `QUANTILES`, by linear interpolation.
    """

    minimum: float
    maximum: float
    mean: float
    deviation: float
    quantiles: tuple[float, ...]


class Statistics(NamedTuple):
    """What a column held in training.

    Attributes:
        rows: The number of rows.
        gaps: The number of gaps.
        distinct: The number of different cells, gaps aside.
        moments: What is known of numbers and dates; None for others.
        levels: The levels of a category that have a code, the most frequent first.
        counts: The number of rows of each level.
        pooled: The number of rows whose level is pooled.
    """

    rows: int
    gaps: int = 0
    distinct: int = 0
    moments: Moments | None = None
    levels: tuple[Any, ...] = ()
    counts: tuple[int, ...] = ()
    pooled: int = 0


class ColumnEncoding(NamedTuple):
    """What a column of a table is, and how it becomes numbers.

    Attributes:
        name: Its name.
        kind: What it is; "ignored" for a column that is left out.
        reason: Why, in words.
        statistics: What it held in training.
        steps: How a cell becomes numbers, see `steps.py`; none for a column that is left out.
        remark: What a user should check before training; "" if there is nothing.
    """

    name: str
    kind: Kind
    reason: str
    statistics: Statistics
    steps: tuple[Step, ...] = ()
    remark: str = ""


class Encoding(NamedTuple):
    """How the rows of a table become numbers.

    Attributes:
        columns: Each column of the table.
        named: Whether the table had names; otherwise columns go by their position.
    """

    columns: tuple[ColumnEncoding, ...]
    named: bool = True


def read_step(column: ColumnEncoding) -> Read:
    """How the cells of a column that is used are read: its first step."""
    first = column.steps[0]
    if not isinstance(first, Read):
        raise InvalidArgument(f"a column must be read first; its first step is {first}")
    return first


def used(encoding: Encoding) -> list[ColumnEncoding]:
    """The columns that become numbers."""
    return [column for column in encoding.columns if column.steps]


def feature_names(encoding: Encoding, names: list[str] | None = None) -> list[str]:
    """The names of the columns of the result.

    Args:
        encoding: The encoding.
        names: Other names of the columns of the table; None for their own.

    Returns:
        D names, all different.
    """
    pairs = zip(encoding.columns, names or [each.name for each in encoding.columns], strict=True)
    found: dict[str, None] = {}
    for column, name in pairs:
        for added in columns_of(column.steps):
            full, times = f"{name}{added}", 1
            while full in found:
                times += 1
                full = f"{name}{added} ({times})"
            found[full] = None
    return list(found)


def feature_slices(encoding: Encoding) -> list[tuple[str, slice]]:
    """The name of each column that becomes numbers, with the columns of the result it becomes."""
    columns = used(encoding)
    stops = np.cumsum([len(columns_of(column.steps)) for column in columns]).tolist()
    begins = [0, *stops[:-1]]
    return [(c.name, slice(*part)) for c, *part in zip(columns, begins, stops, strict=True)]


def number_features(encoding: Encoding) -> tuple[int, ...]:
    """Which columns of the result are numbers or dates that have more than two values."""
    return tuple(
        first
        for first, column, step in _written(encoding)
        if isinstance(step, Value) and column.kind != "category" and column.statistics.distinct > 2
    )


def code_features(encoding: Encoding) -> tuple[tuple[int, int], ...]:
    """Which columns of the result are codes for a learned embedding.

    Returns:
        The index of each, with its number of codes: its values are 0 to that number less 1.

    Example:
        >>> from fnet import encoding
        >>> table = {"age": [31, 38, 45, 52], "sex": ["f", "m", "f", "m"]}
        >>> encoding.code_features(encoding.learn(table, encoding.Options(embed=1)))
        ((1, 3),)
    """
    found = []
    for first, column, step in _written(encoding):
        codes = levels_of(column.steps) if isinstance(step, Value) else step
        if isinstance(codes, Code | Levels):
            found.append((first, n_codes(codes)))
    return tuple(found)


def _written(encoding: Encoding) -> Iterator[tuple[int, ColumnEncoding, Step]]:
    """Each step that writes, after its column and the first column of the result it writes."""
    first = 0
    for column in used(encoding):
        for step in column.steps[1:]:
            if width := width_of((column.steps[0], step)):
                yield first, column, step
                first += width


def find_encoding(encoding: Encoding, name: str) -> ColumnEncoding | None:
    """The encoding of the column of this name, or None."""
    return next((column for column in encoding.columns if column.name == name), None)
