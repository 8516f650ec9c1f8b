"""What the networks of a fit are worth: the scores of the rows that each of them holds out."""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import conformal
from fnet.core.aliases import Params
from fnet.core.ensemble import Ensemble, Importances
from fnet.core.network import Network
from fnet.core.params import map_params
from fnet.encoding import feature_slices
from fnet.estimators.tabular import folds
from fnet.estimators.tabular.fitted import FittedTabular, predictions
from fnet.estimators.tabular.importance import permutation_importances
from fnet.estimators.tabular.targets import Targets


class FitRows(NamedTuple):
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


class ScoredTabular(FittedTabular):
    """The part of a fit that comes after the training. A subclass defines its scores."""

    repeats: int
    importance: bool

    # Defined by each subclass.

    SCORE: dict[str, str]

    def _score_of(self, targets: Any, predictions: Any, weights: Any) -> float:
        """The score of predictions `[N, K]` in the units of the targets."""
        raise NotImplementedError

    def _conformity(self, targets: Any, predictions: Any) -> npt.NDArray[np.float64] | None:
        """The conformity scores of rows, `[N, K]`; None where there are no intervals or sets."""
        raise NotImplementedError

    def _baseline(self, targets: Any, weights: Any, outputs: int) -> npt.NDArray[Any]:
        """A prediction `[K]` that reads no features, learnt from these targets."""
        raise NotImplementedError

    def _evaluate(
        self, net: Network, rows: FitRows, seed: int, trained: Trained, stopped: Callable[[], bool]
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
