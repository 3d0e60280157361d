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
into; tensors, arrays and other objects of the engine are compared by identity, also where they are elements of
containers, and not gone into either. `arrays` lists the arrays, whose contents are guarded only if that is asked for.
"""

from __future__ import annotations

import datetime
import itertools
import operator
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cached_property, partial
from types import BuiltinFunctionType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from ...graph.source_info import beginning, place
from ..pytree import REGISTERED
from .code_names import names_in
from .quoting import identifier, literal

__all__ = ["Environment", "Read"]

_missing: Any = type("missing", (), {"__repr__": lambda self: "missing"})()
_PLAIN = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis), np.generic, np.dtype, slice, range)
_CONTAINERS = (list, dict, set, deque)
# Objects of these are compared by identity: what they hold is guarded by those who know them.
_ENGINE = ("autograd", "numpy")
_LIBRARIES = {
    *sys.stdlib_module_names, "nn", "datasets", "scipy", "pandas", "polars", "sklearn", "matplotlib", "tqdm", *_ENGINE,
}  # fmt: skip
_LIBRARIES.discard("__main__")
# What gives something else each time, by the names of modules, and of functions.
_CLOCKS = ("time", "datetime", "secrets", "uuid")
_UNSTEADY = {"default_rng", "RandomState", "SeedSequence", "urandom", "uuid1", "uuid4"}
# Methods that run without being named, unless an object is made or printed.
_UNNAMED = {"__init__", "__new__", "__post_init__", "__init_subclass__", "__repr__", "__str__", "__format__", "__del__"}


# What an optimizer changes at each step.
_OWN_STATE = {"_flats", "stepped"}
_METHODS = (FunctionType, property, cached_property, staticmethod, classmethod)


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
        ``"attributes"`` (how many there are), ``"context"`` (of a context variable), ``"contents"``, ``"array"`` or
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
        self._alive = reader.alive
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
        return self.difference()


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
        self._leaves, self._contents = leaves, contents
        self._seen: set[int] = set()
        self._codes: set[CodeType] = set()
        self._names: dict[str, str] = {}  # of attributes, and where they are read
        self._everything = False
        self._holders: list[tuple[str, Any, bool]] = []
        self._named_parts: list[tuple[str, Any]] = []  # objects of which only what the code names is gone into
        self._done: set[tuple[int, str]] = set()
        self._pending: deque[tuple[str, str, Any, bool]] = deque()
        self._later(getattr(function, "__name__", type(function).__name__), "", function)
        self._run()

    @property
    def may_draw(self) -> bool:
        """Whether the code names a module of random numbers."""
        return "random" in self._names or any(value is sys.modules.get("random") for value in self.alive)

    def _run(self) -> None:
        known, first = -1, 0
        looked_for: tuple[int, bool] | None = None
        while self._pending or known != len(self._names) + len(self._holders) + len(self._named_parts):
            while self._pending:
                self._visit(*self._pending.popleft())
            known = len(self._names) + len(self._holders) + len(self._named_parts)
            for name, holder in self._named_parts:
                self._parts(name, holder)
            state = len(self._names), self._everything
            if state != looked_for:  # with the same names, those that were gone through have nothing new to read
                looked_for, first = state, 0
            for name, holder, made in self._holders[first:]:
                self._attributes(name, holder, made)
                first += 1

    def _later(self, name: str, where: str, value: Any, made: bool = False) -> None:
        """Note a value to visit; `made` says of a class that the program may make objects of it."""
        self._pending.append((name, where, value, made))

    def _read(self, name: str, where: str, kind: str, holder: Any, key: str, value: Any) -> None:
        self.reads.append(Read(name, where, kind, holder, key, value))
        if kind not in ("contents", "attributes", "array", "bytes", "descriptor"):
            self._later(name, where, value, made=True)

    def _visit(self, name: str, where: str, value: Any, made: bool) -> None:
        if isinstance(value, _PLAIN) or value is _missing or id(value) in self._seen:
            return
        self._seen.add(id(value))
        self.alive.append(value)
        if isinstance(value, self._leaves):
            self._named_parts.append((name, value))
            return
        if isinstance(value, FunctionType):
            self._function(name, value)
        elif isinstance(value, MethodType):
            self._later(name, where, value.__func__)
            self._later(name.rpartition(".")[0] or "self", where, value.__self__)
        elif isinstance(value, partial):
            for part, each in (("func", value.func), ("args", value.args), ("keywords", value.keywords)):
                self._later(f"{name}.{part}", where, each)
        elif isinstance(value, _CONTAINERS):
            self._container(name, where, value)
        elif isinstance(value, tuple | frozenset):
            for i, each in enumerate(value):
                self._later(f"{name}[{i}]", where, each)
        elif isinstance(value, np.ndarray):
            self._array(name, where, value)
        elif isinstance(value, ModuleType):
            if value.__name__ in _CLOCKS:
                self.unsteady.append(name)
            elif not _of_library(value.__name__):
                self._holders.append((name, value, False))
        elif isinstance(value, type):
            self._class(name, value, made)
        elif isinstance(value, BuiltinFunctionType):
            if value.__module__ in _CLOCKS:
                self.unsteady.append(name)
            elif not isinstance(value.__self__, ModuleType):
                self._later(name, where, value.__self__)
        else:
            self._object(name, where, value)

    def _function(self, name: str, function: FunctionType) -> None:
        home = function.__globals__.get("__name__", "")
        code = function.__code__
        if _of_library(home):
            if hasattr(function, "runs_outside"):
                return
            if home.partition(".")[0] == "nn":  # of a layer, whose attributes are the user's
                self._add_names(code, attributes_only=True)
            if home.partition(".")[0] in ("autograd", "nn") or "__wrapped__" in vars(function):
                for cell in function.__closure__ or ():  # what a transform or a decorator was given
                    self._later(name, "", _in_cell(cell))
            return
        self._read(name, beginning(code), "attribute", function, "__code__", code)
        for parameter, default in _defaults(function):
            self._later(parameter, beginning(code), default)
        for key in ("__defaults__", "__kwdefaults__"):
            value = getattr(function, key)
            self._read(f"{name}.{key}", beginning(code), "attribute", function, key, value)
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
                if not there and global_name in ("input", "open"):
                    self.unsteady.append(global_name)
        for module, line in names.imports.items():
            if module in sys.modules:
                self._later(module, place(code.co_filename, line), sys.modules[module])
        self.unsteady += [name for name in ("environ", "getenv") if name in names.attributes]
        if names.exact_type is not None:
            self.exact_types.append(place(code.co_filename, names.exact_type))
        if names.exact_class is not None:
            self.exact_classes.append(place(code.co_filename, names.exact_class))
        self._holders.append((name, function, False))

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
        if self._contents or value.dtype == object:
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
        for part, each in parts:
            if type(each) not in _PLAIN:
                self._later(part, where, each)

    def _class(self, name: str, kind: type, made: bool) -> None:
        if kind in (datetime.datetime, datetime.date):
            self.unsteady.append(name)
        for each in kind.__mro__[:-1]:
            layer = each.__module__.partition(".")[0] == "nn" and not issubclass(each, self._leaves)
            if layer or not _of_library(each.__module__):
                self._holders.append((name if each is kind else each.__name__, each, made))

    def _object(self, name: str, where: str, value: Any) -> None:
        kind = type(value)
        inside = getattr(value, "__dict__", None)
        if isinstance(value, np.random.Generator | np.random.RandomState) or hasattr(kind, "getstate"):
            self.generators.append((name, value))
        elif isinstance(value, ContextVar):
            self._read(name, where, "context", value, "", _in_context(value))
        elif isinstance(value, bytearray | memoryview) or kind.__module__ == "array":
            self._read(name, where, "bytes", value, "", bytes(value))
        elif hasattr(kind, "__next__") and _of_library(kind.__module__):
            self.unsteady.append(name)
        elif isinstance(inside, dict) and "__wrapped__" in inside:
            self._later(name, where, inside["__wrapped__"])
        elif kind.__module__.partition(".")[0] not in _ENGINE:
            self._later(kind.__name__, where, kind)
            self._holders.append((name, value, False))

    def _attributes(self, name: str, holder: Any, made: bool) -> None:
        inside = vars(holder) if hasattr(holder, "__dict__") else {}
        if isinstance(holder, type):
            self._count(name, holder)
            called = _is_called_by_engine(holder)
            for key in list(inside):
                runs = key in self._names or called or _runs_unnamed(key, inside[key], made)
                if runs and self._first(holder, key):
                    self._of_class(f"{name}.{key}", holder, key, inside[key])
            return
        # The parts of a layer or a container have names that no code needs to mention.
        kind = type(holder)
        container = kind in REGISTERED or (hasattr(kind, "__dataclass_fields__") and not _of_library(kind.__module__))
        everything = "_buffers" in inside or container or (self._everything and not isinstance(holder, ModuleType))
        if hasattr(holder, "__dict__") and not isinstance(holder, ModuleType) and self._first(holder, ""):
            self._read(name, "", "attributes", holder, "", len(inside))
        for key in [*inside, *_slots(kind)] if everything else self._names:
            value = inside.get(key, _missing) if key in inside or not _has_slot(holder, key) else getattr(holder, key)
            if value is not _missing and not _computed(type(holder), key) and self._first(holder, key):
                self._read(f"{name}.{key}", self._names.get(key, ""), "attribute", holder, key, value)

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
                own = isinstance(value, FunctionType) and _of_library(value.__globals__.get("__name__"))
                named = key in self._names and not (key[:2] == "__" and _of_library(kind.__module__))
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
        for part in ("fget", "fset", "func", "__func__"):  # of a property, a cached one, a static or a class method
            inner = getattr(value, part, None)
            if isinstance(value, _METHODS) and inner is not None:
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


def _of_library(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _LIBRARIES


def _is_called_by_engine(kind: type) -> bool:
    """Tell whether the engine calls methods of a user's class by their names, as those of a `Function`."""
    homes = [each.__module__.partition(".")[0] for each in kind.__mro__]
    return not _of_library(kind.__module__) and "autograd" in homes


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


def _slots(kind: type) -> list[str]:
    """Return the names of the attributes that objects of a class hold outside their dictionary."""
    return [key for each in kind.__mro__ for key, x in vars(each).items() if isinstance(x, MemberDescriptorType)]


def _has_slot(holder: Any, key: str) -> bool:
    return any(key in vars(kind).get("__slots__", ()) for kind in type(holder).__mro__) and hasattr(holder, key)


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
    for i, read in enumerate(reads):
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
    elif read.kind == "attribute":
        named = identifier(read.key, "")  # the parts of a sequence of layers are numbered
        text = f"{holder}.{named}" if named else f"getattr({holder}, {literal(read.key)})"
        yield f"{text} is not {value}"
    elif read.kind == "descriptor":
        yield f"vars({holder}).get({literal(read.key)}) is not {value}"
    elif read.kind == "attributes" and isinstance(read.holder, type):
        return  # those of all classes are compared together
    elif read.kind == "attributes":
        yield f"len({holder}.__dict__) != {read.value}"
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


def _compares_by_identity(x: Any) -> bool:
    equality: Any = type(x).__eq__
    return bool(equality is object.__eq__)


def _same(now: list[Any], then: list[Any]) -> bool:
    return len(now) == len(then) and all(map(operator.is_, now, then))
