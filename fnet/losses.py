"""Losses of one row, on TensorFlow. Twin: `reference/losses.py`.

Each takes targets and outputs as columns, `[..., K, B]`, and returns `[..., B]`. A loss with a link
takes the outputs before it (`network.LINKS`).
"""

import tensorflow as tf

from fnet import checks


def squared_error(y, outputs):
    """The mean over outputs of `(outputs - y)**2`, as in Keras's `mean_squared_error`."""
    return tf.reduce_mean(tf.math.squared_difference(outputs, y), axis=-2)


def softmax_cross_entropy(y, logits):
    """`log(sum(exp(z))) - sum(y * z)` over classes: minus the log-likelihood of y, of the sum 1.

    Source: Bishop, Pattern Recognition and Machine Learning, equation 4.108.
    """
    shifted = logits - tf.stop_gradient(tf.reduce_max(logits, axis=-2, keepdims=True))
    total = tf.reduce_sum(tf.exp(shifted), axis=-2)
    return tf.math.log(total) - tf.reduce_sum(y * shifted, axis=-2)


LOSSES = {
    "squared_error": squared_error,
    "softmax_cross_entropy": softmax_cross_entropy,
}


def as_columns(net, y, rank, dtype):
    """Targets as columns `[..., K, B]` for features of this rank: labels become one-hot columns."""
    if len(y.shape) == rank:
        return tf.linalg.matrix_transpose(y)
    if net.labelled:
        return tf.cast(y[..., None, :] == tf.range(net.sizes[-1])[:, None], dtype)
    return y[..., None, :]


def one_hot(labels, classes):
    """Rows of the identity matrix: `[...]` integer labels become `[..., classes]` float32 rows.

    The lecture notes' `np.eye(classes)[labels]`. Raises InvalidArgument for labels that are not
    integers from 0 to classes - 1.
    """
    classes = checks.whole("classes", classes, least=1)
    return tf.gather(tf.eye(classes), checks.labels("labels", labels, classes))
