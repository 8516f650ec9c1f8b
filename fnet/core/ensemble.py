"""What comes out of one fit beside its networks, as plain data that a file holds."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import conformal
from fnet.core.conformal import ConformityScores
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network


class Importances(NamedTuple):
    """What C columns are worth: the drop in the score after the cells of one are permuted.

    The fields are those of `sklearn.inspection.permutation_importance`, and the names.

    Attributes:
        importances_mean: The mean over R repeats, `[C]`.
        importances_std: The standard deviation, `[C]`.
        importances: Each drop, `[C, R]`.
        names: The columns, `[C]`.
    """

    importances_mean: npt.NDArray[np.float64]
    importances_std: npt.NDArray[np.float64]
    importances: npt.NDArray[np.float64]
    names: tuple[str, ...]


class Ensemble(NamedTuple):
    """What M networks that each hold out a fold know beside their params.

    Attributes:
        conformity: The scores of held-out rows, for intervals and sets; None without folds.
        score: The name of the score: "accuracy", "r2" or "mean_pinball_loss".
        cv_score: The score of the out-of-fold predictions; None without folds.
        cv_score_std_error: Its standard error, from the scores of the folds.
        cv_scores: The score of each fold, `[F]`.
        baseline_score: The score of always predicting the most frequent class, the mean or the
            quantiles of the training rows of each fold.
        importances: What columns are worth, where it was asked for.
        history: The learning curves of all folds, `[E, F]` by name.
        n_epochs: The number of epochs planned; training may end sooner.
        n_repeats: The number of networks for each fold.
    """

    conformity: ConformityScores | None = None
    score: str = "accuracy"
    cv_score: float | None = None
    cv_score_std_error: float | None = None
    cv_scores: npt.NDArray[np.float64] | None = None
    baseline_score: float | None = None
    importances: Importances | None = None
    history: dict[str, Any] | None = None
    n_epochs: int = 0
    n_repeats: int = 1


def conformity_for(
    what: str, net: Network, ensemble: Ensemble | None, coverage: Any
) -> ConformityScores:
    """The scores of held-out rows that `predict_interval` or `predict_set` needs.

    Args:
        what: "predict_interval" or "predict_set".
        net: The network.
        ensemble: What is known of its members; None for a single network.
        coverage: The coverage that was asked for, which is checked.

    Raises:
        InvalidArgument: There are none, or the coverage is invalid.
    """
    kind = "classes" if what == "predict_set" else "numbers"
    is_of_classes = net.targets == "multiclass"
    if is_of_classes != (kind == "classes") or net.targets == "multilabel":
        raise InvalidArgument(f"{what} needs a model of {kind}; this is {net}")
    if ensemble is None or ensemble.conformity is None:
        raise InvalidArgument(
            f"{what} needs a model that was fitted with folds, as a TabularRegressor or a "
            "TabularClassifier with cv of at least 2"
        )
    conformal.check_coverage(coverage, ensemble.conformity.rows)
    return ensemble.conformity


def intervals(
    net: Network, outputs: npt.NDArray[Any], kept: ConformityScores, coverage: float
) -> npt.NDArray[np.float64]:
    """Prediction intervals from the predictions of members, `[M, N, K]`.

    Returns:
        Lower and upper ends, `[N, K, 2]`; K is 1 for quantiles.
    """
    if net.targets == "quantiles":
        return conformal.interval(outputs[..., :1], outputs[..., -1:], kept, coverage)
    found = conformal.interval(outputs, outputs, kept, coverage)
    return np.maximum(found, 0.0) if net.targets == "counts" else found
