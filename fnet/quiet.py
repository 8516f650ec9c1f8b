"""Importing TensorFlow without its start-up chatter: for the scripts and the command line.

A library leaves its user's terminal alone; a program of our own shows what it was written to show.
"""

import contextlib
import importlib.util
import os
import signal
import sys
import tempfile
import threading


def tensorflow(keras=True):
    """Import TensorFlow, and fnet's engine, with log messages off, and return it.

    Without Keras it takes half the time. The first messages come before TensorFlow's own log level
    counts and go straight to the standard error of the process, which is therefore set aside until
    the import is done; where the import fails they are shown. A TF_CPP_MIN_LOG_LEVEL in the
    environment is kept, and below 3 shows all. Ctrl-C meanwhile ends the process, whose work has
    not begun.
    """
    if not keras and importlib.util.find_spec("tf_keras") is None:
        os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # it then looks for tf_keras alone
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") < "3":
        return _imported()
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside, _ended_by_ctrl_c(kept):
        os.dup2(aside.fileno(), 2)
        try:
            return _imported()
        except Exception:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _imported():
    import tensorflow as tf

    importlib.import_module("fnet.training")
    return tf


@contextlib.contextmanager
def _ended_by_ctrl_c(error):
    """Within it Ctrl-C ends the process: an exception within TensorFlow's import can crash it."""
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    ours = main and before is signal.default_int_handler

    def end(*_):
        os.write(error, b"Error: interrupted; nothing was written\n")
        os._exit(128 + signal.SIGINT)

    if ours:
        signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)
