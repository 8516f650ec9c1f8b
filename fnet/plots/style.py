"""Colours, markers and the names of classes, the same in every plot.

Source of the colours: Okabe and Ito, "Color Universal Design" (2008).
"""

from fnet.core.printable import printable

BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, YELLOW, GREY = "#CC79A7", "#56B4E9", "#F0E442", "#595959"

TRAINING, VALIDATION, MARK = BLUE, VERMILLION, GREEN

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
"""Cycled over classes. The two lengths are coprime, so that 56 combinations differ."""

MAX_AXIS_LETTERS = 36
"""The most letters in one line of the name of an axis."""

SMALL = 8
"""Font size of small text, in points."""


def name(value: object, max_length: int = 24) -> str:
    """The name of a class, a feature or a target as a plot shows it.

    Every name in a plot goes through here: an SVG with a control character is no XML. Controls
    are escaped (see `printable`), and the name is shortened in the middle to `max_length` letters.
    """
    text = printable(f"{value:g}" if isinstance(value, float) else str(value))
    half = (max_length - 1) // 2
    if len(text) <= max_length:
        return text
    return f"{text[: max_length - 1 - half]}…{text[-half:]}"
