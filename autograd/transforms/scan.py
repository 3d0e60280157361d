"""Loops with a state: `scan` over the rows of arrays, and `while_loop`. In a compiled function they stay loops."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, cast

import numpy as np

from ..arrays.door import Used, as_array, batches, recorder, whole
from ..arrays.traced import Traced, Variable, plain
from ..errors import DtypeError, ShapeError, check_callable, described
from ..foreign.missing import SCAN_KEYWORDS, WHILE_KEYWORDS, keywords_from
from ..graph.grad_mode import recording
from ..later import load
from ..primitives.function import Context, Function
from ..source.source_info import defined
from ..tensors.tensor import Tensor, unmasked, unwrap
from .pytree import Rebuild, flatten, structure
from .trees import tree_map

Step = Callable[[Any, Any], Any]
# Those of a state, or of what is collected.
Leaves: TypeAlias = list[Tensor | np.ndarray[Any, Any] | None]


@keywords_from(SCAN_KEYWORDS)
def scan(
    step: Step,
    state: object,
    xs: object = None,
    length: int | None = None,
    *,
    reverse: bool = False,
    checkpoint: int | None = None,
    memory: str | int | None = None,
) -> tuple[Any, Any]:
    """Return the state after a loop of ``state, y = step(state, x)`` over the rows of `xs`, and the stacked y.

    Called as it is, it is that loop of Python, with tensors where there are tensors, so that a debugger shows each
    step. In a compiled function the step is recorded once, whatever the length, and so are its derivatives: a loop of
    a million steps compiles as fast as one of ten. What the step closes over has derivatives as well, and may change
    from call to call.

    Parameters
    ----------
    step
        Takes the state and a row of `xs`, and returns the next state, built like the one that it was given, and what to
        collect: arrays, containers of them, or None.
    state
        The first state: an array, a tensor, a number, or a container of them.
    xs
        An array or a container of them, all with the same number of rows; without it, x is None.
    length
        The number of steps, which may be left out where there are `xs`.
    reverse
        Whether to go from the last row to the first. The rows of what is collected are where those of `xs` are.
    checkpoint
        How many states to keep for the backward pass, which computes the others again, with as few steps as there can
        be, from those: n steps with k states take about log(n) / log(k) times the steps. Without it, each is kept. In a
        compiled function, the loop is cut in at most as many parts, and these again, until the states of a part are as
        few, or take less than 1 MB: while it is gone through, they are kept.
    memory
        In place of `checkpoint`: how many bytes the states may take, such as ``"50 MB"``.

    Returns
    -------
    state, ys
        The last state, and what the steps returned beside it, stacked along a new first axis.

    Raises
    ------
    ShapeError
        If `xs` and `length` do not agree, or if the step changes the shape or the containers of the state.
    DtypeError
        If the step changes a dtype of the state, or does not return a pair.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad, scan
    >>> def step(total, x):
    ...     return total + x, total * x
    >>> scan(step, 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    >>> float(grad(lambda rate: scan(lambda x, _: (x - rate * x, None), 1.0, length=3)[0])(0.5))
    -0.75
    """
    check_callable("step", step)
    loop = Steps(step, state, xs, length, reverse)
    states = _states(loop, checkpoint, memory)
    if Used.compile and (records := recorder.get()) is not None and records.loops and records.records():
        if states < loop.length and max(states, 2, KEPT // max(_size_of_state(loop), 1)) < loop.length:
            return _in_parts(step, state, xs, loop, max(states, 2))
        rolled: tuple[Any, Any] = load("rolled loops").rolled(loop, records)
        return rolled
    if states < loop.length and recording():
        found: tuple[Any, Any] = load("loops that keep few states").Revolved(loop, states).run()
        return found
    return loop.run()


def _states(loop: Steps, checkpoint: int | None, memory: str | int | None) -> int:
    """Return how many states to keep: all of them if nothing else is asked for."""
    if checkpoint is None and memory is None:
        return loop.length
    if checkpoint is not None and memory is not None:
        raise ValueError("scan() takes checkpoint= or memory=, not both")
    if checkpoint is not None:
        if not isinstance(checkpoint, int) or isinstance(checkpoint, bool) or checkpoint < 1:
            raise ValueError(f"checkpoint should be the number of states to keep, at least 1, not {checkpoint!r}")
        return checkpoint
    return max(1, bytes_in(memory) // max(_size_of_state(loop), 1))


def _size_of_state(loop: Steps) -> int:
    """Return how many bytes a state has."""
    return int(sum(unwrap(x).nbytes for x in loop.leaves if x is not None))


KEPT = 1_000_000  # bytes of states that a loop of machine code keeps, whatever is asked for: many short loops take long
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def bytes_in(memory: str | int | None) -> int:
    """Return how many bytes a text such as ``"50 MB"`` says."""
    found = re.fullmatch(r"(\d+\.?\d*) ?([A-Za-z]*)", str(memory))
    if found is None or (unit := found[2].upper() or "B") not in _UNITS:
        raise ValueError(f"memory should be a number of bytes, such as '50 MB' or 50_000_000, not {memory!r}")
    return int(float(found[1]) * _UNITS[unit])


def _in_parts(step: Step, state: Any, xs: Any, loop: Steps, states: int) -> tuple[Any, Any]:
    """Return what the loop gives, as a loop of loops, and so on: of each, so many states between them are kept."""
    count, n = min(states, math.isqrt(loop.length)), loop.length
    each = n // count
    cut = count * each

    def part(state: Any, rows: Any) -> tuple[Any, Any]:
        return scan(step, state, rows, each, reverse=loop.reverse, checkpoint=states)

    def along(xs: Any, function: Callable[[Any], Any]) -> Any:
        return None if xs is None else tree_map(function, xs)

    whole = along(xs, lambda x: x[:cut].reshape(count, each, *x.shape[1:]))
    rest = along(xs, lambda x: x[cut:])
    if loop.reverse:
        state, last = scan(step, state, rest, n - cut, reverse=True) if cut < n else (state, None)
        state, ys = scan(part, state, whole, count, reverse=True)
    else:
        state, ys = scan(part, state, whole, count)
        state, last = scan(step, state, rest, n - cut) if cut < n else (state, None)
    ys = along(ys, lambda y: y.reshape(cut, *y.shape[2:]))
    return state, ys if last is None else tree_map(lambda a, b: np.concatenate([a, b]), ys, last)


@keywords_from(WHILE_KEYWORDS)
def while_loop(condition: Callable[[Any], object], step: Callable[[Any], object], state: object) -> Any:
    """Return the state after ``state = step(state)``, again and again while ``condition(state)`` holds.

    It has derivatives of any order, by both modes, for as many steps as it took. In `vmap`, each element of the batch
    keeps its state from when its condition first failed. In a compiled function, where Python's ``while`` cannot ask
    for a value, condition and step are recorded once, and each call takes as many steps as it needs.

    Parameters
    ----------
    condition
        Takes the state and returns one number, true to go on.
    step
        Takes the state, and returns the next one, built like it.
    state
        The first state: an array, a tensor, a number, or a container of them.

    Raises
    ------
    ShapeError
        If the step changes the shape or the containers of the state, or the condition is not one number.
    DtypeError
        If the step changes a dtype of the state.

    Examples
    --------
    >>> from autograd import grad, while_loop
    >>> def root(a):
    ...     return while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), 1.0)
    >>> round(float(root(2.0)), 6), round(float(grad(root)(2.0)), 6)
    (1.414214, 0.353553)
    """
    check_callable("condition", condition)
    check_callable("step", step)
    steps = Steps(lambda state, _: (step(state), None), state, None, 0, False, of=step)
    if Used.compile and (records := recorder.get()) is not None and records.records():
        return load("rolled loops").rolled_while(condition, steps, records)
    return run_while(condition, steps)


def run_while(condition: Callable[[Any], object], steps: Steps) -> Any:
    """Run a loop with a condition as it is written; a batch until no element goes on."""
    leaves = steps.leaves
    while True:
        going = goes_on(condition, steps.rebuild(leaves))
        if not whole(going).any():
            return steps.rebuild(leaves)
        after = steps.taken(leaves, [])[0]
        leaves = selected(going, after, leaves) if batches(going) else after


def goes_on(condition: Callable[[Any], object], state: Any) -> Any:
    """Return what a condition says of a state, as an array; raise if that is not one number."""
    returned = condition(state)
    going = as_array(unwrap(returned))
    if going.shape or going.dtype.kind not in "biuf":
        raise ShapeError(
            f"{defined(condition)} returned {described(returned)} to while_loop(), which goes on while one number is "
            f"true: return that, by numpy.any(...) or numpy.all(...) of several"
        )
    return going if going.dtype.kind == "b" else going != 0


def selected(going: np.ndarray[Any, Any], after: Leaves, before: Leaves) -> list[Any]:
    """Return the leaves of the next state where the loop goes on, and those of the one before elsewhere."""
    return [None if x is None or y is None else np.where(going, x, y) for x, y in zip(after, before, strict=True)]


class Steps:
    """The steps of a loop: their arguments as leaves, and checks of what they return.

    Attributes
    ----------
    leaves, rows
        Those of the first state and of `xs`.
    length
        How many steps there are.
    """

    def __init__(
        self, step: Step, state: Any, xs: Any, length: int | None, reverse: bool, of: Callable[..., Any] | None = None
    ) -> None:
        self.step, self.reverse = step, reverse
        self.defined = defined(step if of is None else of)
        self.name = "scan()" if of is None else "while_loop()"
        self.leaves, self.rebuild = flatten(state)
        self.rows: list[Any] = []
        self.rebuild_rows: Rebuild = _nothing
        if xs is not None:
            self.rows, self.rebuild_rows = flatten(xs)
        self.containers = structure(state)
        self.leaves = [_as_numbers(f"the state{_place(i, self.leaves)}", x) for i, x in enumerate(self.leaves)]
        self.length = self._length(length)
        self.rebuild_ys: Rebuild = _nothing
        self.containers_of_ys: Any = None

    def _length(self, length: int | None) -> int:
        lengths = dict[int, str]()
        for i, x in enumerate(self.rows):
            if x is None:
                continue
            array = self.rows[i] = x if isinstance(x, Tensor) else _as_numbers(f"xs{_place(i, self.rows)}", x)
            if not array.ndim:
                raise ShapeError(
                    f"scan() goes along the first axis of xs, and xs{_place(i, self.rows)} is {described(x)}: pass "
                    f"numpy.array([...]) for a list of numbers, and what all steps share in the closure of the step"
                )
            lengths.setdefault(len(array), f"xs{_place(i, self.rows)} of shape {array.shape}")
        if length is not None:
            if not isinstance(length, int | np.integer) or isinstance(length, bool) or length < 0:
                raise ValueError(f"length should be an integer of at least 0, not {length!r}")
            lengths.setdefault(int(length), f"length={length}")
        if not lengths:
            raise ValueError("scan() needs to know the number of steps: pass xs, or length=")
        if len(lengths) > 1:
            differ = " and ".join(lengths.values())
            raise ShapeError(f"scan() goes along the first axes of xs together, which differ: {differ}")
        return next(iter(lengths))

    # As a loop of Python

    def run(self) -> tuple[Any, Any]:
        """Run the loop as it is written."""
        leaves, collected = self.leaves, list[list[Any]]()
        columns = [itertools.repeat(None) if x is None else _unstacked(x, self.reverse) for x in self.rows]
        for _ in range(self.length):
            leaves, ys = self.taken(leaves, [next(column) for column in columns])
            collected.append(ys)
        if not collected:
            none = [None if y is None else np.zeros((0, *y.shape), y.dtype) for y in self.outputs_of_none()]
            return self.rebuild(leaves), self.rebuild_ys(none)
        if self.reverse:
            collected.reverse()
        return self.rebuild(leaves), self.rebuild_ys([self.stacked(parts) for parts in zip(*collected, strict=True)])

    def taken(self, leaves: Leaves, row: Leaves) -> tuple[list[Any], list[Any]]:
        """Take a step; return the leaves of the next state, and of what is collected."""
        returned = self.step(self.rebuild(leaves), self.rebuild_rows(row))
        if type(returned) is not tuple or len(returned) != 2:
            what = described(returned) if type(returned) is not tuple else f"{len(returned)} values"
            remedy = ": is a return missing?" if returned is None else ", None if there is nothing to collect"
            raise DtypeError(f"{self.defined} returned {what} to scan(), not a pair (state, y){remedy}")
        after, ys = returned
        outputs, rebuild = flatten(ys)
        containers = structure(ys)
        if self.rebuild_ys is _nothing:
            self.rebuild_ys, self.containers_of_ys = rebuild, containers
        elif containers != self.containers_of_ys:
            raise ShapeError(f"{self.defined} does not collect the same containers in all steps of scan()")
        return self.checked(leaves, after), outputs

    def checked(self, leaves: Leaves, after: Any) -> list[Any]:
        """Return the leaves of the next state; raise unless it is built like the one before."""
        found, containers = flatten(after)[0], structure(after)
        if containers != self.containers or len(found) != len(leaves) or (after is None and leaves != [None]):
            remedy = "is a return missing?" if after is None else "return the next state, built like it"
            raise ShapeError(
                f"{self.defined} was given a state of {_containers(self.rebuild(leaves))}, and returned one of "
                f"{_containers(after)} to {self.name}: {remedy}"
            )
        return [self._checked(i, x, y) for i, (x, y) in enumerate(zip(leaves, found, strict=True))]

    def _checked(self, i: int, x: Any, y: Any) -> Any:
        """Return a leaf of the next state; raise unless it is like the one before."""
        if x is None and y is None:
            return None
        y = _as_numbers(f"the state{_place(i, self.leaves)} that {self.defined} returned", y)
        before, after = x.shape, y.shape
        if before != after:
            raise ShapeError(
                f"{self.defined} was given state{_place(i, self.leaves)} of shape {before}, and returned shape "
                f"{after} to {self.name}: a state keeps its shape, so start with shape {after}, or collect what grows"
            )
        if x.dtype != y.dtype:
            raise DtypeError(
                f"{self.defined} was given state{_place(i, self.leaves)} of dtype {x.dtype}, and returned "
                f"{y.dtype} to {self.name}: start with {y.dtype}, or end the step with .astype({str(x.dtype)!r})"
            )
        return y

    def stacked(self, parts: Sequence[Any]) -> Any:
        """Return an array that was collected in each step; raise unless all have one shape."""
        if all(part is None for part in parts):
            return None
        shapes = {np.shape(part) for part in parts}
        if len(shapes) > 1:
            first, other = list(shapes)[:2]
            raise ShapeError(
                f"{self.defined} collects arrays of shapes {first} and {other} in different steps of scan(), "
                f"which cannot be stacked: collect the same shape in each step"
            )
        return np.stack(parts)

    def outputs_of_none(self) -> list[Any]:
        """Return what a step collects, of a loop that has none: it is called once, with zeros for a row."""
        rows: Leaves = [None if x is None else np.zeros(x.shape[1:], x.dtype)[()] for x in self.rows]
        with np.errstate(all="ignore"):
            ys = self.taken(self.leaves, rows)[1]
        return [None if y is None else as_array(unwrap(y)) for y in ys]


class _Rows(Function):
    """The rows of an array, as one operation: the gradients are stacked once."""

    @staticmethod
    def forward(ctx: Context, x: Any) -> Any:
        return tuple(x[i] for i in range(len(x)))

    @staticmethod
    def backward(ctx: Context, *g: Any) -> Any:
        return (np.stack(g),)


def _nothing(leaves: Sequence[Any]) -> None:
    """Return what stands for no `xs`, and for nothing collected."""


def _place(i: int, leaves: list[Any]) -> str:
    return f"[{i}]" if len(leaves) > 1 else ""


def _containers(tree: Any) -> str:
    """Return what a state consists of, for a message."""
    leaves = flatten(tree)[0]
    kind = described(tree) if structure(tree) is None else f"a {type(tree).__name__}"
    return kind if len(leaves) == 1 and structure(tree) is None else f"{kind} with {len(leaves)} arrays in it"


def _as_numbers(what: str, x: Any) -> Any:
    """Return a leaf as it is if it is an array, and a number as one of NumPy's."""
    if x is None or isinstance(x, Tensor):
        return x
    array: Any
    if isinstance(x, Traced):
        array = x
    elif isinstance(x, Variable):
        array = np.multiply(cast(Any, x), np.float64(1))
    else:
        array = as_array(unmasked(x))
    if array.dtype.kind not in "fcbiu":
        raise DtypeError(f"{what} is {described(x)}, not an array of numbers")
    is_array = type(array) in (np.ndarray, Traced) and isinstance(plain(array), np.ndarray)
    return array[()] if is_array and not array.ndim else array


def _unstacked(x: Any, reverse: bool) -> Iterator[Any]:
    """Return the rows of an array, from the last to the first if `reverse`."""
    order = range(len(x))[::-1] if reverse else range(len(x))
    rows = _Rows.apply(x) if isinstance(x, Tensor) and x.requires_grad and len(x) else x
    return (rows[i] for i in order)
