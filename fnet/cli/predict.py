"""`fnet predict`: the predictions for each row of a table, as another table."""

import time
from typing import TYPE_CHECKING, Any

import click
import numpy.typing as npt

from fnet.cli import common, writers
from fnet.cli.options import FiniteRange, PredictOptions
from fnet.cli.reading import (
    encoding_of,
    feature_reader,
    open_table,
    reading_options,
    strict_option,
)
from fnet.cli.row_notes import BadRows, UnlikeRows
from fnet.cli.writers import Columns
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.encoding import Encoded
    from fnet.files.model import Model
    from fnet.tables import Chunk


@click.command("predict", cls=common.Command)
@common.model_argument
@common.data_argument
@click.option(
    "--out",
    type=common.file_path,
    metavar="FILE",
    help="The file to write: Parquet, .tsv or .jsonl by its suffix, otherwise CSV.  [default: "
    "standard output]",
)
@click.option("--probabilities", is_flag=True, help="Add the probability of each class.")
@click.option(
    "--interval",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    metavar="COVERAGE",
    help="Add the lower and the upper end of an interval that holds the true number of this "
    "fraction of rows, as 0.9.",
)
@click.option(
    "--set",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    metavar="COVERAGE",
    help="Add which classes are in a set that holds the true class of this fraction of rows, as "
    "0.9.",
)
@click.option(
    "--std",
    is_flag=True,
    help="Add how far the networks disagree: the standard deviation of their predictions.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Copy a column of the data, such as an id, to the output.  [repeatable]",
)
@strict_option
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Write a JSON object a row, not CSV.")
@click.option(
    "--safe-csv",
    is_flag=True,
    help="Put a quote ' before text that a spreadsheet would run as a formula.",
)
def command(model: str, data: str, **options: Any) -> None:
    """Predict each row of a table, in order.

    DATA must have the columns that the model was trained on, by name and in any order; other
    columns are ignored. A row with a cell that the model cannot read, as text for a number, has an
    empty prediction; a note names such rows. Another note names rows with values far outside what
    was seen in training: numbers and dates beyond its range by more than the width of the range,
    and new levels. The table is read in chunks, so it may be larger than
    memory. Standard input and pipes are copied to a temporary file first, up to 4 GiB. TensorFlow
    is not needed.

    --interval, --set and --std need a model trained with folds, as `fnet train` does by default.
    What its networks predicted for rows that they had not seen says how wide intervals and sets
    must be. The spread of --std is only that between the networks, not that of the rows.

    Text is written as it is, also where it begins with =, +, - or @, which a spreadsheet takes for
    a formula: use --safe-csv for a table from a stranger. On a terminal, controls are shown as
    escapes.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet predict iris.fnet iris.csv
      $ fnet predict iris.fnet iris.csv --probabilities --keep species --out predictions.csv
      $ cat iris.csv | fnet predict iris.fnet - --json
      $ fnet sample diabetes --out diabetes.csv
      $ fnet train diabetes.csv --target progression --out d.fnet --epochs 20
      $ fnet predict d.fnet diabetes.csv --interval 0.9 --std
    """
    from fnet import tables
    from fnet.core.progress_bar import progress_bar
    from fnet.encoding.records import used

    given = PredictOptions(**options)
    file_format = writers.format_of(given.out, given.as_json, given.safe_csv)
    if given.out is not None:
        common.check_output_path(given.out, data, model)
    loaded = common.load_model(model)
    _check(loaded, model, given)
    rows = 0
    with open_table(data, given.reading) as table:
        reader = feature_reader(table, encoding_of(table, loaded, model), given.reading)
        network, bad = loaded._of_features(), BadRows(table.name, given.strict)
        unlike = UnlikeRows(table.name, [column.name for column in used(reader.encoding)])
        kept = tables.match_names(table, given.keep)
        tables.require_columns(table, kept)
        start = time.perf_counter()
        with (
            writers.open_writer(given.out, file_format, given.safe_csv) as write,
            progress_bar(table.rows, " rows", label="predicting") as bar,
        ):
            for chunk in table.chunks:
                encoded = reader.read([chunk], find_unlike=True)
                bad.add(encoded, chunk.first_row)
                unlike.add(encoded, chunk.first_row)
                found = _predict_chunk(network, chunk, encoded, given)
                if both := [name for name in kept if name in found]:
                    raise InvalidArgument(
                        f"--keep {both[0]}: the predictions have a column of that name too; rename "
                        "it in the data"
                    )
                write(writers.kept_columns(chunk, kept, file_format) | found)
                rows += len(encoded.bad)
                bar.update(len(encoded.bad))
            if reader.examples:
                common.print_note(tables.notation_note(table.name, reader.examples))
            unlike.finish()
            bad.finish(rows, "has an empty prediction", "have empty predictions")
    rate = rows / (time.perf_counter() - start)
    where = "" if given.out is None else f" in {given.out}"
    common.print_line(
        f"{common.count(rows, 'prediction')}{where}, {rate:,.0f} rows a second", err=True
    )


def _check(model: "Model", path: str, options: PredictOptions) -> None:
    """Refuse a model of several networks that is no ensemble, and options that it does not have."""
    from fnet.core import checks, ensemble

    members = checks.members_of(model.params)
    if members and model.ensemble is None:
        raise InvalidArgument(
            f"{path} has member axes {list(members)}: predict takes a single network"
        )
    if options.probabilities and model.classes is None:
        raise InvalidArgument(f"{path} has no classes: leave out --probabilities")
    if options.interval is not None and model.classes is not None:
        raise InvalidArgument(
            f"{path} predicts classes, which have no --interval: use --set for prediction sets, or "
            "--probabilities"
        )
    if options.set is not None and model.classes is None:
        raise InvalidArgument(f"{path} predicts numbers, which have no --set: use --interval")
    coverages = {"interval": options.interval, "set": options.set}
    given = [name for name, coverage in coverages.items() if coverage is not None]
    given += ["std"] * options.std
    if given and (model.ensemble is None or not members):
        raise InvalidArgument(
            f"{path} is a single network, and --{given[0]} needs one for each fold: train it with "
            "folds, as `fnet train` does without --cv 0"
        )
    for name, coverage in coverages.items():
        if coverage is not None:
            try:
                ensemble.conformity_for(f"predict_{name}", model.net, model.ensemble, coverage)
            except InvalidArgument as error:
                raise InvalidArgument(f"--{name}: {error}") from None


def _predict_chunk(
    network: "Model", chunk: "Chunk", encoded: "Encoded", options: PredictOptions
) -> Columns:
    """The `predictions` for a chunk of a table, masked in bad rows; errors name its rows."""
    import numpy as np

    bad = encoded.bad
    try:
        x = np.where(bad[:, None], 0.0, encoded.values) if bad.any() else encoded.values
        found = predictions(network, x, options)
    except InvalidArgument as error:
        last = chunk.first_row + len(bad) - 1
        raise InvalidArgument(f"{chunk.table}, rows {chunk.first_row} to {last}: {error}") from None
    if not bad.any():
        return found
    return {name: np.ma.MaskedArray(column, bad) for name, column in found.items()}


def predictions(network: "Model", x: npt.NDArray[Any], options: PredictOptions) -> Columns:
    """The columns of predictions for rows x `[N, D]`, arrays; all outputs must be finite."""
    import numpy as np

    from fnet.core import checks

    with np.errstate(over="ignore", invalid="ignore"):
        predicted = network.predict(x)
        of_classes = network.net.targets in ("multiclass", "multilabel")
        outputs = network.predict_proba(x) if of_classes else predicted
    checks.finite("predictions", outputs, ". Is x scaled like the training data?")
    names = None if network.classes is None else network.classes.tolist()
    columns = _named("prediction", predicted)
    if options.interval is not None:
        ends = np.moveaxis(network.predict_interval(x, options.interval), -1, 0)
        columns |= _named("lower", ends[0]) | _named("upper", ends[1])
    if options.std:
        columns |= _named("std", network.predict_std(x), names)
    if options.probabilities:
        columns |= _named("probability", outputs, names)
    if options.set is not None:
        columns |= _named("in_set", network.predict_set(x, options.set), names)
    return columns


def _named(what: str, values: npt.NDArray[Any], names: list[Any] | None = None) -> Columns:
    """The columns of values `[N]` or `[N, K]`, named by their numbers unless they have names."""
    if values.ndim == 1:
        return {what: values}
    named = range(values.shape[1]) if names is None else names
    return {f"{what}_{name}": column for name, column in zip(named, values.T, strict=True)}
