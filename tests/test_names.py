"""Unknown names: the message suggests the right one, by meaning first, then by spelling."""

import pytest
from refusals import NET, SIDES, table

import fnet
from fnet import InvalidArgument, Network, Tuning, reference


@pytest.mark.parametrize(
    ("call", "meant"),
    table(
        swish=(lambda side: side.Network((2, 3, 1), hidden="swish"), "silu"),
        linear=(lambda side: side.Network((2, 3, 1), hidden="linear"), "identity"),
        upper_case=(lambda side: side.Network((2, 3, 1), hidden="ReLU"), "relu"),
        with_a_hyphen=(lambda side: side.Network((2, 3, 1), hidden="leaky-relu"), "leaky_relu"),
        spelling=(lambda side: side.Network((2, 3, 1), hidden="rleu"), "relu"),
        binary=(
            lambda side: side.Network((2, 1), loss="binary_cross_entropy"),
            "sigmoid_cross_entropy",
        ),
        binary_in_keras=(
            lambda side: side.Network((2, 1), loss="binary_crossentropy"),
            "sigmoid_cross_entropy",
        ),
        categorical=(
            lambda side: side.Network((2, 3), loss="categorical_crossentropy"),
            "softmax_cross_entropy",
        ),
        mse=(lambda side: side.Network((2, 1), loss="mse"), "squared_error"),
        mae=(lambda side: side.Network((2, 1), loss="mae"), "absolute_error"),
        quantile=(lambda side: side.Network((2, 1), loss="quantile"), "pinball"),
        glorot=(lambda side: side.init_params(NET, 0, "glorot"), "glorot_uniform"),
        kaiming=(lambda side: side.init_params(NET, 0, "kaiming_normal"), "he_normal"),
    ),
)
@pytest.mark.parametrize("side", SIDES)
def test_a_name_is_suggested(side, call, meant):
    with pytest.raises(InvalidArgument, match=f"; did you mean '{meant}'\\?$"):
        call(side)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Adam", "did you mean 'adam'"),
        ("SGD", "did you mean 'sgd'"),
        ("Netwrok", "did you mean 'Network'"),
        ("Progress", "it is called TrainState"),
        ("State", "it is called OptState"),
        ("Minimum", "it is called LBFGSResult"),
    ],
)
@pytest.mark.parametrize("side", SIDES)
def test_unknown_attributes_of_the_package_are_suggested(side, name, meant):
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'.*{meant}"):
        getattr(side, name)


@pytest.mark.parametrize("side", SIDES)
def test_a_name_unlike_all_others_has_no_suggestion(side):
    with pytest.raises(AttributeError, match="has no attribute 'zzzz'$"):
        side.zzzz  # noqa: B018


PLAN = fnet.kfold_plan(1437, 64, epochs=500, seed=0)


@pytest.mark.parametrize(
    ("thing", "name", "meant"),
    [
        (NET, "labelled", "it is called has_class_labels"),
        (NET, "layer", "did you mean 'layers'"),
        (PLAN, "piece", "it is called batches"),
        (PLAN, "epoch", "did you mean 'epochs'"),
        (fnet.adam(0.1), "numbers", "it is called hyperparameters"),
    ],
)
def test_unknown_attributes_of_objects_are_suggested(thing, name, meant):
    assert not hasattr(thing, name)
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'.*{meant}"):
        getattr(thing, name)


RATES = [0.001 * i for i in range(20)]


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (Network((2, 3)), "Network((2, 3), loss='softmax_cross_entropy')"),
        (
            Network((2, 4, 4, 1), ("relu", "tanh"), "sigmoid", False, "sigmoid_cross_entropy"),
            "Network((2, 4, 4, 1), hidden=('relu', 'tanh'), output='sigmoid', bias=False, "
            "loss='sigmoid_cross_entropy')",
        ),
        (PLAN, "Plan(rows=1437, epochs=500, steps=22, width=66, seed=0)"),
        (
            fnet.full_batch_plan(3, 1, [1.0, 2.0, 3.0]),
            "Plan(rows=3, epochs=1, steps=1, width=3, seed=None, weights=<float64 [3]>)",
        ),
        (Tuning(), "Tuning()"),
        (Tuning(l2=0.5, dropout=[0.0, 0.5]), "Tuning(l2=0.5, dropout=[0.0, 0.5])"),
        (fnet.sgd(0.5), "Optimizer('sgd', learning_rate=0.5)"),
        (fnet.sgd(RATES), "Optimizer('sgd', learning_rate=<float64 [20]>)"),
        (
            fnet.sgd(fnet.schedules.cosine(0.5, 10)),
            "Optimizer('sgd', learning_rate=cosine(initial_learning_rate=0.5, decay_steps=10.0, "
            "alpha=0.0))",
        ),
    ],
)
def test_a_repr_is_short(thing, text):
    assert repr(thing) == text


def test_the_repr_of_a_network_evaluates_to_it():
    net = Network([5, 4, 3, 2], hidden=["logistic", "relu"], bias=False)
    assert eval(repr(net)) == net


def test_the_repr_of_an_lbfgs_result_has_its_numbers():
    net = Network((1, 1), loss="squared_error")
    params = reference.init_params(net, [0, 1], dtype="float64")
    found = reference.minimize_lbfgs(net, params, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    assert repr(found).startswith("LBFGSResult(loss=[")
    assert repr(found).endswith("ended=['converged', 'converged'])")


@pytest.mark.parametrize("side", SIDES)
def test_a_single_label_out_of_range_is_refused(side):
    with pytest.raises(InvalidArgument, match="labels must be labels from 0 to 2; got 5$"):
        side.one_hot(5, 3)
