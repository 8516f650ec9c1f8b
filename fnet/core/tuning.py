"""The hyperparameters of the loss and its gradient, apart from those of an optimizer."""

from typing import Any, NamedTuple

import numpy as np

from fnet.core.aliases import ArrayLike

OWN_AXES = {"label_weights": 2, "quantiles": 1}
"""How many axes a hyperparameter of one network has; the others are single numbers."""

MAX_REPR_ENTRIES = 6
"""Arrays with more entries are shown by their shape."""


class Tuning(NamedTuple):
    """The hyperparameters of the loss and its gradient, all absent by default.

    Each is one number, or an array with the member axes M. Hyperparameters are tensors: changing
    one never recompiles. An absent one costs nothing.

    Penalties apply to weights and not to biases. They are divided by W, the sum of the weights of
    a batch's rows (their number where rows have no weights). Dropout applies in training alone,
    and multiplies the units that it keeps by `1 / (1 - rate)`. Clipping comes after the penalties.

    Args:
        l1: Adds `l1 * sum(abs(w)) / W` to the loss. At least 0.
        l2: Adds `l2 * sum(w**2) / (2 * W)` to the loss, as `alpha` of scikit-learn's MLP does. At
            least 0.
        dropout: The rate at which units of every hidden layer are dropped. From 0 to below 1.
        input_dropout: The rate at which features are dropped. From 0 to below 1.
        seed: The seed of dropout, an integer from 0 to below 2**32. 0 where absent.
        loss_weight: The loss of every row is multiplied by this, before penalties. K / 2 turns
            squared_error into half the sum of squares. Above 0.
        label_smoothing: s in `(1 - s) * y + s / K` under softmax_cross_entropy and in
            `(1 - s) * y + s / 2` under sigmoid_cross_entropy. From 0 to below 1.
        label_weights: Under sigmoid_cross_entropy, the weights of each label's zeros and of its
            ones, `[*M, K, 2]`. At least 0. `train` sets it from `class_weight`.
        quantiles: Under pinball, which requires it: the quantile of each output, `[*M, K]`,
            ascending, each above 0 and below 1.
        delta: Under huber, the size of the error from which the loss grows linearly. Above 0; 1
            where absent.
        clipvalue: Each entry of the gradient is clipped to `[-clipvalue, clipvalue]`, as in
            Keras. Above 0.
        global_clipnorm: The gradient is then scaled down so that the root of the sum of its
            squares is at most this, as in Keras. Above 0.
        ema_momentum: m of a moving average of params, `average = m * average + (1 - m) * params`
            after each step, which starts as the params after the first step; as `use_ema` of
            Keras. The average replaces the params in validation, as the best params and in the
            result. From 0 to below 1.

    Example:
        >>> import fnet
        >>> fnet.Tuning(l2=1e-4, dropout=[0.0, 0.5])
        Tuning(l2=0.0001, dropout=[0.0, 0.5])

    References:
        Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting"
        (2014); Szegedy et al., "Rethinking the Inception architecture" (2016), for label
        smoothing; Pascanu et al., "On the difficulty of training recurrent neural networks"
        (2013), for clipping by norm; Polyak and Juditsky, "Acceleration of stochastic
        approximation by averaging" (1992).
    """

    l1: ArrayLike | None = None
    l2: ArrayLike | None = None
    dropout: ArrayLike | None = None
    input_dropout: ArrayLike | None = None
    seed: ArrayLike | None = None
    loss_weight: ArrayLike | None = None
    label_smoothing: ArrayLike | None = None
    label_weights: ArrayLike | None = None
    quantiles: ArrayLike | None = None
    delta: ArrayLike | None = None
    clipvalue: ArrayLike | None = None
    global_clipnorm: ArrayLike | None = None
    ema_momentum: ArrayLike | None = None

    def __repr__(self) -> str:
        """The call that makes this Tuning, without absent fields."""
        given = (f"{k}={brief(v)}" for k, v in self._asdict().items() if v is not None)
        return f"Tuning({', '.join(given)})"

    def of(self, member: tuple[int, ...]) -> "Tuning":
        """The Tuning of one member.

        Args:
            member: The index of the member in the member axes.

        Returns:
            A Tuning without member axes.

        Example:
            >>> import fnet, numpy as np
            >>> fnet.Tuning(l2=np.array([0.1, 0.2])).of((1,))
            Tuning(l2=0.2)
        """

        def of_one(name: str, value: Any) -> Any:
            return value if np.ndim(value) <= OWN_AXES.get(name, 0) else value[member]

        return Tuning(**{name: of_one(name, value) for name, value in self._asdict().items()})


def brief(value: Any) -> str:
    """A short repr of a hyperparameter; large arrays and tensors by dtype and shape."""
    if isinstance(value, (np.ndarray, np.generic)) and value.size <= MAX_REPR_ENTRIES:
        return repr(value.tolist())
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"<{getattr(value.dtype, 'name', value.dtype)} {list(value.shape)}>"
    return repr(value)
