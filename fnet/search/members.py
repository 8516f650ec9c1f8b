"""Trainings that differ in numbers alone as one training with a member axis, and its Run taken
apart again."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from fnet.core.batches import Plan
from fnet.core.optimizers import Optimizer
from fnet.core.params import map_params
from fnet.core.run_state import NUMBERS, Run, map_state
from fnet.core.schedules import Schedule
from fnet.core.tuning import Tuning
from fnet.estimators.base import Training

NEUTRAL = {
    "l1": 0.0,
    "l2": 0.0,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "loss_weight": 1.0,
    "label_smoothing": 0.0,
    "seed": 0,
}
"""The hyperparameters that may be absent in some members of a run, and what they are then."""

STOPPING = ("patience", "min_delta", "best_delta", "lr_factor", "min_lr_factor")
"""The options of `train` that are numbers."""

SHARED = ("loss_sum", "weight_sum", "epoch", "step")
"""The arrays of a TrainState that say how far the current epoch is."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PaddedPlan(Plan):
    """The batches of another plan, in arrays of a larger width, for data of more rows.

    Attributes:
        plan: The other plan.
    """

    plan: Plan | None = None

    def batches(
        self, start: int, stop: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.floating[Any]]]:
        """As the other plan's, filled up with rows of weight 0."""
        assert self.plan is not None
        rows, weights = dataclasses.replace(self.plan, weights=self._own_weights()).batches(
            start, stop
        )
        more = [(0, 0), (0, 0), (0, self.width - self.plan.width)]
        return np.pad(rows, more, mode="edge"), np.pad(weights, more)

    def _own_weights(self) -> Any:
        """The weights of the other plan's rows; class weights may have changed them."""
        assert self.plan is not None
        return None if self.weights is None else self.weights[: self.plan.rows]


def pad_to(training: Training, rows: int, width: int, held_out: int) -> Training:
    """The training with rows of weight 0 up to these numbers, so that folds share a program.

    Args:
        training: The training.
        rows: The number of rows.
        width: The number of rows in the largest batch.
        held_out: The number of validation rows.
    """
    plan, data = training.plan, training.data
    own = np.ones(plan.rows, np.float32) if plan.weights is None else plan.weights
    filled = PaddedPlan(
        **vars(plan) | {"rows": rows, "width": width, "weights": _fill(own, rows)}, plan=plan
    )
    validation = training.options["validation"]
    if validation is not None:
        x, y, *weights = validation
        weight = weights[0] if weights else np.ones(len(x), x.dtype)
        validation = tuple(_fill(array, held_out) for array in (x, y, weight))
    return training._replace(
        data=data._replace(x=_fill(data.x, rows), y=_fill(data.y, rows)),
        plan=filled,
        options=training.options | {"validation": validation},
    )


def _fill(array: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """An array with zeros at its end, up to this number of rows."""
    missing = rows - len(array)
    return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1)) if missing else array


def stacked(trainings: list[Training]) -> Training:
    """Trainings that share everything but numbers as one, whose numbers have a member axis."""
    first, count = trainings[0], len(trainings)
    if count == 1:
        return first
    options = first.options | {"tuning": _stack_tuning([t.options["tuning"] for t in trainings])}
    for name in STOPPING:
        values = [training.options.get(name) for training in trainings]
        if values[0] is not None:  # what may be absent is so in all of them, or in none
            options[name] = np.array(values)
    return first._replace(
        optimizer=_stack_optimizers([training.optimizer for training in trainings]),
        start=map_params(lambda *arrays: np.stack(arrays), *(t.start for t in trainings)),
        options=options,
    )


def _stack_tuning(tunings: list[Tuning]) -> Tuning:
    """A Tuning of all members."""
    found = {}
    for name, *values in zip(Tuning._fields, *tunings, strict=True):
        if any(value is not None for value in values):
            found[name] = np.stack([NEUTRAL[name] if v is None else np.asarray(v) for v in values])
    return Tuning(**found)


def _stack_optimizers(optimizers: list[Optimizer]) -> Optimizer:
    """An Optimizer of all members."""

    def stack(*values: Any) -> Any:
        first = values[0]
        if isinstance(first, Schedule):
            columns = zip(*(value.hyperparameters.values() for value in values), strict=True)
            numbers = dict(zip(first.hyperparameters, map(np.stack, columns), strict=True))
            return first._replace(hyperparameters=numbers)
        return first if callable(first) else np.stack(values)

    columns = zip(*(optimizer.hyperparameters.values() for optimizer in optimizers), strict=True)
    names = optimizers[0].hyperparameters
    return optimizers[0]._replace(
        hyperparameters={name: stack(*each) for name, each in zip(names, columns, strict=True)}
    )


def member(run: Run, index: int, rows: int) -> Run:
    """The Run of one member, as if it had trained alone on this number of rows."""
    state = run.train_state

    def own(array: Any) -> Any:
        return np.asarray(array)[index]

    numbers = {name: own(getattr(state, name)) for name in NUMBERS if name not in SHARED}
    losses = run.history["loss"][:, index]
    epochs = len(losses) - int(np.isnan(losses).sum())
    state = map_state(lambda tree: map_params(own, tree), state)._replace(
        **numbers,
        epoch=np.int64(epochs),
        step=np.int64(0),
        loss_sum=np.zeros(()),
        weight_sum=np.float64(0),
    )
    state = state._replace(state=state.state._replace(step=own(state.state.step)))
    history = {n: v[:epochs, index] for n, v in run.history.items() if n != "ended"}
    return run._replace(
        params=map_params(own, run.params),
        state=state.state,
        history=history | {"ended": str(run.history["ended"][index])},
        train_state=state,
        rows=rows,
    )
