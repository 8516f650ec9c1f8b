"""Files of fnet: networks, runs and estimators, saved and loaded without an engine.

A file is in the safetensors format: a length, a JSON header, then the arrays. The header also
describes the content as JSON: the network, the names of classes and features, and the other fields
of a `Content`. The modules, from bytes upwards:

- `atomic`: files that are replaced at once or not at all.
- `regular`: regular files, opened for reading.
- `format`: arrays and one JSON value as bytes, and back.
- `packing`: many records as a few arrays.
- `names`: the names in a file, and those in the code.
- `codec`: plain data as JSON and arrays, and back.
- `values`, `run_checks`, `estimators` and `encoding_checks`: what must be true of the parts of a
  file.
- `schema`: what a file holds, and what must be true of it.
- `storage`: a `Content` in a file.
- `model`: what was loaded, ready to predict.
- `environment` and `checkpointing`: the callback that keeps a run in a file.

Nothing in a file is looked up as code: all names are in closed tables, and bytes that are not as
`save` wrote them raise FormatError. Whoever writes a file can make its digests right. So the whole
content is checked, when it is saved and when it is loaded: what passes works everywhere.
"""

import os
from collections.abc import Iterable
from typing import Any

from fnet.core.aliases import ArrayLike, Params
from fnet.core.network import Network
from fnet.core.run_state import Run
from fnet.files import schema, storage
from fnet.files.checkpointing import Checkpoint as checkpoint
from fnet.files.model import Model

__all__ = ["checkpoint", "load", "save"]


def save(
    path: str | os.PathLike[str],
    what: tuple[Network, Params] | Run | schema.Saveable,
    *,
    classes: ArrayLike | None = None,
    features: Iterable[str] | None = None,
    trained: Any = None,
) -> None:
    """Save a network, a run or an estimator to a file that `load` reads.

    The same content gives the same bytes. An existing file is replaced at once: whatever happens,
    either the old file or the new one is on the disk, complete. Of an estimator a file holds its
    arguments and what a fit sets, but no attributes of your own.

    Args:
        path: The path of the file, by convention ending in `.fnet`.
        what: `(net, params)`, a Run, a fitted MLPClassifier or MLPRegressor, a fitted Pipeline of a
            TableEncoder and one of these, or a Model from `load`.
        classes: The class of each output in order, numbers or strings `[K]`; `[2]` for a single
            output. None keeps those of `what`.
        features: The names of the D features in order. None keeps those of `what`. A pipeline has
            those of its encoder.
        trained: How it was trained, to be kept in the file: numbers, strings, arrays, optimizers
            and tunings, in tuples, lists and dicts. None keeps that of `what`.

    Raises:
        InvalidArgument: Arguments do not fit each other, or something cannot be saved.
        OSError: The file cannot be written; the old one is intact.

    Example:
        >>> import fnet, tempfile
        >>> net = fnet.Network((2, 3))
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fnet.save(f"{folder}/net.fnet", (net, params), features=["age", "height"])
        ...     fnet.load(f"{folder}/net.fnet").features
        ('age', 'height')

    References:
        The safetensors format: https://github.com/huggingface/safetensors
    """
    content = schema.content_of(what, classes=classes, features=features, trained=trained)
    storage.write(path, content)


def load(path: str | os.PathLike[str]) -> Model:
    """Load a file that `save` or `checkpoint` wrote. This never imports TensorFlow.

    Args:
        path: The path of the file.

    Returns:
        A `Model`: `predict`, `predict_proba`, `net`, `params`, `run`, `estimator()`.

    Raises:
        FormatError: The bytes are not as `save` wrote them, or it is no regular file.
        OSError: There is no such file, it cannot be read, or there is not enough memory.

    Example:
        >>> import fnet, tempfile
        >>> net = fnet.Network((2, 3))
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fnet.save(f"{folder}/net.fnet", (net, params))
        ...     fnet.load(f"{folder}/net.fnet").predict([[0.0, 0.0]]).shape
        (1,)
    """
    return Model(storage.read(path))
