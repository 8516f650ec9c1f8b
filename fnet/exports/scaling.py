"""Scaling in float32, as close to float64 on the host as float32 allows."""

from typing import Any

from fnet.core.scaling import Scaling


def of_features(scaling: Scaling, dtype: Any) -> tuple[Any, Any, Any]:
    """`(high, low, scale)` for `(x - high - low) / scale`: two parts hold more digits of a mean."""
    high = scaling.x_mean.astype(dtype)
    return high, (scaling.x_mean - high).astype(dtype), scaling.x_scale.astype(dtype)


def of_targets(scaling: Scaling, dtype: Any) -> tuple[Any, Any]:
    """`(scale, mean)` for `y * scale + mean`."""
    return scaling.y_scale.astype(dtype), scaling.y_mean.astype(dtype)
