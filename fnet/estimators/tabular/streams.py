"""The fit to a dataset of `table_dataset`: folds of all rows, and a sample of them for the scores.

The networks are trained on all rows, each without those of its fold. What they hold out is judged
by the rows of the sample alone, which are about 65,536.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core import cross_validation
from fnet.core.batches import full_batch_plan
from fnet.core.errors import InvalidArgument
from fnet.core.scaling import Scaling
from fnet.core.stream_order import Folds
from fnet.estimators.streams import scaled
from fnet.estimators.tabular.folds import Pairs


def check(estimator: Any, given: dict[str, Any]) -> None:
    """Refuse arguments of a fit that need all rows in memory, or that the dataset has."""
    refused = {
        **{f"{name}, which needs all rows in memory": v is not None for name, v in given.items()},
        "a splitter as cv: give a number of folds": not isinstance(estimator.cv, (int, np.integer)),
        "epochs, which the dataset has": estimator.epochs is not None,
        "encoder, which the dataset has": estimator.encoder is not None,
        "time_limit": estimator.time_limit is not None,
        "engine='numpy': a dataset is TensorFlow's": estimator.engine == "numpy",
        "class_weight='balanced': give a dict": getattr(estimator, "class_weight", 0) == "balanced",
    }
    if bad := [what for what, is_given in refused.items() if is_given]:
        raise InvalidArgument(f"a fit to a dataset of table_dataset does not take {bad[0]}")


def folds(cv: int, repeats: int, seed: int) -> Folds | None:
    """The folds of all rows; None without."""
    if cv == 1:
        raise InvalidArgument("cv must be 0 for no folds, or at least 2; got 1")
    return Folds(tuple((seed + i) % 2**32 for i in range(repeats)), int(cv)) if cv else None


def splits(found: Folds | None, numbers: npt.NDArray[Any]) -> Pairs:
    """`(training rows, held-out rows)` of each network among the rows of the sample."""
    if found is None:
        return ()
    held_out = found.held_out(numbers)
    if not (held_out.any(axis=1) & ~held_out.all(axis=1)).all():
        raise InvalidArgument(
            f"cv={found.folds} leaves a fold without rows of {len(numbers)}: use fewer folds, or 0"
        )
    return tuple((np.flatnonzero(~own), np.flatnonzero(own)) for own in held_out)


def data(dataset: Any, scaling: Scaling | None, found: Folds | None) -> Any:
    """The dataset as `train` takes it, with its target scaled, and the folds that members leave."""
    if scaling is not None:  # quantiles share one target
        scaling = scaling._replace(y_mean=scaling.y_mean[:1], y_scale=scaling.y_scale[:1])
    stream = scaled(dataset, scaling).stream._replace(folds=found)
    return SimpleNamespace(stream=stream, plan=stream.plan)


def held_out(x: npt.NDArray[Any], y: npt.NDArray[Any], pairs: Pairs) -> Any:
    """The rows `(x, y, weights)` that each member holds out, `[M, V, ...]`; None without folds."""
    if not pairs:
        return None
    _, rows, weights = cross_validation.weighted(full_batch_plan(len(x), 0), pairs)
    return x[rows], y[rows], weights
