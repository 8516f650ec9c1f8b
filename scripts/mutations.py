"""Ways to break a line of Python: what `mutants.py` does to the source, by its syntax tree.

A mutation replaces one piece of the text and leaves the rest as it is. Docstrings, annotations,
type aliases, the text of messages and what only type checkers read are left alone: breaking
these changes no result.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}

MESSAGES = {"warn", "echo", "print", "debug", "info"}
"""Functions whose arguments are text for people."""

TYPES = {"TypeVar", "ParamSpec", "NewType", "cast"}
"""Functions whose arguments are types."""


class Mutation(NamedTuple):
    """One change of one file.

    Attributes:
        line: The line where the change begins, counted from 1.
        is_at_import: Whether the line runs when the module is imported, not in a function.
        start: The first byte of the piece that is replaced.
        stop: The byte after its last.
        text: What takes its place.
        kind: The mutation in words.
    """

    line: int
    is_at_import: bool
    start: int
    stop: int
    text: str
    kind: str


def comparison(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Take the opposite comparison, or the one that differs where both sides are equal."""
    if isinstance(node, ast.Compare):
        first, *rest = node.ops
        changed = ast.Compare(node.left, [COMPARISONS[type(first)](), *rest], node.comparators)
        yield changed, "another comparison"


def operator(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Take another arithmetic operator."""
    if isinstance(node, ast.BinOp):
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right), "another operator"
    if isinstance(node, ast.AugAssign):
        yield ast.AugAssign(node.target, OPERATORS[type(node.op)](), node.value), "another operator"


def sign(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Leave out a minus or a `not`."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand, f"no {'not' if isinstance(node.op, ast.Not) else 'minus'}"


def connective(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Take `or` for `and`, and the reverse."""
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values), "another connective"


def constant(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Take another number, or the opposite of True or False."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value), "the opposite"
        elif isinstance(node.value, int):
            yield ast.Constant(node.value + 1), "another number"
        elif isinstance(node.value, float):
            yield ast.Constant(2 * node.value or 1.0), "another number"


def condition(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Take the other branch of `a if b else c`."""
    if isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body), "the other branch"


def statement(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Delete a statement that has an effect, or return None."""
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    stores = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if is_call or stores or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break):
        yield ast.Pass(), "deleted"
    if isinstance(node, ast.Return) and getattr(node.value, "value", node.value) is not None:
        yield ast.Return(ast.Constant(None)), "returns None"


KINDS: tuple[Callable[[ast.AST], Iterator[tuple[ast.AST, str]]], ...] = (
    *(comparison, operator, sign, connective, constant, condition, statement),
)
"""Each gives a changed copy of a node that it applies to. A new kind is one line."""


def mutations(source: str) -> list[Mutation]:
    """Every mutation of the source of a module, in the order of the text."""
    encoded = source.encode()
    line_offsets = [0]
    for line in encoded.splitlines(keepends=True):
        line_offsets.append(line_offsets[-1] + len(line))
    found = []
    for node, in_function in _mutable(ast.parse(source), in_function=False):
        for kind in KINDS:
            for changed, words in kind(node):
                place: Any = node
                text = ast.unparse(ast.fix_missing_locations(changed))
                found.append(
                    Mutation(
                        place.lineno,
                        not in_function,
                        line_offsets[place.lineno - 1] + place.col_offset,
                        line_offsets[place.end_lineno - 1] + place.end_col_offset,
                        f"({text})" if isinstance(changed, ast.expr) else text,
                        words,
                    )
                )
    return sorted(found)


def apply(source: str, mutation: Mutation) -> str:
    """The source with one mutation."""
    data = source.encode()
    changed = data[: mutation.start] + mutation.text.encode() + data[mutation.stop :]
    return changed.decode()


def _mutable(node: ast.AST, in_function: bool) -> Iterator[tuple[ast.AST, bool]]:
    """The nodes below this one that may be changed, and whether each is within a function."""
    for name, value in ast.iter_fields(node):
        if _is_left_alone(node, name):
            continue
        inside = in_function or (isinstance(node, ast.FunctionDef | ast.Lambda) and name == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                if hasattr(child, "lineno"):
                    yield child, inside
                yield from _mutable(child, inside)


def _is_left_alone(node: ast.AST, field: str) -> bool:
    """Whether a field of a node holds types, or text for people."""
    if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom):
        return True
    if field in {"annotation", "returns", "type_params"} or isinstance(node, ast.Raise):
        return True
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.annotation) == "TypeAlias"
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING" and field != "orelse"
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).rpartition(".")[2]
        return called in TYPES or (called in MESSAGES and field != "func")
    return False
