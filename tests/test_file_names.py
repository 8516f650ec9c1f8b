"""Files of version 0.1.0 load, and files keep the names of the format if the code's change."""

import json
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import fnet
from fnet import InvalidArgument, Layer, Network, Tuning, reference, schedules
from fnet.core import params as core_params
from fnet.core.optimizers import OptState
from fnet.files import codec, format, names
from fnet.files.storage import canonical_json
from fnet.reference import embeddings

FOLDER = Path(__file__).parent / "models_0_1_0"
"""Files that version 0.1.0 wrote, and in expected.json what six of them predicted there."""

EXPECTED = json.loads((FOLDER / "expected.json").read_text())
FILES = sorted(path.name for path in FOLDER.glob("*.fnet"))


# Files of 0.1.0.


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_of_an_older_version_predicts_as_it_did(name):
    model, expected = fnet.load(FOLDER / name), dict(EXPECTED[name])
    rows = expected.pop("rows")
    assert expected.keys() <= {"predict", "predict_proba"}
    for method, values in expected.items():
        np.testing.assert_allclose(getattr(model, method)(rows), values, rtol=1e-5)


@pytest.mark.parametrize("name", FILES)
def test_what_an_older_version_saved_is_saved_to_the_same_bytes(name, tmp_path):
    model = fnet.load(FOLDER / name)
    fnet.save(tmp_path / name, model)
    assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("name", ["iris.fnet", "diabetes.fnet", "labels.fnet"])
def test_an_estimator_of_an_older_version_is_saved_to_the_same_bytes(name, tmp_path):
    estimator = fnet.load(FOLDER / name).estimator()
    rows, trained = EXPECTED[name]["rows"], fnet.load(FOLDER / name).trained
    assert estimator.n_features_in_ == len(rows[0])
    fnet.save(tmp_path / name, estimator, trained=trained)
    assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_a_run_of_an_older_version_is_continued_by_the_twin():
    run = fnet.load(FOLDER / "run.fnet").run
    epochs = int(run.train_state.epoch)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(run.rows, run.net.sizes[0])), rng.integers(3, size=run.rows)
    plan = fnet.minibatch_plan(run.rows, -(-run.rows // run.steps), epochs + 2, seed=0)
    assert plan.steps == run.steps
    optimizer = getattr(fnet, run.optimizer)(0.01)
    validation = (x, y) if "validation_loss" in run.history else None
    again = reference.train(run.net, optimizer, run, x, y, plan, validation=validation)
    assert len(again.history["loss"]) == epochs + 2
    np.testing.assert_array_equal(again.history["loss"][:epochs], run.history["loss"])
    assert again.state.step == run.state.step + 2 * run.steps


NET = Network((2, 3, 1), "tanh", loss="squared_error")
PARAMS = (
    Layer(np.linspace(-1, 1, 6).reshape(2, 3), np.zeros(3)),
    Layer(np.linspace(1, -1, 3).reshape(3, 1), np.zeros(1)),
)
RATES = (
    0.125,
    np.array([0.125, 0.25]),
    schedules.constant(0.125),
    schedules.exponential(0.125, 10, 0.5),
    schedules.inverse_scaling(0.125, 2.0),
    schedules.cosine(0.125, 100),
    schedules.piecewise_constant([10, 20], [0.125, 0.25, 0.5]),
    schedules.log_cosine(0.125, 100),
)
FACTORIES = (
    *(fnet.sgd, fnet.adam, fnet.adamw, fnet.amsgrad),
    *(fnet.nadam, fnet.rmsprop, fnet.adagrad, fnet.lion),
)


def test_every_kind_of_optimizer_schedule_and_tuning_has_the_bytes_of_version_0_1_0(tmp_path):
    optimizers = [make(rate) for make, rate in zip(FACTORIES, RATES, strict=True)]
    optimizers += [
        fnet.sgd(0.125, 0.5, True, weight_decay=0.25, decay_biases=True),
        fnet.rmsprop(0.125, momentum=0.5, centered=True),
    ]
    tuning = Tuning(*np.linspace(0, 0.75, 13).round(4))
    trained = {"optimizers": optimizers, "tuning": tuning}
    fnet.save(tmp_path / "optimizers.fnet", (NET, PARAMS), trained=trained)
    assert (tmp_path / "optimizers.fnet").read_bytes() == (FOLDER / "optimizers.fnet").read_bytes()


def test_a_checkpoint_of_version_0_1_0_is_resumed_by_the_same_call(tmp_path):
    """Its digests of the call are those of today."""
    x = np.linspace(-1, 1, 16).reshape(8, 2)
    y = x[:, 0] ** 2

    def train(callback, epochs):
        return reference.train(
            *(NET, fnet.adam(0.125), PARAMS, x, y, fnet.full_batch_plan(8, epochs)),
            validation=(x, y),
            patience=3,
            restore_best=True,
            lr_factor=0.5,
            tuning=Tuning(l2=0.25, ema_momentum=0.5),
            callback=callback,
        )

    path, old = tmp_path / "checkpoint.fnet", FOLDER / "checkpoint.fnet"
    train(fnet.checkpoint(path), 2)
    assert fnet.load(path).trained["call"] == fnet.load(old).trained["call"]
    path.write_bytes(old.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file was written in another environment
        run = train(fnet.checkpoint(path), 4)
    assert len(run.history["loss"]) == 4
    np.testing.assert_allclose(run.history["loss"], train(None, 4).history["loss"], rtol=1e-12)


# The table.


def test_the_table_lists_every_field_of_every_record():
    for name, (kind, text) in names.RECORDS.items():
        listed = [part.rpartition("=")[2].removesuffix("?") for part in text.split()]
        fields = kind._fields if issubclass(kind, tuple) else tuple(kind.__dataclass_fields__)
        assert sorted(listed) == sorted(fields), name
    for record, field in names.RENAMED.keys() | names.SORTED:
        assert field in names.records()[record].fields


class RenamedLayer(NamedTuple):
    kernel: Any
    bias: Any = None


class RenamedState(NamedTuple):
    moments: Any
    updates: Any


def test_renaming_a_class_or_a_field_of_the_code_changes_no_file(monkeypatch):
    layer, moments = PARAMS[0], (PARAMS, PARAMS)
    before = codec.encode({"entry": layer, "state": OptState(np.int64(3), moments)})
    table = {
        "Layer": (RenamedLayer, "w=kernel b=bias"),
        "State": (RenamedState, "step=updates moments"),
    }
    monkeypatch.setattr(names, "RECORDS", names.RECORDS | table)
    monkeypatch.setitem(core_params.FIELDS, RenamedLayer, core_params.FIELDS[Layer])
    renamed = tuple(RenamedLayer(*entry) for entry in PARAMS)
    content = {"entry": renamed[0], "state": RenamedState((renamed, renamed), np.int64(3))}
    after = codec.encode(content)
    assert format.to_bytes(*after) == format.to_bytes(*before)
    found = decoded(after)
    assert canonical_json(found) == canonical_json(content)
    assert type(found["entry"]) is RenamedLayer
    assert type(found["state"]) is RenamedState


def decoded(encoded):
    """The content after encoding, JSON and decoding."""
    value, arrays = encoded
    return codec.decode(json.loads(json.dumps(value)), arrays)


def test_renaming_a_value_in_the_code_changes_no_file(monkeypatch):
    """The kind of a schedule, here, and the same way an estimator's arguments and attributes."""
    schedule = RATES[5]
    before = codec.encode(schedule)
    renamed = names.RENAMED[("Schedule", "kind")] | {"cosine": "half_wave"}
    monkeypatch.setitem(names.RENAMED, ("Schedule", "kind"), renamed)
    after = codec.encode(schedule._replace(kind="half_wave"))
    assert after[0] == before[0]
    assert decoded(after).kind == "half_wave"


# New kinds of entries of params.


class Scale(NamedTuple):
    """An entry that adds the features times s, `[D]`."""

    s: Any


@pytest.fixture
def scaled(monkeypatch):
    """`(net, params)` whose params begin with a Scale."""
    field = core_params.Field(axes=(0,), start=1.0)
    monkeypatch.setitem(core_params.FIELDS, Scale, {"s": field})
    kind = embeddings.Kind(value=lambda net, entry, x: x * entry.s[..., None, :], back=None)
    monkeypatch.setitem(embeddings.EMBEDDINGS, Scale, kind)
    monkeypatch.setattr(Network, "added", property(lambda net: net.sizes[:1]))
    layers = Network.entries.fget
    monkeypatch.setattr(
        *(Network, "entries"),
        property(lambda net: ((Scale, (net.sizes[0],)), *layers(net))),
    )
    core_params.shapes.cache_clear()
    net = Network((2, 3), loss="squared_error")
    yield net, (Scale(np.array([2.0, 3.0])), Layer(np.ones((4, 3)), np.zeros(3)))
    core_params.shapes.cache_clear()


def test_another_kind_of_entry_is_saved_loaded_and_checked(scaled, tmp_path):
    net, params = scaled
    path = tmp_path / "scaled.fnet"
    fnet.save(path, (net, params))
    found = fnet.load(path)
    assert type(found.params[0]) is Scale
    np.testing.assert_array_equal(found.params[0].s, [2.0, 3.0])
    np.testing.assert_array_equal(found.predict([[1.0, 1.0]]), [[7.0, 7.0, 7.0]])
    with pytest.raises(InvalidArgument, match=r"needs s of shape \[2\]"):
        fnet.save(path, (net, (Scale(np.ones(3)), params[1])))


@pytest.mark.parametrize("name", ["model", "model.tflite", "model.onnx"])
def test_another_kind_of_entry_is_not_exported(scaled, name, tmp_path):
    with pytest.raises(InvalidArgument, match="export has no operators for Scale"):
        fnet.export(tmp_path / name, scaled)
    assert list(tmp_path.iterdir()) == []
