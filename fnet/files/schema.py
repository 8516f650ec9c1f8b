"""What a file holds, and what must be true of it."""

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from fnet.core import checks, optimizers
from fnet.core.aliases import Params
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.optimizers import OptState
from fnet.core.run_state import NUMBERS, STRUCTURES, Run, TrainState
from fnet.core.scaling import Scaling

ESTIMATORS = ("MLPClassifier", "MLPRegressor")
"""The estimators that a file may hold."""


class Estimator(NamedTuple):
    """A scikit-learn estimator as plain data.

    Attributes:
        name: The name of its class, one of `ESTIMATORS`.
        arguments: The arguments of its constructor, by name.
        fitted: The attributes that fitting has set, by name.
    """

    name: str
    arguments: dict[str, Any]
    fitted: dict[str, Any]


class Content(NamedTuple):
    """What a file holds.

    Attributes:
        net: The network.
        params: Its params.
        classes: The class of each output, `[K]`; both classes of a single output, `[2]`, or the
            only class that it was trained on, `[1]`.
        features: The names of the D features.
        scaling: The Scaling of features and targets.
        trained: How it was trained, as plain data.
        run: The Run.
        estimator: The estimator.
    """

    net: Network
    params: Params
    classes: Any = None
    features: Any = None
    scaling: Scaling | None = None
    trained: Any = None
    run: Run | None = None
    estimator: Estimator | None = None


class Saveable(Protocol):
    """An estimator or a Model: what gives the fields of its Content by name."""

    def _plain(self) -> dict[str, Any]: ...


def content_of(what: Any, **fields: Any) -> Content:
    """The Content of `(net, params)`, of a Run, of an estimator or of a Model.

    Args:
        what: What to save.
        **fields: Fields of the Content by name, which replace those of `what`; None keeps those.

    Returns:
        The Content, not checked yet.

    Raises:
        InvalidArgument: `what` is something else.
    """
    fields = {name: value for name, value in fields.items() if value is not None}
    if hasattr(what, "_plain"):
        fields = what._plain() | fields
        if fields.get("estimator") is not None:
            fields["estimator"] = Estimator(*fields["estimator"])
        return Content(**fields)
    if isinstance(what, Run):
        return Content(what.net, what.params, run=what, **fields)
    if isinstance(what, (tuple, list)) and len(what) == 2 and isinstance(what[0], Network):
        net, params = what
        return Content(net, params, **fields)
    raise InvalidArgument(
        f"what must be (net, params), a Run, an estimator or what load returned; got {what!r:.200}"
    )


def check_content(content: Any) -> Content:
    """A Content whose parts fit each other, with params as entries of arrays.

    Raises:
        InvalidArgument: They do not fit.
    """
    if not isinstance(content, Content) or not isinstance(content.net, Network):
        raise InvalidArgument("a file must hold the Content of a Network")
    net = content.net
    params, members, _ = checks.params(net, content.params)
    if content.run is not None:
        _check_run(content.run, net, params, members)
    if content.scaling is not None:
        _check_scaling(content.scaling, net)
    if content.estimator is not None:
        _check_estimator(content.estimator)
    return content._replace(
        params=params,
        classes=_classes(content.classes, net),
        features=_features(content.features, net),
    )


def _classes(value: Any, net: Network) -> npt.NDArray[Any] | None:
    if value is None:
        return None
    found = np.asarray(value)
    outputs = net.sizes[-1]
    count = outputs if outputs > 1 or net.targets == "multiclass" else 2
    only_one = outputs == 1 and found.shape == (1,)
    has_classes = net.targets in ("multiclass", "multilabel")
    if not has_classes or not (found.shape == (count,) or only_one):
        raise InvalidArgument(
            f"classes must be one for each output, {count}, of a network with a cross-entropy; "
            f"got {value!r:.200} for {net}"
        )
    return found


def _features(value: Any, net: Network) -> tuple[str, ...] | None:
    if value is None:
        return None
    found = tuple(value)
    if len(found) != net.sizes[0] or not all(isinstance(name, str) for name in found):
        raise InvalidArgument(
            f"features must be the names of the {net.sizes[0]} features of the network; "
            f"got {value!r:.200}"
        )
    return tuple(map(str, found))


def _check_scaling(value: Any, net: Network) -> None:
    if not isinstance(value, Scaling):
        raise InvalidArgument(f"scaling must be a Scaling; got {value!r:.200}")
    inputs, outputs = net.sizes[0], net.sizes[-1]
    widths = {"x_mean": inputs, "x_scale": inputs, "y_mean": outputs, "y_scale": outputs}
    for name, width in widths.items():
        found = getattr(value, name)
        if found is None and name.startswith("y") and value.y_mean is value.y_scale:
            continue
        shape = checks.shape_of(checks.array(name, found))
        if shape != (width,):
            raise InvalidArgument(
                f"{name} of a Scaling must have shape [{width}]; got shape {list(shape)}"
            )
        least = -np.inf if name.endswith("mean") else np.finfo(np.float64).tiny
        checks.bounded(f"{name} of a Scaling", checks.finite(name, found, ""), least, np.inf)


def _check_estimator(value: Any) -> None:
    if not isinstance(value, Estimator) or value.name not in ESTIMATORS:
        raise InvalidArgument(
            f"the estimator must be one of {', '.join(ESTIMATORS)}; got {value!r:.200}"
        )
    for part in (value.arguments, value.fitted):
        if not isinstance(part, dict) or not all(isinstance(name, str) for name in part):
            raise InvalidArgument("an estimator must have its arguments and attributes by name")
    for name in value.fitted:
        if name.startswith("_") == name.endswith("_"):
            raise InvalidArgument(
                f"a fitted attribute must be named like `_name` or `name_`; got {name!r:.100}"
            )


def _check_run(run: Any, net: Network, params: Params, members: tuple[int, ...]) -> None:
    """Refuse what is no Run of this network, with structures like these params."""
    if not (isinstance(run, Run) and isinstance(run.train_state, TrainState)) or run.net != net:
        raise InvalidArgument("the run must be a Run of the network in the file")
    now = run.train_state
    for state in (run.state, now.state):
        if not (isinstance(state, OptState) and isinstance(state.moments, tuple)):
            raise InvalidArgument("the state of a run must be an OptState")
        optimizers.check_state(state, params)
    for name in STRUCTURES:
        tree = getattr(now, name)
        if name == "params" or tree != ():
            checks.same_structure(f"{name} of a run", tree, params)
    checks.same_structure("params of a run", run.params, params)
    for name in NUMBERS:
        checks.for_members(f"{name} of a run", checks.array(name, getattr(now, name)), members)
    _check_history(run.history, members)
    checks.integer("steps of a run", run.steps, least=1)
    if run.rows is not None:
        checks.integer("rows of a run", run.rows, least=1)
    if not isinstance(run.optimizer, str) or run.xla not in (None, True, False):
        raise InvalidArgument(
            "a run must have the kind of its optimizer, and xla a boolean or None"
        )


def _check_history(history: Any, members: tuple[int, ...]) -> None:
    """Refuse what is no history of a run with these member axes."""
    if not (isinstance(history, dict) and "ended" in history):
        raise InvalidArgument('the history of a run must be a dict with "ended"')
    for name, values in history.items():
        found = np.asarray(values)
        shape = members if name == "ended" else (*found.shape[:1], *members)
        kind = "U" if name == "ended" else "f"
        if found.shape != shape or found.dtype.kind != kind:
            raise InvalidArgument(
                f"{name!r:.100} in the history of a run must have shape {list(shape)} and hold "
                f"{'strings' if name == 'ended' else 'floats'}; got shape {list(found.shape)} and "
                f"dtype {found.dtype}"
            )
