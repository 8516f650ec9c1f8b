"""`fnet predict`: the predictions for each row of a table, as another table."""

import time
from typing import TYPE_CHECKING, Any

import click
import numpy.typing as npt

from fnet.cli import common, writers
from fnet.cli.options import FiniteRange, PredictOptions
from fnet.cli.reading import (
    BadRows,
    encoding_of,
    feature_reader,
    open_table,
    reading_options,
    strict_option,
)
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
    help="Add the ends of intervals that hold this part of the true numbers, as 0.9.",
)
@click.option(
    "--std", is_flag=True, help="Add how far the networks disagree, as a standard deviation."
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
    empty prediction; a note names such rows. The table is read in chunks, so it may be larger than
    memory. Standard input and pipes are copied to a temporary file first, up to 4 GiB. --interval
    and --std need a model that was trained with folds. TensorFlow is not needed.

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
        kept = tables.match_names(table, given.keep)
        tables.require_columns(table, kept)
        start = time.perf_counter()
        with (
            writers.open_writer(given.out, file_format, given.safe_csv) as write,
            progress_bar(table.rows, " rows", label="predicting") as bar,
        ):
            for chunk in table.chunks:
                encoded = reader.read([chunk])
                bad.add(encoded, chunk.first_row)
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
            bad.finish(rows, "has an empty prediction", "have empty predictions")
    rate = rows / (time.perf_counter() - start)
    where = "" if given.out is None else f" in {given.out}"
    common.print_line(
        f"{common.count(rows, 'prediction')}{where}, {rate:,.0f} rows a second", err=True
    )


def _check(model: "Model", path: str, wanted: PredictOptions) -> None:
    """Refuse networks that are no ensemble, and what the model cannot say."""
    from fnet.core import checks
    from fnet.core.ensemble import conformity_for

    members = checks.members_of(model.params)
    if members and model.ensemble is None:
        raise InvalidArgument(
            f"{path} has member axes {list(members)}: predict takes a single network"
        )
    if wanted.probabilities and model.classes is None:
        raise InvalidArgument(f"{path} has no classes: leave out --probabilities")
    if wanted.std and model.ensemble is None:
        raise InvalidArgument(f"{path} is a single network: --std needs a model of several folds")
    if wanted.interval is not None:
        if model.classes is not None:
            raise InvalidArgument(
                f"{path} predicts classes, and --interval is for numbers: use --probabilities, or "
                "predict_set of the model in Python"
            )
        try:
            conformity_for("--interval", model.net, model.ensemble, wanted.interval)
        except InvalidArgument as error:
            raise InvalidArgument(f"{path}: {error}") from None


def _predict_chunk(
    network: "Model", chunk: "Chunk", encoded: "Encoded", wanted: PredictOptions
) -> Columns:
    """The `predictions` for a chunk of a table, masked in bad rows; errors name its rows."""
    import numpy as np

    bad = encoded.bad
    try:
        x = np.where(bad[:, None], 0.0, encoded.values) if bad.any() else encoded.values
        found = predictions(network, x, wanted)
    except InvalidArgument as error:
        last = chunk.first_row + len(bad) - 1
        raise InvalidArgument(f"{chunk.table}, rows {chunk.first_row} to {last}: {error}") from None
    if not bad.any():
        return found
    return {name: np.ma.MaskedArray(column, bad) for name, column in found.items()}


def predictions(network: "Model", x: npt.NDArray[Any], wanted: PredictOptions) -> Columns:
    """The columns of predictions for rows x `[N, D]`, arrays; all outputs must be finite."""
    import numpy as np

    from fnet.core import checks

    with np.errstate(over="ignore", invalid="ignore"):
        predicted = network.predict(x)
        of_classes = network.net.targets in ("multiclass", "multilabel")
        outputs = network.predict_proba(x) if of_classes else predicted
    checks.finite("predictions", outputs, ". Is x scaled like the training data?")
    columns = _columns("prediction", predicted)
    if wanted.interval is not None:
        ends = network.predict_interval(x, wanted.interval)
        columns |= _columns("lower", ends[..., 0]) | _columns("upper", ends[..., 1])
    names = None if network.classes is None else network.classes.tolist()
    if wanted.std:
        columns |= _columns("std", network.predict_std(x), names)
    if wanted.probabilities:
        columns |= _columns("probability", outputs, names)
    return columns


def _columns(name: str, values: npt.NDArray[Any], outputs: list[Any] | None = None) -> Columns:
    """Values `[N]` as a column of this name, or `[N, K]` as one for each output."""
    if values.ndim == 1:
        return {name: values}
    labels = range(values.shape[1]) if outputs is None else outputs
    return {f"{name}_{label}": column for label, column in zip(labels, values.T, strict=True)}
