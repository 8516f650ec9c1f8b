"""The closed list of steps that turn a column of a table into numbers.

A column has a tuple of steps. The first one reads the cells. Each of the others takes the value
that the steps before it have left, and either changes it, or writes columns of the result and
leaves the value as it is. Whatever reads a model implements this list and nothing else.

| step | takes | does |
|---|---|---|
| `Number` | cells | reads numbers: float64, NaN for a gap |
| `Boolean` | cells | reads booleans: codes 0 for false and 1 for true, -1 for a gap |
| `Date` | cells | reads dates and times: microseconds since 1970-01-01 UTC, NaT for a gap |
| `Text` | cells | reads text, without blanks around it |
| `Levels` | text or number | a code for each level, -1 where there is none |
| `Days` | date | days since 1970-01-01, with their fraction |
| `Fill` | number | a value in place of a gap |
| `Scale` | number | `(x - center) * factor` |
| `Clip` | number | `x / sqrt(1 + (x / limit)**2)`: smooth, and below `limit` in size |
| `Missing` | any | writes one column: 1 for a gap, else 0 |
| `Code` | number | writes one column: the position of its level, or the number of levels |
| `Cycle` | date | writes two columns: sine and cosine of a part of it; 0 and 0 for a gap |
| `OneHot` | codes | writes `size` columns: 1 in the column of the code, all 0 for -1 |
| `Contrast` | codes | writes one column: -1 for code 0, 1 for code 1, 0 for -1 |
| `Value` | number or codes | writes the value as one column |

How the first step reads cells is in `reading.py`, one function a step: which cells are gaps, how
numbers, booleans and dates are written, and which cells are refused. What the others do is in
`step_functions.py`.
"""

from typing import Any, Literal, NamedTuple

from fnet.encoding.cells import DateFormat

MICROSECONDS = 86_400_000_000
"""Microseconds of a day."""

CyclePart = Literal["hour", "weekday", "month"]


class Number(NamedTuple):
    """Read numbers.

    Attributes:
        decimal: The decimal character of text, `.` or `,`.
        thousands: The thousands separator of text, a key of `cells.THOUSANDS`.
        unit: The percent sign or currency that text may have before or after the number; "" if
            none.
        gaps: Cells that are gaps beside `cells.GAPS`. A number that equals one of them is a gap
            too.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    gaps: tuple[str, ...] = ()


class Boolean(NamedTuple):
    """Read booleans: those of a container, 0 and 1, and text in any spelling of `cells.BOOLEANS`.

    Attributes:
        gaps: Cells that are gaps beside `cells.GAPS`.
    """

    gaps: tuple[str, ...] = ()


class Date(NamedTuple):
    """Read dates and times: those of a container, and text.

    Attributes:
        format: How text is written, a key of `cells.DATE_FORMATS`.
        gaps: Cells that are gaps beside `cells.GAPS`.
    """

    format: DateFormat = "YYYY-MM-DD"
    gaps: tuple[str, ...] = ()


class Text(NamedTuple):
    """Read text.

    Attributes:
        gaps: Cells that are gaps beside `cells.GAPS`.
    """

    gaps: tuple[str, ...] = ()


class Levels(NamedTuple):
    """The code of a cell is the position of its level.

    A cell that is no level, but is a number or is written as one, has the code of the level `7`
    for the number 7, or else of the first one that is this number (`7.0` or `007`).

    Attributes:
        levels: The levels, text or numbers; several texts may not be equal.
        gap: The code of a gap, or -1.
        pool: The code of every other cell, or -1.
    """

    levels: tuple[Any, ...]
    gap: int = -1
    pool: int = -1


class Days(NamedTuple):
    """Days since 1970-01-01 UTC, with the time of the day as the fraction."""


class Fill(NamedTuple):
    """A value in place of each gap."""

    value: float


class Scale(NamedTuple):
    """`(x - center) * factor`."""

    center: float
    factor: float


class Clip(NamedTuple):
    """`x / sqrt(1 + (x / limit)**2)`."""

    limit: float = 3.0


class Missing(NamedTuple):
    """Write 1 for a gap, else 0."""


class Code(NamedTuple):
    """Write the position of a number among levels, for a learned embedding.

    Every other number, and a gap, has the number of levels as its code.

    Attributes:
        levels: Different numbers, in ascending order.
    """

    levels: tuple[float, ...]


class Cycle(NamedTuple):
    """Write the sine and the cosine of `2 * pi * position`.

    Attributes:
        part: "hour": the time of the day, in days. "weekday": Monday is 0, in sevenths.
            "month": January is 0, in twelfths. All in UTC.
    """

    part: CyclePart


class OneHot(NamedTuple):
    """Write column `code` of `size` columns as 1, the others as 0."""

    size: int


class Contrast(NamedTuple):
    """Write -1 for code 0, 1 for code 1, and 0 for no code."""


class Value(NamedTuple):
    """Write the value."""


Read = Number | Boolean | Date | Text
Step = (
    Read | Levels | Days | Fill | Scale | Clip | Missing | Code | Cycle | OneHot | Contrast | Value
)
