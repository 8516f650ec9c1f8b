"""`fnet export`: a model for other programs."""

import os

import click

from fnet.cli import common
from fnet.core.errors import InvalidArgument


@click.command("export")
@common.model_argument
@click.option("--out", required=True, metavar="PATH", help="The file or new folder to write.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["saved_model", "tflite", "onnx"]),
    help="What to write.  [default: by the ending of PATH, .tflite or .onnx; else saved_model]",
)
@common.json_option
def command(model, out, kind, as_json):
    """Write a model in a format that other programs run.

    It takes rows of features and gives predictions, its scaling included. ONNX is written by the
    package onnx, which is installed apart, the others by TensorFlow.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet export iris.fnet --out iris.tflite
      $ fnet export iris.fnet --format saved_model --out iris
    """
    import fnet
    from fnet import backends, exports

    kind = kind or exports.format_of(out)
    if kind == "saved_model" and os.path.lexists(out):
        raise FileExistsError(None, "is there already; a SavedModel takes a new folder", out)
    common.writable(out, model)
    path, model = model, common.loaded(model)
    if kind != "onnx":
        backends.import_tensorflow(keras=False)
    try:
        fnet.export(out, model, kind)
    except ModuleNotFoundError as error:
        raise InvalidArgument(
            f"ONNX is written by the package {error.name}, which is not installed: pip install onnx"
        ) from None
    common.say(f"{kind}: {out}", {"model": path, "format": kind, "out": out}, as_json)
