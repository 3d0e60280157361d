"""Sets of inputs, by number: few are written out while a function runs, and all others once, at the end.

The numbers 1 to n are inputs, and 0 is nothing. Each greater number is a set of lesser ones, kept as edges: a sum of
many elements makes one. Written out, a set may have as many inputs as there are; so that is done for the outputs alone,
by products of boolean matrices, the deepest sets first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from ...arrays.dependent import NUMBER

Array = np.ndarray[Any, Any]


class _Block(NamedTuple):
    """Sets that were made together: the first number, and edges from sets, by their place, to what is in them."""

    first: int
    rows: Array
    members: Array


class Sets:
    """The sets of inputs of one call of `sparsity`."""

    def __init__(self, inputs: int) -> None:
        self.inputs, self.nothing = inputs, inputs + 1  # a set with no member, which yet is something
        self._top = inputs + 2
        self._blocks = [_Block(self.nothing, np.zeros(0, int), np.zeros(0, NUMBER))]
        self._firsts = [self.nothing]
        self._depths = [1]  # above that of all members, and never falling

    def made(self, rows: Array, members: Array, count: int) -> Array:
        """Return the numbers of `count` sets, of which number ``rows[k]`` has the member ``members[k]``."""
        there = members > 0
        if not there.all():
            rows, members = rows[there], members[there]
        sizes = np.bincount(rows, minlength=count)
        numbers = np.zeros(count, NUMBER)
        numbers[rows] = members  # right for those with a single member
        many = sizes > 1
        if many.any():
            numbers[many] = np.arange(self._top, self._top + count)[many]
            within = many[rows]
            rows, members = rows[within], members[within]
            deepest = int(members.max())
            depth = 1 + self._depth(deepest)
            self._blocks.append(_Block(self._top, rows, members))
            self._firsts.append(self._top)
            self._depths.append(max(depth, self._depths[-1]))
            self._top += count
            if self._top > np.iinfo(NUMBER).max:
                raise MemoryError(f"a pattern by more than {np.iinfo(NUMBER).max:,} sets of inputs")
        return numbers

    def _depth(self, number: int) -> int:
        place = bisect_right(self._firsts, number) - 1
        return 0 if place < 0 else self._depths[place]

    def written_out(self, terms: Sequence[Array], size: int, most: float) -> Any:
        """Return the boolean matrix with a row for each of `size` elements and a column for each input.

        Return None as soon as it is known that there are many more than `most` entries.
        """
        flat = [term.reshape(-1) for term in terms]
        if not flat or not size:
            return csr_array((size, self.inputs), dtype=bool)
        if max([int(ids.max()) for ids in flat]) <= self.inputs:
            return self._of_inputs(flat)
        places = np.tile(np.arange(size), len(flat))
        pending: dict[int, list[tuple[Array, Array]]] = {}
        self._sort_in(pending, places, np.concatenate(flat))
        while deeper := max(pending, default=0):
            parts = pending.pop(deeper)
            rows, numbers = (np.concatenate(part) for part in zip(*parts, strict=True))
            edges = self._opened(deeper, rows, numbers, size, most)
            if edges is None:
                return None
            self._sort_in(pending, *edges)
        parts = pending.get(0, [])
        rows, numbers = (np.concatenate(part) for part in zip(*parts, strict=True)) if parts else (places[:0],) * 2
        return _matrix(rows, numbers - 1, (size, self.inputs))

    def _of_inputs(self, columns: list[Array]) -> Any:
        """Write out elements with a few inputs each: in order within each row, and those that are equal once."""
        for last in range(len(columns) - 1, 0, -1):  # the greatest to the end; columns are faster than rows
            for i in range(last):
                low, high = columns[i], columns[i + 1]
                columns[i], columns[i + 1] = np.minimum(low, high), np.maximum(low, high)
        kept = [columns[0] > 0]
        kept += [(high > 0) & (high != low) for low, high in pairwise(columns)]
        starts = np.zeros(len(columns[0]) + 1, NUMBER)
        np.cumsum(np.sum(kept, 0, NUMBER), out=starts[1:])
        table, chosen = np.stack(columns, 1), np.stack(kept, 1)
        inputs = (table.reshape(-1) if chosen.all() else table[chosen]) - NUMBER(1)
        matrix = csr_array((np.ones(len(inputs), bool), inputs, starts), shape=(len(table), self.inputs))
        matrix.has_sorted_indices = matrix.has_canonical_format = True
        return matrix

    def _sort_in(self, pending: dict[int, list[tuple[Array, Array]]], rows: Array, numbers: Array) -> None:
        """Put edges to those of the same depth; edges to nothing are dropped."""
        blocks = np.searchsorted(self._firsts, numbers, "right") - 1
        depths = np.where(blocks < 0, 0, np.array(self._depths, int)[blocks])
        depths[numbers == 0] = -1
        for depth in np.flatnonzero(np.bincount(depths + 1)[1:]).tolist():
            among = depths == depth
            pending.setdefault(depth, []).append((rows[among], numbers[among]))

    def _opened(self, depth: int, rows: Array, numbers: Array, size: int, most: float) -> tuple[Array, Array] | None:
        """Replace sets of one depth by what is in them, in parts whose size is bounded."""
        names, columns = distinct(numbers)
        blocks = [block for block, d in zip(self._blocks, self._depths, strict=True) if d == depth]
        owners = np.concatenate([block.first + block.rows for block in blocks])
        members = np.concatenate([block.members for block in blocks])
        places = np.searchsorted(names, owners)
        places[places == len(names)] = 0
        wanted = names[places] == owners
        kinds, kind_of = distinct(members[wanted])
        left = _matrix(rows, columns, (size, len(names)))
        right = _matrix(places[wanted], kind_of, (len(names), len(kinds)))
        steps = np.zeros(len(left.indices) + 1)
        np.cumsum(np.diff(right.indptr)[left.indices], out=steps[1:])
        steps = steps[left.indptr]  # how many edges are followed up to each row
        cuts = np.searchsorted(steps, np.arange(0, steps[-1] + _AT_ONCE, _AT_ONCE))
        cuts = np.unique([0, *cuts, size]).tolist()
        parts, count = [], 0
        for first, last in pairwise(cuts):
            part = (left[first:last] @ right).tocoo()
            count += part.nnz
            if count > _MANY_MORE * most:
                return None
            parts.append((part.row + first, kinds[part.col]))
        return tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # type: ignore[return-value]  # of two


def distinct(numbers: Array) -> tuple[Array, Array]:
    """Return the numbers that there are, in order, and the place of each among them, as `numpy.unique` does.

    They are integers in a small range, which takes less time.
    """
    if not numbers.size:
        return numbers, numbers
    least = int(numbers.min())
    there = np.zeros(int(numbers.max()) - least + 1, bool)
    there[numbers - least] = True
    places = np.cumsum(there) - 1
    return np.flatnonzero(there) + least, places[numbers - least]


def _matrix(rows: Array, columns: Array, shape: tuple[int, int]) -> Any:
    """Return a boolean matrix, with sorted columns in each row."""
    matrix = csr_array((np.ones(len(rows), bool), (rows, columns)), shape=shape)
    matrix.sum_duplicates()
    return matrix


_AT_ONCE = 20_000_000  # edges that are followed at once
_MANY_MORE = 2  # times as many edges as entries: sets may have inputs in common
