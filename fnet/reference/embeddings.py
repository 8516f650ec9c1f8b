"""Embeddings of features before the dense layers, in NumPy. Twin of `engine/embeddings.py`.

Notation, for feature f of F, its H frequencies and the Q numbers that it becomes:

    angle[f, h] = 2 pi frequencies[f, h] * x[f] + phases[f, h]
    e[f, q]     = b[f, q] + sum over h of w[f, h, q] * cos(angle[f, h])
"""

from typing import Any

import numpy as np

from fnet.core.aliases import Array
from fnet.core.network import Network
from fnet.core.params import PeriodicEmbedding


def periodic(net: Network, entry: Any, x: Array) -> Any:
    """Features `[*M, B, D]` and their periodic functions: `[*M, B, D + Q * F]`."""
    e = np.cos(_angles(net, entry, x)) @ entry.w + entry.b[..., None, :]  # [*M, F, B, Q]
    *members, f, rows, q = e.shape
    features = x.shape[-1]
    found = np.empty((*members, rows, features + q * f), e.dtype)
    found[..., :features] = x
    found[..., features:].reshape(*members, rows, q, f)[...] = e.swapaxes(-3, -2).mT
    return found


def periodic_back(net: Network, entry: Any, x: Array, g: Array) -> Any:
    """The gradient of a PeriodicEmbedding and dJ/dx, where g is dJ/d(its output)."""
    assert net.embedding is not None
    features = list(net.embedding.features)
    of_features, of_e = g[..., : x.shape[-1]].copy(), g[..., x.shape[-1] :]
    de = np.moveaxis(of_e.reshape(*of_e.shape[:-1], -1, len(features)), -1, -3)  # [*M, F, B, Q]
    angles = _angles(net, entry, x)
    dangles = -np.sin(angles) * (de @ entry.w.mT)  # [*M, F, B, H]
    chosen = np.moveaxis(x[..., features], -1, -2)  # [*M, F, B]
    grad = PeriodicEmbedding(
        frequencies=2 * np.pi * (chosen[..., None, :] @ dangles)[..., 0, :],
        phases=dangles.sum(axis=-2),
        w=np.cos(angles).mT @ de,
        b=de.sum(axis=-2),
    )
    dchosen = 2 * np.pi * (dangles @ entry.frequencies[..., None])[..., 0]
    of_features[..., features] += np.moveaxis(dchosen, -2, -1)
    return grad, of_features


def _angles(net: Network, entry: Any, x: Array) -> Any:
    """The angles in radians, `[*M, F, B, H]`."""
    assert net.embedding is not None
    chosen = x.take(net.embedding.features, axis=-1).mT[..., None]  # [*M, F, B, 1]
    angles = chosen * entry.frequencies[..., None, :]
    angles *= 2 * np.pi
    angles += entry.phases[..., None, :]
    return angles
