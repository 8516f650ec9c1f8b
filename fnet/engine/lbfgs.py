"""Full-batch minimization by L-BFGS, on TensorFlow. Twin: `reference/minimizing.py`."""

import math

import tensorflow as tf

from fnet.core import lbfgs
from fnet.core.network import Layer
from fnet.engine import functions, layout, tensors


def minimize_lbfgs(
    net,
    params,
    x,
    y,
    weights=None,
    *,
    tuning=None,
    max_iter=200,
    max_fun=15_000,
    tol=1e-4,
    progress=False,
):
    """Minimize the loss over all rows by L-BFGS, and return the `Minimum`.

    Arguments:
      params: to start from; members are minimized one after another.
      x, y, weights, tuning: as `loss` takes them, without what belongs to steps by batches
        (dropout, clipping, a moving average).
      max_iter, max_fun: the most iterations, and evaluations of the loss and its gradient.
      tol: converged when no entry of the gradient is larger than this.
      progress: show a progress bar.

    SciPy works in float64 and the loss in the dtype of params. Ctrl-C ends it after the current
    iteration and returns the Minimum so far; a second Ctrl-C raises. Names and defaults are those
    of scikit-learn's MLP. Source: Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound
    constrained optimization" (1995).

    Raises InvalidArgument for arguments that do not fit, NotFinite where the loss is not finite.
    """

    def evaluator(x, y, weights, tuning):
        columns = [tensors.tensor(column) for column in (x, y, weights) if column is not None]
        inside = tensors.inside(tuning)
        return lambda row: tensors.graph(_evaluate, net, (tf.constant(row), inside), *columns)

    end = lbfgs.minimize(
        *(net, params, x, y, weights, evaluator),
        tuning=tuning,
        max_iter=max_iter,
        max_fun=max_fun,
        tol=tol,
        progress=progress,
    )
    return end._replace(params=tensors.closed(_layers(net, tf.constant(end.params))))


def _evaluate(net, given, x, y, weights=None):
    """The loss of a row of numbers and its gradient, a row like it."""
    row, n = given
    weights, total = functions.weighed(x, weights)
    layers = layout.columns(_layers(net, row))
    share = functions.shares(weights)
    value, slopes = functions.loss_and_grads(net, layers, x, y, share, total, n)
    flat = [tf.reshape(slope, [-1]) for slope in tf.nest.flatten(layout.rows(slopes))]
    return value, tf.concat(flat, 0)


def _layers(net, row):
    """The layers of a row of numbers `[*M, P]`, w and b of each layer one after another."""
    shapes = [shape for d, h in net.layers for shape in ((d, h), (h,))[: 2 if net.bias else 1]]
    parts = tf.split(row, [math.prod(shape) for shape in shapes], axis=-1)
    arrays = [
        tf.reshape(part, tf.concat([tf.shape(row)[:-1], shape], 0))
        for part, shape in zip(parts, shapes, strict=True)
    ]
    if not net.bias:
        return tuple(Layer(w, ()) for w in arrays)
    return tuple(map(Layer._make, zip(arrays[::2], arrays[1::2], strict=True)))
