"""What the commands share: arguments, input tables, output files, and how results are printed."""

import contextlib
import hashlib
import json
import math
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.files.model import Model
    from fnet.tables import Notation, Table

model_argument = click.argument("model")
data_argument = click.argument("data")
delimiter_option = click.option(
    "--delimiter",
    metavar="CHARACTER",
    help="Delimiter of a CSV, or tab.  [default: comma, or tab for .tsv, or by the header]",
)
decimal_option = click.option(
    "--decimal",
    type=click.Choice([".", ","]),
    help="Decimal character of numbers in text.  [default: the one that fits all of a column]",
)
missing_option = click.option(
    "--missing",
    multiple=True,
    metavar="TOKEN",
    help="A target that means no value, '' for empty cells alone.  [repeatable; default: NA, N/A, "
    "<NA>, nan, null; among numbers also None, ? and -]",
)
drop_missing_option = click.option(
    "--drop-missing", is_flag=True, help="Leave out rows without a target."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
engine_option = click.option(
    "--engine",
    type=click.Choice(["auto", "numpy", "tensorflow"]),
    default="auto",
    help="The backend for training.  [default: auto, by the amount of work]",
)

DELIMITERS = {
    "\\t": "\t",
    "tab": "\t",
    "comma": ",",
    "semicolon": ";",
    "space": " ",
    "pipe": "|",
}
"""Names of delimiters that a shell makes hard to type."""

METRIC_LABELS = {"r2": "R²", "roc_auc": "ROC AUC"}
"""How people read the names of metrics that are more than words with underscores."""


def usage_error(message: str) -> click.UsageError:
    """The error for options that do not go together."""
    return click.UsageError(message, click.get_current_context())


class Command(click.Command):
    """A command that refuses an option given twice, unless it is repeatable."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after the command."""
        given = self.make_parser(ctx).parse_args(args=list(args))[2]
        for option in given:
            once = isinstance(option, click.Option) and not option.multiple and not option.count
            if once and given.count(option) > 1:
                raise click.UsageError(
                    f"{'/'.join((*option.opts, *option.secondary_opts))} is given twice, but takes "
                    "one value.",
                    ctx,
                )
        return super().parse_args(ctx, args)


# Input.


@contextlib.contextmanager
def open_table(path: str, delimiter: str | None) -> Iterator["Table"]:
    """The open Table of a DATA argument; `-` is standard input."""
    from fnet import tables

    delimiter = DELIMITERS.get(delimiter or "", delimiter)
    if delimiter is not None and len(delimiter.encode()) != 1:
        raise usage_error(
            f"--delimiter must be a single ASCII character, or tab; got {delimiter!r}."
        )
    if not _is_stream(path):
        with tables.open_table(path, delimiter) as table:
            yield table
        return
    with tempfile.TemporaryDirectory() as folder:  # a table is read from its start twice
        copy = os.path.join(folder, "table")
        with open(copy, "wb") as file:
            if path == "-":
                shutil.copyfileobj(sys.stdin.buffer, file)
            else:
                with open(path, "rb") as pipe:
                    shutil.copyfileobj(pipe, file)
        name = "standard input" if path == "-" else path
        with tables.open_table(copy, delimiter, name) as table:
            yield table


def _is_stream(path: str) -> bool:
    """Whether a path can be read only once: standard input, or a pipe."""
    return path == "-" or (os.path.exists(path) and not os.path.isfile(path) | os.path.isdir(path))


def load_model(path: str) -> "Model":
    """The model in a file; a checkpoint of `fnet train` is refused."""
    import fnet

    model: Model = fnet.load(path)
    if {"call", "machine"} <= set(training_record(model)):
        raise InvalidArgument(
            f"{path} is a training checkpoint, which has no feature names and no classes: use the "
            "model that the training wrote"
        )
    return model


def training_record(model: "Model") -> dict[str, Any]:
    """What `fnet train` saved about the training; empty for other models."""
    return dict(model.trained) if isinstance(model.trained, dict) else {}


def trained_notations(model: "Model") -> "dict[str, Notation]":
    """How the numbers of columns were written in the training data, where it was not plain."""
    from fnet.tables import Notation

    found = training_record(model).get("notations")
    return {name: Notation(**fields) for name, fields in (found or {}).items()}


def sha256(path: str) -> str | None:
    """The SHA-256 of a file, by which a table is recognized; None for a stream."""
    if _is_stream(path):
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def feature_names(
    table: "Table", model: "Model", path: str, target: str | None = None
) -> Sequence[str]:
    """The names of the table's columns that the model at this path takes, in its order.

    A model without feature names takes all columns but the target.
    """
    from fnet import tables

    others = tuple(
        name for name in table.columns if name != target and name not in table.index_columns
    )
    names: Sequence[str] = others
    if model.features:
        names = tables.match_names(table, model.features)
    inputs = model.net.sizes[0]
    if len(names) != inputs:
        raise InvalidArgument(
            f"{table.name} has {len(others)} feature columns, but {path}, which has no feature "
            f"names, takes {inputs}: keep only the columns it was trained on, in that order"
        )
    tables.require_columns(table, names)
    return names


# Output.


def check_output_path(path: str, *inputs: str) -> None:
    """Refuse a path that cannot be written, or that is an input, before any work is done."""
    out = Path(path)
    if out.is_dir() or out.name in ("", ".."):
        raise IsADirectoryError(None, "is a folder; name a file in it", str(out))
    if not out.parent.is_dir():
        raise OSError(None, "its folder does not exist; create it first", str(out))
    if not os.access(out.parent, os.W_OK):
        raise PermissionError(None, "its folder is not writable", str(out))
    for given in inputs:
        if out.exists() and os.path.exists(given) and out.samefile(given):
            raise InvalidArgument(f"{out} is an input of this command; name another output file")


def write_text(text: str, path: str) -> None:
    """Write a text file completely, or not at all."""
    from fnet.files import atomic

    atomic.write(path, text.encode())


def print_note(message: object) -> None:
    """Print a note to standard error."""
    click.echo(f"Note: {' '.join(str(message).split())}", err=True)


def print_result(text: str, result: dict[str, Any], as_json: bool) -> None:
    """Print a result to standard output, as text or as JSON."""
    click.echo(json.dumps(to_json(result), indent=2, ensure_ascii=False) if as_json else text)


def to_json(value: Any) -> Any:
    """A value as JSON has it: named tuples become dicts, NaN and infinities null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if hasattr(value, "_asdict"):
        value = {name: field for name, field in value._asdict().items() if field is not None}
    if isinstance(value, dict):
        return {str(name): to_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def raise_if_interrupted(ended: str, done: int, epochs: int, checkpoint: str | None = None) -> None:
    """Raise KeyboardInterrupt if a training was interrupted after `done` of its epochs."""
    if ended != "interrupted":
        return
    rest = "nothing was written"
    if checkpoint is not None:
        rest = f"the checkpoint is {checkpoint}; run the same command to resume"
    raise KeyboardInterrupt(f"interrupted after {done} of {count(epochs, 'epoch')}; {rest}")


def command_line() -> str:
    """The command that was given, ready to paste into a shell."""
    return shlex.join(["fnet", *click.get_current_context().obj])


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 row`, `2 rows`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "es" if noun.endswith("s") else "s")


def format_number(value: float) -> str:
    """A number with four decimals, or one if it is large."""
    if math.isnan(value):
        return "–"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"


def metric_label(name: str) -> str:
    """The name of a metric as people read it: `mean_absolute_error` as "mean absolute error"."""
    return METRIC_LABELS.get(name, name.replace("_", " "))
