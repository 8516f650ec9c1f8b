"""Files of fnet: saved, loaded, and kept up while a run goes on. None of it needs an engine.

A file is in the safetensors format: a length, a header in JSON, then the arrays. Beside the arrays
stands one description, again in JSON: the network, the names of classes and features, and whatever
else a `Content` has. Rooms, from the bytes upwards:

  disk.py: bytes replace a file at once, or not at all.
  container.py: arrays and one text, as bytes and back.
  plain.py: plain data, tuples and dicts of numbers, names and arrays, as a text and arrays.
  contents.py: what a file holds, and what must be true of it; storing.py: all of it together.
  models.py: what was loaded, ready to predict.
  checkpoints.py: the callback that keeps a run in a file; machine.py: what its bits depend on.

Nothing in a file is looked up as code: names stand in closed tables, and bytes that are not what
`save` writes raise FormatError.
"""

from fnet.files import schema, storage
from fnet.files.checkpointing import Checkpoint as checkpoint
from fnet.files.model import Model

__all__ = ["checkpoint", "load", "save"]


def save(path, what, *, classes=None, features=None, trained=None):
    """Save a network, a run or an estimator in one file, which `load` reads.

    Arguments:
      path: by custom it ends in `.fnet`. A file that is there is replaced at once: whatever
        happens meanwhile, either the old one is there or the new one, on the disk.
      what: `(net, params)`, a Run, an estimator, or what `load` gave.
      classes: what each output stands for, in order: numbers or names.
      features: the names of the columns of x, in order.
      trained: how it was trained, to be kept with it: any numbers, names, arrays, optimizers and
        tunings, in tuples, lists and dicts.

    The same content gives the same bytes. Raises InvalidArgument for what does not fit or cannot
    be stored; the system's own OSError where it cannot be written, the file before it intact.
    """
    named = {"classes": classes, "features": features, "trained": trained}
    storage.write(path, schema.of(what, **named))


def load(path):
    """The `Model` in a file: `predict`, `predict_proba`, `net`, `params`, `run`, `estimator()`.

    Raises FormatError for bytes that are not as `save` wrote them, and the system's own OSError
    where there is no file, or none that may be read.
    """
    return Model(storage.read(path))
