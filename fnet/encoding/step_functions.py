"""What the steps of `steps.py` do: `STEPS`, one Rule for each."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.encoding.cells import MAX_LEVEL, Texts, as_number, as_text
from fnet.encoding.steps import (
    MICROSECONDS,
    Clip,
    Code,
    Contrast,
    Cycle,
    CyclePart,
    Days,
    Fill,
    Levels,
    Missing,
    OneHot,
    Scale,
    Step,
    Value,
)

MAX_STEPS = 4096
"""The steps of which what follows from them is kept."""

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
    for step in steps:
        if isinstance(step, Levels):
            return step
    return None


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
