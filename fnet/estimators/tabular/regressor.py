"""The regressor: numbers as targets."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from fnet.core.aliases import ArrayLike, Precision
from fnet.core.ensemble import conformity_for, intervals
from fnet.core.errors import InvalidArgument
from fnet.core.scaling import fit_scaling
from fnet.core.tuning import Tuning
from fnet.encoding.transformer import TableEncoder
from fnet.estimators.arguments import EngineName, RandomState
from fnet.estimators.regressor import RegressionLoss
from fnet.estimators.sklearn_api import RegressorMixin, fit_context
from fnet.estimators.tabular.base import CONSTRAINTS, BaseTabular
from fnet.estimators.tabular.folds import STACKLEVEL
from fnet.estimators.tabular.targets import Targets


class TabularRegressor(RegressorMixin, BaseTabular):
    """A regressor of tables with columns of any kind: an ensemble of networks, one for each fold.

    As `TabularClassifier`, for numbers. Targets are standardized, but for counts. What each
    network predicts for its held-out rows makes the intervals of `predict_interval`.

    Args:
        cv: The number of folds, shuffled; or a splitter of scikit-learn, or pairs of indices. 0
            trains one network on all rows, which has no score and no intervals.
        repeats: How often the folds are drawn: `cv * repeats` networks.
        hidden: Units of each hidden layer, as `(128, 128)`; None for the rule.
        epochs: Passes over the rows; None for the rule.
        time_limit: Seconds for the whole fit, or None: then there are as many epochs as they allow,
            and `epochs=n_epochs_` repeats the fit.
        loss: "squared_error", "absolute_error", "huber" (linear beyond one standard deviation of
            the targets), "poisson" for counts, or "pinball" for quantiles.
        quantiles: The quantiles of the pinball loss, ascending, each above 0 and below 1; None for
            the median.
        encoder: A `TableEncoder` with other options, which is copied; None for the usual one.
        importance: Whether to measure what each column is worth.
        engine: "numpy", "tensorflow", or "auto" for the one that finishes first in a new process.
            Predictions always use NumPy.
        precision: "float32", or "tf32" for faster and less exact products on a GPU; see
            `fnet.train`.
        random_state: An integer, a `numpy.random.RandomState`, or None.
        verbose: Whether to show a progress bar on standard error.

    Attributes:
        cv_score_: R² of the out-of-fold predictions, what to expect on new rows; for quantiles,
            minus their mean pinball loss.
        cv_score_std_error_: Its standard error, from the folds.
        cv_scores_: The score of each fold.
        baseline_score_: The score of always predicting the mean, or the quantiles, of the training
            rows of a fold.
        oof_predictions_: Out-of-fold predictions, `[N]` or `[N, K]`: of each row by the networks
            that held it out; NaN where none did. Not kept in files.
        importances_: What columns are worth, where `importance` is set, with the fields of
            `sklearn.inspection.permutation_importance`.
        history_: The loss and the validation loss of each epoch and network, `[E, M]`.
        encoder_: The fitted TableEncoder.
        n_epochs_: The number of epochs planned; training may end sooner (`history_`).
        splits_: `(training rows, held-out rows)` of each network.
        n_features_in_: The number of columns.
        feature_names_in_: Their names, if the table has names.
        engine_: The engine of the fit, "numpy" or "tensorflow".

    Example:
        >>> import fnet
        >>> from sklearn.datasets import load_diabetes
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> model = fnet.TabularRegressor(epochs=50).fit(X, y)
        >>> model.cv_score_ > 0.4
        True
        >>> model.predict_interval(X[:2], coverage=0.9).shape
        (2, 2)
    """

    SCORE = {"real": "r2", "counts": "r2", "quantiles": "mean_pinball_loss"}

    loss: RegressionLoss
    quantiles: float | Sequence[float] | npt.NDArray[Any] | None

    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions({*get_args(RegressionLoss)})],
        "quantiles": ["array-like", float, None],
    }

    def __init__(
        self,
        *,
        cv: Any = 8,
        repeats: int = 1,
        hidden: Any = None,
        epochs: int | None = None,
        time_limit: float | None = None,
        loss: RegressionLoss = "squared_error",
        quantiles: float | Sequence[float] | npt.NDArray[Any] | None = None,
        encoder: TableEncoder | None = None,
        importance: bool = False,
        engine: Literal["auto"] | EngineName = "auto",
        precision: Precision = "float32",
        random_state: RandomState = 0,
        verbose: bool = False,
    ) -> None:
        self.cv = cv
        self.repeats = repeats
        self.hidden = hidden
        self.epochs = epochs
        self.time_limit = time_limit
        self.loss = loss
        self.quantiles = quantiles
        self.encoder = encoder
        self.importance = importance
        self.engine = engine
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        times: ArrayLike | None = None,
    ) -> Self:
        """Fit to a table and its targets.

        Args:
            X: The table: a data frame of any library, an Arrow table, a dict of columns, a list of
                dicts, or rows `[N, D]`. Or the result of `table_dataset` alone: the networks train
                on all rows, in its batches and epochs; scores, intervals and importances are those
                of about 65,536 rows drawn at random, each by the networks that hold out its fold.
            y: Targets `[N]`, or `[N, K]` for several outputs.
            sample_weight: Row weights `[N]`, 0 or more, or None.
            groups: The group of each row, `[N]`: rows of one group are held out together.
            times: The time of each row, `[N]`: rows are held out that are newer than those trained
                on, and the networks of the newest fold alone predict.

        Returns:
            The estimator.

        Raises:
            InvalidArgument: An argument or the data is invalid, or training did not stay finite.
        """
        return self._fit(X, y, sample_weight, groups, times)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict the targets of rows: the mean over the networks.

        Args:
            X: The table, with the columns of `fit` in any order.

        Returns:
            Predictions `[N]`, or `[N, K]` for several outputs or quantiles.

        Raises:
            NotFittedError: The estimator is not fitted.
            InvalidArgument: A column is missing or a cell cannot be read.
        """
        return _single(self._predict_members(X).mean(axis=0))

    def predict_interval(self, X: Any, coverage: float = 0.9) -> npt.NDArray[np.float64]:
        """Predict intervals that hold the true target as often as asked, by CV+.

        With quantiles they reach from the lowest to the highest, moved by what held-out rows show
        to be right.

        Args:
            X: The table, with the columns of `fit` in any order.
            coverage: The part of new rows whose targets lie inside, above 0 and at most
                `1 - 1 / (N + 1)`.

        Returns:
            Lower and upper ends, `[N, 2]`; `[N, K, 2]` for several outputs.

        Raises:
            NotFittedError: The estimator is not fitted.
            InvalidArgument: The coverage is invalid, or the fit had no folds.

        References:
            Barber, Candès, Ramdas, Tibshirani, "Predictive inference with the jackknife+" (2021);
            Romano, Patterson, Candès, "Conformalized quantile regression" (2019).
        """
        check_is_fitted(self)
        kept = conformity_for("predict_interval", self._net, self._ensemble, coverage)
        return _single(intervals(self._net, self._predict_members(X), kept, coverage))

    def predict_std(self, X: Any) -> npt.NDArray[Any]:
        """How far the networks disagree: the standard deviation of their predictions.

        It does not contain the spread of the targets about what can be predicted; the intervals of
        `predict_interval` do.

        Args:
            X: The table, with the columns of `fit` in any order.

        Returns:
            Standard deviations `[N]`, or `[N, K]` for several outputs.

        Raises:
            NotFittedError: The estimator is not fitted.
        """
        return _single(self._predict_members(X).std(axis=0))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The coefficient of determination R²; for quantiles, minus their mean pinball loss.

        Args:
            X: The table, with the columns of `fit` in any order.
            y: Targets `[N]`, or `[N, K]` for several outputs.
            sample_weight: Row weights `[N]`, 0 or more, or None.

        Returns:
            The score; higher is better.

        Raises:
            NotFittedError: The estimator is not fitted.
        """
        predictions = self.predict(X)
        targets = np.asarray(y, np.float64)
        shape = (len(targets), -1)
        weights = None if sample_weight is None else np.asarray(sample_weight)
        return self._score_of(targets.reshape(shape), predictions.reshape(shape), weights)

    # What BaseTabular asks of a subclass.

    def _quantiles(self) -> npt.NDArray[np.float64]:
        return np.atleast_1d(np.asarray(0.5 if self.quantiles is None else self.quantiles, float))

    def _is_pinball(self) -> bool:
        if self.quantiles is not None and self.loss not in ("squared_error", "pinball"):
            raise InvalidArgument(f"quantiles need loss='pinball'; got {self.loss!r}")
        return self.quantiles is not None or self.loss == "pinball"

    def _learn_targets(self, y: npt.NDArray[Any], weights: Any) -> Targets:
        if y.dtype.kind not in "biuf":
            try:
                y = y.astype(np.float64)
            except (TypeError, ValueError):
                raise InvalidArgument(
                    f"y of a regressor must be numbers; got {y.ravel().tolist()[0]!r:.50}. Use "
                    "TabularClassifier for classes"
                ) from None
        y = y.astype(np.float64).reshape(len(y), -1)
        if self._is_pinball():
            if y.shape[1] != 1:
                raise InvalidArgument(f"quantiles need one target; got {y.shape[1]} columns of y")
            quantiles = self._quantiles()
            scaling = fit_scaling(np.zeros((len(y), 1)), y, weights)
            wide = scaling._replace(
                y_mean=np.repeat(scaling.y_mean, len(quantiles)),
                y_scale=np.repeat(scaling.y_scale, len(quantiles)),
            )
            scaled = (y - scaling.y_mean) / scaling.y_scale
            return Targets(
                scaled, "pinball", len(quantiles), scaling=wide, tuning=Tuning(quantiles=quantiles)
            )
        if self.loss == "poisson":
            if (y < 0).any():
                raise InvalidArgument(f"loss='poisson' needs targets of at least 0; got {y.min()}")
            return Targets(y, "poisson", y.shape[1])
        scaling = fit_scaling(np.zeros((len(y), 1)), y, weights)
        return Targets(scaling.targets(y), self.loss, y.shape[1], scaling=scaling)

    def _warn_of_targets(self, targets: Targets) -> None:
        if (np.ptp(targets.y, axis=0) == 0).all():
            warnings.warn(
                "all targets are equal: that number is always predicted", stacklevel=STACKLEVEL + 1
            )

    def _score_of(self, targets: Any, predictions: Any, weights: Any) -> float:
        if not self._is_pinball():
            if len(targets) < 2:
                return float("nan")
            return float(r2_score(targets, predictions, sample_weight=weights))
        errors, q = targets[:, :1] - predictions, self._quantiles()
        row_losses = np.maximum(q * errors, (q - 1) * errors).mean(axis=1)
        return -float(np.average(row_losses, weights=weights))

    def _conformity(self, targets: Any, predictions: Any) -> npt.NDArray[np.float64]:
        if self._is_pinball():
            below, above = predictions[:, :1] - targets[:, :1], targets[:, :1] - predictions[:, -1:]
            return np.asarray(np.maximum(below, above))
        return np.asarray(np.abs(targets - predictions))

    def _baseline(self, targets: Any, weights: Any, outputs: int) -> npt.NDArray[Any]:
        if self._is_pinball():
            return np.asarray(np.quantile(targets[:, 0], self._quantiles()))
        return np.asarray(np.average(targets, axis=0, weights=weights))


def _single(found: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`[N, K, ...]` without the axis K where there is a single output."""
    return found[:, 0] if found.shape[1] == 1 else found
