"""One-hot rows, softmax and accuracy: the notes' examples and their algebra."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from strategies import fewer

import fnet
from fnet import InvalidArgument, Layer, Network, reference

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])


@st.composite
def has_class_labels(draw):
    """A number of classes with labels of any shape."""
    classes = draw(st.integers(1, 12))
    shape = draw(st.sampled_from([(), (1,), (7,), (2, 3), (0,)]))
    seed = draw(st.integers(0, 2**32 - 1))
    return classes, np.random.default_rng(seed).integers(classes, size=shape)


@st.composite
def logits(draw, most=1e4):
    """Rows of logits of any size up to `most`, many of them equal.

    None is subnormal: TensorFlow's threads take those for 0, so that they would tie with it.
    """
    rows, classes = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    values = st.floats(-most, most, allow_subnormal=False) | st.sampled_from([-most, 0.0, most])
    flat = draw(st.lists(values, min_size=rows * classes, max_size=rows * classes))
    return np.reshape(flat, (rows, classes))


@BOTH
@given(case=has_class_labels())
@fewer(2)
def test_one_hot_rows_sum_to_1_and_argmax_inverts_them(side, case):
    classes, labels = case
    rows = np.asarray(side.one_hot(labels, classes))
    assert rows.shape == (*labels.shape, classes)
    assert rows.dtype == np.float32
    assert ((rows == 0) | (rows == 1)).all()
    assert (rows.sum(axis=-1) == 1).all()
    assert np.array_equal(rows.argmax(axis=-1), labels)


@BOTH
@given(case=has_class_labels(), wrong=st.sampled_from([-1, 0, 1]))
@fewer(4)
def test_labels_out_of_range_are_refused(side, case, wrong):
    classes, labels = case
    labels = np.append(labels, -1 if wrong < 0 else classes + wrong)
    with pytest.raises(InvalidArgument, match=f"labels from 0 to {classes - 1}"):
        side.one_hot(labels, classes)


@BOTH
def test_one_hot_equals_indexing_the_identity_matrix(side):
    labels = [3, 0, 9]
    assert np.array_equal(side.one_hot(labels, 10), np.eye(10)[labels])


@BOTH
def test_softmax_of_the_notes_example(side):
    found = side.softmax([-1.3, 2.6, -0.9])
    assert [f"{p:.2f}" for p in np.asarray(found)] == ["0.02", "0.95", "0.03"]


@BOTH
@given(z=logits(), shift=st.integers(-1000, 1000))
@fewer(2)
def test_softmax_gives_probabilities_and_is_shift_invariant(side, z, shift):
    found = np.asarray(side.softmax(z))
    assert found.dtype == z.dtype
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(side.softmax(z + shift), found, rtol=1e-8, atol=1e-300)


@BOTH
def test_softmax_of_integers_is_computed_in_float64(side):
    found = np.asarray(side.softmax([[1, 1], [0, 0]]))
    assert found.dtype == np.float64
    assert (found == 0.5).all()


@BOTH
@pytest.mark.parametrize("extreme", [1e4, -1e4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_loss_is_finite_if_a_probability_is_0_or_1(side, dtype, extreme):
    """One input of 1 makes the weights the logits: (z, 0) with the label 0, then with 1."""
    net = Network((1, 2), bias=False)
    params = (Layer(np.array([[extreme, 0]], dtype)),)
    for label in (0, 1):
        wanted = max(extreme, 0) - (extreme if label == 0 else 0)  # log(e^z + 1) - z[label]
        assert side.loss(net, params, [[1]], [label]) == wanted
        grad = np.asarray(side.grads(net, params, [[1]], [label])[0].w)
        one_hot = np.eye(2)[label]
        assert np.array_equal(grad[0], ([1, 0] if extreme > 0 else [0, 1]) - one_hot)


@BOTH
def test_cross_entropy_by_hand(side):
    """Logits log(1), log(2), log(5) are the probabilities 1/8, 2/8 and 5/8."""
    net = Network((1, 3), bias=False)
    params = (Layer(np.log([[1.0, 2.0, 5.0]])),)
    for y, expected in (
        ([2], -np.log(5 / 8)),
        ([[0, 0, 1]], -np.log(5 / 8)),
        ([[0.5, 0, 0.5]], -0.5 * np.log(1 / 8) - 0.5 * np.log(5 / 8)),
    ):
        np.testing.assert_allclose(side.loss(net, params, [[1]], y), expected, rtol=1e-14)
    grad = side.grads(net, params, [[1]], [2])[0].w
    np.testing.assert_allclose(grad, [[1 / 8, 2 / 8, 5 / 8 - 1]], rtol=1e-14)


@BOTH
def test_squared_error_is_the_mean_over_outputs(side):
    net = Network((1, 2), bias=False, loss="squared_error")
    params = (Layer(np.array([[1.0, 2.0]])),)
    assert side.loss(net, params, [[1], [2]], [[0, 0], [2, 0]]) == (1 + 4 + 0 + 16) / 4
    single = Network((1, 1), bias=False, loss="squared_error")
    params = (Layer(np.array([[3.0]])),)
    for y in ([1, 2], [[1], [2]]):
        assert side.loss(single, params, [[1], [1]], y) == (4 + 1) / 2


@BOTH
@given(z=logits(most=3), seed=st.integers(0, 99))
@fewer(4)
def test_accuracy_equals_scikit_learns(side, z, seed):
    labels = np.random.default_rng(seed).integers(z.shape[1], size=len(z))
    expected = metrics.accuracy_score(labels, z.argmax(axis=1))
    found = side.accuracy(z, labels)
    assert found == expected
    assert side.accuracy(z, np.eye(z.shape[1])[labels]) == expected
    members = np.stack([z, -z])
    of_each = side.accuracy(members, np.stack([labels] * 2))
    assert of_each[0] == found
    assert np.array_equal(side.accuracy(members, labels), of_each)
    assert np.array_equal(side.accuracy(members, np.eye(z.shape[1])[labels]), of_each)


@BOTH
def test_labels_of_two_members_differ_from_one_hot_rows(side):
    """Both are [2, 2] for two members, rows and classes: integers are labels."""
    members = np.array(
        [[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]
    )  # predicts 0, 1 and 1, 1
    labels = np.array([[0, 1], [1, 0]])
    assert np.array_equal(side.accuracy(members, labels), [1.0, 0.5])
    assert np.array_equal(side.accuracy(members, labels.astype(float)), [0.0, 0.5])  # rows: 1, 0
