"""The classifier: classes or labels as targets."""

from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils._param_validation import StrOptions

from fnet.core import checks, class_weights
from fnet.core.aliases import ArrayLike, Params, Precision
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
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
from fnet.estimators.held_out import HeldOut
from fnet.estimators.sklearn_api import ClassifierMixin, available_if, fit_context
from fnet.estimators.targets import ClassTargets
from fnet.estimators.validation import convert_targets


class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multilayer perceptron that replaces scikit-learn's classifier by changing the import line.

    It has the arguments of `sklearn.neural_network.MLPClassifier` with the same meaning and
    defaults, the same fitted attributes, and the same first params for the same `random_state`.
    It minimizes the cross-entropy: of the softmax for several classes, of the sigmoid for two
    classes or for several labels.

    A fit that fails leaves the estimator as it was. Ctrl-C ends a fit after the epochs done so
    far. Sparse X stays sparse (see `engine`). Invalid arguments and data raise ValueError, as in
    scikit-learn.

    Args:
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
        class_weight: A dict of class and weight, or "balanced"; for several labels a list with one
            of these for each. It weights validation rows too. A class without an entry has the
            weight 1. Keys may name classes that y lacks, if each class of y has a weight.
        dropout: The rate at which hidden units are dropped in training, from 0 to below 1.
        clipvalue: Bound of each number of the gradient, or None.
        global_clipnorm: Bound of the norm of the whole gradient, or None.
        tuning: A `Tuning` with further hyperparameters; its numbers override the arguments.
        standardize: Whether to scale each feature to mean 0 and deviation 1, by the first rows to
            train on. The scaling is kept in `scaling_`, and predictions apply it.
        callback: Called with the `Run` so far, a few times a second.
        engine: "numpy", "tensorflow", or "auto" for the one that finishes first in a new process,
            chosen by the amount of work. For sparse X "auto" is "numpy", whose first product takes
            the stored entries alone; TensorFlow gets the dense rows of a few batches at a time.
            Predictions always use NumPy.
        precision: "float32", or "tf32" for faster and less exact products on a GPU; see
            `fnet.train`.

    Attributes:
        classes_: The classes, sorted; the column numbers for several labels.
        coefs_: Weights of each layer, `[D, H]`, of the scaled network where `standardize` is set.
        intercepts_: Biases of each layer, `[H]`.
        n_features_in_: The number of features D.
        feature_names_in_: The column names of X, where it had names of text.
        n_layers_: The number of layers, the input among them.
        n_outputs_: The number of outputs K.
        out_activation_: The output activation: "softmax" or "logistic".
        scaling_: Means and deviations of `standardize`; None without it.
        engine_: The engine of the last fit, "numpy" or "tensorflow".
        n_iter_: Epochs, or iterations, of the last call.
        t_: Rows seen in training, over all calls that continued.
        ended_: Why the last fit ended, as in `history["ended"]` of a Run or an LBFGSResult.
        loss_: The last value of the loss.
        best_loss_: The lowest loss; None with `early_stopping`.
        loss_curve_: The loss of each epoch.
        validation_loss_curve_: The validation loss of each epoch; None without validation rows.
        validation_scores_: The validation score of each epoch, the accuracy; None without
            validation rows.
        best_validation_score_: The highest of them, or None.

    Example:
        >>> import fnet
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = fnet.MLPClassifier(solver="lbfgs", standardize=True, random_state=0)
        >>> model.fit(X, y).score(X, y) > 0.95
        True
    """

    SCORE = {"multiclass": "accuracy", "multilabel": "accuracy"}

    classes_: npt.NDArray[Any]
    class_weight: dict[Any, float] | list[Any] | Literal["balanced"] | None

    _sparse_labels: bool

    _parameter_constraints = {
        **CONSTRAINTS,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
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
        class_weight: dict[Any, float] | list[Any] | Literal["balanced"] | None = None,
        dropout: float = 0.0,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        tuning: Tuning | None = None,
        standardize: bool = False,
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
        """Fit to rows and their classes.

        Args:
            X: Features `[N, D]`.
                Or a dataset of `table_dataset`, without y, whose epochs and batches are those of
                the fit, in place of `max_iter`, `batch_size` and `shuffle`.
            y: Classes `[N]` of any type, or labels of 0 and 1 `[N, K]`.
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
            >>> model = fnet.MLPClassifier(solver="lbfgs", random_state=0)
            >>> model.fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"]).classes_
            array(['a', 'b'], dtype='<U1')
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
        classes: ArrayLike | None = None,
        validation_data: ValidationData | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on these rows, with the optimizer's state of the last call.

        Args:
            X: Features `[N, D]`.
            y: Classes `[N]`, or labels of 0 and 1 `[N, K]`.
            sample_weight: Row weights `[N]`, 0 or more, or None.
            classes: All classes of this call and later ones. The first call needs it, unless y is
                labels.
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
            >>> model = fnet.MLPClassifier(random_state=0)
            >>> model.partial_fit([[0.0], [1.0]], [0, 1], classes=[0, 1, 2]).n_outputs_
            3
        """
        if classes is None and not hasattr(self, "classes_") and np.ndim(y) < 2:  # type: ignore[arg-type]
            raise InvalidArgument("classes must be passed on the first call to partial_fit.")
        held_out = HeldOut(validation_data, X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, held_out, partial=True, classes=classes)

    def predict(self, X: MatrixLike) -> npt.NDArray[Any]:
        """Predict the most likely class of each row.

        Args:
            X: Features `[N, D]`.

        Returns:
            Classes `[N]`, or labels `[N, K]`: those with a probability above 0.5, as a sparse
            matrix if y was one in the fit.

        Raises:
            NotFittedError: The estimator is not fitted.

        Example:
            >>> import fnet
            >>> model = fnet.MLPClassifier(solver="lbfgs", random_state=0)
            >>> model.fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"]).predict([[-1.0]])
            array(['a'], dtype='<U1')
        """
        probabilities = self._predict_raw(X)
        found: npt.NDArray[Any] = self._fitted_targets().decode(probabilities)
        return found

    def predict_proba(self, X: MatrixLike) -> npt.NDArray[Any]:
        """Predict the probability of each class.

        Args:
            X: Features `[N, D]`.

        Returns:
            Probabilities `[N, C]` in the order of `classes_`, 1 where there is one class; of
            several labels `[N, K]`.

        Raises:
            NotFittedError: The estimator is not fitted.

        Example:
            >>> import fnet
            >>> model = fnet.MLPClassifier(solver="lbfgs", random_state=0)
            >>> model = model.fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
            >>> model.predict_proba([[-1.0], [4.0]]).shape
            (2, 2)
        """
        outputs = self._predict_raw(X)
        return self._fitted_targets().probabilities(outputs)

    def predict_log_proba(self, X: MatrixLike) -> npt.NDArray[Any]:
        """Predict the logarithm of the probability of each class.

        Args:
            X: Features `[N, D]`.

        Returns:
            The logarithms of `predict_proba`.

        Raises:
            NotFittedError: The estimator is not fitted.

        Example:
            >>> import fnet
            >>> model = fnet.MLPClassifier(solver="lbfgs", random_state=0)
            >>> model = model.fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
            >>> bool((model.predict_log_proba([[-1.0]]) <= 0).all())
            True
        """
        with np.errstate(divide="ignore"):
            found: npt.NDArray[Any] = np.log(self.predict_proba(X))
        return found

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """The accuracy: the fraction of rows whose class is predicted, or all of whose labels are.

        Args:
            X: Features `[N, D]`.
            y: Classes `[N]`, or labels `[N, K]`.
            sample_weight: Row weights `[N]`, 0 or more, or None.

        Returns:
            The accuracy.

        Raises:
            NotFittedError: The estimator is not fitted.

        Example:
            >>> import fnet
            >>> model = fnet.MLPClassifier(solver="lbfgs", random_state=0)
            >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"]
            >>> model.fit(X, y).score(X, y)
            1.0
        """
        return float(super().score(X, convert_targets(y), sample_weight))

    @classmethod
    def from_functional(
        cls, net: Network, params: Params, *, classes: ArrayLike | None = None, **arguments: Any
    ) -> Self:
        """A fitted estimator that predicts as `fnet.predict(net, params, X)` does.

        Args:
            net: A network with a cross-entropy loss.
            params: Its params, without member axes.
            classes: The classes, `[C]`; None for the integers from 0.
            **arguments: Arguments of the estimator, for later fits.

        Returns:
            The fitted estimator.

        Raises:
            InvalidArgument: The network has another kind of loss, or params or classes do not fit.

        Example:
            >>> import fnet
            >>> net = fnet.Network((4, 3))
            >>> params = fnet.reference.init_params(net, seed=0)
            >>> fnet.MLPClassifier.from_functional(net, params, classes=["a", "b", "c"]).n_outputs_
            3
        """
        return cls._from_functional(net, params, classes, arguments)

    # What BaseMLP asks of a subclass.

    def _learn_targets(
        self, y: Any, classes: ArrayLike | None
    ) -> tuple[ClassTargets, npt.NDArray[Any]]:
        return ClassTargets.learn(y, classes)

    def _fitted_targets(self) -> ClassTargets:
        multilabel = self._net.targets == "multilabel" and self._net.sizes[-1] > 1
        return ClassTargets(self.classes_, multilabel, self._sparse_labels)

    def _targets_of_classes(self, classes: Any) -> ClassTargets:
        return ClassTargets(classes, multilabel=False, sparse=False)

    def _store_targets(self, targets: ClassTargets) -> None:
        self.classes_, self._sparse_labels = targets.classes, targets.sparse

    def _make_network(self, n_features: int, targets: ClassTargets) -> Network:
        n_classes = len(targets.classes)
        if targets.multilabel:
            return translation.network(self, n_features, n_classes, "sigmoid_cross_entropy")
        if n_classes <= 2:
            return translation.network(self, n_features, 1, "sigmoid_cross_entropy")
        return translation.network(self, n_features, n_classes, "softmax_cross_entropy")

    def _class_weights(self, targets: ClassTargets, partial: bool) -> Any:
        value = self.class_weight
        if partial and isinstance(value, str):
            raise InvalidArgument(
                "class_weight 'balanced' is not supported for partial_fit: a part of the rows does "
                "not show how frequent each class is. Give a dict"
            )
        if targets.multilabel or not isinstance(value, dict):
            return value
        classes = targets.classes.tolist()
        class_weights.check_keys(value, classes)
        return {
            i: checks.one_number(f"class_weight for class {c!r}", value[c])
            for i, c in enumerate(classes)
            if c in value
        }

    def _store_converted(self, net: Network, params: Params, classes: ArrayLike | None) -> None:
        super()._store_converted(net, params, classes)
        count = max(net.sizes[-1], 2)
        found = np.arange(count) if classes is None else np.asarray(classes)
        only_one = net.sizes[-1] == 1 and found.shape == (1,)
        if found.shape != (count,) and not only_one:
            raise InvalidArgument(
                f"classes must be the names of the {count} classes; got shape {list(found.shape)}"
            )
        multilabel = net.targets == "multilabel" and net.sizes[-1] > 1
        self._store_targets(ClassTargets(found, multilabel, sparse=False))

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of the estimator: it supports several labels."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
