"""L-BFGS against scikit-learn and SciPy, on both sides, with members, and interrupted.

SciPy's loop also ends where the loss falls by less than 2e-9 of itself: some four digits of params.
"""

import signal
import threading

import numpy as np
import pytest
from scipy import optimize
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.neural_network import MLPClassifier
from tqdm.auto import tqdm

import fnet
from fnet import InvalidArgument, Layer, Network, NotFinite, Tuning, reference
from fnet.core import lbfgs
from fnet.core.params import map_params

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 3))
LABELS = (X @ [1.0, -2.0, 0.5] + RNG.normal(size=40) > 0).astype(int)
TARGETS = X @ [1.0, -2.0, 0.5] + 3 + RNG.normal(size=40)
WEIGHTS = RNG.integers(1, 4, size=40) / 2.0


def minimum(side, net, y, members=None, **options):
    seed = 0 if members is None else list(range(members))
    params = reference.init_params(net, seed, dtype="float64")
    return side.minimize_lbfgs(net, params, X, y, **options)


@BOTH
def test_without_hidden_layers_it_is_ridge_regression(side):
    """Ridge minimizes sum(w * (y - f)**2) + a * |coef|**2, 2 * sum(w) times fnet's loss."""
    net = Network((3, 1), loss="squared_error")
    found = minimum(side, net, TARGETS, weights=WEIGHTS, tuning=Tuning(l2=4.0), tol=1e-10)
    expected = Ridge(alpha=2.0).fit(X, TARGETS, sample_weight=WEIGHTS)
    np.testing.assert_allclose(np.ravel(found.params[0].w), expected.coef_, rtol=1e-3)
    np.testing.assert_allclose(found.params[0].b, [expected.intercept_], rtol=1e-3)


@BOTH
def test_without_hidden_layers_it_is_logistic_regression(side):
    """There C multiplies the loss; here the penalty is divided by the number of rows."""
    expected = LogisticRegression(C=0.5, tol=1e-10).fit(X, LABELS, sample_weight=WEIGHTS)
    net = Network((3, 1), loss="sigmoid_cross_entropy")
    found = minimum(side, net, LABELS, weights=WEIGHTS, tuning=Tuning(l2=2.0), tol=1e-10)
    np.testing.assert_allclose(np.ravel(found.params[0].w), expected.coef_[0], rtol=1e-3)
    np.testing.assert_allclose(found.params[0].b, expected.intercept_, rtol=1e-3)


@BOTH
def test_without_hidden_layers_it_is_poisson_regression(side):
    counts = RNG.poisson(2.0, 40)
    expected = PoissonRegressor(alpha=0.25, tol=1e-10).fit(X, counts)  # alpha for the mean
    found = minimum(
        side, Network((3, 1), loss="poisson"), counts, tuning=Tuning(l2=10.0), tol=1e-10
    )
    np.testing.assert_allclose(np.ravel(found.params[0].w), expected.coef_, rtol=1e-3, atol=1e-4)


@BOTH
def test_a_deep_network_equals_scipys_result(side):
    """SciPy's minimizer applied directly to the twin's functions."""
    net = Network((3, 4, 2), "tanh")
    params = reference.init_params(net, 0, dtype="float64")
    flat = np.concatenate([p.ravel() for layer in params for p in layer])

    def structure(row):
        a, b, c, d = np.split(row, [12, 16, 24])
        return Layer(a.reshape(3, 4), b), Layer(c.reshape(4, 2), d)

    def measured(row):
        grads = reference.grads(net, structure(row), X, LABELS)
        return reference.loss(net, structure(row), X, LABELS), np.concatenate(
            [p.ravel() for layer in grads for p in layer]
        )

    by_hand = optimize.minimize(
        measured, flat, jac=True, method="L-BFGS-B", options={"maxiter": 10, "gtol": 1e-4}
    )
    found = minimum(side, net, LABELS, max_iter=10)
    np.testing.assert_allclose(found.loss, by_hand.fun, rtol=1e-9)
    assert found.history["ended"] == "iterations"
    assert found.iterations == len(found.history["loss"]) == 10
    for pair in zip(found.params, structure(by_hand.x), strict=True):
        np.testing.assert_allclose(pair[0].w, pair[1].w, rtol=1e-6)


@BOTH
def test_the_loss_is_that_of_the_result(side):
    net = Network((3, 5, 2))
    found = minimum(side, net, LABELS, tuning=Tuning(l1=0.1, l2=0.1))
    loss = reference.loss(net, found.params, X, LABELS, tuning=Tuning(l1=0.1, l2=0.1))
    np.testing.assert_allclose(found.loss, loss, rtol=1e-12)
    assert found.history["loss"][-1] == found.loss
    assert found.evaluations >= found.iterations > 0
    assert np.all(np.diff(found.history["loss"]) <= 0)
    few = minimum(side, net, LABELS, max_fun=3)
    assert few.history["ended"] == "evaluations"
    assert few.evaluations < 30


@BOTH
def test_the_loss_is_at_most_scikit_learns(side):
    theirs = MLPClassifier((5,), solver="lbfgs", alpha=1.0, max_iter=500, random_state=0)
    theirs.fit(X, LABELS)
    params = tuple(map(Layer, theirs.coefs_, theirs.intercepts_))
    net = Network((3, 5, 1), loss="sigmoid_cross_entropy")
    start = map_params(lambda p: p + 0.1, params)
    found = side.minimize_lbfgs(
        net, start, X, LABELS, tuning=Tuning(l2=1.0), max_iter=500, tol=1e-6
    )
    assert found.loss < theirs.loss_ * 1.01


@BOTH
def test_members_are_minimized_separately(side):
    net = Network((3, 4, 2), "tanh")
    tuning = Tuning(l2=np.array([0.1, 1.0, 10.0]))
    found = minimum(side, net, LABELS, 3, tuning=tuning, weights=np.stack([WEIGHTS] * 3))
    assert found.loss.shape == found.iterations.shape == (3,)
    for i, l2 in enumerate([0.1, 1.0, 10.0]):
        params = reference.init_params(net, i, dtype="float64")
        alone = side.minimize_lbfgs(net, params, X, LABELS, WEIGHTS, tuning=Tuning(l2=l2))
        np.testing.assert_allclose(found.params[0].w[i], alone.params[0].w, rtol=1e-5, atol=1e-7)
        assert found.iterations[i] == alone.iterations
        losses = found.history["loss"][:, i]
        np.testing.assert_allclose(losses[: alone.iterations], alone.history["loss"], rtol=1e-7)
        assert np.isnan(losses[alone.iterations :]).all()
        assert found.history["ended"][i] == alone.history["ended"] == "converged"


@BOTH
def test_params_keep_their_dtype_and_structure(side):
    net = Network((3, 2), bias=False)
    params = side.init_params(net, 0)
    found = side.minimize_lbfgs(net, params, X, LABELS)
    assert found.params[0].b is None
    assert found.params[0].w.shape == (3, 2)
    assert found.params[0].w.dtype == np.float32
    assert found.loss < side.loss(net, params, X, LABELS)


@BOTH
def test_ctrl_c_returns_the_result_so_far(side, monkeypatch):
    """Ctrl-C is sent in the fifth iteration."""
    update, seen = tqdm.update, []

    def counted(bar, *arguments):
        seen.append(1)
        if len(seen) == 5:
            signal.raise_signal(signal.SIGINT)
        return update(bar, *arguments)

    monkeypatch.setattr(tqdm, "update", counted)
    found = minimum(side, Network((3, 5, 2)), LABELS)
    assert found.history["ended"] == "interrupted"
    assert found.iterations == len(found.history["loss"]) == 5
    loss = reference.loss(Network((3, 5, 2)), found.params, X, LABELS)
    np.testing.assert_allclose(loss, found.history["loss"][-1], rtol=1e-12)


@BOTH
def test_a_loss_that_is_not_finite_is_an_error(side):
    net = Network((3, 1), loss="squared_error")
    with pytest.raises(NotFinite, match="loss of the first params is inf; standardize"):
        side.minimize_lbfgs(net, (Layer(np.full((3, 1), 1e200), np.zeros(1)),), X, TARGETS)


def test_a_loss_that_becomes_not_finite_is_an_error():
    evaluated = []

    def evaluate(vector):
        evaluated.append(vector)
        return (1.0 if len(evaluated) == 1 else np.nan), np.ones_like(vector)

    limits = {"maxiter": 5, "maxfun": 5}
    with pytest.raises(NotFinite, match="the loss is nan after . iterations; standardize x and y"):
        lbfgs._minimize_one(evaluate, np.zeros(2), limits, threading.Event(), tqdm(disable=True))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"max_iter": 0}, "max_iter must be an integer of at least 1; got 0"),
        ({"max_fun": 0}, "max_fun must be an integer of at least 1; got 0"),
        ({"tol": -1.0}, "tol must be a number of at least 0; got -1.0"),
        ({"tol": [1.0, 2.0]}, "tol must be one number; got"),
        ({"progress": 1}, "progress must be True or False; got 1"),
        ({"weights": np.zeros(40)}, "weights must not all be 0"),
        ({"tuning": Tuning(dropout=0.5)}, "dropout is for train"),
        ({"tuning": Tuning(global_clipnorm=1.0)}, "global_clipnorm is for train"),
    ],
)
def test_bad_arguments_are_refused(options, match):
    messages = []
    for side in (fnet, reference):
        with pytest.raises(InvalidArgument, match=match) as caught:
            minimum(side, Network((3, 2)), LABELS, **options)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
