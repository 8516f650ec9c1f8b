"""The classifier: classes and labels in and out."""

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from fnet.core.errors import InvalidArgument
from fnet.estimators import arguments
from fnet.estimators.base import BaseMLP, dense, steps


class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multilayer perceptron that stands in for scikit-learn's classifier.

    The arguments of `sklearn.neural_network.MLPClassifier`, with the same meaning and defaults, and
    the same fitted attributes. The same `random_state` gives the same bits, and the first params
    are scikit-learn's own. Beyond it:

      activation: any of fnet's, or a sequence with one for each hidden layer.
      solver: the name of any of fnet's optimizers, which takes `learning_rate_init`; or an
        Optimizer, as `fnet.reference.adamw(1e-3)` makes one without TensorFlow.
      learning_rate: a schedule of fnet's, or a function of the step, for any solver but "lbfgs".
      class_weight: a dict of class and weight, or "balanced"; for labels a list of one for each.
        It weighs validation data too.
      dropout, clipvalue, global_clipnorm: as in `Tuning`; `tuning` is a Tuning with all else.
      early_stopping: "loss" watches the loss of the rows held out, True their score. For
        `partial_fit` too: each call then splits its rows anew, `coefs_` are the best so far, and
        once patience has run out a call changes nothing.
      standardize: learn the mean and the deviation of each feature from the first rows
        to train on, and keep them in `scaling_`. `coefs_` are of the scaled network.
      verbose: shows a progress bar.
      callback: called with the `Run` so far, a few times a second.
      engine: "numpy" works by the twin, "tensorflow" by a compiled program, and "auto" by the one
        that takes less time in a new process for so much work; `engine_` tells which it was.
        Predictions always work by NumPy.

    `fit` takes `validation_data=(X, y)`, or with weights, which is measured after each epoch into
    `validation_loss_curve_` and `validation_scores_`. A fit that fails leaves the estimator as it
    was; Ctrl-C ends one with the epochs that are done, and `ended_` tells why a fit ended, as
    `history["ended"]` of a Run or LBFGSResult does. Sparse X is made dense to train on.
    Arguments and data that do not fit raise ValueError, as scikit-learn's do.
    """

    SCORE = {"multiclass": "accuracy", "multilabel": "accuracy"}

    _parameter_constraints = {
        **arguments.CONSTRAINTS,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        class_weight=None,
        dropout=0.0,
        clipvalue=None,
        global_clipnorm=None,
        tuning=None,
        standardize=False,
        callback=None,
        engine="auto",
    ):
        vars(self).update({name: value for name, value in locals().items() if name != "self"})

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, validation_data=None):
        """Fit to rows X `[N, D]` and their classes y `[N]`, or labels `[N, K]`; return self.

        `sample_weight` is one number a row. `validation_data` is `(X, y)`, or with weights, and
        is scored after each epoch; with `early_stopping` in place of a part of the rows.
        """
        return self._fit(X, y, sample_weight, validation_data)

    @available_if(steps)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None, validation_data=None):
        """One epoch over these rows, with the optimizer as it stands; return self.

        The first call needs all `classes` that there will be, unless y is rows of labels.
        """
        if classes is None and not hasattr(self, "classes_") and np.ndim(y) < 2:
            raise InvalidArgument("classes must be passed on the first call to partial_fit.")
        return self._fit(X, y, sample_weight, validation_data, partial=True, all_classes=classes)

    def predict(self, X):
        """The classes `[N]`, or the labels `[N, K]`, of rows X."""
        chances = self._outputs(X)
        if self._multilabel:
            found = (chances > 0.5).astype(int)
            return sparse.csr_matrix(found) if self._sparse_labels else found
        best = chances.argmax(axis=1) if self.n_outputs_ > 1 else (chances[:, 0] > 0.5).astype(int)
        return self.classes_[best]

    def predict_proba(self, X):
        """The probability of each class, `[N, K]`, in the order of `classes_`."""
        chances = self._outputs(X)
        return chances if self.n_outputs_ > 1 else np.concatenate([1 - chances, chances], axis=1)

    def predict_log_proba(self, X):
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @property
    def _multilabel(self):
        return self._net.loss == "sigmoid_cross_entropy" and self._net.sizes[-1] > 1

    def _targets(self, y, going, classes=None, whole=False):
        given = None if classes is None else unique_labels(classes)
        if going and given is not None and not np.array_equal(self.classes_, given):
            raise InvalidArgument(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}"
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(dense(y), warn=True)
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise InvalidArgument(
                "Multioutput target data is not supported: y must be one class a row, or rows of 0 "
                "and 1 for labels"
            )
        if not going:
            self._sparse_labels = hasattr(y, "toarray")
        y = dense(y)
        rows = kind == "multilabel-indicator"
        found = unique_labels(y)
        if not going:
            self.classes_ = found if rows or given is None else given
            if len(self.classes_) == 1 and not rows:
                raise InvalidArgument(
                    f"y holds one class only, {self.classes_[0]}: a classifier needs at least 2"
                )
        elif rows != self._multilabel or (rows and len(found) != len(self.classes_)):
            now = f"rows of {y.shape[1]} labels" if rows else "classes"
            raise InvalidArgument(f"y must be as in the first call, of {self.classes_}; got {now}")
        if len(new := np.setdiff1d(found, self.classes_)):
            hint = "warm_start can only be used where `y` has the same classes. " if whole else ""
            raise InvalidArgument(
                f"{hint}`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{self.classes_}. 'y' has {new} too"
            )
        if whole and len(found) != len(self.classes_):
            raise InvalidArgument(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {found}"
            )
        return y != 0 if rows else np.searchsorted(self.classes_, y)

    def _network(self, x, y):
        if y.ndim == 2:
            outputs, loss = y.shape[1], "sigmoid_cross_entropy"
        elif len(self.classes_) == 2:
            outputs, loss = 1, "sigmoid_cross_entropy"
        else:
            outputs, loss = len(self.classes_), "softmax_cross_entropy"
        return arguments.network(self, x.shape[1], outputs, loss)

    def _strata(self, y):
        return y if self.n_outputs_ == 1 else None  # as scikit-learn does

    def _class_weight(self, partial):
        value = self.class_weight
        if partial and isinstance(value, str):
            raise InvalidArgument(
                "class_weight 'balanced' is not supported for partial_fit: one part of the rows "
                "does not tell how many there are of a class; give a dict"
            )
        if not isinstance(value, dict):
            return value
        places = {c: i for i, c in enumerate(self.classes_.tolist())}
        if unknown := [c for c in value if c not in places]:
            raise InvalidArgument(
                f"class_weight must be for classes of y, {self.classes_}; got one for "
                f"{unknown[0]!r}"
            )
        return {places[c]: weight for c, weight in value.items()}

    def _become(self, net, layers, classes):
        super()._become(net, layers, classes)
        count = max(net.sizes[-1], 2)
        self.classes_ = np.arange(count) if classes is None else np.asarray(classes)
        self._sparse_labels = False
        if self.classes_.shape != (count,):
            raise InvalidArgument(
                f"classes must be the names of the {count} classes; got shape "
                f"{list(self.classes_.shape)}"
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
