"""A plane of two features of a model, the others held at one value each."""

import collections
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core import containers
from fnet.core.errors import InvalidArgument
from fnet.encoding.columns import Columns, to_columns
from fnet.encoding.raw_columns import to_raw
from fnet.encoding.reading import read
from fnet.encoding.records import used
from fnet.files.model import Model
from fnet.plots import style

MAX_HELD_LETTERS = 60
"""The values of held features are in the title where they take at most this many letters."""


class Plane(NamedTuple):
    """A plane of two features.

    Attributes:
        labels: The names of the two axes.
        rows: The two features of each row, `[N, 2]`; NaN for a gap.
        others: What a title says about the other features; "" if there are none.
        at: A function from points of the plane, `[P, 2]`, to what the model takes.
    """

    labels: tuple[str, str]
    rows: npt.NDArray[np.float64]
    others: str
    at: Callable[[npt.NDArray[np.float64]], Any]


class _Table(NamedTuple):
    """The columns that a model takes.

    Attributes:
        names: Their names.
        numbers: The values of those that are numbers, `[N]`, by their place.
        typical: A value of each, at which it is held by default.
        build: A function from the cells of all columns to what the model takes.
    """

    names: tuple[str, ...]
    numbers: dict[int, npt.NDArray[np.float64]]
    typical: list[Any]
    build: Callable[[list[Any]], Any]


def plane(model: Model, x: Any, features: Any, at: Any) -> Plane:
    """The plane of two features of a model: see `decision_regions`."""
    encoded = np.asarray(model._check_rows(x), np.float64)
    table = _of_features(model, x, encoded) if model.encoding is None else _of_table(model, x)
    axes, labels = _axes(features, table.names)
    if words := [table.names[k] for k in axes if k not in table.numbers]:
        raise InvalidArgument(
            f"features must be two columns of numbers; {words[0]!r:.100} has none"
        )
    values = list(table.typical)
    for place, value in _given(at, table.names):
        if place in table.numbers and not isinstance(value, Real):
            raise InvalidArgument(
                f"at must have a number for {table.names[place]!r:.100}; got {value!r:.100}"
            )
        values[place] = value
    others = [k for k in range(len(values)) if k not in axes]
    text = ", ".join(f"{style.name(table.names[k])} = {style.name(values[k])}" for k in others)
    if len(text) > MAX_HELD_LETTERS:
        text = f"{len(others)} other features held"

    def points_at(points: npt.NDArray[np.float64]) -> Any:
        cells: list[Any] = [[value] * len(points) for value in values]
        for k, column in zip(axes, points.T, strict=True):
            cells[k] = column
        return table.build(cells)

    rows = np.stack([table.numbers[k] for k in axes], axis=1)
    return Plane(labels, rows, text, points_at)


def _of_features(model: Model, x: Any, rows: npt.NDArray[np.float64]) -> _Table:
    """The columns of rows of numbers."""
    names = model.features or containers.column_names(x)
    if names is None:
        names = [f"feature {i}" for i in range(rows.shape[1])]
    return _Table(
        tuple(map(str, names)),
        dict(enumerate(rows.T)),
        [_typical(column) for column in rows.T],
        lambda cells: np.array(cells, np.float64).T,
    )


def _of_table(model: Model, x: Any) -> _Table:
    """The columns of a table that the model encodes: by name, or by position without names."""
    assert model.encoding is not None
    given = to_columns(x)
    named = given.named and model.encoding.named
    by_name = dict(zip(given.names, given.cells, strict=True))
    pairs = (
        [(column, by_name[column.name]) for column in used(model.encoding)]
        if named
        else list(zip(model.encoding.columns, given.cells, strict=True))
    )
    numbers, typical = {}, []
    for place, (column, cells) in enumerate(pairs):
        if column.kind == "number":
            numbers[place] = read(column.steps, to_raw(column.name, cells)).value
            cells = numbers[place]
        typical.append(_typical(cells))
    names = tuple(column.name for column, _ in pairs)
    return _Table(
        names, numbers, typical, lambda cells: Columns(names, len(cells[0]), cells, named)
    )


def _typical(cells: Any) -> Any:
    """The lower median of numbers, which is one of them, or else the most frequent cell."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "f":
        known = np.sort(cells[~np.isnan(cells)])
        return float(known[(len(known) - 1) // 2]) if len(known) else np.nan
    listed = cells.to_pylist() if hasattr(cells, "to_pylist") else list(cells)
    return collections.Counter(listed).most_common(1)[0][0]


def _axes(features: Any, names: tuple[str, ...]) -> tuple[tuple[int, int], tuple[str, str]]:
    """The places of the two features, and the names of the two axes."""
    chosen = (0, 1) if features is None and len(names) == 2 else features
    if np.ndim(chosen) != 1 or len(chosen) != 2:
        raise InvalidArgument(
            f"features must be two of the {len(names)} features, by number or name; "
            f"got {features!r:.200}"
        )
    places = [_place(feature, names) for feature in chosen]
    labels = [feature if k is None else names[k] for feature, k in zip(chosen, places, strict=True)]
    if places == [None, None] and len(names) == 2:  # other names for the only two
        places = [0, 1]
    i, j = places
    if i is None or j is None or i == j:
        raise InvalidArgument(
            f"features must be two of the {len(names)} features, by number or name; "
            f"got {features!r:.200}, and they are {names!r:.300}"
        )
    first, second = (style.name(label, style.MAX_AXIS_LETTERS) for label in labels)
    return (i, j), (first, second)


def _place(feature: Any, names: tuple[str, ...]) -> int | None:
    """The place of a feature that is given by number or name; None if there is none."""
    if isinstance(feature, Integral) and 0 <= int(feature) < len(names):
        return int(feature)
    return names.index(feature) if feature in names else None


def _given(at: Any, names: tuple[str, ...]) -> list[tuple[int, Any]]:
    """The values that features are held at, by their places."""
    if at is None:
        return []
    if isinstance(at, Mapping):
        places = {feature: _place(feature, names) for feature in at}
        if unknown := [feature for feature, place in places.items() if place is None]:
            raise InvalidArgument(
                f"at must have values of features, by number or name; got {unknown[0]!r:.100}, "
                f"and they are {names!r:.300}"
            )
        return [(place, at[feature]) for feature, place in places.items() if place is not None]
    if np.ndim(at) != 1 or len(at) != len(names):
        raise InvalidArgument(
            f"at must be a value for each of the {len(names)} features, in order, or a dict of "
            f"some; got {at!r:.200}"
        )
    return list(enumerate(at))
