"""Numbers that were taken from tensors and came back as constants: what `backward` warns of.

``float(loss)`` is for a log; of ``math.exp(x) * x`` half the derivative would be missing. Which of the two it is shows
when a backward pass goes through the graph: there a number comes back as a factor, or as the other operand of what is
computed next. Loaded where a number was taken from a tensor of the graph before a part of it was recorded.
"""

from __future__ import annotations

import ast
import linecache
import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from types import CodeType
from typing import Any, NamedTuple

from ..graph.node import Node, by_number
from ..graph.saved_tensors import operation_of
from ..source.call_site import Call, name_called
from ..source.source_info import SourceLine, line_of, warn
from .remedies import remedy

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power",
}  # fmt: skip
_OF_NUMBERS = {"float", "complex", "abs", "min", "max", "round", "pow"}
_COMMON = {0, 1, 2, 10, 100, 0.5, 0.1, 0.01, 0.001}  # which prove nothing


class Taken(NamedTuple):
    """A number that was taken from a tensor: when, from which node, where, and its value."""

    moment: int
    number: int
    code: CodeType
    instruction: int
    value: Any


def warn_of_numbers(taken: Iterable[Taken], order: Sequence[Node]) -> None:
    """Warn if a number was taken from a node of a graph and is a constant in what was recorded later."""
    told = set()
    for each in taken:
        if (each.code, each.instruction) in told:  # as in a loop
            continue
        at = bisect_left(order, each.number, key=by_number)
        later = bisect_left(order, each.moment, key=by_number)
        if at < len(order) and order[at].number == each.number and later < len(order):
            operators, kept = _uses(each.code, each.instruction)
            name = name_called(each.code, each.instruction) or "float"
            if _operand(order[later], operators) or (kept and _is_factor(each.value, name, order[later:])):
                told.add((each.code, each.instruction))
                _warn(each, name)


def _warn(taken: Taken, name: str) -> None:
    line = SourceLine()
    line.code, line.instruction = taken.code, taken.instruction
    of_math = hasattr(math, name.rpartition(".")[2])
    advice = remedy(Call(name, None, "math") if of_math else Call("float", None, "builtins"), "tensor", False, False)
    advice = advice.replace("float()", f"{name}()")
    warn(
        f"{name}(), at {line_of(line)}, made a number of a tensor that this graph was computed from, and the number "
        f"came back as a constant, so that the gradient is not whole: {advice}"
    )


def _operand(node: Node, operators: frozenset[str]) -> bool:
    """Tell whether a node is one of these operators, with a constant."""
    return operation_of(node).name in operators and (node.x is None) != (node.y is None)


def _is_factor(value: Any, name: str, nodes: Iterable[Node]) -> bool:
    """Tell whether a node keeps the number, or what a function of `math` makes of it, as a factor or an exponent."""
    values = {value}
    function = getattr(math, name.rpartition(".")[2], None)
    if callable(function):
        try:
            values = {function(value)}
        except (TypeError, ValueError, OverflowError):  # a function of two numbers, or undefined there
            return False
    values = {x for x in (*values, *(-x for x in values)) if abs(x) not in _COMMON}
    kept = (
        k for node in nodes for part in (node.kept, node.kept_y) for k in (part if type(part) is tuple else (part,))
    )
    return any(isinstance(k, float) and k in values for k in kept)


@cache
def _uses(code: CodeType, instruction: int) -> tuple[frozenset[str], bool]:
    """Return the operators that a call's result is an operand of, and whether it goes on, unlike in ``print``.

    Where the source cannot be read, it goes on.
    """
    line, end_line, column, end_column = next(islice(code.co_positions(), instruction // 2, None))
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        return frozenset(), True
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    places = (line, column, end_line, end_column)
    at: ast.AST | None = next((n for n in parents if isinstance(n, ast.Call) and _place(n) == places), None)
    operators: set[str] = set()
    while at is not None:
        child, at = at, parents.get(at)
        if isinstance(at, ast.BinOp | ast.AugAssign):
            if type(at.op) not in _OPERATORS:  # as in "%.3f" % float(x)
                return frozenset(operators), False
            others = [side for side in ast.iter_child_nodes(at) if side is not child and isinstance(side, ast.expr)]
            if not all(isinstance(side, ast.Constant) for side in others):
                operators.add(_OPERATORS[type(at.op)])
            if isinstance(at, ast.AugAssign):
                return frozenset(operators), True
        elif isinstance(at, ast.Call):
            called = ast.unparse(at.func)
            if called not in _OF_NUMBERS and not called.startswith("math."):
                return frozenset(operators), called.startswith(("np.", "numpy."))
        elif not isinstance(at, ast.UnaryOp | ast.IfExp | ast.Tuple | ast.List):
            return frozenset(operators), isinstance(
                at, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.Return | ast.Lambda
            )
    return frozenset(operators), not operators


def _place(node: ast.Call) -> tuple[int, int, int | None, int | None]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
