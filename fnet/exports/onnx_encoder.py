"""The encoder of tables as operators of ONNX, in float64: `STEPS`, a function for each step.

Columns are `[N, 1]`. Numbers are float64, codes int64, texts strings. Around text, spaces alone are
blanks, since ONNX has no operator that takes others off.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import numpy_helper

from fnet.encoding.cells import MAX_LEVEL, MAX_MAGNITUDE, DateFormat, as_number
from fnet.encoding.steps import (
    MICROSECONDS,
    Boolean,
    Clip,
    Code,
    Contrast,
    Cycle,
    Date,
    Days,
    Fill,
    Levels,
    Missing,
    Number,
    OneHot,
    Scale,
    Text,
    Value,
)
from fnet.exports import dates, patterns
from fnet.exports.columns import NO_LEVEL, Input, number_levels, text_levels
from fnet.exports.onnx_tensors import Graph, Tensor
from fnet.exports.operations import operation

Written = list[Tensor]
"""The columns `[N, width]` that steps have written."""


def encode(graph: Graph, columns: list[Input]) -> Tensor:
    """The rows `[N, D]` of the inputs of a graph."""
    written: Written = []
    for column in columns:
        value: Any = Tensor(graph, column.name, np.float64 if column.is_number else np.object_)
        for step in column.column.steps:
            value = operation("ONNX", STEPS, type(step))(step, value, written)
    first, *others = written
    return first.apply("Concat", *others, axis=1)


def _number(step: Number, value: Tensor, written: Written) -> Tensor:
    """Numbers with NaN where they are a gap, or cannot be read."""
    readable = value.apply("Abs") <= MAX_MAGNITUDE  # not NaN
    for number in map(as_number, step.gaps):
        if number is not None:
            readable = readable & ~(value == number)
    return readable.where(value, np.nan)


def _is_gap(gaps: tuple[str, ...], value: Tensor) -> Tensor:
    return value.matches(patterns.gaps(gaps))


def _boolean(step: Boolean, value: Tensor, written: Written) -> Tensor:
    code = value.matches(patterns.boolean(True)).where(value.of(1, np.int64), 0)
    known = value.matches(patterns.boolean(True)) | value.matches(patterns.boolean(False))
    return (known & ~_is_gap(step.gaps, value)).where(code, -1)


def _text(step: Text, value: Tensor, written: Written) -> Tensor:
    text = value.stripped()
    for word, pattern in patterns.CLEANED.items():
        text = text.matches(pattern).where(text.of(word, np.object_), text)
    return (~_is_gap(step.gaps, text)).where(text, "")


def _levels(step: Levels, value: Tensor, written: Written) -> Tensor:
    codes = number_levels(step)
    if value.dtype != np.object_:
        readable = value.apply("Abs") <= MAX_LEVEL  # not NaN
        of_number: Tensor = readable.where(_looked_up(value, codes, step.pool), step.gap)
        return of_number
    found = _looked_up(value, text_levels(step), NO_LEVEL if codes else step.pool)
    if not codes:
        return found
    is_number = (found == NO_LEVEL) & value.matches(patterns.NUMBER)
    numbers = is_number.where(value, "0").cast(np.float64)
    other = is_number.where(_looked_up(numbers, codes, step.pool), step.pool)
    code: Tensor = (found == NO_LEVEL).where(other, found)
    return code


def _looked_up(value: Tensor, codes: dict[Any, int], default: int) -> Tensor:
    """The code of each cell."""
    codes = codes or {np.zeros((), value.dtype).item(): default}
    keys = np.array([*codes], value.dtype)
    return value.apply(
        "LabelEncoder",
        dtype=np.int64,
        domain="ai.onnx.ml",
        keys_tensor=numpy_helper.from_array(keys, "keys"),
        values_tensor=numpy_helper.from_array(np.array([*codes.values()], np.int64), "values"),
        default_tensor=numpy_helper.from_array(np.array([default], np.int64), "default"),
    )


def _is_missing(value: Tensor | dates.Dates) -> Tensor:
    """Which cells of a value are gaps."""
    if isinstance(value, dates.Dates):
        return value.missing  # type: ignore[no-any-return]
    return value.apply("IsNaN", dtype=np.bool_) if value.dtype == np.float64 else value < 0


def _date(step: Date, value: Tensor, written: Written) -> dates.Dates:
    text = value.stripped()
    found, exists = _read_dates(text, patterns.ISO)
    for other in patterns.date_formats(step.format)[1:]:
        others, exist = _read_dates(text, other)
        found, exists = exist.where(others, found), exists | exist
    return dates.Dates(found, ~exists | _is_gap(step.gaps, text))


def _read_dates(text: Tensor, date_format: DateFormat) -> tuple[Tensor, Tensor]:
    """The microseconds of texts, and which of them are dates of this format.

    They are taken apart from the outside: the date, the zone, then the clock.
    """
    written = text.matches(patterns.date(date_format).replace(r"\s", " "))
    epoch = date_format.replace("YYYY", "1970").replace("MM", "01").replace("DD", "01")
    text = written.where(text, epoch)
    text = text.split("U", 2)[0].split("G", 2)[0]  # UTC, GMT
    separator = next(letter for letter in date_format if not letter.isalpha())
    *parts, rest = text.split(separator, 3)
    rest, after_t = rest.split("T", 2)
    rest, after_space = rest.split(" ", 2)
    time = after_t.apply("StringConcat", after_space).split("Z", 2)[0]
    time, east = time.split("+", 2)
    time, west = time.split("-", 2)
    hour, minute, second = time.stripped().split(":", 3)
    second, after_comma = second.split(",", 2)
    second, after_point = second.split(".", 2)
    fraction = time.of("0.", np.object_).apply("StringConcat", after_comma)
    fraction = fraction.apply("StringConcat", after_point).cast(np.float64)
    nanoseconds = (fraction * 1e9).apply("Round").cast(np.int64)
    by_letter = dict(zip(date_format.split(separator), (*parts, rest), strict=True))
    date = [by_letter[letters].digits() for letters in ("YYYY", "MM", "DD")]
    clock = [part.digits() for part in (hour, minute, second)]
    ahead = _minutes(east) - _minutes(west)
    found = dates.Parts._make((*date, *clock, nanoseconds // 1000, ahead))
    microseconds, exists = dates.to_microseconds(found)
    return microseconds, exists & written


def _minutes(zone: Tensor) -> Tensor:
    """The minutes of a zone without its sign, as 05:30, 0530 or 05; 0 for none."""
    number = zone.without(":").digits()
    number = zone.matches("[0-9]{2}").where(number * 100, number)
    return number // 100 * 60 + number % 100


def _days(step: Days, value: dates.Dates, written: Written) -> Tensor:
    days = value.microseconds.cast(np.float64) / MICROSECONDS
    found: Tensor = (~value.missing).where(days, np.nan)
    return found


def _fill(step: Fill, value: Tensor, written: Written) -> Tensor:
    return (~_is_missing(value)).where(value, step.value)


def _scale(step: Scale, value: Tensor, written: Written) -> Tensor:
    return (value - step.center) * step.factor


def _clip(step: Clip, value: Tensor, written: Written) -> Tensor:
    part = value * (1 / step.limit)
    return value / (part * part + 1.0).apply("Sqrt")


def _missing(step: Missing, value: Any, written: Written) -> Any:
    written.append(_is_missing(value).cast(np.float64))
    return value


def _code(step: Code, value: Tensor, written: Written) -> Tensor:
    codes = {level: code for code, level in enumerate(step.levels)}
    written.append(_looked_up(value, codes, len(codes)).cast(np.float64))
    return value


def _cycle(step: Cycle, value: dates.Dates, written: Written) -> dates.Dates:
    position, period = dates.position(step.part, value.microseconds)
    angle = position.cast(np.float64) / period * (2 * np.pi)
    for shift in (0, np.pi / 2):  # a cosine is a sine; not every release has cosines in float64
        written.append((~value.missing).where((angle + shift).apply("Sin"), 0.0))
    return value


def _one_hot(step: OneHot, value: Tensor, written: Written) -> Tensor:
    written.append((value == value.of([range(step.size)], np.int64)).cast(np.float64))
    return value


def _contrast(step: Contrast, value: Tensor, written: Written) -> Tensor:
    found = value.cast(np.float64) * 2.0 - 1.0
    written.append((value >= 0).where(found, 0.0))
    return value


def _value(step: Value, value: Tensor, written: Written) -> Tensor:
    written.append(value.cast(np.float64))
    return value


STEPS: dict[type[Any], Callable[[Any, Any, Written], Any]] = {
    Number: _number,
    Boolean: _boolean,
    Date: _date,
    Text: _text,
    Levels: _levels,
    Days: _days,
    Fill: _fill,
    Scale: _scale,
    Clip: _clip,
    Missing: _missing,
    Code: _code,
    Cycle: _cycle,
    OneHot: _one_hot,
    Contrast: _contrast,
    Value: _value,
}
"""What each step adds to the graph: it takes the step, the value before it and what was written,
and returns the value for the next step."""
