"""Alignment of two runs: which node of the one corresponds to which node of the other.

Pairs are found in three ways, again and again until there are no more:

* **forward**: nodes of the same operation whose inputs are pairs, which holds up to a change;
* **back**: inputs at the same position of nodes that are a pair, which holds after a change;
* **between** changes: in the order of the programs, the longest common sequence of operations.

Neither lines nor values decide, except that leaves without a name are recognized by their values: two versions of a
program have other lines, and other values after a change.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from .recorded_run import Entry

Key = Callable[[Entry], Hashable]

_MOST = 600  # insertions and removals; programs with more are compared only as far as these lead


class Alignment:
    """The pairs found so far: the partners of the entries of `b` in `a`, and the other way round."""

    def __init__(self, a: Sequence[Entry], b: Sequence[Entry]) -> None:
        self.a, self.b = a, b
        self.of_b: list[int | None] = [None] * len(b)
        self.of_a: list[int | None] = [None] * len(a)
        self.count = 0
        self.users = _users(a), _users(b)
        keys: list[Key] = [  # what entries have to agree in, from fine to coarse
            lambda x: (x.operation, x.shapes, x.dtypes, _arguments(x)),
            lambda x: (x.operation, _arguments(x)),
            attrgetter("operation"),
        ]
        self.keys = [([key(x) for x in a], [key(x) for x in b]) for key in keys]

    def run(self) -> None:
        """Find for each entry of either the index of its partner, or None; no two have the same partner."""
        self.pair_leaves()
        self.spread()
        self.replaced()
        self.spread()
        self.between()
        self.spread()

    def match(self, i: int, j: int) -> None:
        """Note a pair."""
        self.of_b[j], self.of_a[i] = i, j
        self.count += 1

    def left(self) -> tuple[list[int], list[int]]:
        """Return the indices of the entries without a partner."""
        a = [i for i, partner in enumerate(self.of_a) if partner is None]
        return a, [j for j, partner in enumerate(self.of_b) if partner is None]

    def pair_leaves(self) -> None:
        """Pair leaves by name, then by value, then in their order among those of the same shape."""
        keys: list[Key] = [  # None for leaves that are not known by it
            lambda leaf: leaf.name or None,
            lambda leaf: None if leaf.value is None else (leaf.shapes, _content(leaf.value)),
            attrgetter("shapes"),
        ]
        for key in keys:
            groups: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
            for side, (entries, indices) in enumerate(zip((self.a, self.b), self.left(), strict=True)):
                for index in indices:
                    found = key(entries[index]) if entries[index].is_leaf else None
                    if found is not None:
                        groups[found][side].append(index)
            for ours, theirs in groups.values():
                if len(ours) == len(theirs):
                    for i, j in zip(ours, theirs, strict=True):
                        self.match(i, j)

    def spread(self) -> None:
        """Find pairs forward and back until there are no more."""
        before = -1
        while before < self.count:
            before = self.count
            for coarseness in range(len(self.keys)):
                self.forward(coarseness)
            self.back()

    def forward(self, coarseness: int) -> None:
        """Pair entries whose inputs are pairs, and that agree in all but the coarsest `coarseness` details."""
        indices, rest = self.left()
        if not indices:
            return
        waiting: dict[Hashable, deque[int]] = defaultdict(deque)
        for i in indices:
            if not self.a[i].is_leaf:
                for level in range(coarseness + 1):
                    waiting[level, self.keys[level][0][i], self.a[i].inputs].append(i)
        for j in rest:
            entry = self.b[j]
            inputs = tuple([None if x is None else self.of_b[x] for x in entry.inputs])
            if entry.is_leaf or any(x is not None and y is None for x, y in zip(entry.inputs, inputs, strict=True)):
                continue
            for level in range(coarseness + 1):
                queue = waiting.get((level, self.keys[level][1][j], inputs))
                while queue and self.of_a[queue[0]] is not None:
                    queue.popleft()
                if queue:
                    self.match(queue.popleft(), j)
                    break

    def back(self) -> None:
        """Pair inputs at the same position of entries that are a pair, from the result on."""
        if self.a and self.b and self.fits(len(self.a) - 1, len(self.b) - 1):
            self.match(len(self.a) - 1, len(self.b) - 1)
        for j in range(len(self.b) - 1, -1, -1):
            i = self.of_b[j]
            if i is not None:
                for x, y in zip(self.a[i].inputs, self.b[j].inputs, strict=False):
                    if x is not None and y is not None and self.fits(x, y):
                        self.match(x, y)

    def fits(self, i: int, j: int) -> bool:
        """Tell whether two entries without partners have the same operation, and leaves the same shape and name."""
        if self.of_a[i] is not None or self.of_b[j] is not None or self.a[i].operation != self.b[j].operation:
            return False
        x, y = self.a[i], self.b[j]
        return not x.is_leaf or (x.shapes == y.shapes and (x.name == y.name or not (x.name and y.name)))

    def replaced(self) -> None:
        """Pair entries of different operations between the same inputs and the same users."""
        indices, rest = self.left()
        by_inputs: dict[tuple[int | None, ...], list[int]] = defaultdict(list)
        for i in indices:
            if not self.a[i].is_leaf:
                by_inputs[self._sorted(self.a[i].inputs)].append(i)
        for j in rest:
            if self.b[j].is_leaf:
                continue
            known = [None if x is None else self.of_b[x] for x in self.b[j].inputs]
            for i in by_inputs.get(self._sorted(known), ()):
                if self.of_a[i] is None and self.have_a_common_user(i, j):
                    self.match(i, j)
                    break

    @staticmethod
    def _sorted(inputs: Iterable[int | None]) -> tuple[int, ...]:
        """Return the inputs that are not constants, in any order: a replaced operation may take them in another."""
        return tuple(sorted([x for x in inputs if x is not None]))

    def have_a_common_user(self, i: int, j: int) -> bool:
        """Tell whether a pair uses both; so do the results, which the program uses."""
        if i == len(self.a) - 1 and j == len(self.b) - 1:
            return True
        theirs = {self.of_b[user] for user in self.users[1][j]}
        return not theirs.isdisjoint(self.users[0][i])

    def between(self) -> None:
        """Pair what is left in the order of the programs: equal operations, and others where as many are left."""
        indices, rest = self.left()
        before_a = before_b = 0
        same = _common([self._word(self.a[i]) for i in indices], [self._word(self.b[j]) for j in rest])
        for x, y in [*same, (len(indices), len(rest))]:
            gap = indices[before_a:x], rest[before_b:y]
            if len(gap[0]) == len(gap[1]):
                for i, j in zip(*gap, strict=True):
                    if self.a[i].is_leaf == self.b[j].is_leaf and (not self.a[i].is_leaf or self.fits(i, j)):
                        self.match(i, j)
            if x < len(indices):
                self.match(indices[x], rest[y])
            before_a, before_b = x + 1, y + 1

    @staticmethod
    def _word(entry: Entry) -> Hashable:
        return (entry.operation, entry.name, entry.shapes) if entry.is_leaf else entry.operation


def _common(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the indices of equal elements, in order, as many as possible: fast where the differences are few.

    The source is E. W. Myers, An O(ND) difference algorithm and its variations, Algorithmica 1 (1986).
    """
    paths: dict[int, tuple[int, Any]] = {1: (0, None)}  # of each diagonal: how far into `a`, and its pairs, linked
    for differences in range(min(len(a) + len(b), _MOST) + 1):
        for diagonal in range(-differences, differences + 1, 2):
            left, above = paths.get(diagonal - 1, (-2, None)), paths.get(diagonal + 1, (-1, None))
            i, pairs = above if left[0] < above[0] else (left[0] + 1, left[1])
            while i < len(a) and 0 <= i - diagonal < len(b) and a[i] == b[i - diagonal]:
                pairs = (i, i - diagonal), pairs
                i += 1
            paths[diagonal] = i, pairs
        if paths.get(len(a) - len(b), (-1,))[0] >= len(a):
            break
    inside = ((2 * i - k, pairs) for k, (i, pairs) in paths.items() if i <= len(a) and i - k <= len(b))
    _, pairs = max(inside, key=lambda path: path[0])
    found = []
    while pairs is not None:
        pair, pairs = pairs
        found.append(pair)
    return found[::-1]


def _users(entries: Sequence[Entry]) -> list[list[int]]:
    users: list[list[int]] = [[] for _ in entries]
    for index, entry in enumerate(entries):
        for x in entry.inputs:
            if x is not None:
                users[x].append(index)
    return users


def _arguments(entry: Entry) -> Hashable:
    return tuple([(name, _content(value)) for name, value in entry.arguments.items()])


def _content(value: object) -> Hashable:
    if isinstance(value, np.ndarray):
        return value.shape, str(value.dtype), hash(value.tobytes())
    if isinstance(value, tuple):
        return tuple(map(_content, value))
    return repr(value)
