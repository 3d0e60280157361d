# Libraries are called here as they are not typed to be:
# mypy: ignore-errors
"""Ways for a number to leave a graph, through Python's standard library, NumPy, pandas and SciPy: one line each.

Each is a function of one number that gives one number. It computes with numbers, and with a tensor it either computes
with that too, and its derivative is right, or it raises.
"""

import array
import asyncio
import bisect
import cmath
import collections
import colorsys
import concurrent.futures
import contextvars
import copy
import ctypes
import dataclasses
import datetime
import decimal
import fractions
import functools
import heapq
import io
import itertools
import json
import math
import operator
import pickle
import random
import sqlite3
import statistics
import struct
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.sparse
import scipy.spatial
import scipy.special
import scipy.stats

Exit = Callable[[Any], Any]

A = np.array([0.5, 1.0, 2.0])
B = np.array([0.1, 0.5, 1.0, 1.5, 2.0])  # where something is interpolated
M = np.array([[2.0, 0.5, 0.1], [0.5, 3.0, 0.2], [0.1, 0.2, 4.0]])

# Functions of `math` and `cmath` of one number, and where they are asked for.
ONE = {
    "acos": 0.7, "acosh": 1.7, "asin": 0.7, "asinh": 0.7, "atan": 0.7, "atanh": 0.7, "cbrt": 0.7, "ceil": 0.7,
    "cos": 0.7, "cosh": 0.7, "degrees": 0.7, "erf": 0.7, "erfc": 0.7, "exp": 0.7, "exp2": 0.7, "expm1": 0.7,
    "fabs": 0.7, "floor": 0.7, "gamma": 1.7, "isfinite": 0.7, "isinf": 0.7, "isnan": 0.7, "lgamma": 1.7, "log": 0.7,
    "log10": 0.7, "log1p": 0.7, "log2": 0.7, "radians": 0.7, "sin": 0.7, "sinh": 0.7, "sqrt": 0.7, "tan": 0.7,
    "tanh": 0.7, "trunc": 0.7, "ulp": 0.7, "phase": 0.7,
}  # fmt: skip


def _of_math(module: Any, name: str) -> Exit:
    function = getattr(module, name)
    at = ONE[name] - 0.7
    return lambda x: abs(function(x + at) * x)


MATH: dict[str, Exit] = {
    f"{module.__name__}.{name}": _of_math(module, name)
    for module in (math, cmath)
    for name in ONE
    if hasattr(module, name)
}
MATH |= {
    "math.atan2": lambda x: math.atan2(x, 2.0) * x,
    "math.copysign": lambda x: math.copysign(x, -2.0),
    "math.dist": lambda x: math.dist([x, 1.0], [2.0, x]),
    "math.fmod": lambda x: math.fmod(x, 0.3),
    "math.frexp": lambda x: math.frexp(x)[0],
    "math.fsum": lambda x: math.fsum([x, x, 1.0]),
    "math.hypot": lambda x: math.hypot(x, x, 2.0),
    "math.isclose": lambda x: math.isclose(x, 2.0) * x,
    "math.ldexp": lambda x: math.ldexp(x, 3),
    "math.log with a base": lambda x: math.log(x, 3.0),
    "math.modf": lambda x: math.modf(x)[0] * x,
    "math.nextafter": lambda x: math.nextafter(x, 2.0) * x,
    "math.pow": lambda x: math.pow(x, 2.5),
    "math.prod": lambda x: math.prod([x, x, 2.0]),
    "math.remainder": lambda x: math.remainder(x, 0.3),
    "cmath.polar": lambda x: cmath.polar(x)[0],
    "cmath.rect": lambda x: cmath.rect(x, 0.5).real,
    "cmath.isclose": lambda x: cmath.isclose(x, 2.0) * x,
    "map of math.sin": lambda x: sum(map(math.sin, [x, 2.0])),
    "math.sin of an element": lambda x: math.sin((x * A)[1]) * x,
    "math.sin of arguments in a list": lambda x: math.sin(*[x]) * x,
}


@dataclasses.dataclass
class _Point:
    x: Any
    y: Any


class _Counts(threading.Thread):
    def __init__(self, function: Exit, x: Any) -> None:
        super().__init__()
        self.function, self.x = function, x
        self.result: Any = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.result = self.function(self.x)
        except Exception as error:  # noqa: BLE001  # which the test looks at
            self.error = error


def _in_a_thread(x: Any) -> Any:
    thread = _Counts(lambda x: math.sin(x) * x, x)
    thread.start()
    thread.join()
    if thread.error is not None:
        raise thread.error
    return thread.result


def _in_a_pool(x: Any) -> Any:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: math.sin(x) * x).result()


def _awaited(x: Any) -> Any:
    async def compute() -> Any:
        await asyncio.sleep(0)
        return math.sin(x) * x

    return asyncio.run(compute())


def _generated(x: Any) -> Any:
    def terms() -> Any:
        for power in range(3):
            yield float(x) ** power * x

    return sum(terms())


def _appended(x: Any) -> Any:
    numbers = array.array("d")
    numbers.append(x)
    return numbers[0]


def _set(target: Any, key: Any, x: Any) -> Any:
    target[key] = x
    return target[key]


def _done(target: Any, do: Callable[[Any], Any]) -> Any:
    do(target)
    return target


def _sqlite(x: Any) -> Any:
    connection = sqlite3.connect(":memory:")
    try:
        return connection.execute("select ? * 2", (x,)).fetchone()[0]
    finally:
        connection.close()


PYTHON: dict[str, Exit] = {
    "float": lambda x: float(x) * x,
    "float's method": lambda x: x.__float__() * x,
    "a list of floats": lambda x: sum([float(v) for v in x * A]),
    "map of float": lambda x: sum(map(float, [x, x])),
    "complex": lambda x: abs(complex(x, 1.0)),
    "complex of two": lambda x: complex(1.0, x).imag,
    "int": lambda x: int(x * 10) * x,
    "range of int": lambda x: sum(x * i for i in range(int(x * 10))),
    "round": lambda x: round(x * 10) * x,
    "divmod": lambda x: divmod(x, 0.3)[1],
    "pow": lambda x: pow(x, 2.5),
    "sum": lambda x: sum([x, x * x]),
    "max": lambda x: max(x, 0.5, x * x),
    "min": lambda x: min(x, 0.5, x * x),
    "abs": lambda x: abs(-x),
    "sorted": lambda x: sorted([x, x * x, 0.1])[1],
    "bool": lambda x: x * x if x else 0.0,
    "not": lambda x: x * (not x) + x,
    "comparison": lambda x: x * x if 0.1 < x < 2.0 else 0.0,
    "equality": lambda x: x * (x == x) * x,
    "membership": lambda x: x * (x in [x, 1.0]),
    "format": lambda x: x * len(f"{x:.3f}"),
    "percent": lambda x: x * len("%.3f" % x),  # noqa: UP031  # which is what is tried
    "str.format": lambda x: x * len(f"{x:8.2e}"),
    "repr": lambda x: x * bool(repr(x)),
    "hash": lambda x: x * (hash(x) == hash(x)),
    "key of a dict": lambda x: {x: x * x}[x],
    "set": lambda x: sum({x, x}),
    "operator.mul": lambda x: operator.mul(x, x),
    "operator.pow": lambda x: operator.pow(2.0, x),
    "operator.truediv": lambda x: operator.truediv(1.0, x),
    "functools.reduce": lambda x: functools.reduce(operator.mul, [x, x, 2.0]),
    "functools.lru_cache": lambda x: functools.lru_cache(lambda y: math.sin(y) * y)(x),
    "functools.partial": lambda x: functools.partial(math.atan2, x)(2.0),
    "functools.singledispatch": lambda x: functools.singledispatch(lambda y: y * y)(x),
    "itertools.accumulate": lambda x: list(itertools.accumulate([x, x, 2.0], operator.mul))[-1],
    "itertools.starmap": lambda x: sum(itertools.starmap(math.pow, [(x, 2.0)])),
    "itertools.repeat": lambda x: sum(itertools.repeat(x, 3)),
    "statistics.mean": lambda x: statistics.mean([x, x, 1.0]),
    "statistics.fmean": lambda x: statistics.fmean([x, x, 1.0]),
    "statistics.fmean with weights": lambda x: statistics.fmean([1.0, 2.0], [x, 1.0]),
    "statistics.geometric_mean": lambda x: statistics.geometric_mean([x, 2.0]),
    "statistics.harmonic_mean": lambda x: statistics.harmonic_mean([x, 2.0]),
    "statistics.median": lambda x: statistics.median([x, 0.5, 2.0]),
    "statistics.mode": lambda x: statistics.mode([x]),
    "statistics.stdev": lambda x: statistics.stdev([x, 1.0, 2.0]),
    "statistics.variance": lambda x: statistics.variance([x, 1.0, 2.0]),
    "statistics.pstdev": lambda x: statistics.pstdev([x, 1.0, 2.0]),
    "statistics.quantiles": lambda x: statistics.quantiles([x, 1.0, 2.0])[0],
    "statistics.covariance": lambda x: statistics.covariance([x, 1.0, 2.0], [1.0, 2.0, x]),
    "statistics.correlation": lambda x: statistics.correlation([x, 1.0, 2.0], [1.0, 2.5, x]),
    "statistics.linear_regression": lambda x: statistics.linear_regression([1.0, 2.0, 3.0], [x, 1.0, 2.0]).slope,
    "statistics.NormalDist": lambda x: statistics.NormalDist(x, 1.0).cdf(0.5),
    "statistics.NormalDist.pdf": lambda x: statistics.NormalDist(0.0, 1.0).pdf(x),
    "struct.pack": lambda x: struct.unpack("d", struct.pack("d", x))[0],
    "struct.pack_into": lambda x: _done(bytearray(8), lambda b: struct.pack_into("d", b, 0, x)) and x,
    "array.array": lambda x: array.array("d", [x, x])[1],
    "array.array.append": _appended,
    "array.array's element": lambda x: _set(array.array("d", [0.0]), 0, x),
    "array.array.extend": lambda x: _done(array.array("d"), lambda a: a.extend([x]))[0],
    "array.array of a vector": lambda x: sum(array.array("d", x * A)),
    "ctypes.c_double": lambda x: ctypes.c_double(x).value,
    "a ctypes array": lambda x: _set((ctypes.c_double * 2)(), 0, x),
    "memoryview": lambda x: memoryview(x * A)[0],
    "memoryview's element": lambda x: _set(memoryview(bytearray(8)).cast("d"), 0, x),
    "bytes": lambda x: np.frombuffer(bytes(x * A))[1],
    "decimal.Decimal": lambda x: float(decimal.Decimal(x)),
    "fractions.Fraction": lambda x: float(fractions.Fraction(x)),
    "fraction times it": lambda x: fractions.Fraction(1, 2) * x,
    "it times a fraction": lambda x: x * fractions.Fraction(1, 2),
    "fraction to its power": lambda x: fractions.Fraction(1, 2) ** x,
    "random.Random.gauss": lambda x: random.Random(0).gauss(x, 0.1),
    "random.Random.uniform": lambda x: random.Random(0).uniform(0.0, x),
    "random.Random.expovariate": lambda x: random.Random(0).expovariate(x),
    "random.Random.betavariate": lambda x: random.Random(0).betavariate(x, 2.0),
    "random.Random.vonmisesvariate": lambda x: random.Random(0).vonmisesvariate(x, 2.0),
    "random.Random.choices": lambda x: random.Random(0).choices([x, 2 * x], [x, 1.0])[0],
    "random.Random.triangular": lambda x: random.Random(0).triangular(0.0, 2.0, x),
    "colorsys": lambda x: colorsys.rgb_to_hsv(x, 0.2, 0.4)[0],
    "heapq.nsmallest": lambda x: heapq.nsmallest(1, [x, 2.0])[0],
    "heapq.merge": lambda x: sum(heapq.merge([x], [0.2, 2.0])),
    "bisect": lambda x: bisect.bisect([0.1, 0.5, 0.9], x) * x,
    "collections.deque": lambda x: sum(collections.deque([x, x], maxlen=1)),
    "collections.Counter": lambda x: collections.Counter({"a": x})["a"] * 2,
    "dataclasses.replace": lambda x: dataclasses.replace(_Point(1.0, 2.0), x=x).x ** 2,
    "dataclasses.asdict": lambda x: dataclasses.asdict(_Point(x, 2.0))["x"] ** 2,
    "datetime.timedelta": lambda x: datetime.timedelta(seconds=x).total_seconds(),
    "datetime.timedelta times it": lambda x: (datetime.timedelta(seconds=2) * x).total_seconds(),
    "datetime.fromtimestamp": lambda x: datetime.datetime.fromtimestamp(x, datetime.UTC).timestamp(),
    "copy.copy": lambda x: copy.copy(x) * x,
    "copy.deepcopy": lambda x: copy.deepcopy({"a": [x, x]})["a"][0] * x,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)) * x,
    "pickle to a file": lambda x: _done(io.BytesIO(), lambda file: pickle.dump(x, file)) and x,
    "json": lambda x: json.loads(json.dumps(x)),
    "sqlite3": _sqlite,
    "a thread": _in_a_thread,
    "a pool of threads": _in_a_pool,
    "a coroutine": _awaited,
    "a generator": _generated,
    "another context": lambda x: contextvars.Context().run(lambda: math.sin(x) * x),
    "an attribute": lambda x: setattr(_POINT, "x", x) or _POINT.x ** 2,
}  # fmt: skip
_POINT = _Point(0.0, 0.0)

NUMPY: dict[str, Exit] = {
    "np.array": lambda x: np.array(x) * x,
    "np.array of a list": lambda x: np.array([x, x * x]).sum(),
    "np.array with a dtype": lambda x: np.array([x, x * x], dtype=float).sum(),
    "np.array of nested lists": lambda x: np.array([[x, 1.0], [2.0, x]]).sum(),
    "np.array of objects": lambda x: np.array([x, x * x], dtype=object).sum(),
    "np.asarray": lambda x: np.asarray(x) * x,
    "np.asanyarray": lambda x: np.asanyarray(x * A).sum(),
    "np.ascontiguousarray": lambda x: np.ascontiguousarray(x * A).sum(),
    "np.asarray_chkfinite": lambda x: np.asarray_chkfinite(x * A).sum(),
    "np.float64": lambda x: np.float64(x) * x,
    "np.float32": lambda x: float(np.float32(x)) * 0 + np.float64(x),
    "np.complex128": lambda x: abs(np.complex128(x)),
    "np.fromiter": lambda x: np.fromiter([x, x * x], float).sum(),
    "np.fromiter of a generator": lambda x: np.fromiter((x * i for i in range(3)), float, 3).sum(),
    "np.fromfunction": lambda x: np.fromfunction(lambda i: x * i, (3,)).sum(),
    "np.full": lambda x: np.full(3, x).sum(),
    "np.full_like": lambda x: np.full_like(A, x).sum(),
    "np.repeat": lambda x: np.repeat(x, 3).sum(),
    "np.zeros_like": lambda x: (np.zeros_like(x * A) + x).sum(),
    "np.linspace": lambda x: np.linspace(0.0, x, 4).sum(),
    "np.logspace": lambda x: np.logspace(0.0, x, 4).sum(),
    "np.geomspace": lambda x: np.geomspace(1.0, x, 4).sum(),
    "np.arange": lambda x: np.arange(0.0, 3.0, 1.0) @ A * x,
    "np.arange to it": lambda x: np.arange(x, 3.0).sum(),
    "an element": lambda x: _set(np.zeros(3), 0, x),
    "an element of a 2-d array": lambda x: _set(np.zeros((2, 2)), (0, 1), x),
    "a slice": lambda x: _set(np.zeros(3), slice(0, 2), x).sum(),
    "a row": lambda x: _set(np.zeros((2, 3)), 0, x * A).sum(),
    "an element of complex": lambda x: _set(np.zeros(3, complex), 0, x).real,
    "an element of float32": lambda x: _set(np.zeros(3, np.float32), 0, x) * 0 + _set(np.zeros(3), 0, x),
    "an element of objects": lambda x: _set(np.zeros(3, object), 0, x) * x,
    "an element by a mask": lambda x: _set(np.zeros(3), A > 0.6, x).sum(),
    "an element by a list": lambda x: _set(np.zeros(3), [0, 2], x).sum(),
    "ellipsis": lambda x: _set(np.zeros(3), ..., x).sum(),
    "array +=": lambda x: operator.iadd(np.zeros(3), x).sum(),
    "array *=": lambda x: operator.imul(np.ones(3), x * A).sum(),
    "array.fill": lambda x: _done(np.zeros(3), lambda a: a.fill(x)).sum(),
    "array.put": lambda x: _done(np.zeros(3), lambda a: a.put(0, x)).sum(),
    "array.flat": lambda x: _set(np.zeros(3).flat, 0, x),
    "array.flat of a slice": lambda x: sum(_set(np.zeros(3).flat, slice(None), x)),
    "array.real": lambda x: _done(np.zeros(3, complex), lambda a: setattr(a, "real", x)).sum().real,
    "array.clip": lambda x: A.clip(x, 1.5).sum(),
    "array.dot": lambda x: A.dot(x * A),
    "array.dot of a list": lambda x: A.dot([x, x, 1.0]),
    "array.sum with an initial value": lambda x: A.sum(initial=x),
    "array.searchsorted": lambda x: A.searchsorted(x) * x,
    "array.choose": lambda x: np.array([0, 1]).choose([x * A[:2], A[1:]]).sum(),
    "array.__array_wrap__": lambda x: A.__array_wrap__(np.asarray(x * A)).sum(),
    "array.max with an initial value": lambda x: A.max(initial=x * 4),
    "array.itemset by a structured element": lambda x: _set(np.zeros(2, [("a", float)]), 0, (x,))["a"],
    "a field of a record": lambda x: _set(np.zeros(2, [("a", float)])["a"], 0, x),
    "a record array": lambda x: np.rec.fromarrays([x * A], names="a").a.sum(),
    "np.rec.array": lambda x: np.rec.array([(x, 1)], dtype=[("a", float), ("b", int)]).a.sum(),
    "np.rec.fromrecords": lambda x: np.rec.fromrecords([(x, 1.0)], names="a,b").a.sum(),
    "a record's field": lambda x: _done(np.rec.fromarrays([A], names="a"), lambda r: setattr(r, "a", x)).a[0],
    "np.put": lambda x: _done(np.zeros(3), lambda a: np.put(a, 0, x)).sum(),
    "np.copyto": lambda x: _done(np.zeros(3), lambda a: np.copyto(a, x)).sum(),
    "np.place": lambda x: _done(np.zeros(3), lambda a: np.place(a, a == 0, x)).sum(),
    "np.putmask": lambda x: _done(np.zeros(3), lambda a: np.putmask(a, a == 0, x)).sum(),
    "np.fill_diagonal": lambda x: _done(np.zeros((2, 2)), lambda a: np.fill_diagonal(a, x)).sum(),
    "np.put_along_axis": lambda x: _done(np.zeros(3), lambda a: np.put_along_axis(a, np.array([1]), x, 0)).sum(),
    "np.add.at": lambda x: _done(np.zeros(3), lambda a: np.add.at(a, [0, 0], x)).sum(),
    "np.add to out=": lambda x: np.add(x, A, out=np.zeros(3)).sum(),
    "np.sum to out=": lambda x: np.sum(x * A, out=np.zeros(())),
    "np.mean of a list": lambda x: np.mean([x, x * x]),
    "np.sum of a list": lambda x: np.sum([x, x * x]),
    "np.prod of a tuple": lambda x: np.prod((x, x)),
    "np.std of a list": lambda x: np.std([x, x * x]),
    "np.max of a list": lambda x: np.max([x, x * x]),
    "np.median of a list": lambda x: np.median([x, x * x, 1.0]),
    "np.linalg.norm of a list": lambda x: np.linalg.norm([x, 1.0]),
    "np.dot of lists": lambda x: np.dot([x, 1.0], [2.0, x]),
    "np.exp of a list": lambda x: np.exp([x, 1.0]).sum(),
    "np.stack": lambda x: np.stack([x, x * x]).sum(),
    "np.concatenate": lambda x: np.concatenate([x * A, A]).sum(),
    "np.block": lambda x: np.block([[x, 1.0], [2.0, x]]).sum(),
    "np.where": lambda x: np.where(A > 0.6, x, 0.0).sum(),
    "np.select": lambda x: np.select([A > 0.6], [x * A], 0.0).sum(),
    "np.piecewise": lambda x: np.piecewise(x * A, [A > 0.6], [np.sin, np.cos]).sum(),
    "np.vectorize": lambda x: np.vectorize(math.sin)(x * A).sum(),
    "np.vectorize of operators": lambda x: np.vectorize(lambda a: a * a)(x * A).sum(),
    "np.frompyfunc": lambda x: np.frompyfunc(math.sin, 1, 1)(x),
    "np.apply_along_axis": lambda x: np.apply_along_axis(np.sum, 0, x * A),
    "np.apply_over_axes": lambda x: np.apply_over_axes(np.sum, x * A, [0])[0],
    "np.nditer": lambda x: sum(float(a) for a in np.nditer(x * A)),
    "np.ndenumerate": lambda x: sum(a for _, a in np.ndenumerate(x * A)),
    "np.broadcast": lambda x: sum(a * b for a, b in np.broadcast(x * A, A)),
    "np.broadcast_arrays": lambda x: np.broadcast_arrays(x, A)[0].sum(),
    "np.as_strided": lambda x: np.lib.stride_tricks.as_strided(x * A, (2,), (8,)).sum(),
    "sliding windows": lambda x: np.lib.stride_tricks.sliding_window_view(x * A, 2).sum(),
    "np.polyval": lambda x: np.polyval([1.0, x, 2.0], x),
    "np.poly1d": lambda x: np.poly1d([1.0, x])(2.0),
    "np.poly1d at it": lambda x: np.poly1d([1.0, 2.0])(x),
    "Polynomial": lambda x: np.polynomial.Polynomial([1.0, x])(2.0),
    "Polynomial at it": lambda x: np.polynomial.Polynomial([1.0, 2.0, 3.0])(x),
    "np.polynomial.chebyshev": lambda x: np.polynomial.chebyshev.chebval(x, [1.0, 2.0, 3.0]),
    "np.interp": lambda x: np.interp(x, [0.0, 1.0], [2.0, 5.0]),
    "np.interp of values": lambda x: np.interp(0.5, [0.0, 1.0], [2.0, x]),
    "np.histogram": lambda x: np.histogram(x * A, 2)[1].sum(),
    "np.digitize": lambda x: np.digitize(x, [0.1, 0.5]) * x,
    "np.unique": lambda x: np.unique(x * A).sum(),
    "np.roots": lambda x: np.roots([1.0, -3.0, x]).max(),
    "np.percentile": lambda x: np.percentile(x * A, 30),
    "np.percentile by it": lambda x: np.percentile(A, x * 100),
    "np.clip": lambda x: np.clip(A, x, 1.5).sum(),
    "np.nan_to_num": lambda x: np.nan_to_num(x),
    "np.real_if_close": lambda x: np.real_if_close(x * x),
    "np.i0": lambda x: np.i0(x),
    "np.sinc": lambda x: np.sinc(x),
    "np.unwrap": lambda x: np.unwrap(x * A).sum(),
    "np.einsum": lambda x: np.einsum("i,i", x * A, A),
    "np.einsum_path": lambda x: np.einsum_path("i,i", x * A, A) and x,
    "np.kron": lambda x: np.kron(x * A, A).sum(),
    "np.linalg.solve": lambda x: np.linalg.solve(M * x, A).sum(),
    "np.linalg.eigvals": lambda x: np.linalg.eigvals(M * x).max().real,
    "np.linalg.cond": lambda x: np.linalg.cond(M + x),
    "np.linalg.matrix_rank": lambda x: np.linalg.matrix_rank(M * x) * x,
    "np.fft.fft": lambda x: abs(np.fft.fft(x * A)[1]),
    "np.random.Generator.normal": lambda x: np.random.default_rng(0).normal(x, 1.0),
    "np.random.Generator.uniform": lambda x: np.random.default_rng(0).uniform(0.0, x),
    "np.random.Generator.choice": lambda x: np.random.default_rng(0).choice(x * A),
    "np.random.Generator.permutation": lambda x: np.random.default_rng(0).permutation(x * A)[0],
    "np.random.Generator.multivariate_normal": lambda x: np.random.default_rng(0).multivariate_normal(x * A, M)[0],
    "np.random.gamma": lambda x: np.random.RandomState(0).gamma(x),
    "np.ma.array": lambda x: np.ma.array(x * A, mask=[0, 1, 0]).sum(),
    "np.ma.log": lambda x: np.ma.log(x * A).sum(),
    "masked times it": lambda x: (np.ma.array(A, mask=[0, 1, 0]) * x).sum(),
    "it times masked": lambda x: (x * np.ma.array(A, mask=[0, 1, 0])).sum(),
    "masked plus it": lambda x: (np.ma.array(A, mask=[0, 1, 0]) + x * A).sum(),
    "masked to its power": lambda x: (np.ma.array(A, mask=[0, 1, 0]) ** x).sum(),
    "masked +=": lambda x: operator.iadd(np.ma.array(A, mask=[0, 1, 0]), x).sum(),
    "an element of a masked array": lambda x: _set(np.ma.array(np.zeros(3), mask=[0, 1, 0]), 0, x),
    "masked.fill": lambda x: _done(np.ma.array(np.zeros(3), mask=[0, 1, 0]), lambda m: m.fill(x)).sum(),
    "masked.filled": lambda x: np.ma.array(A, mask=[0, 1, 0]).filled(x).sum(),
    "np.ma.masked_less": lambda x: np.ma.masked_less(x * A, 0.5).sum(),
    "np.ma.average": lambda x: np.ma.average(A, weights=x * A),
    "np.matrix": lambda x: np.matrix(M * x).sum(),
    "matrix times it": lambda x: (np.matrix(M) * x).sum(),
    "matrix times an array of it": lambda x: (np.matrix(M) * (M * x)).sum(),
    "array of it times a matrix": lambda x: ((M * x) * np.matrix(M)).sum(),
    "product with a matrix": lambda x: np.multiply(np.matrix(M), M * x).sum(),
    "a subclass of ndarray": lambda x: (A.view(_Labelled) * x).sum(),
    "np.float64 times it": lambda x: np.float64(2.0) * x,
    "a 0-d array to its power": lambda x: np.array(2.0) ** x,
    "np.savetxt": lambda x: _done(io.StringIO(), lambda file: np.savetxt(file, x * A)) and x,
    "np.save": lambda x: _done(io.BytesIO(), lambda file: np.save(file, x * A)) and x,
    "np.array2string": lambda x: x * bool(np.array2string(x * A)),
    "np.from_dlpack": lambda x: np.from_dlpack(x * A).sum(),
    "np.may_share_memory": lambda x: x * (not np.may_share_memory(A, M)),
    "np.isclose": lambda x: x * np.isclose(x, 2.0),
    "np.allclose": lambda x: x * np.allclose(x * A, x * A),
    "np.testing": lambda x: np.testing.assert_allclose(x, x) or x * x,
    "np.trapezoid": lambda x: np.trapezoid(x * A),
    "np.cov": lambda x: np.cov(x * A, A)[0, 1],
    "np.gradient": lambda x: np.gradient(x * A).sum(),
    "np.emath.sqrt": lambda x: np.emath.sqrt(x),
    "np.lib.scimath.log": lambda x: np.lib.scimath.log(x),
    "np.datetime64": lambda x: np.timedelta64(int(x * 10), "s") / np.timedelta64(1, "s") * x,
    "np.partition": lambda x: np.partition(x * A, 1)[1],
    "np.lexsort": lambda x: (x * A)[np.lexsort((x * A,))][0],
    "np.spacing": lambda x: np.spacing(x) * x,
    "np.modf": lambda x: np.modf(x)[0],
    "np.divmod": lambda x: np.divmod(x, 0.3)[1],
    "np.ldexp": lambda x: np.ldexp(x, 3),
    "np.frexp": lambda x: np.frexp(x)[0],
    "np.heaviside": lambda x: np.heaviside(x, 0.5) * x,
    "np.nextafter": lambda x: np.nextafter(x, 2.0) * x,
    "np.floor": lambda x: np.floor(x * 10) * x,
    "np.rint": lambda x: np.rint(x * 10.2) * x,
    "np.sign": lambda x: np.sign(x) * x,
    "np.trunc": lambda x: np.trunc(x * 10) * x,
    "np.round": lambda x: np.round(x * 10.2) * x,
    "np.floor_divide": lambda x: x // 0.3 * x,
    "np.signbit": lambda x: np.signbit(-x) * x,
    "np.argmax": lambda x: np.argmax(x * A) * x,
    "np.count_nonzero": lambda x: np.count_nonzero(x * A) * x,
}  # fmt: skip


class _Labelled(np.ndarray[Any, Any]):
    """An ndarray that is not only that."""


SCIPY: dict[str, Exit] = {
    "quad": lambda x: scipy.integrate.quad(lambda t: x * t, 0, 1)[0],
    "quad of math": lambda x: scipy.integrate.quad(lambda t: math.sin(x * t), 0, 1)[0],
    "quad with args": lambda x: scipy.integrate.quad(lambda t, a: a * t, 0, 1, args=(x,))[0],
    "quad to it": lambda x: scipy.integrate.quad(lambda t: t, 0, x)[0],
    "quad_vec": lambda x: scipy.integrate.quad_vec(lambda t: x * t, 0, 1)[0],
    "dblquad": lambda x: scipy.integrate.dblquad(lambda s, t: x * s * t, 0, 1, 0, 1)[0],
    "fixed_quad": lambda x: scipy.integrate.fixed_quad(lambda t: x * t, 0, 1)[0],
    "trapezoid": lambda x: scipy.integrate.trapezoid(x * A),
    "simpson": lambda x: scipy.integrate.simpson(x * A),
    "cumulative_trapezoid": lambda x: scipy.integrate.cumulative_trapezoid(x * A).sum(),
    "odeint": lambda x: scipy.integrate.odeint(lambda y, t: -x * y, 1.0, [0.0, 1.0])[-1, 0],
    "odeint from it": lambda x: scipy.integrate.odeint(lambda y, t: -y, x, [0.0, 1.0])[-1, 0],
    "solve_ivp": lambda x: scipy.integrate.solve_ivp(lambda t, y: -x * y, (0, 1), [1.0]).y[0, -1],
    "brentq": lambda x: scipy.optimize.brentq(lambda t: t * t - x, 0, 2),
    "bisect": lambda x: scipy.optimize.bisect(lambda t: t * t - x, 0, 2),
    "newton": lambda x: scipy.optimize.newton(lambda t: t * t - x, 1.0),
    "newton from it": lambda x: scipy.optimize.newton(lambda t: t * t - 2.0, x) * x,
    "fsolve": lambda x: scipy.optimize.fsolve(lambda t: t * t - x, 1.0)[0],
    "root": lambda x: scipy.optimize.root(lambda t: t * t - x, 1.0).x[0],
    "root_scalar": lambda x: scipy.optimize.root_scalar(lambda t: t * t - x, bracket=(0, 2)).root,
    "fixed_point": lambda x: scipy.optimize.fixed_point(lambda t: np.sqrt(t * x), 1.0),
    "minimize": lambda x: scipy.optimize.minimize(lambda t: (t[0] - x) ** 2, [0.0]).x[0],
    "minimize by Nelder-Mead": lambda x: scipy.optimize.fmin(lambda t: (t[0] - x) ** 2, [0.0], disp=False)[0],
    "minimize from it": lambda x: scipy.optimize.minimize(lambda t: (t[0] - 1.0) ** 2, [x]).x[0] * x,
    "minimize_scalar": lambda x: scipy.optimize.minimize_scalar(lambda t: (t - x) ** 2).x,
    "least_squares": lambda x: scipy.optimize.least_squares(lambda t: t - x, [0.0]).x[0],
    "curve_fit": lambda x: scipy.optimize.curve_fit(lambda t, a: a * t, A, x * A)[0][0],
    "linprog": lambda x: scipy.optimize.linprog([1.0], A_ub=[[-1.0]], b_ub=[-x]).x[0],
    "approx_fprime": lambda x: scipy.optimize.approx_fprime([1.0], lambda t: x * t[0] ** 2, 1e-6)[0],
    "interp1d": lambda x: scipy.interpolate.interp1d(B, B**2)(x),
    "interp1d of values": lambda x: scipy.interpolate.interp1d(B, x * B)(1.2),
    "CubicSpline": lambda x: scipy.interpolate.CubicSpline(B, B**2)(x),
    "CubicSpline of values": lambda x: scipy.interpolate.CubicSpline(B, x * B)(1.2),
    "Akima1DInterpolator": lambda x: scipy.interpolate.Akima1DInterpolator(B, B**2)(x),
    "PchipInterpolator": lambda x: scipy.interpolate.PchipInterpolator(B, B**2)(x),
    "make_interp_spline": lambda x: scipy.interpolate.make_interp_spline(B, x * B, 1)(1.2),
    "splev": lambda x: scipy.interpolate.splev(x, scipy.interpolate.splrep(B, B**2, k=2)),
    "RegularGridInterpolator": lambda x: scipy.interpolate.RegularGridInterpolator((B,), x * B)([1.2])[0],
    "griddata": lambda x: scipy.interpolate.griddata(B, x * B, 1.2),
    "RBFInterpolator": lambda x: scipy.interpolate.RBFInterpolator(B[:, None], x * B)([[1.2]])[0],
    "BarycentricInterpolator": lambda x: scipy.interpolate.BarycentricInterpolator(B, x * B)(1.2),
    "convolve": lambda x: scipy.signal.convolve(x * A, A).sum(),
    "fftconvolve": lambda x: scipy.signal.fftconvolve(x * A, A).sum(),
    "lfilter": lambda x: scipy.signal.lfilter([1.0], [1.0, 0.5], x * A).sum(),
    "lfilter with its coefficient": lambda x: scipy.signal.lfilter([1.0], [1.0, x], A).sum(),
    "savgol_filter": lambda x: scipy.signal.savgol_filter(x * A, 3, 1).sum(),
    "find_peaks": lambda x: scipy.signal.find_peaks(np.sin(x * np.arange(20)))[0].sum() * x,
    "resample": lambda x: scipy.signal.resample(x * A, 6).sum(),
    "hilbert": lambda x: abs(scipy.signal.hilbert(x * A)).sum(),
    "detrend": lambda x: abs(scipy.signal.detrend(x * A)).sum(),
    "butter": lambda x: scipy.signal.butter(2, x)[0][0],
    "welch": lambda x: scipy.signal.welch(x * np.arange(8.0), nperseg=4)[1].sum(),
    "norm.cdf": lambda x: scipy.stats.norm.cdf(x),
    "norm.pdf with loc": lambda x: scipy.stats.norm.pdf(0.5, loc=x),
    "norm(loc).logpdf": lambda x: scipy.stats.norm(x, 1.0).logpdf(0.5),
    "norm.rvs": lambda x: scipy.stats.norm.rvs(x, random_state=0),
    "gamma.ppf": lambda x: scipy.stats.gamma.ppf(0.5, x),
    "multivariate_normal": lambda x: scipy.stats.multivariate_normal.logpdf(x * A, A, M),
    "gaussian_kde": lambda x: scipy.stats.gaussian_kde(x * A)(1.0)[0],
    "zscore": lambda x: abs(scipy.stats.zscore(x + A**2 * x**2)).sum(),
    "pearsonr": lambda x: scipy.stats.pearsonr(A + x, A**x)[0],
    "linregress": lambda x: scipy.stats.linregress(A, x * A).slope,
    "gmean": lambda x: scipy.stats.gmean(x * A),
    "skew": lambda x: scipy.stats.skew(A**x),
    "entropy": lambda x: scipy.stats.entropy(A**x),
    "ttest_1samp": lambda x: scipy.stats.ttest_1samp(x * A, 0.1).statistic,
    "trim_mean": lambda x: scipy.stats.trim_mean(x * A, 0.1),
    "linalg.inv": lambda x: scipy.linalg.inv(M * x).sum(),
    "linalg.solve": lambda x: scipy.linalg.solve(M, x * A).sum(),
    "linalg.expm": lambda x: scipy.linalg.expm(M * x).sum(),
    "linalg.logm": lambda x: scipy.linalg.logm(M * x).sum(),
    "linalg.sqrtm": lambda x: scipy.linalg.sqrtm(M * x).sum(),
    "linalg.cholesky": lambda x: scipy.linalg.cholesky(M * x).sum(),
    "linalg.svd": lambda x: scipy.linalg.svd(M * x)[1].sum(),
    "linalg.eigh": lambda x: scipy.linalg.eigh(M * x)[0].sum(),
    "linalg.lu": lambda x: scipy.linalg.lu(M * x)[2].sum(),
    "linalg.qr": lambda x: abs(scipy.linalg.qr(M * x)[1]).sum(),
    "linalg.det": lambda x: scipy.linalg.det(M * x),
    "linalg.norm": lambda x: scipy.linalg.norm(M * x),
    "linalg.block_diag": lambda x: scipy.linalg.block_diag(M * x, M).sum(),
    "linalg.toeplitz": lambda x: scipy.linalg.toeplitz(x * A).sum(),
    "linalg.solve_triangular": lambda x: scipy.linalg.solve_triangular(M, x * A).sum(),
    "linalg.lstsq": lambda x: scipy.linalg.lstsq(M, x * A)[0].sum(),
    "gaussian_filter": lambda x: scipy.ndimage.gaussian_filter(x * A, 1.0).sum(),
    "gaussian_filter by it": lambda x: scipy.ndimage.gaussian_filter(A, x)[0],
    "map_coordinates": lambda x: scipy.ndimage.map_coordinates(A, [[x]], order=1)[0],
    "zoom": lambda x: scipy.ndimage.zoom(x * A, 2, order=1).sum(),
    "shift": lambda x: scipy.ndimage.shift(A, x, order=1).sum(),
    "uniform_filter": lambda x: scipy.ndimage.uniform_filter(x * A, 2).sum(),
    "convolve1d": lambda x: scipy.ndimage.convolve1d(x * A, A).sum(),
    "label": lambda x: scipy.ndimage.label(x * A > 0.5)[1] * x,
    "ndimage.mean": lambda x: scipy.ndimage.mean(x * A),
    "csr_matrix": lambda x: scipy.sparse.csr_matrix(M * x).sum(),
    "csr_array times it": lambda x: (scipy.sparse.csr_array(M) * x).sum(),
    "it times csr_array": lambda x: (x * scipy.sparse.csr_array(M)).sum(),
    "csr_array @ vector": lambda x: (scipy.sparse.csr_array(M) @ (x * A)).sum(),
    "vector @ csr_array": lambda x: ((x * A) @ scipy.sparse.csr_array(M)).sum(),
    "csr_array.multiply": lambda x: scipy.sparse.csr_array(M).multiply(x).sum(),
    "csr_array.dot": lambda x: scipy.sparse.csr_array(M).dot(x * A).sum(),
    "csr_array of data": lambda x: scipy.sparse.csr_array((x * A, ([0, 1, 2], [0, 1, 2]))).sum(),
    "coo_array": lambda x: scipy.sparse.coo_array((x * A, ([0, 1, 2], [0, 1, 2]))).sum(),
    "diags_array": lambda x: scipy.sparse.diags_array([x * A], offsets=[0]).sum(),
    "an element of lil_array": lambda x: _set(scipy.sparse.lil_array((2, 2)), (0, 0), x),
    "an element of dok_array": lambda x: _set(scipy.sparse.dok_array((2, 2)), (0, 0), x),
    "spsolve": lambda x: scipy.sparse.linalg.spsolve(scipy.sparse.csc_array(M), x * A).sum(),
    "cg": lambda x: scipy.sparse.linalg.cg(M, x * A)[0].sum(),
    "eigsh": lambda x: scipy.sparse.linalg.eigsh(M * x, 1)[0][0],
    "LinearOperator": lambda x: scipy.sparse.linalg.aslinearoperator(M).matvec(x * A).sum(),
    "cdist": lambda x: scipy.spatial.distance.cdist([x * A], [A])[0, 0],
    "pdist": lambda x: scipy.spatial.distance.pdist(np.stack([x * A, A]))[0],
    "euclidean": lambda x: scipy.spatial.distance.euclidean(x * A, A),
    "cosine": lambda x: scipy.spatial.distance.cosine(x + A, A),
    "KDTree": lambda x: scipy.spatial.KDTree(A[:, None]).query([x])[0],
    "Rotation": lambda x: scipy.spatial.transform.Rotation.from_euler("z", x).as_matrix()[0, 1],
    "scipy.fft.fft": lambda x: abs(scipy.fft.fft(x * A)[1]),
    "scipy.fft.dct": lambda x: scipy.fft.dct(x * A)[1],
    "special.erf": lambda x: scipy.special.erf(x),
    "special.expit": lambda x: scipy.special.expit(x),
    "special.softmax": lambda x: scipy.special.softmax(x * A)[0],
    "special.logsumexp": lambda x: scipy.special.logsumexp(x * A),
    "special.comb": lambda x: scipy.special.comb(x, 2),
    "special.factorial": lambda x: scipy.special.factorial(x),
    "special.polygamma": lambda x: scipy.special.polygamma(1, x),
    "special.jv by its order": lambda x: scipy.special.jv(x, 2.0),
    "special.roots_legendre": lambda x: scipy.special.roots_legendre(int(x * 5))[0].sum() * x,
    "special.eval_legendre": lambda x: scipy.special.eval_legendre(2, x),
    "special.sph_harm_y": lambda x: scipy.special.sph_harm_y(1, 1, x, 0.5).real,
}  # fmt: skip

PANDAS: dict[str, Exit] = {
    "Series of a vector": lambda x: pd.Series(x * A).sum(),
    "Series of a list": lambda x: pd.Series([x, x * x]).sum(),
    "Series of a list with a dtype": lambda x: pd.Series([x, x * x], dtype=float).sum(),
    "Series of a scalar": lambda x: pd.Series(x, index=range(3)).sum(),
    "Series of a dict": lambda x: pd.Series({"a": x, "b": 2.0}).sum(),
    "DataFrame of a dict": lambda x: pd.DataFrame({"a": x * A}).to_numpy().sum(),
    "DataFrame of lists": lambda x: pd.DataFrame([[x, 1.0], [2.0, x]]).to_numpy().sum(),
    "DataFrame of a matrix": lambda x: pd.DataFrame(M * x).to_numpy().sum(),
    "DataFrame of a scalar": lambda x: pd.DataFrame({"a": x}, index=[0, 1])["a"].sum(),
    "Index": lambda x: pd.Index(x * A).to_numpy().sum(),
    "Series times it": lambda x: (pd.Series(A) * x).sum(),
    "it times Series": lambda x: (x * pd.Series(A)).sum(),
    "Series plus a vector": lambda x: (pd.Series(A) + x * A).sum(),
    "Series to its power": lambda x: (pd.Series(A) ** x).sum(),
    "Series.mul": lambda x: pd.Series(A).mul(x).sum(),
    "DataFrame times it": lambda x: (pd.DataFrame(M) * x).sum().sum(),  # one by one, as before pandas 3
    "DataFrame @ vector": lambda x: (pd.DataFrame(M) @ (x * A)).sum(),
    "vector @ DataFrame": lambda x: ((x * A) @ pd.DataFrame(M)).sum(),
    "Series.dot": lambda x: pd.Series(A).dot(x * A),
    "Series.map": lambda x: pd.Series(A).map(lambda a: a * x).sum(),
    "Series.map of a dict": lambda x: pd.Series([1, 2]).map({1: x, 2: x * x}).sum(),
    "Series.map of math": lambda x: pd.Series(A).map(lambda a: math.sin(a * x)).sum(),
    "Series.apply": lambda x: pd.Series(A).apply(lambda a: a * x).sum(),
    "Series.transform": lambda x: pd.Series(A).transform(lambda s: s * x).sum(),
    "DataFrame.agg": lambda x: pd.DataFrame(A).agg(lambda s: (s * x).sum())[0],
    "DataFrame.apply": lambda x: pd.DataFrame(M).apply(lambda column: (column * x).sum()).sum(),
    "DataFrame.map": lambda x: pd.DataFrame(M).map(lambda a: a * x).to_numpy().sum(),
    "DataFrame.eval": lambda x: pd.DataFrame({"a": A}).eval("a * @x", local_dict={"x": x}).sum(),
    "DataFrame.assign": lambda x: pd.DataFrame({"a": A}).assign(b=x * A)["b"].sum(),
    "a column": lambda x: _set(pd.DataFrame({"a": A}), "b", x * A).sum(),
    "a column of a scalar": lambda x: _set(pd.DataFrame({"a": A}), "b", x).sum(),
    "Series.loc": lambda x: _done(pd.Series(A), lambda s: _set(s.loc, 0, x)).sum(),
    "Series.iloc": lambda x: _done(pd.Series(A), lambda s: _set(s.iloc, slice(0, 2), x)).sum(),
    "Series.at": lambda x: _done(pd.Series(A), lambda s: _set(s.at, 0, x)).sum(),
    "an element of a Series": lambda x: _set(pd.Series(A), 0, x),
    "DataFrame.loc": lambda x: _done(pd.DataFrame({"a": A}), lambda d: _set(d.loc, (0, "a"), x))["a"].sum(),
    "DataFrame.iloc of a row": lambda x: _done(pd.DataFrame(M), lambda d: _set(d.iloc, 0, x * A)).to_numpy().sum(),
    "Series.fillna": lambda x: pd.Series([1.0, np.nan]).fillna(x).sum(),
    "DataFrame.fillna": lambda x: pd.DataFrame({"a": [1.0, np.nan]}).fillna({"a": x})["a"].sum(),
    "Series.replace": lambda x: pd.Series(A).replace(0.5, x).sum(),
    "Series.where": lambda x: pd.Series(A).where(pd.Series(A) > 0.6, x).sum(),
    "Series.mask": lambda x: pd.Series(A).mask(pd.Series(A) > 0.6, x).sum(),
    "Series.clip": lambda x: pd.Series(A).clip(lower=x).sum(),
    "Series.rolling": lambda x: pd.Series(A).rolling(2).apply(lambda w: (w * x).sum()).sum(),
    "Series.rolling of a vector": lambda x: pd.Series(x * A).rolling(2).mean().sum(),
    "Series.ewm by it": lambda x: pd.Series(A).ewm(alpha=x).mean().sum(),
    "Series.quantile by it": lambda x: pd.Series(A).quantile(x),
    "Series.interpolate": lambda x: pd.Series([1.0, np.nan, 3.0]).interpolate().sum() * x,
    "groupby.apply": lambda x: pd.Series(A).groupby([0, 0, 1]).apply(lambda s: (s * x).sum()).sum(),
    "groupby.agg": lambda x: pd.Series(A).groupby([0, 0, 1]).agg(lambda s: s.sum() * x).sum(),
    "pd.concat": lambda x: pd.concat([pd.Series(A), pd.Series(x * A)]).sum(),
    "pd.cut": lambda x: pd.cut([0.1, 0.5], [0.0, x, 2.0]).codes.sum() * x,
    "pd.to_numeric": lambda x: pd.to_numeric([x, 1.0]).sum(),
    "pd.isna": lambda x: x * (not pd.isna(x)),
    "pd.Timedelta": lambda x: pd.Timedelta(seconds=x).total_seconds(),
    "pd.array": lambda x: pd.array([x, 1.0], dtype="Float64").sum(),
    "pd.Categorical": lambda x: pd.Categorical(x * A).codes.sum() * x,
    "np.log of a Series times it": lambda x: (np.log(pd.Series(A)) * x).sum(),
    "np.add of a Series and a vector": lambda x: np.add(pd.Series(A), x * A).sum(),
    "np.where of a Series": lambda x: np.where(pd.Series(A) > 0.6, x, 0.0).sum(),
    "to_dict": lambda x: sum(v * x for v in pd.Series(A).to_dict().values()),
    "itertuples": lambda x: sum(row.a * x for row in pd.DataFrame({"a": A}).itertuples()),
    "iterrows": lambda x: sum(row["a"] * x for _, row in pd.DataFrame({"a": A}).iterrows()),
}  # fmt: skip

if np.lib.NumpyVersion(scipy.__version__) < "1.17.0":  # which refuses what it does not know itself
    del SCIPY["eigsh"]
EXITS = {
    f"{library}: {name}": leave
    for library, table in (("math", MATH), ("python", PYTHON), ("numpy", NUMPY), ("scipy", SCIPY), ("pandas", PANDAS))
    for name, leave in table.items()
}
