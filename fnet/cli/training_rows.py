"""The rows that `fnet train` learns from: read, assigned a task, split, and encoded."""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from fnet.cli import common, learning, reading, roles, row_notes, splits
from fnet.cli.options import TrainOptions
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.encoding import Encoding, Options
    from fnet.estimators import MLPClassifier, MLPRegressor
    from fnet.tables import Table, TrainingData


class Rows(NamedTuple):
    """Rows as numbers: features `[N, D]`, a target `[N]`, and weights `[N]` or None."""

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    weights: npt.NDArray[Any] | None = None

    def part(self, rows: npt.NDArray[Any]) -> "Rows":
        """Some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Rows(self.x[rows], self.y[rows], weights)

    def given(self) -> tuple[Any, ...]:
        """`(x, y)`, or `(x, y, weights)` where rows have weights."""
        return self[:2] if self.weights is None else tuple(self)


class Training(NamedTuple):
    """A table, ready to train on.

    Attributes:
        data: The table.
        encoding: What its columns are, learnt from the rows to train on.
        options: How it was learnt.
        train: The rows to train on.
        held_out: The rows to validate with, or None.
    """

    data: "TrainingData"
    encoding: "Encoding"
    options: "Options"
    train: Rows
    held_out: Rows | None


class TableRows(NamedTuple):
    """The rows of a table that have a target, before they are split and encoded.

    Attributes:
        name: The name of the table.
        data: The table.
        columns: Its columns that may be features.
        learner: How they are encoded.
        weights: The weights of the rows `[N]`, or None.
        groups: The groups of the rows as numbers `[N]`, or None.
        times: The times of the rows `[N]`, or None.
    """

    name: str
    data: "TrainingData"
    columns: Any
    learner: learning.Learner
    weights: npt.NDArray[np.float64] | None
    groups: npt.NDArray[Any] | None
    times: npt.NDArray[np.float64] | None

    def encoded(self, encoding: "Encoding") -> npt.NDArray[np.float64]:
        """The rows as numbers `[N, D]`."""
        from fnet import encoding as encodings

        return encodings.encode(encoding, self.columns)[self.data.target.rows]

    def learn(self, rows: npt.NDArray[Any]) -> "Encoding":
        """The encoding learnt from some of the rows, which count from 0 among those here."""
        return self.learner.learn(self.columns, self.data.target.rows[rows])

    def require_weights(self, rows: npt.NDArray[Any], what: str) -> None:
        """Refuse rows that all have the weight 0."""
        if self.weights is not None and not self.weights[rows].any():
            _refuse_weights(what)


def read_rows(table: "Table", target: str, options: TrainOptions) -> TableRows:
    """The rows of an open table; the target is int64 or text for a classifier, otherwise float64.

    Args:
        table: The table.
        target: The name of the target.
        options: How it is read, and what its columns are for.

    Returns:
        The TableRows.

    Raises:
        InvalidArgument: A column is not what it must be.
    """
    from fnet import tables

    how = options.reading.of_target(task=options.task, drop_missing=options.drop_missing)
    names = [target, *filter(None, (options.weights, options.groups, options.time))]
    target, *others = tables.match_names(table, names)
    tables.require_columns(table, [target, *others])
    _require_roles(target, others, options)
    weights, groups, time = (
        others.pop(0) if role else None for role in (options.weights, options.groups, options.time)
    )
    no_features = [name for name in (weights, groups) if name]
    learner = learning.learner(table, options.reading, options.choices, [target, *no_features])
    found = tables.read_training_data(
        table, target, options.choices.without, how, learner.as_text()
    )
    name, missing = table.name, options.reading.missing
    return TableRows(
        name,
        found,
        found.columns.drop_columns(no_features),
        learner,
        None if weights is None else roles.weights(name, found, weights, options),
        None if groups is None else roles.group_codes(name, found, groups, missing),
        None
        if time is None
        else roles.numbers(name, found, time, options, kinds=("date", "number")),
    )


def read(data: str, target: str, options: TrainOptions) -> Training:
    """A table, split and encoded."""
    with reading.open_training_table(data, options.reading) as table:
        rows = read_rows(table, target, options)
        split = _split(rows, options)
        encoding = rows.learn(split.train)
        all_rows = Rows(rows.encoded(encoding), rows.data.target.values, rows.weights)
    rows.require_weights(split.train, "training")
    train = all_rows.part(split.train)
    validation = None if split.held_out is None else all_rows.part(split.held_out)
    result = Training(rows.data, encoding, rows.learner.options, train, validation)
    if isinstance(options.validation, str):
        validation = _read_validation(options.validation, result, options)
        if validation.weights is not None and not validation.weights.any():
            _refuse_weights("held-out")
    elif split.held_out is not None:
        rows.require_weights(split.held_out, "held-out")
    for note in (*rows.data.target.notes, *split.notes, *rows.learner.notes(encoding)):
        common.print_note(note)
    return result._replace(held_out=validation)


def _refuse_weights(what: str) -> NoReturn:
    raise InvalidArgument(
        f"--weights must name a column with a weight above 0 in a {what} row; all have 0"
    )


def pipeline(
    options: "Options", encoding: "Encoding", model: "MLPClassifier | MLPRegressor"
) -> Any:
    """The encoder and the fitted estimator as a Pipeline, which a file holds whole."""
    from sklearn.pipeline import Pipeline

    from fnet.encoding.transformer import TableEncoder

    encoder = TableEncoder(**options._asdict())._keep_encoding(encoding)
    return Pipeline([("tableencoder", encoder), (type(model).__name__.lower(), model)])


def _require_roles(target: str, others: list[str], options: TrainOptions) -> None:
    """Refuse one column for two things, and options that do not go together."""
    if len({target, *others}) < 1 + len(others):
        raise common.usage_error(
            "--target, --weights, --groups and --time must name different columns."
        )
    if options.groups and options.time:
        raise common.usage_error("--groups and --time do not go together.")


def _split(rows: TableRows, options: TrainOptions) -> splits.Split:
    """Which rows are to train on, and which ones are held out."""
    y, fraction, seed = rows.data.target.values, options.validation, options.seed
    if isinstance(fraction, str) or not fraction:
        return splits.Split(np.arange(len(y)))
    if rows.groups is not None:
        split = splits.by_groups(rows.groups, fraction, seed)
    elif rows.times is not None:
        split = splits.by_time(rows.times, fraction)
    else:
        return splits.at_random(y, fraction, seed)
    return splits.without_unknown_classes(y, split)


def _read_validation(path: str, training: Training, options: TrainOptions) -> Rows:
    """The rows of a table to validate with."""
    from fnet import tables

    name, target = training.data.target_name, training.data.target
    is_regressor = target.values.dtype.kind == "f"
    how = options.reading.of_target(
        task="regressor" if is_regressor else None,
        drop_missing=options.drop_missing,
        expected=target.notation,
    )
    classes = None if is_regressor else np.unique(target.values).tolist()
    with reading.open_table(path, options.reading) as table:
        reader = reading.feature_reader(table, training.encoding, options.reading)
        (name,) = tables.match_names(table, [name])
        weights = tables.match_names(table, [options.weights] if options.weights else [])
        tables.require_columns(table, [name, *weights])
        chunks = tables.read_chunks(table)
        found = tables.read_target(chunks, name, how, classes)
        bad = row_notes.BadRows(table.name, strict=True)
        encoded = reader.read(chunks)
        bad.add(encoded)
        known = None
        for role in weights:
            columns = tables.feature_table(chunks, [role], {role: ()})
            data = tables.TrainingData(columns, name, found)
            known = roles.weights(table.name, data, role, options)
    return Rows(encoded.values[found.rows], found.values, known)


def class_weight(
    y: npt.NDArray[Any], given: tuple[str, ...]
) -> dict[Any, float] | Literal["balanced"] | None:
    """The `class_weight` of an estimator, from options CLASS=WEIGHT."""
    from fnet.core import checks

    if not given:
        return None
    if given == ("balanced",):
        return "balanced"
    classes = {str(name): name for name in np.unique(y).tolist()}
    weights: dict[Any, float] = {}
    for pair in given:
        name, _, weight = pair.rpartition("=")
        if name in classes and classes[name] in weights:
            raise common.usage_error(f"--class-weight is given twice for the class {name!r}.")
        try:
            weights[classes[name]] = checks.one_number("weight", float(weight))
        except (KeyError, ValueError):
            raise InvalidArgument(
                "--class-weight must be 'balanced', or CLASS=WEIGHT with a class of the target "
                f"({', '.join(map(repr, classes)):.100}) and a number of at least 0; got {pair!r}"
            ) from None
    return weights


def require_no_class_weight(options: TrainOptions) -> None:
    """Refuse weights of classes for a regressor."""
    if options.class_weight:
        raise InvalidArgument(
            "--class-weight needs a classifier, but the target is numeric: use --task "
            "classifier, or leave --class-weight out"
        )
