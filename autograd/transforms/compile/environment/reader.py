"""The reader: finds what a function reads besides its arguments, in its bytecode and in what that leads to."""

from __future__ import annotations

import datetime
import functools
import gc
import itertools
import operator
import re
import sys
import weakref
from abc import ABCMeta
from collections import Counter, OrderedDict, UserString, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from enum import EnumMeta
from functools import cached_property, partial, partialmethod
from importlib.util import resolve_name
from pathlib import PurePath
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any, cast

import numpy as np

from ....source.source_info import beginning, place
from ....tensors.tensor import Tensor
from ...pytree import REGISTERED
from .code_names import names_in
from .libraries import (
    IMMUTABLE_TYPE,
    class_in_library,
    in_library,
    is_compiled,
    is_value,
    library_methods,
    memory_of,
    plain_class,
    state_in_c,
)  # fmt: skip
from .reads import PLAIN, Read, bits_of, missing, value_in

_CONTAINERS = (list, dict, set, deque)
# What is gone into by its kind; and classes of Python's own whose objects take attributes of the user's.
_BY_KIND = (FunctionType, MethodType, ModuleType, type)
_WITH_ATTRIBUTES = (OrderedDict, Counter, partial)
# What gives something else each time, by the names of modules, and of functions.
_CLOCKS = ("time", "datetime", "secrets", "uuid", "subprocess", "socket", "sqlite3", "glob", "fileinput")
_UNSTEADY = {
    "default_rng", "RandomState", "SeedSequence", "urandom", "uuid1", "uuid4", "import_module", "_getframe", "environ",
}  # fmt: skip
# What asks a generator for its state, and a path for a file.
_ASKS_GENERATORS = {"getstate", "get_state", "bit_generator"}
_ASKS_FILES = {"read_text", "read_bytes", "exists", "stat", "open", "iterdir", "is_file", "is_dir", "glob", "cwd"}
# Functions of Python that read what the code does not name.
_UNSEEN = {"input", "open", "eval", "exec", "globals", "__import__"}
# What decides whether a logger writes. What it does so with is not gone into: a log is written at the first call.
_LEVELS = {"level", "disabled", "parent", "manager", "disable"}
# Of these, what an object holds is seen in C alone, or must not be held.
_UNSEEN_MODULES = ("pandas", "polars", "weakref", "_weakrefset", "numba", "_cffi_backend")
# Functions of modules that ask the system, or read files.
_SYSTEM = {"listdir", "scandir", "walk", "stat", "getcwd", "getloadavg", "times", "getpid", "read", "popen", "getenv"}
_FILES = {"load", "loadtxt", "genfromtxt", "fromfile", "exists", "getsize", "getmtime", "isfile", "isdir", "open"}
_FILES |= {f"read_{what}" for what in ("csv", "table", "excel", "json", "parquet", "pickle", "sql", "feather")}
_SUBCLASSES = {np.ma.MaskedArray, np.memmap, np.matrix, np.recarray}
# What is written in C and shows all that it holds; and types whose objects hold nothing that changes.
_BY_NAME = (operator.attrgetter, operator.methodcaller)
_VIEWS: tuple[type, ...] = (MappingProxyType, type({}.keys()), type({}.values()), type({}.items()), CellType, *_BY_NAME)
_CONSTANT: tuple[type, ...] = (
    np.ufunc, np.random.SeedSequence, datetime.tzinfo, operator.itemgetter,
    property, staticmethod, classmethod, type(list.append), type(list.__add__), type([].__add__), type(int.real),
    type(FunctionType.__code__), type(FunctionType.__globals__), type(NotImplemented), re.Pattern,
)  # fmt: skip
_DEFINED = FunctionType, BuiltinFunctionType, type, ModuleType  # of what a module holds: its code names what it uses
# Methods that run without being named, unless an object is made, copied or printed.
_UNNAMED = {
    "__init__", "__new__", "__post_init__", "__init_subclass__", "__repr__", "__str__", "__format__", "__del__",
    "__dir__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__getstate__", "__setstate__",
}  # fmt: skip
_OWN_STATE = {"_flats", "stepped"}  # what an optimizer changes at each step
_METHODS = (FunctionType, property, cached_property, staticmethod, classmethod)
_NOT_GONE_INTO = ("contents", "attributes", "array", "bytes", "descriptor", "layout", "type", "bases", "cache")


class Reader:
    """Finds what a function reads, beginning with the function itself."""

    def __init__(self, function: Any, leaves: tuple[type, ...], contents: bool, apart: CodeType | None = None) -> None:
        self.reads: list[Read] = []
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.unsteady: list[str] = []
        self.exact_types: list[str] = []
        self.exact_classes: list[str] = []
        self.generators: list[tuple[str, Any]] = []
        self.alive: list[Any] = []  # all that was seen, so that no address is used again
        self.late: list[str] = []  # modules that the code imports, and which are not loaded yet
        self._leaves, self._contents, self._apart = leaves, contents, apart
        self._seen: set[int] = set()
        self._codes: set[CodeType] = set()
        self._names: dict[str, str] = {}  # of attributes, and where they are read
        # of attributes that methods of libraries read, and where the code names their object
        self._inner: dict[str, str] = {}
        self._everything = False
        self._holders: list[tuple[str, Any, bool]] = []
        self._named_parts: list[tuple[str, Any]] = []  # objects of which only what the code names is gone into
        self._of_libraries: list[tuple[str, str, Any]] = []  # objects of which what their methods read is gone into
        self._done: set[tuple[int, str]] = set()
        self._pending: deque[tuple[str, str, Any, bool]] = deque()
        self._given = set(map(id, function)) if isinstance(function, tuple) else {id(function)}
        self._later(getattr(function, "__name__", type(function).__name__), "", function)
        self._run()

    @property
    def may_draw(self) -> bool:
        """Whether the code names a module of random numbers."""
        return "random" in self._names or any(value is sys.modules.get("random") for value in self.alive)

    def _run(self) -> None:
        known: tuple[int, ...] = ()
        first, looked_for = 0, (0, False)
        while self._pending or known != self._extent():
            while self._pending:
                self._visit(*self._pending.popleft())
            known = self._extent()
            for name, holder in self._named_parts:
                self._parts(name, holder)
            for name, where, holder in [] if self.unsteady else list(self._of_libraries):
                self._inside(name, where, holder)
            count, everything = looked_for
            looked_for = len(self._names), self._everything
            new = dict.fromkeys([*self._names][count:])  # of which those that were gone through may have some
            for name, holder, made in self._holders if everything != self._everything else self._holders[first:]:
                self._attributes(name, holder, made)
            for name, holder, made in self._holders[:first] if new else ():
                self._attributes(name, holder, made, new)
            first = len(self._holders)
        if self.generators:
            self.unsteady += sorted(_ASKS_GENERATORS & self._names.keys())
        if any(issubclass(x if isinstance(x, type) else type(x), PurePath) for x in self.alive):
            self.unsteady += sorted(_ASKS_FILES & self._names.keys())

    def _extent(self) -> tuple[int, ...]:
        return len(self._names), len(self._inner), len(self._holders), len(self._named_parts), len(self._of_libraries)

    def _later(self, name: str, where: str, value: Any, made: bool = False) -> None:
        """Note a value to visit; `made` says of a class that the program may make objects of it."""
        self._pending.append((name, where, value, made))

    def _read(self, name: str, where: str, kind: str, holder: Any, key: str, value: Any) -> None:
        self.reads.append(Read(name, where, kind, holder, key, value))
        if kind in ("inside", "context"):  # where no traced arrays are put
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, np.ndarray):
                    self._read(name, where, "array", each, "", bits_of(each))
        if kind not in _NOT_GONE_INTO:
            self._later(name, where, value, made=True)

    def _visit(self, name: str, where: str, value: Any, made: bool) -> None:
        kind = type(value)
        if kind in weakref.ProxyTypes:  # which any question would ask the object itself, that may be gone
            self._opaque(name, where, value)
            return
        plain = isinstance(value, PLAIN) and plain_class(kind) and kind is not np.void
        if plain or value is missing or id(value) in self._seen:
            return
        self._seen.add(id(value))
        self.alive.append(value)
        if isinstance(value, self._leaves):
            self._named_parts.append((name, value))
            return
        contains = isinstance(value, (*_CONTAINERS, tuple, frozenset, *PLAIN)) and not plain_class(kind)
        if contains or kind in _WITH_ATTRIBUTES or not (isinstance(value, _BY_KIND) or class_in_library(kind)):
            self._members(name, where, value)
        if isinstance(value, FunctionType):
            self._function(name, value)
        elif isinstance(value, MethodType):
            self._hand_on(value, (value.__self__,))
            self._inner.setdefault(value.__func__.__name__, where or name)  # which no code needs to name
            self._later(name, where, value.__func__)
            self._later(name.rpartition(".")[0] or "self", where, value.__self__)
        elif isinstance(value, partial | partialmethod):
            self._hand_on(value, (value.args, value.keywords))
            for part in ("func", "args", "keywords"):
                self._read(f"{name}.{part}", where, "inside", value, part, getattr(value, part))
        elif isinstance(value, _CONTAINERS):
            self._container(name, where, value)
        elif isinstance(value, tuple | frozenset):
            self._hand_on(value, value)
            for i, each in enumerate(value):
                self._later(f"{name}[{i}]", where, each)
        elif isinstance(value, np.ndarray):
            self._array(name, where, value)
        elif isinstance(value, ModuleType):
            self._module(name, value)
        elif isinstance(value, type):
            self._class(name, where, value, made)
        elif isinstance(value, BuiltinFunctionType):
            if value.__module__ in _CLOCKS:
                self.unsteady.append(name)
            elif not isinstance(value.__self__, ModuleType):
                self._read(name, where, "inside", value, "__self__", value.__self__)
        elif isinstance(value, np.void):
            self._read(name, where, "bytes", value, "", value.tobytes())
        elif not isinstance(value, PLAIN):
            self._object(name, where, value)

    def _module(self, name: str, module: ModuleType) -> None:
        if in_library(module.__name__, module.__dict__):
            if module.__name__ in _CLOCKS:
                self.unsteady.append(name)
            return
        self._holders.append((name, module, False))
        if "__getattr__" in vars(module):
            self._later(f"{name}.__getattr__", "", vars(module)["__getattr__"])

    def _function(self, name: str, function: FunctionType) -> None:
        home = function.__globals__.get("__name__", "")
        code = function.__code__
        if code is self._apart:
            return
        if in_library(home, function.__globals__):
            self._holders += [(name, function, False)] if vars(function).keys() - {"__wrapped__"} else []
            if hasattr(function, "runs_outside"):
                return
            if home.partition(".")[0] == "nn":  # of a layer, whose attributes are the user's
                self._add_names(code, attributes_only=True)
            own = home.partition(".")[0] in ("autograd", "nn")
            if not own and (home in _CLOCKS or function.__name__ in _FILES):
                self.unsteady.append(name)
            if own or "__wrapped__" in vars(function):
                for cell in function.__closure__ or ():  # what a transform or a decorator was given
                    self._later(name, "", value_in("cell", cell))
                for each in () if own else vars(function).values():  # such as the functions of a singledispatch
                    self._later(name, "", each)
            return
        self._read(name, beginning(code), "attribute", function, "__code__", code)
        for parameter, default in _defaults(function):
            self._later(parameter, beginning(code), default)
        for key, taken in (("__defaults__", code.co_argcount), ("__kwdefaults__", code.co_kwonlyargcount)):
            if taken:
                self._read(f"{name}.{key}", beginning(code), "attribute", function, key, getattr(function, key))
        names = self._add_names(code)
        held = {key: value_in("cell", x) for key, x in zip(code.co_freevars, function.__closure__ or (), strict=True)}
        for cell_name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._read(cell_name, place(code.co_filename, names.free[cell_name]), "cell", cell, "", held[cell_name])
        inside = function.__globals__
        for global_name, line in names.read_globals.items():
            if self._first(inside, global_name):
                there = global_name in inside
                kind, value = ("global", inside[global_name]) if there else ("builtin", missing)
                self._read(global_name, place(code.co_filename, line), kind, inside, global_name, value)
                if not there and global_name in _UNSEEN:
                    self.unsteady.append(global_name)
        for module, line in names.imports.items():
            self._import(module, place(code.co_filename, line), inside, names.attributes)
        for (root, *attributes), line in names.chains.items():
            holder = held.get(root, inside.get(root))
            for chain in [attributes] if attributes else [[key] for key in names.attributes]:
                self._chain(root, holder, chain, place(code.co_filename, line))
        for line, found in ((names.exact_type, self.exact_types), (names.exact_class, self.exact_classes)):
            found += [] if line is None else [place(code.co_filename, line)]
        self._holders.append((name, function, False))

    def _import(self, module: str, where: str, inside: dict[str, Any], attributes: Iterable[str]) -> None:
        """Read a module that the code itself imports."""
        if module.startswith("."):
            try:
                module = resolve_name(module, inside.get("__package__") or "")
            except ImportError:  # which the function will raise
                return
        for name in itertools.accumulate(module.split("."), "{}.{}".format):
            if name in sys.modules:
                self._read(name, where, "global", sys.modules, name, sys.modules[name])
                for key in attributes:
                    self._chain(name, sys.modules[name], [key], where)
            else:
                self.late.append(name)

    def _chain(self, name: str, holder: Any, attributes: list[str], where: str) -> None:
        """Read what names such as `np.linalg.norm` stand for, as far as they are of modules of libraries."""
        for key in attributes:
            if not isinstance(holder, ModuleType) or not in_library(holder.__name__, holder.__dict__):
                return
            if key not in vars(holder) and key in vars(holder).get("__all__", ()):
                getattr(holder, key, None)  # which some modules load when it is asked for: now, not while one records
            name, value = f"{name}.{key}", vars(holder).get(key, missing)
            if value is sys.modules or (holder.__name__ == "os" and key in _SYSTEM) or key in _FILES:
                self.unsteady.append(name)
            elif value is not missing and self._first(holder, key):
                self.reads.append(Read(name, where, "attribute", holder, key, value))
                if isinstance(value, FunctionType | type) or not callable(value):
                    self._later(name, where, value, made=True)
            holder = value

    def _add_names(self, code: CodeType, attributes_only: bool = False) -> Any:
        names = names_in(code)
        if code not in self._codes:
            self._codes.add(code)
            self._everything = self._everything or (names.by_name and not attributes_only)
            for name, line in names.attributes.items():
                self._names.setdefault(name, place(code.co_filename, line))
            self.unsteady += _UNSTEADY & {*names.attributes, *names.read_globals}
        return names

    def _array(self, name: str, where: str, value: np.ndarray[Any, Any]) -> None:
        self.arrays[name] = value
        self._read(name, where, "layout", value, "", (value.dtype, value.strides, value.shape[:1]))
        if self._contents or value.dtype == object or type(value) in _SUBCLASSES:
            self._read(name, where, "array", value, "", bits_of(value))
        for i, each in enumerate(value.flat if value.dtype == object else ()):
            self._later(f"{name}.flat[{i}]", where, each)

    def _container(self, name: str, where: str, value: Any) -> None:
        if isinstance(value, dict):
            contents = [*value, *value.values()]
            parts = [(f"{name}[{key!r}]", each) for key, each in value.items()]
        else:
            contents = list(value)
            parts = [(f"{name}[{i}]", each) for i, each in enumerate(contents)]
        self._read(name, where, "contents", value, "", contents)
        self._hand_on(value, contents)
        if isinstance(value, defaultdict):
            self._read(f"{name}.default_factory", where, "attribute", value, "default_factory", value.default_factory)
        for part, each in parts:
            if type(each) not in PLAIN:
                self._later(part, where, each)

    def _class(self, name: str, where: str, kind: type, made: bool) -> None:
        if kind in (datetime.datetime, datetime.date):
            self.unsteady.append(name)
        if type(kind) not in (type, ABCMeta):
            self._later(type(kind).__name__, "", type(kind))
            self._read(name, "", "type", kind, "", type(kind))
        if isinstance(kind, EnumMeta):
            self._hand_on(kind, (kind._member_map_,))
            self._read(f"{name}._member_map_", where, "inside", kind, "_member_map_", kind._member_map_)
        if any(not class_in_library(each) for each in kind.__mro__[:-1]):
            self._read(name, "", "bases", kind, "", kind.__mro__)
        for each in kind.__mro__[:-1]:
            if not class_in_library(each):
                self._count(each.__name__, each)
            layer = each.__module__.partition(".")[0] == "nn" and not issubclass(each, self._leaves)
            if layer or not class_in_library(each):
                made = made and not class_in_library(each)
                self._holders.append((name if each is kind else each.__name__, each, made))

    def _object(self, name: str, where: str, value: Any) -> None:
        kind = type(value)
        top = kind.__module__.partition(".")[0] if class_in_library(kind) else ""
        draws = isinstance(value, np.random.Generator | np.random.RandomState) or hasattr(kind, "getstate")
        if draws and kind.__name__ != "SystemRandom":  # which has no state
            self.generators.append((name, value))
        elif isinstance(value, ContextVar):
            self._read(name, where, "context", value, "", value_in("context", value))
        elif isinstance(value, _VIEWS):
            for each in gc.get_referents(value):
                self._later(name, where, each)
            if isinstance(value, _BY_NAME):  # one of methods with keywords is made by a partial function
                made, given = cast("tuple[Any, tuple[Any, ...]]", value.__reduce__())
                paths = given if isinstance(value, operator.attrgetter) else (*getattr(made, "args", ()), *given)[:1]
                for key in ".".join(paths).split("."):
                    self._names.setdefault(key, where)
        elif isinstance(value, _CONSTANT):
            return
        elif hasattr(kind, "__next__") and class_in_library(kind):
            self.unsteady.append(name)
        elif is_compiled(value):
            self._holders.append((name, value, False))
        elif "__wrapped__" in (inside := _attributes_of(value)):
            self._holders.append((name, value, False))
            self._later(name, where, inside["__wrapped__"])
            if hasattr(kind, "cache_info"):
                self._read(name, where, "cache", value, "", [value.cache_info().misses])
        elif top == "autograd" or (top == "nn" and getattr(kind, "stays", False)):
            return
        elif top in _UNSEEN_MODULES and not (top == "numba" and is_value(value)):  # as its types are
            self._opaque(name, where, value)
        elif top and top != "nn" and not isinstance(value, UserString) and is_value(value):
            return
        elif (memory := memory_of(value)) is not None:
            self._read(name, where, "bytes", value, "", memory)
        elif state_in_c(kind) and callable(value) and isinstance(getattr(value, "__name__", None), str):
            self._later(name, where, getattr(value, "__self__", None))  # a function, such as Cython's
        elif state_in_c(kind):
            self._opaque(name, where, value)
        else:
            if class_in_library(kind):
                self._members(name, where, value)
            if isinstance(value, BaseException):
                self._read(f"{name}.args", where, "attribute", value, "args", value.args)

    def _members(self, name: str, where: str, value: Any) -> None:
        """Read the class and the attributes of an object."""
        kind = type(value)
        if not kind.__flags__ & IMMUTABLE_TYPE and not isinstance(value, Tensor):
            self._read(name, where, "type", value, "", kind)
        self._later(kind.__name__, where, kind)
        self._holders.append((name, value, False))
        if kind.__module__ == "logging":
            for key in _LEVELS & vars(value).keys():
                self._read(f"{name}.{key}", where, "inside", value, key, vars(value)[key])
        elif where or id(value) in self._given:
            self._of_libraries.append((name, where, value))

    def _hand_on(self, value: Any, parts: Iterable[Any]) -> None:
        """Note that the parts of what the function is given are given to it, too."""
        if id(value) in self._given:
            self._given.update(map(id, parts))

    def _opaque(self, name: str, where: str, value: Any) -> None:
        if where or id(value) in self._given:  # others may be attributes that the code never reads
            read, kind = f", read at {where}," if where else "", type(value)
            self.unsteady.append(
                f"{name} (of type {kind.__module__}.{kind.__qualname__}{read} whose contents cannot be compared)"
            )
        else:
            self._seen.discard(id(value))  # the code may name it elsewhere

    def _inside(self, name: str, where: str, holder: Any) -> None:
        """Read what the methods of its class read of an object of a library, if the code names them."""
        everything = False
        for key, names in library_methods(type(holder)):
            if key in self._names or key in self._inner or (key[:2] == "__" and key not in _UNNAMED):
                everything |= names.by_name
                for each in names.attributes:
                    self._inner.setdefault(each, where or name)
        inside = _attributes_of(holder)
        for key in [*inside, *_slots_of(holder)] if everything else list(self._inner):
            if key in inside or _has_slot(holder, key):
                self._attribute(name, where or name, "inside", holder, key)

    def _attributes(self, name: str, holder: Any, made: bool, new: dict[str, Any] | None = None) -> None:
        """Read what the code names of an object or a class; of one that was gone through, by the names that are new."""
        inside, slots = _attributes_of(holder), _slots_in(type(holder))
        if new is not None and not slots and inside.keys().isdisjoint(new) and type(holder) is not FunctionType:
            return
        if isinstance(holder, type):
            self._count(name, holder)
            homes = [each.__module__.partition(".")[0] for each in holder.__mro__]
            called = "autograd" in homes and not class_in_library(holder)  # by the engine, as methods of a `Function`
            for key in list(inside):
                named = key in self._names or called or (self._everything and key[:2] != "__")
                if (named or _runs_unnamed(key, inside[key], made)) and self._first(holder, key):
                    self._of_class(f"{name}.{key}", holder, key, inside[key])
            return
        # The parts of a layer or a container have names that no code needs to mention.
        kind = type(holder)
        container = kind in REGISTERED or (hasattr(kind, "__dataclass_fields__") and not class_in_library(kind))
        everything = "_buffers" in inside or container or self._everything
        if self._may_miss(holder, inside) and self._first(holder, ""):
            self._read(name, "", "attributes", holder, "", len(inside))
        keys: Any = self._names if new is None else new
        if not everything and not slots:
            there = inside.keys() & keys.keys()
            keys = [key for key in keys if key in there] if len(there) > 1 else there
        for key in [*inside, *_slots_of(holder)] if everything else keys:
            if isinstance(holder, ModuleType) and key not in self._names and isinstance(inside[key], _DEFINED):
                continue
            if key in inside or _has_slot(holder, key):
                self._attribute(name, self._names.get(key, ""), "attribute", holder, key)

    def _attribute(self, name: str, where: str, kind: str, holder: Any, key: str) -> None:
        """Read what an object holds in its `__dict__` or a slot, unless a property stands before it."""
        inside = _attributes_of(holder)
        if ((kind == "inside" and key in inside) or not _computed(type(holder), key)) and self._first(holder, key):
            value = inside[key] if key in inside else getattr(holder, key)
            self._read(f"{name}.{key}", where, kind, holder, key, value)

    def _may_miss(self, holder: Any, inside: Any) -> bool:
        """Tell whether an attribute that is set later may be read, although there is none of its name now."""
        if isinstance(holder, ModuleType):
            return self._everything or "__getattr__" in inside
        if isinstance(holder, FunctionType):
            return self._everything or any(read.value is holder for read in self.reads)
        return hasattr(holder, "__dict__")

    def _parts(self, name: str, holder: Any) -> None:
        """Read the attributes of an optimizer or the like that the code, or a method that it calls, names.

        What the library's own methods do outside the program is seen to elsewhere. The user's own, in a subclass, in
        their place or on the object, are gone into as any function.
        """
        inside = vars(holder)
        if self._first(holder, ""):
            self._read(name, "", "attributes", holder, "", len(inside))
            self.reads.append(Read(f"{name}.__class__", "", "attribute", holder, "__class__", type(holder)))
        read: set[str] = {*inside} - _OWN_STATE if self._everything else set()
        for kind in type(holder).__mro__[:-1]:
            self._count(kind.__name__, kind)
            for key, value in list(vars(kind).items()):
                own = isinstance(value, FunctionType) and in_library(
                    value.__globals__.get("__name__"), value.__globals__
                )
                named = key in self._names and not (key[:2] == "__" and class_in_library(kind))
                if not named and (own or not _runs_unnamed(key, value, False)):
                    continue
                if own and key != "zero_grad" and not hasattr(value, "__wrapped__"):
                    read.update(inside if self._add_names(value.__code__, attributes_only=True).by_name else ())
                if self._first(kind, key):
                    self._of_class(f"{kind.__name__}.{key}", kind, key, value, enter=not own)
        for key in inside:
            if (key in self._names or key in read) and self._first(holder, key):
                self._read(f"{name}.{key}", self._names.get(key, ""), "attribute", holder, key, inside[key])

    def _count(self, name: str, kind: type) -> None:
        """Note how many attributes a class has: another one may stand before that of its base."""
        if self._first(kind, ""):
            self._read(name, "", "attributes", kind, "", len(vars(kind)))

    def _of_class(self, name: str, kind: type, key: str, value: Any, enter: bool = True) -> None:
        if isinstance(value, _METHODS):
            for part in ("fget", "fset", "func", "__func__"):  # of a property, a cached one, a static or a class method
                if (inner := getattr(value, part, None)) is not None:
                    self._later(name, "", inner)
        plain = isinstance(value, FunctionType) or not hasattr(type(value), "__get__")
        read = Read(name, self._names.get(key, ""), "attribute" if plain else "descriptor", kind, key, value)
        self.reads.append(read)
        bound = isinstance(value, partialmethod) or hasattr(type(value), "cache_info")
        if (plain and enter) or bound or not class_in_library(type(value)):  # or a descriptor of the user's own
            self._later(name, read.where, value, made=True)

    def _first(self, holder: Any, key: str) -> bool:
        known = len(self._done)
        self._done.add((id(holder), key))
        return len(self._done) > known


def _defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the names of parameters and their defaults."""
    values, code = function.__defaults__ or (), function.__code__
    yield from zip(code.co_varnames[code.co_argcount - len(values) : code.co_argcount], values, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


def _runs_unnamed(key: str, value: Any, made: bool) -> bool:
    """Tell whether a method runs without being named, as that of an operator does."""
    return key[:2] == "__" and isinstance(value, _METHODS) and (made or key not in _UNNAMED)


def _attributes_of(x: Any) -> Any:
    inside = getattr(x, "__dict__", None)
    return inside if isinstance(inside, dict | MappingProxyType) else {}


def _slots_of(x: Any) -> list[str]:
    slots = [vars(kind).get("__slots__", ()) for kind in type(x).__mro__ if not class_in_library(kind)]
    return [key for names in slots for key in ((names,) if isinstance(names, str) else names) if key[:2] != "__"]


def _has_slot(holder: Any, key: str) -> bool:
    return any(key in slots for slots in _slots_in(type(holder))) and hasattr(holder, key)


# The slots of a class and its bases; most have none.
_slots_in: Callable[[type], list[Any]] = functools.lru_cache(maxsize=2048)(
    lambda kind: [slots for each in kind.__mro__ if (slots := vars(each).get("__slots__", ()))]
)


def _computed(kind: type, key: str) -> bool:
    """Tell whether a class computes an attribute, as a property does, in place of what an object holds."""
    found = next((vars(each)[key] for each in kind.__mro__ if key in vars(each)), None)
    return hasattr(type(found), "__set__") and not hasattr(type(found), "__objclass__")
