"""How the members of a group are trained: by which engine, how many in a run, in which shapes.

- The engine is chosen as for a single fit (`backends.choose`), by the work of all fits of the
  search, since TensorFlow's start and import are paid once. A step of a run counts once: its
  members share the calls of NumPy that a compiled step saves.
- A run has at most MAX_MEMBERS members, and no more than fit into MAX_BYTES; the groups of a
  program are cut into equal parts. Where a single member keeps all cores busy, it trains alone.
- XLA or a plain graph is chosen by the work of all runs of a program, since it is compiled once.
- Compiled runs of a program have the same number of members and the same shapes, whatever the
  folds' sizes: a program is compiled for them. The twin takes the data as they are.

None of this depends on how many jobs there are, nor changes a result but for the rounding of sums.
"""

import importlib
import math
from collections.abc import Hashable
from types import ModuleType
from typing import Any, NamedTuple

from fnet import backends
from fnet.core import batch_source
from fnet.core.optimizers import MOMENTS
from fnet.core.params import leaves
from fnet.estimators.arguments import ArgumentsMixin, EngineName
from fnet.estimators.base import Training

MAX_MEMBERS = 32
"""The most members of a run. More save nothing: the time of a step then grows with its members."""

MAX_MEMBER_FLOPS = 1e9
"""Floating-point operations of a member's step above which members train one after another: a
single product then keeps all cores busy, and members gain nothing from a shared step."""

MAX_BYTES = 1 << 30
"""The memory that a run may take for its members. As many runs as jobs are in memory at a time."""


class Group(NamedTuple):
    """Fits of one fold that train together.

    Attributes:
        fits: The positions of the fits.
        program: What the groups that share a program have in common; None for a single fit that
            cannot be a member.
        members: The number of members of the largest group with this program.
        runs: The number of groups with this program.
        trainings: The number of fits of the search.
        rows: The fewest and the most rows of a fold's training part.
    """

    fits: list[int]
    program: Hashable
    members: int
    runs: int
    trainings: int
    rows: tuple[int, int]


class Layout(NamedTuple):
    """How a group is trained.

    Attributes:
        side: The module of the engine.
        engine: Its name.
        members: The number of members of each run.
        member_bytes: The memory that each takes, roughly.
        shape: `(rows, width, held_out)` that the data are padded to; None leaves them as they are.
        options: Further arguments of `train`.
    """

    side: ModuleType
    engine: EngineName
    members: int
    member_bytes: int
    shape: tuple[int, int, int] | None = None
    options: dict[str, Any] = {}


def layout(estimator: ArgumentsMixin, training: Training, group: Group) -> Layout:
    """The Layout of a group, which is the same for all groups that share a program.

    Args:
        estimator: An estimator of the group.
        training: The Training of one of its fits.
        group: The group.
    """
    plan, size = training.plan, _member_bytes(training)
    steps = plan.epochs * plan.steps
    flops = batch_source.step_flops(training.net, plan.width)
    most = 1 if flops > MAX_MEMBER_FLOPS else max(1, MAX_BYTES // size)
    members = math.ceil(group.members / math.ceil(group.members / most))
    runs = math.ceil(group.trainings / members)  # of the whole search, if all are as these
    side, engine = backends.choose(
        estimator.engine, training.net, plan.width * members, steps * runs
    )
    if engine == "numpy":
        return Layout(side, engine, members, size)
    shape = _shape(estimator, training, group)
    # As `train` chooses, but for the steps of all runs of a program.
    xla = importlib.import_module("fnet.engine.training").xla_saves(
        steps * group.runs * math.ceil(group.members / members), members * flops, members > 1
    )
    return Layout(side, engine, members, size, shape, {"xla": xla})


def _member_bytes(training: Training) -> int:
    """The memory that a run takes for each member, roughly.

    Params, their gradient, the optimizer's moments, the best and the average params; and for each
    unit of the network its value and its gradient in a batch, or its value in the validation rows.
    """
    params: Any = leaves(training.start)
    copies = 4 + len(MOMENTS[training.optimizer.kind])
    held_out = training.options["validation"]
    rows = max(2 * training.plan.width, 0 if held_out is None else len(held_out[0]))
    entries = copies * sum(p.size for p in params) + rows * sum(training.net.sizes[1:])
    return int(entries * params[0].dtype.itemsize)


def _shape(estimator: ArgumentsMixin, training: Training, group: Group) -> tuple[int, int, int]:
    """The shape that the data of every fold fit into."""
    fewest, most = group.rows
    held_out = training.options["validation"]
    own = 0 if held_out is None else len(held_out[0])
    split = estimator.early_stopping and own + training.plan.rows in range(fewest, most + 1)
    if split:
        own = math.ceil(estimator.validation_fraction * most)
        fewest -= math.ceil(estimator.validation_fraction * fewest)
        most -= own
    batch = 200 if estimator.batch_size == "auto" else estimator.batch_size
    width = min(batch, most)
    if fewest < batch_source.MANY_STEPS * width:
        width = batch_source.padded_rows(width)
    return batch_source.padded_rows(most), width, batch_source.padded_rows(own)
