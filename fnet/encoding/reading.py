"""How the first step of a column reads its cells: `READS`, one function for each step.

- A gap is a missing value of the container, a cell of text in `cells.GAPS` or in the step's `gaps`,
  blanks aside, and a number that equals one of these.
- Text is read by the step's own notation; a cell that is not written so is refused.
- Numbers must be at most 1e100 in size, and below 2**53 where they are levels. An infinity is
  refused.
- A column that is all gaps is read by any step.
- `Number` also takes booleans as 0 and 1, `Boolean` takes the numbers 0 and 1, and `Text` takes
  numbers if a level is written as a number, booleans if a level is one. Everything else of another
  kind is refused as a whole.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument
from fnet.encoding import cells
from fnet.encoding.cells import GAPS, MAX_LEVEL, MAX_MAGNITUDE, Cell, Texts
from fnet.encoding.problems import shown
from fnet.encoding.raw_columns import RawColumn
from fnet.encoding.step_functions import MAX_STEPS, levels_of
from fnet.encoding.steps import Boolean, Date, Number, Read, Step, Text


class Reading(NamedTuple):
    """The cells of a column as a step has read them.

    Attributes:
        value: The value for the next step; a gap where a cell was refused.
        bad: Which cells were refused, `[N]`; None if none was.
    """

    value: Any
    bad: npt.NDArray[np.bool_] | None = None


class KindError(InvalidArgument):
    """A column holds another kind of cells than it did in training."""


def read(steps: tuple[Step, ...], raw: RawColumn) -> Reading:
    """The cells of a column as its first step reads them.

    Raises:
        KindError: They are of another kind altogether.
    """
    step = steps[0]
    if raw.kind == "gaps":
        raw = RawColumn("text", Texts([], np.full(len(raw.values), -1)))
    return READS[type(step)](step, raw, steps)


def parser(step: Read) -> Callable[[Cell], Any]:
    """A function from a clean cell of text to what the step reads; None for a refused cell."""
    if isinstance(step, Number):
        return cells.number_reader(step.decimal, step.thousands, step.unit)
    if isinstance(step, Boolean):
        return cells.as_boolean
    return cells.date_reader(step.format) if isinstance(step, Date) else cells.as_text


@functools.lru_cache(maxsize=MAX_STEPS)
def gap_cells(step: Read) -> frozenset[str]:
    """The cells of text that are gaps."""
    return GAPS.union(step.gaps)


def _parsed(step: Any, texts: Texts, gap: Any, dtype: Any) -> Reading:
    """Text as a step reads it: each different text once."""
    parse, gaps = parser(step), gap_cells(step)
    found, refused = [], []
    for text in texts.texts:
        cell = cells.clean(text)
        value = None if cell in gaps else parse(cell)
        refused.append(value is None and cell not in gaps)
        found.append(gap if value is None else value)
    value = np.array([*found, gap], dtype)[texts.codes]
    return Reading(value, np.array([*refused, False])[texts.codes] if any(refused) else None)


def _numbers(step: Number, raw: RawColumn, steps: tuple[Step, ...]) -> Reading:
    if raw.kind == "text":
        reading = _parsed(step, raw.values, np.nan, np.float64)
        return Reading(_without(step.gaps, reading.value), reading.bad)
    if raw.kind == "dates":
        raise KindError("dates")
    value = raw.values.astype(np.float64, copy=False)
    if raw.kind == "booleans":
        value = np.where(value < 0, np.nan, value)
    return _limited(_without(step.gaps, value), steps)


def _limited(value: npt.NDArray[Any], steps: tuple[Step, ...]) -> Reading:
    """Numbers, those that are too large refused."""
    limit = MAX_LEVEL if levels_of(steps) else MAX_MAGNITUDE
    bad = (value > limit) | (value < -limit)
    if np.count_nonzero(bad):
        return Reading(np.where(bad, np.nan, value), bad)
    return Reading(value)


def _without(gaps: tuple[str, ...], value: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers with NaN where they equal a gap."""
    for number in map(cells.as_number, gaps):
        if number is not None:
            value = np.where(value == number, np.nan, value)
    return value


def _booleans(step: Boolean, raw: RawColumn, steps: tuple[Step, ...]) -> Reading:
    if raw.kind == "text":
        return _parsed(step, raw.values, -1, np.int8)
    if raw.kind == "dates":
        raise KindError("dates")
    if raw.kind == "booleans":
        return Reading(raw.values)
    value = _without(step.gaps, raw.values)
    missing = np.isnan(value)
    bad = ~(missing | (value == 0) | (value == 1))
    codes = np.where(missing | bad, -1, value == 1).astype(np.int8)
    return Reading(codes, bad if bad.any() else None)


def _dates(step: Date, raw: RawColumn, steps: tuple[Step, ...]) -> Reading:
    if raw.kind == "text":
        return _parsed(step, raw.values, np.iinfo(np.int64).min, "M8[us]")
    if raw.kind != "dates":
        raise KindError(raw.kind)
    return Reading(raw.values)


def _text(step: Text, raw: RawColumn, steps: tuple[Step, ...]) -> Reading:
    if raw.kind == "text":
        gaps = gap_cells(step)
        texts = [cells.as_text(cells.clean(text)) for text in raw.values.texts]
        found = [None if text in gaps else text for text in texts]
        return Reading(Texts(found, raw.values.codes))
    known = levels_of(steps)
    levels = known.levels if known else ()
    if raw.kind == "numbers" and any(cells.as_number(level) is not None for level in levels):
        return _limited(_without(step.gaps, raw.values), steps)
    if raw.kind == "booleans" and {"True", "False"} & set(levels):
        return Reading(Texts(["False", "True"], raw.values))
    raise KindError(raw.kind)


READS: dict[type[Any], Callable[[Any, RawColumn, tuple[Step, ...]], Reading]] = {
    Number: _numbers,
    Boolean: _booleans,
    Date: _dates,
    Text: _text,
}
"""How each first step reads cells."""


def cell_at(raw: RawColumn, row: int) -> str:
    """A cell as messages show it."""
    if raw.kind == "text":
        return shown(raw.values.texts[raw.values.codes[row]])
    return str(raw.values[row])
