"""The cache of compiled programs, how to clear it, and a check against forked processes.

TensorFlow never frees a program by itself. The cache keeps the programs used last, and drops the
others.
"""

import functools
import gc
import os
from collections.abc import Callable
from typing import Any

from fnet.core.errors import FnetError

MAX_PROGRAMS = 32
"""The number of training programs in the cache."""

GRAPHS_PER_PROGRAM = 4
"""The number of graphs of `forward`, `loss` and the others in the cache, per training program."""

_caches: list[Any] = []
_process = {"started": False, "forked": False}


def bounded_cache(size: int) -> Callable[[Callable[..., Any]], Any]:
    """As `functools.lru_cache`, and `clear_cache` clears it."""

    def decorate(function: Callable[..., Any]) -> Any:
        cached = functools.lru_cache(maxsize=size)(function)
        _caches.append(cached)
        return cached

    return decorate


def clear_cache() -> None:
    """Free all compiled programs of this process. They are compiled again when they are needed.

    Programs that were not used for a while are freed without it. XLA keeps some megabytes for each
    program outside Python, which are freed only when the process ends.

    Example:
        >>> import fnet
        >>> fnet.clear_cache()
    """
    for cache in _caches:
        cache.cache_clear()
    gc.collect()


def start() -> None:
    """Record that TensorFlow computes in this process; refuse a fork of such a process."""
    if _process["forked"]:
        raise FnetError(
            "this process was forked from one in which TensorFlow had computed, so that TensorFlow "
            'would hang. Start processes with multiprocessing.get_context("spawn"), or use '
            "fnet.reference, which works here"
        )
    _process["started"] = True


def _after_fork() -> None:
    _process["forked"] = _process["started"]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
