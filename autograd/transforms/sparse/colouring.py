"""Colours: which columns of a sparse matrix one product can serve.

Columns of one colour share no row, so in the product of the matrix and the sum of their unit vectors each number is one
entry. Of a symmetric matrix less is asked, a star colouring: one of the two entries ``[i, j]`` and ``[j, i]`` has to
stand alone. Fewest colours are hard to find; these are found greedily, in time linear in the entries for rows of
bounded length. A set of colours is the bits of an integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from scipy.sparse import csr_array

from ...primitives.patterns.sets import distinct

Array = np.ndarray[Any, Any]
Pattern: TypeAlias = csr_array

_ROUNDS = 4  # of colouring anew, each of which may take colours away
_NEAR = 1.2  # times the longest row: so few colours need no other round
_KINDS = 64  # at most, of rows of a band or a stencil, and of ways from a row to its columns
_STRIDES = 8  # that are tried


def longest_row(pattern: Pattern) -> int:
    """Return the length of the longest row: columns have no fewer colours."""
    return int(np.diff(pattern.indptr).max(initial=0))


def column_colors(pattern: Pattern) -> Array:
    """Return a colour of each column, from 0 on, so that no row has two columns of one colour."""
    width, size = longest_row(pattern), pattern.shape[1]
    if width in (0, size):
        return np.arange(size) * (width > 0)
    regular = _grid_colors(pattern, 2 * width)
    if regular is not None and regular.max() < _NEAR * width:
        return regular
    transposed = pattern.T.tocsr()
    starts, rows = transposed.indptr.tolist(), transposed.indices.tolist()
    colors = _greedy(starts, rows, range(size), pattern.shape[0])
    for _ in range(_ROUNDS):
        if colors.max() < _NEAR * width:
            break
        # Class by class, there are never more colours (Culberson 1992).
        colors = _greedy(starts, rows, np.argsort(-colors, kind="stable").tolist(), pattern.shape[0])
    return colors if regular is None or colors.max() <= regular.max() else regular


def _greedy(starts: list[int], rows: list[int], order: Any, height: int) -> Array:
    """Give the columns, in this order, the first colour that none of their rows has."""
    taken, colors = [0] * height, [0] * (len(starts) - 1)
    for column in order:
        own = rows[starts[column] : starts[column + 1]]
        used = 0
        for row in own:
            used |= taken[row]
        free = ~used & (used + 1)  # the lowest bit that is not set
        for row in own:
            taken[row] |= free
        colors[column] = free.bit_length() - 1
    return np.array(colors)


def _grid_colors(pattern: Pattern, below: int) -> Array | None:
    """Return fewer than `below` colours by a rule for bands and grids, the fewest of these, if they are of that kind.

    The colour of column ``j`` is ``j + a * (j // stride) + b * (j // other)`` modulo the number of colours. The strides
    are those of a grid of columns, if there is one. How far the columns of a row are apart decides whether it does.
    """
    rows, columns = _rows(pattern), pattern.indices.astype(np.int64)
    shifts, _ = distinct(columns - rows)
    if not 0 < len(shifts) <= _KINDS:
        return None
    sizes = sorted({abs(shift) for shift in shifts.tolist()} - {0, 1})[:_STRIDES]
    grids = [(1,), *((1, size) for size in sizes), *((1, a, b) for a in sizes for b in sizes if a < b and b % a == 0)]
    width, numbers = longest_row(pattern), np.arange(pattern.shape[1])
    best: Array | None = None
    for strides in grids:
        apart = _apart(pattern, [columns // stride - rows // stride for stride in strides])
        for many in range(width, below if apart is not None else 0):
            weights = np.array(list(product([1], *[range(many)] * (len(strides) - 1))))
            works = ((apart @ weights.T) % many != 0).all(0)
            if works.any():
                best = weights[works.argmax()] @ [numbers // stride for stride in strides] % many
                below = many
                break
        if below == width:
            break
    return None if best is None else np.unique(best, return_inverse=True)[1]


def _apart(pattern: Pattern, steps: list[Array]) -> Array | None:
    """Return how far columns of one row are apart on a grid, on which `steps` lead from a row to its columns.

    It is None if there are too many kinds of rows.
    """
    kind = np.zeros(pattern.nnz, np.int64)
    for step in steps:
        found, which = distinct(step)
        kind = kind * len(found) + which
    hashes = np.random.default_rng(0).integers(2**62, size=int(kind.max()) + 1)
    starts = pattern.indptr[:-1][np.diff(pattern.indptr) > 0]
    _, first = np.unique(np.add.reduceat(hashes[kind], starts), return_index=True)
    if len(first) > _KINDS:
        return None
    moves = np.stack(steps, 1)
    stops = np.append(starts, pattern.nnz)[first + 1]
    each = [moves[start:stop] for start, stop in zip(starts[first], stops, strict=True)]
    return np.concatenate([(x[:, None] - x)[np.triu_indices(len(x), 1)] for x in each])


def symmetric_colors(pattern: Pattern) -> tuple[Array, Array]:
    """Return colours of a symmetric pattern, and where its entries stand in the products: the fewer of two kinds."""
    width = longest_row(pattern)
    banded = _grid_colors(pattern, width + 1)
    if banded is not None:  # where these are the fewest, star colours are hardly fewer, and take ten times as long
        return banded, places(pattern, banded)
    star = star_colors(pattern)
    if star.max(initial=-1) >= width:
        plain = column_colors(pattern)
        if plain.max(initial=-1) < star.max():
            return plain, places(pattern, plain)
    return star, star_places(pattern, star)


def star_colors(pattern: Pattern) -> Array:
    """Return a star colouring of a symmetric pattern: neighbours differ, and no path of four has two colours.

    It is algorithm 4.1 of A. H. Gebremedhin, A. Tarafdar, F. Manne and A. Pothen, "New acyclic and star coloring
    algorithms with application to computing Hessians", SIAM Journal on Scientific Computing 29 (2007).
    """
    starts, columns = pattern.indptr.tolist(), pattern.indices.tolist()
    size = pattern.shape[0]
    near = [[j for j in columns[starts[i] : starts[i + 1]] if j != i] for i in range(size)]
    colors = [-1] * size
    members: list[int] = []  # how many have each colour
    for vertex in sorted(range(size), key=lambda i: -len(near[i])):
        taken = _taken(vertex, near, colors, members)
        color = (~taken & (taken + 1)).bit_length() - 1
        colors[vertex] = color
        if color == len(members):
            members.append(0)
        members[color] += 1
    return np.array(colors, int)


def _taken(vertex: int, near: list[list[int]], colors: list[int], members: list[int]) -> int:
    """Return the colours that a vertex may not have, as bits."""
    taken, repeated = 0, 0
    for other in near[vertex]:
        if colors[other] >= 0:
            bit = 1 << colors[other]
            repeated |= taken & bit
            taken |= bit
    for other in near[vertex]:
        color = colors[other]
        if color >= 0 and members[color] == 1:
            continue  # alone in its colour: no path of four has that twice
        through_all = color < 0 or repeated >> color & 1
        for end in near[other]:
            its = colors[end]
            if end == vertex or its < 0 or taken >> its & 1:
                continue
            if through_all or any(far != other and colors[far] == color for far in near[end]):
                taken |= 1 << its
    return taken


def places(pattern: Pattern, colors: Array) -> Array:
    """Return where each entry of a matrix stands in its products with the columns of each colour, one after another."""
    found: Array = colors[pattern.indices] * pattern.shape[0] + _rows(pattern)
    return found


def star_places(pattern: Pattern, colors: Array) -> Array:
    """Return the same of a symmetric matrix and a star colouring: where an entry, or its mirror image, stands alone."""
    size, rows = pattern.shape[0], _rows(pattern)
    here, there = places(pattern, colors), colors[rows] * size + pattern.indices
    count = np.bincount(here, minlength=size * (int(colors.max(initial=-1)) + 1))
    found: Array = np.where(count[here] == 1, here, there)
    assert (count[found] == 1).all(), "no star colouring of a symmetric pattern"
    return found


def _rows(pattern: Pattern) -> Array:
    return np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))


@dataclass(frozen=True)
class Compression:
    """How a matrix, or some of its entries, are read from few products.

    Attributes
    ----------
    matrix
        The entries; transposed without `forward`.
    forward
        Whether the products are with columns, or else with rows.
    colors, many
        The colour of each, -1 for one without entries, and how many colours there are.
    place
        Where each entry stands in the products, one after another.
    line, lines
        The row that each entry is in, or without `forward` the column; and the numbers of the entries of each line.
    whole
        Of each line, whether all its entries are among these.
    random
        A vector for a product more.
    """

    matrix: Pattern
    forward: bool
    colors: Array
    many: int
    place: Array
    line: Array
    lines: Pattern
    whole: Array
    random: Array


def compressions(
    pattern: Pattern, mode: str | None, costs: tuple[float, float], *, symmetric: bool, both: bool
) -> tuple[list[Compression], Array | None]:
    """Return the cheaper way to compute a matrix, or that of a mode; `costs` are those of a column and of a row.

    If `both` are allowed and take half as much, it is two ways, of some rows and the columns of all others or the
    reverse, and where in their entries those of the matrix stand.
    """
    if symmetric:
        colors, place = symmetric_colors(pattern)  # of its rows as well as of its columns
        return [_compression(pattern, mode == "forward", colors, place)], None
    sides = (pattern.T.tocsr(), pattern)  # colours of columns are found in the second
    bounds = {side: longest_row(sides[side]) * costs[not side] for side in (True, False)}
    if both and mode is None and (found := _both_sides(pattern, costs, min(bounds.values()) / 2)) is not None:
        return found
    best: Compression | None = None
    price = np.inf
    for forward in sorted(bounds, key=bounds.__getitem__):
        if mode == ("reverse" if forward else "forward") or bounds[forward] >= price:
            continue  # there are no fewer colours than that
        way = _compression(pattern, forward, column_colors(sides[forward]))
        if way.many * costs[not forward] < price:
            best, price = way, way.many * costs[not forward]
    assert best is not None
    return [best], None


def _both_sides(pattern: Pattern, costs: tuple[float, float], below: float) -> tuple[list[Compression], Array] | None:
    """Return two ways that cost less than `below`: the longest rows or columns as such, the rest the other way."""
    for forward in (True, False):
        line = _rows(pattern) if forward else pattern.indices
        lengths = np.bincount(line, minlength=pattern.shape[not forward])
        order = np.argsort(-lengths, kind="stable")
        left = np.append(lengths[order], 0)  # the length of the longest, without so many
        cost = np.arange(len(left)) * costs[forward] + left * costs[not forward]
        if cost.min() >= below:
            continue
        long = np.zeros(len(lengths), bool)
        long[order[: int(cost.argmin())]] = True
        some, rest = _entries(pattern, long[line]), _entries(pattern, ~long[line])
        colors = column_colors(some.T.tocsr() if forward else some)
        ways = [
            _compression(rest, forward, column_colors(rest if forward else rest.T.tocsr()), whole=~long),
            _compression(some, not forward, np.where(long, colors, -1)),
        ]
        if sum(way.many * costs[not way.forward] for way in ways) < below:
            return ways, np.argsort(np.argsort(long[line], kind="stable"))
    return None


def _entries(pattern: Pattern, chosen: Array) -> Pattern:
    """Return some entries of a pattern."""
    starts = np.append(0, np.cumsum(chosen))[pattern.indptr].astype(pattern.indptr.dtype)
    return csr_array((pattern.data[chosen], pattern.indices[chosen], starts), shape=pattern.shape)


def _compression(
    pattern: Pattern, forward: bool, colors: Array, place: Array | None = None, whole: Array | None = None
) -> Compression:
    rows = _rows(pattern)
    if place is None:
        place = places(pattern, colors) if forward else colors[rows] * pattern.shape[1] + pattern.indices
    many = int(colors.max(initial=-1)) + 1 if pattern.nnz else 0
    lines = csr_array((np.arange(pattern.nnz), pattern.indices, pattern.indptr), shape=pattern.shape)
    lines, line = (lines, rows) if forward else (lines.T.tocsr(), pattern.indices)
    whole = np.ones(lines.shape[0], bool) if whole is None else whole
    random = np.random.default_rng(0).standard_normal(len(colors)) * (colors >= 0)
    return Compression(pattern if forward else pattern.T, forward, colors, many, place, line, lines, whole, random)
