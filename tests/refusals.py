"""Shared by tests of bad input: good arguments, and a check that both sides refuse the same.

Arrays are read-only, so a function that writes into its arguments fails.
"""

import contextlib

import numpy as np
import pytest

import fnet
from fnet import InvalidArgument, Network, reference
from fnet.core.params import map_params

SIDES = [pytest.param(fnet, id="tensorflow"), pytest.param(reference, id="twin")]


def frozen(values, dtype=None):
    array = np.array(values, dtype)
    array.setflags(write=False)
    return array


def spoiled(array, place, value):
    """A copy with another value in one place."""
    array = np.array(array)
    array[place] = value
    return frozen(array)


def frozen_params(net, seed, dtype="float32"):
    return map_params(frozen, reference.init_params(net, seed, dtype=dtype))


NET = Network((2, 4, 3))  # classes
SQUARE = Network((2, 1), loss="squared_error")  # a single output
PAIR = Network((2, 2), loss="squared_error", bias=False)
PARAMS, SQUARE_PARAMS, PAIR_PARAMS = (frozen_params(net, 0) for net in (NET, SQUARE, PAIR))
MEMBERS = frozen_params(NET, [0, 1])
DOUBLES = frozen_params(NET, 0, "float64")
LAYER_0, LAYER_1 = PARAMS
X = frozen([[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]], np.float32)
LABELS = frozen([0, 1, 2, 1, 0])
Y = frozen(np.eye(3)[LABELS])
PLAN = fnet.kfold_plan(5, 2, epochs=1, seed=0)
LONGER = fnet.kfold_plan(5, 2, epochs=4, seed=0)
SGD, ADAM = reference.sgd(0.1), reference.adam(0.1)
RUN = reference.train(NET, SGD, PARAMS, X, Y, PLAN)


def table(**cases):
    """Cases for parametrize, from `name=(call, match)`."""
    return [pytest.param(*case, id=name.replace("_", " ")) for name, case in cases.items()]


@contextlib.contextmanager
def no_work():
    """A context in which any computation of an engine fails the test."""

    def stop(*args, **kwargs):
        pytest.fail("computed before it was refused")

    with pytest.MonkeyPatch.context() as patch:
        for place in (
            "fnet.engine.tensors.call_compiled",
            "fnet.engine.compiled_loop.compiled",
            "fnet.engine.metrics._mean",
            "fnet.reference.metrics._mean",
            "fnet.reference.functions.forward_pass",
            "fnet.reference.functions.loss_and_grads",
            "fnet.reference.optimizers.make_update",
            "fnet.reference.training._step",
            "fnet.core.philox.words",
        ):
            patch.setattr(place, stop)
        yield


def refused_alike(call, match):
    """Both sides refuse `call(side)` before any work, by InvalidArgument and the same message."""
    messages = []
    for side in (fnet, reference):
        with no_work(), pytest.raises(InvalidArgument, match=match) as caught:
            call(side)
        assert caught.type is InvalidArgument
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def train(side, *arguments, optimizer=SGD, net=NET, **options):
    """`side.train` of valid arguments; `arguments` replace the first of (params, x, y, plan)."""
    return side.train(
        net, optimizer, *arguments, *(PARAMS, X, Y, PLAN)[len(arguments) :], **options
    )


def update(side, optimizer=SGD, params=PARAMS, state=None, grads=PARAMS):
    state = reference.Optimizer.init(optimizer, params) if state is None else state
    return side.update(optimizer, params, state, grads)
