"""New fields and new kinds of entries of params work everywhere without further changes.

`Gained` is a dense layer with a third field, `z = (a @ w + b) * g`; `Scale` is an entry before the
first layer, `x * s`. Each is declared in `FIELDS` and gets its line in the forward passes and in
the hand-written gradient, as a new kind in the package would.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest

import fnet
from fnet import Network, Tuning, reference
from fnet.core import params as core_params
from fnet.core.params import FIELDS, Field, Layer, leaves, map_params
from fnet.engine import embeddings as engine_embeddings
from fnet.engine import functions as engine_functions
from fnet.reference import embeddings as twin_embeddings
from fnet.reference import functions as twin_functions


class Gained(NamedTuple):
    """A dense layer whose outputs are multiplied by gains: `g` is `[*M, H]`."""

    w: Any
    b: Any
    g: Any


class Scale(NamedTuple):
    """Features times `s`, `[*M, D]`."""

    s: Any


RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 2))
PLAN = fnet.minibatch_plan(40, 7, epochs=4, seed=1)
TUNING = Tuning(l1=0.01, l2=0.02, global_clipnorm=0.5, ema_momentum=0.5)
BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])


@pytest.fixture(params=["field", "entry"])
def net(request, monkeypatch):
    """A network with another field in its layers, or another entry before them."""
    if request.param == "field":
        monkeypatch.setitem(FIELDS, Gained, FIELDS[Layer] | {"g": Field(axes=(1,), start=1.0)})
        change_entries(monkeypatch, lambda net: [(Gained, sizes) for sizes in net.layers])
        affine, dense_back = engine_functions.affine, twin_functions.dense_back
        dense = twin_functions.dense
        monkeypatch.setattr(  # the line of each forward pass
            engine_functions, "affine", lambda layer, wa: affine(layer, wa) * layer.g
        )
        monkeypatch.setattr(
            twin_functions, "dense", lambda layer, a: dense(layer, a) * layer.g[..., None, :]
        )

        def back(layer, a, delta):  # and of the gradient by hand
            g = np.sum(delta * dense(layer, a), axis=-2)
            return dense_back(layer, a, delta * layer.g[..., None, :])._replace(g=g)

        monkeypatch.setattr(twin_functions, "dense_back", back)
        yield Network((3, 2), loss="squared_error")
    else:
        monkeypatch.setitem(FIELDS, Scale, {"s": Field(axes=(0,), start=1.0, rate_factor=6.0)})
        change_entries(
            monkeypatch,
            lambda net: [(Scale, net.sizes[:1]), *((Layer, sizes) for sizes in net.layers)],
        )
        monkeypatch.setattr(Network, "added", property(lambda net: net.sizes[:1]))
        monkeypatch.setitem(engine_embeddings.EMBEDDINGS, Scale, lambda net, e, x: x * e.s)
        monkeypatch.setitem(
            twin_embeddings.EMBEDDINGS,
            Scale,
            twin_embeddings.Kind(
                lambda net, e, x: x * e.s[..., None, :],
                lambda net, e, x, g: Scale(np.sum(g * x, axis=-2)),
            ),
        )
        yield Network((3, 4, 2), hidden="tanh", loss="squared_error")
    clear_caches()


def change_entries(monkeypatch, entries):
    clear_caches()
    monkeypatch.setattr(Network, "entries", property(lambda net: tuple(entries(net))))


def clear_caches():
    from fnet.engine import compiled_loop, tensors

    core_params.shapes.cache_clear()
    compiled_loop.compiled.cache_clear()
    tensors._compiled.cache_clear()


def start(net, seed=0):
    return reference.init_params(net, seed, dtype="float64")


def random_params_like(params, seed=3):
    """Random params, also in fields that start as a constant."""
    rng = np.random.default_rng(seed)
    return map_params(lambda p: np.asarray(p) + 0.1 * rng.normal(size=p.shape), params)


def close(ours, theirs, rtol=1e-12):
    pairs = zip(leaves(ours), leaves(theirs), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol, 1e-12)


def extra(params):
    """The new array in these params."""
    return np.asarray(params[-1].g if hasattr(params[-1], "g") else params[0].s)


@BOTH
@pytest.mark.parametrize("seed", [0, [0, 1]], ids=["one", "members"])
def test_the_field_starts_as_declared(net, side, seed):
    params = side.init_params(net, seed, dtype="float64")
    assert extra(params).shape[:-1] == np.shape(seed)
    assert (extra(params) == 1).all()
    close(params, start(net, seed))


@pytest.mark.parametrize("seed", [0, [0, 1]], ids=["one", "members"])
def test_gradients_agree_with_each_other_and_with_differences(net, seed):
    params = random_params_like(start(net, seed))
    tuning = Tuning(l1=0.01, l2=0.02)
    ours = fnet.grads(net, params, X, Y, tuning=tuning)
    theirs = reference.grads(net, params, X, Y, tuning=tuning)
    close(ours, theirs, 1e-10)
    for i, entry in enumerate(params):
        for name, array in entry._asdict().items():
            index = (-1,) * array.ndim
            step = np.zeros_like(array)
            step[..., *(-1,) * len(FIELDS[type(entry)][name].axes)] = 1e-6
            values = [
                reference.loss(
                    *(net, (*params[:i], entry._replace(**{name: array + s}), *params[i + 1 :])),
                    *(X, Y),
                    tuning=tuning,
                )
                for s in (step, -step)
            ]
            slope = (values[0] - values[1]) / 2e-6
            found = np.asarray(getattr(theirs[i], name))[index]
            np.testing.assert_allclose(found, np.ravel(slope)[-1], rtol=1e-6, atol=1e-8)


@BOTH
@pytest.mark.parametrize("decay_biases", [False, True])
def test_the_field_has_its_declared_decay_penalty_and_rate(net, side, decay_biases):
    """With sgd: `p - factor * rate * g`, after the decay of the fields that have one."""
    sgd = fnet.sgd(0.01, weight_decay=0.5, decay_biases=decay_biases)
    params = random_params_like(start(net))
    grads = map_params(np.ones_like, params)
    found, _ = side.update(sgd, params, sgd.init(params), grads)
    factor = 6.0 if isinstance(params[0], Scale) else 1.0
    np.testing.assert_allclose(extra(found), extra(params) - factor * 0.01, rtol=1e-14)
    np.testing.assert_allclose(found[-1].w, params[-1].w * 0.995 - 0.01, rtol=1e-14)
    b = params[-1].b * (0.995 if decay_biases else 1)
    np.testing.assert_allclose(found[-1].b, b - 0.01, rtol=1e-12)
    penalized = reference.grads(net, params, X, Y, tuning=Tuning(l2=1.0))
    np.testing.assert_array_equal(extra(penalized), extra(reference.grads(net, params, X, Y)))


@pytest.mark.parametrize("seed", [0, [0, 1]], ids=["one", "members"])
@pytest.mark.parametrize("optimizer", ["adamw", "lion"])
def test_runs_agree_and_resume_bit_for_bit(net, seed, optimizer):
    """Including averages, the best epoch, members and restoring."""
    optimizer_ = getattr(fnet, optimizer)(2**-6, weight_decay=2**-4)
    options = {"tuning": TUNING, "validation": (X[:9], Y[:9]), "patience": 3, "restore_best": True}
    runs = {}
    for side in (fnet, reference):
        more = options | ({"xla": False} if side is fnet else {})
        runs[side] = side.train(net, optimizer_, start(net, seed), X, Y, PLAN, **more)
        half = side.train(
            net, optimizer_, start(net, seed), X, Y, fnet.minibatch_plan(40, 7, 2, seed=1), **more
        )
        again = side.train(net, optimizer_, half, X, Y, PLAN, **more)
        for a, b in zip(leaves(again.params), leaves(runs[side].params), strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    close(runs[fnet].params, runs[reference].params, 1e-9)
    assert not np.allclose(extra(runs[fnet].params), 1)


@BOTH
def test_an_infinite_entry_of_the_field_ends_a_run(net, side):
    """The check for non-finite values includes every field."""
    params = random_params_like(start(net))
    optimizer = fnet.sgd(1e200)
    with pytest.raises(fnet.NotFinite) as caught:
        side.train(net, optimizer, params, X, Y, PLAN)
    assert all(np.isfinite(np.asarray(a)).all() for a in leaves(caught.value.run.params))


def test_a_bad_field_is_refused_by_name(net):
    params = list(start(net))
    i = -1 if hasattr(params[-1], "g") else 0
    name = "g" if i else "s"
    params[i] = params[i]._replace(**{name: np.ones(7)})
    with pytest.raises(fnet.InvalidArgument, match=rf"needs {name} of shape .* got \[7\]"):
        reference.forward(net, params, X)


@pytest.mark.parametrize("seed", [0, [0, 1]], ids=["one", "members"])
def test_the_field_is_saved_and_used_in_prediction(net, seed, tmp_path):
    run = reference.train(net, fnet.adam(0.01), start(net, seed), X, Y, PLAN)
    fnet.save(tmp_path / "run.fnet", run)
    model = fnet.load(tmp_path / "run.fnet")
    for a, b in zip(leaves(model.run.params), leaves(run.params), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(model.predict(X), reference.predict(net, run.params, X), 1e-12)


def test_lbfgs_updates_the_field(net):
    params = start(net)
    found = [side.minimize_lbfgs(net, params, X, Y, max_iter=5) for side in (fnet, reference)]
    close(found[0].params, found[1].params, 1e-6)
    assert not np.allclose(extra(found[0].params), 1)
