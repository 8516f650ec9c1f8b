"""The pure functions: shapes, members, algebra, traces, and use inside a user's own graph."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from scipy import special
from strategies import cases, fewer, seeds

import fnet
from fnet import Layer, Network, datasets, reference
from fnet.core.network import ACTIVATIONS, LOSSES, SCHEMES
from fnet.core.params import map_params
from fnet.engine import tensors

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])
EAGERLY = pytest.mark.usefixtures("eagerly")


def arrays(params):
    return [np.asarray(p) for layer in params for p in layer if p is not None]


@EAGERLY
@BOTH
@given(case=cases())
@fewer(2)
def test_shapes_and_dtypes(side, case):
    net, params, x, *_ = case
    outputs = (*case.members, x.shape[-2], net.sizes[-1])
    for found in (side.forward(net, params, x), side.predict(net, params, x)):
        assert found.shape == outputs
        assert found.dtype == x.dtype
    assert side.loss(*case.arguments, **case.options).shape == case.members
    grads = side.grads(*case.arguments, **case.options)
    for slope, p in zip(arrays(grads), arrays(params), strict=True):
        assert slope.shape == p.shape
        assert slope.dtype == p.dtype


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seed", [0, [3, 4], [[1, 2], [3, 4], [5, 6]]])
def test_shapes_of_initial_params(side, seed, bias, dtype):
    params = side.init_params(Network((4, 3, 2), bias=bias), seed, dtype=dtype)
    members = np.shape(seed)
    assert [layer.w.shape for layer in params] == [(*members, 4, 3), (*members, 3, 2)]
    assert [layer.b is None for layer in params] == [not bias] * 2
    assert all(p.dtype == dtype for p in arrays(params))


VARIANCES = {
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "he_uniform": 2 / 300,
    "he_normal": 2 / 300,
    "lecun_uniform": 1 / 300,
    "lecun_normal": 1 / 300,
    "orthogonal": 1 / 300,
    "normal": 1,
    "ones": 0,
    "zeros": 0,
}
"""The variances, as in the sources, of the weights from 300 inputs to 200 outputs."""


@BOTH
@pytest.mark.parametrize("scheme", SCHEMES)
def test_initializers_have_the_right_moments(side, scheme):
    """Over 60,000 weights: sampling moves their variance by 1%, and their fourth moment by 3%."""
    w, b = map(np.asarray, side.init_params(Network((300, 200)), 5, scheme, "float64")[0])
    variance = VARIANCES[scheme]
    if variance == 0:
        assert (w == (scheme == "ones")).all()
        assert (b == (scheme == "ones")).all()
        return
    assert abs(w.mean()) < 0.02 * np.sqrt(variance)
    assert abs(w.var() / variance - 1) < 0.02
    assert (b == 0).all() == (scheme != "normal")
    limit, uniform = np.sqrt(3 * variance), scheme.endswith("uniform")
    assert (np.abs(w).max() <= limit) == uniform
    assert abs(np.mean(w**4) / variance**2 - (9 / 5 if uniform else 3)) < 0.1
    if uniform:
        assert np.abs(w).max() > 0.999 * limit
    elif scheme != "orthogonal":
        assert np.abs(w).max() > 3.5 * np.sqrt(variance)  # not truncated, as by Keras at 2


@BOTH
@pytest.mark.parametrize("sizes", [(1, 1), (5, 1), (1, 5), (9, 4), (4, 9), (6, 6)])
def test_orthogonal_params_have_orthonormal_columns_or_rows(side, sizes):
    """The first one is the drawn vector divided by its length, with its signs."""
    seeds = np.arange(40)
    net = Network(sizes, loss="squared_error")
    (w, b), (drawn, _) = (
        map(np.asarray, side.init_params(net, seeds, scheme, "float64")[0])
        for scheme in ("orthogonal", "normal")
    )
    tall = w if sizes[0] >= sizes[1] else np.swapaxes(w, -1, -2)
    identity = np.eye(min(sizes))
    assert np.abs(np.swapaxes(tall, -1, -2) @ tall - identity).max() < 1e-12
    assert (b == 0).all()
    first = drawn.reshape(tall.shape)[..., 0]
    length = np.linalg.norm(first, axis=-1, keepdims=True)
    np.testing.assert_allclose(tall[..., 0], first / length, rtol=0, atol=1e-13)


@BOTH
def test_orthogonal_params_are_uniformly_distributed(side):
    """Determinants 1 and -1 are equally likely, and so are the signs of each entry."""
    net = Network((3, 3), loss="squared_error")
    w = np.asarray(side.init_params(net, np.arange(2000), "orthogonal", "float64")[0].w)
    assert np.abs(np.linalg.det(w).mean()) < 0.08  # 3.6 deviations
    assert np.abs(w.mean(axis=0)).max() < 0.05
    np.testing.assert_allclose((w**2).mean(axis=0), 1 / 3, atol=0.03)


@BOTH
def test_each_layer_may_have_its_own_initializer(side):
    """The params of a layer do not depend on the initializers of the others."""
    net = Network((3, 4, 5, 2), bias=True)
    schemes = ("he_normal", "orthogonal", "zeros")
    for seed in (3, [3, 4]):
        found = side.init_params(net, seed, schemes)
        for i, scheme in enumerate(schemes):
            alone = side.init_params(net, seed, scheme)[i]
            assert all(np.array_equal(*pair) for pair in zip(found[i], alone, strict=True))
    assert (np.asarray(side.forward(net, found, np.ones((1, 3)))) == 0).all()


def test_the_default_initializer_follows_the_activation():
    for hidden, scheme in (("relu", "he_normal"), ("tanh", "glorot_uniform")):
        net = Network((3, 4, 2), hidden=hidden)
        ours = arrays(fnet.init_params(net, 1))
        named = arrays(fnet.init_params(net, 1, scheme=scheme))
        assert all(np.array_equal(*pair) for pair in zip(ours, named, strict=True))


@EAGERLY
@BOTH
@given(case=cases(members=((3,), (2, 2))))
@fewer(4)
@pytest.mark.slow
def test_members_equal_separate_networks(side, case):
    net, params, x, y, weights = case.arguments
    own = x.ndim > 2
    spread = weights is not None and weights.ndim > 1
    grads = side.grads(*case.arguments, **case.options)
    found = side.forward(net, params, x), side.loss(*case.arguments, **case.options)
    for member in np.ndindex(case.members):
        alone = map_params(lambda p, member=member: p[member], params)
        one_x, one_y = (x[member], y[member]) if own else (x, y)
        data = one_x, one_y, weights[member] if spread else weights
        np.testing.assert_allclose(found[0][member], side.forward(net, alone, one_x), rtol=1e-11)
        options = {"tuning": case.tuning.of(member), "step": case.step}
        np.testing.assert_allclose(
            found[1][member], side.loss(net, alone, *data, **options), rtol=1e-11
        )
        own_slopes = side.grads(net, alone, *data, **options)
        for all_of_them, p in zip(arrays(grads), arrays(own_slopes), strict=True):
            np.testing.assert_allclose(all_of_them[member], p, rtol=1e-9, atol=1e-12)


@EAGERLY
@BOTH
@given(case=cases())
@fewer(4)
def test_equal_weights_equal_no_weights(side, case):
    """Except for penalties, which are divided by the sum of weights."""
    net, params, x, y, _ = case.arguments
    equal = np.full(x.shape[-2], 2.5)
    options = {"tuning": case.tuning._replace(l1=None, l2=None), "step": case.step}
    np.testing.assert_allclose(
        side.loss(net, params, x, y, equal, **options),
        side.loss(net, params, x, y, **options),
        rtol=1e-12,
    )
    for pair in zip(
        arrays(side.grads(net, params, x, y, equal, **options)),
        arrays(side.grads(net, params, x, y, **options)),
        strict=True,
    ):
        np.testing.assert_allclose(*pair, rtol=1e-9, atol=1e-13)


@BOTH
def test_an_integer_weight_equals_repeated_rows(side):
    net = Network((2, 3), loss="squared_error")
    params = reference.init_params(net, 0, dtype="float64")
    x, y = np.arange(6.0).reshape(3, 2), np.eye(3)
    weighted = side.loss(net, params, x, y, [2, 0, 1])
    repeated = side.loss(net, params, x[[0, 0, 2]], y[[0, 0, 2]])
    np.testing.assert_allclose(weighted, repeated, rtol=1e-14)


@BOTH
def test_weights_that_sum_to_0_give_loss_0_and_gradient_0(side):
    net = Network((2, 3))
    params = side.init_params(net, 0)
    nothing = net, params, np.ones((2, 2)), [0, 1], [0, 0]
    assert side.loss(*nothing) == 0
    assert all((slope == 0).all() for slope in arrays(side.grads(*nothing)))


@EAGERLY
@BOTH
@given(case=cases(layers=3), seed=seeds)
@fewer(4)
def test_the_order_of_hidden_units_changes_nothing(side, case, seed):
    net, params, x, *_ = case
    rng = np.random.default_rng(seed)
    layers = list(params)
    for i, width in enumerate(net.sizes[1:-1]):
        order = rng.permutation(width)
        (w, b), (after, c) = layers[i : i + 2]
        layers[i] = Layer(w[..., order], None if b is None else b[..., order])
        layers[i + 1] = Layer(after[..., order, :], c)
    found, expected = side.forward(net, tuple(layers), x), side.forward(net, params, x)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@BOTH
@pytest.mark.parametrize("loss", LOSSES)
def test_predict_applies_the_link_once(side, loss):
    """The link is the output activation, or follows from the loss."""
    x = np.linspace(-1, 1, 8).reshape(4, 2)
    link = LOSSES[loss].link
    outputs = {"identity", link}
    params = reference.init_params(Network((2, 3), loss=loss), 0)
    found = [side.predict(Network((2, 3), output=o, loss=loss), params, x) for o in outputs]
    logits = reference.forward(Network((2, 3), loss=loss), params, x)
    expected = {
        "identity": logits,
        "softmax": special.softmax(logits, axis=1),
        "sigmoid": special.expit(logits),
        "exp": np.exp(logits),
        "sort": np.sort(logits, axis=1),
    }[link]
    for each_of_them in found:
        np.testing.assert_allclose(each_of_them, expected, rtol=1e-5)


@BOTH
def test_activations_by_hand(side):
    """By hand at -2, 0 and 2."""
    z = np.array([-2.0, 0.0, 2.0])
    wanted = {
        "identity": z,
        "relu": [0, 0, 2],
        "leaky_relu": [-0.4, 0, 2],
        "elu": [-0.8646647167633873, 0, 2],
        "selu": [-1.520166468595695, 0, 2.101401974710961],
        "gelu": [-0.04550026389635842, 0, 1.9544997361036416],
        "silu": [-0.2384058440442351, 0, 1.7615941559557649],
        "mish": [-0.2525014826957088, 0, 1.9439589595339946],
        "softplus": [0.1269280110429725, 0.6931471805599453, 2.1269280110429727],
        "sigmoid": [0.11920292202211755, 0.5, 0.8807970779778823],
        "tanh": [-0.9640275800758169, 0, 0.9640275800758169],
    }
    assert set(wanted) == set(ACTIVATIONS)
    for name, expected in wanted.items():
        net = Network((1, 1), output=name, loss="squared_error", bias=False)
        found = side.forward(net, (Layer(np.array([[1.0]])),), z[:, None])
        np.testing.assert_allclose(np.asarray(found)[:, 0], expected, rtol=1e-14, atol=1e-16)


@pytest.fixture
def traces(monkeypatch):
    """The names of all functions that are traced from here on, with an empty cache."""
    traced = []

    @functools.cache
    def compiled(body, static, signature):
        def counted(*arguments):
            traced.append(body.__name__)
            return body(static, *arguments)

        return tf.function(counted, input_signature=signature, autograph=False)

    monkeypatch.setattr(tensors, "_compiled", compiled)
    return traced


def test_other_numbers_of_rows_and_equal_networks_add_no_trace(traces):
    for rows in (1, 5, 8):
        net = Network((2, 3), loss="squared_error")
        params = fnet.init_params(net, seed=rows)
        x, y = np.ones((rows, 2)), np.ones((rows, 3))
        fnet.forward(net, params, x)
        fnet.predict(net, params, x)
        fnet.loss(net, params, x, y)
        fnet.grads(net, params, x, y)
    assert sorted(traces) == ["_forward", "_grads", "_init_params", "_loss", "_predict"]


def test_other_rates_add_no_trace(traces):
    params = fnet.init_params(Network((2, 3)), 0)
    traces.clear()
    for rate in (0.1, 0.2):
        for optimizer in (fnet.adam(rate), fnet.adam(rate, beta_1=rate)):
            fnet.update(optimizer, params, optimizer.init(params), params)
    assert traces == ["_update"]


def test_functions_work_inside_a_tf_function():
    """Shapes and dtypes are checked there; values are not."""
    net = Network((2, 3), bias=False)
    adam = fnet.adam(0.1)
    params = fnet.init_params(net, 0)
    x, y = np.ones((4, 2), np.float32), np.array([0, 1, 2, 2])

    @tf.function
    def step(params, x, y):
        moved, _ = fnet.update(adam, params, adam.init(params), fnet.grads(net, params, x, y))
        return fnet.loss(net, params, x, y), moved

    loss, moved = step(params, tf.constant(x), tf.constant(y))
    np.testing.assert_allclose(loss, fnet.loss(net, params, x, y), rtol=1e-6)
    expected, _ = fnet.update(adam, params, adam.init(params), fnet.grads(net, params, x, y))
    np.testing.assert_allclose(moved[0].w, expected[0].w, rtol=1e-6)
    with pytest.raises(fnet.InvalidArgument, match="rows of 2 features"):
        step(params, tf.ones((4, 3)), tf.constant(y))


def test_integers_and_booleans_are_accepted_as_features():
    net = Network((2, 3))
    params = reference.init_params(net, 0)
    x = np.array([[0, 1], [1, 1]])
    expected = reference.forward(net, params, x.astype(np.float32))
    for dtype in (bool, np.uint8, np.int64, np.float16, np.float64):
        for side in (fnet, reference):
            np.testing.assert_allclose(
                side.forward(net, params, x.astype(dtype)), expected, rtol=1e-6
            )
            np.testing.assert_allclose(side.forward(net, params, x.tolist()), expected, rtol=1e-6)


def test_the_notes_digits_network_has_the_notes_shapes():
    x, _, y, _ = datasets.load_digits()
    net = Network((64, 30, 10))
    params = fnet.init_params(net, seed=0)
    assert fnet.forward(net, params, x).shape == (1437, 10)
    assert 0 <= fnet.accuracy(fnet.forward(net, params, x), y) <= 1
