"""What the steps of `steps.py` do: `STEPS`, one Rule for each."""

import functools
from collections.abc import Callable, Iterable, Sequence
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

Block = npt.NDArray[Any]
"""Cells of C columns of a table in R rows, `[C, R]`."""

Result = npt.NDArray[Any]
"""R rows of the result, `[R, D]`."""

Places = Any
"""Which columns of the result a step writes first, for each of C columns of a table, `[C]`."""


class Rule(NamedTuple):
    """What a step does, for C columns of a table that have such a step.

    Attributes:
        apply: Takes what `prepare` has returned, a block, float64 `[C, R]` that may be overwritten
            as the block may, and the rows of the result, which are 0 where they are to be written.
            Returns the block for the next step.
        columns: Takes the step and the levels before it; returns what is added to the name of the
            column for each column that it writes.
        width: Takes the step; returns the number of columns that it writes.
        prepare: Takes the steps of the C columns, and the Places; returns what `apply` needs.
    """

    apply: Callable[[Any, Block, Block, Result], Block]
    columns: Callable[[Any, Levels | None], list[str]] = lambda step, levels: []
    width: Callable[[Any], int] = lambda step: 0
    prepare: Callable[[Sequence[Any], Places], Any] = lambda steps, places: None


def is_missing(value: Any) -> npt.NDArray[np.bool_]:
    """Which cells of a value are gaps."""
    kind = value.dtype.kind
    found: npt.NDArray[np.bool_] = value < 0 if kind == "i" else value != value  # NaN and NaT
    return found


@functools.lru_cache(maxsize=MAX_STEPS)
def _codes(step: Levels) -> tuple[dict[Any, int], dict[float | None, int]]:
    """The code of each level, and of each number that a level is or is written as."""
    levels = list(enumerate(step.levels))[::-1]  # the first one of a number wins
    known = {level: code for code, level in levels}
    return known, {level_number(level): code for code, level in levels} | {None: step.pool}


def level_codes(step: Levels, value: Any) -> npt.NDArray[np.int32]:
    """The code of each cell of a column, `[N]`, as its first step has read them."""
    known, numbers = _codes(step)
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

    codes: npt.NDArray[np.int32] = np.array([*map(code, cells), step.gap], np.int32)[positions]
    return codes


def level_number(cell: Any) -> float | None:
    """The number that a cell is or is written as, if float64 tells it from others; else None."""
    number = None if cell in ("True", "False") else as_number(cell)
    return None if number is None or abs(number) > MAX_LEVEL else number


def days_of(dates: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    """Days since 1970-01-01 of dates in microseconds, NaN for NaT."""
    found: npt.NDArray[np.float64] = dates.view(np.int64) / MICROSECONDS
    found[np.isnat(dates)] = np.nan
    return found


def _days(state: None, value: Block, spare: Block, out: Result) -> Block:
    return days_of(value)


def _column(numbers: Iterable[float]) -> npt.NDArray[np.float64]:
    """A number for each column of a block, `[C, 1]`."""
    return np.array([*numbers], np.float64)[:, None]


def _fill(fills: npt.NDArray[Any], value: Block, spare: Block, out: Result) -> Block:
    missing = np.isnan(value)
    if np.count_nonzero(missing):
        np.copyto(value, fills, where=missing)
    return value


def _scale(state: Any, value: Block, spare: Block, out: Result) -> Block:
    centers, factors = state
    value -= centers
    value *= factors
    return value


def _clip(scales: npt.NDArray[Any], value: Block, spare: Block, out: Result) -> Block:
    size = np.multiply(value, scales, out=spare)
    size *= size
    size += 1
    np.sqrt(size, out=size)
    value /= size
    return value


def _missing(places: Places, value: Block, spare: Block, out: Result) -> Block:
    out[:, places] = is_missing(value).T
    return value


@functools.lru_cache(maxsize=MAX_STEPS)
def _sorted_levels(step: Code) -> npt.NDArray[np.float64]:
    """The levels, and NaN as the place of all that are larger and of gaps."""
    return np.array([*step.levels, np.nan])


def _code(state: Any, value: Block, spare: Block, out: Result) -> Block:
    for levels, place, cells in zip(*state, value, strict=True):
        code = levels.searchsorted(cells)
        out[:, place] = np.where(levels[code] == cells, code, len(levels) - 1)
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


def _cycle(state: Any, value: Block, spare: Block, out: Result) -> Block:
    for part, place, dates in zip(*state, value, strict=True):
        angle = 2 * np.pi * position(part, dates)
        here = ~np.isnat(dates)
        np.sin(angle, out=out[:, place], where=here, casting="same_kind")
        np.cos(angle, out=out[:, place + 1], where=here, casting="same_kind")
    return value


def _one_hot(places: Places, value: Block, spare: Block, out: Result) -> Block:
    columns, rows = np.nonzero(value >= 0)
    out[rows, (value + places[:, None])[columns, rows]] = 1
    return value


def _contrast(places: Places, value: Block, spare: Block, out: Result) -> Block:
    out[:, places] = np.array([-1, 1, 0])[value].T
    return value


def _value(places: Places, value: Block, spare: Block, out: Result) -> Block:
    out[:, places] = value.T
    return value


def _written(steps: Sequence[Step], places: Places) -> Any:
    """The columns that steps of one column each write: a slice, which is faster, if it can be."""
    apart = np.unique(np.diff(places))
    if len(apart) > 1:
        return places
    return slice(int(places[0]), int(places[-1]) + 1, *apart.tolist())


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
    Days: Rule(_days),
    Fill: Rule(_fill, prepare=lambda steps, places: _column(step.value for step in steps)),
    Scale: Rule(
        _scale,
        prepare=lambda steps, places: (
            _column(step.center for step in steps),
            _column(step.factor for step in steps),
        ),
    ),
    Clip: Rule(_clip, prepare=lambda steps, places: _column(1 / step.limit for step in steps)),
    Missing: Rule(_missing, lambda step, levels: [" is missing"], _one, _written),
    Code: Rule(
        *(_code, lambda step, levels: [" code"], _one),
        lambda steps, places: ([_sorted_levels(step) for step in steps], places),
    ),
    Cycle: Rule(
        _cycle,
        lambda step, levels: [f" {step.part} {wave}" for wave in ("sine", "cosine")],
        lambda step: 2,
        lambda steps, places: ([step.part for step in steps], places),
    ),
    OneHot: Rule(
        *(_one_hot, _one_hot_names, lambda step: int(step.size)),
        lambda steps, places: places,
    ),
    Contrast: Rule(_contrast, _contrast_names, _one, _written),
    Value: Rule(_value, lambda step, levels: [""], _one, _written),
}
"""What each step after `Levels` or the first one does; `reading.READS` has the first ones."""


def levels_of(steps: tuple[Step, ...]) -> Levels | None:
    """The levels among steps, or None."""
    for step in steps:
        if isinstance(step, Levels):
            return step
    return None


def writing(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps that `STEPS` has: all but the first one and `Levels`."""
    return tuple(step for step in steps[1:] if not isinstance(step, Levels))


def n_codes(step: Levels | Code) -> int:
    """The number of codes of levels."""
    if isinstance(step, Code):
        return len(step.levels) + 1
    return max(len(step.levels), step.gap + 1, step.pool + 1)


def columns_of(steps: tuple[Step, ...]) -> list[str]:
    """What is added to the name of a column for each of the columns that its steps write."""
    levels = levels_of(steps)
    return [name for step in writing(steps) for name in STEPS[type(step)].columns(step, levels)]


def width_of(steps: tuple[Step, ...]) -> int:
    """The number of columns that steps write."""
    return sum(STEPS[type(step)].width(step) for step in writing(steps))
