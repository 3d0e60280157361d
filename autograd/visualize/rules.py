"""The text of a derivative rule, as it was declared."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

__all__ = ["rules_of"]

_WIDEST = 60


def rules_of(op: Any) -> Iterator[str]:
    """Yield a line for each derivative rule of an operation: its formula, or its name if it has several lines.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise
    >>> double = elementwise(lambda x: 2 * x, lambda g: 2 * g, name="double")
    >>> list(rules_of(double.operation))
    ['d/dx: 2 * g']
    """
    for name, rule in zip(getattr(op, "parameters", ()), getattr(op, "rules", ()), strict=False):
        text = _text(rule.__code__)
        yield f"d/d{name}: {text if len(text) <= _WIDEST else text[: _WIDEST - 1] + '…'}"


@lru_cache(maxsize=1024)
def _text(code: CodeType) -> str:
    function = next((f for f in _functions(code.co_filename) if _is_source(f, code)), None)
    if isinstance(function, ast.Lambda):
        return ast.unparse(function.body)
    if isinstance(function, ast.FunctionDef):
        last = function.body[-1]
        rest = [part for part in function.body[:-1] if not isinstance(part, ast.Expr)]  # a docstring is no code
        if not rest and isinstance(last, ast.Return) and last.value is not None:
            return ast.unparse(last.value)
    return f"{code.co_name.strip('<>')}({', '.join(code.co_varnames[: code.co_argcount])})"


@lru_cache(maxsize=64)
def _functions(filename: str) -> list[ast.Lambda | ast.FunctionDef]:
    """Return the functions in a file, or in what was typed at a prompt; none if it cannot be read any more."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:  # it was changed since it was loaded
        return []
    return [part for part in ast.walk(tree) if isinstance(part, ast.Lambda | ast.FunctionDef)]


def _is_source(function: ast.Lambda | ast.FunctionDef, code: CodeType) -> bool:
    names = tuple(argument.arg for argument in (*function.args.posonlyargs, *function.args.args))
    if names != code.co_varnames[: code.co_argcount]:
        return False
    if isinstance(function, ast.FunctionDef):
        return function.name == code.co_name and _spans(function, code)
    return code.co_name == "<lambda>" and _spans(function, code)


def _spans(function: ast.Lambda | ast.FunctionDef, code: CodeType) -> bool:
    """Tell whether all instructions of the code were compiled from within the function."""
    start, end = (function.lineno, function.col_offset), (function.end_lineno, function.end_col_offset)
    return all(start <= (line, column) <= end for line, _, column, _ in code.co_positions() if line and column)
