"""What a fit of either estimator has learnt: predictions, and from and to the data of a file."""

import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from fnet.core import blas_threads, checks
from fnet.core.aliases import Params
from fnet.core.ensemble import Ensemble, Importances
from fnet.core.network import Network
from fnet.core.params import map_params
from fnet.core.scaling import Scaling
from fnet.encoding import encode_rows
from fnet.encoding.transformer import TableEncoder
from fnet.estimators import pipelines
from fnet.estimators.arguments import EngineName
from fnet.estimators.sklearn_api import BaseEstimator
from fnet.estimators.tabular.folds import Pairs
from fnet.reference import functions

STEPS = ("encoder", "networks")
"""The names of the two parts of a fitted estimator in a file."""


class FittedTabular(BaseEstimator):
    """The fitted attributes of both estimators."""

    encoder: TableEncoder | None

    encoder_: TableEncoder
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]
    engine_: EngineName
    n_epochs_: int
    splits_: Pairs
    cv_score_: float | None
    cv_score_std_error_: float | None
    cv_scores_: npt.NDArray[np.float64] | None
    baseline_score_: float | None
    oof_predictions_: npt.NDArray[Any] | None
    importances_: Importances | None
    history_: dict[str, Any]
    _net: Network
    _params: Params
    _scaling: Scaling | None
    _ensemble: Ensemble

    def _store(
        self, net: Network, params: Params, scaling: Scaling | None, ensemble: Ensemble
    ) -> None:
        """Keep what was learnt."""
        if scaling is not None:
            width = net.sizes[0]
            scaling = scaling._replace(x_mean=np.zeros(width), x_scale=np.ones(width))
        self._net, self._params, self._scaling = net, params, scaling
        self._keep_scores(ensemble)

    def _plain(self) -> dict[str, Any]:
        """The estimator as plain data for a file."""
        check_is_fitted(self)
        encoder, arguments = self.encoder_.get_params(deep=False), self.get_params(deep=False)
        del arguments["encoder"]
        scores = self._ensemble.cv_scores
        arguments["cv"] = 0 if scores is None else len(scores)
        if isinstance(arguments["random_state"], np.random.RandomState):
            arguments["random_state"] = None
        return {
            "net": self._net,
            "params": self._params,
            "classes": getattr(self, "classes_", None),
            "scaling": self._scaling,
            "encoding": self.encoder_.encoding_,
            "ensemble": self._ensemble,
            "estimator": (type(self).__name__, arguments, {}),
            "pipeline": (STEPS, pipelines.plain_arguments(encoder)),
        }

    def _restore(self, plain: dict[str, Any]) -> Self:
        """Become the fitted estimator of a file, without what files do not hold."""
        _, arguments = plain["pipeline"]
        self.encoder = TableEncoder(**arguments)
        self.encoder_ = clone(self.encoder)._keep_encoding(plain["encoding"])
        self._keep_columns()
        self._net, self._params, self._scaling = plain["net"], plain["params"], plain["scaling"]
        self._keep_scores(plain["ensemble"])
        self.n_epochs_, self.oof_predictions_ = self._ensemble.n_epochs, None
        if plain["classes"] is not None:
            self.classes_ = plain["classes"]
        return self

    def _keep_scores(self, ensemble: Ensemble) -> None:
        """The Ensemble, and the attributes that it has."""
        self._ensemble = ensemble
        for name in ("cv_score", "cv_score_std_error", "cv_scores", "baseline_score"):
            setattr(self, f"{name}_", getattr(ensemble, name))
        self.importances_, self.history_ = ensemble.importances, ensemble.history or {}

    def _keep_columns(self) -> None:
        """The attributes that tell of the columns of the table."""
        self.n_features_in_ = self.encoder_.n_features_in_
        vars(self).pop("feature_names_in_", None)
        if hasattr(self.encoder_, "feature_names_in_"):
            self.feature_names_in_ = self.encoder_.feature_names_in_

    # What a fit has learnt.

    def _predict_members(self, X: Any) -> npt.NDArray[Any]:
        """What each network predicts, `[M, N, K]`, in the units of the targets, by NumPy alone."""
        check_is_fitted(self)
        return predictions(self._net, self._params, self._scaling, self.encoder_.transform(X))

    def unlike_training(self, X: Any) -> npt.NDArray[np.bool_]:
        """Which cells of a table are far outside of what training has seen.

        A number or a date is, if it is below the smallest or above the largest one of training by
        more than the two are apart. A level is, if training did not have it; where training pooled
        rare levels, any other level counts as one of these. A gap never is. What the networks
        predict for such rows is a guess.

        Args:
            X: The table, with the columns of `fit`.

        Returns:
            `[N, C]`, for each column that the encoder uses, in the order of the table.

        Raises:
            InvalidArgument: A column is missing or is of another kind.
            NotFittedError: The estimator is not fitted.
        """
        check_is_fitted(self)
        found = encode_rows(self.encoder_.encoding_, X, find_unlike=True).unlike
        assert found is not None
        return found

    def functional(self) -> tuple[Network, Params]:
        """The networks for the pure functions.

        `fnet.mean_prediction(net, params, model.encoder_.transform(X))` is what the estimator
        predicts.

        Returns:
            `(net, params)`, with params as NumPy arrays with a member axis.

        Raises:
            NotFittedError: The estimator is not fitted.
        """
        check_is_fitted(self)
        scaling = self._scaling
        return self._net, self._params if scaling is None else scaling.folded(self._params)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` was called."""
        return hasattr(self, "_ensemble")

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of the estimator: it takes text, categories and gaps."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def predictions(
    net: Network, params: Params, scaling: Scaling | None, x: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """What networks predict for features `[N, D]`, `[*M, N, K]`, in the units of the targets.

    In chunks, so that memory does not grow with N. In float64, where a row alone gives the same as
    among others but for rounding of 1e-16.
    """
    params = map_params(lambda array: np.asarray(array, np.float64), params)
    rows = max(1, checks.CHUNK // (math.prod(checks.members_of(params)) * net.width))
    with blas_threads.limited_threads(net, rows):
        parts = [
            np.asarray(functions.predict(net, params, x[start : start + rows].astype(np.float64)))
            for start in range(0, max(1, len(x)), rows)
        ]
    found = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)
    return found if scaling is None else scaling.predictions(found)
