"""The network and its training, by the number of rows alone.

The numbers are those of a trial on small tables: 64 epochs in batches of 256 rows, each network
with its best epoch, were as good there as ten times as many steps.
"""

import math
from typing import Any, NamedTuple

from fnet.core import schedules
from fnet.core.batches import Plan, minibatch_plan
from fnet.core.optimizers import Optimizer, adam

HIDDEN = (128, 128)
"""The units of the hidden layers."""

LEARNING_RATE = 0.003
"""Adam's first rate, which falls to 0 along a cosine."""

EPOCHS = 64
"""The number of epochs, unless these are too few or too many steps."""

MIN_STEPS = 128
"""The fewest steps: a table of few rows gets more epochs."""

MAX_STEPS = 6000
"""The most steps: a table of many rows gets fewer epochs, but at least MIN_EPOCHS."""

MIN_EPOCHS = 8

BATCH = 256
"""Rows in a batch, or all rows if fewer."""


class Recipe(NamedTuple):
    """How the networks of a fit are trained.

    Attributes:
        hidden: The units of each hidden layer.
        epochs: The number of epochs.
        batch_size: The number of rows in a batch.
    """

    hidden: tuple[int, ...]
    epochs: int
    batch_size: int

    def plan(self, rows: int, seed: int, weights: Any = None) -> Plan:
        """The batches of all networks."""
        return minibatch_plan(rows, self.batch_size, self.epochs, seed, weights)

    def optimizer(self, plan: Plan) -> Optimizer:
        """Adam, whose rate falls to 0 by the end of the plan."""
        return adam(schedules.cosine(LEARNING_RATE, plan.epochs * plan.steps))


def make_recipe(rows: int, hidden: Any = None, epochs: int | None = None) -> Recipe:
    """The Recipe for a table of this many rows.

    Args:
        rows: The number of rows.
        hidden: The units of the hidden layers; None for the rule.
        epochs: The number of epochs; None for the rule.
    """
    sizes = HIDDEN if hidden is None else tuple(hidden)
    batch = min(BATCH, rows)
    steps = math.ceil(rows / batch)
    if epochs is None:
        most = max(MIN_EPOCHS, MAX_STEPS // steps)
        epochs = min(max(EPOCHS, math.ceil(MIN_STEPS / steps)), most)
    return Recipe(sizes, epochs, batch)
