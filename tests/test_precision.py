"""float32 means float32 on every device, and TF32 is taken only where it is asked for."""

import numpy as np
import pytest
import tensorflow as tf

import fnet
from fnet import InvalidArgument, Layer, reference

NET = fnet.Network((3, 4, 2), hidden="tanh", loss="squared_error")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
PARAMS = reference.init_params(NET, seed=1)
PLAN = fnet.minibatch_plan(len(X), 4, epochs=2, seed=0)
ADAM = fnet.adam(0.01)

has_gpu = pytest.mark.skipif(
    not tf.config.list_physical_devices("GPU"), reason="there is no GPU on this machine"
)


def is_on():
    return tf.config.experimental.tensor_float_32_execution_enabled()


@pytest.fixture(params=[True, False], ids=["TF32 is on", "TF32 is off"])
def switch(request):
    """The switch of the process, as a user has set it."""
    before = is_on()
    tf.config.experimental.enable_tensor_float_32_execution(request.param)
    yield request.param
    tf.config.experimental.enable_tensor_float_32_execution(before)


class Seen:
    """A loss function that notes the switch where it is traced."""

    def __init__(self):
        self.switches = []

    def __call__(self, y, outputs):
        self.switches.append(is_on())
        return tf.reduce_sum((y - outputs) ** 2, axis=-1)


CALLS = {
    "train": lambda loss, precision: fnet.train(
        NET, ADAM, PARAMS, X, Y, PLAN, loss=loss, precision=precision
    ),
    "train under XLA": lambda loss, precision: fnet.train(
        NET, ADAM, PARAMS, X, Y, PLAN, loss=loss, precision=precision, xla=True
    ),
    "cross_validate": lambda loss, precision: fnet.cross_validate(
        NET, ADAM, X, Y, [(range(6), range(6, 12))], PLAN, loss=loss, precision=precision
    ),
}


@pytest.mark.parametrize("precision", ["float32", "tf32"])
@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_run_is_compiled_with_its_precision_and_leaves_the_switch_alone(switch, call, precision):
    seen = Seen()
    call(seen, precision)
    assert set(seen.switches) == {precision == "tf32"}
    assert is_on() == switch


def test_the_functions_compute_in_float32_and_leave_the_switch_alone(switch, monkeypatch):
    from fnet.engine import tensors

    found, compiled = [], tensors._compiled

    def noted(*arguments):
        found.append(is_on())
        return compiled(*arguments)

    monkeypatch.setattr(tensors, "_compiled", noted)
    fnet.init_params(NET, 0)
    fnet.predict(NET, PARAMS, X)
    grads = fnet.grads(NET, PARAMS, X, Y)
    fnet.update(ADAM, PARAMS, ADAM.init(PARAMS), grads)
    assert found == [False] * len(found)
    assert len(found) >= 4
    assert is_on() == switch


def test_an_error_leaves_the_switch_alone(switch):
    def loss(y, outputs):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fnet.train(NET, ADAM, PARAMS, X, Y, PLAN, loss=loss, precision="tf32")
    assert is_on() == switch


@pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])
def test_another_precision_is_refused(side):
    with pytest.raises(InvalidArgument, match="precision must be one of float32, tf32; got 'bf16'"):
        side.train(NET, ADAM, PARAMS, X, Y, PLAN, precision="bf16")


@pytest.mark.parametrize(
    "model",
    [
        fnet.MLPRegressor(max_iter=2, precision="tf32", engine="tensorflow"),
        fnet.TabularRegressor(epochs=1, cv=2, precision="tf32", engine="tensorflow"),
    ],
    ids=["MLPRegressor", "TabularRegressor"],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_estimators_hand_it_on_and_files_keep_it(model, monkeypatch, tmp_path):
    from fnet.engine import precision

    asked, products = [], precision.products

    def noted(wanted="float32"):
        asked.append(wanted)
        return products(wanted)

    monkeypatch.setattr(precision, "products", noted)
    model.fit(X, Y)
    assert "tf32" in asked
    fnet.save(tmp_path / "m.fnet", model)
    assert fnet.load(tmp_path / "m.fnet").estimator().precision == "tf32"


@has_gpu
@pytest.mark.parametrize("sizes", [(64, 30, 10), (256, 512, 512, 10)], ids=str)
def test_float32_on_a_gpu_is_that_of_the_twin(sizes):
    net = fnet.Network(sizes)
    params = reference.init_params(net, seed=1)
    exact = tuple(Layer(*(np.asarray(a, "f8") for a in layer)) for layer in params)
    x, y = RNG.normal(size=(500, sizes[0])).astype("f4"), RNG.integers(0, 10, 500)

    def far(a, b):
        return np.linalg.norm(np.asarray(a, "f8") - b) / np.linalg.norm(b)

    assert far(fnet.forward(net, params, x), reference.forward(net, exact, x)) < 1e-6
    wanted = reference.grads(net, exact, x, y)
    for ours, theirs in zip(fnet.grads(net, params, x, y), wanted, strict=True):
        assert far(ours.w, theirs.w) < 1e-6
