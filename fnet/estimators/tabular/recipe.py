"""The network and its training, by the number of rows and features alone.

Measured on tables of `scripts/accuracy_tables.py` with fewer than 20,000 rows, as the mean of
accuracy or R² on outer folds. On 19 tables periodic functions of numbers gained .004, and .017 of
log loss, and a rate of .006 gained .002 over .003. On ten of them 128 epochs gained .003 over 64,
and 256 on eight of them .002 more at twice the time. Decay, smoothing of labels, dropout, a wider
network, mish and two networks for each fold gained less than .002, and are left out. Learned
numbers for the levels of whole numbers gained .011 (.15 where the column is a school). The best
epoch was .01 better than the last. It is the same for all networks, by their mean loss on held-out
rows: where each network had its own, the score of the out-of-fold predictions was .017 higher, and
new rows were predicted .003 worse.

On four tables of 20,000 rows and more, two folds each, a moving average of params raised the
out-of-fold score of each, by .003 to .025, and R² of new rows by .014 in the mean; 2,000 steps were
as good as 4,000. On the smaller tables it lost .003.
"""

import math
from typing import Any, NamedTuple

from fnet.core import schedules
from fnet.core.batches import Plan, minibatch_plan
from fnet.core.network import Codes, Embedding, Network
from fnet.core.optimizers import Optimizer, adam
from fnet.core.tuning import Tuning
from fnet.encoding import Encoding, code_features, feature_names, number_features
from fnet.encoding.transformer import TableEncoder

HIDDEN = (128, 128)
"""The units of the hidden layers."""

LEARNING_RATE = 0.008
"""Adam's first rate, which falls to 0 along a cosine."""

EPOCHS = 96
"""The number of epochs, unless these are too few or too many steps."""

MIN_STEPS = 128
"""The fewest steps: a table of few rows gets more epochs."""

MAX_STEPS = 2000
"""The most steps: a table of many rows gets fewer epochs, but at least MIN_EPOCHS."""

AVERAGED_ROWS = 8192
"""From so many rows on, a moving average of params predicts."""

EMA_MOMENTUM = 0.99
"""The momentum of the moving average."""

MIN_EPOCHS = 8

PATIENCE, PATIENT_STEPS = 16, 96
"""Training ends after so many epochs, of at least so many steps, without a better mean of losses.

Without it 17 of 19 tables had their best epoch among the first 30, and none gained by the rest.
"""

BATCH = 256
"""Rows in a batch, or all rows if fewer."""


MAX_EMBEDDED = 64
"""The most columns that have embeddings: with more, these would take most of the time."""

MAX_ONE_HOT = 20
"""A column of more levels than this has learned numbers for each level."""

CODE_OUTPUTS = 8
"""The learned numbers of a level."""


class Recipe(NamedTuple):
    """How the networks of a fit are trained.

    Attributes:
        hidden: The units of each hidden layer.
        epochs: The number of epochs.
        batch_size: The number of rows in a batch.
        ema_momentum: The momentum of a moving average of params, which predicts; None for none.
    """

    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    ema_momentum: float | None = None

    def network(self, encoding: Encoding, outputs: int, loss: Any) -> Network:
        """The network of each fold.

        Args:
            encoding: What the features are.
            outputs: The number of outputs.
            loss: The loss.
        """
        numbers, coded = number_features(encoding), code_features(encoding)
        features, levels = zip(*coded, strict=True) if coded else ((), ())
        return Network(
            (len(feature_names(encoding)), *self.hidden, outputs),
            loss=loss,
            embedding=Embedding(numbers) if 0 < len(numbers) <= MAX_EMBEDDED else None,
            codes=Codes(features, levels, CODE_OUTPUTS) if coded else None,
        )

    def plan(self, rows: int, seed: int, weights: Any = None) -> Plan:
        """The batches of all networks."""
        return minibatch_plan(rows, self.batch_size, self.epochs, seed, weights)

    def optimizer(self, plan: Plan) -> Optimizer:
        """Adam, whose rate falls to 0 by the end of the plan."""
        return adam(schedules.cosine(LEARNING_RATE, plan.epochs * plan.steps))

    def patience(self, plan: Plan) -> int:
        """The epochs without improvement after which training ends."""
        return max(PATIENCE, math.ceil(PATIENT_STEPS / plan.steps))

    def tuning(self, of_loss: Tuning | None) -> Tuning | None:
        """The Tuning of the loss, with what the recipe adds to it."""
        if self.ema_momentum is None:
            return of_loss
        return (of_loss or Tuning())._replace(ema_momentum=self.ema_momentum)


def make_encoder(columns: int) -> TableEncoder:
    """The TableEncoder for a table of this many columns."""
    return TableEncoder(embed=MAX_ONE_HOT if columns <= MAX_EMBEDDED else None)


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
    return Recipe(sizes, epochs, batch, EMA_MOMENTUM if rows >= AVERAGED_ROWS else None)
