"""Optimizers, on both sides: the papers' formulas, Keras's steps, decay, members, and training."""

import functools
import inspect

import keras
import numpy as np
import pytest
import tables
import tensorflow as tf
from tables import OPTIMIZERS

import fnet
from fnet import Layer, Network, reference
from fnet.core.optimizers import MOMENTS, spec
from fnet.core.params import map_params, shapes_of
from fnet.engine import compiled_loop, optimizers
from fnet.engine.compiled_loop import Program
from fnet.reference import layout

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])
EVERY = pytest.mark.parametrize("name", OPTIMIZERS)

STEPS = 1000


def arrays(params):
    return [np.asarray(p) for layer in params for p in layer if p is not None]


def random_steps(steps=STEPS):
    """Params of one layer, and gradients for this number of steps: `[steps, ...]`."""
    rng = np.random.default_rng(1)
    start = (Layer(rng.normal(size=(3, 2)), rng.normal(size=2)),)
    return start, map_params(lambda p: rng.normal(size=(steps, *p.shape)), start)


def apply_updates(side, optimizer, params, grads):
    """Params after one update for each gradient; on TensorFlow inside a `tf.function`."""
    state = optimizer.init(params)
    if side is reference:
        for t in range(len(grads[0].w)):
            now = map_params(lambda g, t=t: g[t], grads)
            params, state = side.update(optimizer, params, state, now)
        return params, state
    grads = map_params(tf.convert_to_tensor, grads)

    @tf.function(autograph=False)
    def run(params, state):
        def step(t, params, state):
            now = map_params(lambda g: g[t], grads)
            return t + 1, *side.update(optimizer, params, state, now)

        loop = 0, map_params(tf.convert_to_tensor, params), state
        return tf.while_loop(lambda t, *_: t < len(grads[0].w), step, loop)[1:]

    return run(params, state)


@functools.cache
def named_updates(side, name):
    """`apply_updates` with the optimizer of this name and all `random_steps`."""
    return apply_updates(side, tables.optimizer(side, name), *random_steps())


# The papers' formulas for one array p with the gradient g, the moments in s, and the step t.


def by_sgd(p, g, s, t, learning_rate, momentum=0.0, nesterov=False):
    s["v"] = momentum * s.get("v", 0) - learning_rate * g
    return p + (momentum * s["v"] - learning_rate * g if nesterov else s["v"])


def by_adam(p, g, s, t, learning_rate, beta_1, beta_2, epsilon, largest=False):
    s["m"] = beta_1 * s.get("m", 0) + (1 - beta_1) * g
    s["v"] = beta_2 * s.get("v", 0) + (1 - beta_2) * g**2
    s["top"] = np.maximum(s.get("top", 0), s["v"]) if largest else s["v"]
    alpha = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return p - alpha * s["m"] / (np.sqrt(s["top"]) + epsilon)


def by_amsgrad(*arguments, **numbers):
    return by_adam(*arguments, **numbers, largest=True)


def by_nadam(p, g, s, t, learning_rate, beta_1, beta_2, epsilon):
    u = [beta_1 * (1 - 0.5 * 0.96**i) for i in (t, t + 1)]
    s["product"] = s.get("product", 1) * u[0]
    s["m"] = beta_1 * s.get("m", 0) + (1 - beta_1) * g
    s["v"] = beta_2 * s.get("v", 0) + (1 - beta_2) * g**2
    m = u[1] * s["m"] / (1 - s["product"] * u[1]) + (1 - u[0]) * g / (1 - s["product"])
    return p - learning_rate * m / (np.sqrt(s["v"] / (1 - beta_2**t)) + epsilon)


def by_rmsprop(p, g, s, t, learning_rate, rho, epsilon, momentum=0.0, centered=False):
    s["v"] = rho * s.get("v", 0) + (1 - rho) * g**2
    s["mean"] = rho * s.get("mean", 0) + (1 - rho) * g
    spread = s["v"] - s["mean"] ** 2 if centered else s["v"]
    s["move"] = momentum * s.get("move", 0) + learning_rate * g / np.sqrt(spread + epsilon)
    return p - s["move"]


def by_adagrad(p, g, s, t, learning_rate, initial_accumulator_value, epsilon):
    s["total"] = s.get("total", initial_accumulator_value) + g**2
    return p - learning_rate * g / np.sqrt(s["total"] + epsilon)


def by_lion(p, g, s, t, learning_rate, beta_1, beta_2):
    ahead = beta_1 * s.get("m", 0) + (1 - beta_1) * g
    s["m"] = beta_2 * s.get("m", 0) + (1 - beta_2) * g
    return p - learning_rate * np.sign(ahead)


def by_adamw(*arguments, **numbers):
    return by_adam(*arguments, **numbers)


def by_paper(name, p, grads, decays):
    """`(p, total distance)` after the steps of a paper, with decoupled decay."""
    function, numbers = OPTIMIZERS[name]
    numbers = dict(numbers)
    decay = numbers.pop("weight_decay", 0) * numbers["learning_rate"]
    decays |= numbers.pop("decay_biases", False)
    kept, size = {}, np.abs(p)
    for t, g in enumerate(grads, start=1):
        now = globals()[f"by_{function}"](p, g, kept, t, **numbers) - decays * decay * p
        size = size + np.abs(now - p)
        p = now
    return p, size


@BOTH
@EVERY
@pytest.mark.slow
def test_a_thousand_steps_equal_the_papers_formulas(side, name):
    start, grads = random_steps()
    (found,), state = named_updates(side, name)
    assert state.step == STEPS
    for p, first, g, decays in zip(found, start[0], grads[0], (True, False), strict=True):
        expected, size = by_paper(name, first, g, decays)
        assert np.max(np.abs(p - expected) / size) < 1e-12


@BOTH
def test_nadam_is_right_beyond_the_end_of_its_table(side):
    """One step from a state after 5,000 steps."""
    (layer,), grads = random_steps(steps=1)
    nadam = tables.optimizer(side, "nadam", beta_1=1 - 2**-14)
    state = nadam.init((layer,))._replace(step=np.int64(5000))
    found, _ = side.update(nadam, (layer,), state, map_params(lambda g: g[0], grads))
    _, numbers = OPTIMIZERS["nadam"]
    numbers = numbers | {"beta_1": 1 - 2**-14}
    kept = {"product": np.prod([numbers["beta_1"] * (1 - 0.5 * 0.96**i) for i in range(1, 5001)])}
    assert kept["product"] > 1e-7
    expected = by_nadam(layer.w, grads[0].w[0], kept, 5001, **numbers)
    np.testing.assert_allclose(found[0].w, expected, rtol=1e-12)


# Keras.

THEIRS = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "amsgrad": keras.optimizers.Adam,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "lion": keras.optimizers.Lion,
}


def by_keras(name, params, grads):
    """Params after Keras's steps, in float64."""
    function, arguments = OPTIMIZERS[name]
    arguments = dict(arguments)
    decays = arguments.pop("decay_biases", False)
    theirs = THEIRS[function](**arguments, **{"amsgrad": True} if function == "amsgrad" else {})
    variables = [keras.Variable(p, dtype="float64") for p in params[0]]
    if not decays:
        theirs.exclude_from_weight_decay(var_list=variables[1:])
    theirs.build(variables)

    @tf.function
    def run():
        for t in tf.range(len(grads[0].w)):
            theirs.apply([tf.constant(g)[t] for g in grads[0]], variables)

    run()
    return [variable.numpy() for variable in variables]


@pytest.fixture
def exact_casts(monkeypatch):
    """Keras's Nadam has 0.96 in its formula, which `tf.cast` rounds to float32."""
    cast = keras.ops.cast

    def exactly(x, dtype):
        return tf.constant(x, dtype) if isinstance(x, float) else cast(x, dtype)

    monkeypatch.setattr("keras.src.ops.cast", exactly)


@pytest.mark.usefixtures("exact_casts")
@EVERY
def test_a_thousand_steps_equal_keras(name):
    start, grads = random_steps()
    expected = by_keras(name, start, grads)
    sizes = [by_paper(name, p, g, True)[1] for p, g in zip(start[0], grads[0], strict=True)]
    for side in (fnet, reference):
        (found,), _ = named_updates(side, name)
        for p, q, size in zip(found, expected, sizes, strict=True):
            assert np.max(np.abs(p - q) / size) < 1e-12


@pytest.mark.parametrize("name", THEIRS)
def test_names_and_defaults_equal_keras(name):
    """Except the rate (no default here), the decay (0 here, None there), and what Keras lacks."""
    theirs = inspect.signature(THEIRS[name]).parameters
    for argument in inspect.signature(getattr(fnet, name)).parameters.values():
        if argument.name == "learning_rate":
            assert argument.default is inspect.Parameter.empty
        elif argument.name == "decay_biases":
            assert argument.default is False
        else:
            assert argument.default == (theirs[argument.name].default or 0.0)


def test_the_table_has_every_kind():
    assert {tables.optimizer(fnet, name).kind for name in OPTIMIZERS} == set(MOMENTS)
    functions = {function for function, _ in OPTIMIZERS.values()}
    assert functions == set(THEIRS)
    assert functions | {"Optimizer", "OptState"} == set(fnet._MODULES["core.optimizers"])


# By hand.


@BOTH
def test_one_step_of_each_optimizer_by_hand(side):
    """p = 1 and g = 2 twice, at rate 0.5."""
    params = (Layer(np.array([[1.0]])),)
    grads = (Layer(np.array([[2.0]])),)
    m1, v1 = 0.1 * 2, 0.001 * 4
    m2, v2 = 0.9 * m1 + 0.1 * 2, 0.999 * v1 + 0.001 * 4
    first = 1 - 0.5 * np.sqrt(1 - 0.999) / (1 - 0.9) * m1 / (np.sqrt(v1) + 1e-7)
    second = 0.5 * np.sqrt(1 - 0.999**2) / (1 - 0.9**2) * m2 / (np.sqrt(v2) + 1e-7)
    for optimizer, expected in (
        (side.sgd(0.5), (0.0, -1.0)),
        (side.sgd(0.5, momentum=0.5), (0.0, -1.5)),
        (side.sgd(0.5, momentum=0.5, nesterov=True), (-0.5, -2.25)),
        (side.adam(0.5), (first, first - second)),
    ):
        now, state = params, optimizer.init(params)
        for wanted in expected:
            now, state = side.update(optimizer, now, state, grads)
            np.testing.assert_allclose(now[0].w, [[wanted]], rtol=1e-12, atol=1e-15)
        assert state.step == 2
    assert params[0].w == 1


@BOTH
def test_moments_start_from_zero_or_from_a_hyperparameter(side):
    params = reference.init_params(Network((2, 3)), [1, 2])
    for name in OPTIMIZERS:
        state = tables.optimizer(side, name).init(params)
        assert np.array_equal(state.step, [0, 0])
        value = 0.125 if name == "adagrad" else 0
        for moment in state.moments:
            for m, p in zip(arrays(moment), arrays(params), strict=True):
                assert m.dtype == p.dtype
                np.testing.assert_array_equal(m, np.full(p.shape, value, p.dtype))
    state = side.adagrad(0.1, [0.25, 0.5]).init(params)
    for m in arrays(state.moments[0]):
        assert (m[0] == 0.25).all()
        assert (m[1] == 0.5).all()


@BOTH
def test_the_variance_of_equal_gradients_is_not_negative(side):
    """In float32 the mean square minus the squared mean is, and its root would be NaN."""
    grads = (Layer(np.random.default_rng(0).uniform(1, 3000, (5, 10)).astype(np.float32)),)
    params = map_params(np.ones_like, grads)
    optimizer = side.rmsprop(2**-10, rho=0.5, centered=True)
    state = optimizer.init(params)
    for _ in range(40):
        params, state = side.update(optimizer, params, state, grads)
    v, mean = (np.asarray(moment[0].w) for moment in state.moments)
    assert (v - mean * mean < -1e-6).any()
    assert np.isfinite(params[0].w).all()


# Decay.


@BOTH
def test_decay_applies_to_weights_by_default(side):
    params = (Layer(np.array([[2.0]]), np.array([4.0])),)
    nothing = map_params(np.zeros_like, params)
    for decay_biases, b in ((False, 4.0), (True, 3.5)):
        optimizer = side.sgd(0.5, weight_decay=0.25, decay_biases=decay_biases)
        (found,), _ = side.update(optimizer, params, optimizer.init(params), nothing)
        assert (found.w, found.b) == (1.75, b)


def test_a_decay_of_zero_is_absent():
    for make in (fnet.sgd, fnet.adam, fnet.amsgrad, fnet.nadam, fnet.rmsprop, fnet.adagrad):
        assert spec(make(0.1, weight_decay=0)) == spec(make(0.1))
        assert "weight_decay" not in make(0.1, decay_biases=True).hyperparameters
    assert spec(fnet.adamw(0.1, 0)) == spec(fnet.adam(0.1))
    members = fnet.adam(0.1, weight_decay=[0, 0], decay_biases=True)
    assert {"weight_decay", "bias_decay"} <= members.hyperparameters.keys()


NET = Network((3, 5, 2), hidden="tanh")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 3))
LABELS = (X[:, 0] > X[:, 1]).astype(int)


def run_on(side, optimizer, seed=1, net=NET, epochs=3, params=None, **options):
    params = reference.init_params(net, seed, dtype="float64") if params is None else params
    plan = fnet.kfold_plan(23, 5, epochs, seed=7)
    return side.train(net, optimizer, params, X, LABELS, plan, **options)


@BOTH
@pytest.mark.parametrize(
    ("name", "bias"), [("adamw", True), ("adamw_biases", True), ("adamw_biases", False)]
)
def test_a_run_equals_its_updates_one_by_one(side, name, bias):
    """With decay, whatever the layout of params inside the run."""
    net = Network((3, 5, 2), "tanh", bias=bias)
    optimizer = tables.optimizer(reference, name)
    params = reference.init_params(net, 1, "normal", dtype="float64")
    run = run_on(side, tables.optimizer(side, name), net=net, params=params, xla=False)
    state = optimizer.init(params)
    rows, weights = fnet.kfold_plan(23, 5, 3, seed=7).batches(0, 3)
    for row_numbers, weight in zip(rows.reshape(-1, 6), weights.reshape(-1, 6), strict=True):
        grads = reference.grads(net, params, X[row_numbers], LABELS[row_numbers], weight)
        params, state = reference.update(optimizer, params, state, grads)
    for pair in zip(arrays(run.params), arrays(params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-10, atol=1e-13)


# Members, and the scale of the rate.


def halves(arguments):
    """Each number as two, itself and its half; booleans unchanged."""
    return {
        name: value if isinstance(value, bool) else np.array([value, value / 2])
        for name, value in arguments.items()
    }


@BOTH
@EVERY
def test_members_may_have_their_own_value_of_each_hyperparameter(side, name):
    function, arguments = OPTIMIZERS[name]
    params = reference.init_params(NET, [1, 2], "normal", dtype="float64")
    together, _ = updated(side, getattr(side, function)(**halves(arguments)), params)
    for member in range(2):
        own = {n: v if isinstance(v, bool) else v / (1 + member) for n, v in arguments.items()}
        one = map_params(lambda p, m=member: p[m], params)
        alone, _ = updated(side, getattr(side, function)(**own), one)
        for p, q in zip(arrays(together), arrays(alone), strict=True):
            np.testing.assert_allclose(p[member], q, rtol=1e-13)


def updated(side, optimizer, params):
    """`(params, state)` after three steps whose gradient is the params."""
    state = optimizer.init(params)
    for _ in range(3):
        params, state = side.update(optimizer, params, state, params)
    return params, state


@BOTH
@pytest.mark.parametrize("momentum", [0.0, 0.875])
def test_members_may_have_their_own_hyperparameters(side, momentum):
    net = Network((2, 3))
    params = reference.init_params(net, [1, 2], dtype="float64")
    grads = map_params(np.ones_like, params)
    together = side.sgd([0.5, 0.25], momentum=momentum)
    found, _ = side.update(together, params, together.init(params), grads)
    for member, rate in enumerate((0.5, 0.25)):
        one, slope = (map_params(lambda p, m=member: p[m], tree) for tree in (params, grads))
        alone = side.sgd(rate, momentum=momentum)
        expected, _ = side.update(alone, one, alone.init(one), slope)
        for p, q in zip(arrays(found), arrays(expected), strict=True):
            assert np.array_equal(p[member], q)


@pytest.mark.parametrize("engine", [optimizers, reference.optimizers], ids=["tensorflow", "twin"])
@EVERY
def test_lr_scale_multiplies_the_rate_and_the_decay(engine, name):
    """One for each member, without a schedule and with one."""
    params = map_params(tf.constant, reference.init_params(NET, [1, 2], "normal", "float64"))
    scale = np.array([0.5, 0.125])
    rate = OPTIMIZERS[name][1]["learning_rate"]
    falling = fnet.schedules.inverse_scaling(rate, 1.0)
    if engine is reference.optimizers:
        params = map_params(np.asarray, params)
    for full_rate, scaled in (
        (rate, rate * scale),
        (falling, fnet.schedules.inverse_scaling(rate * scale, 1.0)),
    ):
        found = [
            second_step(engine, tables.optimizer(fnet, name, learning_rate=r), params, s)
            for r, s in ((full_rate, scale), (scaled, None))
        ]
        for pair in zip(*map(arrays, found), strict=True):
            np.testing.assert_allclose(*pair, rtol=1e-14)


def second_step(engine, optimizer, params, scale):
    """Params after the second step, by the functions that a run calls."""
    hp, state = engine.hyperparameters(optimizer), optimizer.init(params)
    if engine is reference.optimizers:
        apply_update = engine.make_update(spec(optimizer), hp, shapes_of(params))
        p, state = layout.pack(params), map_state_rows(layout.pack, state)
        for _ in range(2):
            p, state = apply_update(p, state, p, scale)
        return layout.unpack(shapes_of(params), p)
    changes_at = engine.make_update(spec(optimizer), hp, params)
    for _ in range(2):
        params, state = engine.apply_update(changes_at, params, state, params, scale)
    return params


def map_state_rows(pack, state):
    return state._replace(moments=tuple(map(pack, state.moments)))


# Programs.


def test_other_hyperparameters_add_no_trace():
    compiled_loop.compiled.cache_clear()
    for name in ("adamw_biases", "rmsprop_centered_momentum"):
        forms = set()
        for factor in (1, 2, 3):
            function, arguments = OPTIMIZERS[name]
            changed = {n: v if isinstance(v, bool) else v / factor for n, v in arguments.items()}
            optimizer = getattr(fnet, function)(**changed)
            forms.add(spec(optimizer))
            run_on(fnet, optimizer, seed=factor, xla=False)
        (only_spec,) = forms
        traced = compiled_loop.compiled(Program(NET, only_spec, None, ("loss",), None), False)
        assert traced.experimental_get_tracing_count() == 1
    assert compiled_loop.compiled.cache_info().currsize == 2


@BOTH
def test_a_run_is_resumed_with_decay_but_not_with_another_kind(side):
    half = run_on(side, side.adam(0.125), epochs=2)
    assert run_on(side, side.adamw(0.125), params=half).state.step == 12
    with pytest.raises(fnet.InvalidArgument, match="optimizer it was started with, adam; got lion"):
        run_on(side, side.lion(0.125), params=half)
