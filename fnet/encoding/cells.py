"""Cells of text: which are gaps, and how numbers, booleans and dates are written.

Numbers have one notation in a column:

  - plain: `3.7`, `-3`, `1e5`, with any blanks around;
  - a decimal comma: `3,7`;
  - a thousands separator, one of `,` `.` a blank or an apostrophe: `1,234.5`, `1.234,5`, `3 700`;
  - with any of these a percent sign or a currency, which is dropped: `3.7%`, `$3.70`.

The minus sign U+2212 is a minus. `true` and `false` in any case are 1 and 0.

Dates are written as in `DATE_FORMATS`, in the calendar of ISO 8601, years 1 to 9999. A time may
follow after a blank or a `T`: `HH:MM`, `HH:MM:SS` or `HH:MM:SS.ffffff`, then a zone: `Z`, `UTC`,
`+HH`, `+HHMM` or `+HH:MM`. Without a zone it is UTC.
"""

import datetime
import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

MAX_MAGNITUDE = 1e100
"""The largest number that is read: squares of such numbers, and their sums, are finite."""

MAX_LEVEL = 2.0**53 - 1
"""The largest number that is a level: float64 does not tell larger whole numbers apart."""

GAPS = frozenset(
    (
        *("", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "nan", "NaN", "NAN", "-nan"),
        *(
            "-NaN",
            "null",
            "Null",
            "NULL",
            "None",
            "NaT",
            "1.#IND",
            "-1.#IND",
            "1.#QNAN",
            "-1.#QNAN",
        ),
    )
)
"""Cells that are gaps in any column: all that pandas, pyarrow, polars or R write or read as one."""

LIKELY_GAPS = ("none", "?", "-", "--", ".", "*", "..", "unknown", "Unknown", "missing", "Missing")
"""Cells that are gaps where all others are numbers, booleans or dates."""

BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off"), False),
}
"""How booleans are written, in any case."""

UNITS = (
    r"[%‰$€£¥₹₽₩₺₴₪฿₫₦₱₿¢]|[A-Z]{1,3}\$|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK"
    r"|HUF|TRY|BRL|MXN|ZAR|KRW|RUB|kr\.?|zł|Kč|Fr\."
)
"""The units that may precede or follow every number of a column."""

PARTS = ("%", "‰")
"""The units that say which part of a number is meant."""

SPACES = "[ \u00a0\u2009\u202f]"
"""Blanks between groups of digits: a space, and the no-break and thin ones."""

THOUSANDS = {"": "", ",": ",", ".": r"\.", " ": SPACES, "'": "['\u2019]"}
"""Thousands separators, each with its pattern."""

DateFormat = Literal["YYYY-MM-DD", "YYYY/MM/DD", "DD.MM.YYYY", "MM/DD/YYYY", "DD/MM/YYYY"]

DATE_FORMATS: dict[DateFormat, str] = {
    "YYYY-MM-DD": r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)",
    "YYYY/MM/DD": r"(?P<y>\d{4})/(?P<m>\d\d?)/(?P<d>\d\d?)",
    "DD.MM.YYYY": r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})",
    "MM/DD/YYYY": r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{4})",
    "DD/MM/YYYY": r"(?P<d>\d\d?)/(?P<m>\d\d?)/(?P<y>\d{4})",
}
"""How dates are written, each with its pattern."""

TIME = (
    r"(?:(?:T|\s+)(?P<H>\d\d?):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?"
)
"""The time after a date."""

EPOCH = datetime.date(1970, 1, 1).toordinal()


Cell = str | float
"""A cell of a column with text: numbers among text stay numbers."""


class Texts(NamedTuple):
    """A column of N cells with text.

    Attributes:
        texts: The different cells; None for a gap.
        codes: For each row the position of its text, -1 for a gap, `[N]`.
    """

    texts: list[Any]
    codes: npt.NDArray[Any]


def clean(text: Cell) -> Cell:
    """A cell without blanks around it, and `True` for `true` and `TRUE`."""
    if not isinstance(text, str):
        return text
    text = text.strip()
    return text.capitalize() if len(text) < 6 and text.lower() in ("true", "false") else text


def as_text(cell: Cell) -> str:
    """A cell as text: `3` for the number 3.0."""
    if isinstance(cell, str):
        return cell
    return str(int(cell)) if abs(cell) < 2**53 and cell == int(cell) else repr(cell)


@functools.cache
def number_reader(decimal: str, thousands: str, unit: str) -> Callable[[Cell], float | None]:
    """A function from a cell without blanks around it to its number; None if it is no number."""
    point = re.escape(decimal)
    digits = "[0-9]+"
    if thousands:
        digits = rf"(?:[1-9][0-9]{{0,2}}(?:{THOUSANDS[thousands]}[0-9]{{3}})+|[0-9]+)"
    pattern = rf"[+-]?(?:{digits}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    match = re.compile(pattern).fullmatch
    separator = re.compile(THOUSANDS[thousands]) if thousands else None

    def read(text: Cell) -> float | None:
        if not isinstance(text, str):
            return text if abs(text) <= MAX_MAGNITUDE else None
        text = text.replace("\u2212", "-")
        if unit:
            text = _without_unit(text, unit)
        if match(text) is None:
            return _BOOLEAN_NUMBERS.get(text)
        if separator is not None:
            text = separator.sub("", text)
        number = float(text if decimal == "." else text.replace(decimal, "."))
        return number if abs(number) <= MAX_MAGNITUDE else None

    return read


def _without_unit(text: str, unit: str) -> str:
    """A cell without the unit before or after its number; the sign may come before or after it."""
    if text.endswith(unit):
        return text[: -len(unit)].rstrip()
    sign = text[0] if text[:1] in ("+", "-") else ""
    body = text[len(sign) :].lstrip()
    return sign + body[len(unit) :].lstrip() if body.startswith(unit) else text


_BOOLEAN_NUMBERS = {"True": 1.0, "False": 0.0}
"""The numbers of cells that `clean` has left."""


as_number = number_reader(".", "", "")
"""The number of a cell that is one, or is written as a plain one; None for other text."""


def as_boolean(text: Cell) -> int | None:
    """The code of a boolean, from text in any spelling or from 0 and 1; None for other text."""
    known = BOOLEANS.get(text.lower()) if isinstance(text, str) else None
    if known is None:
        number = as_number(text)
        return int(number) if number in (0.0, 1.0) else None
    return int(known)


@functools.cache
def date_reader(date_format: DateFormat) -> Callable[[Cell], int | None]:
    """A function from a cell to microseconds since 1970 in UTC; None if it is no such date."""
    match = re.compile(DATE_FORMATS[date_format] + TIME, re.ASCII).fullmatch

    def read(text: Cell) -> int | None:
        if not isinstance(text, str) or (found := match(text)) is None:
            return None
        year, month, day = int(found["y"]), int(found["m"]), int(found["d"])
        try:
            days = datetime.date(year, month, day).toordinal() - EPOCH
        except ValueError:
            return None
        hour, minute, second = (int(found[part] or 0) for part in "HMS")
        if hour > 23 or minute > 59 or second > 59:
            return None
        fraction = int((found["f"] or "").ljust(6, "0")[:6])
        minutes = hour * 60 + minute - _zone_minutes(found["zone"])
        return ((days * 1440 + minutes) * 60 + second) * 1_000_000 + fraction

    return read


def _zone_minutes(zone: str | None) -> int:
    """How many minutes a zone is ahead of UTC."""
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if zone[0] == "-" else minutes


def text_codes(cells: Sequence[Any]) -> Texts:
    """Cells that are text, numbers or None as Texts."""
    places: dict[Any, int] = {}
    for text in dict.fromkeys(cells):
        places[text] = -1 if text is None else len(places) - (None in places)
    codes = np.fromiter(map(places.__getitem__, cells), np.int32, len(cells))
    places.pop(None, None)
    return Texts(list(places), codes)
