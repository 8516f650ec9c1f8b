"""The command line: `fnet`, or `python -m fnet`. One file for each command.

A command imports what it needs when it runs, so that help starts at once and nothing that needs no
TensorFlow waits for it. Errors become one line on standard error and an exit code here.
"""

import contextlib
import importlib
import io
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import click

import fnet
from fnet import backends
from fnet.cli import common
from fnet.core import packages
from fnet.core.errors import FnetError

COMMANDS = {
    **{name: name for name in ("train", "predict", "evaluate")},
    "cv": "cross_validation",
    "search": "search",
    "inspect": "inspection",
    **{name: name for name in ("describe", "export", "digits", "sample")},
}
"""The names of the commands, each with its module."""

USAGE_ERROR, INVALID, SYSTEM_ERROR, INTERRUPTED, CLOSED_PIPE = 2, 3, 4, 130, 141
"""Exit codes other than 0. The last two are a shell's codes for SIGINT and SIGPIPE."""


class Commands(click.Group):
    """A group whose commands are imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        """The command of this name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"fnet.cli.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fnet.__version__, "--version", message="fnet %(version)s")
def commands() -> None:
    """Train, use and evaluate small fully connected networks on tables.

    \b
    Examples, in this order:
      $ fnet digits
      $ fnet sample iris --out iris.csv
      $ fnet inspect iris.csv --target species
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet cv iris.csv --target species
      $ fnet evaluate iris.fnet iris.csv --report iris.html
      $ fnet predict iris.fnet iris.csv --out predictions.csv

    \b
    Exit codes:
        0  success
        2  usage error
        3  invalid data, model or value
        4  a file could not be read or written, or out of memory
      130  interrupted by Ctrl-C
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and print its errors.

    Args:
        arguments: The words after `fnet`. None is those of the process.

    Returns:
        The exit code: 0, 2 for a usage error, 3 for invalid data, models or values, 4 for an error
        of the operating system, 130 after Ctrl-C, 141 if the reader of the output closed it.

    Example:
        >>> from fnet.cli import main
        >>> main(["sample", "--help"])  # doctest: +ELLIPSIS
        Usage: fnet sample [OPTIONS] NAME
        ...
        0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    os.environ["MPLBACKEND"] = "agg"  # figures go to files; the user's backend may be missing here
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with _exit_on_signals(), backends.own_process(), warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: common.print_note(message)
        return _run(words)


def _run(words: list[str]) -> int:
    """Run a command: its exit code, after its error was printed."""
    try:
        context = commands.make_context("fnet", words, obj=tuple(words))
        with packages.naming_what_is_missing(), context:
            commands.invoke(context)
        with common.naming(common.STANDARD_OUTPUT):
            sys.stdout.flush()
        return 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE_ERROR
    except click.ClickException as error:
        failed = getattr(error, "ctx", None)
        path = "fnet" if failed is None else failed.command_path
        return _print_error(USAGE_ERROR, f"{error.format_message()} See: {path} --help")
    except FnetError as error:
        return _print_error(INVALID, error)
    except UnicodeError as error:
        return _print_error(INVALID, f"a name or a cell is not UTF-8 text: {error}")
    except BrokenPipeError:  # the reader closed its end
        _drop_output()
        return CLOSED_PIPE
    except OSError as error:
        if error.filename == common.STANDARD_OUTPUT:
            _drop_output()
        return _print_error(SYSTEM_ERROR, _os_message(error))
    except MemoryError as error:
        return _print_error(SYSTEM_ERROR, f"out of memory: {error}")
    except KeyboardInterrupt as error:
        return _print_error(INTERRUPTED, str(error) or "interrupted; nothing was written")


@contextlib.contextmanager
def _exit_on_signals() -> Iterator[None]:
    """Within it SIGTERM and SIGHUP raise SystemExit, so that partly written files are removed."""

    def end(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    main_thread = threading.current_thread() is threading.main_thread()
    names = [name for name in ("SIGTERM", "SIGHUP") if main_thread and hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _open_streams() -> None:
    """Write UTF-8 to standard output, as in tables; output to a closed stream is dropped."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, it stays open
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, it stays open
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _print_error(code: int, message: object) -> int:
    with contextlib.suppress(OSError):  # standard error may be full or gone; the code says enough
        common.print_line(f"Error: {message}", err=True)
    return code


def _drop_output() -> None:
    """Send standard output nowhere, so that later flushes do not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _os_message(error: OSError) -> str:
    """The message for an error of the operating system, or for one that a command raised so."""
    if error.filename is None:
        return error.strerror or str(error)
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} does not exist: check the path"
    if error.errno is None:  # raised by a command, with advice of its own
        return f"{error.filename}: {error.strerror}"
    return f"{error.filename}: {error.strerror}; check the path and its permissions"
