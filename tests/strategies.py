"""Random networks with params and data that fit them, for Hypothesis.

What is small and worth shrinking (sizes, names, which axes there are) is drawn by Hypothesis; the
numbers come from a NumPy generator of a drawn seed, in float64.
"""

from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from fnet.network import ACTIVATIONS, LINKS, Layer, Network
from fnet.reference.activations import ACTIVATIONS as FORMULAS

MEMBERS = ((), (1,), (3,), (2, 2))


class Case(NamedTuple):
    """A network with arguments for each of its functions; weights may be None."""

    net: Network
    params: tuple
    x: np.ndarray
    y: np.ndarray
    weights: Any

    @property
    def members(self):
        return self.params[0].w.shape[:-2]

    @property
    def arguments(self):
        return tuple(self)

    def cast(self, dtype):
        """The case with params of this dtype and numbers that it holds exactly."""
        params = tuple(
            Layer(w.astype(dtype), None if b is None else b.astype(dtype)) for w, b in self.params
        )
        x, y, weights = (
            v.astype(dtype) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
            for v in (self.x, self.y, self.weights)
        )
        return Case(self.net, params, x, y, weights)


def fewer(parts):
    """Settings for a test whose examples are dear: so many times fewer of them."""
    return settings(max_examples=max(1, settings.default.max_examples // parts))


seeds = st.integers(0, 2**32 - 1)


@st.composite
def networks(draw, layers=4, width=5):
    """Networks of 1 to `layers` layers, of every activation, loss and output that go together."""
    sizes = tuple(draw(st.lists(st.integers(1, width), min_size=2, max_size=layers + 1)))
    activation = st.sampled_from(ACTIVATIONS)
    loss = draw(st.sampled_from(sorted(LINKS)))
    output = activation if LINKS[loss] == "identity" else st.sampled_from(("identity", LINKS[loss]))
    hidden = tuple(draw(activation) for _ in sizes[2:])
    return Network(sizes, hidden, draw(output), draw(st.booleans()), loss)


def random_params(net, members, rng):
    """Params `[*members, ...]` of about the size that keeps values near 1."""
    return tuple(
        Layer(
            rng.normal(size=(*members, d, h)) / np.sqrt(d),
            rng.normal(size=(*members, h)) / 2 if net.bias else None,
        )
        for d, h in net.layers
    )


def random_targets(net, rows, form, rng):
    """Targets for rows of this shape: "rows", or "short" with one axis less where that is so."""
    outputs = net.sizes[-1]
    if net.labelled:
        labels = rng.integers(outputs, size=rows)
        if form == "short":
            return labels
        return np.eye(outputs)[labels] if form == "rows" else rng.dirichlet(np.ones(outputs), rows)
    y = (
        rng.normal(size=(*rows, outputs))
        if net.link == "identity"
        else rng.random((*rows, outputs))
    )
    return y[..., 0] if form == "short" and outputs == 1 else y


@st.composite
def unfiltered_cases(draw, layers, width, batch, members):
    net = draw(networks(layers, width))
    leading = draw(st.sampled_from(members))
    rng = np.random.default_rng(draw(seeds))
    count = draw(st.integers(1, batch))
    rows = (*(leading if draw(st.booleans()) else ()), count)
    y = random_targets(net, rows, draw(st.sampled_from(("rows", "short", "soft"))), rng)
    weighed = draw(st.sampled_from(("none", "rows", "members")))
    shape = rows if weighed == "rows" else (*leading, count)
    weights = None if weighed == "none" else rng.integers(4, size=shape) / 2.0
    return Case(
        net, random_params(net, leading, rng), rng.normal(size=(*rows, net.sizes[0])), y, weights
    )


def cases(layers=4, width=5, batch=7, members=MEMBERS):
    """`(net, params, x, y, weights)` that go together, away from the kinks of every activation."""
    return unfiltered_cases(layers, width, batch, members).filter(smooth)


def smooth(case):
    """Whether no slope jumps within 1e-4 of the terms that a pre-activation is the sum of."""
    a = case.x
    size = np.abs(a)
    for (w, b), name in zip(case.params, (*case.net.hidden, case.net.output), strict=True):
        if name not in FORMULAS:
            break
        b = np.zeros(w.shape[-1]) if b is None else b[..., None, :]
        f, z, size = FORMULAS[name], a @ w + b, size @ np.abs(w) + np.abs(b)
        below, above = (f.slope(v, f.value(v)) for v in (z - 1e-4 * size, z + 1e-4 * size))
        if (np.abs(above - below) > 0.1).any():
            return False
        a = f.value(z)
        size = np.abs(a) + np.abs(f.slope(z, a)) * size
    return True
