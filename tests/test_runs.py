"""Interruptions of a run: callbacks, Ctrl-C, non-finite values."""

import re
import signal
import sys
import threading

import numpy as np
import pytest

import fnet
from fnet import InvalidArgument, Network, NotFinite, reference
from fnet.core import batch_source
from fnet.core.params import map_params

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

NET = Network((2, 8, 1), loss="squared_error")
X = np.linspace(-1, 1, 40).reshape(20, 2)
Y = X[:, 0] ** 2


def run_on(side, rate=0.05, epochs=5, x=X, y=Y, seed=0, net=NET, params=None, **options):
    params = reference.init_params(net, seed) if params is None else params
    plan = fnet.kfold_plan(len(x), 5, epochs, seed=0)
    return side.train(net, side.sgd(rate), params, x, y, plan, **options)


def arrays(params):
    return [np.asarray(p) for layer in params for p in layer if p is not None]


def one_step_per_chunk(parts, first, max_steps, agree):
    for data, rows, weights in parts:
        for at in range(len(rows)):
            yield data, rows[at : at + 1], weights[at : at + 1]


# Callbacks.


@BOTH
def test_a_callback_gets_the_run_so_far(side, monkeypatch):
    monkeypatch.setattr(batch_source, "timed_chunks", one_step_per_chunk)
    seen = []
    run = run_on(side, callback=seen.append)
    assert [len(so_far.history["loss"]) for so_far in seen] == [k // 4 for k in range(1, 21)]
    assert [int(so_far.state.step) for so_far in seen] == list(range(1, 21))
    assert {so_far.history["ended"] for so_far in seen} == {"running"}
    assert np.array_equal(seen[-1].history["loss"], run.history["loss"])
    assert run.history["ended"] == "epochs"


@BOTH
def test_a_callback_that_raises_keeps_the_finished_epochs(side, monkeypatch):
    monkeypatch.setattr(batch_source, "timed_chunks", one_step_per_chunk)

    def callback(run):
        if len(run.history["loss"]) == 3:
            raise KeyError("disk full")

    with pytest.raises(KeyError) as raised:
        run_on(side, callback=callback)
    left = raised.value.run
    np.testing.assert_array_equal(left.history["loss"], run_on(side, epochs=3).history["loss"])
    finished = run_on(side, params=left)
    assert all(
        np.array_equal(*pair)
        for pair in zip(arrays(finished.params), arrays(run_on(side).params), strict=True)
    )


# Ctrl-C.


@pytest.fixture(autouse=True)
def listening():
    """Ctrl-C as in a terminal, even if the tests were started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press(run):
    if np.any(run.history["ended"] == "running"):
        signal.raise_signal(signal.SIGINT)


@BOTH
def test_ctrl_c_returns_the_run_so_far_which_can_be_resumed(side, monkeypatch):
    monkeypatch.setattr(batch_source, "timed_chunks", one_step_per_chunk)
    run = run_on(side, callback=press)
    assert run.history["ended"] == "interrupted"
    assert run.state.step == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finished = run_on(side, params=run)
    assert finished.history["ended"] == "epochs"
    assert all(
        np.array_equal(*pair)
        for pair in zip(arrays(finished.params), arrays(run_on(side).params), strict=True)
    )


@BOTH
def test_the_callback_is_called_after_an_interrupt(side, monkeypatch):
    monkeypatch.setattr(batch_source, "timed_chunks", one_step_per_chunk)
    seen = []

    def callback(run):
        seen.append((int(run.state.step), run.history["ended"]))
        if len(seen) == 2:
            press(run)

    run_on(side, callback=callback)
    assert seen == [(1, "running"), (2, "running"), (2, "interrupted")]


@BOTH
def test_a_second_ctrl_c_raises_with_the_run_so_far(side):
    def twice(run):
        press(run)
        press(run)

    with pytest.raises(KeyboardInterrupt) as raised:
        run_on(side, callback=twice)
    assert raised.value.run.state.step > 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@BOTH
def test_a_users_signal_handler_is_kept(side):
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        run = run_on(side, callback=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed
    assert run.history["ended"] == "epochs"


@BOTH
def test_a_run_in_another_thread_leaves_signals_alone(side):
    done = []
    thread = threading.Thread(target=lambda: done.append(run_on(side)))
    thread.start()
    thread.join()
    assert done[0].history["ended"] == "epochs"


# Non-finite values.


@BOTH
@pytest.mark.parametrize("xla", [True, False])
@pytest.mark.parametrize("how", ["error", "warn"])
def test_the_run_ends_before_the_non_finite_step(side, xla, how, monkeypatch):
    """The rate is so high that the weight grows by a factor per step until the loss overflows."""
    net = Network((1, 1), loss="squared_error", bias=False)
    x, y = np.full((20, 1), 1e3), np.zeros(20)
    params = reference.init_params(net, 0, scheme="ones")
    plan = fnet.kfold_plan(20, 5, 8, seed=0)

    def finite_steps():
        """By hand: w <- w - 2 * rate * x**2 * w, in float32, while loss and gradient are finite."""
        w, rate, square, step = np.float32(1), np.float32(1.0), np.float32(1e6), 0
        with np.errstate(over="ignore"):
            while np.isfinite(square * w * w):
                w, step = w - rate * (np.float32(2) * square * w), step + 1
        return step, w

    steps, w = finite_steps()
    assert 1 < steps < 8
    epoch, step = divmod(steps, plan.steps)
    message = f"stopped being finite, first in epoch {epoch}, step {step} .*rate is too high"

    def train(**options):
        return side.train(
            net, side.sgd(1.0), params, x, y, plan, on_not_finite=how, xla=xla, **options
        )

    if how == "error":
        with pytest.raises(NotFinite, match=message) as raised:
            train()
        run = raised.value.run
    else:
        with pytest.warns(RuntimeWarning, match=message):
            run = train()
    np.testing.assert_allclose(run.params[0].w, [[w]], rtol=1e-5)
    assert run.state.step == steps
    assert run.history["ended"] == "not finite"
    assert len(run.history["loss"]) == epoch
    assert np.isfinite(run.history["loss"]).all()
    assert run.train_state.ended_at == steps


@BOTH
@pytest.mark.parametrize("xla", [True, False])
def test_a_non_finite_member_does_not_affect_others(side, xla):
    rates = np.array([0.05, 1e30, 0.01])
    with pytest.warns(RuntimeWarning, match="of 1 of 3 members .* epoch 0, step [01]"):
        run = run_on(side, rates, seed=[1, 2, 3], on_not_finite="warn", xla=xla)
    assert run.history["ended"].tolist() == ["epochs", "not finite", "epochs"]
    assert all(np.isfinite(p).all() for p in arrays(run.params))
    for member in (0, 2):
        alone = run_on(side, rates[member], seed=member + 1, xla=xla)
        np.testing.assert_allclose(run.history["loss"][:, member], alone.history["loss"], rtol=1e-5)
    assert np.isnan(run.history["loss"][-1, 1])


@BOTH
@pytest.mark.parametrize("xla", [True, False])
def test_members_become_non_finite_in_different_steps(side, xla):
    """Each weight grows by its own factor per step: `w <- w * (1 - 2 * rate * x**2)`."""
    net = Network((1, 1), loss="squared_error", bias=False)
    x, y, rates = np.full((20, 1), 1e3), np.zeros(20), np.array([1.0, 1e-7, 30.0, 1e-2, 1e-5])
    params = map_params(
        lambda p: np.repeat(p[None], 5, 0), reference.init_params(net, 0, scheme="ones")
    )
    plan = fnet.kfold_plan(20, 5, 8, seed=0)
    with pytest.warns(RuntimeWarning, match="of 4 of 5 members"):
        run = side.train(net, side.sgd(rates), params, x, y, plan, on_not_finite="warn", xla=xla)
    largest = np.log(np.finfo(np.float32).max)
    growth = np.log(np.abs(1 - 2e6 * rates))
    steps = np.ceil((largest - np.log(1e6)) / 2 / growth).astype(int)  # until (1e3 * w)**2 is too
    steps[1] = plan.epochs * plan.steps
    assert run.state.step.shape == (5,)
    assert np.array_equal(run.state.step, steps)
    assert np.array_equal(run.train_state.ended_at, np.where(steps < 32, steps, -1))
    np.testing.assert_allclose(run.params[0].w[:, 0, 0], (1 - 2e6 * rates) ** steps, rtol=1e-4)
    finite = np.isfinite(run.history["loss"])
    assert np.array_equal(finite.sum(axis=0), steps // plan.steps)


@BOTH
def test_an_overflowing_moment_ends_the_run(side):
    """Gradients of 1e20 have squares beyond float32: Adam would never move again."""
    net = Network((1, 1), loss="squared_error", bias=False)
    params = reference.init_params(net, 0, scheme="ones")
    arguments = np.full((4, 1), 1e10), np.zeros(4), fnet.full_batch_plan(4, 3)
    with pytest.raises(NotFinite, match="epoch 0, step 0") as raised:
        side.train(net, side.adam(0.1), params, *arguments)
    assert raised.value.run.params[0].w == 1


@BOTH
def test_a_member_that_missed_steps_has_no_loss_in_that_epoch(side, monkeypatch):
    """It became non-finite in the first step; then all are resumed at a good rate."""
    monkeypatch.setattr(batch_source, "timed_chunks", one_step_per_chunk)
    rates = np.array([1e39, 0.05])  # the first is infinite in float32: params stay at the start
    with pytest.warns(RuntimeWarning, match="of 1 of 2 members"):
        stopped = run_on(side, rates, seed=[1, 2], on_not_finite="warn", callback=press)
    assert np.array_equal(stopped.state.step, [0, 1])
    run = run_on(side, np.array([0.05, 0.05]), params=stopped)
    assert run.history["ended"].tolist() == ["epochs"] * 2
    assert np.isnan(run.history["loss"]).tolist() == [[True, False]] + [[False] * 2] * 4
    expected = run_on(side, np.array([0.05, 0.05]), seed=[1, 2])
    np.testing.assert_array_equal(run.history["loss"][:, 1], expected.history["loss"][:, 1])


@BOTH
def test_a_non_finite_run_is_resumed_at_another_rate(side):
    with pytest.raises(NotFinite) as raised:
        run_on(side, rate=1e39)  # infinite in float32: params stay at the start
    run = run_on(side, params=raised.value.run)
    assert run.history["ended"] == "epochs"
    assert len(run.history["loss"]) == 5


# Bad arguments.


@BOTH
@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"net": Network((2, 8, 1), "tanh", loss="squared_error")}, "network"),
        ({"x": X[:15], "y": Y[:15]}, "number of rows"),
        ({"validation": (X, Y)}, "names in its history"),
    ],
)
def test_a_run_must_be_resumed_with_the_same_data_and_network(side, change, what):
    run = run_on(side)
    with pytest.raises(InvalidArgument, match=f"be resumed with the {what} it was started with"):
        run_on(side, params=run, **change)
    plan = fnet.kfold_plan(20, 5, 9, seed=0)
    with pytest.raises(InvalidArgument, match="the optimizer it was started with, sgd; got adam"):
        side.train(NET, side.adam(0.1), run, X, Y, plan)
    with pytest.raises(InvalidArgument, match="steps in an epoch it was started with, 4; got 1"):
        side.train(NET, side.sgd(0.1), run, X, Y, fnet.full_batch_plan(20, 9))


# TrainState.


@BOTH
def test_the_bar_counts_epochs_and_is_off_by_default(side, capsys, monkeypatch):
    run_on(side, progress=True)  # too short for a line in a pipe
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    run_on(side)
    assert capsys.readouterr().err == ""
    run_on(side, progress=True)
    shown = capsys.readouterr().err.replace("\r", "\n")
    assert re.search(r"100%\|.*\| 5/5 ", shown)


# The loop on the host.


def test_chunk_sizes_follow_the_clock(monkeypatch):
    """If a step takes 1 s, chunks of 4 steps become shorter, but never empty."""
    now = [0.0]
    monkeypatch.setattr(batch_source.time, "perf_counter", lambda: now[0])
    parts = [("data", np.arange(30), np.arange(30))]
    counts = []
    for _, rows, weights in batch_source.timed_chunks(parts, 4, max_steps=8):
        assert len(rows) == len(weights)
        counts.append(len(rows))
        now[0] += len(rows) * (1.0 if sum(counts) < 10 else 0.001)
    assert sum(counts) == 30
    assert counts[:4] == [4, 1, 1, 1]
    assert max(counts) == 8


@pytest.mark.parametrize("entries", [batch_source.MAX_PLAN_ENTRIES, 320])
def test_prefetched_blocks_equal_the_plan_from_any_step(entries, monkeypatch):
    monkeypatch.setattr(batch_source, "MAX_PLAN_ENTRIES", entries)
    plan = fnet.kfold_plan(23, 5, 9, seed=1)
    full_plan = [part.reshape(-1, plan.width) for part in plan.batches(0, 9)]
    for done in (0, 1, plan.steps, 30):
        found = [
            np.concatenate(columns)
            for columns in zip(*batch_source.prefetch_plan(plan, done), strict=True)
        ]
        for column, expected in zip(found, full_plan, strict=True):
            assert np.array_equal(column, expected[done:])


def test_prefetched_blocks_are_bounded(monkeypatch):
    monkeypatch.setattr(batch_source, "MAX_PLAN_ENTRIES", 320)
    plan = fnet.kfold_plan(23, 5, 100, seed=1)
    assert max(rows.size for rows, _ in batch_source.prefetch_plan(plan, 0)) <= 320
