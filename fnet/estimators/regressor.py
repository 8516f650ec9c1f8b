"""The regressor: numbers as targets."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from fnet.core.aliases import ArrayLike, Params, Precision
from fnet.core.errors import InvalidArgument
from fnet.core.network import LOSSES, Network
from fnet.core.run_state import Run
from fnet.core.tuning import Tuning
from fnet.estimators import translation
from fnet.estimators.arguments import (
    CONSTRAINTS,
    Activation,
    EngineName,
    HiddenLayerSizes,
    LearningRateSchedule,
    MatrixLike,
    RandomState,
    Solver,
    ValidationData,
)
from fnet.estimators.base import BaseMLP, has_partial_fit
from fnet.estimators.data import Data
from fnet.estimators.held_out import HeldOut
from fnet.estimators.sklearn_api import RegressorMixin, available_if, fit_context
from fnet.estimators.targets import RealTargets

RegressionLoss: TypeAlias = Literal[
    "squared_error", "absolute_error", "huber", "poisson", "pinball"
]

REGRESSION_LOSSES = {
    name for name, loss in LOSSES.items() if loss.targets in ("real", "counts", "quantiles")
}


class MLPRegressor(RegressorMixin, BaseMLP):
    """A multilayer perceptron that replaces scikit-learn's regressor by changing the import line.

    It has the arguments of `sklearn.neural_network.MLPRegressor` with the same meaning and
    defaults, the same fitted attributes, and the same first params for the same `random_state`.
    For several outputs it minimizes the sum of their squared errors and reports the mean, with
    the penalties divided likewise.

    A fit that fails leaves the estimator as it was. Ctrl-C ends a fit after the epochs done so
    far. Sparse X stays sparse (see `engine`). Invalid arguments and data raise ValueError, as in
    scikit-learn.

    Args:
        loss: "squared_error", "poisson" (targets of at least 0), "absolute_error", "huber", or
            "pinball" (the median, or `quantiles`).
        hidden_layer_sizes: Units of each hidden layer, as `(100,)`; a number is one layer.
        activation: The activation of the hidden layers, any of fnet's; or a sequence with one for
            each.
        solver: "adam", "sgd", "lbfgs", or the name of another optimizer of fnet, which takes
            `learning_rate_init` and its own defaults; or an Optimizer, as `fnet.adamw(1e-3)`.
        alpha: The l2 penalty on weights, 0 or more.
        batch_size: Rows of a batch; "auto" is `min(200, N)`.
        learning_rate: "constant", "invscaling" or "adaptive" with the solver "sgd", as in
            scikit-learn; or, with any solver but "lbfgs", a schedule of `fnet.schedules` or a
            function of the step.
        learning_rate_init: The learning rate, or the first one, above 0.
        power_t: The exponent of "invscaling".
        max_iter: Epochs at most; iterations at most with "lbfgs".
        shuffle: Whether to shuffle the rows before each epoch.
        random_state: An integer, a `numpy.random.RandomState`, or None. The same integer gives the
            same bits.
        tol: An epoch counts as an improvement if it lowers the loss, or raises the validation
            score, by at least `tol`. With "lbfgs" the tolerance of the gradient.
        verbose: Whether to write a line for each epoch on standard output, as scikit-learn does;
            "bar" shows a progress bar on standard error instead. With "lbfgs" the lines come at the
            end.
        warm_start: Whether `fit` continues from the params of the last fit.
        momentum: The momentum of "sgd", from 0 to 1.
        nesterovs_momentum: Whether "sgd" uses Nesterov's momentum.
        early_stopping: Whether to hold out rows, stop when their score does not improve, and keep
            the best epoch. "loss" monitors the validation loss instead. In `partial_fit` each call
            splits its rows again, `coefs_` are the best so far, and calls change nothing once
            `n_iter_no_change` has run out.
        validation_fraction: The fraction of rows that `early_stopping` holds out.
        beta_1: Adam's decay rate of the first moment, from 0 to below 1.
        beta_2: Adam's decay rate of the second moment, from 0 to below 1.
        epsilon: Adam's term for numerical stability, above 0.
        n_iter_no_change: Epochs without an improvement before a fit stops; `numpy.inf` for never.
        max_fun: Evaluations of the loss at most, with "lbfgs".
        quantiles: A quantile or several in ascending order, each above 0 and below 1. They minimize
            the pinball loss, and predictions have a column for each.
        dropout: The rate at which hidden units are dropped in training, from 0 to below 1.
        clipvalue: Bound of each number of the gradient, or None.
        global_clipnorm: Bound of the norm of the whole gradient, or None.
        tuning: A `Tuning` with further hyperparameters; its numbers override the arguments.
        standardize: Whether to scale each feature, and each target except counts, to mean 0 and
            deviation 1, by the first rows to train on; "target" scales targets alone, where
            features are scaled already. The scaling is kept in `scaling_`, and predictions are in
            the units of y. Losses, and validation scores of quantiles, are of
            the scaled targets.
        callback: Called with the `Run` so far, a few times a second.
        engine: "numpy", "tensorflow", or "auto" for the one that finishes first in a new process,
            chosen by the amount of work. For sparse X "auto" is "numpy", whose first product takes
            the stored entries alone; TensorFlow gets the dense rows of a few batches at a time.
            Predictions always use NumPy.
        precision: "float32", or "tf32" for faster and less exact products on a GPU; see
            `fnet.train`.

    Attributes:
        coefs_: Weights of each layer, `[D, H]`, of the scaled network where `standardize` is set.
        intercepts_: Biases of each layer, `[H]`.
        n_features_in_: The number of features D.
        feature_names_in_: The column names of X, where it had names of text.
        n_layers_: The number of layers, the input among them.
        n_outputs_: The number of outputs K.
        out_activation_: The output activation: "identity", "exp" or "sort".
        scaling_: Means and deviations of `standardize`; None without it.
        engine_: The engine of the last fit, "numpy" or "tensorflow".
        n_iter_: Epochs, or iterations, of the last call.
        t_: Rows seen in training, over all calls that continued.
        ended_: Why the last fit ended, as in `history["ended"]` of a Run or an LBFGSResult.
        loss_: The last value of the loss.
        best_loss_: The lowest loss; None with `early_stopping`.
        loss_curve_: The loss of each epoch.
        validation_loss_curve_: The validation loss of each epoch; None without validation rows.
        validation_scores_: The validation score of each epoch, R² or minus the pinball loss; None
            without validation rows.
        best_validation_score_: The highest of them, or None.

    Example:
        >>> import fnet
        >>> from sklearn.datasets import load_diabetes
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = fnet.MLPRegressor(early_stopping=True, standardize=True, random_state=0)
        >>> model.fit(X, y).score(X, y) > 0.4
        True
    """

    SCORE = {"real": "r2", "counts": "r2", "quantiles": "mean_pinball_loss"}

    loss: RegressionLoss
    quantiles: float | Sequence[float] | npt.NDArray[Any] | None

    _parameter_constraints = {
        **CONSTRAINTS,
        "standardize": ["boolean", StrOptions({"target"})],
        "loss": [StrOptions(REGRESSION_LOSSES)],
        "quantiles": ["array-like", Interval(Real, 0, 1, closed="neither"), None],
    }

    def __init__(
        self,
        loss: RegressionLoss = "squared_error",
        hidden_layer_sizes: HiddenLayerSizes = (100,),
        activation: Activation = "relu",
        *,
        solver: Solver = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: LearningRateSchedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int | Literal["bar"] = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool | Literal["loss"] = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        quantiles: float | Sequence[float] | npt.NDArray[Any] | None = None,
        dropout: float = 0.0,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        tuning: Tuning | None = None,
        standardize: bool | Literal["target"] = False,
        callback: Callable[[Run], Any] | None = None,
        engine: Literal["auto"] | EngineName = "auto",
        precision: Precision = "float32",
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name != "self"}
        self.__dict__.update(arguments)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike | None = None,
        sample_weight: ArrayLike | None = None,
        validation_data: ValidationData | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit to rows and their targets.

        Args:
            X: Features `[N, D]`.
                Or a dataset of `table_dataset`, without y, whose epochs and batches are those of
                the fit, in place of `max_iter`, `batch_size` and `shuffle`.
            y: Targets `[N]`, or `[N, K]` for several outputs.
            sample_weight: Row weights `[N]`, 0 or more, or None.
            validation_data: `(X, y)` or `(X, y, sample_weight)`, scored after each epoch. With
                `early_stopping` it replaces the held-out part of the rows. A Pipeline does not
                transform it.
            X_val: Features `[V, D]` to validate with, in place of `validation_data`. A Pipeline
                transforms them with `Pipeline(..., transform_input=["X_val"])`.
            y_val: Their targets.
            sample_weight_val: Their row weights `[V]`, 0 or more, or None.

        Returns:
            The estimator.

        Raises:
            InvalidArgument: An argument or the data is invalid, or training did not stay finite.

        Example:
            >>> import fnet
            >>> model = fnet.MLPRegressor(solver="lbfgs", random_state=0)
            >>> model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).n_features_in_
            1
        """
        held_out = HeldOut(validation_data, X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, held_out)

    @available_if(has_partial_fit)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        validation_data: ValidationData | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on these rows, with the optimizer's state of the last call.

        Args:
            X: Features `[N, D]`.
            y: Targets `[N]`, or `[N, K]` for several outputs.
            sample_weight: Row weights `[N]`, 0 or more, or None.
            validation_data: `(X, y)` or `(X, y, sample_weight)`, scored after the epoch.
            X_val: Features `[V, D]` to validate with, as in `fit`.
            y_val: Their targets.
            sample_weight_val: Their row weights `[V]`, 0 or more, or None.

        Returns:
            The estimator.

        Raises:
            InvalidArgument: An argument or the data is invalid, or training did not stay finite.

        Example:
            >>> import fnet
            >>> model = fnet.MLPRegressor(random_state=0)
            >>> for _ in range(3):
            ...     model = model.partial_fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
            >>> len(model.loss_curve_)
            3
        """
        held_out = HeldOut(validation_data, X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, held_out, partial=True)

    def predict(self, X: MatrixLike) -> npt.NDArray[Any]:
        """Predict the targets of rows.

        Args:
            X: Features `[N, D]`.

        Returns:
            Predictions `[N]`, or `[N, K]` for several outputs or quantiles.

        Raises:
            NotFittedError: The estimator is not fitted.

        Example:
            >>> import fnet
            >>> model = fnet.MLPRegressor(solver="lbfgs", random_state=0)
            >>> model = model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
            >>> model.predict([[0.5], [1.5]]).shape
            (2,)
        """
        found = self._predict_raw(X)
        return found[:, 0] if found.shape[1] == 1 else found

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """The coefficient of determination R²; for quantiles, minus their mean pinball loss.

        The pinball loss of quantile q is `max(q * (y - p), (q - 1) * (y - p))` for prediction p.

        Args:
            X: Features `[N, D]`.
            y: Targets `[N]`, or `[N, K]` for several outputs.
            sample_weight: Row weights `[N]`, 0 or more, or None.

        Returns:
            The score; higher is better.

        Raises:
            NotFittedError: The estimator is not fitted.

        Example:
            >>> import fnet
            >>> model = fnet.MLPRegressor(solver="lbfgs", random_state=0)
            >>> X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
            >>> model.fit(X, y).score(X, y) > 0.99
            True
        """
        check_is_fitted(self)
        if self._net.targets != "quantiles":
            return super().score(X, y, sample_weight)
        errors = column_or_1d(y)[:, None] - self.predict(X).reshape(-1, self.n_outputs_)
        q = self._quantiles()
        row_losses = np.maximum(q * errors, (q - 1) * errors).mean(axis=1)
        weights = None if sample_weight is None else np.asarray(sample_weight)
        return -float(np.average(row_losses, weights=weights))

    @classmethod
    def from_functional(cls, net: Network, params: Params, **arguments: Any) -> Self:
        """A fitted estimator that predicts as `fnet.predict(net, params, X)` does.

        Args:
            net: A network with a loss for numbers.
            params: Its params, without member axes.
            **arguments: Arguments of the estimator, for later fits. A pinball loss needs its
                `quantiles`.

        Returns:
            The fitted estimator.

        Raises:
            InvalidArgument: The network has another kind of loss, or params do not fit.

        Example:
            >>> import fnet
            >>> net = fnet.Network((4, 1), loss="squared_error")
            >>> params = fnet.reference.init_params(net, seed=0)
            >>> fnet.MLPRegressor.from_functional(net, params).predict([[0.0] * 4])
            array([0.])
        """
        return cls._from_functional(net, params, None, {"loss": net.loss, **arguments})

    # What BaseMLP asks of a subclass.

    def _quantiles(self) -> npt.NDArray[Any]:
        """The quantiles of the pinball loss, `[Q]`: the median by default."""
        return np.atleast_1d(0.5 if self.quantiles is None else self.quantiles)

    def _learn_targets(
        self, y: Any, classes: ArrayLike | None
    ) -> tuple[RealTargets, npt.NDArray[Any]]:
        return RealTargets.learn(y)

    def _fitted_targets(self) -> RealTargets:
        single = self.n_outputs_ == 1 or self._net.targets == "quantiles"
        return RealTargets(None if single else self.n_outputs_)

    def _targets_of_classes(self, classes: Any) -> RealTargets:
        return RealTargets(None)

    def _make_network(self, n_features: int, targets: RealTargets) -> Network:
        if self.quantiles is None and self.loss != "pinball":
            return translation.network(self, n_features, targets.n_columns or 1, self.loss)
        if self.loss not in ("squared_error", "pinball"):
            raise InvalidArgument(f"quantiles need loss='pinball'; got {self.loss!r}")
        return translation.network(self, n_features, len(self._quantiles()), "pinball")

    def _make_tuning(self, net: Network, seed: int | None) -> Tuning:
        tuning = super()._make_tuning(net, seed)
        return (
            tuning._replace(quantiles=self._quantiles()) if net.targets == "quantiles" else tuning
        )

    def _reported_loss(self, net: Network, data: Data) -> tuple[float, float]:
        """As scikit-learn: the mean over outputs, and half the deviance of counts."""
        if net.loss == "squared_error":
            return 1 / net.sizes[-1], 0.0
        if net.loss != "poisson":
            return 1.0, 0.0
        logs = data.y * np.log(np.where(data.y > 0, data.y, 1)) - data.y
        return 1.0, float(np.average(logs, axis=0, weights=data.weights).sum())
