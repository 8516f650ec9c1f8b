"""How a run went, epoch by epoch."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.files import schema
from fnet.plots import style

MEASURES = {"loss": "loss", "accuracy": "accuracy", "r2": "R²"}
"""What is drawn, where it was measured, and how it is written."""

SCORES = {"real": "r2", "counts": "r2", "quantiles": "score"}
"""What an estimator's score is, by its targets; minus a loss, it is not drawn."""

LEAST_R2 = -1
"""Where the panel of R² ends: the first epochs may lie far below what is of interest."""


def learning_curves(what, figure=None):
    """Loss and, where it was measured, accuracy or R² against the epoch.

    `what` is a Run or its `history`, a fitted estimator, or what `load` gave of these. The epoch
    that was kept is marked, where it is known that one was: by `restore_best` or an estimator's
    `early_stopping`, and the legend says by which measure it was the best. Otherwise it is the one
    with the smallest validation loss. Of members, each has a thin line. Raises InvalidArgument
    where there is no history: of `(net, params)`, or of an estimator with the solver "lbfgs".
    """
    history, mark = _history(what)
    history = {k: checks.array(k, v) for k, v in history.items() if k != "ended"}
    shown = [m for m in MEASURES if m in history or f"validation_{m}" in history][:2]
    if not shown or not all(values.ndim and len(values) for values in history.values()):
        raise InvalidArgument(
            "there is no history to draw: lbfgs and (net, params) have none; give a Run of at "
            "least one epoch, its history, or an estimator that was fitted by another solver"
        )
    epoch, measure, label = mark or _best(history)
    figure = style.sheet(figure, (6, 3.2 * len(shown)))
    panels = figure.subplots(len(shown), sharex=True, squeeze=False)[:, 0]
    for kind, axes in zip(shown, panels, strict=True):
        for name in (kind, f"validation_{kind}"):
            if name in history:
                _line(axes, name, history[name])
            if name == measure:
                value = history[name][epoch]
                axes.plot(epoch + 1, value, "o", color=style.MARK, label=label, zorder=3)
        axes.set(title=f"{MEASURES[kind].capitalize()} by epoch", ylabel=MEASURES[kind])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=(1, 2, 5, 10), min_n_ticks=1))
        style.grid(axes)
        axes.legend()
        low, high = axes.get_ylim()
        if kind == "r2" and low < LEAST_R2 < high:
            axes.set_ylim(bottom=LEAST_R2)
    panels[-1].set_xlabel("epoch")
    return style.drawn(figure)


def _line(axes, name, values):
    validation = name.startswith("validation")
    columns = values.reshape(len(values), -1)
    axes.plot(
        np.arange(1, len(values) + 1),
        columns,
        color=style.VALIDATION if validation else style.TRAINING,
        linestyle="--" if validation else "-",
        linewidth=1.4 if columns.shape[1] == 1 else 0.5,
        marker="." if len(values) == 1 else None,
        label=["validation" if validation else "training"] + [None] * (columns.shape[1] - 1),
    )


def _history(what):
    """`(history, mark)`; the mark is `(epoch from 0, measure, label)`, or None."""
    if isinstance(what, dict):
        return what, None
    content = schema.content_of(what)
    if content.run is not None:
        return content.run.history, _kept(content.run)
    if content.estimator is not None and content.estimator.arguments["solver"] != "lbfgs":
        return _of_estimator(content.net, *content.estimator[1:])
    return {}, None


def _best(history):
    """The mark of the epoch with the smallest validation loss."""
    losses = history.get("validation_loss")
    if losses is None or losses.ndim > 1 or not np.isfinite(losses).any():
        return None, None, None
    best = int(np.nanargmin(losses))
    return best, "validation_loss", f"best: epoch {best + 1}"


def _kept(run):
    """The mark of a Run whose params are those of its best epoch, if that is in its history."""
    progress, history = run.train_state, run.history
    best = np.asarray(progress.best_epoch)
    if best.ndim or best < 0 or not _same(run.params, progress.best):
        return None
    best, value = int(best), abs(float(progress.best_value))
    for name, values in history.items():
        if name != "ended" and value in np.abs(values[best : best + 1]):
            return _mark(best, name, history)
    return None


def _same(params, others):
    """Whether two structures hold the same numbers; what is `()` holds none."""
    return len(params) == len(others) and all(
        p is q or np.array_equal(p, q)
        for layers in zip(params, others, strict=True)
        for p, q in zip(*layers, strict=True)
    )


def _of_estimator(net, arguments, fitted):
    measure = SCORES.get(net.targets, "accuracy")
    names = {
        "loss": "loss_curve_",
        "validation_loss": "validation_loss_curve_",
        f"validation_{measure}": "validation_scores_",
    }
    history = {k: fitted[name] for k, name in names.items() if fitted.get(name) is not None}
    early = arguments["early_stopping"]
    measure = f"validation_{'loss' if early == 'loss' else measure}"
    if not early or measure not in history:
        return history, None
    # A fit keeps the first of its best epochs, and calls of partial_fit the first of them all.
    values = np.array(history[measure]) * (1 if early == "loss" else -1)
    began = len(values) - fitted["n_iter_"] if fitted["n_iter_"] > 1 else 0
    return history, _mark(began + int(np.nanargmin(values[began:])), measure, history)


def _mark(epoch, measure, history):
    """The mark on the curve of this measure, or on that of the loss where it is not drawn."""
    kind = measure.removeprefix("validation_")
    written = measure.replace("_", " ").replace("r2", "R²")
    if kind not in MEASURES or measure not in history:
        measure = "validation_loss" if "validation_loss" in history else "loss"
    return epoch, measure, f"kept: epoch {epoch + 1}, best by {written}"
