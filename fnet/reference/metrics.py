"""Measures of a prediction, in NumPy. Twin of `metrics.py`."""

import numpy as np

from fnet import checks


def accuracy(logits, labels):
    """The share of rows `[..., B, K]` whose largest entry is the label's: `[...]`, from 0 to 1."""
    logits, labels, rows = checks.scores(logits, labels)
    truth = labels.argmax(axis=-1) if rows else labels
    return np.mean(logits.argmax(axis=-1) == truth, axis=-1)
