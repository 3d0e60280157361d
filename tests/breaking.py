"""Arguments that are wrong, and what may come of them."""

import math
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
from scipy.sparse import eye_array

import nn
from autograd import AutogradError, Tensor, Value

Array = np.ndarray[Any, Any]

# What a wrong argument may raise; what comes of a None or an unbound name within may not.
DOCUMENTED = (
    AutogradError, ValueError, TypeError, IndexError, KeyError, OverflowError, ZeroDivisionError, FloatingPointError,
    MemoryError, OSError, NotImplementedError, RuntimeError, np.exceptions.AxisError, np.linalg.LinAlgError,
    np.ma.MaskError,
)  # fmt: skip
SECONDS = 20


class NoEndError(BaseException):
    """A call that did not return; no `except Exception` swallows it."""


def values(random: Random) -> Any:
    """Return something that is probably wrong, whatever is expected."""
    return random.choice(_VALUES)()


_VALUES: list[Callable[[], Any]] = [
    lambda: None,
    lambda: "text",
    object,
    dict,
    list,
    tuple,
    set,
    lambda: {"a": 1.0},
    lambda: [[1.0, 2.0], [3.0]],
    lambda: [None, 1.0],
    lambda: ["a", "b"],
    lambda: math.nan,
    lambda: math.inf,
    lambda: -1,
    lambda: 0,
    lambda: 7,
    lambda: -2.5,
    lambda: 10**18,
    lambda: 10**400,
    lambda: 1e308,
    lambda: True,
    lambda: 1j,
    lambda: slice(None),
    lambda: ...,
    lambda: int,
    lambda: len,
    lambda: iter([1.0, 2.0]),
    lambda: np.array([]),
    lambda: np.ones(7),
    lambda: np.ones((2, 0, 3)),
    lambda: np.ones((1, 1, 1, 1, 2)),
    lambda: np.array(["a", "b"]),
    lambda: np.array([None, 1.0], object),
    lambda: np.array("2026-01-01", "datetime64[D]"),
    lambda: np.zeros(2, [("a", float), ("b", int)]),
    lambda: np.array([0, 10**6]),
    lambda: np.array([True, False]),
    lambda: np.float64(math.nan),
    lambda: Tensor(np.ones(3), requires_grad=True),
    lambda: Tensor(np.array([0, 1])),
    lambda: Tensor(np.array(2.0), requires_grad=True),
    lambda: b"bytes",
    lambda: "mean",
    lambda: np.str_("a"),
    lambda: np.array("a"),
    lambda: {1.0, 2.0},
    lambda: (i for i in range(3)),
    lambda: range(3),
    lambda: [[]],
    lambda: (None, None),
    lambda: tuple(range(7)),
    lambda: [True, False],
    lambda: np.array(2),
    lambda: np.array(2.0),
    lambda: np.int64(2),
    lambda: np.bool_(True),
    lambda: np.float32(0.5),
    lambda: -(10**18),
    lambda: 2**63,
    lambda: 1e-300,
    lambda: -1j,
    lambda: Decimal("0.5"),
    lambda: datetime(2026, 1, 1),
    lambda: np.timedelta64(1, "D"),
    lambda: np.dtype(float),
    lambda: np.array([[1, 2], [3, 4]], object),
    lambda: np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False]),
    lambda: eye_array(3),
    lambda: memoryview(b"abc"),
    lambda: np,
    lambda: NotImplemented,
    lambda: ValueError("an error"),
    lambda: np.random.default_rng(0),
    lambda: Value(2.0),
    lambda: nn.Linear,
    lambda: nn.Linear(2, 2),
    lambda: lambda *args: None,
    lambda: lambda *args, **kwargs: args,
]

_CHANGES: list[Callable[[Array], Any]] = [
    lambda x: x[..., None],
    lambda x: x[None],
    lambda x: x[0],
    lambda x: x[..., 0],
    lambda x: x[:0],
    lambda x: x[..., :0],
    lambda x: np.concatenate([x, x[:1]]),
    lambda x: np.concatenate([x, x[..., :1]], -1),
    lambda x: x.reshape(-1),
    lambda x: x.astype(np.int64),
    lambda x: x.astype(np.uint8),
    lambda x: x.astype(bool),
    lambda x: x.astype(np.complex128),
    lambda x: x.astype(np.float16),
    lambda x: x.astype(object),
    lambda x: x.astype(str),
    lambda x: np.full_like(x, -1),
    lambda x: np.full_like(x, 0),
    lambda x: np.full_like(x, np.nan),
    lambda x: np.full_like(x, np.inf),
    lambda x: np.full_like(x, 1e308),
    lambda x: x * -1e-308,
    lambda x: x.tolist(),
    lambda x: x.view(np.recarray),
]


def change(random: Random, array: Array) -> Any:
    """Return the array in another shape or of another type, or with other values; or something else altogether."""
    for _ in range(5):
        try:
            with quiet():
                return random.choice(_CHANGES)(array)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue  # a number has no first row
    return values(random)


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings, those of NumPy about each invalid value too."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        yield caught


@contextmanager
def in_time() -> Iterator[None]:
    """Raise where a call does not return, on systems that can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: Any) -> None:
        raise NoEndError(f"no end after {SECONDS} seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of the processor: on a busy machine a clock would run out
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def arrays_in(thing: Any) -> Iterator[Any]:
    """Yield the arrays and tensors of a result, or of arguments."""
    if isinstance(thing, Tensor | np.ndarray | np.generic):
        yield thing
    elif isinstance(thing, dict):
        for item in thing.values():
            yield from arrays_in(item)
    elif isinstance(thing, list | tuple):
        for item in thing:
            yield from arrays_in(item)


def has_nan(thing: Any) -> bool:
    return any(x.dtype.kind in "fc" and np.isnan(data(x)).any() for x in arrays_in(thing))


def is_finite(thing: Any) -> bool:
    numbers = thing if isinstance(thing, tuple | list) else [thing]
    loose = all(math.isfinite(x) for x in numbers if isinstance(x, float))
    return loose and all(np.isfinite(data(x)).all() for x in arrays_in(thing) if x.dtype.kind in "fc")


def data(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x
