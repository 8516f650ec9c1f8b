"""Standardization: the means and deviations of features and targets, a part of the model."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.aliases import Params
from fnet.core.errors import InvalidArgument
from fnet.core.params import Layer, map_params

CONSTANT_TOLERANCE = 1e-14
"""A column is constant, except for rounding, if its deviation is at most this part of its mean."""


class Scaling(NamedTuple):
    """A network takes `(x - x_mean) / x_scale` and gives `(y - y_mean) / y_scale`.

    Attributes:
        x_mean: Means of the features, `[D]`.
        x_scale: Their standard deviations, `[D]`; 1 for a constant feature.
        y_mean: Means of the targets, `[K]`; None where targets are not scaled.
        y_scale: Their standard deviations, `[K]`, or None.
    """

    x_mean: Any
    x_scale: Any
    y_mean: Any = None
    y_scale: Any = None

    def features(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Features `[N, D]` as the network takes them: float32 of float32, else float64."""
        dtype = np.float32 if x.dtype == np.float32 else np.float64
        scaled: npt.NDArray[Any] = (x - self.x_mean) / self.x_scale
        return scaled.astype(dtype, copy=False)

    def targets(self, y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Targets `[N, K]` or `[N]` as the network gives them."""
        if self.y_mean is None:
            return y
        scaled: npt.NDArray[Any] = (y - self.y_mean) / self.y_scale
        return scaled

    def predictions(self, y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Outputs of the network in the units of the targets."""
        if self.y_mean is None:
            return y
        unscaled: npt.NDArray[Any] = y * self.y_scale + self.y_mean
        return unscaled.astype(y.dtype)

    def folded(self, layers: Params) -> Params:
        """Layers that take unscaled features and give unscaled targets.

        Params with an entry before the layers keep their features: these were not scaled.
        """
        first, *rest = layers
        folded = [first, *rest]
        if isinstance(first, Layer):
            w = first.w / self.x_scale[:, None]
            folded[0] = first._replace(w=w, b=first.b - self.x_mean @ w)
        if self.y_mean is not None:
            last = folded[-1]
            b = last.b * self.y_scale + self.y_mean
            folded[-1] = last._replace(w=last.w * self.y_scale, b=b)
        return map_params(lambda array: array.astype(layers[-1].w.dtype), folded)


def fit_scaling(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any] | None = None,
    weights: npt.NDArray[Any] | None = None,
    names: Sequence[Any] | None = None,
) -> Scaling:
    """The Scaling of features, and of targets where they are given.

    Args:
        x: Features `[N, D]`.
        y: Targets `[N, K]` or `[N]`, or None.
        weights: Row weights `[N]`, or None.
        names: The names of the features, for messages; None for their numbers.

    Returns:
        Means and standard deviations, the weighted ones where rows have weights.

    Raises:
        InvalidArgument: The squares of a column are not finite.
    """
    of_targets = () if y is None else _moments("target", y.reshape(len(y), -1), weights)
    return Scaling(*_moments("feature", x, weights, names), *of_targets)


def _moments(
    what: str,
    columns: npt.NDArray[Any],
    weights: npt.NDArray[Any] | None,
    names: Sequence[Any] | None = None,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Means and standard deviations of columns, 1 for a constant column."""
    columns = columns.astype(np.float64, copy=False)  # float32 sums of many rows drift
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.average(columns, axis=0, weights=weights)
        scale = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weights))
    if not np.isfinite(scale).all():
        first = int(np.isfinite(scale).argmin())
        name = f"{first} (counted from 0)" if names is None else f"{names[first]!r:.100}"
        raise InvalidArgument(
            f"{what} {name} cannot be standardized: the squares of its values are not finite. "
            "Give it in a larger unit"
        )
    return mean, np.where(scale > CONSTANT_TOLERANCE * np.abs(mean), scale, 1.0)
