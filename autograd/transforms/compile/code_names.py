"""The names that a function's code reads, found in its bytecode: globals, attributes, and the line of the first use."""

from __future__ import annotations

import dis
import functools
from types import CodeType
from typing import Any, NamedTuple

__all__ = ["Names", "names_in"]

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL")
_IMPORT = "IMPORT_NAME"
_ROOTS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF")
_LOAD_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")
_BETWEEN = ("EXTENDED_ARG", "CACHE", "PRECALL", "PUSH_NULL")
_ATTRIBUTE = ("IMPORT_FROM", "LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "STORE_ATTR", "DELETE_ATTR")
# What reads attributes whose names are not in the code.
_BY_NAME = {"getattr", "setattr", "hasattr", "delattr", "vars", "attrgetter", "__dict__", "__getattribute__"}

_COMPARISONS, _NEAR = ("IS_OP", "COMPARE_OP", "CONTAINS_OP"), 12


class Names(NamedTuple):
    """The names in a code object and in those nested within it, each with the line where it comes first.

    Attributes
    ----------
    read_globals, attributes
        The names, as keys.
    free
        The names of closure cells.
    imports
        The modules that the code itself imports.
    chains
        Names of globals and closure cells with the attributes that are read of them one after another, such as
        ``("np", "linalg", "norm")``.
    by_name
        Whether the code may read attributes whose names it computes.
    exact_type
        The line of the first comparison with a type, such as ``type(x) is float``; None if there is none.
    """

    read_globals: dict[str, int | None]
    attributes: dict[str, int | None]
    free: dict[str, int | None]
    imports: dict[str, int | None]
    chains: dict[tuple[str, ...], int | None]
    by_name: bool
    exact_type: int | None = None


@functools.lru_cache(maxsize=512)
def names_in(code: CodeType) -> Names:
    """Return the names that `code`, and the functions, classes and comprehensions defined in it, use."""
    found = Names({}, {}, dict.fromkeys(code.co_freevars, code.co_firstlineno), {}, {}, False)
    asked = since = None  # the line that asked for a type, and how many instructions ago that was
    chain: tuple[str, ...] = ()
    constants: list[Any] = [None, None]  # the last two: an import is told how many folders above it begins
    for step in dis.get_instructions(code):
        line = step.positions.lineno if step.positions else None
        if step.opname in _LOAD_ATTRIBUTE and chain:
            chain = (*chain, step.argval)
            found.chains.setdefault(chain, line)
        elif step.opname not in _BETWEEN:
            if len(chain) == 1:  # it is used as it is
                found.chains.setdefault(chain, line)
            chain = (step.argval,) if step.opname in _ROOTS else ()
        if step.opname == "LOAD_CONST":
            constants = [constants[1], step.argval]
        if step.opname in _GLOBAL:
            found.read_globals.setdefault(step.argval, line)
        elif step.opname in _ATTRIBUTE:
            found.attributes.setdefault(step.argval, line)
        elif step.opname == _IMPORT:
            level = constants[0] if isinstance(constants[0], int) else 0
            found.imports.setdefault("." * level + step.argval, line)
        elif step.opname.endswith("_DEREF") and found.free.get(step.argval) == code.co_firstlineno:
            found.free[step.argval] = line
        if step.opname == "LOAD_GLOBAL" and step.argval == "type":
            asked, since = line, 0
        elif since is not None:
            since += 1
            if step.opname in _COMPARISONS and since < _NEAR and found.exact_type is None:
                found = found._replace(exact_type=asked)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = names_in(constant)
            pairs: tuple[tuple[Any, Any], ...] = (
                (found.read_globals, inner.read_globals),
                (found.attributes, inner.attributes),
                (found.imports, inner.imports),
                (found.chains, inner.chains),
            )
            for names, nested in pairs:
                for name, line in nested.items():
                    names.setdefault(name, line)
            first = inner.exact_type if found.exact_type is None else found.exact_type
            found = found._replace(by_name=found.by_name or inner.by_name, exact_type=first)
    by_name = not _BY_NAME.isdisjoint(found.read_globals) or not _BY_NAME.isdisjoint(found.attributes)
    return found._replace(by_name=found.by_name or by_name)
