"""Every optimizer with every loss, trained to the end on Iris."""

import itertools

import numpy as np
import pytest
from sklearn.datasets import load_iris
from tables import OPTIMIZERS

import fnet
from fnet import Network, Tuning, reference
from fnet.core.network import LOSSES
from fnet.reference.update_rules import RULES

FEATURES, SPECIES = load_iris(return_X_y=True)
SCALED = (FEATURES - FEATURES.mean(axis=0)) / FEATURES.std(axis=0)
WIDTH = FEATURES[:, 3]  # of petals, in cm, predicted from the other three features
HALVES = np.round(2 * WIDTH)  # counts from 0 to 5
RUNS = {
    "squared_error": (WIDTH, {}, 0.036),
    "absolute_error": (WIDTH, {}, 0.15),
    "huber": (WIDTH, {"delta": 0.25}, 0.018),
    "poisson": (HALVES, {}, -0.38),
    "pinball": (WIDTH, {"quantiles": [0.1, 0.5, 0.9]}, 0.045),
    "softmax_cross_entropy": (SPECIES, {}, 0.07),
    "sigmoid_cross_entropy": (np.eye(3)[SPECIES], {}, 0.1),
}
"""For each loss its targets, its tuning, and the loss that training must reach.

The best linear models reach 0.036, 0.142, 0.016, -0.322, 0.044, 0.040 (after 2,000 iterations of
L-BFGS) and 0.174."""

KINDS = [name for name in OPTIMIZERS if name in RULES]
"""One optimizer of each kind; other tests check their steps."""


def train(side, loss, optimizer):
    y, numbers, _ = RUNS[loss]
    outputs = {"pinball": 3, "softmax_cross_entropy": 3, "sigmoid_cross_entropy": 3}.get(loss, 1)
    x = SCALED if LOSSES[loss].targets in ("multiclass", "multilabel") else SCALED[:, :3]
    net = Network((x.shape[1], 12, outputs), "tanh", loss=loss)
    make, arguments = OPTIMIZERS[optimizer]
    plan = fnet.kfold_plan(150, 30, epochs=200, seed=3)
    params = reference.init_params(net, 4, dtype="float64")
    tuning = Tuning(**numbers)
    run = side.train(
        net, getattr(side, make)(**arguments), params, x, y, plan, tuning=tuning, xla=False
    )
    return run.history["loss"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", KINDS)
@pytest.mark.slow
def test_the_twin_trains_to_the_end(optimizer, loss):
    losses = train(reference, loss, optimizer)
    assert losses[-1] < RUNS[loss][2] < losses[0]


@pytest.mark.parametrize(("optimizer", "loss"), list(zip(KINDS, itertools.cycle(LOSSES))))
@pytest.mark.slow
def test_tensorflow_trains_to_the_same_end(optimizer, loss):
    """Every optimizer and every loss, but not all pairs, to save time."""
    ours, theirs = (train(side, loss, optimizer) for side in (fnet, reference))
    assert ours[-1] < RUNS[loss][2]
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)
