"""Early stopping: the monitored value, when a member stops, and its best epoch.

Both engines share the rule: `end_epoch` works on tensors and on arrays, given the engine's `where`.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks, metric_names
from fnet.core.errors import InvalidArgument

RUNNING, PATIENCE, NOT_FINITE = 0, 1, 2
"""Codes: a member runs, or the reason why it ended."""

MEAN = "mean_"
"""What the name of a monitored value begins with to be the mean over members, for all of them."""

NEVER = np.int64(2**63 - 1)
"""The patience of a run that never stops early."""

STACKLEVEL = 6
"""The `stacklevel` of warnings, which points to the caller of `train`."""


class EarlyStopping(NamedTuple):
    """The arguments of `train` that the end of an epoch uses, in order.

    All but `monitor` are `[]` or `[*M]`.
    """

    monitor: str | None  # the name of a value; None without stopping and best params
    patience: Any  # int64: epochs without improvement before a member stops
    min_delta: Any  # float64: what counts as an improvement
    best_delta: Any  # float64: what counts as a new best
    lr_factor: Any  # float64: multiplies the rate instead of stopping; or None
    min_lr_factor: Any  # float64: the member stops when the factor of the rate is at most this


def early_stopping(
    options: Any, measured: tuple[str, ...], members: tuple[int, ...]
) -> EarlyStopping:
    """The EarlyStopping that the options of `train` ask for, checked.

    `measured` are the names in the run's history.
    """
    if options.monitor is not None:
        names = options.monitor if isinstance(options.monitor, str) else ""
        known = [MEAN + name for name in measured] if names.startswith(MEAN) else measured
        checks.one_of("monitor", options.monitor, known)
    patience, lr_factor = options.patience, options.lr_factor
    best_delta = options.min_delta if options.best_delta is None else options.best_delta
    min_delta, best_delta = (
        checks.for_members(name, checks.number(name, delta, least=-np.inf), members)
        for name, delta in (("min_delta", options.min_delta), ("best_delta", best_delta))
    )
    if patience is not None:
        patience = checks.integers("patience", patience, least=1)
        checks.for_members("patience", patience, members)
    if lr_factor is not None:
        if patience is None:
            raise InvalidArgument("lr_factor needs patience: after how many epochs to reduce")
        lr_factor = checks.number("lr_factor", lr_factor, above=True, most=1, below=True)
        checks.for_members("lr_factor", lr_factor, members)
    min_lr_factor = checks.number("min_lr_factor", options.min_lr_factor, above=True, most=1)
    checks.for_members("min_lr_factor", min_lr_factor, members)
    limits = min_delta, best_delta, lr_factor, min_lr_factor
    if patience is None and not options.restore_best:
        return EarlyStopping(None, NEVER, *limits)
    monitor = options.monitor
    if monitor is None:
        monitor = "validation_loss" if "validation_loss" in measured else "loss"
        if monitor == "loss":
            warnings.warn(
                "there is no validation data, so patience and restore_best monitor the training "
                'loss; give validation=(x, y), or monitor="loss" to say so',
                stacklevel=STACKLEVEL,
            )
    return EarlyStopping(monitor, np.asarray(NEVER if patience is None else patience), *limits)


def monitored(
    monitor: str, values: dict[str, Any], state: Any, mean: Callable[[Any, Any], Any]
) -> Any:
    """The monitored value, `[*M]`, of what was measured after an epoch.

    `mean(value, condition)` is the engine's mean over the members for which the condition holds,
    again `[*M]`.
    """
    value = values[monitor.removeprefix(MEAN)]
    return mean(value, state.ended == RUNNING) if monitor.startswith(MEAN) else value


def end_epoch(
    monitor: str, limits: Any, state: Any, value: Any, where: Callable[..., Any]
) -> tuple[Any, Any]:
    """`(state, improved)`: the TrainState after an epoch, and which members have a new best.

    Args:
        monitor: The name of the monitored value.
        limits: An EarlyStopping, or its numbers as tensors; an absent `lr_factor` is None or `()`.
        state: The TrainState; `best` is left to the engine.
        value: The monitored value, float64 `[*M]`.
        where: The engine's `where(condition, yes, no)`, for integers and float64.

    Returns:
        The state with `lr_scale`, `best_value`, `best_epoch`, `wait`, `ended` and `ended_at` as
        they are after this epoch, and the condition `[*M]` of members whose params are the best.

    References:
        `keras.callbacks.EarlyStopping` and `ReduceLROnPlateau`.
    """
    if metric_names.higher_is_better(monitor.removeprefix(MEAN)):
        value = -value
    active = state.ended == RUNNING
    improved = active & (value < state.best_value - limits.best_delta)
    wait = where(value < state.best_value - limits.min_delta, 0, state.wait + 1)
    stops = active & (wait >= limits.patience)
    scale = state.lr_scale
    if not checks.is_absent(limits.lr_factor):
        reduced = stops & (scale > limits.min_lr_factor)
        scale = where(reduced, scale * limits.lr_factor, scale)
        wait, stops = where(reduced, 0, wait), stops & ~reduced
    after = state._replace(
        lr_scale=scale,
        best_value=where(improved, value, state.best_value),
        best_epoch=where(improved, state.epoch, state.best_epoch),
        wait=where(active, wait, state.wait),
        ended=where(stops, PATIENCE, state.ended),
        ended_at=where(stops, (state.epoch + 1) * state.step - 1, state.ended_at),
    )
    return after, improved
