"""Compiled programs: how many are kept, how to free them, and which process may run them.

TensorFlow never frees a program by itself. Those of the structures used last are kept here, and
dropped when others take their place.
"""

import functools
import gc
import os
from collections.abc import Callable
from typing import Any

from fnet.core.errors import FnetError

MAX_PROGRAMS = 32
"""How many training programs are kept."""

GRAPHS_PER_PROGRAM = 4
"""How many graphs of `forward`, `loss` and the others are kept for each of these."""

_caches: list[Any] = []
_process = {"started": False, "forked": False}


def bounded_cache(size: int) -> Callable[[Callable[..., Any]], Any]:
    """`functools.lru_cache`, which `clear_cache` empties."""

    def decorate(function: Callable[..., Any]) -> Any:
        cached = functools.lru_cache(maxsize=size)(function)
        _caches.append(cached)
        return cached

    return decorate


def clear_cache() -> None:
    """Free every compiled program of this process. The next call of each compiles again.

    Programs of structures that were not used for a while are freed without it. What XLA keeps of a
    program outside Python, some megabytes, is freed only with the process.

    Example:
        >>> import fnet
        >>> fnet.clear_cache()
    """
    for cache in _caches:
        cache.cache_clear()
    gc.collect()


def start() -> None:
    """Note that TensorFlow computes in this process; refuse a fork of one in which it did."""
    if _process["forked"]:
        raise FnetError(
            "this process was forked from one in which TensorFlow had computed, where TensorFlow "
            'hangs. Start processes with multiprocessing.get_context("spawn"), or use '
            "fnet.reference, which works here"
        )
    _process["started"] = True


def _after_fork() -> None:
    _process["forked"] = _process["started"]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
