"""Breaks: a function that ends with what Python does, such as ``losses.append(float(loss))``, becomes two functions.

The first has its statements until then, and returns the variables that the rest reads: it is recorded like any other.
The second has the rest, and runs as it is after each call of the first. Python compiles both from the text of the
module, within the scopes and with the lines that they have there; and only if that text gives the code of the function.
"""

from __future__ import annotations

import ast
import copy
import linecache
import operator
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any, NamedTuple

from ...source.source_info import place, within_engine

_LIVE = "__live__"  # what the rest of a function is given of its beginning
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SEES_ALL = {"locals", "vars", "dir", "eval", "exec", "super", "__class__"}  # variables otherwise than by their names
_NO_FUNCTION = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR


class Parts(NamedTuple):
    """A function as two.

    Attributes
    ----------
    begin, rest
        The text of the first, and the second: it takes what the first returns, and the same arguments.
    line, last
        The lines of the second.
    unused, unnamed
        The positions and the names of parameters that the first does not need.
    """

    begin: Text
    rest: Callable[..., Any]
    line: int
    last: int
    unused: frozenset[int]
    unnamed: frozenset[str]


class Text:
    """The text of a function, by which it can be parted.

    Attributes
    ----------
    live, why, apart
        Of the first part of a function: the variables that it returns, why the function is parted there, and its code.
    """

    def __init__(
        self, function: Any, whole: Text | None = None, definition: Any = None, live: Any = None, why: str = ""
    ) -> None:
        self.given, self.live, self.why = function, live, why
        self.function: Any = function.__func__ if isinstance(function, MethodType) else function
        self.code: Any = getattr(self.function, "__code__", None)
        self._whole, self._definition = whole or self, definition
        self.apart: CodeType | None = None if whole is None else whole.code

    @cached_property
    def _module(self) -> tuple[ast.Module, list[Any], int] | None:
        """The module that the function is from, and the list of statements and the place where it is defined."""
        code = self.code
        if type(self.function) is not FunctionType or code.co_flags & _NO_FUNCTION or within_engine(code):
            return None  # also of what the engine made of a function, such as its gradient
        try:
            module = ast.parse("".join(linecache.getlines(code.co_filename, self.function.__globals__)))
            known = code in _codes_in(_compiled(module, code))
        except (SyntaxError, ValueError):
            return None
        found = [
            (module, body, at)
            for node in ast.walk(module)
            for _, body in ast.iter_fields(node)
            if isinstance(body, list)
            for at, each in enumerate(body)
            if isinstance(each, ast.FunctionDef) and each.name == code.co_name and _first(each) == code.co_firstlineno
        ]
        return found[0] if known and len(found) == 1 else None

    @property
    def _node(self) -> Any:
        """The definition of the function; None if there is no text."""
        if self._definition is None and (found := self._module) is not None:
            self._definition = found[1][found[2]]
        return self._definition

    def use_of(self, parameter: int | str) -> str:
        """Return where the function first names a parameter, given by its position or its name; nothing if nowhere."""
        if self._node is None:
            return ""
        if isinstance(parameter, int):
            names = self.code.co_varnames[isinstance(self.given, MethodType) : self.code.co_argcount]
            parameter = names[parameter] if parameter < len(names) else ""
        lines = [each.lineno for each in self._node.body if parameter in _loaded([each])]
        return f"at {place(self.code.co_filename, lines[0])}" if lines else ""

    def store_of(self, name: str) -> str:
        """Return where the function first sets a variable or an attribute of a name; nothing if nowhere."""
        for each in () if self._node is None else self._node.body:
            for x in ast.walk(each):
                named = x.attr if isinstance(x, ast.Attribute) else x.id if isinstance(x, ast.Name) else None
                if named == name and not isinstance(x.ctx, ast.Load):  # type: ignore[attr-defined]  # both have one
                    return place(self.code.co_filename, each.lineno)
        return ""

    def line(self, frame: FrameType | None, where: str) -> int | None:
        """Return the line where the function is, in a frame that it has called, or else that of a text for messages."""
        while frame is not None and frame.f_code is not self.code:
            frame = frame.f_back
        if frame is not None or self.code is None:
            return frame and frame.f_lineno
        lines = (line for _, _, line in self.code.co_lines() if line)
        return next((line for line in lines if place(self.code.co_filename, line) == where), None)

    def parted(self, line: int | None, why: str) -> Parts | None:
        """Return the function as two, of which the second begins with the statement at a line; None if it cannot be."""
        if line is None or (found := self._whole._module) is None:
            return None
        (module, body, at), definition = found, self._node
        first = next((k for k, x in enumerate(definition.body) if x.lineno <= line <= x.end_lineno), 0)
        live = _live(definition, first) if first else None
        if live is None:
            return None
        begin, rest = _definitions(definition, first, live)
        whole, body[at : at + 1] = body[at], [begin, rest]
        try:
            made = {code.co_name: code for code in _codes_in(_compiled(module, self.code))}
        finally:
            body[at : at + 2] = [whole]
        read, args = _loaded(begin.body) | _stored(begin.body), definition.args
        function = self._made(made[begin.name], read)
        if isinstance(self.given, MethodType):
            function = MethodType(function, self.given.__self__)
        positions = [x.arg for x in (*args.posonlyargs, *args.args)][isinstance(self.given, MethodType) :]
        unused = frozenset(i for i, name in enumerate(positions) if name not in read)
        unnamed = {x.arg for x in (*args.args, *args.kwonlyargs)} - read
        text = Text(function, self._whole, begin, live, why)
        last = definition.end_lineno or 0
        return Parts(text, self._made(made[rest.name]), definition.body[first].lineno, last, unused, frozenset(unnamed))

    def _made(self, code: CodeType, read: set[str] | None = None) -> Any:
        """Return a function that has the variables of this one, and its defaults of the parameters that are read."""
        of = self.function
        own, named = of.__defaults__ or (), of.__kwdefaults__ or {}
        names = of.__code__.co_varnames[: of.__code__.co_argcount][-len(own) or None :]
        defaults = tuple([x if read is None or name in read else None for name, x in zip(names, own, strict=False)])
        cells = dict(zip(of.__code__.co_freevars, of.__closure__ or (), strict=True))
        code = code.replace(co_name=of.__code__.co_name, co_qualname=of.__code__.co_qualname)
        closure = tuple(cells[name] for name in code.co_freevars)
        made = FunctionType(code, of.__globals__, of.__name__, defaults or None, closure)
        made.__kwdefaults__ = {name: x if read is None or name in read else None for name, x in named.items()} or None
        made.__qualname__ = of.__qualname__
        return made


class Broken:
    """A function that is parted: its beginning is compiled."""

    def __init__(self, whole: Any, parts: Parts, begin: Any) -> None:
        self._whole, self._parts, self._begin = whole, parts, begin
        self._method = (whole.__self__,) if isinstance(whole, MethodType) else ()
        self._as_it_was = self._state()

    def _state(self) -> list[Any]:
        of = self._whole.__func__ if self._method else self._whole
        return [of.__code__, of.__defaults__, of.__kwdefaults__]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do what the function does."""
        if any(map(operator.is_not, self._state(), self._as_it_was)):  # somebody gave it other code, or defaults
            return self._whole(*args, **kwargs)
        needed, named, parts = args, kwargs, self._parts
        if parts.unused or parts.unnamed:  # such as a list that grows, or a counter, which programs would depend on
            needed = tuple([None if i in parts.unused else x for i, x in enumerate(args)])
            named = {name: None if name in parts.unnamed else x for name, x in kwargs.items()} if kwargs else kwargs
        values = self._begin(*needed, **named)  # whether it goes on, and with what; or what is returned
        return parts.rest(values[1:], *self._method, *args, **kwargs) if values[0] else values[1]


def _compiled(module: ast.Module, code: CodeType) -> CodeType:
    made: CodeType = compile(module, code.co_filename, "exec", dont_inherit=True)
    return made


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes_in(constant)


def _first(definition: ast.FunctionDef) -> int:
    return min([definition.lineno, *(each.lineno for each in definition.decorator_list)])


def _own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield what is in the scope of some nodes itself, and the functions and classes there without what is in them."""
    pending = list(nodes)
    for node in pending:  # grows while it is iterated over
        yield node
        if not isinstance(node, _SCOPES + _COMPREHENSIONS):
            pending += ast.iter_child_nodes(node)


def _stored(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the variables that some nodes set or delete."""
    found: set[str] = set()
    for node in _own(nodes):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        else:  # a definition, a handler of errors, a pattern
            names = getattr(node, "name", None), getattr(node, "rest", None)
            found.update(name for name in names if isinstance(name, str))
    return found


def _loaded(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the variables that some nodes, or functions in them, read."""
    found: set[str] = set()
    for node in (each for outer in nodes for each in ast.walk(outer)):
        target = node.target if isinstance(node, ast.AugAssign) else node
        if isinstance(target, ast.Name) and not (target is node and isinstance(node.ctx, ast.Store)):
            found.add(target.id)
    return found


def _read(statements: Iterable[ast.stmt], bound: set[str]) -> set[str]:
    """Return the variables that statements read before they surely set them; add to `bound` what they surely set."""
    found: set[str] = set()
    for each in statements:
        if isinstance(each, ast.If):
            found |= _loaded([each.test]) - bound
            one, other = set(bound), set(bound)
            found |= _read(each.body, one) | _read(each.orelse, other)
            bound |= one & other
        elif isinstance(each, ast.For):
            found |= _loaded([each.iter, each.target]) - bound
            found |= _read(each.body, bound | _stored([each.target])) | _read(each.orelse, set(bound))
        elif isinstance(each, ast.With):
            found |= _loaded(each.items) - bound
            bound |= _stored(each.items)
            found |= _read(each.body, bound)
        else:
            found |= _loaded([each]) - bound
            if isinstance(each, ast.Delete):
                bound -= _stored([each])
            elif not hasattr(each, "body") and not hasattr(each, "cases") and getattr(each, "value", each) is not None:
                bound |= _stored([each])
            elif isinstance(each, _SCOPES):
                bound.add(each.name)
    return found


def _live(definition: ast.FunctionDef, first: int) -> list[str] | None:
    """Return the variables that the statements from one on are given by those before; None if that is not all."""
    inside = [node for each in definition.body for node in ast.walk(each)]
    declared = {name for x in _own(definition.body) if isinstance(x, ast.Global | ast.Nonlocal) for name in x.names}
    walrus = [y for x in inside if isinstance(x, _COMPREHENSIONS) for y in ast.walk(x) if isinstance(y, ast.NamedExpr)]
    nonlocals = [x for x in inside if isinstance(x, ast.Nonlocal)]
    if (
        walrus
        or not _SEES_ALL.isdisjoint(_loaded(definition.body))
        or len(nonlocals) > sum(isinstance(x, ast.Nonlocal) for x in _own(definition.body))
    ):
        return None
    before, after = definition.body[:first], definition.body[first:]
    given = {node.arg for node in ast.walk(definition.args) if isinstance(node, ast.arg)}
    bound = set(given)
    _read(before, bound)
    set_before, set_after = _stored(before) - declared, _stored(after) - declared
    live = _read(after, set()) & set_before
    later = [x for each in before for x in ast.walk(each) if isinstance(x, (*_SCOPES, ast.GeneratorExp))]
    shared = _loaded(later) & set_after  # with functions that see what the rest does
    global_then = (_loaded(before) & set_after) - set_before - given
    return None if shared or global_then or live - bound else sorted(live)


class _WithoutDeclarations(ast.NodeTransformer):
    """Removes declarations, and lets a function say whether it has ended."""

    def __init__(self, ends: bool) -> None:
        self.ends = ends

    def visit(self, node: ast.AST) -> Any:
        """Return a statement as it is to be."""
        if isinstance(node, _SCOPES):
            return node
        if isinstance(node, ast.Global | ast.Nonlocal):
            return ast.copy_location(ast.Pass(), node)
        if isinstance(node, ast.Return) and self.ends:
            return _returned(False, [node.value or ast.Constant(None)], node)
        return self.generic_visit(node)


def _returned(goes_on: bool, values: list[ast.expr], at: ast.stmt) -> ast.stmt:
    given = ast.Tuple([ast.Constant(goes_on), *values], ast.Load())
    return ast.fix_missing_locations(ast.copy_location(ast.Return(given), at))


def _definitions(definition: ast.FunctionDef, first: int, live: list[str]) -> tuple[ast.FunctionDef, ast.FunctionDef]:
    """Return the definitions of the two parts."""
    declarations = [x for x in _own(definition.body) if isinstance(x, ast.Global | ast.Nonlocal)]
    begin, rest = copy.copy(definition), copy.copy(definition)
    begin.name, rest.name = f"{definition.name}__begin__", f"{definition.name}__rest__"
    begin.decorator_list = rest.decorator_list = []
    body, at = copy.deepcopy(definition.body), definition.body[first]
    ends, goes_on = _WithoutDeclarations(True), _WithoutDeclarations(False)
    values: list[ast.expr] = [ast.Name(name, ast.Load()) for name in live]
    begin.body = [*declarations, *map(ends.visit, body[:first]), _returned(True, values, at)]
    targets = ast.List([ast.Name(name, ast.Store()) for name in live], ast.Store())
    taken = ast.fix_missing_locations(ast.copy_location(ast.Assign([targets], ast.Name(_LIVE, ast.Load())), at))
    rest.body = [*declarations, taken, *map(goes_on.visit, body[first:])]
    rest.args = copy.copy(definition.args)
    rest.args.posonlyargs = [ast.copy_location(ast.arg(_LIVE), at), *definition.args.posonlyargs]
    return begin, rest
