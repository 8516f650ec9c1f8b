"""Workers as processes of this machine."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from fnet.core import checks

POLL_SECONDS = 0.05
"""Seconds between two looks at the processes."""

END_SECONDS = 25.0
"""Seconds that workers have to end by themselves after one has failed. It is longer than TensorFlow
takes to notice a lost worker at the latest, by its heartbeat, so that the others can name it."""

MAX_SHOWN = 4000
"""The most bytes of the last output of a failed worker that are shown."""


def launch(
    script: str | os.PathLike[str],
    arguments: Sequence[str] = (),
    *,
    workers: int = 2,
    timeout: float | None = None,
) -> int:
    """Run a Python script by several workers, processes of this machine.

    They find each other by the environment variable TF_CONFIG, on free ports of 127.0.0.1. The
    output of worker 0 is shown as it comes. If a worker fails, the others are ended, and the last
    output of the one that failed is shown. Ctrl-C is passed on to all workers.

    Args:
        script: The path of the script, which calls `fnet.distributed.train`.
        arguments: The arguments of the script.
        workers: The number of workers, at least 1.
        timeout: The seconds after which all workers are ended; None for no limit.

    Returns:
        The exit status: 0, or that of the first worker that failed; 128 plus the number of the
        signal that ended it.

    Raises:
        InvalidArgument: A bad number of workers.

    Example:
        ::

            status = fnet.distributed.launch("script.py", workers=2)
    """
    return run_workers([sys.executable, os.fspath(script), *arguments], workers, timeout)


def run_workers(command: Sequence[str], workers: int, timeout: float | None = None) -> int:
    """`launch` of any command."""
    count = checks.integer("workers", workers, 1)
    addresses = free_addresses(count)
    with contextlib.ExitStack() as stack:
        outputs = [None, *(stack.enter_context(tempfile.TemporaryFile()) for _ in range(1, count))]
        processes = [
            _start(command, configuration(addresses, rank), output)
            for rank, output in enumerate(outputs)
        ]
        stack.callback(_end, processes)
        interrupted = stack.enter_context(_signals_passed_on(processes))
        status, why = _wait(processes, outputs, timeout)
        if not interrupted:
            sys.stderr.write(why)
        return status


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine with free ports."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [f"127.0.0.1:{own.getsockname()[1]}" for own in sockets]


def configuration(addresses: Sequence[str], rank: int) -> str:
    """The value of TF_CONFIG of a worker."""
    task = {"type": "worker", "index": rank}
    return json.dumps({"cluster": {"worker": list(addresses)}, "task": task})


def _start(command: Sequence[str], config: str, output: Any) -> subprocess.Popen[bytes]:
    """A worker, in a process group of its own, so that Ctrl-C reaches it once."""
    own_group: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=os.environ | {"TF_CONFIG": config},
        **own_group,
    )


def _wait(
    processes: list[subprocess.Popen[bytes]], outputs: list[Any], timeout: float | None
) -> tuple[int, str]:
    """The exit status of all, once they have ended or one has failed; and why, if not yet shown."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while not _failed(processes) and _running(processes):
        if deadline is not None and time.monotonic() > deadline:
            return 128 + signal.SIGALRM, f"the workers did not end within {timeout:g} s\n"
        time.sleep(POLL_SECONDS)
    failed = _failed(processes)
    until = time.monotonic() + END_SECONDS  # in which the others say what they lost
    while _running(processes) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
    if not failed:
        return 0, ""
    rank = min(failed, key=lambda rank: (min(failed[rank], 0), rank))  # a signal comes first
    code = failed[rank]
    if code < 0:
        return 128 - code, f"worker {rank} was ended by signal {-code}\n{_last(outputs[rank])}"
    if processes[0].returncode == code:  # worker 0 has said why
        return code, ""
    return code, f"worker {rank} ended with status {code}\n{_last(outputs[rank])}"


def _running(processes: list[subprocess.Popen[bytes]]) -> bool:
    return None in [process.poll() for process in processes]


def _failed(processes: list[subprocess.Popen[bytes]]) -> dict[int, int]:
    """The status of each worker that has ended with another than 0."""
    codes = [process.poll() for process in processes]
    return {rank: code for rank, code in enumerate(codes) if code}


def _last(output: Any) -> str:
    """The last output of a worker, if it was kept."""
    if output is None:
        return ""
    output.seek(max(0, output.seek(0, os.SEEK_END) - MAX_SHOWN))
    return str(output.read().decode(errors="replace"))


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End what still runs. TensorFlow catches SIGTERM, so that it would not end a worker."""
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextlib.contextmanager
def _signals_passed_on(processes: list[subprocess.Popen[bytes]]) -> Iterator[list[int]]:
    """Within it Ctrl-C goes to the workers, which end by themselves; SIGTERM ends them.

    Yields:
        A list that is empty until Ctrl-C.
    """
    interrupts: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return

    def interrupt(number: int, _: Any) -> None:
        interrupts.append(number)
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)

    def end(*_: Any) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, end)
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
