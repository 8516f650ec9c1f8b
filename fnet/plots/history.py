"""Learning curves: how a training run went, epoch by epoch."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.core.params import leaves
from fnet.core.run_state import Run
from fnet.plots import inputs, style
from fnet.plots.canvas import Canvas, Figure, FigureT

METRICS = {"loss": "loss", "accuracy": "accuracy", "r2": "R²"}
"""What is drawn where it was measured, and its label."""

SCORES = {"real": "r2", "counts": "r2", "quantiles": "score"}
"""The score of an estimator by the kind of its targets; "score" is minus a loss, and not drawn."""

MIN_R2_SHOWN = -1
"""Where the panel of R² ends: the first epochs may lie far below the values of interest."""

LARGEST_SHOWN = 1e300
"""Values beyond this are a gap in a curve: Matplotlib's margins would overflow."""

History: TypeAlias = Mapping[str, Any]
"""The values of each epoch by name, as in `Run.history`."""


class Mark(NamedTuple):
    """The epoch that a plot points out."""

    epoch: int  # from 0
    name: str  # of the curve that it is on
    label: str


@overload
def learning_curves(
    run: History | inputs.ModelLike, *, figure: None = None, ax: None = None
) -> Figure: ...
@overload
def learning_curves(
    run: History | inputs.ModelLike, *, figure: FigureT, ax: None = None
) -> FigureT: ...
@overload
def learning_curves(run: History | inputs.ModelLike, *, figure: None = None, ax: Axes) -> Axes: ...
def learning_curves(run: Any, *, figure: Any = None, ax: Any = None) -> Any:
    """Loss and, where it was measured, accuracy or R² against the epoch.

    A green point marks the epoch whose params were restored (by `restore_best`, or by an
    estimator's `early_stopping`), and the legend names the metric that chose it. Otherwise it
    marks the epoch with the lowest validation loss. With member axes each member has a thin line,
    and no epoch is marked.

    Args:
        run: A Run or its `history`, a fitted estimator, or what `fnet.load` returned for one.
        figure: A matplotlib Figure or SubFigure to draw into; None makes a new Figure.
        ax: An Axes to draw into instead: it gets the loss, and no other panel is drawn.

    Returns:
        The new Figure, or the `figure` or `ax` given.

    Raises:
        InvalidArgument: There is no history to draw: of (net, params), of an estimator with the
            solver "lbfgs", or of a run without a finished epoch.

    Example:
        >>> import fnet
        >>> figure = fnet.plots.learning_curves({"loss": [2.0, 1.0], "validation_loss": [3.0, 2.5]})
        >>> figure.axes[0].get_title()
        'Loss by epoch'
    """
    history, mark = _history(run)
    curves = {k: np.asarray(checks.array(k, v)) for k, v in history.items() if k != "ended"}
    shown = [m for m in METRICS if m in curves or f"validation_{m}" in curves][:2]
    if not shown or not all(values.ndim and len(values) for values in curves.values()):
        raise InvalidArgument(
            "there is no history to draw: lbfgs and (net, params) have none. Give a Run of at "
            "least one epoch, its history, or an estimator that was fitted by another solver"
        )
    canvas = Canvas(figure, ax, (6, 3.2 * len(shown)))
    panels = canvas.panels(len(shown), sharex=True)
    shown = shown[: len(panels)]
    mark = _on_shown(mark or _lowest_validation_loss(curves), shown, curves)
    for metric, axes in zip(shown, panels, strict=True):
        for name in (metric, f"validation_{metric}"):
            if name in curves:
                _draw_curve(axes, name, curves[name])
            if mark is not None and name == mark.name and _is_shown(curves[name][mark.epoch]):
                point = mark.epoch + 1, curves[name][mark.epoch]
                axes.plot(*point, "o", color=style.MARK, label=mark.label, zorder=3)
        label = METRICS[metric]
        canvas.describe(axes, f"{label.capitalize()} by epoch", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=(1, 2, 5, 10), min_n_ticks=1))
        axes.legend()
        low, high = axes.get_ylim()
        if metric == "r2" and low < MIN_R2_SHOWN < high:
            axes.set_ylim(bottom=MIN_R2_SHOWN)
    canvas.describe(panels[-1], "", xlabel="epoch")
    canvas.grid(*panels)
    return canvas.result()


def _is_shown(value: Any) -> Any:
    """Which values have a place in a picture."""
    return np.abs(value) < LARGEST_SHOWN


def _draw_curve(axes: Axes, name: str, values: npt.NDArray[Any]) -> None:
    """Draw the values of each epoch, `[E]` or `[E, *M]`."""
    validation = name.startswith("validation")
    columns = values.reshape(len(values), -1)
    columns = np.where(_is_shown(columns), columns, np.nan)
    lines = axes.plot(
        np.arange(1, len(values) + 1),
        columns,
        color=style.VALIDATION if validation else style.TRAINING,
        linestyle="--" if validation else "-",
        linewidth=1.4 if columns.shape[1] == 1 else 0.5,
        marker="." if len(values) == 1 else None,
    )
    lines[0].set_label("validation" if validation else "training")


def _history(run: Any) -> tuple[History, Mark | None]:
    """The history, and the mark of the epoch whose params were restored, if it is known."""
    if isinstance(run, Mapping):
        return run, None
    content = inputs.saved("run", run)
    if content.run is not None:
        return content.run.history, _restored(content.run)
    if content.ensemble is not None:
        return content.ensemble.history or {}, None
    estimator = content.estimator
    if estimator is not None and estimator.arguments["solver"] != "lbfgs":
        return _of_estimator(content.net.targets, estimator.arguments, estimator.fitted)
    return {}, None


def _lowest_validation_loss(curves: dict[str, npt.NDArray[Any]]) -> Mark | None:
    """The mark of the epoch with the lowest validation loss of one network."""
    losses = curves.get("validation_loss")
    if losses is None or losses.ndim > 1 or not np.isfinite(losses).any():
        return None
    best = int(np.nanargmin(losses))
    return Mark(best, "validation_loss", f"best epoch: {best + 1}")


def _restored(run: Run) -> Mark | None:
    """The mark of a Run that restored the params of its best epoch, if its history has it."""
    state = run.train_state
    best = np.asarray(state.best_epoch)
    if best.ndim or best < 0 or not _equal(run.params, state.best):
        return None
    epoch, value = int(best), abs(float(state.best_value))
    for name, values in run.history.items():
        if name != "ended" and value in np.abs(values[epoch : epoch + 1]):
            return _mark_restored(epoch, name)
    return None


def _equal(params: Any, others: Any) -> bool:
    """Whether two structures like params hold the same numbers."""
    ours, theirs = leaves(params), leaves(others)
    return len(ours) == len(theirs) and all(
        a is b or np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)
    )


def _of_estimator(
    targets: str, arguments: dict[str, Any], fitted: dict[str, Any]
) -> tuple[History, Mark | None]:
    """As `_history`, of the arguments and the fitted attributes of an estimator."""
    score = SCORES.get(targets, "accuracy")
    names = {
        "loss": "loss_curve_",
        "validation_loss": "validation_loss_curve_",
        f"validation_{score}": "validation_scores_",
    }
    history = {k: fitted[name] for k, name in names.items() if fitted.get(name) is not None}
    early = arguments["early_stopping"]
    monitor = f"validation_{'loss' if early == 'loss' else score}"
    if not early or monitor not in history:
        return history, None
    # A fit restores the first of its best epochs; calls of partial_fit, the first of them all.
    values = np.array(history[monitor]) * (1 if early == "loss" else -1)
    start = max(0, len(values) - fitted["n_iter_"]) if fitted["n_iter_"] > 1 else 0
    if np.isnan(values[start:]).all():
        return history, None
    return history, _mark_restored(start + int(np.nanargmin(values[start:])), monitor)


def _mark_restored(epoch: int, monitor: str) -> Mark:
    """The mark of the epoch that was restored because `monitor` was best there."""
    text = monitor.replace("_", " ").replace("r2", "R²")
    return Mark(epoch, monitor, f"restored epoch: {epoch + 1} (best {text})")


def _on_shown(
    mark: Mark | None, shown: list[str], curves: dict[str, npt.NDArray[Any]]
) -> Mark | None:
    """The mark on its own curve, or on that of the loss where its own is not shown."""
    if mark is None or (mark.name in curves and mark.name.removeprefix("validation_") in shown):
        return mark
    return mark._replace(name="validation_loss" if "validation_loss" in curves else "loss")
