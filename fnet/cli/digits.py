"""`fnet digits`: the digits run, a 64-30-10 classifier of handwritten digits."""

import io
import os
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click
import numpy.typing as npt

from fnet.cli import common
from fnet.core.batches import kfold_plan
from fnet.core.network import Network

if TYPE_CHECKING:
    from fnet.core.run_state import Run

NET = Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")

BATCH_SIZE = 64

Data: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
"""`(x_train, x_test, y_train, y_test)`, as `load_digits` returns them."""


@click.command("digits", cls=common.Command)
@click.option(
    "--epochs",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="Passes over the training rows.",
)
@click.option(
    "--seed",
    metavar="NUMBER",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Seed of the initial params and the shuffling.",
)
@click.option(
    "--picture",
    type=common.file_path,
    metavar="FILE",
    default="digits.png",
    show_default=True,
    help="The PNG to write.",
)
@click.option(
    "--out", type=common.file_path, metavar="MODEL", help="Save the model to this file, too."
)
@common.engine_option
@common.json_option
def command(
    epochs: int,
    seed: int,
    picture: str,
    out: str | None,
    engine: Literal["auto", "numpy", "tensorflow"],
    as_json: bool,
) -> None:
    """Train the 64-30-10 classifier of handwritten digits.

    Prints the accuracy on the lecture notes' 360 test rows, which are not trained on, and draws
    one picture: loss and accuracy by epoch, the confusion matrix, and the misclassified digits.

    \b
    Examples:
      $ fnet digits
      $ fnet digits --epochs 100 --seed 1 --out digits.fnet --picture seed1.png
      $ fnet digits --engine tensorflow
    """
    common.check_output_path(picture)
    if out is not None:
        common.check_output_path(out)
        if os.path.realpath(out) == os.path.realpath(picture):
            raise common.usage_error("--picture and --out must be different files.")

    import fnet
    from fnet import backends, datasets
    from fnet.files import atomic

    data = datasets.load_digits(scale=True)
    steps = len(data[0]) // BATCH_SIZE
    backend, engine_name = backends.choose(engine, NET, BATCH_SIZE, steps * epochs)
    run = train(backend, data, epochs=epochs, seed=seed)
    done = len(run.history["loss"])
    common.raise_if_interrupted(str(run.history["ended"]), done, epochs)
    _, x_test, _, y_test = data
    probabilities = fnet.reference.predict(run.net, run.params, x_test)
    accuracy = float(fnet.reference.accuracy(probabilities, y_test))
    image = io.BytesIO()
    draw(run, data, probabilities.argmax(axis=1)).savefig(image, format="png")
    atomic.write(picture, image.getvalue())
    lines = [f"Test accuracy: {accuracy:.4f}", f"Picture: {picture}"]
    if out is not None:
        save(run, data, accuracy, out)
        lines.append(f"Model: {out}")
    result = {"accuracy": accuracy, "epochs": done, "seed": seed, "engine": engine_name}
    common.print_result(lines, {**result, "picture": picture, "model": out}, as_json)


def save(run: "Run", data: Data, accuracy: float, path: str) -> None:
    """Save the run as a model, with a record of its training."""
    import fnet

    pixels = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    trained = {
        "fnet": fnet.__version__,
        "command": common.command_line(),
        "target": "digit",
        "rows": len(data[0]),
        "validation_rows": len(data[1]),
        "epochs": len(run.history["loss"]),
        "scores": {"accuracy": accuracy},
    }
    fnet.save(path, run, classes=range(10), features=pixels, trained=trained)


def train(
    backend: ModuleType, data: Data, *, epochs: int = 500, seed: int = 0, progress: bool = True
) -> "Run":
    """Train on the notes' 1,437 training rows, with the test rows as validation data.

    Args:
        backend: `fnet` or `fnet.reference`.
        data: What `load_digits(scale=True)` returns.
        epochs: Passes over the training rows.
        seed: Seed of the initial params and the shuffling.
        progress: Whether to show a progress bar.

    Returns:
        The Run. Its history has the test rows' loss and accuracy by epoch, as validation metrics.

    Example:
        >>> import fnet
        >>> from fnet.cli import digits
        >>> data = fnet.datasets.load_digits(scale=True)
        >>> run = digits.train(fnet.reference, data, epochs=2, progress=False)
        >>> len(run.history["loss"])
        2
    """
    import fnet

    x_train, x_test, y_train, y_test = data
    run: Run = backend.train(
        NET,
        fnet.adam(learning_rate=0.005),
        backend.init_params(NET, seed),
        x_train,
        y_train,
        kfold_plan(len(x_train), BATCH_SIZE, epochs, seed),
        validation=(x_test, y_test),
        progress=progress,
    )
    return run


def draw(run: "Run", data: Data, predicted: npt.NDArray[Any]) -> Any:
    """Draw loss and accuracy by epoch, the confusion matrix, and the misclassified digits.

    Args:
        run: What `train` returns.
        data: What `load_digits(scale=True)` returns.
        predicted: The predicted classes of the test rows, integers `[360]`.

    Returns:
        A matplotlib Figure.

    Example:
        >>> import fnet
        >>> from fnet.cli import digits
        >>> data = fnet.datasets.load_digits(scale=True)
        >>> run = digits.train(fnet.reference, data, epochs=2, progress=False)
        >>> outputs = fnet.reference.predict(run.net, run.params, data[1])
        >>> len(digits.draw(run, data, outputs.argmax(axis=1)).subfigs)
        3
    """
    from matplotlib.figure import Figure

    from fnet import plots

    _, x_test, _, y_test = data
    labels = y_test.argmax(axis=1)
    figure = Figure(figsize=(17, 6), layout="constrained")
    panels: Any = figure.subfigures(1, 3)
    plots.learning_curves(run.history, figure=panels[0])
    plots.confusion_matrix(labels, predicted, 10, figure=panels[1])
    plots.misclassified(x_test.reshape(-1, 8, 8), labels, predicted, figure=panels[2])
    return figure
