"""The columns of a table of any library.

Containers are known by their methods, so that no library is imported: data frames of pandas and
polars, Arrow tables and record batches, structured arrays, a dict of columns, a list of dicts, and
arrays or lists of rows.
"""

import collections
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.containers import column_names
from fnet.core.errors import InvalidArgument
from fnet.encoding.problems import shown


class Columns(NamedTuple):
    """The columns of a table with N rows.

    Attributes:
        names: Their names, as text.
        rows: N.
        cells: What holds the cells of each column, in the container's own form.
        named: Whether the container has names; otherwise they are x0, x1, ...
    """

    names: tuple[str, ...]
    rows: int
    cells: Sequence[Any]
    named: bool = True


def to_columns(table: Any) -> Columns:
    """The columns of a table.

    Args:
        table: A data frame, an Arrow table, a structured array, a dict of columns, a list of dicts,
            rows `[N, D]`, or Columns.

    Returns:
        The Columns.

    Raises:
        InvalidArgument: It is no table, columns differ in length, or two have one name.
    """
    if isinstance(table, Columns):
        return table
    if hasattr(table, "toarray"):
        raise InvalidArgument(
            "X must not be a sparse matrix: a table has cells of many kinds. Call its toarray()"
        )
    if isinstance(table, Mapping):
        found = _from_mapping(table)
    elif isinstance(table, (list, tuple)) and any(isinstance(row, Mapping) for row in table):
        found = _from_records(table)
    elif (names := column_names(table)) is not None:
        found = _from_table(table, names)
    else:
        found = _from_rows(table)
    if len(set(found.names)) < len(found.names):
        [(twice, _)] = collections.Counter(found.names).most_common(1)
        raise InvalidArgument(
            f"X has two columns named {shown(twice)}: names must be unique; rename one, or "
            "leave it out"
        )
    return found


def _from_mapping(table: Mapping[Any, Any]) -> Columns:
    """A dict of columns."""
    lengths = {}
    for name, column in table.items():
        if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
            raise InvalidArgument(
                f"X must be a dict of columns; column {shown(name)} is {shown(column)}, which "
                "is one cell. Give a list of such dicts to give rows"
            )
        lengths[name] = len(column)
    if len(set(lengths.values())) > 1:
        (first, rows), *others = lengths.items()
        other, count = next((o, c) for o, c in others if c != rows)
        raise InvalidArgument(
            f"X must have columns of one length; column {shown(first)} has {rows:,} cells and "
            f"column {shown(other)} has {count:,}"
        )
    rows = next(iter(lengths.values()), 0)
    return Columns(tuple(map(str, table)), rows, list(table.values()))


def _from_records(table: Sequence[Any]) -> Columns:
    """Dicts, one for each row; a key that a row lacks is a gap."""
    for i, row in enumerate(table):
        if not isinstance(row, Mapping):
            raise InvalidArgument(
                f"X must be a list of dicts, one for each row; row {i} is {shown(row)}"
            )
    keys = list(dict.fromkeys(key for row in table for key in row))
    cells = [[row.get(key) for row in table] for key in keys]
    return Columns(tuple(map(str, keys)), len(table), cells)


def _from_table(table: Any, names: list[Any]) -> Columns:
    """A table of pandas, Arrow, NumPy, or of a library with columns by name."""
    if hasattr(table, "collect") or hasattr(table, "compute"):
        raise InvalidArgument(
            f"X must hold its values; got a {type(table).__name__} that is not computed yet. Call "
            "its collect() or compute() first"
        )
    texts = tuple(map(str, names))
    if hasattr(table, "iloc"):
        return Columns(texts, len(table), [table.iloc[:, i] for i in range(len(names))])
    if hasattr(table, "column"):
        return Columns(texts, table.num_rows, [table.column(i) for i in range(len(names))])
    if hasattr(table, "get_columns"):
        return Columns(texts, len(table), table.get_columns())
    return Columns(texts, len(table), [table[name] for name in names])


def _from_rows(rows: Any) -> Columns:
    """An array or lists of rows `[N, D]`."""
    found = rows if isinstance(rows, np.ndarray) else _object_rows(rows)
    if found.dtype.kind == "c":
        raise InvalidArgument(
            "Complex data not supported: give the real and the imaginary parts as two columns"
        )
    if found.ndim != 2:
        raise InvalidArgument(
            f"X must be a table or rows [N, D]: Expected 2D array, got {found.ndim}D array "
            "instead. Reshape your data: X.reshape(-1, 1) for one column, X.reshape(1, -1) for "
            "one row"
        )
    names = tuple(f"x{i}" for i in range(found.shape[1]))
    return Columns(names, len(found), list(found.T), named=False)


def _object_rows(rows: Any) -> npt.NDArray[Any]:
    """Lists of rows as an array whose cells keep their types."""
    if isinstance(rows, (list, tuple)):
        try:
            return np.array(rows, object)
        except ValueError as error:
            raise InvalidArgument(f"X must have rows of one length: {error}") from None
    if isinstance(rows, (str, bytes)) or rows is None or not hasattr(rows, "__array__"):
        raise InvalidArgument(
            "X must be a data frame, an Arrow table, a dict of columns, a list of dicts or rows "
            f"[N, D]; got {shown(rows)}"
        )
    return np.asarray(rows)
