"""Rule source: the text of derivative rules as declared, for drawings, the player, and reports of `gradcheck`."""

from __future__ import annotations

import ast
import linecache
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

from autograd.inside import Operation, Output

from .foreign import ForeignOperation

_WIDEST = 60
_MOST_LINES = 24

Written = ast.Lambda | ast.FunctionDef


def formulas_of(op: Operation) -> Iterator[str]:
    """Yield a line for each derivative rule of an operation: its formula, or its name if it has several lines.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise
    >>> double = elementwise(lambda x: 2 * x, lambda g: 2 * g, name="double")
    >>> list(formulas_of(double.operation))
    ['d/dx: 2 * g']
    """
    for name, rule in zip(getattr(op, "parameters", ()), getattr(op, "rules", ()), strict=False):
        text = _formula(rule.__code__)
        yield f"d/d{name}: {text if len(text) <= _WIDEST else text[: _WIDEST - 1] + '…'}"


def sources_of(op: Any, count: int) -> list[str]:
    """Return the source of the rule of each of `count` inputs of an operation, as written where it is declared.

    Examples
    --------
    >>> from autograd import elementwise
    >>> double = elementwise(lambda x: 2 * x, lambda g: 2 * g, name="double")
    >>> sources_of(double.operation, 1)
    ['lambda g: 2 * g']
    """
    if isinstance(op, Output):
        return ["the gradient takes the place of this output in the gradient of the operation"] * count
    if isinstance(op, ForeignOperation):
        return [op.rule] * count
    definition = getattr(op, "definition", None)
    if definition is not None:
        return [source_of(definition.backward.__code__)] * count
    rules = getattr(op, "rules", ())
    if not rules:
        return [""] * count
    return [source_of(rules[0 if op.variadic else index].__code__) for index in range(count)]


@lru_cache(maxsize=1024)
def _formula(code: CodeType) -> str:
    function = _written(code)
    if isinstance(function, ast.Lambda):
        return ast.unparse(function.body)
    if isinstance(function, ast.FunctionDef):
        last = function.body[-1]
        rest = [part for part in function.body[:-1] if not isinstance(part, ast.Expr)]  # skips the docstring
        if not rest and isinstance(last, ast.Return) and last.value is not None:
            return ast.unparse(last.value)
    return f"{code.co_name.strip('<>')}({_names(code)})"


@lru_cache(maxsize=1024)
def source_of(code: CodeType) -> str:
    """Return the source of a function, a lambda on one line."""
    function, is_lambda = _written(code), code.co_name == "<lambda>"
    if function is None:
        return f"lambda {_names(code)}: ..." if is_lambda else f"{code.co_name}({_names(code)})"
    lines = linecache.getlines(code.co_filename)[function.lineno - 1 : function.end_lineno]
    lines[-1] = lines[-1].encode()[: function.end_col_offset].decode()  # columns count bytes
    if is_lambda:
        lines[0] = lines[0].encode()[function.col_offset :].decode()
        return " ".join(line.strip() for line in lines)
    lines = textwrap.dedent("".join(lines)).splitlines()
    more = ["    ..."] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *more])


def _names(code: CodeType) -> str:
    return ", ".join(code.co_varnames[: code.co_argcount])


def _written(code: CodeType) -> Written | None:
    """Return the syntax tree of a function, or None if it is not found in its file."""
    return next((function for function in _functions(code.co_filename) if _is_source(function, code)), None)


@lru_cache(maxsize=64)
def _functions(filename: str) -> list[Written]:
    """Return the functions in a file, or typed at a prompt; none if the source can no longer be parsed."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError):  # it was changed since it was loaded, or no file can have that name
        return []
    return [part for part in ast.walk(tree) if isinstance(part, ast.Lambda | ast.FunctionDef)]


def _is_source(function: Written, code: CodeType) -> bool:
    names = tuple(argument.arg for argument in (*function.args.posonlyargs, *function.args.args))
    if names != code.co_varnames[: code.co_argcount]:
        return False
    if isinstance(function, ast.FunctionDef):
        return function.name == code.co_name and _spans(function, code)
    return code.co_name == "<lambda>" and _spans(function, code)


def _spans(function: Written, code: CodeType) -> bool:
    """Tell whether all instructions of the code were compiled from within the function."""
    start, end = (function.lineno, function.col_offset), (function.end_lineno, function.end_col_offset)
    return all(start <= (line, column) <= end for line, _, column, _ in code.co_positions() if line and column)
