"""The fit of both estimators: encode, split, train all folds together, score what they hold out."""

import copy
import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight

from fnet import backends
from fnet.core import cross_validation
from fnet.core.aliases import PRECISIONS, Precision
from fnet.core.errors import InvalidArgument
from fnet.core.interrupts import interrupts
from fnet.core.members import member_seeds
from fnet.core.network import Network
from fnet.core.params import map_params
from fnet.encoding import feature_slices
from fnet.encoding.columns import Columns, to_columns
from fnet.encoding.transformer import TableEncoder
from fnet.estimators.arguments import EngineName
from fnet.estimators.base import translated_errors
from fnet.estimators.streams import check_task, is_stream
from fnet.estimators.tabular import folds, streams, time_limit
from fnet.estimators.tabular.importance import repeats_of
from fnet.estimators.tabular.recipe import make_encoder, make_recipe
from fnet.estimators.tabular.scores import FitRows, ScoredTabular, Trained
from fnet.estimators.tabular.targets import Targets, check_targets

CONSTRAINTS: dict[str, list[Any]] = {
    "cv": [Interval(Integral, 0, None, closed="left"), "cv_object"],
    "repeats": [Interval(Integral, 1, None, closed="left")],
    "hidden": ["array-like", None],
    "epochs": [Interval(Integral, 1, None, closed="left"), None],
    "time_limit": [Interval(Real, 0, None, closed="neither"), None],
    "encoder": [TableEncoder, None],
    "importance": ["boolean"],
    "engine": [StrOptions({"auto", "numpy", "tensorflow"})],
    "precision": [StrOptions(set(PRECISIONS))],
    "random_state": ["random_state"],
    "verbose": ["boolean"],
}
"""The values that scikit-learn's validation accepts for each argument."""


class BaseTabular(ScoredTabular):
    """An ensemble of networks, one for each fold. A subclass defines its targets and scores."""

    cv: Any
    repeats: int
    hidden: Any
    epochs: int | None
    time_limit: float | None
    encoder: TableEncoder | None
    importance: bool
    engine: Literal["auto"] | EngineName
    precision: Precision
    random_state: Any
    verbose: bool

    # Defined by each subclass.

    def _learn_targets(self, y: npt.NDArray[Any], weights: Any) -> Targets:
        """The targets of a fit."""
        raise NotImplementedError

    def _class_weights(self, targets: Targets) -> Any:
        """`class_weight` as `train` takes it."""
        return None

    def _warn_of_targets(self, targets: Targets) -> None:
        """Warn of targets that leave nothing to learn."""

    # The fit.

    def _fit(self, X: Any, y: Any, sample_weight: Any, groups: Any, times: Any) -> Self:
        """Fit a copy, then take over its attributes: an error leaves the estimator as it was."""
        fitted = copy.copy(self)
        fitted._fit_in_place(X, y, sample_weight, groups, times)
        self.__dict__ = fitted.__dict__
        return self

    def _fit_in_place(self, X: Any, y: Any, sample_weight: Any, groups: Any, times: Any) -> None:
        start = time_limit.clock()
        if is_stream(X):
            given = {"y": y, "sample_weight": sample_weight, "groups": groups, "times": times}
            rows, seed = self._read_stream(X, given)
        else:
            columns = to_columns(X)
            y = check_targets(y, columns.rows)
            weights = None
            if sample_weight is not None:
                weights = _check_sample_weight(sample_weight, np.empty((columns.rows, 1)))
            x = self._encode(columns)
            rows = FitRows(x, self._learn_targets(y, weights), weights)
            seed = self._seed()
            to_split = folds.Rows(
                rows.targets.y,
                rows.targets.classes is not None and rows.targets.y.ndim == 1,
                _column("groups", groups, columns.rows),
                _column("times", times, columns.rows),
            )
            self.splits_ = self._split(to_split, seed)
        targets = rows.targets
        self._warn_of_targets(targets)
        net = make_recipe(len(rows.x), self.hidden).network(
            self.encoder_.encoding_, targets.outputs, targets.loss
        )
        with interrupts() as training:
            trained = self._train(net, rows, seed, start, training.is_set)
        with interrupts() as scoring:  # of its own, so that another Ctrl-C loses no networks
            if training.is_set():
                scoring.set()
            params, ensemble = self._evaluate(net, rows, seed, trained, scoring.is_set)
            self._store(net, params, targets.scaling, ensemble)
        if targets.classes is not None:
            self.classes_ = targets.classes
        if scoring.is_set():
            when = "Training interrupted" if training.is_set() else "Interrupted after the training"
            rest = "; the importances of columns are left out" if self.importance else ""
            warnings.warn(f"{when} by user{rest}.", stacklevel=folds.STACKLEVEL)

    def _encode(self, columns: Columns) -> npt.NDArray[Any]:
        """The rows of a table as numbers, by an encoder that learns from all of them."""
        encoder = make_encoder(len(columns.names)) if self.encoder is None else clone(self.encoder)
        self.encoder_ = encoder.set_params(dtype="float32").fit(columns)
        self._keep_columns()
        return encoder.transform(columns)

    def _seed(self) -> int:
        """A seed of the fit, from `random_state`."""
        return int(check_random_state(self.random_state).randint(2**32, dtype=np.uint32))

    def _read_stream(self, dataset: Any, given: dict[str, Any]) -> tuple[FitRows, int]:
        """A sample of the rows of a dataset, split into folds, and the seed of the fit."""
        check_task(self, dataset)
        streams.check(self, given)
        seed = self._seed()
        numbers, x, y = dataset.random_rows()
        self.encoder_ = dataset.encoder
        self._keep_columns()
        if dataset.classes is None:
            targets = self._learn_targets(y, None)
        else:
            targets = Targets(y, "softmax_cross_entropy", len(dataset.classes), dataset.classes)
        found = streams.folds(self.cv, self.repeats, seed)
        self.splits_ = streams.splits(found, numbers)
        return FitRows(x, targets, None, streams.data(dataset, targets.scaling, found)), seed

    def _split(self, rows: folds.Rows, seed: int) -> folds.Pairs:
        if isinstance(self.cv, (int, np.integer)) and self.cv == 0:
            return ()
        if isinstance(self.cv, (int, np.integer)) and self.cv == 1:
            raise InvalidArgument("cv must be 0 for no folds, or at least 2; got 1")
        return folds.make_folds(self.cv, rows, self.repeats, seed)

    def _train(
        self,
        net: Network,
        rows: FitRows,
        seed: int,
        start: float,
        interrupted: Callable[[], bool],
    ) -> Trained:
        """Train all networks together, by the engine that finishes first."""
        x, targets, weights, data = rows
        epochs = self.epochs if data is None else data.plan.epochs
        recipe = make_recipe(len(x), self.hidden, epochs, bool(self.splits_))
        members = len(self.splits_) or self.repeats
        options: dict[str, Any] = {
            "tuning": recipe.tuning(targets.tuning, seed),
            "class_weight": self._class_weights(targets),
            "progress": bool(self.verbose),
            "precision": self.precision,
        }

        def run(epochs: int, callback: Any) -> Any:
            plan = recipe._replace(epochs=epochs).plan(len(x), seed, weights)
            if data is not None:
                plan = data.plan
            work = plan.width * members, plan.epochs * plan.steps
            wanted = self.engine if data is None else "tensorflow"
            side, engine = backends.choose(wanted, net, *work)
            first = side.init_params(net, member_seeds(seed, members))
            begin = net, recipe.optimizer(plan), first
            given = options | {"callback": callback}
            if self.splits_:
                given |= {"monitor": "mean_validation_loss", "restore_best": True, "metrics": ()}
                given |= {"patience": recipe.patience(plan)}
            if data is not None:
                held_out = streams.held_out(x, targets.y, self.splits_)
                return side.train(*begin, data=data, validation=held_out, **given), engine
            if not self.splits_:
                return side.train(*begin, x, targets.y, plan, **given), engine
            columns = x, targets.y, cross_validation.weighted(plan, self.splits_)
            found, *_ = cross_validation.train_folds(side.train, *begin, columns, given)
            return found, engine

        def seconds_after(result: Any) -> float:
            if not self.splits_:
                return 0.0
            found, _ = result
            begun, own = time_limit.clock(), map_params(lambda p: np.asarray(p)[0], found.params)
            self._held_out(net, own, x, targets, self.splits_[0])
            each = len(self.splits_) * (time_limit.clock() - begun)
            columns = len(feature_slices(self.encoder_.encoding_)) if self.importance else 0
            return each * (1 + columns * repeats_of(len(x)))

        with translated_errors():
            (found, self.engine_), self.n_epochs_ = time_limit.train_within(
                self.time_limit, start, recipe.epochs, run, seconds_after, interrupted
            )
        if interrupted():
            self.n_epochs_ = len(found.history["loss"])
        return Trained(map_params(np.asarray, found.params), found.history)


def _column(name: str, value: Any, rows: int) -> npt.NDArray[Any] | None:
    """A value for each row, or None."""
    if value is None:
        return None
    found = np.asarray(value)
    if found.shape != (rows,):
        raise InvalidArgument(f"{name} must have shape [{rows}]; got {list(found.shape)}")
    return found
