"""The arguments of the estimators: what each may be, and what it means to fnet's own functions.

Meaning and defaults are those of scikit-learn 1.9 (`sklearn.neural_network`).
"""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from fnet.core import optimizers, schedules
from fnet.core.errors import InvalidArgument
from fnet.core.network import ACTIVATIONS, ALIASES, Network
from fnet.core.optimizers import Optimizer
from fnet.core.params import Layer
from fnet.core.schedules import Schedule
from fnet.core.tuning import Tuning

OPTIMIZERS = ("adagrad", "adam", "adamw", "amsgrad", "lion", "nadam", "rmsprop", "sgd")

CONSTRAINTS = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({*ACTIVATIONS, *ALIASES}), "array-like"],
    "solver": [StrOptions({"lbfgs", *OPTIMIZERS}), Optimizer],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"}), Schedule, callable],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean", StrOptions({"loss"})],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "clipvalue": [Interval(Real, 0, None, closed="neither"), None],
    "global_clipnorm": [Interval(Real, 0, None, closed="neither"), None],
    "tuning": [Tuning, None],
    "standardize": ["boolean"],
    "callback": [callable, None],
    "engine": [StrOptions({"auto", "numpy", "tensorflow"})],
}

LOSS_OF = {
    "softmax": "softmax_cross_entropy",
    "logistic": "sigmoid_cross_entropy",
    "exp": "poisson",
    "identity": "squared_error",
}
"""scikit-learn's output activations, each with the loss that it goes with there."""

TIE = 1e-12
"""scikit-learn takes a loss or a score that is just as good as `tol` asks for progress."""


def network(estimator, inputs, outputs, loss):
    """The Network that these arguments ask for."""
    hidden = estimator.hidden_layer_sizes
    hidden = list(hidden) if np.iterable(hidden) else [hidden]
    if np.any(np.array(hidden) <= 0):
        raise InvalidArgument(f"hidden_layer_sizes must be > 0, got {hidden}.")
    activation = estimator.activation
    names = activation if isinstance(activation, str) else tuple(activation)
    return Network((inputs, *hidden, outputs), hidden=names, loss=loss)


def same_network(estimator, net):
    """Refuse to go on with another network than the one that was fitted."""
    asked = network(estimator, net.sizes[0], net.sizes[-1], net.loss)
    if (asked.sizes, asked.hidden) != (net.sizes, net.hidden):
        raise InvalidArgument(
            f"a fit goes on with the network that it began with, of sizes {net.sizes} and "
            f"activations {net.hidden}; got {asked.sizes} and {asked.hidden}. Set "
            "warm_start=False, or use a clone"
        )


def start(estimator, net, random, dtype):
    """First params, uniform in ±sqrt(6 / (D + H)), biases too; under the logistic 2 in place of 6.

    Source: `MLPClassifier._init_coef` of scikit-learn, whose numbers these are.
    """
    one = isinstance(estimator.activation, str)
    names = [estimator.activation] if one else list(estimator.activation)
    names += names[-1:] * len(net.layers)
    layers = []
    for (d, h), name in zip(net.layers, names, strict=False):
        bound = np.sqrt((2 if name in ("logistic", "sigmoid") else 6) / (d + h))
        drawn = (random.uniform(-bound, bound, shape).astype(dtype) for shape in ((d, h), h))
        layers.append(Layer(*drawn))
    return tuple(layers)


def optimizer(estimator, plan):
    """The Optimizer for a run on this plan."""
    solver, schedule = estimator.solver, estimator.learning_rate
    if not isinstance(solver, str):
        return solver
    rate = estimator.learning_rate_init if isinstance(schedule, str) else schedule
    if solver == "adam":
        return optimizers.adam(rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
    if solver != "sgd":
        return getattr(optimizers, solver)(rate)
    if isinstance(schedule, str) and schedule == "invscaling":  # once an epoch, by rows seen
        steps = plan.steps
        rate = schedules.inverse_scaling(rate, estimator.power_t, steps / plan.rows, steps)
    return optimizers.sgd(rate, estimator.momentum, estimator.nesterovs_momentum)


def tuning(estimator, net, seed):
    """The Tuning; scikit-learn's losses are sums over outputs, of half squares for the squares."""
    outputs = net.sizes[-1]
    weights = {"squared_error": outputs / 2, "poisson": outputs, "sigmoid_cross_entropy": outputs}
    numbers = {
        "l2": estimator.alpha or None,
        "dropout": estimator.dropout or None,
        "clipvalue": estimator.clipvalue,
        "global_clipnorm": estimator.global_clipnorm,
        "loss_weight": weights.get(net.loss, 1),
    }
    if numbers["loss_weight"] == 1:
        numbers["loss_weight"] = None  # what is absent costs nothing
    if estimator.tuning is not None:
        numbers |= {k: v for k, v in estimator.tuning._asdict().items() if v is not None}
    if numbers["dropout"] is not None or "input_dropout" in numbers:
        numbers.setdefault("seed", seed)
    return Tuning(**numbers)


def stopping(estimator, watch):
    """The options of `train` by which a run ends early; `watch` is the validation score's name."""
    patience, early = estimator.n_iter_no_change + 1, estimator.early_stopping
    watch = "loss" if not early else "validation_loss" if early == "loss" else watch
    options = {
        "patience": None if np.isinf(patience) else patience,
        "min_delta": estimator.tol - TIE,
        "best_delta": 0.0,
        "restore_best": bool(early),
        "monitor": watch,
    }
    adaptive = isinstance(estimator.learning_rate, str) and estimator.learning_rate == "adaptive"
    if adaptive and estimator.solver == "sgd" and options["patience"] is not None:
        least = min(1.0, 1e-6 / estimator.learning_rate_init)
        options |= {"lr_factor": 0.2, "min_lr_factor": least}
    return options
