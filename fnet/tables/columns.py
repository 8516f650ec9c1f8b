"""The names of a table's columns; and a whole table as training data."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fnet.core.errors import InvalidArgument
from fnet.core.progress_bar import progress_bar
from fnet.encoding.problems import shown
from fnet.tables import targets
from fnet.tables.feature_columns import feature_table
from fnet.tables.readers import Chunk, Table
from fnet.tables.target_cells import TargetOptions
from fnet.tables.targets import Target


class TrainingData(NamedTuple):
    """A whole table as training data.

    Attributes:
        columns: All columns but the target, an Arrow table `[N, D]`; see `features.feature_table`.
        target_name: The name of the target, as the table spells it.
        target: The target of the M rows that have one, and why it is what it is.
    """

    columns: Any
    target_name: str
    target: Target


def feature_names(
    table: Table, target: Sequence[str] = (), without: Sequence[str] = ()
) -> list[str]:
    """The names of the feature columns: all but the targets and the columns left out.

    Args:
        table: The table.
        target: The names of target columns.
        without: The names of columns to leave out; every column of such a name.

    Returns:
        The names of the other columns, in the order of the table.

    Raises:
        InvalidArgument: A name is missing from the table or not unique, or no column is left.

    Example:
        >>> from fnet import tables
        >>> table = tables.Table("t", ("id", "a", "y"), None, iter(()))
        >>> tables.feature_names(table, ["y"], without=["id"])
        ['a']
    """
    require_columns(table, target)
    require_columns(table, without, unique=False)
    found = [name for name in table.columns if name not in {*target, *without}]
    if not found:
        raise InvalidArgument(f"{table.name} has no feature columns: it needs at least one")
    require_columns(table, found)
    return found


def require_columns(table: Table, names: Sequence[str], unique: bool = True) -> None:
    """Refuse names of columns that the table does not have, or has more than once.

    Args:
        table: The table.
        names: The names of the required columns.
        unique: Whether the table must have each name once.

    Raises:
        InvalidArgument: A column is missing, or its name is not unique.

    Example:
        >>> from fnet import tables
        >>> tables.require_columns(tables.Table("t", ("a", "y"), None, iter(())), ["a"])
    """
    known = set(table.columns)
    if missing := [name for name in names if name not in known]:
        raise InvalidArgument(
            f"{table.name} has no column {', '.join(map(shown, missing[:3]))}"
            f"{' and more' if len(missing) > 3 else ''}; its columns are "
            f"{', '.join(map(shown, table.columns)):.200}"
        )
    if unique and len(known) < len(table.columns):
        for name in names:
            if table.columns.count(name) > 1:
                what = f"named {shown(name)}" if name else "without a name"
                raise InvalidArgument(
                    f"{table.name} has more than one column {what}: names must be unique; rename "
                    f"them, or train without them (--without {shown(name)})"
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
    as_text: Sequence[str] = (),
    classes: Sequence[Any] | None = None,
) -> TrainingData:
    """Read all rows of a table, and its target.

    Args:
        table: The table.
        target: The name of the target column.
        without: The names of columns to leave out.
        options: How the target is read; None decides by `targets.decide`.
        as_text: The names of columns whose text stays text although it is plain numbers.
        classes: The classes of the target, where a model has them.

    Returns:
        The TrainingData.

    Raises:
        InvalidArgument: A column is missing, or a target is missing or ambiguous.

    Example:
        >>> import pathlib, tempfile
        >>> from fnet import tables
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "table.csv")
        ...     _ = path.write_text("width,kind\\n1.5,a\\n2.5,b\\n1.25,a\\n")
        ...     with tables.open_table(path) as table:
        ...         data = tables.read_training_data(table, "kind")
        >>> data.columns.to_pydict(), data.target.values.tolist()
        ({'width': [1.5, 2.5, 1.25]}, ['a', 'b', 'a'])
    """
    options = options or TargetOptions()
    (target,) = match_names(table, [target])
    names = feature_names(table, [target], match_names(table, without))
    chunks = read_chunks(table)
    found = read_target(chunks, target, options, classes)
    plain = [name for name in names if name not in as_text and options.decimal != ","]
    numbers = dict.fromkeys(plain, options.missing or ())
    return TrainingData(feature_table(chunks, names, numbers), target, found)


def read_target(
    chunks: Sequence[Chunk], name: str, options: TargetOptions, classes: Sequence[Any] | None
) -> Target:
    """A target, whose classes a model may have.

    Args:
        chunks: All rows of a table.
        name: The name of the target.
        options: How it is read.
        classes: Its classes; None where they are found, or where it is numbers.

    Returns:
        The Target.

    Raises:
        InvalidArgument: It is missing or ambiguous, or no class.
    """
    if classes is None:
        return targets.decide(chunks, name, options)
    return targets.known_classes(chunks, name, classes, options)


def notation_note(table: str, examples: Mapping[str, str]) -> str:
    """The line that reports how features in another notation were read.

    Args:
        table: The name of the table.
        examples: An example of each such feature, by name.

    Returns:
        The line.
    """
    listed = "; ".join(f"{shown(name)}: {example}" for name, example in list(examples.items())[:3])
    more = f" and {len(examples) - 3} more columns" if len(examples) > 3 else ""
    return f"{table}: numbers in another notation: {listed}{more}"


def read_chunks(table: Table) -> list[Chunk]:
    """All rows of a table."""
    chunks = []
    with progress_bar(table.rows, " rows", label="reading") as bar:
        for chunk in table.chunks:
            chunks.append(chunk)
            bar.update(len(chunk.columns))
    return chunks
