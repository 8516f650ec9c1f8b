"""Files: loaded bit for bit, with the same predictions, and replaced atomically."""

import errno
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from processes import HANG_SECONDS
from strategies import MEMBERS, arrays, networks, random_params, seeds

import fnet
from fnet import InvalidArgument, Layer, Network, Tuning, reference
from fnet.core import network
from fnet.core.params import map_params
from fnet.core.scaling import Scaling
from fnet.files import Model, schema
from fnet.files.storage import canonical_json

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

NET = Network((4, 5, 3))
PARAMS = reference.init_params(NET, 0)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype(np.float32)
Y = RNG.integers(3, size=20)
PLAN = fnet.kfold_plan(20, 5, epochs=4, seed=0)


def saved(path, what, **named):
    fnet.save(path, what, **named)
    return fnet.load(path)


# Round trips.

letters = st.integers(0, 0x10FFFF).map(chr)  # surrogates and all
names = st.text(letters, max_size=8)
plains = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | names,
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.lists(parts, max_size=3).map(tuple)
        | st.dictionaries(names | st.integers() | st.booleans(), parts, max_size=3)
    ),
    max_leaves=8,
)


@given(networks(), st.sampled_from(MEMBERS), seeds, st.data())
def test_a_network_is_loaded_bit_for_bit_and_saved_to_the_same_bytes(
    tmp_path_factory, net, members, seed, data
):
    folder = tmp_path_factory.getbasetemp()
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    params = random_params(net, members, np.random.default_rng(seed))
    params = map_params(lambda array: array.astype(dtype), params)
    width = net.sizes[0]
    named = {"features": data.draw(st.none() | st.lists(names, min_size=width, max_size=width))}
    named["trained"] = data.draw(plains)
    if net.targets in ("multiclass", "multilabel"):
        count = net.sizes[-1] if net.targets == "multiclass" else max(2, net.sizes[-1])
        named["classes"] = data.draw(st.none() | st.lists(names, min_size=count, max_size=count))
    found = saved(folder / "random.fnet", (net, params), **named)
    assert found.net == net
    for ours, theirs in zip(arrays(params), arrays(found.params), strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.tobytes() == theirs.tobytes()
        assert ours.shape == theirs.shape
    assert [p.b is None for p in found.params] == [not net.bias] * len(params)
    assert found.features == (named["features"] and tuple(named["features"]))
    assert canonical_json(found.trained) == canonical_json(named["trained"])
    if named.get("classes") is not None:
        assert found.classes.tolist() == np.array(named["classes"]).tolist()
    once = (folder / "random.fnet").read_bytes()
    fnet.save(folder / "random.fnet", (net, params), **named)
    assert (folder / "random.fnet").read_bytes() == once
    fnet.save(folder / "random.fnet", found)
    assert (folder / "random.fnet").read_bytes() == once


@BOTH
@pytest.mark.parametrize("seed", [0, [0, 1]])
@pytest.mark.parametrize("options", [{}, {"tuning": Tuning(ema_momentum=0.5), "patience": 1}])
def test_a_loaded_run_resumes_bit_for_bit(side, seed, options, tmp_path):
    options = {"validation": (X, Y), "restore_best": True, **options}
    params = reference.init_params(NET, seed)

    def run(params, epochs):
        plan = fnet.kfold_plan(20, 5, epochs, seed=0)
        return side.train(NET, side.adam(0.05), params, X, Y, plan, **options)

    half = run(params, 2)
    found = saved(tmp_path / "run.fnet", half).run
    assert canonical_json(found) == canonical_json(half)
    assert canonical_json(run(found, 4)) == canonical_json(run(params, 4))


def test_safetensors_reads_the_arrays(tmp_path):
    fnet.save(tmp_path / "net.fnet", (NET, PARAMS))
    found = safetensors.numpy.load_file(tmp_path / "net.fnet")
    assert sorted(found) == ["params.0.b", "params.0.w", "params.1.b", "params.1.w"]
    np.testing.assert_array_equal(found["params.1.w"], PARAMS[1].w)


def test_tensors_and_lists_are_saved_as_arrays_and_layers(tmp_path):
    tensors = [tuple(map(tf.constant, layer)) for layer in PARAMS]
    found = saved(tmp_path / "net.fnet", [NET, tensors])
    assert isinstance(found.params[0], Layer)
    np.testing.assert_array_equal(found.params[0].w, PARAMS[0].w)
    fnet.save(tmp_path / "other.fnet", (NET, PARAMS))
    assert (tmp_path / "net.fnet").read_bytes() == (tmp_path / "other.fnet").read_bytes()


@pytest.mark.parametrize(
    "classes",
    [["a", "b\0", "c"], [1, 2, 5], [0.5, 1.5, -1.0], [True, False, True]]
    + [np.array(["x", "yy", "z"], object), np.array(["x", 1, None], object)],
    ids=repr,
)
def test_classes_of_every_kind_are_loaded(classes, tmp_path):
    found = saved(tmp_path / "net.fnet", (NET, PARAMS), classes=classes).classes
    assert found.dtype.kind == np.asarray(classes).dtype.kind
    assert found.tolist() == np.asarray(classes).tolist()


def test_the_training_information_is_kept(tmp_path):
    trained = {
        "optimizer": fnet.adam(fnet.schedules.cosine(0.1, 100)),
        "tuning": Tuning(l2=np.float64(0.1), dropout=np.array([0.1, 0.2])),
        "numbers": [float("nan"), float("-inf"), -0.0, 2**64, np.int32(3)],
        3: {"nested": ((), [], {})},
    }
    found = saved(tmp_path / "net.fnet", (NET, PARAMS), trained=trained).trained
    assert canonical_json(found) == canonical_json(trained)
    assert found["optimizer"].kind == "adam"
    assert reference.update(found["optimizer"], PARAMS, found["optimizer"].init(PARAMS), PARAMS)


# Predictions.


@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("loss", network.LOSSES)
def test_predictions_equal_the_twins(loss, members, tmp_path, monkeypatch):
    monkeypatch.setattr("fnet.core.checks.CHUNK", 64)  # a few rows at a time
    net = Network((4, 6, 3), "gelu", loss=loss)
    params = random_params(net, members, np.random.default_rng(1))
    found = saved(tmp_path / "net.fnet", (net, params))
    expected = reference.predict(net, params, X)
    if net.targets in ("multiclass", "multilabel"):
        np.testing.assert_allclose(found.predict_proba(X), expected, rtol=1e-12)
        several = net.targets == "multilabel"
        classes = expected > 0.5 if several else expected.argmax(axis=-1)
        np.testing.assert_array_equal(found.predict(X), classes)
    else:
        np.testing.assert_allclose(found.predict(X), expected, rtol=1e-12)
        with pytest.raises(InvalidArgument, match="predict_proba needs a network of classes or"):
            found.predict_proba(X)
    with pytest.raises(InvalidArgument, match="holds no estimator"):
        found.estimator()
    assert found.run is None


@pytest.mark.parametrize("members", MEMBERS)
def test_predict_returns_the_names_of_classes(members, tmp_path):
    params = random_params(NET, members, np.random.default_rng(1))
    found = saved(tmp_path / "net.fnet", (NET, params), classes=["a", "b", "c"])
    probabilities = reference.predict(NET, params, X)
    assert np.array_equal(
        found.predict(X), np.array(["a", "b", "c"])[probabilities.argmax(axis=-1)]
    )
    np.testing.assert_allclose(found.predict_proba(X), probabilities, rtol=1e-12)


def test_a_single_label_has_two_classes_and_several_have_none(tmp_path):
    net = Network((4, 1), loss="sigmoid_cross_entropy")
    params = reference.init_params(net, 0)
    found = saved(tmp_path / "net.fnet", (net, params), classes=["no", "yes"])
    probabilities = reference.predict(net, params, X)
    without_names = saved(tmp_path / "other.fnet", (net, params))
    np.testing.assert_array_equal(without_names.predict(X), probabilities[:, 0] > 0.5)
    np.testing.assert_array_equal(without_names.predict_proba(X), found.predict_proba(X))
    assert np.array_equal(found.predict(X), np.where(probabilities[:, 0] > 0.5, "yes", "no"))
    np.testing.assert_allclose(
        found.predict_proba(X), np.hstack([1 - probabilities, probabilities])
    )
    net = Network((4, 3), loss="sigmoid_cross_entropy")
    params = reference.init_params(net, 0)
    found = saved(tmp_path / "net.fnet", (net, params), classes=["a", "b", "c"])
    assert np.array_equal(found.predict(X), reference.predict(net, params, X) > 0.5)


def test_scaling_is_part_of_the_prediction(tmp_path):
    net = Network((4, 5, 2), loss="squared_error")
    params = reference.init_params(net, 0)
    scaling = Scaling(RNG.normal(size=4), np.arange(1.0, 5), np.array([5.0, 6]), np.array([2.0, 3]))
    fnet.save(tmp_path / "net.fnet", Plain(net, params, scaling=scaling))
    found = fnet.load(tmp_path / "net.fnet")
    inner = reference.predict(net, params, (X - scaling.x_mean) / scaling.x_scale)
    np.testing.assert_allclose(found.predict(X), inner * [2, 3] + [5, 6], rtol=1e-5)
    assert found.predict(X).dtype == np.float32


class Plain:
    """An object that gives itself as plain data, as estimators do."""

    def __init__(self, net, params, **parts):
        self.parts = {"net": net, "params": params, **parts}

    def _plain(self):
        return self.parts


def test_a_table_must_have_the_columns_of_the_file(tmp_path):
    found = saved(tmp_path / "net.fnet", (NET, PARAMS), features=["a", "b", "c", "é"])
    table = pd.DataFrame(X, columns=["a", "b", "c", "é"])
    np.testing.assert_array_equal(found.predict(table), found.predict(X))
    np.testing.assert_array_equal(found.predict(table[["é", "b", "a", "c"]]), found.predict(X))
    np.testing.assert_array_equal(found.predict(pd.DataFrame(X)), found.predict(X))  # no names
    with pytest.raises(InvalidArgument, match=r"in any order: missing \['b'\]; unknown \['z'\]$"):
        found.predict(table.rename(columns={"b": "z"}))
    with pytest.raises(InvalidArgument, match=r"in any order: missing \['a', 'b', 'c'\]$"):
        found.predict(table[["é"]])
    with pytest.raises(InvalidArgument, match=r"in any order: given twice \['a'\]$"):
        found.predict(table[["a", "a", "b", "c", "é"]])


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (X[:, :3], r"x must be rows of 4 features, \[N, 4\]; got shape \[20, 3\]"),
        (X[0], r"got shape \[4\]"),
        (X[:0], "at least one row"),
        (np.full((2, 4), np.nan), "x must be finite; got nan, first in row 0"),
        (np.full((2, 4), 1e39), "x in float32 must be finite; got inf"),
        ([["a"] * 4], "got text"),
    ],
)
def test_bad_rows_are_refused(x, match, tmp_path):
    found = saved(tmp_path / "net.fnet", (NET, PARAMS))
    with pytest.raises(InvalidArgument, match=match):
        found.predict(x)


def test_a_model_can_be_pickled_and_has_a_repr(tmp_path):
    found = saved(tmp_path / "net.fnet", (NET, PARAMS), features=list("abcd"))
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(X), found.predict(X))
    lines = repr(again).splitlines()
    assert lines[0].startswith("Model of Network((4, 5, 3), ")
    assert lines[1:] == ["  43 parameters, float32", "  features: 4, 'a', 'b', 'c', 'd'"]


def test_the_repr_of_a_model_has_at_most_ten_lines(tmp_path):
    run = reference.train(NET, fnet.adam(0.1), PARAMS, X, Y, PLAN)
    named = {"classes": ["a", "b", "c"], "features": [str(i) * 50 for i in range(4)]}
    found = saved(tmp_path / "run.fnet", run, **named, trained={"by": 1, "with": fnet.adam(0.1)})
    scaling = Scaling(np.zeros(4), np.ones(4))
    estimator = schema.Estimator("MLPClassifier", {}, {})
    content = schema.content_of(found)._replace(scaling=scaling, estimator=estimator)
    lines = repr(Model(content)).splitlines()
    assert len(lines) <= 10
    assert max(map(len, lines)) < 200
    assert lines[2] == "  classes: 3, 'a', 'b', 'c'"
    assert lines[4:] == [
        "  standardized: features",
        "  estimator: MLPClassifier",
        "  run: adam, 4 epochs",
        "  trained: 2, 'by', 'with'",
    ]


def test_one_row_takes_few_calls(tmp_path):
    """It took 25 µs with 40 calls. Calls are counted: the machine of the tests may be busy."""
    net = Network((64, 30, 10))
    found = saved(tmp_path / "net.fnet", (net, reference.init_params(net, 0)))
    row = np.ones((1, 64), np.float32)
    found.predict(row)
    calls = []
    sys.setprofile(lambda frame, event, _: calls.append(event) if "call" in event else None)
    found.predict(row)
    sys.setprofile(None)
    assert 2 < len(calls) < 80


@pytest.mark.parametrize(
    ("method", "shape"), [("predict", (1_000_000,)), ("predict_proba", (1_000_000, 2))]
)
def test_a_million_rows_take_only_the_memory_of_the_result(method, shape, tmp_path):
    net = Network((8, 30, 2))
    found = saved(tmp_path / "net.fnet", (net, reference.init_params(net, 0)))
    x = np.zeros((1_000_000, 8))
    tracemalloc.start()
    out = getattr(found, method)(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert out.shape == shape
    assert peak < out.nbytes + (48 << 20)


# With only NumPy and safetensors.


ROOT = Path(__file__).parents[1]


def in_process(code, *arguments, python=sys.executable, root=ROOT):
    """The JSON that this code prints in a new process, with the fnet in `root`."""
    env = {**os.environ, "PYTHONPATH": str(root)}
    command = [python, "-W", "error", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PREDICT = """
import json, sys
import numpy as np
import fnet
heavy = ("tensorflow", "sklearn", "pandas", "scipy", "tqdm", "matplotlib")
path, rows = sys.argv[1:]
model = fnet.load(path)
found = model.predict(json.loads(rows)).tolist(), model.predict_proba(json.loads(rows)).tolist()
print(json.dumps([found, [name for name in heavy if name in sys.modules], fnet.__file__]))
"""


@pytest.mark.slow
def test_a_file_predicts_where_only_numpy_and_safetensors_are_installed(tmp_path):
    fnet.save(tmp_path / "net.fnet", (NET, PARAMS), classes=["a", "b", "c"])
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "bare"], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    for what in (["numpy", "safetensors"], ["--no-deps", ROOT]):
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
        subprocess.run(pip, check=True, env={**os.environ, "PYTHONPATH": ""})
    rows = json.dumps(X.tolist())
    found, heavy, where = in_process(PREDICT, tmp_path / "net.fnet", rows, python=python, root="")
    assert heavy == []
    assert str(tmp_path) in where
    model = fnet.load(tmp_path / "net.fnet")
    assert found[0] == model.predict(X).tolist()
    np.testing.assert_allclose(found[1], model.predict_proba(X), rtol=1e-6)


def test_loading_imports_nothing_and_opens_one_file(tmp_path):
    run = reference.train(NET, reference.adam(0.1), PARAMS, X, Y, PLAN)
    fnet.save(tmp_path / "run.fnet", run, classes=["a", "b", "c"], trained={"by": [1, "x"]})
    code = """
import json, sys
import fnet
load, path, events = fnet.load, sys.argv[1], None
def note(event, arguments):
    if events is not None:
        events.append([event, str(arguments[0]) if arguments else ""])
sys.addaudithook(note)
events = []
model = load(path)
seen, events = events, None
heavy = ("tensorflow", "sklearn", "pandas", "scipy", "tqdm", "matplotlib")
model.predict([[0.0] * 4])
print(json.dumps([seen, [name for name in heavy if name in sys.modules]]))
"""
    events, heavy = in_process(code, tmp_path / "run.fnet")
    assert events == [["open", str(tmp_path / "run.fnet")]]
    assert heavy == []


# Values that cannot be saved.


@pytest.mark.parametrize(
    ("what", "named", "match"),
    [
        (5, {}, r"what must be \(net, params\), a Run, .*, or what load returned; got 5"),
        ((NET,), {}, r"what must be \(net, params\)"),
        ((NET, PARAMS[:1]), {}, "params must be one Layer"),
        ((NET, map_params(lambda array: array * np.nan, PARAMS)), {}, "must be finite; got nan"),
        ((NET, PARAMS), {"classes": ["a", "b"]}, "classes must be one for each output, 3"),
        ((NET, PARAMS), {"features": ["a"]}, "features must be the names of the 4 features"),
        (
            (NET, PARAMS),
            {"features": list(range(4))},
            "features must be the names of the 4 features",
        ),
        (
            (NET, PARAMS),
            {"trained": {"how": print}},
            "trained.how cannot be saved: .* got <built-in",
        ),
        ((NET, PARAMS), {"trained": {1, 2}}, r"trained cannot be saved: .* got \{1, 2\}"),
        (
            (NET, PARAMS),
            {"trained": X.astype(complex)},
            "must hold booleans, integers or floats; got dtype complex128",
        ),
        ((NET, PARAMS), {"trained": np.array([{}], object)}, "trained cannot be saved"),
        ((NET, PARAMS), {"trained": pd.DataFrame(X)}, "trained cannot be saved"),
        ((NET, PARAMS), {"trained": ["x"] * 70_000}, "at most 150000 quotes"),
        ((NET, PARAMS), {"trained": "x" * (2 << 20)}, "at most 1048576 bytes"),
        ((NET, PARAMS), {"trained": json.loads("[" * 70 + "]" * 70)}, "at most 64 brackets deep"),
    ],
)
def test_values_that_cannot_be_saved_leave_the_file_unchanged(what, named, match, tmp_path):
    path = tmp_path / "net.fnet"
    fnet.save(path, (NET, PARAMS))
    before = path.read_bytes()
    with pytest.raises(InvalidArgument, match=match):
        fnet.save(path, what, **named)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.fnet"]


def test_recursive_data_are_refused(tmp_path):
    endless = []
    endless.append(endless)
    with pytest.raises(InvalidArgument, match="must not contain itself"):
        fnet.save(tmp_path / "net.fnet", (NET, PARAMS), trained=endless)


def test_classes_need_a_classification_loss(tmp_path):
    net = Network((4, 2), loss="squared_error")
    with pytest.raises(InvalidArgument, match="of a network with a cross-entropy"):
        fnet.save(tmp_path / "net.fnet", (net, reference.init_params(net, 0)), classes=["a", "b"])


# The disk.


def test_a_file_is_synced_before_it_is_renamed_and_its_folder_after(tmp_path, monkeypatch):
    done, fsync, replace = [], os.fsync, os.replace

    def kind(descriptor):
        return "folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file"

    monkeypatch.setattr(os, "fsync", lambda d: (done.append(kind(d)), fsync(d)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("name"), replace(*paths)))
    fnet.save(tmp_path / "net.fnet", (NET, PARAMS))
    assert done == ["file", "name", "folder"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_error_leaves_the_previous_file(step, tmp_path, monkeypatch):
    path = tmp_path / "net.fnet"
    fnet.save(path, (NET, PARAMS))
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        fnet.save(path, (NET, reference.init_params(NET, 1)))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.fnet"]


LIMITED = """
import errno, json, os, resource, sys
import fnet
from fnet import reference
net, save, path = fnet.Network((100, 100)), fnet.save, sys.argv[1]
what = net, reference.init_params(net, 1)
{before}
fnet.load(path)
try:
    save(path, what)
    print(json.dumps("saved"))
except OSError as error:
    print(json.dumps(errno.errorcode[error.errno]))
"""


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))", "EFBIG"),
        ("os.getuid() or os.setuid(65534)  # root may write anywhere", "EACCES"),
    ],
    ids=["full disk", "read-only folder"],
)
def test_a_full_disk_and_a_read_only_folder_raise_os_errors(before, expected):
    with tempfile.TemporaryDirectory() as folder:  # which others may read
        path = Path(folder) / "net.fnet"
        fnet.save(path, (NET, PARAMS))
        kept = path.read_bytes()
        os.chmod(folder, 0o755 if expected == "EFBIG" else 0o555)
        assert in_process(LIMITED.format(before=before), path) == expected
        os.chmod(folder, 0o755)
        assert path.read_bytes() == kept
        assert os.listdir(folder) == ["net.fnet"]


def test_two_concurrent_writers_leave_the_file_of_one(tmp_path):
    path, wrong = tmp_path / "net.fnet", []
    whats = [(NET, reference.init_params(NET, seed)) for seed in (0, 1)]
    expected = {canonical_json(what) for what in whats}
    fnet.save(path, whats[0])

    def write(what):
        for _ in range(20):
            fnet.save(path, what)

    writers = [threading.Thread(target=write, args=(what,)) for what in whats]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found = fnet.load(path)
        if canonical_json((found.net, found.params)) not in expected:
            wrong.append(found)
    assert wrong == []
    assert os.listdir(tmp_path) == ["net.fnet"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe, model = tmp_path / "pipe", tmp_path / "model"
    os.mkfifo(pipe)
    net = Network((2, 3))
    fnet.save(model, (net, reference.init_params(net, 0)))
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    fnet.save(pipe, (net, reference.init_params(net, 0)))
    reader.join(HANG_SECONDS)
    assert read == [model.read_bytes()]
    assert pipe.is_fifo()


def test_a_symbolic_link_and_permissions_are_kept(tmp_path):
    path, link = tmp_path / "net.fnet", tmp_path / "link.fnet"
    fnet.save(path, (NET, PARAMS))
    path.chmod(0o600)
    link.symlink_to(path)
    fnet.save(link, (NET, reference.init_params(NET, 1)))
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    np.testing.assert_array_equal(fnet.load(path).params[0].w, reference.init_params(NET, 1)[0].w)


def test_os_errors_pass_through(tmp_path):
    with pytest.raises(FileNotFoundError):
        fnet.load(tmp_path / "none.fnet")
    with pytest.raises(IsADirectoryError):
        fnet.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        fnet.save(tmp_path / "none" / "net.fnet", (NET, PARAMS))
    with pytest.raises(OSError, match="directory"):
        fnet.save(tmp_path, (NET, PARAMS))


def test_the_fields_of_a_file_are_fixed():
    """A field that is added to a file requires a decision on how older files are read."""
    assert schema.Content._fields == (
        *("net", "params", "classes", "features", "scaling", "trained", "run", "estimator"),
        *("encoding", "pipeline", "ensemble"),
    )
