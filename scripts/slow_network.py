"""Train by two workers in two networks with a slow, lossy line between them.

    sudo python scripts/slow_network.py --delay 50 --loss 0.01

Each worker runs in a network namespace of its own. Between the two this script passes packets on,
each after a delay, and drops some of them. The job must end with the bits of one whose workers
share this machine's own network. It needs Linux, `ip` and root.
"""

import argparse
import contextlib
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import worker_kills

from fnet.distributed import launching

TUN_SET_NAME, TUN, NO_HEADER = 0x400454CA, 0x0001, 0x1000
"""`ioctl` and flags of a TUN device, from Linux's if_tun.h."""

PACKET_BYTES = 1 << 16
PORT = 4321
SPACES = ("fnet0", "fnet1")
ADDRESSES = ("10.9.0.1", "10.9.0.2")


def run(line: str) -> None:
    """Run a command, which must not fail."""
    subprocess.run(line.split(), check=True)


@contextlib.contextmanager
def two_networks() -> Iterator[list[int]]:
    """Two namespaces, each with a device: the files from which their packets are read."""
    with contextlib.ExitStack() as stack:
        devices = []
        for space, address in zip(SPACES, ADDRESSES, strict=True):
            run(f"ip netns add {space}")
            stack.callback(run, f"ip netns delete {space}")
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            stack.callback(os.close, device)
            fcntl.ioctl(device, TUN_SET_NAME, struct.pack("16sH", space.encode(), TUN | NO_HEADER))
            run(f"ip link set {space} netns {space}")
            run(f"ip -n {space} addr add {address}/24 dev {space}")
            run(f"ip -n {space} link set {space} up")
            run(f"ip -n {space} link set lo up")
            devices.append(device)
        yield devices


def pass_packets(devices: list[int], delay: float, loss: float, counts: list[int]) -> None:
    """Pass packets on after a delay in seconds, without some of them, until a device is closed.

    Args:
        devices: The two files; a packet of one goes to the other.
        delay: Seconds from one side to the other.
        loss: The share of packets that are dropped.
        counts: The packets so far, passed on and dropped; written to.
    """
    chance = random.Random(0)
    waiting: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        until = waiting[0][0] - time.monotonic() if waiting else 1.0
        try:
            readable, _, _ = select.select(devices, [], [], max(0.0, until))
            for device in readable:
                packet = os.read(device, PACKET_BYTES)
                dropped = chance.random() < loss
                counts[dropped] += 1
                if not dropped:
                    number += 1
                    other = devices[device == devices[0]]
                    heapq.heappush(waiting, (time.monotonic() + delay, number, other, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, other, packet = heapq.heappop(waiting)
                os.write(other, packet)
        except (OSError, ValueError):  # a device was closed
            return


def job(folder: Path, epochs: int) -> float:
    """The seconds of a job whose workers run in the two namespaces."""
    addresses = [f"{address}:{PORT}" for address in ADDRESSES]
    enter = "ip netns exec {}"
    command = [sys.executable, worker_kills.__file__, *worker_kills.arguments(folder, epochs)]
    began = time.monotonic()
    workers = [
        subprocess.Popen(
            [*enter.format(space).split(), *command],
            env=os.environ | {"TF_CONFIG": launching.configuration(addresses, rank)},
        )
        for rank, space in enumerate(SPACES)
    ]
    if max([worker.wait() for worker in workers]):
        sys.exit("a worker failed")
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=50, help="milliseconds in each direction")
    parser.add_argument("--loss", type=float, default=0.01, help="the share of packets lost")
    parser.add_argument("--epochs", type=int, default=20, help="of 10 steps each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        near, far = Path(home, "near"), Path(home, "far")
        near.mkdir()
        far.mkdir()
        began = time.monotonic()
        if worker_kills.job(near, given.epochs):
            sys.exit("the job on one network failed")
        seconds, counts = time.monotonic() - began, [0, 0]
        with two_networks() as devices:
            line = threading.Thread(
                target=pass_packets,
                args=(devices, given.delay / 1000, given.loss, counts),
                daemon=True,
            )
            line.start()
            slow = job(far, given.epochs)
        same = worker_kills.result(near) == worker_kills.result(far) != b""
    print(
        f"{given.delay:g} ms and {given.loss:.1%} loss: {slow:.1f} s instead of {seconds:.1f} s; "
        f"{counts[0]} packets passed, {counts[1]} lost; bits {'agree' if same else 'DIFFER'}"
    )
    sys.exit(not same)


if __name__ == "__main__":
    main()
