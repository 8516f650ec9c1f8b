"""The classifier: classes or labels as targets."""

import warnings
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from fnet.core.aliases import ArrayLike, Precision
from fnet.core.conformal import label_sets
from fnet.core.ensemble import conformity_for
from fnet.core.errors import InvalidArgument
from fnet.encoding.transformer import TableEncoder
from fnet.estimators.arguments import EngineName, RandomState
from fnet.estimators.sklearn_api import ClassifierMixin, fit_context
from fnet.estimators.tabular.base import CONSTRAINTS, BaseTabular
from fnet.estimators.tabular.folds import STACKLEVEL
from fnet.estimators.tabular.targets import Targets


class TabularClassifier(ClassifierMixin, BaseTabular):
    """A classifier of tables with columns of any kind: an ensemble of networks, one for each fold.

    `fit` learns what each column is (`TableEncoder`), splits the rows into folds, and trains one
    network for each fold without the rows that it holds out, all in one program. The mean of their
    probabilities predicts. What each network predicts for its held-out rows gives the score to
    expect on new rows, and the sets of `predict_set`.

    The network and its training depend on the number of rows alone, unless they are given. The same
    arguments give the same bits.

    Args:
        cv: The number of folds, stratified and shuffled; or a splitter of scikit-learn, or pairs of
            indices. 0 trains one network on all rows, which has no score.
        repeats: How often the folds are drawn: `cv * repeats` networks.
        hidden: Units of each hidden layer, as `(128, 128)`; None for the rule.
        epochs: Passes over the rows; None for the rule.
        time_limit: Seconds for the whole fit, or None: then there are as many epochs as they allow,
            and `epochs=n_epochs_` repeats the fit.
        class_weight: A dict of class and weight, or "balanced".
        encoder: A `TableEncoder` with other options, which is copied; None for the usual one.
        importance: Whether to measure what each column is worth.
        engine: "numpy", "tensorflow", or "auto" for the one that finishes first in a new process.
            Predictions always use NumPy.
        precision: "float32", or "tf32" for faster and less exact products on a GPU; see
            `fnet.train`.
        random_state: An integer, a `numpy.random.RandomState`, or None.
        verbose: Whether to show a progress bar on standard error.

    Attributes:
        classes_: The classes, sorted; the column numbers for several labels.
        cv_score_: The accuracy of the out-of-fold predictions: what to expect on new rows.
        cv_score_std_error_: Its standard error, from the folds.
        cv_scores_: The accuracy of each fold.
        baseline_score_: The accuracy of always predicting the most frequent class.
        oof_predictions_: Out-of-fold probabilities, `[N, K]`: of each row by the networks that held
            it out; NaN where none did. Not kept in files.
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
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> model = fnet.TabularClassifier(epochs=50).fit(X, y)
        >>> model.cv_score_ > 0.9
        True
        >>> model.predict_set(X[:2], coverage=0.9).shape
        (2, 3)
    """

    SCORE = {"multiclass": "accuracy", "multilabel": "accuracy"}

    classes_: npt.NDArray[Any]
    class_weight: dict[Any, float] | Literal["balanced"] | None

    _parameter_constraints = {
        **CONSTRAINTS,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        cv: Any = 8,
        repeats: int = 1,
        hidden: Any = None,
        epochs: int | None = None,
        time_limit: float | None = None,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
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
        self.class_weight = class_weight
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
        """Fit to a table and its classes.

        Args:
            X: The table: a data frame of any library, an Arrow table, a dict of columns, a list of
                dicts, or rows `[N, D]`. Or the result of `table_dataset` alone: the networks train
                on all rows, in its batches and epochs; scores, intervals and importances are those
                of about 65,536 rows drawn at random, each by the networks that hold out its fold.
            y: Classes `[N]` of any type, or labels of 0 and 1 `[N, K]`.
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
        """Predict the most likely class of each row.

        Args:
            X: The table, with the columns of `fit` in any order.

        Returns:
            Classes `[N]`, or labels `[N, K]`: those with a probability above 0.5.

        Raises:
            NotFittedError: The estimator is not fitted.
            InvalidArgument: A column is missing or a cell cannot be read.
        """
        probabilities = self.predict_proba(X)
        if self._net.targets == "multilabel":
            return (probabilities > 0.5).astype(int)
        found: npt.NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return found

    def predict_proba(self, X: Any) -> npt.NDArray[Any]:
        """Predict the probability of each class: the mean over the networks.

        Args:
            X: The table, with the columns of `fit` in any order.

        Returns:
            Probabilities `[N, K]` in the order of `classes_`.

        Raises:
            NotFittedError: The estimator is not fitted.
            InvalidArgument: A column is missing or a cell cannot be read.
        """
        found: npt.NDArray[Any] = self._predict_members(X).mean(axis=0)
        return found

    def predict_set(self, X: Any, coverage: float = 0.9) -> npt.NDArray[np.bool_]:
        """Predict sets of classes that hold the true one as often as asked, by CV+.

        Args:
            X: The table, with the columns of `fit` in any order.
            coverage: The part of new rows whose classes are in their sets, above 0 and at most
                `1 - 1 / (N + 1)`.

        Returns:
            Whether each class is in the set, `[N, K]`. The most probable class always is.

        Raises:
            NotFittedError: The estimator is not fitted.
            InvalidArgument: The coverage is invalid, or the fit had no folds or several labels.

        References:
            Romano, Sesia, Candès, "Classification with valid and adaptive coverage" (2020).
        """
        check_is_fitted(self)
        kept = conformity_for("predict_set", self._net, self._ensemble, coverage)
        return label_sets(self._predict_members(X), kept, coverage)

    def predict_std(self, X: Any) -> npt.NDArray[Any]:
        """How far the networks disagree: the standard deviation of their probabilities.

        Args:
            X: The table, with the columns of `fit` in any order.

        Returns:
            Standard deviations `[N, K]`.

        Raises:
            NotFittedError: The estimator is not fitted.
        """
        found: npt.NDArray[Any] = self._predict_members(X).std(axis=0)
        return found

    # What BaseTabular asks of a subclass.

    def _learn_targets(self, y: npt.NDArray[Any], weights: Any) -> Targets:
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multilabel-indicator":
            return Targets(y != 0, "sigmoid_cross_entropy", y.shape[1], np.arange(y.shape[1]))
        if y.ndim > 1:
            raise InvalidArgument(
                "y must be one class a row, or rows of 0 and 1 for labels; got several columns of "
                f"classes, of shape {list(y.shape)}"
            )
        classes, codes = np.unique(y, return_inverse=True)
        return Targets(codes, "softmax_cross_entropy", len(classes), classes)

    def _warn_of_targets(self, targets: Targets) -> None:
        if targets.classes is not None and len(targets.classes) == 1:
            [label] = targets.classes.tolist()
            warnings.warn(
                f"all rows have the class {label!r}, which is always predicted",
                stacklevel=STACKLEVEL + 1,
            )

    def _class_weights(self, targets: Targets) -> Any:
        if not isinstance(self.class_weight, dict):
            return self.class_weight
        codes = {label: code for code, label in enumerate(np.asarray(targets.classes).tolist())}
        if unknown := [key for key in self.class_weight if key not in codes]:
            raise InvalidArgument(
                f"class_weight must have classes of y, {list(codes)!r:.200}; got {unknown!r:.100}"
            )
        return {codes[key]: value for key, value in self.class_weight.items()}

    def _score_of(self, targets: Any, predictions: Any, weights: Any) -> float:
        if targets.ndim == 1:
            right = predictions.argmax(axis=1) == targets
        else:
            right = ((predictions > 0.5) == targets).all(axis=1)
        return float(np.average(right, weights=weights))

    def _conformity(self, targets: Any, predictions: Any) -> npt.NDArray[np.float64] | None:
        if targets.ndim > 1:
            return None
        own = np.take_along_axis(predictions.astype(np.float64), targets[:, None], axis=1)
        return 1.0 - own

    def _baseline(self, targets: Any, weights: Any, outputs: int) -> npt.NDArray[Any]:
        if targets.ndim > 1:
            return np.average(targets, axis=0, weights=weights)
        return np.bincount(targets, weights, minlength=outputs)
