"""The encoder of tables in operations of TensorFlow, in float64: `STEPS`, a function for each step.

Columns are `[N]`. Numbers are float64, codes int64, texts strings.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

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
from fnet.exports.operations import operation


class Output(NamedTuple):
    """What the steps of a table write, and look up.

    Attributes:
        columns: The columns `[N, width]` that were written.
        tables: The codes of the texts of each step of levels.
    """

    columns: list[Any]
    tables: Mapping[Levels, Any]


def lookup_tables(columns: Sequence[Input]) -> dict[Levels, Any]:
    """The tables of codes, which the module that is saved must hold."""
    return {
        step: tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                *zip(*text_levels(step).items(), strict=True), tf.string, tf.int64
            ),
            NO_LEVEL,
        )
        for column in columns
        if not column.is_number
        for step in column.column.steps
        if isinstance(step, Levels)
    }


def encode(columns: Sequence[Input], cells: Sequence[Any], tables: Mapping[Levels, Any]) -> Any:
    """The rows `[N, D]` of the cells of each column."""
    output = Output([], tables)
    for column, value in zip(columns, cells, strict=True):
        for step in column.column.steps:
            value = operation("TensorFlow", STEPS, type(step))(step, value, output)
    return tf.concat(output.columns, axis=1)


def _write(output: Output, column: Any) -> None:
    """Write one column `[N]`."""
    output.columns.append(tf.cast(column, tf.float64)[:, None])


def _number(step: Number, value: Any, output: Output) -> Any:
    """Numbers with NaN where they are a gap, or cannot be read."""
    readable = tf.abs(value) <= MAX_MAGNITUDE  # not NaN
    for number in map(as_number, step.gaps):
        if number is not None:
            readable = readable & (value != number)
    return tf.where(readable, value, tf.constant(np.nan, tf.float64))


def _is_gap(gaps: tuple[str, ...], value: Any) -> Any:
    return tf.strings.regex_full_match(value, patterns.gaps(gaps))


def _boolean(step: Boolean, value: Any, output: Output) -> Any:
    is_true, is_false = (
        tf.strings.regex_full_match(value, patterns.boolean(meaning)) for meaning in (True, False)
    )
    known = (is_true | is_false) & ~_is_gap(step.gaps, value)
    return tf.where(known, tf.cast(is_true, tf.int64), tf.constant(-1, tf.int64))


def _stripped(value: Any) -> Any:
    return tf.strings.regex_replace(value, f"^{patterns.BLANKS}+|{patterns.BLANKS}+$", "")


def _text(step: Text, value: Any, output: Output) -> Any:
    text = _stripped(value)
    for word, pattern in patterns.CLEANED.items():
        text = tf.strings.regex_replace(text, f"^{pattern}$", word)
    return tf.where(_is_gap(step.gaps, text), "", text)


def _levels(step: Levels, value: Any, output: Output) -> Any:
    pool, gap = tf.constant(step.pool, tf.int64), tf.constant(step.gap, tf.int64)
    codes = number_levels(step)
    if value.dtype != tf.string:
        readable = tf.abs(value) <= MAX_LEVEL  # not NaN
        return tf.where(readable, _looked_up(value, codes, step.pool), gap)
    found = output.tables[step].lookup(value)
    is_number = (found == NO_LEVEL) & tf.strings.regex_full_match(value, patterns.NUMBER)
    numbers = tf.strings.to_number(tf.where(is_number, value, "0"), tf.float64)
    other = tf.where(is_number, _looked_up(numbers, codes, step.pool), pool)
    return tf.where(found == NO_LEVEL, other, found)


def _looked_up(value: Any, codes: dict[float, int], default: int) -> Any:
    """The code of each number; the keys of the codes are in ascending order."""
    codes = codes or {0.0: default}
    levels = tf.constant([*codes], tf.float64)
    place = tf.minimum(tf.searchsorted(levels, value), len(codes) - 1)
    code = tf.gather(tf.constant([*codes.values()], tf.int64), place)
    return tf.where(tf.gather(levels, place) == value, code, default)


def _is_missing(value: Any) -> Any:
    """Which cells of a value are gaps."""
    if isinstance(value, dates.Dates):
        return value.missing
    return value < 0 if value.dtype == tf.int64 else tf.math.is_nan(value)


def _date(step: Date, value: Any, output: Output) -> dates.Dates:
    text = _stripped(value)
    found, exists = _read_dates(text, patterns.ISO)
    for other in patterns.date_formats(step.format)[1:]:
        others, exist = _read_dates(text, other)
        found, exists = tf.where(exist, others, found), exists | exist
    return dates.Dates(found, ~exists | _is_gap(step.gaps, text))


def _read_dates(text: Any, date_format: DateFormat) -> tuple[Any, Any]:
    """The microseconds of texts, and which of them are dates of this format."""
    pattern = patterns.date(date_format)
    groups = re.compile(pattern).groupindex
    written = tf.strings.regex_full_match(text, pattern)
    text = tf.where(written, text, "")

    def group(name: str) -> Any:
        return tf.strings.regex_replace(text, f"^{pattern}$", rf"\{groups[name]}")

    def digits(text: Any) -> Any:
        return tf.strings.to_number("0" + text, tf.int64)

    zone = group("zone")
    of_zone = tf.strings.regex_replace(zone, "[^0-9]", "")
    hours, minutes = (digits(tf.strings.substr(of_zone + "0000", i, 2)) for i in (0, 2))
    ahead = hours * 60 + minutes
    ahead = tf.where(tf.strings.regex_full_match(zone, "-.*"), -ahead, ahead)
    microsecond = digits(tf.strings.substr(group("f") + "000000", 0, 6))
    found = dates.Parts._make((*(digits(group(name)) for name in "ymdHMS"), microsecond, ahead))
    microseconds, exists = dates.to_microseconds(found)
    return microseconds, exists & written


def _days(step: Days, value: dates.Dates, output: Output) -> Any:
    days = tf.cast(value.microseconds, tf.float64) / MICROSECONDS
    return tf.where(value.missing, tf.constant(np.nan, tf.float64), days)


def _fill(step: Fill, value: Any, output: Output) -> Any:
    return tf.where(_is_missing(value), tf.constant(step.value, tf.float64), value)


def _scale(step: Scale, value: Any, output: Output) -> Any:
    return (value - step.center) * step.factor


def _clip(step: Clip, value: Any, output: Output) -> Any:
    part = value * (1 / step.limit)
    return value / tf.sqrt(part * part + 1)


def _missing(step: Missing, value: Any, output: Output) -> Any:
    _write(output, _is_missing(value))
    return value


def _code(step: Code, value: Any, output: Output) -> Any:
    codes = {level: code for code, level in enumerate(step.levels)}
    _write(output, _looked_up(value, codes, len(codes)))
    return value


def _cycle(step: Cycle, value: dates.Dates, output: Output) -> dates.Dates:
    position, period = dates.position(step.part, value.microseconds)
    angle = tf.cast(position, tf.float64) / period * (2 * np.pi)
    for wave in (tf.sin, tf.cos):
        _write(output, tf.where(value.missing, tf.constant(0, tf.float64), wave(angle)))
    return value


def _one_hot(step: OneHot, value: Any, output: Output) -> Any:
    output.columns.append(tf.one_hot(value, step.size, dtype=tf.float64))
    return value


def _contrast(step: Contrast, value: Any, output: Output) -> Any:
    _write(output, tf.where(value < 0, tf.constant(0, tf.int64), value * 2 - 1))
    return value


def _value(step: Value, value: Any, output: Output) -> Any:
    _write(output, value)
    return value


STEPS: dict[type[Any], Callable[[Any, Any, Output], Any]] = {
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
"""What each step adds to the graph: it takes the step, the value before it and the output, and
returns the value for the next step."""
