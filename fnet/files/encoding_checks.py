"""What must be true of the encoding of a table in a file: closed lists of its steps and values.

The steps of a column must fit each other: `FLOW` says what each one takes and leaves.
"""

import itertools
import re
from typing import Any

from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.encoding.cells import DATE_FORMATS, MAX_MAGNITUDE, THOUSANDS, UNITS
from fnet.encoding.learn import CYCLES, TINY
from fnet.encoding.options import SCALINGS
from fnet.encoding.problems import shown
from fnet.encoding.records import (
    KINDS,
    QUANTILES,
    ColumnEncoding,
    Encoding,
    Kind,
    Moments,
    Statistics,
    code_features,
    used,
)
from fnet.encoding.step_functions import columns_of, n_codes
from fnet.encoding.steps import (
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
from fnet.files.values import (
    Check,
    dict_of,
    each,
    either,
    integer,
    is_array,
    is_boolean,
    is_none,
    is_text,
    one_of,
    real,
)

MAX_NAMES_SIZE = 1 << 22
"""The most letters of the names of all encoded columns together, without their levels."""

MAX_DAY = 2e8
"""The largest date, as days since 1970; microseconds in 64 bits end before it."""


def _tuple_of(valid: Check) -> Check:
    """The check of a tuple of valid values."""
    return lambda value: type(value) is tuple and all(map(valid, value))


def _record(kind: type, /, **fields: Check) -> Check:
    """The check of a record of this class whose fields are all valid, and none is an array."""
    return lambda value: (
        type(value) is kind
        and all(
            valid(found) and not is_array(found)
            for found, valid in ((getattr(value, name), valid) for name, valid in fields.items())
        )
    )


def _is_unit(value: Any) -> bool:
    return is_text(value) and (value == "" or re.fullmatch(UNITS, value) is not None)


def _is_number(value: Any) -> bool:
    """Whether a value is a number that is no boolean, as large as those that are read."""
    return type(value) in (int, float) and NUMBER(value)


NUMBER = real(-2 * MAX_MAGNITUDE, 2 * MAX_MAGNITUDE)  # a mean may be rounded up
COUNT, CODE = integer(0), integer(-1)
TEXTS = _tuple_of(is_text)
LEVELS = _tuple_of(either(is_text, _is_number))


def _is_ascending(value: Any) -> bool:
    """Whether a value is a tuple of one or more numbers in ascending order, all different."""
    return (
        _tuple_of(_is_number)(value)
        and len(value) > 0
        and all(float(lower) < float(upper) for lower, upper in itertools.pairwise(value))
    )


STEPS: dict[type[Any], Check] = {
    Number: _record(
        Number,
        decimal=one_of(".", ","),
        thousands=one_of(*THOUSANDS),
        unit=_is_unit,
        gaps=TEXTS,
    ),
    Boolean: _record(Boolean, gaps=TEXTS),
    Date: _record(Date, format=one_of(*DATE_FORMATS), gaps=TEXTS),
    Text: _record(Text, gaps=TEXTS),
    Levels: _record(Levels, levels=LEVELS, gap=CODE, pool=CODE),
    Days: _record(Days),
    Fill: _record(Fill, value=_is_number),
    Scale: _record(Scale, center=_is_number, factor=real(-1 / TINY, 1 / TINY)),
    Clip: _record(Clip, limit=real(1e-3, 1e3)),
    Missing: _record(Missing),
    Code: _record(Code, levels=_is_ascending),
    Cycle: _record(Cycle, part=one_of(*CYCLES)),
    OneHot: _record(OneHot, size=integer(1)),
    Contrast: _record(Contrast),
    Value: _record(Value),
}
"""The closed list of steps, with their valid values."""

FLOW: dict[type[Any], tuple[tuple[str, ...], str | None]] = {
    Number: (("cells",), "numbers"),
    Boolean: (("cells",), "codes"),
    Date: (("cells",), "dates"),
    Text: (("cells",), "text"),
    Levels: (("text", "numbers"), "codes"),
    Days: (("dates",), "numbers"),
    Fill: (("numbers",), "filled numbers"),
    Scale: (("numbers", "filled numbers"), None),
    Clip: (("numbers", "filled numbers"), None),
    Missing: (("numbers", "dates", "codes"), None),
    Code: (("numbers",), None),
    Cycle: (("dates",), None),
    OneHot: (("codes",), None),
    Contrast: (("codes",), None),
    Value: (("filled numbers", "codes"), None),
}
"""What each step takes, and what it leaves for the next one; None for the same."""

READ_BY: dict[Kind, tuple[type[Any], ...]] = {
    "number": (Number,),
    "boolean": (Boolean,),
    "category": (Text, Number),
    "date": (Date,),
}
"""How each kind of column may be read."""

MOMENTS = _record(
    Moments,
    minimum=_is_number,
    maximum=_is_number,
    mean=_is_number,
    deviation=real(0, 2 * MAX_MAGNITUDE),
    quantiles=lambda value: _tuple_of(_is_number)(value) and len(value) == len(QUANTILES),
)
STATISTICS = _record(
    Statistics,
    rows=COUNT,
    gaps=COUNT,
    distinct=COUNT,
    moments=either(is_none, MOMENTS),
    levels=LEVELS,
    counts=_tuple_of(COUNT),
    pooled=COUNT,
)
COLUMN = _record(
    ColumnEncoding,
    name=is_text,
    kind=one_of(*KINDS),
    reason=is_text,
    statistics=STATISTICS,
    steps=_tuple_of(lambda step: type(step) in STEPS and STEPS[type(step)](step)),
    remark=is_text,
)
ENCODING = _record(Encoding, columns=_tuple_of(COLUMN), named=is_boolean)


def check_encoding(value: Any, net: Network) -> None:
    """Refuse an encoding that does not work, or does not give the features of this network.

    Raises:
        InvalidArgument: It does not.
    """
    if not ENCODING(value):
        columns = getattr(value, "columns", ())
        bad = (
            next((c for c in columns if not COLUMN(c)), value) if type(columns) is tuple else value
        )
        raise InvalidArgument(
            f"an encoding must have columns of valid steps and statistics; got {bad!r:.300}"
        )
    names = [column.name for column in value.columns]
    if len(set(names)) < len(names):
        raise InvalidArgument("the columns of an encoding must have different names")
    for column in value.columns:
        if fault := _fault(column):
            raise InvalidArgument(
                f"column {shown(column.name)} of an encoding must have {fault}; got {column!r:.300}"
            )
    widths = {column.name: len(columns_of(column.steps)) for column in used(value)}
    if sum(widths.values()) != net.sizes[0]:
        raise InvalidArgument(
            f"an encoding must give the {net.sizes[0]} features of the network; it gives "
            f"{sum(widths.values())}"
        )
    wanted = [] if net.codes is None else [*zip(*net.codes[:2], strict=True)]
    if not set(wanted) <= set(code_features(value)):
        raise InvalidArgument(
            "an encoding must give the codes of the network, as features with their numbers of "
            f"codes: {wanted!r:.200}; it gives {code_features(value)!r:.200}"
        )
    size = sum(len(name) * max(1, widths.get(name, 0)) for name in names)
    if size > MAX_NAMES_SIZE:
        raise InvalidArgument(
            f"the names of encoded columns must have at most {MAX_NAMES_SIZE} letters together; "
            f"got {size}. Shorten the longest"
        )


def _fault(column: ColumnEncoding) -> str | None:
    """What a column of valid values must have, in words, or None if it has it."""
    statistics, steps = column.statistics, column.steps
    if len(statistics.levels) != len(statistics.counts):
        return "a count for each level"
    if column.kind == "ignored" or not steps:
        return "steps, or be ignored" if (column.kind == "ignored") == bool(steps) else None
    moments = statistics.moments
    days = (*moments[:3], *moments.quantiles) if moments else ()
    if column.kind == "date" and any(abs(day) > MAX_DAY for day in days):
        return "dates within the calendar"
    if type(steps[0]) not in READ_BY[column.kind]:
        return "a first step that reads its kind"
    if (column.kind == "category") != any(type(step) is Levels for step in steps):
        return "levels if, and only if, it is a category"
    if column.kind != "number" and any(type(step) is Code for step in steps):
        return "codes beside numbers alone"
    return _fault_of_steps(steps)


def _fault_of_steps(steps: tuple[Any, ...]) -> str | None:
    """What steps must be, in words, or None."""
    state, codes, seen = "cells", 2, set[Any]()
    for step in steps:
        takes, gives = FLOW[type(step)]
        key = step if type(step) is Cycle else type(step)
        if state not in takes or key in seen:
            return f"steps that fit each other, each once, at {step!r:.100}"
        state = gives or state
        seen.add(key)
        if type(step) is Number and step.decimal == step.thousands:
            return "another decimal character than between thousands"
        if type(step) is Levels:
            if fault := _fault_of_levels(step, steps):
                return fault
            codes = n_codes(step)
        if {OneHot: getattr(step, "size", codes), Contrast: 2}.get(type(step), codes) != codes:
            return f"a column for each of {codes} codes"
    return None if columns_of(steps) else "a step that writes a column"


def _fault_of_levels(step: Levels, steps: tuple[Any, ...]) -> str | None:
    """What levels among these steps must be, in words, or None."""
    count = len(step.levels)
    if not all(is_text(level) == (type(steps[0]) is Text) for level in step.levels):
        return "levels as its first step reads them"
    if len(set(step.levels)) < count:
        return "different levels"
    if -1 in (step.gap, step.pool) and any(type(other) is Value for other in steps):
        return "a code for every cell where codes are written as they are"
    fits = step.pool in (-1, count) and step.gap in (-1, step.pool, max(count, step.pool + 1))
    return None if fits and n_codes(step) else "codes from 0 without gaps"


# What is kept of a pipeline.


ARGUMENTS: dict[str, Check] = {
    "kinds": either(is_none, dict_of(one_of(*KINDS))),
    "scaling": one_of(*SCALINGS),
    "max_levels": integer(1),
    "min_count": either(is_none, integer(1)),
    "embed": either(is_none, integer(0)),
    "keep": either(is_boolean, each(is_text)),
    "missing": each(is_text),
    "date_format": either(is_none, one_of(*DATE_FORMATS), dict_of(one_of(*DATE_FORMATS))),
    "decimal": either(is_none, one_of(".", ",")),
    "dtype": one_of("float64", "float32"),
}
"""The arguments of a TableEncoder, with their valid values."""

OF_A_PIPELINE = ("steps", "memory", "verbose", "transform_input")
"""The names that no step of a pipeline has."""


def check_pipeline(steps: Any, arguments: Any) -> None:
    """Refuse names of two steps, or arguments of a TableEncoder, that do not work.

    Raises:
        InvalidArgument: They do not.
    """
    valid = _tuple_of(lambda name: is_text(name) and _is_step_name(name))
    if not valid(steps) or len(set(steps)) != 2 or len(steps) != 2:
        raise InvalidArgument(
            f"a pipeline must have two steps of different names, without '__'; got {steps!r:.200}"
        )
    if not isinstance(arguments, dict) or arguments.keys() != ARGUMENTS.keys():
        raise InvalidArgument(
            f"the arguments of TableEncoder must be {', '.join(ARGUMENTS)}; got {arguments!r:.200}"
        )
    for name, check in ARGUMENTS.items():
        if not check(arguments[name]):
            raise InvalidArgument(
                f"{name} of the TableEncoder must be a value that it takes and a file holds; got "
                f"{arguments[name]!r:.200}"
            )


def _is_step_name(name: str) -> bool:
    return bool(name) and "__" not in name and name not in OF_A_PIPELINE
