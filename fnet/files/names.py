"""What a file calls things. These names are the format's own: renaming code changes no file.

A name that a released version has written stays in these tables for ever, so that every file ever
written loads. When a class or a field is renamed in the code, its line here gets the new name of
the code. A new field, and a new kind of entry of params, is saved under the code's name until it
has a place in these tables.
"""

import dataclasses
import functools
from typing import Any, NamedTuple

from fnet.core import params
from fnet.core.conformal import ConformityScores
from fnet.core.early_stopping import EarlyStopping
from fnet.core.ensemble import Ensemble, Importances
from fnet.core.network import Codes, Embedding, Network
from fnet.core.optimizers import Optimizer, OptState
from fnet.core.params import CodeEmbedding, Layer, PeriodicEmbedding
from fnet.core.run_state import Run, TrainState
from fnet.core.scaling import Scaling
from fnet.core.schedules import Schedule
from fnet.core.tuning import Tuning
from fnet.encoding import steps
from fnet.encoding.records import ColumnEncoding, Encoding, Moments, Statistics
from fnet.files import packing
from fnet.files.schema import Content, Estimator, Pipeline

RECORDS: dict[str, tuple[type, str]] = {
    "CodeEmbedding": (CodeEmbedding, "w"),
    "Codes": (Codes, "features levels outputs"),
    "Column": (ColumnEncoding, "name kind reason statistics steps? remark?"),
    "Content": (
        Content,
        "net params classes features scaling trained run estimator encoding? pipeline? ensemble?",
    ),
    "Conformity": (ConformityScores, "scores weights"),
    "Encoding": (Encoding, "columns named?"),
    "Ensemble": (
        Ensemble,
        "conformity score cv_score cv_score_std_error cv_scores baseline_score importances "
        "history n_epochs n_repeats",
    ),
    "Estimator": (Estimator, "name arguments fitted"),
    "Importances": (Importances, "importances_mean importances_std importances names"),
    "Layer": (Layer, "w b"),
    "Moments": (Moments, "minimum maximum mean deviation quantiles"),
    "Embedding": (Embedding, "features frequencies outputs"),
    "Network": (Network, "sizes hidden output bias loss embedding? codes?"),
    "Optimizer": (Optimizer, "kind numbers=hyperparameters"),
    "Packed": (packing.Packed, "templates which integers floats letters"),
    "PeriodicEmbedding": (PeriodicEmbedding, "frequencies phases w b"),
    "Pipeline": (Pipeline, "steps encoder"),
    "Progress": (
        TrainState,
        "params state best average scale=lr_scale best_value best_epoch wait ended ended_at epoch "
        "step loss_sum weight_sum",
    ),
    "Run": (Run, "params state history progress=train_state net optimizer rows steps xla"),
    "Scaling": (Scaling, "x_mean x_scale y_mean y_scale"),
    "Schedule": (Schedule, "kind numbers=hyperparameters"),
    "State": (OptState, "step moments"),
    "Statistics": (
        Statistics,
        "rows gaps? distinct? moments? levels? counts? pooled?",
    ),
    "StepBoolean": (steps.Boolean, "gaps?"),
    "StepClip": (steps.Clip, "limit?"),
    "StepCode": (steps.Code, "levels"),
    "StepContrast": (steps.Contrast, ""),
    "StepCycle": (steps.Cycle, "part"),
    "StepDate": (steps.Date, "format? gaps?"),
    "StepDays": (steps.Days, ""),
    "StepFill": (steps.Fill, "value"),
    "StepLevels": (steps.Levels, "levels gap? pool?"),
    "StepMissing": (steps.Missing, ""),
    "StepNumber": (steps.Number, "decimal? thousands? unit? gaps?"),
    "StepOneHot": (steps.OneHot, "size"),
    "StepScale": (steps.Scale, "center factor"),
    "StepText": (steps.Text, "gaps?"),
    "StepValue": (steps.Value, ""),
    "Tuning": (
        Tuning,
        "l1 l2 dropout input_dropout seed loss_weight label_smoothing label_weights quantiles "
        "delta clipvalue global_clipnorm ema_momentum",
    ),
    "Watch": (
        EarlyStopping,
        "name=monitor patience min_delta best_delta reduce_rate=lr_factor reduce_to=min_lr_factor",
    ),
}
"""The file's name of each record, the code's class, and the fields in the order of the file.

A field is written `file=code` where the code calls it otherwise. One that ends with `?` has its
default where the file lacks it, and is left out where it has its default.
"""

RENAMED: dict[tuple[str, str], dict[str, str]] = {
    ("Estimator", "arguments"): {"hook": "callback"},
    ("Estimator", "fitted"): {"_progress": "_train_state"},
    ("Schedule", "kind"): {"piecewise": "piecewise_constant"},
}
"""The file's name and the code's for what stands in a field: a name, or the keys of a dict."""

PACKED = {("Encoding", "columns")}
"""The tuples of records that are packed in a file, see `packing.py`."""

SORTED = {("Estimator", "arguments")}
"""The dicts whose keys are in alphabetical order in a file."""

CALL = {
    "network": "network",
    "optimizer": "optimizer",
    "number of rows": "number of rows",
    "plan": "plan",
    "data": "data",
    "tuning": "tuning",
    "validation": "validation",
    "rules to stop by": "early stopping",
    "params to begin with": "initial params",
}
"""The parts of the call that a checkpoint records: the file's names, and those of messages."""


class Record(NamedTuple):
    """How a record is written.

    Attributes:
        kind: The code's class.
        fields: The code's name for each of the file's names, in the order of the file.
        defaults: The value of each field that a file may lack, by the file's name.
    """

    kind: Any
    fields: dict[str, str]
    defaults: dict[str, Any]


def records() -> dict[str, Record]:
    """Every record by the file's name: those above, and entries of params."""
    known = {kind for kind, _ in RECORDS.values()}
    entries = {kind.__name__: (kind, "") for kind in params.FIELDS if kind not in known}
    return {name: _record(kind, text) for name, (kind, text) in (entries | RECORDS).items()}


@functools.cache
def _record(kind: Any, text: str) -> Record:
    """How a record of this class is written, from its fields in the table."""
    parts = [(part.removesuffix("?").partition("="), part[-1] == "?") for part in text.split()]
    found = {theirs: ours or theirs for (theirs, _, ours), _ in parts}
    if dataclasses.is_dataclass(kind):
        defaults = {field.name: field.default for field in dataclasses.fields(kind)}
        every: Any = defaults
    else:
        every, defaults = kind._fields, kind._field_defaults
    fields = found | {name: name for name in every if name not in found.values()}
    optional = [theirs for (theirs, *_), is_optional in parts if is_optional]
    return Record(kind, fields, {name: defaults[fields[name]] for name in optional})


def to_file(name: str, record: Record, value: Any) -> dict[str, Any]:
    """The fields of a record by the file's names."""
    found = {theirs: getattr(value, ours) for theirs, ours in record.fields.items()}
    for key, default in record.defaults.items():
        if packing.is_same(found[key], default):
            del found[key]
    for key in found:
        if (name, key) in PACKED and isinstance(found[key], tuple):
            found[key] = packing.pack(found[key])
        if renamed := RENAMED.get((name, key)):
            found[key] = _rename(found[key], {ours: theirs for theirs, ours in renamed.items()})
            if (name, key) in SORTED and isinstance(found[key], dict):
                found[key] = dict(sorted(found[key].items()))
    return found


def from_file(name: str, record: Record, found: Any) -> dict[str, Any]:
    """The fields of a record by the code's names.

    Raises:
        ValueError: The record has other fields.
    """
    if not record.fields.keys() - record.defaults.keys() <= found.keys() <= record.fields.keys():
        raise ValueError(f"{name} must have the fields {', '.join(record.fields)}")
    filled = record.defaults | found
    for key in filled:
        if (name, key) in PACKED:
            filled[key] = packing.unpack(filled[key])
    return {
        ours: _rename(filled[theirs], RENAMED.get((name, theirs), {}))
        for theirs, ours in record.fields.items()
    }


def _rename(value: Any, names: dict[str, str]) -> Any:
    """A name, or the keys of a dict, as the other side calls them; anything else unchanged."""
    if isinstance(value, dict):
        return {names.get(key, key): content for key, content in value.items()}
    return names.get(value, value) if isinstance(value, str) else value
