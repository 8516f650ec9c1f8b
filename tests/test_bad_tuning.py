"""Bad hyperparameters, targets and options of a run are refused on both sides."""

import numpy as np
import pytest
import tensorflow as tf
from refusals import (
    LABELS,
    NET,
    PARAMS,
    SIDES,
    X,
    Y,
    frozen_params,
    refused_alike,
    table,
    train,
)

import fnet
from fnet import InvalidArgument, Network, Tuning, reference

HUBER = Network((2, 3), loss="huber")
QUANTILES = Network((2, 3), loss="pinball")
BITS = Network((2, 3), loss="sigmoid_cross_entropy")
COUNTS = Network((2, 3), loss="poisson")
SINGLE = {net: frozen_params(net, 0) for net in (HUBER, QUANTILES, BITS, COUNTS)} | {NET: PARAMS}
MANY = {net: frozen_params(net, [0, 1]) for net in SINGLE}
TARGETS = {
    HUBER: Y,
    QUANTILES: Y[:, 0],
    BITS: Y,
    COUNTS: Y,
    NET: LABELS,
}
HALVES = [0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    ("net", "numbers", "match"),
    table(
        negative_l1=(NET, {"l1": -0.1}, "l1 must be a number of at least 0; got -0.1"),
        negative_l2=(NET, {"l2": -1}, "l2 must be a number of at least 0; got -1"),
        l2_that_is_nan=(NET, {"l2": np.nan}, "l2 must be a number of at least 0; got nan"),
        l2_as_text=(NET, {"l2": "much"}, "l2 must be"),
        dropout_of_all=(
            NET,
            {"dropout": 1.0},
            "dropout must be a number of at least 0 and below 1; got 1.0",
        ),
        negative_dropout=(NET, {"dropout": -0.1}, "dropout must be a number of at least 0 and bel"),
        input_dropout_of_all=(NET, {"input_dropout": 1}, "input_dropout must be .* below 1; got 1"),
        a_seed_with_a_fraction=(NET, {"seed": 0.5}, "seed must be an integer from 0 to 42949"),
        smoothing_of_all=(NET, {"label_smoothing": 1.0}, "label_smoothing must be .* below 1; got"),
        no_clipping=(NET, {"clipvalue": 0.0}, "clipvalue must be a number above 0; got 0.0"),
        no_norm=(NET, {"global_clipnorm": 0}, "global_clipnorm must be a number above 0; got 0"),
        infinite_norm=(NET, {"global_clipnorm": np.inf}, "global_clipnorm must be .* got inf"),
        no_delta=(HUBER, {"delta": 0.0}, "delta must be a number above 0; got 0.0"),
        an_average_of_the_start=(NET, {"ema_momentum": 1.0}, "ema_momentum must be .* below 1"),
        quantile_of_0=(
            QUANTILES,
            {"quantiles": [0.0, 0.5, 0.9]},
            "quantiles must be a number above",
        ),
        quantile_of_1=(QUANTILES, {"quantiles": [0.1, 0.5, 1.0]}, "quantiles must be .* below 1"),
        quantiles_that_fall=(
            QUANTILES,
            {"quantiles": [0.5, 0.1, 0.9]},
            r"quantiles must be ascending; got \[0.5, 0.1, 0.9\]",
        ),
        equal_quantiles=(QUANTILES, {"quantiles": [0.5, 0.5, 0.9]}, "quantiles must be ascending"),
        two_quantiles=(
            QUANTILES,
            {"quantiles": [0.1, 0.9]},
            r"quantiles must have the shape \[3\], or .*; got \[2\]",
        ),
        no_quantiles=(QUANTILES, {}, r"pinball needs tuning=Tuning\(quantiles=...\), one for each"),
        negative_label_weights=(BITS, {"label_weights": -np.ones((3, 2))}, "label_weights must be"),
        label_weights_of_another_shape=(
            BITS,
            {"label_weights": np.ones(3)},
            r"label_weights must have the shape \[3, 2\], .*; got \[3\]",
        ),
        delta_of_another_loss=(NET, {"delta": 1.0}, "delta does not go with softmax_cross_entropy"),
        quantiles_of_another_loss=(
            HUBER,
            {"quantiles": HALVES},
            "quantiles does not go with huber",
        ),
        smoothing_of_another_loss=(
            HUBER,
            {"label_smoothing": 0.1},
            "label_smoothing does not go with huber, which has delta; leave it out of the Tuning",
        ),
        label_weights_of_another_loss=(
            NET,
            {"label_weights": np.ones((3, 2))},
            "label_weights does not go with softmax",
        ),
        numbers_for_members_that_are_not_there=(
            NET,
            {"l2": [0.1, 0.2]},
            r"l2 must be one number, or one for each of the members \[\] of params",
        ),
    ),
)
@pytest.mark.parametrize("taker", ["loss", "grads", "train"])
def test_bad_hyperparameters_are_refused(taker, net, numbers, match):
    def call(side):
        if taker == "train":
            return train(side, SINGLE[net], X, TARGETS[net], net=net, tuning=Tuning(**numbers))
        return getattr(side, taker)(net, SINGLE[net], X, TARGETS[net], tuning=Tuning(**numbers))

    refused_alike(call, match)


@pytest.mark.parametrize("tuning", [0.1, {"l2": 0.1}, (0.1,)])
def test_other_types_than_tuning_are_refused(tuning):
    match = r"tuning must be a Tuning, as Tuning\(l2=1e-4\); got"
    refused_alike(lambda side: side.loss(NET, PARAMS, X, LABELS, tuning=tuning), match)
    refused_alike(lambda side: train(side, tuning=tuning), match)


def test_hyperparameters_for_other_members_are_refused():
    for net, name, value in (
        (NET, "l2", [0.1, 0.2, 0.3]),
        (QUANTILES, "quantiles", [HALVES] * 3),
        (BITS, "label_weights", np.ones((3, 3, 2))),
    ):
        tuning = Tuning(**{name: value})
        refused_alike(
            lambda side, net=net, tuning=tuning: side.loss(
                net, MANY[net], X, TARGETS[net], tuning=tuning
            ),
            f"{name} must",
        )


@pytest.mark.parametrize(
    ("step", "match"),
    [
        (-1, "step must be an integer of at least 0"),
        (0.5, "step must be an integer of at least 0"),
        ("first", "step must be"),
        ([1, 2], r"step must be one integer; got \[1, 2\]"),
    ],
)
def test_a_bad_step_is_refused(step, match):
    refused_alike(lambda side: side.loss(NET, PARAMS, X, LABELS, step=step), match)


@pytest.mark.parametrize(
    ("net", "y", "match"),
    table(
        a_negative_count=(
            COUNTS,
            np.array([[0, 1, 2]] * 4 + [[0, -1, 2]]),
            "y must be numbers of at least 0 under poisson; got -1, first in row 4",
        ),
        a_label_of_2=(
            BITS,
            np.array([[0, 1, 0]] * 3 + [[0, 2, 0]] * 2),
            "y must be numbers from 0 to 1 under sigmoid_cross_entropy; got 2, first in row 3",
        ),
        a_label_of_minus_1=(BITS, np.full((5, 3), -1.0), "from 0 to 1 .* got -1, first in row 0"),
        labels_of_one_axis=(BITS, LABELS, r"y must be rows \[5, 3\] for x of \[5, 2\]; got sha"),
        targets_of_each_quantile=(QUANTILES, Y, r"y must be rows \[5, 1\] or targets \[5\] for x"),
    ),
)
def test_targets_outside_the_range_of_a_loss_are_refused(net, y, match):
    tuning = Tuning(quantiles=HALVES) if net is QUANTILES else None
    refused_alike(lambda side: side.loss(net, SINGLE[net], X, y, tuning=tuning), match)
    refused_alike(lambda side: train(side, SINGLE[net], X, y, net=net, tuning=tuning), match)


@pytest.mark.parametrize(
    ("options", "match"),
    table(
        a_rate_reduced_without_patience=({"lr_factor": 0.5}, "lr_factor needs patience"),
        a_rate_reduced_to_itself=(
            {"lr_factor": 1.0, "patience": 1},
            "lr_factor must be a number above 0 and below 1; got 1.0",
        ),
        a_rate_reduced_to_nothing=({"lr_factor": 0, "patience": 1}, "lr_factor must be a numb"),
        a_least_rate_of_nothing=(
            {"min_lr_factor": 0},
            "min_lr_factor must be a number above 0 and at m",
        ),
        rates_of_members=(
            {"lr_factor": [0.5, 0.5], "patience": 1},
            "lr_factor must be one number, or one for each of the members",
        ),
    ),
)
def test_bad_lr_factors_are_refused(options, match):
    refused_alike(lambda side: train(side, monitor="loss", **options), match)


def test_a_custom_loss_must_be_a_function_and_needs_tensorflow():
    with pytest.raises(InvalidArgument, match="loss is for fnet.train: the twin has no gradient"):
        train(reference, loss=lambda y, outputs: y)
    with pytest.raises(InvalidArgument, match="loss must be a function of y and the outputs; got"):
        train(fnet, loss="huber")


@pytest.mark.parametrize("side", SIDES)
def test_hyperparameters_at_their_bounds_are_accepted(side):
    tuning = Tuning(l1=0, l2=0, dropout=0, input_dropout=0, seed=2**32 - 1, label_smoothing=0)
    expected = side.loss(NET, PARAMS, X, LABELS)
    found = side.loss(NET, PARAMS, X, LABELS, tuning=tuning, step=0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_symbolic_hyperparameters_are_not_checked():
    @tf.function
    def loss(l2, step):
        return fnet.loss(NET, PARAMS, X, LABELS, tuning=Tuning(l2=l2, dropout=l2), step=step)

    found = loss(tf.constant(0.25, tf.float64), tf.constant(3))
    tuning = Tuning(l2=0.25, dropout=0.25)
    expected = reference.loss(NET, PARAMS, X, LABELS, tuning=tuning, step=3)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
