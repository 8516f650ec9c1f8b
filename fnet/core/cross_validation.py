"""Cross-validation whose folds are members: the part of it that runs on the host, for both engines.

All folds share the batches of one plan. A row outside the training part of a fold weighs 0 in its
member, and the rows that the fold holds out are the validation rows of its member.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import checks, metric_names, run_state
from fnet.core.aliases import Array, Params
from fnet.core.batch_source import HeldOut
from fnet.core.errors import InvalidArgument
from fnet.core.members import member_seeds

Indices = npt.NDArray[np.int64]


class CrossValidation(NamedTuple):
    """The result of `cross_validate`. Member m of the member axis is that of `splits[m]`.

    Attributes:
        predictions: Out-of-fold predictions `[N, K]`: for each row the mean over the members that
            held it out, or NaN where none did.
        scores: Metrics of the held-out rows by name, float64 `[M]`: one value for each split.
        params: The params of the members; `mean_prediction` predicts with all of them.
        history: The history of the run, `[E, M]`, as in `Run`.
        splits: The rows of each split as pairs `(training rows, held-out rows)` of int64 arrays.
    """

    predictions: Array
    scores: dict[str, npt.NDArray[np.float64]]
    params: Params
    history: dict[str, Any]
    splits: tuple[tuple[Indices, Indices], ...]


class Engine(NamedTuple):
    """The functions that cross-validation needs from an engine.

    Attributes:
        init_params: `fnet.init_params`.
        train: `fnet.train`.
        held_out: `held_out(net, params, x, rows, names, tuning)`: metrics by name, `[M]`, and
            predictions `[M, V, K]` of the `HeldOut` rows of x.
        to_array: Converts an array to the engine's type.
    """

    init_params: Callable[..., Any]
    train: Callable[..., Any]
    held_out: Callable[..., Any]
    to_array: Callable[[Any], Any]


def cross_validate(
    engine: Engine, net: Any, optimizer: Any, columns: Any, options: dict[str, Any]
) -> CrossValidation:
    """The body of `cross_validate` on both sides; columns are `(x, y, splits, plan)`."""
    x, y, splits, plan = columns
    seed, params, groups = (options.pop(name) for name in ("seed", "params", "groups"))
    checks.network(net)
    x = checks.features("x", x, net.sizes[0])
    y = checks.targets(net, y, x.shape)
    pairs = split_pairs(splits, _for_splitter(net, x, y, groups), len(x))
    if params is not None:
        _check_members(net, params, len(pairs))
    names = metric_names.METRICS[net.targets]
    if options["metrics"] is not None:
        names = checks.names(f"metrics under {net.loss}", options["metrics"], names)
    folds = weighted(checks.plan(plan, len(x), (len(pairs),)), pairs)
    seeds = member_seeds(seed, len(pairs))
    options["tuning"] = tuning = _tuning(options["tuning"], seeds)
    start = engine.init_params(net, seeds) if params is None else params
    run, x, validation_rows = train_folds(
        engine.train, net, optimizer, start, (x, y, folds), options
    )
    scores, found = engine.held_out(net, run.params, x, validation_rows, names, tuning)
    predictions = engine.to_array(_out_of_fold(pairs, found, len(x)))
    return CrossValidation(predictions, scores, run.params, run.history, pairs)


def train_folds(
    train: Callable[..., Any], net: Any, optimizer: Any, start: Any, columns: Any, options: Any
) -> tuple[Any, Any, HeldOut]:
    """Train a member for each split, with the rows that it holds out as its validation rows.

    Args:
        train: `fnet.train` or its twin.
        net: The network.
        optimizer: The Optimizer.
        start: The params to start from, with one member axis, or a Run.
        columns: `(x, y, folds)`, with what `weighted` returns.
        options: Options of `train`, by name.

    Returns:
        The Run, x in the dtype of params, and the held-out rows.
    """
    x, y, (plan, rows, held_weights) = columns
    layers, x, y, _ = checks.batch(net, run_state.initial_params(start), x, y)
    held_weights = held_weights.astype(checks.params_dtype(layers))
    held_out = HeldOut(rows[..., None].astype(np.int32), y[rows], held_weights)
    return train(net, optimizer, start, x, y, plan, validation=held_out, **options), x, held_out


def _check_members(net: Any, params: Any, splits: int) -> None:
    _, members, _ = checks.params(net, run_state.initial_params(params))
    if members != (splits,):
        raise InvalidArgument(
            f"params must have the member axis [{splits}], one for each split; got {list(members)}"
        )


def _tuning(tuning: Any, seeds: Any) -> Any:
    """The Tuning, with a seed of dropout for each member unless it has one."""
    if tuning is None or tuning.seed is not None:
        return tuning
    uses_dropout = not (tuning.dropout is None and tuning.input_dropout is None)
    return tuning._replace(seed=seeds) if uses_dropout else tuning


def _for_splitter(net: Any, x: Any, y: Any, groups: Any) -> tuple[Any, Any, Any]:
    """`(x, y, groups)` as a splitter takes them: labels of classes, one number where it is one."""
    if y.ndim == 2 and net.targets == "multiclass":
        y = y.argmax(axis=1)
    elif y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    return x, y, groups


def split_pairs(
    splits: Any, data: tuple[Any, Any, Any], n: int
) -> tuple[tuple[Indices, Indices], ...]:
    """The splits as pairs of row numbers, from a splitter or from pairs of them."""
    if hasattr(splits, "split") and not isinstance(splits, str):
        try:
            found = list(splits.split(*data))
        except (ValueError, TypeError) as error:
            raise InvalidArgument(f"splits: {error}") from error
    elif data[2] is not None:
        raise InvalidArgument(
            f"groups go with a splitter, as GroupKFold(5); got groups with splits={splits!r:.100}"
        )
    else:
        try:
            found = [tuple(pair) for pair in splits]
        except TypeError:
            found = []
    if not found or any(len(pair) != 2 for pair in found):
        raise InvalidArgument(
            "splits must be a splitter of scikit-learn, as KFold(5), or pairs (training rows, "
            f"held-out rows), at least one; got {splits!r:.100}"
        )
    return tuple(
        (
            _rows(f"training rows of split {i}", train, n),
            _rows(f"held-out rows of split {i}", validation_rows, n),
        )
        for i, (train, validation_rows) in enumerate(found)
    )


def _rows(what: str, value: Any, n: int) -> Indices:
    """Row numbers from 0 to below n, at least one; from a mask too."""
    found = checks.array(what, value)
    if found.dtype == bool and found.shape == (n,):
        found = np.flatnonzero(found)
    if found.shape == (0,):
        raise InvalidArgument(f"{what} must be at least one row; got none")
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise InvalidArgument(
            f"{what} must be row numbers, or a mask of the {n} rows of x; got {found.dtype} of "
            f"shape {list(found.shape)}"
        )
    if (bad := (found < 0) | (found >= n)).any():
        raise InvalidArgument(
            f"{what} must be from 0 to {n - 1}, since x has {n} rows; got {found[bad][0]}"
        )
    rows: Indices = found.astype(np.int64)
    return rows


def weighted(plan: Any, pairs: Any) -> tuple[Any, Any, Any]:
    """The plan with the row weights `[M, N]` of the splits, the rows that they hold out and theirs.

    Held-out rows `[M, V]` are filled up, with weight 0.
    """
    own = np.ones(plan.rows, np.float32) if plan.weights is None else plan.weights
    own = np.broadcast_to(own, (len(pairs), plan.rows))
    weights = own.copy()
    for member, (rows, _) in zip(weights, pairs, strict=True):
        member *= np.bincount(rows, minlength=plan.rows).astype(own.dtype)
    checks.some_weight("weights of the training rows of a split", weights)
    width = max(len(validation_rows) for _, validation_rows in pairs)
    rows = np.stack(
        [
            np.pad(validation_rows, (0, width - len(validation_rows)), mode="edge")
            for _, validation_rows in pairs
        ]
    )
    real = np.arange(width) < np.array([[len(validation_rows)] for _, validation_rows in pairs])
    held_weights = np.where(real, np.take_along_axis(own, rows, axis=1), 0)
    checks.some_weight("weights of the rows that a split holds out", held_weights)
    return dataclasses.replace(plan, weights=weights), rows, held_weights


def _out_of_fold(pairs: Any, predictions: Any, n: int) -> Any:
    """The mean prediction `[N, K]` of each row over the members that hold it out."""
    total, count = np.zeros((n, predictions.shape[-1])), np.zeros((n, 1))
    for (_, validation_rows), own in zip(pairs, predictions, strict=True):
        np.add.at(total, validation_rows, own[: len(validation_rows)])
        np.add.at(count, validation_rows, 1)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean.astype(predictions.dtype)
