"""How the members of a group are trained: by which engine, how many in a run, in which shapes.

TensorFlow or the twin: as for a single fit (`backends.choose`), by the work of all fits of the
search, since its start and the import are paid once.
"""

import math
from types import ModuleType
from typing import Any, NamedTuple

from fnet import backends
from fnet.core import batch_source
from fnet.core.optimizers import MOMENTS
from fnet.core.params import leaves
from fnet.estimators.arguments import ArgumentsMixin, EngineName
from fnet.estimators.base import Training
from fnet.search.grouping import Group

MAX_MEMBER_FLOPS = 1e9
"""Floating-point operations of a member's step above which members train one after another: a
single product then keeps all cores busy, and members gain nothing from a shared step."""

MAX_BYTES = 1 << 30
"""The memory that a run may take for its members."""


class Layout(NamedTuple):
    """How a group is trained.

    Attributes:
        side: The module of the engine.
        engine: Its name.
        members: The number of members of each run.
        shape: `(rows, width, held_out)` that the data are padded to; None leaves them as they are.
        xla: Whether XLA compiles the program; None for the twin.
    """

    side: ModuleType
    engine: EngineName
    members: int
    shape: tuple[int, int, int] | None
    xla: bool | None


def layout(estimator: ArgumentsMixin, training: Training, group: Group) -> Layout:
    """The Layout of a group, which is the same for all groups that share a program.

    Args:
        estimator: An estimator of the group.
        training: The Training of one of its fits.
        group: The group.
    """
    plan = training.plan
    steps = plan.epochs * plan.steps * group.trainings
    side, engine = backends.choose(estimator.engine, training.net, plan.width, steps)
    most = max(1, MAX_BYTES // member_bytes(training))
    if batch_source.step_flops(training.net, plan.width) > MAX_MEMBER_FLOPS:
        most = 1
    members = math.ceil(group.members / math.ceil(group.members / most))
    if engine == "numpy":
        return Layout(side, engine, members, None, None)
    return Layout(side, engine, members, _shape(estimator, training, group), None)


def member_bytes(training: Training) -> int:
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
