"""What the six scripts of the notes share: their options, what they print and what they draw."""

import argparse
from pathlib import Path

from matplotlib.figure import Figure

from fnet import plots


def options(script, doc, epochs):
    """The command line of a script: how many epochs at most, and where its picture goes."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=epochs, help="at most so many (%(default)s)")
    picture = Path(script).with_suffix(".png").name
    parser.add_argument("--picture", default=picture, help="the file to draw (%(default)s)")
    return parser.parse_args()


def report(title, losses, accuracies=None):
    """Print what the notes print: after the first epoch, then after every hundredth."""
    print(f"\n{title}")
    epochs = len(losses)
    for done in (0, *range(100, epochs + 1, 100)):
        last = max(done - 1, 0)
        accuracy = "" if accuracies is None else f"Accuracy: [{accuracies[last]:.2f}], "
        print(f"Epoch [{done:03d}/{epochs}], {accuracy}Loss: [{losses[last]:.4f}]")


def draw(picture, histories):
    """Draw the loss curve of each history, by title, side by side into one file."""
    figure = Figure(figsize=(5.5 * len(histories), 5), layout="constrained")
    parts = figure.subfigures(1, len(histories), squeeze=False)[0]
    for part, (title, history) in zip(parts, histories.items(), strict=True):
        plots.learning_curves(history, figure=part).suptitle(title)
    figure.savefig(picture)
    print(f"\nLoss curves: {picture}")
