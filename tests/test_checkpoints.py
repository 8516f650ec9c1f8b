"""Checkpoints: the same call resumes bit for bit; a different call is refused."""

import errno
import os
import signal
import warnings

import numpy as np
import pytest

import fnet
from fnet import FormatError, InvalidArgument, Network, Tuning, reference
from fnet.cli import main
from fnet.core import batch_source
from fnet.files import atomic, environment
from fnet.files.storage import canonical_json

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

NET = Network((2, 8, 1), loss="squared_error")
X = np.linspace(-1, 1, 40).reshape(20, 2)
Y = X[:, 0] ** 2


class Crash(Exception):
    pass


class Crashing(fnet.checkpoint):
    """A checkpoint whose process dies after a few chunks."""

    left = 5

    def __call__(self, run):
        super().__call__(run)
        self.left -= 1
        if not self.left:
            raise Crash


def call(
    side, callback=None, *, net=NET, x=X, seed=0, epochs=5, plan=None, optimizer=None, **options
):
    plan = plan or fnet.kfold_plan(len(x), 5, epochs, seed=0)
    optimizer = optimizer or side.adam(0.05)
    options = {"validation": (X[:5], Y[:5]), **options}
    params = reference.init_params(net, seed)
    return side.train(net, optimizer, params, x, Y[: len(x)], plan, callback=callback, **options)


@pytest.fixture(autouse=True)
def one_step_per_chunk(monkeypatch):
    def chunks(parts, first, max_steps, agree):
        for data, rows, weights in parts:
            for at in range(len(rows)):
                yield data, rows[at : at + 1], weights[at : at + 1]

    monkeypatch.setattr(batch_source, "timed_chunks", chunks)


@BOTH
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seed": [0, 1, 2], "patience": 2, "restore_best": True},
        {"tuning": Tuning(dropout=0.3, ema_momentum=0.9), "patience": 1, "lr_factor": 0.5},
    ],
    ids=["plain", "members", "tuned"],
)
def test_the_same_call_resumes_bit_for_bit_until_it_is_done(side, options, tmp_path):
    path = tmp_path / "run.fnet"
    full_run = call(side, **options)
    for _ in range(2):
        with pytest.raises(Crash):
            call(side, Crashing(path, every=0), **options)
    assert fnet.load(path).run.state.step.max() == 10
    assert canonical_json(
        call(side, fnet.checkpoint(path, every=1e9), **options)
    ) == canonical_json(full_run)
    done = path.read_bytes()
    again = call(side, fnet.checkpoint(path, every=1e9), **options)
    assert canonical_json(again) == canonical_json(full_run)
    assert type(again.params[0].w) is type(full_run.params[0].w)
    assert path.read_bytes() == done


@BOTH
def test_a_plan_with_more_epochs_continues_the_run(side, tmp_path):
    path = tmp_path / "run.fnet"
    call(side, fnet.checkpoint(path))
    longer = call(side, fnet.checkpoint(path), epochs=8)
    assert canonical_json(longer) == canonical_json(call(side, epochs=8))


def test_a_resumed_run_can_have_a_checkpoint(tmp_path):
    half = call(reference, epochs=2)

    def go(callback):
        plan = fnet.kfold_plan(20, 5, 5, seed=0)
        options = {"validation": (X[:5], Y[:5]), "callback": callback}
        return reference.train(NET, reference.adam(0.05), half, X, Y, plan, **options)

    with pytest.raises(Crash):
        go(Crashing(tmp_path / "run.fnet", every=0))
    assert canonical_json(go(fnet.checkpoint(tmp_path / "run.fnet"))) == canonical_json(
        call(reference)
    )


def test_a_pipeline_can_have_a_checkpoint(tmp_path):
    def go(callback):
        params = reference.init_params(NET, 0)
        data = fnet.pipeline(X, Y, 5, epochs=5, seed=0)
        return fnet.train(NET, fnet.adam(0.05), params, data=data, callback=callback)

    with pytest.raises(Crash):
        go(Crashing(tmp_path / "run.fnet", every=0))
    assert canonical_json(go(fnet.checkpoint(tmp_path / "run.fnet"))) == canonical_json(go(None))


def test_a_schedule_and_a_function_are_resumed(tmp_path):
    for i, rate in enumerate((fnet.schedules.cosine(0.1, 20), lambda step: 0.1 / (step + 1))):
        path = tmp_path / f"{i}.fnet"
        with pytest.raises(Crash):
            call(reference, Crashing(path, every=0), optimizer=reference.sgd(rate))
        run = call(reference, fnet.checkpoint(path), optimizer=reference.sgd(rate))
        assert canonical_json(run) == canonical_json(call(reference, optimizer=reference.sgd(rate)))


def test_it_is_saved_at_intervals(tmp_path, monkeypatch):
    now, saved = [0.0], []
    monkeypatch.setattr(fnet.files.checkpointing.time, "monotonic", lambda: now[0])
    write = fnet.files.storage.write
    monkeypatch.setattr(
        *(fnet.files.storage, "write"),
        lambda path, content, **how: (
            saved.append(int(content.run.state.step)),
            write(path, content, **how),
        ),
    )

    class Timed(fnet.checkpoint):
        def __call__(self, run):
            now[0] += 1.0
            super().__call__(run)

    call(reference, Timed(tmp_path / "run.fnet", every=6))
    assert saved == [0, 6, 12, 18, 20]


# Bad arguments.

OTHERS = {
    "network": {"net": Network((2, 7, 1), loss="squared_error")},
    "optimizer": {"optimizer": reference.adam(0.06)},
    "kind of optimizer": {"optimizer": reference.sgd(0.05)},
    "data": {"x": X + 1e-9},
    "number of rows": {"x": X[:10]},
    "plan": {"plan": fnet.kfold_plan(20, 5, 5, seed=1)},
    "batches of the plan": {"plan": fnet.kfold_plan(20, 4, 5, seed=0)},
    "fewer epochs of the plan": {"epochs": 0},
    "initial params": {"seed": 1},
    "members of initial params": {"seed": [0, 1]},
    "tuning": {"tuning": Tuning(l2=0.1)},
    "validation": {"validation": (X, Y)},
    "early stopping": {"patience": 2},
}


@BOTH
@pytest.mark.parametrize("what", OTHERS)
def test_a_different_call_is_refused_and_nothing_is_overwritten(side, what, tmp_path):
    path = tmp_path / "run.fnet"
    with pytest.raises(Crash):
        call(side, Crashing(path, every=0))
    before = path.read_bytes()
    name = what if what == "number of rows" else what.rpartition(" of ")[2].removeprefix("the ")
    with pytest.raises(InvalidArgument, match=f"a call that differs in its {name}[;:]") as raised:
        call(side, fnet.checkpoint(path, every=0), **OTHERS[what])
    assert str(path) in str(raised.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("what", ["a network", "a run", "a text"])
def test_a_file_that_is_not_a_checkpoint_is_refused(what, tmp_path):
    path = tmp_path / "run.fnet"
    if what == "a text":
        path.write_text("a text that someone needs")
    else:
        run = call(reference)
        fnet.save(path, run if what == "a run" else (run.net, run.params))
    before = path.read_bytes()
    kind, match = (
        (FormatError, "must be a file that fnet.save wrote")
        if what == "a text"
        else (InvalidArgument, "no checkpoint")
    )
    with pytest.raises(kind, match=match):
        call(reference, fnet.checkpoint(path, every=0))
    assert path.read_bytes() == before


def test_arguments_of_a_checkpoint_are_checked(tmp_path):
    with pytest.raises(InvalidArgument, match="every must be a number of at least 0; got -1"):
        fnet.checkpoint(tmp_path / "run.fnet", every=-1)
    with pytest.raises(InvalidArgument, match="exact must be True or False"):
        fnet.checkpoint(tmp_path / "run.fnet", exact="yes")
    with pytest.raises(InvalidArgument, match="on_write_error must be one of error, warn"):
        fnet.checkpoint(tmp_path / "run.fnet", on_write_error="ignore")


# The path, and the disk.


def test_the_path_is_claimed_before_the_first_step(tmp_path):
    """So the second of two calls that differ is refused, and the same call starts from there."""
    path = tmp_path / "run.fnet"

    class Second(Exception):
        pass

    class First(fnet.checkpoint):
        def __call__(self, run):
            with pytest.raises(InvalidArgument, match="a call that differs in its initial params"):
                call(reference, fnet.checkpoint(path, every=0), seed=1)
            raise Second

    with pytest.raises(Second):
        call(reference, First(path, every=1e9))
    assert int(fnet.load(path).run.train_state.epoch) == 0
    assert canonical_json(call(reference, fnet.checkpoint(path))) == canonical_json(call(reference))


@BOTH
@pytest.mark.parametrize("options", [{}, {"seed": [0, 1], "restore_best": True}])
def test_a_claimed_path_changes_no_bit_of_the_run(side, options, tmp_path):
    path = tmp_path / "run.fnet"

    class Dies(fnet.checkpoint):
        def __call__(self, run):
            raise Crash

    with pytest.raises(Crash):
        call(side, Dies(path), **options)
    resumed = call(side, fnet.checkpoint(path, every=1e9), **options)
    assert canonical_json(resumed) == canonical_json(call(side, **options))


def test_two_calls_that_begin_at_once_do_not_overwrite_each_other(tmp_path, monkeypatch):
    """The other call claims the path after this one has seen that there is no file."""
    path, write, begun = tmp_path / "run.fnet", fnet.files.storage.write, []

    def late(target, content, **how):
        if not begun:
            begun.append(True)
            call(reference, fnet.checkpoint(path), seed=1)
        write(target, content, **how)

    monkeypatch.setattr(fnet.files.storage, "write", late)
    with pytest.raises(InvalidArgument, match="a call that differs in its initial params"):
        call(reference, fnet.checkpoint(path, every=0))
    expected = canonical_json(call(reference, seed=1).params)
    assert canonical_json(fnet.load(path).run.params) == expected


@pytest.mark.parametrize("other", ["a checkpoint of another call", "a model"])
def test_a_file_that_another_call_has_put_there_is_not_overwritten(other, tmp_path):
    path = tmp_path / "run.fnet"

    class Replaced(fnet.checkpoint):
        def __call__(self, run):
            if other == "a model":
                fnet.save(path, (run.net, run.params))
            elif path.exists():
                path.unlink()
                call(reference, fnet.checkpoint(path), seed=1)
            super().__call__(run)

    with pytest.raises(InvalidArgument, match="differs in its initial params|holds no checkpoint"):
        call(reference, Replaced(path, every=0))
    assert (fnet.load(path).run is None) == (other == "a model")


def test_a_file_that_was_removed_is_written_again(tmp_path):
    path = tmp_path / "run.fnet"

    class Removed(fnet.checkpoint):
        def __call__(self, run):
            path.unlink(missing_ok=True)
            super().__call__(run)

    call(reference, Removed(path, every=0))
    assert int(fnet.load(path).run.train_state.epoch) == 5


class Full:
    """A disk that is full after this many writes."""

    def __init__(self, monkeypatch, count):
        self.left, self.write = count, atomic.write
        monkeypatch.setattr(atomic, "write", self)

    def __call__(self, path, data, **how):
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        self.write(path, data, **how)


@BOTH
@pytest.mark.parametrize("count", [0, 3])
def test_a_full_disk_ends_the_training_and_names_the_file(side, count, tmp_path, monkeypatch):
    path = tmp_path / "run.fnet"
    Full(monkeypatch, count)
    with pytest.raises(OSError, match="No space left on device") as caught:
        call(side, fnet.checkpoint(path, every=0))
    assert caught.value.filename == str(path)
    assert path.exists() == (count > 0)
    if count:
        assert int(fnet.load(path).run.state.step) == count - 1
        monkeypatch.undo()
        run = call(side, fnet.checkpoint(path))
        assert canonical_json(run) == canonical_json(call(side))


@BOTH
@pytest.mark.parametrize("count", [0, 3])
def test_a_training_goes_on_without_its_checkpoint_if_asked(side, count, tmp_path, monkeypatch):
    path = tmp_path / "run.fnet"
    full = Full(monkeypatch, count)
    with pytest.warns(UserWarning, match="the checkpoint cannot be written") as caught:
        run = call(side, fnet.checkpoint(path, every=0, on_write_error="warn"))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert str(path) in str(caught[0].message)
    assert canonical_json(run) == canonical_json(call(side))
    full.left = 99
    call(side, fnet.checkpoint(path, every=1e9, on_write_error="warn"))
    assert int(fnet.load(path).run.train_state.epoch) == 5


@pytest.mark.filterwarnings("always:the checkpoint cannot be written")
@pytest.mark.parametrize("options", [[], ["--checkpoint-optional"]])
def test_the_command_line_goes_on_without_its_checkpoint_if_asked(
    options, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["sample", "iris", "--out", "iris.csv"]) == 0
    write = atomic.write

    def full(path, data, **how):
        if path == "i.run":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        write(path, data, **how)

    monkeypatch.setattr(atomic, "write", full)
    words = ["--target", "species", "--out", "i.fnet", "--epochs", "2", "--checkpoint", "i.run"]
    code = main(["train", "iris.csv", *words, *options])
    printed = capsys.readouterr().err
    if options:
        assert code == 0
        assert printed.count("the checkpoint cannot be written") == 1
    else:
        assert code == 4
        assert "Error: i.run: No space left on device" in printed
    assert sorted(os.listdir()) == ["i.fnet", "iris.csv"][not options :]


# The environment.


@pytest.mark.parametrize(
    ("name", "value"),
    [("XLA_FLAGS", "--xla_cpu_enable_fast_math=true"), ("TF_ENABLE_ONEDNN_OPTS", "0")],
)
def test_another_environment_gives_a_warning_or_an_error(name, value, tmp_path, monkeypatch):
    for switch in environment.SWITCHES:  # the machine may have set some
        monkeypatch.delenv(switch, raising=False)
    path = tmp_path / "run.fnet"
    with pytest.raises(Crash):
        call(reference, Crashing(path, every=0))
    before = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fnet.checkpoint(path, exact=True)._begin(*begin())
    monkeypatch.setenv(name, value)
    match = f"the last bits may differ: switches was {{}}, now {{'{name}': '{value}'}}"
    with pytest.raises(InvalidArgument, match=match.replace("{}", r"\{\}", 1)):
        call(reference, fnet.checkpoint(path, exact=True))
    assert path.read_bytes() == before
    with pytest.warns(UserWarning, match="the last bits may differ"):
        call(reference, fnet.checkpoint(path))


def begin():
    """The arguments that `train` passes to a callback's `_begin`."""
    seen = []

    class Asked:
        def _begin(self, *arguments):
            seen.extend(arguments)
            return arguments[0]

        def __call__(self, run):
            pass

    call(reference, Asked())
    return seen


def test_the_other_engine_gives_a_warning(tmp_path):
    with pytest.raises(Crash):
        call(reference, Crashing(tmp_path / "run.fnet", every=0))
    with pytest.warns(UserWarning, match="engine was numpy, now tensorflow"):
        call(fnet, fnet.checkpoint(tmp_path / "run.fnet"))


def test_the_environment_is_recorded():
    fields = {"engine", "fnet", "numpy", "BLAS", "processor", "processors", "switches"}
    assert environment.record("numpy").keys() == fields
    ours = environment.record("tensorflow")
    assert ours.keys() == fields | {"tensorflow", "threads", "devices"}
    assert environment.differences(ours, ours) == []
    assert environment.differences(ours, ours | {"threads": (7, 7)}) == [
        f"threads was {ours['threads']}, now (7, 7)"
    ]


@BOTH
def test_ctrl_c_saves_the_run_between_intervals(side, tmp_path):
    class Pressed(fnet.checkpoint):
        left = 7

        def __call__(self, run):
            super().__call__(run)
            self.left -= 1
            if not self.left:
                signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run = call(side, Pressed(tmp_path / "run.fnet", every=1e9))
    finally:
        signal.signal(signal.SIGINT, before)
    assert run.history["ended"] == "interrupted"
    assert fnet.load(tmp_path / "run.fnet").run.train_state.state.step == run.state.step == 7
    finished = call(side, fnet.checkpoint(tmp_path / "run.fnet"))
    assert canonical_json(finished.train_state) == canonical_json(call(side).train_state)
