"""The fit of both estimators: validate, split, scale, train by either engine, store the result."""

import contextlib
import copy
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from fnet import backends
from fnet.core import class_weights
from fnet.core.aliases import ArrayLike, Params
from fnet.core.batches import Plan, minibatch_plan
from fnet.core.early_stopping import RUNNING
from fnet.core.errors import InvalidArgument, NotFinite
from fnet.core.lbfgs import LBFGSResult
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.run_state import Run, TrainState
from fnet.core.scaling import Scaling
from fnet.core.sparse_rows import SparseRows
from fnet.core.tuning import Tuning
from fnet.estimators import streams, translation
from fnet.estimators.arguments import ArgumentsMixin, EngineName, MatrixLike
from fnet.estimators.conversion import ConversionMixin
from fnet.estimators.data import (
    Data,
    check_orientation,
    scale,
    split_validation,
    standardization,
    validate_rows,
)
from fnet.estimators.held_out import HeldOut
from fnet.estimators.targets import Targets
from fnet.estimators.verbose import BAR, EpochLines, Report, show, stopped

STACKLEVEL = 6
"""How far up the stack a warning belongs: to the caller of `fit`."""


class FitCall(NamedTuple):
    """How the user called `fit` or `partial_fit`.

    Attributes:
        partial: Whether the call was `partial_fit`: one epoch.
        resuming: Whether it continues with the fitted network.
        classes: The `classes` of `partial_fit`, or None.
    """

    partial: bool
    resuming: bool
    classes: ArrayLike | None


class FitTask(NamedTuple):
    """What one call of `fit` or `partial_fit` trains, checked and scaled.

    Attributes:
        net: The network.
        start: The params to start from, or the state of the last call to continue.
        data: The rows to train on.
        validation: The validation rows, or None.
        class_weight: The class weights as `train` takes them.
        seed: The seed of batches and dropout, below 2**32.
        samples_seen: The rows that earlier calls have trained on.
        call: How the user called.
        targets: What the fit has learnt from its targets.
        scaling: The scaling of `data` and `validation`, or None.
    """

    net: Network
    start: Params | TrainState
    data: Data
    validation: Data | None
    class_weight: Any
    seed: int
    samples_seen: int
    call: FitCall
    targets: Targets
    scaling: Scaling | None


class Training(NamedTuple):
    """The arguments of `train` for a fit that takes steps.

    Attributes:
        net: The network.
        optimizer: The optimizer.
        start: The params to start from, or the state of the last call to continue.
        data: The rows to train on.
        plan: The batches.
        options: The other arguments, by name.
    """

    net: Network
    optimizer: Optimizer
    start: Params | TrainState
    data: Data
    plan: Plan
    options: dict[str, Any]

    def run(self, side: ModuleType, **options: Any) -> Run:
        """Train by an engine, with further arguments."""
        columns: dict[str, Any] = {"x": self.data.x, "y": self.data.y, "plan": self.plan}
        if streams.is_stream(self.data.x):
            columns = {"data": self.data.x}
        run: Run = side.train(
            self.net, self.optimizer, self.start, **columns, **self.options, **options
        )
        return run


def has_partial_fit(estimator: ArgumentsMixin) -> bool:
    """Whether the solver takes steps, so that `partial_fit` exists; otherwise AttributeError."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


class BaseMLP(ConversionMixin):
    """A multilayer perceptron. A subclass defines its targets, its network and its loss."""

    # Defined by each subclass.

    def _learn_targets(self, y: Any, classes: ArrayLike | None) -> tuple[Targets, Any]:
        """The targets of a first fit, with y as the network takes it."""
        raise NotImplementedError

    def _fitted_targets(self) -> Targets:
        """The targets of the last fit."""
        raise NotImplementedError

    def _targets_of_classes(self, classes: Any) -> Targets:
        """The targets of a dataset that has these classes, or None of numbers."""
        raise NotImplementedError

    def _store_targets(self, targets: Any) -> None:
        """Keep the targets of a fit as fitted attributes."""

    def _make_network(self, n_features: int, targets: Any) -> Network:
        """The network for these features and targets."""
        raise NotImplementedError

    def _make_tuning(self, net: Network, seed: int | None) -> Tuning:
        """The Tuning of a fit."""
        return translation.tuning(self, net, seed)

    def _class_weights(self, targets: Any, partial: bool) -> Any:
        """`class_weight` as `train` takes it."""
        return None

    def _reported_loss(self, net: Network, data: Data) -> tuple[float, float]:
        """`(scale, offset)` from the loss that `train` minimizes to the one that is reported."""
        return 1.0, 0.0

    # The fit.

    def _fit(
        self,
        X: MatrixLike,
        y: MatrixLike | None,
        sample_weight: ArrayLike | None,
        held_out: HeldOut,
        partial: bool = False,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Fit a copy, then take over its attributes: an error leaves the estimator as it was."""
        resuming = hasattr(self, "coefs_") and (partial or self.warm_start)
        fitted = copy.copy(self)
        call = FitCall(partial, resuming, classes)
        fitted._fit_in_place((X, y, sample_weight), held_out, call)
        self.__dict__ = fitted.__dict__
        return self

    def _fit_in_place(self, rows: tuple[Any, Any, Any], held_out: HeldOut, call: FitCall) -> None:
        """Prepare, train, store."""
        prepare = self._prepare_stream if streams.is_stream(rows[0]) else self._prepare
        task = prepare(rows, held_out, call)
        self._store(task, self._minimize(task) if self.solver == "lbfgs" else self._train(task))

    def _prepare(self, rows: tuple[Any, Any, Any], held_out: HeldOut, call: FitCall) -> FitTask:
        """Validate and encode, split, scale."""
        data = validate_rows(self, *rows, reset=not call.resuming)
        if not call.partial:
            check_orientation(data.y)
        random = check_random_state(self.random_state)
        if call.resuming:
            targets, net, params = self._fitted_targets(), self._net, self._params()
            y = targets.encode(data.y, call.classes, all_present=not call.partial)
            translation.check_same_network(self, net)
        else:
            targets, y = self._learn_targets(data.y, call.classes)
            net = self._make_network(data.x.shape[1], targets)
            params = translation.initial_params(self, net, random, data.x.dtype)
        data, validation = data._replace(y=y), held_out.validate(self, targets)
        if self.early_stopping and validation is None and self.solver != "lbfgs":
            classes = getattr(targets, "classes", None)
            data, validation = split_validation(self, net, data, classes, random)
        scaling = self.scaling_ if call.resuming else standardization(self, net, data)
        samples_seen = getattr(self, "t_", 0) if call.resuming else 0
        seed = int(random.randint(2**32, dtype=np.uint32))
        return FitTask(
            net=net,
            start=self._start(params, call),
            data=scale(scaling, data),
            validation=None if validation is None else scale(scaling, validation),
            class_weight=self._class_weights(targets, call.partial),
            seed=(seed + samples_seen) % 2**32,  # another order of rows in each partial_fit
            samples_seen=samples_seen,
            call=call,
            targets=targets,
            scaling=scaling,
        )

    def _prepare_stream(
        self, rows: tuple[Any, Any, Any], held_out: HeldOut, call: FitCall
    ) -> FitTask:
        """Prepare a fit to a dataset of `table_dataset`."""
        dataset, y, sample_weight = rows
        streams.check_task(self, dataset)
        features, _ = dataset.element_spec
        self.n_features_in_ = int(features.shape[1])
        targets = self._targets_of_classes(dataset.classes)
        validation = held_out.validate(self, targets)
        streams.check(self, y, sample_weight, validation is not None)
        random = check_random_state(self.random_state)
        net = self._make_network(self.n_features_in_, targets)
        params = translation.initial_params(self, net, random, features.dtype.as_numpy_dtype)
        scaling = streams.target_scaling(self, dataset)
        return FitTask(
            net=net,
            start=params,
            data=Data(streams.scaled(dataset, scaling), None),
            validation=None if validation is None else scale(scaling, validation),
            class_weight=self._class_weights(targets, partial=False),
            seed=int(random.randint(2**32, dtype=np.uint32)),
            samples_seen=0,
            call=call,
            targets=targets,
            scaling=scaling,
        )

    def _store(self, task: FitTask, result: Run | LBFGSResult) -> None:
        """Report how the training of a task ended, and keep what it has learnt."""
        if isinstance(result, LBFGSResult):
            self._store_minimum(task, result)
        else:
            self._report_end(task, result)
            self._store_run(task, result)
        self._store_targets(task.targets)
        self.scaling_ = task.scaling

    # Training.

    def _start(self, params: Params, call: FitCall) -> Params | TrainState:
        """What the fit starts from: params, or the whole state where a `partial_fit` continues."""
        if not (call.resuming and call.partial) or self._train_state is None:
            return params
        if self.early_stopping:  # coefs_ are the best params, which may not be the last ones
            return self._train_state
        return self._train_state._replace(params=params, ended=np.full((), RUNNING, np.int32))

    def _training(self, task: FitTask) -> Training:
        """The arguments of `train` for a task."""
        plan = task.data.x.plan if streams.is_stream(task.data.x) else self._plan(task)
        score = self.SCORE[task.net.targets]
        options = {
            "tuning": self._make_tuning(task.net, task.seed),
            "class_weight": task.class_weight,
            "precision": self.precision,
            "validation": None if task.validation is None else task.validation.columns(),
            "metrics": None if task.validation is None else (score,),
            **translation.stopping(self, f"validation_{score}"),
        }
        optimizer = translation.optimizer(self, plan)
        return Training(task.net, optimizer, task.start, task.data, plan, options)

    def _plan(self, task: FitTask) -> Plan:
        """The batches of a fit to rows in memory."""
        rows = task.data.n_rows()
        return minibatch_plan(
            rows,
            self._batch_size(rows),
            1 if task.call.partial else self.max_iter,
            task.seed if self.shuffle else None,
            task.data.weights,
        )

    def _train(self, task: FitTask) -> Run:
        """Train by steps."""
        training = self._training(task)
        plan = training.plan
        side, self.engine_ = self._choose_engine(task, plan.width, plan.epochs * plan.steps)
        lines = EpochLines(self._report(task), self.callback) if self._writes_lines else None
        with translated_errors():
            return training.run(side, callback=lines or self.callback, progress=self.verbose == BAR)

    def _report_end(self, task: FitTask, run: Run) -> None:
        """Warn about a training that did not converge, and write the last of the lines."""
        ended = run.history["ended"]
        if self._writes_lines and ended == "patience":
            show(stopped(self, np.asarray(run.train_state.lr_scale)))
        if ended == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=STACKLEVEL + 1)
        if ended == "epochs" and not task.call.partial:
            epochs = len(run.history["loss"])
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({epochs}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=STACKLEVEL + 1,
            )

    def _choose_engine(self, task: FitTask, rows: int, steps: int) -> tuple[ModuleType, EngineName]:
        """The engine for steps on batches of this many rows."""
        sparse = isinstance(task.data.x, SparseRows)
        engine = "numpy" if sparse and self.engine == "auto" else self.engine
        engine = "tensorflow" if streams.is_stream(task.data.x) else engine
        return backends.choose(engine, task.net, rows, steps)

    def _report(self, task: FitTask) -> Report:
        """How the numbers of the history are reported."""
        score = self.SCORE[task.net.targets]
        sign = -1.0 if score == "mean_pinball_loss" else 1.0  # a larger score is better
        return Report(self._reported_loss(task.net, task.data), f"validation_{score}", sign)

    @property
    def _writes_lines(self) -> bool:
        """Whether a fit writes scikit-learn's lines."""
        return bool(self.verbose) and self.verbose != BAR

    def _batch_size(self, rows: int) -> int:
        """The rows of a batch, at most all of them."""
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=STACKLEVEL + 3,
            )
        return min(self.batch_size, rows)

    def _minimize(self, task: FitTask) -> LBFGSResult:
        """Minimize by L-BFGS, with class weights as row weights or as label weights."""
        net, data, weights = task.net, task.data, task.data.weights
        tuning = self._make_tuning(net, None)
        if task.class_weight is not None:
            values = class_weights.resolve(net, task.class_weight, data.y, weights)
            if values.ndim > 1:
                tuning = tuning._replace(label_weights=values)
            else:
                of_class = class_weights.row_factors(net, data.y, values)
                weights = of_class if weights is None else of_class * weights
        side, self.engine_ = self._choose_engine(task, len(data.x), self.max_iter)
        with translated_errors():
            result: LBFGSResult = side.minimize_lbfgs(
                net,
                task.start,
                data.x,
                data.y,
                weights,
                tuning=tuning,
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                progress=self.verbose == BAR,
            )
        if self._writes_lines:
            show(*self._report(task).lines(result.history))
        ended = result.history["ended"]
        if ended == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=STACKLEVEL)
        elif ended != "converged":
            warnings.warn(
                f"lbfgs failed to converge after {result.iterations} iteration(s): {ended}. "
                f"Increase max_iter={self.max_iter} or max_fun={self.max_fun}, or scale the data.",
                ConvergenceWarning,
                stacklevel=STACKLEVEL,
            )
        return result

    # The fitted attributes.

    def _store_run(self, task: FitTask, run: Run) -> None:
        """Keep the params, the curves and the state of a Run."""
        (unit, offset), score, sign = self._report(task)

        def curve(attribute: str, name: str, factor: float, offset: float) -> list[float] | None:
            """The values of this run, after those of earlier calls."""
            if (values := run.history.get(name)) is None:
                return None
            earlier = (getattr(self, attribute, None) or []) if task.call.resuming else []
            return [*earlier, *(factor * values + offset).tolist()]

        self._store_params(task.net, run.params)
        self._train_state = _to_numpy(run.train_state)
        self.loss_curve_ = curve("loss_curve_", "loss", unit, offset) or []
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_, default=np.inf)
        self.validation_loss_curve_ = curve(
            "validation_loss_curve_", "validation_loss", unit, offset
        )
        self.validation_scores_ = curve("validation_scores_", score, sign, 0.0)
        self.best_validation_score_ = max(self.validation_scores_ or [], default=None)
        self.n_iter_, self.ended_ = len(run.history["loss"]), run.history["ended"]
        self.t_ = task.samples_seen + self.n_iter_ * task.data.n_rows()

    def _store_minimum(self, task: FitTask, result: LBFGSResult) -> None:
        """Keep the params and the loss of a minimization."""
        unit, offset = self._reported_loss(task.net, task.data)
        self._store_params(task.net, result.params)
        self._train_state = None
        self.loss_ = float(unit * result.loss + offset)
        self.ended_ = result.history["ended"]
        self.n_iter_, self.t_ = min(int(result.iterations), self.max_iter), 0


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raise NotFinite as the error that scikit-learn's users know."""
    try:
        yield
    except NotFinite as error:
        raise InvalidArgument(
            "Solver produced non-finite parameter weights. The input data may contain large values "
            f"and need to be preprocessed. In detail: {error}"
        ) from error


def _to_numpy(tree: Any) -> Any:
    """A structure of tuples with its tensors as NumPy arrays, to keep and to pickle."""
    if isinstance(tree, tuple):
        parts = map(_to_numpy, tree)
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return tree if tree is None else np.asarray(tree)
