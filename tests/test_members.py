"""Members with numbers, rows, seeds and weights of their own: each equals `train` of it alone."""

import itertools

import numpy as np
import pytest
from refusals import refused_alike

import fnet
from fnet import InvalidArgument, Network, Tuning, reference
from fnet.core import running_members
from fnet.core.batch_source import HeldOut
from fnet.core.early_stopping import RUNNING
from fnet.core.params import map_params
from fnet.core.run_state import NUMBERS

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

FOLDER = {fnet: "engine", reference: "reference"}

M, N, V, EPOCHS = 3, 23, 7, 12
NET = Network((3, 5, 2), hidden="tanh")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = (X[:, 0] > X[:, 1]).astype(int)
SEEDS = np.array([4, 5, 6])
ROW_WEIGHTS = RNG.integers(3, size=(M, N)) * 0.5
# Each member lacks the rows of another fold. The last has four rows, so batches without any.
ROW_WEIGHTS[np.arange(M), :] *= np.arange(N) % M != np.arange(M)[:, None]
ROW_WEIGHTS[2, 4:] = 0
X_HELD, Y_HELD = RNG.normal(size=(M, V, 3)), RNG.integers(2, size=(M, V))
HELD_ALL = X_HELD[0], Y_HELD[0]
HELD_WEIGHTS = RNG.integers(1, 4, size=(M, V)) * (np.arange(V) < [[7], [5], [2]]) / 2.0


CASES = {
    "row weights": [(None, lambda m: None), (ROW_WEIGHTS, lambda m: ROW_WEIGHTS[m])],
    "validation rows": [
        ((X_HELD[0], Y_HELD[0]), lambda m: (X_HELD[0], Y_HELD[0])),
        ((X_HELD, Y_HELD), lambda m: (X_HELD[m], Y_HELD[m])),
    ],
    "validation weights": [((), lambda m: ()), ((HELD_WEIGHTS,), lambda m: (HELD_WEIGHTS[m],))],
    "start": [(np.full(M, 4), lambda m: 4), (SEEDS, lambda m: SEEDS[m])],
    "dropout seed": [(9, lambda m: 9), (SEEDS, lambda m: SEEDS[m])],
    "dropout rate": [(0.25, lambda m: 0.25), ([0.0, 0.25, 0.5], lambda m: 0.25 * m)],
    "penalty": [(0.5, lambda m: 0.5), ([0.0, 0.5, 1.0], lambda m: 0.5 * m)],
    "decay": [(0.01, lambda m: 0.01), ([0.0, 0.01, 0.02], lambda m: 0.01 * m)],
    "rate": [(0.125, lambda m: 0.125), ([0.5, 0.125, 0.25], lambda m: [0.5, 0.125, 0.25][m])],
    "decay steps": [(40, lambda m: 40), ([20, 40, 80], lambda m: [20, 40, 80][m])],
    "class weights": [
        ("balanced", lambda m: "balanced"),
        (
            np.array([[1.0, 2.0], [0.5, 1.0], [3.0, 1.0]]),
            lambda m: [{1: 2.0}, {0: 0.5}, {0: 3.0}][m],
        ),
    ],
    "patience": [(3, lambda m: 3), ([2, 4, 100], lambda m: [2, 4, 100][m])],
}
"""By name of a number, a seed or rows: what all share and what each has of its own, each with that
of a member alone. A line here is tested alone and with all others, on both sides."""


def table():
    """All own, and seven choices in which every two cases are shared and own in all four ways.

    The choices of a case are three of seven, another three for each (Kleitman and Spencer, 1973).
    """
    names = list(CASES)
    chosen = list(itertools.combinations(range(7), 3))[: len(names)]
    assert len(names) <= 15  # those that contain the first choice
    found = [tuple(n for n, own in zip(names, chosen, strict=True) if i in own) for i in range(7)]
    return [
        *(pytest.param(own, False, id=f"choice {i}") for i, own in enumerate(found)),
        *(pytest.param(tuple(names), xla, id=f"all own{' by XLA' * xla}") for xla in (False, True)),
    ]


def test_every_two_cases_are_tested_in_all_four_ways():
    found = [param.values[0] for param in table()]
    for one, other in itertools.combinations(CASES, 2):
        assert len({(one in own, other in own) for own in found}) == 4


def run_of(side, chosen, **options):
    """A run with the chosen value of each case."""
    tuning = Tuning(dropout=chosen["dropout rate"], seed=chosen["dropout seed"])
    tuning = tuning._replace(l2=chosen["penalty"])
    rate = fnet.schedules.cosine(chosen["rate"], chosen["decay steps"])
    params = reference.init_params(NET, chosen["start"], dtype="float64")
    plan = fnet.kfold_plan(N, 5, EPOCHS, seed=7, weights=chosen["row weights"])
    return side.train(
        *(NET, side.adamw(rate, weight_decay=chosen["decay"]), params, X, Y, plan),
        tuning=tuning,
        class_weight=chosen["class weights"],
        validation=chosen["validation rows"] + chosen["validation weights"],
        metrics=("accuracy", "balanced_accuracy", "log_loss"),
        patience=chosen["patience"],
        lr_factor=0.5,
        min_lr_factor=0.25,
        restore_best=True,
        **options,
    )


def equal_alone(together, alone, member):
    """A member of a run equals a run of its own."""
    for name in ("params", "best", "average"):
        ours, theirs = (getattr(run.train_state, name) for run in (together, alone))
        for p, q in zip(arrays(ours), arrays(theirs), strict=True):
            np.testing.assert_allclose(p[member], q, rtol=1e-10, atol=1e-10)
    for p, q in zip(
        *(sum(map(arrays, run.state.moments), []) for run in (together, alone)), strict=True
    ):
        np.testing.assert_allclose(p[member], q, rtol=1e-10, atol=1e-10)
    for name in ("step", "lr_scale", "best_epoch", "wait", "ended", "ended_at"):
        ours, theirs = (
            getattr(run.state if name == "step" else run.train_state, name)
            for run in (together, alone)
        )
        assert np.asarray(ours)[member] == np.asarray(theirs), name
    assert together.history.keys() == alone.history.keys()
    for name, values in alone.history.items():
        ours = together.history[name][(..., *np.atleast_1d(member))]
        if name == "ended":
            assert ours == values
            continue
        assert np.isfinite(values).all()
        np.testing.assert_allclose(ours[: len(values)], values, rtol=1e-10, atol=1e-10)
        assert np.isnan(ours[len(values) :]).all()


def arrays(params):
    return [np.asarray(p) for entry in params for p in entry if p is not None]


@BOTH
@pytest.mark.parametrize(("own", "xla"), table())
def test_each_member_equals_its_run_alone(side, own, xla):
    chosen = {name: CASES[name][name in own] for name in CASES}
    together = run_of(side, {name: value for name, (value, _) in chosen.items()}, xla=xla)
    for member in range(M):
        alone = run_of(reference, {name: of(member) for name, (_, of) in chosen.items()})
        equal_alone(together, alone, member)


@BOTH
def test_a_batch_without_weight_is_a_step_with_a_gradient_of_zero(side):
    """As that of `update`: the momentum goes on, decay applies, penalties do not."""
    weights = np.ones((2, 4))
    weights[1, 2:] = 0  # the second batch has no row of member 1
    optimizer = side.adamw(0.1, weight_decay=0.5)
    tuning = Tuning(l2=1.0, clipvalue=0.1, global_clipnorm=0.1)
    start = reference.init_params(NET, [3, 3], dtype="float64")
    plan = fnet.minibatch_plan(4, 2, 1, None, weights)
    run = side.train(NET, optimizer, start, X[:4], Y[:4], plan, tuning=tuning)
    params = map_params(lambda p: p[1], start)
    grads = reference.grads(NET, params, X[:2], Y[:2], tuning=tuning)
    expected, state = reference.update(optimizer, params, optimizer.init(params), grads)
    zero = map_params(np.zeros_like, params)
    expected, state = reference.update(optimizer, expected, state, zero)
    for p, q in zip(arrays(run.params), arrays(expected), strict=True):
        np.testing.assert_allclose(p[1], q, rtol=1e-12)
    assert np.array_equal(run.state.step, [2, 2])
    value = reference.loss(NET, params, X[:2], Y[:2], tuning=tuning)
    np.testing.assert_allclose(run.history["loss"][0, 1], value)  # of its rows alone


@BOTH
def test_an_epoch_without_weight_has_the_loss_zero(side):
    """The rows of a member may all fall into the remainder that a plan drops."""
    weights = np.array([[1.0, 1, 1], [0, 0, 1]])
    plan = fnet.minibatch_plan(3, 2, 2, None, weights, drop_remainder=True)
    params = reference.init_params(NET, [0, 1], dtype="float64")
    run = side.train(NET, side.adam(0.1), params, X[:3], Y[:3], plan)
    assert run.history["loss"][:, 1].tolist() == [0, 0]
    for p, q in zip(arrays(run.params), arrays(params), strict=True):
        assert np.array_equal(p[1], q[1])


@BOTH
def test_a_member_that_is_not_finite_leaves_the_others_alone(side):
    chosen = {name: CASES[name][True] for name in CASES} | {"rate": ([0.125, 1e300, 0.25], None)}
    with pytest.warns(RuntimeWarning, match="1 of 3 members"):
        run = run_of(side, {name: v for name, (v, *_) in chosen.items()}, on_not_finite="warn")
    assert run.history["ended"][1] == "not finite"
    chosen["rate"] = chosen["rate"][0], lambda m: [0.125, 1e300, 0.25][m]
    for member in (0, 2):
        equal_alone(
            run, run_of(reference, {n: of(member) for n, (_, of) in chosen.items()}), member
        )


@BOTH
def test_a_run_with_own_rows_is_resumed_and_saved(side, tmp_path, monkeypatch):
    """In the middle of an epoch, where the sum of its weights is one for each member."""
    plan = fnet.kfold_plan(N, 5, EPOCHS, seed=7, weights=ROW_WEIGHTS)
    params = reference.init_params(NET, SEEDS, dtype="float64")
    arguments = NET, side.adam(0.1), params, X, Y, plan
    together = side.train(*arguments)
    monkeypatch.setattr("fnet.core.batch_source.timed_chunks", chunks_of(3))
    halves = []
    side.train(*arguments, callback=halves.append)
    half = halves[2]
    assert half.train_state.step
    assert half.train_state.weight_sum.shape == (M,)
    fnet.save(tmp_path / "half.fnet", half)
    for start in (half, fnet.load(tmp_path / "half.fnet").run):
        resumed = side.train(*arguments[:2], start, X, Y, plan)
        for p, q in zip(arrays(resumed.params), arrays(together.params), strict=True):
            assert np.array_equal(p, q)


def chunks_of(count):
    """Chunks of `count` steps instead of timed ones."""

    def chunks(parts, first, max_steps, agree):
        for data, rows, weights in parts:
            for at in range(0, len(rows), count):
                yield data, rows[at : at + count], weights[at : at + count]

    return chunks


MANY = 6
ENDS = {
    "one axis, rows and weights shared": (MANY,),
    "two axes, all own": (2, 3),
}
"""Runs that go on without ended members, by their member axes."""


def ending(side, axes, member, start=None, **options):
    """A run of which members end one by one; of one alone where `member` is its number."""
    own_all, each = len(axes) > 1, np.arange(MANY) if member is None else np.array([member])

    def own(values):
        values = np.asarray(values)[each]
        return values.reshape(*axes, *values.shape[1:]) if member is None else values[0]

    rates = 0.1 + 0.01 * np.arange(MANY)[:, None] + np.array([0, 0.01, 0.02])
    tuning, more, weights = Tuning(dropout=0.1, seed=own(np.arange(MANY)), l2=0.1), {}, None
    if own_all:
        rates[3] = 1e300
        weights = own(1.0 + (np.arange(MANY)[:, None] + np.arange(N)) % 2)
        tuning = tuning._replace(ema_momentum=own(np.linspace(0, 0.5, MANY)))
        classes = own(1.0 + np.arange(2 * MANY).reshape(MANY, 2))
        more = {
            "class_weight": classes if member is None else dict(enumerate(classes)),
            "lr_factor": own(np.linspace(0.3, 0.5, MANY)),
            "min_lr_factor": 0.2,
            "on_not_finite": "warn",
        }
        numbers = own((np.arange(MANY)[:, None] * 2 + np.arange(V)) % N)
        held_weights = 1.0 + np.arange(numbers.size).reshape(numbers.shape) % 3
        if member is not None:
            held_weights = (1.0 + np.arange(MANY * V).reshape(MANY, V) % 3)[member]
        more["validation"] = X[numbers], Y.astype(np.int32)[numbers], held_weights
        if member is None:
            more["validation"] = HeldOut(
                numbers[..., None].astype(np.int32), *more["validation"][1:]
            )
    return side.train(
        *(NET, side.adam(fnet.schedules.piecewise_constant([20, 40], own(rates)))),
        start or reference.init_params(NET, own(np.arange(MANY)), dtype="float64"),
        *(X, Y, fnet.kfold_plan(N, 5, 30, seed=7, weights=weights)),
        tuning=tuning,
        patience=own([1, 30, 2, 3, 1, 2]),
        restore_best=True,
        **({"validation": HELD_ALL} | more | options),
    )


@BOTH
@pytest.mark.filterwarnings("ignore:the loss or a gradient")
@pytest.mark.parametrize("axes", ENDS.values(), ids=ENDS)
@pytest.mark.slow
def test_ended_members_leave_the_others_to_go_on_alone(side, axes, tmp_path, monkeypatch):
    """Every member is as alone, and in pieces, and after a file, which has the same bits."""
    sizes, compile_steps = [], f"fnet.{FOLDER[side]}.training._compile_steps"
    monkeypatch.setattr(compile_steps, lambda *_: 0)
    make = running_members.chunk_runner

    def spied(inner, setup, run, patient):
        def spy(part, run, halving):
            sizes.append(np.size(part.tuning.seed))
            return inner(part, run, halving)

        return make(spy, setup, run, patient)

    monkeypatch.setattr(running_members, "chunk_runner", spied)
    together = ending(side, axes, None)
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (6, 1)
    assert 3 <= len(set(sizes) & {6, 3, 2, 1}) == len(set(sizes))
    assert together.history["ended"].shape == axes
    for member in range(MANY):
        equal_alone(together, ending(reference, axes, member), np.unravel_index(member, axes))
    before = list(sizes)
    monkeypatch.setattr("fnet.core.batch_source.timed_chunks", chunks_of(3))
    parts = []
    in_chunks = ending(side, axes, None, callback=parts.append)
    counts = [np.count_nonzero(part.train_state.ended) for part in parts]
    runs = [in_chunks]
    for ended in sorted(set(counts) - {MANY}):  # none, some and most of the members
        path = tmp_path / f"{ended}.fnet"
        with pytest.raises(Crash):
            ending(side, axes, None, callback=Crashing(path, ended))
        found = fnet.load(path).run
        assert np.count_nonzero(found.train_state.ended) == ended
        assert np.shape(found.train_state.weight_sum) == (axes if len(axes) > 1 else ())
        runs.append(ending(side, axes, None, callback=fnet.checkpoint(path)))
        if len(axes) == 1:  # a member that was not finite would run again
            runs.append(ending(side, axes, None, found))
    assert len(runs) > 3
    assert set(sizes) == set(before)
    for run in runs:
        for ours, theirs in zip(every_array(run), every_array(together), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    monkeypatch.setattr(compile_steps, lambda *_: 1 << 40)
    kept = []
    ending(side, axes, None, callback=kept.append)
    assert len(kept) == len(parts)
    for part, all_kept in zip(parts, kept, strict=True):
        for ours, theirs in zip(every_array(part), every_array(all_kept), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


class Crash(Exception):
    pass


class Crashing(fnet.checkpoint):
    """A checkpoint whose process dies once so many members have ended."""

    def __init__(self, path, ended):
        super().__init__(path, every=0)
        self.ended = ended

    def __call__(self, run):
        super().__call__(run)
        if np.count_nonzero(run.train_state.ended) >= self.ended:
            raise Crash


def every_array(run):
    """All arrays of a Run: of params, state and history; ended members have no sum of weights."""
    now = run.train_state
    running = np.asarray(now.ended) == RUNNING
    now = now._replace(weight_sum=np.where(running, now.weight_sum, np.nan))
    trees = run.params, now.params, now.best, now.average, *now.state.moments
    numbers = [now.state.step, *(getattr(now, name) for name in NUMBERS)]
    history = [values for name, values in run.history.items() if name != "ended"]
    return [*(a for tree in trees for a in arrays(tree)), *map(np.asarray, numbers), *history]


def test_a_run_waits_until_a_program_pays():
    """The size depends on the steps at which members ended, in the middle of an epoch too."""
    state = reference.train(
        *(NET, reference.sgd(0.1), reference.init_params(NET, np.arange(8)), X, Y),
        fnet.kfold_plan(N, 5, 1, seed=7),
    ).train_state
    ended_at = np.array([-1, 39, -1, 39, 39, -1, 39, 59])
    state = state._replace(
        ended=np.where(ended_at < 0, 0, 1).astype(np.int32), ended_at=ended_at, epoch=np.int64(14)
    )
    for epoch, step, patient, size in (
        (8, 0, 4, 4),  # one step after four members ended; half of them cost a program
        (8, 0, 5, 8),
        (9, 0, 24, 4),
        (9, 3, 24, 4),
        (8, 3, 24, 8),
        (14, 0, 24, 4),  # a fifth ended 11 steps ago: that makes no half of four
        (14, 0, 1000, 8),
    ):
        now = state._replace(epoch=np.int64(epoch), step=np.int64(step))
        assert running_members._size(now, 8, patient, 5)[0] == size, (epoch, step, patient)
    assert running_members._last(state, 4).tolist() == [0, 2, 5, 7]


@BOTH
def test_a_users_function_keeps_all_members(side):
    """It may hold numbers of all of them."""
    rates = np.array([0.1, 0.2, 0.3])

    def rate(step):
        return rates + 0 * step

    run = side.train(
        *(NET, side.sgd(rate), reference.init_params(NET, SEEDS), X, Y),
        fnet.kfold_plan(N, 5, 30, seed=7),
        patience=[1, 1, 100],
        min_delta=[1.0, 1.0, 0.0],
        monitor="loss",
    )
    assert run.history["ended"].tolist() == ["patience", "patience", "epochs"]


@BOTH
@pytest.mark.parametrize("name", ["validation_loss", "validation_accuracy"])
def test_members_share_their_best_epoch_by_the_mean_of_the_monitored_value(side, name):
    start = reference.init_params(NET, SEEDS)
    options = {"validation": (X_HELD, (X_HELD[..., 0] > X_HELD[..., 1]).astype(int))}
    rate = side.sgd([2.0, 0.3, 0.02])

    def run(epochs, **more):
        plan = fnet.kfold_plan(N, 5, epochs, seed=7)
        return side.train(NET, rate, start, X, Y, plan, **options, **more)

    together = run(12, monitor=f"mean_{name}", restore_best=True)
    mean = np.asarray(together.history[name]).mean(axis=1)
    best = int(mean.argmin() if name == "validation_loss" else mean.argmax())
    alone = run(12, monitor=name, restore_best=True).train_state.best_epoch
    assert len({*np.asarray(alone).tolist(), best}) > 1  # or the test shows nothing
    assert np.asarray(together.train_state.best_epoch).tolist() == [best] * M
    for ours, theirs in zip(together.params, run(best + 1).params, strict=True):
        np.testing.assert_allclose(ours.w, theirs.w, rtol=1e-6)


@BOTH
def test_members_end_together_by_the_mean_of_the_monitored_value(side):
    start, plan = reference.init_params(NET, SEEDS), fnet.kfold_plan(N, 5, 30, seed=7)
    options = {"monitor": "mean_loss", "patience": 3, "on_not_finite": "warn"}
    run = side.train(NET, side.sgd([0.3, 0.1, 0.02]), start, X, Y, plan, min_delta=0.05, **options)
    mean, epochs = run.history["loss"].mean(axis=1), len(run.history["loss"])
    best, wait = np.inf, 0
    for epoch, value in enumerate(mean):
        assert wait < 3, epoch
        best, wait = (value, 0) if value < best - 0.05 else (best, wait + 1)
    assert wait == 3
    assert epochs < 30
    assert run.history["ended"].tolist() == ["patience"] * M
    with pytest.warns(RuntimeWarning, match="of 1 of 3 members stopped being finite"):
        run = side.train(NET, side.sgd([1e38, 0.1, 0.02]), start, X, Y, plan, **options)
    assert run.history["ended"][0] == "not finite"
    assert set(run.history["ended"][1:]) < {"patience", "epochs"}
    assert np.isfinite(np.asarray(run.train_state.best_value)[1:]).all()


@BOTH
def test_the_mean_over_one_network_is_its_own_value(side):
    start, plan = reference.init_params(NET, 3), fnet.kfold_plan(N, 5, 8, seed=7)
    own, mean = (
        side.train(NET, side.sgd(0.3), start, X, Y, plan, monitor=monitor, restore_best=True)
        for monitor in ("loss", "mean_loss")
    )
    assert own.train_state.best_epoch == mean.train_state.best_epoch
    np.testing.assert_array_equal(own.params[0].w, mean.params[0].w)


def test_a_plan_gives_each_member_the_weights_of_the_shared_batches():
    plan = fnet.kfold_plan(N, 5, 3, seed=7, weights=ROW_WEIGHTS)
    rows, weights = plan.batches(1, 3)
    assert weights.shape == (2, plan.steps, M, plan.width)
    for member in range(M):
        alone = fnet.kfold_plan(N, 5, 3, seed=7, weights=ROW_WEIGHTS[member]).batches(1, 3)
        assert np.array_equal(rows, alone[0])
        assert np.array_equal(weights[:, :, member], alone[1])


def test_balanced_class_weights_of_each_member():
    found = fnet.class_weights(NET, Y, "balanced", ROW_WEIGHTS)
    each = [fnet.class_weights(NET, Y, "balanced", own) for own in ROW_WEIGHTS]
    assert np.array_equal(found, each)


REFUSED = {
    "weights of other members": (
        {"plan": fnet.full_batch_plan(N, 1, np.ones((2, N)))},
        r"weights of the plan must be \[23\], or \[3, 23\] with .*; got shape \[2, 23\]",
    ),
    "validation rows of other members": (
        {"validation": (X_HELD[:2], Y_HELD[:2])},
        r"validation: x must be rows of 3 features, .* or \[3, N, 3\]; got shape \[2, 7, 3\]",
    ),
    "a member without validation rows": (
        {"validation": (X_HELD, Y_HELD, np.eye(M, V) * [[1], [0], [1]])},
        r"weights of validation must not all be 0; .*, for member \[1\] too",
    ),
    "class weights of other members": (
        {"class_weight": np.ones((2, 2))},
        r"class_weight as an array must have the shape \[2\], or \[3, 2\] .*; got \[2, 2\]",
    ),
    "class weights that leave a member nothing": (
        {"class_weight": np.array([[1.0, 1], [0, 0], [1, 1]])},
        "row weights times class weights must not all be 0",
    ),
}


@pytest.mark.parametrize(("changed", "match"), REFUSED.values(), ids=REFUSED)
def test_what_train_refuses(changed, match):
    given = {"plan": fnet.full_batch_plan(N, 1)} | changed
    params = reference.init_params(NET, SEEDS)
    plan = given.pop("plan")
    refused_alike(lambda side: side.train(NET, side.adam(0.1), params, X, Y, plan, **given), match)


def test_a_plan_refuses_a_member_without_rows():
    with pytest.raises(InvalidArgument, match=r"weights must not all be 0; .*, for member \[1\]"):
        fnet.full_batch_plan(3, 1, [[1, 1, 1], [0, 0, 0]])
    with pytest.raises(
        InvalidArgument, match=r"one number for each row, \[3\]; got shape \[2, 4\]"
    ):
        fnet.full_batch_plan(3, 1, np.ones((2, 4)))
    with pytest.raises(
        InvalidArgument, match=r"one number for each row, \[3\]; got shape \[2, 3\]"
    ):
        fnet.pipeline(X[:3], Y[:3], 1, weights=np.ones((2, 3)))
