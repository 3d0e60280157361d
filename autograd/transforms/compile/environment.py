"""What a function reads besides its arguments, and whether that is as it was: a guard for what was recorded from it.

Use it so, once for each program::

    environment = Environment(function)      # before the function is run, to note what it reads
    ...                                      # run it
    environment.written()                    # what the run itself changed, or drew, which a replay would not: or None
    environment.unchanged()                  # before each replay, a microsecond or so for 100 values
    environment.difference()                 # if that is False: the first value that differs, or None if all are equal

Closure cells, globals, defaults, the attributes of objects and the contents of containers are found by the names in the
bytecode of the function and of all functions of the user's that can be reached from it. What is found may be more than
a run reads, never less: an attribute counts if any of that code uses its name. The functions of libraries are not gone
into, but which functions the names of the code stand for is compared. An object of a library is read as its methods
read it; one that is written in C, whose state cannot be seen, is compared if it gives its memory as bytes, is constant
if its hash is that of a value, and is otherwise unsteady. Tensors, arrays and other objects of the engine are compared
by identity, also where they are elements of containers, and not gone into. `arrays` lists the arrays, whose contents
are guarded only if that is asked for.
"""

from __future__ import annotations

import datetime
import functools
import gc
import itertools
import math
import operator
import os
import re
import sys
import threading
import weakref
from abc import ABCMeta
from collections import UserString, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from enum import EnumMeta
from functools import cached_property, partial
from importlib.util import resolve_name
from pathlib import PurePath
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, NamedTuple

import numpy as np

from ...source.call_site import of_library
from ...source.source_info import beginning, place
from ...tensors.tensor import Tensor
from ..pytree import REGISTERED
from .code_names import Names, names_in
from .quoting import identifier, literal

_missing: Any = type("missing", (), {"__repr__": lambda self: "missing"})()
_PLAIN = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis), np.generic, np.dtype, slice, range)
_CONTAINERS = (list, dict, set, deque)
_OWN = ("autograd", "nn", "datasets")
_LIBRARIES = {*sys.stdlib_module_names, "numpy", "scipy", "pandas", "polars", "sklearn", "matplotlib", "tqdm", *_OWN}
_LIBRARIES.discard("__main__")
_HOME = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
_OWN_FOLDERS = tuple(os.path.join(_HOME, name) + os.sep for name in _OWN)
# What gives something else each time, by the names of modules, and of functions.
_CLOCKS = ("time", "datetime", "secrets", "uuid")
_UNSTEADY = {
    "default_rng", "RandomState", "SeedSequence", "urandom", "uuid1", "uuid4", "import_module", "_getframe",
}  # fmt: skip
# What asks a generator for its state, and a path for a file.
_ASKS_GENERATORS = {"getstate", "get_state", "bit_generator"}
_ASKS_FILES = {"read_text", "read_bytes", "exists", "stat", "open", "iterdir", "is_file", "is_dir", "glob"}
# Functions of Python that read what the code does not name.
_UNSEEN = {"input", "open", "eval", "exec", "globals", "__import__"}
# What decides whether a logger writes. What it does so with is not gone into: a log is written at the first call.
_LEVELS = {"level", "disabled", "parent", "manager", "disable"}
# Of these, what an object holds is seen in C alone, or must not be held.
_UNSEEN_MODULES = ("pandas", "polars", "weakref", "_weakrefset")
# Functions of modules that ask the system, or read files.
_SYSTEM = {"listdir", "scandir", "walk", "stat", "getcwd", "getloadavg", "times", "getpid", "read"}
_FILES = {"load", "loadtxt", "genfromtxt", "fromfile", "exists", "getsize", "getmtime", "isfile", "isdir"}
_SUBCLASSES = {np.ma.MaskedArray, np.memmap, np.matrix, np.recarray}
_PARTS = ("fget", "func", "__func__", "__wrapped__")
_LAYOUT = ("__slots__", "__dict__", "__weakref__")
# What is written in C and shows all that it holds; and types whose objects hold nothing that changes.
_VIEWS: tuple[type, ...] = (MappingProxyType, type({}.keys()), type({}.values()), type({}.items()), CellType)
_CONSTANT: tuple[type, ...] = (
    np.ufunc, np.random.SeedSequence, datetime.tzinfo, operator.itemgetter, operator.attrgetter, operator.methodcaller,
    property, staticmethod, classmethod, type(list.append), type(list.__add__), type([].__add__), type(int.real),
    type(FunctionType.__code__), type(FunctionType.__globals__), type(NotImplemented), re.Pattern,
)  # fmt: skip
_VISIBLE = (SimpleNamespace, BaseException)
_IMMUTABLE_TYPE = 1 << 8  # the flag of classes that are written in C
_POINTERS = frozenset("&zZPOX")  # in the format of memory: of what lies elsewhere
# Methods that run without being named, unless an object is made, copied or printed.
_UNNAMED = {
    "__init__", "__new__", "__post_init__", "__init_subclass__", "__repr__", "__str__", "__format__", "__del__",
    "__dir__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__getstate__", "__setstate__",
}  # fmt: skip


# What an optimizer changes at each step.
_OWN_STATE = {"_flats", "stepped"}
_METHODS = (FunctionType, property, cached_property, staticmethod, classmethod)


_NOT_GONE_INTO = ("contents", "attributes", "array", "bytes", "descriptor", "layout", "type", "bases", "cache")


class Read(NamedTuple):
    """A value that a function reads.

    Attributes
    ----------
    name
        How the program would write it, such as ``"config.scales[0]"``.
    where
        The file and line that first names it, as text.
    kind
        ``"cell"``, ``"global"``, ``"builtin"``, ``"attribute"``, ``"descriptor"`` (such as a property of a class),
        ``"attributes"`` (how many there are), ``"inside"`` (an attribute that a library's method reads), ``"type"``,
        ``"bases"`` (of a class, in the order in which it asks them), ``"context"`` (of a context variable),
        ``"cache"`` (how often a cached function was called), ``"contents"``, ``"array"``, ``"layout"`` (of an array) or
        ``"bytes"``.
    holder, key
        The cell, dictionary of globals, object or container that holds it, and its name there.
    value
        The value, or a copy of the contents.
    """

    name: str
    where: str
    kind: str
    holder: Any
    key: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name} (read at {self.where})" if self.where else self.name


class Environment:
    """The values that a function reads besides its arguments, as they are now.

    Parameters
    ----------
    function
        A function, method or callable object.
    leaves
        Further types whose objects are compared by identity and not gone into.
    arrays
        Whether the contents of NumPy's arrays are guarded too.

    Attributes
    ----------
    reads
        What was found.
    arrays
        The arrays among it, by name.
    unsteady
        The names of what gives something else each time and cannot be guarded: iterators, generators, clocks, files.
    exact_types, exact_classes
        Where the code asks for the ``type`` of something, which is another while it is recorded; and where that may be
        the type of a tensor.
    unchanged
        Called without arguments: whether every value is as it was, the same object or an equal number or text.
    """

    unchanged: Callable[[], bool]

    def __init__(self, function: Any, leaves: tuple[type, ...] = (), arrays: bool = False) -> None:
        self._function, self._leaves, self._contents = function, leaves, arrays
        self._random = _random_states()
        self._guarded: dict[str, np.ndarray[Any, Any]] = {}
        self._take(_Reader(function, leaves, arrays))

    @property
    def seen(self) -> list[Any]:
        """All objects that were found, such as the tensors that the function uses."""
        return self._alive

    def _take(self, reader: _Reader) -> None:
        self.reads, self.arrays, self.unsteady = self._with_contents(reader.reads), reader.arrays, reader.unsteady
        self.exact_types, self.exact_classes = reader.exact_types, reader.exact_classes
        self._may_draw = reader.may_draw
        self._generators = [(name, generator, _state(generator)) for name, generator in reader.generators]
        self._alive, self._late = reader.alive, reader.late
        self.unchanged = _printed(self.reads)

    def guard_contents(self) -> list[np.ndarray[Any, Any]]:
        """Guard the contents of the arrays that are found now, and return these; see also `arrays` of the class."""
        reader = _Reader(self._function, self._leaves, self._contents)
        self._guarded = {name: array for name, array in reader.arrays.items() if type(array) is np.ndarray}
        if self._guarded:
            self.reads = self._with_contents(self.reads)
            self.unchanged = _printed(self.reads)
        return list(self._guarded.values())

    def read_again(self) -> list[Read]:
        """Return what is found now."""
        return _Reader(self._function, self._leaves, self._contents).reads

    def _with_contents(self, reads: list[Read]) -> list[Read]:
        return reads + [Read(name, "", "array", array, "", _bits(array)) for name, array in self._guarded.items()]

    def difference(self) -> Read | None:
        """Return the first value that differs from what it was; None if all are equal, which is then as it should be.

        An equal number, text or container in the place of another is no difference.
        """
        if self.unchanged():
            return None
        reader = _Reader(self._function, self._leaves, self._contents)
        for old, new in itertools.zip_longest(self.reads, self._with_contents(reader.reads)):
            if old is None or new is None:
                return new or old
            if not _corresponds(old, new):
                return old if any(_place_of(new) == _place_of(each) for each in self.reads) else new
        self._take(reader)
        return None

    def written(self) -> Read | None:
        """Return what differs from what it was when this was made, including the states of random generators."""
        for name, generator, state in self._generators:
            if not _alike(_state(generator), state):
                return Read(name, "", "random", generator, "", state)
        drawn = self._may_draw or threading.active_count() == 1  # or another thread drew the numbers
        for (name, state), (_, now) in zip(self._random, _random_states(), strict=False):
            if drawn and not _alike(state, now):
                return Read(name, "", "random", None, "", state)
        if (changed := self.difference()) is None and any(name in sys.modules for name in self._late):
            self._take(_Reader(self._function, self._leaves, self._contents))
        return changed


class _Reader:
    """Finds what a function reads, beginning with the function itself."""

    def __init__(self, function: Any, leaves: tuple[type, ...], contents: bool) -> None:
        self.reads: list[Read] = []
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.unsteady: list[str] = []
        self.exact_types: list[str] = []
        self.exact_classes: list[str] = []
        self.generators: list[tuple[str, Any]] = []
        self.alive: list[Any] = []  # all that was seen, so that no address is used again
        self.late: list[str] = []  # modules that the code imports, and which are not loaded yet
        self._leaves, self._contents = leaves, contents
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
        first, looked_for = 0, (-1, False)
        while self._pending or known != self._extent():
            while self._pending:
                self._visit(*self._pending.popleft())
            known = self._extent()
            for name, holder in self._named_parts:
                self._parts(name, holder)
            for name, where, holder in [] if self.unsteady else list(self._of_libraries):
                self._inside(name, where, holder)
            state = len(self._names), self._everything
            if state != looked_for:  # with the same names, those that were gone through have nothing new to read
                looked_for, first = state, 0
            for name, holder, made in self._holders[first:]:
                self._attributes(name, holder, made)
                first += 1
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
        if kind not in _NOT_GONE_INTO:
            self._later(name, where, value, made=True)

    def _visit(self, name: str, where: str, value: Any, made: bool) -> None:
        kind = type(value)
        if kind in weakref.ProxyTypes:  # which any question would ask the object itself, that may be gone
            self._opaque(name, where, value)
            return
        if value is _missing or id(value) in self._seen:
            return
        if isinstance(value, _PLAIN) and _constant_class(kind) and kind is not np.void:
            return
        self._seen.add(id(value))
        self.alive.append(value)
        if isinstance(value, self._leaves):
            self._named_parts.append((name, value))
            return
        if isinstance(value, (*_CONTAINERS, tuple, frozenset, *_PLAIN)) and not _constant_class(kind):
            self._members(name, where, value)
        if isinstance(value, FunctionType):
            self._function(name, value)
        elif isinstance(value, MethodType):
            self._hand_on(value, (value.__self__,))
            self._later(name, where, value.__func__)
            self._later(name.rpartition(".")[0] or "self", where, value.__self__)
        elif isinstance(value, partial):
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
                self._later(name, where, value.__self__)
        elif isinstance(value, np.generic):
            if isinstance(value, np.void):
                self._read(name, where, "bytes", value, "", value.tobytes())
        elif not isinstance(value, _PLAIN):
            self._object(name, where, value)

    def _module(self, name: str, module: ModuleType) -> None:
        if _library(module.__name__, module.__dict__):
            if module.__name__ in _CLOCKS:
                self.unsteady.append(name)
            return
        self._holders.append((name, module, False))
        if "__getattr__" in vars(module):
            self._later(f"{name}.__getattr__", "", vars(module)["__getattr__"])

    def _function(self, name: str, function: FunctionType) -> None:
        home = function.__globals__.get("__name__", "")
        code = function.__code__
        if _library(home, function.__globals__):
            if hasattr(function, "runs_outside"):
                return
            if home.partition(".")[0] == "nn":  # of a layer, whose attributes are the user's
                self._add_names(code, attributes_only=True)
            own = home.partition(".")[0] in ("autograd", "nn")
            if own or "__wrapped__" in vars(function):
                for cell in function.__closure__ or ():  # what a transform or a decorator was given
                    self._later(name, "", _in_cell(cell))
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
        for cell_name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._read(cell_name, place(code.co_filename, names.free[cell_name]), "cell", cell, "", _in_cell(cell))
        inside = function.__globals__
        for global_name, line in names.read_globals.items():
            if (id(inside), global_name) not in self._done:
                self._done.add((id(inside), global_name))
                there = global_name in inside
                kind, value = ("global", inside[global_name]) if there else ("builtin", _missing)
                self._read(global_name, place(code.co_filename, line), kind, inside, global_name, value)
                if not there and global_name in _UNSEEN:
                    self.unsteady.append(global_name)
        for module, line in names.imports.items():
            self._import(module, place(code.co_filename, line), inside, names.attributes)
        held = dict(zip(code.co_freevars, map(_in_cell, function.__closure__ or ()), strict=True))
        for (root, *attributes), line in names.chains.items():
            holder = held.get(root, inside.get(root))
            for chain in [attributes] if attributes else [[key] for key in names.attributes]:
                self._chain(root, holder, chain, place(code.co_filename, line))
        self.unsteady += [name for name in ("environ", "getenv") if name in names.attributes]
        if names.exact_type is not None:
            self.exact_types.append(place(code.co_filename, names.exact_type))
        if names.exact_class is not None:
            self.exact_classes.append(place(code.co_filename, names.exact_class))
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
            if not isinstance(holder, ModuleType) or not _library(holder.__name__, holder.__dict__):
                return
            name, value = f"{name}.{key}", vars(holder).get(key, _missing)
            if value is sys.modules or (holder.__name__ == "os" and key in _SYSTEM) or key in _FILES:
                self.unsteady.append(name)
            elif value is not _missing and self._first(holder, key):
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
            self._read(name, where, "array", value, "", _bits(value))
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
            if type(each) not in _PLAIN:
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
        if any(not _class_of_library(each) for each in kind.__mro__[:-1]):
            self._read(name, "", "bases", kind, "", kind.__mro__)
        for each in kind.__mro__[:-1]:
            if not _class_of_library(each):
                self._count(each.__name__, each)
            layer = each.__module__.partition(".")[0] == "nn" and not issubclass(each, self._leaves)
            if layer or not _class_of_library(each):
                made = made and not _class_of_library(each)
                self._holders.append((name if each is kind else each.__name__, each, made))

    def _object(self, name: str, where: str, value: Any) -> None:
        kind = type(value)
        inside = getattr(value, "__dict__", None)
        top = kind.__module__.partition(".")[0] if _class_of_library(kind) else ""
        if isinstance(value, np.random.Generator | np.random.RandomState) or hasattr(kind, "getstate"):
            self.generators.append((name, value))
        elif isinstance(value, ContextVar):
            self._read(name, where, "context", value, "", _in_context(value))
        elif isinstance(value, _VIEWS):
            for each in gc.get_referents(value):
                self._later(name, where, each)
        elif isinstance(value, _CONSTANT):
            return
        elif hasattr(kind, "__next__") and _class_of_library(kind):
            self.unsteady.append(name)
        elif isinstance(inside, dict) and "__wrapped__" in inside:
            self._later(name, where, inside["__wrapped__"])
            if hasattr(kind, "cache_info"):
                self._read(name, where, "cache", value, "", [value.cache_info().misses])
        elif top == "autograd":
            return
        elif top in _UNSEEN_MODULES:
            self._opaque(name, where, value)
        elif top and top != "nn" and not isinstance(value, UserString) and _is_value(value):
            return
        elif (memory := _memory_of(value)) is not None:
            self._read(name, where, "bytes", value, "", memory)
        elif _state_in_c(kind) and callable(value) and isinstance(getattr(value, "__name__", None), str):
            self._later(name, where, getattr(value, "__self__", None))  # a function, such as Cython's
        elif _state_in_c(kind):
            self._opaque(name, where, value)
        else:
            self._members(name, where, value)
            if isinstance(value, BaseException):
                self._read(f"{name}.args", where, "attribute", value, "args", value.args)

    def _members(self, name: str, where: str, value: Any) -> None:
        """Read the class and the attributes of an object."""
        kind = type(value)
        if not kind.__flags__ & _IMMUTABLE_TYPE and not isinstance(value, Tensor):
            self._read(name, where, "type", value, "", kind)
        self._later(kind.__name__, where, kind)
        self._holders.append((name, value, False))
        if kind.__module__ == "logging":
            for key in _LEVELS & vars(value).keys():
                self._read(f"{name}.{key}", where, "inside", value, key, vars(value)[key])
        elif self._is_named(where, value):
            self._of_libraries.append((name, where, value))

    def _hand_on(self, value: Any, parts: Iterable[Any]) -> None:
        """Note that the parts of what the function is given are given to it, too."""
        if id(value) in self._given:
            self._given.update(map(id, parts))

    def _is_named(self, where: str, value: Any) -> bool:
        """Tell whether the code names an object, or is given it; others may be attributes that it never reads."""
        return bool(where) or id(value) in self._given

    def _opaque(self, name: str, where: str, value: Any) -> None:
        if self._is_named(where, value):
            read, kind = f", read at {where}," if where else "", type(value)
            self.unsteady.append(
                f"{name} (of type {kind.__module__}.{kind.__qualname__}{read} whose contents cannot be compared)"
            )
        else:
            self._seen.discard(id(value))  # the code may name it elsewhere

    def _inside(self, name: str, where: str, holder: Any) -> None:
        """Read what the methods of its class read of an object of a library, if the code names them."""
        everything = False
        for key, names in _methods_of(type(holder)):
            if key in self._names or key in self._inner or (key[:2] == "__" and key not in _UNNAMED):
                everything |= names.by_name
                for each in names.attributes:
                    self._inner.setdefault(each, where or name)
        inside = _attributes_of(holder)
        for key in [*inside, *_slots_of(holder)] if everything else list(self._inner):
            value = inside.get(key, _missing) if key in inside or not _has_slot(holder, key) else getattr(holder, key)
            if value is not _missing and not _computed(type(holder), key) and self._first(holder, key):
                self._read(f"{name}.{key}", where or name, "inside", holder, key, value)

    def _attributes(self, name: str, holder: Any, made: bool) -> None:
        inside = _attributes_of(holder)
        if isinstance(holder, type):
            self._count(name, holder)
            called = _is_called_by_engine(holder)
            for key in list(inside):
                named = key in self._names or called or (self._everything and key[:2] != "__")
                if (named or _runs_unnamed(key, inside[key], made)) and self._first(holder, key):
                    self._of_class(f"{name}.{key}", holder, key, inside[key])
            return
        # The parts of a layer or a container have names that no code needs to mention.
        kind = type(holder)
        container = kind in REGISTERED or (hasattr(kind, "__dataclass_fields__") and not _class_of_library(kind))
        everything = "_buffers" in inside or container or self._everything
        if self._may_miss(holder, inside) and self._first(holder, ""):
            self._read(name, "", "attributes", holder, "", len(inside))
        for key in [*inside, *_slots_of(holder)] if everything else self._names:
            if isinstance(holder, ModuleType) and key not in self._names and _defined_or_imported(inside[key]):
                continue
            value = inside.get(key, _missing) if key in inside or not _has_slot(holder, key) else getattr(holder, key)
            if value is not _missing and not _computed(type(holder), key) and self._first(holder, key):
                self._read(f"{name}.{key}", self._names.get(key, ""), "attribute", holder, key, value)

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
                own = isinstance(value, FunctionType) and _library(value.__globals__.get("__name__"), value.__globals__)
                named = key in self._names and not (key[:2] == "__" and _class_of_library(kind))
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
        if plain and enter:
            self._later(name, read.where, value, made=True)

    def _first(self, holder: Any, key: str) -> bool:
        if (id(holder), key) in self._done:
            return False
        self._done.add((id(holder), key))
        return True


def _library(name: str | None, module: dict[str, Any]) -> bool:
    """Tell whether a module is a library's: by its file, since a program may have one called profile or trace."""
    if (name or "").partition(".")[0] not in _LIBRARIES:
        return False
    file, spec = module.get("__file__"), module.get("__spec__")
    if file is None:
        return getattr(spec, "origin", None) in ("built-in", "frozen") or hasattr(spec, "submodule_search_locations")
    return of_library(file) or "dist-packages" in file or os.path.abspath(file).startswith(_OWN_FOLDERS)


def _is_of_library(kind: type) -> bool:
    """Tell whether a class is written in C, or a library's."""
    if kind.__flags__ & _IMMUTABLE_TYPE:
        return True
    module = sys.modules.get(kind.__module__)
    return module is not None and _library(kind.__module__, vars(module))


_class_of_library: Callable[[type], bool] = functools.lru_cache(maxsize=2048)(_is_of_library)


def _constant_class(kind: type) -> bool:
    """Tell whether a class, of which only the contents of its objects matter, is Python's own or NumPy's."""
    return kind.__module__ in ("builtins", "collections", "numpy", "numpy.dtypes") and _class_of_library(kind)


def _find_methods_of(kind: type) -> list[tuple[str, Names]]:
    """Return the methods that a class has of libraries other than this package, and the names in their code."""
    found: list[tuple[str, Names]] = []
    for each in kind.__mro__[:-1]:
        if _class_of_library(each) and each.__module__.partition(".")[0] not in _OWN:
            for key, value in vars(each).items():
                method = next((getattr(value, part) for part in _PARTS if hasattr(value, part)), value)
                if isinstance(method, FunctionType):
                    found.append((key, names_in(method.__code__)))
    return found


_methods_of: Callable[[type], list[tuple[str, Names]]] = functools.lru_cache(maxsize=256)(_find_methods_of)


def _state_in_c(kind: type) -> bool:
    """Tell whether what objects of a class hold is seen in C alone, and not an attribute."""
    return any(_written_in_c(each) for each in kind.__mro__[:-1] if each not in _VISIBLE)


def _written_in_c(kind: type) -> bool:
    if kind.__flags__ & _IMMUTABLE_TYPE:
        return not issubclass(kind, BaseException)
    own, base = vars(kind), kind.__base__
    return base is not None and kind.__basicsize__ != base.__basicsize__ and own.keys().isdisjoint(_LAYOUT)


def _is_value(x: Any) -> bool:
    """Tell whether the hash of an object is that of a value, which then does not change."""
    try:
        return hash(x) != object.__hash__(x)
    except (TypeError, ValueError):
        return False


def _memory_of(x: Any) -> bytes | None:
    """Return the memory of an object that gives it as bytes; None if it does not, or if there are pointers in it."""
    try:
        view = memoryview(x)
    except (TypeError, BufferError):
        return None
    pointers = _POINTERS.intersection(re.sub(":[^:]*:", "", view.format))
    return None if pointers or hasattr(x, "read") else bytes(view)


def _defined_or_imported(x: Any) -> bool:
    """Tell whether what a module holds is a function, a class or a module, which its code names where it uses it."""
    return isinstance(x, FunctionType | BuiltinFunctionType | type | ModuleType)


def _is_called_by_engine(kind: type) -> bool:
    """Tell whether the engine calls methods of a user's class by their names, as those of a `Function`."""
    homes = [each.__module__.partition(".")[0] for each in kind.__mro__]
    return not _class_of_library(kind) and "autograd" in homes


def _defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the names of parameters and their defaults."""
    values, code = function.__defaults__ or (), function.__code__
    yield from zip(code.co_varnames[code.co_argcount - len(values) : code.co_argcount], values, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


def _runs_unnamed(key: str, value: Any, made: bool) -> bool:
    """Tell whether a method runs without being named, as that of an operator does."""
    return key[:2] == "__" and isinstance(value, _METHODS) and (made or key not in _UNNAMED)


def _in_cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return _missing


def _in_context(variable: ContextVar[Any]) -> Any:
    try:
        return variable.get()
    except LookupError:  # it was not set
        return _missing


def _attributes_of(x: Any) -> Any:
    inside = getattr(x, "__dict__", None)
    return inside if isinstance(inside, dict | MappingProxyType) else {}


def _slots_of(x: Any) -> list[str]:
    slots = [vars(kind).get("__slots__", ()) for kind in type(x).__mro__ if not _class_of_library(kind)]
    return [key for names in slots for key in ((names,) if isinstance(names, str) else names) if key[:2] != "__"]


def _has_slot(holder: Any, key: str) -> bool:
    return any(key in slots for slots in _slots_in(type(holder))) and hasattr(holder, key)


def _find_slots(kind: type) -> list[Any]:
    """Return the slots of a class and its bases; most have none."""
    return [slots for each in kind.__mro__ if (slots := vars(each).get("__slots__", ()))]


_slots_in: Callable[[type], list[Any]] = functools.lru_cache(maxsize=2048)(_find_slots)


def _computed(kind: type, key: str) -> bool:
    """Tell whether a class computes an attribute, as a property does, in place of what an object holds."""
    found = next((vars(each)[key] for each in kind.__mro__ if key in vars(each)), None)
    return hasattr(type(found), "__set__") and not hasattr(type(found), "__objclass__")


def _bits(array: np.ndarray[Any, Any]) -> Any:
    return list(array.flat) if array.dtype == object else array.tobytes()


def _random_states() -> list[tuple[str, Any]]:
    states = [("numpy.random", np.random.get_state(legacy=False))]
    if "random" in sys.modules:
        states.append(("random", sys.modules["random"].getstate()))
    return states


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.getstate() if hasattr(generator, "getstate") else generator.get_state(legacy=False)


def _alike(x: Any, y: Any) -> bool:
    """Tell whether two plain values, or containers of such, are of the same types and bit by bit the same."""
    if x is y:
        return True
    if type(x) is not type(y):
        return False
    if isinstance(x, tuple | list | deque):
        return len(x) == len(y) and all(map(_alike, x, y))
    if isinstance(x, dict):
        return _alike(list(x), list(y)) and _alike(list(x.values()), list(y.values()))
    if isinstance(x, np.ndarray):
        return x.dtype == y.dtype and x.shape == y.shape and bool(_bits(x) == _bits(y))
    return isinstance(x, _PLAIN) and repr(x) == repr(y)


def _corresponds(old: Read, new: Read) -> bool:
    """Tell whether a value that is read now can stand for the one that was read.

    What containers hold and functions read is compared by itself, so only their types matter here.
    """
    if _place_of(old) != _place_of(new):
        return False
    if old.kind == "cache":
        return bool(new.value >= old.value)
    return old.kind == "attributes" or _stands_for(old.value, new.value)


def _place_of(read: Read) -> tuple[str, str, str]:
    return read.kind, read.key, read.name


def _stands_for(x: Any, y: Any) -> bool:
    if x is y:
        return True
    if type(x) is not type(y) or isinstance(x, np.ndarray):
        return False  # an equal array is another one: what is written to it later is not written to the first
    if isinstance(x, FunctionType):
        return bool(x.__code__ is y.__code__)
    if isinstance(x, list | tuple | deque):
        return len(x) == len(y) and all(map(_stands_for, x, y))
    return isinstance(x, dict | set) or _alike(x, y)


def _printed(reads: list[Read]) -> Callable[[], bool]:
    """Return a function that checks all `reads`: one line of Python for each, which costs some nanoseconds."""
    scope: dict[str, Any] = {"same": _same, "missing": _missing}
    lines = ["def unchanged():", " try:"]
    classes = [read for read in reads if read.kind == "attributes" and isinstance(read.holder, type)]
    scope |= {"classes": [vars(read.holder) for read in classes], "counts": [read.value for read in classes]}
    lines += ["  if [*map(len, classes)] != counts: return False"] if classes else []
    for i, read in enumerate(sorted(reads, key=lambda read: read.kind != "cache")):  # these have to be asked each time
        scope[f"h{i}"], scope[f"v{i}"] = read.holder, read.value
        lines += [f"  if {condition}: return False" for condition in _conditions(read, f"h{i}", f"v{i}", scope)]
    lines += ["  return True", " except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):"]
    lines += ["  return False  # it is gone, or of a type that compares in another way"]
    exec("\n".join(lines), scope)  # the text is the one above
    function: Callable[[], bool] = scope["unchanged"]
    return function


def _conditions(read: Read, holder: str, value: str, scope: dict[str, Any]) -> Iterator[str]:
    if read.kind == "cell":
        empty = read.value is _missing
        yield f"{holder}.cell_contents is not {value}" if not empty else f"filled({holder})"
        scope.setdefault("filled", lambda cell: _in_cell(cell) is not _missing)
    elif read.kind == "global":
        yield f"{holder}[{literal(read.key)}] is not {value}"
    elif read.kind == "builtin":
        yield f"{literal(read.key)} in {holder}"
    elif read.kind in ("attribute", "inside"):
        named = identifier(read.key, "")  # the parts of a sequence of layers are numbered
        text = f"{holder}.{named}" if named else f"getattr({holder}, {literal(read.key)})"
        yield f"{text} is not {value}"
    elif read.kind == "descriptor":
        yield f"vars({holder}).get({literal(read.key)}) is not {value}"
    elif read.kind == "attributes" and isinstance(read.holder, type):
        return  # those of all classes are compared together
    elif read.kind == "attributes":
        yield f"len({holder}.__dict__) != {read.value}"
    elif read.kind == "type":
        yield f"{holder}.__class__ is not {value}"
    elif read.kind == "bases":
        yield f"{holder}.__mro__ is not {value}"
    elif read.kind == "cache":
        scope["cleared"] = _cleared
        yield f"cleared({holder}, {value})"
    elif read.kind == "layout":
        dtype, strides, length = read.value
        scope[f"{value}d"], scope[f"{value}s"] = dtype, strides  # which with the length tell the shape
        yield f"{holder}.dtype is not {value}d or {holder}.strides != {value}s"
        yield f"len({holder}) != {length[0]}" if length else "False"
    elif read.kind == "context":
        scope["in_context"] = _in_context
        yield f"in_context({holder}) is not {value}"
    elif read.kind == "bytes":
        yield f"bytes({holder}) != {value}"
    elif read.kind == "array":
        compared = "not same" if type(read.value) is list else "differ"
        scope |= {"bits": _bits, "differ": operator.ne}
        yield f"{compared}(bits({holder}), {value})"
    elif not read.value:
        yield holder  # it was empty
    elif isinstance(read.holder, dict):
        yield f"not same([*{holder}, *{holder}.values()], {value})"
    elif type(read.holder) is list and all(map(_compares_by_identity, read.value)):
        yield f"{holder} != {value}"  # ten times faster
    else:
        yield f"not same(list({holder}), {value})"


def _cleared(function: Any, misses: list[float]) -> bool:
    """Tell whether the cache of a function was cleared since it was asked first."""
    now = function.cache_info().misses
    misses[0] = now if now >= misses[0] else math.inf  # which stays: what it gave before is not what it gives
    return misses[0] == math.inf


def _compares_by_identity(x: Any) -> bool:
    equality: Any = type(x).__eq__
    return bool(equality is object.__eq__)


def _same(now: list[Any], then: list[Any]) -> bool:
    return len(now) == len(then) and all(map(operator.is_, now, then))
