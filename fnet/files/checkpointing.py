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

STACKLEVEL = 7
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
    fnet. Neither changes the file. If there is no file, `train` writes one before its first step,
    so that of two calls that differ the second is refused.

    Args:
        path: The path of the file.
        every: The seconds between two saves, at least 0; 0 saves at every call of the callback.
        exact: Whether to refuse a file that was written with other versions, threads, environment
            variables or on another processor, which can change the last bits of the result. If
            False, a warning names them.
        on_write_error: What happens if the file cannot be written, as on a full disk: "error" ends
            the training with the error; "warn" goes on with a warning, and tries again at the next
            save. The last file that was written stays in any case.

    Raises:
        InvalidArgument: `every` is below 0, `exact` is no boolean, or `on_write_error` is neither
            "error" nor "warn".

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
    on_write_error: Literal["error", "warn"]

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: float = 30.0,
        exact: bool = False,
        on_write_error: Literal["error", "warn"] = "error",
    ) -> None:
        self.path, self.every = path, checks.one_number("every", every)
        self.exact = checks.boolean("exact", exact)
        self.on_write_error = checks.one_of("on_write_error", on_write_error, ("error", "warn"))
        self._call: _Call | None = None
        self._saved = time.monotonic()
        self._written: tuple[int, ...] | None = None  # the file as this call has left it
        self._warned = False

    def __call__(self, run: Run) -> None:
        """Save the run so far if it is time to, or if it has ended.

        Args:
            run: The Run, as `train` gives it to a callback.

        Raises:
            InvalidArgument: The file has become the checkpoint of another call.
            OSError: The file cannot be written; the old one is intact.
        """
        now = run.train_state
        done = self._call is not None and int(now.epoch) >= self._call.epochs
        done = done or bool(np.all(np.asarray(now.ended) != RUNNING))
        done = done or bool(np.any(run.history["ended"] == "interrupted"))
        if done or time.monotonic() - self._saved >= self.every:
            self._save(run)

    def _begin(self, run: Run, setup: RunSetup) -> Run:
        """The Run to begin with: the one in the file, or `run`. `train` calls this first."""
        call = self._call = describe_call(run, setup)
        self._saved, self._warned = time.monotonic(), False
        found = self._read(call)
        if found is None:
            ended = np.full(np.shape(run.train_state.ended), "running")
            history = run.history | {"ended": ended if ended.ndim else "running"}
            content = schema.content_of(run._replace(history=history), trained=call.trained)
            try:
                self._write(content, new=True)
            except FileExistsError:  # another process was faster
                found = self._read(call)
            except OSError as error:
                self._go_on(error, STACKLEVEL - 1)
        return run if found is None else found

    def _save(self, run: Run) -> None:
        """Replace the file, unless it has become the checkpoint of another call."""
        self._saved = time.monotonic()
        content = schema.content_of(run, trained=self._call and self._call.trained)
        try:
            if self._call is not None and self._written != _identity(self.path):
                self._read(self._call)
            self._write(content)
        except OSError as error:
            self._go_on(error, STACKLEVEL + 2)

    def _write(self, content: schema.Content, new: bool = False) -> None:
        storage.write(self.path, content, new=new)
        self._written = _identity(self.path)

    def _read(self, call: _Call) -> Run | None:
        """The Run in the file, which must be of this call; None if there is no file."""
        self._written = _identity(self.path)
        try:
            found = storage.read(self.path)
        except FileNotFoundError:
            return None
        return self._check_same_call(found, call)

    def _go_on(self, error: OSError, stacklevel: int) -> None:
        """Raise an error of writing, or warn of it once."""
        if self.on_write_error == "error":
            raise error
        if not self._warned:
            warnings.warn(
                f"the checkpoint cannot be written, and the training goes on without it: {error}",
                stacklevel=stacklevel,
            )
        self._warned = True

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


def describe_call(run: Run, setup: RunSetup) -> _Call:
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
        "data": (*data, *source.files),
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


def _identity(path: str | os.PathLike[str]) -> tuple[int, ...] | None:
    """What tells a file from one that has replaced it; None if there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _digest(value: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(storage.canonical_json(value).encode()).hexdigest()
