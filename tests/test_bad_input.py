"""Bad arguments: both sides raise InvalidArgument with one message before they compute."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from refusals import (
    ADAM,
    DOUBLES,
    LABELS,
    LAYER_0,
    LAYER_1,
    LONGER,
    MEMBERS,
    NET,
    PAIR,
    PAIR_PARAMS,
    PARAMS,
    PLAN,
    RUN,
    SGD,
    SIDES,
    SQUARE,
    SQUARE_PARAMS,
    X,
    Y,
    frozen,
    no_work,
    refused_alike,
    spoiled,
    table,
    train,
    update,
)

import fnet
from fnet import FnetError, InvalidArgument, Layer, Network, NotFinite, reference
from fnet.core.params import map_params

# Networks and start schemes


@pytest.mark.parametrize(
    ("arguments", "match"),
    table(
        no_sizes=(((),), r"sizes must be .* at least two integers; got \(\)"),
        one_size=(((3,),), r"at least two integers; got \(3,\)"),
        sizes_that_are_a_number=((3,), "at least two integers; got 3"),
        a_size_of_zero=(((2, 0, 1),), "each of sizes must be an integer of at least 1; got 0"),
        a_negative_size=(((2, -3),), "integer of at least 1; got -3"),
        a_size_with_a_fraction=(((2, 1.5),), "integer of at least 1; got 1.5"),
        a_float_size=(((2.0, 1),), "integer of at least 1; got 2.0"),
        a_bool_size=(((True, 2),), "integer of at least 1; got True"),
        sizes_as_text=(("64,10",), "integer of at least 1; got '6'"),
        unknown_hidden=(
            ((2, 3, 1), "rleu"),
            "hidden must be one of identity, .*tanh, logistic; got 'rleu'; did you mean 'relu'",
        ),
        unknown_name_far_from_all=(((2, 3, 1), "xyz"), "sigmoid, tanh, logistic; got 'xyz'$"),
        hidden_that_is_no_name=(((2, 3, 1), 5), "one name, or one for each of the 1 hidden"),
        unknown_among_hidden=(((2, 3, 3, 1), ("relu", "tahn")), "got 'tahn'; did you mean 'tanh'"),
        too_few_hidden=(((2, 3, 3, 1), ("relu",)), "one for each of the 2 hidden layers; got "),
        hidden_for_no_layers=(((2, 1), ("relu",)), "one for each of the 0 hidden layers"),
        unknown_loss=(
            ((2, 1), "relu", "identity", True, "square_error"),
            "loss must be one of .*softmax_cross_entropy.*'square_error'; did you mean 'squared_er",
        ),
        unknown_output=(
            ((2, 1), "relu", "sigmoyd", True, "squared_error"),
            "output must be one of identity, .*; got 'sigmoyd'; did you mean 'sigmoid'",
        ),
        output_that_does_not_go_with_the_loss=(
            ((2, 3), "relu", "sigmoid"),
            "output under softmax_cross_entropy must be one of identity, softmax; got 'sigmoid'",
        ),
        a_link_without_its_loss=(
            ((2, 3), "relu", "exp", True, "squared_error"),
            "output must be one of identity, relu, .*softmax; got 'exp'",
        ),
        bias_that_is_no_flag=(
            ((2, 3), "relu", "identity", "no"),
            "bias must be True or False; got 'no'",
        ),
    ),
)
def test_network_refuses(arguments, match):
    refused_alike(lambda side: side.Network(*arguments), match)


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        unknown_scheme=(
            lambda side: side.init_params(NET, 0, "glorot"),
            "scheme must be one of glorot_uniform, glorot_normal, .*, ones, zeros; got 'glorot'; "
            "did you mean 'glorot_",
        ),
        unknown_among_schemes=(
            lambda side: side.init_params(NET, 0, ("he_normal", "zeroes")),
            "scheme must be one of .*; got 'zeroes'; did you mean 'zeros'",
        ),
        too_few_schemes=(
            lambda side: side.init_params(NET, 0, ("zeros",)),
            r"scheme must be one name, or one for each of the 2 layers; got \('zeros',\)",
        ),
        scheme_that_is_no_name=(
            lambda side: side.init_params(NET, 0, 5),
            "scheme must be one name, or one for each of the 2 layers; got 5",
        ),
        half_precision=(
            lambda side: side.init_params(NET, 0, dtype="float16"),
            "dtype must be float32 or float64; got 'float16'",
        ),
        unknown_dtype=(lambda side: side.init_params(NET, 0, dtype="real"), "got 'real'"),
        no_dtype=(lambda side: side.init_params(NET, 0, dtype=None), "dtype must be .* got None"),
        no_network=(lambda side: side.init_params("net", 0), "net must be a Network, .* got 'net'"),
        negative_seed=(lambda side: side.init_params(NET, -1), "seed must be .* 4294967295.* -1"),
        seed_of_33_bits=(
            lambda side: side.init_params(NET, 2**32),
            "seed must be .* got 4294967296",
        ),
        seed_with_a_fraction=(lambda side: side.init_params(NET, 0.5), "seed must be .* got 0.5"),
        bool_seed=(lambda side: side.init_params(NET, True), "seed must be .* got True"),
        no_seed=(lambda side: side.init_params(NET, None), "seed must be"),
        seed_as_text=(lambda side: side.init_params(NET, "a"), "seed must be"),
        no_seeds=(lambda side: side.init_params(NET, []), r"seed must be .* each member; got \[\]"),
        a_negative_seed_among_others=(
            lambda side: side.init_params(NET, [3, -1]),
            r"seed must be .* each member; got \[3, -1\]",
        ),
        seeds_with_fractions=(
            lambda side: side.init_params(NET, [0.0, 1.0]),
            "seed must be .* got",
        ),
    ),
)
def test_init_params_refuses(call, match):
    refused_alike(call, match)


# Data


TAKERS = {
    "forward": lambda side, x: side.forward(NET, PARAMS, x),
    "predict": lambda side, x: side.predict(NET, PARAMS, x),
    "loss": lambda side, x: side.loss(NET, PARAMS, x, Y),
    "grads": lambda side, x: side.grads(NET, PARAMS, x, Y),
    "train": lambda side, x: train(side, PARAMS, x),
    "validation": lambda side, x: train(side, validation=(x, Y)),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize(
    ("x", "match"),
    table(
        too_wide=(np.ones((5, 3)), r"x must be rows of 2 features, \[N, 2\]; got shape \[5, 3\]"),
        too_narrow=(np.ones((5, 1)), r"rows of 2 features, .* got shape \[5, 1\]"),
        one_row_without_its_axis=(np.ones(2), r"rows of 2 features, .* got shape \[2\]"),
        a_number=(1.0, r"rows of 2 features, .* got shape \[\]"),
        three_axes=(np.ones((1, 5, 2)), r"rows of 2 features, .* got shape \[1, 5, 2\]"),
        no_rows=(np.ones((0, 2)), r"x must have at least one row; got shape \[0, 2\]"),
        beyond_float32=(
            np.full((5, 2), 1e39),
            "x in float32 must be finite; got inf, first in row 0",
        ),
        text=(
            [["a", "b"]] * 5,
            "x must be .* got text .'a'., first in row 0, column 0. Encode",
        ),
        objects=(
            [[{}, 1]] * 5,
            "floats; got a dict .*, first in row 0, column 0. Give",
        ),
        missing=(
            [[None, 1]] * 5,
            "x must be finite; got nan, first in row 0, column 0. Drop",
        ),
        a_table_with_text=(
            pd.DataFrame({"a": [1] * 5, "b": list("vwxyz")}),
            "text .'v'., first in row 0, column 'b'",
        ),
        complex_numbers=(np.ones((5, 2), complex), "got complex numbers .*two columns"),
        dates=(np.zeros((5, 2), "datetime64[D]"), "got dates or times .*Turn them into numbers"),
        complex_objects=([[1j, "a"]] * 5, "got complex numbers .*1j.*row 0, column 0.*two columns"),
        dates_in_objects=(
            [[datetime.date(2020, 1, 1), 1]] * 5,
            "got dates or times .*row 0, column 0. Turn them into numbers",
        ),
        no_text=(np.empty((0, 2), str), "floats; got text .dtype"),
        ragged=([[1, 2], [3]], "x must be an array of numbers: .*inhomogeneous"),
        nan=(spoiled(X, (3, 1), np.nan), "x must be finite; got nan, first in row 3, column 1"),
        minus_infinity=(spoiled(X, (4, 0), -np.inf), "got -inf, first in row 4, column 0"),
        two_of_them=(spoiled(X, ([4, 2], [0, 1]), np.nan), "nan, first in row 2, column 1"),
        a_fortran_array=(
            np.asfortranarray(spoiled(X, ([3, 1], [0, 1]), np.inf)),
            "got inf, first in row 1, column 1",
        ),
    ),
)
def test_every_function_of_x_refuses_bad_x(taker, x, match):
    start = "^validation: .*" if taker == "validation" else ""
    refused_alike(lambda side: TAKERS[taker](side, x), start + match)


def test_a_bad_entry_of_a_large_x_is_located():
    x = np.zeros((700_000, 2), np.float32)  # more than one chunk of the check
    x[[650_000, 690_000], 1] = np.nan
    refused_alike(lambda side: side.forward(NET, PARAMS, x), "in row 650000, column 1")


@pytest.mark.parametrize(
    ("x", "match"),
    table(
        other_members=(
            np.ones((3, 5, 2)),
            r"\[N, 2\] or \[2, N, 2\]; got shape \[3, 5, 2\]",
        ),
        nan=(spoiled(np.ones((2, 5, 2)), (1, 3, 0), np.nan), "nan, first in row 3, column 0"),
    ),
)
def test_x_with_other_member_axes_than_params_is_refused(x, match):
    refused_alike(lambda side: side.forward(NET, MEMBERS, x), match)


@pytest.mark.parametrize(
    ("x", "match"),
    table(
        too_wide=(tf.zeros((5, 3)), r"rows of 2 features, .* got shape \[5, 3\]"),
        text=(tf.fill((5, 2), "a"), "x must be bools, integers or floats"),
    ),
)
def test_inside_a_tf_function_shapes_and_dtypes_are_still_checked(x, match):
    inside = tf.function(lambda x: fnet.forward(NET, PARAMS, x), autograph=False)
    with pytest.raises(InvalidArgument, match=match):
        inside(x)


def test_inside_a_tf_function_values_are_not_checked():
    inside = tf.function(lambda x, y: fnet.loss(NET, PARAMS, x, y), autograph=False)
    assert np.isnan(inside(tf.constant(X), tf.fill((5, 3), np.nan)))


LABEL_TAKERS = {
    "loss": lambda side, y: side.loss(NET, PARAMS, X, y),
    "grads": lambda side, y: side.grads(NET, PARAMS, X, y),
    "train": lambda side, y: train(side, PARAMS, X, y),
    "validation": lambda side, y: train(side, validation=(X, y)),
}


@pytest.mark.parametrize("taker", LABEL_TAKERS)
@pytest.mark.parametrize(
    ("y", "match"),
    table(
        float_labels=(
            LABELS.astype(float),
            "y must be integer labels; got dtype float64. Use labels.astype",
        ),
        bool_labels=(LABELS > 0, "y must be integer labels; got dtype bool"),
        text_labels=(list("abcab"), "y must be bools, integers or .* got text"),
        a_label_too_large=(
            spoiled(LABELS, 3, 3),
            "y must be labels from 0 to 2; got 3, first in row 3",
        ),
        a_negative_label=(spoiled(LABELS, [1, 4], -1), "from 0 to 2; got -1, first in row 1"),
        rows_with_two_ones=(
            spoiled(Y, (2, 0), 1),
            "y must be one-hot rows or probabilities, .*; row 2 has the sum 2 and",
        ),
        rows_of_zeros=(spoiled(Y, 1, 0), "row 1 has the sum 0 and the smallest entry 0"),
        a_negative_probability=(
            spoiled(Y, 4, [1.5, -0.5, 0]),
            "row 4 has the sum 1 and the smallest entry -0.5",
        ),
        nan_among_rows=(
            spoiled(Y, (3, 2), np.nan),
            "y must be finite; got nan, first in row 3, column 2",
        ),
        fewer_labels=(
            LABELS[:4],
            r"y must be rows \[5, 3\] or integer labels \[5\] for x of \[5, 2\]; got shape \[4\]",
        ),
        more_rows=(np.eye(3)[[0] * 6], r"for x of \[5, 2\]; got shape \[6, 3\]"),
        another_number_of_classes=(np.eye(4)[LABELS], r"rows \[5, 3\] or .* got shape \[5, 4\]"),
        labels_as_a_column=(LABELS[:, None], r"rows \[5, 3\] or .* got shape \[5, 1\]"),
        no_labels=(np.zeros(0, int), r"for x of \[5, 2\]; got shape \[0\]"),
    ),
)
def test_every_function_of_labels_refuses_bad_labels(taker, y, match):
    refused_alike(lambda side: LABEL_TAKERS[taker](side, y), match)


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        nan=(
            lambda side: side.loss(SQUARE, SQUARE_PARAMS, X, [0, 1, 2, np.nan, 4]),
            "y must be finite; got nan, first in row 3",
        ),
        infinity_in_a_row=(
            lambda side: side.loss(PAIR, PAIR_PARAMS, X, spoiled(X, (2, 1), np.inf)),
            "y must be finite; got inf, first in row 2, column 1",
        ),
        other_length=(
            lambda side: side.grads(SQUARE, SQUARE_PARAMS, X, [1.0, 2.0]),
            r"y must be rows \[5, 1\] or targets \[5\] for x of \[5, 2\]; got shape \[2\]",
        ),
        one_target_for_two_outputs=(
            lambda side: side.loss(PAIR, PAIR_PARAMS, X, np.ones(5)),
            r"y must be rows \[5, 2\] for x of \[5, 2\]; got shape \[5\]",
        ),
        text=(
            lambda side: side.loss(SQUARE, SQUARE_PARAMS, X, list("abcde")),
            "y must be bools, integers or",
        ),
    ),
)
def test_bad_targets_are_refused(call, match):
    refused_alike(call, match)


WEIGHT_TAKERS = {
    "loss": lambda side, weights: side.loss(NET, PARAMS, X, Y, weights),
    "grads": lambda side, weights: side.grads(NET, PARAMS, X, Y, weights),
    "kfold_plan": lambda side, weights: side.kfold_plan(5, 2, 1, 0, weights),
    "minibatch_plan": lambda side, weights: side.minibatch_plan(5, 2, 1, 0, weights),
    "full_batch_plan": lambda side, weights: side.full_batch_plan(5, 1, weights),
}


@pytest.mark.parametrize("taker", WEIGHT_TAKERS)
@pytest.mark.parametrize(
    ("weights", "match"),
    table(
        negative=(
            [1, 1, -2, 1, -3],
            "weights must not be negative; got -3, first in row 2",
        ),
        nan=([1, np.nan, 1, 1, 1], "weights must be finite; got nan, first in row 1"),
        infinite=([1, 1, 1, 1, np.inf], "weights must be finite; got inf, first in row 4"),
        too_few=([1, 1], r"weights must be one number for each row, \[5\]; got shape \[2\]"),
        a_number=(1.0, r"weights must be one number for each row, \[5\]; got shape \[\]"),
        a_column=(np.ones((5, 1)), r"one number for each row, \[5\]; got shape \[5, 1\]"),
        text=(list("abcde"), "weights must be bools, integers or"),
    ),
)
def test_every_function_of_weights_refuses_bad_weights(taker, weights, match):
    refused_alike(lambda side: WEIGHT_TAKERS[taker](side, weights), match)


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        float_labels=(lambda side: side.one_hot([0.0, 1.0], 3), "integer labels; got dtype float"),
        label_too_large=(
            lambda side: side.one_hot([0, 3], 3),
            "labels must be labels from 0 to 2; got 3, first in row 1",
        ),
        negative_label=(
            lambda side: side.one_hot([[-1]], 3),
            "from 0 to 2; got -1, first in row 0",
        ),
        no_classes=(lambda side: side.one_hot([0], 0), "classes must be an integer of at least 1"),
        labels_of_other_length=(
            lambda side: side.accuracy(Y, LABELS[:4]),
            r"labels must be \[5\] or one-hot \[5, 3\] for logits of \[5, 3\]; got shape \[4\]",
        ),
        labels_out_of_range=(
            lambda side: side.accuracy(Y, LABELS + 1),
            "labels must be labels from 0 to 2; got 3, first in row 2",
        ),
        no_scores=(lambda side: side.accuracy(Y[:0], LABELS[:0]), r"got shape \[0, 3\]"),
        scores_without_classes=(lambda side: side.accuracy(LABELS, LABELS), r"got shape \[5\]"),
        scores_not_finite=(lambda side: side.accuracy([[np.nan, 1]], [0]), "logits must be finite"),
        softmax_of_text=(lambda side: side.softmax("a"), "logits must be bools, integers or"),
        softmax_of_a_number=(lambda side: side.softmax(1.0), r"logits must be .* got shape \[\]"),
        softmax_of_no_class=(lambda side: side.softmax(np.ones((2, 0))), r"shape \[2, 0\]"),
        scores_as_text=(
            lambda side: side.accuracy([["a"]], [0]),
            "logits must be bools, integers or",
        ),
    ),
)
def test_one_hot_and_accuracy_refuse(call, match):
    refused_alike(call, match)


# Metrics


SCORES, INDICATORS = frozen(np.eye(3)[LABELS] * 2.0 - 1), frozen(np.eye(3)[LABELS], int)
TARGETS = frozen(np.arange(15.0).reshape(5, 3))
QUANTILES = frozen([0.1, 0.5, 0.9])
METRICS = {
    "accuracy": (SCORES, LABELS),
    "balanced_accuracy": (SCORES, LABELS),
    "top_k_accuracy": (SCORES, LABELS),
    "log_loss": (Y, LABELS),
    "subset_accuracy": (SCORES, INDICATORS),
    "mean_squared_error": (SCORES, TARGETS),
    "mean_absolute_error": (SCORES, TARGETS),
    "r2": (SCORES, TARGETS),
    "mean_pinball_loss": (SCORES, TARGETS[:, 0], QUANTILES),
}
SAID = {"log_loss": "probabilities"} | dict.fromkeys([*METRICS][5:], "predictions")
OF_CLASSES, OF_NUMBERS = [*METRICS][:4], [*METRICS][5:8]


def metric(side, name, *arguments, **options):
    """The metric of valid arguments, with `arguments` in place of the first ones."""
    every = (*arguments, *METRICS[name][len(arguments) :])
    return getattr(side.metrics, name)(*every, **options)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    ("predicted", "match"),
    table(
        no_rows=(SCORES[:0], r"must be \[..., rows, (classes|outputs)\]; got shape \[0, 3\]"),
        no_columns=(SCORES[:, :0], r"must be \[..., rows, .* got shape \[5, 0\]"),
        one_axis=(SCORES[:, 0], r"must be \[..., rows, .* got shape \[5\]"),
        a_number=(np.nan, r"must be \[..., rows, .* got shape \[\]"),
        nan=(spoiled(SCORES, (3, 1), np.nan), "must be finite; got nan, first in row 3, column 1$"),
        infinity=(spoiled(SCORES, (1, 2), np.inf), "must be finite; got inf, first in row 1"),
        text=([["a", "b"]] * 5, "must be bools, integers or floats; got text"),
        ragged=([[1, 2], [3]], "must be an array of numbers: .*inhomogeneous"),
    ),
)
def test_every_metric_refuses_bad_predictions(name, predicted, match):
    start = SAID.get(name, "logits") + " "
    refused_alike(lambda side: metric(side, name, predicted), start + match)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    ("weights", "match"),
    table(
        negative=([1, 1, -2, 1, -3], "weights must not be negative; got -3, first in row 2"),
        nan=([1, np.nan, 1, 1, 1], "weights must be finite; got nan, first in row 1"),
        too_few=([1, 1], r"weights must be one number for each row, \[5\]; got shape \[2\]"),
        a_number=(1.0, r"one number for each row, \[5\]; got shape \[\]"),
        a_column=(np.ones((5, 1)), r"one number for each row, \[5\]; got shape \[5, 1\]"),
        all_zero=(np.zeros(5), "weights must not all be 0; give at least one row a weight above 0"),
        text=(list("abcde"), "weights must be bools, integers or"),
    ),
)
def test_every_metric_refuses_bad_weights(name, weights, match):
    refused_alike(lambda side: metric(side, name, weights=weights), match)


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize(
    ("labels", "match"),
    table(
        fewer=(LABELS[:4], r"labels must be \[5\] or one-hot \[5, 3\] for .* got shape \[4\]"),
        other_classes=(np.eye(4)[LABELS], r"or one-hot \[5, 3\] for .* got shape \[5, 4\]"),
        too_large=(LABELS + 1, "labels must be labels from 0 to 2; got 3, first in row 2"),
        negative=(LABELS - 1, "labels must be labels from 0 to 2; got -1, first in row 0"),
        with_fractions=(LABELS / 2, "labels must be integer labels; got dtype float64"),
        nan=(
            spoiled(Y, (1, 1), np.nan),
            "labels must be finite; got nan, first in row 1, column 1",
        ),
        text=(list("abcab"), "labels must be bools, integers or"),
    ),
)
def test_classification_metrics_refuse_bad_labels(name, labels, match):
    refused_alike(lambda side: metric(side, name, METRICS[name][0], labels), match)


@pytest.mark.parametrize("name", OF_NUMBERS)
@pytest.mark.parametrize(
    ("y", "match"),
    table(
        fewer=(TARGETS[:4], r"y must be \[5, 3\] for predictions of \[5, 3\]; got shape \[4, 3\]"),
        too_narrow=(TARGETS[:, :2], r"y must be \[5, 3\] for .*; got shape \[5, 2\]"),
        one_for_three_outputs=(TARGETS[:, 0], r"y must be \[5, 3\] for .*; got shape \[5\]"),
        nan=(
            spoiled(TARGETS, (2, 0), np.nan),
            "y must be finite; got nan, first in row 2, column 0",
        ),
        text=(list("abcab"), "y must be bools, integers or"),
    ),
)
def test_regression_metrics_refuse_bad_targets(name, y, match):
    refused_alike(lambda side: metric(side, name, SCORES, y), match)


def of_members(side, name, truth, weights=None):
    """The metric of two members' rows."""
    predicted, _, *rest = METRICS[name]
    return getattr(side.metrics, name)(np.stack([predicted] * 2), truth, *rest, weights=weights)


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        k_of_zero=(
            lambda side: metric(side, "top_k_accuracy", k=0),
            "k must be an integer from 1 to 3; got 0",
        ),
        k_above_the_classes=(
            lambda side: metric(side, "top_k_accuracy", k=4),
            "k must be an integer from 1 to 3; got 4",
        ),
        k_with_a_fraction=(lambda side: metric(side, "top_k_accuracy", k=1.5), "k must .* 1.5"),
        logits_for_probabilities=(
            lambda side: metric(side, "log_loss", SCORES),
            "probabilities must be rows as predict returns them, with no entry below 0 and "
            "the sum 1 in each row; row 0 has the sum -1 and the smallest entry -1",
        ),
        rows_that_are_no_probabilities=(
            lambda side: metric(side, "log_loss", Y, spoiled(Y, (2, 0), 1)),
            "labels must be one-hot rows or probabilities, .*; row 2 has the sum 2 and the small",
        ),
        bool_rows_with_two_ones=(
            lambda side: metric(side, "log_loss", Y, spoiled(Y > 0, (2, 0), True)),
            "labels must be .*; row 2 has the sum 2 and the smallest entry 0",
        ),
        indicators_above_1=(
            lambda side: metric(side, "subset_accuracy", SCORES, spoiled(INDICATORS, (3, 2), 2)),
            "labels must be rows of 0 and 1; got 2, first in row 3, column 2",
        ),
        indicators_between=(
            lambda side: metric(side, "subset_accuracy", SCORES, np.full((5, 3), 0.5)),
            "labels must be rows of 0 and 1; got 0.5, first in row 0, column 0",
        ),
        indicators_that_are_nan=(
            lambda side: metric(side, "subset_accuracy", SCORES, spoiled(Y, (0, 1), np.nan)),
            "labels must be rows of 0 and 1; got nan, first in row 0, column 1",
        ),
        labels_for_indicators=(
            lambda side: metric(side, "subset_accuracy", SCORES, LABELS),
            r"labels must be rows \[5, 3\], as logits are; got shape \[5\]",
        ),
        quantile_of_zero=(
            lambda side: metric(side, "mean_pinball_loss", SCORES, LABELS, [0, 0.5, 0.9]),
            r"quantiles must be a number above 0 and below 1; got \[0, 0.5, 0.9\]",
        ),
        quantile_of_one=(
            lambda side: metric(side, "mean_pinball_loss", SCORES, LABELS, [0.1, 0.5, 1]),
            "quantiles must be a number above 0 and below 1; got",
        ),
        quantile_that_is_nan=(
            lambda side: metric(side, "mean_pinball_loss", SCORES, LABELS, [0.1, 0.5, np.nan]),
            "quantiles must be a number above 0 and below 1; got",
        ),
        too_few_quantiles=(
            lambda side: metric(side, "mean_pinball_loss", SCORES, LABELS, [0.1, 0.5]),
            r"one for each of the 3 columns of predictions, \[3\]; got shape \[2\]",
        ),
        one_quantile_for_three=(
            lambda side: metric(side, "mean_pinball_loss", SCORES, LABELS, 0.5),
            r"one for each of the 3 columns of predictions, \[3\]; got shape \[\]",
        ),
        targets_of_each_quantile=(
            lambda side: metric(side, "mean_pinball_loss", SCORES, TARGETS),
            r"y must be \[5, 1\] or \[5\] for predictions of \[5, 3\]; got shape \[5, 3\]",
        ),
        labels_of_other_members=(
            lambda side: of_members(side, "accuracy", np.stack([LABELS] * 3)),
            r"labels must be \[2, 5\] or one-hot \[2, 5, 3\] for .*; got shape \[3, 5\]",
        ),
        targets_of_other_members=(
            lambda side: of_members(side, "r2", np.stack([TARGETS] * 3)),
            r"y must be \[2, 5, 3\] for predictions of .*; got shape \[3, 5, 3\]",
        ),
        weights_of_other_members=(
            lambda side: of_members(side, "r2", TARGETS, np.ones((3, 5))),
            r"weights must be one number for each row, \[5\]; got shape \[3, 5\]",
        ),
        a_member_without_weight=(
            lambda side: of_members(side, "accuracy", LABELS, [[1] * 5, [0] * 5]),
            "weights must not all be 0",
        ),
    ),
)
def test_metrics_refuse(call, match):
    refused_alike(call, match)


# Params


@pytest.mark.parametrize(
    ("params", "match"),
    table(
        none=(None, r"params must be a sequence of Layer\(w, b\), one for each layer; got None"),
        too_few_layers=(
            (LAYER_0,),
            "for each of the 2 layers of .*; got tuple of 1. Use init_params",
        ),
        no_pairs=((1, 2), "params must be a sequence of Layer"),
        ragged=([([[1, 2], [3]], [0.0])] * 2, "params must be an array of numbers"),
        not_finite=(
            (LAYER_0, LAYER_1._replace(b=frozen([0, np.nan, 0], np.float32))),
            "params, b of layer 1, must be finite; got nan, first in row 1$",
        ),
        w_of_another_network=(
            (LAYER_0._replace(w=np.ones((3, 4), np.float32)), LAYER_1),
            r"do not fit .*: layer 0 needs w of shape \[2, 4\]; got \[3, 4\]",
        ),
        w_the_wrong_way_round=(
            (LAYER_0, LAYER_1._replace(w=LAYER_1.w.T)),
            r"layer 1 needs w of shape \[4, 3\]; got \[3, 4\]",
        ),
        b_too_long=(
            (LAYER_0, LAYER_1._replace(b=np.ones(4, np.float32))),
            r"layer 1 needs b of shape \[3\]; got \[4\]",
        ),
        b_absent=((LAYER_0, Layer(LAYER_1.w)), r"layer 1 needs b of shape \[3\]; got None"),
        w_absent=(
            (Layer(None, LAYER_0.b), LAYER_1),
            r"layer 0 needs w of shape \[2, 4\]; got None",
        ),
        other_members=(
            (MEMBERS[0], LAYER_1),
            r"layer 1 needs w of shape \[2, 4, 3\]; got \[4, 3\]",
        ),
        two_dtypes=(
            (LAYER_0, LAYER_1._replace(b=LAYER_1.b.astype(np.float64))),
            r"params must have one dtype; got \['float32', 'float64'\]",
        ),
        whole_numbers=(
            map_params(lambda array: array.astype(int), PARAMS),
            "params must be float32 or float64; got dtype.'int64'",
        ),
    ),
)
def test_params_of_other_shapes_are_refused(params, match):
    for call in (
        lambda side: side.forward(NET, params, X),
        lambda side: side.grads(NET, params, X, Y),
        lambda side: train(side, params),
    ):
        refused_alike(call, match)


def test_a_bias_is_refused_if_the_network_has_none():
    params = (Layer(PAIR_PARAMS[0].w, np.ones(2, np.float32)),)
    refused_alike(
        lambda side: side.forward(PAIR, params, X), r"layer 0 needs b of shape None; got \[2\]"
    )


# Optimizers


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        negative_rate=(
            lambda side: side.sgd(-0.1),
            "learning_rate must be a number .*; got -0.1",
        ),
        nan_rate=(lambda side: side.adam(np.nan), "learning_rate must be a number .* got nan"),
        infinite_rate=(lambda side: side.adam(np.inf), "learning_rate must be .* got inf"),
        a_negative_rate_among_others=(
            lambda side: side.adam([0.1, -0.1]),
            r"learning_rate must be a number .*; got \[0.1, -0.1\]",
        ),
        no_rates=(lambda side: side.sgd([]), "learning_rate must be a number"),
        rate_as_text=(lambda side: side.sgd("fast"), "learning_rate must be .* got text .'fast'.$"),
        momentum_above_one=(
            lambda side: side.sgd(0.1, momentum=1.5),
            "momentum must be a number .* at most 1; got 1.5",
        ),
        nesterov_that_is_no_flag=(
            lambda side: side.sgd(0.1, 0.9, nesterov=1),
            "nesterov must be True or False; got 1",
        ),
        beta_1_of_one=(
            lambda side: side.adam(0.1, beta_1=1.0),
            "beta_1 must be .* below 1; got",
        ),
        negative_beta_2=(lambda side: side.adam(0.1, beta_2=-0.5), "beta_2 must be .* got -0.5"),
        epsilon_of_zero=(
            lambda side: side.adam(0.1, epsilon=0),
            "epsilon must be .* above 0; got 0",
        ),
        an_optimizer_as_rate=(lambda side: side.adam(ADAM), "learning_rate must be .* got "),
        negative_decay=(
            lambda side: side.adamw(0.1, -0.1),
            "weight_decay must be a number of at least 0; got -0.1",
        ),
        nan_decay=(lambda side: side.sgd(0.1, weight_decay=np.nan), "weight_decay must be .* nan"),
        decay_as_text=(lambda side: side.lion(0.1, weight_decay="x"), "weight_decay must be"),
        decay_biases_that_is_no_flag=(
            lambda side: side.adamw(0.1, decay_biases=1),
            "decay_biases must be True or False; got 1",
        ),
        decay_biases_without_decay=(
            lambda side: side.adagrad(0.1, decay_biases="no"),
            "decay_biases must be True or False; got 'no'",
        ),
        beta_of_amsgrad=(lambda side: side.amsgrad(0.1, 1.5), "beta_1 must be .* got 1.5"),
        beta_of_nadam=(lambda side: side.nadam(0.1, beta_2=1), "beta_2 must be .* below 1; got 1"),
        epsilon_of_nadam=(lambda side: side.nadam(0.1, epsilon=-1), "epsilon must be .* got -1"),
        rho_of_one=(lambda side: side.rmsprop(0.1, rho=1), "rho must be .* below 1; got 1"),
        momentum_of_rmsprop=(lambda side: side.rmsprop(0.1, momentum=-1), "momentum must be .*-1"),
        epsilon_of_rmsprop=(lambda side: side.rmsprop(0.1, epsilon=0), "epsilon must be .* got 0"),
        centered_that_is_no_flag=(
            lambda side: side.rmsprop(0.1, centered=None),
            "centered must be True or False; got None",
        ),
        negative_accumulator=(
            lambda side: side.adagrad(0.1, -0.1),
            "initial_accumulator_value must be a number of at least 0; got -0.1",
        ),
        epsilon_of_adagrad=(lambda side: side.adagrad(0.1, epsilon=0), "epsilon must be .* got 0"),
        beta_of_lion=(lambda side: side.lion(0.1, 1.0), "beta_1 must be .* below 1; got 1.0"),
        beta_2_of_lion=(lambda side: side.lion(0.1, beta_2=-1), "beta_2 must be .* got -1"),
        accumulators_without_members=(
            lambda side: side.adagrad(0.1, [0.1, 0.2]).init(PARAMS),
            r"initial_accumulator_value must be one number, or .* \[\] of params; got shape \[2\]",
        ),
        decays_for_other_members=(
            lambda side: update(side, reference.adam(0.1, weight_decay=[0.1] * 3), MEMBERS),
            r"weight_decay must be one number, or .* \[2\] of params; got shape \[3\]",
        ),
    ),
)
def test_optimizers_refuse(call, match):
    refused_alike(call, match)


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        negative_constant=(lambda s: s.constant(-1), "learning_rate must be a number .* got -1"),
        negative_initial_rate=(
            lambda s: s.exponential(-0.1, 10, 0.5),
            "initial_learning_rate must be a number of at least 0; got -0.1",
        ),
        nan_initial_rate=(lambda s: s.cosine(np.nan, 10), "initial_learning_rate must be .* nan"),
        initial_rate_of_inverse_scaling=(
            lambda s: s.inverse_scaling(np.inf),
            "initial_learning_rate must be .* got inf",
        ),
        no_steps_of_exponential=(
            lambda s: s.exponential(0.1, 0, 0.5),
            "decay_steps must be a number above 0; got 0",
        ),
        no_steps_of_inverse_scaling=(
            lambda s: s.inverse_scaling(0.1, decay_steps=0),
            "decay_steps must be a number above 0; got 0",
        ),
        negative_steps_of_cosine=(lambda s: s.cosine(0.1, -4), "decay_steps must be .* got -4"),
        no_steps_of_log_cosine=(lambda s: s.log_cosine(0.1, 0), "decay_steps must be .* got 0"),
        negative_decay_rate=(
            lambda s: s.exponential(0.1, 10, [0.5, -0.5]),
            r"decay_rate must be a number above 0; got \[0.5, -0.5\]",
        ),
        negative_power=(lambda s: s.inverse_scaling(0.1, -1), "power must be .* got -1"),
        alpha_above_one=(
            lambda s: s.cosine(0.1, 10, 1.5),
            "alpha must be a number of at least 0 and at most 1; got 1.5",
        ),
        negative_target=(
            lambda s: s.cosine(0.1, 10, 0, -0.5, 2),
            "warmup_target must be a number of at least 0; got -0.5",
        ),
        warm_up_with_a_fraction=(
            lambda s: s.cosine(0.1, 10, 0, 0.5, 2.5),
            "warmup_steps must be an integer of at least 0, .* got 2.5",
        ),
        warm_up_without_a_target=(
            lambda s: s.cosine(0.1, 10, warmup_steps=2),
            "warmup_steps must be 0 without a warmup_target; got 2",
        ),
        values_as_many_as_boundaries=(
            lambda s: s.piecewise_constant([1, 2], [0.1, 0.2]),
            r"values must be one more than boundaries in the last axis; got shapes \[2\] and \[2\]",
        ),
        boundaries_that_are_a_number=(
            lambda s: s.piecewise_constant(1, [0.1, 0.2]),
            r"got shapes \[2\] and \[\]",
        ),
        no_boundaries=(
            lambda s: s.piecewise_constant([], [0.1]),
            "each of boundaries must be a number",
        ),
        boundaries_that_fall=(
            lambda s: s.piecewise_constant([1, 3, 2], [0.1] * 4),
            r"boundaries must be ascending; got \[1.0, 3.0, 2.0\]",
        ),
        boundaries_that_stay=(
            lambda s: s.piecewise_constant([2, 2], [0.1] * 3),
            "boundaries must be ascending",
        ),
        a_negative_boundary=(
            lambda s: s.piecewise_constant([-1, 2], [0.1] * 3),
            r"each of boundaries must be a number of at least 0; got \[-1, 2\]",
        ),
        a_negative_value=(
            lambda s: s.piecewise_constant([2], [0.1, -0.1]),
            r"each of values must be a number of at least 0; got \[0.1, -0.1\]",
        ),
        cycles_with_a_fraction=(
            lambda s: s.log_cosine(0.1, 10, 2.5),
            "cycles must be an integer from 1 to 64, .* got 2.5",
        ),
        no_cycles=(lambda s: s.log_cosine(0.1, 10, 0), "cycles must be an integer .* got 0"),
        every_of_zero=(
            lambda s: s.exponential(0.1, 10, 0.5, every=0),
            "every must be an integer of at least 1, .* got 0",
        ),
        every_with_a_fraction=(lambda s: s.cosine(0.1, 10, every=1.5), "every must be .* got 1.5"),
        every_of_constant=(lambda s: s.constant(0.1, -1), "every must be .* got -1"),
        every_of_inverse_scaling=(lambda s: s.inverse_scaling(1, every=0), "every must be .* 0"),
        every_of_piecewise=(
            lambda s: s.piecewise_constant([1], [1, 2], True),
            "every must be .* got True",
        ),
        every_of_log_cosine=(lambda s: s.log_cosine(1, 2, every="x"), "every must be"),
    ),
)
def test_schedules_refuse(call, match):
    refused_alike(lambda side: call(side.schedules), match)


SCHEDULE = reference.schedules.cosine(0.1, 10)


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        unknown_schedule=(
            lambda side: side.sgd(SCHEDULE._replace(kind="cosin")),
            "schedule must be one of constant, .*; got 'cosin'; did you mean 'cosine'",
        ),
        unknown_schedule_put_in_later=(
            lambda side: update(
                side,
                SGD._replace(hyperparameters={"learning_rate": SCHEDULE._replace(kind="cosin")}),
            ),
            "schedule must be one of constant, .*; got 'cosin'; did you mean 'cosine'",
        ),
        schedules_without_members=(
            lambda side: update(side, reference.sgd(reference.schedules.cosine(0.1, [10, 20]))),
            r"decay_steps must be one number, or .* members \[\] of params; got shape \[2\]",
        ),
        boundaries_without_members=(
            lambda side: train(
                side,
                optimizer=reference.sgd(reference.schedules.piecewise_constant([[1]] * 2, [1, 2])),
            ),
            r"each of boundaries must be one number, or .* \[\] of params; got shape \[2\]",
        ),
        a_negative_rate_at_this_step=(
            lambda side: update(
                side,
                reference.sgd(lambda step: 0.5 - step),
                state=SGD.init(PARAMS)._replace(step=np.int64(3)),
            ),
            "learning_rate must be a number of at least 0 at every step; "
            r"got -2.5 at step 3 \(counted from 0\)",
        ),
        a_rate_of_one_member_that_is_not_finite=(
            lambda side: update(
                side,
                reference.sgd(lambda step: np.array([1, np.nan])),
                MEMBERS,
                grads=MEMBERS,
            ),
            "at every step; got nan at step 0",
        ),
        rates_of_another_shape=(
            lambda side: update(side, reference.sgd(lambda step: np.ones(3))),
            r"learning_rate must be one number, or .* members \[\] of params; got shape \[3\]",
        ),
        no_rate=(
            lambda side: update(side, reference.sgd(lambda step: None)),
            "learning_rate must be .* got a ",
        ),
        rate_as_text=(
            lambda side: train(side, optimizer=reference.sgd(lambda step: "fast")),
            "learning_rate must be .* got text",
        ),
        a_negative_rate_in_a_run=(
            lambda side: train(side, optimizer=reference.adam(lambda step: 0.5 - step)),
            "learning_rate must be a number of at least 0 at every step; got -0.5 at step 1 ",
        ),
        an_infinite_rate_later_in_a_run=(
            lambda side: train(
                side, RUN, X, Y, LONGER, optimizer=reference.sgd(lambda step: 1 / (5 - step))
            ),
            "at every step; got inf at step 5",
        ),
        a_negative_rate_of_a_member_in_a_run=(
            lambda side: train(
                side,
                MEMBERS,
                optimizer=reference.sgd(lambda step: np.array([1.0, 0.5]) - 0.75 * step),
            ),
            "at every step; got -0.25 at step 1",
        ),
    ),
)
def test_negative_and_non_finite_rates_are_refused(call, match):
    with np.errstate(divide="ignore"):
        refused_alike(call, match)


ONE_MORE = (*PARAMS, LAYER_1)


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        no_optimizer=(
            lambda side: update(side, "adam", state=ADAM.init(PARAMS)),
            "optimizer must be an Optimizer, such as adam.*; got 'adam'",
        ),
        unknown_kind=(
            lambda side: update(side, ADAM._replace(kind="adaam"), state=ADAM.init(PARAMS)),
            "optimizer must be one of sgd, .*lion; got 'adaam'; did you mean 'adam'",
        ),
        rates_without_members=(
            lambda side: update(side, reference.sgd([0.1, 0.2])),
            r"learning_rate must be one number, or .* members \[\] of params; got shape \[2\]",
        ),
        rates_for_other_members=(
            lambda side: update(side, reference.sgd([0.1] * 3), MEMBERS, grads=MEMBERS),
            r"one for each of the members \[2\] of params; got shape \[3\]",
        ),
        grads_of_other_shape=(
            lambda side: update(side, grads=(LAYER_0, LAYER_1._replace(w=LAYER_1.w[:2]))),
            r"grads must be like params: layer 1 needs w of shape \[4, 3\] and dtype float32; "
            r"got shape \[2, 3\]",
        ),
        grads_of_other_dtype=(
            lambda side: update(side, grads=DOUBLES),
            "grads must be like params: layer 0 needs w of .* float32; got .* float64",
        ),
        grads_without_a_layer=(lambda side: update(side, grads=(LAYER_0,)), "layer 1 .*; got None"),
        grads_with_a_layer_more=(
            lambda side: update(side, grads=ONE_MORE),
            "grads must be like params: layer 2 needs w of None; got shape",
        ),
        grads_without_a_bias=(
            lambda side: update(side, grads=(LAYER_0, Layer(LAYER_1.w))),
            "layer 1 needs b of shape .*; got None",
        ),
        no_grads=(lambda side: update(side, grads=5), "grads must be a sequence of Layer"),
        no_params=(
            lambda side: side.update(SGD, None, SGD.init(PARAMS), PARAMS),
            "params must be a sequence of Layer",
        ),
        a_step_for_no_member=(
            lambda side: update(side, ADAM, state=ADAM.init(PARAMS)._replace(step=np.zeros(3))),
            r"state.step must be the number of updates of each member, \[\]; got shape \[3\]",
        ),
        no_step=(
            lambda side: update(side, ADAM, state=ADAM.init(PARAMS)._replace(step=None)),
            "state.step must be",
        ),
        state_of_another_kind=(
            lambda side: update(side, ADAM, state=SGD.init(PARAMS)),
            "state must be an OptState with 2 moments, .*; got 0 moments",
        ),
        state_of_other_params=(
            lambda side: update(side, ADAM, state=ADAM.init(ONE_MORE)),
            "each of state.moments must be like params: layer 2",
        ),
        no_state=(
            lambda side: update(side, ADAM, state=(1, 2, 3)),
            "state must be an OptState with 2 moments, .*; got tuple of 3",
        ),
    ),
)
def test_update_refuses(call, match):
    refused_alike(call, match)


# Plans


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        batch_size_of_zero=(
            lambda side: side.kfold_plan(5, 0, 1, 0),
            "batch_size must be an integer from 1 to 5; got 0",
        ),
        batch_size_above_the_rows=(
            lambda side: side.kfold_plan(5, 6, 1, 0),
            "batch_size must be an integer from 1 to 5; got 6",
        ),
        minibatch_size_of_zero=(
            lambda side: side.minibatch_plan(5, 0, 1, 0),
            "batch_size must be an integer from 1 to 5; got 0",
        ),
        minibatch_size_above_the_rows=(lambda side: side.minibatch_plan(5, 6, 1, 0), "to 5; got 6"),
        batch_size_with_a_fraction=(lambda side: side.kfold_plan(5, 2.5, 1, 0), "to 5; got 2.5"),
        negative_epochs=(
            lambda side: side.kfold_plan(5, 2, -1, 0),
            "epochs must be an integer of at least 0; got -1",
        ),
        negative_epochs_of_full_batches=(
            lambda side: side.full_batch_plan(5, -1),
            "epochs must be",
        ),
        epochs_with_a_fraction=(
            lambda side: side.minibatch_plan(5, 2, 1.5, 0),
            "epochs must .* 1.5",
        ),
        no_rows=(lambda side: side.kfold_plan(0, 1, 1, 0), "n must be an integer of at least 1"),
        no_rows_in_full_batches=(lambda side: side.full_batch_plan(0, 1), "n must be an integer"),
        negative_seed=(lambda side: side.kfold_plan(5, 2, 1, -1), "seed must be .* got -1"),
        seed_of_33_bits=(
            lambda side: side.kfold_plan(5, 2, 1, 2**32),
            "seed must be .* to 4294967",
        ),
        seed_with_a_fraction=(
            lambda side: side.kfold_plan(5, 2, 1, 0.5),
            "seed must be .* got 0.5",
        ),
        weights_all_zero=(
            lambda side: side.kfold_plan(5, 2, 1, 0, np.zeros(5)),
            "weights must not all be 0; give at least one row a weight above 0",
        ),
        remainder_that_is_no_flag=(
            lambda side: side.minibatch_plan(5, 2, 1, 0, drop_remainder="yes"),
            "drop_remainder must be True or False; got 'yes'",
        ),
    ),
)
def test_plans_refuse(call, match):
    refused_alike(call, match)


# Training


@pytest.mark.parametrize(
    ("options", "match"),
    table(
        validation_of_another_width=(
            {"validation": (np.ones((2, 3)), [0, 1])},
            r"validation: x must be rows of 2 features, \[N, 2\]; got shape \[2, 3\]",
        ),
        validation_of_two_lengths=(
            {"validation": (X, LABELS[:2])},
            r"validation: y must be .* for x of \[5, 2\]; got shape \[2\]",
        ),
        validation_without_y=(
            {"validation": (X,)},
            r"validation must be \(x, y\) or \(x, y, weights\); got tuple of 1",
        ),
        validation_that_is_one_array=({"validation": X}, "validation must be .*; got ndarray of 5"),
        validation_weights_negative=(
            {"validation": (X, Y, [1, 1, 1, 1, -1])},
            "validation: weights must not be negative; got -1, first in row 4",
        ),
        validation_weights_all_zero=(
            {"validation": (X, Y, np.zeros(5))},
            "weights of validation must not all be 0; give",
        ),
        metrics_without_validation=(
            {"metrics": ("accuracy",)},
            r"metrics are measured on validation data; give validation=\(x, y\) with them",
        ),
        an_unknown_metric=(
            {"metrics": ("acuracy",), "validation": (X, Y)},
            "each of metrics under softmax_cross_entropy must be one of accuracy, "
            "balanced_accuracy, top_k_accuracy, log_loss; got 'acuracy'; did you mean 'accuracy'",
        ),
        a_metric_of_numbers=({"metrics": ["r2"], "validation": (X, Y)}, "each of .* got 'r2'"),
        metrics_that_are_one_name=(
            {"metrics": "accuracy", "validation": (X, Y)},
            "metrics under .* must be a sequence of names; got 'accuracy'",
        ),
        a_metric_that_is_no_name=({"metrics": [5], "validation": (X, Y)}, "each of .*; got 5"),
        monitor_of_a_metric_that_is_not_asked_for=(
            {"metrics": ("log_loss",), "validation": (X, Y), "monitor": "validation_accuracy"},
            "monitor must be one of loss, validation_loss, validation_log_loss; got 'validation_a",
        ),
        patience_of_other_members=({"patience": [2, 3], "monitor": "loss"}, "patience must be one"),
        min_delta_of_other_members=({"min_delta": [0, 0.1]}, "min_delta must be one number, or"),
        min_delta_that_is_no_number=({"min_delta": "x"}, "min_delta must be"),
        xla_that_is_no_flag=({"xla": "yes"}, "xla must be True or False; got 'yes'"),
        epochs_beside_a_plan=(
            {"epochs": 4},
            "epochs goes with data, since a plan has its own; got .*4",
        ),
        unknown_on_not_finite=(
            {"on_not_finite": "warning"},
            "on_not_finite must be one of error, warn; got 'warning'; did you mean 'warn'",
        ),
        unknown_monitor=(
            {"validation": (X, Y), "monitor": "val_loss", "patience": 2},
            "monitor must be one of loss, validation_loss, validation_accuracy; got 'val_loss'",
        ),
        monitor_of_what_is_not_measured=(
            {"monitor": "validation_loss", "patience": 2},
            "monitor must be one of loss; got 'validation_loss'",
        ),
        patience_of_zero=(
            {"patience": 0, "monitor": "loss"},
            "patience must be .* of at least 1.* got 0",
        ),
        patience_with_a_fraction=(
            {"patience": 2.5, "monitor": "loss"},
            "patience must be an integer of at least 1, .* got 2.5",
        ),
        patience_as_text=({"patience": "long", "monitor": "loss"}, "patience must be"),
        min_delta_that_is_not_finite=(
            {"patience": 2, "min_delta": np.nan, "monitor": "loss"},
            "min_delta must be a number .*; got nan",
        ),
        a_callback_that_is_no_function=({"callback": 5}, "callback must be a function .*; got 5"),
        restore_best_that_is_no_flag=({"restore_best": 1}, "restore_best must be True or False"),
        progress_that_is_no_flag=({"progress": "bar"}, "progress must be True or False; got 'bar'"),
        no_optimizer=(
            {"optimizer": "adam"},
            "optimizer must be an Optimizer, such as adam.*; got 'adam'",
        ),
        rates_without_members=(
            {"optimizer": reference.adam([0.1, 0.2])},
            r"learning_rate must be one number, or .* members \[\] of params; got shape \[2\]",
        ),
    ),
)
def test_train_refuses_options(options, match):
    refused_alike(lambda side: train(side, **options), match)


def test_accuracy_cannot_be_monitored_without_classes():
    def call(side):
        plan, y = fnet.full_batch_plan(5, 1), np.ones(5)
        return side.train(
            SQUARE, SGD, SQUARE_PARAMS, X, y, plan, validation=(X, y), monitor="validation_accuracy"
        )

    refused_alike(call, "monitor must be one of loss, validation_loss; got 'validation_accuracy'")


def test_classification_metrics_are_refused_without_classes():
    def call(side):
        plan, y = fnet.full_batch_plan(5, 1), np.ones(5)
        return side.train(
            SQUARE, SGD, SQUARE_PARAMS, X, y, plan, validation=(X, y), metrics=("accuracy",)
        )

    refused_alike(
        call,
        "each of metrics under squared_error must be one of mean_squared_error, "
        "mean_absolute_error, r2; got 'accuracy'",
    )


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        plan_for_more_rows=(
            lambda side: train(side, PARAMS, X, Y, fnet.full_batch_plan(6, 1)),
            "plan was made for 6 rows, but x has 5; make one for len",
        ),
        plan_for_fewer_rows=(
            lambda side: train(side, PARAMS, X, Y, fnet.kfold_plan(4, 2, 1, 0)),
            "plan was made for 4 rows, but x has 5",
        ),
        no_plan=(
            lambda side: train(side, PARAMS, X, Y, None),
            "train takes x, y and plan, or data; missing: plan",
        ),
        a_plan_that_is_none=(
            lambda side: train(side, PARAMS, X, Y, [[0, 1]]),
            r"plan must be a Plan, as kfold_plan or .* returns it; got \[\[0, 1\]\]",
        ),
        no_y=(lambda side: train(side, PARAMS, X, None), "or data; missing: y"),
        no_x=(lambda side: train(side, PARAMS, None), "or data; missing: x"),
        x_of_each_member=(
            lambda side: train(side, MEMBERS, np.ones((2, 5, 2)), np.eye(3)[[[0] * 5] * 2]),
            r"x must be rows \[N, D\] that all members share; got shape \[2, 5, 2\]",
        ),
    ),
)
def test_train_refuses_data(call, match):
    refused_alike(call, match)


@pytest.mark.parametrize(
    ("call", "match"),
    table(
        another_network=(
            lambda side: train(side, RUN, net=Network((2, 4, 3), hidden="tanh")),
            "be resumed with the network it was started with, Network.*relu.*; got Network.*tanh",
        ),
        another_optimizer=(
            lambda side: train(side, RUN, optimizer=ADAM),
            "a Run must be resumed with the optimizer it was started with, sgd; got adam",
        ),
        another_number_of_rows=(
            lambda side: train(side, RUN, X[:4], Y[:4], fnet.kfold_plan(4, 2, 2, 0)),
            "with the number of rows it was started with, 5; got 4",
        ),
        another_number_of_steps=(
            lambda side: train(side, RUN, X, Y, fnet.full_batch_plan(5, 2)),
            "with the number of steps in an epoch it was started with, 2; got 1",
        ),
        validation_that_it_had_not=(
            lambda side: train(side, RUN, validation=(X, Y)),
            r"the names in its history it was started with, \('loss',\); got \('loss', 'valid",
        ),
        a_network_of_other_sizes=(
            lambda side: train(side, RUN, net=Network((2, 5, 3))),
            r"params do not fit .*: layer 0 needs w of shape \[2, 5\]; got \[2, 4\]",
        ),
    ),
)
def test_resuming_with_other_arguments_names_the_difference(call, match):
    refused_alike(call, match)


NONE = fnet.full_batch_plan(5, epochs=0)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("options", [{"patience": 3}, {"restore_best": True}])
def test_without_validation_data_train_warns_that_it_monitors_the_training_loss(side, options):
    with pytest.warns(UserWarning, match="no validation data, .* monitor the training") as seen:
        side.train(NET, SGD, PARAMS, X, Y, NONE, **options)
    assert [warning.filename for warning in seen] == [__file__]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    "options",
    [
        {"patience": 3, "monitor": "loss"},
        {"patience": 3, "validation": (X, Y)},
        {"min_delta": 0.1},
    ],
)
def test_train_does_not_warn_if_monitor_is_given_or_unused(side, options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert train(side, PARAMS, X, Y, NONE, **options).history["ended"] == "epochs"


# Pipelines, which are TensorFlow's


def test_the_twin_refuses_pipelines():
    with pytest.raises(InvalidArgument, match="data is for fnet.train: the twin takes x, y and a"):
        reference.train(NET, SGD, PARAMS, data=tf.data.Dataset.range(3))


@pytest.mark.parametrize(
    ("arguments", "match"),
    table(
        y_longer_than_x=((X, LABELS[:4], 2), r"same number of rows; got shapes \[5, 2\] and \[4\]"),
        y_of_no_rows=((X, 3.0, 2), r"same number of rows; got shapes \[5, 2\] and \[\]"),
        x_without_rows=(
            (X[:0], LABELS[:0], 1),
            r"x must have at least one row; got shape \[0, 2\]",
        ),
        x_of_one_axis=((X[:, 0], LABELS, 2), r"x must be \[N, D\]; got shape \[5\]"),
        nan_in_x=((spoiled(X, (1, 0), np.nan), LABELS, 2), "x .* nan, first in row 1, column 0"),
        nan_in_y=((X, spoiled(Y, (2, 1), np.nan), 2), "y .* nan, first in row 2, column 1"),
        text_in_y=((X, list("abcde"), 2), "y must be bools, integers or"),
        batch_size_of_zero=((X, LABELS, 0), "batch_size must be an integer from 1 to 5; got 0"),
        batch_size_above_the_rows=((X, LABELS, 6), "integer from 1 to 5; got 6"),
        negative_epochs=((X, LABELS, 2, -1), "epochs must be an integer of at least 0; got -1"),
        negative_seed=((X, LABELS, 2, 1, -1), "seed must be an integer from 0 .* got -1"),
        too_few_weights=((X, LABELS, 2, 1, 0, [1, 1]), "weights must be one number for each row"),
        weights_all_zero=((X, LABELS, 2, 1, 0, [0] * 5), "weights must not all be 0"),
        remainder_that_is_no_flag=((X, LABELS, 2, 1, 0, None, 1), "drop_remainder must be True or"),
    ),
)
def test_pipeline_refuses(arguments, match):
    with no_work(), pytest.raises(InvalidArgument, match=match):
        fnet.pipeline(*arguments)


def batched(*columns, size=2):
    return tf.data.Dataset.from_tensor_slices(columns).batch(size)


@pytest.mark.parametrize(
    ("data", "options", "match"),
    [
        pytest.param([(X, Y)], {}, "data must be a tf.data.Dataset, as pipeline", id="a list"),
        pytest.param(
            batched(X, Y).filter(lambda x, y: True),
            {},
            "data must know how many batches it holds: end it with .take",
            id="unknown length",
        ),
        pytest.param(batched(X, Y).repeat(), {}, "data must know how many", id="endless"),
        pytest.param(
            batched(X, Y),
            {"steps_per_epoch": 2},
            "data has 3 batches, which is not a multiple of steps_per_epoch=2; give epochs too",
            id="steps that do not divide",
        ),
        pytest.param(batched(X, Y), {"epochs": -1}, "epochs must be .* got -1", id="minus epochs"),
        pytest.param(
            batched(X, Y).take(0), {}, "at least one batch; it holds none", id="no batches"
        ),
        pytest.param(batched(X[:, :1], Y), {}, r"x must be rows of 2 features", id="narrow"),
        pytest.param(batched(X, LABELS + 1), {}, "labels from 0 to 2; got 3", id="bad labels"),
        pytest.param(
            batched(X[:1], Y[:1]).concatenate(batched(X, Y)),
            {},
            "batch 1 of data must hold .* no more than the first batch, 1; got 2 of x",
            id="a larger batch",
        ),
        pytest.param(
            batched(spoiled(X, (3, 1), np.nan), Y),
            {},
            "batch 1 of data: x must be finite; got nan, first in row 1, column 1",
            id="NaN",
        ),
        pytest.param(batched(X), {}, r"batches \(x, y\) or \(x, y, weights\)", id="no y"),
        pytest.param(batched({"x": X}), {}, "data must hold batches", id="a dict"),
        pytest.param(
            tf.data.Dataset.from_tensor_slices((X, Y)), {}, "x of shape .B, D.", id="unbatched"
        ),
        pytest.param(
            tf.data.Dataset.from_tensors((X[:0], LABELS[:0])),
            {},
            "data must hold batches of at least one row",
            id="an empty batch",
        ),
        pytest.param(
            tf.data.Dataset.from_tensors((X, LABELS[:4])),
            {},
            "as many rows of y as of x, .* got 5 of x and 4 of y",
            id="fewer labels",
        ),
        pytest.param(
            batched(X, Y),
            {"x": X, "plan": PLAN},
            "data already holds .* leave out x and plan",
            id="both",
        ),
    ],
)
def test_train_refuses_a_pipeline(data, options, match):
    with pytest.raises(InvalidArgument, match=match):  # raised when the data are fetched
        fnet.train(NET, SGD, PARAMS, data=data, **options)


# The ends of the ranges, and the errors themselves


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    "call",
    table(
        largest_seed=(lambda side: side.init_params(NET, 2**32 - 1),),
        largest_batch=(lambda side: side.kfold_plan(5, 5, 0, 2**32 - 1),),
        smallest_batch=(lambda side: side.minibatch_plan(1, 1, 0, 0),),
        numpy_integers=(lambda side: side.Network(np.array([2, 3])),),
        zero_rate=(lambda side: side.adam(0, 0, 0),),
        zero_numbers=(lambda side: side.adagrad(0, 0),),
        no_power=(lambda side: side.schedules.inverse_scaling(0, 0),),
        the_whole_of_alpha=(lambda side: side.schedules.cosine(0, 1, 1, 0, 0),),
        smallest_cycle=(lambda side: side.schedules.log_cosine(0, 1e-3, 1),),
        probabilities=(lambda side: side.loss(NET, PARAMS, X, np.full((5, 3), 1 / 3)),),
        weights_all_zero=(lambda side: side.loss(NET, PARAMS, X, Y, np.zeros(5)),),
        nested_lists=(lambda side: side.forward(NET, PARAMS, X.tolist()),),
        a_table=(lambda side: side.forward(NET, PARAMS, pd.DataFrame(X)),),
        whole_numbers=(lambda side: side.forward(NET, PARAMS, X.astype(int)),),
        params_as_lists=(
            lambda side: side.forward(
                NET, [list(map(tf.constant, layer)) for layer in PARAMS], tf.constant(X)
            ),
        ),
    ),
)
def test_values_at_the_bounds_are_accepted(side, call):
    assert call(side) is not None


def test_errors_derive_from_fnet_error_and_builtin_errors():
    assert issubclass(FnetError, Exception)
    assert InvalidArgument.__mro__[1:3] == (FnetError, ValueError)
    assert NotFinite.__mro__[1:3] == (FnetError, ArithmeticError)
    for name in ("FnetError", "InvalidArgument", "NotFinite"):
        assert getattr(reference, name) is getattr(fnet, name)
