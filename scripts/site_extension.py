"""What Sphinx lacks for the site: parts of the README, formulas without a network, figures.

- `{{README.md#A heading}}` on a line of its own stands for that section of a file.
- Formulas are MathML, which browsers draw themselves.
- Names in single backticks are code, and link to the page of a public name.
- The last value of a lesson's cell is shown as in a notebook, figures too.
- Classes show what fnet gives them, and not what they inherit from elsewhere.
"""

import functools
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import api_pages
import numpy.typing as npt
from api_pages import ALIASES
from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.errors import ExtensionError
from sphinx.util.typing import stringify_annotation

import fnet

ROOT = Path(__file__).parents[1]

INCLUDED = re.compile(r"^\{\{([\w./]+)(?:#(.*))?\}\}$", re.MULTILINE)
"""A line that stands for a file, or for a section of it."""

PLACES = {
    ".github/CONTRIBUTING.md": "/contributing.md",
    ".github/CHANGELOG.md": "/changes.md",
}
"""Where on the site what the README links to is."""

ELSEWHERE = [("py:.*", r"(?!fnet\b).*"), ("py:class", r"fnet\.\w+\.\w+\.\w+")]
"""References without a page: what other packages document, and types inside fnet."""

TYPE_FIELDS = {"param": "type", "ivar": "vartype", "returns": "rtype"}
"""The field of a docstring that holds the type of what another describes."""


def section(path: str, heading: str | None) -> str:
    """A section of a Markdown file without its heading, or the whole file."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if heading is None:
        return text
    found = re.search(rf"^(##+) {re.escape(heading)}\n", text, re.MULTILINE)
    if found is None:
        raise ExtensionError(f"{path} has no section {heading!r}")
    rest = re.split(rf"^#{{2,{len(found[1])}}} ", text[found.end() :], flags=re.MULTILINE)[0]
    return re.sub(r"^###", "##", rest, flags=re.MULTILINE)


def linked(text: str) -> str:
    """Markdown whose links lead to pages and pictures of the site."""
    for path, place in PLACES.items():
        text = text.replace(f"]({path})", f"]({place})")
    return re.sub(r"\]\(\.github/([\w-]+\.(?:png|svg))\)", r"](/pictures/\1)", text)


def include_sections(app: Sphinx, name: str, content: list[str]) -> None:
    """Put sections in the places of the lines that stand for them."""
    content[0] = INCLUDED.sub(lambda line: linked(section(line[1], line[2])), content[0])


def code_role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Any,
    options: Any = None,
    content: Any = (),
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Code, with a link where it is a class or a qualified name that has a page."""
    literal = nodes.literal(rawtext, text)
    public = api_pages.pages() | api_pages.modules()
    target = text if text in public else f"fnet.{text}"
    if target not in public or not (text[0].isupper() or text == target):
        return [literal], []
    link = pending_xref(rawtext, literal, refdomain="py", reftype="obj", reftarget=target)
    return [link], []


def visit_math(self: Any, node: nodes.math) -> None:
    """A formula in a line, as MathML."""
    self.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def visit_math_block(self: Any, node: nodes.math_block) -> None:
    """A formula of its own, as MathML."""
    self.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode


def last_value(block: Any, variables: dict[str, Any], options: dict[str, Any]) -> str:
    """For sphinx-gallery: the picture of the last value of a cell, for values that have one."""
    from sphinx_gallery.scrapers import figure_rst

    names = variables["example_globals"]
    value = names.get("___")
    if not hasattr(value, "_repr_png_"):
        return ""
    names["___"] = None  # shown
    path = Path(next(variables["image_path_iterator"]))
    path.write_bytes(value._repr_png_())
    return figure_rst([str(path)], options["src_dir"])


def skip(
    app: Sphinx, what: str, name: str, member: Any, skipped: bool, options: Any
) -> bool | None:
    """Leave out what a class inherits from elsewhere, and the fields of records."""
    member = member.fget if isinstance(member, property) else member
    return None if api_pages.is_ours(member) else True


def complete(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Add types to what a docstring describes, and qualify the names of errors."""
    types = types_of(thing) if what in ("class", "function", "method") else {}
    result = []
    for line in lines:
        field = re.match(r":(param|ivar|raises|returns)(?: (\w+))?:", line.replace("\\", ""))
        kind, described = field.groups() if field else ("", None)
        if kind in TYPE_FIELDS and (described or "return") in types:
            type_field = f"{TYPE_FIELDS[kind]} {described or ''}".rstrip()
            result.append(f":{type_field}: {types[described or 'return']}")
        if kind == "raises" and described in fnet.__all__:
            line = line.replace(described, f"~fnet.{described}", 1)
        result.append(line)
    lines[:] = result


def types_of(thing: Any) -> dict[str, str]:
    """The types of arguments and attributes by name, and of what is returned."""
    signature = inspect.signature(thing)
    kinds = {name: each.annotation for name, each in signature.parameters.items()}
    if inspect.isclass(thing):
        for owner in reversed(thing.__mro__):
            kinds |= inspect.get_annotations(owner)
    elif signature.return_annotation not in (None, "None"):
        kinds["return"] = signature.return_annotation
    return {n: shown_type(kind) for n, kind in kinds.items() if kind is not inspect.Parameter.empty}


def shown_type(kind: Any) -> str:
    """A type as text in which public names and aliases are references."""
    text = kind if isinstance(kind, str) else type_text(kind)
    named = {n.rpartition(".")[2]: n for n, v in api_pages.pages().items() if inspect.isclass(v)}
    named |= {alias: f"{ALIASES}.{alias}" for alias, _, _ in api_pages.aliases()}
    for expanded, alias in expansions():
        text = text.replace(expanded, alias)
    return re.sub(
        r"(?<![\w.~'])[A-Z]\w+\b",
        lambda word: f"~{named[word[0]]}" if word[0] in named else word[0],
        text,
    )


@functools.cache
def expansions() -> list[tuple[str, str]]:
    """`(text, name)` of the types that have a name but not in a signature; the longest first."""
    module = importlib.import_module(ALIASES)
    names = {name: getattr(module, name) for name, _, _ in api_pages.aliases()}
    names |= {"NDArray": npt.NDArray[Any], "DTypeLike": npt.DTypeLike}
    found = [(type_text(kind), name) for name, kind in names.items() if kind is not Any]
    return sorted(found, key=lambda pair: -len(pair[0]))


def type_text(kind: Any) -> str:
    """A type as Sphinx writes it."""
    return stringify_annotation(kind, "smart", short_literals=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it, and call classes by their public names."""
    for name, thing in api_pages.pages().items():
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            thing.__signature__ = inspect.signature(thing)
            thing.__name__ = name.rpartition(".")[2]
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.add_role("public", code_role)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("source-read", include_sections)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", complete, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
