"""What `train` measures at the end of an epoch: names, and what each metric asks for.

The formulas of metrics stand under these names in `metrics.py` and in the twin's file of that name.
"""

from fnet.core import checks
from fnet.core.errors import InvalidArgument

NUMBERS = ("mean_squared_error", "mean_absolute_error", "r2")

METRICS = {
    "multiclass": ("accuracy", "balanced_accuracy", "top_k_accuracy", "log_loss"),
    "multilabel": ("accuracy",),
    "real": NUMBERS,
    "counts": NUMBERS,
    "quantiles": ("mean_pinball_loss",),
}
"""The metrics that go with each kind of targets (`network.Loss`)."""

LARGER = ("accuracy", "balanced_accuracy", "top_k_accuracy", "r2")
"""The metrics of which more is better."""

LINKED = ("log_loss", *NUMBERS, "mean_pinball_loss")
"""The metrics of predictions, with the loss's link applied; the others are of logits."""

UNLESS_TOLD = ("accuracy",)
"""The metrics that are measured, where they go with the targets, unless others are asked for."""


def measured(net, validation, metrics):
    """The names in a history: of the loss and, on validation data, of its loss and of metrics."""
    known = METRICS[net.targets]
    if metrics is None:
        metrics = tuple(name for name in UNLESS_TOLD if name in known)
    elif validation is None:
        raise InvalidArgument(
            "metrics are measured on validation data, and there is none; give validation=(x, y)"
        )
    else:
        metrics = checks.names(f"metrics under {net.loss}", metrics, known)
    if validation is None:
        return ("loss",)
    return "loss", "validation_loss", *(f"validation_{name}" for name in metrics)


def larger_is_better(name):
    """Whether more of what stands under this name in a history is better."""
    return name.removeprefix("validation_") in LARGER
