"""The network and its training, by the number of rows and features alone.

Measured on tables of `scripts/accuracy_tables.py` with fewer than 20,000 rows, as the mean of
accuracy or R² on outer folds. On 19 tables periodic functions of numbers gained .004, and .017 of
log loss. Smoothing of labels, decay, a wider network, mish and two networks for each fold gained
less than .002, and are left out. Learned numbers for the levels of whole numbers gained .011 (.15
where the column is a school). The best epoch was .01 better than the last. It is the same for all
networks, by their mean loss on held-out rows: where each network had its own, the score of the
out-of-fold predictions was .017 higher, and new rows were predicted .003 worse.

With one cosine over 96 epochs, 17 of these 19 tables had their best epoch among the first 30, at a
high rate. A rate in waves that end at epochs 4, 12, 28 and 60, with dropout of .1, takes a third of
the time. Over five folds of all 19 it gained .001 on new rows and .003 out of fold; log loss is the
same. Dropout of .2 lost .001 of that, and .005 and .007 where a target has little noise.

One network on all rows, which nothing ends, was best with a fifth of the epochs: on 18 tables, two
folds each, .679 in place of .640, and .39 of log loss in place of .79.

On four tables of 20,000 rows and more, two folds each, a moving average of params raised the
out-of-fold score of each, by .003 to .025, and R² of new rows by .014 in the mean; 2,000 steps were
as good as 4,000. On the smaller tables it lost .003. Waves gained nothing there, and dropout lost
.008 on a table of whose columns most have many levels.
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
"""Adam's highest rate."""

CYCLES = 4
"""The waves of the rate, each twice as long as the one before (`schedules.log_cosine`)."""

FIRST_EPOCHS, FIRST_STEPS = 4, 32
"""The fewest epochs, and the fewest steps, of the first wave."""

DROPOUT = 0.1
"""The rate at which hidden units are dropped."""

PATIENT_PART, MIN_PATIENCE = 6, 3
"""Training ends after a sixth of the epochs, but at least 3, without a better mean of losses."""

UNCHECKED_PART = 5
"""Without held-out rows, a fifth of the epochs is planned: nothing tells when to end."""

AVERAGED_ROWS = 8192
"""From so many rows on, a moving average of params predicts: then the rate falls to 0 along one
cosine, and no units are dropped."""

EMA_MOMENTUM = 0.99
"""The momentum of the moving average."""

EPOCHS = 96
"""The most epochs with a moving average."""

MAX_STEPS = 2000
"""The most steps with a moving average, but at least MIN_EPOCHS epochs."""

MIN_EPOCHS = 8

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
        averaged: Whether a moving average of params predicts.
    """

    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    averaged: bool = False

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
        steps = plan.epochs * plan.steps
        if self.averaged:
            return adam(schedules.cosine(LEARNING_RATE, steps))
        return adam(schedules.log_cosine(LEARNING_RATE, steps, CYCLES))

    def patience(self, plan: Plan) -> int:
        """The epochs without improvement after which training ends."""
        return max(MIN_PATIENCE, math.ceil(plan.epochs / PATIENT_PART))

    def tuning(self, of_loss: Tuning | None, seed: int) -> Tuning:
        """The Tuning of the loss, with what the recipe adds to it.

        Args:
            of_loss: The Tuning of the loss; None for none.
            seed: The seed of dropout.
        """
        tuning = of_loss or Tuning()
        if self.averaged:
            return tuning._replace(ema_momentum=EMA_MOMENTUM)
        return tuning._replace(dropout=DROPOUT, seed=seed)


def make_encoder(columns: int) -> TableEncoder:
    """The TableEncoder for a table of this many columns."""
    return TableEncoder(embed=MAX_ONE_HOT if columns <= MAX_EMBEDDED else None)


def make_recipe(
    rows: int, hidden: Any = None, epochs: int | None = None, are_checked: bool = True
) -> Recipe:
    """The Recipe for a table of this many rows.

    Args:
        rows: The number of rows.
        hidden: The units of the hidden layers; None for the rule.
        epochs: The number of epochs; None for the rule.
        are_checked: Whether held-out rows tell when training ends.
    """
    sizes = HIDDEN if hidden is None else tuple(hidden)
    batch, averaged = min(BATCH, rows), rows >= AVERAGED_ROWS
    if epochs is None:
        steps = math.ceil(rows / batch)
        epochs = (2**CYCLES - 1) * max(FIRST_EPOCHS, math.ceil(FIRST_STEPS / steps))
        if averaged:
            epochs = min(EPOCHS, max(MIN_EPOCHS, MAX_STEPS // steps))
        if not are_checked:
            epochs = math.ceil(epochs / UNCHECKED_PART)
    return Recipe(sizes, epochs, batch, averaged)
