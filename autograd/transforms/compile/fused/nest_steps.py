"""Steps of a body on arrays: loop nests over elements, sums and their kin, products of matrices, checks.

An array is a part of a buffer: a stand-in, an ndarray of its shape and strides in memory of its own, whose values are
nothing. So NumPy itself makes the views of it, and tells which of them share memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..memory import address_of
from ..types import Array
from .values import Values

MOST, ALONE = 24, 60  # arrays of a nest, and of one of a few elements; NumPy's iterators take 64
FEW = 8
WORK = 1_000  # to find out whether two views share memory; if it takes more they may


@dataclass(slots=True, eq=False)
class Buffer:
    """Memory that arrays of the body lie in.

    Attributes
    ----------
    array
        The stand-in of all of it, in which the elements lie one after another.
    role
        Where it is: ``("argument", number)``, ``("part", number of the input)``, ``("carried", number of the input)``,
        ``("constant", values)``, and what the body makes: ``("scratch",)``, ``("row", number of the result)`` within a
        stacked result, or ``("next", iterations)``, which are carried on to as many iterations.
    fixed
        Whether it is the same in each iteration, made before the first.
    whole
        The array that it was made for.
    """

    array: Array
    role: tuple[Any, ...] = ("scratch",)
    fixed: bool = False
    whole: Array | None = None


@dataclass(slots=True, eq=False)
class View:
    """An array of the body: part of a buffer, or all of it."""

    buffer: Buffer
    array: Array
    _place: tuple[int, ...] | None = None

    @property
    def offset(self) -> int:
        """Where its first element is in the buffer, in bytes."""
        return self.place()[0]

    def __getitem__(self, key: Any) -> View:
        """Return a part of it, or it with further axes."""
        return View(self.buffer, self.array[key])

    @property
    def T(self) -> View:  # noqa: N802 - as of arrays
        """It with its last two axes the other way round."""
        return View(self.buffer, self.array.swapaxes(-1, -2))

    def is_whole(self) -> bool:
        """Tell whether it is all of its buffer, in order."""
        return self.array.flags.c_contiguous and self.array.size == self.buffer.array.size and not self.offset

    def over(self, shape: tuple[int, ...]) -> View:
        """Return it broadcast to a shape."""
        return self if self.array.shape == shape else View(self.buffer, np.broadcast_to(self.array, shape))

    def box(self) -> list[tuple[int, int]] | None:
        """Return from where to where it goes along each axis of the array that the buffer was made for, if it does."""
        whole, offset, found = self.buffer.whole, self.offset, []
        if whole is None or self.array.strides != whole.strides:
            return None
        for stride, n in zip(whole.strides, self.array.shape, strict=True):
            found.append((offset // stride, offset // stride + n) if whole.flags.c_contiguous else (0, n))
            offset %= stride
        return found if offset == 0 else None

    def place(self) -> tuple[int, ...]:
        """Return what is equal for views that have the same elements in the same order, within one buffer."""
        if self._place is None:
            strides = [s if n > 1 else 0 for n, s in zip(self.array.shape, self.array.strides, strict=True)]
            self._place = address_of(self.array) - address_of(self.buffer.array), *strides
        return self._place

    def meets(self, other: View) -> bool:
        """Tell whether it may share memory with another."""
        if self.buffer is not other.buffer:
            return False
        try:
            return bool(np.shares_memory(self.array, other.array, max_work=WORK))  # type: ignore[arg-type]
        except np.exceptions.TooHardError:
            return True


def axes_in_order(shape: Sequence[int], *strides: Sequence[int]) -> list[int]:
    """Return the axes of arrays from that on whose elements are the closest in memory, sorted as NumPy does it.

    That is by insertion, with those that cannot be compared in the order in which they are; not those of length 1.
    """
    axes: list[int] = []
    for axis in reversed([a for a, n in enumerate(shape) if n > 1]):
        place = len(axes)
        for i in reversed(range(len(axes))):
            both = [(abs(x[axis]), abs(x[axes[i]])) for x in strides if x[axis] and x[axes[i]]]
            if both and not all(new < old for new, old in both):
                break
            place = i if both else place
        axes.insert(place, axis)
    return axes


def in_order(shape: Sequence[int], *strides: Sequence[int]) -> tuple[list[int], ...]:
    """Return a shape and the strides of arrays of it in the order in which NumPy adds up, what is close together last.

    Axes that follow each other are one.
    """
    sizes, steps = [1], [[0] * len(strides)]
    for axis in axes_in_order(shape, *strides):  # from the last one on
        step = [x[axis] for x in strides]
        if sizes[-1] == 1:
            sizes[-1], steps[-1] = shape[axis], step
        elif [x * sizes[-1] for x in steps[-1]] == step:
            sizes[-1] *= shape[axis]
        else:
            sizes.append(shape[axis])
            steps.append(step)
    return sizes[::-1], *([step[k] for step in steps[::-1]] for k in range(len(strides)))


class Step:
    """What is computed in one go.

    Attributes
    ----------
    reads, writes
        The arrays.
    line
        The line of the user's program.
    why
        Why it cannot be a loop nest; nothing if it can.
    says
        The names of the attributes that its instructions depend on.
    """

    why = ""
    says: tuple[str, ...] = ()

    def __init__(self, reads: list[View], writes: list[View]) -> None:
        self.reads, self.writes, self.line = reads, writes, ""

    def forget(self, needed: Callable[[View], bool]) -> None:
        """Forget what is written to memory that nothing needs."""
        self.writes = [view for view in self.writes if needed(view)]

    def is_before(self, reads: Sequence[View], target: View) -> bool:
        """Tell whether what reads these arrays, and writes to one, has to come after this step."""
        return any(w.meets(x) for w in self.writes for x in (*reads, target)) or any(
            target.meets(r) for r in self.reads
        )

    def text(self, names: dict[int, str]) -> str:
        """Return all that its instructions depend on, with the names of its buffers."""
        parts = (described(getattr(self, name), names) for name in self.says)
        return f"{type(self).__name__} {' '.join(parts)}"


def described(x: object, names: dict[int, str]) -> str:
    """Return what a step has as text."""
    if isinstance(x, View):
        return f"{names[id(x.buffer)]}[{x.offset}:{x.array.shape}:{x.array.strides}:{x.array.dtype}]"
    if isinstance(x, Buffer):
        return names[id(x)]
    return f"{x.shape}{x.ravel().tolist()}" if isinstance(x, np.ndarray) else repr(x)


class Nest(Step):
    """A loop nest over arrays of one shape, with all that is computed for one element.

    Attributes
    ----------
    values
        The arithmetic of one element; the operand of a ``"load"`` is the number of the array in `loads`.
    loads
        The arrays that it reads, broadcast to the shape.
    stores
        The arrays that it writes to, each with its value.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.values = shape, Values()
        self.loads: list[View] = []
        self.stores: list[tuple[View, int]] = []
        self._loaded: dict[Any, int] = {}
        self._stored: dict[Any, int] = {}  # the positions in `stores`
        super().__init__(self.loads, [])

    def takes(self, reads: Sequence[View], target: View) -> bool:
        """Tell whether an operation on arrays of the shape can become part: what it shares, it shares by elements."""
        most = ALONE if target.array.size <= FEW else MOST
        if len(self.loads) + len(self.stores) + len(reads) >= most:
            return False
        pairs = [(w, x) for w in self.writes for x in (*reads, target)] + [(r, target) for r in self.loads]
        return all(not a.meets(b) or a.place() == b.place() for a, b in pairs)

    def load(self, view: View) -> int:
        """Return the value of an element of an array: what was stored there before, if anything was."""
        view = view.over(self.shape)
        key = id(view.buffer), view.place()
        if key in self._stored:
            return self.stores[self._stored[key]][1]
        if key not in self._loaded:
            self._loaded[key] = self.values.value("load", view.array.dtype, len(self.loads))
            self.loads.append(view)
        return self._loaded[key]

    def store(self, view: View, value: int) -> None:
        """Store a value as an element of an array."""
        key = id(view.buffer), view.place()
        if key in self._stored:
            self.stores[self._stored[key]] = view, value
        else:
            self._stored[key] = len(self.stores)
            self.stores.append((view, value))
            self.writes.append(view)

    def forget(self, needed: Callable[[View], bool]) -> None:
        """Forget what is written to memory that nothing needs, and what is read for it."""
        self.stores = [(view, value) for view, value in self.stores if needed(view)]
        self.writes = [view for view, _ in self.stores]
        operations = self.values.operations
        self.reads = [self.loads[operations[v][1]] for v in self.order() if operations[v][0] == "load"]

    def order(self) -> list[int]:
        """Return the values that the stores need, in order."""
        pending, found = [value for _, value in self.stores], set()
        while pending:
            v = pending.pop()
            if v not in found:
                found.add(v)
                pending += self.values.needs(v)
        return sorted(found)

    def text(self, names: dict[int, str]) -> str:
        lines, short = [], {v: f"v{i}" for i, v in enumerate(self.order())}
        for v, name in short.items():
            operation, *operands = self.values.operations[v]
            if operation == "load":
                operands = [described(self.loads[operands[0]], names)]
            elif operation != "number":
                operands = [short[o] for o in operands]
            lines.append(f"{name}={operation}({','.join(map(str, operands))}){self.values.dtypes[v].char}")
        lines += [f"{described(view, names)}={short[value]}" for view, value in self.stores]
        return f"nest {self.shape} {'; '.join(lines)}"


class Reduction(Step):
    """A sum, a product, or the largest or smallest, over axes, along which `target` has strides of 0.

    One that `goes_on` begins with what is in the target, in place of `start`.
    """

    says = ("operation", "target", "source", "start", "goes_on")
    goes_on = False

    def __init__(self, operation: str, target: View, source: View, axes: tuple[int, ...], start: Any) -> None:
        kept = [0 if a in axes else 1 for a in range(source.array.ndim)]
        strides = iter(target.array.strides)
        spread = tuple(next(strides) if k else 0 for k in kept)
        self.target = View(target.buffer, as_strided(target.array, source.array.shape, spread))
        self.operation, self.source, self.axes, self.start = operation, source, axes, start
        self.why = f"it calls {operation}.reduce" if operation in ("fmax", "fmin") else ""
        super().__init__([source], [target])

    def adds_rows(self) -> bool:
        """Tell whether it adds what is below each other, row by row."""
        source, target = self.source.array, self.target.array
        return not target.strides[0] and bool(in_order(source.shape, target.strides, source.strides)[1][-1])


class Product(Step):
    """A product of matrices, the last two axes of arrays whose other axes are the same."""

    says = ("target", "a", "b")

    def __init__(self, target: View, a: View, b: View) -> None:
        self.target, self.a, self.b = target, a, b
        super().__init__([a, b], [target])


class Gather(Step):
    """Elements of an array at places that are known: `places` has for each element of `target` its offset in bytes."""

    says = ("target", "source", "places")

    def __init__(self, target: View, source: Buffer, places: Array) -> None:
        self.target, self.source, self.places = target, source, places
        super().__init__([View(source, source.array)], [target])


class Scatter(Step):
    """Elements written to known places of an array, in order: see `Gather`.

    Or what a ufunc makes of what is there and them, such as `numpy.add`.
    """

    says = ("target", "values", "ufunc", "places")

    def __init__(self, target: View, places: Array, values: View, ufunc: np.ufunc | None = None) -> None:
        self.target, self.places, self.values, self.ufunc = target, places, values.over(places.shape), ufunc
        self.why = f"it calls {ufunc.__name__}.at" if ufunc not in (None, np.add) else ""
        super().__init__([values, target], [target])


class Spelled(Step):
    """What only arithmetic on single numbers can do.

    `compute` is given `Elements`, and the value numbers of each array that it reads, and returns those of `targets`.
    If it is `alone`, it asks these for nothing but `values` and `checks`.
    """

    def __init__(
        self, why: str, targets: list[View], reads: list[View], compute: Callable[..., Any], alone: bool = False
    ) -> None:
        self.why, self.targets, self.compute, self.alone = why, targets, compute, alone
        super().__init__(reads, [*targets])


class Held(Step):
    """A check that the bool of an array without axes, which is all of its buffer, is true."""

    def __init__(self, view: View) -> None:
        super().__init__([view], [])
