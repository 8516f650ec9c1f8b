"""Params: a tuple of entries, each a NamedTuple of arrays, and the one traversal of them.

A `Layer` is the entry of a dense layer. The table `FIELDS` describes each field once: its
shape, its start, whether it decays and is penalized, and the factor of its learning rate. Code that
treats all arrays in the same way (updates, averages, restoring, saving, the finite check) uses
`map_params`, `map_fields`, `leaves` and `unzip`. So a new field or a new kind of entry takes a line
in `FIELDS` and one in each engine's forward pass.

Every array may have leading member axes M.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Layer(NamedTuple):
    """One dense layer.

    Attributes:
        w: Weights, `[*M, D, H]`: D inputs, H outputs.
        b: Biases, `[*M, H]`; None in a network without biases.
    """

    w: Any
    b: Any = None


class PeriodicEmbedding(NamedTuple):
    """Periodic functions of some features, which the first dense layer takes beside them.

    Feature f becomes the Q numbers `b[f] + sum over h of w[f, h] * cos(angle[f, h])`, where
    `angle[f, h] = 2 pi frequencies[f, h] * x[f] + phases[f, h]`. The D features stay; after them
    come the first of the Q numbers of each feature, then the second ones.

    Source: Holzmüller, Grinsztajn, Steinwart, "Better by default: strong pre-tuned MLPs and boosted
    trees on tabular data" (2024), the PBLD embeddings; after Gorishniy, Rubachev, Babenko, "On
    embeddings for numerical features in tabular deep learning" (2022).

    Attributes:
        frequencies: In periods for each unit of the feature, `[*M, F, H]`: F features, H
            frequencies of each.
        phases: In radians, `[*M, F, H]`.
        w: Weights, `[*M, F, H, Q]`: Q numbers for each feature.
        b: Biases, `[*M, F, Q]`.
    """

    frequencies: Any
    phases: Any
    w: Any
    b: Any


class CodeEmbedding(NamedTuple):
    """Learned numbers for each level of some features, which are codes of levels.

    The first dense layer takes Q numbers in place of each code: after the other features, and after
    periodic functions of them, come the first of the Q numbers of each code, then the second ones.

    Source: Guo, Berkhahn, "Entity embeddings of categorical variables" (2016). They start at 0, so
    that a level without rows to learn from changes nothing.

    Attributes:
        w: Q numbers for each level, `[*M, L, Q]`: the levels of the first feature, then those of
            the second one, and so on.
    """

    w: Any


class Field(NamedTuple):
    """The properties of one field of an entry.

    Attributes:
        axes: Its shape, as indices into the sizes of the entry. For the sizes (D, H) of a dense
            layer, `(0, 1)` is `[D, H]` and `(1,)` is `[H]`. The sizes of a PeriodicEmbedding are
            (F, H, Q), those of a CodeEmbedding (L, Q).
        start: The initial value; None if an initializer draws it.
        decay: The name of the optimizer's hyperparameter for its decay; None without decay.
        penalized: Whether the l1 and l2 penalties apply.
        rate_factor: The factor of its learning rate.
        only_if: The attribute of a Network that must be true, or else the field is absent.
    """

    axes: tuple[int, ...]
    start: float | None = None
    decay: str | None = None
    penalized: bool = False
    rate_factor: float = 1.0
    only_if: str | None = None


FIELDS: dict[type, dict[str, Field]] = {
    Layer: {
        "w": Field(axes=(0, 1), decay="weight_decay", penalized=True),
        "b": Field(axes=(1,), decay="bias_decay", only_if="bias"),
    },
    PeriodicEmbedding: {
        "frequencies": Field(axes=(0, 1)),
        "phases": Field(axes=(0, 1)),
        "w": Field(axes=(0, 1, 2), decay="weight_decay", penalized=True),
        "b": Field(axes=(0, 2), start=0.0, decay="bias_decay"),
    },
    CodeEmbedding: {
        "w": Field(axes=(0, 1), start=0.0, decay="weight_decay", penalized=True),
    },
}
"""The fields of each kind of entry, in the order of its NamedTuple."""


def split(net: Any, tree: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Params as the entries before the dense layers, and the dense layers."""
    blocks = len(tree) - len(net.layers)
    return tree[:blocks], tree[blocks:]


def is_absent(value: Any) -> bool:
    """Whether a field or a number is absent: None for users, `()` inside a compiled function."""
    return value is None or (isinstance(value, tuple) and not value)


def map_params(function: Callable[..., Any], *trees: Any) -> tuple[Any, ...]:
    """Apply `function` to each array of params, or of several structures like them.

    Absent fields stay absent.
    """
    return map_fields(lambda _, *arrays: function(*arrays), *trees)


def map_fields(function: Callable[..., Any], *trees: Any) -> tuple[Any, ...]:
    """As `map_params`, with the `Field` as first argument of the function."""
    return tuple(
        kind._make(
            arrays[0] if is_absent(arrays[0]) else function(field, *arrays)
            for field, *arrays in zip(FIELDS[kind].values(), *entries, strict=True)
        )
        for kind, *entries in _zip_entries(*trees)
    )


def _zip_entries(*trees: Any) -> Iterator[Any]:
    for entries in zip(*trees, strict=True):
        yield (type(entries[0]), *entries)


def leaves(tree: Any) -> list[Any]:
    """The arrays of params, or of a structure like them, in order, without absent fields."""
    return [array for entry in tree for array in entry if not is_absent(array)]


def unzip(tree: Any, count: int) -> list[Any]:
    """Split a structure whose leaves are tuples of `count` arrays into `count` structures."""
    return [map_params(lambda leaf, i=i: leaf[i], tree) for i in range(count)]


MAX_CACHED = 1024
"""The number of networks whose shapes are cached."""

Shapes = tuple[tuple[type, tuple[tuple[int, ...] | None, ...]], ...]


@functools.lru_cache(maxsize=MAX_CACHED)
def shapes(net: Any) -> Shapes:
    """`(kind, shapes of its fields)` for each entry of a network's params, without member axes.

    The shape of an absent field is None.
    """
    return tuple(
        (
            kind,
            tuple(
                tuple(sizes[axis] for axis in field.axes)
                if field.only_if is None or getattr(net, field.only_if)
                else None
                for field in FIELDS[kind].values()
            ),
        )
        for kind, sizes in net.entries
    )


def shapes_of(params: Any) -> Shapes:
    """As `shapes`, for params or a structure like them."""
    return tuple(
        (
            type(entry),
            tuple(
                None if is_absent(array) else tuple(array.shape[-len(field.axes) :])
                for field, array in zip(FIELDS[type(entry)].values(), entry, strict=True)
            ),
        )
        for entry in params
    )


def first_params(net: Any, draw: Callable[..., Any], full: Callable[..., Any]) -> tuple[Any, ...]:
    """Initial params, made by the engine's `draw` and `full`.

    Args:
        net: The network.
        draw: `draw(kind, i, sizes)` returns arrays for the fields without a start of the i-th entry
            of this kind, in order.
        full: `full(start, shape)` returns an array for a field with a start.

    Returns:
        The entries, with None for absent fields.
    """
    counts: dict[type, Iterator[int]] = {}
    entries = []
    for (kind, sizes), (_, wanted) in zip(net.entries, shapes(net), strict=True):
        fields = FIELDS[kind].values()
        i = next(counts.setdefault(kind, itertools.count()))
        drawn: Iterator[Any] = iter(())
        if any(field.start is None for field in fields):
            drawn = iter(draw(kind, i, sizes))
        arrays = [
            next(drawn) if field.start is None else full(field.start, shape)
            for field, shape in zip(fields, wanted, strict=True)
        ]
        present = zip(arrays, wanted, strict=True)
        entries.append(kind._make(None if shape is None else array for array, shape in present))
    return tuple(entries)
