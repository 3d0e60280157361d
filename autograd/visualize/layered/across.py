"""Horizontal positions of the points of each row: in order and apart, near their neighbours, and straight above them.

Points move close to their neighbours first. Then those that belong above each other become columns, which move as a
whole: so a chain is straight, however wide its boxes and whatever stands beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from typing import Literal

from .points import Net, Tie

Straight = Literal["all", "chains", "none"]

_SWEEPS = 16
_STAYING = 0.05  # the weight of the current position, for a point without links on one side
_ROUNDS, _TURNS = 24, 6  # of moving columns, all at once and one after another
_MANY = 4_000  # columns, for which there are fewer rounds
_NOTHING = 1e-9  # smaller distances are rounding errors


def positions(net: Net, apart: float, ways: Sequence[Straight]) -> Iterator[list[float]]:
    """Yield the position of each point, for each of `ways`; items are at least `apart` from each other.

    Links are straight where they can be, or only in ``"chains"`` and not where links fork, or in ``"none"``, which may
    be narrower.
    """
    spaces = [_spaces(net, row, apart) for row in net.rows]
    near = _relaxed(net, spaces)
    for straight in ways:
        yield near if straight == "none" else _in_columns(net, spaces, near, straight == "chains")


def _spaces(net: Net, row: list[int], apart: float) -> list[float]:
    """Return the least distance of each point of a row from the previous one."""
    spaces = [0.0]
    for left, right in pairwise(row):
        between = apart if max(left, right) < net.items else apart / 2
        spaces.append(net.rights[left] + net.lefts[right] + between)
    return spaces


# Near their neighbours


def _relaxed(net: Net, spaces: list[list[float]]) -> list[float]:
    """Return positions near those of neighbours in the graph, row by row."""
    across = [0.0] * len(net.up)
    for row, space in zip(net.rows, spaces, strict=True):
        at = 0.0
        for i, point in enumerate(row):
            at += space[i]
            across[point] = at
    numbered = list(range(len(net.rows)))
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        settled = sweep >= _SWEEPS - 4  # in the last sweeps, both sides count
        for number in numbered if down else reversed(numbered):
            row = net.rows[number]
            wanted, weights = [], []
            for point in row:
                ties = net.up[point] + net.down[point] if settled else (net.up if down else net.down)[point]
                at, weight = _wanted(ties, across, across[point])
                wanted.append(at)
                weights.append(weight)
            for point, at in zip(row, _apart(wanted, weights, spaces[number]), strict=True):
                across[point] = at
    return across


def _wanted(ties: list[Tie], across: list[float], stays: float) -> tuple[float, float]:
    """Return the preferred position of a point, and its weight."""
    total, weight = stays * _STAYING, _STAYING
    for tie in ties:
        total += tie.weight * (across[tie.point] + tie.there - tie.here)
        weight += tie.weight
    return total / weight, weight


def _apart(wanted: list[float], weights: list[float], spaces: list[float]) -> list[float]:
    """Return the positions closest to `wanted`, in weighted least squares, that keep `spaces`: isotonic regression."""
    blocks: list[tuple[float, float, int]] = []  # weight, weighted sum, and number of points that stand close together
    offset = 0.0
    for at, weight, space in zip(wanted, weights, spaces, strict=True):
        offset += space
        block = weight, weight * (at - offset), 1
        while blocks and blocks[-1][1] * block[0] > block[1] * blocks[-1][0]:
            before = blocks.pop()
            block = before[0] + block[0], before[1] + block[1], before[2] + block[2]
        blocks.append(block)
    means = [total / weight for weight, total, number in blocks for _ in range(number)]
    offset, indices = 0.0, []
    for mean, space in zip(means, spaces, strict=True):
        offset += space
        indices.append(mean + offset)
    return indices


# Straight above each other


def _in_columns(net: Net, spaces: list[list[float]], across: list[float], loose: bool) -> list[float]:
    """Return positions in which the points of each column stand above each other, near the given ones."""
    column, offset, count = _columns(net, loose)
    if count == len(across):
        return across
    before: list[dict[int, float]] = [{} for _ in range(count)]  # columns at the left, and the distance from each
    for row, space in zip(net.rows, spaces, strict=True):
        for (left, right), distance in zip(pairwise(row), space[1:], strict=True):
            at_left, least = column[left], distance + offset[left] - offset[right]
            known = before[column[right]]
            known[at_left] = max(known.get(at_left, least), least)
    order = _sorted(before)
    members: list[list[int]] = [[] for _ in range(count)]
    for point, of in enumerate(column):
        members[of].append(point)
    at = [sum(across[point] - offset[point] for point in points) / len(points) for points in members]
    ties = [_outside(net, points, column, offset) for points in members]
    wanted = at
    for _ in range(_ROUNDS if count < _MANY else _ROUNDS // 4):
        at = _pushed(wanted, before, order)
        wanted = [(index + _mean(there, at, index)) / 2 for index, there in zip(at, ties, strict=True)]
        if max(abs(a - b) for a, b in zip(at, wanted, strict=True)) < _NOTHING:
            break
    _settle(at, ties, before, order)
    return [at[of] + offset[point] for point, of in enumerate(column)]


def _columns(net: Net, loose: bool) -> tuple[list[int], list[float], int]:
    """Return the column of each point, its position in that, and the number of columns."""
    column, offset = [-1] * len(net.up), [0.0] * len(net.up)
    count = 0
    for number, row in enumerate(net.rows):
        for point, below, shift in _matched(net, net.rows[number - 1], row, loose) if number else ():
            column[below], offset[below] = column[point], offset[point] + shift
        for point in row:
            if column[point] < 0:
                column[point] = count
                count += 1
    return column, offset, count


def _matched(net: Net, above: list[int], row: list[int], loose: bool) -> Iterator[tuple[int, int, float]]:
    """Yield links between two rows that are straight: both points, and how far right of the upper the lower stands.

    No point has two of them on one side, and none cross: so columns are never on both sides of each other.
    """
    index = {point: i for i, point in enumerate(row)}
    after, before = [_ranks(net, net.down[point]) for point in above], [_ranks(net, net.up[point]) for point in row]
    wanted = []
    for i, point in enumerate(above):
        for tie in net.down[point]:
            passing = (point >= net.items) + (tie.point >= net.items)
            if passing == 1 and not (_ends_here(net, point) if point < net.items else _ends_here(net, tie.point)):
                continue
            if loose and passing == 0 and len(net.down[point]) > 1:
                continue
            kind = (1, 2, 0)[passing]  # first what passes, then what is next to each other
            rank = after[i].get(tie.point, 0) + before[index[tie.point]].get(point, 0)
            wanted.append((kind, -tie.weight, rank, i, index[tie.point], tie.here - tie.there))
    taken: list[tuple[int, int, float]] = []
    for _, _, _, i, j, shift in sorted(wanted):
        at = bisect_left(taken, (i,))
        after_left = at == 0 or taken[at - 1][1] < j
        if after_left and (at == len(taken) or (taken[at][0] > i and taken[at][1] > j)):
            taken.insert(at, (i, j, shift))
    for i, j, shift in taken:
        yield above[i], row[j], shift


def _ends_here(net: Net, item: int) -> bool:
    """Tell whether links lead to an item from one side only; a long one may then go straight on, and move it aside."""
    return not net.up[item] or not net.down[item]


def _ranks(net: Net, ties: list[Tie]) -> dict[int, int]:
    """Return how far each link of an item to an item is from the middle one of those that weigh the most."""
    if len(ties) < 2:
        return {}
    most = max(tie.weight for tie in ties)
    ends = [tie.point for tie in ties if tie.point < net.items and tie.weight == most]
    return {point: abs(i - (len(ends) - 1) // 2) for i, point in enumerate(ends)}


def _sorted(before: list[dict[int, float]]) -> list[int]:
    """Return the columns, each after those at its left."""
    waiting = [len(columns) for columns in before]
    after: list[list[int]] = [[] for _ in before]
    for column, columns in enumerate(before):
        for left in columns:
            after[left].append(column)
    order = [column for column, count in enumerate(waiting) if not count]
    for column in order:
        for right in after[column]:
            waiting[right] -= 1
            if not waiting[right]:
                order.append(right)
    return order


def _outside(net: Net, points: list[int], column: list[int], offset: list[float]) -> list[tuple[int, float, float]]:
    """Return the links of a column to others: the other, how far right of it this one is wanted, and the weight."""
    return [
        (column[tie.point], offset[tie.point] + tie.there - offset[point] - tie.here, tie.weight)
        for point in points
        for tie in (*net.up[point], *net.down[point])
        if column[tie.point] != column[point]
    ]


def _mean(ties: list[tuple[int, float, float]], at: list[float], otherwise: float) -> float:
    if not ties:
        return otherwise
    return sum(weight * (at[other] + shift) for other, shift, weight in ties) / sum(weight for *_, weight in ties)


def _settle(
    at: list[float], ties: list[list[tuple[int, float, float]]], before: list[dict[int, float]], order: list[int]
) -> None:
    """Move each column as near to where its links want it as those beside it allow, one after another."""
    after: list[list[tuple[int, float]]] = [[] for _ in before]
    for column, columns in enumerate(before):
        for left, distance in columns.items():
            after[left].append((column, distance))
    for turn in range(_TURNS):
        for column in order if turn % 2 else reversed(order):
            least = max((at[left] + distance for left, distance in before[column].items()), default=-inf)
            most = min((at[right] - distance for right, distance in after[column]), default=inf)
            at[column] = max(least, min(most, _mean(ties[column], at, at[column])))


def _pushed(wanted: list[float], before: list[dict[int, float]], order: list[int]) -> list[float]:
    """Return positions that keep all distances: between those pushed to the right and those pushed to the left."""
    right, left = list(wanted), list(wanted)
    for column in order:
        for other, distance in before[column].items():
            right[column] = max(right[column], right[other] + distance)
    for column in reversed(order):
        for other, distance in before[column].items():
            left[other] = min(left[other], left[column] - distance)
    return [(a + b) / 2 for a, b in zip(right, left, strict=True)]
