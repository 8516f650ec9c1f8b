"""Shared by the six lesson scripts: command-line options, printed lines, loss curves."""

import argparse
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from fnet import plots


def options(script: str, doc: str | None, epochs: int) -> argparse.Namespace:
    """Parse the command line of a lesson script.

    Args:
        script: Path of the script; the picture is named after it.
        doc: Docstring of the script; its first line is the help text.
        epochs: Default number of epochs.

    Returns:
        A namespace with `epochs` and `picture`.
    """
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument(
        "--epochs", type=int, default=epochs, help="maximum number of epochs (%(default)s)"
    )
    picture = Path(script).with_suffix(".png").name
    parser.add_argument(
        "--picture", default=picture, metavar="FILE", help="file of the loss curves (%(default)s)"
    )
    return parser.parse_args()


def report(title: str, losses: Sequence[float], accuracies: Sequence[float] | None = None) -> None:
    """Print the lines of the lecture notes: the first epoch, then every hundredth.

    Args:
        title: Heading above the lines.
        losses: One loss per epoch, `[E]`.
        accuracies: One accuracy per epoch, `[E]`; None leaves accuracy out.
    """
    print(f"\n{title}")
    epochs = len(losses)
    for done in (0, *range(100, epochs + 1, 100)):
        last = max(done - 1, 0)
        accuracy = "" if accuracies is None else f"Accuracy: [{accuracies[last]:.2f}], "
        print(f"Epoch [{done:03d}/{epochs}], {accuracy}Loss: [{losses[last]:.4f}]")


def report_rises(losses: Sequence[float]) -> None:
    """Print how often a loss rises from one step to the next; a steady descent has 0 rises."""
    rises = sum(after > before for before, after in pairwise(losses))
    print(f"the loss rises in {rises} of {len(losses)} steps")


def draw(picture: str, histories: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw the learning curves of each history side by side and save them.

    Args:
        picture: File to write.
        histories: Maps a title to a training history.
    """
    figure = Figure(figsize=(5.5 * len(histories), 5), layout="constrained")
    panels = figure.subfigures(1, len(histories), squeeze=False)[0]
    for panel, (title, history) in zip(panels, histories.items(), strict=True):
        plots.learning_curves(dict(history), figure=panel)
        panel.suptitle(title)
    figure.savefig(picture)
    print(f"\nLoss curves: {picture}")
