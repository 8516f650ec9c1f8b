"""What a file holds, and what must be true of it."""

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from fnet.core import checks
from fnet.core.aliases import Params
from fnet.core.ensemble import Ensemble
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.run_state import Run
from fnet.core.scaling import Scaling
from fnet.encoding import Encoding
from fnet.files import encoding_checks, ensemble_checks, estimators, run_checks, values

MAX_NAMES_SIZE = 1 << 22
"""The most letters of all names together, if each were as long as the longest.

NumPy stores a list of names so: a long one and many short ones would take far more memory than the
file has.
"""


class Estimator(NamedTuple):
    """A scikit-learn estimator as plain data.

    Attributes:
        name: The name of its class, one of `estimators.TARGETS`.
        arguments: The arguments of its constructor, by name.
        fitted: The attributes that fitting has set, by name.
    """

    name: str
    arguments: dict[str, Any]
    fitted: dict[str, Any]


class Pipeline(NamedTuple):
    """What a pipeline of scikit-learn has beside its encoding and its estimator.

    Attributes:
        steps: The names of its two steps.
        encoder: The arguments of its TableEncoder, by name.
    """

    steps: tuple[str, str]
    encoder: dict[str, Any]


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
        encoding: How the rows of a table become the D features; then `features` is None.
        pipeline: What restores the pipeline of the encoding and the estimator.
        ensemble: What the members are as an ensemble: then their mean predicts.
    """

    net: Network
    params: Params
    classes: Any = None
    features: Any = None
    scaling: Scaling | None = None
    trained: Any = None
    run: Run | None = None
    estimator: Estimator | None = None
    encoding: Encoding | None = None
    pipeline: Pipeline | None = None
    ensemble: Ensemble | None = None


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
    if hasattr(what, "named_steps"):
        from fnet.estimators import pipelines

        return _of_fields(pipelines.plain(what) | fields)
    if hasattr(what, "_plain"):
        return _of_fields(what._plain() | fields)
    if isinstance(what, Run):
        return Content(what.net, what.params, run=what, **fields)
    if isinstance(what, (tuple, list)) and len(what) == 2 and isinstance(what[0], Network):
        net, params = what
        return Content(net, params, **fields)
    raise InvalidArgument(
        "what must be (net, params), a Run, an estimator, a pipeline of a TableEncoder and an "
        f"estimator, or what load returned; got {what!r:.200}"
    )


def _of_fields(fields: dict[str, Any]) -> Content:
    """The Content of fields as estimators give them: records may be tuples."""
    if fields.get("estimator") is not None:
        name, arguments, fitted = fields["estimator"]
        ours = {key: value for key, value in fitted.items() if key in estimators.FITTED}
        fields |= {"estimator": Estimator(name, estimators.without_added(arguments), ours)}
    if fields.get("pipeline") is not None:
        fields |= {"pipeline": Pipeline(*fields["pipeline"])}
    return Content(**fields)


def check_content(content: Any) -> Content:
    """A Content whose parts fit each other, with params as entries of arrays.

    Raises:
        InvalidArgument: They do not fit.
    """
    if not isinstance(content, Content) or not isinstance(content.net, Network):
        raise InvalidArgument("a file must hold the Content of a Network")
    net = content.net
    params, members, _ = checks.params(net, content.params)
    if content.encoding is not None and content.features is not None:
        raise InvalidArgument(
            "features must be left out where an encoding names the columns of a table; got "
            f"{content.features!r:.200}"
        )
    found = content._replace(
        params=params,
        classes=_classes(content.classes, net),
        features=_features(content.features, net),
    )
    if content.encoding is not None:
        encoding_checks.check_encoding(content.encoding, net)
    if (content.pipeline is None) != (content.encoding is None or content.estimator is None):
        raise InvalidArgument(
            "a file must hold a pipeline, if it holds an encoder and an estimator"
        )
    if content.pipeline is not None:
        if not isinstance(content.pipeline, Pipeline):
            raise InvalidArgument(f"pipeline must be a Pipeline; got {content.pipeline!r:.200}")
        encoding_checks.check_pipeline(*content.pipeline)
    if content.scaling is not None:
        _check_scaling(content.scaling, net)
    if content.run is not None:
        run_checks.check_run(content.run, net, params)
    if content.estimator is not None:
        if not isinstance(content.estimator, Estimator) or content.run is not None:
            raise InvalidArgument("a file must hold a run, an estimator or neither of them")
        estimators.check_estimator(content.estimator, found)
    if content.ensemble is not None:
        ensemble_checks.check_ensemble(found, members)
    return found


def check_form(content: Any) -> Any:
    """A Content from a file, whose arrays must be arrays. `check_content` takes lists, too."""
    if isinstance(content, Content):
        names = content.classes
        if not run_checks.is_structure(content.params) or not (
            names is None or values.is_array(names)
        ):
            raise InvalidArgument("params and classes must be arrays")
    return content


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
    if found.dtype.kind not in "biufUO":
        raise InvalidArgument(f"classes must be numbers or strings; got dtype {found.dtype}")
    _check_size("classes", found.tolist() if found.dtype.kind == "O" else ())
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
    _check_size("features", found)
    return tuple(map(str, found))


def _check_size(what: str, names: Any) -> None:
    """Refuse names that would take too much memory as an array."""
    longest = max((len(name) for name in names if isinstance(name, str)), default=0)
    if longest * len(names) > MAX_NAMES_SIZE:
        raise InvalidArgument(
            f"{what} must have at most {MAX_NAMES_SIZE} letters, if each were as long as the "
            f"longest; got {len(names)} of up to {longest} letters. Shorten the longest"
        )


def _check_scaling(value: Any, net: Network) -> None:
    if not isinstance(value, Scaling):
        raise InvalidArgument(f"scaling must be a Scaling; got {value!r:.200}")
    inputs, outputs = net.sizes[0], net.sizes[-1]
    widths = {"x_mean": inputs, "x_scale": inputs, "y_mean": outputs, "y_scale": outputs}
    if value.y_mean is None and value.y_scale is None:
        widths = {"x_mean": inputs, "x_scale": inputs}
    elif net.targets not in ("real", "quantiles"):
        raise InvalidArgument(f"a Scaling of targets does not go with {net.loss}")
    for name, width in widths.items():
        found = getattr(value, name)
        if not values.is_array(found) or found.shape != (width,) or found.dtype.kind != "f":
            raise InvalidArgument(
                f"{name} of a Scaling must be floats of shape [{width}]; got {found!r:.200}"
            )
        least = -np.inf if name.endswith("mean") else np.finfo(np.float64).tiny
        checks.bounded(f"{name} of a Scaling", checks.finite(name, found, ""), least, np.inf)
