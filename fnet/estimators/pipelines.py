"""Pipelines of scikit-learn that a file holds: a TableEncoder, then an estimator of fnet."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from fnet.core.errors import InvalidArgument
from fnet.encoding import Encoding
from fnet.encoding.transformer import TableEncoder
from fnet.estimators.conversion import ConversionMixin


def plain(pipeline: Any) -> dict[str, Any]:
    """A fitted pipeline as plain data for a file.

    Raises:
        InvalidArgument: It has other steps.
        NotFittedError: It is not fitted.
    """
    names, steps = zip(*pipeline.steps, strict=True)
    encoder, estimator = steps[0], steps[-1]
    are_ours = isinstance(encoder, TableEncoder) and isinstance(estimator, ConversionMixin)
    if len(steps) != 2 or not are_ours:
        raise InvalidArgument(
            "a pipeline to save must be a TableEncoder and an MLPClassifier or MLPRegressor of "
            f"fnet; its steps are {', '.join(type(step).__name__ for step in steps):.200}. Save "
            "the estimator alone, and take rows through the other steps before it predicts them"
        )
    check_is_fitted(encoder)
    found: dict[str, Any] = estimator._plain()
    name, arguments, fitted = found["estimator"]
    fitted.pop("feature_names_in_", None)  # a restored encoder gives arrays
    options = encoder.get_params(deep=False)
    return found | {
        "features": None,
        "estimator": (name, arguments, fitted),
        "encoding": encoder.encoding_,
        "pipeline": (names, plain_arguments(options)),
    }


def plain_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a TableEncoder as a file holds them."""
    dtype = np.dtype(options["dtype"]).name
    return {name: _plain(value) for name, value in options.items()} | {"dtype": dtype}


def _plain(value: Any) -> Any:
    """An argument of an encoder as a file holds it: any mapping a dict, other iterables lists."""
    if isinstance(value, Mapping):
        return dict(value)
    is_other = isinstance(value, Iterable) and not isinstance(value, (str, tuple, list))
    return list(value) if is_other else value


def restored(
    steps: tuple[str, str], arguments: dict[str, Any], encoding: Encoding, estimator: Any
) -> Any:
    """The fitted pipeline that was taken apart.

    Args:
        steps: The names of its steps.
        arguments: The arguments of its TableEncoder.
        encoding: What the encoder has learnt.
        estimator: The estimator.

    Returns:
        The Pipeline.
    """
    encoder = TableEncoder(**arguments)._keep_encoding(encoding)
    return Pipeline(list(zip(steps, (encoder, estimator), strict=True)))
