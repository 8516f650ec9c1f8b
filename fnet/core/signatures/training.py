"""Signatures of the functions that train a network: `train` and `minimize_lbfgs`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from fnet.core.aliases import ArrayLike, MetricName, MonitorName, Params, Precision
from fnet.core.batches import Plan
from fnet.core.lbfgs import LBFGSResult
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.run_state import Run, TrainState
from fnet.core.tuning import Tuning


def train(
    net: Network,
    optimizer: Optimizer,
    params: Params | Run | TrainState,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    plan: Plan | None = None,
    *,
    data: Any = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    tuning: Tuning | None = None,
    class_weight: Any = None,
    loss: Callable[..., Any] | None = None,
    validation: tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    metrics: Sequence[MetricName] | None = None,
    patience: ArrayLike | None = None,
    min_delta: ArrayLike = 0.0,
    best_delta: ArrayLike | None = None,
    lr_factor: ArrayLike | None = None,
    min_lr_factor: ArrayLike = 1e-3,
    restore_best: bool = False,
    monitor: MonitorName | None = None,
    on_not_finite: Literal["error", "warn"] = "error",
    callback: Callable[[Run], Any] | None = None,
    progress: bool = False,
    xla: bool | None = None,
    precision: Precision = "float32",
) -> Run:
    """Train a network on a plan of batches, or on a dataset, and return the Run.

    Each step is `params, state = update(optimizer, params, state, grads(net, params, batch))`.
    `history["loss"]` is the row-weighted mean of the batch losses of an epoch, each taken before
    its update, with penalties and dropout. The validation loss is without either.

    Hyperparameters of `tuning` and of the optimizer, `patience`, `min_delta`, `best_delta`,
    `lr_factor` and `min_lr_factor` may be arrays with the member axes. Each member stops, keeps its
    best epoch and becomes non-finite on its own. Ctrl-C ends the run within a fraction of a second
    and returns the Run so far; a second Ctrl-C raises.

    Args:
        net: The network.
        optimizer: An optimizer, such as `adam(0.001)`.
        params: The params to start from, with any member axes M. Or an earlier Run, to resume it
            up to the plan's last epoch, bit for bit as if it had never stopped; members that had
            become non-finite run again, since their numbers may be others now. Or the TrainState
            of a Run, to start a new run on any data with its params, optimizer state, best epoch
            and patience.
        x: Rows `[N, D]`.
        y: Labels or targets of the rows, as in `fnet.loss`.
        plan: Which rows form which batch, such as `kfold_plan(...)`. Row weights belong to it.
        data: Instead of x, y and plan: a `tf.data.Dataset` of batches `(x, y)` or
            `(x, y, weights)`, none larger than the first.
        epochs: The number of epochs to train on `data`, each one pass over it; None is 1. The
            results of `pipeline` and `table_dataset` contain their own epochs.
        steps_per_epoch: The number of batches of `data` per epoch, if an epoch is not one pass:
            for a pipeline that was transformed further, or for shorter epochs. Without `epochs`,
            the run takes one pass over `data`.
        tuning: Penalties, dropout, smoothing, clipping, a moving average of params.
        class_weight: A dict of classes and weights, or "balanced"; for several labels a list with
            one of these for each. It multiplies the row weights, in training and in validation;
            see `class_weights`.
        loss: Your own loss function, which replaces the network's loss: `loss(y, outputs)` takes y
            `[B, K]` and outputs `[*M, B, K]`, as `forward` returns them, and returns tensors
            `[*M, B]`. Each function is compiled separately, so define it once.
        validation: Validation data `(x, y)` or `(x, y, weights)`, evaluated after each epoch.
        metrics: The metrics of the validation data besides the loss, as `("balanced_accuracy",
            "log_loss")`; the values are `history["validation_balanced_accuracy"]` and so on. For
            softmax_cross_entropy: accuracy, balanced_accuracy, top_k_accuracy (k = 2), log_loss.
            For sigmoid_cross_entropy: accuracy, where all labels of a row must be correct. For
            pinball: mean_pinball_loss. For other losses: mean_squared_error, mean_absolute_error,
            r2. None measures accuracy if the loss is a cross-entropy.
        patience: Stop after this many epochs without an improvement of the monitored value, as in
            Keras's EarlyStopping.
        min_delta: The smallest change that counts as an improvement. May be negative.
        best_delta: The smallest improvement that makes a new best epoch. None for `min_delta`, as
            in Keras; scikit-learn's MLP uses 0.
        lr_factor: Multiply the learning rate by this, above 0 and below 1, instead of stopping.
            (scikit-learn's "adaptive" divides by 5 down to 1e-6.)
        min_lr_factor: Stop when the product of these factors has fallen to this.
        restore_best: Return the params of the best epoch instead of the last.
        monitor: The monitored value: "loss", "validation_loss" or another name in the history.
            None for the validation loss, or for the training loss with a warning. As
            "mean_validation_loss" and so on it is the mean over the members, which then stop and
            have their best epoch together.
        on_not_finite: What to do if a loss, a gradient or params become non-finite: "error" raises
            NotFinite, "warn" warns. The Run holds the last finite params.
        callback: Called with the Run so far several times a second, and once after Ctrl-C; for
            example a `checkpoint`. An exception that it raises has this Run as its attribute `run`.
        progress: Show a progress bar on a terminal, or occasional lines of text elsewhere.
        xla: True compiles with XLA, which takes about a second; False runs a plain graph; None
            chooses by the amount of work. A resumed Run keeps its choice.
        precision: "float32", or "tf32" for products of float32 on a GPU that are faster and less
            exact: their factors have 10 bits after the point instead of 23, so that gradients are
            about 1e-2 off. A processor, and float64, take no notice of it.

    Returns:
        The `Run` with `params`, `state`, `history` and the `TrainState` for resuming. Its arrays
        are tensors; on the twin, NumPy arrays.

    Raises:
        InvalidArgument: Arguments do not fit each other. Raised before the first step.
        NotFinite: A value became non-finite. `error.run` is the Run up to the step before.

    Example:
        >>> import fnet
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> plan = fnet.full_batch_plan(3, epochs=100)
        >>> x, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
        >>> run = fnet.reference.train(net, fnet.sgd(0.2), params, x, y, plan)
        >>> len(run.history["loss"]), run.history["ended"]
        (100, 'epochs')

    References:
        Prechelt, "Early stopping: but when?" (1998); `keras.callbacks.EarlyStopping` and
        `ReduceLROnPlateau`.
    """
    raise TypeError("an engine implements this")


def minimize_lbfgs(
    net: Network,
    params: Params,
    x: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    tuning: Tuning | None = None,
    max_iter: int = 200,
    max_fun: int = 15_000,
    tol: float = 1e-4,
    progress: bool = False,
) -> LBFGSResult:
    """Minimize the loss over all rows by L-BFGS.

    L-BFGS is the limited-memory method of Broyden, Fletcher, Goldfarb and Shanno. It takes few
    steps, each on all rows, and suits small data. SciPy computes in float64, the loss in the dtype
    of params. Ctrl-C ends it after the current iteration and returns the result so far; a second
    Ctrl-C raises. Names and defaults are those of scikit-learn's MLP.

    Args:
        net: The network.
        params: The params to start from. Members are minimized one after another.
        x: Rows `[N, D]`, or `[*M, N, D]`.
        y: Labels or targets of the rows, as in `fnet.loss`.
        weights: A number of at least 0 for each row; None for equal weights.
        tuning: As in `loss`, without dropout, clipping and moving averages, which need batches.
        max_iter: The maximum number of iterations.
        max_fun: The maximum number of evaluations of the loss and its gradient.
        tol: Converged when the absolute value of each gradient entry is at most this.
        progress: Show a progress bar.

    Returns:
        The `LBFGSResult`.

    Raises:
        InvalidArgument: Arguments do not fit each other.
        NotFinite: The loss is not finite.

    Example:
        >>> import fnet
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> params = fnet.reference.init_params(net, seed=0, dtype="float64")
        >>> x, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
        >>> fnet.reference.minimize_lbfgs(net, params, x, y).history["ended"]
        'converged'

    References:
        Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained optimization"
        (1995); Liu and Nocedal (1989).
    """
    raise TypeError("an engine implements this")
