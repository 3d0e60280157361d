"""Products: sums over axes that operands share. Zeros drop out, but not those of numbers that depend on inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...arrays.dependent import Dependent, plain
from ...arrays.door import Array
from .level import PatternLevel
from .terms import not_zero, over_axes

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def contracted(
    level: PatternLevel, value: Array, operands: Sequence[Any], axes: Sequence[Sequence[int]], out: Sequence[int]
) -> Any:
    """Return a sum of products as NumPy computed it, with its terms.

    `axes` and `out` number the axes of the operands and the result, as the second form of `numpy.einsum` does.
    """
    sizes = {c: n for x, names in zip(operands, axes, strict=True) for c, n in zip(names, np.shape(x), strict=True)}
    for x, names in zip(operands, axes, strict=True):
        sizes.update({c: n for c, n in zip(names, np.shape(x), strict=True) if n != 1})
    zeros = [(i, not_zero(x), names) for i, (x, names) in enumerate(zip(operands, axes, strict=True))]
    terms: list[Array] = []
    for place, (x, names) in enumerate(zip(operands, axes, strict=True)):
        if type(x) is not Dependent:
            continue
        sparse = [(there, of) for i, there, of in zeros if there is not True and i != place]
        given = [_diagonal(t, names) for t in x.given()]
        unique = list(dict.fromkeys(names))
        used = list(dict.fromkeys([*unique, *[c for _, of in sparse for c in of], *out]))
        if sparse and math.prod([sizes[c] for c in used]) <= _LARGE:
            terms += _where_not_zero(level, given, unique, sparse, used, sizes, out)
        else:
            kept = [c for c in unique if c in out]
            found = over_axes(level, given, [i for i, c in enumerate(unique) if c not in out])
            terms += [_spread(t, kept, out, sizes) for t in found]
    return level.result(np.asarray(value), [t.reshape(np.shape(value)) for t in terms])


def _where_not_zero(
    level: PatternLevel, given: Any, names: Any, sparse: Any, used: Any, sizes: Any, out: Any
) -> list[Array]:
    """Return the terms of an operand beside constants that have zeros: an edge for each product that is not 0."""
    mask = np.ones((), bool)
    for nonzero, of in sparse:
        mask = mask & _spread(_diagonal(nonzero, of), list(dict.fromkeys(of)), used, sizes)
    places = np.nonzero(np.broadcast_to(mask, [sizes[c] for c in used]))
    at = dict(zip(used, places, strict=True))
    shape = [sizes[c] for c in out]
    rows = np.ravel_multi_index([at[c] for c in out], shape) if out else np.zeros(len(places[0]) if places else 0, int)
    members = [t[tuple([at[c] if t.shape[i] > 1 else 0 for i, c in enumerate(names)])] for t in given]
    members = [np.broadcast_to(m, rows.shape) for m in members]
    if not members:
        return []
    return [level.sets.made(np.tile(rows, len(members)), np.concatenate(members), math.prod(shape)).reshape(shape)]


def _diagonal(x: Array, names: Sequence[int]) -> Array:
    """Return the diagonal over axes that occur several times, in the order in which they first occur."""
    unique = list(dict.fromkeys(names))
    return x if len(unique) == len(names) else np.einsum(x, list(names), unique)


def _spread(t: Array, names: Sequence[int], out: Sequence[int], sizes: dict[int, int]) -> Array:
    """Return an array of some axes as one of others, among which they are."""
    t = t.transpose([names.index(c) for c in out if c in names])
    shape = iter(t.shape)
    t = t.reshape([next(shape) if c in names else 1 for c in out])
    return np.broadcast_to(t, [sizes[c] for c in out])


def einsum(level: PatternLevel, *args: Any, **options: Any) -> Any:
    """Return what `numpy.einsum` does."""
    if isinstance(args[0], str):
        text, *operands = args
        inputs, axes = _read(text.replace(" ", ""), [np.ndim(x) for x in operands])
    else:
        operands = list(args[: len(args) // 2 * 2 : 2])
        lists = [list(names) for names in args[1::2]]
        if any(c is Ellipsis for names in (*lists, *args[len(operands) * 2 :]) for c in names):
            return level.dense("einsum", np.einsum, args, options)
        names = [c for of in lists for c in of]
        axes, inputs = lists, args[-1] if len(args) % 2 else sorted(c for c in set(names) if names.count(c) == 1)
    value = np.einsum(*plain(args), **{n: v for n, v in options.items() if n != "optimize"})
    if options.get("dtype") is not None:
        value = np.asarray(value)
    return contracted(level, value, operands, axes, inputs)


def _read(text: str, ndims: list[int]) -> tuple[list[int], list[list[int]]]:
    """Return the axes of the result and of each operand, by number, from the text of a call of einsum."""
    given, arrow, result = text.partition("->")
    parts = given.split(",")
    most = max([n - len(part.replace("...", "")) for part, n in zip(parts, ndims, strict=True) if "..." in part] or [0])
    if not arrow:
        letters = given.replace(",", "").replace("...", "")
        result = ("..." if "..." in given else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))

    def numbered(part: str, rest: int) -> list[int]:
        before, dots, after = part.partition("...")
        extra = [1000 + i for i in range(most - rest, most)] if dots else []
        return [*map(ord, before), *extra, *map(ord, after)]

    axes = [numbered(part, n - len(part.replace("...", ""))) for part, n in zip(parts, ndims, strict=True)]
    return numbered(result, most), axes


def matmul(level: PatternLevel, a: Array, b: Array) -> Any:
    """Return ``a @ b``."""
    value = np.matmul(plain(a), plain(b))
    m, n = np.ndim(a), np.ndim(b)
    stack = max(m, n) - 2
    left = [-1] if m == 1 else [*range(stack - m + 2, stack), -2, -1]
    right = [-1] if n == 1 else [*range(stack - n + 2, stack), -1, -3]
    out = [*range(stack), *([-2] if m > 1 else []), *([-3] if n > 1 else [])]
    return contracted(level, value, (a, b), (left, right), out)


def tensordot(level: PatternLevel, a: Array, b: Array, axes: Any = 2) -> Any:
    """Return what `numpy.tensordot` does."""
    value = np.tensordot(plain(a), plain(b), axes)
    m, n = np.ndim(a), np.ndim(b)
    if isinstance(axes, int | np.integer):
        axes = (list(range(m - axes, m)), list(range(axes)))
    ours, theirs = ([part] if isinstance(part, int | np.integer) else list(part) for part in axes)
    right = [m + j for j in range(n)]
    for i, j in zip(ours, theirs, strict=True):
        right[j % n] = i % m
    summed = [i % m for i in ours]
    out = [i for i in range(m) if i not in summed] + [c for c in right if c >= m]
    return contracted(level, value, (a, b), (list(range(m)), right), out)


def dot(level: PatternLevel, a: Array, b: Array) -> Any:
    """Return what `numpy.dot` does."""
    m, n = np.ndim(a), np.ndim(b)
    return a * b if m == 0 or n == 0 else tensordot(level, a, b, ([m - 1], [max(n - 2, 0)]))


def sparse_matmul(level: PatternLevel, matrix: csr_array, x: Dependent) -> Any:
    """Return the product of a matrix of SciPy and a dependent array: an edge for each element that is stored."""
    stored = matrix.tocoo()
    value = matrix @ x.value
    nonzero = stored.data != 0
    row, col = stored.row[nonzero].astype(np.intp), stored.col[nonzero]
    width = math.prod(x.shape[1:])
    members = [t.reshape(len(t), width)[col].reshape(-1) for t in x.given()]
    if not members:
        return level.result(value, [])
    owners = (row[:, None] * width + np.arange(width)).reshape(-1)
    numbers = level.sets.made(np.tile(owners, len(members)), np.concatenate(members), matrix.shape[0] * width)
    return level.result(value, [numbers.reshape(value.shape)])


def convolve(level: PatternLevel, a: Any, v: Any, mode: Literal["valid", "same", "full"] = "full") -> Any:
    """Return what `numpy.convolve` does."""
    value = np.convolve(plain(a), plain(v), mode)
    m, n = np.size(a), np.size(v)
    kind = mode if isinstance(mode, str) else ("valid", "same", "full")[mode]
    i, j = (place.reshape(-1) for place in np.indices((m, n)))
    owners, parts = [], []
    for x, at, other, beside in ((a, i, v, j), (v, j, a, i)):
        if type(x) is Dependent:
            there = not_zero(other)
            among = slice(None) if there is True else np.reshape(there, -1)[beside]
            given = [t.reshape(-1)[at[among]] for t in x.given()]
            owners += [(i + j)[among]] * len(given)
            parts += given
    if not parts:
        return level.result(value, [])
    numbers = level.sets.made(np.concatenate(owners), np.concatenate(parts), m + n - 1)
    start = {"full": 0, "same": (m + n - 1 - len(value)) // 2, "valid": min(m, n) - 1}[kind]
    return level.result(value, [numbers[start : start + len(value)]])


_LARGE = 50_000_000  # products to be looked at for zeros
