"""Class weights: scikit-learn's numbers, in training and in validation, for each label."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight
from strategies import arrays

import fnet
from fnet import InvalidArgument, Layer, Network, Tuning, reference

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

RNG = np.random.default_rng(1)
X = RNG.normal(size=(30, 2))
CLASSES = np.repeat([0, 1, 2], [18, 9, 3])
BITS = (RNG.random((30, 3)) < [0.5, 0.2, 0.8]).astype(int)
NET = Network((2, 4, 3), "tanh")
LABELS = Network((2, 4, 3), "tanh", loss="sigmoid_cross_entropy")
BINARY = Network((2, 4, 1), "tanh", loss="sigmoid_cross_entropy")
PLAN = fnet.kfold_plan(30, 8, epochs=3, seed=2)


def weights_of(y, value, net=NET, weights=None):
    return fnet.class_weights(net, y, value, weights)


def test_balanced_is_scikit_learns():
    expected = compute_class_weight("balanced", classes=np.arange(3), y=CLASSES)
    np.testing.assert_allclose(weights_of(CLASSES, "balanced"), expected, rtol=1e-12)
    np.testing.assert_allclose(weights_of(np.eye(3)[CLASSES], "balanced"), expected, rtol=1e-12)


def test_balanced_uses_row_weights():
    """A row of weight 2 equals two rows."""
    weights = np.where(np.arange(30) % 2, 1.0, 2.0)
    repeated = np.repeat(CLASSES, weights.astype(int))
    np.testing.assert_allclose(
        weights_of(CLASSES, "balanced", weights=weights),
        weights_of(repeated, "balanced"),
        rtol=1e-12,
    )


def test_balanced_gives_an_absent_class_the_weight_1():
    found = weights_of(np.repeat([0, 2], [3, 1]), "balanced")
    np.testing.assert_allclose(found, [4 / (2 * 3), 1, 4 / (2 * 1)], rtol=1e-12)


def test_a_dict_gives_other_classes_the_weight_1():
    assert weights_of(CLASSES, {2: 5, 0: 0.5}).tolist() == [0.5, 1, 5]
    assert weights_of(BITS[:, 0], {1: 3}, BINARY).tolist() == [1, 3]


def test_labels_have_weights_for_zeros_and_ones():
    found = weights_of(BITS, ["balanced", {1: 7}, {0: 2, 1: 0.5}], LABELS)
    zeros, ones = np.sum(BITS[:, 0] == 0), np.sum(BITS[:, 0])
    np.testing.assert_allclose(found, [[15 / zeros, 15 / ones], [1, 7], [2, 0.5]], rtol=1e-12)
    everywhere = weights_of(BITS, "balanced", LABELS)
    for label, pair in zip(BITS.T, everywhere, strict=True):
        expected = compute_class_weight("balanced", classes=np.arange(2), y=label)
        np.testing.assert_allclose(pair, expected, rtol=1e-12)


@BOTH
def test_label_weights_by_hand(side):
    """Two rows of three labels, at logits 0: every term is log(2), times the weight of its case.

    (An argmax of the rows would give both the weight of their first 1.)
    """
    net = Network((1, 3), loss="sigmoid_cross_entropy", bias=False)
    params = (Layer(np.zeros((1, 3))),)
    y = [[1, 0, 1], [0, 0, 1]]
    weights = [[1, 10], [2, 20], [3, 30]]
    found = side.loss(net, params, np.ones((2, 1)), y, tuning=Tuning(label_weights=weights))
    by_hand = np.log(2) * ((10 + 2 + 30) / 3 + (1 + 2 + 30) / 3) / 2
    np.testing.assert_allclose(found, by_hand, rtol=1e-14)
    grad = side.grads(net, params, np.ones((2, 1)), y, tuning=Tuning(label_weights=weights))
    of_labels = [(-10 + 1) / 2, (2 + 2) / 2, (-30 - 30) / 2]  # p is 1/2: -w1 / 2 or w0 / 2
    np.testing.assert_allclose(np.ravel(grad[0].w), np.divide(of_labels, 6), rtol=1e-13)


@BOTH
@pytest.mark.parametrize("xla", [True, False])
def test_class_weights_apply_in_training_and_validation(side, xla):
    """They equal row weights, computed by hand, in the plan and in the validation data."""
    own, given = RNG.integers(1, 4, size=30) / 2.0, {0: 0.5, 2: 4.0}
    by_hand = own * np.array([0.5, 1.0, 4.0])[CLASSES]
    params = reference.init_params(NET, 1, dtype="float64")

    def train(weights, **options):
        plan = fnet.kfold_plan(30, 8, epochs=3, seed=2, weights=weights)
        validation_data = X[::2], CLASSES[::2], weights[::2]
        return side.train(
            *(NET, side.adam(0.1), params, X, CLASSES, plan),
            validation=validation_data,
            xla=xla,
            **options,
        )

    found, expected = train(own, class_weight=given), train(by_hand)
    for pair in zip(arrays(found.params), arrays(expected.params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-12)
    for name in ("loss", "validation_loss", "validation_accuracy"):
        np.testing.assert_allclose(found.history[name], expected.history[name], rtol=1e-12)


@BOTH
def test_label_weights_apply_in_training_and_validation(side):
    given = [{1: 3.0}, "balanced", {0: 0.5}]
    params = reference.init_params(LABELS, 1, dtype="float64")
    validation_data = X[::2], BITS[::2]
    run = side.train(
        *(LABELS, side.adam(0.1), params, X, BITS, PLAN),
        class_weight=given,
        validation=validation_data,
    )
    tuning = Tuning(label_weights=fnet.class_weights(LABELS, BITS, given))
    expected = side.train(
        *(LABELS, side.adam(0.1), params, X, BITS, PLAN), tuning=tuning, validation=validation_data
    )
    for pair in zip(arrays(run.params), arrays(expected.params), strict=True):
        assert np.array_equal(*pair)
    loss = reference.loss(LABELS, run.params, *validation_data, tuning=tuning)
    np.testing.assert_allclose(run.history["validation_loss"][-1], loss, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("net", [Network((2, 3)), Network((2, 1), loss="sigmoid_cross_entropy")])
def test_a_balanced_classifier_equals_scikit_learns(side, net):
    """Without hidden layers the minimum is that of a logistic regression."""
    y = CLASSES if net.has_class_labels else (CLASSES > 0).astype(int)
    theirs = LogisticRegression(class_weight="balanced", C=1.0, tol=1e-10).fit(X, y)
    numbers = fnet.class_weights(net, y, "balanced")
    params = reference.init_params(net, 0, dtype="float64")
    tuning = Tuning(l2=1.0)
    found = side.minimize_lbfgs(net, params, X, y, numbers[y], tuning=tuning, tol=1e-10)
    np.testing.assert_allclose(
        side.predict(net, found.params, X),
        theirs.predict_proba(X) if net.has_class_labels else theirs.predict_proba(X)[:, 1:],
        atol=2e-3,
    )


def test_a_pipeline_takes_a_dict():
    params = reference.init_params(NET, 1, dtype="float64")
    data = fnet.pipeline(X, CLASSES, 8, epochs=3, seed=2)
    plan = fnet.minibatch_plan(30, 8, epochs=3, seed=2)
    given = {0: 0.5, 2: 4.0}
    found = fnet.train(NET, fnet.adam(0.1), params, data=data, class_weight=given)
    expected = fnet.train(NET, fnet.adam(0.1), params, X, CLASSES, plan, class_weight=given)
    for pair in zip(arrays(found.params), arrays(expected.params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-9)
    labels = fnet.pipeline(X, BITS, 8, epochs=3, seed=2)
    each = [{1: 3.0}, {}, {0: 0.5}]
    params = reference.init_params(LABELS, 1, dtype="float64")
    found = fnet.train(LABELS, fnet.adam(0.1), params, data=labels, class_weight=each)
    expected = fnet.train(LABELS, fnet.adam(0.1), params, X, BITS, plan, class_weight=each)
    for pair in zip(arrays(found.params), arrays(expected.params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-9)
    with pytest.raises(InvalidArgument, match="only where all of y is given at once"):
        fnet.train(NET, fnet.adam(0.1), params, data=data, class_weight="balanced")


@pytest.mark.parametrize(
    ("net", "y", "value", "match"),
    [
        (NET, CLASSES, {3: 1.0}, "class_weight must be for classes from 0 to 2; got one for 3"),
        (NET, CLASSES, {"a": 1.0}, "classes from 0 to 2; got one for 'a'"),
        (NET, CLASSES, {True: 1.0}, "classes from 0 to 2; got one for True"),
        (
            NET,
            CLASSES,
            {0: -1.0},
            "class_weight for class 0 must be a number of at least 0; got -1",
        ),
        (NET, CLASSES, {0: np.nan}, "class_weight for class 0 must be a number of at least 0"),
        (NET, CLASSES, {0: [1, 2]}, "class_weight for class 0 must be one number"),
        (
            NET,
            CLASSES,
            "even",
            "must be a dict of classes and weights, .* or 'balanced'; got 'even'",
        ),
        (NET, CLASSES, [1, 2, 3], r"must be a dict of classes and weights.*got \[1, 2, 3\]"),
        (NET, CLASSES, {0: 0, 1: 0, 2: 0}, "row weights times class weights must not all be 0"),
        (LABELS, BITS, {0: 1, 1: 5}, "one dict or 'balanced' for each of the 3 labels"),
        (LABELS, BITS, ["balanced"], "for each of the 3 labels"),
        (
            LABELS,
            BITS,
            [{0: 1}, {2: 1}, {}],
            "class_weight of label 1 must be for classes from 0 to",
        ),
        (
            Network((2, 1), loss="squared_error"),
            CLASSES,
            "balanced",
            "class_weight goes with the cross-entropies; got it with squared_error",
        ),
    ],
)
def test_what_is_refused(net, y, value, match):
    messages = []
    for side in (fnet, reference):
        params = reference.init_params(net, 0)
        with pytest.raises(InvalidArgument, match=match) as caught:
            side.train(net, side.adam(0.1), params, X, y, PLAN, class_weight=value)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@BOTH
def test_validation_data_with_a_total_weight_of_0_are_refused(side):
    params = reference.init_params(NET, 0)
    with pytest.raises(InvalidArgument, match="weights of validation times class weights"):
        side.train(
            *(NET, side.adam(0.1), params, X, CLASSES, PLAN),
            class_weight={0: 0},
            validation=(X[:3], CLASSES[:3]),
        )
    tuning = Tuning(label_weights=np.ones((3, 2)))
    params = reference.init_params(LABELS, 0)
    with pytest.raises(InvalidArgument, match="class_weight sets label_weights"):
        side.train(
            *(LABELS, side.adam(0.1), params, X, BITS, PLAN),
            class_weight="balanced",
            tuning=tuning,
        )


def test_weights_of_another_length_are_refused():
    for weights, match in (
        (np.ones(3), r"one number for each row, \[30\]"),
        (np.zeros(30), "weights must not all be 0"),
        (-np.ones(30), "weights must not be negative"),
    ):
        with pytest.raises(InvalidArgument, match=match):
            weights_of(CLASSES, "balanced", weights=weights)
    with pytest.raises(InvalidArgument, match="labels from 0 to 2"):
        weights_of([0, 5], "balanced")
