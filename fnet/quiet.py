"""Importing TensorFlow without its start-up chatter: for the scripts and the command line.

A library leaves its user's terminal alone; a program of our own shows what it was written to show.
"""

import importlib.util
import os
import sys
import tempfile


def tensorflow(keras=True):
    """Import TensorFlow with its log messages off, and return it; without Keras in half the time.

    The first of them come before TensorFlow's own log level counts and go straight to the standard
    error of the process, which is therefore set aside until the import is done; where the import
    fails they are shown. A TF_CPP_MIN_LOG_LEVEL in the environment is kept, and below 3 shows all.
    """
    if not keras and importlib.util.find_spec("tf_keras") is None:
        os.environ.setdefault(
            "TF_USE_LEGACY_KERAS", "1"
        )  # TensorFlow then looks for that one alone
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") < "3":
        import tensorflow as tf

        return tf
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            import tensorflow as tf
        except Exception:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    return tf
