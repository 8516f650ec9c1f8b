"""Embeddings of features before the dense layers, in NumPy. Twin of `engine/embeddings.py`.

Notation, for feature f of F, its H frequencies and the Q numbers that it becomes:

    angle[f, h] = 2 pi frequencies[f, h] * x[f] + phases[f, h]
    e[f, q]     = b[f, q] + sum over h of w[f, h, q] * cos(angle[f, h])

and for feature f of F that is a code, whose levels begin at row offset[f] of w:

    e[f, q]     = w[offset[f] + x[f], q]
"""

from typing import Any, NamedTuple

import numpy as np

from fnet.core.aliases import Array, Params
from fnet.core.network import Network
from fnet.core.params import CodeEmbedding, PeriodicEmbedding


def embedded(net: Network, entries: Params, x: Array) -> Any:
    """The input of the first dense layer: features that are numbers, then what entries add.

    x is `[*M, B, D]`, and may lack the member axes.
    """
    added = [EMBEDDINGS[type(entry)].value(net, entry, x) for entry in entries]
    numbers = x if net.codes is None else x.take(net.numbers, axis=-1)
    count, widths = numbers.shape[-1], [each.shape[-1] for each in added]
    found = np.empty((*added[0].shape[:-1], count + sum(widths)), added[0].dtype)
    found[..., :count] = numbers
    for each, width in zip(added, widths, strict=True):
        found[..., count : count + width] = each
        count += width
    return found


def embedded_back(net: Network, entries: Params, x: Array, g: Array) -> list[Any]:
    """The gradients of the entries, where g is dJ/d(what `embedded` returns)."""
    stops = np.cumsum([len(net.numbers), *net.added[:-1]])
    parts = np.split(g, stops, axis=-1)[1:]
    return [
        EMBEDDINGS[type(entry)].back(net, entry, x, part)
        for entry, part in zip(entries, parts, strict=True)
    ]


def periodic(net: Network, entry: Any, x: Array) -> Any:
    """Periodic functions of features: `[*M, B, Q * F]`."""
    e = np.cos(_angles(net, entry, x)) @ entry.w + entry.b[..., None, :]  # [*M, F, B, Q]
    return np.moveaxis(e, -3, -1).reshape(*e.shape[:-3], e.shape[-2], -1)


def periodic_back(net: Network, entry: Any, x: Array, g: Array) -> Any:
    """The gradient of a PeriodicEmbedding, where g is dJ/de."""
    assert net.embedding is not None
    features = net.embedding.features
    de = np.moveaxis(g.reshape(*g.shape[:-1], -1, len(features)), -1, -3)  # [*M, F, B, Q]
    angles = _angles(net, entry, x)
    dw = np.cos(angles).mT @ de
    dangles = de @ entry.w.mT  # [*M, F, B, H]
    dangles *= -np.sin(angles, out=angles)
    chosen = x.take(features, axis=-1).mT  # [*M, F, B]
    ones = np.ones(x.shape[-2], x.dtype)  # sums over rows as products, which are faster
    return PeriodicEmbedding(
        frequencies=2 * np.pi * (chosen[..., None, :] @ dangles)[..., 0, :],
        phases=ones @ dangles,
        w=dw,
        b=ones @ de,
    )


def _angles(net: Network, entry: Any, x: Array) -> Any:
    """The angles in radians, `[*M, F, B, H]`."""
    assert net.embedding is not None
    chosen = x.take(net.embedding.features, axis=-1).mT[..., None]  # [*M, F, B, 1]
    angles = chosen * entry.frequencies[..., None, :]
    angles *= 2 * np.pi
    angles += entry.phases[..., None, :]
    return angles


def of_codes(net: Network, entry: Any, x: Array) -> Any:
    """The numbers of the levels of features: `[*M, B, Q * F]`."""
    assert net.codes is not None
    offsets = np.cumsum([0, *net.codes.levels[:-1]])
    places = x.take(net.codes.features, axis=-1).astype(np.int32) + offsets  # [*M, B, F]
    *members, levels, q = entry.w.shape
    rows = places.reshape(*places.shape[:-2], -1, 1)
    rows = rows.reshape(*[1] * (len(members) + 2 - rows.ndim), *rows.shape)
    e = np.take_along_axis(entry.w, rows, axis=-2).reshape(*members, *places.shape[-2:], q)
    return e.mT.reshape(*members, places.shape[-2], -1)


def of_codes_back(net: Network, entry: Any, x: Array, g: Array) -> Any:
    """The gradient of a CodeEmbedding, where g is dJ/de: the sum over the rows of each level."""
    assert net.codes is not None
    features, levels, _ = net.codes
    de = g.reshape(*g.shape[:-1], -1, len(features))  # [*M, B, Q, F]
    of_levels = [
        (x[..., feature, None] == np.arange(count)).astype(g.dtype).mT @ de[..., f]
        for f, (feature, count) in enumerate(zip(features, levels, strict=True))
    ]
    return CodeEmbedding(np.concatenate(of_levels, axis=-2))


class Kind(NamedTuple):
    """The functions of a kind of entry before the dense layers.

    `value(net, entry, x)` is what it adds to the input e of the first dense layer.
    `back(net, entry, x, g)` is the gradient of the entry, where g is dJ/de.
    """

    value: Any
    back: Any


EMBEDDINGS: dict[type, Kind] = {
    PeriodicEmbedding: Kind(periodic, periodic_back),
    CodeEmbedding: Kind(of_codes, of_codes_back),
}
"""The functions of each kind of entry before the dense layers."""
