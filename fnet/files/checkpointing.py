"""The callback that keeps a run in a file, so that the same call resumes from there."""

import contextlib
import hashlib
import os
import time
import warnings
from typing import Any, Literal, NamedTuple

import numpy as np

from fnet.core import checks
from fnet.core.early_stopping import RUNNING
from fnet.core.errors import InvalidArgument
from fnet.core.optimizers import Optimizer
from fnet.core.run_state import Run, RunSetup
from fnet.files import environment, names, schema, storage

STACKLEVEL = 6
"""How far up the stack a warning belongs: to the caller of `train`."""


class _Call(NamedTuple):
    """The call of `train` that a checkpoint belongs to."""

    trained: dict[str, Any]  # what the file records of it
    epochs: int


class Checkpoint:
    """A callback of `train` that saves the run to a file, and resumes from that file.

    `train(..., callback=fnet.checkpoint("run.fnet"))` saves the whole run every `every` seconds,
    and when it ends. The same call with the same file resumes the run, and its result is the same
    bit for bit as without the interruption. A plan with more epochs resumes as well. `fnet.load`
    reads the file.

    Before its first step, `train` compares the call with the one that wrote the file: the network,
    optimizer, tuning, plan, data, validation data, early stopping and initial params must be the
    same. A function, as a loss or a learning rate of your own, is assumed to be unchanged. Where
    the call differs `train` raises InvalidArgument, and FormatError where the file is not one of
    fnet. Neither changes the file.

    Args:
        path: The path of the file.
        every: The seconds between two saves, at least 0; 0 saves at every call of the callback.
        exact: Whether to refuse a file that was written with other versions, threads, environment
            variables or on another processor, which can change the last bits of the result. If
            False, a warning names them.

    Raises:
        InvalidArgument: `every` is below 0, or `exact` is no boolean.

    Example:
        >>> import fnet, tempfile
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> x, y, plan = [[0.0], [1.0]], [1.0, 3.0], fnet.full_batch_plan(2, epochs=5)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keep = fnet.checkpoint(f"{folder}/run.fnet")
        ...     run = fnet.reference.train(net, fnet.sgd(0.1), params, x, y, plan, callback=keep)
        ...     int(fnet.load(f"{folder}/run.fnet").run.train_state.epoch)
        5
    """

    path: str | os.PathLike[str]
    every: float
    exact: bool

    def __init__(
        self, path: str | os.PathLike[str], every: float = 30.0, exact: bool = False
    ) -> None:
        self.path, self.every = path, checks.one_number("every", every)
        self.exact = checks.boolean("exact", exact)
        self._call: _Call | None = None
        self._saved = time.monotonic()

    def __call__(self, run: Run) -> None:
        """Save the run so far if it is time to, or if it has ended.

        Args:
            run: The Run, as `train` gives it to a callback.

        Raises:
            OSError: The file cannot be written; the old one is intact.
        """
        now = run.train_state
        done = self._call is not None and int(now.epoch) >= self._call.epochs
        done = done or bool(np.all(np.asarray(now.ended) != RUNNING))
        done = done or bool(np.any(run.history["ended"] == "interrupted"))
        if done or time.monotonic() - self._saved >= self.every:
            trained = None if self._call is None else self._call.trained
            storage.write(self.path, schema.content_of(run, trained=trained))
            self._saved = time.monotonic()

    def _begin(self, run: Run, setup: RunSetup) -> Run:
        """The Run to begin with: the one in the file, or `run`. `train` calls this first."""
        self._call, self._saved = _call(run, setup), time.monotonic()
        try:
            found = storage.read(self.path)
        except FileNotFoundError:
            return run
        return self._check_same_call(found, self._call)

    def _check_same_call(self, found: schema.Content, call: _Call) -> Run:
        """The Run in a file; refused where another call has written it."""
        trained = found.trained if isinstance(found.trained, dict) else {}
        parts, machine = trained.get("call"), trained.get("machine")
        if found.run is None or not isinstance(parts, dict) or not isinstance(machine, dict):
            raise InvalidArgument(f"{self.path} holds no checkpoint; give another path")
        for key, digest in call.trained["call"].items():
            if parts.get(key) != digest:
                raise InvalidArgument(
                    f"{self.path} is the checkpoint of a call that differs in its "
                    f"{names.CALL[key]}; repeat that call, or give another path"
                )
        if int(found.run.train_state.epoch) > call.epochs:
            raise InvalidArgument(
                f"{self.path} is the checkpoint of a call that differs in its plan: it has done "
                f"{found.run.train_state.epoch} epochs, and this plan has {call.epochs}; give a "
                "plan with as many epochs, or another path"
            )
        if changed := environment.differences(machine, call.trained["machine"]):
            message = (
                f"{self.path} was written in another environment, so that the last bits may "
                f"differ: {'; '.join(changed)}"
            )
            if self.exact:
                raise InvalidArgument(message)
            warnings.warn(message, stacklevel=STACKLEVEL)
        return found.run


def _call(run: Run, setup: RunSetup) -> _Call:
    """What identifies a call of `train`, given the Run that it starts from."""
    source = setup.source
    with contextlib.closing(source.batches_from(0)) as blocks:
        data, rows, weights = next(blocks, ((), (), ()))
    if source.rows is not None:
        data = tuple(column[: source.rows] for column in data)  # without an engine's padding
    first = slice(source.steps)  # the batches of the first epoch identify the plan
    batches = np.asarray(rows[first]), np.asarray(weights[first])
    hp = {
        name: "a function" if callable(value) else value
        for name, value in setup.optimizer.hyperparameters.items()
    }
    optimizer = Optimizer(setup.optimizer.kind, hp)
    call = {
        "network": run.net,
        "optimizer": optimizer,
        "number of rows": source.rows,
        "plan": (source.steps, source.width, *batches),
        "data": data,
        "tuning": setup.tuning,
        "validation": setup.validation,
        "rules to stop by": setup.stopping,
        "params to begin with": run.train_state,
    }
    is_numpy = all(isinstance(column, np.ndarray) for column in data)
    engine: Literal["numpy", "tensorflow"] = "numpy" if is_numpy else "tensorflow"
    trained = {
        "optimizer": optimizer,
        "tuning": setup.tuning,
        "call": {name: _digest(part) for name, part in call.items()},
        "machine": environment.record(engine),
    }
    return _Call(trained, source.epochs)


def _digest(value: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(storage.canonical_json(value).encode()).hexdigest()
