"""Random networks with params and data that fit them, for Hypothesis.

Hypothesis draws what is worth shrinking: sizes, names and axes. The numbers come from a NumPy
generator with a drawn seed, in float64.
"""

from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from fnet import Tuning, reference
from fnet.core.network import ACTIVATIONS, LOSSES, Network
from fnet.core.params import Layer
from fnet.reference import dropout
from fnet.reference.activations import ACTIVATIONS as FORMULAS
from fnet.reference.losses import as_rows

MEMBERS = ((), (1,), (3,), (2, 2))


class Case(NamedTuple):
    """A network with arguments for each of its functions; weights and the step may be None."""

    net: Network
    params: tuple
    x: np.ndarray
    y: np.ndarray
    weights: Any
    tuning: Tuning = Tuning()
    step: int | None = None

    @property
    def members(self):
        return self.params[0].w.shape[:-2]

    @property
    def arguments(self):
        return tuple(self[:5])

    @property
    def options(self):
        return {"tuning": self.tuning, "step": self.step}

    def factor(self, layer, units):
        """The dropout mask of the units of a layer, or 1 without dropout."""
        rate = self.tuning.dropout if layer else self.tuning.input_dropout
        if self.step is None or rate is None:
            return 1.0
        place, shape = (layer, self.step), (self.x.shape[-2], units)
        return dropout.dropout_mask(rate, self.tuning.seed, place, shape, self.x.dtype)

    def cast(self, dtype):
        """The case in this dtype."""
        params = tuple(
            Layer(w.astype(dtype), None if b is None else b.astype(dtype)) for w, b in self.params
        )
        x, y, weights = (
            v.astype(dtype) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
            for v in (self.x, self.y, self.weights)
        )
        return Case(self.net, params, x, y, weights, self.tuning, self.step)


def arrays(params):
    """All weights and biases of a structure like params."""
    return [np.asarray(p) for layer in params for p in layer if p is not None]


def fewer(parts):
    """Settings for a slow test: fewer examples by this factor."""
    return settings(max_examples=max(1, settings.default.max_examples // parts))


seeds = st.integers(0, 2**32 - 1)


@st.composite
def networks(draw, layers=4, width=5):
    """Networks of 1 to `layers` layers, with any valid activations, loss and output."""
    sizes = tuple(draw(st.lists(st.integers(1, width), min_size=2, max_size=layers + 1)))
    activation = st.sampled_from(ACTIVATIONS)
    loss = draw(st.sampled_from(sorted(LOSSES)))
    link = LOSSES[loss].link
    output = st.sampled_from(
        (*ACTIVATIONS, "softmax") if link == "identity" else ("identity", link)
    )
    hidden = tuple(draw(activation) for _ in sizes[2:])
    return Network(sizes, hidden, draw(output), draw(st.booleans()), loss)


def random_params(net, members, rng):
    """Params `[*members, ...]`, scaled to keep values near 1."""
    return tuple(
        Layer(
            rng.normal(size=(*members, d, h)) / np.sqrt(d),
            rng.normal(size=(*members, h)) / 2 if net.bias else None,
        )
        for d, h in net.layers
    )


def random_targets(net, rows, layout, rng):
    """Targets for rows of this shape, with the layout "rows", "soft" or "short" (one axis less)."""
    outputs = 1 if net.targets == "quantiles" else net.sizes[-1]
    if net.has_class_labels:
        labels = rng.integers(outputs, size=rows)
        if layout == "short":
            return labels
        return (
            np.eye(outputs)[labels] if layout == "rows" else rng.dirichlet(np.ones(outputs), rows)
        )
    y = rng.normal(size=(*rows, outputs))
    if net.targets == "counts":
        y = rng.poisson(2.0, y.shape)
    if net.targets == "multilabel":
        y = rng.random(y.shape) if layout == "soft" else (y > 0).astype(float)
    return y[..., 0] if layout == "short" and outputs == 1 else y


def random_tuning(net, members, names, rng):
    """A Tuning with the hyperparameters in `names` that fit the network, and all it requires."""
    numbers = {"quantiles": np.sort(rng.uniform(0.05, 0.95, (*members, net.sizes[-1])))}
    numbers |= {"label_weights": rng.integers(4, size=(*members, net.sizes[-1], 2)) / 2.0}
    numbers |= {"seed": rng.integers(2**32, size=members)}
    for name, high in RATES.items():
        numbers[name] = rng.uniform(0.05, high, members)
    of_losses = {"quantiles", "label_weights", "delta", "label_smoothing"}
    return Tuning(
        **{
            name: number
            for name, number in numbers.items()
            if (name in names and (name in net.tuning or name not in of_losses))
            or (name == "quantiles" and net.targets == "quantiles")
        }
    )


RATES = {
    "l1": 0.5,
    "l2": 0.5,
    "dropout": 0.6,
    "input_dropout": 0.6,
    "loss_weight": 1.0,
    "label_smoothing": 0.5,
    "delta": 2.0,
    "clipvalue": 0.5,
    "global_clipnorm": 0.5,
}
"""Hyperparameters of a Tuning, each with its largest random value."""


@st.composite
def unfiltered_cases(draw, layers, width, batch, members):
    net = draw(networks(layers, width))
    leading = draw(st.sampled_from(members))
    rng = np.random.default_rng(draw(seeds))
    count = draw(st.integers(1, batch))
    rows = (*(leading if draw(st.booleans()) else ()), count)
    y = random_targets(net, rows, draw(st.sampled_from(("rows", "short", "soft"))), rng)
    weights_kind = draw(st.sampled_from(("none", "rows", "members")))
    shape = rows if weights_kind == "rows" else (*leading, count)
    weights = None if weights_kind == "none" else rng.integers(4, size=shape) / 2.0
    names = draw(st.sets(st.sampled_from([*RATES, "label_weights", "seed"])))
    tuning = random_tuning(net, draw(st.sampled_from([(), leading])), names, rng)
    x = rng.normal(size=(*rows, net.sizes[0]))
    step = draw(st.none() | st.integers(0, 2**33))
    return Case(net, random_params(net, leading, rng), x, y, weights, tuning, step)


def cases(layers=4, width=5, batch=7, members=MEMBERS):
    """Valid cases, away from the kinks of the activations and losses."""
    return unfiltered_cases(layers, width, batch, members).filter(smooth)


def smooth(case):
    """Whether no derivative jumps within 1e-4 of the size of the terms of a sum."""
    a = case.x
    size = np.abs(a)
    names = (*case.net.hidden, case.net.output)
    for i, ((w, b), name) in enumerate(zip(case.params, names, strict=True)):
        factor = case.factor(i, w.shape[-2])
        b = np.zeros(w.shape[-1]) if b is None else b[..., None, :]
        z, size = (a * factor) @ w + b, (size * factor) @ np.abs(w) + np.abs(b)
        a = z
        if name in FORMULAS:
            f = FORMULAS[name]
            below, above = (f.back(1.0, v, f.value(v)) for v in (z - 1e-4 * size, z + 1e-4 * size))
            if (np.abs(above - below) > 0.1).any():
                return False
            a = f.value(z)
            size = np.abs(a) + np.abs(f.back(1.0, z, a)) * size
    if case.net.loss in ("absolute_error", "pinball"):
        y = as_rows(case.net, case.y, case.x.ndim, a.dtype)
        a = reference.forward(case.net, case.params, case.x) if case.net.output == "softmax" else a
        return bool((np.abs(a - y) > 1e-4 * (1 + size)).all())
    return True
