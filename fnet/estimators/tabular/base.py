"""The fit of both estimators: encode, split, train all folds together, score what they hold out."""

import copy
import functools
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight

from fnet import backends
from fnet.core import conformal, cross_validation
from fnet.core.aliases import PRECISIONS, Params, Precision
from fnet.core.ensemble import Ensemble, Importances
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
from fnet.estimators.tabular.fitted import FittedTabular, predictions
from fnet.estimators.tabular.importance import permutation_importances, repeats_of
from fnet.estimators.tabular.recipe import make_encoder, make_recipe
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


class Rows(NamedTuple):
    """The rows of a fit as numbers.

    Attributes:
        x: Features `[N, D]`.
        targets: The targets of these rows.
        weights: Row weights `[N]`, or None.
        data: The dataset to train on, of which these rows are a sample; None to train on them.
    """

    x: npt.NDArray[Any]
    targets: Targets
    weights: npt.NDArray[Any] | None = None
    data: Any = None


class Trained(NamedTuple):
    """The networks of a fit.

    Attributes:
        params: Their params, with the member axis `[M]`.
        history: Their learning curves.
    """

    params: Params
    history: dict[str, Any]


class HeldOut(NamedTuple):
    """What a network predicts for the rows that it held out.

    Attributes:
        rows: Row numbers, `[V]`.
        predictions: In the units of the targets, `[V, K]`.
        targets: The targets in these units: codes of classes, labels or numbers.
        weights: Row weights `[V]`, or None.
    """

    rows: npt.NDArray[Any]
    predictions: npt.NDArray[Any]
    targets: npt.NDArray[Any]
    weights: npt.NDArray[Any] | None


class BaseTabular(FittedTabular):
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

    SCORE: dict[str, str]

    def _learn_targets(self, y: npt.NDArray[Any], weights: Any) -> Targets:
        """The targets of a fit."""
        raise NotImplementedError

    def _class_weights(self, targets: Targets) -> Any:
        """`class_weight` as `train` takes it."""
        return None

    def _score_of(self, targets: Any, predictions: Any, weights: Any) -> float:
        """The score of predictions `[N, K]` in the units of the targets."""
        raise NotImplementedError

    def _conformity(self, targets: Any, predictions: Any) -> npt.NDArray[np.float64] | None:
        """The conformity scores of rows, `[N, K]`; None where there are no intervals or sets."""
        raise NotImplementedError

    def _baseline(self, targets: Any, weights: Any, outputs: int) -> npt.NDArray[Any]:
        """A prediction `[K]` that reads no features, learnt from these targets."""
        raise NotImplementedError

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
            rows = Rows(x, self._learn_targets(y, weights), weights)
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

    def _evaluate(
        self, net: Network, rows: Rows, seed: int, trained: Trained, stopped: Callable[[], bool]
    ) -> tuple[Params, Ensemble]:
        """The params of the networks that predict, and what is known of them."""
        x, targets, weights, _ = rows
        pairs = self.splits_
        each = [map_params(lambda p, m=m: p[m], trained.params) for m in range(len(pairs))]
        with ThreadPoolExecutor() as pool:
            of_folds = list(
                pool.map(lambda own, pair: self._held_out(net, own, x, targets, pair), each, pairs)
            )
        if weights is not None:
            of_folds = [
                validation._replace(weights=weights[validation.rows]) for validation in of_folds
            ]
        ensemble = self._scores(of_folds, trained, targets, weights, len(x))
        if pairs and folds.are_in_time_order(pairs):  # the last split alone has seen the newest
            last = len(pairs) // self.repeats
            kept = list(range(last - 1, len(pairs), last))
            trained = trained._replace(params=map_params(lambda p: p[kept], trained.params))
            of_folds = [of_folds[m] for m in kept]
        ensemble = ensemble._replace(
            conformity=self._conformity_scores(of_folds),
            importances=self._importances(net, trained.params, x, of_folds, targets, seed, stopped),
        )
        return trained.params, ensemble

    def _encode(self, columns: Columns) -> npt.NDArray[Any]:
        """The rows of a table as numbers, by an encoder that learns from all of them."""
        encoder = make_encoder(len(columns.names)) if self.encoder is None else clone(self.encoder)
        self.encoder_ = encoder.set_params(dtype="float32").fit(columns)
        self._keep_columns()
        return encoder.transform(columns)

    def _seed(self) -> int:
        """A seed of the fit, from `random_state`."""
        return int(check_random_state(self.random_state).randint(2**32, dtype=np.uint32))

    def _read_stream(self, dataset: Any, given: dict[str, Any]) -> tuple[Rows, int]:
        """A sample of the rows of a dataset, split into folds, and the seed of the fit."""
        check_task(self, dataset)
        streams.check(self, given)
        seed = self._seed()
        numbers, x, y = dataset.sample()
        self.encoder_ = dataset.encoder
        self._keep_columns()
        if dataset.classes is None:
            targets = self._learn_targets(y, None)
        else:
            targets = Targets(y, "softmax_cross_entropy", len(dataset.classes), dataset.classes)
        found = streams.folds(self.cv, self.repeats, seed)
        self.splits_ = streams.splits(found, numbers)
        return Rows(x, targets, None, streams.data(dataset, targets.scaling, found)), seed

    def _split(self, rows: folds.Rows, seed: int) -> folds.Pairs:
        if isinstance(self.cv, (int, np.integer)) and self.cv == 0:
            return ()
        if isinstance(self.cv, (int, np.integer)) and self.cv == 1:
            raise InvalidArgument("cv must be 0 for no folds, or at least 2; got 1")
        return folds.make_folds(self.cv, rows, self.repeats, seed)

    def _train(
        self,
        net: Network,
        rows: Rows,
        seed: int,
        start: float,
        interrupted: Callable[[], bool],
    ) -> Trained:
        """Train all networks together, by the engine that finishes first."""
        x, targets, weights, data = rows
        epochs = self.epochs if data is None else data.plan.epochs
        recipe = make_recipe(len(x), self.hidden, epochs)
        members = len(self.splits_) or self.repeats
        options: dict[str, Any] = {
            "tuning": targets.tuning,
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

    def _held_out(
        self, net: Network, params: Params, x: npt.NDArray[Any], targets: Targets, pair: Any
    ) -> HeldOut:
        """What one network predicts for the rows that it held out."""
        validation = pair[1]
        y = (
            targets.y[validation]
            if targets.scaling is None
            else targets.scaling.predictions(targets.y[validation])
        )
        return HeldOut(
            validation, predictions(net, params, targets.scaling, x[validation]), y, None
        )

    def _scores(
        self, of_folds: list[HeldOut], trained: Trained, targets: Targets, weights: Any, rows: int
    ) -> Ensemble:
        """The scores of the folds, and of all out-of-fold predictions together."""
        score = self.SCORE[Network((1, targets.outputs), loss=targets.loss).targets]
        history = {
            name: np.asarray(values)
            for name, values in trained.history.items()
            if name in ("loss", "validation_loss")
        }
        found = Ensemble(
            score=score, history=history, n_epochs=self.n_epochs_, n_repeats=self.repeats
        )
        self.oof_predictions_ = None
        if not of_folds:
            return found
        y = targets.y if targets.scaling is None else targets.scaling.predictions(targets.y)
        total, count = np.zeros((rows, targets.outputs)), np.zeros((rows, 1))
        base = np.zeros((rows, targets.outputs))
        for (train, _), validation in zip(self.splits_, of_folds, strict=True):
            np.add.at(total, validation.rows, validation.predictions)
            np.add.at(count, validation.rows, 1)
            of_train = None if weights is None else weights[train]
            np.add.at(base, validation.rows, self._baseline(y[train], of_train, targets.outputs))
        seen = count[:, 0] > 0
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        own = None if weights is None else weights[seen]
        scores = np.array([self._score_of(h.targets, h.predictions, h.weights) for h in of_folds])
        scores = scores.reshape(self.repeats, -1).mean(axis=0)
        error = scores.std(ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else np.nan
        single = targets.classes is None and targets.outputs == 1
        self.oof_predictions_ = mean[:, 0] if single else mean
        return found._replace(
            cv_score=self._score_of(y[seen], mean[seen], own),
            cv_score_std_error=float(error),
            cv_scores=scores,
            baseline_score=self._score_of(y[seen], base[seen] / count[seen], own),
        )

    def _conformity_scores(self, of_folds: list[HeldOut]) -> conformal.ConformityScores | None:
        """The scores of held-out rows that intervals and sets are made of."""
        scores = [
            self._conformity(validation.targets, validation.predictions) for validation in of_folds
        ]
        present = [each for each in scores if each is not None]
        if not present:
            return None
        rows = len(np.unique(np.concatenate([validation.rows for validation in of_folds])))
        return conformal.keep_scores(present, rows)

    def _importances(
        self,
        net: Network,
        params: Params,
        x: npt.NDArray[Any],
        of_folds: list[HeldOut],
        targets: Targets,
        seed: int,
        stopped: Callable[[], bool],
    ) -> Importances | None:
        """What columns are worth to the networks, where it was asked for."""
        if stopped() or not (self.importance and of_folds):
            return None
        parts = []
        for m, validation in enumerate(of_folds):
            own = map_params(lambda p, m=m: p[m], params)
            predict = functools.partial(predictions, net, own, targets.scaling)
            parts.append((predict, x[validation.rows], validation.targets))
        columns = feature_slices(self.encoder_.encoding_)
        return permutation_importances(
            parts, columns, lambda y, found: self._score_of(y, found, None), seed, stopped
        )


def _column(name: str, value: Any, rows: int) -> npt.NDArray[Any] | None:
    """A value for each row, or None."""
    if value is None:
        return None
    found = np.asarray(value)
    if found.shape != (rows,):
        raise InvalidArgument(f"{name} must have shape [{rows}]; got {list(found.shape)}")
    return found
