"""`fnet export`: a model in the format of another program."""

import os
from typing import TYPE_CHECKING, Any, Literal

import click

from fnet.cli import common
from fnet.cli.options import FiniteRange
from fnet.cli.reading import Reading, open_table

if TYPE_CHECKING:
    from fnet.files.model import Model

NEED_TENSORFLOW = ("saved_model", "tflite")
"""The formats that TensorFlow writes."""


@click.command("export", cls=common.Command)
@common.model_argument
@click.option(
    "--out",
    required=True,
    type=common.file_path,
    metavar="PATH",
    help="The file or new folder to write.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["saved_model", "tflite", "onnx", "html"]),
    help="The format.  [default: by the suffix of PATH, .tflite, .onnx or .html; otherwise "
    "saved_model]",
)
@click.option(
    "--plain",
    is_flag=True,
    help="Leave out the encoder of tables: the exported model takes the numbers that it makes of "
    "a table.",
)
@click.option(
    "--interval",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    metavar="COVERAGE",
    help="Add the outputs lower and upper: the ends of an interval that holds the true number of "
    "this fraction of rows, as 0.9.",
)
@click.option(
    "--examples",
    type=common.file_path,
    metavar="FILE",
    help="A table of at most 100 rows that a web page offers as examples. No other row is in it.",
)
@common.json_option
def command(
    model: str,
    out: str,
    format_name: Literal["saved_model", "tflite", "onnx", "html"] | None,
    plain: bool,
    interval: float | None,
    examples: str | None,
    as_json: bool,
) -> None:
    """Write a model in a format that other programs run.

    The exported model takes an input for each column of a table, and returns predictions; what
    turns the columns into numbers is included. Numbers are of 64 bits, NaN for a gap; anything
    else is text, empty for a gap: true or false, a date as 2026-12-31, a level. A classifier
    returns label and probabilities, a regressor prediction, and with --interval lower and upper.
    An ensemble is exported whole.

    With --plain, and in TFLite, which has no text, it takes the numbers that the encoder of the
    model makes of a table: fnet.load(MODEL).estimator()[0].transform(TABLE). ONNX needs the
    package onnx, which is installed separately; SavedModel and TFLite need TensorFlow.

    HTML is a web page that predicts in a browser, without a network: a form for one row, with what
    changes the answer most, and a CSV of many. It takes models of several networks, too.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet export iris.fnet --out iris.onnx
      $ fnet export iris.fnet --format saved_model --out iris
      $ fnet export iris.fnet --out iris.html
      $ fnet sample diabetes --out diabetes.csv
      $ fnet train diabetes.csv --target progression --out d.fnet --epochs 20
      $ fnet export d.fnet --out d.onnx --interval 0.9
    """
    import fnet
    from fnet import backends, exports

    kind = format_name or exports.format_of(out)
    if kind == "saved_model" and os.path.lexists(out):
        raise FileExistsError(None, "already exists; a SavedModel needs a new folder", out)
    common.check_output_path(out, model, *([] if examples is None else [examples]))
    loaded = common.load_model(model)
    rows = None if examples is None else _read_examples(examples, loaded)
    if kind in NEED_TENSORFLOW:
        backends.import_tensorflow(keras=False)
    fnet.export(out, loaded, kind, plain, interval, rows)
    is_plain = loaded.encoding is None or plain or kind == "tflite"
    if loaded.encoding is not None and is_plain:
        common.print_note(
            f"{out} takes the {common.count(loaded.net.sizes[0], 'column')} that the encoder of "
            f"{model} makes of a table, not the table"
        )
    result = {"model": model, "format": kind, "out": out, "plain": is_plain, "interval": interval}
    common.print_result([f"{kind}: {out}"], result, as_json)


def _read_examples(path: str, model: "Model") -> Any:
    """The columns of a table that a model takes, as they come."""
    from fnet import tables

    with open_table(path, Reading(None, None, None, None, (), ())) as table:
        names = list(table.columns)
        if model.features is not None:
            names = tables.match_names(table, model.features)
            tables.require_columns(table, names)
        found = tables.feature_table(list(table.chunks), names, {})
        return found if model.features is None else found.rename_columns(list(model.features))
