"""Keras as an oracle: its losses and their gradients, its `fit` and EarlyStopping.

Keras rounds its hyperparameters to float32, so all of them here are exact in float32.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import fnet
from fnet import Network, reference

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

MOMENTUM = 0.875


def arrays(params):
    return [np.asarray(p) for layer in params for p in layer if p is not None]


def data(net, rows, seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(rows, net.sizes[-1]))
    return rng.normal(size=(rows, net.sizes[0])), np.eye(y.shape[1])[y.argmax(axis=1)]


def keras_model(net, params):
    """The same network with the same params, in float64."""
    activations = (*net.hidden, net.output)
    dense = [
        keras.layers.Dense(h, {"identity": None}.get(name, name), dtype="float64")
        for h, name in zip(net.sizes[1:], activations, strict=True)
    ]
    model = keras.Sequential([keras.Input(net.sizes[:1], dtype="float64"), *dense])
    model.set_weights(arrays(params))
    return model


@BOTH
@pytest.mark.parametrize("kind", ["uniform", "normal"])
@pytest.mark.parametrize("fan", ["glorot", "he", "lecun"])
def test_initial_params_have_the_standard_deviation_of_keras(side, fan, kind):
    """Keras truncates its normals, but scales them first to keep the standard deviation."""
    scheme = f"{fan}_{kind}"
    theirs = np.asarray(type(keras.initializers.get(scheme))(seed=0)((200, 300)))
    ours = np.asarray(side.init_params(Network((200, 300)), 0, scheme)[0].w)
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.02)
    if kind == "uniform":
        np.testing.assert_allclose(np.abs(ours).max(), np.abs(theirs).max(), rtol=1e-3)


@pytest.mark.parametrize("shape", [(6, 3), (3, 6), (4, 4)])
def test_orthogonal_params_equal_keras_given_the_same_normals(shape, monkeypatch):
    """Keras gets our normals; the decomposition, the signs and the transpose are its own."""
    drawn = reference.init_params(Network(shape), 7, "normal")[0].w
    monkeypatch.setattr(
        "keras.src.initializers.random_initializers.random.normal",
        lambda wanted, **_: tf.reshape(drawn, wanted),
    )
    theirs = keras.initializers.Orthogonal()(shape)
    for side in (fnet, reference):
        ours = side.init_params(Network(shape), 7, "orthogonal")[0].w
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@BOTH
@pytest.mark.parametrize(
    ("loss", "output", "theirs"),
    [
        ("squared_error", "tanh", keras.losses.MeanSquaredError()),
        ("softmax_cross_entropy", "identity", keras.losses.CategoricalCrossentropy(True)),
    ],
)
def test_losses_and_gradients_equal_keras(side, loss, output, theirs):
    net = Network((4, 5, 3), "sigmoid", output, loss=loss)
    params = reference.init_params(net, 2, "normal", "float64")
    x, y = data(net, 7, seed=3)
    model = keras_model(net, params)
    with tf.GradientTape() as tape:
        value = theirs(y, model(x))
    grads = tape.gradient(value, model.trainable_variables)
    np.testing.assert_allclose(side.loss(net, params, x, y), value, rtol=1e-6)
    for ours, slope in zip(arrays(side.grads(net, params, x, y)), grads, strict=True):
        np.testing.assert_allclose(ours, slope, rtol=1e-6, atol=1e-9)


@BOTH
@pytest.mark.parametrize(("min_delta", "best"), [(0.0, 10), (2**-6, 7)])
def test_early_stopping_equals_keras(side, min_delta, best):
    """Labels are random, so that the validation loss soon rises."""
    net = Network((4, 8, 3), "tanh")
    params = reference.init_params(net, 5, dtype="float64")
    (x, y), validation = data(net, 20, seed=6), data(net, 20, seed=9)
    model = keras_model(net, params)
    model.compile(
        keras.optimizers.SGD(2**-4, MOMENTUM),
        keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    stopping = keras.callbacks.EarlyStopping(
        patience=4, min_delta=min_delta, restore_best_weights=True
    )
    theirs = model.fit(
        *(x, y),
        batch_size=20,
        epochs=60,
        validation_data=validation,
        callbacks=[stopping],
        verbose=0,
    ).history
    run = side.train(
        *(net, side.sgd(2**-4, MOMENTUM), params, x, y, fnet.full_batch_plan(20, 60)),
        validation=validation,
        patience=4,
        min_delta=min_delta,
        restore_best=True,
    )
    assert run.history["ended"] == "patience"
    assert len(run.history["loss"]) == len(theirs["loss"])
    assert run.train_state.best_epoch == stopping.best_epoch == best
    np.testing.assert_allclose(run.history["loss"], theirs["loss"], rtol=1e-5)
    np.testing.assert_allclose(run.history["validation_loss"], theirs["val_loss"], rtol=1e-5)
    for ours, weight in zip(arrays(run.params), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, weight, rtol=1e-5, atol=1e-7)
