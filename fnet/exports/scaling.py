"""Scaling in float32, as near to float64 on the host as that allows."""


def of_features(scaling, dtype):
    """`(high, low, scale)` for `(x - high - low) / scale`: two parts hold more digits of a mean."""
    high = scaling.x_mean.astype(dtype)
    return high, (scaling.x_mean - high).astype(dtype), scaling.x_scale.astype(dtype)


def of_targets(scaling, dtype):
    """`(scale, mean)` for `y * scale + mean`."""
    return scaling.y_scale.astype(dtype), scaling.y_mean.astype(dtype)
