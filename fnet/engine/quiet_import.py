"""The first import of TensorFlow, without its start-up messages.

TensorFlow's first messages are written before its own log level applies, straight to the standard
error of the process (file descriptor 2). So the descriptor points to a temporary file until the
import is done. Lines there that are not TensorFlow's, from other threads, are written afterwards.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

from fnet.core.interrupts import interrupts

STDERR = 2
"""The file descriptor of standard error."""

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""TensorFlow's environment variable: "0" shows all its messages, "3" only fatal ones."""

QUIET = "3"

LOG_LINE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} "  # as I0000 00:00:1795662531.241085 19892 port.cc:153]
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    rb"|To enable the following instructions:"
    rb"|\s*$"
)
"""How a line of TensorFlow's log begins."""


def import_tensorflow() -> None:
    """Import TensorFlow without its start-up messages; do nothing if it is already imported.

    Messages of later calls, the first compilation by XLA among them, are off as well. A user's own
    TF_CPP_MIN_LOG_LEVEL below 3 is respected: then all is shown. If the import fails, everything
    that was written is shown. Ctrl-C takes effect when the import is done, since an exception
    inside it can crash the process.
    """
    if "tensorflow" in sys.modules:
        return
    with interrupts() as interrupted, _log_level(), _stderr_filtered():
        import tensorflow  # noqa: F401
    if interrupted.is_set():
        raise KeyboardInterrupt


@contextlib.contextmanager
def _log_level() -> Iterator[None]:
    """Set TensorFlow's log level to `QUIET` in the environment, unless the user has set one."""
    if LOG_LEVEL in os.environ:
        yield
        return
    os.environ[LOG_LEVEL] = QUIET
    try:
        yield
    finally:
        del os.environ[LOG_LEVEL]  # TensorFlow has read it: the environment stays the user's


@contextlib.contextmanager
def _stderr_filtered() -> Iterator[None]:
    """Collect standard error, and afterwards write it without TensorFlow's log.

    Does nothing if the log level asks for messages.
    """
    if os.environ[LOG_LEVEL] < QUIET:
        yield
        return
    try:
        stderr = os.dup(STDERR)
    except OSError:  # closed: nothing can be shown, and nothing needs to be hidden
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as collected:
        os.dup2(collected.fileno(), STDERR)
        lines = LOG_LINE
        try:
            yield
        except BaseException:
            lines = re.compile(rb"(?!)")  # matches nothing: all is shown
            raise
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(stderr, STDERR)
            collected.seek(0)
            for line in collected:
                if not lines.match(line):
                    os.write(stderr, line)
            os.close(stderr)
