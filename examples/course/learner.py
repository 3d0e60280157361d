"""A learner's file: loaded, called within limits, and every mistake traced to a line of it."""

from __future__ import annotations

import ast
import copy
import inspect
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from autograd import GraphError, Tensor

from .verdict import Failure, Wrong, same, shown

__all__ = ["IN_BROWSER", "TASKS", "Learner", "holes_of", "load", "untouched"]

TASKS = Path(__file__).parent / "tasks"
IN_BROWSER = sys.platform == "emscripten"
SECONDS = (
    20.0 if IN_BROWSER else 5.0
)  # for a call: of computing, or in a browser, which does not count that, of any time


class TooLong(BaseException):
    """The learner's code reached a limit. No `except Exception` in it holds this up."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Learner:
    """The module that a learner wrote, with a limit on the time that its functions take."""

    def __init__(self, path: Path, module: ModuleType) -> None:
        self.path, self.module = path, module
        self.seconds = SECONDS

    def get(self, name: str) -> Any:
        """Return what the exercise asks for by name."""
        if not hasattr(self.module, name):
            raise Wrong(
                f"There is no {name} in your file",
                think=f"The exercise asks for {name}: was it renamed or deleted? Delete the file, and "
                "`python -m examples.course start` writes it anew.",
            )
        return getattr(self.module, name)

    def where(self, name: str) -> str:
        """Say where a function or a class stands in the file."""
        for node in ast.walk(ast.parse(self.path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                return f"{name}, line {node.lineno} of {self.path}"
        return f"{name}, in {self.path}"

    def attempt(self, name: str, *arguments: Any, lines: int | None = None) -> Any:
        """Call a function with copies of `arguments`; return what it returns, or a `Failure` with its exception.

        A function that still has its hole, that takes too long or that changes its arguments is wrong whatever the
        exercise is, and so raises `Wrong`.
        """
        given = copy.deepcopy(arguments)
        result = self.outcome(name, lambda function: function(*given), lines=lines)
        if isinstance(result, Failure):
            return result
        for number, (before, after) in enumerate(zip(arguments, given, strict=True)):
            if isinstance(before, np.ndarray | Tensor) and not same(before, after, exact=True):
                raise Wrong(
                    f"{name} changes its argument {self.parameter(name, number)} in place",
                    where=self.where(name),
                    example=[("before the call", shown(before)), ("after it", shown(after))],
                    think="The caller still needs that array. Which operators of NumPy, such as +=, and which "
                    "assignments to elements write into an array, and which make a new one?",
                )
        return result

    def parameter(self, name: str, number: int) -> str:
        """Return what the learner calls an argument."""
        found = list(inspect.signature(self.get(name)).parameters)
        return found[number] if number < len(found) else f"number {number + 1}"

    def call(self, name: str, *arguments: Any, lines: int | None = None) -> Any:
        """Call a function as `attempt` does, and raise `Wrong` for an exception and for None."""
        result = self.attempt(name, *arguments, lines=lines)
        if isinstance(result, Failure):
            raise self.explained(result)
        if result is None:
            raise self.nothing(name)
        return result

    def outcome(self, name: str, use: Callable[[Any], Any], *, lines: int | None = None) -> Any:
        """Return what `run` returns, or the `Failure` that it raises."""
        try:
            return self.run(name, use, lines=lines)
        except Failure as failure:
            return failure

    def run(self, name: str, use: Callable[[Any], Any], *, lines: int | None = None, patience: float = 1.0) -> Any:
        """Return ``use(function)`` for the learner's function, within limits; an exception becomes a `Failure`.

        `patience` is a factor of the time, for checks that call the function often.
        """
        function = self.get(name)
        try:
            with limited(str(self.path), self.seconds * patience, lines):
                return use(function)
        except TooLong as end:
            raise self.endless(name, end.line, lines) from None
        except NotImplementedError as error:
            if "your turn" in str(error):
                raise Wrong(
                    f"There is still a hole in {name}: it raises NotImplementedError",
                    where=f"line {self.line_in(error)} of {self.path}",
                    think="Put your code in the place of that line.",
                ) from None
            raise Failure(name, error) from error
        except Wrong:
            raise
        except (Exception, SystemExit) as error:
            raise Failure(name, error) from error

    def endless(self, name: str, line: int, lines: int | None) -> Wrong:
        """Return the verdict on code that reached a limit."""
        took = f"executed more than {lines:,} lines" if lines else f"took longer than {self.seconds:g} seconds"
        return Wrong(
            f"{name} {took}, so it was stopped",
            where=f"line {line} of {self.path}: {self.text_of(line)}",
            think="Does the loop that this line is in have an end? What changes from one round to the next?",
        )

    def explained(self, failure: Failure) -> Wrong:
        """Return the verdict on an exception, with the learner's line."""
        error = failure.error
        line = self.line_in(error)
        if isinstance(error.__cause__, GraphError):  # NumPy says less
            error = error.__cause__
        if isinstance(error, RecursionError):
            what = f"{failure.name} calls itself too often: RecursionError"
            think = "Python allows about a thousand calls within each other. Does the recursion end? Could a loop with "
            think += "a list of its own do the same?"
        elif isinstance(error, SystemExit):
            what, think = (
                f"{failure.name} ends Python: SystemExit",
                "A function returns; exit() ends the whole program.",
            )
        elif isinstance(error, GraphError):
            what = f"{failure.name} would cut the gradient off: {first_line(error)}"
            think = (
                "A plain array holds numbers and nothing of where they came from. Which array in this line should be a "
            )
            think += "tensor, or become a new one instead of being written to?"
        else:
            what = f"{failure.name} raises {type(error).__name__}: {first_line(error)}"
            think = "Read the message from its end. Print the shapes and types just above that line."
        where = f"line {line} of {self.path}: {self.text_of(line)}" if line else self.where(failure.name)
        return Wrong(what, where=where, think=think)

    def nothing(self, name: str) -> Wrong:
        """Return the verdict on a function that returns None."""
        return Wrong(
            f"{name} returns None, that is, nothing",
            where=self.where(name),
            think="A function without `return` returns None. Does every way through it end with a return?",
        )

    def line_in(self, error: BaseException) -> int | None:
        """Return the innermost line of the learner's file that an exception passed through."""
        lines = [
            entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == str(self.path)
        ]
        return lines[-1] if lines else None

    def text_of(self, line: int | None) -> str:
        """Return a line of the file, without the spaces around it."""
        found = self.path.read_text(encoding="utf-8").splitlines()
        return found[line - 1].strip() if line and line <= len(found) else ""


@contextmanager
def limited(path: str, seconds: float, lines: int | None) -> Iterator[None]:
    """Raise `TooLong` at a line of the file at `path` once the block has computed for so long, or run so many lines.

    Only lines of that file are traced: the engine runs as fast as ever. This works wherever Python does, in a browser
    too, where a program has no other process and no signals.
    """
    computed = time.monotonic if IN_BROWSER else time.process_time
    end, latest, left = computed() + seconds, time.monotonic() + seconds, sys.maxsize if lines is None else lines

    def at_line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        left -= 1
        # the second clock is slow to read, and asked only where the first, which other programs take from, is over
        if left < 0 or (time.monotonic() > latest and computed() > end):
            raise TooLong(frame.f_lineno)
        return at_line

    def at_call(frame: FrameType, event: str, argument: Any) -> Any:
        return at_line if frame.f_code.co_filename == path else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        yield
    finally:
        sys.settrace(before)


def load(path: Path) -> Learner:
    """Execute a learner's file; raise `Wrong` with the line if Python cannot read it or it raises an exception."""
    try:
        text = path.read_text(encoding="utf-8")
        code = compile(text, str(path), "exec")
    except (SyntaxError, ValueError) as error:  # ValueError: bytes that are no text
        raise unreadable(path, error) from None
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    learner = Learner(path, module)
    sys.modules[path.stem] = module  # where dataclasses look for the module that they are defined in
    try:
        with limited(str(path), SECONDS, None):
            exec(code, vars(module))
    except TooLong as end:
        raise learner.endless("Your file", end.line, None) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever it is, it is the learner's
        raise learner.explained(Failure("Your file", error)) from None
    finally:
        sys.modules.pop(path.stem, None)
    return learner


def unreadable(path: Path, error: Exception) -> Wrong:
    """Return the verdict on a file that is no Python."""
    line = getattr(error, "lineno", None)
    text = (getattr(error, "text", None) or "").rstrip("\n")
    example = [("your line", text.strip())] if text.strip() else []
    where = f"line {line} of {path}" if line else str(path)
    if isinstance(error, IndentationError):
        think = "The body of a function is indented by four spaces, and all of its lines by the same number."
    elif isinstance(error, SyntaxError):
        think = "Look for a bracket that is not closed, a missing colon or quote, in this line or just above it."
    else:
        think = "Save the file as text in UTF-8."
    return Wrong(f"Python cannot read your file: {first_line(error)}", where=where, example=example, think=think)


def first_line(error: BaseException) -> str:
    """Return the first line of what an exception says."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return text.strip().partition("\n")[0] or "it says nothing else"


def holes_of(name: str) -> list[str]:
    """Return the functions of a task whose bodies still have to be written, as ``class.method`` in a class."""
    return list(_definitions(TASKS / f"{name}.py", only_holes=True))


def untouched(name: str, path: Path) -> list[str]:
    """Return the holes that the learner's file still has just as they were given."""
    try:
        now = _definitions(path, only_holes=False)
    except (SyntaxError, ValueError):
        return []
    given = _definitions(TASKS / f"{name}.py", only_holes=True)
    return [hole for hole, text in given.items() if now.get(hole) == text]


def _definitions(path: Path, *, only_holes: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    tree = ast.parse(path.read_text(encoding="utf-8"))

    def visit(body: Sequence[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{node.name}.")
            elif isinstance(node, ast.FunctionDef) and (
                not only_holes or any("your turn" in ast.unparse(part) for part in node.body)
            ):
                # docstrings and annotations may be edited without filling the hole
                body_without_text = [part for part in node.body if not _is_text(part)]
                found[prefix + node.name] = "\n".join(map(ast.unparse, body_without_text))

    visit(tree.body, "")
    return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
