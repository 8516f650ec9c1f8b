"""What the commands share: arguments, the table to read, the file to write, what is said."""

import contextlib
import hashlib
import json
import math
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import click

from fnet.core.errors import InvalidArgument

model_argument = click.argument("model")
data_argument = click.argument("data")
delimiter_option = click.option(
    "--delimiter", metavar="CHARACTER", help="Between the cells of a CSV.  [default: , or tab]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Say it as JSON, for programs.")
engine_option = click.option(
    "--engine",
    type=click.Choice(["auto", "numpy", "tensorflow"]),
    default="auto",
    help="What does the work.  [default: by the amount of it]",
)


def usage(message):
    """The error of a command whose options do not go together."""
    return click.UsageError(message, click.get_current_context())


@contextlib.contextmanager
def table(path, delimiter):
    """The open Table of a DATA argument; `-` is standard input."""
    from fnet import tables

    if delimiter is not None and len(delimiter.encode()) != 1:
        raise usage(f"--delimiter must be a single ASCII character; got {delimiter!r}.")
    if not _passes(path):
        with tables.opened(path, delimiter) as found:
            yield found
        return
    with tempfile.TemporaryDirectory() as folder:  # a table is read from its start, twice
        kept = os.path.join(folder, "table")
        with open(kept, "wb") as file:
            if path == "-":
                shutil.copyfileobj(sys.stdin.buffer, file)
            else:
                with open(path, "rb") as pipe:
                    shutil.copyfileobj(pipe, file)
        with tables.opened(kept, delimiter, "standard input" if path == "-" else path) as found:
            yield found


def _passes(path):
    """Whether what is read from there passes by once: standard input, or a pipe."""
    return path == "-" or (os.path.exists(path) and not os.path.isfile(path) | os.path.isdir(path))


def loaded(path):
    """What `fnet train` has written to this file, and what a training keeps meanwhile is not."""
    import fnet

    model = fnet.load(path)
    if isinstance(model.trained, dict) and {"call", "machine"} <= set(model.trained):
        raise InvalidArgument(
            f"{path} is the checkpoint of a training, which knows no features and no classes: give "
            "the model that the training has written"
        )
    return model


def digest(path):
    """What tells the bytes of a table from those of any other; None of what passes by."""
    if _passes(path):
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def features(table, model, path, target=None):
    """The names of the table's columns that the model at this path takes, in its order.

    A model that keeps no names takes all of them but the target.
    """
    from fnet import tables

    others = tuple(name for name in table.columns if name != target)
    names, inputs = model.features or others, model.net.sizes[0]
    if len(names) != inputs:
        raise InvalidArgument(
            f"{table.name} has {len(others)} columns, and {path}, which keeps no names of "
            f"features, takes {inputs}: give these columns alone, in the order of training"
        )
    tables.present(table, names)
    return names


def unless_interrupted(ended, done, epochs, checkpoint=None):
    """Raise KeyboardInterrupt where a training of so many epochs was."""
    if ended != "interrupted":
        return
    kept = "nothing was written"
    if checkpoint is not None:
        kept = f"{checkpoint} keeps them, and the same command goes on from there"
    raise KeyboardInterrupt(f"interrupted after {done} of {counted(epochs, 'epoch')}; {kept}")


def writable(path, *inputs):
    """Refuse a path to write to before any work is done: its folder must be there."""
    path = Path(path)
    if path.is_dir() or path.name in ("", ".."):
        raise IsADirectoryError(None, "is a folder; name a file in it", str(path))
    if not path.parent.is_dir():
        raise OSError(None, "its folder is not there; make it first", str(path))
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(None, "its folder may not be written to", str(path))
    for given in inputs:
        if path.exists() and os.path.exists(given) and path.samefile(given):
            raise InvalidArgument(f"{path} is what is read; name another file to write")


def written(text, path):
    """A text file at this path, at once or not at all."""
    from fnet.files import atomic

    atomic.write(path, text.encode())


def note(message):
    """A line beside the answer, on standard error."""
    click.echo(f"Note: {' '.join(str(message).split())}", err=True)


def say(text, facts, as_json):
    """One of two forms of an answer, on standard output."""
    click.echo(json.dumps(plain(facts), indent=2, ensure_ascii=False) if as_json else text)


def plain(value):
    """Plain data as JSON has it: named tuples become dicts, NaN and infinities null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if hasattr(value, "_asdict"):
        value = {name: part for name, part in value._asdict().items() if part is not None}
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


def command_line():
    """The command that was given, ready to paste."""
    return shlex.join(["fnet", *click.get_current_context().obj])


def counted(number, noun):
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "es" if noun.endswith("s") else "s")


def number(value):
    """A figure with four digits after the point, or one where it is large."""
    if math.isnan(value):
        return "–"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"
