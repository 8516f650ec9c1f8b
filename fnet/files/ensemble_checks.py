"""What must be true of an ensemble in a file, and of the estimator it came from."""

from typing import Any

import numpy as np

from fnet.core.aliases import PRECISIONS
from fnet.core.conformal import MAX_SCORES, ConformityScores
from fnet.core.ensemble import Ensemble, Importances
from fnet.core.errors import InvalidArgument
from fnet.core.network import LOSSES, Network
from fnet.core.printable import brief
from fnet.core.scaling import Scaling
from fnet.encoding import Encoding, feature_slices
from fnet.files.values import (
    LARGEST,
    SCALAR,
    Check,
    are_distinct,
    each,
    either,
    integer,
    is_array,
    is_boolean,
    is_nan,
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

ROUNDING = 1e-9
"""How far sums of weights and means of probabilities may be from what they are without rounding."""

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
    "precision": one_of(*PRECISIONS),
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

SCORES: dict[str, tuple[str, Check]] = {
    "multiclass": ("accuracy", real(0, 1 + ROUNDING)),
    "multilabel": ("accuracy", real(0, 1 + ROUNDING)),
    "real": ("r2", either(real(most=1), is_nan)),
    "counts": ("r2", either(real(most=1), is_nan)),
    "quantiles": ("mean_pinball_loss", real(most=0)),
}
"""The score of networks of these targets, and its valid values. R² of a single row is NaN."""

CONFORMITY: dict[str, tuple[float, float]] = {
    "multiclass": (0, 1 + ROUNDING),
    "real": (0, np.inf),
    "counts": (0, np.inf),
    "quantiles": (-np.inf, np.inf),
}
"""The targets with conformity scores, and their bounds."""

CURVES = ("loss", "validation_loss")


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
            f"the arguments of {name} must be {', '.join(known)}; got {brief(arguments)}"
        )
    for argument, valid in known.items():
        if not valid(arguments[argument]):
            raise InvalidArgument(
                f"{argument} of {name} must be a value that it takes and a file holds; got "
                f"{brief(arguments[argument])}"
            )
    if name == "TabularRegressor":
        _check_quantiles(arguments["loss"], arguments["quantiles"], net)


def _check_quantiles(loss: str, quantiles: Any, net: Network) -> None:
    """Refuse a loss and quantiles that are not those of the outputs."""
    count = np.size(0.5 if quantiles is None else quantiles)
    is_pinball = quantiles is not None or loss == "pinball"
    if is_pinball != (net.targets == "quantiles") or (is_pinball and count != net.sizes[-1]):
        raise InvalidArgument(
            f"loss and quantiles of TabularRegressor must be those that the network was trained "
            f"with; got {loss!r} and {quantiles!r:.100} for {net}. Fit again to change them"
        )


def check_ensemble(content: Any, members: tuple[int, ...]) -> None:
    """Refuse an ensemble that is none of the networks of a Content.

    Args:
        content: The `schema.Content` that it is in, otherwise checked.
        members: The member axes of its params.

    Raises:
        InvalidArgument: It is none.
    """
    value = content.ensemble
    if not isinstance(value, Ensemble) or len(members) != 1:
        raise InvalidArgument(
            f"an ensemble must be an Ensemble of params with one member axis; got {brief(value)} "
            f"with member axes {list(members)}"
        )
    _check_scores(value, content.net)
    _check_counts(value, members[0])
    if content.scaling is not None:
        _check_scaling(content.scaling)
    if content.estimator is not None:  # a report of one has none
        _check_its_estimator(content)
    if value.importances is not None:
        _check_importances(value.importances, content.encoding)
    if value.conformity is not None:
        _check_conformity(value.conformity, content.net, members[0])


def _check_scaling(value: Scaling) -> None:
    """Refuse a Scaling of features, which estimators of ensembles do not have."""
    if value.x_mean.any() or (value.x_scale != 1).any():
        raise InvalidArgument(
            "the Scaling of an ensemble must leave features as they are, with means of 0 and "
            f"scales of 1; got {brief(value)}"
        )


def _check_its_estimator(content: Any) -> None:
    """Refuse an ensemble without what its estimator restores."""
    if content.pipeline is None:
        raise InvalidArgument("an estimator of ensembles must have its encoder in the file")
    name, arguments, _ = content.estimator
    classes, scores = content.classes, content.ensemble.cv_scores
    if name == "TabularClassifier" and (classes is None or not are_distinct(classes)):
        raise InvalidArgument(
            f"classes_ of an ensemble must be there, each once; got {classes!r:.99}"
        )
    folds = 0 if scores is None else len(scores)
    if arguments["cv"] != folds:
        raise InvalidArgument(f"cv of {name} must be its {folds} folds; got {arguments['cv']}")


def _check_scores(value: Ensemble, net: Network) -> None:
    """Refuse scores that are none of such networks."""
    name, valid = SCORES[net.targets]
    if not one_of(name)(value.score):
        raise InvalidArgument(f"score of an ensemble must be {name!r}; got {value.score!r:.100}")
    wanted: dict[str, Check] = {
        "cv_score": valid,
        "cv_score_std_error": either(real(0), is_nan),
        "cv_scores": lambda found: (
            _is_floats(found, 1) and len(found) > 0 and all(map(valid, found))
        ),
        "baseline_score": valid,
    }
    if value.cv_scores is None:
        wanted = dict.fromkeys((*wanted, "conformity", "importances"), is_none)
    for field, is_valid in wanted.items():
        found = getattr(value, field)
        if not is_valid(found) or is_boolean(found):
            fit = "a fit without folds" if value.cv_scores is None else f"a fit scored by {name}"
            raise InvalidArgument(
                f"{field} of an ensemble must be as {fit} leaves it; got {brief(found)}"
            )
    if value.conformity is None and value.cv_scores is not None and net.targets in CONFORMITY:
        raise InvalidArgument(f"conformity of an ensemble of {net.loss} with folds must be there")


def _check_counts(value: Ensemble, members: int) -> None:
    """Refuse numbers of folds, repeats, members and epochs that contradict each other."""
    if not (COUNT(value.n_repeats) and integer(0)(value.n_epochs)):
        raise InvalidArgument(
            "n_epochs and n_repeats of an ensemble must be counts; got "
            f"{value.n_epochs!r:.100} and {value.n_repeats!r:.100}"
        )
    folds = 0 if value.cv_scores is None else len(value.cv_scores)
    trained = max(1, folds) * int(value.n_repeats)
    # In time order the networks of the last fold alone are kept.
    if members not in (trained, int(value.n_repeats)):
        raise InvalidArgument(
            f"an ensemble of {folds} folds and {value.n_repeats} repeats must have a network for "
            f"each, or for the last fold; got {members}"
        )
    if value.history is not None and not _is_history(value.history, (value.n_epochs, trained)):
        raise InvalidArgument(
            f"history of an ensemble must be curves of float64 named {' and '.join(CURVES)}, of "
            f"at most {value.n_epochs} epochs and {trained} networks; got {brief(value.history)}"
        )


def _is_history(value: Any, most: tuple[int, int]) -> bool:
    """Whether these are curves of one length, of at most so many epochs, and so many networks."""
    if not isinstance(value, dict):
        return False
    if not all(one_of(*CURVES)(name) and _is_floats(v, 2) for name, v in value.items()):
        return False
    shapes = {curve.shape for curve in value.values()}
    return len(shapes) <= 1 and all(n <= most[0] and m == most[1] for n, m in shapes)


def _check_conformity(value: Any, net: Network, members: int) -> None:
    if not isinstance(value, ConformityScores) or net.targets not in CONFORMITY:
        raise InvalidArgument(f"conformity of an ensemble must be its scores; got {brief(value)}")
    outputs = net.sizes[-1] if net.targets in ("real", "counts") else 1
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
    if not ((weights >= 0) & (weights <= LARGEST)).all():
        raise InvalidArgument("weights of conformity scores must be counts of rows, at least 0")
    rows = weights.sum()
    if rows < 0.5 or abs(rows - np.round(rows)) > ROUNDING * rows:
        raise InvalidArgument(
            f"weights of conformity scores must sum to a number of rows; got {rows}"
        )
    least, most = CONFORMITY[net.targets]
    counted = scores[weights > 0]
    inside = np.isfinite(counted).all() and (counted >= least).all() and (counted <= most).all()
    filled = (scores[weights == 0] == np.inf).all()
    if not (inside and filled and (scores[:, 1:] >= scores[:, :-1]).all()):
        raise InvalidArgument(
            f"conformity scores must ascend, from {least} to {most}, and be infinite where their "
            "weight is 0"
        )


def _check_importances(value: Any, encoding: Encoding | None) -> None:
    if not isinstance(value, Importances):
        raise InvalidArgument(f"importances must be Importances; got {brief(value)}")
    mean, std, drops, names = value
    columns = names if encoding is None else tuple(name for name, _ in feature_slices(encoding))
    if not (isinstance(names, tuple) and all(map(is_text, names)) and names == columns):
        raise InvalidArgument(
            f"importances must have the names of the columns, {brief(columns)}; got {brief(names)}"
        )
    shapes = _is_floats(mean, 1) and _is_floats(std, 1) and _is_floats(drops, 2)
    if not shapes or not {len(mean), len(std), len(drops)} == {len(names)} or not drops.size:
        raise InvalidArgument(f"importances must be floats for each name; got {brief(value)}")
    with np.errstate(over="ignore", invalid="ignore"):
        of_drops = drops.mean(axis=1), drops.std(axis=1)
    if np.isinf([mean, std]).any() or not np.allclose([mean, std], of_drops, equal_nan=True):
        raise InvalidArgument(
            f"importances_mean and importances_std must be those of importances; got {brief(value)}"
        )


def _is_floats(value: Any, axes: int) -> bool:
    return is_array(value) and value.dtype == np.float64 and value.ndim == axes
