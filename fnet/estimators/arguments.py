"""The arguments of both estimators: their types, their permitted values and their old names.

Meaning and defaults are those of scikit-learn 1.9 (`sklearn.neural_network`).
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Literal, Protocol, Self, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from sklearn.utils._param_validation import Interval, Options, StrOptions

from fnet.core.aliases import PRECISIONS, ActivationName, ArrayLike, Precision
from fnet.core.errors import InvalidArgument
from fnet.core.names import meant
from fnet.core.network import ACTIVATIONS, ALIASES
from fnet.core.optimizers import Optimizer
from fnet.core.run_state import Run
from fnet.core.schedules import Schedule
from fnet.core.tuning import Tuning
from fnet.estimators.sklearn_api import BaseEstimator


class SparseMatrix(Protocol):
    """A sparse matrix or array of SciPy."""

    def toarray(self) -> npt.NDArray[Any]:
        """The matrix as a dense array."""
        ...


MatrixLike: TypeAlias = ArrayLike | SparseMatrix
"""An array, a data frame or a sparse matrix."""

ValidationData: TypeAlias = (
    tuple[MatrixLike, MatrixLike] | tuple[MatrixLike, MatrixLike, ArrayLike] | list[Any]
)
"""`(X, y)` or `(X, y, sample_weight)`."""

HiddenLayerSizes: TypeAlias = int | Sequence[int] | npt.NDArray[Any]

Activation: TypeAlias = ActivationName | Sequence[ActivationName]

OptimizerName: TypeAlias = Literal[
    "adagrad", "adam", "adamw", "amsgrad", "lion", "nadam", "rmsprop", "sgd"
]

Solver: TypeAlias = OptimizerName | Literal["lbfgs"] | Optimizer

LearningRateSchedule: TypeAlias = (
    Literal["constant", "invscaling", "adaptive"] | Schedule | Callable[[Any], Any]
)

RandomState: TypeAlias = int | np.random.RandomState | None

EngineName: TypeAlias = Literal["numpy", "tensorflow"]

OPTIMIZERS: tuple[str, ...] = get_args(OptimizerName)
"""The optimizers that `solver` may name."""

CONSTRAINTS: dict[str, list[Any]] = {
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
    "verbose": ["verbose", StrOptions({"bar"})],
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
    "precision": [StrOptions(set(PRECISIONS))],
}
"""The values that scikit-learn's validation accepts for each argument."""


class ArgumentsMixin(BaseEstimator):
    """The arguments that both estimators have, as attributes. A wrong name gets a suggestion."""

    hidden_layer_sizes: HiddenLayerSizes
    activation: Activation
    solver: Solver
    alpha: float
    batch_size: int | Literal["auto"]
    learning_rate: LearningRateSchedule
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: RandomState
    tol: float
    verbose: bool | int | Literal["bar"]
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool | Literal["loss"]
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    dropout: float
    clipvalue: float | None
    global_clipnorm: float | None
    tuning: Tuning | None
    standardize: bool | Literal["target"]
    callback: Callable[[Run], Any] | None
    engine: Literal["auto"] | EngineName
    precision: Precision

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A new estimator; an unknown keyword is refused with the name to use."""
        for name in kwargs:
            if correct := _correct_name(cls, name):
                raise TypeError(_unknown_argument(cls, name, correct))
        return super().__new__(cls)

    def set_params(self, **params: Any) -> Self:
        """Set arguments by name.

        Args:
            **params: New values by argument name.

        Returns:
            The estimator.

        Raises:
            InvalidArgument: The estimator has no argument of such a name.

        Example:
            >>> import fnet
            >>> fnet.MLPClassifier().set_params(max_iter=50).max_iter
            50
        """
        for name in params:
            if correct := _correct_name(type(self), name.partition("__")[0]):
                raise InvalidArgument(_unknown_argument(type(self), name, correct))
        return super().set_params(**params)


def _correct_name(cls: type, name: str) -> str | None:
    """The argument that an unknown name stands for; None for a known name, and for no match."""
    names = _argument_names(cls)
    return None if names is None or name in names else meant(name, names)


@functools.cache
def _argument_names(cls: type) -> tuple[str, ...] | None:
    """The arguments of a class; None where a subclass takes any keyword."""
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return tuple(parameters)[1:]


def _unknown_argument(cls: type, name: str, correct: str) -> str:
    return f"{cls.__name__} has no argument {name!r}; did you mean {correct!r}?"
