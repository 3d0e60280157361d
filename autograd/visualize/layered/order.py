"""Order of the points within each row, so that edges rarely cross."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from .points import Net, Tie

_SWEEPS = 12
_PATIENCE = 4  # sweeps without a better order
_MOST_SWAPPED = 30_000  # points in a net in which neighbours are swapped
_ROUNDS = 3  # of swapping neighbours


def put_in_order(net: Net, mirrored: bool = False) -> None:
    """Put each row of a net in order; `mirrored` begins with the first inputs at the right."""
    net.rows = _in_depth(net)
    if mirrored:
        net.rows = [row[::-1] for row in net.rows]
    indices = _places(net)
    best, fewest, waited = [list(row) for row in net.rows], crossings(net), 0
    for sweep in range(_SWEEPS):
        if not fewest or waited == _PATIENCE:
            break
        ties, rows = (net.up, net.rows[1:]) if sweep % 2 == 0 else (net.down, net.rows[-2::-1])
        for row in rows:
            wanted = {point: _wanted(net, ties[point], indices, indices[point]) for point in row}
            row.sort(key=wanted.__getitem__)
            _note(row, indices)
        crossed = crossings(net)
        waited += 1
        if crossed < fewest:
            best, fewest, waited = [list(row) for row in net.rows], crossed, 0
    net.rows = best
    if fewest and len(net.up) <= _MOST_SWAPPED:
        _swap_neighbours(net)


def crossings(net: Net) -> int:
    """Return the number of crossings of links."""
    indices = _places(net)
    found = 0
    for row in net.rows[:-1]:
        ends: list[float] = []
        for point in row:
            ties = sorted((tie.here, _at(net, tie, indices)) for tie in net.down[point])
            for _, end in ties:
                found += len(ends) - bisect_right(ends, end)
                insort(ends, end)
    return found


def _in_depth(net: Net) -> list[list[int]]:
    """Return rows in the order in which a walk from the end to the inputs meets their points: trees do not cross."""
    rows: list[list[int]] = [[] for _ in net.rows]
    row_of = {point: number for number, row in enumerate(net.rows) for point in row}
    known: set[int] = set()
    for start in (point for row in reversed(net.rows) for point in row):
        pending = [start]
        while pending:
            point = pending.pop()
            if point not in known:
                known.add(point)
                rows[row_of[point]].append(point)
                pending += [tie.point for tie in reversed(net.up[point])]
    return rows


def _places(net: Net) -> list[int]:
    indices = [0] * len(net.up)
    for row in net.rows:
        _note(row, indices)
    return indices


def _note(row: list[int], indices: list[int]) -> None:
    for index, point in enumerate(row):
        indices[point] = index


def _at(net: Net, tie: Tie, indices: list[int]) -> float:
    """Return the position in its row of the other end of a tie: that of its point, plus a fraction within the point."""
    return indices[tie.point] + tie.there / (net.lefts[tie.point] + net.rights[tie.point] + 1)


def _wanted(net: Net, ties: list[Tie], indices: list[int], otherwise: int) -> float:
    return sum(_at(net, tie, indices) for tie in ties) / len(ties) if ties else otherwise


def _swap_neighbours(net: Net) -> None:
    """Swap neighbouring points as long as this reduces crossings."""
    indices = _places(net)
    for _ in range(_ROUNDS):
        swapped = False
        for row in net.rows:
            ends = {
                point: [sorted(_at(net, tie, indices) for tie in ties[point]) for ties in (net.up, net.down)]
                for point in row
            }
            for i in range(len(row) - 1):
                left, right = row[i], row[i + 1]
                kept = sum(map(_crossed, ends[left], ends[right]))
                if kept and sum(map(_crossed, ends[right], ends[left])) < kept:
                    row[i], row[i + 1] = right, left
                    swapped = True
            _note(row, indices)
        if not swapped:
            return


def _crossed(left: list[float], right: list[float]) -> int:
    """Return the number of crossings of links that lead from two neighbouring points to these sorted positions."""
    return sum(bisect_left(right, end) for end in left)
