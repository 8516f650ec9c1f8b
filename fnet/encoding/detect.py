"""What the text of a column is: numbers, booleans, dates, or text.

1. Gaps are left aside: `cells.GAPS`, and the tokens that the caller names.
2. A column is what one way of reading fits all its cells. These are tried in order: booleans, all
   of one family of words, both true and false among them; numbers in one notation of `NOTATIONS`,
   unless a cell is a code such as 007; dates in one format of `cells.DATE_FORMATS`.
3. Cells in `cells.LIKELY_GAPS` are gaps in such a column.
4. Two ways that fit and read a cell differently are refused, as for `1,234` and `01/02/2024`,
   unless the caller says which holds. Plain numbers are taken wherever they fit.
5. If one way fits all but at most `MAX_STRAYS` of the different cells, the column is refused: these
   cells are faults. Where all others are whole numbers it is text, with a remark, as for codes.
6. Otherwise it is text.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fnet.encoding import cells
from fnet.encoding.cells import DATE_FORMATS, GAPS, LIKELY_GAPS, THOUSANDS, UNITS, Cell, Texts
from fnet.encoding.problems import Option, TableError, column_error, shown
from fnet.encoding.reading import parser
from fnet.encoding.steps import Boolean, Date, Number, Read, Text

MAX_STRAYS = 0.05
"""Up to this part of the different cells, those that are no numbers or dates are faults."""

NOTATIONS = tuple(
    Number(decimal, thousands)
    for thousands in THOUSANDS
    for decimal in (".", ",")
    if decimal != thousands
)
"""The notations of numbers without a unit, in order of preference."""

FAMILIES = ({"true", "t", "false", "f"}, {"yes", "y", "no", "n"}, {"on", "off"})
"""The words for booleans that occur together."""

CODE = re.compile(r"[+-]?0[0-9]+")
"""A whole number with leading zeros, which is no number."""

UNIT_FIRST = re.compile(rf"[+\u2212-]?\s*({UNITS})\s*[+\u2212-]?[0-9.,]")
UNIT_LAST = re.compile(rf"[0-9.,]\s*({UNITS})$")


class Hints(NamedTuple):
    """What the caller says about a column of text.

    Attributes:
        kind: What it is, or None to find it.
        missing: Cells that are gaps.
        decimal: The decimal character, where two fit.
        date_format: The format of dates, where two fit.
    """

    kind: str | None = None
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    date_format: str | None = None


class Found(NamedTuple):
    """How a column of text is read.

    Attributes:
        step: The first step.
        remark: What a user should check: how a cell in another notation is read, or which cells
            keep a column from being numbers; "" if there is nothing.
    """

    step: Read
    remark: str = ""


class _Way(NamedTuple):
    """A way of reading: its step, the parser, and whether it is taken although others fit."""

    step: Read
    parse: Callable[[Cell], Any]
    sure: bool


def detect(name: str, texts: Texts, hints: Hints) -> Found:
    """How the text of a column is read.

    Args:
        name: The name of the column, for messages.
        texts: Its cells.
        hints: What the caller says.

    Returns:
        The first step, and an example.

    Raises:
        InvalidArgument: Two ways of reading fit, a few cells do not fit the others, or a cell is
            not what the caller says.
    """
    gaps = GAPS.union(hints.missing)
    if hints.kind == "category":
        return Found(Text(hints.missing))
    clean = {text: cells.clean(text) for text in texts.texts}
    present = {text: cell for text, cell in clean.items() if cell not in gaps}
    different = set(present.values())
    likely = tuple(cell for cell in LIKELY_GAPS if cell in different)
    body = {text: cell for text, cell in present.items() if cell not in LIKELY_GAPS}
    if not body:
        return Found(Text(hints.missing))
    ways = _ways(list(body.values()), hints)
    fits: list[_Way] = []
    closest: tuple[list[Cell], Read | None] = (list(body), None)
    for way in ways:
        strays = _strays(body, way.parse, hints.kind is not None)
        if not strays:
            fits.append(way)
        if fits and fits[0].sure:
            break
        closest = min(closest, (strays, way.step), key=lambda pair: len(pair[0]))
    if fits:
        if not fits[0].sure:
            _check_one_meaning(name, texts, body, fits)
        step = fits[0].step._replace(gaps=(*hints.missing, *likely))
        return Found(step, _example(step, body))
    strays, nearest = closest
    if nearest is None or (hints.kind is None and len(strays) > MAX_STRAYS * len(body)):
        return Found(Text(hints.missing))
    if hints.kind is None and _whole_but(body, strays, nearest):
        row, text = min((_row(texts, text), text) for text in strays)
        remark = f"all cells are whole numbers but {shown(text)} (row {row}) and such"
        return Found(Text(hints.missing), remark)
    raise _stray(name, texts, nearest, strays, hints)


def _whole_but(body: dict[Cell, Cell], strays: list[Cell], step: Read) -> bool:
    """Whether all cells but the strays are whole numbers: then they may be codes, as `207a` is."""
    refused = set(strays)
    others = [cell for text, cell in body.items() if text not in refused]
    return isinstance(step, Number) and all(cells.as_text(cell).isdecimal() for cell in others)


def _ways(body: list[Cell], hints: Hints) -> list[_Way]:
    """The ways of reading to try, in order of preference."""
    ways = []
    kind = hints.kind
    texts = [cell for cell in body if isinstance(cell, str)]
    words = {cells.as_text(cell).lower() for cell in body[: len(cells.BOOLEANS) * 8]}
    if kind == "boolean" or (kind is None and _are_booleans(words)):
        ways.append(_Way(Boolean(), cells.as_boolean, True))
    if kind == "number" or (kind is None and not any(map(CODE.fullmatch, texts))):
        unit = _unit(texts[0]) if texts else ""
        for notation in sorted(NOTATIONS, key=lambda each: each.decimal != hints.decimal):
            step = notation._replace(unit=unit)
            plain = notation == NOTATIONS[0] and unit in ("", *cells.PARTS)
            sure = plain or notation.decimal == hints.decimal
            ways.append(_Way(step, _with_unit(parser(step), unit), sure))
    if kind in (None, "date"):
        forms = sorted(DATE_FORMATS, key=lambda each: each != hints.date_format)
        ways += [_Way(Date(f), cells.date_reader(f), f == hints.date_format) for f in forms]
    return ways


def _are_booleans(words: set[str]) -> bool:
    """Whether words are booleans of one family, true and false among them."""
    values = {cells.BOOLEANS.get(word) for word in words}
    return values == {True, False} and any(words <= family for family in FAMILIES)


def _unit(cell: str) -> str:
    """The percent sign or currency of a cell, or nothing."""
    found = UNIT_FIRST.match(cell) or UNIT_LAST.search(cell)
    return found[1] if found else ""


def _with_unit(parse: Callable[[Cell], Any], unit: str) -> Callable[[Cell], Any]:
    """A parser that refuses cells without the unit."""
    if not unit:
        return parse
    return lambda cell: parse(cell) if not isinstance(cell, str) or unit in cell else None


def _strays(body: dict[Cell, Cell], parse: Callable[[Cell], Any], all_of_them: bool) -> list[Cell]:
    """The texts that a way of reading refuses: all, or the first ones that are too many."""
    limit = len(body) if all_of_them else MAX_STRAYS * len(body)
    found: list[Cell] = []
    for text, cell in body.items():
        if parse(cell) is None:
            found.append(text)
            if len(found) > limit:
                break
    return found


def _row(texts: Texts, text: Cell) -> int:
    """The first row of a text."""
    return int((texts.codes == texts.texts.index(text)).argmax())


def _stray(name: str, texts: Texts, step: Read, strays: list[Cell], hints: Hints) -> TableError:
    """The error about cells that a way of reading refuses."""
    row, text = min((_row(texts, text), text) for text in strays[:1000])
    what = "numbers" if isinstance(step, Number) else "dates"
    if isinstance(step, Boolean):
        what = "booleans"
    rows = int(np.isin(texts.codes, [texts.texts.index(text) for text in strays[:1000]]).sum())
    why = f"all others are {what}" if hints.kind is None else f"kinds says that they are {what}"
    written = f" written as {step.format}" if isinstance(step, Date) else ""
    return column_error(
        name,
        row,
        f"{shown(text)} ({rows:,} such cells), but {why}{written}: correct it, give ",
        Option("missing", (text,)),
        " if it stands for a gap, or say ",
        Option("kinds", ("category",), name),
    )


def _check_one_meaning(
    name: str, texts: Texts, body: dict[Cell, Cell], fits: Sequence[_Way]
) -> None:
    """Refuse a column that two ways of reading take for different values."""
    first, *others = [way for way in fits if type(way.step) is type(fits[0].step)]
    for other in others:
        for text, cell in body.items():
            mine, theirs = first.parse(cell), other.parse(cell)
            if mine == theirs:
                continue
            choices = [Option("decimal", (decimal,)) for decimal in (".", ",")]
            meanings = f"{mine} or {theirs}"
            if isinstance(first.step, Date) and isinstance(other.step, Date):
                forms = first.step.format, other.step.format
                choices = [Option("date_format", (each,)) for each in forms]
                meanings = " or ".join(str(np.datetime64(m, "us"))[:10] for m in (mine, theirs))
            raise column_error(
                name,
                _row(texts, text),
                f"{shown(text)} may be {meanings}, and so may every cell of the column: say which "
                "by ",
                choices[0],
                " or ",
                choices[1],
            )


def _example(step: Read, body: dict[Cell, Cell]) -> str:
    """The first cell that is no plain number, and how it is read."""
    if not isinstance(step, Number) or step[:3] == Number()[:3]:
        return ""
    parse = parser(step)
    for text, cell in body.items():
        if isinstance(cell, str) and cells.as_number(cell) != parse(cell):
            return f"{shown(text)} is read as {parse(cell):.15g}"
    return ""
