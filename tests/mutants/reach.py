"""Which operations, and which functions of `nn.functional`, a function is part of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from types import CodeType, FunctionType
from typing import Any

from nn import functional
from tests.operations.samples import OPERATIONS

__all__ = ["users_of"]

Function = Callable[..., Any]


def users_of(file: str, lines: tuple[int, ...]) -> set[str]:
    """Return the names of the operations and functions that call a function in `file` that begins at one of `lines`."""
    return {name for line in lines for name in _users().get((file, line), ())}


@cache
def _users() -> dict[tuple[str, int], set[str]]:
    users: dict[tuple[str, int], set[str]] = {}
    for name, function in _public():
        for code in _codes(function):
            users.setdefault((code.co_filename, code.co_firstlineno), set()).add(name)
    return users


def _public() -> Iterator[tuple[str, Function]]:
    for operation in OPERATIONS:
        name = str(operation)
        yield from ((name, rule) for rule in operation.rules)
        yield name, operation.apply if operation.declared is None else operation.declared.forward
        yield name, operation.public
    for name in functional.__all__:
        yield name, getattr(functional, name)


def _codes(function: Function) -> set[CodeType]:
    """Return the code of a function, of those that are within it, and of those that it calls."""
    found: set[CodeType] = set()
    seen: set[int] = set()
    waiting: list[Any] = [function]
    while waiting:
        each = _plain(waiting.pop())
        if not isinstance(each, FunctionType) or id(each) in seen or not _is_ours(each):
            continue
        seen.add(id(each))
        codes = list(_nested(each.__code__))
        found.update(codes)
        waiting += [each.__globals__[name] for code in codes for name in code.co_names if name in each.__globals__]
        waiting += _contents(each)
        operation = getattr(each, "operation", None)  # an operation that it applies
        waiting += [] if operation is None else [*operation.rules, operation.forward]
    return found


def _plain(value: Any) -> Any:
    value = getattr(value, "__wrapped__", value)
    return value.func if isinstance(value, partial) else value


def _contents(function: FunctionType) -> Iterator[Any]:
    """Yield what a function holds, but not the engine that an operation is built of."""
    if not hasattr(function, "operation"):
        yield from (cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell))


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _is_ours(function: FunctionType) -> bool:
    return function.__module__.partition(".")[0] in ("autograd", "nn")


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _nested(each)
