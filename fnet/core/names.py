"""Suggestions for unknown names: by meaning first, then by spelling."""

import difflib
from collections.abc import Iterable

MEANINGS = {
    # Names of other libraries, and of the field.
    "swish": "silu",
    "linear": "identity",
    "none": "identity",
    "logistic": "sigmoid",
    "exponential": "exp",
    "binary_cross_entropy": "sigmoid_cross_entropy",
    "binary_crossentropy": "sigmoid_cross_entropy",
    "bce": "sigmoid_cross_entropy",
    "categorical_cross_entropy": "softmax_cross_entropy",
    "categorical_crossentropy": "softmax_cross_entropy",
    "sparse_categorical_crossentropy": "softmax_cross_entropy",
    "cross_entropy": "softmax_cross_entropy",
    "crossentropy": "softmax_cross_entropy",
    "log_loss": "softmax_cross_entropy",
    "nll": "softmax_cross_entropy",
    "mse": "squared_error",
    "mean_squared_error": "squared_error",
    "l2_loss": "squared_error",
    "mae": "absolute_error",
    "mean_absolute_error": "absolute_error",
    "l1_loss": "absolute_error",
    "smooth_l1": "huber",
    "quantile": "pinball",
    "quantile_loss": "pinball",
    "glorot": "glorot_uniform",
    "xavier": "glorot_uniform",
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "he": "he_normal",
    "kaiming": "he_normal",
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "lecun": "lecun_normal",
    "r2_score": "r2",
    "acc": "accuracy",
    "val_loss": "validation_loss",
    "val_accuracy": "validation_accuracy",
    # Names that fnet once had.
    "hook": "callback",
    "watch": "monitor",
    "reduce_rate": "lr_factor",
    "reduce_to": "min_lr_factor",
    "piecewise": "piecewise_constant",
    # Arguments of other libraries.
    "lr": "learning_rate",
    "callbacks": "callback",
    "validation_data": "validation",
    "verbose": "progress",
    "restore_best_weights": "restore_best",
}
"""The names of fnet for names that users may expect. A valid name is never replaced."""


def meant(name: object, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` stands for, or None.

    By meaning first, as "swish" for "silu"; then the same letters in another case; then the
    nearest spelling.
    """
    choices = list(known)
    text = str(name)
    plain = text.lower().replace("-", "_").replace(" ", "_")
    for candidate in (MEANINGS.get(plain), plain, MEANINGS.get(plain.replace("_", ""))):
        if candidate in choices:
            return candidate
    near = difflib.get_close_matches(text, choices, n=1, cutoff=0.5)
    return near[0] if near else None


def suggestion(name: object, known: Iterable[str]) -> str:
    """`; did you mean 'silu'?`, or nothing."""
    found = meant(name, known)
    return "" if found is None else f"; did you mean {found!r}?"
