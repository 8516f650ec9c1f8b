"""What must be true of an ensemble in a file, and of the estimator it came from."""

import math
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

SCORES: dict[str, tuple[str, float]] = {
    "multiclass": ("accuracy", 1.0),
    "multilabel": ("accuracy", 1.0),
    "real": ("r2", 1.0),
    "counts": ("r2", 1.0),
    "quantiles": ("mean_pinball_loss", 0.0),
}
"""The score of an ensemble, by the targets of its networks, and the highest that there can be."""

ROUNDING = 1e-9
"""How far rounding may take a number out of its range."""

CURVES = ("loss", "validation_loss")
"""The learning curves of an ensemble."""


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
    folds = _folds(value, net)
    if folds is not None and members[0] not in (folds * value.n_repeats, value.n_repeats):
        raise InvalidArgument(
            f"an ensemble of {folds} folds and {value.n_repeats} repeats must have a network for "
            f"each, or for the last fold; got {members[0]}"
        )
    networks = members[0] if folds is None else folds * value.n_repeats
    if value.history is not None and not _is_history(value.history, (value.n_epochs, networks)):
        raise InvalidArgument(
            f"the history of an ensemble must be curves of {value.n_epochs} epochs and {networks} "
            f"networks by name; got {value.history!r:.200}"
        )
    if folds is None and not (value.conformity is None and value.importances is None):
        raise InvalidArgument("an ensemble must have folds where it has what held-out rows give")
    if value.importances is not None:
        _check_importances(value.importances)
    if value.conformity is not None:
        _check_conformity(value.conformity, net, members[0])


def _folds(value: Ensemble, net: Network) -> int | None:
    """The number of folds of an ensemble, or None, once its numbers are checked."""
    score, most = SCORES[net.targets]
    numbers: tuple[Any, ...] = (value.cv_score, value.baseline_score)
    error: Any = value.cv_score_std_error
    of_folds: Any = value.cv_scores
    absent = [each is None for each in (*numbers, error, of_folds)]
    valid = value.score == score and integer(0)(value.n_epochs) and COUNT(value.n_repeats)
    if valid and not any(absent):
        valid = (
            all(_is_number(each, most) for each in numbers)
            and _is_number(error)
            and not error < 0
            and _is_floats(of_folds, 1)
            and all(_is_number(each, most) for each in of_folds)
        )
    if not valid or any(absent) != all(absent):
        raise InvalidArgument(
            f"the numbers of an ensemble must be as a fit leaves them; got {value!r:.300}"
        )
    return None if of_folds is None else len(of_folds)


def _is_number(value: Any, most: float = math.inf) -> bool:
    """Whether a value is a number up to a bound, or NaN."""
    is_float = isinstance(value, (float, np.floating))
    return is_float and not math.isinf(value) and not value > most + ROUNDING


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
    filled = ((weights == 0)[..., None] == np.isinf(scores)).all()
    least = -math.inf if net.targets == "quantiles" else 0.0  # how far out; of classes 1 - p
    most = 1.0 if net.targets == "multiclass" else math.inf
    kept = scores[weights > 0]
    inside = ((kept >= least - ROUNDING) & (kept <= most + ROUNDING)).all()
    with np.errstate(over="ignore"):
        total = weights.sum()
    finite = (weights >= 0).all() and 0 < total < math.inf and not np.isneginf(scores).any()
    if not (ordered and filled and inside and finite):
        raise InvalidArgument(
            "conformity scores must ascend, from 0 unless they are of quantiles and to 1 if they "
            "are of classes, with weights above 0"
        )


def _check_importances(value: Any) -> None:
    if not isinstance(value, Importances):
        raise InvalidArgument(f"importances must be Importances; got {value!r:.200}")
    mean, std, drops, names = value
    listed = isinstance(names, tuple) and all(map(is_text, names)) and len({*names}) == len(names)
    shapes = _is_floats(mean, 1) and _is_floats(std, 1) and _is_floats(drops, 2)
    fit = listed and shapes and {len(mean), len(std), len(drops)} == {len(names)}
    if not fit or drops.shape[1] == 0 or (std < 0).any():
        raise InvalidArgument(f"importances must be floats for each name; got {value!r:.200}")


def _is_history(value: Any, shape: tuple[int, int]) -> bool:
    return isinstance(value, dict) and all(
        name in CURVES and _is_floats(curve, 2) and curve.shape == shape
        for name, curve in value.items()
    )


def _is_floats(value: Any, axes: int) -> bool:
    return is_array(value) and value.dtype == np.float64 and value.ndim == axes
