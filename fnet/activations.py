"""Activations and links, on TensorFlow. Twin: `reference/activations.py`."""

import tensorflow as tf

from fnet import checks

ACTIVATIONS = {
    "identity": tf.identity,
    "relu": tf.nn.relu,
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
}

OUTPUTS = {**ACTIVATIONS, "softmax": tf.nn.softmax}
"""What may stand after the last layer: an activation, or the link of a loss."""


def softmax(logits):
    """Probabilities `exp(z) / sum(exp(z))` along the last axis of logits `[..., K]`.

    Finite for any finite logits, since the largest is taken off first. Whole numbers are worked
    as float32. Source: Bridle, "Probabilistic interpretation of feedforward classification network
    outputs" (1990). Raises InvalidArgument for what is no array of numbers, or has no class.
    """
    return tf.nn.softmax(checks.logits(logits))
