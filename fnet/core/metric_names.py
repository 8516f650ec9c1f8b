"""The metrics that `train` measures after an epoch: their names and inputs.

The formulas are in each engine's `metrics.py`, under the same names.
"""

from typing import Any

from fnet.core import checks
from fnet.core.errors import InvalidArgument

REGRESSION = ("mean_squared_error", "mean_absolute_error", "r2")

METRICS = {
    "multiclass": ("accuracy", "balanced_accuracy", "top_k_accuracy", "log_loss"),
    "multilabel": ("accuracy",),
    "real": REGRESSION,
    "counts": REGRESSION,
    "quantiles": ("mean_pinball_loss",),
}
"""The metrics for each kind of targets (`network.Loss`)."""

HIGHER_IS_BETTER = ("accuracy", "balanced_accuracy", "top_k_accuracy", "r2")

OF_PREDICTIONS = ("log_loss", *REGRESSION, "mean_pinball_loss")
"""The metrics that take predictions, after the loss's link; the others take logits."""

DEFAULTS = ("accuracy",)
"""The metrics that are measured by default, for the kinds of targets that have them."""


def history_names(net: Any, validation: Any, metrics: Any) -> tuple[str, ...]:
    """The names in a history: the loss and, with validation data, its loss and its metrics."""
    known = METRICS[net.targets]
    if metrics is None:
        metrics = tuple(name for name in DEFAULTS if name in known)
    elif validation is None:
        raise InvalidArgument(
            "metrics are measured on validation data; give validation=(x, y) with them"
        )
    else:
        metrics = checks.names(f"metrics under {net.loss}", metrics, known)
    if validation is None:
        return ("loss",)
    return "loss", "validation_loss", *(f"validation_{name}" for name in metrics)


def metrics_of(names: Any) -> tuple[str, ...]:
    """The metrics among the names in a history."""
    others = ("loss", "validation_loss", "ended")
    return tuple(name.removeprefix("validation_") for name in names if name not in others)


def higher_is_better(name: str) -> bool:
    """Whether a higher value is better, for a name in a history."""
    return name.removeprefix("validation_") in HIGHER_IS_BETTER
