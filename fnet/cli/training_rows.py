"""The rows that `fnet train` learns from: read, assigned a task, split, and encoded."""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.cli import common, learning, reading, splits
from fnet.cli.options import TrainOptions
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.encoding import Encoding
    from fnet.estimators import MLPClassifier, MLPRegressor
    from fnet.tables import TrainingData


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
    options: Any
    train: Rows
    held_out: Rows | None


def read(data: str, target: str, options: TrainOptions) -> Training:
    """A table; its target is int64 or text for a classifier, float64 for a regressor."""
    from fnet import encoding, tables

    choices = options.choices
    how = options.reading.of_target(task=options.task, drop_missing=options.drop_missing)
    with reading.open_table(data, options.reading) as table:
        names = [target, *filter(None, (options.weights, options.groups, options.time))]
        target, *roles = tables.match_names(table, names)
        tables.require_columns(table, [target, *roles])
        _require_roles(target, roles, options)
        weights, groups, time = (
            roles.pop(0) if role else None
            for role in (options.weights, options.groups, options.time)
        )
        no_features = [name for name in (weights, groups) if name]
        learner = learning.learner(table, options.reading, choices, [target, *no_features])
        text = learner.as_text()
        found = tables.read_training_data(table, target, choices.without, how, text)
        rows = found.target.rows
        columns = found.columns.drop_columns(no_features)
        split = _split(table.name, found, groups, time, options)
        columns_encoding = learner.learn(columns, rows[split.train])
        known = None if weights is None else _weights(table.name, found, weights, options)
        all_rows = Rows(
            encoding.encode(columns_encoding, columns)[rows], found.target.values, known
        )
    train = all_rows.part(split.train)
    validation = None if split.held_out is None else all_rows.part(split.held_out)
    result = Training(found, columns_encoding, learner.options, train, validation)
    if isinstance(options.validation, str):
        validation = _read_validation(options.validation, result, weights, options)
    for part, what in ((train, "training"), (validation, "held-out")):
        if part is not None and part.weights is not None and not part.weights.any():
            raise InvalidArgument(
                f"--weights must name a column with a weight above 0 in a {what} row; all have 0"
            )
    for note in (*found.target.notes, *split.notes, *learner.notes(columns_encoding)):
        common.print_note(note)
    return result._replace(held_out=validation)


def pipeline(training: Training, model: "MLPClassifier | MLPRegressor") -> Any:
    """The encoder and the fitted estimator as a Pipeline, which a file holds whole."""
    from sklearn.pipeline import Pipeline

    from fnet.encoding.transformer import TableEncoder

    options = training.options._asdict()
    encoder = TableEncoder(**options)._keep_encoding(training.encoding)
    return Pipeline([("tableencoder", encoder), (type(model).__name__.lower(), model)])


def _require_roles(target: str, roles: list[str], options: TrainOptions) -> None:
    """Refuse one column for two things, and options that do not go together."""
    if len({target, *roles}) < 1 + len(roles):
        raise common.usage_error(
            "--target, --weights, --groups and --time must name different columns."
        )
    split = [f"--{name}" for name in ("groups", "time") if getattr(options, name)]
    if len(split) > 1:
        raise common.usage_error("--groups and --time do not go together.")
    if split and (isinstance(options.validation, str) or not options.validation):
        raise common.usage_error(
            f"{split[0]} says which rows are held out: use a --validation between 0 and 1."
        )


def _split(
    table: str, found: "TrainingData", groups: str | None, time: str | None, options: TrainOptions
) -> splits.Split:
    """Which rows with a target are to train on, and which ones are held out."""
    y, fraction, seed = found.target.values, options.validation, options.seed
    if isinstance(fraction, str) or not fraction:
        return splits.Split(np.arange(len(y)))
    if groups is not None:
        codes = group_codes(table, found, groups, options.reading.missing)
        split = splits.by_groups(codes, fraction, seed)
    elif time is not None:
        times = numbers(table, found, time, options, kinds=("date", "number"))
        split = splits.by_time(times, fraction)
    else:
        return splits.at_random(y, fraction, seed)
    return splits.without_unknown_classes(y, split)


def numbers(
    table: str,
    found: "TrainingData",
    name: str,
    options: TrainOptions,
    kinds: tuple[str, ...] = ("number",),
    least: float = -np.inf,
) -> npt.NDArray[np.float64]:
    """A column as numbers, such as weights or times, of the rows that have a target.

    Args:
        table: The name of the table.
        found: The table.
        name: The name of the column.
        options: How the table is read.
        kinds: What it may be: "number", or "date", which becomes days since 1970.
        least: The smallest number.

    Returns:
        Float64 `[M]`.

    Raises:
        InvalidArgument: It is something else, has a gap or too small a number.
    """
    from fnet import encoding

    rows = found.target.rows
    column = found.columns.select([name])
    reading = options.reading
    how = encoding.Options(
        scaling="none",
        keep=True,
        missing=reading.missing,
        date_format=reading.forms([name]).get(name),
        decimal=reading.decimal_character(),
    )
    columns_encoding = encoding.learn(column, how, rows)
    where = f"{table}: column {encoding.shown(name)}"
    (only,) = columns_encoding.columns
    if only.kind not in kinds:
        raise InvalidArgument(
            f"{where} has {only.reason}, but must have {' or '.join(f'{kind}s' for kind in kinds)}"
        )
    values = encoding.encode(columns_encoding, column)[rows]
    if only.statistics.gaps:
        row = int(rows[values[:, 0].argmax()]) + 1
        raise InvalidArgument(f"{where}, row {row} is a gap: fill it in, or leave such rows out")
    found_values: npt.NDArray[np.float64] = values[:, -1]
    if (low := found_values < least).any():
        row = int(low.argmax())
        raise InvalidArgument(
            f"{where}, row {rows[row] + 1}: {found_values[row]:g} must be at least {least:g}"
        )
    return found_values


def _weights(
    table: str, found: "TrainingData", name: str, options: TrainOptions
) -> npt.NDArray[np.float64]:
    """The weights of the rows that have a target."""
    return numbers(table, found, name, options, least=0.0)


def group_codes(
    table: str, found: "TrainingData", name: str, missing: tuple[str, ...] = ()
) -> npt.NDArray[Any]:
    """The number of the group of each row with a target, in the order in which they appear.

    Text is compared without blanks around it, as everywhere.
    """
    from fnet.encoding import steps
    from fnet.encoding.cells import Texts
    from fnet.encoding.raw_columns import to_raw
    from fnet.encoding.reading import read

    raw = to_raw(name, found.columns.column(name).take(found.target.rows))
    kinds = {"numbers": steps.Number, "booleans": steps.Boolean, "dates": steps.Date}
    codes = read((kinds.get(raw.kind, steps.Text)(gaps=missing),), raw).value
    if isinstance(codes, Texts):
        places: dict[str, int] = {}
        of_text = [-1 if t is None else places.setdefault(t, len(places)) for t in codes.texts]
        codes = np.array([*of_text, -1])[codes.codes]
    if (gaps := steps.is_missing(codes)).any():
        row = int(found.target.rows[gaps.argmax()]) + 1
        raise InvalidArgument(
            f"{table}: column {name!r}, row {row} is a gap: every row needs a group"
        )
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(first.argsort().argsort()[group])


def _read_validation(
    path: str, training: Training, weights: str | None, options: TrainOptions
) -> Rows:
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
        tables.require_columns(table, [name, *filter(None, [weights])])
        chunks = tables.read_chunks(table)
        found = tables.read_target(chunks, name, how, classes)
        bad = reading.BadRows(table.name, strict=True)
        encoded = reader.read(chunks)
        bad.add(encoded)
        known = None
        if weights is not None:
            columns = tables.feature_table(chunks, [weights], {weights: ()})
            data = tables.TrainingData(columns, name, found)
            known = _weights(table.name, data, weights, options)
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
