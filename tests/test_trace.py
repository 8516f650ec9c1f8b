"""A trace has every number of a calculation by hand, and prints them."""

import math
import re

import magnitudes
import numpy as np
import pytest
from hypothesis import given
from strategies import cases, fewer, random_params, random_targets, random_tuning

import fnet
from fnet import InvalidArgument, Layer, Network, Tuning, reference
from fnet.core.network import ACTIVATIONS, LOSSES
from fnet.core.params import leaves, split
from fnet.reference.activations import ACTIVATIONS as FORMULAS
from fnet.reference.losses import LOSSES as ROW_LOSSES

VALUE = re.compile(r"^  (\S+)(?: = (.*?))?  +\[([\d, ]*)\] (.*)$")


def printed(trace):
    """`(formula, shape, rows of texts)` of each printed value, by name."""
    values, rows = {}, []
    for line in str(trace).splitlines()[2:]:
        if match := VALUE.match(line):
            name, formula, shape, numbers = match.groups()
            rows = [numbers.split()]
            values[name] = formula, tuple(int(n) for n in shape.split(",") if n), rows
        elif line.startswith(" "):
            rows.append(line.split())
    return values


# By hand. The 2-3-1 network of the lecture notes, two rows.

X = [[1.0, 2.0], [3.0, -1.0]]
W1, B1 = [[0.5, -1.0, 0.25], [1.0, 0.5, -0.5]], [0.5, -0.5, 1.0]
W2, B2 = [[1.0], [2.0], [-2.0]], [-1.0]
PARAMS = (Layer(np.array(W1), np.array(B1)), Layer(np.array(W2), np.array(B2)))
Y = [1.0, -3.5]

Z1 = [
    [1 * 0.5 + 2 * 1.0 + 0.5, 1 * -1.0 + 2 * 0.5 - 0.5, 1 * 0.25 + 2 * -0.5 + 1.0],
    [3 * 0.5 - 1 * 1.0 + 0.5, 3 * -1.0 - 1 * 0.5 - 0.5, 3 * 0.25 - 1 * -0.5 + 1.0],
]  # 3, -0.5, 0.25 and 1, -4, 2.25

RELU = {
    "a[0]": X,
    "w[1]": W1,
    "b[1]": [B1],
    "z[1]": Z1,
    "a[1]": [[3.0, 0.0, 0.25], [1.0, 0.0, 2.25]],
    "w[2]": W2,
    "b[2]": [B2],
    "z[2]": [[3 * 1.0 + 0 * 2.0 + 0.25 * -2.0 - 1.0], [1 * 1.0 + 0 * 2.0 + 2.25 * -2.0 - 1.0]],
    "a[2]": [[1.5], [-4.5]],
    "y": [[1.0], [-3.5]],
    "losses": [[(1.5 - 1.0) ** 2], [(-4.5 + 3.5) ** 2]],
    "weights": [[0.5], [0.5]],
    "loss": [[(0.25 + 1.0) / 2]],
    "dl": [[2 * (1.5 - 1.0)], [2 * (-4.5 + 3.5)]],
    "delta[2]": [[0.5 * 1.0], [0.5 * -2.0]],
    "dw[2]": [[3 * 0.5 - 1 * 1.0], [0 * 0.5 - 0 * 1.0], [0.25 * 0.5 - 2.25 * 1.0]],
    "db[2]": [[0.5 - 1.0]],
    "da[1]": [[0.5 * 1.0, 0.5 * 2.0, 0.5 * -2.0], [-1 * 1.0, -1 * 2.0, -1 * -2.0]],
    "delta[1]": [[0.5, 0.0, -1.0], [-1.0, 0.0, 2.0]],  # 0 where the ReLU was negative
    "dw[1]": [
        [1 * 0.5 + 3 * -1.0, 0.0, 1 * -1.0 + 3 * 2.0],
        [2 * 0.5 - 1 * -1.0, 0.0, 2 * -1.0 - 1 * 2.0],
    ],
    "db[1]": [[0.5 - 1.0, 0.0, -1.0 + 2.0]],
}


def sigmoid_by_hand():
    """The same with sigmoids, as the notes have it, and labels 0 and 1."""

    def s(z):
        return 1 / (1 + math.exp(-z))

    (z11, z12, z13), (z21, z22, z23) = Z1
    a11, a12, a13, a21, a22, a23 = s(z11), s(z12), s(z13), s(z21), s(z22), s(z23)
    z1 = a11 * 1.0 + a12 * 2.0 + a13 * -2.0 - 1.0
    z2 = a21 * 1.0 + a22 * 2.0 + a23 * -2.0 - 1.0
    a1, a2 = s(z1), s(z2)
    dl1, dl2 = 2 * (a1 - 1) * a1 * (1 - a1), 2 * (a2 - 0) * a2 * (1 - a2)
    d1, d2 = 0.5 * dl1, 0.5 * dl2
    d11, d12, d13 = (
        d1 * 1.0 * a11 * (1 - a11),
        d1 * 2.0 * a12 * (1 - a12),
        d1 * -2.0 * a13 * (1 - a13),
    )
    d21, d22, d23 = (
        d2 * 1.0 * a21 * (1 - a21),
        d2 * 2.0 * a22 * (1 - a22),
        d2 * -2.0 * a23 * (1 - a23),
    )
    return RELU | {
        "a[1]": [[a11, a12, a13], [a21, a22, a23]],
        "z[2]": [[z1], [z2]],
        "a[2]": [[a1], [a2]],
        "y": [[1.0], [0.0]],
        "losses": [[(a1 - 1) ** 2], [(a2 - 0) ** 2]],
        "loss": [[((a1 - 1) ** 2 + (a2 - 0) ** 2) / 2]],
        "dl": [[dl1], [dl2]],
        "delta[2]": [[d1], [d2]],
        "dw[2]": [[a11 * d1 + a21 * d2], [a12 * d1 + a22 * d2], [a13 * d1 + a23 * d2]],
        "db[2]": [[d1 + d2]],
        "da[1]": [[d1 * 1.0, d1 * 2.0, d1 * -2.0], [d2 * 1.0, d2 * 2.0, d2 * -2.0]],
        "delta[1]": [[d11, d12, d13], [d21, d22, d23]],
        "dw[1]": [
            [1 * d11 + 3 * d21, 1 * d12 + 3 * d22, 1 * d13 + 3 * d23],
            [2 * d11 - 1 * d21, 2 * d12 - 1 * d22, 2 * d13 - 1 * d23],
        ],
        "db[1]": [[d11 + d21, d12 + d22, d13 + d23]],
    }


@pytest.mark.parametrize(
    ("net", "y", "expected"),
    [
        (Network((2, 3, 1), "relu", loss="squared_error"), Y, RELU),
        (
            Network((2, 3, 1), "sigmoid", "sigmoid", loss="squared_error"),
            [1, 0],
            sigmoid_by_hand(),
        ),
    ],
)
def test_a_printed_trace_equals_a_calculation_by_hand(net, y, expected):
    trace = reference.trace(net, PARAMS, X, y)
    found = printed(trace)
    assert list(found) == list(expected)  # in the order of the calculation
    for name, numbers in expected.items():
        _, shape, rows = found[name]
        values = value_of(trace, name)
        assert values.shape == shape, name
        np.testing.assert_allclose(values.ravel(), np.ravel(numbers), rtol=1e-12, atol=1e-15)
        shown = np.array(rows, float)
        assert shown.shape == np.shape(numbers), name
        np.testing.assert_allclose(shown, numbers, rtol=2e-3, atol=5.1e-5, err_msg=name)


def value_of(trace, name):
    """The value that is printed under a name: `z[1]` is an item of the attribute z."""
    attribute, _, layer = name.rstrip("]").partition("[")
    found = getattr(trace, attribute)
    return np.asarray(found[int(layer)] if layer else found)


def test_each_printed_formula_gives_its_value():
    net = Network((2, 3, 4, 2), ("tanh", "silu"), loss="huber")
    params = reference.init_params(net, 3, "normal", "float64")
    options = {"weights": [1, 2], "tuning": Tuning(dropout=0.5), "step": 0}
    trace = reference.trace(net, params, X, np.eye(2), **options)
    formulas = {name: formula for name, (formula, _, _) in printed(trace).items() if formula}
    assert formulas.pop("dl") == "d losses / dz[3]"
    assert formulas["da[1]"] == "delta[2] @ w[2].T * masks[1]"
    for name, formula in formulas.items():
        layer = re.search(r"\[(\d)\]$", name)
        f = FORMULAS[(*net.hidden, net.output)[int(layer[1]) - 1 if layer else -1]]
        names = trace._asdict() | {
            "x": np.array(X),
            "f": f.value,
            "slope": lambda z, f=f: f.back(1.0, z, f.value(z)),
            "l": lambda y, a: ROW_LOSSES["huber"](y, a, Tuning())[0],
            "sum": lambda value: np.sum(value, axis=0),
            "weights": trace.weights if name == "loss" else trace.weights[:, None],
        }
        found = eval(formula.replace("f'", "slope"), {}, names)
        np.testing.assert_allclose(found, value_of(trace, name), rtol=1e-12, err_msg=name)


# Against the other functions of the twin, for every network.


def check(case):
    """The values of a trace fit each other, and what the twin's functions return."""
    net, params, x, y, weights, tuning, step = case
    trace = reference.trace(*case.arguments, **case.options)
    expected = reference.grads(*case.arguments, **case.options)
    for found, wanted in zip(leaves(trace.grads), leaves(expected), strict=True):
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(trace.loss, reference.loss(*case.arguments, **case.options))
    last = len(net.layers)
    assert list(trace.a) == list(range(last + 1))
    for by_layer in (trace.inputs, trace.w, trace.z, trace.delta, trace.dw):
        assert list(by_layer) == list(range(1, last + 1))
    assert list(trace.da) == list(range(1, last))
    assert list(trace.b) == list(trace.db) == (list(trace.w) if net.bias else [])
    if not trace.masks:
        np.testing.assert_array_equal(trace.a[last], reference.forward(net, params, x))
        np.testing.assert_array_equal(trace.predictions, reference.predict(net, params, x))
    plain = tuning._replace(l1=None, l2=None, clipvalue=None, global_clipnorm=None)
    unclipped = reference.grads(*case.arguments, tuning=plain, step=step)
    for i, layer in enumerate(split(net, unclipped)[1], 1):
        np.testing.assert_array_equal(trace.dw[i], layer.w)
        if net.bias:
            np.testing.assert_array_equal(trace.db[i], layer.b)
    np.testing.assert_array_equal(trace.delta[last], trace.weights[..., None] * trace.dl)
    total = np.sum(trace.weights * trace.losses, axis=-1)
    without = reference.loss(*case.arguments, tuning=plain, step=step)
    assert np.all(np.abs(total - without) <= 1e-12 * magnitudes.loss(case))
    return trace


@given(case=cases())
@fewer(2)
def test_a_trace_fits_the_other_functions(case):
    trace = check(case)
    found = printed(trace)
    for name, (_, shape, rows) in found.items():
        value = value_of(trace, name)
        assert value.shape == shape
        assert max(len(row) for row in rows) <= 5
        assert len(rows) <= 5


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_activation_and_each_loss_is_traced(activation, loss):
    """The delta of one row is its gradient with respect to the biases."""
    rng = np.random.default_rng(4)
    link = LOSSES[loss].link
    for output in {"identity", activation if link == "identity" else link}:
        net = Network((3, 4, 3, 2), activation, output, loss=loss)
        params, x = random_params(net, (), rng), rng.normal(size=(5, 3))
        y, weights = random_targets(net, (5,), "rows", rng), rng.random(5)
        tuning = random_tuning(net, (), set(), rng)
        trace = reference.trace(net, params, x, y, weights, tuning=tuning)
        share = weights / weights.sum()
        for row in range(5):
            alone = net, params, x[row : row + 1], y[row : row + 1]
            of_row = reference.grads(*alone, tuning=tuning)
            assert trace.losses[row] == pytest.approx(reference.loss(*alone, tuning=tuning))
            for i, layer in enumerate(of_row, 1):
                delta = share[row] * layer.b
                np.testing.assert_allclose(trace.delta[i][row], delta, rtol=1e-10, atol=1e-13)
        assert f"layer 1, f = {activation}\n" in str(trace)
        assert f"layer 3, f = {output}\n" in str(trace)
        assert f"loss l = {loss}\n" in str(trace)
        assert ("predictions" in printed(trace)) == (link not in ("identity", output))
        outputs = "a[3]" if link == "identity" else "z[3]"
        assert printed(trace)["losses"][0] == f"l(y, {outputs})"


def test_embeddings_are_traced():
    net = Network(
        (3, 4, 2), "tanh", embedding=fnet.Embedding((0, 2), 3, 2), codes=fnet.Codes((1,), (5,), 2)
    )
    params = reference.init_params(net, 0, dtype="float64")
    x, y = np.array([[0.5, 4, 1.0], [2.0, 0, -1.0]]), [0, 1]
    trace = reference.trace(net, params, x, y)
    for found, expected in zip(
        leaves(trace.grads), leaves(reference.grads(net, params, x, y)), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(trace.inputs[1] @ trace.w[1] + trace.b[1], trace.z[1], rtol=1e-12)
    assert printed(trace)["inputs[1]"][0] == "embedded(a[0])"
    assert str(trace).endswith(
        "\n\nThe attribute grads has dw and db with: gradients of embeddings"
    )


@pytest.mark.parametrize(
    ("tuning", "added"),
    [
        ({}, ""),
        ({"l1": 0.1}, "gradients of penalties"),
        ({"l2": 0.1}, "gradients of penalties"),
        ({"clipvalue": 0.1}, "clipping"),
        ({"l2": 0.1, "global_clipnorm": 0.1}, "gradients of penalties, clipping"),
    ],
)
def test_what_grads_have_beside_dw_and_db_is_printed(tuning, added):
    net = Network((2, 3, 1), "relu", loss="squared_error")
    trace = reference.trace(net, PARAMS, X, Y, tuning=Tuning(**tuning))
    assert str(trace).partition("The attribute grads has dw and db with: ")[2] == added
    assert (printed(trace)["loss"][0] == "sum(weights * losses) + penalty") == ("pen" in added)
    same = all(np.array_equal(trace.dw[i], layer.w) for i, layer in enumerate(trace.grads, 1))
    assert same == (not added)


# What is printed of large networks and of members.


def test_what_is_large_is_shortened_to_the_first_three_and_the_last():
    net = Network((7, 6, 5))
    params = reference.init_params(net, 0, dtype="float64")
    x = np.arange(8 * 7).reshape(8, 7)
    found = printed(reference.trace(net, params, x, np.arange(8) % 5))
    assert found["a[0]"][1] == (8, 7)
    assert found["a[0]"][2] == [
        ["0.000", "1.000", "2.000", "…", "6.000"],
        ["7.000", "8.000", "9.000", "…", "13.000"],
        ["14.000", "15.000", "16.000", "…", "20.000"],
        ["…"] * 5,
        ["49.000", "50.000", "51.000", "…", "55.000"],
    ]
    assert [len(row) for row in found["w[2]"][2]] == [5] * 5  # five fit
    assert "…" not in found["w[2]"][2][0]
    assert len(found["losses"][2]) == 5


def test_the_first_member_is_printed():
    net = Network((2, 3, 1), "relu", loss="squared_error")
    params = reference.init_params(net, [[3, 4], [5, 6]], "normal", "float64")
    first = tuple(Layer(w[0, 0], b[0, 0]) for w, b in params)
    trace, alone = (reference.trace(net, each, X, Y) for each in (params, first))
    assert trace.loss.shape == (2, 2)
    assert "members [2, 2], of which the first is shown" in str(trace).splitlines()[1]
    assert {name: rows for name, (_, _, rows) in printed(trace).items()} == {
        name: rows for name, (_, _, rows) in printed(alone).items()
    }


@pytest.mark.parametrize("factor", [0.0, 1e-9, 1e-3, 1.0, 1e3, 1e9])
def test_numbers_of_any_size_have_three_digits_and_lines_a_hundred_letters(factor):
    net = Network((9, 9, 9), "leaky_relu", loss="softmax_cross_entropy")
    rng = np.random.default_rng(0)
    params, x = random_params(net, (), rng), factor * rng.normal(size=(9, 9))
    trace = reference.trace(net, params, x, np.arange(9), tuning=Tuning(dropout=0.3), step=1)
    lines = str(trace).splitlines()
    assert max(map(len, lines)) <= 100
    shown = np.array(printed(trace)["a[0]"][2])[:3, :3].astype(float)
    np.testing.assert_allclose(shown, x[:3, :3], rtol=0, atol=0.005 * np.abs(x[:3, :3]).max())
    assert "-0.0000 " not in str(trace)


def test_what_does_not_fit_is_refused_as_by_grads():
    net = Network((2, 3, 1), loss="squared_error")
    for arguments in (
        (net, PARAMS, [[1.0]], [1.0]),
        (net, PARAMS[:1], X, Y),
        (net, PARAMS, X, [1]),
    ):
        messages = []
        for function in (reference.trace, reference.grads):
            with pytest.raises(InvalidArgument) as caught:
                function(*arguments)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]
