"""vmap: a function of one element, made a function of a batch that computes for all elements at once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial, wraps
from operator import itemgetter
from typing import Any, Never

import numpy as np

from ..arrays.batched import Batched
from ..arrays.door import batches, levels, running, whole
from ..errors import BatchError, DtypeError, ShapeError, check_callable, check_option, described
from ..foreign.missing import refuse_keywords
from ..graph.buffer_reuse import read_only
from ..graph.mutation import owner_of
from ..primitives.batching.level import BatchLevel, Split, enter, leave
from ..source.call_site import users_line
from ..source.source_info import defined
from ..tensors.tensor import Tensor, as_tensor, plain_array
from .pytree import Rebuild, flatten, structure

Function = Callable[..., Any]
Axes = Any  # an axis, None, or a container of them: a prefix of the container that they are for

_GROUPS = 256  # that a batch may be split into


def vmap(
    function: Function | None = None,
    in_axes: Axes = 0,
    out_axes: Axes = 0,
    *,
    loops: str = "warn",
    branches: str = "error",
    randomness: str = "error",
    **foreign: Never,
) -> Function:
    """Return a function of a batch that computes `function` for all elements of the batch at once.

    Write `function` for one element. Within it, NumPy's functions see the shape of one element and compute for all of
    them, in about the time that the same code takes if it is written for the batch. It nests with itself and with
    `grad`, `jvp`, `jacobian` and the others, both ways: ``vmap(grad(loss), in_axes=(None, 0, 0))`` gives a gradient per
    sample.

    Parameters
    ----------
    function
        Takes arrays, or containers of them, and returns arrays or containers of them. Without it, a decorator is
        returned.
    in_axes
        Which axis of each argument numbers the elements: one integer for all, or a tuple with one entry per argument.
        None stands for an argument that all elements share. For a dict, list or tuple of arrays, an entry may be a
        container of the same kind. Keyword arguments are mapped over their first axis.
    out_axes
        Which axis of each result numbers the elements; nested like `in_axes`. None stands for a result that is the
        same for all.
    loops
        What to do where an operation can only be computed for one element after another: ``"warn"`` (a RuntimeWarning),
        ``"error"`` or ``"allow"``.
    branches
        What to do where the program branches on a value, with ``if`` or ``while``: ``"error"``, or ``"split"``, which
        divides the batch by the truth of the condition and evaluates `function` anew for each group. It then has to be
        pure: what it prints, appends or draws happens more than once.
    randomness
        What layers such as dropout, and `nn.random`, draw: ``"different"`` numbers for each element, the ``"same"`` for
        all, or ``"error"``. NumPy's own generators know of no batch: their numbers are the same for all elements.

    **foreign
        Not taken: for arguments of ``torch.vmap`` and ``jax.vmap``, such as `in_dims`, the error names those here.

    Returns
    -------
    callable
        Takes the arguments of `function`, with one axis more where `in_axes` says so.

    Raises
    ------
    BatchError
        When called, where each element would need its own answer: a branch, ``float(x)``, ``x.item()``, the bound of a
        slice, a mask as an index. The message says what to write instead.
    ShapeError
        When called, if an argument has no such axis, or their lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad, vmap
    >>> def distance(x, y):
    ...     return np.sqrt(np.sum((x - y) ** 2))
    >>> points, origin = np.array([[3.0, 4.0], [6.0, 8.0]]), np.zeros(2)
    >>> vmap(distance, in_axes=(0, None))(points, origin)
    array([ 5., 10.])
    >>> vmap(grad(distance), in_axes=(0, None))(points, origin)
    array([[0.6, 0.8],
           [0.6, 0.8]])
    >>> vmap(lambda x: x if x > 0 else -2 * x, branches="split")(np.array([1.0, -1.0]))
    array([1., 2.])
    """
    if foreign:
        refuse_keywords("vmap", foreign)
        raise TypeError(f"vmap has no argument {next(iter(foreign))!r}")
    check_option("vmap", "loops", loops, ("warn", "error", "allow"))
    check_option("vmap", "branches", branches, ("error", "split"))
    check_option("vmap", "randomness", randomness, ("error", "different", "same"))
    options: dict[str, Any] = {"loops": loops, "branches": branches, "randomness": randomness}
    if function is None:
        return partial(vmap, in_axes=in_axes, out_axes=out_axes, **options)
    check_callable("function", function)
    of_element: Function = function

    @wraps(of_element)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        contents, axes, rebuild = _arguments(in_axes, args, kwargs)
        size = _common_length(contents, axes)
        call = _Call(of_element, rebuild, out_axes, options)
        return call.evaluate(contents, axes, size)

    return mapped


class _Call:
    """One call of a function that `vmap` returned."""

    def __init__(self, function: Function, rebuild: Rebuild, out_axes: Axes, options: dict[str, str]) -> None:
        self.function, self.rebuild, self.out_axes, self.options = function, rebuild, out_axes, options
        self.lines: dict[str, int] = {}  # where the batch was split, and into how many groups more

    def evaluate(self, contents: list[Any], axes: list[int | None], size: int) -> Any:
        """Evaluate the function for a batch; where its elements branch, for each group of those that agree."""
        level = BatchLevel(size, **self.options)
        try:
            return self._at_once(contents, axes, level)
        except Split as split:
            if split.of is not level:
                raise
            return self._in_groups(contents, axes, split)

    def _at_once(self, contents: list[Any], axes: list[int | None], level: BatchLevel) -> Any:
        around = levels()
        try:
            running.set((*around, level))
            given = [x if axis is None else _entered(x, axis, level) for x, axis in zip(contents, axes, strict=True)]
            args, kwargs = self.rebuild(given)
            returned = self.function(*args, **kwargs)
            outputs, rebuild = flatten(returned)
            self._check_outputs(outputs, returned)
            out_axes = _spread_axes(self.out_axes, returned, "out_axes", len(outputs))
            seen = [
                owner_of(whole(getattr(x, "_array", x)))
                for x, axis in zip(contents, axes, strict=True)
                if axis is not None
            ]
            left = [y if y is None else _left(y, axis, level, seen) for y, axis in zip(outputs, out_axes, strict=True)]
            return rebuild(left)
        except ValueError as error:
            if isinstance(error.__cause__, BatchError):  # NumPy raised it in place of ours
                raise BatchError(str(error.__cause__)) from error
            raise
        finally:
            running.set(around)
            level.active = False

    def _check_outputs(self, outputs: list[Any], returned: Any) -> None:
        for y in outputs:
            if y is None and returned is not None:
                continue
            if not isinstance(y, Tensor) and plain_array(y).dtype.kind not in "biufc":
                remedy = "is a return missing?" if y is None else "return arrays, or containers of them"
                raise DtypeError(f"vmap: {defined(self.function)} returned {described(y)}: {remedy}")

    def _in_groups(self, contents: list[Any], axes: list[int | None], split: Split) -> Any:
        count = int(split.groups.max()) + 1
        self.lines[split.line] = self.lines.get(split.line, 0) + count - 1
        if sum(self.lines.values()) >= _GROUPS:
            most = max(self.lines, key=self.lines.__getitem__)
            raise BatchError(
                f"vmap: the branches of a batch split it into more than {_GROUPS} groups, most of them at {most}: use "
                f"numpy.where there, or a number of steps that is the same for all elements"
            )
        places = [np.flatnonzero(split.groups == group) for group in range(count)]
        parts = []
        for place in places:
            part = [x if axis is None else np.take(x, place, axis) for x, axis in zip(contents, axes, strict=True)]
            parts.append(self.evaluate(part, axes, len(place)))
        order = np.argsort(np.concatenate(places))
        flat = [flatten(part) for part in parts]
        out_axes = _spread_axes(self.out_axes, parts[0], "out_axes")
        if any(structure(part) != structure(parts[0]) for part in parts):
            raise BatchError(f"vmap: the branches at {split.line} return containers of other kinds, sizes or keys")
        joined: list[Any] = []
        for i, axis in enumerate(out_axes):
            outputs = [outputs[i] for outputs, _ in flat]
            if all(y is None for y in outputs):
                joined.append(None)
                continue
            if axis is None:
                arrays = [getattr(y, "_array", y) for y in outputs]
                if not all(np.all(whole(np.array_equal(arrays[0], array))) for array in arrays):
                    raise BatchError(f"vmap: the branches at {split.line} return other values for the out_axes None")
                joined.append(outputs[0])
                continue
            shapes = [np.shape(y)[: axis % np.ndim(y)] + np.shape(y)[axis % np.ndim(y) + 1 :] for y in outputs]
            if len(set(shapes)) > 1:
                raise BatchError(f"vmap: the branches at {split.line} return shapes {shapes[0]} and {shapes[1]}")
            joined.append(np.take(np.concatenate(outputs, axis), order, axis))
        return flat[0][1](joined)


# Arguments


def _arguments(in_axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], list[Any], Rebuild]:
    """Return the arrays among the arguments, the axis of each to map over, and how to put arguments together."""
    of_args: Any = in_axes
    if not isinstance(in_axes, tuple | list):
        of_args = (in_axes,) * len(args)
    if len(of_args) != len(args):
        raise ShapeError(
            f"vmap: in_axes={in_axes!r} is for {len(of_args)} arguments, but the function was called with {len(args)}"
        )
    contents: list[Any] = []
    axes: list[int | None] = []
    rebuilds: list[tuple[int, int, Rebuild]] = []
    for name, arg, axis in [
        *((str(i), arg, axis) for i, (arg, axis) in enumerate(zip(args, of_args, strict=True))),
        *((repr(name), arg, 0) for name, arg in kwargs.items()),
    ]:
        if axis is None:  # however many arrays are in it
            contents.append(arg)
            axes.append(None)
            rebuilds.append((len(contents) - 1, len(contents), itemgetter(0)))
            continue
        flat, rebuild = flatten(arg)
        rebuilds.append((len(contents), len(contents) + len(flat), rebuild))
        found = _spread_axes(axis, arg, f"the in_axes of argument {name}", len(flat))
        for x, a in zip(flat, found, strict=True):
            contents.append(x if a is None or x is None else _array(x, name))
            axes.append(None if a is None or x is None else _axis(a, contents[-1], name))

    def rebuild_arguments(given: Sequence[Any]) -> Any:
        values = [rebuild(given[start:stop]) for start, stop, rebuild in rebuilds]
        return values[: len(args)], dict(zip(kwargs, values[len(args) :], strict=True))

    return contents, axes, rebuild_arguments


def _array(x: Any, name: str) -> Any:
    """Return an argument to map over as an array, a tensor or a batched array."""
    if isinstance(x, Tensor) or type(x) is Batched:
        return x
    array = plain_array(x)
    if array.dtype.kind not in "biufc" or not hasattr(array, "shape"):
        raise BatchError(
            f"vmap: argument {name} is {described(x)}, which has no axis to map over: give it the in_axes None, so "
            f"that all elements of the batch share it"
        )
    return array


def _axis(axis: int, x: Any, name: str) -> int:
    try:
        axis = operator.index(axis)
    except TypeError:
        raise TypeError(f"vmap: an axis of argument {name} should be an integer or None, not {axis!r}") from None
    if not -x.ndim <= axis < x.ndim:
        what = f"its shape is {x.shape}" if x.ndim else "it is a number, and a list of numbers should be one array"
        raise ShapeError(
            f"vmap: argument {name} has no axis {axis} to map over: {what}. To share it between all elements, give it "
            f"the in_axes None"
        )
    return int(axis % x.ndim)


def _spread_axes(axes: Axes, tree: Any, what: str, count: int | None = None) -> list[int | None]:
    """Return an axis for each of the `count` arrays of a tree; `axes` is one for all, or a container like the tree."""
    if axes is None or not isinstance(axes, tuple | list | dict):
        return [axes] * (len(flatten(tree)[0]) if count is None else count)
    found: list[int | None] = []
    pending: list[tuple[Any, Any]] = [(axes, tree)]
    while pending:
        axes, tree = pending.pop()
        if axes is None or not isinstance(axes, tuple | list | dict):
            found += [axes] * len(flatten(tree)[0])
        elif isinstance(axes, dict) and isinstance(tree, dict):
            if axes.keys() != tree.keys():
                raise ShapeError(f"vmap: {what} have the keys {sorted(axes)}, but the dict has {sorted(tree)}")
            pending += [(axes[key], tree[key]) for key in reversed(tree)]
        elif isinstance(tree, tuple | list) and not isinstance(axes, dict) and len(axes) == len(tree):
            pending += [*zip(axes, tree, strict=True)][::-1]
        else:
            raise ShapeError(f"vmap: {what}, {axes!r}, do not fit {_form(tree)}")
    return found


def _form(tree: Any) -> str:
    return f"a {type(tree).__name__} of {len(tree)}" if isinstance(tree, tuple | list | dict) else "one array or number"


def _common_length(contents: list[Any], axes: list[int | None]) -> int:
    """Return how many elements the batch has, or raise if the arguments disagree."""
    lengths: dict[int, list[str]] = {}
    for x, axis in zip(contents, axes, strict=True):
        if axis is not None:
            lengths.setdefault(x.shape[axis], []).append(f"axis {axis} of shape {x.shape}")
    if not lengths:
        raise ShapeError("vmap: no argument has an axis to map over: there are none, or all in_axes are None")
    if len(lengths) > 1:
        found = "; ".join(f"{length}: {', '.join(which)}" for length, which in lengths.items())
        raise ShapeError(f"vmap: the arguments, at {users_line()}, have different lengths along their axes: {found}")
    return next(iter(lengths))


def _entered(x: Any, axis: int, level: BatchLevel) -> Any:
    """Return what the function is given for an argument that is mapped over an axis: it cannot write to that."""
    if axis:
        # NumPy lays results out like operands. With each element in one piece they are views of each other where those
        # of a loop are.
        x = np.moveaxis(x, axis, 0).copy("C")
    if not isinstance(x, Tensor):
        return Batched(read_only(x), level)
    if x._node is None:
        return Tensor(Batched(read_only(x._array), level))
    entered = enter(x, level)
    entered._array = read_only(entered._array)
    return entered


# Results


def _left(y: Any, axis: int | None, level: BatchLevel, seen: list[Any]) -> Any:
    """Return the results of all elements along an axis; `seen` has the owners of memory that it may not share."""
    array: Any = y._array if isinstance(y, Tensor) else plain_array(y)
    if type(array) is Batched:
        array.level.check_running(array)
    batched = level in batches(array)
    if axis is None:
        if batched:
            array.refuse("the out_axes None, which is for what all elements share, for a result", "Give it an axis")
        return y
    owner = owner_of(whole(array))
    shared = not batched or not whole(array).flags.writeable or any(owner is other for other in seen)
    seen.append(owner)
    result = leave(y, level) if isinstance(y, Tensor) and y._node is not None else leave(array, level)
    if shared:
        result = result.copy()
    if isinstance(y, Tensor):
        result = as_tensor(result)
    return np.moveaxis(result, 0, axis) if axis % result.ndim else result
