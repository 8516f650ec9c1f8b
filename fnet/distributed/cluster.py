"""The workers of a job: who they are, and TensorFlow's strategy that connects them."""

import json
import os
import re
import socket
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.python.eager import context

from fnet.core import checks
from fnet.core.errors import FnetError, InvalidArgument
from fnet.engine.workers import ALONE, Workers

HEARTBEAT_SECONDS = 15
"""Seconds without a sign of life after which a worker counts as lost."""

JOBS = ("chief", "worker")
"""The jobs of TF_CONFIG whose tasks are workers, in the order of their ranks."""


class Cluster(NamedTuple):
    """The workers, as one of them sees them, connected."""

    addresses: tuple[str, ...]
    workers: Workers
    timeout: float


_started: list[Cluster] = []


def start(timeout: float = 60.0) -> Cluster:
    """The Cluster of this process, connected by the first call."""
    if not _started:
        seconds = checks.one_number("timeout", timeout)
        if seconds <= 0:
            raise InvalidArgument(f"timeout must be above 0; got {timeout}")
        addresses, rank = find()
        workers = ALONE
        if len(addresses) > 1:
            wait_for_all(addresses, rank, seconds)
            workers = Workers(rank, len(addresses), _strategy_sum(addresses, rank, seconds))
        _started.append(Cluster(addresses, workers, seconds))
    return _started[0]


def find() -> tuple[tuple[str, ...], int]:
    """The addresses of all workers, and which is this one: from TF_CONFIG or Slurm."""
    if "TF_CONFIG" in os.environ:
        return _from_tf_config(os.environ["TF_CONFIG"])
    if "SLURM_STEP_NUM_TASKS" in os.environ:
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver()
        addresses = resolver.cluster_spec().as_dict()["worker"]
        return tuple(addresses), resolver.get_task_info()[1]
    raise InvalidArgument(
        "there is no TF_CONFIG in the environment that says who the workers are. Start the script "
        "by `python -m fnet.distributed SCRIPT --workers 2`, or use fnet.train"
    )


def _from_tf_config(text: str) -> tuple[tuple[str, ...], int]:
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        tasks = [(job, i) for job in JOBS for i in range(len(cluster.get(job, ())))]
        addresses = tuple(str(cluster[job][i]) for job, i in tasks)
        rank = tasks.index((task["type"], int(task["index"])))
        for address in addresses:
            _split(address)
        if cluster.keys() - set(JOBS):
            raise ValueError(f"the jobs must be {' or '.join(JOBS)}")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidArgument(
            'TF_CONFIG must be as {"cluster": {"worker": ["host:port", "host:port"]}, "task": '
            f'{{"type": "worker", "index": 0}}}}; got {text}: {error}'
        ) from None
    return addresses, rank


def _split(address: str) -> tuple[str, int]:
    """The host and the port of an address."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def wait_for_all(addresses: tuple[str, ...], rank: int, timeout: float) -> None:
    """Wait until each worker listens on its port, this one too."""
    port = _split(addresses[rank])[1]
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    try:
        listening = socket.create_server(
            ("", port), family=family, dualstack_ipv6=family == socket.AF_INET6
        )
    except OSError as error:
        raise InvalidArgument(
            f"worker {rank} cannot listen on port {port}: {error.strerror}"
        ) from None
    until = time.monotonic() + timeout
    with listening:
        absent = list(range(len(addresses)))
        while absent := not_answering(addresses, absent):
            if time.monotonic() > until:
                raise FnetError(f"{_named(addresses, absent)} did not start within {timeout:g} s")
            time.sleep(0.1)


def not_answering(addresses: tuple[str, ...], ranks: Iterable[int]) -> list[int]:
    """Those of the workers at whose address nothing listens."""

    def answers(rank: int) -> bool:
        try:
            socket.create_connection(_split(addresses[rank]), timeout=2).close()
        except OSError:
            return False
        return True

    return [rank for rank in ranks if not answers(rank)]


def _named(addresses: tuple[str, ...], ranks: Iterable[int]) -> str:
    return ", ".join(f"worker {rank} ({addresses[rank]})" for rank in ranks)


def _strategy_sum(addresses: tuple[str, ...], rank: int, timeout: float) -> Any:
    """`Workers.reduce` by TensorFlow's strategy for several workers."""
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=tf.distribute.experimental.CommunicationImplementation.RING,
        timeout_seconds=timeout,
    )
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(addresses)}),
        task_type="worker",
        task_id=rank,
        rpc_layer="grpc",
    )
    try:
        gpus = tf.config.get_visible_devices("GPU")
        if len(gpus) > 1:
            tf.config.set_visible_devices(gpus[:1], "GPU")
        _configure_heartbeat(len(addresses))
        strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver, options)
    except RuntimeError as error:
        raise InvalidArgument(
            "TensorFlow has computed in this process before it was connected to the other workers: "
            "call fnet.distributed.initialize() first"
        ) from error
    (device,) = strategy.extended.worker_devices

    def reduce(array: Any) -> Any:
        with tf.device(device):
            return strategy.run(_all_reduce, args=(tf.identity(array),))

    return reduce


def _configure_heartbeat(count: int) -> None:
    """Let TensorFlow's coordination service notice a lost worker early."""
    job = context.coordination_config_pb2.CoordinatedJob(name="worker", num_tasks=count)
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        heartbeat_timeout_in_ms=HEARTBEAT_SECONDS * 1000,
        coordinated_jobs=[job],
    )


def _all_reduce(array: Any) -> Any:
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, array)


def lost(cluster: Cluster, error: tf.errors.OpError) -> FnetError:
    """The error that names the worker without which a step could not be done."""
    others = [rank for rank in range(cluster.workers.size) if rank != cluster.workers.rank]
    named = {int(rank) for rank in re.findall(r"/task:(\d+)", error.message)}
    if "CoordinationService" in error.message:  # which worker 0 runs
        named.add(0)
    ranks = not_answering(cluster.addresses, others) or [r for r in others if r in named] or others
    return FnetError(
        f"{_named(cluster.addresses, ranks)} ended or no longer answers; the training cannot go on"
    )
