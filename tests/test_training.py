"""A run on both sides: by hand, in chunks, resumed, with members, weights and pipelines."""

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

import fnet
from fnet import Network, reference
from fnet.core import batch_source
from fnet.core.optimizers import spec
from fnet.engine import compiled_loop, training
from fnet.engine.compiled_loop import Program

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

NET = Network((3, 5, 2), hidden="tanh")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 3))
LABELS = (X[:, 0] > X[:, 1]).astype(int)
HELD = RNG.normal(size=(11, 3)), RNG.integers(2, size=11)
EPOCHS = 6
PLAN = fnet.kfold_plan(23, 5, EPOCHS, seed=7)


def arrays(params):
    return [np.asarray(p) for layer in params for p in layer if p is not None]


def run_on(side, params=None, plan=PLAN, net=NET, seed=1, rate=0.125, **options):
    params = reference.init_params(net, seed, dtype="float64") if params is None else params
    return side.train(net, side.adam(rate), params, X, LABELS, plan, **options)


def bits(run):
    """A digest of all arrays of a Run."""
    found = hashlib.sha256()
    leaves = tf.nest.flatten((tuple(run.params), run.train_state._replace(best=())))
    for leaf in [p for p in leaves if p is not None] + [run.history["loss"]]:
        found.update(np.ascontiguousarray(leaf).tobytes())
    return found.hexdigest()


def alike(ours, theirs, rtol=1e-9):
    for pair in zip(arrays(ours.params), arrays(theirs.params), strict=True):
        np.testing.assert_allclose(*pair, rtol=rtol, atol=1e-12)
    assert ours.history.keys() == theirs.history.keys()
    for name, values in ours.history.items():
        if name == "ended":
            assert np.array_equal(values, theirs.history[name])
        else:
            np.testing.assert_allclose(values, theirs.history[name], rtol=rtol, atol=1e-12)


# By hand, and on both sides.


@BOTH
@pytest.mark.parametrize("xla", [True, False])
def test_a_run_equals_its_steps_one_by_one(side, xla):
    """The loop that a user would write with the pure functions."""
    optimizer = reference.adam(0.125)
    params = reference.init_params(NET, 1, dtype="float64")
    state, history = optimizer.init(params), []
    rows, weights = PLAN.batches(0, EPOCHS)
    for epoch in range(EPOCHS):
        losses, sums = [], []
        for row_numbers, weight in zip(rows[epoch], weights[epoch], strict=True):
            batch = X[row_numbers], LABELS[row_numbers], weight
            losses.append(reference.loss(NET, params, *batch))
            sums.append(weight.sum())
            grads = reference.grads(NET, params, *batch)
            params, state = reference.update(optimizer, params, state, grads)
        history.append(np.average(losses, weights=sums))
    run = run_on(side, xla=xla)
    for pair in zip(arrays(run.params), arrays(params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-9)
    np.testing.assert_allclose(run.history["loss"], history, rtol=1e-9)
    assert run.state.step == EPOCHS * PLAN.steps
    assert run.history["ended"] == "epochs"
    assert run.xla is xla


@pytest.mark.parametrize("xla", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("hidden", ["relu", "sigmoid"])
def test_both_sides_agree_in_several_layers(xla, bias, hidden):
    """With odd and even widths, and squared error."""
    net = Network((3, 9, 4, 17, 2), hidden, "tanh", bias, "squared_error")
    y = np.stack([LABELS, 1 - LABELS], axis=1) * 0.5
    params = reference.init_params(net, 3, dtype="float64")
    ours, theirs = (
        side.train(net, side.adam(0.01), params, X, y, PLAN, xla=xla) for side in (fnet, reference)
    )
    alike(ours, theirs, rtol=1e-7)


@BOTH
def test_validation_is_the_loss_and_accuracy_after_each_epoch(side):
    seen = []

    def callback(run):
        seen.append((run.params, run.history))

    weights = np.arange(11.0)
    run = run_on(side, validation=(*HELD, weights), callback=callback)
    losses, accuracies = [], []
    for epochs in range(1, EPOCHS + 1):
        plan = fnet.kfold_plan(23, 5, epochs, seed=7)
        params = run_on(reference, plan=plan).params
        losses.append(reference.loss(NET, params, *HELD, weights))
        predicted = reference.predict(NET, params, HELD[0]).argmax(axis=1)
        accuracies.append(np.average(predicted == HELD[1], weights=weights))
    np.testing.assert_allclose(run.history["validation_loss"], losses, rtol=1e-9)
    np.testing.assert_allclose(run.history["validation_accuracy"], accuracies, rtol=1e-12)
    assert seen[-1][1].keys() == run.history.keys()


@BOTH
def test_row_weights_come_from_the_plan(side):
    """A row of weight 2 equals two rows; a row of weight 0 equals none."""
    weights = np.ones(23)
    weights[[3, 4]] = 2, 0
    x = np.concatenate([np.delete(X, 4, axis=0), X[3:4]])
    y = np.append(np.delete(LABELS, 4), LABELS[3])
    weighted = run_on(side, plan=fnet.full_batch_plan(23, 4, weights=weights))
    params = reference.init_params(NET, 1, dtype="float64")
    plan = fnet.full_batch_plan(23, 4)
    repeated = side.train(NET, side.adam(0.125), params, x, y, plan)
    alike(weighted, repeated)


@BOTH
def test_zero_epochs_return_the_initial_params(side):
    params = reference.init_params(NET, 1, dtype="float64")
    run = run_on(side, params, fnet.kfold_plan(23, 5, 0, seed=7), validation=HELD)
    assert all(np.array_equal(*p) for p in zip(arrays(run.params), arrays(params), strict=True))
    assert run.state.step == 0
    assert {name: len(v) for name, v in run.history.items() if name != "ended"} == {
        "loss": 0,
        "validation_loss": 0,
        "validation_accuracy": 0,
    }


@BOTH
def test_nothing_is_changed_in_place(side):
    params = reference.init_params(NET, 1, dtype="float64")
    before = [p.copy() for p in arrays(params)]
    x = X.copy()
    run_on(side, params)
    assert all(np.array_equal(*pair) for pair in zip(arrays(params), before, strict=True))
    assert np.array_equal(X, x)


# Members.


@BOTH
def test_members_train_like_single_runs(side):
    """Each has its own initial params, rate and patience, and ends on its own."""
    plan = fnet.kfold_plan(23, 5, 40, seed=7)
    rates, patience = np.array([0.125, 0.5, 0.03125]), np.array([1, 4, 1000])
    options = {"validation": HELD, "restore_best": True}
    together = run_on(side, seed=[1, 2, 3], plan=plan, rate=rates, patience=patience, **options)
    assert set(together.history["ended"]) == {"patience", "epochs"}
    for member in range(3):
        alone = run_on(
            side,
            seed=member + 1,
            plan=plan,
            rate=rates[member],
            patience=int(patience[member]),
            **options,
        )
        assert together.history["ended"][member] == alone.history["ended"]
        epochs = len(alone.history["loss"])
        for name in ("loss", "validation_loss", "validation_accuracy"):
            column = together.history[name][:, member]
            np.testing.assert_allclose(column[:epochs], alone.history[name], rtol=1e-9)
            assert np.isnan(column[epochs:]).all()
        for kept in ("params", "best"):
            ours, theirs = (arrays(getattr(run.train_state, kept)) for run in (together, alone))
            for all_of_them, p in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(all_of_them[member], p, rtol=1e-8, atol=1e-12)
        assert together.state.step[member] == alone.state.step


# Stopping.


def stops(values, patience, min_delta, best_delta):
    """`(epochs run, best epoch)`: an improvement is below the best so far minus min_delta."""
    best, wait, best_epoch = np.inf, 0, 0
    for epoch, value in enumerate(values):
        wait = 0 if value < best - min_delta else wait + 1
        if value < best - best_delta:
            best, best_epoch = value, epoch
        if wait == patience:
            return epoch + 1, best_epoch
    return len(values), best_epoch


@BOTH
@pytest.mark.parametrize(("min_delta", "best_delta"), [(0.001, None), (0.02, None), (0.02, 0.0)])
def test_patience_and_the_best_epoch_by_hand(side, min_delta, best_delta):
    """On the history of a run without stopping, where each of these numbers has an effect."""
    plan = fnet.kfold_plan(23, 5, 60, seed=7)
    validation = HELD[0], (HELD[0][:, 0] > HELD[0][:, 1]).astype(int)
    free = run_on(reference, plan=plan, validation=validation, rate=0.03125).history[
        "validation_loss"
    ]
    epochs, best_epoch = stops(free, 3, min_delta, min_delta if best_delta is None else best_delta)
    cases = [
        stops(free, 3, *deltas) for deltas in ((0, 0), (0.001, 0.001), (0.02, 0.02), (0.02, 0))
    ]
    assert len(set(cases)) == len(cases)
    deltas = {"min_delta": min_delta, "best_delta": best_delta}
    options = {"patience": 3, **deltas, "validation": validation, "rate": 0.03125}
    run = run_on(side, plan=plan, restore_best=True, **options)
    assert run.history["ended"] == "patience"
    assert len(run.history["loss"]) == epochs < 60
    assert run.train_state.best_epoch == best_epoch
    shorter = run_on(reference, plan=fnet.kfold_plan(23, 5, best_epoch + 1, seed=7), rate=0.03125)
    for pair in zip(arrays(run.params), arrays(shorter.params), strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-8)
    last = run_on(side, plan=plan, **options)
    for p, q in zip(arrays(last.params), arrays(run.train_state.params), strict=True):
        np.testing.assert_array_equal(p, q)


@BOTH
def test_monitoring_accuracy_takes_the_first_of_the_largest(side):
    plan = fnet.kfold_plan(23, 5, 20, seed=7)
    run = run_on(side, plan=plan, validation=HELD, monitor="validation_accuracy", restore_best=True)
    assert run.train_state.best_epoch == np.argmax(run.history["validation_accuracy"])


@BOTH
def test_patience_without_validation_names_the_monitored_value(side):
    with pytest.warns(UserWarning, match="monitor the training loss"):
        run_on(side, patience=2)
    run_on(side, patience=2, monitor="loss")


# Chunks, and resuming.


def cut(count):
    """Chunks of `count` steps instead of timed ones."""

    def chunks(parts, first, max_steps, agree):
        for data, rows, weights in parts:
            for at in range(0, len(rows), count):
                yield data, rows[at : at + count], weights[at : at + count]

    return chunks


@BOTH
@pytest.mark.parametrize("xla", [True, False])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_chunks_of_any_size_give_the_same_bits(side, xla, count, monkeypatch):
    options = {"validation": HELD, "restore_best": True, "patience": 50}
    full_run = run_on(side, xla=xla, **options)
    monkeypatch.setattr(batch_source, "timed_chunks", cut(count))
    assert bits(run_on(side, xla=xla, **options)) == bits(full_run)


class StopHere(Exception):
    pass


def stop_at(step):
    """A callback that ends the run after this number of steps."""

    def callback(run):
        if run.state.step >= step:
            raise StopHere

    return callback


@BOTH
@pytest.mark.parametrize("xla", [True, False])
@pytest.mark.parametrize("step", [1, 4, 10, 23])
def test_a_resumed_run_equals_an_uninterrupted_one(side, xla, step, monkeypatch):
    """Interrupted in the middle of an epoch and at its end."""
    options = {"validation": HELD, "restore_best": True, "patience": 50}
    full_run = run_on(side, xla=xla, **options)
    monkeypatch.setattr(batch_source, "timed_chunks", cut(1))
    with pytest.raises(StopHere) as stopped:
        run_on(side, xla=xla, callback=stop_at(step), **options)
    half = stopped.value.run
    assert half.state.step == step
    assert half.history["ended"] == "running"
    assert len(half.history["loss"]) == step // PLAN.steps
    monkeypatch.undo()
    assert bits(run_on(side, half, xla=not xla, **options)) == bits(full_run)


@BOTH
def test_a_run_is_resumed_from_a_pickle(side):
    """As in another process."""
    half = pickle.loads(pickle.dumps(run_on(side, plan=fnet.kfold_plan(23, 5, 2, seed=7))))
    assert bits(run_on(side, half)) == bits(run_on(side))


@BOTH
def test_more_epochs_continue_from_the_last(side):
    longer = fnet.kfold_plan(23, 5, 2 * EPOCHS, seed=7)
    assert bits(run_on(side, run_on(side), longer)) == bits(run_on(side, plan=longer))


def test_a_run_is_resumed_by_the_same_kind_of_program():
    run = run_on(fnet, xla=True)
    longer = fnet.kfold_plan(23, 5, 2 * EPOCHS, seed=7)
    assert run_on(fnet, run, longer, xla=False).xla is True


@BOTH
def test_each_side_resumes_the_others_run(side):
    other = reference if side is fnet else fnet
    longer = fnet.kfold_plan(23, 5, 2 * EPOCHS, seed=7)
    alike(run_on(side, run_on(other), longer), run_on(side, plan=longer))


@BOTH
def test_a_run_stopped_by_patience_is_resumed_with_more(side):
    plan = fnet.kfold_plan(23, 5, 60, seed=7)
    options = {"plan": plan, "validation": HELD}
    stopped = run_on(side, patience=3, **options)
    assert bits(run_on(side, stopped, patience=3, **options)) == bits(stopped)
    assert bits(run_on(side, stopped, patience=9, **options)) == bits(
        run_on(side, patience=9, **options)
    )


def test_xla_is_chosen_by_the_work():
    """A short run is a plain graph; many or large steps use XLA."""
    assert run_on(fnet, plan=fnet.full_batch_plan(23, 3)).xla is False
    assert run_on(fnet, plan=fnet.full_batch_plan(23, 6_000)).xla is True
    for width, members, steps, pays in (
        (64, (), 4_000, False),
        (64, (), 6_000, True),
        (512, (), 1_000, False),
        (512, (), 3_000, True),
        (64, (100,), 2_000, True),
        (64, (3,), 800, False),
        (64, (3,), 1_200, True),
    ):
        net = Network((width, width, 10))
        params = reference.init_params(net, np.zeros(members, int))
        source = batch_source.Source(None, 1, steps, 64, None)
        assert training._xla_pays_off(net, params, source) is pays, (width, members, steps)


OTHER_PROCESS = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
import test_training
for xla in (True, False):
    print(test_training.bits(test_training.run_on(test_training.fnet, xla=xla)))
pipeline = test_training.fnet.pipeline(test_training.X, test_training.LABELS, 5, 3, seed=4)
print([row for x, _ in pipeline for row in np.asarray(x)[:, 0].tolist()])
"""


def test_the_same_run_in_another_process_has_the_same_bits():
    code = OTHER_PROCESS.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *runs, rows = done.stdout.splitlines()[-3:]
    assert runs == [bits(run_on(fnet, xla=xla)) for xla in (True, False)]
    pipeline = fnet.pipeline(X, LABELS, 5, 3, seed=4)
    assert rows == str([row for x, _ in pipeline for row in np.asarray(x)[:, 0].tolist()])


# One program.


def test_other_rates_data_networks_and_lengths_add_no_trace():
    compiled_loop.compiled.cache_clear()
    for seed, epochs in ((1, 3), (2, 5), (3, 1)):
        net = Network((3, 5, 2), hidden="tanh")
        params = fnet.init_params(net, seed)
        plan = fnet.kfold_plan(23, 5, epochs, seed=seed)
        optimizer = fnet.adam(0.1 * seed, beta_1=0.5)
        fnet.train(net, optimizer, params, X + seed, LABELS, plan, xla=True)
    optimizer_spec = spec(fnet.adam(1.0))
    traced = compiled_loop.compiled(Program(NET, optimizer_spec, None, ("loss",), None), True)
    assert traced.experimental_get_tracing_count() == 1
    assert compiled_loop.compiled.cache_info().currsize == 1


@pytest.mark.parametrize("xla", [False, True], ids=["graph", "xla"])
def test_no_tensor_is_written_to_once_a_program_has_it(xla, monkeypatch):
    """A GPU keeps its copy of a tensor: written to again, the program would not see it."""
    given = []
    compiled = compiled_loop.compiled

    def spied(*arguments):
        function = compiled(*arguments)

        def find(constants, now, chunk):
            kept = chunk.rows, chunk.weights
            given.append((kept, [np.array(tensor) for tensor in kept]))
            return function.get_concrete_function(constants, now, chunk)

        return SimpleNamespace(get_concrete_function=find)

    monkeypatch.setattr(compiled_loop, "compiled", spied)
    monkeypatch.setattr(batch_source, "timed_chunks", in_chunks_of_three)
    run = run_on(fnet, xla=xla)
    assert len(given) == EPOCHS * PLAN.steps // 3 + EPOCHS * PLAN.steps % 3
    for kept, copies in given:
        assert all(map(np.array_equal, kept, copies))
    monkeypatch.undo()
    assert bits(run) == bits(run_on(fnet, xla=xla))


def in_chunks_of_three(blocks, first_steps, max_steps, agree):
    for data, rows, weights in blocks:
        for start in range(0, len(rows), 3):
            yield data, rows[start : start + 3], weights[start : start + 3]


@pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="there is no GPU")
def test_a_run_in_chunks_has_the_bits_of_one_on_a_gpu(monkeypatch):
    expected = bits(run_on(fnet, xla=True))
    monkeypatch.setattr(batch_source, "timed_chunks", in_chunks_of_three)
    assert bits(run_on(fnet, xla=True)) == expected
