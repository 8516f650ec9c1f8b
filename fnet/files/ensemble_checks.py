"""What must be true of an ensemble in a file, and of the estimator it came from."""

from typing import Any

import numpy as np

from fnet.core.conformal import MAX_SCORES, ConformityScores
from fnet.core.ensemble import Ensemble, Importances
from fnet.core.errors import InvalidArgument
from fnet.core.network import LOSSES, Network
from fnet.files.values import (
    SCALAR,
    Check,
    each,
    either,
    integer,
    is_array,
    is_boolean,
    is_none,
    is_text,
    one_of,
    real,
)

TARGETS: dict[str, tuple[str, ...]] = {
    "TabularClassifier": ("multiclass", "multilabel"),
    "TabularRegressor": ("real", "counts", "quantiles"),
}
"""The estimators of ensembles that a file may hold, with the kinds of targets of their networks."""

COUNT = integer(1)
QUANTILE = real(0, 1, above=True, below=True)

ARGUMENTS: dict[str, Check] = {
    "cv": integer(0),
    "repeats": COUNT,
    "hidden": either(is_none, each(COUNT)),
    "epochs": either(is_none, COUNT),
    "time_limit": either(is_none, real(0, above=True), integer(1)),
    "importance": is_boolean,
    "engine": one_of("auto", "numpy", "tensorflow"),
    "random_state": either(is_none, integer(0, 2**32 - 1)),
    "verbose": is_boolean,
}
"""The arguments that both estimators have, but for the encoder, with their valid values."""

OWN_ARGUMENTS: dict[str, dict[str, Check]] = {
    "TabularClassifier": {
        "class_weight": either(
            is_none,
            one_of("balanced"),
            lambda value: (
                isinstance(value, dict)
                and all(map(SCALAR, value))
                and all(map(real(0), value.values()))
            ),
        )
    },
    "TabularRegressor": {
        "loss": one_of(*(n for n in LOSSES if LOSSES[n].targets in TARGETS["TabularRegressor"])),
        "quantiles": either(is_none, QUANTILE, each(QUANTILE)),
    },
}
"""The arguments that only one of the estimators has."""

SCORES = ("accuracy", "r2", "mean_pinball_loss")

NUMBER = either(real(), lambda value: isinstance(value, (float, np.floating)))


def check_estimator(name: Any, arguments: Any, net: Network) -> None:
    """Refuse arguments of an estimator of ensembles that it does not take.

    Raises:
        InvalidArgument: They are not valid, or do not go with the network.
    """
    if net.targets not in TARGETS[name]:
        raise InvalidArgument(f"{name} does not go with {net}")
    known = ARGUMENTS | OWN_ARGUMENTS[name]
    if not isinstance(arguments, dict) or arguments.keys() != known.keys():
        raise InvalidArgument(
            f"the arguments of {name} must be {', '.join(known)}; got {arguments!r:.200}"
        )
    for argument, valid in known.items():
        if not valid(arguments[argument]):
            raise InvalidArgument(
                f"{argument} of {name} must be a value that it takes and a file holds; got "
                f"{arguments[argument]!r:.200}"
            )


def check_ensemble(value: Any, net: Network, members: tuple[int, ...]) -> None:
    """Refuse what is no Ensemble of these networks.

    Raises:
        InvalidArgument: It is none.
    """
    if not isinstance(value, Ensemble) or len(members) != 1:
        raise InvalidArgument(
            f"an ensemble must be an Ensemble of params with one member axis; got {value!r:.200} "
            f"with member axes {list(members)}"
        )
    numbers = ("cv_score", "cv_score_std_error", "baseline_score")
    folds = value.cv_scores
    valid = (
        one_of(*SCORES)(value.score)
        and all(either(is_none, NUMBER)(getattr(value, name)) for name in numbers)
        and (folds is None or _is_floats(folds, 1))
        and integer(0)(value.n_epochs)
        and COUNT(value.n_repeats)
        and (value.history is None or _is_history(value.history))
    )
    if not valid:
        raise InvalidArgument(
            f"the numbers of an ensemble must be as a fit leaves them; got {value!r:.300}"
        )
    if value.importances is not None:
        _check_importances(value.importances)
    if value.conformity is not None:
        _check_conformity(value.conformity, net, members[0])


def _check_conformity(value: Any, net: Network, members: int) -> None:
    outputs = net.sizes[-1] if net.targets in ("real", "counts") else 1
    if not isinstance(value, ConformityScores) or net.targets == "multilabel":
        raise InvalidArgument(f"conformity of an ensemble must be its scores; got {value!r:.200}")
    scores, weights = value
    if not (_is_floats(scores, 3) and _is_floats(weights, 2)):
        raise InvalidArgument("conformity scores and their weights must be float64 arrays")
    width = scores.shape[1]
    wanted = (members, width, outputs), (members, width)
    if (scores.shape, weights.shape) != wanted or not 1 <= width <= MAX_SCORES:
        raise InvalidArgument(
            f"conformity scores must have the shapes {wanted[0]} and {wanted[1]}, of 1 to "
            f"{MAX_SCORES} scores; got {scores.shape} and {weights.shape}"
        )
    ordered = bool((scores[:, 1:] >= scores[:, :-1]).all()) and not np.isnan(scores).any()
    filled = ((weights == 0) == np.isinf(scores).all(axis=-1)).all()
    finite = np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0
    if not (ordered and filled and finite):
        raise InvalidArgument("conformity scores must ascend, with weights of at least 0")


def _check_importances(value: Any) -> None:
    if not isinstance(value, Importances):
        raise InvalidArgument(f"importances must be Importances; got {value!r:.200}")
    mean, std, drops, names = value
    listed = isinstance(names, tuple) and all(map(is_text, names))
    shapes = _is_floats(mean, 1) and _is_floats(std, 1) and _is_floats(drops, 2)
    if not (listed and shapes and {len(mean), len(std), len(drops)} == {len(names)}):
        raise InvalidArgument(f"importances must be floats for each name; got {value!r:.200}")


def _is_history(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_text(name) and _is_floats(curve, 2) for name, curve in value.items()
    )


def _is_floats(value: Any, axes: int) -> bool:
    return is_array(value) and value.dtype == np.float64 and value.ndim == axes
