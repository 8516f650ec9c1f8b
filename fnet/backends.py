"""The two backends: which one does a piece of work, and how TensorFlow is imported quietly.

A library leaves its user's terminal alone; the command line and the scripts import TensorFlow
without its start-up messages.
"""

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
import tempfile
import threading

import fnet

TF_STARTUP_SECONDS = 8.0
"""Seconds until TensorFlow takes its first step: 4 to 6 to import it, and 1 to compile."""

SECONDS_SAVED_PER_STEP = 60e-6
"""Seconds that a compiled step saves on NumPy's calls."""

SECONDS_SAVED_PER_FLOP = 2e-11
"""Seconds that it saves on each floating-point operation."""


def choose(engine, net, rows, steps):
    """`(side, its name)` for so many steps on so many rows each, by the amount of work alone.

    `engine` is "numpy" or "tensorflow", which says it outright, or "auto".
    """
    if engine == "auto":
        operations = 6 * rows * sum(d * h for d, h in net.layers)
        saved = steps * (SECONDS_SAVED_PER_STEP + SECONDS_SAVED_PER_FLOP * operations)
        engine = "tensorflow" if saved > TF_STARTUP_SECONDS else "numpy"
    return (fnet if engine == "tensorflow" else fnet.reference), engine


def import_tensorflow(keras=True):
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
    with tempfile.TemporaryFile() as aside, _exit_on_interrupt(kept):
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

    importlib.import_module("fnet.engine.training")
    return tf


@contextlib.contextmanager
def _exit_on_interrupt(error):
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
