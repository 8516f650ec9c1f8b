"""What `standardize` learns: means and deviations of features and targets, part of the model."""

from typing import Any, NamedTuple

import numpy as np

from fnet.core.errors import InvalidArgument
from fnet.core.params import map_params

CONSTANT = 1e-14
"""What deviates from its mean by no more than this part of it is constant, but for rounding."""


class Scaling(NamedTuple):
    """A network works on `(x - x_mean) / x_scale`, and gives `(y - y_mean) / y_scale`."""

    x_mean: Any  # [D]
    x_scale: Any  # [D]: 1 where a feature is constant
    y_mean: Any = None  # [K]; None where targets are not scaled
    y_scale: Any = None  # [K]

    def features(self, x):
        return ((x - self.x_mean) / self.x_scale).astype(x.dtype, copy=False)

    def targets(self, y):
        return y if self.y_mean is None else (y - self.y_mean) / self.y_scale

    def predictions(self, y):
        """Targets as they were before, of what the network gives."""
        return y if self.y_mean is None else (y * self.y_scale + self.y_mean).astype(y.dtype)

    def folded(self, layers):
        """Layers that take features and give targets as they were before."""
        first, *rest = layers
        w = first.w / self.x_scale[:, None]
        folded = [first._replace(w=w, b=first.b - self.x_mean @ w), *rest]
        if self.y_mean is not None:
            last = folded[-1]
            b = last.b * self.y_scale + self.y_mean
            folded[-1] = last._replace(w=last.w * self.y_scale, b=b)
        return map_params(lambda array: array.astype(first.w.dtype), folded)


def learnt(x, y=None, weights=None):
    """The Scaling of features `[N, D]`, and of targets `[N, K]` or `[N]` where they are given."""
    of_targets = () if y is None else _moments("target", y.reshape(len(y), -1), weights)
    return Scaling(*_moments("feature", x, weights), *of_targets)


def _moments(what, columns, weights):
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.average(columns, axis=0, weights=weights).astype(np.float64)
        scale = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weights))
    if not np.isfinite(scale).all():
        raise InvalidArgument(
            f"{what} {np.isfinite(scale).argmin()} (counted from 0) cannot be standardized, since "
            "squares of its numbers are not finite: give it in a larger unit"
        )
    return mean, np.where(scale > CONSTANT * np.abs(mean), scale, 1.0)
