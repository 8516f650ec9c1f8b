"""Ctrl-C during long work: the first requests the end, the second raises."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Inside the context, the first Ctrl-C only sets the event that it yields; the second raises.

    Outside the main thread, or if the caller has installed a handler, it does nothing.
    """
    requested = threading.Event()
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )

    def ask(*_: Any) -> None:
        requested.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if ours:
        signal.signal(signal.SIGINT, ask)
    try:
        yield requested
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
