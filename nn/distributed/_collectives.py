"""Collectives: sums, copies and collections of arrays over all ranks, as operations that have derivatives."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from autograd import BatchError, DtypeError, Tensor, linear
from autograd.extend import as_array, borrow, innermost, outside

from .._arguments import TensorLike, example
from ._processes import world

Array = np.ndarray[Any, Any]

BUCKET = 1 << 20  # elements that are added up together: more at a time do not fit into the caches


# Of arrays, in place


def add_up(array: Array, what: str = "all_reduce()") -> None:
    """Replace a contiguous array by its sum over all ranks; the bits are the same on all of them."""
    begin_to_add_up(array, what)()


def begin_to_add_up(array: Array, what: str = "all_reduce()") -> Callable[[], None]:
    """Begin what `add_up` does; what is returned ends it. Sums that are begun together take one wait for the others."""
    ranks = world()
    if ranks.size == 1:
        return lambda: None
    flat = array.reshape(-1)
    summed = flat.astype(np.float32) if flat.dtype == np.float16 else flat  # MPI has no sums of half precision
    in_place, begin = ranks.library.IN_PLACE, ranks.comm.Iallreduce
    requests = [begin(in_place, summed[start : start + BUCKET]) for start in range(0, flat.size, BUCKET)]

    def end() -> None:
        for request in requests:
            ranks.wait(request, what)
        if summed is not flat:
            flat[:] = summed

    return end


def spread(array: Array, root: int = 0, what: str = "broadcast()") -> None:
    """Replace a contiguous array by that of rank `root`."""
    ranks = world()
    if ranks.size > 1:
        ranks.wait(ranks.comm.Ibcast(array.reshape(-1).view(np.uint8), root), what)


def gather(array: Array, what: str = "all_gather()") -> Array:
    """Return the arrays of all ranks, which have one shape, along a new first axis."""
    ranks = world()
    given = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    found = np.empty((ranks.size, *array.shape), array.dtype)
    if ranks.size == 1:
        found[0] = array
    else:
        ranks.wait(ranks.comm.Iallgather(given, found.reshape(-1).view(np.uint8)), what)
    return found


def gather_rows(array: Array, what: str = "the sum over blocks") -> Array:
    """Return the rows of the arrays of all ranks, which may have different numbers of them."""
    ranks = world()
    if ranks.size == 1:
        return array
    counts = gather(np.array([len(array)]))[:, 0]
    found = np.empty((int(counts.sum()), *array.shape[1:]), array.dtype)
    width = math.prod(array.shape[1:]) * array.itemsize
    given = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    sizes = [int(count) * width for count in counts]
    ranks.wait(ranks.comm.Iallgatherv(given, (found.reshape(-1).view(np.uint8), (sizes, None))), what)
    return found


def gather_objects(value: Any) -> list[Any]:
    """Return small objects of all ranks, in their order."""
    ranks = world()
    if ranks.size == 1:
        return [value]
    found: list[Any] = ranks.comm.allgather(value)
    return found


def spread_copy(array: Array, root: int) -> Array:
    """Return the array of rank `root` as a new one."""
    found = np.array(array, order="C")
    spread(found, root)
    return found


def spread_object(value: Any) -> Any:
    """Return a small object of rank 0."""
    ranks = world()
    return value if ranks.size == 1 else ranks.comm.bcast(value, 0)


def summed(array: Array) -> Array:
    """Return the sum over all ranks as a new array."""
    found = np.array(array, order="C")
    add_up(found)
    return found


# As operations


def _of_all(name: str, function: Callable[..., Array]) -> Callable[..., Any]:
    """Return a function that checks that all ranks call it alike; `compile` records that it is called."""

    def checked(x: Array, *options: int) -> Array:
        if world().size > 1:
            call = f"{name}() of shape {x.shape} {x.dtype}" + "".join(f" from rank {i}" for i in options)
            check_same(call, "all ranks have to call the same functions, with the same shapes, in the same order")
        return function(x, *options)

    def called(x: Any, *options: int) -> Any:
        if innermost(x) is not None:
            raise BatchError(f"{name}() knows of no batch")  # so that vmap calls it for each element
        return outside(checked, x, *options)

    return called


_sum_arrays = _of_all("all_reduce", summed)
_gather_arrays = _of_all("all_gather", gather)
_spread_array = _of_all("broadcast", spread_copy)


def _sum_rule(g: Any) -> Any:
    return _sum(g) if isinstance(g, Tensor) else _sum_arrays(g)


def _spread_rule(g: Any, root: int) -> Any:
    total = _sum_rule(g)
    return total if world().rank == root else total * 0


_sum = linear(lambda x: _sum_arrays(x), _sum_rule, name="all_reduce")
_gather = linear(lambda x: _gather_arrays(x), lambda g: _sum_rule(g)[world().rank], name="all_gather")
_spread = linear(lambda x, root: _spread_array(x, root), _spread_rule, name="broadcast")


@example("nn.distributed.all_reduce(np.array([1.0, 2.0]))  # of one rank", "array([1., 2.])")
def all_reduce(x: TensorLike, op: Literal["sum", "mean"] = "sum") -> Tensor:
    """Return the sum, or the mean, of the arrays of all ranks, on each of them.

    The objective that is differentiated is the sum of what all ranks compute, so the gradient of `x` is the sum of
    those of all results. All ranks have to go through the backward pass too.

    Parameters
    ----------
    x
        Of the same shape and dtype on all ranks.
    op
        ``"sum"`` or ``"mean"``.

    Raises
    ------
    RuntimeError
        If the ranks do not call the same function, or not with the same shape.
    """
    if op not in ("sum", "mean"):
        raise ValueError(f'op should be "sum" or "mean", not {op!r}')
    given = _operand("all_reduce", x)
    if given.dtype.kind == "b":
        raise DtypeError("all_reduce() adds numbers, but was given booleans: use x.astype(int)")
    total: Tensor = _sum(given)
    return total if op == "sum" else total / world().size


@example("nn.distributed.broadcast(np.array([1.0, 2.0]))", "array([1., 2.])")
def broadcast(x: TensorLike, src: int = 0) -> Tensor:
    """Return the array of rank `src`, on each of the ranks.

    The gradient of that rank's `x` is the sum of those of all results; that of the others is 0.

    Parameters
    ----------
    x
        Of the same shape and dtype on all ranks.
    src
        The rank whose values all are given.

    Raises
    ------
    RuntimeError
        If the ranks do not call the same function, or not with the same shape.
    """
    if not isinstance(src, int | np.integer) or not 0 <= src < world().size:
        raise ValueError(f"src should be a rank, from 0 to {world().size - 1}, not {src!r}")
    copied: Tensor = _spread(_operand("broadcast", x), int(src))
    return copied


@example("nn.distributed.all_gather(np.array([1.0, 2.0]))", "array([[1., 2.]])")
def all_gather(x: TensorLike) -> Tensor:
    """Return the arrays of all ranks along a new first axis, on each of them.

    Parameters
    ----------
    x
        Of the same shape and dtype on all ranks.

    Returns
    -------
    Tensor
        Shape ``(world_size, *x.shape)``. The gradient of `x` is the sum of those of all ranks for their copies of it.

    Raises
    ------
    RuntimeError
        If the ranks do not call the same function, or not with the same shape.
    """
    gathered: Tensor = _gather(_operand("all_gather", x))
    return gathered


def _operand(name: str, x: Any) -> Any:
    if isinstance(x, Tensor):
        return x
    array = as_array(borrow(x))
    if array.dtype.kind not in "biufc":
        raise DtypeError(f"{name}() takes numbers, not an array of dtype {array.dtype}")
    return array


def check_same(text: str, remedy: str, kind: type[Exception] = RuntimeError) -> None:
    """Raise on all ranks if a text differs between them; the message names the first two that do."""
    sums = gather(np.array([zlib.crc32(text.encode())]))[:, 0]
    if (sums == sums[0]).all():
        return
    texts = gather_objects(text)
    other = next(i for i, each in enumerate(texts) if each != texts[0])
    raise kind(f"rank 0 has {first_difference(texts[0], texts[other], other)}: {remedy}")


def first_difference(own: str, others: str, number: int) -> str:
    """Return the first line in which two texts differ, with the rank that has the other one."""
    lines: Sequence[tuple[str, str]] = list(
        zip([*own.split("\n"), "nothing more"], [*others.split("\n"), "nothing more"], strict=False)
    )
    mine, theirs = next(pair for pair in lines if pair[0] != pair[1])
    return f"{mine}, but rank {number} has {theirs}"
