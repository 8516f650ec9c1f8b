"""Rows as images, for models whose columns are pixels."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.encoding.records import ColumnEncoding, Encoding, used
from fnet.encoding.steps import Boolean, Clip, Contrast, Fill, Number, Scale, Step, Value
from fnet.files.model import Model
from fnet.plots.inputs import dense_layers

MIN_SIDE = 4
"""Pixels. Smaller squares of columns are not treated as images."""


PIXEL = (Number, Boolean, Fill, Scale, Clip, Contrast, Value)
"""The steps of a pixel."""


class Images(NamedTuple):
    """Rows as images, and the network that takes them.

    Attributes:
        rows: `[N, side, side]`.
        params: Its params; the first dense layer has weights 0 for a pixel that is left out.
    """

    rows: npt.NDArray[Any]
    params: tuple[Any, ...]


def find(model: Model, x: npt.NDArray[Any], encoding: Encoding | None) -> Images | None:
    """The images that rows are, if the names of the columns say so.

    Args:
        model: A Model of features, without an encoding.
        x: Its rows, `[N, D]`.
        encoding: How the columns of a table became features, if they did.

    Returns:
        The Images, or None.
    """
    names: Any = model.features or ()
    if encoding is not None:
        names = [column.name for column in encoding.columns]
    side = math.isqrt(len(names))
    is_square = side**2 == len(names) and side >= MIN_SIDE
    if not is_square or not all(name.casefold().startswith("pixel") for name in names):
        return None
    if encoding is None:
        return Images(x.reshape(-1, side, side), tuple(model.params))
    if not all(_is_pixel(column.steps) for column in used(encoding)):
        return None
    kept = np.array([bool(column.steps) for column in encoding.columns])
    rows = np.empty((len(x), len(names)))
    rows[:] = [_constant(column) for column in encoding.columns]
    rows.T[kept] = [_undone(column.steps, x) for column, x in zip(used(encoding), x.T, strict=True)]
    first = dense_layers(model.params)[0]
    w = np.zeros((len(names), first.w.shape[1]))
    w[kept] = first.w
    params = [first._replace(w=w) if entry is first else entry for entry in model.params]
    return Images(rows.reshape(-1, side, side), tuple(params))


def _constant(column: ColumnEncoding) -> float:
    """The value of a column that is left out for having one."""
    moments = column.statistics.moments
    return 0.0 if moments is None else moments.minimum


def _is_pixel(steps: tuple[Step, ...]) -> bool:
    """Whether a column of numbers or booleans, without gaps, becomes one feature."""
    return all(isinstance(step, PIXEL) for step in steps)


def _undone(steps: tuple[Step, ...], values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The numbers of a column before its steps."""
    for step in reversed(steps):
        if isinstance(step, Clip):
            values = values / np.sqrt(1 - np.minimum((values / step.limit) ** 2, 1 - 1e-12))
        elif isinstance(step, Scale):
            values = values / step.factor + step.center
        elif isinstance(step, Contrast):
            values = (values + 1) / 2
    return values
