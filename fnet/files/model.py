"""What was loaded from a file, ready to predict with NumPy alone."""

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Union

import numpy as np
import numpy.typing as npt

from fnet.core import blas_threads, checks, conformal, containers, packages
from fnet.core.aliases import ArrayLike, Params
from fnet.core.ensemble import Ensemble, conformity_for, intervals
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.params import leaves, map_params, split
from fnet.core.printable import printable
from fnet.core.run_state import Run
from fnet.core.scaling import Scaling
from fnet.encoding import (
    Encoded,
    Encoding,
    Problem,
    TableError,
    encode_rows,
    feature_names,
    prepare,
)
from fnet.encoding.records import used
from fnet.files.estimators import FITTED
from fnet.files.schema import Content
from fnet.reference import embeddings, functions
from fnet.reference.activations import ACTIVATIONS, OUTPUTS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from fnet.estimators import MLPClassifier, MLPRegressor
    from fnet.estimators.tabular import TabularClassifier, TabularRegressor


class Predictions(NamedTuple):
    """Predictions of the rows of a table, some of which may be wrong.

    Attributes:
        predicted: As `Model.predict` returns it, of the rows that are not bad, in order.
        probabilities: As `Model.predict_proba` returns it, of these rows; None without classes.
        bad: Which rows cannot be predicted, `[N]`.
        problems: Why not, one for each column that has such cells.
    """

    predicted: npt.NDArray[Any]
    probabilities: npt.NDArray[Any] | None
    bad: npt.NDArray[np.bool_]
    problems: tuple[Problem, ...]


class Model:
    """What `load` returns: a network from a file, which predicts with NumPy alone.

    Rows to predict are `[N, D]`, or a data frame with the columns in `features`. A model with an
    encoding takes tables with columns of any kind: data frames, Arrow tables, a dict of columns, a
    list of dicts, or rows where it was fitted on rows. Rows are predicted in chunks, so that memory
    does not grow with N. Shapes: N rows, D features, K outputs, member axes M.

    Attributes:
        net: The network.
        params: Its params, NumPy arrays with any member axes M.
        classes: The class of each output, `[K]`; both classes of a single output, `[2]`, or the
            only class that it was trained on, `[1]`; None if none were saved.
        features: The names of the D features; None if none were saved. With an encoding, the names
            of the columns of a table that become features.
        encoding: How the rows of a table become the D features; None if they are those already.
        scaling: The Scaling of features and targets that predictions include; None for none.
        trained: How it was trained, as `save` was given it; None for nothing.
        run: The Run, which `train` continues; None if none was saved.
        ensemble: What an ensemble knows beside its networks, as its score on held-out rows; then
            the mean over the members predicts, and there is no member axis below. None otherwise.

    Example:
        >>> import fnet, tempfile
        >>> net = fnet.Network((2, 3))
        >>> params = (fnet.Layer([[0.0] * 3] * 2, [0.0, 1.0, 2.0]),)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fnet.save(f"{folder}/net.fnet", (net, params), classes=["a", "b", "c"])
        ...     model = fnet.load(f"{folder}/net.fnet")
        >>> model.predict([[0.5, 0.5]]).tolist()
        ['c']
        >>> model.predict_proba([[0.5, 0.5]]).shape
        (1, 3)
    """

    net: Network
    params: Params
    classes: npt.NDArray[Any] | None
    features: tuple[str, ...] | None
    encoding: Encoding | None
    scaling: Scaling | None
    trained: Any
    run: Run | None
    ensemble: Ensemble | None

    def __init__(self, content: Content) -> None:
        """A Model of a checked Content; users call `fnet.load`."""
        self._content = content
        self.net, self.params = content.net, content.params
        self.classes, self.features = content.classes, content.features
        self.encoding, self.scaling = content.encoding, content.scaling
        self.trained, self.run = content.trained, content.run
        self.ensemble = content.ensemble
        self._names: Any = content.features
        if content.encoding is not None:
            columns = tuple(column.name for column in used(content.encoding))
            self.features = columns if content.encoding.named else None
            self._names = feature_names(content.encoding)
            self._encoder = prepare(content.encoding)
        params = content.params
        self._x_dtype = checks.params_dtype(params)
        if content.ensemble is not None:  # a row alone gives the same but for rounding of 1e-16
            params = map_params(lambda array: np.asarray(array, np.float64), params)
        self._dtype = checks.params_dtype(params)
        self._cast_name = f"x in {self._x_dtype}"
        self._members = checks.members_of(content.params)
        self._steps = _forward_steps(content.net, params)
        widest = math.prod(self._members) * content.net.width
        self._chunk_rows = max(1, checks.CHUNK // max(1, widest))

    def __repr__(self) -> str:
        """The network and what else the file holds, a line each."""
        count = sum(array.size for array in leaves(self.params))
        members = f", members {list(self._members)}" if self._members else ""
        lines = [
            f"Model of {self.net!r:.300}",
            f"  {count} parameters, {checks.params_dtype(self.params)}{members}",
        ]
        if self.classes is not None:
            lines.append(f"  classes: {_few(self.classes.tolist())}")
        if self.features is not None:
            lines.append(f"  features: {_few(self.features)}")
        if self.encoding is not None:
            lines.append(f"  encoding: {len(self.encoding.columns)} columns to {self.net.sizes[0]}")
        if self.scaling is not None:
            scaled = "features" if self.scaling.y_mean is None else "features and targets"
            lines.append(f"  standardized: {scaled}")
        if self._content.estimator is not None:
            lines.append(f"  estimator: {self._content.estimator.name}")
        if self.run is not None:
            lines.append(f"  run: {self.run.optimizer:.50}, {self.run.train_state.epoch} epochs")
        if self.trained is not None:
            kind = type(self.trained)
            lines.append(f"  trained: {_few(self.trained) if kind is dict else kind.__name__}")
        return printable("\n".join(lines), keep="\n")

    def __reduce__(self) -> tuple[type["Model"], tuple[Content]]:
        """A pickle holds the Content alone."""
        return Model, (self._content,)

    def _plain(self) -> dict[str, Any]:
        return self._content._asdict()

    def _of_features(self) -> "Model":
        """The model without its encoding, which takes the D features."""
        if self.encoding is None:
            return self
        alone = self._content._replace(encoding=None, pipeline=None, features=tuple(self._names))
        return Model(alone)

    def predict(self, x: ArrayLike) -> npt.NDArray[Any]:
        """Predict rows.

        Args:
            x: Rows `[N, D]`, or a table of N rows with the columns in `features`, in any order.
                With an encoding, columns beside these are ignored.

        Returns:
            Under a cross-entropy the most probable class of each row, `[*M, N]`: one of
            `classes`, or a number from 0 where none were saved. For several labels 1 where a label
            is more probable than not, `[*M, N, K]`. Under other losses the same as `fnet.predict`,
            `[*M, N, K]`, or `[N]` for an estimator with a single output.

        Raises:
            InvalidArgument: x does not fit the network, is not finite, or is a data frame with
                other columns. With an encoding: a column is missing or is of another kind, or a
                cell cannot be read; the message has its row and its column.
        """
        return self._predict_in_chunks(self._check_rows(x), self._decode)

    def _decode(self, found: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What `predict` returns, given the outputs of the network."""
        net, found = self.net, self._mean(found)
        if net.targets not in ("multiclass", "multilabel"):
            single = self._content.estimator is not None and net.sizes[-1] == 1
            return found[..., 0] if single else found
        if net.targets == "multilabel" and net.sizes[-1] > 1:
            return (found > 0.5).astype(int)
        indices: npt.NDArray[Any] = self._classes_of(found).argmax(axis=-1)
        return indices if self.classes is None else np.asarray(self.classes[indices])

    def predict_proba(self, x: ArrayLike) -> npt.NDArray[Any]:
        """Predict the probabilities of the classes.

        Args:
            x: Rows as `predict` takes them.

        Returns:
            The probability of each class, in the order of `classes`, or of each label,
            `[*M, N, K]`; `[*M, N, 2]` for a single label, and 1 where it has one class.

        Raises:
            InvalidArgument: x does not fit, or the network has neither classes nor labels.
        """
        if self.net.targets not in ("multiclass", "multilabel"):
            raise InvalidArgument(
                f"predict_proba needs a network of classes or labels; {self.net} has none. "
                "Use predict"
            )
        return self._predict_in_chunks(self._check_rows(x), self._probabilities)

    def predict_rows(self, x: ArrayLike) -> Predictions:
        """Predict the rows of a table, and tell which ones cannot be predicted.

        Args:
            x: Rows as `predict` takes them.

        Returns:
            The Predictions. Without an encoding no row is bad.

        Raises:
            InvalidArgument: As `predict`, except that a cell that cannot be read is a problem of
                its row alone.
        """
        found = self._to_features(x)
        of_classes = self.net.targets in ("multiclass", "multilabel")
        return Predictions(
            self._predict_in_chunks(found.values, self._decode),
            self._predict_in_chunks(found.values, self._probabilities) if of_classes else None,
            found.bad,
            found.problems,
        )

    def unlike_training(self, x: ArrayLike) -> npt.NDArray[np.bool_]:
        """Which cells of a table are far outside of what training has seen.

        A number or a date is, if it is below the smallest or above the largest one of training by
        more than the two are apart. A level is, if training did not have it; where training pooled
        rare levels, any other level counts as one of these. A gap never is. What a network
        predicts for such rows is a guess.

        Args:
            x: Rows as `predict` takes them.

        Returns:
            `[N, C]`, for each column that the model uses: those in `features`, in their order.

        Raises:
            InvalidArgument: A column is missing or is of another kind, or the model has no
                encoding, and so does not know what training has seen.

        Example:
            >>> import fnet, tempfile
            >>> table = {"age": [31, 38, 45, 52] * 9, "town": ["Bonn", "Celle"] * 18}
            >>> options = {"cv": 2, "epochs": 1, "hidden": (2,), "engine": "numpy"}
            >>> fitted = fnet.TabularRegressor(**options).fit(table, table["age"])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     fnet.save(f"{folder}/m.fnet", fitted)
            ...     model = fnet.load(f"{folder}/m.fnet")
            >>> model.unlike_training({"age": [60, 99], "town": ["Bonn", "Nowhere"]}).tolist()
            [[False, False], [True, True]]
        """
        if self.encoding is None:
            raise InvalidArgument(
                "unlike_training needs a model with an encoding, which knows what training has "
                "seen: train one by fnet train, or as a TabularClassifier or TabularRegressor"
            )
        found = encode_rows(self._encoder, x, find_unlike=True).unlike
        assert found is not None
        return found

    def predict_interval(self, x: ArrayLike, coverage: float = 0.9) -> npt.NDArray[np.float64]:
        """Predict intervals that hold the true target as often as asked, by CV+.

        Args:
            x: Rows as `predict` takes them.
            coverage: The part of new rows whose targets lie inside, above 0 and at most
                `1 - 1 / (N + 1)` with N rows that were held out in training.

        Returns:
            Lower and upper ends, `[N, 2]`; `[N, K, 2]` for several outputs.

        Raises:
            InvalidArgument: x does not fit, the coverage is invalid, or the model is no ensemble
                of numbers.

        References:
            Barber, Candès, Ramdas, Tibshirani, "Predictive inference with the jackknife+" (2021);
            Romano, Patterson, Candès, "Conformalized quantile regression" (2019).
        """
        kept = conformity_for("predict_interval", self.net, self.ensemble, coverage)
        found = self._predict_in_chunks(
            self._check_rows(x), lambda outputs: intervals(self.net, outputs, kept, coverage)
        )
        return found[:, 0] if found.shape[1] == 1 else found

    def predict_set(self, x: ArrayLike, coverage: float = 0.9) -> npt.NDArray[np.bool_]:
        """Predict sets of classes that hold the true one as often as asked, by CV+.

        Args:
            x: Rows as `predict` takes them.
            coverage: The part of new rows whose classes are in their sets, above 0 and at most
                `1 - 1 / (N + 1)` with N rows that were held out in training.

        Returns:
            Whether each class is in the set, `[N, K]`. The most probable class always is.

        Raises:
            InvalidArgument: x does not fit, the coverage is invalid, or the model is no ensemble
                of classes.

        References:
            Romano, Sesia, Candès, "Classification with valid and adaptive coverage" (2020).
        """
        kept = conformity_for("predict_set", self.net, self.ensemble, coverage)
        return self._predict_in_chunks(
            self._check_rows(x), lambda found: conformal.label_sets(found, kept, coverage)
        )

    def predict_std(self, x: ArrayLike) -> npt.NDArray[Any]:
        """How far the networks of an ensemble disagree: their predictions' standard deviation.

        Args:
            x: Rows as `predict` takes them.

        Returns:
            Standard deviations `[N, K]`, or `[N]` for a single number.

        Raises:
            InvalidArgument: x does not fit, or the model is no ensemble.
        """
        if self.ensemble is None:
            raise InvalidArgument("predict_std needs an ensemble of networks; this is no ensemble")
        found = self._predict_in_chunks(self._check_rows(x), lambda each: each.std(axis=0))
        single = self.net.targets not in ("multiclass", "multilabel") and found.shape[1] == 1
        return found[:, 0] if single else found

    def _mean(self, found: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The mean over the members of an ensemble; the outputs themselves of other models."""
        return found if self.ensemble is None else found.mean(axis=0)

    def _probabilities(self, found: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The probability of each class or label, given the outputs of the network."""
        return self._classes_of(self._mean(found))

    def _classes_of(self, found: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The probability of each class or label, given those of the outputs."""
        if self.net.targets == "multiclass" or self.net.sizes[-1] > 1:
            return found
        if self.classes is not None and len(self.classes) == 1:
            return np.ones_like(found)
        return np.concatenate([1 - found, found], axis=-1)

    def estimator(
        self,
    ) -> Union[
        "MLPClassifier", "MLPRegressor", "Pipeline", "TabularClassifier", "TabularRegressor"
    ]:
        """Restore the estimator that was saved, fitted as it was. This imports scikit-learn.

        Returns:
            The MLPClassifier or MLPRegressor, without its callback; or its Pipeline with a
            TableEncoder.

        Raises:
            InvalidArgument: The file holds no estimator.
            MissingPackage: scikit-learn is not installed.
        """
        saved = self._content.estimator
        if saved is None:
            raise InvalidArgument(
                "this file holds no estimator; save a fitted one, or use predict, net and params"
            )
        with packages.naming_what_is_missing():
            from fnet import estimators
            from fnet.estimators import conversion, pipelines, tabular

        if self.ensemble is not None:
            of_ensembles: dict[str, Any] = {
                "TabularClassifier": tabular.TabularClassifier,
                "TabularRegressor": tabular.TabularRegressor,
            }
            found: TabularClassifier | TabularRegressor = of_ensembles[saved.name](
                **saved.arguments
            )
            return found._restore(self._plain())
        kinds = {"MLPClassifier": estimators.MLPClassifier, "MLPRegressor": estimators.MLPRegressor}
        single: MLPClassifier | MLPRegressor = kinds[saved.name](**saved.arguments)
        for name, value in saved.fitted.items():
            if name in FITTED:  # all are: see `check_estimator`
                is_curve = name in conversion.CURVES and value is not None
                setattr(single, name, value.tolist() if is_curve else value)
        pipeline, encoding = self._content.pipeline, self.encoding
        if pipeline is None or encoding is None:
            return single
        return pipelines.restored(*pipeline, encoding, single)

    def _predict_in_chunks(
        self, x: npt.NDArray[Any], finish: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        """`finish` of the predictions `[*M, N, K]` of checked rows; it keeps the axes M and N."""
        with blas_threads.limited_threads(self.net, min(len(x), self._chunk_rows)):
            return self._predict_each_chunk(x, finish)

    def _predict_each_chunk(
        self, x: npt.NDArray[Any], finish: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        first = finish(self._predict_chunk(x[: self._chunk_rows]))
        if len(x) <= self._chunk_rows:
            return first
        first_rows = range(0, len(x), self._chunk_rows)
        members = len(self._members) if self.ensemble is None else 0
        found = np.empty((*first.shape[:members], len(x), *first.shape[members + 1 :]), first.dtype)
        rows = np.moveaxis(found, members, 0)  # a view
        for start in first_rows:
            stop = start + self._chunk_rows
            chunk = finish(self._predict_chunk(x[start:stop]))
            rows[start:stop] = np.moveaxis(chunk, members, 0)
        return found

    def _check_rows(self, x: Any) -> npt.NDArray[Any]:
        """x as finite rows of features `[N, D]`."""
        found = self._to_features(x)
        if found.problems:
            raise TableError(found.problems)
        return found.values

    def _to_features(self, x: Any) -> Encoded:
        """x as finite rows of features `[N, D]`, without the rows that cannot be encoded."""
        width, content = self.net.sizes[0], self._content
        if content.encoding is None:
            rows = checks.features("x", self._convert(x), width, names=self._names)
            return Encoded(rows, np.zeros(len(rows), bool), ())
        dtype = np.float64 if content.pipeline is None else content.pipeline.encoder["dtype"]
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
            found = encode_rows(self._encoder, x, dtype)
        if not found.problems:
            checks.features("x", found.values, width, names=self._names)
            return found
        rows = found.values[~found.bad]
        return found._replace(values=checks.finite("x", rows, names=self._names))

    def _convert(self, x: Any) -> Any:
        """x as an array; the columns of a table are taken by name, in the order of `features`."""
        if self.features is None or containers.is_plain(x):
            return x
        names = containers.column_names(x)
        if names is None or not any(isinstance(name, str) for name in names):
            return x  # without names, columns are taken in their order, as those of an array are
        places = {name: i for i, name in enumerate(names)}
        missing = [name for name in self.features if name not in places]
        known = set(self.features)
        unknown = [name for name in names if name not in known]
        if missing or unknown or len(places) < len(names):
            twice = [] if len(places) == len(names) else [n for n in places if names.count(n) > 1]
            found = {"missing": missing, "unknown": unknown, "given twice": twice}
            problems = "; ".join(f"{what} {each!r:.1000}" for what, each in found.items() if each)
            raise InvalidArgument(
                f"x must have the {len(self.features)} columns that the model was trained on, by "
                f"name and in any order: {problems}"
            )
        order = [places[name] for name in self.features]
        return containers.to_numpy("x", x, order)

    def _predict_chunk(self, x: Any) -> Any:
        """Predictions `[*M, N, K]` of checked rows."""
        scaling = self.scaling
        if scaling is not None:
            x = scaling.features(x)
        if x.dtype != self._x_dtype:
            with np.errstate(over="ignore"):  # an overflow is refused below
                x = checks.finite(self._cast_name, x.astype(self._x_dtype), names=self._names)
        x = x.astype(self._dtype, copy=False)
        checks.codes(self.net, x)
        for step in self._steps:
            x = step(x)
        return x if scaling is None else scaling.predictions(x)


def _forward_steps(net: Network, params: Params) -> list[Callable[[Any], Any]]:
    """The functions that a network applies to rows, one after another, up to the prediction.

    They are looked up once, since for a single row looking them up takes a fifth of the time.
    """
    blocks, layers = split(net, params)
    last = net.output if net.link == "identity" else net.link
    steps: list[Callable[[Any], Any]] = []
    if blocks:
        steps.append(functools.partial(embeddings.embedded, net, blocks))
    activations: Any = *(ACTIVATIONS[name] for name in net.hidden), OUTPUTS[last]
    for layer, activation in zip(layers, activations, strict=True):
        steps += [functools.partial(functions.dense, layer), activation.value]
    return steps


def _few(names: Any) -> str:
    """The number of names, and the first few of them."""
    shown = ", ".join(f"{name!r:.20}" for name in list(names)[:5])
    return f"{len(names)}, {shown}{', ...' if len(names) > 5 else ''}"
