"""Training from `tf.data`: the same as from a plan with the same batches."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.autograph.impl import api

import fnet
from fnet import InvalidArgument, Network, reference
from fnet.engine import pipelines

NET = Network((3, 5, 2))
RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 3)).astype(np.float32)
LABELS = RNG.integers(2, size=23)
ADAM = reference.adam(0.03125)


def arrays(params):
    return [np.asarray(p) for layer in params for p in layer if p is not None]


def same_bits(ours, theirs):
    for pair in zip(arrays(ours.params), arrays(theirs.params), strict=True):
        np.testing.assert_array_equal(*pair)
    np.testing.assert_array_equal(ours.history["loss"], theirs.history["loss"])
    assert ours.history["ended"] == theirs.history["ended"]


def on_pipeline(y=LABELS, epochs=4, params=None, given_epochs=None, **options):
    params = reference.init_params(NET, 1) if params is None else params
    data = fnet.pipeline(X, y, 5, epochs, seed=3, **options)
    return fnet.train(NET, ADAM, params, data=data, epochs=given_epochs)


def on_plan(y=LABELS, epochs=4, **options):
    plan = fnet.minibatch_plan(23, 5, epochs, seed=3, **options)
    return fnet.train(NET, ADAM, reference.init_params(NET, 1), X, y, plan)


@pytest.mark.parametrize("y", [LABELS, np.eye(2)[LABELS]], ids=["labels", "one-hot rows"])
@pytest.mark.parametrize(
    "options", [{}, {"drop_remainder": True}, {"weights": np.arange(23) / 4.0}], ids=str
)
def test_a_pipeline_trains_like_its_plan(y, options):
    same_bits(on_pipeline(y, **options), on_plan(y, **options))


def test_groups_of_any_size_give_the_same_bits(monkeypatch):
    monkeypatch.setattr(pipelines, "MAX_FETCHED_BATCHES", 3)
    same_bits(on_pipeline(), on_plan())


def test_a_run_is_resumed_on_a_pipeline():
    same_bits(on_pipeline(params=on_pipeline(epochs=1)), on_plan())


def by_hand(rows=23, batch_size=8):
    """A dataset made without fnet, which is not shuffled."""
    return tf.data.Dataset.from_tensor_slices((X[:rows], LABELS[:rows])).batch(batch_size)


def train_on(data, **options):
    return fnet.train(NET, ADAM, reference.init_params(NET, 1), data=data, **options)


def test_steps_per_epoch_divides_a_mapped_pipeline():
    data = fnet.pipeline(X, LABELS, 5, 4, seed=3).map(lambda x, y: (x, tf.cast(y, tf.uint8)))
    same_bits(train_on(data, steps_per_epoch=5), on_plan())
    same_bits(train_on(data, steps_per_epoch=5, epochs=4), on_plan())


def test_an_epoch_is_a_pass_over_the_dataset():
    plan = fnet.minibatch_plan(23, 8, 3, seed=None)
    expected = fnet.train(NET, ADAM, reference.init_params(NET, 1), X, LABELS, plan)
    with pytest.warns(UserWarning, match="same order of rows in every epoch"):
        run = train_on(by_hand(), epochs=3)
    same_bits(run, expected)
    assert (len(run.history["loss"]), int(run.state.step)) == (3, 9)
    assert int(train_on(by_hand()).state.step) == 3


@pytest.mark.parametrize(
    ("epochs", "steps", "done"), [(2, 2, 4), (5, 2, 10), (None, 3, 3), (1, 1, 1)]
)
def test_steps_per_epoch_repeats_the_dataset(epochs, steps, done):
    """If the data end before the run, they are repeated."""
    run = train_on(by_hand(), epochs=epochs, steps_per_epoch=steps)
    assert int(run.state.step) == done
    assert len(run.history["loss"]) * steps == done


def test_a_shuffled_dataset_gives_no_warning():
    data = tf.data.Dataset.from_tensor_slices((X, LABELS)).shuffle(23, seed=1).batch(5)
    assert int(train_on(data, epochs=4).state.step) == 20


def test_a_run_on_a_dataset_resumes_bit_for_bit():
    """A Run of two passes takes the third."""
    with pytest.warns(UserWarning, match="same order"):
        full_run = train_on(by_hand(), epochs=3)
    with pytest.warns(UserWarning, match="same order"):
        half = train_on(by_hand(), epochs=2)
    again = fnet.train(NET, ADAM, half, data=by_hand(), epochs=3)
    same_bits(again, full_run)


def test_validation_and_stopping_work_on_a_pipeline():
    validation = X[:9], LABELS[:9]
    params = reference.init_params(NET, 1)
    options = {"validation": validation, "patience": 2, "restore_best": True}
    data = fnet.pipeline(X, LABELS, 5, 30, seed=3)
    plan = fnet.minibatch_plan(23, 5, 30, seed=3)
    ours = fnet.train(NET, ADAM, params, data=data, **options)
    theirs = fnet.train(NET, ADAM, params, X, LABELS, plan, **options)
    same_bits(ours, theirs)
    assert ours.history["ended"] == "patience"


@pytest.mark.parametrize(
    ("data", "match"),
    [
        ((X, LABELS), "data must be a tf.data.Dataset, as pipeline returns it"),
        (
            tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(5).filter(lambda x, y: True),
            "must know how many batches it holds",
        ),
        (
            tf.data.Dataset.range(2, 4).map(lambda n: (tf.zeros([n, 3]), tf.zeros([n], tf.int32))),
            "batch 1 of data must hold .* no more than the first batch, 2; got 3 of x",
        ),
    ],
)
def test_bad_datasets_are_refused(data, match):
    with pytest.raises(InvalidArgument, match=match):
        fnet.train(NET, ADAM, reference.init_params(NET, 1), data=data, epochs=2)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"data": by_hand().take(0), "epochs": 3}, "at least one batch; .* none, and epochs=3"),
        ({"data": by_hand(), "steps_per_epoch": 2}, "3 batches, .*steps_per_epoch=2; give epochs"),
        ({"data": by_hand(), "steps_per_epoch": 0}, "steps_per_epoch must be an integer"),
        ({"data": by_hand(), "epochs": -1}, "epochs must be an integer"),
        (
            {"data": fnet.pipeline(X, LABELS, 5, 4), "epochs": 3},
            "pipeline of 4 epochs; got epochs=3",
        ),
    ],
)
def test_epochs_that_do_not_fit_are_refused_by_what_was_asked(options, match):
    with pytest.raises(InvalidArgument, match=match):
        train_on(**options)


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (X[:, :2], LABELS, "rows of 3 features"),
        (X, LABELS + 1, "batch 0 of data: y must be labels from 0 to 1; got 2"),
        (
            np.where(X[7, 1] == X, np.nan, X),
            LABELS,
            "batch 1 of data: x must be finite; got nan, first in row 2, column 1",
        ),
    ],
)
@pytest.mark.parametrize("group", [pipelines.MAX_FETCHED_BATCHES, 1])
def test_values_of_a_dataset_are_checked(x, y, match, group, monkeypatch):
    monkeypatch.setattr(pipelines, "MAX_FETCHED_BATCHES", group)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(5)
    with pytest.raises(InvalidArgument, match=match):
        fnet.train(NET, ADAM, reference.init_params(NET, 1), data=data)


def test_the_twin_takes_only_plans():
    data = fnet.pipeline(X, LABELS, 5)
    with pytest.raises(InvalidArgument, match="the twin takes x, y and a plan"):
        reference.train(NET, ADAM, reference.init_params(NET, 1), data=data)


@pytest.mark.parametrize(
    "call",
    [
        lambda folder: list(fnet.pipeline(X, LABELS, 5)),
        lambda folder: train_on(data=by_hand()),
        lambda folder: fnet.export(folder / "saved", (NET, reference.init_params(NET, 1))),
    ],
    ids=["pipeline", "train", "export"],
)
def test_autograph_has_nothing_to_rewrite(call, tmp_path, monkeypatch):
    """It takes time, and under Python 3.13 it warns."""
    converted, convert = [], api._convert_actual

    def record(entity, context):
        converted.append(entity.__module__)
        return convert(entity, context)

    monkeypatch.setattr(api, "_convert_actual", record)
    call(tmp_path)
    assert [module for module in converted if module.startswith("fnet")] == []
