"""The importance of columns, as bars."""

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from matplotlib.axes import Axes

from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT

MAX_BARS = 20
"""The most columns that are drawn."""

BAR_INCHES = 0.26


@overload
def column_importance(
    names: Sequence[Any],
    means: ArrayLike,
    deviations: ArrayLike | None = None,
    score: str = "score",
    *,
    figure: None = None,
    ax: None = None,
) -> Figure: ...
@overload
def column_importance(
    names: Sequence[Any],
    means: ArrayLike,
    deviations: ArrayLike | None = None,
    score: str = "score",
    *,
    figure: FigureT,
    ax: None = None,
) -> FigureT: ...
@overload
def column_importance(
    names: Sequence[Any],
    means: ArrayLike,
    deviations: ArrayLike | None = None,
    score: str = "score",
    *,
    figure: None = None,
    ax: Axes,
) -> Axes: ...
def column_importance(
    names: Sequence[Any],
    means: Any,
    deviations: Any = None,
    score: str = "score",
    *,
    figure: Any = None,
    ax: Any = None,
) -> Any:
    """The importance of columns: the drop in a score after the cells of one are permuted.

    The bars are the most important columns, at most 20, with the deviations as error bars. Take
    the numbers from a report, or from scikit-learn's `permutation_importance`.

    Args:
        names: The names of the columns, `[C]`.
        means: The mean drop in the score, `[C]`.
        deviations: The standard deviations of the drops, `[C]`; None for no error bars.
        score: The name of the score.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: The values are not one finite number per column, or differ in their number.

    Example:
        >>> import fnet
        >>> figure = fnet.plots.column_importance(["age", "sex"], [0.02, 0.2], score="accuracy")
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['sex', 'age']
    """
    drops = inputs.column("means", means)
    errors = None if deviations is None else inputs.column("deviations", deviations)
    if len({len(names), len(drops), len(drops) if errors is None else len(errors)}) > 1:
        raise InvalidArgument(
            "names, means and deviations must have the same number of columns; got "
            f"{len(names)}, {len(drops)} and {'none' if errors is None else len(errors)}"
        )
    most = np.argsort(-drops, kind="stable")[:MAX_BARS]
    places = -np.arange(len(most))
    canvas = Canvas(figure, ax, (6.5, 1.2 + BAR_INCHES * len(most)))
    (axes,) = canvas.panels(1)
    axes.barh(
        places,
        drops[most],
        xerr=None if errors is None else errors[most],
        color=style.BLUE,
        error_kw={"ecolor": style.GREY, "elinewidth": 1.2, "capsize": 2.5},
    )
    axes.axvline(0, color=style.GREY, linewidth=0.8)
    axes.set_yticks(places, [style.name(names[i], style.MAX_AXIS_LETTERS) for i in most])
    shown = f"The {len(most)} most important of {len(drops):,} columns"
    title = "Importance of columns" if len(most) == len(drops) else shown
    canvas.describe(axes, title, f"drop in {style.name(score)} when permuted", "column")
    canvas.grid(axes)
    return canvas.result()
