"""The pages of the API reference: what is public, and a page for each name of it.

Public are the names in `fnet.__all__`, those of the modules among them, and the commands. The pages
are reStructuredText, which Sphinx fills from the docstrings.
"""

import ast
import functools
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import click

import fnet
from fnet import cli
from fnet.core.ensemble import Ensemble, Importances
from fnet.core.scaling import Scaling
from fnet.encoding.apply import Encoded
from fnet.encoding.problems import Problem
from fnet.encoding.records import Encoding
from fnet.files.model import Model, Predictions
from fnet.plots.canvas import Figure

GROUPS: dict[str, tuple[str, ...]] = {
    "Networks": (
        *("core.network", "core.params", "engine.functions", "engine.activations"),
        "engine.losses",
    ),
    "Training": (
        *("engine.training", "core.tuning", "core.run_state", "core.class_weights"),
        *("engine.optimizers", "engine.lbfgs", "core.lbfgs", "engine.program_cache"),
    ),
    "Optimizers": ("core.optimizers",),
    "Batches": ("core.batches", "engine.pipelines", "streams"),
    "Many networks": ("core.members", "engine.cross_validation", "core.cross_validation"),
    "Tables": ("estimators.tabular", "encoding.transformer"),
    "Estimators": ("estimators", "search"),
    "Files": ("files", "exports"),
    "Metrics": ("engine.metrics",),
    "Errors": ("core.errors",),
}
"""The groups of `fnet`'s own names on the first page, by the modules that hold them."""

TYPES = (Model, Predictions, Ensemble, Importances, Scaling, Encoding, Encoded, Problem, Figure)
"""Types without a public name: what public functions return, and what attributes hold."""

ALIASES = "fnet.core.aliases"
"""The module of the types that signatures share."""

TWIN = "fnet.reference"
"""The module whose names are those of `fnet`."""


def members(module: ModuleType) -> dict[str, Any]:
    """The public functions, classes and data of a module, by name."""
    functions = {n: v for n, v in vars(module).items() if inspect.isroutine(v) and n[0] != "_"}
    own = sorted(n for n, v in functions.items() if v.__module__ == module.__name__)
    return {name: getattr(module, name) for name in getattr(module, "__all__", own)}


def modules() -> dict[str, ModuleType]:
    """The public modules, by their public name, each before those that are in it alone."""
    found: dict[str, ModuleType] = {}
    for name in fnet.__all__:
        if inspect.ismodule(module := getattr(fnet, name)):
            found[f"fnet.{name}"] = module
            own = own_members(f"fnet.{name}", module)
            found |= {f"fnet.{name}.{n}": m for n, m in own.items() if inspect.ismodule(m)}
    return found


def groups() -> dict[str, dict[str, Any]]:
    """`fnet`'s own names, and the types: the objects by qualified name, by group."""
    found = {
        group: {f"fnet.{n}": getattr(fnet, n) for home in homes for n in fnet._MODULES[home]}
        for group, homes in GROUPS.items()
    }
    return found | {"Types": {f"{t.__module__}.{t.__qualname__}": t for t in TYPES}}


@functools.cache
def pages() -> dict[str, Any]:
    """All names that have a page of their own, by qualified name."""
    found = {name: thing for group in groups().values() for name, thing in group.items()}
    for name, module in modules().items():
        own = own_members(name, module)
        found |= {f"{name}.{n}": v for n, v in own.items() if not inspect.ismodule(v)}
    return found


def own_members(name: str, module: ModuleType) -> dict[str, Any]:
    """What a module has that is not the same object as in `fnet`."""
    shared = {n: getattr(fnet, n) for n in fnet.__all__} if name == TWIN else {}
    return {n: v for n, v in members(module).items() if not (n in shared and shared[n] is v)}


def is_ours(member: Any) -> bool:
    """Whether fnet defines a member of a class, which may come from elsewhere."""
    function = inspect.unwrap(getattr(member, "__func__", member))
    return (getattr(function, "__module__", None) or "").startswith("fnet.")


def heading(text: str, line: str = "=") -> str:
    """A heading in reStructuredText."""
    return f"{text}\n{line * len(text)}\n\n"


def summary(names: Mapping[str, Any]) -> str:
    """A list of names with the first lines of their docstrings."""
    return "".join(f":doc:`{n} <{n}>`\n    {first_line(v)}\n\n" for n, v in names.items())


def contents(names: Iterable[str]) -> str:
    """The table of contents of these pages, for the sidebar alone."""
    return "\n.. toctree::\n   :hidden:\n\n" + "".join(f"   {name}\n" for name in names) + "\n"


def first_line(thing: Any) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def page(name: str, thing: Any) -> str:
    """The page of a function, a class or data."""
    kind = "class" if inspect.isclass(thing) else "function" if callable(thing) else "data"
    if inspect.isclass(thing) and issubclass(thing, Exception):
        kind = "exception"
    options = "   :members:\n   :inherited-members:\n" if kind == "class" else ""
    return f"{heading(name)}.. auto{kind}:: {name}\n{options}"


def module_page(name: str, module: ModuleType) -> str:
    """The page of a module: its docstring and what is in it."""
    own = own_members(name, module)
    names = {f"{name}.{n}": v for n, v in own.items()}
    text = f"{heading(name)}.. py:module:: {name}\n\n{about(module)}\n\n{summary(names)}"
    text += contents(names)
    same = [f":py:obj:`fnet.{n}`" for n in members(module) if n not in own]
    if same:
        text += f"The same objects as in ``fnet``: {', '.join(same)}.\n\n"
    return text


def about(module: ModuleType) -> str:
    """The docstring of a module, without the indented paragraphs about its files."""
    kept: list[str] = []
    for paragraph in (inspect.getdoc(module) or "").split("\n\n"):
        if not paragraph.startswith(" ") or kept[-1].endswith("::") or kept[-1].startswith(" "):
            kept.append(paragraph)
    return "\n\n".join(kept)


def index() -> str:
    """The first page: `fnet`'s own names in groups, then its modules and the commands."""
    text = heading("API reference")
    text += "Every public name, with types, shapes, formulas, errors and an example.\n\n"
    for group, names in groups().items():
        text += heading(group, "-") + summary(names)
    text += heading("Modules", "-") + summary(modules()) + heading("Command line", "-")
    text += ":doc:`commands`\n    What each command of ``fnet`` does, with all of its options.\n\n"
    top = [name for name in modules() if name.count(".") == 1]
    return text + contents([*map(file_name, groups()), *top, "aliases", "commands"])


def file_name(group: str) -> str:
    """The name of the page of a group."""
    return group.lower().replace(" ", "_")


@functools.cache
def aliases() -> list[tuple[str, str, str]]:
    """`(name, definition, docstring)` of the types that signatures share."""
    body = ast.parse(inspect.getsource(importlib.import_module(ALIASES))).body
    found = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and "TypeAlias" in ast.unparse(node.annotation):
            text = isinstance(after, ast.Expr) and ast.literal_eval(after.value)
            found.append((ast.unparse(node.target), ast.unparse(node.value), text or ""))
    return found


def aliases_page() -> str:
    """The page of the types that signatures share."""
    text = heading("Aliases") + "Types that signatures share.\n\n"
    for name, definition, about in aliases():
        shown = re.sub(r"Literal\[(.*?)\]", lambda found: found[1].replace(", ", " | "), definition)
        about = about.replace("\n", "\n   ")
        text += f".. py:type:: {ALIASES}.{name}\n   :canonical: {shown}\n\n   {about}\n\n"
    return text


def commands_page() -> str:
    """The page of the commands: what `--help` prints of each, as text that wraps."""
    text = heading("Commands") + "``fnet COMMAND --help`` prints the same.\n\n"
    for name in cli.COMMANDS:
        command = cli.commands.get_command(None, name)
        with click.Context(command, info_name=f"fnet {name}") as context:
            usage = context.get_usage().partition(" ")[2]
            text += heading(f"fnet {name}", "-") + f"``{' '.join(usage.split())}``\n\n"
            text += "".join(map(paragraph, inspect.cleandoc(command.help or "").split("\n\n")))
            records = [parameter.get_help_record(context) for parameter in command.params]
            text += "".join(f"``{r[0]}``\n    {escaped(r[1])}\n\n" for r in records if r)
    return text


def paragraph(text: str) -> str:
    """A paragraph of a help text; one that begins with Click's mark keeps its lines."""
    if text.startswith("\b"):
        return "::\n\n" + textwrap.indent(text.removeprefix("\b\n"), "    ") + "\n\n"
    return f"{escaped(text)}\n\n"


def escaped(text: str) -> str:
    """Text without markup, but what is in backticks and options are code."""
    return re.sub(
        r"`([^`]+)`|(--\w[\w-]*)|([\\`*_|:<])",
        lambda found: f"\\{found[3]}" if found[3] else f"``{found[1] or found[2]}``",
        text,
    )


def files() -> Iterator[tuple[str, str]]:
    """`(name, text)` of each page."""
    yield "index", index()
    yield "commands", commands_page()
    for group, names in groups().items():
        yield file_name(group), heading(group) + summary(names) + contents(names)
    yield "aliases", aliases_page()
    yield from ((name, module_page(name, module)) for name, module in modules().items())
    yield from ((name, page(name, thing)) for name, thing in pages().items())


def write(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files():
        (folder / f"{name}.rst").write_text(text, encoding="utf-8")
