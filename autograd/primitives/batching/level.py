"""The level of one call of `vmap`: how NumPy's functions and operations go with its batch."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays.batched import Batched
from ...arrays.door import Level, Used, batches, contents, mapped, walking
from ...errors import BatchError
from ...graph.buffer_reuse import read_only
from ...graph.node import Leaf, Node, Share, counter
from ...source.call_site import users_line
from ...source.source_info import warn
from ...tensors.tensor import Array, Tensor, unmasked
from ...tensors.types import DTypeLike
from ..accurate_sum import accurate_sum
from ..declare import linear
from ..forms import loop_call
from . import functions, indexing, linear_algebra, order, shapes, ufuncs  # noqa: F401 - some note rules
from .alignment import aligned, is_at, wrapped


class BatchLevel:
    """One call of `vmap`; see `Level` for what its methods do.

    Attributes
    ----------
    loops
        What to do where an operation can only be computed in a loop: ``"warn"``, ``"error"`` or ``"allow"``.
    branches
        What to do where a program branches on a batched condition: ``"error"`` or ``"split"``.
    randomness
        What layers draw: ``"different"`` numbers for each element, the ``"same"``, or ``"error"``.
    """

    def __init__(self, size: int, loops: str, branches: str, randomness: str) -> None:
        self.size, self.number, self.active, self.of_pattern = size, next(counter), True, False
        self.units: tuple[Array | None, int] = (None, 0)
        self.loops, self.branches, self.randomness = loops, branches, randomness
        self.composing: set[Any] = set()  # the compositions that run on a batch of this level
        self._newer: dict[int, bool] = {}  # what `_is_newer` found, by the numbers of nodes
        Used.vmap = True

    def check_running(self, x: Any) -> None:
        """Raise if `x` is used after its call of `vmap` has ended; only the graph may still hold it then."""
        if not self.active and not walking.get():
            raise BatchError(
                f"a batched array (shape {x.shape}, {self.size} of them) is used, at {users_line()}, after the vmap "
                f"that made it has ended: return it from the function, and vmap gives the array of the whole batch"
            )

    def refuse_mask(self, x: object) -> None:
        """Raise if `x` is a masked array, whose mask would be dropped."""
        unmasked(x)

    def batched(self, value: Any) -> Batched:
        """Return the arrays of all elements, along the first axis of `value`, as an array of this batch."""
        return Batched(value, self)

    def call_ufunc(self, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Apply a ufunc, or a method of it such as `reduce`, to arrays some of which are batched."""
        if method == "__call__":
            return ufuncs.apply(self, ufunc, inputs, kwargs)
        return ufuncs.METHODS[method](self, ufunc, *inputs, **kwargs)

    call, loop_call = functions.call, loop_call
    getitem, setitem, scatter = indexing.getitem, indexing.setitem, indexing.scatter

    def zeros(self, shape: Any, dtype: DTypeLike) -> Any:
        """Return zeros of this shape for each element of the batch."""
        shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
        return Batched(np.zeros((self.size, *shape), dtype), self)

    def elementwise(self, function: Callable[..., object], values: tuple[Any, ...]) -> Any:
        """Apply a function of each element, which knows no batches, to the whole batch at once."""
        return wrapped(self, function(*aligned(self, values)))

    def loop(self, name: str, function: Callable[..., object], args: tuple[Any, ...]) -> Any:
        """Apply a function that knows no batches to the arguments of each element in turn, and join the results."""
        message = f"vmap: {name!r}, at {users_line()}, is computed in a loop over the {self.size} elements of the batch"
        if not self.active:
            self.check_running(next(x for x in _arrays(args) if is_at(self, x)))
        args = mapped(self._apart, args)

        def result(i: int | None) -> Any:
            return function(*mapped(functools.partial(self._element, i), args))

        first = result(0 if self.size else None)  # of an empty batch, zeros tell the shapes
        if self.loops == "error":
            raise BatchError(f"{message}: loops='warn' or 'allow' lets it")
        if self.loops == "warn":
            warn(f"{message}: it is right, but as slow as a loop; loops='allow' accepts that", RuntimeWarning)
        return self._joined([first, *map(result, range(1, self.size))], self.size)

    def _apart(self, x: Any) -> Any:
        """Return an argument that is batched here as an array of the whole batch, marked as such."""
        if type(x) is Batched and x.level is self:
            return _Whole(x.value)
        # Out of the batch also where all elements share a live tensor, so that its gradient is that of each element.
        shared = isinstance(x, Tensor) and (x._node is not None or self in batches(x._array))
        return _Whole(leave(x, self)) if shared else x

    def _element(self, i: int | None, x: Any) -> Any:
        """Return an argument of one element of the batch; of an empty batch, zeros."""
        if type(x) is _Whole:
            return x.array[i] if i is not None else np.zeros(x.array.shape[1:], x.array.dtype)
        if type(x) is np.ndarray:
            return read_only(x)  # what is written to it for one element, the next would overwrite
        if isinstance(x, Tensor):
            return Tensor(read_only(x._array))
        # An object in which a forward leaves something for its rule has to be another one for each element.
        return copy.copy(x) if hasattr(x, "__dict__") and not callable(x) else x

    def _joined(self, results: list[Any], size: int) -> Any:
        """Return the results of all elements as batched arrays; what is no array has to be the same for all."""
        first = results[0]
        if isinstance(first, list | tuple):
            parts = [self._joined(list(part), size) for part in zip(*results, strict=True)]
            return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
        if not isinstance(first, Tensor) and not hasattr(first, "shape"):
            if all(type(result) is type(first) and result == first for result in results):
                return first
            results = [np.asarray(result) for result in results]
        found = sorted({np.shape(result) for result in results})
        if len(found) > 1:
            raise BatchError(
                f"the {self.size} elements of the batch of vmap, at {users_line()}, gave results of different shapes, "
                f"{found[0]} and {found[1]}: for a mask, use numpy.where(mask, x, 0), or a sum with where=mask"
            )
        joined = np.stack(results)[:size]
        return enter(joined, self) if isinstance(joined, Tensor) else Batched(joined, self)

    def shared(self, node: Node | None, array: Array | Batched) -> Node | None:
        """Return the node by which an operation on batched arrays uses a tensor that all elements share."""
        if node is None or self in batches(array):
            return node
        if (type(node) is Leaf and node.number > self.number) or (not self.active and self._is_newer(node)):
            return node
        spread = Share()  # a view, so that a write to the memory of the tensor is noticed
        spread.op, spread.x, spread.y, spread.guard = _spread.operation, node, None, None
        spread.kept = spread.kept_y = (self,)
        spread.shape, spread.dtype, spread.number = node.shape, node.dtype, next(counter)
        return spread

    def _is_newer(self, node: Node) -> bool:
        """Tell whether a node depends only on leaves that were made since the call began.

        Once it has ended, those are of a transform within a derivative rule, such as `vjp`: the gradients that it gives
        are those of each element, to be summed where the operation of the rule uses what all elements share.
        """
        known, pending = self._newer, [node]
        while pending:
            top = pending[-1]
            if top.number < self.number:
                known[top.number] = False
            elif type(top) is Leaf:
                known[top.number] = True
            else:
                inputs = [x for x in (top.x, top.y) if x is not None]
                unknown = [x for x in inputs if x.number not in known]
                if unknown and not any(known.get(x.number) is False for x in inputs):
                    pending += unknown
                    continue
                known[top.number] = all(known.get(x.number, True) for x in inputs)
            pending.pop()
        return known[node.number]

    def leave(self, x: Any) -> Any:
        """Return an array or tensor with the arrays of all elements of the batch along its first axis."""
        return leave(x, self)

    def branch(self, condition: Batched) -> bool:
        """Return the truth of a condition where all elements agree; else split the batch, or raise."""
        levels: list[Any] = []
        x = condition
        while type(x) is Batched:
            levels.insert(0, x.level)
            x = x.value
        for level in levels:
            if level.branches != "split":
                condition.refuse(
                    "a program branches on the truth",
                    "Compute both branches and choose with numpy.where(condition, a, b), or use vmap(f, "
                    "branches='split')",
                )
        flags = np.asarray(getattr(x, "_array", x), bool).reshape([level.size for level in levels])
        for axis, level in enumerate(levels):
            rows = np.moveaxis(flags, axis, 0).reshape(level.size, flags.size // (level.size or 1))
            if rows.size and (rows != rows[0]).any():
                raise Split(level, np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1), str(users_line()))
        return bool(flags.reshape(-1)[:1].any())


class Split(BaseException):  # not to be caught by a program, which need not know that it is evaluated again
    """Raised where the elements of a batch take different branches, to evaluate them in groups.

    Attributes
    ----------
    of
        The level whose batch is to be split.
    groups
        The number of the group of each element.
    line
        Where the program branches.
    """

    def __init__(self, of: Level, groups: np.ndarray[Any, Any], line: str) -> None:
        super().__init__(line)
        self.of, self.groups, self.line = of, groups, line


def _arrays(tree: Any) -> list[Any]:
    """Return what stands in containers, with the arrays of tensors in place of these."""
    return [getattr(x, "_array", x) for x in contents([tree])]


class _Whole:
    """An array of the whole batch among the arguments of a loop."""

    def __init__(self, array: Any) -> None:
        self.array = array


# Into a batch and out of it. The two are the transposes of each other.


def _leave(x: Any, level: Level) -> Any:
    """Take an array out of the batch of a call of `vmap`: return those of all elements, along a new first axis."""
    if type(x) is Batched:
        if x.level is level:
            return x.value
        if x.level.number > level.number:  # of a later call of vmap, which computes derivatives of this one
            return Batched(np.moveaxis(_leave(x.value, level), 0, 1), x.level)
    return np.broadcast_to(x, (level.size, *x.shape))


def _enter(x: Any, level: Level) -> Any:
    """Put arrays along a first axis, one for each element, into the batch of a call of `vmap`; see `leave_batch`."""
    if type(x) is Batched and x.level.number > level.number:
        return Batched(_enter(np.moveaxis(x.value, 1, 0), level), x.level)
    return Batched(x, level)


def _of_batches(apply: Any) -> Any:
    """Return an operation that takes a batched tensor, for one that all elements may share."""

    @functools.wraps(apply)
    def apply_to_batch(x: Any, level: Level) -> Any:
        if type(level) is BatchLevel and isinstance(x, Tensor) and x._node and level not in batches(x._array):
            spread: Any = object.__new__(Tensor)
            spread._array = Batched(np.broadcast_to(x._array, (level.size, *x.shape)), level)
            spread._node, spread._cut = level.shared(x._node, x._array), None
            x = spread
        return apply(x, level)

    apply.operation.apply = apply_to_batch  # which forward mode calls
    return apply_to_batch


leave: Any = _of_batches(linear(_leave, lambda g, level: enter(g, level), name="leave_batch"))
enter: Any = linear(_enter, lambda g, level: leave(g, level), name="enter_batch")


# What all elements share. While vmap runs, the gradient of each element is that element's; afterwards they are summed.


def _total(g: Any, level: Level) -> Any:
    """Return the sum over the batch."""
    if type(g) is Batched:
        if g.level is level:
            return accurate_sum(g.value, 0)
        if g.level.number > level.number:
            return Batched(_total(g.value, level), g.level)
    return g * np.asarray(level.size, g.dtype)


def _gathered(g: Any, level: Level) -> Any:
    """Return the gradient of what is shared: that of each element, or once the level has ended, their sum."""
    batched = level in batches(getattr(g, "_array", g))  # it is not where it was summed on the way
    return _collect(g, level) if batched and not level.active else g


def _share_tangent(x: Any, level: Level) -> Any:
    """Return a tangent as one that all elements share, unless each has its own."""
    return x if level in batches(getattr(x, "_array", x)) else _spread(x, level)


_spread: Any = linear(lambda x, level: x, lambda g, level: _gathered(g, level), name="share")
_collect: Any = _of_batches(linear(_total, lambda g: g, name="sum_over_batch"))
_spread.operation.apply = _share_tangent  # which forward mode calls
