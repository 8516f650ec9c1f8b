"""`fnet predict`: what a model says of each row of a table, as rows of another."""

import contextlib
import csv
import io
import json
import sys
import time

import click

from fnet.cli import common
from fnet.core.errors import InvalidArgument


@click.command("predict")
@common.model_argument
@common.data_argument
@click.option("--out", metavar="FILE", help="Write to a file.  [default: standard output]")
@click.option("--probabilities", is_flag=True, help="Add the probability of each class.")
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Copy a column of the data, as an id, to the predictions.  [repeatable]",
)
@common.delimiter_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a row, in place of a CSV.")
def command(model, data, out, probabilities, keep, delimiter, as_json):
    """Predict each row of a table, in order.

    DATA has the columns that the model was trained on, under their names and in any order; others
    are left aside. It is read a part at a time, so it may be larger than memory. TensorFlow is not
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
        common.writable(out, data, model)
    model_path, model = model, common.loaded(model)
    if model.params[0].w.ndim > 2:
        raise InvalidArgument(
            f"{model_path} holds {model.params[0].w.shape[:-2]} members: predict takes one network"
        )
    if probabilities and model.classes is None:
        raise InvalidArgument(f"{model_path} has no classes, so that there are no --probabilities")
    rows = 0
    with common.table(data, delimiter) as table:
        names = common.features(table, model, model_path)
        tables.present(table, keep)
        began = time.perf_counter()
        with (
            _sink(out) as file,
            progress_bar(table.rows, " rows", label="predicting") as bar,
        ):
            write = _json_rows(file) if as_json else _csv_rows(file)
            for part in table.parts:
                said = _said(model, part, tables.numbers(part, names), probabilities)
                if both := [name for name in keep if name in said]:
                    raise InvalidArgument(f"--keep {both[0]} would stand beside one of that name")
                write({name: tables.texts(part, name) for name in keep} | said)
                count = len(part.columns)
                rows += count
                bar.update(count)
    pace = rows / (time.perf_counter() - began)
    where = "" if out is None else f" in {out}"
    click.echo(f"{common.counted(rows, 'prediction')}{where}, {pace:,.0f} rows a second", err=True)


def _said(model, part, x, probabilities):
    """The `predictions` for a part of a table, which a refusal names."""
    try:
        return predictions(model, x, probabilities)
    except InvalidArgument as error:
        last = part.first + len(x) - 1
        raise InvalidArgument(f"{part.table}, rows {part.first} to {last}: {error}") from None


def predictions(model, x, probabilities):
    """Columns of predictions, as lists by name, in order; all that the network says is finite."""
    import numpy as np

    from fnet.core import checks

    with np.errstate(over="ignore", invalid="ignore"):
        said = model.predict(x)
        found = said if model.classes is None else model.predict_proba(x)
    checks.finite("what the model says", found, ". Is x on the scale that it knows?")
    if said.ndim == 1:
        columns = {"prediction": said.tolist()}
    else:
        columns = {f"prediction_{i}": column.tolist() for i, column in enumerate(said.T)}
    if probabilities:
        columns |= {
            f"probability_{name}": column.tolist()
            for name, column in zip(model.classes.tolist(), found.T, strict=True)
        }
    return columns


@contextlib.contextmanager
def _sink(path):
    """A text file for predictions: standard output, or one that takes its place at the end."""
    if path is None:
        yield sys.stdout
        return
    from fnet.files import atomic

    with atomic.replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        yield text
        text.flush()
        text.detach()


def _csv_rows(file):
    rows = csv.writer(file, lineterminator="\n")
    first = True

    def write(columns):
        nonlocal first
        if first:
            rows.writerow(columns)
            first = False
        rows.writerows(zip(*columns.values(), strict=True))

    return write


def _json_rows(file):
    def write(columns):
        for row in zip(*columns.values(), strict=True):
            cells = dict(zip(columns, row, strict=True))
            file.write(json.dumps(cells, ensure_ascii=False) + "\n")

    return write
