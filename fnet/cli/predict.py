"""`fnet predict`: the predictions for each row of a table, as another table."""

import contextlib
import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

import click
import numpy.typing as npt

from fnet.cli import common
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.files.model import Model
    from fnet.tables import Chunk

Columns: TypeAlias = dict[str, list[Any]]
"""Columns of a table by name, in order."""


@click.command("predict")
@common.model_argument
@common.data_argument
@click.option(
    "--out", metavar="FILE", help="The CSV or JSON file to write.  [default: standard output]"
)
@click.option("--probabilities", is_flag=True, help="Add the probability of each class.")
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Copy a column of the data, such as an id, to the output.  [repeatable]",
)
@common.delimiter_option
@click.option("--json", "as_json", is_flag=True, help="Write a JSON object a row, not CSV.")
def command(
    model: str,
    data: str,
    out: str | None,
    probabilities: bool,
    keep: tuple[str, ...],
    delimiter: str | None,
    as_json: bool,
) -> None:
    """Predict each row of a table, in order.

    DATA must have the columns that the model was trained on, by name and in any order; other
    columns are ignored. It is read in chunks, so it may be larger than memory. TensorFlow is not
    needed.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet predict iris.fnet iris.csv
      $ fnet predict iris.fnet iris.csv --probabilities --keep species --out predictions.csv
      $ cat iris.csv | fnet predict iris.fnet - --json
    """
    from fnet import tables
    from fnet.core.progress_bar import progress_bar

    if out is not None:
        common.check_output_path(out, data, model)
    loaded = common.load_model(model)
    _check(loaded, model, probabilities)
    rows = 0
    with common.open_table(data, delimiter) as table:
        names = common.feature_names(table, loaded, model)
        tables.require_columns(table, keep)
        start = time.perf_counter()
        with (
            _open_output(out) as file,
            progress_bar(table.rows, " rows", label="predicting") as bar,
        ):
            write = _json_writer(file) if as_json else _csv_writer(file)
            for chunk in table.chunks:
                x = tables.numeric_columns(chunk, names)
                found = _predict_chunk(loaded, chunk, x, probabilities)
                if both := [name for name in keep if name in found]:
                    raise InvalidArgument(
                        f"--keep {both[0]}: the predictions have a column of that name too; rename "
                        "it in the data"
                    )
                write({name: tables.text_column(chunk, name) for name in keep} | found)
                rows += len(x)
                bar.update(len(x))
    rate = rows / (time.perf_counter() - start)
    where = "" if out is None else f" in {out}"
    click.echo(f"{common.count(rows, 'prediction')}{where}, {rate:,.0f} rows a second", err=True)


def _check(model: "Model", path: str, probabilities: bool) -> None:
    """Refuse a model of several networks, and probabilities of one without classes."""
    from fnet.core import checks

    if members := checks.members_of(model.params):
        raise InvalidArgument(
            f"{path} has member axes {list(members)}: predict takes a single network"
        )
    if probabilities and model.classes is None:
        raise InvalidArgument(f"{path} has no classes: leave out --probabilities")


def _predict_chunk(
    model: "Model", chunk: "Chunk", x: npt.NDArray[Any], probabilities: bool
) -> Columns:
    """The `predictions` for a chunk of a table; errors name its rows."""
    try:
        return predictions(model, x, probabilities)
    except InvalidArgument as error:
        last = chunk.first_row + len(x) - 1
        raise InvalidArgument(f"{chunk.table}, rows {chunk.first_row} to {last}: {error}") from None


def predictions(model: "Model", x: npt.NDArray[Any], probabilities: bool) -> Columns:
    """The columns of predictions for rows x `[N, D]`; all outputs must be finite."""
    import numpy as np

    from fnet.core import checks

    with np.errstate(over="ignore", invalid="ignore"):
        predicted = model.predict(x)
        outputs = predicted if model.classes is None else model.predict_proba(x)
    checks.finite("predictions", outputs, ". Is x scaled like the training data?")
    if predicted.ndim == 1:
        columns = {"prediction": predicted.tolist()}
    else:
        columns = {f"prediction_{i}": column.tolist() for i, column in enumerate(predicted.T)}
    if probabilities and model.classes is not None:
        columns |= {
            f"probability_{name}": column.tolist()
            for name, column in zip(model.classes.tolist(), outputs.T, strict=True)
        }
    return columns


@contextlib.contextmanager
def _open_output(path: str | None) -> Iterator[TextIO]:
    """Standard output, or a text file that appears at the path when it is complete."""
    if path is None:
        yield sys.stdout
        return
    from fnet.files import atomic

    with atomic.replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        yield text
        text.flush()
        text.detach()


def _csv_writer(file: TextIO) -> Callable[[Columns], None]:
    """Writes columns as rows of a CSV, the first time with the header."""
    rows = csv.writer(file, lineterminator="\n")
    first = True

    def write(columns: Columns) -> None:
        nonlocal first
        if first:
            rows.writerow(columns)
            first = False
        rows.writerows(zip(*columns.values(), strict=True))

    return write


def _json_writer(file: TextIO) -> Callable[[Columns], None]:
    """Writes columns as a JSON object for each row."""

    def write(columns: Columns) -> None:
        for row in zip(*columns.values(), strict=True):
            cells = dict(zip(columns, row, strict=True))
            file.write(json.dumps(cells, ensure_ascii=False) + "\n")

    return write
