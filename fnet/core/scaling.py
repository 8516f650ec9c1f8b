"""Standardization: means and standard deviations of features and targets, kept in the model."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.aliases import Params
from fnet.core.errors import InvalidArgument
from fnet.core.params import map_params

CONSTANT_BELOW = 1e-14
"""A column is constant, up to rounding, where its deviation is at most this times its mean."""


class Scaling(NamedTuple):
    """A network computes `(y - y_mean) / y_scale` from `(x - x_mean) / x_scale`.

    Attributes:
        x_mean: The mean of each feature, `[D]`.
        x_scale: The standard deviation of each feature, `[D]`; 1 where a feature is constant.
        y_mean: The mean of each target, `[K]`; None where targets are not scaled.
        y_scale: The standard deviation of each target, `[K]`; None where targets are not scaled.
    """

    x_mean: Any
    x_scale: Any
    y_mean: Any = None
    y_scale: Any = None

    def features(self, x: Any) -> Any:
        """Scaled features, in the dtype of x."""
        return ((x - self.x_mean) / self.x_scale).astype(x.dtype, copy=False)

    def targets(self, y: Any) -> Any:
        """Scaled targets."""
        return y if self.y_mean is None else (y - self.y_mean) / self.y_scale

    def predictions(self, y: Any) -> Any:
        """Predictions of the network, in the units of the targets."""
        return y if self.y_mean is None else (y * self.y_scale + self.y_mean).astype(y.dtype)

    def folded(self, layers: Params) -> Any:
        """Layers that take unscaled features and give unscaled predictions."""
        first, *rest = layers
        w = first.w / self.x_scale[:, None]
        folded = [first._replace(w=w, b=first.b - self.x_mean @ w), *rest]
        if self.y_mean is not None:
            last = folded[-1]
            b = last.b * self.y_scale + self.y_mean
            folded[-1] = last._replace(w=last.w * self.y_scale, b=b)
        return map_params(lambda array: array.astype(first.w.dtype), folded)


def learnt(x: Any, y: Any = None, weights: Any = None) -> Scaling:
    """The Scaling of features `[N, D]`, and of targets `[N, K]` or `[N]` where they are given."""
    of_targets = () if y is None else _moments("target", y.reshape(len(y), -1), weights)
    return Scaling(*_moments("feature", x, weights), *of_targets)


def _moments(what: str, columns: Any, weights: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """`(mean, scale)` of each column: weighted mean and standard deviation, as float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.average(columns, axis=0, weights=weights).astype(np.float64)
        scale = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weights))
    if not np.isfinite(scale).all():
        raise InvalidArgument(
            f"{what} {np.isfinite(scale).argmin()} (counted from 0) cannot be standardized, since "
            "squares of its values are not finite; give it in a larger unit"
        )
    return mean, np.where(scale > CONSTANT_BELOW * np.abs(mean), scale, 1.0)
