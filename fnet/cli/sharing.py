"""`fnet train --workers`: the same command in several processes, of which the first one reports."""

import contextlib
import os
import sys
from collections.abc import Iterator

import click

from fnet import backends
from fnet.cli import common
from fnet.cli.options import TrainOptions
from fnet.core.errors import InvalidArgument

MAX_WORKERS = 256
"""The most processes."""

TIMEOUT_SECONDS = 600.0
"""Seconds that workers wait for each other, of which one may read its files later."""


def launch(data: str, options: TrainOptions) -> None:
    """Run this command in several processes, if it is to be shared, and end with their exit code.

    They have the variable TF_CONFIG, with which a process goes on, as on several machines.

    Args:
        data: The path of the table.
        options: The options of the training.
    """
    if options.workers == 1:
        return
    if options.engine == "numpy":
        raise common.usage_error("--workers shares the work of TensorFlow, not of --engine numpy.")
    for path in (data, options.validation):
        if isinstance(path, str) and (path == "-" or _is_pipe(path)):
            raise common.usage_error(f"--workers needs a file, which each one reads, not {path!r}.")
    if "TF_CONFIG" in os.environ:
        return
    from fnet.distributed.launching import run_workers

    other_folder = sys.path[:1] in ([""], [os.getcwd()])  # to import fnet from
    python = [sys.executable, *([] if other_folder else ["-P"]), "-m", "fnet"]
    words = click.get_current_context().obj
    raise click.exceptions.Exit(run_workers([*python, *words], options.workers))


@contextlib.contextmanager
def by_workers(options: TrainOptions) -> Iterator[None]:
    """Within it trainings are shared, if they are to be. Only the first worker goes on after it.

    Yields:
        None.

    Raises:
        InvalidArgument: TF_CONFIG names another number of workers.
    """
    if options.workers == 1:
        yield
        return
    backends.import_tensorflow(keras=False)
    from fnet import distributed

    rank, size = distributed.initialize(TIMEOUT_SECONDS)
    if size != options.workers:
        raise InvalidArgument(f"--workers {options.workers} must be {size}, as TF_CONFIG says")
    with backends.shared_training():
        yield
    if rank:
        raise click.exceptions.Exit(0)


def _is_pipe(path: str) -> bool:
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))
