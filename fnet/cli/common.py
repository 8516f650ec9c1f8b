"""What the commands share: arguments, input tables, output files, and how results are printed."""

import contextlib
import json
import math
import os
import re
import shlex
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from fnet.core.errors import InvalidArgument
from fnet.core.printable import json_escaped, printable

if TYPE_CHECKING:
    from fnet.files.model import Model


def table_path(value: str) -> str:
    """The path of a table to read; `-` is standard input."""
    if not value or "\0" in value:
        raise click.BadParameter("a path must have a letter, and no NUL.")
    return value


def file_path(value: str) -> str:
    """The path of any other file."""
    if value == "-":
        raise click.BadParameter(
            "'-' is standard input, as DATA alone: use ./- for a file of that name."
        )
    return table_path(value)


model_argument = click.argument("model", type=file_path)
data_argument = click.argument("data", type=table_path)
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

STANDARD_OUTPUT = "standard output"
"""Its name in messages."""

METRIC_LABELS = {
    "r2": "R²",
    "roc_auc": "ROC AUC",
    "interval_coverage": "coverage of 90% intervals",
}
"""How people read the names of metrics that are more than words with underscores."""


def usage_error(message: str) -> click.UsageError:
    """The error for options that do not go together."""
    return click.UsageError(message, click.get_current_context())


def options_as(
    name: str, kind: Any, options: Sequence[Callable[[Any], Any]]
) -> Callable[[Any], Any]:
    """A decorator of a command that gives it options as one NamedTuple.

    Args:
        name: The argument of the command.
        kind: The NamedTuple; the options have the names of its first fields.
        options: The options.

    Returns:
        The decorator.
    """

    def decorate(command: Any) -> Any:
        def run(**arguments: Any) -> Any:
            fields = {key: arguments.pop(key) for key in kind._fields if key in arguments}
            return command(**{name: kind(**fields)}, **arguments)

        run.__doc__ = command.__doc__
        vars(run)["__click_params__"] = getattr(command, "__click_params__", [])
        return all_of(*options)(run)

    return decorate


def all_of(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decorator of a command that gives it several options, in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


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


# Output.


def check_output_path(path: str, *inputs: str) -> None:
    """Refuse a path that cannot be written, or that is an input, before any work is done."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        found = None
    if found is not None:
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(None, "is a folder; name a file in it", path)
        if stat.S_ISSOCK(found.st_mode) or stat.S_ISBLK(found.st_mode):
            raise OSError(None, "is a socket or a disk; name a file", path)
        if any(os.path.exists(p) and os.path.samestat(found, os.stat(p)) for p in inputs):
            raise InvalidArgument(f"{path} is an input of this command; name another output file")
        if not stat.S_ISREG(found.st_mode):  # a pipe or a terminal is written as it is
            return
    folder = os.path.dirname(os.path.realpath(path))  # of the target of a link
    if not os.path.isdir(folder):
        raise OSError(None, "its folder does not exist; create it first", path)
    if not os.access(folder, os.W_OK):
        raise PermissionError(None, "its folder is not writable", path)


def write_text(text: str, path: str) -> None:
    """Write a text file completely, or not at all."""
    from fnet.files import atomic

    atomic.write(path, text.encode())


def print_line(line: str, err: bool = False) -> None:
    """Print one line to standard output or standard error. Every text of a command goes through it.

    A line break that the layout of a message has, before blanks, becomes a blank. What else could
    control a terminal is escaped, line breaks in names too (see `printable`).
    """
    with naming("standard error" if err else STANDARD_OUTPUT):
        click.echo(printable(re.sub(r" *\n[ \n\t]+", " ", line)), err=err)


@contextlib.contextmanager
def naming(stream: str) -> Iterator[None]:
    """Within it, errors of the system, as of a full disk, have the name of a stream."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(None, error.strerror, stream) from error


def print_note(message: object) -> None:
    """Print a note to standard error."""
    print_line(f"Note: {message}", err=True)


def print_result(lines: Iterable[str], result: dict[str, Any], as_json: bool) -> None:
    """Print a result to standard output, as lines of text or as JSON."""
    if as_json:
        with naming(STANDARD_OUTPUT):
            click.echo(json_text(to_json(result), indent=2))
        return
    for line in lines:
        print_line(line)


def json_text(value: Any, indent: int | None = None) -> str:
    """Plain data as JSON, with escapes for all that could control a terminal."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return printable(text, keep="\n", escape=json_escaped)


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
