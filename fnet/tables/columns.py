"""The names of a table's columns; and a whole table as training data."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument
from fnet.core.progress_bar import progress_bar
from fnet.encoding.learn import INDEX_NAME
from fnet.tables import cells, targets
from fnet.tables.cells import NumberReader
from fnet.tables.notations import Notation
from fnet.tables.readers import Chunk, Table
from fnet.tables.target_cells import TargetOptions
from fnet.tables.targets import Target


class TrainingData(NamedTuple):
    """A whole table as training data.

    Attributes:
        features: The names of the D feature columns.
        x: The features, float64 `[N, D]`.
        target_name: The name of the target, as the table spells it.
        target: The target of N rows, and why it is what it is.
        notations: The notations of features that are not plain numbers, by name.
        notes: Lines that a user should read.
    """

    features: list[str]
    x: npt.NDArray[np.float64]
    target_name: str
    target: Target
    notations: dict[str, Notation]
    notes: tuple[str, ...]


def feature_names(
    table: Table, target: Sequence[str] = (), without: Sequence[str] = ()
) -> list[str]:
    """The names of the feature columns: all but the targets and the columns left out.

    Args:
        table: The table.
        target: The names of target columns.
        without: The names of columns to leave out; an empty name is every column without one.

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
    for name in (*target, *(name for name in without if name)):
        require_columns(table, [name])
    found = [name for name in table.columns if name not in {*target, *without}]
    if not found:
        raise InvalidArgument(f"{table.name} has no feature columns: it needs at least one")
    if "" in found:
        raise InvalidArgument(
            f"{table.name}: column {table.columns.index('') + 1} has no name: write one in the "
            "header, or leave the column out with --without ''"
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
    known = set(table.columns)
    if missing := [name for name in names if name not in known]:
        raise InvalidArgument(
            f"{table.name} has no column {', '.join(map(repr, missing[:3]))}"
            f"{' and more' if len(missing) > 3 else ''}; its columns are "
            f"{', '.join(map(repr, table.columns)):.200}"
        )
    if len(known) < len(table.columns):
        for name in names:
            if table.columns.count(name) > 1:
                raise InvalidArgument(
                    f"{table.name} has more than one column named {name!r}: names must be unique"
                )


def match_names(table: Table, names: Sequence[str]) -> list[str]:
    """The table's own spelling of names, which may differ in the blanks around them.

    Args:
        table: The table.
        names: Names of columns, as a user or a model gives them.

    Returns:
        The name of the column that each one means; a name that no column has stays unchanged.

    Example:
        >>> from fnet import tables
        >>> tables.match_names(tables.Table("t", ("a", " y"), None, iter(())), ["y", "z"])
        [' y', 'z']
    """
    exact = set(table.columns)
    loose: dict[str, list[str]] = {}
    for name in table.columns:
        loose.setdefault(name.strip(), []).append(name)
    found = []
    for name in names:
        same = loose.get(name.strip(), [])
        found.append(same[0] if name not in exact and len(same) == 1 else name)
    return found


def read_training_data(
    table: Table,
    target: str,
    without: Sequence[str] = (),
    options: TargetOptions | None = None,
    keep_index: bool = False,
) -> TrainingData:
    """Read all rows of a table as features and a target.

    The columns that hold row names are left out: those that pandas' metadata in a Parquet file
    calls an index, and first columns without a name, or called `Unnamed: 0`, `rownames` or
    `__index_level_0__`, whose values are all different whole numbers or texts.

    Args:
        table: The table.
        target: The name of the target column.
        without: The names of columns to leave out.
        options: How the target is read; None decides by `targets.decide`.
        keep_index: Whether columns that hold row names are features.

    Returns:
        The TrainingData.

    Raises:
        InvalidArgument: A column is missing, a feature is not a finite number, or a target is
            missing or ambiguous.

    Example:
        >>> import pathlib, tempfile
        >>> from fnet import tables
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "table.csv")
        ...     _ = path.write_text("width,kind\\n1.5,a\\n2.5,b\\n1.25,a\\n")
        ...     with tables.open_table(path) as table:
        ...         data = tables.read_training_data(table, "kind")
        >>> data.x.tolist(), data.target.values.tolist()
        ([[1.5], [2.5], [1.25]], ['a', 'b', 'a'])
    """
    options = options or TargetOptions()
    (target,) = match_names(table, [target])
    without = match_names(table, without)
    require_columns(table, [target, *filter(None, without)])
    chunks = _read_chunks(table)
    notes: tuple[str, ...] = ()
    if not keep_index:
        rest = [name for name in table.columns if name != target and name not in without]
        index = _index_columns(table, rest, chunks)
        if index and len(index) < len(rest):
            without = [*without, *index]
            notes = (
                f"{table.name}: left out {', '.join(map(repr, index))}, which holds the names or "
                "numbers of the rows; --keep-index keeps it",
            )
    names = feature_names(table, [target], without)
    reader = NumberReader(names, options.decimal)
    x = reader.read(chunks)
    found = targets.decide(chunks, target, options)
    if reader.examples:
        notes += (notation_note(table.name, reader.examples),)
    other = {name: reader.decided[name] for name in reader.examples}
    return TrainingData(names, x[found.rows], target, found, other, (*notes, *found.notes))


def read_labelled_data(
    table: Table,
    names: Sequence[str],
    target: str,
    classes: Sequence[Any] | None,
    options: TargetOptions,
    expected: Mapping[str, Notation] | None = None,
) -> TrainingData:
    """Read all rows of a table for a model that is trained.

    Args:
        table: The table.
        names: The names of the D features, in the order of the model.
        target: The name of the target column.
        classes: The classes of the model; None for a regressor.
        options: How the target is read.
        expected: The notations of features in the training data, by name.

    Returns:
        The TrainingData.

    Raises:
        InvalidArgument: A column is missing, a feature is not a finite number, or a target is
            missing, not a number or not a class of the model.
    """
    require_columns(table, [*names, target])
    chunks = _read_chunks(table)
    reader = NumberReader(names, options.decimal, expected)
    x = reader.read(chunks)
    if classes is None:
        found = targets.decide(chunks, target, options._replace(task="regressor"))
    else:
        found = targets.known_classes(chunks, target, classes, options)
    notes = (notation_note(table.name, reader.examples),) if reader.examples else ()
    return TrainingData(list(names), x[found.rows], target, found, {}, (*notes, *found.notes))


def notation_note(table: str, examples: Mapping[str, str]) -> str:
    """The line that reports how features in another notation were read.

    Args:
        table: The name of the table.
        examples: An example of each such feature, by name.

    Returns:
        The line.
    """
    listed = "; ".join(f"{name!r}: {example}" for name, example in list(examples.items())[:3])
    more = f" and {len(examples) - 3} more columns" if len(examples) > 3 else ""
    return f"{table}: numbers in another notation: {listed}{more}"


def _read_chunks(table: Table) -> list[Chunk]:
    """All rows of a table."""
    chunks = []
    with progress_bar(table.rows, " rows", label="reading") as bar:
        for chunk in table.chunks:
            chunks.append(chunk)
            bar.update(len(chunk.columns))
    return chunks


def _index_columns(table: Table, names: Sequence[str], chunks: Sequence[Chunk]) -> list[str]:
    """Which of these columns hold the names or numbers of rows."""
    found = [
        name for name in names if name in table.index_columns or name.startswith("__index_level_")
    ]
    for name in table.columns:  # the first ones alone
        if not INDEX_NAME.fullmatch(name) or table.columns.count(name) > 1:
            break
        if name in names and name not in found and _all_different(chunks, name):
            found.append(name)
    return found


def _all_different(chunks: Sequence[Chunk], name: str) -> bool:
    """Whether a column's values are all different whole numbers or texts."""
    seen: set[str] = set()
    count = 0
    for chunk in chunks:
        values = [cell.strip() for cell in cells.text_column(chunk, name)]
        if any("." in x and _is_fraction(x) for x in values):
            return False
        seen.update(values)
        count += len(values)
    return len(seen) == count


def _is_fraction(cell: str) -> bool:
    """Whether a cell is a number that is not whole."""
    try:
        return not float(cell).is_integer()
    except ValueError:
        return False
