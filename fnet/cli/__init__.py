"""The command line: `fnet`, or `python -m fnet`. One file for each command.

A command imports what it needs when it runs, so that help starts at once and nothing that needs no
TensorFlow waits for it. What goes wrong becomes one line on standard error and an exit code here.
"""

import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
import warnings

import click

import fnet
from fnet.cli import common
from fnet.core.errors import FnetError

COMMANDS = ("train", "predict", "evaluate", "describe", "export", "digits", "sample")

BAD_COMMAND, REFUSED, SYSTEM, INTERRUPTED, CLOSED = 2, 3, 4, 130, 141
"""Exit codes beside 0; the last two are what a shell gives a process that SIGINT or SIGPIPE ends"""


class Commands(click.Group):
    """A group whose commands are looked up by name."""

    def list_commands(self, context):
        return COMMANDS

    def get_command(self, context, name):
        if name in COMMANDS:
            return importlib.import_module(f"fnet.cli.{name}").command
        return None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fnet.__version__, "--version", message="fnet %(version)s")
def commands():
    """Train, use and judge small dense neural networks on tables.

    \b
    Examples, in this order:
      $ fnet digits
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet evaluate iris.fnet iris.csv --report iris.html
      $ fnet predict iris.fnet iris.csv --out predictions.csv

    \b
    Exit codes:
        0  done
        2  the command is not one
        3  the data, a model or a number was refused
        4  a file could not be read or written, or memory was short
      130  interrupted by Ctrl-C
    """


def main(arguments=None):
    """Run a command, by default the one that the process was called with; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    os.environ["MPLBACKEND"] = "agg"  # pictures go to files, and another's may not be there
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with _ended_by_signals(), warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: common.note(message)
        try:
            with commands.make_context("fnet", given, obj=given) as context:
                commands.invoke(context)
            sys.stdout.flush()
            return 0
        except click.exceptions.Exit as error:
            return error.exit_code
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            return BAD_COMMAND
        except click.ClickException as error:
            path = getattr(error, "ctx", None) and error.ctx.command_path
            return _failed(BAD_COMMAND, f"{error.format_message()} See: {path or 'fnet'} --help")
        except FnetError as error:
            return _failed(REFUSED, error)
        except UnicodeError as error:
            return _failed(REFUSED, f"a name or a text is not UTF-8: {error}")
        except BrokenPipeError:  # who reads has enough; nothing more may be flushed to there
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return CLOSED
        except OSError as error:
            return _failed(SYSTEM, _of_system(error))
        except MemoryError as error:
            return _failed(SYSTEM, f"there is not enough memory: {error}")
        except KeyboardInterrupt as error:
            return _failed(INTERRUPTED, str(error) or "interrupted; nothing was written")


@contextlib.contextmanager
def _ended_by_signals():
    """Within it a process that is told to end clears away what it has half written."""

    def end(number, _):
        raise SystemExit(128 + number)

    ours = threading.current_thread() is threading.main_thread()
    names = [name for name in ("SIGTERM", "SIGHUP") if ours and hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _open_streams():
    """Standard output in UTF-8 wherever it goes, as tables are; what is closed goes nowhere."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, it stays open
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, it stays open
    sys.stdout.reconfigure(encoding="utf-8")


def _failed(code, message):
    click.echo(f"Error: {' '.join(str(message).split())}", err=True)
    return code


def _of_system(error):
    if error.filename is None:
        return error.strerror or error
    if isinstance(error, FileNotFoundError):
        return f"there is no {error.filename}: check the path"
    return f"{error.filename}: {error.strerror}: check the path, and what may be done there"
