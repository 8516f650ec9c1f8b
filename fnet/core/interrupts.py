"""Ctrl-C during long work: the first requests the end, the second raises."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

_outer: threading.Event | None = None


def are_awaited() -> bool:
    """Whether the next Ctrl-C only sets the event of a context `interrupts`."""
    return _outer is not None and not _outer.is_set()


@contextlib.contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Inside the context, the first Ctrl-C only sets the event that it yields; the second raises.

    Inside another such context it yields the event of that one. Outside the main thread, or if the
    caller has installed a handler, it does nothing.
    """
    global _outer
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and _outer is not None:
        yield _outer
        return
    requested = threading.Event()
    ours = in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def ask(*_: Any) -> None:
        requested.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if ours:
        _outer = requested
        signal.signal(signal.SIGINT, ask)
    try:
        yield requested
    finally:
        if ours:
            _outer = None
            signal.signal(signal.SIGINT, signal.default_int_handler)
