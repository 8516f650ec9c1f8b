"""What a file calls things. The names are the format's own: renaming code changes no file.

A name that a file has once held stays in these tables for ever, so that every file ever written
loads. A new kind of record takes a new line in `RECORDS`; one that is renamed in the code keeps
its name here.
"""

from typing import Any

from fnet.core import params
from fnet.core.early_stopping import EarlyStopping
from fnet.core.optimizers import Optimizer, OptState
from fnet.core.run_state import Run, TrainState
from fnet.core.scaling import Scaling
from fnet.core.schedules import Schedule
from fnet.core.tuning import Tuning
from fnet.files.schema import Content, Estimator

RECORDS = {
    "Content": Content,
    "Estimator": Estimator,
    "Optimizer": Optimizer,
    "Progress": TrainState,
    "Run": Run,
    "Scaling": Scaling,
    "Schedule": Schedule,
    "State": OptState,
    "Tuning": Tuning,
    "Watch": EarlyStopping,
}
"""The file's name of each record, beside the code's."""

FIELDS = {
    "Optimizer": {"hyperparameters": "numbers"},
    "Progress": {"lr_scale": "scale"},
    "Run": {"train_state": "progress"},
    "Schedule": {"hyperparameters": "numbers"},
    "Watch": {"monitor": "name", "lr_factor": "reduce_rate", "min_lr_factor": "reduce_to"},
}
"""Fields of a record that the code calls otherwise than the file: the code's name, the file's."""

SCHEDULES = {"piecewise_constant": "piecewise"}
"""Kinds of schedule that the code calls otherwise."""

FITTED = {"_train_state": "_progress"}
"""Fitted attributes of an estimator that the code calls otherwise."""

ARGUMENTS = {"callback": "hook"}
"""Arguments of an estimator that the code calls otherwise."""


def records():
    """Every record that a file may hold, by the file's name: those above, and entries of params."""
    return RECORDS | {kind.__name__: kind for kind in params.FIELDS}


def of(record: Any) -> str | None:
    """The file's name of a record; None for what is none."""
    return next((name for name, kind in records().items() if type(record) is kind), None)


def to_file(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record as the file calls them."""
    fields = _renamed(fields, FIELDS.get(name, {}))
    if name == "Schedule":
        fields["kind"] = SCHEDULES.get(fields["kind"], fields["kind"])
    if name == "Estimator":
        fields["arguments"] = _renamed(fields["arguments"], ARGUMENTS)
        fields["fitted"] = _renamed(fields["fitted"], FITTED)
    return fields


def from_file(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record as the code calls them."""
    fields = _renamed(fields, _reversed(FIELDS.get(name, {})))
    if name == "Schedule":
        fields["kind"] = _reversed(SCHEDULES).get(fields["kind"], fields["kind"])
    if name == "Estimator":
        fields["arguments"] = _renamed(fields["arguments"], _reversed(ARGUMENTS))
        fields["fitted"] = _renamed(fields["fitted"], _reversed(FITTED))
    return fields


def _renamed(fields: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in fields.items()}


def _reversed(names: dict[str, str]) -> dict[str, str]:
    return {theirs: ours for ours, theirs in names.items()}
