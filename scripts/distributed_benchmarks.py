"""Two workers against one process: the same params, and the time of a step.

    python scripts/distributed_benchmarks.py

Each worker has one processor of its own. Times are those of a second run, without compiling.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import fnet
from fnet.distributed import launch

SIZES, BATCH, STEPS = (100, 512, 512, 10), 2048, 20
"""A step of about 50 ms on one processor."""

ROUNDS = 3


def largest_difference(net: fnet.Network, one: Any, other: Any) -> float:
    pairs = [(a, b) for p, q in zip(one, other, strict=True) for a, b in zip(p, q, strict=True)]
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)


def work(folder: Path) -> None:
    """What each worker does."""
    import time

    config = json.loads(os.environ["TF_CONFIG"])
    rank, workers = config["task"]["index"], len(config["cluster"]["worker"])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank]})
    fnet.distributed.initialize()
    random, found = np.random.default_rng(0), {}
    x, y = random.normal(size=(4 * BATCH, SIZES[0])), random.integers(0, SIZES[-1], 4 * BATCH)
    for dtype in ("float64", "float32"):
        net = fnet.Network((SIZES[0], 64, 64, SIZES[-1]))
        params = fnet.reference.init_params(net, 0, dtype=dtype)
        plan = fnet.minibatch_plan(2000, batch_size=100, epochs=10, seed=0)
        call = net, fnet.adam(0.001), params, x[:2000], y[:2000], plan
        run = fnet.distributed.train(*call)
        found[dtype] = largest_difference(net, run.params, fnet.train(*call).params)
        bits = b"".join(np.asarray(a).tobytes() for layer in run.params for a in layer)
        (folder / f"{workers} {dtype} {rank}").write_bytes(bits)
    net = fnet.Network(SIZES)
    params = fnet.reference.init_params(net, 0)
    seconds, processor = [], []
    for epochs in (1, *[STEPS // 4] * ROUNDS):
        plan = fnet.minibatch_plan(4 * BATCH, batch_size=BATCH, epochs=epochs, seed=0)
        began, worked = time.perf_counter(), time.process_time()
        fnet.distributed.train(net, fnet.adam(0.001), params, x, y, plan)
        seconds.append((time.perf_counter() - began) / (4 * epochs))
        processor.append((time.process_time() - worked) / (4 * epochs))
    found["step"], found["processor"] = min(seconds[1:]), min(processor[1:])
    (folder / f"{workers} found {rank}.json").write_text(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work)
        return
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        found = {}
        for workers in (1, 2):
            if launch(__file__, ["--work", home], workers=workers):
                raise SystemExit(1)
            found[workers] = json.loads((folder / f"{workers} found 0.json").read_text())
        for dtype in ("float64", "float32"):
            both = {(folder / f"2 {dtype} {rank}").read_bytes() for rank in (0, 1)}
            print(
                f"{dtype}, 200 steps: two workers and one process differ by "
                f"{found[2][dtype]:.1e}; the bits of the two "
                + ("agree" if len(both) == 1 else "DIFFER")
            )
        one, two = found[1]["step"], found[2]["step"]
        print(f"a step: {one * 1e3:.1f} ms on one, {two * 1e3:.1f} on two: {one / two:.2f} times")
        one, two = (found[workers]["processor"] for workers in (1, 2))
        print(
            f"its processor time: {one * 1e3:.1f} ms on one, {two * 1e3:.1f} on each of two: "
            f"{one / two:.2f} times, which other work on the machine does not change"
        )


if __name__ == "__main__":
    main()
