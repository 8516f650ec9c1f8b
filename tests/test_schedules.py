"""Schedules on both sides: by hand, against Keras, with members, as functions, and in a run."""

import functools
import inspect

import keras
import numpy as np
import pytest
import tables
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from strategies import fewer, seeds
from tables import SCHEDULES

import fnet
from fnet import Layer, Network, reference
from fnet.core import batch_source, training_loop
from fnet.core.optimizers import spec
from fnet.core.params import map_params
from fnet.engine import compiled_loop, learning_rates, optimizers
from fnet.engine.compiled_loop import Program

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])
EVERY = pytest.mark.parametrize("name", SCHEDULES)

NET = Network((3, 5, 2), hidden="tanh")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 3))
LABELS = (X[:, 0] > X[:, 1]).astype(int)
EPOCHS = 10  # of 4 steps
PLAN = fnet.kfold_plan(23, 5, EPOCHS, seed=7)
LATE = np.array([*range(60), 99, 100, 101, 10**6, 2**40], np.float64)


def arrays(params):
    return [np.asarray(p) for layer in params for p in layer if p is not None]


def rates(side, schedule, steps):
    """The rates at these steps, `[n]` or `[n, *M]`, computed by a compiled function."""
    max_steps = side.optimizers if side is reference else optimizers
    optimizer = side.sgd(schedule)
    formulas = reference.learning_rates if side is reference else learning_rates
    rate = formulas.rate(
        spec(optimizer).schedule, max_steps.hyperparameters(optimizer)["learning_rate"]
    )
    steps = np.asarray(steps, np.float64)
    return np.asarray(rate(tf.constant(steps) if side is fnet else steps))


def run_on(side, optimizer, seed=1, plan=PLAN, params=None, **options):
    params = reference.init_params(NET, seed, dtype="float64") if params is None else params
    options = {"xla": False} | options
    return side.train(NET, optimizer, params, X, LABELS, plan, **options)


# By hand, and by Keras.


@BOTH
@pytest.mark.parametrize(
    ("name", "arguments", "steps", "expected"),
    [
        ("constant", (0.5,), [0, 7, 10**9], [0.5, 0.5, 0.5]),
        ("exponential", (0.5, 2, 0.25), [0, 1, 2, 4], [0.5, 0.25, 0.125, 0.03125]),
        ("exponential", (0.5, 2, 4.0), [0, 1, 2], [0.5, 1, 2]),
        ("inverse_scaling", (0.5,), [0, 3, 8, 99], [0.5, 0.25, 0.5 / 3, 0.05]),
        ("inverse_scaling", (0.5, 2.0, 4), [0, 4, 12], [0.5, 0.125, 0.03125]),
        ("inverse_scaling", (0.5, 0.0), [0, 5], [0.5, 0.5]),
        ("cosine", (0.5, 4), [0, 2, 3, 4, 9], [0.5, 0.25, 0.25 - 2**-2.5, 0, 0]),
        ("cosine", (0.5, 3, 0.5), [0, 1, 2, 3, 4], [0.5, 0.4375, 0.3125, 0.25, 0.25]),
        ("cosine", (0.25, 3, 0, 0.75, 2), [0, 1, 2, 3, 4, 5], [0.25, 0.5, 0.75, 0.5625, 0.1875, 0]),
        ("cosine", (0.25, 2, 0, 0.75, 0), [0, 1, 2], [0.75, 0.375, 0]),
        ("cosine", (0.25, 2, 0, None), [0, 1, 2], [0.25, 0.125, 0]),
        ("piecewise_constant", ([2, 5], [3, 1, 2]), [0, 2, 3, 5, 6, 99], [3, 3, 1, 1, 2, 2]),
        ("piecewise_constant", ([0], [3, 1]), [0, 1], [3, 1]),
        ("log_cosine", (0.5, 15), [0, 1, 3, 7, 15, 20], [0, 0, 0, 0, 0, 0]),
        ("log_cosine", (0.5, 3, 1), [0, 3 * (2**0.5 - 1), 3], [0, 0.5, 0]),
        ("log_cosine", (0.5, 3, 2), [2**0.5 - 1, 1, 2 * 2**0.5 - 1], [0.5, 0, 0.5]),
    ],
)
def test_rates_by_hand(side, name, arguments, steps, expected):
    found = rates(side, getattr(side.schedules, name)(*arguments), steps)
    assert found.dtype == np.float64
    np.testing.assert_allclose(np.broadcast_to(found, len(steps)), expected, 1e-14, 1e-14)
    assert (found >= 0).all()


@BOTH
@EVERY
def test_every_rounds_the_step_down(side, name):
    schedule, stairs = (tables.schedule(side, name, every=every) for every in (1, 7))
    np.testing.assert_array_equal(
        rates(side, stairs, LATE), rates(side, schedule, LATE // 7 * 7), strict=True
    )
    assert schedule.hyperparameters.keys() == SCHEDULES[name][1].keys() - {
        "every"
    }  # absent where 1


THEIRS = {
    "exponential": keras.optimizers.schedules.ExponentialDecay,
    "cosine": keras.optimizers.schedules.CosineDecay,
    "piecewise_constant": keras.optimizers.schedules.PiecewiseConstantDecay,
}


@BOTH
@pytest.mark.parametrize("name", [n for n, (kind, _) in SCHEDULES.items() if kind in THEIRS])
def test_rates_equal_keras(side, name):
    kind, arguments = SCHEDULES[name]
    theirs = {n: list(map(np.float64, v)) if n == "values" else v for n, v in arguments.items()}
    if kind != "piecewise_constant":  # which would use float32 otherwise
        theirs["initial_learning_rate"] = np.float64(theirs["initial_learning_rate"])
    theirs = {n: v for n, v in theirs.items() if n != "every"}
    function = THEIRS[kind](**theirs, **{"staircase": True} if "every" in arguments else {})
    expected = np.array([function(tf.constant(k, tf.float64)) for k in LATE])
    assert expected.dtype == np.float64
    np.testing.assert_allclose(rates(side, tables.schedule(side, name), LATE), expected, 1e-12)


@pytest.mark.parametrize("kind", THEIRS)
def test_names_and_defaults_equal_keras(kind):
    theirs = inspect.signature(THEIRS[kind]).parameters
    ours = list(inspect.signature(getattr(fnet.schedules, kind)).parameters.values())
    last = ours.pop()
    assert (last.name, last.kind, last.default) == ("every", last.POSITIONAL_OR_KEYWORD, 1)
    assert {p.name: p.default for p in ours} == {
        p.name: p.default for p in theirs.values() if p.name not in ("name", "staircase")
    }


def test_the_table_has_every_kind():
    assert {kind for kind, _ in SCHEDULES.values()} == set(fnet.schedules.KINDS)


# Both sides, and members.


def drawn(kind, rng, members):
    """Random arguments of a schedule of this kind, each a number or one for each member."""

    def number(low, high):
        return rng.uniform(low, high, members if rng.random() < 0.5 else ())

    def integer(low, high):
        return rng.integers(low, high, members if rng.random() < 0.5 else ())

    rate, steps = number(0, 1), number(1, 300)
    warm = (number(0, 1), integer(0, 50)) if rng.random() < 0.5 else ()
    n_boundaries = int(rng.integers(1, 5))
    return {
        "constant": (rate,),
        "exponential": (rate, steps, number(0.3, 1.001)),
        "inverse_scaling": (rate, number(0, 2), steps),
        "cosine": (rate, steps, number(0, 1), *warm),
        "piecewise_constant": (
            np.cumsum(rng.integers(1, 90, (*members, n_boundaries)), axis=-1),
            rng.random((*members, n_boundaries + 1)),
        ),
        "log_cosine": (rate, steps, integer(1, 8)),
    }[kind], {"every": integer(1, 9)} if rng.random() < 0.5 else {}


@pytest.mark.parametrize("kind", fnet.schedules.KINDS)
@given(members=st.sampled_from([(), (3,), (2, 2)]), seed=seeds)
@fewer(4)
def test_rates_agree_on_both_sides_and_for_members(kind, members, seed):
    rng = np.random.default_rng(seed)
    arguments, every = drawn(kind, rng, members)
    steps = rng.integers(0, 400, (5, *members))
    schedules = [getattr(side.schedules, kind)(*arguments, **every) for side in (fnet, reference)]
    assert repr(schedules[0]) == repr(schedules[1])
    ours, theirs = (
        np.broadcast_to(rates(side, schedule, steps), steps.shape)
        for side, schedule in zip((fnet, reference), schedules, strict=True)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    for member in np.ndindex(members):
        own = [a[member] if np.ndim(a) > (kind == "piecewise_constant") else a for a in arguments]
        count = {n: v[member] if np.ndim(v) else v for n, v in every.items()}
        alone = getattr(reference.schedules, kind)(*own, **count)
        at = (slice(None), *member)
        one = np.broadcast_to(rates(reference, alone, steps[at]), len(steps))
        np.testing.assert_array_equal(theirs[at], one)


@BOTH
def test_both_sides_take_the_same_schedule(side):
    other = reference if side is fnet else fnet
    assert fnet.schedules.Schedule is reference.schedules.Schedule
    found = [
        arrays(run_on(side, side.adam(tables.schedule(of, "cosine"))).params)
        for of in (side, other)
    ]
    assert all(np.array_equal(*pair) for pair in zip(*found, strict=True))


# In a run.


@BOTH
@EVERY
def test_a_run_equals_its_steps_at_their_rates(side, name):
    """With a decay, which depends on the rate, and Adam's corrections, which depend on the step."""
    schedule = tables.schedule(side, name)
    each_rate = np.broadcast_to(rates(reference, schedule, range(40)), 40)
    run = run_on(side, side.adamw(schedule, weight_decay=0.5))
    params = reference.init_params(NET, 1, dtype="float64")
    state = reference.adam(0.0).init(params)
    rows, weights = (part.reshape(40, -1) for part in PLAN.batches(0, EPOCHS))
    for rate, row_numbers, weight in zip(each_rate, rows, weights, strict=True):
        grads = reference.grads(NET, params, X[row_numbers], LABELS[row_numbers], weight)
        optimizer = reference.adamw(float(rate), weight_decay=0.5)
        params, state = reference.update(optimizer, params, state, grads)
    for pair in zip(arrays(run.params), arrays(params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-9, atol=1e-12)


@BOTH
def test_updates_one_by_one_follow_the_schedule(side):
    params = (Layer(np.array([[1.0]])),)
    optimizer = side.sgd(side.schedules.piecewise_constant([1], [0.5, 0.25]))
    state, found = optimizer.init(params), []
    for _ in range(4):
        params, state = side.update(optimizer, params, state, (Layer(np.array([[1.0]])),))
        found.append(float(params[0].w[0, 0]))
    assert found == [0.5, 0.0, -0.25, -0.5]


def cut(parts, first, max_steps, agree):
    """Chunks of three steps instead of timed ones."""
    for data, rows, weights in parts:
        for at in range(0, len(rows), 3):
            yield data, rows[at : at + 3], weights[at : at + 3]


@BOTH
@pytest.mark.parametrize("xla", [True, False])
def test_a_run_in_chunks_or_resumed_follows_the_schedule_bit_for_bit(side, xla, monkeypatch):
    optimizer = side.nadam(tables.schedule(side, "cosine_warm", every=3), weight_decay=2**-4)
    integer = run_on(side, optimizer, xla=xla)
    half = run_on(side, optimizer, plan=fnet.kfold_plan(23, 5, 4, seed=7), xla=xla)
    resumed = run_on(side, optimizer, params=half)
    monkeypatch.setattr(batch_source, "timed_chunks", cut)
    for run in (resumed, run_on(side, optimizer, xla=xla)):
        for pair in zip(arrays(run.params), arrays(integer.params), strict=True):
            np.testing.assert_array_equal(*pair)


@BOTH
def test_a_run_is_resumed_with_another_schedule(side):
    half = run_on(side, side.adam(0.125), plan=fnet.kfold_plan(23, 5, 4, seed=7))
    run = run_on(
        side, side.adam(side.schedules.piecewise_constant([15], [10.0, 0.125])), params=half
    )
    for pair in zip(arrays(run.params), arrays(run_on(side, side.adam(0.125)).params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("name", ["cosine_warm", "piecewise_constant"])
def test_members_may_have_their_own_schedules(side, name):
    function, arguments = SCHEDULES[name]
    halves = {n: np.stack([v, np.divide(v, 2)]) for n, v in arguments.items()}
    if name == "cosine_warm":
        halves["warmup_steps"] = np.array([8, 4])
    make = getattr(side.schedules, function)
    together = run_on(side, side.adam(make(**halves), weight_decay=2**-4), seed=[1, 2])
    for member in range(2):
        own = make(**{n: v[member] for n, v in halves.items()})
        alone = run_on(side, side.adam(own, weight_decay=2**-4), seed=1 + member)
        for p, q in zip(arrays(together.params), arrays(alone.params), strict=True):
            np.testing.assert_allclose(p[member], q, rtol=1e-9, atol=1e-12)


def test_other_numbers_of_a_schedule_add_no_trace():
    compiled_loop.compiled.cache_clear()
    for factor in (1, 2, 3):
        _, arguments = SCHEDULES["cosine_warm"]
        schedule = fnet.schedules.cosine(**{n: v * factor for n, v in arguments.items()}, every=2)
        optimizer = fnet.adam(schedule, weight_decay=2**-factor)
        run_on(fnet, optimizer)
        params = reference.init_params(NET, factor)
        fnet.update(optimizer, params, optimizer.init(params), params)
    assert compiled_loop.compiled.cache_info().currsize == 1
    traced = compiled_loop.compiled(Program(NET, spec(optimizer), None, ("loss",), None), False)
    assert traced.experimental_get_tracing_count() == 1


# Functions of the step.


@BOTH
def test_a_function_of_the_step_is_a_schedule(side):
    def rate(step):
        assert step.dtype == np.float64
        assert step.shape == ()
        return 0.5 / (1 + step)

    found = run_on(side, side.adam(rate, weight_decay=2**-4))
    expected = run_on(
        reference, reference.adam(reference.schedules.inverse_scaling(0.5, 1), weight_decay=2**-4)
    )
    for pair in zip(arrays(found.params), arrays(expected.params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-9)
    params = (Layer(np.array([[1.0]])),)
    optimizer = side.sgd(rate)
    state = optimizer.init(params)
    for expected in (0.5, 0.25):
        params, state = side.update(optimizer, params, state, (Layer(np.array([[1.0]])),))
        assert params[0].w == expected


@BOTH
def test_a_function_may_return_one_rate_or_one_for_each_member(side):
    rates = np.array([0.125, 0.25])
    falling = run_on(side, side.sgd(lambda step: rates / (1 + step)), seed=[1, 2])
    still = run_on(side, side.sgd(lambda step: 0.125), seed=[1, 2])
    for found, schedules in (
        (falling, [side.schedules.inverse_scaling(rate, 1.0) for rate in rates]),
        (still, [0.125, 0.125]),
    ):
        for member, schedule in enumerate(schedules):
            alone = run_on(side, side.sgd(schedule), seed=1 + member)
            for p, q in zip(arrays(found.params), arrays(alone.params), strict=True):
                np.testing.assert_allclose(p[member], q, rtol=1e-9, atol=1e-13)


class Falling:
    """A callable object that equals others and has no hash."""

    __hash__ = None

    def __init__(self, rate):
        self.rate = rate

    def __eq__(self, other):
        return True

    def __call__(self, step):
        return self.rate / (1 + step)


def test_each_rate_function_is_compiled_once():
    compiled_loop.compiled.cache_clear()
    for rate in (Falling(0.125), Falling(0.25)):
        runs = [run_on(fnet, fnet.sgd(rate), seed=seed) for seed in (1, 1)]
        expected = run_on(reference, reference.sgd(rate))
        for run in runs:
            for pair in zip(arrays(run.params), arrays(expected.params), strict=True):
                np.testing.assert_allclose(*pair, rtol=1e-9)
    assert compiled_loop.compiled.cache_info().currsize == 2


def test_a_schedule_of_keras_is_a_function_of_the_step():
    theirs = keras.optimizers.schedules.CosineDecay(
        np.float64(2**-7), 32, 0.125, warmup_target=2**-4, warmup_steps=8
    )
    ours = tables.schedule(fnet, "cosine_warm")
    found, expected = (run_on(fnet, fnet.adam(rate)) for rate in (theirs, ours))
    for pair in zip(arrays(found.params), arrays(expected.params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-9)


@BOTH
def test_rates_of_a_long_run_are_checked_from_first_to_last_step(side, monkeypatch):
    """At CHECKED_RATES of its steps: at all if there are no more, and never past the end."""
    asked = []

    def looked(function, steps):
        asked.append(steps)
        return np.zeros(len(steps))

    max_steps = side.optimizers if side is reference else optimizers
    monkeypatch.setattr(max_steps, "rates", looked)
    run_on(side, side.sgd(lambda step: 0.0))
    monkeypatch.setattr(training_loop, "CHECKED_RATES", 5)
    half = run_on(side, side.sgd(lambda step: 0.0), plan=fnet.kfold_plan(23, 5, 3, seed=7))
    run_on(side, side.sgd(lambda step: 0.0), params=half)
    run_on(side, side.sgd(lambda step: 0.0), seed=[1, 2])
    integer, *_, rest, members = asked
    np.testing.assert_array_equal(integer, np.arange(40))
    np.testing.assert_array_equal(rest, [12, 19, 26, 32, 39])
    np.testing.assert_array_equal(members, [[0, 0], [39, 39]])


def test_schedules_work_inside_a_tf_function():
    params = map_params(tf.constant, reference.init_params(NET, 1))
    for rate in (tables.schedule(fnet, "exponential"), lambda step: 0.5 / (1 + step)):
        optimizer = fnet.adam(rate)

        @tf.function(autograph=False)
        def two(params, optimizer=optimizer):
            state = optimizer.init(params)
            params, state = fnet.update(optimizer, params, state, params)
            return fnet.update(optimizer, params, state, params)[0]

        state = optimizer.init(params)
        expected, state = fnet.update(optimizer, params, state, params)
        expected, _ = fnet.update(optimizer, expected, state, expected)
        for pair in zip(arrays(two(params)), arrays(expected), strict=True):
            np.testing.assert_allclose(*pair, rtol=1e-6)


def test_a_partial_function_is_accepted_as_rate():
    rate = functools.partial(lambda scale, step: scale / (1 + step), 0.125)
    assert np.isfinite(run_on(reference, reference.sgd(rate)).history["loss"]).all()
