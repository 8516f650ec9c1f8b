"""What `verbose` shows: scikit-learn's lines on standard output, or a progress bar."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fnet.core.run_state import Run
from fnet.estimators.arguments import ArgumentsMixin

BAR = "bar"
"""The value of `verbose` that shows a progress bar on standard error instead of lines."""


class Report(NamedTuple):
    """How the numbers of a history are reported.

    Attributes:
        loss: `(scale, offset)` from the loss that is minimized to the one that is reported.
        score: The name of the validation score in the history.
        sign: -1 for a score that is lower the better it is, else 1.
    """

    loss: tuple[float, float]
    score: str
    sign: float

    def lines(self, history: dict[str, Any], start: int = 0) -> list[str]:
        """The lines of the epochs from `start` on."""
        scale, offset = self.loss
        found = []
        for i in range(start, len(history["loss"])):
            found.append(f"Iteration {i + 1}, loss = {scale * history['loss'][i] + offset:.8f}")
            if self.score in history:
                found.append(f"Validation score: {self.sign * history[self.score][i]:f}")
        return found


def show(*lines: str) -> None:
    """Write lines to standard output."""
    print(*lines, sep="\n", flush=True)


class EpochLines:
    """A callback of `train` that writes the lines of each epoch, and then calls the user's.

    `train` calls it several times a second, so lines come in groups where epochs are short.
    """

    def __init__(self, report: Report, callback: Callable[[Run], Any] | None) -> None:
        """A callback that has written nothing yet."""
        self._report, self._callback, self._written = report, callback, 0
        if hasattr(callback, "_begin"):  # a checkpoint, which may resume an earlier run
            self._begin = self._begin_from_checkpoint

    def __call__(self, run: Run) -> None:
        """Write the lines of the epochs since the last call."""
        for line in self._report.lines(run.history, self._written):
            show(line)
        self._written = len(run.history["loss"])
        if self._callback is not None:
            self._callback(run)

    def _begin_from_checkpoint(self, run: Run, setup: Any) -> Run:
        begun: Run = self._callback._begin(run, setup)  # type: ignore[union-attr]
        self._written = len(begun.history["loss"])
        return begun


def stopped(estimator: ArgumentsMixin, lr_scale: Any) -> str:
    """The line for a fit that ends because it no longer improves.

    Args:
        estimator: The estimator.
        lr_scale: The factor by which the learning rate was lowered.
    """
    what = {False: "Training loss", "loss": "Validation loss"}.get(
        estimator.early_stopping, "Validation score"
    )
    why = " Learning rate too small." if lr_scale < 1 else ""
    return (
        f"{what} did not improve more than tol={estimator.tol:f} for "
        f"{int(estimator.n_iter_no_change)} consecutive epochs.{why} Stopping."
    )
