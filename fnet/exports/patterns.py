"""How text is written, as patterns of RE2, which TensorFlow and ONNX Runtime match alike.

They are those of `fnet.encoding.cells`: what reads a cell there reads it here.
"""

import re
from collections.abc import Iterable

from fnet.encoding.cells import BOOLEANS, DATE_FORMATS, GAPS, TIME, DateFormat, clean

BLANKS = "[" + "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + "]"
"""A blank, as `str.strip` removes them; U+3000 is the last one."""

SIGN = "[+\\-\u2212]"

NUMBERS = {
    False: rf"{SIGN}?(?:0+(?:\.0*)?|\.0+)(?:[eE]{SIGN}?[0-9]+)?",
    True: rf"\+?0*1(?:\.0*)?(?:[eE]{SIGN}?0+)?",
}
"""How 0 and 1 are written."""


NUMBER = "[+-]?(?:[0-9]{1,300}(?:[.][0-9]{0,300})?|[.][0-9]{1,300})(?:[eE][+-]?[0-9]{1,2})?"
"""A number in text, with ASCII signs, that is not beyond float64. RE2 counts to 1,000."""


def _any_case(word: str) -> str:
    """The pattern of an ASCII word in any case; `(?i)` would also take other letters for an s."""
    return "".join(f"[{letter.lower()}{letter.upper()}]" for letter in word)


CLEANED = {word: _any_case(word) for word in ("True", "False")}
"""The words that `clean` leaves, with what they may be before."""

ISO: DateFormat = "YYYY-MM-DD"


def is_unicode(text: str) -> bool:
    """Whether a text has no half of a surrogate pair, which no program can be given."""
    return not any(0xD800 <= ord(letter) < 0xE000 for letter in text)


def gaps(tokens: Iterable[str] = ()) -> str:
    """The pattern of gaps: those of any column, and more tokens as `clean` leaves cells."""
    known = sorted(t for t in GAPS.union(tokens) if clean(t) == t and is_unicode(t))
    each = [CLEANED.get(token, re.escape(token)) for token in known]
    return f"{BLANKS}*(?:{'|'.join(each)}){BLANKS}*"


def boolean(meaning: bool) -> str:
    """The pattern of true or of false, in any spelling."""
    words = [_any_case(word) for word, means in BOOLEANS.items() if means == meaning]
    return f"{BLANKS}*(?:{'|'.join(words)}|{NUMBERS[meaning]}){BLANKS}*"


def date(date_format: DateFormat) -> str:
    """The pattern of dates without blanks around, whose groups are named as in `cells`."""
    return f"{DATE_FORMATS[date_format]}{TIME}"


def date_formats(date_format: DateFormat) -> tuple[DateFormat, ...]:
    """How the dates of a column are written: as ISO 8601, or as in training."""
    return (ISO,) if date_format == ISO else (ISO, date_format)
