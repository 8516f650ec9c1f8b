"""Items that another thread gets while the ones before them are used."""

import contextlib
import itertools
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """The items of a generator; while one is used, another thread gets the next one.

    Args:
        items: The generator. It is closed at the end, and when this one is closed.

    Yields:
        Its items.
    """
    with contextlib.closing(items), ThreadPoolExecutor(1) as pool:
        upcoming = pool.submit(list, itertools.islice(items, 1))
        while found := upcoming.result():
            upcoming = pool.submit(list, itertools.islice(items, 1))
            yield from found
