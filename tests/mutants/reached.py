"""Which tests reach which statements: each test runs once, with a mark before every statement of the changed files."""

from __future__ import annotations

import ast
import builtins
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

from .mutations import Mutation, codes_between

Statement = tuple[str, int]  # the file, and the line where it begins
MARK = "__reached__"


def statement_of(mutation: Mutation) -> Statement:
    """Return the statement, or the lambda, that a change is in."""
    node: Any = mutation.tree
    line = mutation.functions[-1]
    for name, i in mutation.path:
        if isinstance(node, ast.Lambda) and name == "body":
            line = node.lineno
        node = getattr(node, name) if i is None else getattr(node, name)[i]
        if isinstance(node, ast.stmt):
            line = node.lineno
    return mutation.file, line


def codes_marked(root: Path, file: str) -> list[tuple[CodeType, CodeType]]:
    """Return the code of each function in a file, and the same with marks."""
    source = (root / file).read_text()
    return codes_between(source, ast.fix_missing_locations(_Marks(file).visit(ast.parse(source))), str(root / file))


class _Marks(ast.NodeTransformer):
    def __init__(self, file: str) -> None:
        self.file, self.depth = file, 0

    def _mark(self, line: int) -> ast.expr:
        return ast.parse(f"{MARK}(({self.file!r}, {line}))", mode="eval").body

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inner(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        mark = self._mark(node.lineno)
        self._inner(node)
        node.body = ast.BoolOp(ast.Or(), [mark, node.body])  # a mark returns None
        return node

    def _inner(self, node: ast.AST) -> ast.AST:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name in ("body", "orelse", "finalbody") if self.depth else ():
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                docstring = name == "body" and isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None
                marked = [each for s in statements[docstring:] for each in (ast.Expr(self._mark(s.lineno)), s)]
                statements[docstring:] = marked
        return super().generic_visit(node)


def measured(
    items: Sequence[Any], run: Callable[[Any], bool], mark: Callable[[], None], seconds: float
) -> list[tuple[float, set[Statement]]]:
    """Return for each test its time and the statements it reaches, none if it fails or there was no time for it.

    `mark` puts the marks in, in the child process that runs the tests.
    """
    handle, path = tempfile.mkstemp()
    os.close(handle)
    if (child := os.fork()) == 0:
        reached: set[Statement] = set()
        setattr(builtins, MARK, reached.add)
        mark()
        found: list[tuple[float, set[Statement]]] = []
        begin = time.process_time()
        for item in items:
            reached.clear()
            now = time.process_time()
            passed = now - begin < seconds and run(item)
            found.append((time.process_time() - now, set(reached) if passed else set()))
        Path(path).write_bytes(pickle.dumps(found))
        os._exit(0)
    os.waitpid(child, 0)
    results: list[tuple[float, set[Statement]]] = pickle.loads(Path(path).read_bytes())
    Path(path).unlink()
    return results
