"""Which columns of a table; and a table as a whole, to learn from."""

import numpy as np

from fnet.core.errors import InvalidArgument
from fnet.core.progress_bar import progress_bar
from fnet.tables import cells


def features(table, target=(), without=()):
    """The names of the columns but the target and those `without`; each must be there once."""
    for name in (*target, *without):
        present(table, [name])
    found = [name for name in table.columns if name not in {*target, *without}]
    if not found:
        raise InvalidArgument(f"{table.name} has no column left to learn from")
    if "" in found:
        raise InvalidArgument(
            f"{table.name}: column {table.columns.index('') + 1} has no name: name it, or leave it "
            "out"
        )
    present(table, found)
    return found


def present(table, names):
    """Refuse names of columns that are not there, or there twice."""
    if lacking := [name for name in names if name not in table.columns]:
        there = ", ".join(table.columns)
        raise InvalidArgument(
            f"{table.name} has no column {', '.join(map(repr, lacking[:3]))}"
            f"{' and more' if len(lacking) > 3 else ''}; its columns are {there:.200}"
        )
    if double := [name for name in names if table.columns.count(name) > 1]:
        raise InvalidArgument(
            f"{table.name} has more than one column {double[0]!r}: names must differ"
        )


def whole(table, names, target, share=0.5):
    """`(x, y)`: features float64 `[N, D]` and the target `[N]`, as float64 or as strings.

    The target is taken for numbers where at least this share of its cells are, 0 for any: then the
    others are slips, and refused. A share above 1 takes it for text, whatever it holds; and so
    does a whole number with a zero before it, as 007, but for a share of 0.
    """
    present(table, [*names, target])
    x, parts = [], []
    with progress_bar(table.rows, " rows", label="reading") as bar:
        for part in table.parts:
            x.append(cells.numbers(part, names))
            parts.append(part._replace(columns=part.columns.select([target])))
            bar.update(len(part.columns))
    read = cells.finite if cells.numeric(parts, target, share) else cells.labels
    return np.concatenate(x), np.concatenate([read(part, target) for part in parts])
