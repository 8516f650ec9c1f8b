"""The two backends, NumPy and TensorFlow: which one to use for a given amount of work.

The estimators and the command line choose a backend; the functional API never does.
"""

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Literal, TypeAlias

import fnet
from fnet.core import interrupts
from fnet.core.network import Network

Engine: TypeAlias = Literal["numpy", "tensorflow"]

TF_STARTUP_SECONDS = 8.0
"""Seconds until TensorFlow takes its first step: 4 to 6 to import it, and 1 to compile."""

SECONDS_SAVED_PER_STEP = 60e-6
"""Seconds that a compiled step saves on NumPy's function calls."""

SECONDS_SAVED_PER_FLOP = 2.4e-11
"""Seconds that a compiled step saves on each floating-point operation."""


def choose(
    engine: Engine | Literal["auto"], net: Network, rows: int, steps: int
) -> tuple[ModuleType, Engine]:
    """Choose the backend for a training run by its amount of work alone.

    Work takes `6 * rows * net.products` floating-point operations a step. TensorFlow is chosen if
    its compiled steps save more time than its start costs.

    Args:
        engine: "numpy" or "tensorflow" to name the backend, or "auto" to choose it.
        net: The network.
        rows: Rows in a batch.
        steps: Steps of the whole run.

    Returns:
        `(backend, name)`: the module `fnet` and "tensorflow", or `fnet.reference` and "numpy";
        within `shared_training`, `fnet.distributed` and "tensorflow". TensorFlow is imported when
        the module is first used.

    Example:
        >>> import fnet
        >>> from fnet import backends
        >>> backends.choose("auto", fnet.Network((64, 30, 10)), rows=65, steps=100)[1]
        'numpy'
    """
    if engine == "auto" and not _shared:
        flops = 6 * rows * net.products
        saved = steps * (SECONDS_SAVED_PER_STEP + SECONDS_SAVED_PER_FLOP * flops)
        engine = "tensorflow" if saved > TF_STARTUP_SECONDS else "numpy"
    if engine == "numpy":
        return fnet.reference, "numpy"
    if _own_process:
        import_tensorflow(keras=False)
    return fnet.distributed if _shared else fnet, "tensorflow"


_own_process = _shared = False


@contextlib.contextmanager
def own_process() -> Iterator[None]:
    """Declare that the process is fnet's own: a command, not a user's program.

    Within it `choose` imports TensorFlow as `import_tensorflow(keras=False)` does.

    Yields:
        None.

    Example:
        >>> from fnet import backends
        >>> with backends.own_process():
        ...     pass
    """
    global _own_process
    before, _own_process = _own_process, True
    try:
        yield
    finally:
        _own_process = before


@contextlib.contextmanager
def shared_training() -> Iterator[None]:
    """Declare that other workers train the same: within it `choose` gives `fnet.distributed`.

    Yields:
        None.

    Example:
        >>> import fnet
        >>> from fnet import backends
        >>> with backends.shared_training():
        ...     backends.choose("auto", fnet.Network((64, 30, 10)), rows=65, steps=100)[1]
        'tensorflow'
    """
    global _shared
    before, _shared = _shared, True
    try:
        yield
    finally:
        _shared = before


def import_tensorflow(keras: bool = True) -> Any:
    """Import TensorFlow and fnet's engine in a process of our own: a command or a script.

    TensorFlow's start-up messages are hidden, as on any import of `fnet.engine`. Ctrl-C during the
    import ends the process, whose work has not begun.

    Args:
        keras: Whether to import Keras too. Without it the import takes half the time, and
            `tf.keras` is not available in the process.

    Returns:
        The module `tensorflow`.

    Raises:
        ImportError: TensorFlow is not installed.

    Example:
        >>> from fnet import backends
        >>> tf = backends.import_tensorflow()
        >>> float(tf.constant(2.0))
        2.0
    """
    if not keras and importlib.util.find_spec("tf_keras") is None:
        os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # then TensorFlow looks for tf_keras only
    with _exit_on_interrupt():
        importlib.import_module("fnet.engine.training")
    return sys.modules["tensorflow"]


@contextlib.contextmanager
def _exit_on_interrupt() -> Iterator[None]:
    """Within it Ctrl-C ends the process at once.

    It changes nothing outside the main thread, or where the caller has a handler of their own.
    """
    before = signal.getsignal(signal.SIGINT)
    ours = threading.current_thread() is threading.main_thread() and (
        before is signal.default_int_handler or interrupts.are_awaited()
    )
    if not ours:
        yield
        return
    stderr = os.dup(2)  # during the import, descriptor 2 may point elsewhere

    def end(*_: Any) -> None:
        os.write(stderr, b"Error: interrupted; nothing was written\n")
        os._exit(128 + signal.SIGINT)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(stderr)
