"""The callback that keeps a run in a file, so that the same call goes on from there."""

import contextlib
import hashlib
import time
import warnings

import numpy as np

from fnet.core import checks
from fnet.core.early_stopping import RUNNING
from fnet.core.errors import InvalidArgument
from fnet.core.optimizers import Optimizer
from fnet.files import environment, schema, storage


class Checkpoint:
    """A callback of `train` that keeps the run in one file: `callback=fnet.checkpoint("run.fnet")`.

    The whole run is saved every so many seconds, between pieces, and when it ends. A call of
    `train` that finds the file goes on from it, and comes out to the bit as if it had never
    stopped. A plan with more epochs goes on as well. The file is one that `load` reads.

    Arguments:
      path: of the file.
      every: the seconds from one save to the next; 0 saves after each piece.
      exact: refuse a file that was written under other versions, threads, switches or on another
        processor, any of which may change the last bits. Otherwise a warning says so.

    `train` raises InvalidArgument, before its first step, where the file is of another call: of
    another network, optimizer, tuning, plan, other data, other rules to stop by or other params to
    begin with. FormatError where it is no file of fnet. Either way nothing is overwritten. (A
    function of your own, as a loss or a learning rate, is taken to be what it was.)
    """

    def __init__(self, path, every=30.0, exact=False):
        self.path, self.every = path, checks.one_number("every", every)
        self.exact = checks.boolean("exact", exact)
        self._trained, self._epochs, self._saved = None, None, time.monotonic()

    def _begin(self, run, setup):
        """The Run to begin with: the one in the file, or `run`. `train` asks before its first step.

        `setup` is the RunSetup.
        """
        source, optimizer = setup.source, setup.optimizer
        with contextlib.closing(source.parts(0)) as parts:
            data, rows, weights = next(parts, ((), (), ()))
        first = slice(source.steps)
        batches = np.asarray(rows[first]), np.asarray(weights[first])
        hp = {
            name: "a function" if callable(value) else value
            for name, value in optimizer.hyperparameters.items()
        }
        call = {
            "network": run.net,
            "optimizer": Optimizer(optimizer.kind, hp),
            "number of rows": source.rows,
            "plan": (source.steps, source.width, *batches),
            "data": data,
            "tuning": setup.tuning,
            "validation": setup.validation,
            "rules to stop by": setup.stopping,
            "params to begin with": run.train_state,
        }
        engine = "numpy" if all(isinstance(column, np.ndarray) for column in data) else "tensorflow"
        self._epochs, self._saved = source.epochs, time.monotonic()
        self._trained = {
            "optimizer": call["optimizer"],
            "tuning": call["tuning"],
            "call": {name: _digest(part) for name, part in call.items()},
            "machine": environment.record(engine),
        }
        try:
            found = storage.read(self.path)
        except FileNotFoundError:
            return run
        self._same(found)
        return found.run

    def _same(self, found):
        """Refuse the Content of a file that another call has written."""
        trained, ours = found.trained, self._trained
        parts = (trained.get("call"), trained.get("machine")) if isinstance(trained, dict) else ()
        if found.run is None or not parts or not all(isinstance(part, dict) for part in parts):
            raise InvalidArgument(f"{self.path} holds no checkpoint; give another path")
        for name, digest in ours["call"].items():
            if trained["call"].get(name) != digest:
                raise InvalidArgument(
                    f"{self.path} is the checkpoint of a call that differs in its {name}; give "
                    "that call again, or another path"
                )
        if int(found.run.train_state.epoch) > self._epochs:
            raise InvalidArgument(
                f"{self.path} is the checkpoint of a call that differs in its plan: it has done "
                f"{found.run.train_state.epoch} epochs, more than the {self._epochs} of this one"
            )
        if found := environment.differences(trained["machine"], ours["machine"]):
            message = f"{self.path} was written where {'; '.join(found)}: last bits may differ"
            if self.exact:
                raise InvalidArgument(message)
            warnings.warn(message, stacklevel=5)

    def __call__(self, run):
        """Save the run so far, where it is time to."""
        now = run.train_state
        done = self._epochs is not None and int(now.epoch) >= self._epochs
        done = done or np.all(np.asarray(now.ended) != RUNNING)
        done = done or np.any(run.history["ended"] == "interrupted")
        if done or time.monotonic() - self._saved >= self.every:
            storage.write(self.path, schema.of(run, trained=self._trained))
            self._saved = time.monotonic()


def _digest(value):
    """The digest of plain data."""
    return hashlib.sha256(storage.text(value).encode()).hexdigest()
