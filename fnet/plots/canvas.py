"""Where a plot is drawn: a new figure, a given figure or a given Axes."""

import io
from collections.abc import Iterable
from typing import Any, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.figure import FigureBase, SubFigure
from matplotlib.text import Text

from fnet.core.errors import InvalidArgument

FigureT = TypeVar("FigureT", bound=FigureBase)
"""A Figure or a SubFigure of matplotlib."""


class Figure(MatplotlibFigure):
    """A matplotlib Figure that shows itself as the last line of a notebook cell.

    pyplot does not know it, so that a notebook shows it once.
    """

    def _repr_png_(self) -> bytes:
        """The figure as the bytes of a PNG file, for IPython."""
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


class Canvas:
    """What one plot draws into.

    Attributes:
        ax: The Axes given; None to make panels in `figure`.
        figure: The figure given, the figure of `ax`, or a new one.
    """

    def __init__(self, figure: Any, ax: Any, size: tuple[float, float]) -> None:
        """Check that at most one of `figure` and `ax` is given; `size` is in inches."""
        if figure is not None and ax is not None:
            raise InvalidArgument("give figure or ax, not both")
        if not isinstance(figure, (FigureBase, type(None))):
            raise InvalidArgument(
                f"figure must be a matplotlib Figure or SubFigure; got {figure!r:.200}"
            )
        if not isinstance(ax, (Axes, type(None))):
            raise InvalidArgument(f"ax must be a matplotlib Axes; got {ax!r:.200}")
        self.ax: Axes | None = ax
        if ax is not None:
            figure = ax.get_figure()
        elif figure is None:
            figure = Figure(figsize=size, layout="constrained")
        self.figure: MatplotlibFigure | SubFigure = figure
        self._axes_before = set(self.figure.axes)
        self._given = [] if ax is None else [ax]
        self._texts_before = {text: text.get_text() for text in _texts(*self._given)}
        self._labels_before = set() if ax is None else set(ax.get_legend_handles_labels()[1])

    def panels(self, rows: int, columns: int = 1, **options: Any) -> list[Axes]:
        """The Axes given alone, or a new grid of them, row by row."""
        if self.ax is not None:
            return [self.ax]
        grid: Any = self.figure.subplots(rows, columns, squeeze=False, **options)
        return list(grid.ravel())

    def describe(self, axes: Axes, title: str, xlabel: str = "", ylabel: str = "") -> None:
        """Set the title and the names of both axes where they are empty."""
        for name, text in (("title", title), ("xlabel", xlabel), ("ylabel", ylabel)):
            if text and not getattr(axes, f"get_{name}")():
                getattr(axes, f"set_{name}")(text)

    def heading(self, text: str) -> None:
        """Set the title above all panels where the figure has none."""
        if not self.figure.get_suptitle():
            self.figure.suptitle(text, parse_math=False)

    def grid(self, *panels: Axes) -> None:
        """Draw faint grid lines under the content of panels; a given Axes keeps its own."""
        for axes in panels if self.ax is None else ():
            axes.grid(alpha=0.3)
            axes.set_axisbelow(True)

    def result(self) -> Any:
        """What was drawn into, every new text shown literally: a dollar starts no formula."""
        for text in self._new_texts():
            text.set_parse_math(False)
        return self.figure if self.ax is None else self.ax

    def _new_texts(self) -> Iterable[Text]:
        """The texts of this plot: all in new Axes, and in a given one those that were not there."""
        changed = [axes for axes in self.figure.axes if axes not in self._axes_before]
        for text in _texts(*changed, *self._given):
            shown = text.get_text()
            if self._texts_before.get(text) != shown and shown not in self._labels_before:
                yield text


def _texts(*panels: Axes) -> list[Text]:
    """The texts in panels."""
    found = [artist for axes in panels for artist in axes.findobj(Text)]
    return [artist for artist in found if isinstance(artist, Text)]
