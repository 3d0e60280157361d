"""Small changes of a source file: each gives a mutant."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

__all__ = ["Mutation", "codes_between", "codes_changed", "mutations"]

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
FUNCTIONS = {
    "sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh", "exp": "expm1", "expm1": "exp", "log": "log1p",
    "log1p": "log", "maximum": "minimum", "minimum": "maximum", "less": "less_equal", "less_equal": "less",
    "greater": "greater_equal", "greater_equal": "greater", "equal": "not_equal", "sum": "max", "max": "min",
    "min": "max", "any": "all", "all": "any", "add": "subtract", "subtract": "add", "multiply": "divide",
    "divide": "multiply", "logical_and": "logical_or", "logical_or": "logical_and", "zeros_like": "ones_like",
    "ones_like": "zeros_like",
}  # fmt: skip
DROPPED_CALLS = ("conj", "conjugate", "negative", "abs", "absolute")
DROPPED_ATTRIBUTES = ("T", "mT", "real")
# With their arguments swapped they return the same.
SYMMETRIC = (
    "add", "equal", "fmax", "fmin", "hypot", "logical_and", "logical_or", "logical_xor", "max", "maximum", "min",
    "minimum", "multiply", "not_equal",
)  # fmt: skip


Path = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Mutation:
    """A change of one expression.

    Attributes
    ----------
    file, line
        Where it is.
    functions
        The first lines of the functions that it is in, from the outermost on.
    tree, path
        The module, and the way from it to the expression.
    after
        What the expression becomes.
    """

    file: str
    line: int
    functions: tuple[int, ...]
    tree: ast.Module
    path: Path
    after: ast.AST

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {_text(_at(self.tree, self.path))}  ->  {_text(self.after)}"

    def changed_tree(self) -> ast.Module:
        """Return the changed module."""
        tree = copy.deepcopy(self.tree)
        (name, i), parent = self.path[-1], _at(tree, self.path[:-1])
        if i is None:
            setattr(parent, name, self.after)
        else:
            getattr(parent, name)[i] = self.after
        return ast.fix_missing_locations(tree)


def mutations(file: str, source: str) -> list[Mutation]:
    """Return all changes of the functions in a file."""
    tree = ast.parse(source)
    return [mutation for path, functions in _places(tree) for mutation in _changed(file, tree, path, functions)]


def _places(tree: ast.Module) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """Yield the way from the module to each expression in a function, and the first lines of the functions around."""

    def walk(node: ast.AST, path: Path, functions: tuple[int, ...]) -> Iterator[tuple[Path, tuple[int, ...]]]:
        if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
            return
        if isinstance(node, ast.keyword) and node.arg == "strict":  # of zip, whose arguments are of one length
            return
        if functions:
            yield path, functions
        inner = functions
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            first = node.decorator_list[0].lineno if isinstance(node, ast.FunctionDef) and node.decorator_list else None
            inner = (*functions, first or node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            return
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "args") and not isinstance(node, ast.Call):
                continue
            for child, step in _children(name, value):
                yield from walk(child, (*path, step), inner if name == "body" else functions)

    return walk(tree, (), ())


def _children(name: str, value: Any) -> Iterator[tuple[ast.AST, tuple[str, int | None]]]:
    if isinstance(value, ast.AST):
        yield value, (name, None)
    elif isinstance(value, list):
        yield from ((item, (name, i)) for i, item in enumerate(value) if isinstance(item, ast.AST))


def _at(tree: ast.AST, path: Path) -> Any:
    node: Any = tree
    for name, i in path:
        node = getattr(node, name) if i is None else getattr(node, name)[i]
    return node


def _changed(file: str, tree: ast.Module, path: Path, functions: tuple[int, ...]) -> Iterator[Mutation]:
    node = _at(tree, path)
    for after in _replacements(node):
        if ast.unparse(after) == ast.unparse(node):  # two arguments that are alike, swapped
            continue
        ast.copy_location(after, node)
        yield Mutation(file, getattr(node, "lineno", functions[-1]), functions, tree, path, after)


def _text(node: ast.AST) -> str:
    text = ast.unparse(node).split("\n")[0]
    return text if len(text) < 90 else text[:87] + "..."


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what an expression may become."""
    match node:
        case ast.BinOp():
            yield from _of_operator(node)
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            if not isinstance(node.operand, ast.Constant):
                yield node.operand
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield ast.Constant(value + 1)
        case ast.Constant(value=float() as value):
            yield ast.Constant(value * 2 if value else 1.0)
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield ast.Compare(node.left, [COMPARISONS[type(op)]()], node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.IfExp():
            yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.If():
            yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Call():
            yield from _of_call(node)
        case ast.Attribute(attr=name, ctx=ast.Load()) if name in DROPPED_ATTRIBUTES:
            yield node.value


def _of_operator(node: ast.BinOp) -> Iterator[ast.AST]:
    if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        return
    if type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        yield node.left
    if isinstance(node.op, ast.Add | ast.Mult):
        yield node.right
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in DROPPED_CALLS:
        yield node.args[0] if node.args else _owner(node)
    if isinstance(node.func, ast.Attribute) and name in FUNCTIONS:
        yield ast.Call(ast.Attribute(node.func.value, FUNCTIONS[name], ast.Load()), node.args, node.keywords)
    if len(node.args) > 1 and not any(isinstance(argument, ast.Starred) for argument in node.args):
        first = 1 if name == "where" and len(node.args) == 3 else 0
        args = list(node.args)
        args[first], args[first + 1] = args[first + 1], args[first]
        if name not in (*SYMMETRIC, "getattr", "hasattr") and not any(map(_is_of_messages, args)):
            yield ast.Call(node.func, args, node.keywords)


def _is_of_messages(node: ast.AST) -> bool:
    """Tell whether an argument is text, or the name that an error message begins with."""
    return (isinstance(node, ast.Constant) and isinstance(node.value, str)) or getattr(node, "id", "") == "owner"


def _owner(node: ast.Call) -> ast.AST:
    assert isinstance(node.func, ast.Attribute)
    return node.func.value


def codes_changed(mutation: Mutation, source: str, path: str) -> list[tuple[CodeType, CodeType]]:
    """Return the code of each function that a change is in, from the outermost on, and what it becomes."""
    return codes_between(source, mutation.changed_tree(), path)


def codes_between(source: str, tree: ast.Module, path: str) -> list[tuple[CodeType, CodeType]]:
    """Return the code of each function that a changed module changes, and what it becomes."""
    before, after = (compile(each, path, "exec", dont_inherit=True) for each in (source, tree))
    return [pair for pair in _pairs(before, after) if pair[0].co_name != "<module>"]


def _pairs(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    if before == after:
        return
    yield before, after
    inner = [[each for each in code.co_consts if isinstance(each, CodeType)] for code in (before, after)]
    yield from (pair for a, b in zip(*inner, strict=False) for pair in _pairs(a, b))
