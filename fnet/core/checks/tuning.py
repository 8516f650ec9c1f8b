"""The check of a Tuning."""

import numpy as np

from fnet.core.checks.arrays import shape_of, text
from fnet.core.checks.params import for_members
from fnet.core.checks.scalars import number, seed
from fnet.core.errors import InvalidArgument
from fnet.core.tuning import Tuning

RANGES = {
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
"""What `number` must hold each to."""

OF_LOSSES = ("label_smoothing", "label_weights", "quantiles", "delta")


def tuning(net, value, members):
    """A Tuning for this network, as float64 arrays; None is one in which all is absent."""
    value = Tuning() if value is None else value
    if not isinstance(value, Tuning):
        raise InvalidArgument(f"tuning must be a Tuning, as Tuning(l2=1e-4); got {value!r}")
    given = {name: v for name, v in value._asdict().items() if v is not None}
    found = {}
    for name, v in given.items():
        _goes_with(net, name)
        found[name] = seed(v) if name == "seed" else number(name, v, **RANGES[name])
        own = {"label_weights": (net.sizes[-1], 2), "quantiles": (net.sizes[-1],)}.get(name)
        if own is None:
            for_members(name, found[name], members)
        elif shape_of(found[name]) not in (own, (*members, *own)):
            raise InvalidArgument(
                f"{name} must have the shape {text(own)}, or {text((*members, *own))} with the "
                f"member axes; got {text(shape_of(found[name]))}"
            )
    if net.targets == "quantiles":
        _quantiles(net, found.get("quantiles"))
    return Tuning(**found)


def _goes_with(net, name):
    if name in OF_LOSSES and name not in net.tuning:
        raise InvalidArgument(
            f"{name} does not go with {net.loss}, which reads {' and '.join(net.tuning) or 'none'} "
            "of the losses' numbers; leave it out"
        )


def _quantiles(net, found):
    if found is None:
        raise InvalidArgument(
            f"pinball needs tuning=Tuning(quantiles=...), one for each of {net.sizes[-1]} outputs"
        )
    if isinstance(found, np.ndarray) and not (np.diff(found) > 0).all():
        raise InvalidArgument(f"quantiles must be ascending; got {found.tolist()}")
