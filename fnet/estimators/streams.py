"""Fits to a dataset of `table_dataset`, whose rows are read in turn."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from fnet.core.errors import InvalidArgument
from fnet.core.scaling import Scaling
from fnet.core.stream_source import Stream
from fnet.estimators.arguments import ArgumentsMixin


def is_stream(x: Any) -> bool:
    """Whether features are a dataset whose rows are read in turn."""
    return isinstance(getattr(x, "stream", None), Stream)


def check(estimator: ArgumentsMixin, y: Any, sample_weight: Any, has_validation: bool) -> None:
    """Refuse arguments of a fit that need all rows in memory."""
    is_classifier = hasattr(estimator, "predict_proba")
    refused = {
        "y and sample_weight, which the dataset has": y is not None or sample_weight is not None,
        "solver='lbfgs', which takes all rows in each step": estimator.solver == "lbfgs",
        "engine='numpy': a dataset is TensorFlow's": estimator.engine == "numpy",
        "warm_start and partial_fit": estimator.warm_start,
        "early_stopping without validation_data": estimator.early_stopping and not has_validation,
        "class_weight='balanced': give a dict": getattr(estimator, "class_weight", 0) == "balanced",
        "loss='poisson'": getattr(estimator, "loss", None) == "poisson",
        "standardize, which the encoder of the dataset does for features": (
            estimator.standardize and (is_classifier or estimator.standardize != "target")
        ),
    }
    if bad := [what for what, is_given in refused.items() if is_given]:
        raise InvalidArgument(f"a fit to a dataset of table_dataset does not take {bad[0]}")


def check_task(estimator: Any, dataset: Any) -> None:
    """Refuse a target that is of the other kind of estimator."""
    is_classifier = hasattr(estimator, "predict_proba")
    if is_classifier != (dataset.classes is not None):
        wanted, has = ("classes", "numbers") if is_classifier else ("numbers", "classes")
        task = "classifier" if is_classifier else "regressor"
        raise InvalidArgument(
            f"{type(estimator).__name__} needs a target of {wanted}, and the dataset has {has}: "
            f"make it with table_dataset(..., task={task!r})"
        )


def target_scaling(estimator: ArgumentsMixin, dataset: Any) -> Scaling | None:
    """The Scaling of the target, of the mean and deviation in the dataset's sample; or None."""
    if not estimator.standardize:
        return None
    width = dataset.element_spec[0].shape[1]
    mean, deviation = dataset.target_moments
    scale = np.array([deviation or 1.0])
    return Scaling(np.zeros(width), np.ones(width), np.array([mean]), scale)


def scaled(dataset: Any, scaling: Scaling | None) -> Any:
    """The dataset as `train` takes it, with its target scaled."""
    if scaling is None:
        return dataset
    stream: Stream = dataset.stream

    def windows(epoch: int, number: int) -> Iterator[tuple[Any, Any]]:
        with contextlib.closing(stream.windows(epoch, number)) as found:
            for x, y in found:
                yield x, scaling.targets(y)

    return SimpleNamespace(stream=stream._replace(windows=windows), plan=stream.plan)
