"""Text that is safe to show: in a terminal, a notebook, a page or a picture."""

import json
import reprlib
import unicodedata
from collections.abc import Callable
from typing import Any

HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""The categories of Unicode that `printable` escapes: controls, format characters (marks of
direction among them), surrogates, and separators of lines and paragraphs."""

JOINERS = "\u200c\u200d"
"""Format characters that emoji and letters of some scripts need. They only join or part two."""


def escaped(character: str) -> str:
    """A character as Python writes it in a string: `\\x1b`, `\\u202e`."""
    return character.encode("unicode_escape").decode()


def json_escaped(character: str) -> str:
    """A character as JSON writes it in a string, so that a parser finds the same text."""
    return json.dumps(character)[1:-1]


def printable(text: str, keep: str = "", escape: Callable[[str], str] = escaped) -> str:
    """A text whose controls are visible escapes, so that it can do nothing but be read.

    Escaped are all controls (C0, C1 and DEL; line breaks and tabs are controls), format
    characters, surrogates, separators of lines and paragraphs, and codes that are no characters.
    Letters of any script, combining marks and emoji stay.

    Args:
        text: Any text.
        keep: Controls that stay, as the line breaks of a text of several lines.
        escape: How a character is escaped.

    Returns:
        The text. A printable text is returned unchanged.

    Example:
        >>> from fnet.core.printable import printable
        >>> print(printable("caf\\u00e9 \\x1b[2J\\n"))
        café \\x1b[2J\\n
    """
    if text.isprintable():
        return text
    return "".join(escape(c) if c not in keep and _is_hidden(c) else c for c in text)


def _is_hidden(character: str) -> bool:
    code = ord(character)
    is_none = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # no character by definition
    return is_none or (unicodedata.category(character) in HIDDEN and character not in JOINERS)


class _Brief(reprlib.Repr):
    """The repr of a few items of each container."""

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, tuple) and type(x) is not tuple:  # a record
            return f"{type(x).__name__}{self.repr_tuple(tuple(x), level)}"
        return super().repr1(x, level)


_BRIEF = _Brief()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother, _BRIEF.maxlong = 4, 200, 200, 200
_BRIEF.maxtuple = _BRIEF.maxlist = _BRIEF.maxdict = 12


def brief(value: Any) -> str:
    """At most 200 letters of the repr of a value, which take little time however large it is.

    Example:
        >>> from fnet.core.printable import brief
        >>> brief([1] * 10_000)
        '[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...]'
    """
    return _BRIEF.repr(value)[:200]


def some_of(count: int, most: int) -> list[int | None]:
    """Which of `count` things are shown in at most `most` places, counted from 0.

    All where they fit. Otherwise the first ones, None for those left out, and the last.

    Example:
        >>> from fnet.core.printable import some_of
        >>> some_of(9, 5)
        [0, 1, 2, None, 8]
    """
    if count <= most:
        return list(range(count))
    return [*range(most - 2), None, count - 1]
