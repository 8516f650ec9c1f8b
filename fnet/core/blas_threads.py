"""How many threads NumPy's matrix products use in the twin."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any

from fnet.core.network import Network

SMALL_FLOPS = 5e5, 5e8
"""From how many floating-point operations on BLAS shares a product among threads, and from how many
on it should. One thread needs about 5 ms for the latter; where another program has a processor, the
threads wait for each other that long.
"""


@contextlib.contextmanager
def limited_threads(net: Network, rows: int) -> Iterator[None]:
    """Let one thread compute the products of a network if they are small.

    This holds for the whole process. While one caller is inside, others change nothing.

    Args:
        net: The network.
        rows: The rows of a product: those of a batch, or of a chunk to predict.
    """
    flops = 2 * rows * max(inputs * units for inputs, units in net.layers)
    are_small = SMALL_FLOPS[0] <= flops < SMALL_FLOPS[1]
    if not (are_small and _inside.acquire(blocking=False)):
        yield
        return
    try:
        with _one_thread():
            yield
    finally:
        _inside.release()


_inside = threading.Lock()


def _one_thread() -> Any:
    """A context in which one thread computes all products."""
    controller = _controller()
    if controller is None:
        return contextlib.nullcontext()
    return controller.limit(limits=1, user_api="blas")


@functools.cache
def _controller() -> Any:
    """The BLAS of NumPy; None where threadpoolctl, which only fitting needs, is not installed."""
    try:
        from threadpoolctl import ThreadpoolController
    except ModuleNotFoundError:
        return None
    return ThreadpoolController()
