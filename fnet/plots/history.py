"""How a run went, epoch by epoch."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from fnet import checks
from fnet.errors import InvalidArgument
from fnet.files import contents
from fnet.plots import style

MEASURES = {"loss": "loss", "accuracy": "accuracy", "r2": "R²"}
"""What is drawn, where it was measured, and how it is written."""

LEAST_R2 = -1
"""Where the panel of R² ends: the first epochs may lie far below what is of interest."""


def curves(what, figure=None):
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
    if not shown or any(not len(values) for values in history.values()):
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
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        style.grid(axes)
        axes.legend()
        if kind == "r2":
            axes.set_ylim(bottom=max(LEAST_R2, axes.get_ylim()[0]))
    panels[-1].set_xlabel("epoch")
    return figure


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
    content = contents.of(what)
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
    """The mark of a Run whose params are those of its best epoch."""
    progress, history = run.progress, run.history
    best = np.asarray(progress.best_epoch)
    if best.ndim or best < 0 or not _same(run.params, progress.best):
        return None
    value = abs(float(progress.best_value))
    names = (k for k, v in history.items() if k != "ended" and abs(v[best]) == value)
    return _mark(int(best), next(names, "validation_loss"), history)


def _same(params, others):
    arrays = [
        [np.asarray(p) for layer in tree for p in layer if p is not None]
        for tree in (params, others)
    ]
    return len(arrays[0]) == len(arrays[1]) and all(map(np.array_equal, *arrays))


def _of_estimator(net, arguments, fitted):
    measure = "accuracy" if net.targets in ("classes", "labels") else "r2"
    names = {
        "loss": "loss_curve_",
        "validation_loss": "validation_loss_curve_",
        f"validation_{measure}": "validation_scores_",
    }
    history = {k: fitted[name] for k, name in names.items() if fitted.get(name) is not None}
    scores = history.get(f"validation_{measure}")
    if net.targets == "single":  # its score is minus a loss
        history.pop(f"validation_{measure}", None)
    if not arguments["early_stopping"] or scores is None:
        return history, None
    # A fit keeps the first of its best epochs, and calls of partial_fit the first of them all.
    began = len(scores) - fitted["n_iter_"] if fitted["n_iter_"] > 1 else 0
    best = began + int(np.nanargmax(scores[began:]))
    return history, _mark(best, f"validation_{measure}", history)


def _mark(epoch, measure, history):
    """The mark on the curve of this measure, or on that of the loss where it is not drawn."""
    kind = measure.removeprefix("validation_")
    written = measure.replace("_", " ").replace("r2", "R²")
    if kind not in MEASURES or measure not in history:
        measure = "validation_loss" if "validation_loss" in history else "loss"
    return epoch, measure, f"kept: epoch {epoch + 1}, best by {written}"
