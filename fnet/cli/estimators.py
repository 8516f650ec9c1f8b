"""The estimator that the options of a training describe."""

import contextlib
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt

from fnet.cli import common, training_rows
from fnet.cli.options import TrainOptions

if TYPE_CHECKING:
    from fnet.estimators import MLPClassifier, MLPRegressor

IRRELEVANT_WARNINGS = (
    "Stochastic Optimizer: Maximum iterations",  # the number of epochs is an option
    "Training interrupted",  # reported as an error
    "Got `batch_size`",
    "The number of unique classes",  # in the validation set
)
"""Warnings of a fit that a user of the command line does not need."""


def check(options: TrainOptions) -> None:
    """Refuse options of an estimator that no table makes valid."""
    from fnet.core import checks, network

    if options.patience and not options.validation:
        raise common.usage_error("--patience needs validation rows: use a --validation above 0.")
    checks.one_of("--activation", options.activation, network.ACTIVATIONS)


def arguments(options: TrainOptions) -> dict[str, Any]:
    """The arguments of an estimator that do not depend on the table."""
    return {
        "hidden_layer_sizes": options.hidden,
        "activation": options.activation,
        "max_iter": options.epochs,
        "batch_size": options.batch_size or "auto",
        "learning_rate_init": options.learning_rate,
        "alpha": options.l2,
        "dropout": options.dropout,
        "early_stopping": "loss" if options.patience else False,
        "n_iter_no_change": options.patience or math.inf,
        "tol": 0.0,  # any lower loss is an improvement, as in the help of --patience
        "random_state": options.seed,
        "engine": options.engine,
    }


def estimator(
    y: npt.NDArray[Any], options: TrainOptions, **more: Any
) -> "MLPClassifier | MLPRegressor":
    """The estimator that these options describe, not fitted yet.

    Args:
        y: The target `[N]`; floats for a regressor.
        options: The options.
        **more: Further arguments of the estimator.

    Returns:
        The estimator.

    Raises:
        InvalidArgument: `--class-weight` does not fit the target.
    """
    from fnet.estimators import MLPClassifier, MLPRegressor

    if y.dtype.kind != "f":
        weights = training_rows.class_weight(y, options.class_weight)
        return MLPClassifier(class_weight=weights, **arguments(options), **more)
    training_rows.require_no_class_weight(options)
    scaled: Literal["target"] | bool = options.choices.scaling != "none" and "target"
    return MLPRegressor(standardize=scaled, **arguments(options), **more)


@contextlib.contextmanager
def without_irrelevant_warnings() -> Iterator[None]:
    """Within it, a fit warns of nothing that a user of the command line does not need."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "|".join(IRRELEVANT_WARNINGS))
        yield
