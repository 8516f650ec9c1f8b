"""The numbers of a loss and its gradient that a person may tune, apart from an optimizer's own."""

from typing import Any, NamedTuple

import numpy as np


class Tuning(NamedTuple):
    """Numbers that shape the loss and its gradient: all absent by default, and then they cost
    nothing.

    Each is one number, or an array of them with the member axes M. They travel as tensors, so that
    another value compiles nothing.

    Penalties, on weights and not on biases, for a batch whose weights sum to W (its rows, if they
    have none):
      l1: adds `l1 * sum(abs(w)) / W` to the loss. 0 or more.
      l2: adds `l2 * sum(w**2) / (2 * W)`, as `alpha` in scikit-learn's MLP does. 0 or more.

    Dropout (Srivastava et al., 2014), in training alone; the units that are kept are multiplied by
    `1 / (1 - rate)`:
      dropout: the rate at which the units of every hidden layer are dropped. From 0 to below 1.
      input_dropout: the same for the features.
      seed: of which units are dropped, a whole number from 0 below 2**32; 0 where absent.

    Of a loss:
      loss_weight: what the loss of every row is multiplied by, before penalties: K / 2 makes the
        mean of squares of squared_error the half sum of squares. Above 0.
      label_smoothing: s in `(1 - s) * y + s / K` under softmax_cross_entropy (Szegedy et al.,
        2016) and `(1 - s) * y + s / 2` under sigmoid_cross_entropy. From 0 to below 1.
      label_weights: `[*M, K, 2]` under sigmoid_cross_entropy, for each label the weight of its
        zeros and of its ones. 0 or more. (`train` makes it of `class_weight`.)
      quantiles: `[*M, K]` under pinball, which needs it: the quantile of each output, ascending,
        each above 0 and below 1.
      delta: where huber goes over from squares to a straight line, 1 where absent. Above 0.

    Of a gradient, after the penalties, as in Keras:
      clipvalue: each number is clipped to `[-clipvalue, clipvalue]`. Above 0.
      global_clipnorm: then all are scaled down together so that the root of the sum of their
        squares is no more than this (Pascanu et al., 2013). Above 0.

    Of a run:
      ema_momentum: a moving average of params, `average = m * average + (1 - m) * params` after
        each step, which begins as the params after the first (Polyak and Juditsky, 1992; as Keras's
        `use_ema`). It takes the place of the params in what is measured, kept as the best and
        returned. From 0 to below 1.
    """

    l1: Any = None
    l2: Any = None
    dropout: Any = None
    input_dropout: Any = None
    seed: Any = None
    loss_weight: Any = None
    label_smoothing: Any = None
    label_weights: Any = None
    quantiles: Any = None
    delta: Any = None
    clipvalue: Any = None
    global_clipnorm: Any = None
    ema_momentum: Any = None

    def of(self, member):
        """The numbers of one member, which is an index into the member axes."""
        own = {"label_weights": 2, "quantiles": 1}

        def of_one(name, number):
            return number if np.ndim(number) <= own.get(name, 0) else number[member]

        return Tuning(**{name: of_one(name, v) for name, v in self._asdict().items()})
