"""TensorFlow against the NumPy twin, and the twin against differences of its loss."""

import magnitudes
import numpy as np
import pytest
import tables
from hypothesis import given
from scipy import special
from strategies import (
    RATES,
    Case,
    cases,
    fewer,
    random_params,
    random_targets,
    random_tuning,
    seeds,
)

import fnet
from fnet import reference
from fnet.core.network import ACTIVATIONS, LOSSES
from fnet.core.params import Layer, map_params, shapes

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
    """One call of each function, within a few eps of the size of its terms."""

    @pytest.mark.parametrize("dtype", DTYPES)
    @given(case=cases())
    def test_forward_predict_and_loss(self, dtype, case):
        case = case.cast(dtype)
        bound = tolerance(dtype, case.net)
        inputs, everything = (case.net, case.params, case.x), case.arguments
        for name, arguments, options, size in (
            ("forward", inputs, {}, magnitudes.outputs(case)),
            ("predict", inputs, {}, magnitudes.predictions(case)),
            ("loss", everything, case.options, magnitudes.loss(case)),
        ):
            found = getattr(fnet, name)(*arguments, **options)
            agree(found, getattr(reference, name)(*arguments, **options), size, bound)

    @pytest.mark.parametrize("dtype", DTYPES)
    @given(case=cases())
    def test_grads(self, dtype, case):
        case = case.cast(dtype)
        found = arrays(fnet.grads(*case.arguments, **case.options))
        expected = arrays(reference.grads(*case.arguments, **case.options))
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
        size = map_params(np.abs, ours)
        for _ in range(5):
            grads = map_params(lambda p: rng.normal(size=p.shape).astype(dtype), theirs)
            size = map_params(lambda s, g: s + np.abs(g) + 1, size, grads)
            ours, state = fnet.update(fnet.Optimizer(*optimizer), ours, state, grads)
            theirs, other = reference.update(optimizer, theirs, other, grads)
        for found, expected in zip((ours, *state.moments), (theirs, *other.moments), strict=True):
            for triple in zip(arrays(found), arrays(expected), arrays(size), strict=True):
                agree(*triple, tolerance(dtype, case.net))
        assert np.array_equal(state.step, other.step)

    @pytest.mark.parametrize("scheme", reference.initializers.SCHEMES)
    @given(case=cases(members=((),)), seed=seeds)
    @fewer(8)
    def test_init_params(self, scheme, case, seed):
        for many in (seed, np.array([seed, 7], np.int64)):
            found = fnet.init_params(case.net, many, scheme, "float64")
            expected = reference.init_params(case.net, many, scheme, "float64")
            sizes = (
                conditions(case.net, many)
                if scheme == "orthogonal"
                else [np.abs(p) + 1e-2 for p in arrays(expected)]
            )
            for triple in zip(arrays(found), arrays(expected), sizes, strict=True):
                agree(*triple, 1e-12)


def conditions(net, seeds):
    """The factor by which a QR decomposition may enlarge errors of the drawn matrices.

    The condition number: Stewart, "Perturbation bounds for the QR factorization" (1977).
    """
    found = []
    for w, b in reference.init_params(net, seeds, "normal", "float64"):
        tall = w.reshape(*w.shape[:-2], max(w.shape[-2:]), min(w.shape[-2:]))
        found.append(np.linalg.cond(tall)[..., None, None])
        found += [] if b is None else [1.0]
    return found


@given(case=cases(members=((),)))
def test_the_twins_gradient_equals_central_differences(case):
    """Each entry of params is changed in a member of its own."""
    case = unclipped(case)
    flat = flattened(case.params)
    h = 1e-5

    def losses(step):
        moved = flat + step * np.eye(len(flat))
        return reference.loss(case.net, unflatten(moved, case.params), *case[2:5], **case.options)

    differences = (losses(h) - losses(-h)) / (2 * h)
    found = flattened(reference.grads(*case.arguments, **case.options))
    assert np.all(np.abs(found - differences) <= 1e-7 * (1 + flattened(magnitudes.grads(case))))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_twins_gradient_equals_the_complex_step_derivative(activation, loss, monkeypatch):
    """For an analytic function, `imag(J(p + ih)) / h` is its derivative, accurate to rounding.

    Source: Squire and Trapp, "Using complex variables to estimate derivatives" (1998).
    """
    monkeypatch.setattr(reference.activations, "erfc", special.erfc)  # accepts complex numbers
    functions, layout, penalties = reference.functions, reference.layout, reference.penalties
    rng = np.random.default_rng(5)
    link = LOSSES[loss].link
    output = activation if link == "identity" else link
    net = fnet.Network((3, 4, 3, 2), activation, output, loss=loss)
    names = {"label_weights", *RATES} - {"clipvalue", "global_clipnorm"}
    tuning = random_tuning(net, (), names, rng)
    params, x = random_params(net, (), rng), rng.normal(size=(5, 3))
    y, weights = random_targets(net, (5,), "rows", rng), rng.random(5)
    share, total = weights / weights.sum(), weights.sum()
    flat, h = flattened(params), 1e-30
    for n in (
        tuning,
        tuning._replace(l1=None),
        tuning._replace(l2=None),
        tuning._replace(l1=None, l2=None),
    ):
        moved = unflatten(flat + 1j * h * np.eye(len(flat)), params)
        z = functions.forward_pass(net, moved, x, n, 4).z[-1]
        values = np.sum(share * functions.row_losses(net, z, y, 2, n), axis=-1)
        penalty, _ = penalties.penalty_and_grad(n, shapes(net), layout.pack(moved), total)
        value = values + penalty
        grads = value.imag / h
        found = flattened(reference.grads(net, params, x, y, weights, tuning=n, step=4))
        np.testing.assert_allclose(found, grads, rtol=1e-10, atol=1e-12)


def unclipped(case):
    """The case without clipping, so that `grads` is the derivative of `loss`."""
    return case._replace(tuning=case.tuning._replace(clipvalue=None, global_clipnorm=None))


def flattened(params):
    return np.concatenate([p.ravel() for p in arrays(params)])


def unflatten(members, params):
    """Flat vectors `[M, P]` as params with a member axis."""
    position = 0

    def part(p):
        nonlocal position
        position += p.size
        return members[:, position - p.size : position].reshape(-1, *p.shape)

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
