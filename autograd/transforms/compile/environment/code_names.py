"""The names that a function's code reads, found in its bytecode: globals, attributes, and the line of the first use."""

from __future__ import annotations

import dis
import functools
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL")
_IMPORT = "IMPORT_NAME"
_ROOTS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF")
_LOAD_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")
_BETWEEN = ("EXTENDED_ARG", "CACHE", "PRECALL", "PUSH_NULL")
_ATTRIBUTE = ("IMPORT_FROM", "LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "STORE_ATTR", "DELETE_ATTR")
# What reads attributes whose names are not in the code.
_BY_NAME = {"getattr", "setattr", "hasattr", "delattr", "vars", "attrgetter", "__dict__", "__getattribute__"}

_COMPARISONS, _NEAR = ("IS_OP", "COMPARE_OP", "CONTAINS_OP"), 12
# Types that no tensor is of, also while a function is recorded.
_OF_NO_TENSOR = {
    "float", "int", "bool", "complex", "str", "bytes", "list", "tuple", "dict", "set", "ndarray", "np", "numpy",
}  # fmt: skip


@dataclass(eq=False)
class Names:
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
    exact_class
        The same of those that a tensor could pass, such as ``type(x) is Tensor``.
    """

    free: dict[str, int | None]
    read_globals: dict[str, int | None] = field(default_factory=dict)
    attributes: dict[str, int | None] = field(default_factory=dict)
    imports: dict[str, int | None] = field(default_factory=dict)
    chains: dict[tuple[str, ...], int | None] = field(default_factory=dict)
    by_name: bool = False
    exact_type: int | None = None
    exact_class: int | None = None


@functools.lru_cache(maxsize=512)
def names_in(code: CodeType) -> Names:
    """Return the names that `code`, and the functions, classes and comprehensions defined in it, use."""
    found = Names(dict.fromkeys(code.co_freevars, code.co_firstlineno))
    asked = since = None  # the line that asked for a type, and how many instructions ago that was
    named: set[str] = set()  # what is named after that
    of_self = False
    chain: tuple[str, ...] = ()
    constants: list[Any] = [None, None]  # the last two: an import is told how many folders above it begins
    for step in dis.get_instructions(code):
        line = step.positions.lineno if step.positions else None
        if step.opname in _LOAD_ATTRIBUTE and chain:
            chain = (*chain, step.argval)
            found.chains.setdefault(chain, line)
        elif step.opname not in _BETWEEN:
            if chain:  # which is a new one where a name is used as it is
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
            of_self = of_self and since is not None and since < _NEAR
            asked, since = line, 0
        elif since is not None:
            since += 1
            of_self = of_self or (since == 1 and step.argval == "self")  # which is an object of the program's own
            if step.opname.startswith("CALL"):
                named = set()
            elif step.opname.startswith("LOAD") and step.opname != "LOAD_CONST":
                named.add(step.argval)
            if step.opname in _COMPARISONS and since < _NEAR:
                of_no_tensor = of_self or (named and named <= _OF_NO_TENSOR)
                found.exact_type = found.exact_type or asked
                found.exact_class = found.exact_class or (None if of_no_tensor else asked)
                since, of_self = None, False
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = names_in(constant)
            for kind in ("read_globals", "attributes", "imports", "chains"):
                names: dict[Any, int | None] = getattr(found, kind)
                names.update((name, line) for name, line in getattr(inner, kind).items() if name not in names)
            found.by_name |= inner.by_name
            found.exact_type = found.exact_type or inner.exact_type
            found.exact_class = found.exact_class or inner.exact_class
    found.by_name |= not _BY_NAME.isdisjoint(found.read_globals) or not _BY_NAME.isdisjoint(found.attributes)
    return found
