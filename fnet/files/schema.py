"""What a file holds, and what must be true of it."""

from typing import Any, NamedTuple

import numpy as np

from fnet.core import checks, optimizers
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.optimizers import OptState
from fnet.core.run_state import NUMBERS, STRUCTURES, Run, TrainState
from fnet.core.scaling import Scaling

ESTIMATORS = ("MLPClassifier", "MLPRegressor")


class Estimator(NamedTuple):
    """A scikit-learn estimator as plain data."""

    name: str  # of its class: one of ESTIMATORS
    arguments: dict  # of its constructor, by name
    fitted: dict  # what fitting has set, by name


class Content(NamedTuple):
    """What a file holds; all but the network and its params may be None."""

    net: Any
    params: tuple
    classes: Any = None  # [K] or, for one output that says how likely the second is, [2]
    features: Any = None  # the names of D columns
    scaling: Any = None  # a Scaling of features, and of targets
    trained: Any = None  # how it was trained: any plain data
    run: Any = None
    estimator: Any = None


def of(what, **named):
    """The Content of `(net, params)`, of a Run, or of what gives plain data of itself.

    `named` are other parts of it by name; those that are None are left as they are.
    """
    named = {name: value for name, value in named.items() if value is not None}
    if hasattr(what, "_plain"):
        parts = what._plain() | named
        if parts.get("estimator") is not None:
            parts["estimator"] = Estimator(*parts["estimator"])
        return Content(**parts)
    if isinstance(what, Run):
        return Content(what.net, what.params, run=what, **named)
    if isinstance(what, (tuple, list)) and len(what) == 2 and isinstance(what[0], Network):
        net, params = what
        return Content(net, params, **named)
    raise InvalidArgument(
        f"what must be (net, params), a Run, an estimator or what load gave; got {what!r:.200}"
    )


def sound(content):
    """A Content whose parts go together, as arrays and tuples; otherwise InvalidArgument."""
    if not isinstance(content, Content) or not isinstance(content.net, Network):
        raise InvalidArgument("a file must hold the Content of a Network")
    net = content.net
    layers, members, _ = checks.params(net, content.params)
    if content.run is not None:
        _run(content.run, net, layers, members)
    if content.scaling is not None:
        _scaling(content.scaling, net)
    if content.estimator is not None:
        _estimator(content.estimator)
    return content._replace(
        params=layers,
        classes=_classes(content.classes, net),
        features=_features(content.features, net),
    )


def _classes(value, net):
    """An array of classes, or None."""
    if value is None:
        return None
    found = np.asarray(value)
    outputs = net.sizes[-1]
    wanted = outputs if outputs > 1 or net.targets == "multiclass" else 2
    if net.targets not in ("multiclass", "multilabel") or found.shape != (wanted,):
        raise InvalidArgument(
            f"classes must be one for each output, {wanted}, of a network with classes or labels "
            f"for targets; got {value!r:.200} for {net}"
        )
    return found


def _features(value, net):
    """A tuple of names, or None."""
    if value is None:
        return None
    found = tuple(value)
    if len(found) != net.sizes[0] or not all(isinstance(name, str) for name in found):
        raise InvalidArgument(
            f"features must be the names of {net.sizes[0]} columns; got {value!r:.200}"
        )
    return tuple(map(str, found))


def _scaling(value, net):
    if not isinstance(value, Scaling):
        raise InvalidArgument(f"scaling must be a Scaling; got {value!r:.200}")
    inputs, outputs = net.sizes[0], net.sizes[-1]
    widths = {"x_mean": inputs, "x_scale": inputs, "y_mean": outputs, "y_scale": outputs}
    for name, width in widths.items():
        found = getattr(value, name)
        if found is None and name.startswith("y") and value.y_mean is value.y_scale:
            continue
        if checks.shape_of(checks.array(name, found)) != (width,):
            raise InvalidArgument(f"{name} of a Scaling must be {width} numbers")
        least = -np.inf if name.endswith("mean") else np.finfo(np.float64).tiny
        checks.bounded(f"{name} of a Scaling", checks.finite(name, found, ""), least, np.inf)


def _estimator(value):
    if not isinstance(value, Estimator) or value.name not in ESTIMATORS:
        raise InvalidArgument(f"an estimator must be one of {ESTIMATORS}; got {value!r:.200}")
    for part in (value.arguments, value.fitted):
        if not isinstance(part, dict) or not all(isinstance(name, str) for name in part):
            raise InvalidArgument("an estimator must have arguments and fitted parts by name")
    for name in value.fitted:
        if name.startswith("_") == name.endswith("_"):
            raise InvalidArgument(f"a fitted part is called `_name` or `name_`; got {name!r:.100}")


def _run(run, net, params, members):
    """A Run of this network with arrays as `runs.begin` makes them."""
    if not (isinstance(run, Run) and isinstance(run.train_state, TrainState)) or run.net != net:
        raise InvalidArgument("a run must be one of the network in the file")
    now = run.train_state
    for state in (run.state, now.state):
        if not (isinstance(state, OptState) and isinstance(state.moments, tuple)):
            raise InvalidArgument("the state of a run must be a State")
        optimizers.check_state(state, params)
    for name in STRUCTURES:
        if name == "params" or getattr(now, name) != ():
            checks.same_structure(f"{name} of a run", getattr(now, name), params)
    checks.same_structure("params of a run", run.params, params)
    for name in NUMBERS:
        checks.for_members(f"{name} of a run", checks.array(name, getattr(now, name)), members)
    if not (isinstance(run.history, dict) and "ended" in run.history):
        raise InvalidArgument("the history of a run must say how it ended")
    for name, values in run.history.items():
        found = np.asarray(values)
        shape = members if name == "ended" else (*found.shape[:1], *members)
        if found.shape != shape or found.dtype.kind != ("U" if name == "ended" else "f"):
            raise InvalidArgument(f"{name} in the history of a run must be {list(shape)}")
    checks.integer("steps of a run", run.steps, least=1)
    if run.rows is not None:
        checks.integer("rows of a run", run.rows, least=1)
    if not isinstance(run.optimizer, str) or run.xla not in (None, True, False):
        raise InvalidArgument("a run must name its optimizer, and whether XLA compiled it")
