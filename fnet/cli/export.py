"""`fnet export`: a model in the format of another program."""

import os
from typing import Literal

import click

from fnet.cli import common
from fnet.cli.options import FiniteRange


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
    type=click.Choice(["saved_model", "tflite", "onnx"]),
    help="The format.  [default: by the suffix of PATH, .tflite or .onnx; otherwise saved_model]",
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
@common.json_option
def command(
    model: str,
    out: str,
    format_name: Literal["saved_model", "tflite", "onnx"] | None,
    plain: bool,
    interval: float | None,
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
    package onnx, which is installed separately; the other formats need TensorFlow.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet export iris.fnet --out iris.onnx
      $ fnet export iris.fnet --format saved_model --out iris
      $ fnet sample diabetes --out diabetes.csv
      $ fnet train diabetes.csv --target progression --out d.fnet --epochs 20
      $ fnet export d.fnet --out d.onnx --interval 0.9
    """
    import fnet
    from fnet import backends, exports

    kind = format_name or exports.format_of(out)
    if kind == "saved_model" and os.path.lexists(out):
        raise FileExistsError(None, "already exists; a SavedModel needs a new folder", out)
    common.check_output_path(out, model)
    loaded = common.load_model(model)
    if kind != "onnx":
        backends.import_tensorflow(keras=False)
    fnet.export(out, loaded, kind, plain, interval)
    is_plain = loaded.encoding is None or plain or kind == "tflite"
    if loaded.encoding is not None and is_plain:
        common.print_note(
            f"{out} takes the {common.count(loaded.net.sizes[0], 'column')} that the encoder of "
            f"{model} makes of a table, not the table"
        )
    result = {"model": model, "format": kind, "out": out, "plain": is_plain, "interval": interval}
    common.print_result([f"{kind}: {out}"], result, as_json)
