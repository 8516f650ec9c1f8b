"""The check of a Tuning."""

from typing import Any

import numpy as np

from fnet.core.checks.arrays import shape_of, text
from fnet.core.checks.params import for_members
from fnet.core.checks.scalars import number, seed
from fnet.core.errors import InvalidArgument
from fnet.core.tuning import Tuning

RANGES: dict[str, dict[str, Any]] = {
    "l1": {},
    "l2": {},
    "dropout": {"most": 1, "below": True},
    "input_dropout": {"most": 1, "below": True},
    "loss_weight": {"above": True},
    "label_smoothing": {"most": 1, "below": True},
    "label_weights": {},
    "quantiles": {"above": True, "most": 1, "below": True},
    "delta": {"above": True},
    "clipvalue": {"above": True},
    "global_clipnorm": {"above": True},
    "ema_momentum": {"most": 1, "below": True},
}
"""The range of each hyperparameter, as arguments of `number`."""

OF_A_LOSS = ("label_smoothing", "label_weights", "quantiles", "delta")
"""Hyperparameters that only some losses have (`network.LOSSES`)."""


def tuning(net: Any, value: Any, members: tuple[int, ...]) -> Tuning:
    """A Tuning for this network, as float64 arrays; None is a Tuning of nothing."""
    value = Tuning() if value is None else value
    if not isinstance(value, Tuning):
        raise InvalidArgument(f"tuning must be a Tuning, as Tuning(l2=1e-4); got {value!r}")
    given = {name: v for name, v in value._asdict().items() if v is not None}
    found = {}
    for name, v in given.items():
        _check_loss(net, name)
        found[name] = seed(v) if name == "seed" else number(name, v, **RANGES[name])
        own = {"label_weights": (net.sizes[-1], 2), "quantiles": (net.sizes[-1],)}.get(name)
        if own is None:
            for_members(name, found[name], members)
        elif shape_of(found[name]) not in (own, (*members, *own)):
            raise InvalidArgument(
                f"{name} must have the shape {text(own)}, or {text((*members, *own))} with the "
                f"member axes; got {text(shape_of(found[name]))}"
            )
    if net.codes is not None and "input_dropout" in found:
        raise InvalidArgument(
            "input_dropout does not go with codes of levels, which it would change; leave it out"
        )
    if net.targets == "quantiles":
        _check_quantiles(net, found.get("quantiles"))
    return Tuning(**found)


def _check_loss(net: Any, name: str) -> None:
    """Refuse a hyperparameter that this network's loss does not have."""
    if name in OF_A_LOSS and name not in net.tuning:
        own = " and ".join(net.tuning) or "no such hyperparameter"
        raise InvalidArgument(
            f"{name} does not go with {net.loss}, which has {own}; leave it out of the Tuning"
        )


def _check_quantiles(net: Any, found: Any) -> None:
    if found is None:
        raise InvalidArgument(
            f"pinball needs tuning=Tuning(quantiles=...), one for each of {net.sizes[-1]} outputs"
        )
    if isinstance(found, np.ndarray) and not (np.diff(found) > 0).all():
        raise InvalidArgument(f"quantiles must be ascending; got {found.tolist()}")
