"""The names of a table's columns; and a whole table as training data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument
from fnet.core.progress_bar import progress_bar
from fnet.tables import cells
from fnet.tables.readers import Table


def feature_names(
    table: Table, target: Sequence[str] = (), without: Sequence[str] = ()
) -> list[str]:
    """The names of the feature columns: all but the targets and the columns left out.

    Args:
        table: The table.
        target: The names of target columns.
        without: The names of columns to leave out.

    Returns:
        The names of the other columns, in the order of the table.

    Raises:
        InvalidArgument: A name is missing from the table, empty or not unique, or no column is
            left.

    Example:
        >>> from fnet import tables
        >>> table = tables.Table("t", ("id", "a", "y"), None, iter(()))
        >>> tables.feature_names(table, ["y"], without=["id"])
        ['a']
    """
    for name in (*target, *without):
        require_columns(table, [name])
    found = [name for name in table.columns if name not in {*target, *without}]
    if not found:
        raise InvalidArgument(f"{table.name} has no feature columns: it needs at least one")
    if "" in found:
        raise InvalidArgument(
            f"{table.name}: column {table.columns.index('') + 1} has no name: name it, or leave it "
            "out"
        )
    require_columns(table, found)
    return found


def require_columns(table: Table, names: Sequence[str]) -> None:
    """Refuse names of columns that the table does not have, or has more than once.

    Args:
        table: The table.
        names: The names of the required columns.

    Raises:
        InvalidArgument: A column is missing, or its name is not unique.

    Example:
        >>> from fnet import tables
        >>> tables.require_columns(tables.Table("t", ("a", "y"), None, iter(())), ["a"])
    """
    if missing := [name for name in names if name not in table.columns]:
        raise InvalidArgument(
            f"{table.name} has no column {', '.join(map(repr, missing[:3]))}"
            f"{' and more' if len(missing) > 3 else ''}; its columns are "
            f"{', '.join(table.columns):.200}"
        )
    if duplicates := [name for name in names if table.columns.count(name) > 1]:
        raise InvalidArgument(
            f"{table.name} has more than one column named {duplicates[0]!r}: names must be unique"
        )


def read_training_data(
    table: Table, names: Sequence[str], target: str, min_numeric_fraction: float = 0.5
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """Read all rows of a table as features x and target y.

    The target is numeric if at least `min_numeric_fraction` of its cells are numbers; then a cell
    that is not a number is an error. An integer with leading zeros, such as 007, makes the target
    text, unless the fraction is 0.

    Args:
        table: The table, of D feature columns and N rows.
        names: The names of the feature columns.
        target: The name of the target column.
        min_numeric_fraction: 0 for a target that must be numeric, a number above 1 for a target
            that is text, or a fraction between.

    Returns:
        `(x, y)`: x float64 `[N, D]`; y `[N]`, float64 or strings.

    Raises:
        InvalidArgument: A column is missing, a feature is not a finite number, or a target is
            missing or not a number.

    Example:
        >>> import pathlib, tempfile
        >>> from fnet import tables
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "table.csv")
        ...     _ = path.write_text("width,kind\\n1.5,a\\n2.5,b\\n")
        ...     with tables.open_table(path) as table:
        ...         x, y = tables.read_training_data(table, ["width"], "kind")
        >>> x.tolist(), y.tolist()
        ([[1.5], [2.5]], ['a', 'b'])
    """
    require_columns(table, [*names, target])
    x, chunks = [], []
    with progress_bar(table.rows, " rows", label="reading") as bar:
        for chunk in table.chunks:
            x.append(cells.numeric_columns(chunk, names))
            chunks.append(chunk._replace(columns=chunk.columns.select([target])))
            bar.update(len(chunk.columns))
    numeric = cells.is_numeric(chunks, target, min_numeric_fraction)
    read = cells.numeric_column if numeric else cells.label_column
    return np.concatenate(x), np.concatenate([read(chunk, target) for chunk in chunks])
