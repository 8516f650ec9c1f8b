"""Penalties, dropout, clipping, moving averages and reduced rates, also in runs."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.neural_network import MLPClassifier
from strategies import arrays

import fnet
from fnet import Layer, Network, Tuning, reference
from fnet.core import batch_source, philox
from fnet.core.params import map_params
from fnet.engine import compiled_loop, dropout

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])
ENGINES = pytest.mark.parametrize(
    ("side", "xla"),
    [
        pytest.param(fnet, True, id="xla"),
        pytest.param(fnet, False, id="graph"),
        pytest.param(reference, None, id="twin"),
    ],
)

NET = Network((3, 5, 4, 2), "tanh")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 3))
LABELS = (X[:, 0] > X[:, 1]).astype(int)
HELD = RNG.normal(size=(11, 3)), RNG.integers(2, size=11)
EPOCHS = 4
PLAN = fnet.kfold_plan(23, 5, EPOCHS, seed=7)
PARAMS = reference.init_params(NET, 1, dtype="float64")
MANY = reference.init_params(NET, [1, 2, 3], dtype="float64")


def alike(ours, theirs, rtol=1e-9):
    for pair in zip(arrays(ours), arrays(theirs), strict=True):
        np.testing.assert_allclose(*pair, rtol=rtol, atol=1e-12)


def loop(tuning, plan=PLAN, optimizer=None, params=PARAMS, weights=None):
    """A run as a user would write it: the params, and the loss before each step."""
    optimizer = reference.adam(0.125) if optimizer is None else optimizer
    state, steps = optimizer.init(params), []
    for step, (rows, weight) in enumerate(
        zip(*(part.reshape(-1, plan.width) for part in plan.batches(0, plan.epochs)), strict=True)
    ):
        batch = X[rows], LABELS[rows], weight
        loss = reference.loss(NET, params, *batch, tuning=tuning, step=step)
        grads = reference.grads(NET, params, *batch, tuning=tuning, step=step)
        params, state = reference.update(optimizer, params, state, grads)
        steps.append((params, loss * weight.sum()))
    return steps


# Penalties and clipping


@BOTH
def test_l2_equals_scikit_learns_alpha(side):
    """The loss and the gradient of the same params, with row weights that sum to 17.5."""
    weights = np.full(23, 0.75)
    weights[0] = 1.0
    theirs = MLPClassifier((5, 4), "tanh", solver="sgd", alpha=3.0, max_iter=1, batch_size=23)
    theirs.set_params(learning_rate_init=2.0**-4, momentum=0.0, shuffle=False, warm_start=True)
    with pytest.warns(match="converge"):
        theirs.fit(X, LABELS)
    start = tuple(
        Layer(w.copy(), b.copy()) for w, b in zip(theirs.coefs_, theirs.intercepts_, strict=True)
    )
    with pytest.warns(match="converge"):
        theirs.fit(X, LABELS, sample_weight=weights)
    net = Network((3, 5, 4, 1), "tanh", loss="sigmoid_cross_entropy")
    data = net, start, X, LABELS, weights
    tuning = Tuning(l2=3.0)
    np.testing.assert_allclose(side.loss(*data, tuning=tuning), theirs.loss_, rtol=1e-12)
    grads = side.grads(*data, tuning=tuning)
    for i, layer in enumerate(start):
        np.testing.assert_allclose(
            layer.w - 2.0**-4 * np.asarray(grads[i].w), theirs.coefs_[i], rtol=1e-11
        )
        np.testing.assert_allclose(
            layer.b - 2.0**-4 * np.asarray(grads[i].b), theirs.intercepts_[i], rtol=1e-11
        )


@BOTH
def test_penalties_by_hand(side):
    """Weights 3 and -4, a bias 5, row weights 2 and 3; biases have no penalty."""
    net = Network((2, 1), loss="squared_error")
    params = (Layer(np.array([[3.0], [-4.0]]), np.array([5.0])),)
    data = net, params, np.zeros((2, 2)), np.full(2, 5.0), [2.0, 3.0]
    assert side.loss(*data) == 0
    np.testing.assert_allclose(side.loss(*data, tuning=Tuning(l1=2.0)), 2 * 7 / 5, rtol=1e-15)
    np.testing.assert_allclose(side.loss(*data, tuning=Tuning(l2=2.0)), 25 / 5, rtol=1e-15)
    grads = side.grads(*data, tuning=Tuning(l1=1.0, l2=10.0))
    np.testing.assert_allclose(grads[0].w, [[(30 + 1) / 5], [(-40 - 1) / 5]], rtol=1e-15)
    assert grads[0].b == 0


@BOTH
def test_a_batch_of_weight_0_has_no_penalty(side):
    data = NET, PARAMS, X, LABELS, np.zeros(23)
    tuning = Tuning(l1=1.0, l2=1.0)
    assert side.loss(*data, tuning=tuning) == 0
    assert all((grad == 0).all() for grad in arrays(side.grads(*data, tuning=tuning)))


@BOTH
def test_clipping_equals_keras(side):
    plain = arrays(side.grads(NET, PARAMS, X, LABELS))
    norm = np.sqrt(sum(np.sum(grad**2) for grad in plain))
    for tuning, theirs in (
        (Tuning(global_clipnorm=0.25), keras.optimizers.SGD(global_clipnorm=0.25)),
        (Tuning(global_clipnorm=2 * norm), keras.optimizers.SGD(global_clipnorm=2 * norm)),
        (Tuning(clipvalue=0.125), keras.optimizers.SGD(clipvalue=0.125)),
    ):
        found = arrays(side.grads(NET, PARAMS, X, LABELS, tuning=tuning))
        expected = theirs._clip_gradients([tf.constant(grad) for grad in plain])
        for pair in zip(found, expected, strict=True):
            np.testing.assert_allclose(*pair, rtol=1e-12, atol=1e-15)
    both = arrays(
        side.grads(NET, PARAMS, X, LABELS, tuning=Tuning(clipvalue=0.125, global_clipnorm=0.25))
    )
    np.testing.assert_allclose(np.sqrt(sum(np.sum(grad**2) for grad in both)), 0.25, rtol=1e-12)


@BOTH
def test_a_norm_beyond_float32_is_clipped(side):
    net = Network((1, 1), loss="absolute_error", bias=False)
    params = (Layer(np.ones((1, 1), np.float32)),)
    grads = side.grads(net, params, [[1e25]], [0.0], tuning=Tuning(global_clipnorm=1.0))
    np.testing.assert_allclose(grads[0].w, 1, rtol=1e-6)


# Dropout


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", [None, 7, [1, 2**32 - 1], [[1, 2], [3, 4]]])
@pytest.mark.parametrize("rate", [0.0, 0.25, [0.1, 0.7], [[0.0], [0.99]]])
def test_both_sides_drop_the_same_units(rate, seed, dtype):
    rate = np.asarray(rate)
    if seed is not None:
        seed = np.asarray(seed, np.uint32)
    for place, shape in (((0, 0), (6, 5)), ((3, 2**32 + 5), (1, 7))):
        inside = () if seed is None else tf.constant(seed)
        found = dropout.dropout_mask(tf.constant(rate), inside, place, shape, dtype)
        expected = reference.dropout.dropout_mask(rate, seed, place, shape, dtype)
        assert found.dtype == expected.dtype == dtype
        assert np.array_equal(found, expected)


def test_dropped_units_are_0_and_kept_units_are_scaled():
    """At a rate of 0.3: 4 standard errors of 40,000 samples are 0.0092."""
    found = reference.dropout.dropout_mask(0.3, 5, (1, 9), (400, 100), "float64")
    assert np.array_equal(np.unique(found), [0, 1 / 0.7])
    assert abs(np.mean(found == 0) - 0.3) < 0.0092
    kept = reference.dropout.dropout_mask(0.0, 5, (1, 9), (400, 100), "float64")
    assert (kept == 1).all()


def test_a_unit_is_kept_where_its_draw_is_below_one_minus_the_rate():
    fractions = (philox.words(5, philox.DROPOUT, 40, epoch=1, step=9) >> 8) * 2.0**-24
    rate = 1 - np.sort(fractions)[20]  # exact, as the fractions are multiples of 2^-24
    for side, of in ((reference.dropout, np.asarray), (dropout, tf.constant)):
        seed = of(np.uint32(5))
        mask = side.dropout_mask(of(rate), seed, (1, 9), (4, 10), "float64")
        assert np.array_equal(np.ravel(mask) > 0, fractions < 1 - rate)
        assert np.sum(np.ravel(mask) == 0) == 20


def test_each_layer_step_and_seed_has_its_own_mask_whatever_the_padding():
    def dropped(seed=5, layer=1, step=9, batch=8):
        place, shape = (layer, step), (batch, 16)
        return reference.dropout.dropout_mask(0.5, seed, place, shape, "float64") == 0

    for other in (dropped(seed=6), dropped(layer=2), dropped(step=10)):
        assert not np.array_equal(dropped(), other)
    assert np.array_equal(dropped(batch=11)[:8], dropped())


@BOTH
def test_dropout_by_hand(side):
    """Features and units are multiplied by their masks in training, and not in prediction."""
    net = Network((3, 4, 2), "sigmoid", loss="squared_error")
    params = reference.init_params(net, 1, dtype="float64")
    tuning = Tuning(dropout=0.5, input_dropout=0.25, seed=3)
    y = RNG.normal(size=(23, 2))
    first, second = params
    feature_mask, unit_mask = (
        reference.dropout.dropout_mask(rate, 3, (layer, 6), (23, units), "float64")
        for rate, layer, units in ((0.25, 0, 3), (0.5, 1, 4))
    )
    hidden = 1 / (1 + np.exp(-((X * feature_mask) @ first.w + first.b)))
    outputs = (hidden * unit_mask) @ second.w + second.b
    data = net, params, X, y
    np.testing.assert_allclose(
        side.loss(*data, tuning=tuning, step=6), np.mean((outputs - y) ** 2), rtol=1e-12
    )
    assert side.loss(*data, tuning=tuning) == side.loss(*data)
    assert side.loss(*data, step=6) == side.loss(*data)


@ENGINES
def test_a_run_with_all_hyperparameters_equals_its_steps(side, xla):
    tuning = Tuning(
        **{"l1": 0.01, "l2": 0.5, "dropout": 0.3, "input_dropout": 0.1, "seed": 9},
        **{"label_smoothing": 0.1, "clipvalue": 0.2, "global_clipnorm": 0.3},
    )
    steps = loop(tuning)
    run = side.train(
        NET, side.adam(0.125), PARAMS, X, LABELS, PLAN, tuning=tuning, validation=HELD, xla=xla
    )
    alike(run.params, steps[-1][0])
    losses = [
        sum(loss for _, loss in steps[e * PLAN.steps : (e + 1) * PLAN.steps]) / 23 for e in range(4)
    ]
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-9)
    after = [steps[(e + 1) * PLAN.steps - 1][0] for e in range(4)]
    smoothed = Tuning(label_smoothing=0.1)  # measured without penalties and dropout
    np.testing.assert_allclose(
        run.history["validation_loss"],
        [reference.loss(NET, params, *HELD, tuning=smoothed) for params in after],
        rtol=1e-9,
    )


@BOTH
def test_a_run_with_dropout_resumes_bit_for_bit(side, monkeypatch):
    """In chunks of three steps, where an epoch has four, and between two calls."""
    tuning = Tuning(dropout=0.3, ema_momentum=0.5)

    def train(params, plan=PLAN, **options):
        return side.train(NET, side.adam(0.125), params, X, LABELS, plan, tuning=tuning, **options)

    full_run = train(PARAMS)
    half = train(PARAMS, fnet.kfold_plan(23, 5, epochs=2, seed=7))
    gone_on = train(half)
    monkeypatch.setattr(batch_source, "MAX_CHUNK_STEPS", 3)
    seen = []
    cut = train(PARAMS, callback=seen.append)
    assert len(seen) == -(-EPOCHS * PLAN.steps // 3)
    for other in (gone_on, cut):
        for pair in zip(arrays(full_run.params), arrays(other.params), strict=True):
            assert np.array_equal(*pair)


@ENGINES
def test_members_may_differ_in_all_hyperparameters(side, xla):
    numbers = {
        "l1": [0.0, 0.1, 0.2],
        "l2": [0.5, 0.0, 1.0],
        "dropout": [0.0, 0.3, 0.5],
        "input_dropout": [0.1, 0.0, 0.2],
        "seed": [4, 5, 6],
        "label_smoothing": [0.0, 0.1, 0.2],
        "clipvalue": [0.1, 0.2, 0.3],
        "global_clipnorm": [0.5, 0.2, 0.1],
        "ema_momentum": [0.5, 0.9, 0.0],
    }
    together = Tuning(**{name: np.array(values) for name, values in numbers.items()})
    run = side.train(
        NET, side.adam(0.125), MANY, X, LABELS, PLAN, tuning=together, validation=HELD, xla=xla
    )
    for member in range(3):
        alone = side.train(
            *(NET, side.adam(0.125), map_params(lambda p, m=member: p[m], MANY), X, LABELS, PLAN),
            tuning=Tuning(**{name: values[member] for name, values in numbers.items()}),
            validation=HELD,
            xla=False,
        )
        alike(map_params(lambda p, m=member: p[m], run.params), alone.params, rtol=1e-7)
        for name in ("loss", "validation_loss"):
            np.testing.assert_allclose(run.history[name][:, member], alone.history[name], rtol=1e-9)


# A moving average of params


@ENGINES
def test_the_moving_average_equals_keras(side, xla):
    """The params of the Run are the average; resuming starts from the params themselves."""
    theirs = keras.optimizers.SGD(2.0**-4, use_ema=True, ema_momentum=0.875)
    params = [keras.Variable(p, dtype="float64") for p in arrays(PARAMS)]
    for now, _ in (steps := loop(None, optimizer=reference.sgd(2.0**-4))):
        for variable, p in zip(params, arrays(now), strict=True):
            variable.assign(p)
        if not theirs.built:
            theirs.build(params)
        theirs._update_model_variables_moving_average(params)
        theirs.iterations.assign_add(1)
    run = side.train(
        *(NET, side.sgd(2.0**-4), PARAMS, X, LABELS, PLAN),
        tuning=Tuning(ema_momentum=0.875),
        validation=HELD,
        xla=xla,
    )
    for p, average in zip(arrays(run.params), theirs._model_variables_moving_average, strict=True):
        np.testing.assert_allclose(p, average.numpy(), rtol=1e-9)
    alike(run.train_state.params, steps[-1][0])
    loss = reference.loss(NET, run.params, *HELD)
    np.testing.assert_allclose(run.history["validation_loss"][-1], loss, rtol=1e-12)


@BOTH
def test_the_best_params_are_the_best_averages(side):
    seen = []
    run = side.train(
        *(NET, side.adam(0.25), PARAMS, X, LABELS, fnet.kfold_plan(23, 5, epochs=12, seed=7)),
        tuning=Tuning(ema_momentum=0.75),
        validation=HELD,
        restore_best=True,
        callback=seen.append,
    )
    best = int(np.argmin(run.history["validation_loss"]))
    assert run.train_state.best_epoch == best
    loss = reference.loss(NET, run.params, *HELD)
    np.testing.assert_allclose(loss, run.history["validation_loss"][best], rtol=1e-12)


@BOTH
def test_the_average_of_an_ended_member_stays(side):
    """The first member must improve by 10 per epoch, and stops after two."""
    options = {"tuning": Tuning(ema_momentum=0.75), "patience": 2, "monitor": "loss"}
    two = map_params(lambda p: p[:2], MANY)
    run = side.train(NET, side.adam(0.1), two, X, LABELS, PLAN, min_delta=[10.0, 0.0], **options)
    assert run.history["ended"].tolist() == ["patience", "epochs"]
    first = map_params(lambda p: p[0], MANY)
    alone = side.train(NET, side.adam(0.1), first, X, LABELS, PLAN, min_delta=10.0, **options)
    alike(map_params(lambda p: p[0], run.params), alone.params)


# Reducing the rate on plateaus


@ENGINES
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_reducing_the_rate_equals_keras(side, xla):
    """Keras's callback ReduceLROnPlateau, with random labels and too large a rate."""
    net, params, y, losses, rates = keras_reduces()
    run = side.train(
        *(net, side.sgd(4.0, momentum=0.5), params, X, y, fnet.full_batch_plan(23, 25)),
        patience=2,
        min_delta=2.0**-6,
        lr_factor=0.5,
        min_lr_factor=1e-9,
        monitor="loss",
        xla=xla,
    )
    assert len(set(rates)) > 3
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-5)
    assert 4 * run.train_state.lr_scale == rates[-1]


@functools.cache
def keras_reduces():
    """A network, its initial params, its labels, and the losses and rates of 25 epochs in Keras."""
    net = Network((3, 6, 2), "tanh")
    params = reference.init_params(net, 5, dtype="float64")
    y = np.random.default_rng(2).integers(2, size=23)
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            keras.layers.Dense(6, "tanh", dtype="float64"),
            keras.layers.Dense(2, dtype="float64"),
        ]
    )
    model.set_weights(arrays(params))
    model.compile(
        keras.optimizers.SGD(4.0, momentum=0.5),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    reduce = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.5, patience=2, min_delta=2.0**-6, cooldown=0
    )
    theirs = model.fit(
        X, y, batch_size=23, epochs=25, callbacks=[reduce], verbose=0, shuffle=False
    ).history
    return (
        net,
        params,
        y,
        theirs["loss"],
        [*theirs["learning_rate"], float(model.optimizer.learning_rate.numpy())],
    )


@BOTH
def test_a_member_stops_at_the_smallest_rate(side):
    """At a rate of 0 nothing changes: reduced after epochs 2, 4 and 6, stopped after 8."""
    run = side.train(
        *(NET, side.sgd([0.0, 0.5]), map_params(lambda p: p[:2], MANY), X, LABELS),
        fnet.full_batch_plan(23, 12),
        patience=2,
        lr_factor=0.5,
        min_lr_factor=[0.125, 0.125],
        monitor="loss",
    )
    assert run.history["ended"].tolist() == ["patience", "epochs"]
    assert np.asarray(run.train_state.lr_scale).tolist() == [0.125, 1.0]
    assert np.isfinite(run.history["loss"][:, 0]).sum() == 9
    assert run.train_state.ended_at[0] == 8


# Custom losses


def test_a_custom_loss_replaces_the_networks_loss():
    def brier(y, outputs):
        return tf.reduce_mean((tf.nn.softmax(outputs) - y) ** 2, axis=-1)

    ours = Network((3, 5, 2), "tanh", "softmax", loss="squared_error")
    has_class_labels = Network((3, 5, 2), "tanh")
    for params in (
        reference.init_params(ours, 1, dtype="float64"),
        reference.init_params(ours, [1, 2], dtype="float64"),
    ):
        rows = np.eye(2)[LABELS]
        expected = fnet.train(
            ours, fnet.adam(0.1), params, X, rows, PLAN, validation=(HELD[0], np.eye(2)[HELD[1]])
        )
        found = fnet.train(
            has_class_labels, fnet.adam(0.1), params, X, LABELS, PLAN, loss=brier, validation=HELD
        )
        alike(found.params, expected.params)
        for name in ("loss", "validation_loss"):
            np.testing.assert_allclose(found.history[name], expected.history[name], rtol=1e-9)


# Traces


def test_other_values_do_not_recompile():
    compiled_loop.compiled.cache_clear()
    tf.config.run_functions_eagerly(False)
    for i in (1, 2, 3):
        tuning = Tuning(l2=0.1 * i, dropout=0.1 * i, seed=i, label_smoothing=0.01 * i)
        tuning = tuning._replace(clipvalue=1.0 * i, ema_momentum=0.1 * i)
        fnet.train(
            *(NET, fnet.adam(0.1), PARAMS, X, LABELS, PLAN),
            tuning=tuning,
            validation=HELD,
            patience=2,
            lr_factor=0.1 * i,
            class_weight={0: 1.0 * i},
        )
    assert compiled_loop.compiled.cache_info().currsize == 1
    cache_info = compiled_loop.compiled.cache_info()
    assert (cache_info.hits, cache_info.misses) == (2, 1)
