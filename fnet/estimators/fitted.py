"""What a fit leaves behind: the fitted attributes, and predictions from them."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from fnet.core.aliases import MetricName, Params
from fnet.core.network import Network
from fnet.core.params import Layer
from fnet.core.run_state import TrainState
from fnet.core.scaling import Scaling
from fnet.estimators.arguments import ArgumentsMixin, EngineName, MatrixLike
from fnet.estimators.data import scale_features
from fnet.estimators.validation import validate_data
from fnet.reference import functions


class FittedMixin(ArgumentsMixin):
    """The fitted attributes that both estimators have, and predictions from them.

    `SCORE` names the validation score for each kind of targets (`Network.targets`).
    """

    SCORE: ClassVar[dict[str, MetricName]]

    coefs_: list[npt.NDArray[Any]]
    intercepts_: list[npt.NDArray[Any]]
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    scaling_: Scaling | None
    engine_: EngineName
    n_iter_: int
    t_: int
    ended_: str
    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    _net: Network
    _train_state: TrainState | None

    def _params(self) -> Params:
        """The fitted params, of the scaled network."""
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        return tuple(Layer(w=w, b=b) for w, b in pairs)

    def _store_params(self, net: Network, params: Params) -> None:
        """Keep a network and its params as scikit-learn's fitted attributes."""
        output = net.output if net.link == "identity" else net.link
        self._net = net
        self.coefs_ = [np.array(layer.w) for layer in params]
        self.intercepts_ = [np.array(layer.b) for layer in params]
        self.n_layers_, self.n_outputs_ = len(net.sizes), net.sizes[-1]
        self.out_activation_ = "logistic" if output == "sigmoid" else output

    def _predict_raw(self, X: MatrixLike) -> npt.NDArray[Any]:
        """The network's predictions for X, `[N, K]`, by NumPy alone."""
        if not hasattr(self, "coefs_"):
            check_is_fitted(self)
        x = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        x = scale_features(self.scaling_, x)
        found: npt.NDArray[Any] = functions.apply_link(
            self._net, functions.logits(self._net, self._params(), x)
        )
        return found if self.scaling_ is None else self.scaling_.predictions(found)

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of the estimator: it accepts sparse X."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
