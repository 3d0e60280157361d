"""The door: what may stand for an ndarray, and what the engine asks of it.

`vmap` and `compile` hand functions arrays of other types, to which NumPy's functions apply. Modules that compute with
them need not know these types: they ask the functions here, which know each kind by the set of types that it registers
in. See `arrays.batched` and `arrays.traced`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from ..errors import BatchError
from .standin import StandIn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike as ArrayLike
    from numpy.typing import DTypeLike as DTypeLike
else:  # which take half a millisecond to import
    ArrayLike = DTypeLike = object

F = TypeVar("F", bound=Callable[..., Any])
ndarray = np.ndarray
Array = np.ndarray[Any, Any]
numpy: Any = np  # whose annotations accept ndarrays, literal flags and names of methods alone

#: The types that a rule or forward may take for an ndarray; `compile` adds that of its traced arrays.
ARRAY_TYPES: set[type] = {ndarray}
#: The types of arrays of a batch, whose `value` is the array of all its elements, and whose `level` the call of `vmap`.
BATCH_TYPES: set[type] = set()
#: The types of arrays whose uses are noted while `compile` records, and whose `value` is the real one.
TRACED_TYPES: set[type] = set()
# What a function raises that meets batched arrays and knows no batches.
FAILURES = (TypeError, ValueError, AttributeError, IndexError, NotImplementedError)

running: ContextVar[tuple[Level, ...]] = ContextVar("levels of vmap", default=())
# Who records in this thread, if anybody does.
recorder: ContextVar[Recorder | None] = ContextVar("recorder of compile", default=None)
# Whether a graph is being walked, which may hold what was batched by a call that has ended.
walking: ContextVar[bool] = ContextVar("walking", default=False)


class Used:
    """Whether `vmap` and `compile` were used in this process; until then, nobody need look for their arrays."""

    vmap = compile = False


class Level(Protocol):
    """One call of `vmap`: the size of its batch, and how NumPy's functions and operations go with it.

    `primitives.batching` defines it.

    Attributes
    ----------
    size
        How many elements the batch has.
    number
        Greater than that of every node made before; of two calls, one within the other, the inner has the greater one.
    active
        Whether the call still runs.
    of_pattern
        Whether it is a call of `sparsity`, which has no batch; see `primitives.patterns`.
    units
        An array of the batch that holds multiples of unit vectors, and where the first one is not 0: a product with it
        is rows of the other factor.
    """

    size: int
    number: int
    active: bool
    of_pattern: bool
    units: tuple[Array | None, int]

    def batched(self, value: Any) -> Any: ...
    def call_ufunc(self, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...
    def call(self, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...
    def getitem(self, x: Any, key: Any) -> Any: ...
    def setitem(self, x: Any, key: Any, value: Any) -> None: ...
    def scatter(self, add: Callable[..., Array], x: Any, key: Any, shape: tuple[int, ...]) -> Any: ...
    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> Any: ...
    def elementwise(self, function: Callable[..., object], values: tuple[Any, ...]) -> Any: ...
    def loop(self, name: str, function: Callable[..., object], args: tuple[Any, ...]) -> Any: ...
    def loop_call(self, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...
    def shared(self, node: Any, array: Any) -> Any: ...
    def leave(self, x: Any) -> Any: ...
    def branch(self, condition: Any) -> bool: ...
    def refuse_mask(self, x: object) -> None: ...
    def check_running(self, x: Any) -> None: ...


def walks(function: F) -> F:
    """Decorate a function that walks a graph, which may hold what was batched by a call of `vmap` that has ended."""

    @wraps(function)
    def walk(*args: Any) -> Any:
        if not Used.vmap:
            return function(*args)
        around = walking.get()
        try:
            walking.set(True)
            return function(*args)
        finally:
            walking.set(around)

    return walk  # type: ignore[return-value]  # has the signature of the function it wraps


class Recorder(Protocol):
    """Notes what is computed with traced arrays; `transforms.compile` defines it."""

    fuses: bool  # whether calls become loops that go through memory once
    loops: bool  # whether of a loop one step is recorded

    def records(self) -> bool: ...
    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Any: ...
    def answer(self, x: Any, what: str) -> Any: ...
    def item(self, x: Any) -> Any: ...
    def text(self, x: Any) -> Any: ...
    def refuse(self, what: str, remedy: str, where: str = "") -> None: ...
    def constant(self, array: Array) -> Any: ...
    def outside(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...
    def drawn(self, sample: Callable[..., Any], generator: Callable[[], Any], args: tuple[Any, ...]) -> Any: ...
    def is_copy(self, x: Any, of: Any) -> bool: ...
    def replaces_gradient(self, tensor: Any) -> None: ...
    def rolls(self, calls: int) -> bool: ...
    def uses_gradient(self, tensor: Any) -> None: ...
    def finite(self, total: Any) -> Any: ...


#: What makes an array of a table, and None of anything else: tensors know tables.
table_readers: list[Callable[[Any], Any]] = []


def contents(trees: list[Any]) -> list[Any]:
    """Return what stands in lists, tuples and dicts."""
    pending, found = trees, []
    for part in pending:  # grows while it is iterated over
        kind = type(part)
        if kind is ndarray:
            continue
        if kind is tuple or kind is list or isinstance(part, tuple):
            pending += part
        elif kind is dict:
            pending += part.values()
        else:
            found.append(part)
    return found


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return tuples, lists, dicts and slices with a function applied to what stands in them, and to all else itself."""
    kind = type(tree)
    if kind is tuple or kind is list:
        return kind([mapped(function, part) for part in tree])
    if kind is slice:
        return slice(mapped(function, tree.start), mapped(function, tree.stop), mapped(function, tree.step))
    if kind is dict:
        return {name: mapped(function, part) for name, part in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return kind(*[mapped(function, part) for part in tree])
    return function(tree)


def levels() -> tuple[Level, ...]:
    """Return the calls of `vmap` that run in this thread, the outermost first.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import vmap
    >>> from autograd.extend import levels
    >>> vmap(lambda x: x * levels()[-1].size)(np.ones(3))
    array([3., 3., 3.])
    """
    return running.get()


def innermost(*given: Any) -> Level | None:
    """Return the innermost call of `vmap` that has one of some arrays in its batch, or None.

    The arrays may be in tensors, and in lists, tuples and dicts.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.extend import innermost
    >>> innermost(np.ones(3)) is None
    True
    """
    level = innermost_level(*given)
    return None if level is None or level.of_pattern else level


def innermost_level(*given: Any) -> Level | None:
    """Return what `innermost` does, or else the call of `sparsity` whose inputs one of the arrays depends on."""
    level: Level | None = None
    x: Any
    for x in contents(list(given)):
        x = x if type(x) in BATCH_TYPES else getattr(x, "_array", None)
        if type(x) in BATCH_TYPES and (level is None or x.level.number > level.number):
            level = x.level
    return level


def whole(x: Any) -> Any:
    """Return the ndarray within a batched array, with the axes of all batches; anything else as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import vmap
    >>> from autograd.extend import whole
    >>> vmap(lambda x: x * whole(x).max())(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    while type(x) in BATCH_TYPES:
        x = x.value
    return x


def concrete(x: Any) -> Any:
    """Return the ndarray that a batched or traced array has, to ask where it lies in memory; anything else as it is."""
    x = whole(x)
    return x.value if type(x) in TRACED_TYPES else x


def as_array(x: Any, dtype: DTypeLike | None = None) -> Any:
    """Do as `numpy.asarray`, but leave batched arrays what they are.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import vmap
    >>> from autograd.extend import as_array
    >>> vmap(lambda x: as_array(x, np.float32))(np.ones(3))
    array([1., 1., 1.], dtype=float32)
    """
    if isinstance(x, StandIn):
        x = x if type(x) in BATCH_TYPES else x.array()
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    return np.asarray(x, dtype)


def batches(x: Any) -> tuple[Level, ...]:
    """Return the levels of a batched array, that of the outermost axis last; none for an ndarray."""
    found: tuple[Level, ...] = ()
    while type(x) in BATCH_TYPES:
        found = (*found, x.level)
        x = x.value
    return found


def batched_at(array: Array, levels: tuple[Level, ...]) -> Any:
    """Return an ndarray whose first axes are those of batches as batched at levels, in the order of `batches`."""
    batched: Any = array
    for level in reversed(levels):
        batched = level.batched(batched)
    return batched


def copied_for(x: Array, *given: Any) -> Any:
    """Return a copy of an array to write `given` to: with room for each batch among those values and indices."""
    copied = as_array(x).copy("K")
    for level in {level for y in contents(list(given)) for level in batches(y)}.difference(batches(x)):
        copied = np.where(True, copied, level.zeros((), copied.dtype))
    return copied


def chosen(x: Any, mask: Any, value: Array) -> Any:
    """Return `x` with a value, which does not depend on how many there are, at the places that a mask selects."""
    rest = x.ndim - mask.ndim
    if mask.shape != x.shape[: mask.ndim]:
        raise IndexError(f"a mask of shape {mask.shape} is no index into an array of shape {x.shape}")
    if np.ndim(value) > rest:
        mask.refuse(
            f"writing values of shape {np.shape(value)} to where a mask selects places, the number",
            "Use numpy.where(mask, values, x) with a value for each place",
        )
    return np.where(mask.reshape(mask.shape + (1,) * rest), value, x)


_any: Any = np.logical_or.reduce  # np.any and np.all take twice the time of a small array
_all: Any = np.logical_and.reduce


def anywhere(mask: Array | np.generic) -> bool:
    """Tell whether a condition holds anywhere, in a batch for any of its elements: what rules and forwards ask.

    A rule may take a shorter way if a condition holds nowhere; where it holds for some elements of a batch, the way
    that it takes has to be right for the others too.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import vmap
    >>> from autograd.extend import anywhere
    >>> vmap(lambda x: np.where(x < 0, 0, x) if anywhere(x < 0) else x)(np.array([1.0, -1.0]))
    array([1., 0.])
    """
    return bool(_any(whole(mask), None))


def everywhere(mask: Array | np.generic) -> bool:
    """Tell whether a condition holds everywhere, in a batch for all of its elements; see `anywhere`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import vmap
    >>> from autograd.extend import everywhere
    >>> vmap(lambda x: x if everywhere(x > 0) else abs(x))(np.array([1.0, -1.0]))
    array([1., 1.])
    """
    return bool(_all(whole(mask), None))


def agreed(number: Any, what: str) -> int:
    """Return an integer that decides a shape; in a batch, raise if its elements do not agree on it.

    `what` says in the error what the integer is. An empty batch agrees on 0.
    """
    if type(number) not in BATCH_TYPES:
        return int(number)
    numbers = np.asarray(whole(number)).reshape(-1)
    if (numbers != numbers[:1]).any():
        raise BatchError(
            f"the elements of the batch differ in {what} ({numbers.min()} to {numbers.max()}), and so in the shape of "
            f"the result"
        )
    return int(numbers[0]) if numbers.size else 0


def constant(array: Any) -> Any:
    """Return an array of the engine that depends on shapes alone, such as a cached one, to compute with.

    While a program is recorded, an array of unknown origin is refused; this says what the origin is.
    """
    if Used.compile and (records := recorder.get()) is not None:
        return records.constant(array)
    return array


def is_finite(total: complex) -> bool:
    """Tell whether a number is neither nan nor infinite; while a program is recorded, it then depends on that."""
    return holds(np.isfinite(total)) if type(total) in TRACED_TYPES else math.isfinite(abs(total))


def holds(condition: Any) -> bool:
    """Tell whether a condition holds; while a program is recorded, it checks that, and runs where it is so."""
    return bool(condition.records.holds(condition) if type(condition) in TRACED_TYPES else condition)


def layout_alone(function: F) -> F:
    """Decorate a function of shapes, or of how arrays lie in memory: its arrays are constants of a program."""
    computed = unrecorded(function)

    @wraps(function)
    def call(*args: Any) -> Any:
        if not Used.compile or recorder.get() is None:
            return function(*args)
        found = computed(*[x.alone() if hasattr(type(x), "alone") else x for x in args])
        return mapped(lambda x: constant(x) if isinstance(x, ndarray) else x, found)

    return call  # type: ignore[return-value]  # has the signature of the function it wraps


def unrecorded(function: F) -> F:
    """Decorate a function that computes with real arrays alone: while a program is recorded, it notes nothing."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        around = recorder.get()
        try:
            recorder.set(None)
            return function(*args, **kwargs)
        finally:
            recorder.set(around)

    return call  # type: ignore[return-value]  # has the signature of the function it wraps


def fusing() -> bool:
    """Tell whether a program with fused loops is recorded: what goes through large arrays in parts need not."""
    return Used.compile and (records := recorder.get()) is not None and records.fuses


def rolling(calls: int) -> bool:
    """Tell whether a program is recorded in which a `scan` of so many calls, in all its steps, becomes machine code."""
    return Used.compile and (records := recorder.get()) is not None and records.rolls(calls)


def is_copy(x: Any, of: Any) -> bool:
    """Tell whether an array that the graph kept has the values of another, which a forward left something of.

    A constant is kept as a copy. `of` may have been written to since, or `x` may be numbers that replace others.
    """
    if x is of:
        return True
    if type(x) is ndarray and type(of) is ndarray:
        return x.shape == of.shape and x.dtype == of.dtype and np.array_equal(x, of)
    return type(x) in TRACED_TYPES and type(of) in TRACED_TYPES and x.records.is_copy(x, of)


def cached_arrays(maxsize: int) -> Callable[[F], F]:
    """Decorate a function of shapes whose arrays are kept for further calls, as `functools.lru_cache` does."""
    return lambda function: layout_alone(lru_cache(maxsize)(function))  # type: ignore[return-value]


def called(function: Callable[..., object], *args: Any) -> Any:
    """Call a function of arrays that is none of NumPy's; it is noted if one of them is traced."""
    traced = next((x for x in args if type(x) in TRACED_TYPES), None)
    return function(*args) if traced is None else traced.records.call(function, args)


def outside(function: Callable[..., object], *args: Any, **kwargs: Any) -> Any:
    """Call a function on real arrays and tensors, also each time a program runs that is being recorded."""
    if Used.compile and (records := recorder.get()) is not None:
        return records.outside(function, args, kwargs)
    return function(*args, **kwargs)


def drawn(sample: Callable[..., object], generator: Callable[[], Any], *args: Any) -> Any:
    """Return ``sample(generator(), *args)``, random numbers, which are drawn anew each time a program runs.

    The state of the generator is put back where the program turns out not to fit, so that the function itself draws
    the same numbers.
    """
    if Used.compile and (records := recorder.get()) is not None:
        return records.drawn(sample, generator, args)
    return sample(generator(), *args)


def done_outside(method: F, saved: Callable[[Any], Callable[[], None]] | None = None) -> F:
    """Decorate a method that works on real arrays and tensors, and is called anew each time a program runs.

    `saved` takes the object before it is called, and returns a function that puts back all that the method changes.
    """
    method.saved = saved  # type: ignore[attr-defined]  # for a program that turns out not to fit after the call

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        return outside(method, *args, **kwargs)

    call.runs_outside = True  # type: ignore[attr-defined]  # a program does not depend on what it reads
    return call  # type: ignore[return-value]  # has the signature of the method it wraps


#: The types of objects whose methods are called by `outside`: a program does not depend on what they hold.
outside_types: list[type] = []
