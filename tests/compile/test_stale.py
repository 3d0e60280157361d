# ruff: noqa: B009, E501, RUF012, SIM115  # tables of short programs, which read in every way that there is
"""What a function reads besides its arguments, of every kind and held in every way, is changed after it was compiled.

Each program is a holder of a number, a way to read it, a way to change it, and a place where the function finds the
holder. It is run in two worlds, as it is and compiled: the results are equal, or the first call is refused.
"""

import abc
import argparse
import array
import collections
import configparser
import contextvars
import copy
import ctypes
import dataclasses
import decimal
import enum
import fractions
import functools
import glob
import importlib
import importlib.util
import io
import itertools
import logging
import math
import mmap
import operator
import os
import pathlib
import queue
import random
import re
import shelve
import sqlite3
import subprocess
import sys
import tempfile
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from os import environ
from subprocess import check_output
from typing import Any, NamedTuple

import numpy as np
import pandas
import pytest
from pandas import read_csv

import autograd
import nn
from autograd import CompileError
from autograd import compile as compiled
from datasets import TensorDataset

from .agreement import differs

X = np.array([1.0, 2.0])
OPENED: list[Any] = []


class Holder(NamedTuple):
    """What holds a number: how it is made, and functions of it that read the number, or change it."""

    make: Callable[[], Any]
    reads: list[Callable[[Any], Any]]
    changes: list[Callable[[Any], Any]]


# Classes of the program


class Plain:
    def __init__(self, k: float = 1.0) -> None:
        self.k = k

    def read(self) -> float:
        return self.k


class Other(Plain):
    def read(self) -> float:
        return 7.0


class Slots:
    __slots__ = ("__weakref__", "k")

    def __init__(self) -> None:
        self.k = 1.0


class Computed:
    inner = 1.0

    @property
    def k(self) -> float:
        return self.inner

    def __getitem__(self, key: int) -> float:
        return self.inner

    def __call__(self) -> float:
        return self.inner


class Dynamic:
    def __init__(self) -> None:
        self.table = {"k": 1.0}

    def __getattr__(self, name: str) -> Any:
        return self.table[name]


class Descriptor:
    value = 1.0

    def __get__(self, instance: Any, owner: Any) -> float:
        return self.value


class Meta(type):
    k = 1.0

    def __len__(cls) -> int:
        return int(cls.k)


@dataclasses.dataclass
class Data:
    k: float = 1.0
    parts: list[float] = dataclasses.field(default_factory=lambda: [1.0])


class Pair(NamedTuple):
    first: Any
    second: Any


class Typed(dict[str, float]):
    pass


class Listed(list[float]):
    scale = 1.0


class Mapped(collections.UserDict[str, float]):
    factor = 1.0


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double), ("y", ctypes.c_int)]


def color() -> Any:
    class Color(enum.Enum):
        RED = [1.0]
        BLUE = [2.0]

    return Color


def put(key: Any, value: Any) -> Callable[[Any], None]:
    """Return a function that sets an item."""
    return lambda h: h.__setitem__(key, value)


def let(name: str, value: Any) -> Callable[[Any], None]:
    """Return a function that sets an attribute."""
    return lambda h: setattr(h, name, copy.copy(value))


def proxy() -> Any:
    inner = {"k": 1.0}
    made = types.MappingProxyType(inner)
    return made, inner


def a_file() -> Any:
    file = tempfile.TemporaryFile()
    OPENED.append(file)
    file.write(b"123456789" * 100)
    file.seek(0)
    return file


def a_map() -> Any:
    made = mmap.mmap(-1, 16)
    made[:8] = np.float64(1).tobytes()
    return made


def filled(made: Any) -> Any:
    for i in range(1, 9):
        made.put(float(i))
    return made


def a_database() -> Any:
    base = sqlite3.connect(":memory:")
    OPENED.append(base)
    base.execute("create table t (k real)")
    base.execute("insert into t values (1.0)")
    return base


def a_parser() -> Any:
    parser = configparser.ConfigParser()
    parser.read_dict({"a": {"k": "1.0"}})
    return parser


def a_local() -> Any:
    made = threading.local()
    made.k = 1.0
    return made


def a_variable() -> Any:
    made: contextvars.ContextVar[float] = contextvars.ContextVar("made")
    made.set(1.0)
    return made


def a_class(**attributes: Any) -> type:
    return type("Made", (Plain,), attributes)


def a_module(name: str = "made_module", text: str = "k = 1.0\nparts = [1.0]\ndef read(): return k\n") -> Any:
    module = types.ModuleType(name)
    exec(text, vars(module))
    return module


def a_closure() -> Any:
    k = 1.0

    def read() -> float:
        return k

    def change() -> None:
        nonlocal k
        k += 1

    return read, change


def a_cached() -> Any:
    box = [1.0]

    @functools.lru_cache
    def read() -> float:
        return box[0]

    return read, box


def a_dispatch() -> Any:
    @functools.singledispatch
    def read(x: Any) -> float:
        return 1.0

    return read


def a_function(k: float = 1.0, *, j: float = 0.0) -> float:
    return k + j


def copied(function: Any) -> Any:
    made = types.FunctionType(function.__code__, globals(), "copied", (1.0,))
    made.__kwdefaults__ = {"j": 0.0}
    return made


def with_attributes(function: Any, **attributes: Any) -> Any:
    vars(function).update(attributes)
    return function


def give(make: Callable[[], Any], **attributes: Any) -> Any:
    holder = make()
    for name, value in attributes.items():
        setattr(holder, name, value)
    return holder


def of_no_module() -> Any:
    """Return a class that says it is of the module builtins, as a program does that runs without a name."""
    names: dict[str, Any] = {}
    exec("class Made:\n    k = 1.0", names)
    return names["Made"]


def cached_method() -> Any:
    """Return an object with a method that caches what it reads, and what it reads."""
    held = [1.0]
    return type("Made", (), {"read": functools.lru_cache(lambda self: held[0])})(), held


def partial_method() -> Any:
    held = [1.0]
    return type("Made", (), {"read": functools.partialmethod(lambda self, k: k[0], held)})(), held


# Of kinds that hold something else than attributes, and take attributes of a program's own.
WITHOUT_FIELDS: dict[str, Callable[[], Any]] = {
    "an array": lambda: np.ones(2).view(type("Made", (np.ndarray,), {})),
    "a generator": lambda: type("Made", (random.Random,), {})(),
    "a bytearray": lambda: type("Made", (bytearray,), {})(b"a"),
    "a partial": lambda: functools.partial(sum, [1.0]),
    "an OrderedDict": collections.OrderedDict,
    "a Counter": collections.Counter,
    "a cached function": lambda: functools.lru_cache(a_function),
    "a derivative": lambda: autograd.grad(a_function),
    "an iterator": lambda: type("Made", (), {"__next__": lambda self: 1.0})(),
}


def a_logger() -> Any:
    made = logging.Logger("made", logging.WARNING)
    made.parent = logging.getLogger()
    return made


def a_pandas(kind: str) -> Any:
    made: dict[str, Callable[[], Any]] = {
        "series": lambda: pandas.Series([1.0, 2.0]),
        "frame": lambda: pandas.DataFrame({"k": [1.0, 2.0]}),
        "index": lambda: [pandas.Index([1.0, 2.0])],
    }
    return made[kind]()


class Weakly:
    """Weak containers of an object, which it keeps alive."""

    def __init__(self) -> None:
        self.kept: Any = Plain()
        self.ref = weakref.ref(self.kept)
        self.proxy = weakref.proxy(self.kept)
        self.values: Any = weakref.WeakValueDictionary(k=self.kept)
        self.keys: Any = weakref.WeakKeyDictionary({self.kept: 1.0})
        self.set: Any = weakref.WeakSet([self.kept])
        self.method: Any = weakref.WeakMethod(self.kept.read)
        self.numbers = Plain()

    def free(self) -> None:
        self.kept = None


first = lambda h: h[0]  # noqa: E731
key = lambda h: h["k"]  # noqa: E731
attribute = lambda h: h.k  # noqa: E731

HOLDERS: dict[str, Holder] = {
    "list": Holder(
        lambda: [1.0, 2.0],
        [first, sum, len, lambda h: [*h][-1], lambda h: max(h), lambda h: 1.0 if 5.0 in h else 0.0, lambda h: next(iter(h))],
        [put(0, 5.0), lambda h: h.append(5.0), lambda h: h.reverse(), lambda h: h.pop(), lambda h: h.__iadd__([5.0]),
         put(slice(None), [3.0]), lambda h: h.sort(reverse=True)],
    ),
    "dict": Holder(
        lambda: {"k": 1.0},
        [key, lambda h: h.get("k", 0.0), lambda h: sum(h.values()), len, lambda h: 2.0 if "j" in h else 1.0, lambda h: dict(**h)["k"]],
        [put("k", 5.0), lambda h: h.update(k=3.0, j=4.0), lambda h: h.__ior__({"k": 2.0}), lambda h: h.setdefault("j", 2.0)],
    ),
    "set": Holder(lambda: {1.0}, [sum, len, max], [lambda h: h.add(5.0), lambda h: h.update({3.0}), lambda h: h.clear() or h.add(2.0)]),
    "deque": Holder(lambda: collections.deque([1.0, 2.0]), [first, sum], [lambda h: h.rotate(1), lambda h: h.appendleft(4.0), put(0, 3.0)]),
    "OrderedDict": Holder(
        lambda: collections.OrderedDict(a=1.0, k=2.0), [lambda h: next(iter(h.values())), key],
        [lambda h: h.move_to_end("a"), put("k", 4.0)],
    ),
    "defaultdict": Holder(
        lambda: collections.defaultdict(lambda: 1.0, k=1.0), [key, lambda h: h.default_factory()],
        [put("k", 3.0), let("default_factory", lambda: 2.0)],
    ),
    "Counter": Holder(lambda: collections.Counter(k=1), [key, lambda h: h.total(), lambda h: h["j"]], [lambda h: h.update("kj")]),
    "UserDict": Holder(
        lambda: collections.UserDict(k=1.0), [key, lambda h: h.get("k"), lambda h: sum(h.values()), len, lambda h: h.data["k"]],
        [put("k", 4.0), lambda h: h.update(k=3.0, j=2.0), let("data", {"k": 9.0})],
    ),
    "UserDict, derived": Holder(lambda: Mapped(k=1.0), [key, lambda h: h.factor], [put("k", 4.0), let("factor", 2.0)]),
    "UserList": Holder(lambda: collections.UserList([1.0]), [first, sum, len], [put(0, 4.0), lambda h: h.append(3.0), let("data", [9.0])]),
    "UserString": Holder(lambda: collections.UserString("1.5"), [float, len, lambda h: float(str(h))], [let("data", "25")]),
    "ChainMap": Holder(
        lambda: collections.ChainMap({}, {"k": 1.0}), [key, lambda h: h.get("k"), lambda h: sum(h.values())],
        [put("k", 4.0), lambda h: h.maps[1].update(k=3.0), lambda h: h.maps.insert(0, {"k": 8.0})],
    ),
    "MappingProxyType": Holder(
        proxy, [lambda h: h[0]["k"], lambda h: h[0].get("k"), lambda h: sum(h[0].values()), lambda h: dict(h[0])["k"]],
        [lambda h: h[1].update(k=4.0)],
    ),
    "views of a dict": Holder(
        lambda: (lambda d: (d.values(), d.items(), d.keys(), d))({"k": 1.0}),
        [lambda h: sum(h[0]), lambda h: sum(v for _, v in h[1]), lambda h: len(h[2])], [lambda h: h[3].update(k=4.0, j=1.0)],
    ),
    "typed dict": Holder(lambda: Typed(k=1.0), [key], [put("k", 2.0)]),
    "derived list": Holder(lambda: Listed([1.0]), [first, lambda h: h.scale], [put(0, 2.0), let("scale", 3.0)]),
    "namedtuple": Holder(lambda: Pair([1.0], {"k": 1.0}), [lambda h: h.first[0], lambda h: h[1]["k"]], [lambda h: put(0, 3.0)(h.first) or put("k", 4.0)(h.second)]),
    "array.array": Holder(lambda: array.array("d", [1.0]), [first, sum, lambda h: h.tolist()[0]], [put(0, 4.0), lambda h: h.append(3.0)]),
    "bytearray": Holder(lambda: bytearray(b"\1"), [first, sum, len], [put(0, 4), lambda h: h.append(3)]),
    "memoryview": Holder(lambda: memoryview(bytearray(b"\1")), [first, lambda h: h.tolist()[0]], [put(0, 4)]),
    "memoryview, read only": Holder(
        lambda: (lambda b: (memoryview(b).toreadonly(), b))(bytearray(b"\1")), [lambda h: h[0][0]], [lambda h: put(0, 4)(h[1])]
    ),
    "mmap": Holder(a_map, [lambda h: np.frombuffer(h[:8])[0].item(), first, lambda h: h.read(1)[0]], [put(slice(0, 8), np.float64(3).tobytes())]),
    "ctypes scalar": Holder(lambda: ctypes.c_double(1.0), [lambda h: h.value], [let("value", 5.0)]),
    "ctypes array": Holder(lambda: (ctypes.c_double * 2)(1.0, 2.0), [first, sum], [put(0, 5.0)]),
    "ctypes structure": Holder(lambda: Point(1.0, 2), [lambda h: h.x, lambda h: h.y], [let("x", 5.0), let("y", 3)]),
    "ctypes pointer": Holder(
        lambda: (lambda c: (ctypes.pointer(c), c))(ctypes.c_double(1.0)), [lambda h: h[0].contents.value, lambda h: h[0][0]],
        [lambda h: let("value", 5.0)(h[1])],
    ),
    "ctypes text": Holder(lambda: ctypes.create_string_buffer(b"1.5"), [lambda h: float(h.value)], [let("value", b"2.5")]),
    "Event": Holder(threading.Event, [lambda h: 2.0 if h.is_set() else 1.0], [lambda h: h.set()]),
    "Lock": Holder(threading.Lock, [lambda h: 2.0 if h.locked() else 1.0], [lambda h: h.acquire(False)]),
    "RLock": Holder(threading.RLock, [lambda h: 2.0 if h._is_owned() else 1.0], [lambda h: h.acquire()]),
    "Condition": Holder(threading.Condition, [lambda h: 2.0 if h._is_owned() else 1.0], [lambda h: h.acquire()]),
    "Semaphore": Holder(lambda: threading.Semaphore(9), [lambda h: float(h._value), lambda h: 1.0 + h.acquire(False)], [lambda h: h.acquire(False), lambda h: [h.acquire(False) for _ in range(20)] and None]),
    "Barrier": Holder(lambda: threading.Barrier(2), [lambda h: 2.0 if h.broken else 1.0, lambda h: h.parties], [lambda h: h.abort()]),
    "local": Holder(a_local, [attribute], [let("k", 4.0)]),
    "Queue": Holder(lambda: filled(queue.Queue()), [lambda h: h.get(False), lambda h: h.qsize(), lambda h: 2.0 if h.empty() else 1.0, lambda h: h.queue[0], lambda h: h.get_nowait()], [lambda h: h.get(False), lambda h: h.queue.clear()]),
    "SimpleQueue": Holder(lambda: filled(queue.SimpleQueue()), [lambda h: h.get(False), lambda h: h.qsize()], [lambda h: h.get(False)]),
    "PriorityQueue": Holder(lambda: filled(queue.PriorityQueue()), [lambda h: h.get(False), lambda h: h.qsize()], [lambda h: h.get(False)]),
    "weakref.ref": Holder(Weakly, [lambda h: h.ref().k if h.ref() else 0.0, lambda h: h.proxy.k if h.ref() else 0.0, lambda h: h.method()() if h.method() else 0.0], [lambda h: h.kept and let("k", 4.0)(h.kept), lambda h: h.free()]),
    "weak dict": Holder(Weakly, [lambda h: h.values["k"].k if h.values else 0.0, lambda h: sum(h.keys.values()), lambda h: len(h.values)], [lambda h: h.kept and (put("k", h.numbers)(h.values) or put(h.kept, 3.0)(h.keys) or let("k", 3.0)(h.numbers)), lambda h: h.free()]),
    "weak set": Holder(Weakly, [lambda h: len(h.set), lambda h: sum(e.k for e in h.set)], [lambda h: h.set.add(h.numbers), lambda h: let("k", 3.0)(h.numbers)]),
    "StringIO": Holder(lambda: io.StringIO("1\n2\n3\n4\n5\n6\n7\n8"), [lambda h: float(h.getvalue()[0]), lambda h: float(h.readline()), lambda h: float(h.tell())], [lambda h: h.readline(), lambda h: h.write("9")]),
    "BytesIO": Holder(lambda: io.BytesIO(b"123456789"), [lambda h: float(h.getvalue()[:1]), lambda h: float(h.read(1)), lambda h: h.getbuffer()[0]], [lambda h: h.read(1), lambda h: h.seek(0) or h.write(b"9")]),
    "file": Holder(a_file, [lambda h: float(h.read(1)), lambda h: h.tell()], [lambda h: h.read(1)]),
    "pandas Series": Holder(lambda: a_pandas("series"), [first, lambda h: h.sum(), lambda h: h.iloc[0], lambda h: h.values[0], lambda h: len(h)], [put(0, 5.0), put(7, 3.0)]),
    "pandas DataFrame": Holder(lambda: a_pandas("frame"), [lambda h: h["k"][0], lambda h: h.k.sum(), lambda h: h.shape[1], lambda h: h.loc[0, "k"]], [put("k", 5.0), put("j", 3.0), lambda h: h.__setitem__("k", h["k"] * 2)]),
    "pandas Index": Holder(lambda: a_pandas("index"), [lambda h: h[0][0], lambda h: h[0].max()], [lambda h: put(0, h[0] * 2)(h)]),
    "SimpleNamespace": Holder(lambda: types.SimpleNamespace(k=1.0, d=[1.0]), [attribute, lambda h: h.d[0], lambda h: vars(h)["k"], lambda h: getattr(h, "k")], [let("k", 4.0), lambda h: vars(h).update(k=2.0), lambda h: put(0, 3.0)(h.d)]),
    "argparse.Namespace": Holder(lambda: argparse.Namespace(k=1.0), [attribute, lambda h: vars(h)["k"], lambda h: 2.0 if "j" in h else 1.0], [let("k", 4.0), let("j", 4.0)]),
    "ConfigParser": Holder(a_parser, [lambda h: float(h["a"]["k"]), lambda h: h.getfloat("a", "k"), lambda h: h["a"].getfloat("k"), lambda h: len(h.sections())], [lambda h: h.set("a", "k", "4.0"), lambda h: put("k", "3")(h["a"]), lambda h: h.add_section("b")]),
    "os.environ": Holder(lambda: os.environ, [lambda h: float(h.get("PLAIN_K", "1")), lambda h: float(os.getenv("PLAIN_K", "1"))], [put("PLAIN_K", "4")]),
    "count": Holder(itertools.count, [next, lambda h: float(repr(h)[6:-1])], [next]),
    "iterator": Holder(lambda: iter([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]), [next, lambda h: h.__next__(), lambda h: h.__length_hint__()], [next]),
    "generator": Holder(lambda: (float(i) for i in range(20)), [next, lambda h: h.send(None)], [next]),
    "cycle": Holder(lambda: itertools.cycle([1.0, 2.0]), [next], [next]),
    "random.Random": Holder(lambda: random.Random(0), [lambda h: h.random(), lambda h: h.gauss()], [lambda h: h.random()]),
    "numpy Generator": Holder(lambda: np.random.default_rng(0), [lambda h: h.random(), lambda h: float(h.bit_generator.state["state"]["state"] % 97)], [lambda h: h.random()]),
    "lru_cache": Holder(a_cached, [lambda h: h[0]()], [lambda h: put(0, 4.0)(h[1]) or h[0].cache_clear(), lambda h: put(0, 3.0)(h[1])]),
    "singledispatch": Holder(a_dispatch, [lambda h: h(1), lambda h: h("")], [lambda h: h.register(int, lambda x: 4.0)]),
    "ContextVar": Holder(a_variable, [lambda h: h.get()], [lambda h: h.set(4.0)]),
    "logger": Holder(a_logger, [lambda h: h.level, lambda h: 2.0 if h.isEnabledFor(20) else 1.0, lambda h: float(h.getEffectiveLevel()), lambda h: len(h.handlers)], [lambda h: h.setLevel(10), lambda h: h.addHandler(logging.NullHandler()), let("disabled", True)]),
    "sqlite3": Holder(a_database, [lambda h: h.execute("select k from t").fetchone()[0], lambda h: h.total_changes], [lambda h: h.execute("update t set k = 4.0") and None]),
    "shelve": Holder(lambda: shelve.Shelf({b"k": __import__("pickle").dumps(1.0)}), [key], [put("k", 4.0)]),
    "Decimal context": Holder(lambda: decimal.Context(prec=5), [lambda h: float(h.divide(1, 3)), lambda h: h.prec], [let("prec", 2)]),
    "Fraction": Holder(lambda: [fractions.Fraction(1, 2)], [lambda h: float(h[0]), lambda h: h[0].numerator], [put(0, fractions.Fraction(3, 4))]),
    "path": Holder(lambda: [pathlib.Path("a/1.5")], [lambda h: float(h[0].name)], [put(0, pathlib.Path("a/2.5"))]),
    "pattern": Holder(lambda: [re.compile("1+")], [lambda h: h[0].match("1112").end(), lambda h: len(h[0].pattern)], [put(0, re.compile("[12]+"))]),
    "enum": Holder(color, [lambda h: h.RED.value[0], lambda h: h["RED"].value[0], lambda h: h.RED._value_[0]], [lambda h: put(0, 4.0)(h.RED.value), lambda h: setattr(h.RED, "_value_", [6.0])]),
    "object": Holder(Plain, [attribute, lambda h: h.read(), lambda h: getattr(h, "k"), lambda h: vars(h)["k"], lambda h: h.__dict__["k"]], [let("k", 4.0), lambda h: vars(h).update(k=3.0), let("__class__", Other), let("read", lambda: 8.0), let("__dict__", {"k": 6.0})]),
    "slots": Holder(Slots, [attribute, lambda h: getattr(h, "k")], [let("k", 4.0)]),
    "property": Holder(Computed, [attribute, first, lambda h: h()], [let("inner", 4.0)]),
    "__getattr__": Holder(Dynamic, [attribute], [lambda h: put("k", 4.0)(h.table), let("k", 3.0), let("table", {"k": 2.0})]),
    "descriptor": Holder(lambda: (lambda d: (a_class(k=d)(), d))(Descriptor()), [lambda h: h[0].k], [lambda h: let("value", 4.0)(h[1])]),
    "class": Holder(lambda: a_class(k=1.0), [attribute, lambda h: getattr(h, "k"), lambda h: vars(h)["k"]], [let("k", 4.0)]),
    "derived class": Holder(
        lambda: (lambda base: (type("Derived", (base,), {})(), base))(type("Base", (), {"k": 1.0})), [lambda h: h[0].k],
        [lambda h: let("k", 4.0)(h[1]), lambda h: let("k", 5.0)(type(h[0])), lambda h: let("k", property(lambda self: 6.0))(type(h[0]))],
    ),
    "bases": Holder(
        lambda: type("Derived", (type("Base", (), {"k": 1.0, "read": lambda self: 1.0}),), {}), [attribute, lambda h: h().k, lambda h: h().read()],
        [let("__bases__", (type("Second", (), {"k": 4.0, "read": lambda self: 4.0}),))],
    ),
    "metaclass": Holder(lambda: Meta("Made", (), {}), [attribute, len], [lambda h: let("k", 4)(h), lambda h: let("__class__", type("M", (Meta,), {"k": 7.0, "__len__": lambda c: 7}))(h)]),
    "class with a new operator": Holder(lambda: type("Made", (), {"__len__": lambda self: 1})(), [len], [lambda h: setattr(type(h), "__len__", lambda self: 3)]),
    "class with a new __getattribute__": Holder(lambda: type("Made", (Plain,), {})(), [attribute], [lambda h: setattr(type(h), "__getattribute__", lambda self, name: 3.0)]),
    "dataclass": Holder(Data, [attribute, lambda h: h.parts[0], lambda h: dataclasses.astuple(h)[0], lambda h: dataclasses.replace(h).k], [let("k", 4.0), lambda h: put(0, 3.0)(h.parts)]),
    "module": Holder(a_module, [attribute, lambda h: h.read(), lambda h: h.parts[0], lambda h: getattr(h, "k"), lambda h: vars(h)["k"]], [let("k", 4.0), lambda h: put(0, 3.0)(h.parts), let("read", lambda: 9.0), lambda h: exec("k = 6.0", vars(h))]),
    "module named like a library": Holder(lambda: a_module("profile"), [attribute, lambda h: h.read(), lambda h: h.parts[0]], [let("k", 4.0), lambda h: put(0, 3.0)(h.parts)]),
    "module with __getattr__": Holder(lambda: a_module(text="table = {'k': 1.0}\ndef __getattr__(name): return table[name]\n"), [attribute], [lambda h: put("k", 4.0)(h.table), let("k", 5.0)]),
    "getter of an attribute": Holder(
        lambda: (operator.attrgetter("inner.k"), types.SimpleNamespace(inner=Plain())), [lambda h: h[0](h[1])],
        [lambda h: let("k", 4.0)(h[1].inner), lambda h: let("inner", Plain(3.0))(h[1])],
    ),
    "caller of a method": Holder(
        lambda: (operator.methodcaller("read"), Plain(), operator.methodcaller("get", "k", [1.0]), {}),
        [lambda h: h[0](h[1]), lambda h: h[2](h[3])[0]], [lambda h: let("k", 4.0)(h[1]), lambda h: put("k", [5.0])(h[3])],
    ),
    "generator of the system": Holder(lambda: [random.SystemRandom()], [lambda h: 0 * h[0].random()], [put(0, None)]),
    "closure": Holder(a_closure, [lambda h: h[0]()], [lambda h: h[1]()]),
    "function": Holder(
        lambda: copied(a_function), [lambda h: h(), lambda h: h.__defaults__[0], lambda h: h(2.0)],
        [let("__defaults__", (4.0,)), let("__kwdefaults__", {"j": 3.0}), let("__code__", (lambda k=1.0, *, j=0.0: k * 9).__code__)],
    ),
    "function with attributes": Holder(lambda: with_attributes(copied(a_function), k=1.0), [attribute], [let("k", 4.0)]),
    **{
        f"attribute of {name}": Holder(functools.partial(give, made, k=1.0), [attribute], [let("k", 4.0)])
        for name, made in WITHOUT_FIELDS.items()
    },
    "cached method": Holder(lambda: cached_method(), [lambda h: h[0].read()], [lambda h: put(0, 4.0)(h[1]), lambda h: type(h[0]).read.cache_clear()]),
    "partial method": Holder(lambda: partial_method(), [lambda h: h[0].read()], [lambda h: put(0, 4.0)(h[1])]),
    "value of a ConfigParser": Holder(a_parser, [lambda h: h.getfloat("a", "k")], [lambda h: h.set("a", "k", "4.0")]),
    "polynomial": Holder(lambda: np.poly1d([1.0, 0.0]), [lambda h: h(1.0)], [put(1, 4.0)]),
    "polynomial, and its array": Holder(
        lambda: (lambda p: (p, p.coef))(np.polynomial.Polynomial([0.0, 1.0])), [lambda h: h[0](1.0) + 0 * h[1][0]],
        [lambda h: put(1, 4.0)(h[1])],
    ),
    "method of an array, and that": Holder(
        lambda: (lambda a: (a.sum, a))(np.ones(1)), [lambda h: h[0]() + 0 * h[1]], [lambda h: put(0, 4.0)(h[1])]
    ),
    "partial of an array, and that": Holder(
        lambda: (lambda a: (functools.partial(np.sum, a), a))(np.ones(1)), [lambda h: h[0]() + 0 * h[1]],
        [lambda h: put(0, 4.0)(h[1])],
    ),
    "dataset": Holder(lambda: TensorDataset(np.ones(2)), [lambda h: h[0][0]], [lambda h: put(0, 4.0)(h.tensors[0])]),
    "class of no module": Holder(lambda: of_no_module(), [attribute, lambda h: h().k], [let("k", 4.0)]),
    "class by a function": Holder(lambda: types.new_class("Made", (), {}, lambda names: names.update(k=1.0)), [attribute], [let("k", 4.0)]),
    "class by its metaclass": Holder(lambda: abc.ABCMeta("Made", (), {"k": 1.0}), [attribute], [let("k", 4.0)]),
    "partial": Holder(
        lambda: functools.partial(sum, [1.0]), [lambda h: h(), lambda h: h.args[0][0]],
        [lambda h: put(0, 4.0)(h.args[0]), lambda h: h.__setstate__((sum, ([6.0],), {}, {}))],
    ),
    "method": Holder(lambda: Plain().read, [lambda h: h()], [lambda h: let("k", 4.0)(h.__self__)]),
    "builtin method": Holder(lambda: {"k": 1.0}.get, [lambda h: h("k")], [lambda h: put("k", 4.0)(h.__self__)]),
    "ndarray": Holder(
        lambda: np.array([1.0, 2.0]), [lambda h: h, lambda h: h[::-1], lambda h: h * 2],
        [put(0, 4.0), lambda h: h.sort(), let("dtype", np.dtype(">f8")), let("dtype", np.dtype("<f8")), lambda h: h.fill(3.0), lambda h: h.resize(2, refcheck=False), lambda h: h.byteswap(True) and None],
    ),
    "ndarray in place": Holder(
        lambda: np.arange(4.0), [lambda h: h.sum(), lambda h: h.reshape(-1)[:2], lambda h: h.T.ravel()[:2]],
        [let("shape", (2, 2)), let("strides", (8, 16)), let("dtype", np.dtype("i8")), let("dtype", np.dtype("f8"))],
    ),
    "masked array": Holder(lambda: np.ma.array([1.0, 2.0], mask=[False, True]), [lambda h: h.sum(), lambda h: float(h[0]), lambda h: h.filled(0.0)], [put(0, 4.0), let("mask", False)]),
    "record array": Holder(lambda: np.rec.array([(1.0, 2)], dtype=[("k", "f8"), ("j", "i8")]), [lambda h: h.k, lambda h: h["k"], lambda h: float(h[0].k)], [lambda h: h.k.fill(4.0)]),
    "structured array": Holder(lambda: np.array([(1.0, 2)], dtype=[("k", "f8"), ("j", "i8")]), [lambda h: h["k"], lambda h: h["k"] + h["j"], lambda h: float(h[0]["k"])], [lambda h: h["k"].fill(4.0)]),
    "structured scalar": Holder(lambda: np.array([(1.0, 2)], dtype=[("k", "f8"), ("j", "i8")])[0], [key, lambda h: h[0]], [put("k", 4.0)]),
    "array of objects": Holder(lambda: np.array([1.0, [2.0]], object), [first, lambda h: h[1][0]], [put(0, 4.0), lambda h: put(0, 3.0)(h[1])]),
    "array of no dimensions": Holder(lambda: np.array(1.0), [lambda h: h * 1], [put((), 4.0)]),
    "array of texts": Holder(lambda: np.array(["1.5"]), [lambda h: float(h[0]), lambda h: h.astype(float)], [put(0, "2.5")]),
    "array of integers": Holder(lambda: np.array([1, 0]), [lambda h: h, lambda h: X[h]], [put(0, 0)]),
    "iterator of an array": Holder(lambda: (lambda a: (a.flat, a))(np.array([1.0, 2.0])), [lambda h: h[0][0]], [lambda h: put(0, 4.0)(h[1])]),
    "tensor": Holder(lambda: autograd.tensor([1.0, 2.0]), [lambda h: h, lambda h: h.data, lambda h: h.sum()], [let("data", np.array([3.0, 4.0])), lambda h: put(0, 4.0)(h.data)]),
    "parameter": Holder(lambda: nn.Parameter(np.ones(2)), [lambda h: h], [lambda h: put(0, 4.0)(h.data)]),
    "layer": Holder(lambda: nn.Dropout(0.5), [lambda h: h.p, lambda h: 2.0 if h.training else 1.0], [let("p", 0.25), lambda h: h.eval(), let("__class__", nn.Identity)]),
    "layers": Holder(lambda: nn.Sequential(nn.Tanh(), nn.ReLU()), [lambda h: h(X), lambda h: len(h)], [lambda h: h.append(nn.Tanh()) and None, lambda h: setattr(h[0], "forward", lambda x: x * 3), put(1, nn.Sigmoid()), lambda h: setattr(h[0], "__class__", nn.Sigmoid)]),
    "frozenset of objects": Holder(lambda: (lambda p: (frozenset([p]), p))(Plain()), [lambda h: sum(e.k for e in h[0])], [lambda h: let("k", 4.0)(h[1])]),
    "exception": Holder(lambda: ValueError(1.0), [lambda h: h.args[0]], [let("args", (4.0,))]),
    "type alias": Holder(lambda: [list[int]], [lambda h: len(h[0].__args__)], [put(0, dict[int, str])]),
    "range": Holder(lambda: [range(2)], [lambda h: len(h[0])], [put(0, range(5))]),
    "dtype": Holder(lambda: [np.dtype("f8")], [lambda h: h[0].itemsize], [put(0, np.dtype("f4"))]),
}  # fmt: skip


# Of the names of a library's functions: the module, the name there, and a program that calls them by it.
MODULE_FUNCTIONS: dict[str, tuple[Any, str, Callable[[], Any]]] = {
    "np.sinc": (np, "sinc", lambda: np.sinc(X)),
    "np.linalg.norm": (np.linalg, "norm", lambda: np.linalg.norm(X)),
    "np.linalg": (np, "linalg", lambda: np.linalg.norm(X)),
    "math.sin": (math, "sin", lambda: math.sin(1.0)),
    "os.path.basename": (os.path, "basename", lambda: 2.0 if os.path.basename("a/b") == "b" else 1.0),
    "functools.reduce": (functools, "reduce", lambda: functools.reduce(max, [1.0, 2.0])),
    "nn.functional.relu": (nn.functional, "relu", lambda: nn.functional.relu(autograd.tensor(X))),
    "autograd.tensor": (autograd, "tensor", lambda: autograd.tensor(X)),
    "nn.Identity": (nn, "Identity", lambda: nn.Identity()(X)),
}
REPLACED: dict[str, Any] = {
    **dict.fromkeys(MODULE_FUNCTIONS, lambda *args: 3.0),
    "np.linalg": types.SimpleNamespace(norm=lambda x: 3.0),
    "nn.Identity": lambda: lambda x: x * 3.0,
}


HELD: Any = None


class WithHolder:
    shared: Any = None

    def __init__(self, read: Any, h: Any) -> None:
        self.h, self.read_it = h, read

    def __call__(self, x: Any) -> Any:
        return x * self.read_it(self.h)


def in_a_global(read: Any, h: Any) -> Any:
    global HELD
    HELD = h
    return lambda x: x * read(HELD)


def in_a_class(read: Any, h: Any) -> Any:
    holder: Any = type("Holding", (WithHolder,), {"shared": h})
    return lambda x: x * read(holder.shared)


def in_a_default(read: Any, h: Any) -> Any:
    def function(x: Any, h: Any = h) -> Any:
        return x * read(h)

    return function


def in_a_keyword_default(read: Any, h: Any) -> Any:
    def function(x: Any, *, h: Any = h) -> Any:
        return x * read(h)

    return function


def in_an_attribute(read: Any, h: Any) -> Any:
    held = types.SimpleNamespace(inner=Data(h))
    return lambda x: x * read(held.inner.k)


def in_containers(read: Any, h: Any) -> Any:
    held = [{"h": (0, h)}]
    return lambda x: x * read(held[0]["h"][1])


def in_a_frozen_dict(read: Any, h: Any) -> Any:
    held = types.MappingProxyType({"h": collections.UserList([h])})
    return lambda x: x * read(held["h"][0])


def called_inside(read: Any, h: Any) -> Any:
    def inner() -> Any:
        found = h
        return next(read(each) for each in [found])

    return lambda x: x * inner()


PLACES: dict[str, Callable[[Any, Any], Any]] = {
    "cell": lambda read, h: lambda x: x * read(h),
    "global": in_a_global,
    "class": in_a_class,
    "default": in_a_default,
    "keyword default": in_a_keyword_default,
    "attribute": in_an_attribute,
    "containers": in_containers,
    "frozen containers": in_a_frozen_dict,
    "callable object": WithHolder,
    "partial": lambda read, h: functools.partial(lambda h, x: x * read(h), h),
    "inner function": called_inside,
}


Program = tuple[str, str, int, int]


def programs(name: str) -> Iterator[Program]:
    """Yield each read and each change of a holder with another of the other, and two more places of the holder."""
    reads, changes = len(HOLDERS[name].reads), len(HOLDERS[name].changes)
    for i in range(max(reads, changes)):
        yield name, "cell", i % reads, i % changes
    others, k = list(PLACES)[1:], list(HOLDERS).index(name)
    for place in (others[k % len(others)], others[(k + 3) % len(others)]):
        yield name, place, 0, 0


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    before = dict(os.environ)
    yield
    while OPENED:
        OPENED.pop().close()
    os.environ.clear()
    os.environ.update(before)


def result_of(function: Callable[[Any], Any]) -> Any:
    """Return the result of a call, or the error."""
    try:
        with np.errstate(all="ignore"):
            return function(X.copy())
    except Exception as error:  # noqa: BLE001  # the other world has to raise it, too
        return error


def world(program: Program, wrap: Callable[[Any], Any]) -> list[Any]:
    """Return the results of five calls, with changes before the third and the fourth, and errors of these."""
    name, place, read, change = program
    os.environ.pop("PLAIN_K", None)
    holder = HOLDERS[name]
    held = holder.make()
    function = wrap(PLACES[place](holder.reads[read], held))
    found = [result_of(function)]
    if isinstance(found[0], CompileError):
        return found
    found.append(result_of(function))
    for i in range(2):
        try:
            holder.changes[(change + i) % len(holder.changes)](held)
        except Exception as error:  # noqa: BLE001  # the other world has to raise it, too
            found.append(error)
        found.append(result_of(function))
    return [*found, result_of(function)]


def same(was: Any, now: Any) -> bool:
    if isinstance(was, Exception):
        return type(was) is type(now)
    return not isinstance(now, Exception) and not differs(was, now)


def outcome(program: Program, fallback: Any) -> str:
    expected = world(program, lambda f: f)
    assert not isinstance(expected[0], Exception), (program, expected[0])
    found = world(program, lambda f: compiled(f, fallback=fallback))
    if isinstance(found[0], CompileError) and fallback == "raise":
        return "refused"
    assert len(expected) == len(found), (program, fallback, expected, found)
    assert all(map(same, expected, found)), (program, fallback, expected, found)
    return "right"


COUNTS: collections.Counter[str] = collections.Counter()
CONSTANT = {
    "Fraction",
    "path",
    "pattern",
    "type alias",
    "range",
    "dtype",
    "enum",
    "partial",
    "lru_cache",
    "singledispatch",
}


@pytest.fixture(scope="module", autouse=True)
def count() -> Iterator[None]:
    yield
    print(f"{COUNTS.total()} programs: {dict(COUNTS)}")


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", HOLDERS)
def test_what_was_read_is_compared_or_refused(name: str) -> None:
    outcomes = set()
    for program in programs(name):
        outcomes.add(found := outcome(program, "raise"))
        COUNTS[found] += 1
        if found == "refused" and program[1:] == ("cell", 0, 0):
            assert outcome(program, "eager") == "right"
    assert name not in CONSTANT or outcomes == {"right"}


def test_there_are_three_hundred_programs() -> None:
    assert sum(len(list(programs(name))) for name in HOLDERS) >= 300


@pytest.mark.parametrize("name", MODULE_FUNCTIONS)
def test_a_function_of_a_library_is_replaced(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, attribute, function = MODULE_FUNCTIONS[name]

    def found(wrap: Callable[[Any], Any]) -> list[Any]:
        called = wrap(lambda x: x * function())
        results = [called(X), called(X)]
        with monkeypatch.context() as patch:
            patch.setattr(module, attribute, REPLACED[name])
            results += [called(X), called(X)]
        return [*results, called(X)]

    assert not differs(found(lambda f: f), found(compiled))


def test_a_module_is_replaced_or_loaded_again(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "made_for_stale.py"
    file.write_text("k = 2.0\n")
    monkeypatch.syspath_prepend(tmp_path)

    def function(x: Any) -> Any:
        import made_for_stale  # type: ignore[import-not-found]  # while the function is recorded

        return x * made_for_stale.k

    recorded = compiled(function)
    for _ in range(2):
        assert not differs(X * 2.0, recorded(X))
    file.write_text("k = 33.0\n")
    importlib.reload(sys.modules["made_for_stale"])
    assert not differs(X * 33.0, recorded(X))
    other: Any = types.ModuleType("made_for_stale")
    other.k = 4.0
    monkeypatch.setitem(sys.modules, "made_for_stale", other)
    assert not differs(X * 4.0, recorded(X))


def test_a_programs_own_module_is_called_as_one_of_pythons(tmp_path: pathlib.Path) -> None:
    for name in ("profile", "trace", "code", "queue", "tqdm", "datasets"):
        file = tmp_path / f"{name}.py"
        file.write_text("k = 1.0\ndef f(x): return x * k\n")
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        recorded = compiled(module.f)
        assert not differs(X, recorded(X))
        assert not differs(X, recorded(X))
        module.k = 5.0
        assert not differs(X * 5.0, recorded(X))


@pytest.mark.parametrize("text", ["eval('K')", "globals()['K']", "open('K').read()"])
def test_what_reads_unseen_names_is_refused(text: str) -> None:
    names: dict[str, Any] = {"K": 1.0}
    exec(f"def function(x): return x * {text}", names)
    with pytest.raises(CompileError, match=text.partition("(")[0]):
        compiled(names["function"])(X)


def test_the_error_names_the_value_and_the_line() -> None:
    lock = threading.Lock()

    def function(x: Any) -> Any:
        with lock:
            return x * 2

    with pytest.raises(
        CompileError, match=r"lock \(of type _thread.lock, read at .*test_stale.py:\d+.*pass what it gives"
    ):
        compiled(function)(X)


def test_what_the_code_does_not_name_is_not_refused() -> None:
    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lock, self.items = threading.Lock(), queue.SimpleQueue[int]()
            self.scale = 2.0

        def forward(self, x: Any) -> Any:
            return x * self.scale

    layer = Layer()
    recorded = compiled(lambda x: layer(x))
    for scale in (2.0, 2.0, 3.0):
        layer.scale = scale
        assert not differs(X * scale, recorded(X))


OUTSIDE: dict[str, Callable[[pathlib.Path], Any]] = {
    "a table": lambda path: pandas.read_csv(path, header=None).iloc[0, 0],
    "a table by its name": lambda path: read_csv(path, header=None).iloc[0, 0],
    "a file": lambda path: float(io.open(path).read()),  # noqa: UP020 - as programs have it
    "a process": lambda path: float(subprocess.run(["cat", path], capture_output=True, check=True).stdout),
    "a process by its name": lambda path: float(check_output(["cat", path])),
    "a pipe": lambda path: float(os.popen(f"cat {path}").read()),
    "names of files": lambda path: len(glob.glob(f"{path.parent}/*")),
    "the folder": lambda path: float(len(str(pathlib.Path.cwd()))),
    "a variable of the system": lambda path: float(environ.get("PLAIN_K", "1")),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_lies_outside_the_program_is_refused(name: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "number.csv"
    path.write_text("1.5")
    read = OUTSIDE[name]
    with pytest.raises(CompileError, match="which gives something else each time"):
        compiled(lambda x: x * read(path))(X)
