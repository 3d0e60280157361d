"""Longest common subsequences, by Myers's algorithm: fast where the differences are few."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

_MOST = 600  # insertions and removals; sequences with more are compared only as far as these lead


def common(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the indices of equal elements of `a` and `b`, in order, as many as possible.

    The source is E. W. Myers, An O(ND) difference algorithm and its variations, Algorithmica 1 (1986).

    Examples
    --------
    >>> common("abcde", "acxe")
    [(0, 0), (2, 1), (4, 3)]
    """
    start, end = 0, 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    while end < min(len(a), len(b)) - start and a[len(a) - 1 - end] == b[len(b) - 1 - end]:
        end += 1
    middle = _common(a[start : len(a) - end], b[start : len(b) - end])
    return [
        *((i, i) for i in range(start)),
        *((start + i, start + j) for i, j in middle),
        *((len(a) - i, len(b) - i) for i in range(end, 0, -1)),
    ]


def _common(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Do the same for sequences that differ at both ends."""
    furthest = {1: 0}  # for each diagonal, how far into `a` the paths with so many differences lead
    history: list[dict[int, int]] = []
    for differences in range(min(len(a) + len(b), _MOST) + 1):
        history.append(dict(furthest))
        for diagonal in range(-differences, differences + 1, 2):
            down = diagonal == -differences or (
                diagonal != differences and furthest[diagonal - 1] < furthest[diagonal + 1]
            )
            i = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            while i < len(a) and 0 <= i - diagonal < len(b) and a[i] == b[i - diagonal]:
                i += 1
            furthest[diagonal] = i
            if i >= len(a) and i - diagonal >= len(b):
                return _path(history, len(a), len(b))
    reached = max(
        (k for k in furthest if furthest[k] <= len(a) and 0 <= furthest[k] - k <= len(b)),
        key=lambda diagonal: 2 * furthest[diagonal] - diagonal,
    )
    # The last paths have an even or odd diagonal, as their number of differences is.
    last = len(history) - 1
    if (reached - last) % 2:
        history.pop()
    return _path(history, furthest[reached], furthest[reached] - reached)


def _path(history: list[dict[int, int]], i: int, j: int) -> list[tuple[int, int]]:
    """Return the equal elements on the path that ended at `i` and `j`, from the furthest points of each round."""
    pairs = []
    for differences in range(len(history) - 1, -1, -1):
        furthest, diagonal = history[differences], i - j
        down = diagonal == -differences or (
            diagonal != differences and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
        )
        before = diagonal + 1 if down else diagonal - 1
        i_before = furthest.get(before, 0) if differences else 0
        j_before = i_before - before if differences else 0
        while i > i_before and j > j_before and (differences == 0 or i > (i_before if down else i_before + 1)):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        i, j = i_before, j_before
    return pairs[::-1]
