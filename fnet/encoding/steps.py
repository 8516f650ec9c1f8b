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
numbers, booleans and dates are written, and which cells are refused.
"""

import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.encoding.cells import MAX_LEVEL, DateFormat, Texts, as_number, as_text

MAX_STEPS = 4096
"""The steps of which what follows from them is kept."""

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

Result = npt.NDArray[Any]
"""The columns `[N, width]` that a step writes."""


class Rule(NamedTuple):
    """What a step does.

    Attributes:
        apply: Takes what `prepare` has made of the step, the value of N cells and the columns
            `[N, width]` to write, which are 0. Returns the value for the next step.
        columns: Takes the step and the levels before it; returns what is added to the name of the
            column for each column that it writes.
        width: Takes the step; returns the number of columns that it writes.
        at_once: Whether it works on all cells at once; the others work on any rows by themselves.
        prepare: Takes the step; returns what `apply` takes, which is the step or what it looks up.
    """

    apply: Callable[[Any, Any, Result], Any]
    columns: Callable[[Any, Levels | None], list[str]] = lambda step, levels: []
    width: Callable[[Any], int] = lambda step: 0
    at_once: bool = False
    prepare: Callable[[Any], Any] = lambda step: step


def is_missing(value: Any) -> npt.NDArray[np.bool_]:
    """Which cells of a value are gaps."""
    kind = value.dtype.kind
    found: npt.NDArray[np.bool_] = value < 0 if kind == "i" else value != value  # NaN and NaT
    return found


Codes = tuple[Levels, dict[Any, int], dict[float | None, int]]


@functools.lru_cache(maxsize=MAX_STEPS)
def _codes(step: Levels) -> Codes:
    """The step, the code of each level, and of each number that a level is or is written as."""
    levels = list(enumerate(step.levels))[::-1]  # the first one of a number wins
    known = {level: code for code, level in levels}
    return step, known, {level_number(level): code for code, level in levels} | {None: step.pool}


def _levels(codes: Codes, value: Any, out: Result) -> Any:
    step, known, numbers = codes
    if isinstance(value, Texts):
        cells, positions = value.texts, value.codes
    else:
        found, positions = np.unique(value, return_inverse=True)  # NaN is the last
        cells = [None if cell != cell else cell for cell in found.tolist()]

    def code(cell: Any) -> int:
        if cell is None or cell in known:
            return step.gap if cell is None else known[cell]
        number = level_number(cell)
        same = known.get(number, known.get(None if number is None else as_text(number)))
        return numbers.get(number, step.pool) if same is None else same

    return np.array([*map(code, cells), step.gap], np.int32)[positions]


def level_number(cell: Any) -> float | None:
    """The number that a cell is or is written as, if float64 tells it from others; else None."""
    number = None if cell in ("True", "False") else as_number(cell)
    return None if number is None or abs(number) > MAX_LEVEL else number


def _days(step: Days, value: Any, out: Result) -> Any:
    days = value.view(np.int64) / MICROSECONDS
    days[np.isnat(value)] = np.nan
    return days


def _fill(step: Fill, value: Any, out: Result) -> Any:
    missing = np.isnan(value)
    return np.where(missing, step.value, value) if np.count_nonzero(missing) else value


def _scale(step: Scale, value: Any, out: Result) -> Any:
    scaled = value - step.center
    scaled *= step.factor
    return scaled


def _clip(step: Clip, value: Any, out: Result) -> Any:
    size = value * (1 / step.limit)
    size *= size
    size += 1
    np.sqrt(size, out=size)
    return np.divide(value, size, out=size)


def _missing(step: Missing, value: Any, out: Result) -> Any:
    out[:, 0] = is_missing(value)
    return value


@functools.lru_cache(maxsize=MAX_STEPS)
def _sorted_levels(step: Code) -> npt.NDArray[np.float64]:
    """The levels, and NaN as the place of all that are larger and of gaps."""
    return np.array([*step.levels, np.nan])


def _code(levels: npt.NDArray[np.float64], value: Any, out: Result) -> Any:
    place = levels.searchsorted(value)
    out[:, 0] = np.where(levels[place] == value, place, len(levels) - 1)
    return value


def position(part: CyclePart, value: Any) -> npt.NDArray[np.float64]:
    """Where dates stand in a cycle, 0 to 1; NaT stands anywhere."""
    days = value.astype("M8[D]")
    found: npt.NDArray[np.float64]
    if part == "hour":
        found = (value - days).view(np.int64) / MICROSECONDS
    elif part == "weekday":
        found = (days.view(np.int64) + 3) % 7 / 7  # 1970-01-01 was a Thursday
    else:
        found = value.astype("M8[M]").view(np.int64) % 12 / 12
    return found


def _cycle(step: Cycle, value: Any, out: Result) -> Any:
    angle = 2 * np.pi * position(step.part, value)
    here = ~np.isnat(value)
    np.sin(angle, out=out[:, 0], where=here, casting="same_kind")
    np.cos(angle, out=out[:, 1], where=here, casting="same_kind")
    return value


def _one_hot(step: OneHot, value: Any, out: Result) -> Any:
    rows = np.arange(len(value))
    if len(value) and value.min() < 0:
        rows = np.flatnonzero(value >= 0)
    out[rows, value[rows]] = 1
    return value


def _contrast(step: Contrast, value: Any, out: Result) -> Any:
    out[:, 0] = np.array([-1, 1, 0])[value]
    return value


def _value(step: Value, value: Any, out: Result) -> Any:
    out[:, 0] = value
    return value


def level_names(levels: Levels) -> dict[int, str]:
    """What each code means, as the names of columns end with it."""
    names = {levels.gap: " is missing", levels.pool: " is another"}
    names |= {code: f"={as_text(level)}" for code, level in enumerate(levels.levels)}
    return {code: name for code, name in names.items() if code >= 0}


def _one_hot_names(step: OneHot, levels: Levels | None) -> list[str]:
    names = {} if levels is None else level_names(levels)
    return [names.get(code, f"={code}") for code in range(step.size)]


def _contrast_names(step: Contrast, levels: Levels | None) -> list[str]:
    return ["" if levels is None else level_names(levels)[1]]


def _one(step: Any) -> int:
    return 1


STEPS: dict[type[Any], Rule] = {
    Levels: Rule(_levels, at_once=True, prepare=_codes),
    Days: Rule(_days),
    Fill: Rule(_fill),
    Scale: Rule(_scale),
    Clip: Rule(_clip),
    Missing: Rule(_missing, lambda step, levels: [" is missing"], _one),
    Code: Rule(_code, lambda step, levels: [" code"], _one, prepare=_sorted_levels),
    Cycle: Rule(
        _cycle,
        lambda step, levels: [f" {step.part} {wave}" for wave in ("sine", "cosine")],
        lambda step: 2,
    ),
    OneHot: Rule(_one_hot, _one_hot_names, lambda step: int(step.size)),
    Contrast: Rule(_contrast, _contrast_names, _one),
    Value: Rule(_value, lambda step, levels: [""], _one),
}
"""What each step after the first one does; `reading.READS` has the first ones."""


def levels_of(steps: tuple[Step, ...]) -> Levels | None:
    """The levels among steps, or None."""
    return next((step for step in steps if isinstance(step, Levels)), None)


def n_codes(step: Levels | Code) -> int:
    """The number of codes of levels."""
    if isinstance(step, Code):
        return len(step.levels) + 1
    return max(len(step.levels), step.gap + 1, step.pool + 1)


def columns_of(steps: tuple[Step, ...]) -> list[str]:
    """What is added to the name of a column for each of the columns that its steps write."""
    levels = levels_of(steps)
    return [name for step in steps[1:] for name in STEPS[type(step)].columns(step, levels)]


def width_of(steps: tuple[Step, ...]) -> int:
    """The number of columns that steps write."""
    return sum(STEPS[type(step)].width(step) for step in steps[1:])
