"""What must be true of an estimator in a file: closed lists of its arguments and attributes.

Nothing that is not in these lists is read from a file or set by it. The network, the params, the
classes, the names of features and the scaling stand in the file once for a Model and once more as
attributes of the estimator: the two must agree.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fnet.core import class_weights, optimizers
from fnet.core.aliases import PRECISIONS
from fnet.core.checks import members_of, tuning
from fnet.core.errors import InvalidArgument
from fnet.core.network import ACTIVATIONS, ALIASES, LOSSES, Network
from fnet.core.optimizers import Optimizer
from fnet.core.params import Layer
from fnet.core.printable import brief
from fnet.core.schedules import Schedule
from fnet.core.tuning import Tuning
from fnet.files import ensemble_checks
from fnet.files.run_checks import ENDED, check_train_state
from fnet.files.values import (
    SCALAR,
    Check,
    are_distinct,
    each,
    either,
    integer,
    is_boolean,
    is_none,
    is_optimizer,
    is_schedule,
    is_text,
    is_tuning,
    one_of,
    real,
    same,
)

TARGETS: dict[str, tuple[str, ...]] = {
    "MLPClassifier": ("multiclass", "multilabel"),
    "MLPRegressor": ("real", "counts", "quantiles"),
}
"""The estimators that a file may hold, with the kinds of targets of their networks."""

SOLVERS = ("adagrad", "adam", "adamw", "amsgrad", "lion", "nadam", "rmsprop", "sgd", "lbfgs")
"""The solvers that have names."""

ACTIVATION = one_of(*ACTIVATIONS, *ALIASES)
COUNT = integer(1)
QUANTILE = real(0, 1, above=True, below=True)
WEIGHTS = either(
    one_of("balanced"),
    lambda value: (
        isinstance(value, dict) and all(map(SCALAR, value)) and all(map(real(0), value.values()))
    ),
)

ARGUMENTS: dict[str, Check] = {
    "hidden_layer_sizes": either(COUNT, each(COUNT)),
    "activation": either(ACTIVATION, each(ACTIVATION)),
    "solver": either(one_of(*SOLVERS), is_optimizer),
    "alpha": real(0),
    "batch_size": either(one_of("auto"), COUNT),
    "learning_rate": either(one_of("constant", "invscaling", "adaptive"), is_schedule),
    "learning_rate_init": real(0, above=True),
    "power_t": real(0),
    "max_iter": COUNT,
    "shuffle": is_boolean,
    "random_state": either(is_none, integer(0, 2**32 - 1)),
    "tol": real(0),
    "verbose": either(is_boolean, integer(0), one_of("bar")),
    "warm_start": is_boolean,
    "momentum": real(0, 1),
    "nesterovs_momentum": is_boolean,
    "early_stopping": either(is_boolean, one_of("loss")),
    "validation_fraction": real(0, 1, below=True),
    "beta_1": real(0, 1, below=True),
    "beta_2": real(0, 1, below=True),
    "epsilon": real(0, above=True),
    "n_iter_no_change": either(COUNT, lambda value: isinstance(value, float) and value == math.inf),
    "max_fun": COUNT,
    "dropout": real(0, 1, below=True),
    "clipvalue": either(is_none, real(0, above=True)),
    "global_clipnorm": either(is_none, real(0, above=True)),
    "tuning": either(is_none, is_tuning),
    "standardize": is_boolean,
    "callback": is_none,
    "engine": one_of("auto", "numpy", "tensorflow"),
    "precision": one_of(*PRECISIONS),
}
"""The arguments that both estimators have, with their valid values."""

ADDED_ARGUMENTS: dict[str, Any] = {"precision": "float32"}
"""Arguments that files of earlier versions lack, with their defaults, which no file holds."""

OWN_ARGUMENTS: dict[str, dict[str, Check]] = {
    "MLPClassifier": {"class_weight": either(is_none, WEIGHTS, each(WEIGHTS))},
    "MLPRegressor": {
        "standardize": either(is_boolean, one_of("target")),
        "loss": one_of(
            *(name for name in LOSSES if LOSSES[name].targets in TARGETS["MLPRegressor"])
        ),
        "quantiles": either(is_none, QUANTILE, each(QUANTILE)),
    },
}
"""The arguments that only one of the estimators has."""

Agrees = Callable[[Any, Any], bool]
"""Whether the value of an attribute agrees with the Content that it is in."""


def _plain(valid: Check) -> Agrees:
    """What accepts a valid value in any Content."""
    return lambda value, _: valid(value)


def _is_curve(value: Any) -> bool:
    """Whether a value is a number for each epoch."""
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype == np.float64


def _are(field: str) -> Agrees:
    """What accepts a list of this field of the layers, in order."""

    def check(value: Any, content: Any) -> bool:
        wanted = [getattr(layer, field) for layer in content.params]
        return (
            isinstance(value, list)
            and len(value) == len(wanted)
            and all(
                found is not None and same(found, w) for found, w in zip(value, wanted, strict=True)
            )
        )

    return check


def _output_name(net: Network) -> str:
    output = net.output if net.link == "identity" else net.link
    return "logistic" if output == "sigmoid" else output


def _agrees_with_scaling(value: Any, content: Any) -> bool:
    if value is None or content.scaling is None:
        return value is content.scaling
    return type(value) is type(content.scaling) and all(map(same, value, content.scaling))


def _is_state(value: Any, content: Any) -> bool:
    kind = _kind_of_solver(content.estimator.arguments)
    return value is None or bool(check_train_state(value, content.net, content.params, kind))


def _kind_of_solver(arguments: dict[str, Any]) -> str | None:
    """The kind of the optimizer of these arguments, up to Nesterov's momentum; None for lbfgs."""
    solver = arguments["solver"]
    if isinstance(solver, Optimizer):
        return solver.kind
    if solver == "sgd":
        return optimizers.sgd(0.0, arguments["momentum"]).kind
    return None if solver == "lbfgs" else str(getattr(optimizers, solver)(0.0).kind)


NUMBER = either(real(), lambda value: isinstance(value, (float, np.floating)))
ANY_NUMBER = _plain(NUMBER)
NUMBER_OR_NONE = _plain(either(is_none, NUMBER))
CURVE_OR_NONE = _plain(either(is_none, _is_curve))

FITTED: dict[str, Agrees] = {
    "_net": lambda value, content: isinstance(value, Network) and value == content.net,
    "coefs_": _are("w"),
    "intercepts_": _are("b"),
    "n_layers_": lambda value, content: COUNT(value) and value == len(content.net.sizes),
    "n_outputs_": lambda value, content: COUNT(value) and value == content.net.sizes[-1],
    "n_features_in_": lambda value, content: COUNT(value) and value == content.net.sizes[0],
    "out_activation_": lambda value, content: is_text(value) and value == _output_name(content.net),
    "scaling_": _agrees_with_scaling,
    "_train_state": _is_state,
    "classes_": lambda value, content: (
        value is not None and same(value, content.classes) and are_distinct(value)
    ),
    "_sparse_labels": _plain(is_boolean),
    "feature_names_in_": lambda value, content: (
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and tuple(value.tolist()) == content.features
    ),
    "engine_": _plain(one_of("numpy", "tensorflow")),
    "n_iter_": _plain(integer(0)),
    "t_": _plain(integer(0)),
    "ended_": _plain(one_of(*ENDED, "converged", "iterations", "evaluations", "no descent")),
    "loss_": ANY_NUMBER,
    "best_loss_": NUMBER_OR_NONE,
    "loss_curve_": _plain(_is_curve),
    "validation_loss_curve_": CURVE_OR_NONE,
    "validation_scores_": CURVE_OR_NONE,
    "best_validation_score_": NUMBER_OR_NONE,
}
"""The attributes that a fit sets, and when each agrees with the Content of the file."""

ALWAYS = (
    *("_net", "coefs_", "intercepts_", "n_layers_", "n_outputs_", "n_features_in_"),
    *("out_activation_", "scaling_", "_train_state"),
)
"""The attributes that every fitted estimator has."""

OF_A_CLASSIFIER = ("classes_", "_sparse_labels")
"""The attributes that every fitted classifier has, and no regressor."""


def without_added(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments without those of ADDED_ARGUMENTS that have their defaults."""
    return {
        name: value
        for name, value in arguments.items()
        if name not in ADDED_ARGUMENTS or value != ADDED_ARGUMENTS[name]
    }


def check_estimator(value: Any, content: Any) -> None:
    """Refuse an estimator that does not agree with the rest of a Content, or does not work.

    Args:
        value: The `schema.Estimator`.
        content: The `schema.Content` that it is in, otherwise checked.

    Raises:
        InvalidArgument: It does not agree.
    """
    name, arguments, fitted = value
    net = content.net
    if isinstance(arguments, dict):
        arguments = ADDED_ARGUMENTS | arguments
    if (content.ensemble is not None) != (name in ensemble_checks.TARGETS):
        raise InvalidArgument(f"an ensemble must come from its estimator; got {name!r:.100}")
    if content.ensemble is not None:
        ensemble_checks.check_estimator(name, arguments, net)
        if fitted != {}:
            raise InvalidArgument(f"{name} has no other fitted attributes; got {brief(fitted)}")
        return
    if not is_text(name) or net.targets not in TARGETS.get(name, ()):
        raise InvalidArgument(
            f"the estimator must be one of {', '.join(TARGETS)}, with a network of its targets; "
            f"got {name!r:.200} with {net}"
        )
    if members := members_of(content.params):
        raise InvalidArgument(f"an estimator has one network; got member axes {list(members)}")
    if not all(type(entry) is Layer for entry in content.params):
        raise InvalidArgument("an estimator must have params of dense layers")
    _check_arguments(name, arguments, net)
    _check_fitted(name, fitted, content)


def _check_arguments(name: str, arguments: Any, net: Network) -> None:
    known = ARGUMENTS | OWN_ARGUMENTS[name]
    if not isinstance(arguments, dict) or arguments.keys() != known.keys():
        different = set(arguments) ^ known.keys() if isinstance(arguments, dict) else arguments
        raise InvalidArgument(
            f"the arguments of {name} must be {', '.join(known)}; different are {different!r:.200}"
        )
    for argument, valid in known.items():
        if not valid(arguments[argument]):
            raise InvalidArgument(
                f"{argument} of the estimator must be a value that {name} takes and a file holds; "
                f"got {arguments[argument]!r:.200}"
            )
    _check_numbers(arguments, net)


def _check_numbers(arguments: dict[str, Any], net: Network) -> None:
    """Refuse hyperparameters that the network does not have, or of several members."""
    for value in (arguments["solver"], arguments["learning_rate"]):
        schedule = value.hyperparameters["learning_rate"] if isinstance(value, Optimizer) else value
        parts = [v for v in (value, schedule) if isinstance(v, (Optimizer, Schedule))]
        for number, found in (pair for part in parts for pair in part.hyperparameters.items()):
            axes = 1 if number in ("boundaries", "values") else 0
            if not isinstance(found, Schedule) and np.ndim(found) != axes:
                raise InvalidArgument(f"{number} of the estimator must be of one network")
    given: Tuning | None = arguments["tuning"]
    quantiles = np.linspace(0, 1, net.sizes[-1] + 2)[1:-1]
    if given is not None:
        known = given if net.targets != "quantiles" else given._replace(quantiles=quantiles)
        tuning(net, known, ())
    if net.targets == "quantiles" and arguments["quantiles"] is not None:
        count = np.size(arguments["quantiles"])
        if count not in (1, net.sizes[-1]):
            raise InvalidArgument(
                f"quantiles of the estimator must be one for each of {net.sizes[-1]} outputs; "
                f"got {count}"
            )


def _check_fitted(name: str, fitted: Any, content: Any) -> None:
    if not isinstance(fitted, dict):
        raise InvalidArgument("the attributes of an estimator must be given by name")
    is_classifier = name == "MLPClassifier"
    needed = {*ALWAYS, *(OF_A_CLASSIFIER if is_classifier else ())}
    known = FITTED.keys() - (() if is_classifier else OF_A_CLASSIFIER)
    if missing := sorted(needed - fitted.keys()):
        raise InvalidArgument(f"a fitted {name} must have {', '.join(missing)}")
    for attribute, value in fitted.items():
        if attribute not in known:
            raise InvalidArgument(
                f"a file holds the attributes that fnet sets in a fit; {attribute!r:.100} is none"
            )
        if not FITTED[attribute](value, content):
            raise InvalidArgument(
                f"{attribute} of the estimator must agree with the network, params, classes, "
                f"features and scaling of the file; got {value!r:.200}"
            )
    weights = content.estimator.arguments.get("class_weight")
    several_labels = content.net.targets == "multilabel" and content.net.sizes[-1] > 1
    if isinstance(weights, dict) and not several_labels:
        class_weights.check_keys(weights, fitted["classes_"].tolist())
    curves = [fitted.get(key) for key in ("validation_loss_curve_", "validation_scores_")]
    longest = max((len(curve) for curve in curves if curve is not None), default=0)
    if longest > len(fitted.get("loss_curve_", ())):
        raise InvalidArgument("loss_curve_ of the estimator must have a value for each epoch")
    if "loss_curve_" in fitted and "n_iter_" not in fitted:
        raise InvalidArgument("an estimator with loss_curve_ must have n_iter_")
