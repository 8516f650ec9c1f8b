"""Measures of a prediction, on TensorFlow. Twin: `reference/metrics.py`."""

import tensorflow as tf

from fnet import checks


def accuracy(logits, labels):
    """The share of rows `[..., B, K]` whose largest entry is the label's: `[...]`, from 0 to 1.

    Labels are integers `[..., B]` or one-hot rows `[..., B, K]`, or without the leading axes, for
    all members alike. Of equal entries the first counts.
    """
    logits, labels, rows = checks.scores(logits, labels)
    truth = tf.argmax(labels, -1) if rows else labels
    hits = tf.equal(tf.argmax(logits, -1), tf.cast(truth, tf.int64))
    return tf.reduce_mean(tf.cast(hits, tf.float64), axis=-1)
