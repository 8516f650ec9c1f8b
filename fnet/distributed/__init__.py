"""Training by several processes, the workers, on one machine or several.

Each worker runs the same script and computes its share of the rows of each batch; gradients are
summed over workers in the compiled program. Params, history and everything else are the same on all
workers, bit for bit. A script::

    # script.py, to be started by `python -m fnet.distributed script.py --workers 2`
    import fnet

    fnet.distributed.initialize()
    params = fnet.init_params(net, seed=0)
    run = fnet.distributed.train(net, fnet.adam(0.001), params, x, y, plan)
"""

from typing import Any

from fnet.core import signatures
from fnet.core.aliases import Array, Params
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.run_state import Run, TrainOptions
from fnet.core.signatures import training as public
from fnet.distributed.launching import launch

__all__ = ["initialize", "launch", "train"]


def initialize(timeout: float = 60.0) -> tuple[int, int]:
    """Connect this process to the other workers, before TensorFlow computes anything.

    The workers are those of the environment variable TF_CONFIG, as `launch`, Kubernetes or a user
    sets it, or of the Slurm step. A process connects once; later calls return the same.

    Args:
        timeout: The seconds to wait for all workers to start, and later for one that does not take
            part in a step, above 0.

    Returns:
        `(rank, count)`: the number of this worker, from 0, and the number of workers.

    Raises:
        InvalidArgument: There is no description of the workers, or a bad one; the port of this
            worker is in use; or TensorFlow has computed in this process already.
        FnetError: A worker did not start in time. The message names it.

    Example:
        ::

            rank, count = fnet.distributed.initialize(timeout=300)
    """
    import fnet.engine  # noqa: F401  it imports TensorFlow without its messages
    from fnet.distributed import cluster

    workers = cluster.start(timeout).workers
    return workers.rank, workers.size


@signatures.implements(public.train)
def train(
    net: Network,
    optimizer: Optimizer,
    params: Params,
    x: Array = None,
    y: Array = None,
    plan: Array = None,
    **options: Any,
) -> Run:
    """Train a network by several workers, each of which calls this with the same arguments.

    The arguments are those of `fnet.train`. Each worker takes a contiguous share of the rows of
    each batch, so the result is that of `fnet.train` within rounding, dropout included. It has the
    same bits on all workers. Validation rows are shared out in the same way. Without `initialize`
    before, the first call connects to the other workers.

    Worker 0 alone shows progress and calls the callback. A `checkpoint` is read by worker 0, and
    all workers resume from it. Ctrl-C in one worker ends the run on all of them.

    Args:
        net: The network.
        optimizer: An optimizer.
        params: The params, Run or TrainState to start from, the same on all workers.
        x: All rows `[N, D]`, the same on all workers. Or, as in `fnet.train`, `data` instead of x,
            y and plan: the result of `table_dataset`, of which each worker reads all files.
        y: Their labels or targets.
        plan: Which rows form which batch; a batch must have a row for each worker.
        **options: The other arguments of `fnet.train`. `xla` must not be True: XLA cannot sum over
            workers on processors.

    Returns:
        The `Run`, the same on all workers.

    Raises:
        InvalidArgument: Arguments do not fit each other, or differ between workers, or workers have
            other versions of fnet or TensorFlow. The message names the difference.
        NotFinite: A value became non-finite.
        FnetError: Another worker ended. The message names it.

    Example:
        ::

            run = fnet.distributed.train(net, fnet.adam(0.001), params, x, y, plan)
    """
    import fnet.engine  # noqa: F401
    from fnet.distributed import cluster, training

    return training.train(
        cluster.start(), net, optimizer, params, (x, y, plan), TrainOptions(**options)
    )
