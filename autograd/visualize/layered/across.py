"""Horizontal positions of the points of each row: near their neighbours in the graph, in order and apart."""

from __future__ import annotations

from itertools import pairwise

from .points import Net, Tie

__all__ = ["positions"]

_SWEEPS = 16
_STAYING = 0.05  # the weight of the current position, for a point without links on one side


def positions(net: Net, items: int, apart: float) -> list[float]:
    """Return the middle of each point; the first `items` points are items, at least `apart` from each other."""
    across = [0.0] * len(net.widths)
    spaces = [_spaces(net, row, items, apart) for row in net.rows]
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


def _spaces(net: Net, row: list[int], items: int, apart: float) -> list[float]:
    """Return the least distance of each point of a row from the previous one."""
    spaces = [0.0]
    for left, right in pairwise(row):
        between = apart if max(left, right) < items else apart / 2
        spaces.append((net.widths[left] + net.widths[right]) / 2 + between)
    return spaces


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
    offset, places = 0.0, []
    for mean, space in zip(means, spaces, strict=True):
        offset += space
        places.append(mean + offset)
    return places
