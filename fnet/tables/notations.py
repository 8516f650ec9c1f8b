"""Numbers as text: which notation the cells of a column agree on, and their values.

A column is read as numbers if one notation fits all its cells:

  - plain: `3.7`, `-3`, `1e5`, with any blanks around. It is preferred wherever it fits.
  - a decimal comma: `3,7`.
  - a thousands separator, one of `,` `.` a blank or an apostrophe: `1,234.5`, `1.234,5`, `3 700`.
  - with any of these a percent sign or a currency in every cell, the same one: `3.7%`, `$3.70`.
    It is dropped, so `3.7%` is 3.7.
  - the minus sign U+2212 is a minus, and `true` and `false` in any case are 1 and 0, if the cells
    hold nothing else.

If two notations fit and give different values, as for `1,234`, the column is refused, unless the
decimal character is given.
"""

import bisect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from fnet.encoding.cells import MAX_MAGNITUDE, THOUSANDS, UNITS

MISSING = ("NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "NAN", "null", "Null", "NULL")
"""Cells that are missing values in any column, as an empty cell is."""

BOOLEAN = r"(?i)^\s*(true|false)\s*$"
"""A text cell that is a boolean."""


class Notation(NamedTuple):
    """How the numbers of a column are written.

    Attributes:
        decimal: The decimal character, `.` or `,`.
        thousands: The thousands separator, a key of `THOUSANDS`.
        unit: The percent sign or currency in every cell, or an empty string.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    def pattern(self) -> str:
        """The pattern of a cell without its unit and with `-` as its minus."""
        point = re.escape(self.decimal)
        digits = "[0-9]+"
        if self.thousands:
            digits = rf"(?:[1-9][0-9]{{0,2}}(?:{THOUSANDS[self.thousands]}[0-9]{{3}})+|[0-9]+)"
        return rf"^[+-]?(?:{digits}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?$"


PLAIN = Notation()

BODIES = tuple(
    Notation(decimal, thousands)
    for thousands in THOUSANDS
    for decimal in (".", ",")
    if decimal != thousands
)
"""The notations without a unit, in order of preference."""


class Problem(NamedTuple):
    """Why the cells of a column are no numbers.

    Attributes:
        row: The index of the first cell that is none.
        text: What is wrong with it.
    """

    row: int
    text: str


class Numbers(NamedTuple):
    """The cells of a column as numbers.

    Attributes:
        values: Finite float64 `[N]`.
        notation: How they are written; None for cells that are the same number in any notation.
        example: The first cell that is not plain, and how it is read; empty if all are plain.
    """

    values: npt.NDArray[np.float64]
    notation: Notation | None
    example: str = ""


def read(
    column: Any, expected: Notation | None = None, decimal: str | None = None
) -> Numbers | Problem:
    """A column as Numbers, or the Problem with it.

    Args:
        column: An Arrow chunked array of numbers, booleans or bytes, `[N]`.
        expected: The notation that is tried first.
        decimal: The decimal character, or None to find it.

    Returns:
        Numbers, or a Problem.
    """
    text = pa.types.is_binary(column.type)
    plain = expected in (None, PLAIN) and decimal in (None, ".")
    try:
        values = to_floats(column) if plain or not text else None
    except pa.ArrowInvalid:
        values = None
    if values is None:
        return _read_text(column, expected, decimal)
    good = np.abs(values) <= MAX_MAGNITUDE
    if not good.all():
        row = int(good.argmin())
        return Problem(row, _why_not_finite(column[row].as_py(), float(values[row])))
    return Numbers(values, PLAIN if _has_point(column) or not text else None)


def _read_text(column: Any, expected: Notation | None, decimal: str | None) -> Numbers | Problem:
    """A column of bytes, not all of them plain numbers, as Numbers, or the Problem with it."""
    try:
        cells = compute.utf8_trim_whitespace(column.cast(pa.string()))
    except pa.ArrowInvalid:
        return _first_problem(column)
    if _count(cells, BOOLEAN) == len(cells):
        values = to_floats(compute.equal(compute.utf8_lower(cells), "true"))
        return Numbers(values, PLAIN)
    cells = compute.replace_substring(cells, "\u2212", "-")
    unit = _unit(cells)
    bodies = _without_unit(cells, unit) if unit else cells
    choices = [body for body in BODIES if decimal in (None, body.decimal)]
    if expected is not None:
        choices.sort(key=lambda body: body != expected._replace(unit=""))
    fits = [body for body in choices if _count(bodies, body.pattern()) == len(cells)]
    if not fits:
        return _closest_problem(column, bodies, choices)
    first, *others = (_values(bodies, body) for body in fits)
    sure = expected is not None and fits[0] == expected._replace(unit="")
    if not (sure or (fits[0] == PLAIN and unit in ("", "%", "‰"))):
        for other in others:
            if (first != other).any():
                row = int((first != other).argmax())
                return Problem(
                    row,
                    f"{shown(column[row].as_py())} may be {first[row]:g} or {other[row]:g}: say "
                    "which by --decimal , or --decimal .",
                )
    bad = ~(np.abs(first) <= MAX_MAGNITUDE)
    if bad.any():
        row = int(bad.argmax())
        return Problem(row, _why_not_finite(column[row].as_py(), float(first[row])))
    notation = fits[0]._replace(unit=unit)
    return Numbers(first, notation, _example(column, first))


def _example(column: Any, values: npt.NDArray[np.float64]) -> str:
    """The first cell that is not plain, or is another number if plain, and how it is read."""
    plain = compute.match_substring_regex(column.cast(pa.string()), f"^\\s*{PLAIN.pattern()[1:]}")
    row = compute.index(plain, False).as_py()
    if row < 0 and (other := to_floats(column) != values).any():
        row = int(other.argmax())
    return "" if row < 0 else f"{shown(column[row].as_py())} is read as {values[row]:.15g}"


def _unit(cells: Any) -> str:
    """The percent sign or currency of the first cell, if any."""
    first = next((cell for cell in _strings(cells) if cell), "")
    unit = re.match(rf"[+-]?\s*({UNITS})", first) or re.search(rf"({UNITS})$", first)
    return unit[1] if unit else ""


def _without_unit(cells: Any, unit: str) -> Any:
    """Cells that all have this unit, without it; a cell that lacks it stays and has none left."""
    mark = re.escape(unit)
    before = rf"^([+-]?)\s*{mark}\s*([+-]?)\s*([0-9.,])"
    found = compute.replace_substring_regex(cells, before, r"\1\2\3")
    found = compute.replace_substring_regex(found, rf"([0-9.,])\s*{mark}$", r"\1")
    has = compute.match_substring(cells, unit)
    return compute.if_else(has, found, compute.binary_join_element_wise(cells, "no unit", " "))


def _values(bodies: Any, notation: Notation) -> npt.NDArray[np.float64]:
    """The numbers in cells that have this notation."""
    if notation.thousands:
        separator = THOUSANDS[notation.thousands]
        bodies = compute.replace_substring_regex(bodies, separator, "")
    if notation.decimal != ".":
        bodies = compute.replace_substring(bodies, notation.decimal, ".")
    return to_floats(bodies)


def _closest_problem(column: Any, bodies: Any, choices: list[Notation]) -> Problem:
    """The first cell that does not fit the notation that fits most cells."""
    closest = max(choices, key=lambda body: _count(bodies, body.pattern()))
    fits = compute.match_substring_regex(bodies, closest.pattern())
    row = compute.index(compute.fill_null(fits, False), False).as_py()
    value = column[row].as_py()
    others = next((cell for cell in _strings(column.filter(fits)) if closest != PLAIN), "")
    return Problem(row, why_not_a_number(value) + (f", as {shown(others)} is" if others else ""))


def _first_problem(column: Any) -> Problem:
    """The first cell of a column that is no plain number."""

    def fails(count: int) -> bool:
        try:
            to_floats(column[:count])
        except pa.ArrowInvalid:
            return True
        return False

    row = bisect.bisect_left(range(1, len(column) + 1), True, key=fails)
    return Problem(row, why_not_a_number(column[row].as_py()))


def to_floats(column: Any) -> npt.NDArray[np.float64]:
    """Plain numbers, or text that is plain numbers, as float64; missing values are NaN."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_binary(column.type):
        column = column.cast(pa.string())
    try:
        found = column.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        found = compute.utf8_trim_whitespace(column).cast(pa.float64())
    if found.null_count:
        found = found.fill_null(np.nan)
    parts = [np.from_dlpack(part) for part in found.chunks if len(part)]
    return np.concatenate(parts) if parts else np.empty(0)  # Arrow's to_numpy imports pandas


def _has_point(column: Any) -> bool:
    """Whether a cell may have a point, so that its value depends on the notation."""
    buffers = (part.buffers()[-1] for part in column.chunks)
    return any(buffer is not None and b"." in bytes(buffer) for buffer in buffers)


def _count(cells: Any, pattern: str) -> int:
    """The number of text cells that match."""
    return compute.sum(compute.match_substring_regex(cells, pattern)).as_py() or 0


def _strings(column: Any) -> Iterator[str]:
    """The cells that are not null, one at a time."""
    for cell in column:
        value = cell.as_py()
        if value is not None:
            yield value.decode(errors="replace") if isinstance(value, bytes) else value


def why_not_a_number(value: Any) -> str:
    """Why the bytes of a cell are not a number."""
    if value is None or not value.strip():
        return "missing value"
    if value.strip().decode(errors="replace") in MISSING:
        return f"{shown(value)} is a missing value"
    hint = " (is a quote never closed?)" if b"\n" in value else ""
    return f"{shown(value)} is not a number{hint}"


def _why_not_finite(value: Any, number: float) -> str:
    """Why a cell that is a number is refused."""
    if value is None or (isinstance(value, bytes) and not value.strip()):
        return "missing value"
    if np.isnan(number):
        return f"{shown(value)} is a missing value, not finite"
    limit = f"larger than {MAX_MAGNITUDE:.0e}" if np.isfinite(number) else "not finite"
    return f"{shown(value)} is {limit}"


def shown(value: Any) -> str:
    """A cell as messages show it."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")
