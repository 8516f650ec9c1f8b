"""What all pictures share: the sheet, the colours and the names on it.

Source of the colours: Okabe and Ito, "Color Universal Design" (2008).
"""

from matplotlib.figure import Figure, FigureBase
from matplotlib.text import Text

from fnet.core.errors import InvalidArgument

BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, YELLOW, GREY = "#CC79A7", "#56B4E9", "#F0E442", "#595959"

TRAINING, VALIDATION, MARK = BLUE, VERMILLION, GREEN

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
"""Of classes in turn; their numbers have no common divisor, so that 56 pairs differ."""

SMALL = 8
"""Points of the small print."""


def sheet(figure, size):
    """`figure`, or a new one of this size in inches."""
    if figure is None:
        return Figure(figsize=size, layout="constrained")
    if not isinstance(figure, FigureBase):
        raise InvalidArgument(
            f"figure must be a Figure or a SubFigure of matplotlib; got {figure!r:.200}"
        )
    return figure


def name(value, most=24):
    """A class as a picture names it; what is longer than `most` letters is cut in the middle."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - half]}…{text[-half:]}"


def drawn(figure):
    """The figure, with a dollar in a name left a dollar, where matplotlib would read a formula."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    return figure


def grid(axes):
    """Faint lines to read values by, under what is drawn."""
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
