"""The regressor: numbers in and out."""

from numbers import Real

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fnet.core.errors import InvalidArgument
from fnet.core.network import LOSSES
from fnet.estimators import arguments
from fnet.estimators.base import BaseMLP, dense, steps

OF_NUMBERS = {
    name for name, loss in LOSSES.items() if loss.targets in ("real", "counts", "quantiles")
}


class MLPRegressor(RegressorMixin, BaseMLP):
    """A multilayer perceptron that stands in for scikit-learn's regressor.

    The arguments of `sklearn.neural_network.MLPRegressor`, with the same meaning and defaults, and
    the same fitted attributes. The same `random_state` gives the same bits, and the first params
    are scikit-learn's own. Beyond it:

      activation: any of fnet's, or a sequence with one for each hidden layer.
      solver: the name of any of fnet's optimizers, which takes `learning_rate_init`; or an
        Optimizer, as `fnet.reference.adamw(1e-3)` makes one without TensorFlow.
      learning_rate: a schedule of fnet's, or a function of the step, for any solver but "lbfgs".
      loss: any of fnet's for numbers. For several outputs the reported squared error is their
        mean, and so are penalties in it, as only the sum is minimized.
      quantiles: minimizes the pinball loss; predictions are `[N, Q]`, one column for each.
      dropout, clipvalue, global_clipnorm: as in `Tuning`; `tuning` is a Tuning with all else.
      early_stopping: "loss" watches the loss of the rows held out, True their score. For
        `partial_fit` too: each call then splits its rows anew, `coefs_` are the best so far, and
        once patience has run out a call changes nothing.
      standardize: learn the mean and the deviation of each feature, and of targets but
        counts, from the first rows to train on, and keep them in `scaling_`. `coefs_`, losses and
        scores of quantiles are of the scaled network.
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

    SCORE = {"real": "r2", "counts": "r2", "quantiles": "mean_pinball_loss"}

    _parameter_constraints = {
        **arguments.CONSTRAINTS,
        "loss": [StrOptions(OF_NUMBERS)],
        "quantiles": ["array-like", Interval(Real, 0, 1, closed="neither"), None],
    }

    def __init__(
        self,
        loss="squared_error",
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
        quantiles=None,
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
        """Fit to rows X `[N, D]` and their targets y, `[N]` or `[N, K]`; return self.

        `sample_weight` is one number a row. `validation_data` is `(X, y)`, or with weights, and
        is scored after each epoch; with `early_stopping` in place of a part of the rows.
        """
        return self._fit(X, y, sample_weight, validation_data)

    @available_if(steps)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, validation_data=None):
        """One epoch over these rows, with the optimizer as it stands; return self."""
        return self._fit(X, y, sample_weight, validation_data, partial=True)

    def predict(self, X):
        """The predictions for rows X, `[N]`, or `[N, K]` for several outputs or quantiles."""
        found = self._outputs(X)
        return found[:, 0] if found.shape[1] == 1 else found

    def score(self, X, y, sample_weight=None):
        """The coefficient of determination R²; of quantiles, minus their mean pinball loss."""
        check_is_fitted(self)
        if self._net.targets != "quantiles":
            return super().score(X, y, sample_weight)
        off = column_or_1d(y)[:, None] - self.predict(X).reshape(-1, self.n_outputs_)
        q = self._levels()
        rows = np.maximum(q * off, (q - 1) * off).mean(axis=1)
        return -float(np.average(rows, weights=sample_weight))

    @classmethod
    def from_functional(cls, net, params, **arguments):
        """An estimator, fitted, that predicts as `fnet.predict(net, params, X)` does.

        `arguments` are those of the estimator, for what is done with it later; a pinball loss
        needs its `quantiles`.
        """
        return super().from_functional(net, params, **{"loss": net.loss, **arguments})

    def _levels(self):
        return np.atleast_1d(0.5 if self.quantiles is None else self.quantiles)

    def _targets(self, y, going, classes=None, whole=False):
        y = dense(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if going and y.shape[1:] != (() if self._single else (self.n_outputs_,)):
            raise InvalidArgument(
                f"y must have the {self.n_outputs_} outputs of the first call; got {list(y.shape)}"
            )
        return y

    @property
    def _single(self):
        return self.n_outputs_ == 1 or self._net.targets == "quantiles"

    def _network(self, x, y):
        if self.quantiles is None and self.loss != "pinball":
            outputs = 1 if y.ndim == 1 else y.shape[1]
            return arguments.network(self, x.shape[1], outputs, self.loss)
        if self.loss not in ("squared_error", "pinball"):
            raise InvalidArgument(f"quantiles go with loss='pinball'; got {self.loss!r}")
        return arguments.network(self, x.shape[1], len(self._levels()), "pinball")

    def _tuning(self, seed):
        found = super()._tuning(seed)
        single = self._net.targets == "quantiles"
        return found._replace(quantiles=self._levels()) if single else found

    @property
    def _scales_targets(self):
        return self._net.link != "exp"

    def _reported(self, y, weights):
        """scikit-learn reports the mean over outputs, and half the deviance of counts."""
        if self._net.loss == "squared_error":
            return 1 / self.n_outputs_, 0.0
        if self._net.loss != "poisson":
            return 1.0, 0.0
        logs = y * np.log(np.where(y > 0, y, 1)) - y
        return 1.0, float(np.average(logs, axis=0, weights=weights).sum())
