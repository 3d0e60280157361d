"""Einstein summation: one operation, whose derivatives are sums of products again.

The general call is first reduced to a plain form, by operations that have their own derivatives: an ellipsis gets
labels, a label repeated within an operand becomes a diagonal, a label that appears nowhere else is summed, and an axis
of length 1 that is broadcast is dropped. Then each label of an operand appears in the output or in another operand.
Operands are multiplied in pairs, and the gradient of one operand of a pair is the sum of products of the other with the
gradient of the result: the same operation.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from functools import lru_cache
from types import EllipsisType
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitives.declare import composed, multilinear, not_differentiable
from ..tensors.tensor import Tensor, TensorLike, plain_array, unwrap
from ..tensors.types import Casting, DTypeLike, Order, Shape
from .index import diagonal

Labels = str
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@lru_cache(maxsize=1024)
def _arrangement(in_x: Labels, in_y: Labels, output: Labels, x_shape: Shape, y_shape: Shape) -> tuple[Any, ...]:
    """Return orders of axes and shapes: those that make matrices of two operands, and the result of their product."""
    sizes = dict(zip(in_x + in_y, x_shape + y_shape, strict=True))
    both = [label for label in in_x if label in in_y and label in output]
    summed = [label for label in in_x if label in in_y and label not in output]
    rows = [label for label in in_x if label not in in_y]
    columns = [label for label in in_y if label not in in_x]

    def matrix(labels: Labels, *groups: list[Labels]) -> tuple[Shape, Shape]:
        order = [labels.index(label) for group in groups for label in group]
        lengths = [sizes[label] for label in groups[0]]
        return tuple(order), (*lengths, *(math.prod(sizes[n] for n in group) for group in groups[1:]))

    found = both + rows + columns
    shape, order = tuple(sizes[label] for label in found), tuple(found.index(label) for label in output)
    return *matrix(in_x, both, rows, summed), *matrix(in_y, both, summed, columns), shape, order


def _contract(x: Any, y: Any, in_x: Labels, in_y: Labels, output: Labels) -> Any:
    """Sum the products of two plain operands, by one matrix product."""
    order_x, shape_x, order_y, shape_y, shape, order = _arrangement(in_x, in_y, output, np.shape(x), np.shape(y))
    product = np.transpose(x, order_x).reshape(shape_x) @ np.transpose(y, order_y).reshape(shape_y)
    return product.reshape(shape).transpose(order)


contract: Any = multilinear(
    _contract,
    lambda g, y, in_x, in_y, output: contract(g, y, output, in_y, in_x),
    lambda g, x, in_x, in_y, output: contract(x, g, in_x, output, in_y),
    name="einsum",
)


@composed(np.einsum, method=False)
def einsum(
    *operands: str | TensorLike | Sequence[int | EllipsisType],
    optimize: bool | str | Sequence[str | tuple[int, ...]] = False,
    dtype: DTypeLike | None = None,
    order: Order = "K",
    casting: Casting = "safe",
) -> Any:
    """Sum products of the operands' elements according to subscripts such as ``"ij,jk->ik"``.

    The subscripts come first, or after each operand as a list of integers, with one for the output at the end.
    `optimize` is accepted for compatibility: pairs are always multiplied in a good order, as matrix products.
    """
    subscripts, given = _subscripts(operands)
    arrays = [operand if isinstance(operand, Tensor) else plain_array(operand) for operand in given]
    if dtype is not None:
        arrays = [_cast(array, dtype, casting) for array in arrays]
    given_labels, output = _labelled(subscripts.replace(" ", ""), tuple(array.shape for array in arrays))
    inputs = list(given_labels)
    for i, each in enumerate(inputs):
        if len(set(each)) < len(each):
            arrays[i], inputs[i] = _without_repeats(arrays[i], each)
    axes, pairs, places = _plan(subscripts, tuple(inputs), output, tuple(array.shape for array in arrays))
    for i, (broadcast, alone) in enumerate(axes):
        if broadcast:
            arrays[i] = arrays[i].squeeze(broadcast)
        if alone:
            arrays[i] = arrays[i].sum(alone)
    for i, j, *labels in pairs:
        y, x = arrays.pop(j), arrays.pop(i)
        arrays.append(contract(x, y, *labels))
    result = arrays[0].transpose(places) if places else arrays[0]
    return result if order == "K" else np.copy(result, order)


@lru_cache(maxsize=1024)
def _plan(
    subscripts: str, inputs: tuple[Labels, ...], output: Labels, shapes: tuple[Shape, ...]
) -> tuple[list[tuple[Shape, Shape]], list[tuple[Any, ...]], Shape | None]:
    """Return axes of each operand to drop and to sum, pairs to contract, and the order of axes at the end."""
    lengths = _lengths(subscripts, shapes, inputs)
    dropped = [
        tuple(axis for axis, label in enumerate(labels) if shape[axis] != lengths[label])  # another one is longer
        for labels, shape in zip(inputs, shapes, strict=True)
    ]
    left = list(map(_without, inputs, dropped))
    summed = []
    for i, labels in enumerate(left):
        elsewhere = output + "".join(left[:i] + left[i + 1 :])
        summed.append(tuple(axis for axis, label in enumerate(labels) if label not in elsewhere))
        left[i] = _without(labels, summed[i])

    def multiplications(pair: tuple[int, int]) -> int:
        return math.prod([lengths[label] for label in {*left[pair[0]], *left[pair[1]]}])

    pairs: list[tuple[Any, ...]] = []
    while len(left) > 1:  # the pair that takes the fewest multiplications first
        i, j = min(itertools.combinations(range(len(left)), 2), key=multiplications)
        in_y, in_x = left.pop(j), left.pop(i)
        elsewhere = output + "".join(left)
        kept = output if not left else "".join(n for n in dict.fromkeys(in_x + in_y) if n in elsewhere)
        pairs.append((i, j, in_x, in_y, kept))
        left.append(kept)
    places = tuple(left[0].index(label) for label in output)
    return list(zip(dropped, summed, strict=True)), pairs, None if list(places) == sorted(places) else places


def _cast(array: Any, dtype: Any, casting: Any) -> Any:
    if not np.can_cast(array.dtype, dtype, casting):
        raise TypeError(f"einsum cannot cast {array.dtype} to {np.dtype(dtype)} with casting={casting!r}")
    return array.astype(dtype)


def _subscripts(operands: tuple[Any, ...]) -> tuple[str, Sequence[Any]]:
    """Return the subscripts as a string, and the operands alone."""
    if operands and isinstance(operands[0], str):
        return operands[0], operands[1:]
    if len(operands) < 2:
        raise ShapeError("einsum takes subscripts such as 'ij,jk->ik' and operands, or operands each with its labels")
    *pairs, last = operands if len(operands) % 2 else (*operands, None)
    subscripts = ",".join(map(_as_letters, pairs[1::2]))
    return subscripts if last is None else f"{subscripts}->{_as_letters(last)}", pairs[::2]


def _as_letters(labels: Sequence[Any]) -> str:
    """Return letters for integer labels, in the same order."""
    numbers = [label if label is Ellipsis else operator.index(label) for label in labels]
    if not all(label is Ellipsis or 0 <= label < len(_LETTERS) for label in numbers):
        raise ShapeError(f"einsum: labels are integers from 0 to {len(_LETTERS) - 1} or an ellipsis, not {labels}")
    return "".join("..." if label is Ellipsis else _LETTERS[label] for label in numbers)


@lru_cache(maxsize=1024)
def _labelled(subscripts: str, shapes: tuple[Shape, ...]) -> tuple[tuple[Labels, ...], Labels]:
    """Return the labels of each operand and of the output, with unused letters for the axes of an ellipsis."""
    left, arrow, output = subscripts.partition("->")
    if set(left.replace("...", "") + output.replace("...", "")) - set(_LETTERS + ","):
        raise ShapeError(f"einsum('{subscripts}'): labels are letters, and '...' stands for the other axes")
    given = left.split(",")
    if len(given) != len(shapes):
        raise ShapeError(f"einsum('{subscripts}') is for {len(given)} operands, but was given {len(shapes)}")
    spare = [label for label in _LETTERS if label not in subscripts]
    hidden = [len(shape) - len(labels.replace("...", "")) for shape, labels in zip(shapes, given, strict=True)]
    widest = max([n for n, labels in zip(hidden, given, strict=True) if "..." in labels], default=0)
    names = "".join(spare[:widest])
    inputs = []
    for shape, labels, n in zip(shapes, given, hidden, strict=True):
        if n < 0 or (n and "..." not in labels):
            raise ShapeError(f"einsum('{subscripts}'): '{labels}' does not fit an operand of shape {shape}")
        inputs.append(labels.replace("...", names[widest - n :]))
    if not arrow:
        every = left.replace("...", "").replace(",", "")
        output = names + "".join(sorted(label for label in set(every) if every.count(label) == 1))
    elif widest and "..." not in output:
        raise ShapeError(f"einsum('{subscripts}'): the output has no place for the axes that '...' stands for")
    unknown = set(output.replace("...", names)) - set("".join(inputs))
    output = output.replace("...", names)
    if unknown or len(set(output)) != len(output):
        raise ShapeError(f"einsum('{subscripts}'): every label of the output must appear in it once, and in an operand")
    return tuple(inputs), output


def _without_repeats(array: Any, labels: Labels) -> tuple[Any, Labels]:
    """Take the diagonal of axes that have the same label."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            writeable = unwrap(array).flags.writeable
            array = diagonal(array, 0, first, second)
            unwrap(array).flags.writeable = writeable  # unlike numpy.diagonal's
            labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + label
    return array, labels


def _lengths(subscripts: str, shapes: tuple[Shape, ...], inputs: tuple[Labels, ...]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for shape, labels in zip(shapes, inputs, strict=True):
        for label, n in zip(labels, shape, strict=True):
            known = lengths.get(label, 1)
            if n != known and 1 not in (n, known):
                every = ", ".join(map(str, shapes))
                raise ShapeError(f"einsum('{subscripts}'): '{label}' is {known} and {n} long in shapes {every}")
            lengths[label] = n if known == 1 else known
    return lengths


def _without(labels: Labels, axes: tuple[int, ...]) -> Labels:
    return "".join(label for axis, label in enumerate(labels) if axis not in axes)


not_differentiable(np.einsum_path)
