"""The signature of `cross_validate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from fnet.core.aliases import ArrayLike, MetricName, MonitorName, Params, Precision
from fnet.core.batches import Plan
from fnet.core.cross_validation import CrossValidation
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.run_state import Run
from fnet.core.tuning import Tuning


def cross_validate(
    net: Network,
    optimizer: Optimizer,
    x: ArrayLike,
    y: ArrayLike,
    splits: Any,
    plan: Plan,
    *,
    groups: ArrayLike | None = None,
    seed: int = 0,
    params: Params | Run | None = None,
    tuning: Tuning | None = None,
    class_weight: Any = None,
    loss: Callable[..., Any] | None = None,
    metrics: Sequence[MetricName] | None = None,
    patience: ArrayLike | None = None,
    min_delta: ArrayLike = 0.0,
    best_delta: ArrayLike | None = None,
    lr_factor: ArrayLike | None = None,
    min_lr_factor: ArrayLike = 1e-3,
    restore_best: bool = False,
    monitor: MonitorName | None = None,
    on_not_finite: Literal["error", "warn"] = "error",
    callback: Callable[[Run], Any] | None = None,
    progress: bool = False,
    xla: bool | None = None,
    precision: Precision = "float32",
) -> CrossValidation:
    """Train a network on each of several splits of the rows, all together as members of one run.

    Member m is trained on the training rows of split m, and the rows that the split holds out are
    its validation rows: `history["validation_loss"]` is theirs. All members share the batches of
    the plan, where the rows outside a member's training rows weigh 0. So member m equals `train`
    with the plan's weights times the number of times that each row is among the training rows of
    split m. A batch may hold no training row of a member; its gradient is then zero, as `train`
    takes it. Held-out rows are gathered in slices, so memory does not grow by copies of x.

    Members with `patience` each stop on their own, and with `restore_best` keep their own best
    epoch. Both are chosen on the held-out rows, which makes the scores a little optimistic.

    Args:
        net: The network.
        optimizer: An optimizer, such as `adam(0.001)`; its numbers are shared, or one for each
            member.
        x: Rows `[N, D]`.
        y: Labels or targets of the rows, as in `fnet.loss`.
        splits: Any splitter of scikit-learn, such as `StratifiedKFold(5)`, `GroupKFold(5)`,
            `RepeatedKFold()` or `TimeSeriesSplit()`; or a sequence of pairs `(training rows,
            held-out rows)` of row numbers or masks. A splitter gets integer labels as y where
            `y` is one-hot.
        plan: Which rows form which batch, such as `minibatch_plan(N, 256, epochs=64, seed=0)`. It
            may have row weights, which also weight the held-out rows.
        groups: The group of each row, `[N]`, for splitters that take them.
        seed: Member m starts from `init_params(net, member_seeds(seed, M)[m])`, and drops out by
            this seed unless `tuning` has its own.
        params: The params to start from instead, with the member axis M, one for each split; or
            an earlier Run, to resume it.
        tuning: As in `train`.
        class_weight: As in `train`; "balanced" counts the training rows of each split.
        loss: As in `train`.
        metrics: The metrics that are measured after each epoch and in `scores`. None measures
            accuracy after each epoch where the loss is a cross-entropy, and in `scores` all that go
            with the loss. Class weights weight the former and not the latter.
        patience: As in `train`.
        min_delta: As in `train`.
        best_delta: As in `train`.
        lr_factor: As in `train`.
        min_lr_factor: As in `train`.
        restore_best: As in `train`: use the params of each member's best epoch.
        monitor: As in `train`.
        on_not_finite: As in `train`. With "warn", a member that became non-finite has the scores
            of its last finite params.
        callback: As in `train`.
        progress: As in `train`.
        xla: As in `train`.
        precision: As in `train`.

    Returns:
        The `CrossValidation`: out-of-fold `predictions`, `scores`, and the `params` and `history`
        of the members. Predictions and params are tensors; on the twin, NumPy arrays.

    Raises:
        InvalidArgument: Arguments do not fit each other, or a split has no training rows, no
            held-out rows or rows that do not exist. Raised before the first step.
        NotFinite: A value became non-finite.

    Example:
        >>> import fnet
        >>> x = [[0.0], [1.0], [2.0], [3.0]]
        >>> y = [1.0, 3.0, 5.0, 7.0]
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> splits = [([0, 1, 2], [3]), ([1, 2, 3], [0])]
        >>> plan = fnet.full_batch_plan(4, epochs=500)
        >>> found = fnet.reference.cross_validate(net, fnet.sgd(0.1), x, y, splits, plan)
        >>> found.predictions.round(2).ravel().tolist()
        [1.0, nan, nan, 7.0]
        >>> found.scores["mean_squared_error"].round(3).tolist()
        [0.0, 0.0]

    References:
        Stone, "Cross-validatory choice and assessment of statistical predictions" (1974);
        `sklearn.model_selection.cross_validate`.
    """
    raise TypeError("an engine implements this")
