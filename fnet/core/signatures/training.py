"""Signatures of what trains a network: `train` by steps, `minimize_lbfgs` on all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from fnet.core.aliases import ArrayLike, MetricName, MonitorName, Params
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
) -> Run:
    """Train a network on a plan of batches, or on a dataset, and return the Run.

    Each step is `params, state = update(optimizer, params, state, grads(net, params, batch))`.
    `history["loss"]` is the row-weighted mean of the batch losses of an epoch, each taken before
    its update, with penalties and dropout. The validation loss is without either.

    Numbers of `tuning` and of the optimizer, `patience`, `min_delta`, `best_delta`, `lr_factor`
    and `min_lr_factor` may be arrays with the member axes; stopping, the best epoch and
    not-a-number are each member's own. Ctrl-C ends the run within a fraction of a second and
    returns the Run so far; a second Ctrl-C raises.

    Args:
        net: The network.
        optimizer: As `adam(0.001)` makes it.
        params: What to start from, with any member axes M; or an earlier Run, which goes on to the
            plan's last epoch, bit for bit as if it had never stopped; or its TrainState, from
            which a new run begins on any data, with the optimizer's state, the best epoch and the
            patience as they stand there.
        x: Rows `[N, D]`.
        y: Their labels or targets, as `fnet.loss` takes them.
        plan: Which rows form which batch, as `kfold_plan` makes it. Row weights belong to it.
        data: In place of x, y and plan: a `tf.data.Dataset` of batches `(x, y)` or
            `(x, y, weights)`, none larger than the first.
        epochs: How many epochs to train on `data`, each a pass over it; 1 unless told. A dataset of
            `pipeline` holds its own epochs.
        steps_per_epoch: How many batches of `data` make up an epoch, where that is not a pass: of a
            pipeline that was mapped or batched further, or for shorter epochs. Without `epochs`
            the run has as many as one pass holds.
        tuning: Penalties, dropout, smoothing, clipping, a moving average of params.
        class_weight: A dict of class and weight, or "balanced", and for several labels one for
            each: multiplies the row weights, in training and in validation; see `class_weights`.
        loss: A function of your own in place of the network's loss: `loss(y, outputs)` with y
            `[B, K]` and outputs `[*M, B, K]`, as `forward` returns them, gives tensors `[*M, B]`.
            A program is compiled for each function, so define it once.
        validation: `(x, y)` or `(x, y, weights)`, measured after each epoch.
        metrics: What to measure on it besides the loss, as `("balanced_accuracy", "log_loss")`,
            into `history["validation_balanced_accuracy"]` and so on. Under softmax_cross_entropy:
            accuracy, balanced_accuracy, top_k_accuracy (of k = 2), log_loss. Under
            sigmoid_cross_entropy: accuracy, of whole rows of labels. Under pinball:
            mean_pinball_loss. Else: mean_squared_error, mean_absolute_error, r2. None measures
            accuracy under the cross-entropies.
        patience: Stop after this many epochs without an improvement of the monitored value; as in
            Keras's EarlyStopping.
        min_delta: By how much the monitored value must improve to count. May be below 0.
        best_delta: By how much it must improve to be the new best; None for `min_delta`, as in
            Keras. (scikit-learn's MLP has 0 here.)
        lr_factor: Multiply the learning rate by this, above 0 and below 1, instead of stopping.
            (scikit-learn's "adaptive" divides by 5 down to 1e-6.)
        min_lr_factor: Stop when the rate has come down to this part of what it would be.
        restore_best: Return the params after the best epoch instead of the last.
        monitor: "loss", "validation_loss" or another measured name; None for the validation loss
            or, with a warning, the training loss.
        on_not_finite: What to do when a loss, a gradient or params stop being finite: "error"
            raises NotFinite, "warn" warns. The Run holds the last finite params.
        callback: Called with the Run so far several times a second, and once more where Ctrl-C
            has ended it, as `checkpoint` is to keep it in a file. An exception that it raises
            carries that Run as `run`.
        progress: Show a progress bar on a terminal, and elsewhere a line now and then.
        xla: True compiles by XLA, about a second's work; False runs a plain graph; None chooses by
            the amount of work. A Run that goes on keeps its choice.

    Returns:
        The `Run`: `params`, `state`, `history` and what going on needs. In NumPy on the twin.

    Raises:
        InvalidArgument: Arguments do not fit each other, before the first step.
        NotFinite: The run blew up; `error.run` is the Run up to the step before.

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

    The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno: few and dear steps, each
    from every row, which is the right tool for small data. SciPy works in float64 and the loss in
    the dtype of params. Ctrl-C ends it after the current iteration and returns the result so far;
    a second Ctrl-C raises. Names and defaults are those of scikit-learn's MLP.

    Args:
        net: The network.
        params: What to start from; members are minimized one after another.
        x: Rows `[N, D]`, or `[*M, N, D]`.
        y: Their labels or targets, as `fnet.loss` takes them.
        weights: A number of at least 0 for each row; None for equal ones.
        tuning: As `loss` takes it, without what belongs to steps by batches (dropout, clipping, a
            moving average).
        max_iter: The most iterations.
        max_fun: The most evaluations of the loss and its gradient.
        tol: Converged when no entry of the gradient is larger than this.
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
