"""What both estimators share: names and shapes in, `train` underneath, fitted attributes out."""

import contextlib
import copy
import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fnet import backends
from fnet.core import class_weights, scaling
from fnet.core.batches import minibatch_plan
from fnet.core.early_stopping import RUNNING
from fnet.core.errors import InvalidArgument, NotFinite
from fnet.core.params import Layer
from fnet.estimators import arguments
from fnet.estimators.conversion import ConversionMixin
from fnet.reference import functions

USER = 6
"""How far up the stack a warning belongs: to the caller of `fit`."""


def steps(estimator):
    """Whether the solver takes steps, so that there is a `partial_fit`."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


def dense(array):
    """An array or a sparse matrix as an array."""
    return array.toarray() if hasattr(array, "toarray") else array


class BaseMLP(ConversionMixin, BaseEstimator):
    """A multilayer perceptron. Its subclasses say what targets are.

    `SCORE` maps what a network's targets are (`network.Loss`) to the measure of validation data
    that is the score. `_targets(y, going, classes, whole)` gives targets as the network takes
    them: unless `going` they are the first, and classes are learnt from them; with `whole` they
    must hold each class. `_network(x, y)` gives the Network for features and such targets.
    """

    def _fit(self, X, y, sample_weight, validation_data, *, partial=False, all_classes=None):
        """Fit a copy, and become it: a fit that fails leaves everything as it was."""
        new = copy.copy(self)
        new._learn(X, y, sample_weight, validation_data, partial, all_classes)
        self.__dict__ = new.__dict__
        return self

    def _learn(self, X, y, sample_weight, validation_data, partial, all_classes):
        going = hasattr(self, "coefs_") and (partial or self.warm_start)
        x, y, weights = self._admitted(X, y, sample_weight, reset=not going)
        if not partial and y.ndim == 2 and y.shape[1] > y.shape[0]:
            raise InvalidArgument(
                f"y must not have more outputs than rows; got shape {list(y.shape)}. Rows belong "
                "to rows of X: is it y.T that you mean?"
            )
        y = self._targets(y, going, all_classes, whole=going and not partial)
        random = check_random_state(self.random_state)
        if going:
            arguments.same_network(self, self._net)
        else:
            self._net = self._network(x, y)
            self._set_layers(arguments.start(self, self._net, random, x.dtype))
        (x, y, weights), held = self._parts(x, y, weights, validation_data, random)
        if not going:
            self.scaling_ = None
            if self.standardize:
                self.scaling_ = scaling.learnt(x, y if self._scales_targets else None, weights)
        seed = int(random.randint(2**32, dtype=np.uint32))
        if self.solver == "lbfgs":
            self._minimize(*self._scaled(x, y), weights)
        else:
            held = held and (*self._scaled(*held[:2]), *held[2:])
            self._train(*self._scaled(x, y), weights, held, going, partial, seed)

    # What goes in.

    def _admitted(self, X, y, sample_weight, reset):
        """`(x, y, weights)` as scikit-learn validates them; x is dense."""
        X, y = validate_data(
            *(self, X, y),
            accept_sparse=("csr", "csc"),
            multi_output=True,
            y_numeric=not hasattr(self, "predict_proba"),
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        return dense(X), y, weights

    def _parts(self, x, y, weights, validation_data, random):
        """`(x, y, weights)` to train on, and validation data, with weights or without, or None."""
        if self.solver == "lbfgs" or (validation_data is None and not self.early_stopping):
            return (x, y, weights), None
        if validation_data is not None:
            return (x, y, weights), self._held(validation_data)
        from sklearn.model_selection import train_test_split

        given = [column for column in (x, y, weights) if column is not None]
        parts = train_test_split(
            *given,
            random_state=random,
            test_size=self.validation_fraction,
            stratify=self._strata(y),
        )
        x, y, *weights = parts[::2]
        if len(parts[1]) < 2:
            raise InvalidArgument(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        return (x, y, weights[0] if weights else None), tuple(parts[1::2])

    def _held(self, data):
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise InvalidArgument(
                f"validation_data must be (X, y) or (X, y, sample_weight); got {type(data)}"
            )
        try:
            x, y, weights = self._admitted(*data, *[None] * (3 - len(data)), reset=False)
            y = self._targets(y, going=True)
        except ValueError as error:
            raise InvalidArgument(f"validation_data: {error}") from error
        return (x, y) if weights is None else (x, y, weights)

    def _strata(self, y):
        """By what the split of early stopping is stratified."""
        return

    @property
    def _scales_targets(self):
        return False

    def _scaled(self, x, y):
        if self.scaling_ is None:
            return x, y
        return self.scaling_.features(x), self.scaling_.targets(y)

    def _class_weight(self, partial):
        """`class_weight` as `train` takes it."""
        return

    def _tuning(self, seed):
        return arguments.tuning(self, self._net, seed)

    # What does the work.

    def _train(self, x, y, weights, held, going, partial, seed):
        seen = getattr(self, "t_", 0) if going else 0
        seed = (seed + seen) % 2**32  # another order of rows in each call of partial_fit
        plan = minibatch_plan(
            *(len(x), self._batch(len(x)), 1 if partial else self.max_iter),
            *(seed if self.shuffle else None, weights),
        )
        side, self.engine_ = backends.choose(
            *(self.engine, self._net, plan.width, plan.epochs * plan.steps)
        )
        score = self.SCORE[self._net.targets]
        with _solving():
            run = side.train(
                *(self._net, arguments.optimizer(self, plan)),
                *(self._begin(going and partial), x, y, plan),
                tuning=self._tuning(seed),
                class_weight=self._class_weight(partial),
                validation=held,
                metrics=(score,) if held else None,
                callback=self.callback,
                progress=bool(self.verbose),
                **arguments.stopping(self, f"validation_{score}"),
            )
        if run.history["ended"] == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=USER)
        if run.history["ended"] == "epochs" and not partial:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=USER,
            )
        self._take(run, y, weights, going, seen)

    def _batch(self, rows):
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=USER + 1,
            )
        return min(self.batch_size, rows)

    def _begin(self, onward):
        """What `train` begins with: params, and where they go onward the state of all else."""
        if not onward or self._train_state is None:
            return self._layers()
        if self.early_stopping:  # coefs_ are the best, which may not be the last
            return self._train_state
        running = np.full((), RUNNING, np.int32)
        return self._train_state._replace(params=self._layers(), ended=running)

    def _take(self, run, y, weights, going, seen):
        """The fitted attributes, of a Run."""
        unit, offset = self._reported(y, weights)

        def curve(name, measure, unit=unit, offset=offset):
            if (values := run.history.get(measure)) is None:
                return None
            earlier = (getattr(self, name, None) or []) if going else []
            return [*earlier, *(unit * values + offset).tolist()]

        score = self.SCORE[self._net.targets]
        sign = -1.0 if score == "mean_pinball_loss" else 1.0  # the larger the better
        self._set_layers(run.params)
        self._train_state = _plain(run.train_state)
        self.loss_curve_ = curve("loss_curve_", "loss")
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_, default=np.inf)
        self.validation_loss_curve_ = curve("validation_loss_curve_", "validation_loss")
        self.validation_scores_ = curve("validation_scores_", f"validation_{score}", sign, 0.0)
        self.best_validation_score_ = max(self.validation_scores_ or [], default=None)
        self.n_iter_, self.ended_ = len(run.history["loss"]), run.history["ended"]
        self.t_ = seen + self.n_iter_ * len(y)

    def _minimize(self, x, y, weights):
        """Fit by L-BFGS."""
        tuning, counted = self._tuning(None), weights
        if (class_weight := self._class_weight(False)) is not None:
            numbers = class_weights.resolve(self._net, class_weight, y, weights)
            if numbers.ndim > 1:
                tuning = tuning._replace(label_weights=numbers)
            else:
                counted = class_weights.row_factors(self._net, y, numbers) * (
                    1 if weights is None else weights
                )
        side, self.engine_ = backends.choose(self.engine, self._net, len(x), self.max_iter)
        with _solving():
            end = side.minimize_lbfgs(
                *(self._net, self._layers(), x, y, counted),
                tuning=tuning,
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                progress=bool(self.verbose),
            )
        self.ended_ = ended = end.history["ended"]
        if ended == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=USER)
        elif ended != "converged":
            warnings.warn(
                f"lbfgs failed to converge after {end.iterations} iteration(s): {ended}. Increase "
                f"max_iter={self.max_iter} or max_fun={self.max_fun}, or scale the data.",
                ConvergenceWarning,
                stacklevel=USER,
            )
        unit, offset = self._reported(y, weights)
        self._set_layers(end.params)
        self._train_state = None
        self.loss_ = float(unit * end.loss + offset)
        self.n_iter_, self.t_ = min(int(end.iterations), self.max_iter), 0

    # What comes out.

    def _reported(self, y, weights):
        """`(unit, offset)` from the loss that is trained on to the one that is reported."""
        return 1.0, 0.0

    def _layers(self):
        return tuple(map(Layer, self.coefs_, self.intercepts_))

    def _set_layers(self, layers):
        net = self._net
        output = net.output if net.link == "identity" else net.link
        self.coefs_ = [np.array(layer.w) for layer in layers]
        self.intercepts_ = [np.array(layer.b) for layer in layers]
        self.n_layers_, self.n_outputs_ = len(net.sizes), net.sizes[-1]
        self.out_activation_ = "logistic" if output == "sigmoid" else output

    def _outputs(self, X):
        """What the network gives for X, `[N, K]`, by NumPy alone."""
        if not hasattr(self, "coefs_"):
            check_is_fitted(self)
        x = validate_data(self, X, accept_sparse=("csr", "csc"), reset=False)
        x = x if self.scaling_ is None else self.scaling_.features(dense(x))
        found = functions.prediction(self._net, functions.logits(self._net, self._layers(), x))
        return found if self.scaling_ is None else self.scaling_.predictions(found)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@contextlib.contextmanager
def _solving():
    """Within it NotFinite becomes the error that scikit-learn's users know."""
    try:
        yield
    except NotFinite as error:
        raise InvalidArgument(
            "Solver produced non-finite parameter weights. The input data may contain large values "
            f"and need to be preprocessed. In detail: {error}"
        ) from error


def _plain(tree):
    """A structure of tuples with NumPy arrays in place of tensors, to keep and to pickle."""
    if isinstance(tree, tuple):
        parts = map(_plain, tree)
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return tree if tree is None else np.asarray(tree)
