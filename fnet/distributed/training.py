"""The `train` of several workers: what they compare at the start, and what worker 0 alone does."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import fnet
from fnet.core import checks, run_state, training_loop
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.run_state import Run, RunSetup, TrainOptions
from fnet.distributed.cluster import Cluster, lost
from fnet.engine.training import prepare
from fnet.engine.workers import Workers, gather_arrays, largest, sum_of_arrays
from fnet.files import checkpointing, codec, format, names

MAX_PARTS = 16
"""The most parts of a call that are compared: a fixed number, as versions may differ in it."""

LOST = (
    *(tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError),
    *(tf.errors.DeadlineExceededError, tf.errors.FailedPreconditionError, tf.errors.InternalError),
)
"""TensorFlow's errors when a worker is lost."""


def train(
    cluster: Cluster,
    net: Network,
    optimizer: Optimizer,
    params: Any,
    rows: Any,
    given: TrainOptions,
) -> Run:
    """`fnet.train` by the workers of a Cluster."""
    if given.xla:
        raise InvalidArgument("xla must be False or None for several workers")
    checks.callback("callback", given.callback, "the Run so far")
    checks.boolean("progress", given.progress)
    workers = cluster.workers
    if isinstance(params, Run):
        params = params._replace(xla=False)
    settings = given._replace(
        callback=_Callback(workers, given),
        progress=given.progress and workers.rank == 0,
        xla=False,
    )
    try:
        return training_loop.train(*prepare(workers, net, optimizer, params, rows, settings))
    except LOST as error:
        raise lost(cluster, error) from None


class _Callback:
    """The callback on each worker: worker 0 calls the user's."""

    def __init__(self, workers: Workers, given: TrainOptions) -> None:
        self.workers, self.given = workers, given
        self.callback = given.callback if workers.rank == 0 else None

    def __call__(self, run: Run) -> None:
        if self.callback is not None:
            self.callback(run)

    def _begin(self, run: Run, setup: RunSetup) -> Run:
        """The Run to begin with, that of worker 0 on all, once all have the same call."""
        if setup.source.width < self.workers.size:
            raise InvalidArgument(
                f"the batches of the plan must have a row for each of {self.workers.size} "
                f"workers; the largest has {setup.source.width}"
            )
        _compare(self.workers, _call_texts(run, setup, self.given))
        found = run
        if self.callback is not None and hasattr(self.callback, "_begin"):
            found = self.callback._begin(run, setup)
        return _from_worker_0(self.workers, found, run)


def _call_texts(run: Run, setup: RunSetup, given: TrainOptions) -> dict[str, str]:
    """What must be the same on all workers: its name in messages and its value as text."""
    call = checkpointing.describe_call(run, setup)
    options = (
        *(setup.measured, given.restore_best, given.on_not_finite, given.loss is None),
        given.precision,
    )
    return {
        "version of fnet": fnet.__version__,
        "version of TensorFlow": tf.__version__,
        "code": _code(),
        "number of epochs": str(call.epochs),
        **{names.CALL[name]: digest for name, digest in call.trained["call"].items()},
        "options": repr(options),
    }


def _code() -> str:
    """A digest of the script and of the modules of fnet."""
    script = getattr(sys.modules["__main__"], "__file__", None) or os.devnull
    digest = hashlib.sha256()
    for path in (*sorted(Path(fnet.__file__).parent.rglob("*.py")), Path(script)):
        if path.exists():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _compare(workers: Workers, parts: dict[str, str]) -> None:
    """Refuse parts that differ between workers; all of them raise the same error."""
    digests = np.zeros((MAX_PARTS, 8), np.int32)
    for i, value in enumerate(parts.values()):
        digests[i] = np.frombuffer(hashlib.sha256(value.encode()).digest(), np.int32)
    differ = (gather_arrays(workers, digests) != digests).any(axis=-1)
    for name, ranks in zip(parts, differ.T, strict=False):
        if ranks.any():
            raise InvalidArgument(
                f"the workers differ in the {name}: worker {workers.rank} has another than worker "
                f"{np.flatnonzero(ranks)[0]}. Each must run the same script on the same data"
            )


def _from_worker_0(workers: Workers, found: Run, own: Run) -> Run:
    """The Run that worker 0 has found, on all workers; `own` where it has found none."""
    data = b""
    if found is not own:
        found = run_state.convert_arrays(np.asarray, found)._replace(xla=False)
        data = format.to_bytes(*codec.encode(found))
    size = int(largest(workers, len(data)))
    if not size:
        return own
    sent = np.zeros(-(-size // 4), np.int32)
    sent.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run")
        with open(path, "wb") as file:
            file.write(sum_of_arrays(workers, sent).tobytes()[:size])
        received: Run = codec.decode(*format.read(path))
    return received
