"""What was decided for each column, in words."""

import numpy as np

from fnet.encoding.cells import as_text
from fnet.encoding.problems import Option, Say, as_argument, shown
from fnet.encoding.records import QUANTILES, ColumnEncoding, Encoding, read_step
from fnet.encoding.step_functions import columns_of

MAX_NAMED = 20
"""The most columns that one note names."""


def notes(encoding: Encoding, say: Say = as_argument) -> list[str]:
    """What a user should know before training: columns left out, and remarks on columns.

    Args:
        encoding: The encoding.
        say: How options are written.

    Returns:
        At most two lines.
    """
    found = []
    ignored = [c for c in encoding.columns if not c.steps and c.reason != "left out by kinds"]
    if ignored:
        why = "; ".join(f"{shown(c.name)} {c.reason}" for c in ignored[:MAX_NAMED])
        more = f"; and {len(ignored) - MAX_NAMED} more" if len(ignored) > MAX_NAMED else ""
        keep = say(Option("keep", tuple(column.name for column in ignored[:MAX_NAMED])))
        found.append(f"left out as of no use: {why}{more}. {keep} keeps them")
    if remarks := [f"{shown(c.name)}: {c.remark}" for c in encoding.columns if c.remark]:
        more = f"; and {len(remarks) - MAX_NAMED} more" if len(remarks) > MAX_NAMED else ""
        found.append(f"{'; '.join(remarks[:MAX_NAMED])}{more}")
    return found


def describe(encoding: Encoding) -> list[str]:
    """One line for each column: its name, its kind, why, what it holds, and what it becomes.

    Args:
        encoding: The encoding.

    Returns:
        A line for each column.

    Example:
        >>> from fnet import encoding
        >>> table = {"age": [31, None, 45], "sex": ["f", "m", "f"], "id": ["a", "b", "c"]}
        >>> print(*encoding.describe(encoding.learn(table)), sep="\\n")
        'age'  number    numbers; 31 to 45, median 38; 1 gap; 2 columns
        'sex'  category  text, 2 levels, 1 of them pooled; 'f' 2, pooled 1; 1 column
        'id'   ignored   has texts that all differ
    """
    names = [shown(column.name) for column in encoding.columns]
    width = max(map(len, names), default=0)
    return [
        f"{name.ljust(width)}  {column.kind.ljust(8)}  {'; '.join(_remarks(column))}"
        for name, column in zip(names, encoding.columns, strict=True)
    ]


def _remarks(column: ColumnEncoding) -> list[str]:
    """What there is to say about a column."""
    parts, found = [column.reason], column.statistics
    if column.remark:
        parts.append(column.remark)
    if not column.steps:
        return parts
    parts += filter(None, [values_of(column)])
    if found.gaps:
        parts.append(f"{found.gaps:,} gap{'s' * (found.gaps > 1)}")
    if gaps := read_step(column).gaps:
        parts.append(f"{', '.join(map(shown, gaps))} read as gaps")
    count = len(columns_of(column.steps))
    parts.append(f"{count} column{'s' * (count > 1)}")
    return parts


def values_of(column: ColumnEncoding) -> str:
    """What a column held in training: its range, or its first levels with their rows; or ""."""
    found = column.statistics
    if found.moments is not None:
        ends = found.moments.minimum, found.moments.maximum
        middle = found.moments.quantiles[QUANTILES.index(0.5)]
        if column.kind == "date":
            low, high = map(_day, ends)
            return f"{low} to {high}, median {_day(middle)}"
        low, high = (f"{end:.6g}" for end in ends)
        return f"{low} to {high}, median {middle:.6g}"
    if not found.levels:
        return ""
    pairs = zip(found.levels[:3], found.counts[:3], strict=True)
    levels = [f"{shown(as_text(level))} {count:,}" for level, count in pairs]
    levels += ["..."] if len(found.levels) > 3 else []
    levels += [f"pooled {found.pooled:,}"] if found.pooled else []
    return ", ".join(levels)


def _day(days: float) -> str:
    """A number of days since 1970 as a date."""
    return str(np.datetime64(int(days // 1), "D"))
