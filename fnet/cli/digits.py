"""`fnet digits`: the main job."""

import io
import os

import click

from fnet.cli import common


@click.command("digits")
@click.option("--epochs", metavar="NUMBER", type=click.IntRange(1), default=500, show_default=True)
@click.option(
    "--seed",
    metavar="NUMBER",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Of the first params and the shuffle.",
)
@click.option(
    "--picture", metavar="FILE", default="digits.png", show_default=True, help="The PNG to draw."
)
@click.option("--out", metavar="MODEL", help="Save the model, too.")
@common.engine_option
@common.json_option
def command(epochs, seed, picture, out, engine, as_json):
    """Train the 64-30-10 classifier of handwritten digits.

    Prints the accuracy on the lecture notes' 360 test rows, which take no part in training, and
    draws one picture: loss and accuracy by epoch, the confusion matrix, and the digits that it got
    wrong.

    \b
    Examples:
      $ fnet digits
      $ fnet digits --epochs 100 --seed 1 --out digits.fnet --picture seed1.png
      $ fnet digits --engine tensorflow
    """
    common.writable(picture)
    if out is not None:
        common.writable(out)
        if os.path.realpath(out) == os.path.realpath(picture):
            raise common.usage("--picture and --out must be two files.")

    import fnet
    from fnet import datasets, digits, engines, quiet
    from fnet.files import disk

    data = datasets.load_digits(scale=True)
    steps = len(data[0]) // digits.BATCH
    side, engine = engines.side(engine, digits.NET, digits.BATCH, steps * epochs)
    if engine == "tensorflow":
        quiet.tensorflow(keras=False)
    run = digits.train(side, data, epochs=epochs, seed=seed)
    done = len(run.history["loss"])
    common.unless_interrupted(run.history["ended"], done, epochs)
    _, x_test, _, y_test = data
    said = fnet.reference.predict(run.net, run.params, x_test)
    accuracy = float(fnet.reference.accuracy(said, y_test))
    drawn = io.BytesIO()
    digits.picture(run, data, said.argmax(axis=1)).savefig(drawn, format="png")
    disk.write(picture, drawn.getvalue())
    lines = [f"Test accuracy: {accuracy:.4f}", f"Picture: {picture}"]
    if out is not None:
        pixels = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
        trained = {
            "fnet": fnet.__version__,
            "command": common.command_line(),
            "target": "digit",
            "rows": len(data[0]),
            "validation_rows": len(x_test),
            "epochs": done,
            "scores": {"accuracy": accuracy},
        }
        fnet.save(out, run, classes=range(10), features=pixels, trained=trained)
        lines.append(f"Model: {out}")
    facts = {"accuracy": accuracy, "epochs": done, "seed": seed, "engine": engine}
    common.say("\n".join(lines), {**facts, "picture": picture, "model": out}, as_json)
