"""Periodic embeddings of features: both engines, by hand, by differences, in runs and in files."""

import math

import numpy as np
import pytest
import tensorflow as tf

import fnet
from fnet import (
    CodeEmbedding,
    Codes,
    Embedding,
    Layer,
    Network,
    PeriodicEmbedding,
    Tuning,
    reference,
)
from fnet.core.params import FIELDS, leaves, map_params, split
from fnet.encoding import number_features
from fnet.engine import embeddings

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=(23, 5)), RNG.integers(0, 3, 23)
X[:, 1], X[:, 4] = RNG.integers(0, 4, 23), RNG.integers(0, 6, 23)  # the codes of some networks
WEIGHTS = RNG.integers(4, size=23) / 2.0
BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])
MEMBERS = pytest.mark.parametrize("seed", [3, [3, 4], [[3, 4, 5]]], ids=["one", "two", "axes"])

NETWORKS = {
    "some features": Network((5, 7, 3), "tanh", embedding=Embedding((0, 2, 4), 6, 3)),
    "one feature": Network((5, 4, 3), "silu", embedding=Embedding((1,), 2, 1)),
    "all features": Network((5, 6, 6, 3), "tanh", embedding=Embedding(tuple(range(5)))),
    "no hidden layer, no biases": Network((5, 3), bias=False, embedding=Embedding((0, 3))),
    "codes": Network((5, 7, 3), "tanh", codes=Codes((1, 4), (4, 6), 3)),
    "one code": Network((5, 7, 3), "silu", codes=Codes((4,), (6,), 1)),
    "codes and periods": Network(
        (5, 6, 6, 3), "tanh", embedding=Embedding((0, 3), 6, 2), codes=Codes((1, 4), (4, 6))
    ),
}
CASES = pytest.mark.parametrize("net", NETWORKS.values(), ids=list(NETWORKS))


def start(net, seed, dtype="float64"):
    """Initial params with frequencies of several periods, and numbers in place of zeros."""
    blocks, layers = split(net, reference.init_params(net, seed, dtype=dtype))

    def moved(entry, name, array):
        zeros = FIELDS[type(entry)][name].start == 0
        draw = RNG.normal(size=array.shape).astype(dtype)
        return draw if zeros else 10 * array if name == "frequencies" else array

    changed = [
        entry._replace(
            **{name: moved(entry, name, array) for name, array in entry._asdict().items()}
        )
        for entry in blocks
    ]
    return (*changed, *layers)


def close(ours, theirs, rtol, atol):
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol, atol)


@BOTH
def test_a_hand_worked_number(side):
    net = Network((2, 1), loss="squared_error", embedding=Embedding((1,), 2, 1))
    entry = PeriodicEmbedding(
        frequencies=[[0.5, 1.0]], phases=[[0.0, math.pi]], w=[[[3.0], [5.0]]], b=[[0.25]]
    )
    params = (entry, Layer(np.array([[1.0], [10.0], [100.0]]), np.zeros(1)))
    found = np.asarray(side.predict(net, params, np.array([[7.0, 0.5]])))
    e = 0.25 + 3 * math.cos(math.pi / 2) + 5 * math.cos(math.pi + math.pi)
    np.testing.assert_allclose(found, [[7.0 + 5.0 + 100 * e]], rtol=1e-6)


@CASES
@MEMBERS
def test_the_engines_start_with_the_same_params(net, seed):
    ours = fnet.init_params(net, seed, dtype="float64")
    close(ours, reference.init_params(net, seed, dtype="float64"), 1e-13, 1e-15)


def test_frequencies_phases_and_weights_start_as_documented():
    net = Network((20, 3), embedding=Embedding(tuple(range(20)), 50, 10))
    frequencies, phases, w, b = reference.init_params(net, 0, dtype="float64")[0]
    assert np.std(frequencies) == pytest.approx(0.1, rel=0.05)
    assert np.std(phases) == pytest.approx(math.pi / math.sqrt(3), rel=0.05)
    assert np.abs(phases).max() <= math.pi
    assert np.std(w) == pytest.approx(1 / math.sqrt(3 * 50), rel=0.05)
    assert (b == 0).all()
    drawn = np.concatenate([frequencies.ravel(), phases.ravel(), w.ravel()])
    assert len(np.unique(drawn)) == len(drawn)


@CASES
def test_the_layers_start_as_without_an_embedding_of_their_own_sizes(net):
    plain = Network((net.layers[0][0], *net.sizes[1:]), net.hidden, bias=net.bias)
    close(split(net, reference.init_params(net, 1))[1], reference.init_params(plain, 1), 0, 0)


@CASES
@MEMBERS
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_outputs_and_gradients_agree(net, seed, weights):
    params = start(net, seed)
    size = np.max(np.abs(reference.forward(net, params, X)))
    np.testing.assert_allclose(
        *(fnet.forward(net, params, X), reference.forward(net, params, X)), 1e-12, 1e-12 * size
    )
    tuning = Tuning(l1=0.01, l2=0.02, dropout=0.3, seed=1)
    if net.codes is None:
        tuning = tuning._replace(input_dropout=0.2)
    for options in ({}, {"tuning": tuning, "step": 4}):
        ours = fnet.grads(net, params, X, LABELS, weights, **options)
        close(ours, reference.grads(net, params, X, LABELS, weights, **options), 1e-9, 1e-11)


@CASES
def test_outputs_and_gradients_agree_in_float32(net):
    params, x = start(net, 3, "float32"), X.astype("float32")
    ours, theirs = fnet.forward(net, params, x), reference.forward(net, params, x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    ours = fnet.grads(net, params, x, LABELS)
    close(ours, reference.grads(net, params, x, LABELS), 1e-3, 1e-5)


@CASES
@MEMBERS
def test_gradients_are_those_of_differences(net, seed):
    params = start(net, seed)
    found = reference.grads(net, params, X, LABELS)
    for i, entry in enumerate(params):
        for name, array in entry._asdict().items():
            if array is None:
                continue
            axes = len(FIELDS[type(entry)][name].axes)
            step = np.zeros_like(array)
            step[..., *(0,) * (axes - 1), -1] = 1e-6
            below, above = (
                reference.loss(
                    *(net, (*params[:i], entry._replace(**{name: moved}), *params[i + 1 :])),
                    *(X, LABELS),
                )
                for moved in (array - step, array + step)
            )
            own = getattr(found[i], name)[..., *(0,) * (axes - 1), -1]
            np.testing.assert_allclose((above - below) / 2e-6, own, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_cosine_is_that_of_the_library(dtype):
    turns = np.linspace(-3, 3, 4801).astype(dtype)
    expected = np.cos(2 * np.pi * turns.astype("float64"))
    found = embeddings.cosine(tf.constant(turns))
    # NumPy rounds 2 pi t, the more the larger it is.
    np.testing.assert_allclose(found, expected, rtol=0, atol=20 * np.finfo(dtype).eps)


XLA = {"codes and periods", "no hidden layer, no biases"}
"""The networks whose programs XLA compiles, which takes seconds: between them they have all."""

RUNS = [(name, xla) for name in NETWORKS for xla in (False, True) if name in XLA or not xla]


@pytest.mark.parametrize(("name", "xla"), RUNS)
@MEMBERS
@pytest.mark.slow
def test_runs_agree(name, seed, xla):
    net = NETWORKS[name]
    plan = fnet.minibatch_plan(len(X), 6, epochs=5, seed=2)
    params, adam = start(net, seed), fnet.adamw(0.01)
    ours = fnet.train(net, adam, params, X, LABELS, plan, xla=xla)
    theirs = reference.train(net, adam, params, X, LABELS, plan)
    close(ours.params, theirs.params, 1e-8, 1e-9)
    np.testing.assert_allclose(ours.history["loss"], theirs.history["loss"], rtol=1e-9)


ALONE = [(name, reference) for name in NETWORKS]
ALONE += [(name, fnet) for name in ("some features", "one code", "codes and periods")]


@pytest.mark.parametrize(("name", "side"), ALONE)
def test_a_member_equals_its_single_run(name, side):
    net = NETWORKS[name]
    plan = fnet.minibatch_plan(len(X), 6, epochs=3, seed=2)
    both = start(net, [3, 4])
    run = side.train(net, fnet.adam(0.01), both, X, LABELS, plan)
    for m in range(2):
        alone = map_params(lambda p, m=m: p[m], both)
        single = side.train(net, fnet.adam(0.01), alone, X, LABELS, plan)
        own = map_params(lambda p, m=m: np.asarray(p)[m], run.params)
        close(own, map_params(np.asarray, single.params), 1e-10, 1e-10)


@CASES
@MEMBERS
def test_a_file_keeps_the_network_and_predicts_the_same(net, seed, tmp_path):
    params = start(net, seed)
    fnet.save(tmp_path / "m.fnet", (net, params))
    found = fnet.load(tmp_path / "m.fnet")
    assert found.net == net
    assert list(map(type, found.params)) == list(map(type, params))
    close(found.params, params, 0, 0)
    np.testing.assert_array_equal(found.predict_proba(X), reference.predict(net, params, X))


def test_networks_with_the_same_embedding_are_equal():
    net = Network((5, 3), embedding=Embedding((0, 2), 8, 4))
    assert net == Network((5, 3), embedding=((0, 2), 8, 4))
    assert hash(net) == hash(Network((5, 3), embedding=([0, 2], np.int64(8), 4)))
    assert net != Network((5, 3))
    assert eval(repr(net)) == net
    assert net.layers == ((13, 3),)
    assert net.sizes == (5, 3)


def test_networks_with_the_same_codes_are_equal():
    net = Network((5, 3), codes=Codes((1, 4), (4, 6)))
    assert net == Network((5, 3), codes=([1, 4], [4, np.int64(6)], 8))
    assert net != Network((5, 3), codes=Codes((1, 4), (4, 7)))
    assert eval(repr(net)) == net
    assert net.layers == ((19, 3),)
    assert net.numbers == (0, 2, 3)


@BOTH
def test_a_hand_worked_code(side):
    net = Network((3, 1), loss="squared_error", codes=Codes((0, 2), (2, 3), 2))
    entry = CodeEmbedding([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0]])
    params = (entry, Layer(np.array([[1.0], [10.0], [1e2], [1e3], [1e4]]), np.zeros(1)))
    found = np.asarray(side.predict(net, params, np.array([[1, 0.5, 2], [0, -1, 0]])))
    # 0.5 + 10 * 3 + 100 * 9 + 1000 * 4 + 10000 * 10, and -1 + 10 * 1 + 100 * 5 + ...
    np.testing.assert_allclose(found, [[104930.5], [62509.0]])
    y = np.zeros((2, 1))
    grad = np.asarray(side.grads(net, params, np.array([[1, 0.5, 2], [0, -1, 0]]), y)[0].w)
    np.testing.assert_allclose(
        grad[[1, 4, 3]], 104930.5 * np.array([[10, 1e3], [1e2, 1e4], [0, 0]])
    )


@BOTH
def test_levels_start_at_0(side):
    net = NETWORKS["codes"]
    assert not np.any(np.asarray(side.init_params(net, [0, 1])[0].w))


@BOTH
@pytest.mark.parametrize("bad", [-1, 4, 0.5, 1e9])
def test_a_value_that_is_no_code_is_refused(side, bad, tmp_path):
    net = NETWORKS["codes"]
    x, params = X.copy(), start(net, 0)
    x[3, 1] = bad
    match = "feature 1 of x must be codes of levels, whole numbers from 0 to 3; got"
    with pytest.raises(fnet.InvalidArgument, match=match):
        side.predict(net, params, x)
    plan = fnet.minibatch_plan(len(X), 6, epochs=3, seed=2)
    with pytest.raises(fnet.InvalidArgument, match=match):
        side.train(net, fnet.adam(0.01), params, x, LABELS, plan)
    fnet.save(tmp_path / "m.fnet", (net, params))
    with pytest.raises(fnet.InvalidArgument, match=match):
        fnet.load(tmp_path / "m.fnet").predict(x)


@BOTH
def test_codes_refuse_dropout_of_features(side):
    net = NETWORKS["codes"]
    with pytest.raises(fnet.InvalidArgument, match="input_dropout does not go with codes"):
        side.loss(net, start(net, 0), X, LABELS, tuning=Tuning(input_dropout=0.1), step=0)


BAD_CODES = {
    "no features": ((), (), 8),
    "a feature too many": ((0, 5), (2, 2), 8),
    "a negative feature": ((-1, 2), (2, 2), 8),
    "twice": ((1, 1), (2, 2), 8),
    "not in order": ((2, 1), (2, 2), 8),
    "of the embedding": ((0, 3), (2, 2), 8),
    "levels of one": ((1, 2), (2,), 8),
    "no levels": ((1, 2), (2, 0), 8),
    "no outputs": ((1,), (2,), 0),
    "a number": 3,
    "text": "all",
}


@pytest.mark.parametrize("codes", BAD_CODES.values(), ids=list(BAD_CODES))
def test_bad_codes_are_refused(codes):
    with pytest.raises(fnet.InvalidArgument, match="codes|features|levels"):
        Network((5, 3), embedding=Embedding((3,)), codes=codes)


BAD = {
    "no features": ((), 8, 4),
    "a feature too many": ((0, 5), 8, 4),
    "a negative feature": ((-1, 2), 8, 4),
    "twice": ((1, 1), 8, 4),
    "not in order": ((2, 1), 8, 4),
    "not whole": ((0.5,), 8, 4),
    "a boolean": ((True,), 8, 4),
    "no frequencies": ((0,), 0, 4),
    "no outputs": ((0,), 8, 0),
    "a number": 3,
    "text": "all",
    "too few parts": ((0,),),
}


@pytest.mark.parametrize("embedding", BAD.values(), ids=list(BAD))
def test_a_bad_embedding_is_refused(embedding):
    with pytest.raises(fnet.InvalidArgument, match="embedding|features"):
        Network((5, 3), embedding=embedding)


def test_params_of_other_shapes_are_refused():
    net = NETWORKS["some features"]
    params = start(net, 0)
    with pytest.raises(fnet.InvalidArgument, match=r"needs w of shape \[3, 6, 3\]"):
        fnet.predict(net, (params[0]._replace(w=params[0].w[..., :2]), *params[1:]), X)
    with pytest.raises(fnet.InvalidArgument, match="PeriodicEmbedding"):
        fnet.predict(net, params[1:], X)


def test_the_numbers_of_a_table_are_found():
    frame = {
        "number": [1.5, 2.5, 3.5, None] * 5,
        "two values": [0, 1] * 10,
        "levels": ["x", "y", "z", "w"] * 5,
        "date": [f"2020-01-{day:02d}" for day in range(1, 21)],
        "truth": [True, False] * 10,
        "count": [1, 2, 3, 1] * 5,
    }
    frame = {name: cells * 2 for name, cells in frame.items()}
    for embed in (None, 1):
        encoder = fnet.TableEncoder(embed=embed).fit(frame)
        names = encoder.get_feature_names_out()
        found = [names[i] for i in number_features(encoder.encoding_)]
        assert found == ["number", "date", "count"]
        assert ("count code" in names) == ("levels" in names) == (embed == 1)
