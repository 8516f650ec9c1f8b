"""The arguments of the estimators in terms of fnet's own functions: networks, optimizers, tuning.

Meaning and defaults are those of scikit-learn 1.9 (`sklearn.neural_network`).
"""

from typing import Any

import numpy as np

from fnet.core import optimizers, schedules
from fnet.core.aliases import LossName, Params
from fnet.core.batches import Plan
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.params import Layer
from fnet.core.tuning import Tuning
from fnet.estimators.arguments import ArgumentsMixin

LOSS_OF_OUTPUT: dict[str, LossName] = {
    "softmax": "softmax_cross_entropy",
    "logistic": "sigmoid_cross_entropy",
    "exp": "poisson",
    "identity": "squared_error",
}
"""The loss that scikit-learn uses with each of its output activations."""

TOL_MARGIN = 1e-12
"""Subtracted from `tol`: scikit-learn counts an improvement of exactly `tol`, `train` does not."""


def network(estimator: ArgumentsMixin, n_features: int, n_outputs: int, loss: LossName) -> Network:
    """The Network that the arguments describe."""
    sizes = estimator.hidden_layer_sizes
    hidden: list[Any] = list(sizes) if np.iterable(sizes) else [sizes]
    if np.any(np.array(hidden) <= 0):
        raise InvalidArgument(f"hidden_layer_sizes must be > 0, got {hidden}.")
    activation = estimator.activation
    names = activation if isinstance(activation, str) else tuple(activation)
    return Network((n_features, *hidden, n_outputs), hidden=names, loss=loss)


def check_same_network(estimator: ArgumentsMixin, net: Network) -> None:
    """Refuse to continue a fit with another network than the fitted one."""
    wanted = network(estimator, net.sizes[0], net.sizes[-1], net.loss)
    if (wanted.sizes, wanted.hidden) != (net.sizes, net.hidden):
        raise InvalidArgument(
            f"a fit must continue with its network, of sizes {net.sizes} and activations "
            f"{net.hidden}; got {wanted.sizes} and {wanted.hidden}. Set warm_start=False, or use "
            "a clone"
        )


def initial_params(
    estimator: ArgumentsMixin, net: Network, random: np.random.RandomState, dtype: Any
) -> Params:
    """Weights and biases uniform in ±sqrt(6 / (D + H)), or ±sqrt(2 / (D + H)) under the logistic.

    They are the numbers of scikit-learn's `MLPClassifier._init_coef`.
    """
    activation = estimator.activation
    names: list[str] = [activation] if isinstance(activation, str) else list(activation)
    names += names[-1:] * len(net.layers)
    layers = []
    for (d, h), name in zip(net.layers, names, strict=False):
        bound = np.sqrt((2 if name in ("logistic", "sigmoid") else 6) / (d + h))
        w = random.uniform(-bound, bound, (d, h)).astype(dtype)
        b = random.uniform(-bound, bound, h).astype(dtype)
        layers.append(Layer(w=w, b=b))
    return tuple(layers)


def optimizer(estimator: ArgumentsMixin, plan: Plan) -> Optimizer:
    """The Optimizer for a run on this plan."""
    solver, schedule = estimator.solver, estimator.learning_rate
    if isinstance(solver, Optimizer):
        return solver
    rate: Any = estimator.learning_rate_init if isinstance(schedule, str) else schedule
    if solver == "adam":
        return optimizers.adam(rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
    if solver != "sgd":
        converted: Optimizer = getattr(optimizers, solver)(rate)
        return converted
    if schedule == "invscaling":  # changes once an epoch, by the rows seen
        steps = plan.steps
        rate = schedules.inverse_scaling(rate, estimator.power_t, steps / plan.rows, steps)
    return optimizers.sgd(rate, estimator.momentum, estimator.nesterovs_momentum)


def tuning(estimator: ArgumentsMixin, net: Network, seed: int | None) -> Tuning:
    """The Tuning that the arguments describe.

    scikit-learn's losses are sums over outputs, and half the sum of squares for squared_error;
    `loss_weight` makes fnet's means the same.
    """
    n_outputs = net.sizes[-1]
    loss_weights = {
        "squared_error": n_outputs / 2,
        "poisson": n_outputs,
        "sigmoid_cross_entropy": n_outputs,
    }
    loss_weight = loss_weights.get(net.loss, 1)
    values: dict[str, Any] = {
        "l2": estimator.alpha or None,
        "dropout": estimator.dropout or None,
        "clipvalue": estimator.clipvalue,
        "global_clipnorm": estimator.global_clipnorm,
        "loss_weight": None if loss_weight == 1 else loss_weight,  # an absent number costs nothing
    }
    if estimator.tuning is not None:
        values |= {k: v for k, v in estimator.tuning._asdict().items() if v is not None}
    if values["dropout"] is not None or "input_dropout" in values:
        values.setdefault("seed", seed)
    return Tuning(**values)


def stopping(estimator: ArgumentsMixin, validation_score: str) -> dict[str, Any]:
    """The arguments of `train` that end a run early.

    Args:
        estimator: The estimator.
        validation_score: The name of the validation score in the history.

    Returns:
        Keyword arguments of `train`.
    """
    patience, early = estimator.n_iter_no_change + 1, estimator.early_stopping
    monitor = "validation_loss" if early == "loss" else validation_score if early else "loss"
    options: dict[str, Any] = {
        "patience": None if np.isinf(patience) else patience,
        "min_delta": estimator.tol - TOL_MARGIN,
        "best_delta": 0.0,
        "restore_best": bool(early),
        "monitor": monitor,
    }
    adaptive = isinstance(estimator.learning_rate, str) and estimator.learning_rate == "adaptive"
    if adaptive and estimator.solver == "sgd" and options["patience"] is not None:
        least = min(1.0, 1e-6 / estimator.learning_rate_init)
        options |= {"lr_factor": 0.2, "min_lr_factor": least}
    return options
