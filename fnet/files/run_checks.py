"""What must be true of a training run in a file, so that every use of it works."""

from typing import Any

import numpy as np

from fnet.core import checks, metric_names, optimizers
from fnet.core.aliases import Params
from fnet.core.early_stopping import NOT_FINITE
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.optimizers import OptState
from fnet.core.params import FIELDS, leaves
from fnet.core.run_state import STRUCTURES, Run, TrainState
from fnet.files.values import LARGEST, is_boolean, same

ENDED = ("epochs", "patience", "not finite", "interrupted", "running")
"""Why a run ended, in `history["ended"]`."""

STATE: dict[str, tuple[str, bool | None, float, float]] = {
    "lr_scale": ("float64", True, np.finfo(np.float64).tiny, 1),
    "best_value": ("float64", True, -np.inf, np.inf),
    "best_epoch": ("int64", True, -1, LARGEST),
    "wait": ("int64", True, 0, LARGEST),
    "ended": ("int32", True, 0, NOT_FINITE),
    "ended_at": ("int64", True, -1, LARGEST),
    "epoch": ("int64", False, 0, LARGEST),
    "step": ("int64", False, 0, LARGEST),
    "loss_sum": ("float64", True, -np.inf, np.inf),
    "weight_sum": ("float64", None, 0, np.finfo(np.float64).max),
}
"""The numbers of a TrainState: dtype, whether they have the member axes (None: they may), and their
bounds."""

MAY_BE_NAN = ("loss_sum",)
"""The numbers of a TrainState that a run that is not finite leaves as NaN."""


def check_run(run: Any, net: Network, params: Params) -> None:
    """Refuse what is no Run of this network that ended with these params."""
    if not (isinstance(run, Run) and isinstance(run.net, Network)) or run.net != net:
        raise InvalidArgument("the run must be a Run of the network in the file")
    if run.rows is not None:
        checks.integer("rows of a run", run.rows, 1, LARGEST)
    checks.integer("steps of a run", run.steps, 1, LARGEST)
    checks.one_of("optimizer of a run", run.optimizer, optimizers.MOMENTS)
    if run.xla is not None and not is_boolean(run.xla):
        raise InvalidArgument(f"xla of a run must be a boolean or None; got {run.xla!r:.200}")
    _check_structure("params of a run", run.params, params)
    _check_equal("params of a run", run.params, "the params", params)
    check_train_state(run.train_state, net, params, run.optimizer)
    _check_state(run.state, params, run.optimizer)
    now = run.train_state
    _check_equal("state of a run", run.state, "its train_state", now.state)
    if int(now.step) >= run.steps:
        raise InvalidArgument(f"step of a run must be below its {run.steps} steps; got {now.step}")
    _check_history(run.history, net, int(now.epoch), checks.members_of(params))


def check_train_state(
    now: Any, net: Network, params: Params, optimizer: str | None = None
) -> TrainState:
    """`now`, which must be the TrainState of a run with params like these.

    `optimizer` is the kind of the optimizer, if it is known.
    """
    if not isinstance(now, TrainState):
        raise InvalidArgument(f"train_state of a run must be a TrainState; got {now!r:.200}")
    for name in STRUCTURES:
        tree = getattr(now, name)
        if name == "params" or not (isinstance(tree, tuple) and tree == ()):
            _check_structure(f"{name} of a run", tree, params)
            for array in leaves(tree):
                checks.finite(f"{name} of a run", checks.array(name, array), "")
    _check_state(now.state, params, optimizer)
    members = checks.members_of(params)
    for name, (dtype, is_each, least, most) in STATE.items():
        found = _numbers(f"{name} of a run", getattr(now, name))
        shape = members if is_each or (is_each is None and found.shape) else ()
        if found.shape != shape or found.dtype != dtype:
            raise InvalidArgument(
                f"{name} of a run must have shape {list(shape)} and dtype {dtype}; "
                f"got shape {list(found.shape)} and dtype {found.dtype}"
            )
        inside = (found >= least) & (found <= most) | (name in MAY_BE_NAN) & np.isnan(found)
        if not np.all(inside):
            raise InvalidArgument(
                f"{name} of a run must be from {least:g} to {most:g}; got {found!r:.100}"
            )
    return now


def _check_state(state: Any, params: Params, optimizer: str | None) -> None:
    """Refuse what is no state of this kind of optimizer, or of any, for these params."""
    if not (isinstance(state, OptState) and isinstance(state.moments, tuple)):
        raise InvalidArgument("the state of a run must be an OptState")
    for moment in state.moments:
        _check_structure("each of the moments of a run", moment, params)
    step = _numbers("state.step", state.step)
    optimizers.check_state(state, params, optimizer)
    if step.dtype != np.int64 or np.any((step < 0) | (step > LARGEST)):
        raise InvalidArgument(
            f"state.step must be int64 from 0 to {LARGEST}; got {step!r:.100} of {step.dtype}"
        )


def is_structure(value: Any) -> bool:
    """Whether a value is a tuple of entries of arrays, as params are: no lists of numbers."""
    return isinstance(value, tuple) and all(
        type(entry) in FIELDS and all(field is None or hasattr(field, "dtype") for field in entry)
        for entry in value
    )


def _check_structure(what: str, value: Any, params: Params) -> None:
    """Refuse what is no structure of arrays like params."""
    if not is_structure(value):
        raise InvalidArgument(f"{what} must be a tuple of entries like params; got {value!r:.200}")
    checks.same_structure(what, value, params)


def _numbers(what: str, value: Any) -> Any:
    """`value` as an array; a list is refused."""
    if not hasattr(value, "dtype"):
        raise InvalidArgument(f"{what} must be an array of numbers; got {value!r:.200}")
    return checks.array(what, value)


def _check_equal(what: str, ours: Any, other: str, theirs: Any) -> None:
    """Refuse two structures of one form that do not hold the same arrays."""
    if isinstance(ours, tuple):
        for our, their in zip(ours, theirs, strict=True):
            _check_equal(what, our, other, their)
    elif ours is not theirs and not same(np.asarray(ours), np.asarray(theirs)):
        raise InvalidArgument(f"{what} must agree with {other} in the file; they differ")


def _check_history(history: Any, net: Network, epochs: int, members: tuple[int, ...]) -> None:
    """Refuse what is no history of a run of this network with these epochs and member axes."""
    known = ("loss", "validation_loss", *(f"validation_{m}" for m in _metrics(net)), "ended")
    if not isinstance(history, dict) or not {"loss", "ended"} <= history.keys() <= set(known):
        raise InvalidArgument(
            'the history of a run must be a dict with "loss" and "ended", and no other names than '
            f"{', '.join(known)}; got {history!r:.200}"
        )
    for name, values in history.items():
        found: Any = values if hasattr(values, "dtype") else None
        if name == "ended":
            _check_reasons(values, members)
        elif found is None or found.shape != (epochs, *members) or found.dtype != np.float64:
            raise InvalidArgument(
                f"{name} in the history of a run must be float64 with one value for each of its "
                f"{epochs} epochs, {[epochs, *members]}; got {values!r:.200}"
            )


def _metrics(net: Network) -> tuple[str, ...]:
    return metric_names.METRICS[net.targets]


def _check_reasons(value: Any, members: tuple[int, ...]) -> None:
    """Refuse what are no reasons why a run, or each of its members, ended."""
    is_text = isinstance(value, str) or (
        hasattr(value, "dtype") and value.dtype.kind == "U" and value.shape == members
    )
    reasons = np.asarray(value) if is_text else np.empty(members, "U1")
    if reasons.shape != members or not np.isin(reasons, ENDED).all():
        raise InvalidArgument(
            f'"ended" in the history of a run must be one of {", ".join(ENDED)}, '
            f"{list(members)}; got {value!r:.200}"
        )
