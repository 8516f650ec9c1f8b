"""`fnet digits`: the main job."""

import io
import os

import click

from fnet.cli import common
from fnet.core.batches import kfold_plan
from fnet.core.network import Network

NET = Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")

BATCH = 64


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
    from fnet import backends, datasets
    from fnet.files import atomic

    data = datasets.load_digits(scale=True)
    steps = len(data[0]) // BATCH
    side, engine = backends.choose(engine, NET, BATCH, steps * epochs)
    if engine == "tensorflow":
        backends.import_tensorflow(keras=False)
    run = train(side, data, epochs=epochs, seed=seed)
    done = len(run.history["loss"])
    common.unless_interrupted(run.history["ended"], done, epochs)
    _, x_test, _, y_test = data
    said = fnet.reference.predict(run.net, run.params, x_test)
    accuracy = float(fnet.reference.accuracy(said, y_test))
    drawn = io.BytesIO()
    draw(run, data, said.argmax(axis=1)).savefig(drawn, format="png")
    atomic.write(picture, drawn.getvalue())
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


def train(side, data, *, epochs=500, seed=0, progress=True):
    """The Run on the notes' rows, `data` being what `load_digits(scale=True)` gives.

    `side` is fnet or its twin. The test rows take no part in it; they are measured after each
    epoch.
    """
    x_train, x_test, y_train, y_test = data
    return side.train(
        NET,
        side.adam(learning_rate=0.005),
        side.init_params(NET, seed),
        x_train,
        y_train,
        kfold_plan(len(x_train), BATCH, epochs, seed),
        validation=(x_test, y_test),
        progress=progress,
    )


def draw(run, data, predicted):
    """Loss and accuracy by epoch, the confusion matrix, and the digits that were taken for others.

    `predicted` are the classes `[360]` that the run gives the test rows.
    """
    from matplotlib.figure import Figure

    from fnet import plots

    _, x_test, _, y_test = data
    truth = y_test.argmax(axis=1)
    figure = Figure(figsize=(17, 6), layout="constrained")
    left, middle, right = figure.subfigures(1, 3)
    plots.learning_curves(run.history, left)
    plots.confusion_matrix(truth, predicted, 10, middle)
    plots.misclassified(x_test.reshape(-1, 8, 8), truth, predicted, right)
    return figure
