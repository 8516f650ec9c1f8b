"""Losses against Keras, scikit-learn and numbers by hand, and for extreme outputs."""

import keras
import numpy as np
import pytest
from scipy import special
from sklearn import metrics

import fnet
from fnet import Layer, Network, Tuning, reference
from fnet.core.network import LOSSES

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

RNG = np.random.default_rng(11)
Z = 2 * RNG.normal(size=(8, 3))
NUMBERS = RNG.normal(size=(8, 3))
COUNTS = RNG.poisson(2.0, (8, 3)).astype(float)
BITS = RNG.integers(2, size=(8, 3)).astype(float)
CLASSES = RNG.permutation([0, 0, 1, 1, 1, 2, 2, 2])
WEIGHTS = RNG.integers(1, 5, size=8) / 4.0
ROWS = np.eye(3)[CLASSES]


def of_outputs(side, loss, z, y, weights=None, output="identity", **tuning):
    """The loss of outputs, by a network that returns its features."""
    z = np.asarray(z)
    net = Network((z.shape[1],) * 2, output=output, loss=loss, bias=False)
    params = (Layer(np.eye(z.shape[1], dtype=z.dtype)),)
    options = {"tuning": Tuning(**tuning)} if tuning else {}
    return np.asarray(side.loss(net, params, z, y, weights, **options))


def slopes_of(side, loss, z, y, **tuning):
    """The gradient of one row's loss with respect to its outputs."""
    net = Network((1, z.shape[1]), loss=loss, bias=False)
    options = {"tuning": Tuning(**tuning)} if tuning else {}
    return np.asarray(side.grads(net, (Layer(z),), np.ones((1, 1), z.dtype), y, **options)[0].w)


def weighted(function):
    """The weighted mean over rows of one of Keras's losses, which gives one value a row."""
    return lambda y, z: np.average(np.asarray(function(y, z)), weights=WEIGHTS)


KERAS = {
    "squared_error": (NUMBERS, {}, keras.losses.mean_squared_error),
    "absolute_error": (NUMBERS, {}, keras.losses.mean_absolute_error),
    "huber": (NUMBERS, {"delta": 0.5}, lambda y, z: keras.losses.huber(y, z, 0.5)),
    "softmax_cross_entropy": (
        ROWS,
        {"label_smoothing": 0.25},
        lambda y, z: keras.losses.categorical_crossentropy(y, z, True, 0.25),
    ),
    "sigmoid_cross_entropy": (
        BITS,
        {"label_smoothing": 0.25},
        lambda y, z: keras.losses.binary_crossentropy(y, z, True, 0.25),
    ),
}


@BOTH
@pytest.mark.parametrize("loss", KERAS)
def test_losses_equal_keras(side, loss):
    y, tuning, theirs = KERAS[loss]
    found = of_outputs(side, loss, Z, y, WEIGHTS, **tuning)
    np.testing.assert_allclose(found, weighted(theirs)(y, Z), rtol=1e-12)
    if "label_smoothing" in tuning:
        plain = of_outputs(side, loss, Z, y, WEIGHTS)
        unsmoothed = (
            keras.losses.categorical_crossentropy(y, Z, True)
            if loss.startswith("softmax")
            else keras.losses.binary_crossentropy(y, Z, True)
        )
        np.testing.assert_allclose(plain, weighted(lambda *_: unsmoothed)(y, Z), rtol=1e-12)


@BOTH
def test_losses_equal_scikit_learn(side):
    half_deviance = metrics.mean_poisson_deviance(
        COUNTS.ravel(), np.exp(Z).ravel(), sample_weight=np.repeat(WEIGHTS, 3)
    )
    of_the_counts_alone = np.average(special.xlogy(COUNTS, COUNTS) - COUNTS, 0, WEIGHTS).mean()
    found = of_outputs(side, "poisson", Z, COUNTS, WEIGHTS)
    np.testing.assert_allclose(found + of_the_counts_alone, half_deviance / 2, rtol=1e-12)

    quantiles = 0.1, 0.5, 0.75
    pinball = [
        metrics.mean_pinball_loss(NUMBERS[:, 0], z, alpha=q, sample_weight=WEIGHTS)
        for z, q in zip(Z.T, quantiles, strict=True)
    ]
    found = of_outputs(side, "pinball", Z, NUMBERS[:, 0], WEIGHTS, quantiles=quantiles)
    np.testing.assert_allclose(found, np.mean(pinball), rtol=1e-12)

    found = of_outputs(side, "softmax_cross_entropy", Z, CLASSES, WEIGHTS)
    expected = metrics.log_loss(CLASSES, special.softmax(Z, axis=1), sample_weight=WEIGHTS)
    np.testing.assert_allclose(found, expected, rtol=1e-12)

    labels = [metrics.log_loss(b, special.expit(z)) for b, z in zip(BITS.T, Z.T, strict=True)]
    found = of_outputs(side, "sigmoid_cross_entropy", Z, BITS)
    np.testing.assert_allclose(found, np.mean(labels), rtol=1e-12)


@BOTH
def test_losses_by_hand(side):
    """One row of outputs 1 and 3 with targets 2 and 0: errors of 1 and 3."""
    z, y = np.array([[1.0, 3.0]]), np.array([[2.0, 0.0]])
    for loss, tuning, expected, grads in (
        ("squared_error", {}, (1 + 9) / 2, [-1, 3]),
        ("absolute_error", {}, (1 + 3) / 2, [-0.5, 0.5]),
        ("huber", {}, (0.5 + 2.5) / 2, [-0.5, 0.5]),
        ("huber", {"delta": 2.0}, (0.5 + 2 * (3 - 1)) / 2, [-0.5, 1]),
        ("poisson", {}, (np.e - 2 + np.e**3) / 2, [(np.e - 2) / 2, np.e**3 / 2]),
    ):
        np.testing.assert_allclose(of_outputs(side, loss, z, y, **tuning), expected, rtol=1e-14)
        np.testing.assert_allclose(slopes_of(side, loss, z, y, **tuning), [grads], rtol=1e-14)
    # Quantiles 0.25 and 0.75 of a target 2: 1 under it costs a quarter, 1 over it a quarter.
    found = of_outputs(side, "pinball", z, [2.0], quantiles=[0.25, 0.75])
    assert found == (0.25 * 1 + 0.25 * 1) / 2
    grads = slopes_of(side, "pinball", z, [2.0], quantiles=[0.25, 0.75])
    assert grads.tolist() == [[-0.125, 0.125]]


@BOTH
def test_both_sides_have_the_same_gradient_at_a_kink(side):
    on_the_kink = np.zeros((1, 2))
    assert (slopes_of(side, "absolute_error", on_the_kink, np.zeros((1, 2))) == 0).all()
    found = slopes_of(side, "pinball", on_the_kink, [0.0], quantiles=[0.25, 0.5])
    assert found.tolist() == [[-0.125, -0.25]]
    found = slopes_of(side, "sigmoid_cross_entropy", on_the_kink, [[0.0, 1.0]])
    assert found.tolist() == [[0.25, -0.25]]


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("extreme", [1e4, -1e4, 0.0])
@pytest.mark.parametrize("loss", LOSSES)
def test_extreme_outputs_have_finite_losses_and_gradients(side, loss, extreme, dtype):
    z = np.array([[extreme, 0.0], [0.0, extreme]], dtype)
    tuning = {"quantiles": [0.1, 0.9]} if loss == "pinball" else {}
    for y in (0, 1):
        y = {
            "multiclass": np.array([y, y]),
            "quantiles": np.array([y, y], dtype),
        }.get(LOSSES[loss].targets, np.full((2, 2), y, dtype))
        assert np.isfinite(of_outputs(side, loss, z, y, **tuning))
        assert np.isfinite(slopes_of(side, loss, z[:1], y[:1], **tuning)).all()
        net = Network((2, 2), loss=loss, bias=False)
        assert np.isfinite(side.predict(net, (Layer(np.eye(2, dtype=dtype)),), z)).all()


@BOTH
def test_cross_entropies_are_linear_in_extreme_logits(side):
    for z, y, expected in ((1e4, 1, 0), (1e4, 0, 1e4), (-1e4, 1, 1e4), (-1e4, 0, 0)):
        assert of_outputs(side, "sigmoid_cross_entropy", [[z]], [[y]]) == expected
        slope = slopes_of(side, "sigmoid_cross_entropy", np.array([[z]]), [[y]])
        assert slope == (z > 0) - y


@BOTH
def test_poisson_is_linear_above_its_limit(side):
    at_64, at_65 = (of_outputs(side, "poisson", [[z]], [[0]]) for z in (64.0, 65.0))
    np.testing.assert_allclose(at_64, np.exp(64), rtol=1e-14)
    np.testing.assert_allclose(at_65, 2 * at_64, rtol=1e-14)
    slope = slopes_of(side, "poisson", np.array([[1e4]]), [[0]])
    np.testing.assert_allclose(slope, np.exp(64), rtol=1e-14)


@BOTH
def test_quantiles_never_cross(side):
    """The outputs of an untrained network have any order; its predictions are sorted."""
    net = Network((2, 6, 4), loss="pinball")
    params = reference.init_params(net, 0, dtype="float64")
    x = RNG.normal(size=(50, 2))
    outputs = np.asarray(side.forward(net, params, x))
    predictions = np.asarray(side.predict(net, params, x))
    assert (np.diff(outputs) < 0).any()
    assert (np.diff(predictions) >= 0).all()
    assert np.array_equal(np.sort(outputs), predictions)
    sorted_out = Network((2, 6, 4), output="sort", loss="pinball")
    assert np.array_equal(side.forward(sorted_out, params, x), predictions)


@BOTH
def test_softmax_can_be_the_output_under_another_loss(side):
    """The Brier score: squared error of probabilities."""
    found = of_outputs(side, "squared_error", Z, ROWS, output="softmax")
    expected = np.mean((special.softmax(Z, axis=1) - ROWS) ** 2)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@BOTH
def test_a_network_accepts_aliases_of_activations(side):
    ours = Network((2, 3, 1), "logistic", "logistic", loss="sigmoid_cross_entropy")
    assert ours == Network((2, 3, 1), "sigmoid", "sigmoid", loss="sigmoid_cross_entropy")
    assert ours.hidden == ("sigmoid",)


@BOTH
def test_binary_labels_may_have_one_axis_or_two(side):
    net = Network((3, 1), loss="sigmoid_cross_entropy")
    params = reference.init_params(net, 0, dtype="float64")
    labels = BITS[:, 0]
    as_rows = side.loss(net, params, Z, labels[:, None])
    for y in (labels, labels.astype(int), labels.astype(bool)):
        assert side.loss(net, params, Z, y) == as_rows


@BOTH
def test_an_absent_class_adds_no_loss(side):
    """Three classes, two of them in y; and labels that are all 0."""
    found = of_outputs(side, "softmax_cross_entropy", Z, CLASSES % 2)
    expected = metrics.log_loss(CLASSES % 2, special.softmax(Z, axis=1), labels=[0, 1, 2])
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    found = of_outputs(side, "sigmoid_cross_entropy", Z, np.zeros((8, 3)))
    np.testing.assert_allclose(found, np.mean(np.logaddexp(0, Z)), rtol=1e-13)
