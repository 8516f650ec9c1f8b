"""Public docstrings and annotations: complete, rendered by Sphinx Napoleon without a warning, run.

Docstrings are turned into reStructuredText by Napoleon, as Sphinx does it, and parsed by docutils.
"""

import doctest
import functools
import inspect
import io
import re

import docutils.core
import docutils.utils
import pytest
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring

import fnet
from fnet.files.model import Model
from fnet.reference.tracing import Trace

NAMESPACES = ("datasets", "metrics", "plots", "schedules")
CONFIG = Config(
    napoleon_use_param=True,
    napoleon_use_ivar=True,
    napoleon_use_rtype=False,
    strip_signature_backslash=True,  # escapes names that end in an underscore, as `coefs_`
)

EXAMPLES_OF_CLASSES = (
    *("Network", "Tuning", "MLPClassifier", "MLPRegressor", "checkpoint"),
    *("GridSearchCV", "RandomizedSearchCV"),
)
"""Classes that users call, whose docstrings have an example as those of functions have."""


def functions_of(module):
    """The public functions of a namespace, by name."""
    names = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    found = {name: getattr(module, name) for name in names}
    return {n: f for n, f in found.items() if inspect.isroutine(f) and ours(f)}


def ours(thing):
    return (getattr(thing, "__module__", None) or "").startswith("fnet.")


def methods_of(owner):
    """The public methods and properties that fnet gives a class, inherited ones too, by name."""
    found = {}
    for name, member in inspect.getmembers_static(owner):
        if isinstance(member, property):
            member = member.fget
        elif isinstance(member, (classmethod, staticmethod)):
            member = member.__func__
        if not name.startswith("_") and inspect.isfunction(member) and ours(member):
            found[name] = member
    return found


def public_callables():
    """`(functions, classes, methods)`, each by its qualified name."""
    public = {name: getattr(fnet, name) for name in fnet.__all__}
    functions = {name: f for name, f in public.items() if inspect.isroutine(f)}
    for name in NAMESPACES:
        functions |= {f"{name}.{n}": f for n, f in functions_of(public[name]).items()}
    functions["reference.trace"] = fnet.reference.trace  # its other names are those of fnet
    classes = {name: c for name, c in public.items() if inspect.isclass(c)}
    classes |= {"Model": Model, "Trace": Trace}
    methods = {f"{c}.{n}": m for c in classes for n, m in methods_of(classes[c]).items()}
    return functions, classes, methods


FUNCTIONS, CLASSES, METHODS = public_callables()
RECORDS = {n: c for n, c in CLASSES.items() if not issubclass(c, Exception)}
EVERYTHING = FUNCTIONS | CLASSES | METHODS


def parameters(thing):
    """The parameters of a callable, without `self` and `cls`."""
    named = inspect.signature(thing).parameters.items()
    return {name: p for name, p in named if name not in ("self", "cls")}


@functools.cache
def rendered(name):
    """The docstring as Napoleon gives it to docutils."""
    text = inspect.cleandoc(EVERYTHING[name].__doc__ or "")
    kind = "class" if name in CLASSES else "function"
    return str(GoogleDocstring(text, CONFIG, what=kind, name=name))


def described(name, *fields):
    """The names in these fields of the rendered docstring, as `:param NAME:`."""
    found = re.findall(rf"^:(?:{'|'.join(fields)}) ([\\*\w]+):", rendered(name), re.MULTILINE)
    return [each.replace("\\", "").lstrip("*") for each in found]


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS, *RECORDS])
def test_every_parameter_and_result_is_annotated(name):
    thing = EVERYTHING[name]
    bare = [n for n, p in parameters(thing).items() if p.annotation is p.empty]
    assert bare == []
    if name not in RECORDS:
        assert inspect.signature(thing).return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS])
def test_args_names_each_argument_in_order(name):
    assert described(name, "param") == list(parameters(EVERYTHING[name]))


@pytest.mark.parametrize("name", RECORDS)
def test_a_class_describes_each_argument_or_attribute(name):
    wanted = list(parameters(RECORDS[name])) if name != "Model" else []
    found = described(name, "param", "ivar", "vartype")
    assert [each for each in wanted if each not in found] == []


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS])
def test_results_are_described(name):
    returned = inspect.signature(EVERYTHING[name]).return_annotation
    thing = inspect.getattr_static(CLASSES.get(name.partition(".")[0]), name.split(".")[-1], None)
    if returned not in (None, "None") and not isinstance(thing, property):
        assert re.search("^:returns:", rendered(name), re.MULTILINE)


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_docstring_begins_with_one_line(name):
    first, *rest = inspect.cleandoc(EVERYTHING[name].__doc__ or "").split("\n")
    assert first.endswith((".", ":"))
    assert not rest or rest[0] == ""


@pytest.mark.parametrize("name", EVERYTHING)
def test_sphinx_renders_it_without_a_warning(name):
    output = io.StringIO()
    settings = {
        "report_level": docutils.utils.Reporter.WARNING_LEVEL,
        "halt_level": docutils.utils.Reporter.SEVERE_LEVEL + 1,
        "warning_stream": output,
    }
    docutils.core.publish_doctree(rendered(name), settings_overrides=settings)
    assert output.getvalue() == ""


@pytest.mark.parametrize("name", [*FUNCTIONS, *EXAMPLES_OF_CLASSES])
def test_there_is_an_example(name):
    assert ">>> " in (EVERYTHING[name].__doc__ or "")


@pytest.mark.parametrize("name", EVERYTHING)
def test_examples_print_the_expected_output(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    text = EVERYTHING[name].__doc__ or ""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    output = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=flags)
    failed = runner.run(test, out=output.write).failed
    assert failed == 0, output.getvalue()
