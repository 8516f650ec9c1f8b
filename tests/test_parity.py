"""The TensorFlow side against the NumPy twin, and the twin against differences of its loss."""

import magnitudes
import numpy as np
import pytest
import tables
from hypothesis import given
from strategies import Case, cases, fewer, seeds

import fnet
from fnet import reference
from fnet.network import Layer, each

DTYPES = ("float64", "float32")


def tolerance(dtype, net):
    return 1e-12 if dtype == "float64" else 16 * len(net.layers) * np.finfo(dtype).eps


def agree(found, expected, size, bound):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    worst = np.max(np.abs(found - expected) / (np.abs(size) + np.finfo(found.dtype).tiny))
    assert worst <= bound


def arrays(params):
    return [p for layer in params for p in layer if p is not None]


@pytest.mark.usefixtures("eagerly")
class TestOneCall:
    """One call of each function, within a few eps of the size of what it sums."""

    @pytest.mark.parametrize("dtype", DTYPES)
    @given(case=cases())
    def test_forward_predict_and_loss(self, dtype, case):
        case = case.cast(dtype)
        bound = tolerance(dtype, case.net)
        inputs, everything = (case.net, case.params, case.x), case.arguments
        for name, arguments, size in (
            ("forward", inputs, magnitudes.outputs(case)),
            ("predict", inputs, magnitudes.prediction(case)),
            ("loss", everything, magnitudes.loss(case)),
        ):
            found = getattr(fnet, name)(*arguments)
            agree(found, getattr(reference, name)(*arguments), size, bound)

    @pytest.mark.parametrize("dtype", DTYPES)
    @given(case=cases())
    def test_grads(self, dtype, case):
        case = case.cast(dtype)
        found = arrays(fnet.grads(*case.arguments))
        expected = arrays(reference.grads(*case.arguments))
        sizes = arrays(magnitudes.grads(case))
        for triple in zip(found, expected, sizes, strict=True):
            agree(*triple, tolerance(dtype, case.net))

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("name", tables.OPTIMIZERS)
    @given(case=cases(members=((), (2,))), seed=seeds)
    @fewer(8)
    def test_update(self, name, dtype, case, seed):
        optimizer = tables.optimizer(reference, name, learning_rate=0.125)
        rng = np.random.default_rng(seed)
        ours = theirs = case.cast(dtype).params
        state = other = optimizer.init(theirs)
        size = each(np.abs, ours)
        for _ in range(5):
            slopes = each(lambda p: rng.normal(size=p.shape).astype(dtype), theirs)
            size = each(lambda s, g: s + np.abs(g) + 1, size, slopes)
            ours, state = fnet.update(fnet.Optimizer(*optimizer), ours, state, slopes)
            theirs, other = reference.update(optimizer, theirs, other, slopes)
        for found, expected in zip((ours, *state.moments), (theirs, *other.moments), strict=True):
            for triple in zip(arrays(found), arrays(expected), arrays(size), strict=True):
                agree(*triple, tolerance(dtype, case.net))
        assert np.array_equal(state.step, other.step)

    @pytest.mark.parametrize("scheme", reference.starts.SCHEMES)
    @given(case=cases(members=((),)), seed=seeds)
    @fewer(8)
    def test_init_params(self, scheme, case, seed):
        for many in (seed, np.array([seed, 7], np.int64)):
            found = fnet.init_params(case.net, many, scheme, "float64")
            expected = reference.init_params(case.net, many, scheme, "float64")
            for pair in zip(arrays(found), arrays(expected), strict=True):
                agree(*pair, np.abs(pair[1]) + 1e-2, 1e-12)


@given(case=cases(members=((),)))
def test_the_twins_gradient_is_the_slope_of_its_loss(case):
    """Central differences: every number of params is moved in a member of its own."""
    flat = np.concatenate([p.ravel() for p in arrays(case.params)])
    h = 1e-5

    def losses(step):
        moved = flat + step * np.eye(len(flat))
        return reference.loss(case.net, unflat(moved, case.params), *case[2:])

    differences = (losses(h) - losses(-h)) / (2 * h)
    found = np.concatenate([g.ravel() for g in arrays(reference.grads(*case.arguments))])
    size = np.concatenate([g.ravel() for g in arrays(magnitudes.grads(case))])
    assert np.all(np.abs(found - differences) <= 1e-7 * (1 + size))


def unflat(members, params):
    """Rows of numbers `[M, P]` as params with a member axis."""
    taken = 0

    def part(p):
        nonlocal taken
        taken += p.size
        return members[:, taken - p.size : taken].reshape(-1, *p.shape)

    return tuple(Layer(part(w), None if b is None else part(b)) for w, b in params)


@pytest.mark.parametrize("dtype", DTYPES)
def test_graphs_and_eager_functions_agree(dtype):
    rng = np.random.default_rng(0)
    net = fnet.Network((3, 4, 2), hidden="tanh")
    case = Case(net, reference.init_params(net, 1, dtype=dtype), *random_data(rng), None)
    for arguments in (case.arguments, (*case.arguments[:-1], rng.random(9))):
        agree(fnet.loss(*arguments), reference.loss(*arguments), 4.0, tolerance(dtype, net))
        pairs = zip(
            arrays(fnet.grads(*arguments)), arrays(reference.grads(*arguments)), strict=True
        )
        for pair in pairs:
            agree(*pair, 4.0, tolerance(dtype, net))


def random_data(rng):
    return rng.normal(size=(9, 3)), rng.integers(2, size=9)


@pytest.fixture(scope="module")
def digits():
    x_train, x_test, y_train, y_test = fnet.datasets.load_digits(scale=True)
    return x_train, y_train, x_test, y_test


def digits_run(side, digits, dtype, epochs, xla=None):
    net = fnet.Network((64, 30, 10))
    params = reference.init_params(net, seed=0, dtype=dtype)
    plan = fnet.kfold_plan(1437, 64, epochs, seed=0)
    return side.train(net, side.adam(0.005), params, *digits[:2], plan, xla=xla)


def predicted(run, digits):
    return reference.predict(run.net, run.params, digits[2]).argmax(axis=-1)


def test_the_digits_run_in_float64(digits):
    ours, theirs = (digits_run(side, digits, "float64", 500) for side in (fnet, reference))
    assert np.array_equal(predicted(ours, digits), predicted(theirs, digits))
    for pair in zip(arrays(ours.params), arrays(theirs.params), strict=True):
        np.testing.assert_allclose(*pair, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.history["loss"], theirs.history["loss"], rtol=1e-9, atol=1e-12)


def test_the_digits_run_in_float32(digits):
    truth = digits[3].argmax(axis=-1)
    ours, theirs = (
        np.sum(predicted(digits_run(side, digits, "float32", 500), digits) == truth)
        for side in (fnet, reference)
    )
    assert abs(int(ours) - int(theirs)) <= 1
    assert ours >= 0.965 * 360
